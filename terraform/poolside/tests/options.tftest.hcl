# Cognito, and what is off by default.

mock_provider "aws" {}

variables {
  address                  = "module.part/0"
  name                     = "acme"
  region                   = "us-west-2"
  domain_prefix            = "acme-login"
  public_hostname          = "poolside.example.com"
  deletion_protection      = true
  cluster_name             = "acme"
  oidc_provider_arn        = "arn:aws:iam::123456789012:oidc-provider/oidc.eks.us-west-2.amazonaws.com/id/0"
  oidc_issuer              = "oidc.eks.us-west-2.amazonaws.com/id/0"
  log_retention_days       = 90
  kms_key_arn              = "arn:aws:kms:us-west-2:123456789012:key/cluster"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/Boundary"
  partition                = "aws"
  prefix                   = "/acme"
  facts                    = { cluster-name = "acme" }
}

run "the_cognito_client_returns_to_the_platform_only" {
  command = plan

  module {
    source = "../modules/cognito"
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.callback_urls == toset(["https://poolside.example.com/auth/callback"])
    error_message = "Users must come back to the platform."
  }

  assert {
    condition     = aws_cognito_user_pool_client.this.generate_secret && aws_cognito_user_pool_client.this.allowed_oauth_flows == toset(["code"])
    error_message = "The client must have a secret and use the code flow."
  }

  assert {
    condition     = output.hosted_domain == "acme-login.auth.us-west-2.amazoncognito.com"
    error_message = "The hosted domain must be that of the prefix and the region."
  }
}

run "users_of_the_pool_are_invited_and_protected" {
  command = plan

  module {
    source = "../modules/cognito"
  }

  assert {
    condition     = aws_cognito_user_pool.this.admin_create_user_config[0].allow_admin_create_user_only && aws_cognito_user_pool.this.deletion_protection == "ACTIVE"
    error_message = "Nobody must sign up unasked, and the pool must refuse to be deleted."
  }
}

run "the_log_collector_writes_to_one_encrypted_log_group" {
  module {
    source = "../modules/observability"
  }

  override_resource {
    target = aws_cloudwatch_log_group.workloads
    values = { arn = "arn:aws:logs:us-west-2:123456789012:log-group:/aws/eks/acme/workloads" }
  }

  override_resource {
    target = module.collector.aws_iam_role.this
    values = { arn = "arn:aws:iam::123456789012:role/acme-log-collector" }
  }

  assert {
    condition     = aws_cloudwatch_log_group.workloads.kms_key_id == var.kms_key_arn && startswith(aws_cloudwatch_log_group.workloads.name, "/aws/eks/acme/")
    error_message = "The log group must be encrypted with the cluster key, which admits this name."
  }

  assert {
    condition     = output.permissions_boundary == "arn:aws:iam::123456789012:policy/Boundary" && output.role_arn == "arn:aws:iam::123456789012:role/acme-log-collector"
    error_message = "The role must be bounded."
  }
}

run "facts_are_plain_parameters_under_the_deployment" {
  command = plan

  module {
    source = "../modules/parameters"
  }

  assert {
    condition     = aws_ssm_parameter.this["cluster-name"].name == "/acme/cluster-name" && aws_ssm_parameter.this["cluster-name"].type == "String" && aws_ssm_parameter.this["cluster-name"].insecure_value == "acme"
    error_message = "A fact must be readable under its name."
  }
}
