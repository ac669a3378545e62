output "node_networking" {
  description = "The ARNs of the add-ons that have to be there before any node."
  value       = [aws_eks_addon.vpc_cni.arn, aws_eks_addon.kube_proxy.arn]
}

output "versions" {
  description = "The versions of the add-ons, by name."
  value = {
    for addon in [
      aws_eks_addon.vpc_cni,
      aws_eks_addon.kube_proxy,
      aws_eks_addon.coredns,
      aws_eks_addon.metrics_server,
      aws_eks_addon.snapshot_controller,
      aws_eks_addon.ebs_csi,
    ] : addon.addon_name => addon.addon_version
  }
}
