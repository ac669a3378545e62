output "bucket_names" {
  description = "The names of the buckets, by use."
  value       = { for use, bucket in aws_s3_bucket.this : use => bucket.bucket }

  # Nobody writes into a bucket before it is closed and encrypted.
  depends_on = [
    aws_s3_bucket_public_access_block.this,
    aws_s3_bucket_policy.this,
    aws_s3_bucket_server_side_encryption_configuration.this,
  ]
}

output "bucket_arns" {
  description = "The ARNs of the buckets, by use."
  value       = local.arns
}

output "policies" {
  description = "The bucket policies, as JSON, by use."
  value       = local.policies
}
