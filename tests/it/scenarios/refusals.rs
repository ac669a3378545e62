//! Calls that AWS refuses: denied, throttled, over a quota, in the way of what exists.

use crate::support::account::Account;

const HEAD: &str = r#"
terraform {
  required_providers { aws = { source = "hashicorp/aws" } }
}
provider "aws" { region = "us-west-2" }
"#;

const CLUSTER: &str = r#"
variable "boundary" { default = null }
resource "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }
resource "aws_subnet" "this" {
  for_each          = { us-west-2a = 0, us-west-2c = 1 }
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet("10.0.0.0/16", 4, each.value)
  availability_zone = each.key
}
resource "aws_iam_role" "this" {
  name                 = "acme-cluster"
  assume_role_policy   = jsonencode({ Version = "2012-10-17", Statement = [] })
  permissions_boundary = var.boundary
}
resource "aws_eks_cluster" "this" {
  name     = "acme"
  role_arn = aws_iam_role.this.arn
  vpc_config { subnet_ids = values(aws_subnet.this)[*].id }
}
"#;

fn account(engine: &str, scenario: &str, root: &str) -> Option<Account> {
    let account = Account::new(engine, scenario, "0")?;
    account.write(&format!("{HEAD}{root}"));
    Some(account)
}

#[test]
fn a_role_without_the_boundary_is_denied_and_one_with_it_is_made() {
    let Some(account) = account("tofu", "permissions-boundary", CLUSTER) else { return };
    account.fails(
        &[],
        "creating IAM Role (acme-cluster): operation error IAM: CreateRole, https response error \
         StatusCode: 403, RequestID:",
    );
    account.fails(
        &["-var=boundary=arn:aws:iam::123456789012:policy/Other"],
        "api error AccessDenied: User: arn:aws:sts::123456789012:assumed-role/Installer/op is not \
         authorized to perform: iam:CreateRole on resource: \
         arn:aws:iam::123456789012:role/acme-cluster because no permissions boundary allows the \
         iam:CreateRole action",
    );
    account.applies(&["-var=boundary=arn:aws:iam::123456789012:policy/WorkloadBoundary"]);
}

#[test]
fn a_policy_of_the_organisation_denies_by_name() {
    let Some(mut account) = account("terraform", "scp-denial", CLUSTER) else { return };
    account.fails(
        &[],
        "api error AccessDeniedException: User: arn:aws:sts::123456789012:assumed-role/Installer/op \
         is not authorized to perform: eks:CreateCluster on resource: \
         arn:aws:eks:us-west-2:123456789012:cluster/acme with an explicit deny in a service control \
         policy",
    );
    account.becomes("good-day");
    assert!(account.applies(&[]).contains("1 added"));
}

#[test]
fn throttled_calls_are_asked_again_until_they_work() {
    // Six refusals of one call are 1 + 2 + 4 + 8 + 10 + 10 s of waiting, here a hundredth of it.
    let Some(account) = Account::new("tofu", "throttling", "0.01") else { return };
    account.write(&format!("{HEAD}{CLUSTER}"));
    assert!(account.applies(&[]).contains("5 added"));
    let log = std::fs::read_to_string(account.sandbox.state().join("world/world.jsonl")).unwrap();
    let counted = log.lines().filter(|line| line.contains("\"table\":\"faults\"")).count();
    assert_eq!(counted, 12 + 6);
}

#[test]
fn after_25_attempts_the_provider_gives_up_and_the_next_run_works() {
    let Some(account) = account("terraform", "throttling-gives-up", CLUSTER) else { return };
    account.fails(
        &[],
        "operation error EC2: CreateVpc, exceeded maximum number of attempts, 25, https response \
         error StatusCode: 503, RequestID:",
    );
    account.applies(&[]);
}

#[test]
fn a_slow_database_takes_three_times_as_long() {
    const DATABASE: &str = r#"
resource "aws_db_instance" "this" {
  identifier          = "acme"
  engine              = "postgres"
  instance_class      = "db.t4g.micro"
  allocated_storage   = 20
  username            = "acme"
  password            = "not-a-secret"
  multi_az            = true
  skip_final_snapshot = true
}
"#;
    for (scenario, seconds) in [("good-day", 3..=4), ("slow-database", 9..=12)] {
        // 15 and 45 minutes, a tenth more or less.
        let Some(account) = Account::new("tofu", scenario, "0.004") else { return };
        account.write(&format!("{HEAD}{DATABASE}"));
        let said = account.applies(&[]);
        let took = said.split("Creation complete after ").nth(1).unwrap();
        let took: u64 = took.split('s').next().unwrap().parse().unwrap();
        assert!(seconds.contains(&took), "{scenario}: {said}");
    }
}

