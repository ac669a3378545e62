variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "identifier" {
  description = "The identifier of the database instance."
  type        = string
}

variable "vpc_id" {
  description = "The id of the VPC."
  type        = string
}

variable "subnet_ids" {
  description = "The ids of the subnets, in at least two zones."
  type        = list(string)
}

variable "client_security_group_id" {
  description = "The id of the security group whose members may connect."
  type        = string
}

variable "instance_class" {
  description = "The instance class."
  type        = string
}

variable "engine_version" {
  description = "The PostgreSQL version, major or full."
  type        = string
}

variable "multi_az" {
  description = "Whether there is a standby in a second zone."
  type        = bool
}

variable "storage" {
  description = "The initial and the greatest storage in GB."
  type = object({
    initial_gb = number
    maximum_gb = number
  })
}

variable "backup_retention_days" {
  description = "For how many days automatic backups are kept."
  type        = number
}

variable "database_name" {
  description = "The name of the database on the server."
  type        = string
}

variable "username" {
  description = "The master user."
  type        = string
}

variable "kms_key_arn" {
  description = "The ARN of the key for storage, insights, logs and the master password."
  type        = string
}

variable "log_retention_days" {
  description = "For how many days the logs of the database are kept."
  type        = number
}

variable "deletion_protection" {
  description = "Whether the database refuses to be deleted."
  type        = bool
}

variable "final_snapshot_identifier" {
  description = "The name of the snapshot taken when the database is deleted."
  type        = string
}
