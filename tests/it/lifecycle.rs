//! What a configuration may say of the life of its objects, and what AWS says against it.

use crate::support::bench::{Bench, benches};

const HEAD: &str = r#"
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" { region = "us-west-2" }
"#;

/// What the tool said, without frames and line breaks.
fn flat(text: &str) -> String {
    text.replace(['│', '╷', '╵'], " ").split_whitespace().collect::<Vec<_>>().join(" ")
}

fn write(bench: &Bench, body: &str) {
    bench.write(&format!("{HEAD}{body}"));
}

/// Applies another root in the same world, in a folder of its own.
fn apply_beside(bench: &Bench, name: &str, body: &str) -> serde_json::Value {
    let folder = bench.0.dir().join(name);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("main.tf"), format!("{HEAD}{body}")).unwrap();
    for args in [&["init", "-no-color"][..], &["apply", "-auto-approve", "-no-color"]] {
        let (code, text) = bench.run_in(&folder, args);
        assert_eq!(code, Some(0), "{} {args:?}: {text}", bench.0.name);
    }
    let (_, text) = bench.run_in(&folder, &["output", "-json"]);
    serde_json::from_str(&text).unwrap()
}

const QUEUES: &str = r#"
resource "aws_sqs_queue" "jobs" {
  count = 2
  name  = "jobs-${count.index}"
}
resource "aws_s3_bucket" "keep" {
  bucket = "acme-keep"
  lifecycle { prevent_destroy = true }
}
resource "aws_ssm_parameter" "this" {
  name  = "/acme/level"
  type  = "String"
  value = "low"
  lifecycle { ignore_changes = [value] }
}
resource "aws_iam_role" "this" {
  name               = "acme"
  description        = "ours"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_iam_role_policy" "this" {
  name   = "acme"
  role   = aws_iam_role.this.id
  policy = jsonencode({ Version = "2012-10-17", Statement = [] })
  lifecycle { replace_triggered_by = [aws_iam_role.this.arn] }
}
"#;

#[test]
fn rules_of_life_are_kept_and_objects_move_are_forgotten_and_taken_in() {
    for bench in benches("", 0.0) {
        write(&bench, QUEUES);
        bench.apply();
        bench.plan(0);
        // Drift is noticed, but for what is to be ignored.
        let store = &bench.0.world.store;
        for (key, name) in
            [("aws_iam_role/acme", "description"), ("aws_ssm_parameter//acme/level", "value")]
        {
            let mut object = store.get("aws", key).unwrap();
            object["attributes"][name] = "theirs".into();
            store.put("aws", key, object).unwrap();
        }
        let text = bench.plan(2);
        assert!(text.contains("\"theirs\" -> \"ours\""), "{text}");
        assert!(text.contains("0 to add, 1 to change, 0 to destroy"), "{text}");
        bench.apply();
        write(&bench, &QUEUES.replace("name               = \"acme\"", "name = \"other\""));
        assert!(bench.plan(2).contains("2 to add, 0 to change, 2 to destroy"));
        write(&bench, &QUEUES.replace("acme-keep", "acme-kept"));
        let (code, text) = bench.run(&["plan", "-no-color"]);
        assert!(code == Some(1) && text.contains("nstance cannot be destroyed"), "{text}");
        // From a count to keys; the bucket is let go and stays in the world.
        let keyed = QUEUES
            .replace("count = 2", "for_each = { a = 0, b = 1 }")
            .replace("count.index", "each.value");
        let (before, after) = keyed.split_once("resource \"aws_s3_bucket\"").unwrap();
        let after = after.split_once("\n}\n").unwrap().1;
        let moved = r#"
moved {
  from = aws_sqs_queue.jobs[0]
  to   = aws_sqs_queue.jobs["a"]
}
moved {
  from = aws_sqs_queue.jobs[1]
  to   = aws_sqs_queue.jobs["b"]
}
removed {
  from = aws_s3_bucket.keep
  lifecycle { destroy = false }
}
"#;
        write(&bench, &format!("{before}{after}{moved}"));
        bench.apply();
        assert!(store.get("aws", "aws_s3_bucket/acme-keep").is_some());
        assert!(!bench.state().to_string().contains("aws_s3_bucket"));
        bench.plan(0);
        let taken = r#"
import {
  for_each = toset(["acme-keep"])
  to       = aws_s3_bucket.found[each.key]
  id       = each.key
}
resource "aws_s3_bucket" "found" {
  for_each = toset(["acme-keep"])
  bucket   = each.key
}
"#;
        write(&bench, &format!("{before}{after}{taken}"));
        assert!(bench.apply().contains("1 imported, 0 added, 0 changed, 0 destroyed"));
        bench.expect(0, &["destroy", "-auto-approve", "-no-color"]);
        assert_eq!(store.list("aws"), []);
    }
}

