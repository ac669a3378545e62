locals {
  worker_subnet_ids = [for zone in module.network.availability_zones : module.network.worker_subnet_ids[zone]]

  # A node group that may launch outside the zone of its reservation fails now and then.
  gpu_subnet_ids = var.gpu_availability_zone == null ? local.worker_subnet_ids : [module.network.worker_subnet_ids[var.gpu_availability_zone]]

  node_cluster = {
    name                       = module.cluster.name
    version                    = module.cluster.version
    endpoint                   = module.cluster.endpoint
    certificate_authority_data = module.cluster.certificate_authority_data
    service_cidr               = var.service_cidr
  }
}

module "cpu_nodes" {
  source = "../modules/node_group"

  address                  = "module.cpu_nodes"
  deployment_name          = var.deployment_name
  tags                     = var.tags
  name                     = "${var.deployment_name}-cpu"
  cluster                  = local.node_cluster
  node_networking          = module.addons.node_networking
  subnet_ids               = local.worker_subnet_ids
  instance_type            = var.cpu_instance_type
  ami_type                 = "AL2023_x86_64_STANDARD"
  ami_id                   = var.cpu_ami_id
  size                     = { min = var.cpu_min_size, desired = var.cpu_desired_size, max = var.cpu_max_size }
  disk_size_gb             = var.cpu_disk_size_gb
  kms_key_arn              = module.encryption.key_arns["volumes"]
  labels                   = { "springboard/node-group" = "cpu" }
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = local.partition
}

module "gpu_nodes" {
  count  = local.gpu ? 1 : 0
  source = "../modules/node_group"

  address                  = "module.gpu_nodes/0"
  deployment_name          = var.deployment_name
  tags                     = var.tags
  name                     = "${var.deployment_name}-gpu"
  cluster                  = local.node_cluster
  node_networking          = module.addons.node_networking
  subnet_ids               = local.gpu_subnet_ids
  instance_type            = var.gpu_instance_type
  ami_type                 = "AL2023_x86_64_NVIDIA"
  ami_id                   = var.gpu_ami_id
  size                     = { min = var.gpu_min_size, desired = var.gpu_desired_size, max = var.gpu_max_size }
  disk_size_gb             = var.gpu_disk_size_gb
  kms_key_arn              = module.encryption.key_arns["volumes"]
  capacity                 = { kind = var.gpu_capacity, reservation_id = var.gpu_capacity_reservation_id }
  labels                   = { "springboard/node-group" = "gpu" }
  taints                   = [{ key = "nvidia.com/gpu", value = "true", effect = "NO_SCHEDULE" }]
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = local.partition

  # The other strategy asks for two more nodes before it ends an old one.
  update_strategy = "MINIMAL"
}

module "web_nodes" {
  count  = var.enable_web_node_group ? 1 : 0
  source = "../modules/node_group"

  address                  = "module.web_nodes/0"
  deployment_name          = var.deployment_name
  tags                     = var.tags
  name                     = "${var.deployment_name}-web"
  cluster                  = local.node_cluster
  node_networking          = module.addons.node_networking
  subnet_ids               = local.worker_subnet_ids
  instance_type            = var.web_instance_type
  ami_type                 = "AL2023_x86_64_STANDARD"
  ami_id                   = var.cpu_ami_id
  size                     = { min = var.web_min_size, desired = var.web_desired_size, max = var.web_max_size }
  disk_size_gb             = var.web_disk_size_gb
  kms_key_arn              = module.encryption.key_arns["volumes"]
  labels                   = { "springboard/node-group" = "web" }
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = local.partition
}
