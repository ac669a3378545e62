output "name" {
  description = "The name of the cluster."
  value       = aws_eks_cluster.this.name
}

output "arn" {
  description = "The ARN of the cluster."
  value       = aws_eks_cluster.this.arn
}

output "endpoint" {
  description = "The address of the Kubernetes API."
  value       = aws_eks_cluster.this.endpoint
}

output "certificate_authority_data" {
  description = "The certificate authority of the Kubernetes API, base64-encoded."
  value       = aws_eks_cluster.this.certificate_authority[0].data
}

output "version" {
  description = "The Kubernetes version of the control plane."
  value       = aws_eks_cluster.this.version
}

output "security_group_id" {
  description = "The id of the security group that EKS gives to the control plane and to all nodes."
  value       = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
}

output "oidc_issuer" {
  description = "The issuer of service account tokens, without scheme."
  value       = replace(aws_eks_cluster.this.identity[0].oidc[0].issuer, "https://", "")
}

output "oidc_provider_arn" {
  description = "The ARN of the OIDC provider."
  value       = aws_iam_openid_connect_provider.this.arn
}

output "role_arn" {
  description = "The ARN of the role of the control plane."
  value       = module.role.arn
}

output "log_group_name" {
  description = "The name of the log group of the control plane."
  value       = aws_cloudwatch_log_group.control_plane.name
}

output "permissions_boundary" {
  description = "The ARN of the policy that bounds the role of the control plane, null for none."
  value       = module.role.permissions_boundary
}