const LEFTOVERS: &str = r#"
variable "bucket" { default = "acme-data" }
variable "secret" { default = "acme-database" }
resource "aws_iam_role" "this" {
  name               = "acme-cluster"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_cloudwatch_log_group" "this" { name = "/aws/eks/acme/cluster" }
resource "aws_s3_bucket" "this" { bucket = var.bucket }
resource "aws_secretsmanager_secret" "this" { name = var.secret }
"#;

#[test]
fn what_an_earlier_install_left_is_in_the_way_until_it_is_gone() {
    let Some(account) = account("tofu", "leftovers", LEFTOVERS) else { return };
    let said =
        account.fails(&[], "EntityAlreadyExists: Role with name acme-cluster already exists.");
    for sentence in [
        "ResourceAlreadyExistsException: The specified log group already exists",
        "BucketAlreadyExists: The requested bucket name is not available. The bucket namespace is \
         shared by all users of the system. Please select a different name and try again.",
        "InvalidRequestException: You can't create this secret because a secret with this name is \
         already scheduled for deletion.",
    ] {
        assert!(said.contains(sentence), "expected `{sentence}` in:\n{said}");
    }
    for object in ["aws_iam_role/acme-cluster", "aws_cloudwatch_log_group//aws/eks/acme/cluster"] {
        assert_eq!(account.world(&["alter", object, "--delete"]), format!("deleted {object}\n"));
    }
    account.applies(&["-var=bucket=acme-data-2", "-var=secret=acme-database-2"]);
    // A secret that is deleted with a recovery window is in the way of the next one.
    account.applies(&["-var=bucket=acme-data-2", "-var=secret=acme-database-3"]);
    let back = &["-var=bucket=acme-data-2", "-var=secret=acme-database-2"];
    account.fails(back, "already scheduled for deletion");
}

#[test]
fn quotas_are_counted_when_something_is_made() {
    const ADDRESSES: &str = "resource \"aws_eip\" \"this\" { count = 6 }\n";
    let Some(account) = account("terraform", "good-day", ADDRESSES) else { return };
    let said = account.fails(
        &["-parallelism=6"],
        "creating EC2 EIP: operation error EC2: AllocateAddress, https response error StatusCode: \
         400, RequestID:",
    );
    let full = "api error AddressLimitExceeded: The maximum number of addresses has been reached.";
    assert_eq!(said.matches(full).count(), 1, "{said}");
}

#[test]
fn an_object_is_changed_behind_the_back_of_terraform_and_mended_by_it() {
    let Some(account) = account("tofu", "good-day", CLUSTER) else { return };
    account.applies(&[]);
    account.world(&["alter", "aws_iam_role/acme-cluster", "--set", "max_session_duration=7200"]);
    let (code, said) = account.engine(&["plan", "-no-color", "-detailed-exitcode"]);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("max_session_duration = 7200 -> 3600"), "{said}");
    let refused = |args: &[&str]| {
        let args = [&["world", "alter"], args].concat();
        account.sandbox.run(&args).expect_code(2).err
    };
    let said = refused(&["aws_iam_role/acme-cluster", "--set", "max_sesion_duration=1"]);
    assert!(said.contains("nearest known: `max_session_duration`"), "{said}");
    let said = refused(&["aws_vpc/vpc-none", "--delete"]);
    assert!(said.contains("there is no `aws_vpc/vpc-none` in the world"), "{said}");
    let cluster = account.sandbox.run(&["world", "alter", "aws_eks_cluster/acme", "--delete"]);
    cluster.expect_code(0);
    assert!(account.applies(&[]).contains("1 added, 1 changed"));
}

#[test]
fn a_killed_terraform_leaves_what_it_asked_for_and_a_killed_world_comes_back_with_it() {
    for victim in ["terraform", "world"] {
        let fault = format!(
            "[[fault]]\nat = \"aws_eks_cluster\"\nkill = \"{victim}\"\nwhen = \"create\"\n"
        );
        let Some(mut account) = account("terraform", "good-day", CLUSTER) else { return };
        let file = account.sandbox.path().join("killing.toml");
        std::fs::write(&file, fault).unwrap();
        account.becomes(file.to_str().unwrap());
        let (code, said) = account.apply(&[]);
        assert_ne!(code, Some(0), "{victim}: {said}");
        assert_eq!(code.is_none(), victim == "terraform", "{victim}: {said}");
        account.sandbox.run(&["world", "start"]).expect_code(0);
        account.look();
        assert_eq!(account.ask("cluster/acme")["status"], "ACTIVE", "{victim}");
    }
}

#[test]
fn a_lost_connection_is_an_error_and_the_world_goes_on() {
    let Some(mut account) = account("tofu", "good-day", CLUSTER) else { return };
    let file = account.sandbox.path().join("losing.toml");
    let fault = |when: &str| {
        format!("[[fault]]\nat = \"aws_eks_cluster\"\nwhen = \"{when}\"\ndrop = \"connection\"\n")
    };
    std::fs::write(&file, [fault("create"), fault("read")].concat()).unwrap();
    account.becomes(file.to_str().unwrap());
    account.fails(&[], "Plugin did not respond");
    assert_eq!(account.ask("cluster/acme")["status"], "ACTIVE");
    let import = || account.engine(&["import", "-no-color", "aws_eks_cluster.this", "acme"]);
    // The first look at it is lost as well.
    assert_eq!((import().0, import().0), (Some(1), Some(0)));
    account.applies(&[]);
}
