//! GPU nodes that AWS has no place for, and what makes it have one.

use crate::support::account::Account;

/// A cluster with one GPU node group.
pub(super) const GPU_ROOT: &str = r#"
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" { region = "us-west-2" }
variable "zone" { default = "us-west-2c" }
variable "reservation" { default = "cr-0123456789abcdef0" }
variable "block" { default = false }
variable "desired" { default = 1 }
resource "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "this" {
  for_each          = { us-west-2a = 0, us-west-2c = 1 }
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 4, each.value)
  availability_zone = each.key
}
resource "aws_iam_role" "this" {
  name               = "acme-node"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_eks_cluster" "this" {
  name     = "acme"
  role_arn = aws_iam_role.this.arn
  vpc_config { subnet_ids = values(aws_subnet.this)[*].id }
}
resource "aws_launch_template" "gpu" {
  name          = "acme-gpu"
  instance_type = var.block ? "p5e.48xlarge" : null
  dynamic "instance_market_options" {
    for_each = var.block ? [true] : []
    content { market_type = "capacity-block" }
  }
  dynamic "capacity_reservation_specification" {
    for_each = var.reservation == "" ? [] : [var.reservation]
    content {
      capacity_reservation_target { capacity_reservation_id = capacity_reservation_specification.value }
    }
  }
}
resource "aws_eks_node_group" "gpu" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "acme-gpu"
  node_role_arn   = aws_iam_role.this.arn
  subnet_ids      = [aws_subnet.this[var.zone].id]
  capacity_type   = var.block ? "CAPACITY_BLOCK" : "ON_DEMAND"
  instance_types  = var.block ? null : ["p5e.48xlarge"]
  launch_template {
    id      = aws_launch_template.gpu.id
    version = aws_launch_template.gpu.latest_version
  }
  scaling_config {
    min_size     = 0
    desired_size = var.desired
    max_size     = 4
  }
  tags = { "springboard:address" = "module.cpu_nodes.aws_eks_node_group.this/0" }
}
"#;

const EXCEEDED: &str = "waiting for EKS Node Group (acme:acme-gpu) create: unexpected state \
    'CREATE_FAILED', wanted target 'ACTIVE'. last error: eks-acme-gpu-";
const NO_ROOM: &str = "AsgInstanceLaunchFailures: Could not launch On-Demand Instances. \
    ReservationCapacityExceeded - The requested reservation does not have sufficient compatible and \
    available capacity for this request. Launching EC2 instance failed.";

#[test]
fn a_reservation_in_another_zone_is_no_use_until_the_nodes_are_in_its_zone() {
    let Some(account) = Account::new("tofu", "reservation-wrong-zone", "0") else { return };
    account.write(GPU_ROOT);
    let said = account.fails(&[], EXCEEDED);
    assert!(said.contains(NO_ROOM), "{said}");
    assert_eq!(account.ask("reservation/cr-0123456789abcdef0")["available"], 2);
    account.applies(&["-var=zone=us-west-2a"]);
    assert_eq!(account.ask("reservation/cr-0123456789abcdef0")["available"], 1);
}

#[test]
fn a_reservation_holds_no_more_than_it_has() {
    let Some(account) = Account::new("terraform", "good-day", "0") else { return };
    account.write(GPU_ROOT);
    account.fails(&["-var=desired=3"], NO_ROOM);
    account
        .fails(&["-var=reservation=cr-0000000000000000f"], "InvalidCapacityReservationId.NotFound");
    account.applies(&["-var=desired=2"]);
}

#[test]
fn a_capacity_block_gives_nothing_before_it_has_begun() {
    // At this scale the block begins half a minute after the world.
    let scenario = "capacity-block-tomorrow";
    let Some(account) = Account::new("terraform", scenario, "0.0004") else { return };
    account.write(GPU_ROOT);
    let early = "Could not launch On-Demand Instances. Your Capacity Block reservation \
        cr-0123456789abcdef0 is not active yet. Launching EC2 instance failed.";
    account.fails(&["-var=block=true"], early);
    assert_eq!(account.ask("reservation/cr-0123456789abcdef0")["state"], "scheduled");
    let group = account.ask("node-groups/acme")[0].clone();
    assert_eq!(group["status"], "CREATE_FAILED");
    assert!(group["issues"][0].as_str().unwrap().contains(early), "{group}");
    assert_eq!(account.ask("condition/aws_eks_node_group/acme:acme-gpu"), "broken");
    let works = || account.apply(&["-var=block=true"]).0 == Some(0);
    assert!((0..100).any(|_| works()));
    assert_eq!(account.ask("reservation/cr-0123456789abcdef0")["state"], "active");
}

#[test]
fn a_quota_of_zero_fails_the_gpu_nodes_until_it_is_raised() {
    let Some(mut account) = Account::new("tofu", "gpu-quota-zero", "0") else { return };
    account.write(GPU_ROOT);
    let limit = "AsgInstanceLaunchFailures: Could not launch On-Demand Instances. VcpuLimitExceeded \
        - You have requested more vCPU capacity than your current vCPU limit of 0 allows for the \
        instance bucket that the specified instance type belongs to.";
    account.fails(&["-var=reservation="], limit);
    account.becomes("good-day");
    account.applies(&["-var=reservation="]);
}

#[test]
fn a_quota_of_zero_does_not_matter_with_a_reservation() {
    let Some(account) = Account::new("terraform", "gpu-quota-zero-reserved", "0") else { return };
    account.write(GPU_ROOT);
    account.applies(&["-var=desired=2"]);
    assert_eq!(account.ask("reservation/cr-0123456789abcdef0")["available"], 0);
    account.engine(&["destroy", "-auto-approve", "-no-color"]);
    account.fails(&["-var=reservation="], "VcpuLimitExceeded");
}

#[test]
fn nodes_that_never_join_fail_their_group_and_it_is_made_anew() {
    let Some(account) = Account::new("tofu", "nodes-never-join", "0") else { return };
    account.write(GPU_ROOT);
    let said = account.fails(&[], "unexpected state 'CREATE_FAILED', wanted target 'ACTIVE'");
    let joined = "NodeCreationFailure: Instances failed to join the kubernetes cluster";
    assert!(said.contains(&format!(": {joined}")) && said.contains("last error: i-0"), "{said}");
    account.applies(&[]);
}
