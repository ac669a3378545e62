output "names" {
  description = "The names of the parameters, by fact."
  value       = { for fact, parameter in aws_ssm_parameter.this : fact => parameter.name }
}
