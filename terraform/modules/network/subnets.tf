# ---------------------------------------------------------------------------------------------------------------------
# Public
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_subnet" "public" {
  for_each = local.public_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = merge(local.cluster_tag, {
    Name                     = "${var.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
    "springboard:address"    = "${var.address}.aws_subnet.public/${each.key}"
  })
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id

  tags = {
    Name                  = "${var.name}-public"
    "springboard:address" = "${var.address}.aws_route_table.public"
  }
}

resource "aws_route" "public_internet" {
  route_table_id         = aws_route_table.public.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.this.id
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

# ---------------------------------------------------------------------------------------------------------------------
# Worker
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_subnet" "worker" {
  for_each = local.worker_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = merge(local.cluster_tag, {
    Name                              = "${var.name}-worker-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
    "springboard:address"             = "${var.address}.aws_subnet.worker/${each.key}"
  })
}

resource "aws_route_table" "worker" {
  for_each = local.worker_cidrs

  vpc_id = aws_vpc.this.id

  tags = {
    Name                  = "${var.name}-worker-${each.key}"
    "springboard:address" = "${var.address}.aws_route_table.worker/${each.key}"
  }
}

resource "aws_route_table_association" "worker" {
  for_each = aws_subnet.worker

  subnet_id      = each.value.id
  route_table_id = aws_route_table.worker[each.key].id
}

# ---------------------------------------------------------------------------------------------------------------------
# Control plane
# ---------------------------------------------------------------------------------------------------------------------

resource "aws_subnet" "control_plane" {
  for_each = local.control_plane_cidrs

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = each.value

  tags = {
    Name                  = "${var.name}-control-plane-${each.key}"
    "springboard:address" = "${var.address}.aws_subnet.control_plane/${each.key}"
  }
}

# The interfaces of the control plane talk to nodes only; their subnets have no way out.
resource "aws_route_table" "control_plane" {
  vpc_id = aws_vpc.this.id

  tags = {
    Name                  = "${var.name}-control-plane"
    "springboard:address" = "${var.address}.aws_route_table.control_plane"
  }
}

resource "aws_route_table_association" "control_plane" {
  for_each = aws_subnet.control_plane

  subnet_id      = each.value.id
  route_table_id = aws_route_table.control_plane.id
}
