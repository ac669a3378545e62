# One VPC with three subnet tiers: public (NAT gateways, load balancer), worker (nodes, database) and control plane
# (the interfaces that EKS puts there).

data "aws_availability_zones" "this" {
  count = length(var.availability_zones) == 0 ? 1 : 0

  state = "available"

  # These zones cannot host a control plane.
  exclude_zone_ids = ["use1-az3", "usw1-az2", "cac1-az3"]

  # Local and Wavelength zones have to be opted into; a deployment never lies in one.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

locals {
  offered_zones = try(sort(data.aws_availability_zones.this[0].names), [])
  first_zones   = slice(local.offered_zones, 0, min(var.availability_zone_count, length(local.offered_zones)))

  # GPU capacity lies in one zone. When that is none of the first, it takes the place of the last of them.
  needs_place  = var.required_availability_zone != null && !contains(local.first_zones, coalesce(var.required_availability_zone, "-"))
  chosen_zones = local.needs_place ? concat(slice(local.first_zones, 0, max(length(local.first_zones) - 1, 0)), [var.required_availability_zone]) : local.first_zones
  zones        = length(var.availability_zones) > 0 ? var.availability_zones : local.chosen_zones

  # Room for three zones is set aside whatever their number, so that a third zone can be added without renumbering.
  # A /16 gives workers /19, public subnets /24 and the control plane /27.
  prefix             = tonumber(split("/", var.vpc_cidr)[1])
  worker_bits        = 3
  public_bits        = min(8, 27 - local.prefix)
  control_plane_bits = 27 - local.prefix
  blocks = cidrsubnets(var.vpc_cidr,
    local.worker_bits, local.worker_bits, local.worker_bits,
    local.public_bits, local.public_bits, local.public_bits,
    local.control_plane_bits, local.control_plane_bits, local.control_plane_bits,
  )

  worker_cidrs        = { for index, zone in local.zones : zone => local.blocks[index] }
  public_cidrs        = { for index, zone in local.zones : zone => local.blocks[3 + index] }
  control_plane_cidrs = { for index, zone in local.zones : zone => local.blocks[6 + index] }

  nat_zones = var.nat == "none" ? [] : var.nat == "single" ? slice(local.zones, 0, 1) : local.zones

  cluster_tag = { "kubernetes.io/cluster/${var.cluster_name}" = "shared" }
}

resource "aws_vpc" "this" {
  cidr_block           = var.vpc_cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = {
    Name                  = var.name
    "springboard:address" = "${var.address}.aws_vpc.this"
  }
}

# The default security group lets everything in that is in it; without rules nothing can use it by accident.
resource "aws_default_security_group" "this" {
  vpc_id = aws_vpc.this.id

  tags = {
    Name                  = "${var.name}-default-unused"
    "springboard:address" = "${var.address}.aws_default_security_group.this"
  }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = {
    Name                  = var.name
    "springboard:address" = "${var.address}.aws_internet_gateway.this"
  }
}
