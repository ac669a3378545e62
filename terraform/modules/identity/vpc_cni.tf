# The actions of AmazonEKS_CNI_Policy, version 6. EC2 cannot narrow them to one cluster.

module "vpc_cni" {
  source = "../role"

  address                  = "${var.address}.module.vpc_cni"
  name                     = "${var.name}-vpc-cni"
  description              = "Lets the VPC CNI give addresses to pods."
  assume_role_policy       = local.trust.vpc_cni
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  policies = {
    network-interfaces = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid    = "PodsGetAddresses"
          Effect = "Allow"
          Action = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:AttachNetworkInterface",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeInstances",
            "ec2:DescribeInstanceTypes",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeSubnets",
            "ec2:DescribeTags",
            "ec2:DetachNetworkInterface",
            "ec2:ModifyNetworkInterfaceAttribute",
            "ec2:UnassignPrivateIpAddresses",
          ]
          Resource = "*"
        },
        {
          Sid      = "InterfacesAreTagged"
          Effect   = "Allow"
          Action   = "ec2:CreateTags"
          Resource = "${local.ec2}:network-interface/*"
        },
      ]
    })
  }
}
