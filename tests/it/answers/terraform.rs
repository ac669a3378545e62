//! Answers and the Terraform root agree on names, types and defaults.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};
use springboard::answers::{Default, Kind};
use springboard::blueprint::poolside::questions::CATALOGUE;
use springboard::blueprint::poolside::variables::{
    Facts, LEFT, Pass, STATED, VariablesError, variables,
};

use super::load;
use crate::support::programs::{capture, engines};
use crate::support::source::root;

/// A variable of the root, as far as it can be read without an HCL parser.
#[derive(Debug)]
struct Variable {
    kind: String,
    default: Option<String>,
}

/// The variables of the root. Relies on `terraform fmt`, which another test holds.
fn declared() -> BTreeMap<String, Variable> {
    let text = fs::read_to_string(root().join("terraform/poolside/variables.tf")).unwrap();
    let mut found = BTreeMap::new();
    let mut name = None;
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("variable \"") {
            let new = rest.split('"').next().unwrap().to_owned();
            found.insert(new.clone(), Variable { kind: String::new(), default: None });
            name = Some(new);
        }
        let Some(variable) = name.as_ref().and_then(|name| found.get_mut(name)) else { continue };
        if let Some((key, value)) = line.strip_prefix("  ").and_then(|l| l.split_once('=')) {
            match key.trim_end() {
                "type" => variable.kind = value.trim().into(),
                "default" => variable.default = Some(value.trim().to_owned()),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn every_variable_is_fed_stated_or_left_on_purpose() {
    let declared: BTreeSet<String> = declared().into_keys().collect();
    let fed = CATALOGUE.questions().filter_map(|q| q.feeds);
    let known: Vec<&str> = fed.chain(STATED).chain(LEFT.iter().map(|(name, _)| *name)).collect();
    let unique: BTreeSet<String> = known.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(unique.len(), known.len(), "a variable has two sources");
    let lost: Vec<_> = declared.difference(&unique).collect();
    let invented: Vec<_> = unique.difference(&declared).collect();
    assert!(lost.is_empty() && invented.is_empty(), "not fed: {lost:?}; not there: {invented:?}");
}

#[test]
fn types_and_defaults_are_the_same_on_both_sides() {
    let declared = declared();
    for question in CATALOGUE.questions() {
        let Some(name) = question.feeds else { continue };
        let variable = &declared[name];
        let kind = match question.kind {
            Kind::Text(_) | Kind::Choice(_) => "string",
            Kind::Flag => "bool",
            Kind::Number { .. } => "number",
            Kind::List { .. } | Kind::Choices(_) => "list(string)",
            Kind::Table(_) => "map(any)",
        };
        assert_eq!(variable.kind, kind, "{name}");
        let ours = match question.default {
            Default::Text(text) => json!(text),
            Default::Flag(flag) => json!(flag),
            Default::Number(number) => json!(number),
            Default::List(items) => json!(items),
            Default::Optional(_) => Value::Null,
            Default::Required | Default::Derived { .. } => continue,
        };
        let theirs = variable.default.as_deref().unwrap_or_default();
        let theirs: Value = serde_json::from_str(theirs).unwrap_or_default();
        assert_eq!(ours, theirs, "the default of {name}");
    }
}

fn facts() -> Facts {
    Facts { image_repositories: vec!["core-api".into(), "inference".into()], ..Facts::default() }
}

#[test]
fn the_passes_differ_by_the_gpu_switch_alone() {
    let answers = load("valid", "everything.toml", &[]).unwrap();
    let mut foundation = variables(&answers, &facts(), Pass::Foundation).unwrap();
    let gpu = variables(&answers, &facts(), Pass::Gpu).unwrap();
    assert_eq!(foundation.insert("enable_gpu".into(), json!(true)), Some(json!(false)));
    assert_eq!(foundation, gpu);
    insta::assert_snapshot!(serde_json::to_string_pretty(&gpu).unwrap());
}

#[test]
fn the_platform_alone_has_no_gpus_in_any_pass() {
    let answers = load("valid", "platform-only.toml", &["gpu_desired_size=3"]).unwrap();
    let variables = variables(&answers, &facts(), Pass::Gpu).unwrap();
    assert_eq!(variables["enable_gpu"], json!(false));
    let asked: Vec<_> = variables.keys().filter(|name| name.starts_with("gpu_")).collect();
    assert!(asked.is_empty(), "{asked:?}");
    assert_eq!(variables["cluster_endpoint_public_access_cidrs"], json!([]));
}

#[test]
fn capacity_set_aside_needs_its_zone() {
    let answers = load("valid", "everything.toml", &["gpu_availability_zone="]).unwrap();
    let error = variables(&answers, &facts(), Pass::Foundation).unwrap_err();
    assert_eq!(error, VariablesError::ZoneUnknown { reservation: "cr-0123456789abcdef0".into() });
    let facts = Facts { reservation_zone: Some("us-west-2b".into()), ..facts() };
    let variables = variables(&answers, &facts, Pass::Foundation).unwrap();
    assert_eq!(variables["gpu_availability_zone"], json!("us-west-2b"));
}

#[test]
fn no_node_is_wanted_before_a_capacity_block_begins() {
    let answers = load("valid", "everything.toml", &["gpu_min_size=1"]).unwrap();
    let facts = Facts { capacity_has_begun: Some(false), ..facts() };
    let variables = variables(&answers, &facts, Pass::Gpu).unwrap();
    assert_eq!(
        (&variables["gpu_desired_size"], &variables["gpu_min_size"]),
        (&json!(0), &json!(0))
    );
    assert_eq!(variables["gpu_max_size"], json!(2));
}

#[test]
fn whoever_makes_the_cluster_is_not_named_twice() {
    let answers = load("valid", "everything.toml", &[]).unwrap();
    let facts = Facts {
        installer: Some("arn:aws:iam::123456789012:role/Admins".into()),
        autoscaling_role_exists: Some(false),
        ..facts()
    };
    let made = variables(&answers, &facts, Pass::Foundation).unwrap();
    let others = json!(["arn:aws:iam::123456789012:user/ada"]);
    assert_eq!(made["cluster_admin_principal_arns"], others);
    assert_eq!(made["create_autoscaling_service_linked_role"], json!(true));
    // The ARN of a session does not say the path of its role, the answer may.
    let arn = "arn:aws:iam::123456789012:role/aws-reserved/sso/Installer";
    let change = format!("cluster_admin_principal_arns=[\"{arn}\"]");
    let answers = load("valid", "everything.toml", &[&change]).unwrap();
    let facts =
        Facts { installer: Some("arn:aws:iam::123456789012:role/Installer".into()), ..facts };
    let variables = variables(&answers, &facts, Pass::Foundation).unwrap();
    assert_eq!(variables["cluster_admin_principal_arns"], json!([]));
}

#[test]
fn tags_become_a_map() {
    let answers = load("valid", "everything.toml", &[]).unwrap();
    let variables = variables(&answers, &facts(), Pass::Foundation).unwrap();
    assert_eq!(variables["tags"], json!({ "cost-centre": "4711", "owner": "ada" }));
}

/// Different answers that are right, as changes to a valid file.
const COMPANY: [(&str, &[&str]); 9] = [
    ("everything.toml", &[]),
    (
        "everything.toml",
        &[
            "enable_model_s3_upload=true",
            "external_models_bucket=",
            "checkpoints_dir=../checkpoints",
        ],
    ),
    (
        "everything.toml",
        &["gpu_capacity_reservation_id=", "gpu_capacity=on-demand", "gpu_availability_zone="],
    ),
    (
        "everything.toml",
        &["gpu_capacity=reservation", "availability_zones=[]", "deployment_name=a12"],
    ),
    (
        "everything.toml",
        &["cpu_ami_id=ami-01234567", "gpu_ami_id=ami-0123456789abcdef0", "cluster_log_types=[]"],
    ),
    (
        "everything.toml",
        &["enable_nat_gateway=false", "single_nat_gateway=false", "enable_log_aggregation=true"],
    ),
    ("platform-only.toml", &[]),
    (
        "platform-only.toml",
        &[
            "deployment_name=a23456789012345678901234",
            "enable_cognito=true",
            "vpc_cidr=192.168.0.0/20",
        ],
    ),
    (
        "platform-only.toml",
        &["region=us-gov-west-1", "ingress_controller=nginx", "database_engine_version=16.10"],
    ),
];

#[test]
fn the_root_accepts_what_answers_make() {
    // A root that has the inputs and nothing else needs no provider; their rules hold all the same.
    for (name, engine) in engines() {
        let folder = tempfile::tempdir().unwrap();
        let inputs = root().join("terraform/poolside/variables.tf");
        fs::copy(inputs, folder.path().join("variables.tf")).unwrap();
        let (code, text) = capture(&engine, &["init", "-input=false", "-no-color"], folder.path());
        assert_eq!(code, Some(0), "{name} init:\n{text}");
        for (file, sets) in COMPANY {
            let answers = load("valid", file, sets).unwrap();
            let variables = variables(&answers, &facts(), Pass::Gpu).unwrap();
            let text = serde_json::to_string(&variables).unwrap();
            fs::write(folder.path().join("answers.auto.tfvars.json"), text).unwrap();
            let args = ["plan", "-input=false", "-no-color"];
            let (code, text) = capture(&engine, &args, folder.path());
            assert_eq!(code, Some(0), "{name}, {file} with {sets:?}:\n{text}");
            assert!(!text.contains("undeclared"), "{name}, {file} with {sets:?}:\n{text}");
        }
    }
}

#[test]
fn the_subnets_beside_the_range_are_those_that_terraform_cuts() {
    let module = fs::read_to_string(root().join("terraform/modules/network/main.tf")).unwrap();
    let from = module.find("  prefix             =").unwrap();
    let until = from + module[from..].find("\n  )\n").unwrap() + "\n  )\n".len();
    let cuts = &module[from..until];
    for (name, engine) in engines() {
        for range in ["10.40.0.0/16", "10.40.128.0/18", "192.168.16.0/20"] {
            let folder = tempfile::tempdir().unwrap();
            let text = format!(
                "variable \"vpc_cidr\" {{\n  default = \"{range}\"\n}}\nlocals {{\n{cuts}}}\n\
                 output \"blocks\" {{\n  value = local.blocks\n}}\n"
            );
            fs::write(folder.path().join("main.tf"), text).unwrap();
            let run = |args: &[&str]| {
                let (code, text) = capture(&engine, args, folder.path());
                assert_eq!(code, Some(0), "{name}, {range}:\n{text}");
                text
            };
            run(&["init", "-input=false", "-no-color"]);
            run(&["apply", "-auto-approve", "-input=false", "-no-color"]);
            let said = run(&["output", "-json", "blocks"]);
            // Warnings about the machine's own settings may stand around it.
            let list = &said[said.find("[\"").unwrap()..];
            let mut documents = serde_json::Deserializer::from_str(list).into_iter();
            let blocks: Vec<String> = documents.next().unwrap().unwrap();
            let zones = "availability_zones=[\"us-west-2a\",\"us-west-2b\",\"us-west-2c\"]";
            let vpc = format!("vpc_cidr={range}");
            let answers = load("valid", "platform-only.toml", &[zones, &vpc]).unwrap();
            let today = "2026-11-21".parse().unwrap();
            let beside = &springboard::blueprint::ALL[0].consequences(&answers, today)["vpc_cidr"];
            let shown: Vec<&str> = beside.iter().flat_map(|(_, text)| text.split(", ")).collect();
            assert_eq!(shown, blocks, "{name}, {range}");
        }
    }
}
