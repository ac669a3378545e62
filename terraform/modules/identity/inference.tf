module "inference" {
  count  = var.models == null ? 0 : 1
  source = "../role"

  address                  = "${var.address}.module.inference/0"
  name                     = "${var.name}-inference"
  description              = "Lets the model servers read checkpoints."
  assume_role_policy       = local.trust.inference
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  policies = {
    checkpoints = jsonencode({
      Version   = "2012-10-17"
      Statement = concat(local.checkpoint_statements, local.checkpoint_key_statements)
    })
  }
}

locals {
  models_bucket_arn = try(var.models.bucket_arn, "")

  checkpoint_statements = [
    {
      Sid       = "CheckpointsAreListed"
      Effect    = "Allow"
      Action    = "s3:ListBucket"
      Resource  = local.models_bucket_arn
      Condition = { StringLike = { "s3:prefix" = ["models/checkpoints", "models/checkpoints/*"] } }
    },
    {
      Sid      = "CheckpointsAreRead"
      Effect   = "Allow"
      Action   = "s3:GetObject"
      Resource = "${local.models_bucket_arn}/models/checkpoints/*"
    },
  ]

  # Without a customer key the bucket needs no right on any key.
  checkpoint_key_statements = [
    for key in compact([try(var.models.kms_key_arn, null)]) : {
      Sid       = "CheckpointsAreDecrypted"
      Effect    = "Allow"
      Action    = "kms:Decrypt"
      Resource  = key
      Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.${var.dns_suffix}" } }
    }
  ]
}
