# Five keys, and who may use them without a policy of their own.

mock_provider "aws" {}

variables {
  address                                = "module.encryption"
  name                                   = "acme"
  account_id                             = "123456789012"
  partition                              = "aws"
  dns_suffix                             = "amazonaws.com"
  region                                 = "us-west-2"
  deletion_window_days                   = 30
  cluster_name                           = "acme"
  database_identifier                    = "acme"
  create_autoscaling_service_linked_role = false
}

run "there_is_a_rotated_key_with_an_alias_for_each_use" {
  command = plan

  module {
    source = "../modules/encryption"
  }

  assert {
    condition     = keys(aws_kms_key.this) == ["application", "cluster", "database", "storage", "volumes"]
    error_message = "There must be five keys."
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : key.enable_key_rotation && key.deletion_window_in_days == 30])
    error_message = "Keys must be rotated, and be restorable for as long as was asked for."
  }

  assert {
    condition     = { for use, alias in aws_kms_alias.this : use => alias.name } == { for use in ["application", "cluster", "database", "storage", "volumes"] : use => "alias/acme-${use}" }
    error_message = "Each key must have an alias that names deployment and use."
  }

  assert {
    condition     = length(aws_iam_service_linked_role.autoscaling) == 0
    error_message = "The role of Auto Scaling must be made only when it is asked for."
  }
}

run "the_account_delegates_the_use_of_each_key" {
  command = plan

  module {
    source = "../modules/encryption"
  }

  assert {
    condition     = alltrue([for key in aws_kms_key.this : jsondecode(key.policy).Statement[0].Principal.AWS == "arn:aws:iam::123456789012:root"])
    error_message = "Identity policies of the account must count for each key."
  }
}

run "auto_scaling_may_launch_instances_with_encrypted_volumes" {
  command = plan

  module {
    source = "../modules/encryption"
  }

  assert {
    condition = alltrue([
      for statement in slice(jsondecode(aws_kms_key.this["volumes"].policy).Statement, 1, 3) :
      statement.Principal.AWS == "arn:aws:iam::123456789012:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
    ])
    error_message = "The key of the volumes must name the service-linked role of Auto Scaling."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["volumes"].policy).Statement[1].Action == ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"]
    error_message = "Auto Scaling must be able to use the key."
  }

  assert {
    condition = (
      jsondecode(aws_kms_key.this["volumes"].policy).Statement[2].Action == "kms:CreateGrant"
      && jsondecode(aws_kms_key.this["volumes"].policy).Statement[2].Condition.Bool["kms:GrantIsForAWSResource"] == "true"
    )
    error_message = "Auto Scaling must be able to pass the key on to AWS resources, and to nothing else."
  }
}

run "log_groups_may_use_the_keys_of_what_they_log" {
  command = plan

  module {
    source = "../modules/encryption"
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["cluster"].policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:us-west-2:123456789012:log-group:/aws/eks/acme/*"
    error_message = "The cluster key must admit the log groups of the cluster only."
  }

  assert {
    condition     = jsondecode(aws_kms_key.this["database"].policy).Statement[1].Condition.ArnLike["kms:EncryptionContext:aws:logs:arn"] == "arn:aws:logs:us-west-2:123456789012:log-group:/aws/rds/instance/acme/*"
    error_message = "The database key must admit the log groups of the database only."
  }

  assert {
    condition     = alltrue([for use in ["cluster", "database"] : jsondecode(aws_kms_key.this[use].policy).Statement[1].Principal.Service == "logs.us-west-2.amazonaws.com"])
    error_message = "The service must be the one of this region."
  }
}

run "no_key_has_a_wildcard_principal" {
  command = plan

  module {
    source = "../modules/encryption"
  }

  assert {
    condition = alltrue(flatten([
      for key in aws_kms_key.this : [
        for statement in jsondecode(key.policy).Statement : [
          for principal in flatten([for value in values(statement.Principal) : value]) : !strcontains(principal, "*")
        ]
      ]
    ]))
    error_message = "Each principal must be named."
  }
}

run "the_role_of_auto_scaling_is_made_when_the_account_lacks_it" {
  command = plan

  module {
    source = "../modules/encryption"
  }

  variables {
    create_autoscaling_service_linked_role = true
  }

  assert {
    condition     = aws_iam_service_linked_role.autoscaling[0].aws_service_name == "autoscaling.amazonaws.com"
    error_message = "The role must be that of Auto Scaling."
  }
}
