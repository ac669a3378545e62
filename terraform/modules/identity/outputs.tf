locals {
  # What is switched off has no entry.
  roles = merge(
    {
      core_api         = module.core_api
      ebs_csi          = module.ebs_csi
      external_secrets = module.external_secrets
      vpc_cni          = module.vpc_cni
    },
    { for role in module.inference : "inference" => role },
    { for role in module.load_balancer_controller : "load_balancer_controller" => role },
  )
}

output "vpc_cni_role_arn" {
  description = "The ARN of the role of the VPC CNI."
  value       = module.vpc_cni.arn
}

output "ebs_csi_role_arn" {
  description = "The ARN of the role of the EBS CSI driver."
  value       = module.ebs_csi.arn
}

output "role_arns" {
  description = "The ARNs of the roles, by workload."
  value       = { for workload, role in local.roles : workload => role.arn }
}

output "permissions_boundaries" {
  description = "The ARNs of the policies that bound the roles, by workload."
  value       = { for workload, role in local.roles : workload => role.permissions_boundary }
}

output "trust_policies" {
  description = "The trust policies of the roles, as JSON, by workload."
  value       = { for workload, role in local.roles : workload => role.assume_role_policy }
}

output "policies" {
  description = "The policies written out for the roles, as JSON, by workload and name."
  value       = { for workload, role in local.roles : workload => role.policies }
}
