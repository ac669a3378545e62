output "user_pool_id" {
  description = "The id of the user pool."
  value       = aws_cognito_user_pool.this.id
}

output "user_pool_endpoint" {
  description = "The issuer of the user pool, which the Console calls the provider URL."
  value       = "https://${aws_cognito_user_pool.this.endpoint}"
}

output "user_pool_client_id" {
  description = "The id of the client."
  value       = aws_cognito_user_pool_client.this.id
}

output "user_pool_client_secret" {
  description = "The secret of the client."
  value       = aws_cognito_user_pool_client.this.client_secret
  sensitive   = true
}

output "hosted_domain" {
  description = "The host name of the pages where users log in."
  value       = "${aws_cognito_user_pool_domain.this.domain}.auth.${var.region}.amazoncognito.com"
}
