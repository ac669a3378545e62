# Reading one named secret takes these actions and no other: the operator lists secrets only when it has to find them.

module "external_secrets" {
  source = "../role"

  address                  = "${var.address}.module.external_secrets"
  name                     = "${var.name}-external-secrets"
  description              = "Lets the External Secrets Operator read the master password of the database."
  assume_role_policy       = local.trust.external_secrets
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  policies = {
    database-password = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid      = "PasswordIsRead"
          Effect   = "Allow"
          Action   = ["secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"]
          Resource = var.database_secret_arn
        },
        {
          Sid       = "PasswordIsDecrypted"
          Effect    = "Allow"
          Action    = "kms:Decrypt"
          Resource  = var.kms_key_arns.database
          Condition = { StringEquals = { "kms:ViaService" = "secretsmanager.${var.region}.${var.dns_suffix}" } }
        },
      ]
    })
  }
}
