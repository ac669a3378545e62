# The policy that the project of the controller publishes for its version 3.5.0 (`docs/install/iam_policy.json`), statement
# by statement, with the partition, region and account of the deployment in place of wildcards.

locals {
  # The controller tags whatever it makes; it may change only what carries that tag.
  lb_owned = { Null = { "aws:ResourceTag/elbv2.k8s.aws/cluster" = "false" } }
  lb_retagged = {
    Null = {
      "aws:RequestTag/elbv2.k8s.aws/cluster"  = "true"
      "aws:ResourceTag/elbv2.k8s.aws/cluster" = "false"
    }
  }

  lb_security_groups = "${local.ec2}:security-group/*"
  lb_balancers = [
    "${local.elb}:targetgroup/*/*",
    "${local.elb}:loadbalancer/net/*/*",
    "${local.elb}:loadbalancer/app/*/*",
  ]
  lb_listeners = [
    "${local.elb}:listener/net/*/*/*",
    "${local.elb}:listener/app/*/*/*",
    "${local.elb}:listener-rule/net/*/*/*",
    "${local.elb}:listener-rule/app/*/*/*",
  ]
}

module "load_balancer_controller" {
  count  = var.enable_load_balancer_controller ? 1 : 0
  source = "../role"

  address                  = "${var.address}.module.load_balancer_controller/0"
  name                     = "${var.name}-load-balancer-controller"
  description              = "Lets the AWS Load Balancer Controller make load balancers for Ingress objects."
  assume_role_policy       = local.trust.load_balancer_controller
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  policies = {
    load-balancers = jsonencode({
      Version = "2012-10-17"
      Statement = [
        {
          Sid       = "ServiceLinkedRoleIsMade"
          Effect    = "Allow"
          Action    = "iam:CreateServiceLinkedRole"
          Resource  = "*"
          Condition = { StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" } }
        },
        {
          Sid    = "NetworkIsLookedAt"
          Effect = "Allow"
          Action = [
            "ec2:DescribeAccountAttributes",
            "ec2:DescribeAddresses",
            "ec2:DescribeAvailabilityZones",
            "ec2:DescribeInternetGateways",
            "ec2:DescribeVpcs",
            "ec2:DescribeVpcPeeringConnections",
            "ec2:DescribeSubnets",
            "ec2:DescribeSecurityGroups",
            "ec2:DescribeInstances",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeTags",
            "ec2:GetCoipPoolUsage",
            "ec2:DescribeCoipPools",
            "ec2:GetSecurityGroupsForVpc",
            "ec2:DescribeIpamPools",
            "ec2:DescribeRouteTables",
            "elasticloadbalancing:DescribeLoadBalancers",
            "elasticloadbalancing:DescribeLoadBalancerAttributes",
            "elasticloadbalancing:DescribeListeners",
            "elasticloadbalancing:DescribeListenerCertificates",
            "elasticloadbalancing:DescribeSSLPolicies",
            "elasticloadbalancing:DescribeRules",
            "elasticloadbalancing:DescribeTargetGroups",
            "elasticloadbalancing:DescribeTargetGroupAttributes",
            "elasticloadbalancing:DescribeTargetHealth",
            "elasticloadbalancing:DescribeTags",
            "elasticloadbalancing:DescribeTrustStores",
            "elasticloadbalancing:DescribeListenerAttributes",
            "elasticloadbalancing:DescribeCapacityReservation",
          ]
          Resource = "*"
        },
        {
          Sid    = "CertificatesAndFirewallsAreUsed"
          Effect = "Allow"
          Action = [
            "cognito-idp:DescribeUserPoolClient",
            "acm:ListCertificates",
            "acm:DescribeCertificate",
            "iam:ListServerCertificates",
            "iam:GetServerCertificate",
            "waf-regional:GetWebACL",
            "waf-regional:GetWebACLForResource",
            "waf-regional:AssociateWebACL",
            "waf-regional:DisassociateWebACL",
            "wafv2:GetWebACL",
            "wafv2:GetWebACLForResource",
            "wafv2:AssociateWebACL",
            "wafv2:DisassociateWebACL",
            "shield:GetSubscriptionState",
            "shield:DescribeProtection",
            "shield:CreateProtection",
            "shield:DeleteProtection",
          ]
          Resource = "*"
        },
        {
          Sid      = "NodesAreOpenedToLoadBalancers"
          Effect   = "Allow"
          Action   = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress"]
          Resource = "*"
        },
        {
          Sid      = "SecurityGroupsAreMade"
          Effect   = "Allow"
          Action   = "ec2:CreateSecurityGroup"
          Resource = "*"
        },
        {
          Sid      = "NewSecurityGroupsAreTagged"
          Effect   = "Allow"
          Action   = "ec2:CreateTags"
          Resource = local.lb_security_groups
          Condition = {
            StringEquals = { "ec2:CreateAction" = "CreateSecurityGroup" }
            Null         = { "aws:RequestTag/elbv2.k8s.aws/cluster" = "false" }
          }
        },
        {
          Sid       = "OwnSecurityGroupsAreRetagged"
          Effect    = "Allow"
          Action    = ["ec2:CreateTags", "ec2:DeleteTags"]
          Resource  = local.lb_security_groups
          Condition = local.lb_retagged
        },
        {
          Sid       = "OwnSecurityGroupsAreManaged"
          Effect    = "Allow"
          Action    = ["ec2:AuthorizeSecurityGroupIngress", "ec2:RevokeSecurityGroupIngress", "ec2:DeleteSecurityGroup"]
          Resource  = "*"
          Condition = local.lb_owned
        },
        {
          Sid       = "LoadBalancersAreMade"
          Effect    = "Allow"
          Action    = ["elasticloadbalancing:CreateLoadBalancer", "elasticloadbalancing:CreateTargetGroup"]
          Resource  = "*"
          Condition = { Null = { "aws:RequestTag/elbv2.k8s.aws/cluster" = "false" } }
        },
        {
          Sid    = "ListenersAndRulesAreManaged"
          Effect = "Allow"
          Action = [
            "elasticloadbalancing:CreateListener",
            "elasticloadbalancing:DeleteListener",
            "elasticloadbalancing:CreateRule",
            "elasticloadbalancing:DeleteRule",
          ]
          Resource = "*"
        },
        {
          Sid       = "OwnLoadBalancersAreRetagged"
          Effect    = "Allow"
          Action    = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
          Resource  = local.lb_balancers
          Condition = local.lb_retagged
        },
        {
          Sid      = "ListenersAreTagged"
          Effect   = "Allow"
          Action   = ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"]
          Resource = local.lb_listeners
        },
        {
          Sid    = "OwnLoadBalancersAreManaged"
          Effect = "Allow"
          Action = [
            "elasticloadbalancing:ModifyLoadBalancerAttributes",
            "elasticloadbalancing:SetIpAddressType",
            "elasticloadbalancing:SetSecurityGroups",
            "elasticloadbalancing:SetSubnets",
            "elasticloadbalancing:DeleteLoadBalancer",
            "elasticloadbalancing:ModifyTargetGroup",
            "elasticloadbalancing:ModifyTargetGroupAttributes",
            "elasticloadbalancing:DeleteTargetGroup",
            "elasticloadbalancing:ModifyListenerAttributes",
            "elasticloadbalancing:ModifyCapacityReservation",
            "elasticloadbalancing:ModifyIpPools",
          ]
          Resource  = "*"
          Condition = local.lb_owned
        },
        {
          Sid      = "NewLoadBalancersAreTagged"
          Effect   = "Allow"
          Action   = "elasticloadbalancing:AddTags"
          Resource = local.lb_balancers
          Condition = {
            StringEquals = { "elasticloadbalancing:CreateAction" = ["CreateTargetGroup", "CreateLoadBalancer"] }
            Null         = { "aws:RequestTag/elbv2.k8s.aws/cluster" = "false" }
          }
        },
        {
          Sid      = "TargetsAreRegistered"
          Effect   = "Allow"
          Action   = ["elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"]
          Resource = "${local.elb}:targetgroup/*/*"
        },
        {
          Sid    = "ListenersAreChanged"
          Effect = "Allow"
          Action = [
            "elasticloadbalancing:SetWebAcl",
            "elasticloadbalancing:ModifyListener",
            "elasticloadbalancing:AddListenerCertificates",
            "elasticloadbalancing:RemoveListenerCertificates",
            "elasticloadbalancing:ModifyRule",
            "elasticloadbalancing:SetRulePriorities",
          ]
          Resource = "*"
        },
      ]
    })
  }
}
