# The profile `platform-only` with an external OIDC provider, in every combination of GPU capacity and NAT, as the pass `gpu` plans it.

mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_partition" {
    defaults = {
      partition  = "aws"
      dns_suffix = "amazonaws.com"
    }
  }

  mock_data "aws_availability_zones" {
    defaults = { names = ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"] }
  }

  # OpenTofu mocks computed lists as empty ones.
  mock_resource "aws_eks_cluster" {
    defaults = {
      identity              = [{ oidc = [{ issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF" }] }]
      certificate_authority = [{ data = "LS0tLS1CRUdJTg==" }]
    }
  }

  mock_resource "aws_db_instance" {
    defaults = {
      master_user_secret = [{ kms_key_id = "", secret_arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-0-abcdef", secret_status = "active" }]
    }
  }
}

variables {
  deployment_name                      = "acme"
  region                               = "us-west-2"
  public_hostname                      = "poolside.example.com"
  cluster_endpoint_public_access_cidrs = ["198.18.7.4/32"]
  profile                              = "platform-only"
  enable_cognito                       = false
  enable_gpu                           = true
}

run "on_demand_capacity_and_nat_in_each_zone" {
  command = plan

  assert {
    condition     = length(output.nat_public_ips) == 2
    error_message = "There must be a NAT gateway in each zone."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "on_demand_capacity_and_a_single_nat" {
  command = plan

  variables {
    single_nat_gateway = true
  }

  assert {
    condition     = length(output.nat_public_ips) == 1
    error_message = "There must be one NAT gateway."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "on_demand_capacity_and_no_nat" {
  command = plan

  variables {
    enable_nat_gateway = false
  }

  assert {
    condition     = length(output.nat_public_ips) == 0
    error_message = "There must be no NAT gateway."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "a_reservation_and_nat_in_each_zone" {
  command = plan

  variables {
    gpu_capacity                = "reservation"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2b"
  }

  assert {
    condition     = length(output.nat_public_ips) == 2
    error_message = "There must be a NAT gateway in each zone."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "a_reservation_and_a_single_nat" {
  command = plan

  variables {
    gpu_capacity                = "reservation"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2b"
    single_nat_gateway          = true
  }

  assert {
    condition     = length(output.nat_public_ips) == 1
    error_message = "There must be one NAT gateway."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "a_reservation_and_no_nat" {
  command = plan

  variables {
    gpu_capacity                = "reservation"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2b"
    enable_nat_gateway          = false
  }

  assert {
    condition     = length(output.nat_public_ips) == 0
    error_message = "There must be no NAT gateway."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "a_capacity_block_and_nat_in_each_zone" {
  command = plan

  variables {
    gpu_capacity                = "capacity-block"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2b"
  }

  assert {
    condition     = length(output.nat_public_ips) == 2
    error_message = "There must be a NAT gateway in each zone."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "a_capacity_block_and_a_single_nat" {
  command = plan

  variables {
    gpu_capacity                = "capacity-block"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2b"
    single_nat_gateway          = true
  }

  assert {
    condition     = length(output.nat_public_ips) == 1
    error_message = "There must be one NAT gateway."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}

run "a_capacity_block_and_no_nat" {
  command = plan

  variables {
    gpu_capacity                = "capacity-block"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2b"
    enable_nat_gateway          = false
  }

  assert {
    condition     = length(output.nat_public_ips) == 0
    error_message = "There must be no NAT gateway."
  }

  assert {
    condition     = length(module.gpu_nodes) == 0 && !output.gpu.enabled
    error_message = "Without local inference there must be no GPU nodes."
  }

  assert {
    condition     = keys(output.bucket_names) == ["access_logs", "data"] && !contains(keys(output.role_arns), "inference")
    error_message = "Without local inference there must be neither a models bucket nor a role that reads it."
  }

  assert {
    condition     = length(module.cognito) == 0
    error_message = "There must be no user pool."
  }
}
