# What the inputs of the root refuse: identity and ingress. The module of each run has the inputs of the root and nothing
# else (its `variables.tf` is a link), so that a run costs no plan of the whole root.

variables {
  deployment_name                      = "acme"
  region                               = "us-west-2"
  public_hostname                      = "poolside.example.com"
  cluster_endpoint_public_access_cidrs = ["198.18.7.4/32"]
}

run "a_deployment_name_with_a_word_of_aws_is_accepted_with_a_domain_prefix" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    deployment_name       = "aws-pool"
    enable_cognito        = true
    cognito_domain_prefix = "acme"
  }
}

run "a_role_as_permissions_boundary_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    permissions_boundary_arn = "arn:aws:iam::123456789012:role/Boundary"
  }

  expect_failures = [var.permissions_boundary_arn]
}

run "a_window_of_six_days_for_deleted_keys_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    kms_deletion_window_days = 6
  }

  expect_failures = [var.kms_deletion_window_days]
}

run "a_domain_prefix_with_a_dot_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cognito_domain_prefix = "acme.login"
  }

  expect_failures = [var.cognito_domain_prefix]
}

run "a_domain_prefix_with_a_word_of_aws_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    enable_cognito        = true
    cognito_domain_prefix = "acme-cognito"
  }

  expect_failures = [var.cognito_domain_prefix]
}

run "a_deployment_name_with_a_word_of_aws_needs_a_domain_prefix" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    deployment_name = "aws-pool"
    enable_cognito  = true
  }

  expect_failures = [var.cognito_domain_prefix]
}

run "an_unknown_ingress_controller_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    ingress_controller = "traefik"
  }

  expect_failures = [var.ingress_controller]
}

run "a_certificate_of_another_region_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    acm_certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/0123"
  }

  expect_failures = [var.acm_certificate_arn]
}
