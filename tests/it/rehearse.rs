//! The main job from end to end: `springboard rehearse` with unmodified engines and Helm.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::Value;
use springboard::answers::Loader;
use springboard::blueprint;
use springboard::host::Host;

use crate::support::stage::Stage;

/// A rehearsal that must end well, with an empty closing plan.
fn rehearses(engine: &str, helm: &str, answers: &[&str]) {
    let Some(stage) = Stage::new(engine, helm) else { return };
    let sets: Vec<&str> = answers.iter().flat_map(|answer| ["--set", answer]).collect();
    stage.sandbox.run(&stage.rehearse(&sets)).expect_code(0);
    let events = stage.events();
    let last = events.last().unwrap();
    assert_eq!((&last["kind"], &last["status"]), (&"run_finished".into(), &"done".into()));
    let closing = events.iter().rfind(|e| e["kind"] == "plan_made").unwrap();
    assert_eq!(closing["stage"], "converge");
    for count in ["add", "change", "remove", "import"] {
        assert_eq!(closing[count], 0, "{closing}");
    }
    names_no_address_of_the_world(&stage.sandbox.state().join("rehearsals/acme"));
    is_what_was_demanded(&stage);
}

/// State, plans, values, journals and receipts hold the names that AWS would give; only the
/// kubeconfig says how the cluster is reached, in the one field that is for it.
fn names_no_address_of_the_world(deployment: &Path) {
    let world = fs::read_to_string(deployment.join("world/world.json")).unwrap();
    let world: Value = serde_json::from_str(&world).unwrap();
    let ports = ["kubernetes", "registry", "storage"].map(|server| {
        let address = world[server].as_str().unwrap();
        format!(":{}", address.rsplit_once(':').unwrap().1)
    });
    let mut looked_at = 0;
    let mut folders = vec![deployment.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let is_log = path.extension().is_some_and(|extension| extension == "log");
            if path.is_dir() {
                // What the world itself keeps is its own.
                folders.extend((path.file_name().unwrap() != "world").then_some(path));
            } else if path.is_file() && !is_log {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                let is_server = |line: &&str| line.trim().starts_with("server:");
                let lines = text.lines().filter(|line| !is_server(line));
                let found = lines.flat_map(|line| line.split_whitespace()).find(|word| {
                    ["127.0.0.1", "localhost:"].iter().any(|name| word.contains(name))
                        || ports.iter().any(|port| word.contains(port.as_str()))
                });
                assert_eq!(found, None, "{}", path.display());
                looked_at += 1;
            }
        }
    }
    assert!(looked_at > 5, "only {looked_at} files were looked at");
}

#[test]
fn the_full_profile_is_rehearsed_with_terraform_and_helm_4() {
    rehearses("terraform", "helm4", &[]);
}

#[test]
fn the_full_profile_with_cognito_is_rehearsed_with_tofu_and_helm_3() {
    rehearses("tofu", "helm3", &["enable_cognito=true"]);
}

#[test]
fn the_platform_alone_is_rehearsed_with_tofu_and_helm_4() {
    rehearses("tofu", "helm4", &["profile=platform-only"]);
}

#[test]
fn the_platform_alone_with_cognito_is_rehearsed_with_terraform_and_helm_3() {
    rehearses("terraform", "helm3", &["profile=platform-only", "enable_cognito=true"]);
}

/// Types and names that the checks ask about are those that Terraform makes.
fn is_what_was_demanded(stage: &Stage) {
    let folder = stage.sandbox.state().join("rehearsals/acme");
    let host = Host::fixed(BTreeMap::new(), folder.clone(), folder.clone());
    let blueprint = blueprint::ALL[0];
    let loader = Loader::new(blueprint.catalogue(), &host).file(&folder.join("answers.toml"));
    let demand = blueprint.demand(&loader.unwrap().load().unwrap());
    let words = ["world", "inventory", "--deployment", "acme"];
    let inventory: Value =
        serde_json::from_str(&stage.sandbox.run(&words).expect_code(0).out).unwrap();
    let made = inventory["aws"].as_object().unwrap();
    // What controllers of the cluster make is no matter of Terraform.
    let by_terraform = made.iter().filter(|(_, object)| {
        let tags = object.get("tags_all").or_else(|| object.get("tags"));
        tags.is_none_or(|tags| tags.get("springboard:address").is_some() || tags.is_null())
    });
    let types: BTreeSet<&str> = by_terraform.filter_map(|(key, _)| key.split('/').next()).collect();
    let demanded: BTreeSet<&str> = demand.types.iter().copied().collect();
    assert_eq!(types, demanded);
    let kinds = [
        ("aws_iam_role", "name"),
        ("aws_cloudwatch_log_group", "name"),
        ("aws_kms_alias", "name"),
        ("aws_s3_bucket", "bucket"),
        ("aws_ecr_repository", "name"),
        ("aws_db_instance", "identifier"),
        ("aws_db_subnet_group", "name"),
        ("aws_db_parameter_group", "name"),
        ("aws_eks_cluster", "name"),
        ("aws_launch_template", "name"),
    ];
    for (kind, attribute) in kinds {
        let of_kind = made.iter().filter(|(key, _)| key.split('/').next() == Some(kind));
        let mut names: BTreeSet<&str> =
            of_kind.filter_map(|(_, object)| object[attribute].as_str()).collect();
        // The engine makes it, not Terraform.
        names.remove("acme-tfstate-123456789012");
        let demanded: BTreeSet<&str> = demand.names_of(kind).collect();
        assert_eq!(names, demanded, "{kind}");
    }
}
