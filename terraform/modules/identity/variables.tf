variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "name" {
  description = "The name that the roles begin with."
  type        = string
}

variable "partition" {
  description = "The AWS partition."
  type        = string
}

variable "region" {
  description = "The AWS region."
  type        = string
}

variable "account_id" {
  description = "The id of the account."
  type        = string
}

variable "dns_suffix" {
  description = "The domain that the services of the partition end with."
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

variable "permissions_boundary_arn" {
  description = "The ARN of the policy that bounds every role; null for none."
  type        = string
}

variable "kms_key_arns" {
  description = "The ARNs of the keys, by use."
  type = object({
    database    = string
    storage     = string
    volumes     = string
    application = string
  })
}

variable "data_bucket_arn" {
  description = "The ARN of the data bucket."
  type        = string
}

variable "database_secret_arn" {
  description = "The ARN of the secret that holds the master password of the database."
  type        = string
}

variable "models" {
  description = "The bucket that checkpoints are read from and its key, if it has one; null without local inference."
  type = object({
    bucket_arn  = string
    kms_key_arn = optional(string)
  })
}

variable "enable_load_balancer_controller" {
  description = "Whether the AWS Load Balancer Controller gets a role."
  type        = bool
}

variable "enable_marketplace_metering" {
  description = "Whether core-api may report usage to the AWS Marketplace."
  type        = bool
}

variable "enable_bedrock" {
  description = "Whether core-api may list and invoke the foundation models of Bedrock."
  type        = bool
}
