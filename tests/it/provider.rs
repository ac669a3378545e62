//! The simulated provider, as the real engines use it.

use std::path::Path;

use crate::support::bench::{Bench, Started, benches};

const HEAD: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region = "us-west-2"
  default_tags { tags = { "springboard:deployment" = "acme" } }
}
"#;

const NETWORK: &str = r#"
data "aws_availability_zones" "all" {}
data "aws_caller_identity" "me" {}
data "aws_iam_policy_document" "trust" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["eks.amazonaws.com"]
    }
  }
}
resource "aws_vpc" "this" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "acme" }
}
resource "aws_subnet" "this" {
  count             = 2
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 4, count.index)
  availability_zone = data.aws_availability_zones.all.names[count.index]
}
resource "aws_iam_role" "this" {
  name               = "acme-cluster"
  assume_role_policy = data.aws_iam_policy_document.trust.json
}
resource "aws_eks_cluster" "this" {
  name     = "acme"
  role_arn = aws_iam_role.this.arn
  version  = "1.35"
  vpc_config {
    subnet_ids          = aws_subnet.this[*].id
    public_access_cidrs = ["8.8.4.4/32"]
  }
  access_config { authentication_mode = "API" }
  timeouts { create = "40m" }
}
output "endpoint" { value = aws_eks_cluster.this.endpoint }
"#;

#[test]
fn a_root_is_applied_planned_empty_changed_replaced_and_destroyed() {
    for bench in benches("", 0.0) {
        bench.write(&format!("{HEAD}{NETWORK}"));
        let text = bench.apply();
        assert!(text.contains("5 added"), "{text}");
        bench.plan(0);
        let cluster = bench.attributes("aws_eks_cluster", "this");
        assert_eq!(cluster["id"], "acme");
        assert_eq!(cluster["arn"], "arn:aws:eks:us-west-2:123456789012:cluster/acme");
        assert_eq!(cluster["tags_all"]["springboard:deployment"], "acme");
        let endpoint = cluster["endpoint"].as_str().unwrap();
        assert!(endpoint.ends_with(".gr7.us-west-2.eks.amazonaws.com"), "{endpoint}");
        assert_eq!(cluster["vpc_config"][0]["vpc_id"], bench.attributes("aws_vpc", "this")["id"]);

        bench.write(&format!("{HEAD}{NETWORK}").replace("Name = \"acme\"", "Name = \"other\""));
        assert!(bench.plan(2).contains("0 to add, 1 to change, 0 to destroy"));
        bench.write(&format!("{HEAD}{NETWORK}").replace("acme-cluster", "acme-role"));
        let text = bench.plan(2);
        assert!(text.contains("# forces replacement"), "{text}");
        bench.apply();
        bench.plan(0);
        bench.expect(0, &["destroy", "-auto-approve", "-no-color"]);
        assert_eq!(bench.0.world.store.list("aws"), []);
    }
}

#[test]
fn what_was_deleted_behind_the_back_is_noticed_and_what_exists_is_imported() {
    for bench in benches("", 0.0) {
        bench.write(&format!("{HEAD}{NETWORK}"));
        bench.apply();
        let role = bench.0.world.store.get("aws", "aws_iam_role/acme-cluster").unwrap();
        bench.0.world.store.remove("aws", "aws_iam_role/acme-cluster").unwrap();
        assert!(bench.plan(2).contains("aws_iam_role.this will be created"));
        bench.0.world.store.put("aws", "aws_iam_role/acme-cluster", role).unwrap();
        bench.plan(0);
        bench.expect(0, &["state", "rm", "aws_eks_cluster.this", "aws_subnet.this[0]"]);
        let subnets = bench.0.world.store.list_prefix("aws", "aws_subnet/");
        let first = subnets
            .iter()
            .find(|(_, s)| s["attributes"]["availability_zone"] == "us-west-2a")
            .unwrap();
        let id = first.1["id"].as_str().unwrap();
        bench.expect(0, &["import", "-no-color", "aws_subnet.this[0]", id]);
        bench.expect(0, &["import", "-no-color", "aws_eks_cluster.this", "acme"]);
        let (code, text) = bench.run(&["import", "-no-color", "aws_vpc.this", "vpc-none"]);
        assert_eq!(code, Some(1), "{text}");
    }
}

#[test]
fn creating_what_exists_fails_as_aws_does() {
    for bench in benches("", 0.0) {
        bench.write(&format!("{HEAD}{NETWORK}"));
        bench.apply();
        std::fs::remove_file(bench.root().join("terraform.tfstate")).unwrap();
        let (code, text) = bench.run(&["apply", "-auto-approve", "-no-color"]);
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!(code, Some(1));
        assert!(
            flat.contains("creating IAM Role (acme-cluster): operation error IAM: CreateRole, https response error StatusCode: 409")
                && flat.contains("EntityAlreadyExists: Role with name acme-cluster already exists."),
            "{text}"
        );
    }
}

