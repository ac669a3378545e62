# The EKS cluster with its role, its control-plane logs and its OIDC provider; who may reach and enter it.

module "role" {
  source = "../role"

  address                  = "${var.address}.module.role"
  name                     = "${var.name}-cluster"
  description              = "Lets EKS run the control plane of ${var.name}."
  managed_policies         = ["AmazonEKSClusterPolicy"]
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "EksRunsTheControlPlane"
      Effect    = "Allow"
      Principal = { Service = "eks.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })

  policies = {
    secrets-encryption = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "SecretsAreEncrypted"
        Effect   = "Allow"
        Action   = ["kms:Encrypt", "kms:Decrypt", "kms:ListGrants", "kms:DescribeKey"]
        Resource = var.kms_key_arn
      }]
    })
  }
}

# EKS makes this log group itself when it is missing, without retention and without a key.
resource "aws_cloudwatch_log_group" "control_plane" {
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  tags = {
    "springboard:address" = "${var.address}.aws_cloudwatch_log_group.control_plane"
  }
}

resource "aws_eks_cluster" "this" {
  name                      = var.name
  version                   = var.kubernetes_version
  role_arn                  = module.role.arn
  enabled_cluster_log_types = var.log_types
  deletion_protection       = var.deletion_protection

  # The managed add-ons take the place of what EKS would put there by itself.
  bootstrap_self_managed_addons = false

  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = var.bootstrap_creator_admin_permissions
  }

  encryption_config {
    resources = ["secrets"]

    provider {
      key_arn = var.kms_key_arn
    }
  }

  kubernetes_network_config {
    service_ipv4_cidr = var.service_cidr
  }

  upgrade_policy {
    support_type = var.support_type
  }

  vpc_config {
    subnet_ids              = var.subnet_ids
    endpoint_private_access = true
    endpoint_public_access  = var.endpoint_public_access
    public_access_cidrs     = var.endpoint_public_access ? var.endpoint_public_access_cidrs : null
  }

  tags = {
    "springboard:address" = "${var.address}.aws_eks_cluster.this"
  }

  depends_on = [aws_cloudwatch_log_group.control_plane]

  lifecycle {
    # Both say how a cluster is made; a later change would replace it.
    ignore_changes = [
      access_config[0].bootstrap_cluster_creator_admin_permissions,
      bootstrap_self_managed_addons,
    ]
  }
}

# Service accounts prove who they are with tokens of this issuer. AWS knows its certificate authority, so that no
# thumbprint is needed.
resource "aws_iam_openid_connect_provider" "this" {
  url            = aws_eks_cluster.this.identity[0].oidc[0].issuer
  client_id_list = ["sts.amazonaws.com"]

  tags = {
    Name                  = var.name
    "springboard:address" = "${var.address}.aws_iam_openid_connect_provider.this"
  }
}
