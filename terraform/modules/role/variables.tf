variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "name" {
  description = "The name of the role."
  type        = string

  validation {
    condition     = length(var.name) <= 64
    error_message = "IAM allows 64 characters for the name of a role."
  }
}

variable "description" {
  description = "Who takes on the role and what for."
  type        = string
}

variable "assume_role_policy" {
  description = "The trust policy of the role, as JSON."
  type        = string
}

variable "managed_policies" {
  description = "The AWS managed policies of the role, by path and name."
  type        = set(string)
  default     = []
}

variable "policies" {
  description = "The policies written out for the role, as JSON, by name."
  type        = map(string)
  default     = {}
}

variable "permissions_boundary_arn" {
  description = "The ARN of the policy that bounds the role; null for none. It has no default, so that no caller forgets it."
  type        = string
}

variable "partition" {
  description = "The AWS partition of the managed policies."
  type        = string
}