/// Copies the embedded Terraform into the bench; the engine works in its root.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[test]
fn the_embedded_root_goes_through_both_passes_and_converges() {
    let mut inventories = Vec::new();
    for bench in benches("", 0.0) {
        let folder = bench.0.dir().join("root");
        copy(&crate::support::source::root().join("terraform"), &folder);
        let folder = folder.join("poolside");
        let answers = serde_json::json!({
            "deployment_name": "acme", "region": "us-west-2", "public_hostname": "acme.example.com",
            "cluster_endpoint_public_access_cidrs": ["8.8.4.4/32"], "deletion_protection": false,
            "force_destroy": true, "enable_cognito": true,
        });
        std::fs::write(folder.join("terraform.tfvars.json"), answers.to_string()).unwrap();
        let must = |code: i32, args: &[&str]| {
            let (got, text) = bench.run_in(&folder, args);
            assert_eq!(got, Some(code), "{} {args:?}:\n{text}", bench.0.name);
        };
        must(0, &["init", "-input=false", "-no-color"]);
        for gpu in ["false", "true"] {
            let gpu = format!("-var=enable_gpu={gpu}");
            must(0, &["apply", "-auto-approve", "-input=false", "-no-color", &gpu]);
            must(0, &["plan", "-input=false", "-no-color", "-detailed-exitcode", &gpu]);
        }
        inventories.push(springboard::rehearsal::provider::inventory(&bench.0.world.store));
        must(0, &["destroy", "-auto-approve", "-input=false", "-no-color", "-var=enable_gpu=true"]);
        assert_eq!(bench.0.world.store.list("aws").len(), 0);
    }
    for pair in inventories.windows(2) {
        let (one, other) = (pair[0].as_object().unwrap(), pair[1].as_object().unwrap());
        let names: std::collections::BTreeSet<_> = one.keys().chain(other.keys()).collect();
        let differing = names.into_iter().filter(|n| one.get(*n) != other.get(*n));
        let differing: Vec<_> = differing.map(|n| (n, one.get(n), other.get(n))).collect();
        assert!(differing.is_empty(), "both engines make the same: {differing:#?}");
    }
}

