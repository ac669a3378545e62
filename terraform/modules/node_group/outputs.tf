output "name" {
  description = "The name of the node group."
  value       = one(concat(aws_eks_node_group.this[*].node_group_name, aws_eks_node_group.capacity_block[*].node_group_name))
}

output "arn" {
  description = "The ARN of the node group, known when its nodes have joined."
  value       = one(concat(aws_eks_node_group.this[*].arn, aws_eks_node_group.capacity_block[*].arn))
}

output "role_arn" {
  description = "The ARN of the role of the instances."
  value       = module.role.arn
}

output "launch_template_id" {
  description = "The id of the launch template."
  value       = aws_launch_template.this.id
}

output "user_data" {
  description = "The user data of the launch template as plain text, null when EKS provides it."
  value       = var.ami_id == null ? null : local.user_data
}

output "capacity_type" {
  description = "How EKS asks for instances, `ON_DEMAND` or `CAPACITY_BLOCK`."
  value       = one(concat(aws_eks_node_group.this[*].capacity_type, aws_eks_node_group.capacity_block[*].capacity_type))
}

output "subnet_ids" {
  description = "The ids of the subnets that nodes are launched into."
  value       = var.subnet_ids
}

output "permissions_boundary" {
  description = "The ARN of the policy that bounds the role of the instances, null for none."
  value       = module.role.permissions_boundary
}
