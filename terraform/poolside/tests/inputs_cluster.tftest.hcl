# What the inputs of the root refuse: the cluster. The module of each run has the inputs of the root and nothing
# else (its `variables.tf` is a link), so that a run costs no plan of the whole root.

variables {
  deployment_name                      = "acme"
  region                               = "us-west-2"
  public_hostname                      = "poolside.example.com"
  cluster_endpoint_public_access_cidrs = ["198.18.7.4/32"]
}

run "the_whole_internet_is_accepted_when_it_is_allowed_by_name" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    allow_open_endpoint                  = true
    cluster_endpoint_public_access_cidrs = ["0.0.0.0/0"]
  }
}

run "a_private_endpoint_needs_no_allowlist" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_endpoint_public_access       = false
    cluster_endpoint_public_access_cidrs = []
  }
}

run "a_kubernetes_version_below_the_floor_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    kubernetes_version = "1.28"
  }

  expect_failures = [var.kubernetes_version]
}

run "a_kubernetes_patch_version_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    kubernetes_version = "1.35.2"
  }

  expect_failures = [var.kubernetes_version]
}

run "an_unknown_support_type_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_support_type = "LONG"
  }

  expect_failures = [var.cluster_support_type]
}

run "an_empty_allowlist_of_a_public_endpoint_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_endpoint_public_access_cidrs = []
  }

  expect_failures = [var.cluster_endpoint_public_access_cidrs]
}

run "an_address_without_prefix_on_the_allowlist_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_endpoint_public_access_cidrs = ["198.18.7.4"]
  }

  expect_failures = [var.cluster_endpoint_public_access_cidrs]
}

run "an_ipv6_range_on_the_allowlist_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_endpoint_public_access_cidrs = ["2001:db8::/32"]
  }

  expect_failures = [var.cluster_endpoint_public_access_cidrs]
}

run "more_than_40_ranges_on_the_allowlist_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_endpoint_public_access_cidrs = [for host in range(41) : "198.18.0.${host}/32"]
  }

  expect_failures = [var.cluster_endpoint_public_access_cidrs]
}

run "the_whole_internet_on_the_allowlist_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_endpoint_public_access_cidrs = ["198.18.7.4/32", "0.0.0.0/0"]
  }

  expect_failures = [var.cluster_endpoint_public_access_cidrs]
}

run "a_private_range_on_the_allowlist_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_endpoint_public_access_cidrs = ["172.31.0.0/16"]
  }

  expect_failures = [var.cluster_endpoint_public_access_cidrs]
}

run "a_session_as_administrator_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_admin_principal_arns = ["arn:aws:sts::123456789012:assumed-role/Admin/me"]
  }

  expect_failures = [var.cluster_admin_principal_arns]
}

run "a_service_linked_role_as_administrator_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_admin_principal_arns = ["arn:aws:iam::123456789012:role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"]
  }

  expect_failures = [var.cluster_admin_principal_arns]
}

run "an_administrator_named_twice_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_admin_principal_arns = ["arn:aws:iam::123456789012:role/Admin", "arn:aws:iam::123456789012:role/Admin"]
  }

  expect_failures = [var.cluster_admin_principal_arns]
}

run "an_unknown_control_plane_log_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cluster_log_types = ["api", "kubelet"]
  }

  expect_failures = [var.cluster_log_types]
}

run "a_retention_that_cloudwatch_does_not_know_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    log_retention_days = 100
  }

  expect_failures = [var.log_retention_days]
}

run "an_add_on_version_without_build_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    addon_versions = { vpc_cni = "v1.22.4" }
  }

  expect_failures = [var.addon_versions]
}
