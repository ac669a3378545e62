output "key_arns" {
  description = "The ARNs of the keys, by use."
  value       = { for use, key in aws_kms_key.this : use => key.arn }
}

output "aliases" {
  description = "The aliases of the keys, by use."
  value       = { for use, alias in aws_kms_alias.this : use => alias.name }
}

output "policies" {
  description = "The key policies, as JSON, by use."
  value       = { for use, key in aws_kms_key.this : use => key.policy }
}
