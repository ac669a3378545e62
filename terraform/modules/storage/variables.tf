variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "data_bucket_name" {
  description = "The name of the data bucket."
  type        = string
}

variable "access_logs_bucket_name" {
  description = "The name of the bucket for access logs."
  type        = string
}

variable "models_bucket_name" {
  description = "The name of the models bucket; null when there is none."
  type        = string
}

variable "account_id" {
  description = "The id of the account that owns the buckets."
  type        = string
}

variable "partition" {
  description = "The AWS partition."
  type        = string
}

variable "kms_key_arn" {
  description = "The ARN of the key for objects."
  type        = string
}

variable "access_log_retention_days" {
  description = "For how many days access logs are kept."
  type        = number
}

variable "force_destroy" {
  description = "Whether buckets are deleted with what is in them."
  type        = bool
}
