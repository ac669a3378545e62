locals {
  registry = "${local.account_id}.dkr.ecr.${var.region}.${local.dns_suffix}"
}

# ---------------------------------------------------------------------------------------------------------------------
# Deployment
# ---------------------------------------------------------------------------------------------------------------------

output "deployment_name" {
  description = "The name of the deployment."
  value       = var.deployment_name
}

output "profile" {
  description = "What is installed, `full` or `platform-only`."
  value       = var.profile
}

output "account_id" {
  description = "The id of the account."
  value       = local.account_id
}

output "partition" {
  description = "The AWS partition."
  value       = local.partition
}

output "region" {
  description = "The AWS region."
  value       = var.region
}

output "public_hostname" {
  description = "The public DNS name of the platform."
  value       = var.public_hostname
}

output "ingress_controller" {
  description = "How traffic enters, `alb` or `nginx`."
  value       = var.ingress_controller
}

output "acm_certificate_arn" {
  description = "The ARN of the certificate for the public hostname, null when none was given."
  value       = var.acm_certificate_arn
}

# ---------------------------------------------------------------------------------------------------------------------
# Network
# ---------------------------------------------------------------------------------------------------------------------

output "vpc_id" {
  description = "The id of the VPC."
  value       = module.network.vpc_id
}

output "vpc_cidr" {
  description = "The IPv4 range of the VPC."
  value       = var.vpc_cidr
}

output "availability_zones" {
  description = "The names of the zones in use."
  value       = module.network.availability_zones
}

output "subnet_ids" {
  description = "The ids of the subnets, by tier and zone."
  value = {
    public        = module.network.public_subnet_ids
    worker        = module.network.worker_subnet_ids
    control_plane = module.network.control_plane_subnet_ids
  }
}

output "subnet_cidrs" {
  description = "The ranges of the subnets, by tier and zone."
  value       = module.network.subnet_cidrs
}

output "worker_route_table_ids" {
  description = "The ids of the route tables of the worker subnets, by zone; without NAT gateways the operator's way out is added there."
  value       = module.network.worker_route_table_ids
}

output "nat_public_ips" {
  description = "The public addresses that pods and nodes go out with, by zone."
  value       = module.network.nat_public_ips
}

# ---------------------------------------------------------------------------------------------------------------------
# Cluster
# ---------------------------------------------------------------------------------------------------------------------

output "cluster_name" {
  description = "The name of the cluster."
  value       = module.cluster.name
}

output "cluster_arn" {
  description = "The ARN of the cluster."
  value       = module.cluster.arn
}

output "cluster_version" {
  description = "The Kubernetes version of the control plane."
  value       = module.cluster.version
}

output "cluster_endpoint" {
  description = "The address of the Kubernetes API."
  value       = module.cluster.endpoint
}

output "cluster_certificate_authority_data" {
  description = "The certificate authority of the Kubernetes API, base64-encoded."
  value       = module.cluster.certificate_authority_data
}

output "cluster_security_group_id" {
  description = "The id of the security group that the control plane and all nodes share."
  value       = module.cluster.security_group_id
}

output "service_cidr" {
  description = "The IPv4 range of Kubernetes services."
  value       = var.service_cidr
}

output "oidc_issuer" {
  description = "The issuer of service account tokens, without scheme."
  value       = module.cluster.oidc_issuer
}

output "oidc_provider_arn" {
  description = "The ARN of the OIDC provider of the cluster."
  value       = module.cluster.oidc_provider_arn
}

output "addon_versions" {
  description = "The versions of the managed add-ons, by name."
  value       = module.addons.versions
}

output "node_group_names" {
  description = "The names of the node groups, by kind."
  value = merge(
    { cpu = module.cpu_nodes.name },
    { for group in module.gpu_nodes : "gpu" => group.name },
    { for group in module.web_nodes : "web" => group.name },
  )
}

