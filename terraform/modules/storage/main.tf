# One bucket and everything that makes it private: encryption, ownership, policy, versions, access logs.

locals {
  access_logs = "access_logs"

  names = merge(
    {
      data        = var.data_bucket_name
      access_logs = var.access_logs_bucket_name
    },
    var.models_bucket_name == null ? {} : { models = var.models_bucket_name },
  )

  # The buckets that hold objects of the platform; the one for access logs only serves them.
  object_buckets = setsubtract(keys(local.names), [local.access_logs])

  arns = { for use, name in local.names : use => "arn:${var.partition}:s3:::${name}" }

  # A principal of `*` in a denial shuts out, it lets nobody in.
  tls_statements = {
    for use, arn in local.arns : use => {
      Sid       = "OnlyEncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [arn, "${arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }
  }

  log_delivery_statement = {
    Sid       = "AccessLogsAreDelivered"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "${local.arns[local.access_logs]}/*"
    Condition = {
      StringEquals = { "aws:SourceAccount" = var.account_id }
      ArnLike      = { "aws:SourceArn" = [for use in sort(local.object_buckets) : local.arns[use]] }
    }
  }

  policies = {
    for use in keys(local.names) : use => jsonencode({
      Version   = "2012-10-17"
      Statement = concat([local.tls_statements[use]], [for statement in [local.log_delivery_statement] : statement if use == local.access_logs])
    })
  }
}

resource "aws_s3_bucket" "this" {
  for_each = local.names

  bucket        = each.value
  force_destroy = var.force_destroy

  tags = {
    Name                  = each.value
    "springboard:address" = "${var.address}.aws_s3_bucket.this/${each.key}"
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  for_each = aws_s3_bucket.this

  bucket                  = each.value.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id

  rule {
    bucket_key_enabled = each.key != local.access_logs

    # The delivery of access logs works with keys of S3 only: the one bucket that is not encrypted with a key of ours.
    apply_server_side_encryption_by_default {
      sse_algorithm     = each.key == local.access_logs ? "AES256" : "aws:kms"
      kms_master_key_id = each.key == local.access_logs ? null : var.kms_key_arn
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  for_each = aws_s3_bucket.this

  bucket = each.value.id
  policy = local.policies[each.key]

  # S3 refuses two changes of one bucket at the same time.
  depends_on = [aws_s3_bucket_public_access_block.this]
}

resource "aws_s3_bucket_versioning" "this" {
  for_each = local.object_buckets

  bucket = aws_s3_bucket.this[each.key].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_logging" "this" {
  for_each = local.object_buckets

  bucket        = aws_s3_bucket.this[each.key].id
  target_bucket = aws_s3_bucket.this[local.access_logs].id
  target_prefix = "${each.key}/"

  # Without its policy the target refuses to be one.
  depends_on = [aws_s3_bucket_policy.this]
}
