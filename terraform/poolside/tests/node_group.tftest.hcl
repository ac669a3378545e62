# One managed node group, in each kind of capacity and with either kind of image.

mock_provider "aws" {}

variables {
  address         = "module.gpu_nodes/0"
  deployment_name = "acme"
  tags            = { team = "platform" }
  name            = "acme-gpu"
  cluster = {
    name                       = "acme"
    version                    = "1.35"
    endpoint                   = "https://0123456789ABCDEF.gr7.us-west-2.eks.amazonaws.com"
    certificate_authority_data = "LS0tLS1CRUdJTg=="
    service_cidr               = "172.20.0.0/16"
  }
  node_networking          = ["arn:aws:eks:us-west-2:123456789012:addon/acme/vpc-cni/0"]
  subnet_ids               = ["subnet-a"]
  instance_type            = "p5e.48xlarge"
  ami_type                 = "AL2023_x86_64_NVIDIA"
  ami_id                   = null
  size                     = { min = 0, desired = 1, max = 2 }
  disk_size_gb             = 200
  kms_key_arn              = "arn:aws:kms:us-west-2:123456789012:key/volumes"
  labels                   = { "springboard/node-group" = "gpu" }
  taints                   = [{ key = "nvidia.com/gpu", value = "true", effect = "NO_SCHEDULE" }]
  update_strategy          = "MINIMAL"
  permissions_boundary_arn = "arn:aws:iam::123456789012:policy/Boundary"
  partition                = "aws"
}

run "on_demand_nodes_need_neither_market_options_nor_a_reservation" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  assert {
    condition     = aws_eks_node_group.this[0].capacity_type == "ON_DEMAND" && aws_eks_node_group.this[0].instance_types == tolist(["p5e.48xlarge"])
    error_message = "The node group must ask for On-Demand instances of the type."
  }

  assert {
    condition     = length(aws_launch_template.this.instance_market_options) == 0 && length(aws_launch_template.this.capacity_reservation_specification) == 0 && aws_launch_template.this.instance_type == null
    error_message = "The launch template must leave the capacity to the node group."
  }

  assert {
    condition     = length(aws_eks_node_group.capacity_block) == 0
    error_message = "There must be one node group."
  }
}

run "reserved_nodes_are_on_demand_nodes_that_name_the_reservation" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  variables {
    capacity = { kind = "reservation", reservation_id = "cr-0123456789abcdef0" }
  }

  assert {
    condition     = aws_eks_node_group.this[0].capacity_type == "ON_DEMAND" && aws_eks_node_group.this[0].instance_types == tolist(["p5e.48xlarge"])
    error_message = "The node group must ask for On-Demand instances of the type."
  }

  assert {
    condition     = aws_launch_template.this.capacity_reservation_specification[0].capacity_reservation_target[0].capacity_reservation_id == "cr-0123456789abcdef0"
    error_message = "The launch template must name the reservation."
  }

  assert {
    condition     = length(aws_launch_template.this.instance_market_options) == 0
    error_message = "A reservation is no market of its own."
  }
}

run "block_nodes_name_market_reservation_and_type_in_the_launch_template" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  variables {
    capacity = { kind = "capacity-block", reservation_id = "cr-0123456789abcdef0" }
  }

  assert {
    condition     = aws_eks_node_group.capacity_block[0].capacity_type == "CAPACITY_BLOCK" && length(aws_eks_node_group.this) == 0
    error_message = "The node group must ask for the Capacity Block."
  }

  assert {
    condition     = aws_launch_template.this.instance_market_options[0].market_type == "capacity-block" && aws_launch_template.this.instance_type == "p5e.48xlarge"
    error_message = "The launch template must name market and type."
  }

  assert {
    condition     = aws_launch_template.this.capacity_reservation_specification[0].capacity_reservation_target[0].capacity_reservation_id == "cr-0123456789abcdef0"
    error_message = "The launch template must name the block."
  }

  assert {
    condition     = aws_eks_node_group.capacity_block[0].scaling_config[0].desired_size == 1
    error_message = "A new group must have the size that was asked for."
  }
}

run "a_reservation_without_id_is_refused" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  variables {
    capacity = { kind = "reservation" }
  }

  expect_failures = [var.capacity]
}

run "an_unknown_capacity_is_refused" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  variables {
    capacity = { kind = "spot", reservation_id = "cr-0123456789abcdef0" }
  }

  expect_failures = [var.capacity]
}

run "an_unknown_taint_effect_is_refused" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  variables {
    taints = [{ key = "nvidia.com/gpu", value = "true", effect = "NoSchedule" }]
  }

  expect_failures = [var.taints]
}

