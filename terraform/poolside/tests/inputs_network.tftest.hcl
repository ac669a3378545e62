# What the inputs of the root refuse: the network. The module of each run has the inputs of the root and nothing
# else (its `variables.tf` is a link), so that a run costs no plan of the whole root.

variables {
  deployment_name                      = "acme"
  region                               = "us-west-2"
  public_hostname                      = "poolside.example.com"
  cluster_endpoint_public_access_cidrs = ["198.18.7.4/32"]
}

run "a_service_range_beside_the_vpc_range_is_accepted" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    vpc_cidr     = "172.20.0.0/16"
    service_cidr = "172.21.0.0/16"
  }
}

run "three_named_zones_of_the_region_are_accepted" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones = ["us-west-2d", "us-west-2a", "us-west-2c"]
  }
}

run "a_vpc_range_that_is_no_range_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    vpc_cidr = "10.0.0.0"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_vpc_range_that_does_not_begin_with_its_first_address_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    vpc_cidr = "10.0.0.1/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_vpc_range_that_is_too_small_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    vpc_cidr = "10.0.0.0/21"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_vpc_range_that_is_too_large_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    vpc_cidr = "10.0.0.0/15"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_vpc_range_on_the_container_bridge_of_the_nodes_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    vpc_cidr = "172.17.0.0/16"
  }

  expect_failures = [var.vpc_cidr]
}

run "a_public_service_range_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    service_cidr = "198.18.0.0/16"
  }

  expect_failures = [var.service_cidr]
}

run "a_service_range_that_is_too_small_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    service_cidr = "172.20.0.0/25"
  }

  expect_failures = [var.service_cidr]
}

run "a_service_range_inside_the_vpc_range_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    service_cidr = "10.0.128.0/24"
  }

  expect_failures = [var.service_cidr]
}

run "a_service_range_around_the_vpc_range_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    vpc_cidr     = "172.20.0.0/16"
    service_cidr = "172.16.0.0/12"
  }

  expect_failures = [var.service_cidr]
}

run "a_single_availability_zone_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones = ["us-west-2a"]
  }

  expect_failures = [var.availability_zones]
}

run "four_availability_zones_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones = ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"]
  }

  expect_failures = [var.availability_zones]
}

run "an_availability_zone_named_twice_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones = ["us-west-2a", "us-west-2a"]
  }

  expect_failures = [var.availability_zones]
}

run "an_availability_zone_of_another_region_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones = ["us-west-2a", "us-east-1a"]
  }

  expect_failures = [var.availability_zones]
}

run "an_availability_zone_given_by_its_id_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones = ["usw2-az1", "usw2-az2"]
  }

  expect_failures = [var.availability_zones]
}

run "four_chosen_availability_zones_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zone_count = 4
  }

  expect_failures = [var.availability_zone_count]
}
