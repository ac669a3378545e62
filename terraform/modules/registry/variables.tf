variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "namespace" {
  description = "What the names of the repositories begin with, without slash."
  type        = string
}

variable "images" {
  description = "The names of the images."
  type        = set(string)
}

variable "kms_key_arn" {
  description = "The ARN of the key for image layers."
  type        = string
}

variable "force_delete" {
  description = "Whether repositories are deleted with the images in them."
  type        = bool
}
