# Who may take on which role, and what it may do.

mock_provider "aws" {}

variables {
  address                         = "module.identity"
  name                            = "acme"
  partition                       = "aws"
  region                          = "us-west-2"
  account_id                      = "123456789012"
  dns_suffix                      = "amazonaws.com"
  oidc_provider_arn               = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  oidc_issuer                     = "oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
  permissions_boundary_arn        = "arn:aws:iam::123456789012:policy/Boundary"
  data_bucket_arn                 = "arn:aws:s3:::acme-data"
  database_secret_arn             = "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-0-abcdef"
  models                          = { bucket_arn = "arn:aws:s3:::acme-models", kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/storage" }
  enable_load_balancer_controller = true
  enable_marketplace_metering     = true
  enable_bedrock                  = true
  kms_key_arns = {
    database    = "arn:aws:kms:us-west-2:123456789012:key/database"
    storage     = "arn:aws:kms:us-west-2:123456789012:key/storage"
    volumes     = "arn:aws:kms:us-west-2:123456789012:key/volumes"
    application = "arn:aws:kms:us-west-2:123456789012:key/application"
  }
}

run "every_role_of_a_workload_is_bounded" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition = output.permissions_boundaries == {
      for workload in ["core_api", "ebs_csi", "external_secrets", "inference", "load_balancer_controller", "vpc_cni"] :
      workload => "arn:aws:iam::123456789012:policy/Boundary"
    }
    error_message = "There must be six roles, each with the boundary."
  }
}

run "each_role_is_open_to_one_service_account" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition = {
      for workload, policy in output.trust_policies :
      workload => jsondecode(policy).Statement[0].Condition.StringEquals["${var.oidc_issuer}:sub"]
      } == {
      core_api                 = "system:serviceaccount:poolside:core-api-sa"
      ebs_csi                  = "system:serviceaccount:kube-system:ebs-csi-controller-sa"
      external_secrets         = "system:serviceaccount:external-secrets:external-secrets"
      inference                = "system:serviceaccount:poolside-models:inference"
      load_balancer_controller = "system:serviceaccount:kube-system:aws-load-balancer-controller"
      vpc_cni                  = "system:serviceaccount:kube-system:aws-node"
    }
    error_message = "Each role must be open to exactly one service account."
  }

  assert {
    condition = alltrue([
      for policy in output.trust_policies :
      length(jsondecode(policy).Statement) == 1
      && jsondecode(policy).Statement[0].Principal.Federated == var.oidc_provider_arn
      && jsondecode(policy).Statement[0].Action == "sts:AssumeRoleWithWebIdentity"
      && jsondecode(policy).Statement[0].Condition.StringEquals["${var.oidc_issuer}:aud"] == "sts.amazonaws.com"
    ])
    error_message = "Roles must be open to tokens of this cluster made for AWS, and to nothing else."
  }
}

run "no_policy_allows_every_action_of_a_service" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition = alltrue(flatten([
      for policies in values(output.policies) : [
        for policy in policies : [
          for statement in jsondecode(policy).Statement : [
            for action in flatten([statement.Action]) : !strcontains(action, "*")
          ]
        ]
      ]
    ]))
    error_message = "Each action must be written out."
  }
}

run "core_api_uses_its_bucket_and_its_key_and_reports_usage" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition     = keys(output.policies["core_api"]) == ["application-key", "bedrock", "data-bucket", "marketplace-metering"]
    error_message = "There must be one policy for each purpose."
  }

  assert {
    condition     = jsondecode(output.policies["core_api"]["application-key"]).Statement[0].Resource == var.kms_key_arns.application
    error_message = "The application must use its own key only."
  }

  assert {
    condition     = jsondecode(output.policies["core_api"]["marketplace-metering"]).Statement[0].Action == "aws-marketplace:MeterUsage"
    error_message = "Usage must be reported, and nothing else done at the Marketplace."
  }

  assert {
    condition     = jsondecode(output.policies["core_api"]["data-bucket"]).Statement[2].Condition.StringEquals["kms:ViaService"] == "s3.us-west-2.amazonaws.com"
    error_message = "The key of the buckets must be used by way of S3 only."
  }
}

