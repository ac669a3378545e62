# The PostgreSQL instance, its subnets, its parameters and the security group that admits the nodes.

resource "aws_db_subnet_group" "this" {
  name        = var.identifier
  description = "The worker subnets of ${var.identifier}."
  subnet_ids  = var.subnet_ids

  tags = {
    "springboard:address" = "${var.address}.aws_db_subnet_group.this"
  }
}

resource "aws_security_group" "this" {
  name        = "${var.identifier}-database"
  description = "PostgreSQL of ${var.identifier}, reachable from the nodes only."
  vpc_id      = var.vpc_id

  tags = {
    Name                  = "${var.identifier}-database"
    "springboard:address" = "${var.address}.aws_security_group.this"
  }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL from the nodes of the cluster."
  referenced_security_group_id = var.client_security_group_id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432

  tags = {
    "springboard:address" = "${var.address}.aws_vpc_security_group_ingress_rule.nodes"
  }
}

resource "aws_db_parameter_group" "this" {
  # The name follows the family, so that a new major version finds its group beside the old one.
  name        = "${var.identifier}-${local.family}"
  description = "Settings of ${var.identifier}."
  family      = local.family

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  tags = {
    "springboard:address" = "${var.address}.aws_db_parameter_group.this"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# RDS makes these log groups itself when they are missing, without retention and without a key.
resource "aws_cloudwatch_log_group" "this" {
  for_each = local.log_exports

  name              = "/aws/rds/instance/${var.identifier}/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn

  tags = {
    "springboard:address" = "${var.address}.aws_cloudwatch_log_group.this/${each.value}"
  }
}

locals {
  family      = "postgres${split(".", var.engine_version)[0]}"
  log_exports = toset(["postgresql", "upgrade"])
}

resource "aws_db_instance" "this" {
  identifier     = var.identifier
  engine         = "postgres"
  engine_version = var.engine_version
  instance_class = var.instance_class
  multi_az       = var.multi_az

  allow_major_version_upgrade = false
  auto_minor_version_upgrade  = true
  parameter_group_name        = aws_db_parameter_group.this.name

  storage_type          = "gp3"
  allocated_storage     = var.storage.initial_gb
  max_allocated_storage = var.storage.maximum_gb
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  db_name  = var.database_name
  username = var.username
  port     = 5432

  # RDS makes, keeps and rotates the password; it never passes through Terraform. The key of the secret cannot be
  # changed later.
  manage_master_user_password   = true
  master_user_secret_kms_key_id = var.kms_key_arn

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  publicly_accessible    = false

  database_insights_mode                = "standard"
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.kms_key_arn
  performance_insights_retention_period = 7
  enabled_cloudwatch_logs_exports       = local.log_exports

  backup_retention_period   = var.backup_retention_days
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = false
  final_snapshot_identifier = var.final_snapshot_identifier

  tags = {
    "springboard:address" = "${var.address}.aws_db_instance.this"
  }

  depends_on = [aws_cloudwatch_log_group.this]
}
