# Five customer-managed keys, one for each use, and the key policies that the services behind them need.
#
# Policies are written as values, not as policy documents of the provider: a plan then shows them in full before any
# key exists, and tests can read them.

locals {
  uses = {
    cluster     = "Kubernetes secrets and control-plane logs of ${var.name}"
    database    = "storage, insights, logs and master password of the database of ${var.name}"
    storage     = "buckets and image repositories of ${var.name}"
    volumes     = "volumes of the nodes and of the workloads of ${var.name}"
    application = "application-level encryption by the core API of ${var.name}"
  }

  # The account delegates the use of a key to the identity policies of its roles.
  account_statement = {
    Sid       = "AccountDelegatesToItsPolicies"
    Effect    = "Allow"
    Principal = { AWS = "arn:${var.partition}:iam::${var.account_id}:root" }
    Action    = "kms:*"
    Resource  = "*"
  }

  log_group_arns = {
    cluster  = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/eks/${var.cluster_name}/*"
    database = "arn:${var.partition}:logs:${var.region}:${var.account_id}:log-group:/aws/rds/instance/${var.database_identifier}/*"
  }

  log_statements = {
    for use, log_groups in local.log_group_arns : use => [{
      Sid       = "LogGroupsAreEncrypted"
      Effect    = "Allow"
      Principal = { Service = "logs.${var.region}.${var.dns_suffix}" }
      Action    = ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"]
      Resource  = "*"
      Condition = { ArnLike = { "kms:EncryptionContext:aws:logs:arn" = log_groups } }
    }]
  }

  # Instances of a node group are launched by Auto Scaling. Its service-linked role has no right on any key of its own,
  # so the key has to name it; without that, launches end in `Client.InternalError`.
  autoscaling_role_arn = "arn:${var.partition}:iam::${var.account_id}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"

  volume_statements = [
    {
      Sid       = "AutoScalingUsesTheKey"
      Effect    = "Allow"
      Principal = { AWS = local.autoscaling_role_arn }
      Action    = ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
      Resource  = "*"
    },
    {
      Sid       = "AutoScalingGrantsTheKeyToVolumes"
      Effect    = "Allow"
      Principal = { AWS = local.autoscaling_role_arn }
      Action    = "kms:CreateGrant"
      Resource  = "*"
      Condition = { Bool = { "kms:GrantIsForAWSResource" = "true" } }
    },
  ]

  policies = {
    cluster     = concat([local.account_statement], local.log_statements.cluster)
    database    = concat([local.account_statement], local.log_statements.database)
    storage     = [local.account_statement]
    volumes     = concat([local.account_statement], local.volume_statements)
    application = [local.account_statement]
  }
}

# A key policy that names a role which does not exist is refused. An account that has never used Auto Scaling lacks the
# role, and the node group would make it only long after the key.
resource "aws_iam_service_linked_role" "autoscaling" {
  count = var.create_autoscaling_service_linked_role ? 1 : 0

  aws_service_name = "autoscaling.amazonaws.com"
  description      = "Lets EC2 Auto Scaling launch instances in this account."

  tags = {
    "springboard:address" = "${var.address}.aws_iam_service_linked_role.autoscaling/0"
  }
}

resource "aws_kms_key" "this" {
  for_each = local.uses

  description             = "Encrypts ${each.value}."
  enable_key_rotation     = true
  deletion_window_in_days = var.deletion_window_days

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.policies[each.key]
  })

  tags = {
    Name                  = "${var.name}-${each.key}"
    "springboard:address" = "${var.address}.aws_kms_key.this/${each.key}"
  }

  depends_on = [aws_iam_service_linked_role.autoscaling]
}

resource "aws_kms_alias" "this" {
  for_each = local.uses

  name          = "alias/${var.name}-${each.key}"
  target_key_id = aws_kms_key.this[each.key].key_id
}
