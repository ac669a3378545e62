module "core_api" {
  source = "../role"

  address                  = "${var.address}.module.core_api"
  name                     = "${var.name}-core-api"
  description              = "Lets the core API use its bucket and its key."
  assume_role_policy       = local.trust.core_api
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  policies = merge(
    {
      data-bucket     = local.core_api_bucket_policy
      application-key = local.core_api_key_policy
    },
    var.enable_marketplace_metering ? { marketplace-metering = local.core_api_metering_policy } : {},
    var.enable_bedrock ? { bedrock = local.core_api_bedrock_policy } : {},
  )
}

locals {
  core_api_bucket_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "BucketIsListed"
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = var.data_bucket_arn
      },
      {
        Sid      = "ObjectsAreReadAndWritten"
        Effect   = "Allow"
        Action   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        Resource = "${var.data_bucket_arn}/*"
      },
      {
        # A multipart upload decrypts what it has written.
        Sid       = "ObjectsAreEncrypted"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = var.kms_key_arns.storage
        Condition = { StringEquals = { "kms:ViaService" = "s3.${var.region}.${var.dns_suffix}" } }
      },
    ]
  })

  core_api_key_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ApplicationEncryptsWithItsKey"
      Effect   = "Allow"
      Action   = ["kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"]
      Resource = var.kms_key_arns.application
    }]
  })

  # Metering knows no resources.
  core_api_metering_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "UsageIsReported"
      Effect   = "Allow"
      Action   = "aws-marketplace:MeterUsage"
      Resource = "*"
    }]
  })

  core_api_bedrock_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # Listing knows no resources.
        Sid      = "ModelsAreListed"
        Effect   = "Allow"
        Action   = ["bedrock:GetFoundationModel", "bedrock:ListFoundationModels"]
        Resource = "*"
      },
      {
        Sid      = "ModelsAreInvoked"
        Effect   = "Allow"
        Action   = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"]
        Resource = "arn:${var.partition}:bedrock:${var.region}::foundation-model/*"
      },
    ]
  })
}
