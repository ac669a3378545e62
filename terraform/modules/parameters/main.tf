# Facts of the deployment for other tools of the account. They are no secrets, and plain parameters cannot be encrypted
# with a key of ours.

resource "aws_ssm_parameter" "this" {
  for_each = var.facts

  name           = "${var.prefix}/${each.key}"
  description    = "A fact of the deployment, written by Terraform."
  type           = "String"
  insecure_value = each.value

  tags = {
    "springboard:address" = "${var.address}.aws_ssm_parameter.this/${each.key}"
  }
}
