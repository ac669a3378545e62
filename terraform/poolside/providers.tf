provider "aws" {
  region = var.region

  # Every taggable resource also carries `springboard:address`, given where the resource stands.
  default_tags {
    tags = merge(var.tags, { "springboard:deployment" = var.deployment_name })
  }
}