#[test]
fn conditions_and_checks_are_judged_on_what_the_world_says() {
    let body = r#"
data "aws_region" "here" {
  lifecycle {
    postcondition {
      condition     = self.region == "us-west-2"
      error_message = "The region is another one."
    }
  }
}
resource "aws_vpc" "this" {
  cidr_block = "10.0.0.0/16"
  lifecycle {
    precondition {
      condition     = startswith(data.aws_region.here.region, "us-")
      error_message = "Not in this region."
    }
  }
}
check "support" {
  assert {
    condition     = aws_vpc.this.enable_dns_hostnames
    error_message = "Hosts have no names."
  }
}
"#;
    for bench in benches("", 0.0) {
        write(&bench, body);
        assert!(bench.apply().contains("Hosts have no names."));
        write(&bench, &body.replace("\"us-\"", "\"eu-\""));
        let (code, text) = bench.run(&["plan", "-no-color"]);
        assert!(code == Some(1) && text.contains("Not in this region."), "{text}");
    }
}

#[test]
fn functions_of_the_provider_and_ephemeral_values_work() {
    let body = r#"
resource "aws_secretsmanager_secret" "this" { name = "acme/db" }
resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = "hush-hush-hush"
}
ephemeral "aws_secretsmanager_secret_version" "this" {
  secret_id = aws_secretsmanager_secret_version.this.secret_id
}
resource "aws_db_instance" "this" {
  identifier          = "acme"
  engine              = "postgres"
  instance_class      = "db.m7g.large"
  allocated_storage   = 20
  username            = "acme"
  password_wo         = ephemeral.aws_secretsmanager_secret_version.this.secret_string
  password_wo_version = 1
  skip_final_snapshot = true
}
output "account" { value = provider::aws::arn_parse(aws_db_instance.this.arn).account_id }
output "bucket" { value = provider::aws::arn_build("aws", "s3", "", "", "acme") }
output "role" { value = provider::aws::trim_iam_role_path("arn:aws:iam::123456789012:role/a/b/c") }
"#;
    for bench in benches("", 0.0) {
        write(&bench, body);
        bench.apply();
        bench.plan(0);
        let state = bench.state();
        assert_eq!(state["outputs"]["account"]["value"], "123456789012");
        assert_eq!(state["outputs"]["bucket"]["value"], "arn:aws:s3:::acme");
        assert_eq!(state["outputs"]["role"]["value"], "arn:aws:iam::123456789012:role/c");
        assert_eq!(state.to_string().matches("hush-hush-hush").count(), 1);
        write(&bench, &body.replace("aws_db_instance.this.arn)", "\"nonsense\")"));
        let (code, text) = bench.run(&["plan", "-no-color"]);
        assert!(code == Some(1) && flat(&text).contains("arn: invalid prefix"), "{text}");
    }
}

const MADE: &str = r#"
resource "aws_vpc" "this" {
  for_each   = { blue = "10.1.0.0/16", green = "10.2.0.0/16" }
  cidr_block = each.value
  tags       = { Name = each.key, Fleet = "acme" }
}
resource "aws_subnet" "this" {
  for_each          = { a = "private", b = "private", c = "public" }
  vpc_id            = aws_vpc.this["blue"].id
  cidr_block        = cidrsubnet("10.1.0.0/16", 8, index(["a", "b", "c"], each.key))
  availability_zone = "us-west-2${each.key}"
  tags              = { Tier = each.value }
}
resource "aws_security_group" "this" {
  name   = "web"
  vpc_id = aws_vpc.this["blue"].id
}
resource "aws_route53_zone" "this" { name = "example.net" }
resource "aws_kms_key" "this" {}
resource "aws_kms_alias" "this" {
  name          = "alias/acme"
  target_key_id = aws_kms_key.this.key_id
}
resource "aws_ssm_parameter" "this" {
  name  = "/acme/size"
  type  = "String"
  value = "large"
}
resource "aws_secretsmanager_secret" "this" { name = "acme/key" }
resource "aws_secretsmanager_secret_version" "this" {
  secret_id     = aws_secretsmanager_secret.this.id
  secret_string = "s3cret"
}
resource "aws_iam_role" "this" {
  name               = "acme"
  path               = "/teams/"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [] })
}
resource "aws_eks_cluster" "this" {
  name     = "acme"
  role_arn = aws_iam_role.this.arn
  vpc_config { subnet_ids = values(aws_subnet.this)[*].id }
}
output "made" {
  value = {
    vpc      = aws_vpc.this["blue"].id
    subnets  = sort([aws_subnet.this["a"].id, aws_subnet.this["b"].id])
    group    = aws_security_group.this.id
    zone     = aws_route53_zone.this.zone_id
    key      = aws_kms_key.this.arn
    role     = aws_iam_role.this.arn
    endpoint = aws_eks_cluster.this.endpoint
    size     = "large"
    secret   = "s3cret"
    vpcs     = 2
  }
}
"#;

