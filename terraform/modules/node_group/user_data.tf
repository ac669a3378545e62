# With an own image EKS adds nothing to the user data: what a node needs to join, its labels and its taints all stand
# here. Without one there is no user data at all, and EKS does it.

locals {
  taint_effects = {
    NO_SCHEDULE        = "NoSchedule"
    NO_EXECUTE         = "NoExecute"
    PREFER_NO_SCHEDULE = "PreferNoSchedule"
  }

  node_labels = merge(var.labels, {
    "eks.amazonaws.com/nodegroup"       = var.name
    "eks.amazonaws.com/nodegroup-image" = coalesce(var.ami_id, "none")
    "eks.amazonaws.com/capacityType"    = local.capacity_block ? "CAPACITY_BLOCK" : "ON_DEMAND"
  })

  kubelet_flags = compact([
    "--node-labels=${join(",", [for key, value in local.node_labels : "${key}=${value}"])}",
    length(var.taints) == 0 ? "" : "--register-with-taints=${join(",", [for taint in var.taints : "${taint.key}=${taint.value}:${local.taint_effects[taint.effect]}"])}",
  ])

  node_config = yamlencode({
    apiVersion = "node.eks.aws/v1alpha1"
    kind       = "NodeConfig"
    spec = {
      cluster = {
        name                 = var.cluster.name
        apiServerEndpoint    = var.cluster.endpoint
        certificateAuthority = var.cluster.certificate_authority_data
        cidr                 = var.cluster.service_cidr
      }
      kubelet = {
        flags = local.kubelet_flags
      }
    }
  })

  user_data = <<-MIME
    MIME-Version: 1.0
    Content-Type: multipart/mixed; boundary="//"

    --//
    Content-Type: application/node.eks.aws

    ${local.node_config}
    --//--
  MIME
}
