# Every role of the deployment is made here, so that none can be made without the permissions boundary.

resource "aws_iam_role" "this" {
  name                 = var.name
  description          = var.description
  assume_role_policy   = var.assume_role_policy
  permissions_boundary = var.permissions_boundary_arn

  # A policy that somebody attached by hand must not keep the role from being deleted.
  force_detach_policies = true

  tags = {
    "springboard:address" = "${var.address}.aws_iam_role.this"
  }
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each = var.managed_policies

  role       = aws_iam_role.this.name
  policy_arn = "arn:${var.partition}:iam::aws:policy/${each.value}"
}

resource "aws_iam_role_policy" "this" {
  for_each = var.policies

  name   = each.key
  role   = aws_iam_role.this.name
  policy = each.value
}
