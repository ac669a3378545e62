variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "cluster_name" {
  description = "The name of the cluster."
  type        = string
}

variable "oidc_provider_arn" {
  description = "The ARN of the OIDC provider of the cluster."
  type        = string
}

variable "oidc_issuer" {
  description = "The issuer of service account tokens, without scheme."
  type        = string
}

variable "service_account" {
  description = "The service account of the log collector, as `namespace:name`."
  type        = string
  default     = "kube-system:aws-for-fluent-bit"
}

variable "log_retention_days" {
  description = "For how many days the logs of workloads are kept."
  type        = number
}

variable "kms_key_arn" {
  description = "The ARN of the key for logs."
  type        = string
}

variable "permissions_boundary_arn" {
  description = "The ARN of the policy that bounds the role; null for none."
  type        = string
}

variable "partition" {
  description = "The AWS partition."
  type        = string
}
