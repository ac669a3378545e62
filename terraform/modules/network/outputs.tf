output "vpc_id" {
  description = "The id of the VPC."
  value       = aws_vpc.this.id
}

output "availability_zones" {
  description = "The names of the zones in use."
  value       = local.zones
}

output "public_subnet_ids" {
  description = "The ids of the public subnets, by zone."
  value       = { for zone, subnet in aws_subnet.public : zone => subnet.id }
}

output "worker_subnet_ids" {
  description = "The ids of the worker subnets, by zone."
  value       = { for zone, subnet in aws_subnet.worker : zone => subnet.id }

  # Whatever is put into these subnets needs their way out.
  depends_on = [aws_route_table_association.worker, aws_route.worker_nat, aws_vpc_endpoint.s3]
}

output "control_plane_subnet_ids" {
  description = "The ids of the control-plane subnets, by zone."
  value       = { for zone, subnet in aws_subnet.control_plane : zone => subnet.id }
}

output "worker_route_table_ids" {
  description = "The ids of the route tables of the worker subnets, by zone; a way out of one's own is added there."
  value       = { for zone, table in aws_route_table.worker : zone => table.id }
}

output "nat_public_ips" {
  description = "The public addresses that private subnets go out with, by zone."
  value       = { for zone, address in aws_eip.nat : zone => address.public_ip }
}

output "subnet_cidrs" {
  description = "The ranges of the subnets, by tier and zone."
  value = {
    public        = local.public_cidrs
    worker        = local.worker_cidrs
    control_plane = local.control_plane_cidrs
  }
}
