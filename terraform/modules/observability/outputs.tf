output "log_group_name" {
  description = "The name of the log group of workloads."
  value       = aws_cloudwatch_log_group.workloads.name
}

output "role_arn" {
  description = "The ARN of the role of the log collector."
  value       = module.collector.arn
}

output "permissions_boundary" {
  description = "The ARN of the policy that bounds the role of the log collector, null for none."
  value       = module.collector.permissions_boundary
}