const FOUND: &str = r#"
data "aws_vpc" "this" { tags = { Name = "blue" } }
data "aws_vpcs" "all" { tags = { Fleet = "acme" } }
data "aws_subnets" "private" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.this.id]
  }
  filter {
    name   = "tag:Tier"
    values = ["priv*"]
  }
}
data "aws_subnet" "each" {
  for_each = toset(data.aws_subnets.private.ids)
  id       = each.key
}
data "aws_security_group" "this" {
  vpc_id = data.aws_vpc.this.id
  filter {
    name   = "group-name"
    values = ["web"]
  }
}
data "aws_route53_zone" "this" { name = "example.net." }
data "aws_kms_alias" "this" { name = "alias/acme" }
data "aws_kms_key" "this" { key_id = "alias/acme" }
data "aws_ssm_parameter" "this" { name = "/acme/size" }
data "aws_secretsmanager_secret" "this" { name = "acme/key" }
data "aws_secretsmanager_secret_version" "this" { secret_id = "acme/key" }
data "aws_iam_role" "this" { name = "acme" }
data "aws_eks_cluster" "this" { name = "acme" }
data "aws_eks_cluster_auth" "this" { name = data.aws_eks_cluster.this.name }
output "made" {
  value = {
    vpc      = data.aws_vpc.this.id
    subnets  = sort([for subnet in data.aws_subnet.each : subnet.id])
    group    = data.aws_security_group.this.id
    zone     = data.aws_route53_zone.this.zone_id
    key      = data.aws_kms_alias.this.target_key_arn
    role     = data.aws_iam_role.this.arn
    endpoint = data.aws_eks_cluster.this.endpoint
    size     = nonsensitive(data.aws_ssm_parameter.this.value)
    secret   = nonsensitive(data.aws_secretsmanager_secret_version.this.secret_string)
    vpcs     = length(data.aws_vpcs.all.ids)
  }
}
output "key" { value = data.aws_kms_key.this.arn }
output "token" {
  value     = data.aws_eks_cluster_auth.this.token
  sensitive = true
}
"#;

#[test]
fn what_one_root_makes_another_one_finds_by_tag_filter_and_name() {
    for bench in benches("", 0.0) {
        write(&bench, MADE);
        bench.apply();
        let made = bench.state()["outputs"]["made"]["value"].clone();
        let found = apply_beside(&bench, "beside", FOUND);
        assert_eq!(found["made"]["value"], made, "{}", bench.0.name);
        assert_eq!(found["key"]["value"], made["key"]);
        assert!(found["token"]["value"].as_str().unwrap().starts_with("k8s-aws-v1."));
    }
}

/// Resources that exist already under their name, and what AWS says to a second one.
const TWICE: &[(&str, &str)] = &[
    (
        "resource \"aws_iam_policy\" \"N\" {\n name = \"acme\"\n policy = \"{}\"\n}",
        "creating IAM Policy (acme): operation error IAM: CreatePolicy, https response error StatusCode: 409",
    ),
    (
        "resource \"aws_iam_instance_profile\" \"N\" { name = \"acme\" }",
        "EntityAlreadyExists: Instance Profile acme already exists.",
    ),
    ("resource \"aws_sqs_queue\" \"N\" { name = \"acme\" }", "QueueAlreadyExists"),
    (
        "resource \"aws_ssm_parameter\" \"N\" {\n name = \"/acme\"\n type = \"String\"\n value = \"x\"\n}",
        "ParameterAlreadyExists: The parameter already exists.",
    ),
    (
        "resource \"aws_route53_record\" \"N\" {\n zone_id = \"Z1\"\n name = \"a\"\n type = \"TXT\"\n ttl = 60\n records = [\"x\"]\n}",
        "Tried to create resource record set [name='a', type='TXT'] but it already exists",
    ),
    (
        "resource \"aws_key_pair\" \"N\" {\n key_name = \"acme\"\n public_key = \"ssh-ed25519 AAAA\"\n}",
        "InvalidKeyPair.Duplicate: The keypair already exists",
    ),
    (
        "resource \"aws_lb_target_group\" \"N\" {\n name = \"acme\"\n port = 80\n protocol = \"HTTP\"\n vpc_id = \"vpc-1\"\n}",
        "A target group with the same name 'acme' exists",
    ),
    (
        "resource \"aws_kms_alias\" \"N\" {\n name = \"alias/acme\"\n target_key_id = \"k\"\n}",
        "An alias with the name arn:aws:kms:us-west-2:123456789012:alias/acme already exists",
    ),
    (
        "resource \"aws_secretsmanager_secret\" \"N\" { name = \"acme\" }",
        "ResourceExistsException: The operation failed because the secret acme already exists.",
    ),
    (
        "resource \"aws_db_parameter_group\" \"N\" {\n name = \"acme\"\n family = \"postgres16\"\n}",
        "Parameter group acme already exists",
    ),
    (
        "resource \"aws_ecr_repository\" \"N\" { name = \"acme\" }",
        "The repository with name 'acme' already exists in the registry with id '123456789012'",
    ),
    ("resource \"aws_s3_bucket\" \"N\" { bucket = \"acme\" }", "BucketAlreadyOwnedByYou"),
];

