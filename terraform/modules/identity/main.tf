# The roles of service accounts in the cluster: one file a role. Policies are written out with the least that the
# workload needs; the AWS managed ones are broader and change by themselves.

locals {
  service_accounts = {
    core_api                 = "poolside:core-api-sa"
    inference                = "poolside-models:inference"
    external_secrets         = "external-secrets:external-secrets"
    load_balancer_controller = "kube-system:aws-load-balancer-controller"
    ebs_csi                  = "kube-system:ebs-csi-controller-sa"
    vpc_cni                  = "kube-system:aws-node"
  }

  # A token opens a role only when it was made for exactly this service account and for AWS.
  trust = {
    for workload, service_account in local.service_accounts : workload => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "ServiceAccountTakesTheRole"
        Effect    = "Allow"
        Principal = { Federated = var.oidc_provider_arn }
        Action    = "sts:AssumeRoleWithWebIdentity"
        Condition = {
          StringEquals = {
            "${var.oidc_issuer}:sub" = "system:serviceaccount:${service_account}"
            "${var.oidc_issuer}:aud" = "sts.amazonaws.com"
          }
        }
      }]
    })
  }

  ec2 = "arn:${var.partition}:ec2:${var.region}:${var.account_id}"
  elb = "arn:${var.partition}:elasticloadbalancing:${var.region}:${var.account_id}"
}
