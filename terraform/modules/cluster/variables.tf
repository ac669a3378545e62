variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "name" {
  description = "The name of the cluster."
  type        = string
}

variable "kubernetes_version" {
  description = "The Kubernetes version of the control plane."
  type        = string
}

variable "support_type" {
  description = "What happens at the end of standard support: `EXTENDED` or `STANDARD`."
  type        = string
}

variable "subnet_ids" {
  description = "The ids of the subnets that hold the interfaces of the control plane."
  type        = list(string)
}

variable "service_cidr" {
  description = "The IPv4 range of Kubernetes services."
  type        = string
}

variable "endpoint_public_access" {
  description = "Whether the API has a public endpoint beside the private one."
  type        = bool
}

variable "endpoint_public_access_cidrs" {
  description = "The ranges that may reach the public endpoint."
  type        = list(string)
}

variable "admin_principal_arns" {
  description = "The ARNs of the roles and users that administer the cluster beside its creator."
  type        = list(string)
}

variable "bootstrap_creator_admin_permissions" {
  description = "Whether the creator administers the cluster."
  type        = bool
}

variable "log_types" {
  description = "The control-plane logs that are kept."
  type        = list(string)
}

variable "log_retention_days" {
  description = "For how many days control-plane logs are kept."
  type        = number
}

variable "kms_key_arn" {
  description = "The ARN of the key for secrets and logs."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the cluster refuses to be deleted."
  type        = bool
}

variable "permissions_boundary_arn" {
  description = "The ARN of the policy that bounds the role; null for none."
  type        = string
}

variable "partition" {
  description = "The AWS partition."
  type        = string
}
