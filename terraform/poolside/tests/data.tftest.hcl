# Database, buckets and image repositories.

mock_provider "aws" {
  # OpenTofu mocks computed lists as empty ones.
  mock_resource "aws_db_instance" {
    defaults = {
      master_user_secret = [{ kms_key_id = "", secret_arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-0-abcdef", secret_status = "active" }]
    }
  }
}

variables {
  address     = "module.part"
  kms_key_arn = "arn:aws:kms:us-west-2:123456789012:key/part"
  account_id  = "123456789012"
  partition   = "aws"

  identifier                = "acme"
  vpc_id                    = "vpc-0"
  subnet_ids                = ["subnet-a", "subnet-b"]
  client_security_group_id  = "sg-cluster"
  instance_class            = "db.m7g.xlarge"
  engine_version            = "17"
  multi_az                  = true
  storage                   = { initial_gb = 100, maximum_gb = 1000 }
  backup_retention_days     = 14
  database_name             = "poolside"
  username                  = "poolside"
  log_retention_days        = 90
  deletion_protection       = true
  final_snapshot_identifier = "acme-final"

  data_bucket_name          = "acme-data"
  access_logs_bucket_name   = "acme-access-logs"
  models_bucket_name        = "acme-models"
  access_log_retention_days = 90
  force_destroy             = false

  namespace    = "acme"
  images       = ["core-api", "web/assistant"]
  force_delete = false
}

run "the_database_is_encrypted_with_its_key_throughout" {
  command = plan

  module {
    source = "../modules/database"
  }

  assert {
    condition     = aws_db_instance.this.storage_encrypted && aws_db_instance.this.kms_key_id == var.kms_key_arn
    error_message = "Storage must be encrypted with the key."
  }

  assert {
    condition     = aws_db_instance.this.performance_insights_enabled && aws_db_instance.this.performance_insights_kms_key_id == var.kms_key_arn
    error_message = "Insights must be on and encrypted with the key."
  }

  assert {
    condition     = alltrue([for group in aws_cloudwatch_log_group.this : group.kms_key_id == var.kms_key_arn && group.retention_in_days == 90])
    error_message = "Log groups must have the key and the retention asked for."
  }
}

run "the_password_of_the_database_never_passes_through_terraform" {
  command = plan

  module {
    source = "../modules/database"
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null && aws_db_instance.this.master_user_secret_kms_key_id == var.kms_key_arn
    error_message = "RDS must make and keep the password, encrypted with the key."
  }
}

run "the_database_is_reached_from_the_nodes_only" {
  command = plan

  module {
    source = "../modules/database"
  }

  assert {
    condition     = !aws_db_instance.this.publicly_accessible
    error_message = "The database must not have a public address."
  }

  assert {
    condition = (
      aws_vpc_security_group_ingress_rule.nodes.referenced_security_group_id == "sg-cluster"
      && aws_vpc_security_group_ingress_rule.nodes.from_port == 5432
      && aws_vpc_security_group_ingress_rule.nodes.to_port == 5432
      && aws_vpc_security_group_ingress_rule.nodes.cidr_ipv4 == null
    )
    error_message = "Only members of the security group of the cluster may connect."
  }

  assert {
    condition     = one(aws_db_parameter_group.this.parameter).name == "rds.force_ssl" && one(aws_db_parameter_group.this.parameter).value == "1"
    error_message = "Connections must be encrypted."
  }
}

run "the_database_survives_mistakes" {
  command = plan

  module {
    source = "../modules/database"
  }

  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.deletion_protection && aws_db_instance.this.backup_retention_period == 14
    error_message = "Standby, protection and backups must be as asked for."
  }

  assert {
    condition     = !aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.final_snapshot_identifier == "acme-final" && !aws_db_instance.this.delete_automated_backups
    error_message = "A deleted database must leave a snapshot and its backups."
  }

  assert {
    condition     = aws_db_instance.this.enabled_cloudwatch_logs_exports == toset(["postgresql", "upgrade"])
    error_message = "Logs must be exported."
  }
}

run "the_settings_follow_the_major_version" {
  command = plan

  module {
    source = "../modules/database"
  }

  variables {
    engine_version = "16.10"
  }

  assert {
    condition     = aws_db_parameter_group.this.family == "postgres16" && aws_db_parameter_group.this.name == "acme-postgres16"
    error_message = "The family must be that of the major version."
  }
}

run "buckets_are_encrypted_with_the_key_except_for_access_logs" {
  command = plan

  module {
    source = "../modules/storage"
  }

  assert {
    condition = {
      for use, encryption in aws_s3_bucket_server_side_encryption_configuration.this :
      use => one(one(encryption.rule).apply_server_side_encryption_by_default).sse_algorithm
    } == { access_logs = "AES256", data = "aws:kms", models = "aws:kms" }
    error_message = "Access logs are delivered to a bucket with keys of S3 only; all others must have ours."
  }

  assert {
    condition = alltrue([
      for use in ["data", "models"] :
      one(one(aws_s3_bucket_server_side_encryption_configuration.this[use].rule).apply_server_side_encryption_by_default).kms_master_key_id == var.kms_key_arn
    ])
    error_message = "The key must be that of the buckets."
  }
}

run "buckets_are_closed_to_the_public" {
  command = plan

  module {
    source = "../modules/storage"
  }

  assert {
    condition = length(aws_s3_bucket_public_access_block.this) == 3 && alltrue([
      for block in aws_s3_bucket_public_access_block.this :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "Public access must be blocked in all four ways."
  }

  assert {
    condition     = length(aws_s3_bucket_ownership_controls.this) == 3 && alltrue([for control in aws_s3_bucket_ownership_controls.this : control.rule[0].object_ownership == "BucketOwnerEnforced"])
    error_message = "Access lists must be out of use."
  }
}

run "buckets_refuse_connections_without_tls_and_let_nobody_in" {
  command = plan

  module {
    source = "../modules/storage"
  }

  assert {
    condition = alltrue([
      for policy in aws_s3_bucket_policy.this :
      jsondecode(policy.policy).Statement[0].Effect == "Deny" && jsondecode(policy.policy).Statement[0].Condition.Bool["aws:SecureTransport"] == "false"
    ])
    error_message = "Connections without TLS must be refused."
  }

  assert {
    condition = alltrue(flatten([
      for policy in aws_s3_bucket_policy.this : [
        for statement in jsondecode(policy.policy).Statement : statement.Effect == "Deny" || !strcontains(jsonencode(statement.Principal), "*")
      ]
    ]))
    error_message = "What is allowed must be allowed to somebody by name."
  }

  assert {
    condition = {
      principal = jsondecode(aws_s3_bucket_policy.this["access_logs"].policy).Statement[1].Principal.Service
      account   = jsondecode(aws_s3_bucket_policy.this["access_logs"].policy).Statement[1].Condition.StringEquals["aws:SourceAccount"]
      sources   = jsonencode(jsondecode(aws_s3_bucket_policy.this["access_logs"].policy).Statement[1].Condition.ArnLike["aws:SourceArn"])
      } == {
      principal = "logging.s3.amazonaws.com"
      account   = "123456789012"
      sources   = jsonencode(["arn:aws:s3:::acme-data", "arn:aws:s3:::acme-models"])
    }
    error_message = "The delivery of access logs must be let in for our buckets only."
  }
}

run "buckets_keep_old_versions_and_log_who_reads" {
  command = plan

  module {
    source = "../modules/storage"
  }

  assert {
    condition     = { for use, versioning in aws_s3_bucket_versioning.this : use => versioning.versioning_configuration[0].status } == { data = "Enabled", models = "Enabled" }
    error_message = "Data and models must be versioned."
  }

  assert {
    condition     = { for use, logging in aws_s3_bucket_logging.this : use => logging.target_prefix } == { data = "data/", models = "models/" }
    error_message = "Access to data and models must be logged."
  }

  assert {
    condition     = keys(aws_s3_bucket_lifecycle_configuration.objects) == ["data", "models"] && one(one(aws_s3_bucket_lifecycle_configuration.access_logs.rule).expiration).days == 90
    error_message = "Left-overs, old versions and old logs must go."
  }
}

run "there_is_no_models_bucket_when_none_is_wanted" {
  command = plan

  module {
    source = "../modules/storage"
  }

  variables {
    models_bucket_name = null
  }

  assert {
    condition     = { for use, bucket in aws_s3_bucket.this : use => bucket.bucket } == { access_logs = "acme-access-logs", data = "acme-data" }
    error_message = "There must be two buckets."
  }
}

run "each_image_has_an_immutable_scanned_encrypted_repository" {
  command = plan

  module {
    source = "../modules/registry"
  }

  assert {
    condition     = { for image, repository in aws_ecr_repository.this : image => repository.name } == { core-api = "acme/core-api", "web/assistant" = "acme/web/assistant" }
    error_message = "Repositories must be named under the deployment."
  }

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.image_tag_mutability == "IMMUTABLE" && repository.image_scanning_configuration[0].scan_on_push])
    error_message = "Tags must be immutable, images scanned."
  }

  assert {
    condition     = alltrue([for repository in aws_ecr_repository.this : repository.encryption_configuration[0].encryption_type == "KMS" && repository.encryption_configuration[0].kms_key == var.kms_key_arn])
    error_message = "Layers must be encrypted with the key."
  }

  assert {
    condition     = alltrue([for policy in aws_ecr_lifecycle_policy.this : jsondecode(policy.policy).rules[0].selection.tagStatus == "untagged"]) && length(aws_ecr_lifecycle_policy.this) == 2
    error_message = "Only untagged images may expire."
  }
}
