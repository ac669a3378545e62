# One managed node group: its role, its launch template, and the capacity it is bought with.

locals {
  capacity_block = var.capacity.kind == "capacity-block"

  tags = merge(var.tags, {
    Name                     = var.name
    "springboard:deployment" = var.deployment_name
  })
}

module "role" {
  source = "../role"

  address                  = "${var.address}.module.role"
  name                     = "${var.name}-node"
  description              = "The role of the instances of ${var.name}."
  managed_policies         = ["AmazonEKSWorkerNodePolicy", "AmazonEC2ContainerRegistryPullOnly"]
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = var.partition

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "InstancesAreNodes"
      Effect    = "Allow"
      Principal = { Service = "ec2.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

# Security groups are left out on purpose: EKS then gives the nodes the group of the cluster.
resource "aws_launch_template" "this" {
  name                   = var.name
  description            = "Nodes of ${var.name}."
  update_default_version = true

  # A Capacity Block wants the type here, and EKS refuses it in both places.
  instance_type = local.capacity_block ? var.instance_type : null
  image_id      = var.ami_id
  user_data     = var.ami_id == null ? null : base64encode(local.user_data)

  block_device_mappings {
    device_name = "/dev/xvda"

    ebs {
      volume_type           = "gp3"
      volume_size           = var.disk_size_gb
      encrypted             = true
      kms_key_id            = var.kms_key_arn
      delete_on_termination = true
    }
  }

  # With one hop no pod can take on the role of its node.
  metadata_options {
    http_endpoint               = "enabled"
    http_tokens                 = "required"
    http_put_response_hop_limit = 1
    instance_metadata_tags      = "disabled"
  }

  monitoring {
    enabled = true
  }

  dynamic "instance_market_options" {
    for_each = local.capacity_block ? [true] : []

    content {
      market_type = "capacity-block"
    }
  }

  dynamic "capacity_reservation_specification" {
    for_each = var.capacity.reservation_id == null ? [] : [var.capacity.reservation_id]

    content {
      capacity_reservation_target {
        capacity_reservation_id = capacity_reservation_specification.value
      }
    }
  }

  dynamic "tag_specifications" {
    for_each = toset(["instance", "volume", "network-interface"])

    content {
      resource_type = tag_specifications.value
      tags          = local.tags
    }
  }

  tags = {
    Name                  = var.name
    "springboard:address" = "${var.address}.aws_launch_template.this"
  }
}

resource "aws_eks_node_group" "this" {
  count = local.capacity_block ? 0 : 1

  cluster_name    = var.cluster.name
  node_group_name = var.name
  node_role_arn   = module.role.arn
  subnet_ids      = var.subnet_ids
  capacity_type   = "ON_DEMAND"
  instance_types  = [var.instance_type]
  labels          = var.labels

  # An own image brings its own version.
  ami_type = var.ami_id == null ? var.ami_type : null
  version  = var.ami_id == null ? var.cluster.version : null

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  scaling_config {
    min_size     = var.size.min
    desired_size = var.size.desired
    max_size     = var.size.max
  }

  update_config {
    max_unavailable = 1
    update_strategy = var.update_strategy
  }

  dynamic "taint" {
    for_each = var.taints

    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = taint.value.effect
    }
  }

  tags = {
    "springboard:address" = "${var.address}.aws_eks_node_group.this/0"
  }

  depends_on = [var.node_networking]
}

# The same group on a Capacity Block. It stands apart because `ignore_changes` takes no condition: EKS scales this one to
# 0 shortly before the block ends, and the operator scales it up when the block begins.
resource "aws_eks_node_group" "capacity_block" {
  count = local.capacity_block ? 1 : 0

  cluster_name    = var.cluster.name
  node_group_name = var.name
  node_role_arn   = module.role.arn
  subnet_ids      = var.subnet_ids
  capacity_type   = "CAPACITY_BLOCK"
  labels          = var.labels

  ami_type = var.ami_id == null ? var.ami_type : null
  version  = var.ami_id == null ? var.cluster.version : null

  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }

  scaling_config {
    min_size     = var.size.min
    desired_size = var.size.desired
    max_size     = var.size.max
  }

  update_config {
    max_unavailable = 1
    update_strategy = var.update_strategy
  }

  dynamic "taint" {
    for_each = var.taints

    content {
      key    = taint.value.key
      value  = taint.value.value
      effect = taint.value.effect
    }
  }

  tags = {
    "springboard:address" = "${var.address}.aws_eks_node_group.capacity_block/0"
  }

  depends_on = [var.node_networking]

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }
}
