# EKS makes the entries of the node roles by itself, and that of the creator when asked to; an entry of ours for one of
# them would collide.

resource "aws_eks_access_entry" "admin" {
  for_each = toset(var.admin_principal_arns)

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value
  type          = "STANDARD"

  tags = {
    # A tag value holds 256 characters; the longest ARN of a role leaves room for the rest.
    "springboard:address" = "${var.address}.aws_eks_access_entry.admin/${each.value}"
  }
}

resource "aws_eks_access_policy_association" "admin" {
  for_each = aws_eks_access_entry.admin

  cluster_name  = aws_eks_cluster.this.name
  principal_arn = each.value.principal_arn
  policy_arn    = "arn:${var.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}
