variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "name" {
  description = "The name of the user pool and its client."
  type        = string
}

variable "region" {
  description = "The AWS region of the pool."
  type        = string
}

variable "domain_prefix" {
  description = "The prefix of the hosted domain."
  type        = string
}

variable "public_hostname" {
  description = "The public DNS name of the platform."
  type        = string
}

variable "deletion_protection" {
  description = "Whether the pool, and with it every user, refuses to be deleted."
  type        = bool
}
