# Where the logs of workloads go, and the role of the collector that brings them there.

resource "aws_cloudwatch_log_group" "workloads" {
  # The cluster key admits log groups below the name of the cluster.
  name              = "/aws/eks/${var.cluster_name}/workloads"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  tags = {
    "springboard:address" = "${var.address}.aws_cloudwatch_log_group.workloads"
  }
}

module "collector" {
  source = "../role"

  address                  = "${var.address}.module.collector"
  name                     = "${var.cluster_name}-log-collector"
  description              = "Lets the log collector write the logs of workloads."
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "ServiceAccountTakesTheRole"
      Effect    = "Allow"
      Principal = { Federated = var.oidc_provider_arn }
      Action    = "sts:AssumeRoleWithWebIdentity"
      Condition = {
        StringEquals = {
          "${var.oidc_issuer}:sub" = "system:serviceaccount:${var.service_account}"
          "${var.oidc_issuer}:aud" = "sts.amazonaws.com"
        }
      }
    }]
  })

  policies = {
    workload-logs = jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid      = "LogsAreWritten"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = [aws_cloudwatch_log_group.workloads.arn, "${aws_cloudwatch_log_group.workloads.arn}:*"]
      }]
    })
  }
}