/// What the tool said, without frames and line breaks.
fn flat(text: &str) -> String {
    text.replace(['│', '╷', '╵'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

const GROUP: &str = r#"
resource "aws_eks_node_group" "gpu" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "gpu"
  node_role_arn   = aws_iam_role.this.arn
  subnet_ids      = aws_subnet.this[*].id
  instance_types  = ["p5e.48xlarge"]
  scaling_config {
    desired_size = 1
    max_size     = 1
    min_size     = 0
  }
  tags = { "springboard:address" = "module.nodes.aws_eks_node_group.gpu[0]" }
}
"#;

#[test]
fn a_fault_minutes_later_leaves_a_tainted_object_and_the_next_run_repairs_it() {
    let fault = "[[fault]]\nat = \"aws_eks_node_group.gpu\"\nwhen = \"create\"\nerror = \"InsufficientInstanceCapacity\"\n";
    for bench in benches(fault, 0.0) {
        bench.write(&format!("{HEAD}{NETWORK}{GROUP}"));
        bench.expect(0, &["init", "-no-color"]);
        let text = flat(&bench.expect(1, &["apply", "-auto-approve", "-no-color"]));
        assert!(
            text.contains("waiting for EKS Node Group (acme:gpu) create: unexpected state 'CREATE_FAILED', wanted target 'ACTIVE'")
                && text.contains("InsufficientInstanceCapacity - We currently do not have sufficient p5e.48xlarge capacity in the Availability Zone you requested (us-west-2a)"),
            "{text}"
        );
        assert!(bench.plan(2).contains("aws_eks_node_group.gpu is tainted"));
        bench.apply();
        bench.plan(0);
    }
}

#[test]
fn a_denied_call_is_refused_in_the_words_of_its_layer_and_leaves_nothing() {
    let deny = "[[deny]]\naction = \"iam:CreateRole\"\nlayer = \"permissions boundary\"\n";
    for bench in benches(deny, 0.0) {
        bench.write(&format!("{HEAD}{NETWORK}"));
        bench.expect(0, &["init", "-no-color"]);
        let text = flat(&bench.expect(1, &["apply", "-auto-approve", "-no-color"]));
        assert!(
            text.contains("api error AccessDenied: User: arn:aws:sts::123456789012:assumed-role/Installer/op is not authorized to perform: iam:CreateRole on resource: arn:aws:iam::123456789012:role/acme-cluster because no permissions boundary allows the iam:CreateRole action"),
            "{text}"
        );
        assert!(bench.0.world.store.get("aws", "aws_iam_role/acme-cluster").is_none());
    }
}

/// Starts an apply and waits until the world has begun to make that object.
fn apply_until(bench: &Bench, key: &str) -> Started {
    let started = bench.start(&["apply", "-auto-approve", "-no-color"]);
    bench.0.until(|| bench.0.world.store.get("aws", key).is_some());
    started
}

#[test]
fn a_stop_taints_what_is_being_made_and_the_world_finishes_it() {
    for bench in benches("[durations]\naws_eks_cluster = \"20m\"\n", 0.01) {
        bench.write(&format!("{HEAD}{NETWORK}"));
        bench.expect(0, &["init", "-no-color"]);
        let started = apply_until(&bench, "aws_eks_cluster/acme");
        let text = started.interrupt();
        assert!(
            flat(&text).contains("waiting for EKS Cluster (acme) create: context canceled"),
            "{text}"
        );
        let state = bench.state();
        let tainted =
            state["resources"].as_array().unwrap().iter().any(|r| {
                r["type"] == "aws_eks_cluster" && r["instances"][0]["status"] == "tainted"
            });
        assert!(tainted, "{state}");
        let live =
            || bench.0.world.store.get("aws", "aws_eks_cluster/acme").unwrap()["status"].is_null();
        assert!(!live());
        bench.0.until(live);
        bench.expect(0, &["untaint", "aws_eks_cluster.this"]);
        assert!(bench.apply().contains("0 added, 0 changed, 0 destroyed"));
    }
}

#[test]
fn a_tool_that_vanishes_does_not_undo_what_it_asked_for() {
    for bench in benches("[durations]\naws_eks_cluster = \"5m\"\n", 0.01) {
        bench.write(&format!("{HEAD}{NETWORK}"));
        bench.expect(0, &["init", "-no-color"]);
        apply_until(&bench, "aws_eks_cluster/acme").kill();
        bench.0.until(|| {
            bench.0.world.store.get("aws", "aws_eks_cluster/acme").unwrap()["status"].is_null()
        });
        // What the engine knew is gone with it, or torn.
        for file in ["terraform.tfstate", ".terraform.tfstate.lock.info"] {
            let _ = std::fs::remove_file(bench.root().join(file));
        }
        bench.expect(0, &["import", "-no-color", "aws_eks_cluster.this", "acme"]);
        assert_eq!(bench.attributes("aws_eks_cluster", "this")["status"], "ACTIVE");
    }
}

#[test]
fn aliases_in_two_regions_do_not_mix() {
    for bench in benches("", 0.0) {
        bench.write(&format!(
            r#"{HEAD}
provider "aws" {{
  alias  = "east"
  region = "us-east-1"
  default_tags {{ tags = {{ "team" = "east" }} }}
}}
resource "aws_cloudwatch_log_group" "west" {{ name = "/acme" }}
resource "aws_cloudwatch_log_group" "east" {{
  provider = aws.east
  name     = "/acme"
}}
data "aws_region" "east" {{ provider = aws.east }}
output "region" {{ value = data.aws_region.east.region }}
"#
        ));
        bench.apply();
        bench.plan(0);
        let (west, east) = (
            bench.attributes("aws_cloudwatch_log_group", "west"),
            bench.attributes("aws_cloudwatch_log_group", "east"),
        );
        assert_eq!(west["tags_all"], serde_json::json!({"springboard:deployment": "acme"}));
        assert_eq!(east["tags_all"], serde_json::json!({"team": "east"}));
        assert_eq!(east["arn"], "arn:aws:logs:us-east-1:123456789012:log-group:/acme");
        assert_eq!(bench.state()["outputs"]["region"]["value"], "us-east-1");
        bench.expect(0, &["destroy", "-auto-approve", "-no-color"]);
        assert_eq!(bench.0.world.store.list("aws"), []);
    }
}

const HABITS: &str = r#"
locals {
  rules = { https = 443, http = 80 }
  names = toset(["logs", "data"])
}
resource "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "this" {
  for_each          = { a = 0, b = 1 }
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 8, each.value)
  availability_zone = "us-west-2${each.key}"
  tags              = { Tier = "private", Name = "acme-${each.key}" }
}
resource "aws_internet_gateway" "this" { vpc_id = aws_vpc.this.id }
resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}
resource "aws_route_table_association" "this" {
  for_each       = aws_subnet.this
  subnet_id      = each.value.id
  route_table_id = aws_route_table.this.id
}
resource "aws_security_group" "web" {
  name_prefix = "web-"
  vpc_id      = aws_vpc.this.id
  dynamic "ingress" {
    for_each = local.rules
    content {
      description = ingress.key
      from_port   = ingress.value
      to_port     = ingress.value
      protocol    = "tcp"
      cidr_blocks = ["0.0.0.0/0"]
    }
  }
  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
  lifecycle { create_before_destroy = true }
}
data "aws_ssm_parameter" "ami" {
  name = "/aws/service/eks/optimized-ami/1.35/amazon-linux-2023/x86_64/standard/recommended/image_id"
}
resource "aws_launch_template" "this" {
  name_prefix            = "web-"
  image_id               = data.aws_ssm_parameter.ami.value
  instance_type          = "m5.large"
  vpc_security_group_ids = [aws_security_group.web.id]
  block_device_mappings {
    device_name = "/dev/xvda"
    ebs {
      volume_size = 50
      volume_type = "gp3"
    }
  }
  metadata_options { http_tokens = "required" }
  tag_specifications {
    resource_type = "instance"
    tags          = { Name = "web" }
  }
}
resource "aws_autoscaling_group" "this" {
  name                = "web"
  min_size            = 1
  max_size            = 2
  vpc_zone_identifier = values(aws_subnet.this)[*].id
  launch_template {
    id      = aws_launch_template.this.id
    version = aws_launch_template.this.latest_version
  }
  tag {
    key                 = "Name"
    value               = "web"
    propagate_at_launch = true
  }
}
resource "aws_s3_bucket" "this" {
  for_each      = local.names
  bucket        = "acme-${each.key}"
  force_destroy = true
}
resource "aws_s3_bucket_versioning" "this" {
  for_each = aws_s3_bucket.this
  bucket   = each.value.id
  versioning_configuration { status = "Enabled" }
}
resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket = aws_s3_bucket.this["logs"].id
  rule {
    id     = "old"
    status = "Enabled"
    filter { prefix = "" }
    expiration { days = 90 }
    noncurrent_version_expiration { noncurrent_days = 30 }
  }
}
resource "aws_lb" "this" {
  name            = "web"
  internal        = true
  security_groups = [aws_security_group.web.id]
  subnets         = values(aws_subnet.this)[*].id
}
resource "aws_lb_target_group" "this" {
  name     = "web"
  port     = 80
  protocol = "HTTP"
  vpc_id   = aws_vpc.this.id
}
resource "aws_lb_listener" "this" {
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}
resource "aws_sqs_queue" "this" {
  name           = "jobs"
  redrive_policy = jsonencode({ maxReceiveCount = 4, deadLetterTargetArn = aws_sqs_queue.dead.arn })
}
resource "aws_sqs_queue" "dead" { name = "dead" }
resource "aws_ssm_parameter" "this" {
  name  = "/acme/x"
  type  = "String"
  value = aws_lb.this.dns_name
}
data "aws_subnets" "private" {
  filter {
    name   = "vpc-id"
    values = [aws_vpc.this.id]
  }
  tags       = { Tier = "private" }
  depends_on = [aws_subnet.this]
}
data "aws_vpc" "theirs" { id = "vpc-0123456789abcdef0" }
output "subnets" { value = sort(data.aws_subnets.private.ids) }
output "ours" { value = sort(values(aws_subnet.this)[*].id) }
output "theirs" { value = data.aws_vpc.theirs.cidr_block }
"#;

