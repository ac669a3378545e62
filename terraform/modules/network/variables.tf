variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "name" {
  description = "The name that network objects begin with."
  type        = string
}

variable "region" {
  description = "The AWS region, from which the name of the S3 endpoint service is made."
  type        = string
}

variable "cluster_name" {
  description = "The name of the cluster that the subnets are tagged for."
  type        = string
}

variable "vpc_cidr" {
  description = "The IPv4 range of the VPC, with a prefix from /16 to /20."
  type        = string
}

variable "availability_zones" {
  description = "The names of the zones to use; when empty, the first ones of the region that can host a control plane."
  type        = list(string)
}

variable "availability_zone_count" {
  description = "The number of zones to choose when none are named."
  type        = number
}

variable "required_availability_zone" {
  description = "A zone that has to be among the chosen ones; null for none."
  type        = string
}

variable "nat" {
  description = "How private subnets reach the internet: `per-zone`, `single` or `none`."
  type        = string

  validation {
    condition     = contains(["per-zone", "single", "none"], var.nat)
    error_message = "NAT must be per-zone, single or none."
  }
}