output "gpu" {
  description = "What is known of the GPU nodes: whether they exist, their type, number, capacity and zone."
  value = {
    enabled           = local.gpu
    instance_type     = var.gpu_instance_type
    desired_size      = local.gpu ? var.gpu_desired_size : 0
    capacity          = var.gpu_capacity
    reservation_id    = var.gpu_capacity_reservation_id
    availability_zone = var.gpu_availability_zone
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# Keys, roles, logs
# ---------------------------------------------------------------------------------------------------------------------

output "kms_key_arns" {
  description = "The ARNs of the keys, by use: cluster, database, storage, volumes, application."
  value       = module.encryption.key_arns
}

output "role_arns" {
  description = "The ARNs of the roles, by who takes them on; what is switched off has no entry."
  value = merge(
    {
      cluster   = module.cluster.role_arn
      cpu_nodes = module.cpu_nodes.role_arn
    },
    { for group in module.gpu_nodes : "gpu_nodes" => group.role_arn },
    { for group in module.web_nodes : "web_nodes" => group.role_arn },
    { for collector in module.observability : "log_collector" => collector.role_arn },
    module.identity.role_arns,
  )
}

output "log_group_names" {
  description = "The names of the log groups: cluster, database, and workloads when logs are collected."
  value = merge(
    {
      cluster  = [module.cluster.log_group_name]
      database = module.database.log_group_names
    },
    { for collector in module.observability : "workloads" => [collector.log_group_name] },
  )
}

output "parameter_names" {
  description = "The names of the entries in the Parameter Store, by fact; none unless they are switched on."
  value       = merge([for parameters in module.parameters : parameters.names]...)
}

# ---------------------------------------------------------------------------------------------------------------------
# Data
# ---------------------------------------------------------------------------------------------------------------------

output "database_identifier" {
  description = "The identifier of the database instance."
  value       = module.database.identifier
}

output "database_address" {
  description = "The host name of the database."
  value       = module.database.address
}

output "database_port" {
  description = "The port of the database."
  value       = module.database.port
}

output "database_name" {
  description = "The name of the database on the server."
  value       = module.database.database_name
}

output "database_username" {
  description = "The master user of the database."
  value       = module.database.username
}

output "database_master_secret_arn" {
  description = "The ARN of the secret that holds the master password."
  value       = module.database.master_secret_arn
}

output "bucket_names" {
  description = "The names of the buckets made here, by use: data, access_logs, and models when checkpoints are uploaded."
  value       = module.storage.bucket_names
}

output "models_bucket_name" {
  description = "The name of the bucket that holds checkpoints, made here or not; null without local inference."
  value       = !local.inference ? null : local.managed_models ? module.storage.bucket_names["models"] : var.external_models_bucket
}

output "registry" {
  description = "The host name of the image registry."
  value       = local.registry
}

output "repository_urls" {
  description = "The addresses of the image repositories, by image."
  value       = module.registry.repository_urls
}

# ---------------------------------------------------------------------------------------------------------------------
# Authentication
# ---------------------------------------------------------------------------------------------------------------------

output "cognito_user_pool_endpoint" {
  description = "The provider URL that the Console asks for; null with an external provider."
  value       = one(module.cognito[*].user_pool_endpoint)
}

output "cognito_user_pool_client_id" {
  description = "The client id that the Console asks for; null with an external provider."
  value       = one(module.cognito[*].user_pool_client_id)
}

output "cognito_user_pool_client_secret" {
  description = "The client secret that the Console asks for; null with an external provider."
  value       = one(module.cognito[*].user_pool_client_secret)
  sensitive   = true
}

output "cognito_user_pool_id" {
  description = "The id of the user pool; null with an external provider."
  value       = one(module.cognito[*].user_pool_id)
}

output "cognito_hosted_domain" {
  description = "The host name of the pages where users log in; null with an external provider."
  value       = one(module.cognito[*].hosted_domain)
}
