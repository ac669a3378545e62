# The whole of AWS for one Poolside deployment: one root, one state, one provider. The two passes of a rollout differ by
# `enable_gpu` only. Nothing inside the cluster is made here.

data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  dns_suffix = data.aws_partition.this.dns_suffix

  cluster_name        = var.deployment_name
  database_identifier = var.deployment_name

  # Local inference brings checkpoints and GPU nodes; the latter wait for their pass.
  inference      = var.profile == "full"
  gpu            = local.inference && var.enable_gpu
  managed_models = local.inference && var.enable_model_s3_upload

  nat = !var.enable_nat_gateway ? "none" : var.single_nat_gateway ? "single" : "per-zone"
}

check "gpu_instance_type_meets_the_minimum" {
  assert {
    condition     = !local.inference || var.gpu_instance_type != "p5.48xlarge"
    error_message = "p5.48xlarge is below the minimum of the reference architecture, p5e.48xlarge: its GPUs have 80 GB instead of 141 GB of memory."
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Network and keys
# ---------------------------------------------------------------------------------------------------------------------

module "network" {
  source = "../modules/network"

  address                    = "module.network"
  name                       = var.deployment_name
  region                     = var.region
  cluster_name               = local.cluster_name
  vpc_cidr                   = var.vpc_cidr
  availability_zones         = var.availability_zones
  availability_zone_count    = var.availability_zone_count
  required_availability_zone = local.inference ? var.gpu_availability_zone : null
  nat                        = local.nat
}

module "encryption" {
  source = "../modules/encryption"

  address                                = "module.encryption"
  name                                   = var.deployment_name
  account_id                             = local.account_id
  partition                              = local.partition
  dns_suffix                             = local.dns_suffix
  region                                 = var.region
  deletion_window_days                   = var.kms_deletion_window_days
  cluster_name                           = local.cluster_name
  database_identifier                    = local.database_identifier
  create_autoscaling_service_linked_role = var.create_autoscaling_service_linked_role
}

# ---------------------------------------------------------------------------------------------------------------------
# Cluster
# ---------------------------------------------------------------------------------------------------------------------

module "cluster" {
  source = "../modules/cluster"

  address                             = "module.cluster"
  name                                = local.cluster_name
  kubernetes_version                  = var.kubernetes_version
  support_type                        = var.cluster_support_type
  subnet_ids                          = [for zone in module.network.availability_zones : module.network.control_plane_subnet_ids[zone]]
  service_cidr                        = var.service_cidr
  endpoint_public_access              = var.cluster_endpoint_public_access
  endpoint_public_access_cidrs        = var.cluster_endpoint_public_access_cidrs
  admin_principal_arns                = var.cluster_admin_principal_arns
  bootstrap_creator_admin_permissions = var.bootstrap_cluster_creator_admin_permissions
  log_types                           = var.cluster_log_types
  log_retention_days                  = var.log_retention_days
  kms_key_arn                         = module.encryption.key_arns["cluster"]
  deletion_protection                 = var.deletion_protection
  permissions_boundary_arn            = var.permissions_boundary_arn
  partition                           = local.partition
}

module "addons" {
  source = "../modules/addons"

  address          = "module.addons"
  cluster_name     = module.cluster.name
  versions         = var.addon_versions
  vpc_cni_role_arn = module.identity.vpc_cni_role_arn
  ebs_csi_role_arn = module.identity.ebs_csi_role_arn
  node_group_arn   = module.cpu_nodes.arn
}

# ---------------------------------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------------------------------

module "database" {
  source = "../modules/database"

  address                   = "module.database"
  identifier                = local.database_identifier
  vpc_id                    = module.network.vpc_id
  subnet_ids                = [for zone in module.network.availability_zones : module.network.worker_subnet_ids[zone]]
  client_security_group_id  = module.cluster.security_group_id
  instance_class            = var.database_instance_class
  engine_version            = var.database_engine_version
  multi_az                  = var.database_multi_az
  storage                   = { initial_gb = var.database_allocated_storage_gb, maximum_gb = var.database_max_allocated_storage_gb }
  backup_retention_days     = var.database_backup_retention_days
  database_name             = var.database_name
  username                  = var.database_username
  kms_key_arn               = module.encryption.key_arns["database"]
  log_retention_days        = var.log_retention_days
  deletion_protection       = var.deletion_protection
  final_snapshot_identifier = coalesce(var.database_final_snapshot_identifier, "${var.deployment_name}-final")
}

module "storage" {
  source = "../modules/storage"

  address                   = "module.storage"
  data_bucket_name          = coalesce(var.data_bucket_name, "${var.deployment_name}-data")
  access_logs_bucket_name   = coalesce(var.access_logs_bucket_name, "${var.deployment_name}-access-logs")
  models_bucket_name        = local.managed_models ? coalesce(var.models_bucket_name, "${var.deployment_name}-models") : null
  account_id                = local.account_id
  partition                 = local.partition
  kms_key_arn               = module.encryption.key_arns["storage"]
  access_log_retention_days = var.log_retention_days
  force_destroy             = var.force_destroy
}

module "registry" {
  source = "../modules/registry"

  address      = "module.registry"
  namespace    = var.deployment_name
  images       = toset(var.image_repositories)
  kms_key_arn  = module.encryption.key_arns["storage"]
  force_delete = var.force_destroy
}

# ---------------------------------------------------------------------------------------------------------------------
# Identity
# ---------------------------------------------------------------------------------------------------------------------

module "identity" {
  source = "../modules/identity"

  address                         = "module.identity"
  name                            = var.deployment_name
  partition                       = local.partition
  region                          = var.region
  account_id                      = local.account_id
  dns_suffix                      = local.dns_suffix
  oidc_provider_arn               = module.cluster.oidc_provider_arn
  oidc_issuer                     = module.cluster.oidc_issuer
  permissions_boundary_arn        = var.permissions_boundary_arn
  kms_key_arns                    = module.encryption.key_arns
  data_bucket_arn                 = module.storage.bucket_arns["data"]
  database_secret_arn             = module.database.master_secret_arn
  enable_load_balancer_controller = var.ingress_controller == "alb"
  enable_marketplace_metering     = var.enable_marketplace_metering
  enable_bedrock                  = var.enable_bedrock

  models = !local.inference ? null : local.managed_models ? {
    bucket_arn  = module.storage.bucket_arns["models"]
    kms_key_arn = module.encryption.key_arns["storage"]
    } : {
    bucket_arn  = "arn:${local.partition}:s3:::${var.external_models_bucket}"
    kms_key_arn = var.external_models_bucket_kms_key_arn
  }
}

module "cognito" {
  count  = var.enable_cognito ? 1 : 0
  source = "../modules/cognito"

  address             = "module.cognito/0"
  name                = var.deployment_name
  region              = var.region
  domain_prefix       = coalesce(var.cognito_domain_prefix, var.deployment_name)
  public_hostname     = var.public_hostname
  deletion_protection = var.deletion_protection
}

# ---------------------------------------------------------------------------------------------------------------------
# Options
# ---------------------------------------------------------------------------------------------------------------------

module "observability" {
  count  = var.enable_log_aggregation ? 1 : 0
  source = "../modules/observability"

  address                  = "module.observability/0"
  cluster_name             = local.cluster_name
  oidc_provider_arn        = module.cluster.oidc_provider_arn
  oidc_issuer              = module.cluster.oidc_issuer
  log_retention_days       = var.log_retention_days
  kms_key_arn              = module.encryption.key_arns["cluster"]
  permissions_boundary_arn = var.permissions_boundary_arn
  partition                = local.partition
}

module "parameters" {
  count  = var.enable_parameter_store ? 1 : 0
  source = "../modules/parameters"

  address = "module.parameters/0"
  prefix  = "/${var.deployment_name}"

  facts = {
    cluster-name        = module.cluster.name
    cluster-endpoint    = module.cluster.endpoint
    vpc-id              = module.network.vpc_id
    database-address    = module.database.address
    database-name       = module.database.database_name
    database-secret-arn = module.database.master_secret_arn
    data-bucket         = module.storage.bucket_names["data"]
    registry            = local.registry
    public-hostname     = var.public_hostname
  }
}