#[test]
fn a_second_object_of_the_same_name_is_refused_in_the_words_of_its_service() {
    for bench in benches("", 0.0) {
        let of = |name: &str| {
            TWICE.iter().map(|(text, _)| text.replace("\"N\"", name) + "\n").collect::<String>()
        };
        write(&bench, &of("\"one\""));
        bench.apply();
        write(&bench, &(of("\"one\"") + &of("\"two\"")));
        let text = flat(&bench.expect(1, &["apply", "-auto-approve", "-no-color"]));
        for (_, said) in TWICE {
            assert!(text.contains(said), "{}: {said}\n{text}", bench.0.name);
        }
        assert_eq!(bench.state().to_string().matches("\"one\"").count(), TWICE.len());
        assert!(!bench.state().to_string().contains("\"two\""));
    }
}

const USED: &str = r#"
resource "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }
resource "aws_iam_policy" "this" {
  name   = "acme"
  policy = "{}"
}
resource "aws_route53_zone" "this" { name = "example.net" }
resource "aws_s3_bucket" "this" { bucket = "acme" }
resource "aws_lb_target_group" "this" {
  name     = "acme"
  port     = 80
  protocol = "HTTP"
  vpc_id   = aws_vpc.this.id
}
"#;

const USERS: &str = r#"
data "aws_vpc" "this" { cidr_block = "10.0.0.0/16" }
data "aws_lb_target_group" "this" { name = "acme" }
resource "aws_subnet" "this" {
  vpc_id     = data.aws_vpc.this.id
  cidr_block = "10.0.1.0/24"
}
resource "aws_iam_role_policy_attachment" "this" {
  role       = "theirs"
  policy_arn = "arn:aws:iam::123456789012:policy/acme"
}
data "aws_route53_zone" "this" { name = "example.net" }
resource "aws_route53_record" "this" {
  zone_id = data.aws_route53_zone.this.zone_id
  name    = "www"
  type    = "A"
  ttl     = 60
  records = ["192.0.2.1"]
}
resource "aws_s3_object" "this" {
  bucket  = "acme"
  key     = "a"
  content = "b"
}
resource "aws_lb_listener" "this" {
  load_balancer_arn = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/x/1"
  port              = 80
  protocol          = "HTTP"
  default_action {
    type             = "forward"
    target_group_arn = data.aws_lb_target_group.this.arn
  }
}
"#;

#[test]
fn what_others_use_is_not_deleted() {
    for bench in benches("", 0.0) {
        write(&bench, USED);
        bench.apply();
        apply_beside(&bench, "beside", USERS);
        let text = flat(&bench.expect(1, &["destroy", "-auto-approve", "-no-color"]));
        for said in [
            "DeleteConflict: Cannot delete a policy attached to entities.",
            "HostedZoneNotEmpty",
            "BucketNotEmpty",
            "is currently in use by a listener or a rule",
        ] {
            assert!(text.contains(said), "{}: {said}\n{text}", bench.0.name);
        }
        // The target group keeps the network, and then the subnet does.
        bench.expect(0, &["state", "rm", "aws_lb_target_group.this"]);
        let text = flat(
            &bench.expect(1, &["destroy", "-auto-approve", "-no-color", "-target=aws_vpc.this"]),
        );
        assert!(text.contains("api error DependencyViolation: The vpc"), "{text}");
        let (code, text) =
            bench.run_in(&bench.0.dir().join("beside"), &["destroy", "-auto-approve", "-no-color"]);
        assert_eq!(code, Some(0), "{text}");
        bench.expect(0, &["destroy", "-auto-approve", "-no-color"]);
    }
}
