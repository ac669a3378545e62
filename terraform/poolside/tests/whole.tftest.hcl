# What holds of the root as a whole: switches, wiring between modules, the boundary.

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
}

run "the_pass_foundation_has_everything_but_the_gpu_nodes" {
  command = plan

  assert {
    condition     = length(module.gpu_nodes) == 0 && output.gpu.desired_size == 0
    error_message = "GPU nodes must wait for their pass."
  }

  assert {
    condition     = keys(output.role_arns) == ["cluster", "core_api", "cpu_nodes", "ebs_csi", "external_secrets", "inference", "load_balancer_controller", "vpc_cni"]
    error_message = "All roles but that of the GPU nodes must be there."
  }

  assert {
    condition     = length(module.web_nodes) == 0 && length(module.observability) == 0 && length(module.parameters) == 0 && length(module.cognito) == 0
    error_message = "Options must be off by default."
  }

  assert {
    condition     = output.registry == "123456789012.dkr.ecr.us-west-2.amazonaws.com"
    error_message = "The registry must be that of account and region."
  }
}

run "with_everything_on_every_role_is_bounded" {
  command = plan

  variables {
    enable_gpu               = true
    enable_web_node_group    = true
    enable_log_aggregation   = true
    permissions_boundary_arn = "arn:aws:iam::123456789012:policy/Boundary"
  }

  assert {
    condition = length(concat(
      values(module.identity.permissions_boundaries),
      [module.cluster.permissions_boundary, module.cpu_nodes.permissions_boundary],
      module.gpu_nodes[*].permissions_boundary,
      module.web_nodes[*].permissions_boundary,
      module.observability[*].permissions_boundary,
    )) == length(output.role_arns)
    error_message = "Each role must be looked at."
  }

  assert {
    condition = alltrue([
      for boundary in concat(
        values(module.identity.permissions_boundaries),
        [module.cluster.permissions_boundary, module.cpu_nodes.permissions_boundary],
        module.gpu_nodes[*].permissions_boundary,
        module.web_nodes[*].permissions_boundary,
        module.observability[*].permissions_boundary,
      ) : boundary == "arn:aws:iam::123456789012:policy/Boundary"
    ])
    error_message = "Each role must have the boundary."
  }
}

run "gpu_nodes_are_launched_in_their_zone_only_and_others_in_all" {
  variables {
    enable_gpu                  = true
    gpu_capacity                = "capacity-block"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2c"
  }

  assert {
    condition     = module.gpu_nodes[0].subnet_ids == tolist([output.subnet_ids.worker["us-west-2c"]])
    error_message = "GPU nodes must be launched where their capacity is."
  }

  assert {
    condition     = toset(module.cpu_nodes.subnet_ids) == toset(values(output.subnet_ids.worker)) && length(module.cpu_nodes.subnet_ids) == 2
    error_message = "CPU nodes must be launched in all zones."
  }

  assert {
    condition     = output.database_master_secret_arn == "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-0-abcdef" && output.oidc_issuer == "oidc.eks.us-west-2.amazonaws.com/id/0123456789ABCDEF0123456789ABCDEF"
    error_message = "Facts must be handed through."
  }
}

run "gpu_nodes_on_demand_are_launched_in_all_zones" {
  command = plan

  variables {
    enable_gpu = true
  }

  assert {
    condition     = length(module.gpu_nodes[0].subnet_ids) == 2
    error_message = "Without a zone of its own the group must try all of them."
  }
}

run "a_gpu_type_below_the_minimum_gives_a_warning" {
  command = plan

  variables {
    gpu_instance_type = "p5.48xlarge"
  }

  expect_failures = [check.gpu_instance_type_meets_the_minimum]
}

run "a_gpu_type_does_not_matter_without_local_inference" {
  command = plan

  variables {
    profile           = "platform-only"
    gpu_instance_type = "p5.48xlarge"
  }

  assert {
    condition     = output.models_bucket_name == null
    error_message = "There must be no models bucket."
  }
}

run "an_external_models_bucket_takes_the_place_of_ours" {
  command = plan

  variables {
    enable_model_s3_upload = false
    external_models_bucket = "elsewhere"
  }

  assert {
    condition     = output.models_bucket_name == "elsewhere" && keys(output.bucket_names) == ["access_logs", "data"]
    error_message = "There must be no models bucket of ours."
  }

  assert {
    condition     = contains(keys(output.role_arns), "inference")
    error_message = "Inference must have a role."
  }
}

run "nginx_needs_no_load_balancer_controller" {
  command = plan

  variables {
    ingress_controller = "nginx"
  }

  assert {
    condition     = !contains(keys(output.role_arns), "load_balancer_controller")
    error_message = "There must be no role for a controller that is not installed."
  }
}

run "options_add_a_web_node_group_logs_and_parameters" {
  command = plan

  variables {
    enable_web_node_group  = true
    enable_log_aggregation = true
    enable_parameter_store = true
    enable_cognito         = true
  }

  assert {
    condition     = output.node_group_names == { cpu = "acme-cpu", web = "acme-web" }
    error_message = "There must be a node group for the web-facing workloads."
  }

  assert {
    condition     = one(output.log_group_names["workloads"]) == "/aws/eks/acme/workloads" && contains(keys(output.role_arns), "log_collector")
    error_message = "There must be a log group and a role for the collector."
  }

  assert {
    condition     = output.parameter_names["cluster-name"] == "/acme/cluster-name" && length(output.parameter_names) == 9
    error_message = "Facts must be in the Parameter Store."
  }

  assert {
    condition     = output.cognito_hosted_domain == "acme.auth.us-west-2.amazoncognito.com"
    error_message = "The hosted domain must be that of the deployment."
  }
}

run "images_get_repositories_under_the_deployment" {
  command = plan

  variables {
    image_repositories = ["core-api", "web/assistant"]
  }

  assert {
    condition     = keys(output.repository_urls) == ["core-api", "web/assistant"]
    error_message = "Each image must have a repository."
  }
}