#[test]
fn roots_as_people_write_them_converge_change_and_move() {
    for bench in benches("", 0.0) {
        bench.write(&format!("{HEAD}{HABITS}"));
        bench.apply();
        bench.plan(0);
        let outputs = bench.state()["outputs"].clone();
        assert_eq!(outputs["subnets"]["value"], outputs["ours"]["value"]);
        assert_eq!(outputs["theirs"]["value"], "10.0.0.0/16");
        let changed = HABITS
            .replace("volume_size = 50", "volume_size = 60")
            .replace("\"aws_internet_gateway\" \"this\"", "\"aws_internet_gateway\" \"main\"")
            .replace("aws_internet_gateway.this.id", "aws_internet_gateway.main.id");
        let moved =
            "moved {\n  from = aws_internet_gateway.this\n  to = aws_internet_gateway.main\n}\n";
        bench.write(&format!("{HEAD}{changed}{moved}"));
        assert!(bench.plan(2).contains("0 to add, 2 to change, 0 to destroy"));
        bench.apply();
        bench.plan(0);
        let group = bench.attributes("aws_autoscaling_group", "this");
        assert_eq!(group["launch_template"][0]["version"], "2");
        bench.expect(0, &["destroy", "-auto-approve", "-no-color"]);
        assert_eq!(bench.0.world.store.list("aws"), []);
    }
}
