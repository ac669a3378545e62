variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "name" {
  description = "The name that the aliases of the keys begin with."
  type        = string
}

variable "account_id" {
  description = "The id of the account that owns the keys."
  type        = string
}

variable "partition" {
  description = "The AWS partition."
  type        = string
}

variable "dns_suffix" {
  description = "The domain that service principals of the partition end with."
  type        = string
}

variable "region" {
  description = "The AWS region of the keys."
  type        = string
}

variable "deletion_window_days" {
  description = "For how many days a deleted key can still be restored."
  type        = number
}

variable "cluster_name" {
  description = "The name of the cluster whose log groups the cluster key encrypts."
  type        = string
}

variable "database_identifier" {
  description = "The identifier of the database whose log groups the database key encrypts."
  type        = string
}

variable "create_autoscaling_service_linked_role" {
  description = "Whether to create the service-linked role of EC2 Auto Scaling, which the key of the volumes names."
  type        = bool
}
