output "arn" {
  description = "The ARN of the role, known when its policies are in place."
  value       = aws_iam_role.this.arn

  depends_on = [aws_iam_role_policy_attachment.this, aws_iam_role_policy.this]
}

output "name" {
  description = "The name of the role."
  value       = aws_iam_role.this.name
}

output "permissions_boundary" {
  description = "The ARN of the policy that bounds the role, null for none."
  value       = aws_iam_role.this.permissions_boundary
}

output "assume_role_policy" {
  description = "The trust policy of the role, as JSON."
  value       = aws_iam_role.this.assume_role_policy
}

output "policies" {
  description = "The policies written out for the role, as JSON, by name."
  value       = { for name, policy in aws_iam_role_policy.this : name => policy.policy }
}
