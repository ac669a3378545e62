# What the inputs of the root refuse: database, buckets, images. The module of each run has the inputs of the root and nothing
# else (its `variables.tf` is a link), so that a run costs no plan of the whole root.

variables {
  deployment_name                      = "acme"
  region                               = "us-west-2"
  public_hostname                      = "poolside.example.com"
  cluster_endpoint_public_access_cidrs = ["198.18.7.4/32"]
}

run "an_external_models_bucket_in_place_of_the_upload_is_accepted" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    enable_model_s3_upload = false
    external_models_bucket = "models.example"
  }
}

run "the_profile_without_inference_needs_no_models_bucket" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    profile                = "platform-only"
    enable_model_s3_upload = false
  }
}

run "a_database_class_without_prefix_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_instance_class = "m7g.xlarge"
  }

  expect_failures = [var.database_instance_class]
}

run "an_old_postgresql_version_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_engine_version = "13"
  }

  expect_failures = [var.database_engine_version]
}

run "a_database_storage_below_20_gb_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_allocated_storage_gb = 10
  }

  expect_failures = [var.database_allocated_storage_gb]
}

run "a_storage_limit_below_the_initial_storage_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_max_allocated_storage_gb = 50
  }

  expect_failures = [var.database_max_allocated_storage_gb]
}

run "a_database_without_backups_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_backup_retention_days = 0
  }

  expect_failures = [var.database_backup_retention_days]
}

run "a_database_name_with_a_hyphen_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_name = "pool-side"
  }

  expect_failures = [var.database_name]
}

run "a_reserved_database_user_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_username = "postgres"
  }

  expect_failures = [var.database_username]
}

run "a_database_user_with_a_hyphen_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_username = "pool-side"
  }

  expect_failures = [var.database_username]
}

run "a_snapshot_name_that_ends_with_a_hyphen_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    database_final_snapshot_identifier = "acme-"
  }

  expect_failures = [var.database_final_snapshot_identifier]
}

run "a_data_bucket_with_capitals_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    data_bucket_name = "Acme"
  }

  expect_failures = [var.data_bucket_name]
}

run "a_log_bucket_with_capitals_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    access_logs_bucket_name = "Acme"
  }

  expect_failures = [var.access_logs_bucket_name]
}

run "a_models_bucket_with_capitals_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    models_bucket_name = "Acme"
  }

  expect_failures = [var.models_bucket_name]
}

run "an_external_models_bucket_with_capitals_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    enable_model_s3_upload = false
    external_models_bucket = "Acme"
  }

  expect_failures = [var.external_models_bucket]
}

run "no_upload_without_an_external_models_bucket_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    enable_model_s3_upload = false
  }

  expect_failures = [var.external_models_bucket]
}

run "an_external_models_bucket_beside_the_upload_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    external_models_bucket = "models"
  }

  expect_failures = [var.external_models_bucket]
}

run "an_alias_as_key_of_the_external_bucket_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    external_models_bucket_kms_key_arn = "arn:aws:kms:us-west-2:123456789012:alias/models"
  }

  expect_failures = [var.external_models_bucket_kms_key_arn]
}

run "an_image_with_a_tag_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    image_repositories = ["core-api:1.0"]
  }

  expect_failures = [var.image_repositories]
}

run "an_image_named_twice_is_refused" {
  command = plan

  module {
    source = "./tests/inputs"
  }

  variables {
    image_repositories = ["core-api", "core-api"]
  }

  expect_failures = [var.image_repositories]
}
