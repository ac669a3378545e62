# What the inputs of the root refuse: the nodes. The module of each run has the inputs of the root and nothing
# else (its `variables.tf` is a link), so that a run costs no plan of the whole root.

variables {
  deployment_name                      = "acme"
  region                               = "us-west-2"
  public_hostname                      = "poolside.example.com"
  cluster_endpoint_public_access_cidrs = ["198.18.7.4/32"]
}

run "a_capacity_block_with_id_and_zone_is_accepted" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity                = "capacity-block"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2c"
  }
}

run "on_demand_capacity_may_be_pinned_to_a_zone" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones    = ["us-west-2a", "us-west-2b"]
    gpu_availability_zone = "us-west-2b"
  }
}

run "a_cpu_instance_type_without_size_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cpu_instance_type = "m5"
  }

  expect_failures = [var.cpu_instance_type]
}

run "fewer_cpu_nodes_than_the_least_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cpu_desired_size = 2
  }

  expect_failures = [var.cpu_desired_size]
}

run "more_cpu_nodes_than_the_greatest_number_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cpu_desired_size = 11
  }

  expect_failures = [var.cpu_desired_size]
}

run "no_cpu_node_at_all_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cpu_min_size = 0
  }

  expect_failures = [var.cpu_min_size]
}

run "more_cpu_nodes_than_a_node_group_holds_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cpu_max_size = 451
  }

  expect_failures = [var.cpu_max_size]
}

run "a_small_cpu_volume_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cpu_disk_size_gb = 20
  }

  expect_failures = [var.cpu_disk_size_gb]
}

run "a_cpu_image_that_is_no_image_id_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    cpu_ami_id = "al2023"
  }

  expect_failures = [var.cpu_ami_id]
}

run "an_unknown_gpu_instance_type_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_instance_type = "p4d.24xlarge"
  }

  expect_failures = [var.gpu_instance_type]
}

run "an_unknown_gpu_capacity_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity                = "spot"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
    gpu_availability_zone       = "us-west-2a"
  }

  expect_failures = [var.gpu_capacity]
}

run "a_reservation_id_of_the_wrong_shape_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity                = "reservation"
    gpu_capacity_reservation_id = "cr-1"
    gpu_availability_zone       = "us-west-2a"
  }

  expect_failures = [var.gpu_capacity_reservation_id]
}

run "a_reservation_without_id_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity          = "reservation"
    gpu_availability_zone = "us-west-2a"
  }

  expect_failures = [var.gpu_capacity_reservation_id]
}

run "a_capacity_block_without_id_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity          = "capacity-block"
    gpu_availability_zone = "us-west-2a"
  }

  expect_failures = [var.gpu_capacity_reservation_id]
}

run "a_reservation_id_with_plain_on_demand_capacity_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
  }

  expect_failures = [var.gpu_capacity_reservation_id]
}

run "a_gpu_zone_of_another_region_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_availability_zone = "us-east-1a"
  }

  expect_failures = [var.gpu_availability_zone]
}

run "a_gpu_zone_that_is_none_of_the_named_zones_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    availability_zones    = ["us-west-2a", "us-west-2b"]
    gpu_availability_zone = "us-west-2c"
  }

  expect_failures = [var.gpu_availability_zone]
}

run "a_reservation_without_zone_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity                = "reservation"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
  }

  expect_failures = [var.gpu_availability_zone]
}

run "a_capacity_block_without_zone_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_capacity                = "capacity-block"
    gpu_capacity_reservation_id = "cr-0123456789abcdef0"
  }

  expect_failures = [var.gpu_availability_zone]
}

run "more_gpu_nodes_than_the_greatest_number_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_desired_size = 2
  }

  expect_failures = [var.gpu_desired_size]
}

run "a_negative_number_of_gpu_nodes_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_min_size = -1
  }

  expect_failures = [var.gpu_min_size]
}

run "more_gpu_nodes_than_one_capacity_block_holds_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_max_size = 65
  }

  expect_failures = [var.gpu_max_size]
}

run "a_small_gpu_volume_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_disk_size_gb = 50
  }

  expect_failures = [var.gpu_disk_size_gb]
}

run "a_gpu_image_that_is_no_image_id_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    gpu_ami_id = "ami-xyz"
  }

  expect_failures = [var.gpu_ami_id]
}

run "a_web_instance_type_without_size_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    web_instance_type = "m5"
  }

  expect_failures = [var.web_instance_type]
}

run "more_web_nodes_than_the_greatest_number_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    web_desired_size = 5
  }

  expect_failures = [var.web_desired_size]
}

run "no_web_node_at_all_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    web_min_size = 0
  }

  expect_failures = [var.web_min_size]
}

run "more_web_nodes_than_a_node_group_holds_are_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    web_max_size = 451
  }

  expect_failures = [var.web_max_size]
}

run "a_small_web_volume_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    web_disk_size_gb = 20
  }

  expect_failures = [var.web_disk_size_gb]
}
