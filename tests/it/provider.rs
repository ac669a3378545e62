//! The simulated provider, as the real engines use it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use springboard::rehearsal::{Scenario, World, provider};
use tokio::runtime::Runtime;

use crate::support::programs::{capture_with, engines};

/// A world with its provider, and a folder in which an engine works.
struct Bench {
    /// First, so that nothing serves any more when the folder goes.
    _runtime: Runtime,
    world: Arc<World>,
    dir: tempfile::TempDir,
    engine: PathBuf,
    name: &'static str,
}

impl Bench {
    fn new(name: &'static str, engine: &Path, scenario: &str, time_scale: f64) -> Self {
        // The path of a Unix socket must be short.
        let dir = tempfile::Builder::new().prefix("sb").tempdir_in("/tmp").unwrap();
        std::fs::create_dir(dir.path().join("root")).unwrap();
        let scenario = Scenario::parse(scenario).unwrap();
        let world = World::open(&dir.path().join("world"), scenario, time_scale).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = {
            let _inside = runtime.enter();
            tokio::net::UnixListener::bind(dir.path().join("p.sock")).unwrap()
        };
        runtime.spawn(provider::serve(Arc::clone(&world), listener));
        Self { _runtime: runtime, world, dir, engine: engine.to_owned(), name }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("root")
    }

    fn write(&self, text: &str) {
        std::fs::write(self.root().join("main.tf"), text).unwrap();
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        self.run_in(&self.root(), args)
    }

    fn run_in(&self, folder: &Path, args: &[&str]) -> (Option<i32>, String) {
        let registry = match self.name {
            "terraform" => "registry.terraform.io",
            _ => "registry.opentofu.org",
        };
        let attached = serde_json::json!({format!("{registry}/hashicorp/aws"): {
            "Protocol": "grpc", "ProtocolVersion": 6, "Pid": std::process::id(), "Test": true,
            "Addr": {"Network": "unix", "String": self.dir.path().join("p.sock")},
        }})
        .to_string();
        let env = [
            ("TF_REATTACH_PROVIDERS", attached.as_str()),
            ("CHECKPOINT_DISABLE", "1"),
            ("TF_IN_AUTOMATION", "1"),
        ];
        capture_with(&self.engine, args, folder, &env)
    }

    /// Runs a command that must end with that exit code.
    fn expect(&self, code: i32, args: &[&str]) -> String {
        let (got, text) = self.run(args);
        assert_eq!(got, Some(code), "{} {args:?}:\n{text}", self.name);
        text
    }

    fn apply(&self) -> String {
        self.expect(0, &["init", "-input=false", "-no-color"]);
        self.expect(0, &["apply", "-auto-approve", "-input=false", "-no-color"])
    }

    fn plan(&self, code: i32) -> String {
        self.expect(code, &["plan", "-input=false", "-no-color", "-detailed-exitcode"])
    }

    fn state(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.root().join("terraform.tfstate")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn attributes(&self, kind: &str, name: &str) -> serde_json::Value {
        let state = self.state();
        let resources = state["resources"].as_array().unwrap();
        let resource = resources.iter().find(|r| r["type"] == kind && r["name"] == name).unwrap();
        resource["instances"][0]["attributes"].clone()
    }
}

fn benches(scenario: &str, time_scale: f64) -> Vec<Bench> {
    engines()
        .into_iter()
        .map(|(name, path)| Bench::new(name, &path, scenario, time_scale))
        .collect()
}

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
        assert_eq!(bench.world.store.list("aws"), []);
    }
}

#[test]
fn what_was_deleted_behind_the_back_is_noticed_and_what_exists_is_imported() {
    for bench in benches("", 0.0) {
        bench.write(&format!("{HEAD}{NETWORK}"));
        bench.apply();
        let role = bench.world.store.get("aws", "aws_iam_role/acme-cluster").unwrap();
        bench.world.store.remove("aws", "aws_iam_role/acme-cluster").unwrap();
        assert!(bench.plan(2).contains("aws_iam_role.this will be created"));
        bench.world.store.put("aws", "aws_iam_role/acme-cluster", role).unwrap();
        bench.plan(0);
        bench.expect(0, &["state", "rm", "aws_eks_cluster.this", "aws_subnet.this[0]"]);
        let subnets = bench.world.store.list_prefix("aws", "aws_subnet/");
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
