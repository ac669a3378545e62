variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "deployment_name" {
  description = "The name of the deployment, for the tags of instances and volumes, which do not get the default tags of the provider."
  type        = string
}

variable "tags" {
  description = "Further tags of instances and volumes."
  type        = map(string)
}

variable "name" {
  description = "The name of the node group."
  type        = string
}

variable "cluster" {
  description = "The facts of the cluster that a node needs to join."
  type = object({
    name                       = string
    version                    = string
    endpoint                   = string
    certificate_authority_data = string
    service_cidr               = string
  })
}

variable "node_networking" {
  description = "The ARNs of the add-ons that have to be there before any node."
  type        = list(string)
}

variable "subnet_ids" {
  description = "The ids of the subnets that nodes are launched into."
  type        = list(string)
}

variable "instance_type" {
  description = "The instance type of the nodes."
  type        = string
}

variable "ami_type" {
  description = "The kind of image that EKS recommends for the nodes."
  type        = string
}

variable "ami_id" {
  description = "An own Amazon Linux 2023 image; null for the one that EKS recommends."
  type        = string
}

variable "size" {
  description = "The least, the wanted and the greatest number of nodes."
  type = object({
    min     = number
    desired = number
    max     = number
  })
}

variable "disk_size_gb" {
  description = "The size in GB of the volume of a node."
  type        = number
}

variable "kms_key_arn" {
  description = "The ARN of the key for the volumes."
  type        = string
}

variable "capacity" {
  description = "Where instances come from: `on-demand`, `reservation` or `capacity-block`, the latter two with the id of the reservation."
  type = object({
    kind           = string
    reservation_id = optional(string)
  })
  default = { kind = "on-demand" }

  validation {
    condition     = contains(["on-demand", "reservation", "capacity-block"], var.capacity.kind)
    error_message = "The capacity must be on-demand, reservation or capacity-block."
  }

  validation {
    condition     = (var.capacity.kind == "on-demand") == (var.capacity.reservation_id == null)
    error_message = "A reservation and a Capacity Block need the id of the reservation, and on-demand has none."
  }
}

variable "labels" {
  description = "The labels of the nodes."
  type        = map(string)
}

variable "taints" {
  description = "The taints of the nodes."
  type = list(object({
    key    = string
    value  = string
    effect = string
  }))
  default = []

  validation {
    condition     = alltrue([for taint in var.taints : contains(["NO_SCHEDULE", "NO_EXECUTE", "PREFER_NO_SCHEDULE"], taint.effect)])
    error_message = "The effect of a taint must be NO_SCHEDULE, NO_EXECUTE or PREFER_NO_SCHEDULE."
  }
}

variable "update_strategy" {
  description = "How nodes are replaced: `DEFAULT` launches new ones first, `MINIMAL` ends old ones first."
  type        = string
  default     = "DEFAULT"
}

variable "permissions_boundary_arn" {
  description = "The ARN of the policy that bounds the role; null for none."
  type        = string
}

variable "partition" {
  description = "The AWS partition."
  type        = string
}