run "metering_and_bedrock_are_switched_off_by_themselves" {
  command = plan

  module {
    source = "../modules/identity"
  }

  variables {
    enable_marketplace_metering = false
    enable_bedrock              = false
  }

  assert {
    condition     = keys(output.policies["core_api"]) == ["application-key", "data-bucket"]
    error_message = "Only bucket and key must be left."
  }
}

run "inference_reads_checkpoints_and_nothing_else" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition     = jsondecode(output.policies["inference"]["checkpoints"]).Statement[0].Resource == "arn:aws:s3:::acme-models" && jsondecode(output.policies["inference"]["checkpoints"]).Statement[1].Resource == "arn:aws:s3:::acme-models/models/checkpoints/*"
    error_message = "Only checkpoints must be read."
  }

  assert {
    condition     = jsonencode([for statement in jsondecode(output.policies["inference"]["checkpoints"]).Statement : statement.Action]) == jsonencode(["s3:ListBucket", "s3:GetObject", "kms:Decrypt"])
    error_message = "Checkpoints must be listed, read and decrypted."
  }
}

run "a_bucket_without_customer_key_needs_no_right_on_a_key" {
  command = plan

  module {
    source = "../modules/identity"
  }

  variables {
    models = { bucket_arn = "arn:aws:s3:::elsewhere" }
  }

  assert {
    condition     = length(jsondecode(output.policies["inference"]["checkpoints"]).Statement) == 2
    error_message = "There must be no right on a key."
  }
}

run "without_local_inference_there_is_no_role_for_it" {
  command = plan

  module {
    source = "../modules/identity"
  }

  variables {
    models                          = null
    enable_load_balancer_controller = false
  }

  assert {
    condition     = keys(output.role_arns) == ["core_api", "ebs_csi", "external_secrets", "vpc_cni"]
    error_message = "There must be neither a role for inference nor one for the load balancer controller."
  }
}

run "external_secrets_reads_one_secret" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition     = jsondecode(output.policies["external_secrets"]["database-password"]).Statement[0].Resource == var.database_secret_arn
    error_message = "Only the password of the database must be read."
  }

  assert {
    condition     = jsondecode(output.policies["external_secrets"]["database-password"]).Statement[1].Condition.StringEquals["kms:ViaService"] == "secretsmanager.us-west-2.amazonaws.com"
    error_message = "The key of the database must be used by way of Secrets Manager only."
  }
}

run "the_load_balancer_controller_has_the_published_policy_in_full" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition     = length(jsondecode(output.policies["load_balancer_controller"]["load-balancers"]).Statement) == 16
    error_message = "The published policy has 16 statements."
  }

  assert {
    condition     = length(flatten([for statement in jsondecode(output.policies["load_balancer_controller"]["load-balancers"]).Statement : [statement.Action]])) == 86
    error_message = "The published policy has 86 actions."
  }

  assert {
    condition     = length(output.policies["load_balancer_controller"]["load-balancers"]) < 10240
    error_message = "A role holds 10,240 characters of written-out policies."
  }
}

run "the_ebs_driver_may_use_the_key_of_the_volumes" {
  command = plan

  module {
    source = "../modules/identity"
  }

  assert {
    condition = jsonencode(flatten([for statement in jsondecode(output.policies["ebs_csi"]["volume-encryption"]).Statement : [statement.Action]])) == jsonencode(
      ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKeyWithoutPlaintext", "kms:CreateGrant"]
    )
    error_message = "No managed policy allows this, so that it must stand here."
  }
}

run "a_role_carries_its_policies_and_its_boundary" {
  command = plan

  module {
    source = "../modules/role"
  }

  variables {
    name               = "acme-node"
    description        = "A role."
    assume_role_policy = "{}"
    managed_policies   = ["AmazonEKSWorkerNodePolicy"]
    policies           = { one = "{}" }
  }

  assert {
    condition     = aws_iam_role_policy_attachment.this["AmazonEKSWorkerNodePolicy"].policy_arn == "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy"
    error_message = "Managed policies must be attached by their ARN."
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary_arn && keys(aws_iam_role_policy.this) == ["one"]
    error_message = "Boundary and policies must be on the role."
  }
}

run "a_role_with_too_long_a_name_is_refused" {
  command = plan

  module {
    source = "../modules/role"
  }

  variables {
    name               = "a-name-of-a-role-that-is-longer-than-the-sixty-four-characters-of-iam"
    description        = "A role."
    assume_role_policy = "{}"
  }

  expect_failures = [var.name]
}
