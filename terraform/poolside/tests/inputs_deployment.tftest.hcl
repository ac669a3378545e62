# What the inputs of the root refuse: the deployment as a whole. The module of each run has the inputs of the root and nothing
# else (its `variables.tf` is a link), so that a run costs no plan of the whole root.

variables {
  deployment_name                      = "acme"
  region                               = "us-west-2"
  public_hostname                      = "poolside.example.com"
  cluster_endpoint_public_access_cidrs = ["198.18.7.4/32"]
}

run "the_shortest_and_plainest_answers_are_accepted" {
  command = plan

  module {
    source = "./tests/inputs"
  }
}

run "a_deployment_name_with_capitals_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    deployment_name = "Acme"
  }

  expect_failures = [var.deployment_name]
}

run "a_deployment_name_of_two_characters_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    deployment_name = "ab"
  }

  expect_failures = [var.deployment_name]
}

run "a_deployment_name_of_25_characters_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    deployment_name = "abcdefghijklmnopqrstuvwxy"
  }

  expect_failures = [var.deployment_name]
}

run "a_deployment_name_with_two_hyphens_in_a_row_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    deployment_name = "acme--one"
  }

  expect_failures = [var.deployment_name]
}

run "a_deployment_name_that_ends_with_a_hyphen_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    deployment_name = "acme-"
  }

  expect_failures = [var.deployment_name]
}

run "a_zone_in_place_of_a_region_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    region = "us-west-2a"
  }

  expect_failures = [var.region]
}

run "a_public_hostname_with_a_scheme_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    public_hostname = "https://poolside.example.com"
  }

  expect_failures = [var.public_hostname]
}

run "a_public_hostname_of_one_label_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    public_hostname = "poolside"
  }

  expect_failures = [var.public_hostname]
}

run "an_unknown_profile_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    profile = "minimal"
  }

  expect_failures = [var.profile]
}

run "a_tag_of_ours_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    tags = { "springboard:deployment" = "other" }
  }

  expect_failures = [var.tags]
}

run "a_tag_of_aws_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    tags = { "AWS:cost" = "other" }
  }

  expect_failures = [var.tags]
}
