# The six managed add-ons. Networking comes before any node, because a node without it never becomes ready; what runs
# as a Deployment comes after the CPU nodes, because it never becomes active without them.

# ---------------------------------------------------------------------------------------------------------------------
# Before nodes
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_eks_addon" "vpc_cni" {
  cluster_name                = var.cluster_name
  addon_name                  = "vpc-cni"
  addon_version               = var.versions.vpc_cni
  service_account_role_arn    = var.vpc_cni_role_arn
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  tags = {
    "springboard:address" = "${var.address}.aws_eks_addon.vpc_cni"
  }
}

resource "aws_eks_addon" "kube_proxy" {
  cluster_name                = var.cluster_name
  addon_name                  = "kube-proxy"
  addon_version               = var.versions.kube_proxy
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  tags = {
    "springboard:address" = "${var.address}.aws_eks_addon.kube_proxy"
  }
}

# ---------------------------------------------------------------------------------------------------------------------
# After nodes
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_eks_addon" "coredns" {
  cluster_name                = var.cluster_name
  addon_name                  = "coredns"
  addon_version               = var.versions.coredns
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  tags = {
    "springboard:address" = "${var.address}.aws_eks_addon.coredns"
  }

  depends_on = [var.node_group_arn]
}

resource "aws_eks_addon" "metrics_server" {
  cluster_name                = var.cluster_name
  addon_name                  = "metrics-server"
  addon_version               = var.versions.metrics_server
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  tags = {
    "springboard:address" = "${var.address}.aws_eks_addon.metrics_server"
  }

  depends_on = [var.node_group_arn]
}

resource "aws_eks_addon" "snapshot_controller" {
  cluster_name                = var.cluster_name
  addon_name                  = "snapshot-controller"
  addon_version               = var.versions.snapshot_controller
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  tags = {
    "springboard:address" = "${var.address}.aws_eks_addon.snapshot_controller"
  }

  depends_on = [var.node_group_arn]
}

resource "aws_eks_addon" "ebs_csi" {
  cluster_name                = var.cluster_name
  addon_name                  = "aws-ebs-csi-driver"
  addon_version               = var.versions.ebs_csi
  service_account_role_arn    = var.ebs_csi_role_arn
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "PRESERVE"

  tags = {
    "springboard:address" = "${var.address}.aws_eks_addon.ebs_csi"
  }

  # The driver looks for the definitions of snapshots when it starts; the snapshot controller brings them.
  depends_on = [aws_eks_addon.snapshot_controller]
}