run "nodes_are_tainted_labelled_and_replaced_without_spare_ones" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  assert {
    condition     = one(aws_eks_node_group.this[0].taint).key == "nvidia.com/gpu" && one(aws_eks_node_group.this[0].taint).value == "true" && one(aws_eks_node_group.this[0].taint).effect == "NO_SCHEDULE"
    error_message = "GPU nodes must be kept for what tolerates them."
  }

  assert {
    condition     = aws_eks_node_group.this[0].labels == tomap({ "springboard/node-group" = "gpu" })
    error_message = "Nodes must say which group they are of."
  }

  assert {
    condition     = aws_eks_node_group.this[0].update_config[0].update_strategy == "MINIMAL"
    error_message = "An update must not ask for more GPU nodes."
  }
}

run "volumes_are_encrypted_and_metadata_needs_a_token" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  assert {
    condition     = tobool(aws_launch_template.this.block_device_mappings[0].ebs[0].encrypted) && aws_launch_template.this.block_device_mappings[0].ebs[0].kms_key_id == var.kms_key_arn
    error_message = "Volumes must be encrypted with the key of the volumes."
  }

  assert {
    condition     = aws_launch_template.this.block_device_mappings[0].ebs[0].volume_type == "gp3" && aws_launch_template.this.block_device_mappings[0].ebs[0].volume_size == 200
    error_message = "Volumes must be gp3 and of the size asked for."
  }

  assert {
    condition     = aws_launch_template.this.metadata_options[0].http_tokens == "required" && aws_launch_template.this.metadata_options[0].http_put_response_hop_limit == 1
    error_message = "Instance metadata must need a token and be out of reach of pods."
  }
}

run "instances_and_volumes_carry_the_deployment_tag" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  assert {
    condition     = toset([for specification in aws_launch_template.this.tag_specifications : specification.resource_type]) == toset(["instance", "network-interface", "volume"])
    error_message = "Whatever an instance brings must be tagged."
  }

  assert {
    condition     = alltrue([for specification in aws_launch_template.this.tag_specifications : specification.tags["springboard:deployment"] == "acme" && specification.tags["team"] == "platform"])
    error_message = "Default tags do not reach instances; the launch template must carry them."
  }
}

run "eks_chooses_image_and_user_data_when_no_image_is_given" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  assert {
    condition     = aws_eks_node_group.this[0].ami_type == "AL2023_x86_64_NVIDIA" && aws_eks_node_group.this[0].version == "1.35"
    error_message = "The node group must name the kind of image and the version."
  }

  assert {
    condition     = output.user_data == null
    error_message = "Without an image of one's own there must be no user data."
  }
}

run "an_own_image_joins_by_a_node_config" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  variables {
    ami_id = "ami-0123456789abcdef0"
  }

  assert {
    condition     = aws_launch_template.this.image_id == "ami-0123456789abcdef0" && base64decode(aws_launch_template.this.user_data) == output.user_data
    error_message = "The launch template must name the image and carry the user data."
  }

  assert {
    condition     = startswith(output.user_data, "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=\"//\"\n\n--//\nContent-Type: application/node.eks.aws\n\n") && endswith(output.user_data, "\n--//--\n")
    error_message = "User data must be in the MIME multipart format."
  }

  assert {
    condition = yamldecode(split("\n--//--", split("application/node.eks.aws\n\n", output.user_data)[1])[0]) == {
      apiVersion = "node.eks.aws/v1alpha1"
      kind       = "NodeConfig"
      spec = {
        cluster = {
          name                 = "acme"
          apiServerEndpoint    = "https://0123456789ABCDEF.gr7.us-west-2.eks.amazonaws.com"
          certificateAuthority = "LS0tLS1CRUdJTg=="
          cidr                 = "172.20.0.0/16"
        }
        kubelet = {
          flags = [
            "--node-labels=eks.amazonaws.com/capacityType=ON_DEMAND,eks.amazonaws.com/nodegroup=acme-gpu,eks.amazonaws.com/nodegroup-image=ami-0123456789abcdef0,springboard/node-group=gpu",
            "--register-with-taints=nvidia.com/gpu=true:NoSchedule",
          ]
        }
      }
    }
    error_message = "The node must be told how to join, and its labels and taints."
  }
}

run "the_role_of_the_instances_is_bounded" {
  command = plan

  module {
    source = "../modules/node_group"
  }

  assert {
    condition     = output.permissions_boundary == "arn:aws:iam::123456789012:policy/Boundary"
    error_message = "The role must be bounded."
  }
}
