variable "address" {
  description = "The address of this module as the tag `springboard:address` spells it."
  type        = string
}

variable "cluster_name" {
  description = "The name of the cluster."
  type        = string
}

variable "versions" {
  description = "Versions of the add-ons; null takes the default of the Kubernetes version."
  type = object({
    vpc_cni             = optional(string)
    kube_proxy          = optional(string)
    coredns             = optional(string)
    metrics_server      = optional(string)
    snapshot_controller = optional(string)
    ebs_csi             = optional(string)
  })
}

variable "vpc_cni_role_arn" {
  description = "The ARN of the role of the service account `kube-system/aws-node`."
  type        = string
}

variable "ebs_csi_role_arn" {
  description = "The ARN of the role of the service account `kube-system/ebs-csi-controller-sa`."
  type        = string
}

variable "node_group_arn" {
  description = "The ARN of the CPU node group, without which the add-ons that are Deployments cannot become active."
  type        = string
}
