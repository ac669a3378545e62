//! `springboard preflight`: the report, the catalogue, and each defect changing exactly its checks.

mod defects;
mod runs;
mod scenarios;
mod silence;

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;
use springboard::blueprint;

use crate::support::sandbox::Sandbox;
use crate::support::source::root;

/// A sandbox whose terraform and helm say that they are new enough, and do nothing else.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new();
    for (name, said) in [("terraform", "Terraform v1.11.4"), ("helm", "v4.0.1")] {
        let path = sandbox.path().join("bin").join(name);
        std::fs::write(&path, format!("#!/bin/sh\necho '{said}'\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    sandbox
}

/// The report of a preflight in the simulated world.
fn report(sandbox: &Sandbox, scenario: &str, sets: &[&str], more: &[&str]) -> Value {
    let file = sandbox.path().join("scenario.toml");
    std::fs::write(&file, scenario).unwrap();
    let mut words = vec!["preflight", "--rehearse", "--output", "json", "--scenario"];
    words.push(file.to_str().unwrap());
    words.extend(sets.iter().flat_map(|set| ["--set", set]));
    words.extend(more);
    let finished = sandbox.run(&words);
    let document: Value = serde_json::from_str(&finished.out)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.out, finished.err));
    let failed = document["counts"]["fail"].as_u64().unwrap() > 0;
    finished.expect_code(if failed { 3 } else { 0 });
    document
}

/// Id to outcome.
fn outcomes(report: &Value) -> BTreeMap<String, String> {
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap().iter();
    checks.map(|check| (text(check, "id"), text(check, "outcome"))).collect()
}

fn schema() -> jsonschema::Validator {
    let text = std::fs::read_to_string(root().join("assets/schemas/preflight.json")).unwrap();
    jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap()
}

#[test]
fn a_ready_account_passes_and_the_report_has_its_published_form() {
    let sandbox = sandbox();
    let report = report(&sandbox, "", &[], &[]);
    let problems: Vec<_> = schema().iter_errors(&report).map(|e| e.to_string()).collect();
    assert_eq!(problems, [""; 0]);
    let bad: Vec<_> = report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["outcome"] == "fail" || check["outcome"] == "unknown")
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert!(!sandbox.state().join("preflight").exists(), "its world is left behind");
}

#[test]
fn every_check_has_an_id_of_its_own_and_a_sentence() {
    let checks = blueprint::checks(blueprint::ALL[0]);
    assert!(checks.len() >= 40, "only {} checks", checks.len());
    let ids: BTreeSet<&str> = checks.iter().map(|check| check.id).collect();
    assert_eq!(ids.len(), checks.len(), "an id is there twice");
    for check in &checks {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(check.id.chars().all(is_plain), "{}", check.id);
        assert!(!check.sentence.is_empty() && !check.sentence.ends_with('.'), "{}", check.id);
    }
}

#[test]
fn the_list_names_every_check_without_asking_anything() {
    let sandbox = Sandbox::new();
    let lines = sandbox.run(&["preflight", "--list"]).expect_code(0).out;
    let array = sandbox.run(&["preflight", "--list", "--output", "json"]).expect_code(0).out;
    let array: Vec<Value> = serde_json::from_str(&array).unwrap();
    let checks = blueprint::checks(blueprint::ALL[0]);
    assert_eq!((lines.lines().count(), array.len()), (checks.len(), checks.len()));
    for ((line, entry), check) in lines.lines().zip(&array).zip(&checks) {
        assert!(line.starts_with(check.id) && line.ends_with(check.sentence), "{line}");
        assert_eq!(entry["id"], check.id);
    }
}

#[test]
fn without_an_account_and_answers_everything_says_what_it_waits_for() {
    let sandbox = sandbox();
    let words = ["preflight", "--output", "json", "--skip-check", "state-folder"];
    let finished = sandbox.start_with(&words, &[("AWS_EC2_METADATA_DISABLED", "true")]).wait();
    let document: Value = serde_json::from_str(&finished.expect_code(0).out).unwrap();
    let found = |id: &str| {
        let checks = document["checks"].as_array().unwrap();
        checks.iter().find(|check| check["id"] == id).unwrap().clone()
    };
    assert_eq!(found("account")["outcome"], "unknown");
    assert_eq!(found("zones")["found"], "waits for the answer `region`");
    assert_eq!(found("bundle-images")["found"], "waits for the answer `containers_dir`");
    let answers = found("answers");
    assert_eq!(answers["outcome"], "warn");
    assert!(answers["found"].as_str().unwrap().contains("`deployment_name`"), "{answers}");
    assert_eq!(found("state-folder")["outcome"], "skipped");
}

#[test]
fn a_check_that_there_is_not_is_refused_with_the_nearest() {
    let sandbox = Sandbox::new();
    let said = sandbox.run(&["preflight", "--skip-check", "quota-elastic"]).expect_code(2).err;
    assert!(said.contains("there is no check `quota-elastic`"), "{said}");
    assert!(said.contains("nearest: `quota-elastic-ip`"), "{said}");
}

#[test]
fn an_answer_that_is_wrong_is_wrong_usage() {
    let sandbox = Sandbox::new();
    let said = sandbox.run(&["preflight", "--set", "region=nowhere"]).expect_code(2).err;
    assert!(said.contains("region"), "{said}");
}

#[test]
fn the_policy_allows_what_the_answers_lead_to() {
    let sandbox = Sandbox::new();
    let policy = |sets: &[&str]| {
        let mut words = vec!["preflight", "--policy"];
        words.extend(sets.iter().flat_map(|set| ["--set", set]));
        sandbox.run(&words).expect_code(0).out
    };
    let boundary = "arn:aws:iam::123456789012:policy/B";
    let with = policy(&["enable_cognito=true", &format!("permissions_boundary_arn={boundary}")]);
    let without = policy(&["enable_cognito=false"]);
    for action in ["ec2:CreateVpc", "eks:CreateCluster", "rds:CreateDBInstance", "ecr:PutImage"] {
        assert!(without.contains(action), "{action}");
    }
    assert!(with.contains("cognito-idp:CreateUserPool\"") && with.contains(boundary));
    assert!(!without.contains("cognito-idp:CreateUserPool\"") && !without.contains(boundary));
}

#[test]
fn the_lines_begin_with_what_fails_and_end_with_the_counts() {
    let sandbox = sandbox();
    let file = sandbox.path().join("s.toml");
    std::fs::write(&file, "[quotas]\n\"ec2/L-0263D0A3\" = 1\n[host]\nclock_behind = \"2m\"\n")
        .unwrap();
    let words = ["preflight", "--rehearse", "--scenario", file.to_str().unwrap()];
    let out = sandbox.run(&words).expect_code(3).out;
    let lines: Vec<&str> = out.lines().collect();
    let found = "fail     quota-elastic-ip: Elastic IP addresses: 2 needed, 1 left of 1 (0 in use)";
    assert_eq!(lines[0], found);
    assert_eq!(lines[1], "         why: 2 NAT gateways in 2 zones; each needs one");
    assert!(lines[2].contains("aws service-quotas request-service-quota-increase"), "{out}");
    assert!(lines[3].starts_with("warn     "), "{out}");
    let last = lines[lines.len() - 1];
    assert!(last.contains(" checks in ") && last.contains(": 1 fail, 1 warn"), "{out}");
}
