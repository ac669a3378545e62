resource "aws_eip" "nat" {
  for_each = toset(local.nat_zones)

  domain = "vpc"

  tags = {
    Name                  = "${var.name}-nat-${each.key}"
    "springboard:address" = "${var.address}.aws_eip.nat/${each.key}"
  }

  # An address can be mapped only while the VPC has its gateway, and the gateway goes only when no address is mapped.
  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  for_each = toset(local.nat_zones)

  allocation_id = aws_eip.nat[each.key].id
  subnet_id     = aws_subnet.public[each.key].id

  tags = {
    Name                  = "${var.name}-${each.key}"
    "springboard:address" = "${var.address}.aws_nat_gateway.this/${each.key}"
  }

  # A NAT gateway without a public route cannot reach anything.
  depends_on = [aws_route.public_internet, aws_route_table_association.public]
}

resource "aws_route" "worker_nat" {
  for_each = var.nat == "none" ? {} : local.worker_cidrs

  route_table_id         = aws_route_table.worker[each.key].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[var.nat == "single" ? local.nat_zones[0] : each.key].id
}

# Image layers and checkpoints come from S3; over the gateway endpoint they cost nothing and bypass NAT.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  vpc_endpoint_type = "Gateway"
  service_name      = "com.amazonaws.${var.region}.s3"
  route_table_ids   = concat([aws_route_table.public.id], [for table in aws_route_table.worker : table.id])

  tags = {
    Name                  = "${var.name}-s3"
    "springboard:address" = "${var.address}.aws_vpc_endpoint.s3"
  }
}
