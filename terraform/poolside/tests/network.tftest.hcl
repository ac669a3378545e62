# Three tiers over two or three zones, and the way out of them.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-west-2d", "us-west-2c", "us-west-2b", "us-west-2a"] }
  }
}

variables {
  address                    = "module.network"
  name                       = "acme"
  region                     = "us-west-2"
  cluster_name               = "acme"
  vpc_cidr                   = "10.0.0.0/16"
  availability_zones         = ["us-west-2a", "us-west-2b"]
  availability_zone_count    = 2
  required_availability_zone = null
  nat                        = "per-zone"
}

run "each_zone_gets_a_subnet_of_each_tier" {
  command = plan

  module {
    source = "../modules/network"
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.worker : zone => subnet.cidr_block } == { us-west-2a = "10.0.0.0/19", us-west-2b = "10.0.32.0/19" }
    error_message = "Workers must get a /19 in each zone."
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.public : zone => subnet.cidr_block } == { us-west-2a = "10.0.96.0/24", us-west-2b = "10.0.97.0/24" }
    error_message = "The public tier must get a /24 in each zone."
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.control_plane : zone => subnet.cidr_block } == { us-west-2a = "10.0.99.0/27", us-west-2b = "10.0.99.32/27" }
    error_message = "The control plane must get a /27 in each zone."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.map_public_ip_on_launch != true])
    error_message = "Nothing gets a public address by itself."
  }
}

run "a_third_zone_leaves_the_ranges_of_the_first_two_alone" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    availability_zones = ["us-west-2a", "us-west-2b", "us-west-2c"]
  }

  assert {
    condition     = { for zone, subnet in aws_subnet.worker : zone => subnet.cidr_block } == { us-west-2a = "10.0.0.0/19", us-west-2b = "10.0.32.0/19", us-west-2c = "10.0.64.0/19" }
    error_message = "The third zone must come behind the others."
  }
}

run "the_smallest_vpc_holds_three_tiers_over_three_zones" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    vpc_cidr           = "10.8.16.0/20"
    availability_zones = ["us-west-2a", "us-west-2b", "us-west-2c"]
  }

  assert {
    condition     = [for subnet in aws_subnet.worker : subnet.cidr_block] == ["10.8.16.0/23", "10.8.18.0/23", "10.8.20.0/23"]
    error_message = "Workers must get a /23 in each zone."
  }

  assert {
    condition     = [for subnet in aws_subnet.control_plane : subnet.cidr_block] == ["10.8.22.96/27", "10.8.22.128/27", "10.8.22.160/27"]
    error_message = "The control plane must get a /27 in each zone."
  }
}

run "subnets_carry_the_tags_by_which_load_balancers_are_placed" {
  command = plan

  module {
    source = "../modules/network"
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.public : subnet.tags["kubernetes.io/role/elb"] == "1" && subnet.tags["kubernetes.io/cluster/acme"] == "shared"])
    error_message = "Public subnets must carry the tags of internet-facing load balancers."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.worker : subnet.tags["kubernetes.io/role/internal-elb"] == "1" && subnet.tags["kubernetes.io/cluster/acme"] == "shared"])
    error_message = "Worker subnets must carry the tags of internal load balancers."
  }

  assert {
    condition     = alltrue([for subnet in aws_subnet.control_plane : length([for key in keys(subnet.tags) : key if startswith(key, "kubernetes.io/")]) == 0])
    error_message = "No load balancer belongs into the control-plane subnets."
  }
}

run "each_zone_goes_out_through_its_own_nat_gateway" {
  module {
    source = "../modules/network"
  }

  assert {
    condition     = alltrue([for zone, route in aws_route.worker_nat : route.nat_gateway_id == aws_nat_gateway.this[zone].id]) && length(aws_nat_gateway.this) == 2
    error_message = "Each zone must go out through its own gateway."
  }

  assert {
    condition     = alltrue([for zone, gateway in aws_nat_gateway.this : gateway.subnet_id == aws_subnet.public[zone].id])
    error_message = "NAT gateways must stand in public subnets of their zone."
  }

  assert {
    condition     = toset(aws_vpc_endpoint.s3.route_table_ids) == setunion([aws_route_table.public.id], [for table in aws_route_table.worker : table.id])
    error_message = "The S3 endpoint must serve public and worker subnets."
  }
}

run "all_zones_go_out_through_the_single_nat_gateway" {
  module {
    source = "../modules/network"
  }

  variables {
    nat = "single"
  }

  assert {
    condition     = keys(aws_nat_gateway.this) == ["us-west-2a"] && length(aws_eip.nat) == 1
    error_message = "There must be one gateway, in the first zone."
  }

  assert {
    condition     = alltrue([for route in aws_route.worker_nat : route.nat_gateway_id == aws_nat_gateway.this["us-west-2a"].id]) && length(aws_route.worker_nat) == 2
    error_message = "Each zone must go out through the one gateway."
  }
}

run "without_nat_private_subnets_have_no_way_out_of_ours" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    nat = "none"
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_eip.nat) == 0 && length(aws_route.worker_nat) == 0
    error_message = "There must be no gateway, no address and no default route."
  }

  assert {
    condition     = length(aws_route_table.worker) == 2
    error_message = "Each zone must keep its route table for a way out of the operator's own."
  }
}

run "the_first_zones_of_the_region_are_chosen_when_none_are_named" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    availability_zones = []
  }

  assert {
    condition     = output.availability_zones == tolist(["us-west-2a", "us-west-2b"])
    error_message = "The first two zones must be chosen, whatever order they are offered in."
  }

  assert {
    condition     = data.aws_availability_zones.this[0].exclude_zone_ids == toset(["use1-az3", "usw1-az2", "cac1-az3"])
    error_message = "Zones that cannot host a control plane must be left out."
  }
}

run "the_zone_of_the_gpu_capacity_takes_the_place_of_the_last_chosen_one" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    availability_zones         = []
    availability_zone_count    = 3
    required_availability_zone = "us-west-2d"
  }

  assert {
    condition     = output.availability_zones == tolist(["us-west-2a", "us-west-2b", "us-west-2d"])
    error_message = "The GPU zone must be among the chosen ones."
  }
}

run "the_zone_of_the_gpu_capacity_changes_nothing_when_it_is_chosen_anyway" {
  command = plan

  module {
    source = "../modules/network"
  }

  variables {
    availability_zones         = []
    required_availability_zone = "us-west-2a"
  }

  assert {
    condition     = output.availability_zones == tolist(["us-west-2a", "us-west-2b"])
    error_message = "The first two zones must be chosen."
  }
}

run "the_vpc_resolves_names" {
  command = plan

  module {
    source = "../modules/network"
  }

  assert {
    condition     = aws_vpc.this.enable_dns_hostnames && aws_vpc.this.enable_dns_support
    error_message = "EKS needs DNS names in the VPC."
  }
}
