output "identifier" {
  description = "The identifier of the database instance."
  value       = aws_db_instance.this.identifier
}

output "arn" {
  description = "The ARN of the database instance."
  value       = aws_db_instance.this.arn
}

output "address" {
  description = "The host name of the database."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "The port of the database."
  value       = aws_db_instance.this.port
}

output "database_name" {
  description = "The name of the database on the server."
  value       = aws_db_instance.this.db_name
}

output "username" {
  description = "The master user."
  value       = aws_db_instance.this.username
}

output "master_secret_arn" {
  description = "The ARN of the secret that holds the master password."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "security_group_id" {
  description = "The id of the security group of the database."
  value       = aws_security_group.this.id
}

output "log_group_names" {
  description = "The names of the log groups of the database."
  value       = [for group in aws_cloudwatch_log_group.this : group.name]
}
