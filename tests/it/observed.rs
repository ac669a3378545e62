//! The plans that the real provider 5.46 made, made again by the real engines in the world.
//!
//! 80 creations and 170 changes, compared attribute by attribute: values, unknowns, sensitivity,
//! actions and replaced paths. What release 6.47 does otherwise is in [`DEVIATIONS`].

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::support::bench::{Bench, benches};
use crate::support::shape::Shape;

const OBSERVED: &str = include_str!("../fixtures/aws/observed-plans-5.46.json");

/// What is planned otherwise, and why: type, attribute (and change), reason.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("aws_eks_cluster", "vpc_config (encrypt)", FILLED),
    ("aws_eks_cluster", "vpc_config (tags)", FILLED),
    ("aws_nat_gateway", "secondary_allocation_ids", "optional and computed in 6.47"),
    ("aws_s3_bucket", "region", "in 6.47 the region of the provider, known when planning"),
    ("aws_subnet", "ipv6_cidr_block", "optional and computed in 6.47"),
];

const FILLED: &str =
    "the observer had filled `public_access_cidrs` with nothing; AWS fills in 0.0.0.0/0";

/// What stands for a value that is known after apply.
const UNKNOWN: &str = "(known after apply)";

/// A resource of the observation: its type and the name of its case.
type Case = (String, String);

/// One change of the configuration of a case: its name, and what was observed.
type Change<'a> = (&'a str, &'a Value);

/// What was compared, and what did not agree.
#[derive(Default)]
struct Score {
    compared: usize,
    wrong: Vec<String>,
}

impl Score {
    fn note(&mut self, case: &Case, what: &str, wanted: &Value, ours: &Value) {
        self.judge(case, what, wanted == ours, wanted, ours);
    }

    fn judge(&mut self, case: &Case, what: &str, right: bool, wanted: &Value, ours: &Value) {
        let name = what.split(' ').next().unwrap();
        let is_known = |kind: &str, known: &str| kind == case.0 && (known == name || known == what);
        if DEVIATIONS.iter().any(|(kind, known, _)| is_known(kind, known)) {
            return;
        }
        self.compared += 1;
        if !right {
            self.wrong.push(format!("{}.{} {what}: {wanted}, ours {ours}", case.0, case.1));
        }
    }

    fn finish(self, engine: &str, least: usize) {
        let report = self.wrong.join("\n");
        assert!(self.wrong.is_empty(), "{engine}: {} wrong\n{report}", self.wrong.len());
        assert!(self.compared >= least, "{engine}: only {} compared", self.compared);
    }
}

fn entries(json: &Value) -> impl Iterator<Item = (&String, &Value)> {
    json.as_object().into_iter().flatten()
}

fn observed() -> Value {
    serde_json::from_str(OBSERVED).unwrap()
}

/// Configurations of changes whose creation was not observed, in our words.
fn unobserved() -> BTreeMap<Case, Value> {
    let policy = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:GetObject"],"Resource":"*"}]}"#;
    let trust = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":"ec2.amazonaws.com"}}]}"#;
    let (vpc, subnet) = ("vpc-0a1b2c3d4e5f60718", "subnet-0a1b2c3d4e5f60718");
    let group = json!({
        "cluster_name": "x", "node_group_name": "gpu", "capacity_type": "ON_DEMAND",
        "node_role_arn": "arn:aws:iam::123456789012:role/x", "subnet_ids": [subnet],
        "ami_type": "AL2_x86_64_GPU", "instance_types": ["p5.48xlarge"],
        "labels": { "a": "b" },
        "launch_template": [{ "id": "lt-0a1b2c3d4e5f60718", "version": "1" }],
        "scaling_config": [{ "desired_size": 1, "max_size": 1, "min_size": 0 }],
        "taint": [{ "key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE" }],
        "update_config": [{ "max_unavailable": 1 }],
    });
    // An attribute that may be written as blocks: in JSON, all of it must be said.
    let mut route = json!({ "cidr_block": "0.0.0.0/0", "gateway_id": "igw-0a1b2c3d4e5f60718" });
    for unused in [
        "carrier_gateway_id",
        "core_network_arn",
        "destination_prefix_list_id",
        "egress_only_gateway_id",
        "ipv6_cidr_block",
        "local_gateway_id",
        "nat_gateway_id",
        "network_interface_id",
        "odb_network_arn",
        "transit_gateway_id",
        "vpc_endpoint_id",
        "vpc_peering_connection_id",
    ] {
        route[unused] = Value::Null;
    }
    let rule = json!([{ "id": "old", "status": "Enabled", "filter": [{ "prefix": "" }],
        "expiration": [{ "days": 90 }] }]);
    let cases = [
        (
            "aws_efs_access_point",
            "typical",
            json!({ "file_system_id": "fs-0a1b2c3d4e5f60718",
            "posix_user": [{ "gid": 1000, "uid": 1000 }] }),
        ),
        ("aws_eks_node_group", "template", group),
        ("aws_iam_policy", "prefix", json!({ "name_prefix": "x-", "policy": policy })),
        ("aws_iam_role", "prefix", json!({ "name_prefix": "x-", "assume_role_policy": trust })),
        (
            "aws_nat_gateway",
            "minimal",
            json!({ "allocation_id": "eipalloc-0a1b2c3d4e5f60719",
            "subnet_id": subnet }),
        ),
        ("aws_route_table", "inline", json!({ "vpc_id": vpc, "route": [route] })),
        (
            "aws_s3_bucket_lifecycle_configuration",
            "typical",
            json!({ "bucket": "x-models", "rule": rule }),
        ),
        (
            "aws_vpc_endpoint",
            "interface",
            json!({ "vpc_id": vpc, "subnet_ids": [subnet],
            "service_name": "com.amazonaws.us-west-2.sts", "vpc_endpoint_type": "Interface",
            "private_dns_enabled": true, "security_group_ids": ["sg-0a1b2c3d4e5f60718"] }),
        ),
        (
            "aws_vpc_security_group_egress_rule",
            "all",
            json!({ "ip_protocol": "-1",
            "security_group_id": "sg-0a1b2c3d4e5f60718", "cidr_ipv4": "0.0.0.0/0" }),
        ),
    ];
    cases.into_iter().map(|(t, c, config)| ((t.into(), c.into()), config)).collect()
}

/// A root with these resources. What lives in a cluster comes after it.
fn root<'a>(resources: impl Iterator<Item = (&'a Case, Value)>) -> Value {
    let mut all = Map::new();
    let resources: Vec<_> = resources.collect();
    let has_cluster = resources.iter().any(|(case, _)| case.0 == "aws_eks_cluster");
    for ((kind, case), mut config) in resources {
        if has_cluster && config.get("cluster_name").is_some() {
            config["depends_on"] = json!(["aws_eks_cluster.minimal"]);
        }
        let of_kind = all.entry(kind.clone()).or_insert_with(|| json!({}));
        of_kind[case] = config;
    }
    json!({
        "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws" } } },
        "provider": { "aws": { "region": "us-west-2",
            "default_tags": [{ "tags": { "springboard:deployment": "acme" } }] } },
        "resource": all,
    })
}

/// The planned changes of a root, by type and name.
fn changes(bench: &Bench) -> BTreeMap<Case, Value> {
    let plan = bench.planned();
    let changes = plan["resource_changes"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    changes.iter().map(|c| ((text(&c["type"]), text(&c["name"])), c["change"].clone())).collect()
}

/// A value with what is not known yet written into it.
fn merged(after: &Value, unknown: &Value) -> Value {
    match (after, unknown) {
        (_, Value::Bool(true)) => UNKNOWN.into(),
        (Value::Object(known), Value::Object(open)) => {
            let names: BTreeSet<&String> = known.keys().chain(open.keys()).collect();
            let value = |n: &String| merged(known.get(n).unwrap_or(&Value::Null), &unknown[n]);
            Value::Object(names.into_iter().map(|n| (n.clone(), value(n))).collect())
        }
        (Value::Array(items), Value::Array(_)) => {
            items.iter().enumerate().map(|(i, item)| merged(item, &unknown[i])).collect()
        }
        (Value::Null, Value::Object(open)) if !open.is_empty() => merged(&json!({}), unknown),
        (known, _) => known.clone(),
    }
}

/// The paths at which a value is sensitive.
fn sensitive(marks: &Value, at: &str, found: &mut BTreeSet<String>) {
    match marks {
        Value::Bool(true) => drop(found.insert(at.to_owned())),
        Value::Object(fields) => {
            for (name, inner) in fields {
                sensitive(inner, &format!("{at}.{name}"), found);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter().enumerate() {
                sensitive(inner, &format!("{at}[{index}]"), found);
            }
        }
        _ => {}
    }
}

fn secrets(marks: &Value) -> Value {
    let mut found = BTreeSet::new();
    sensitive(marks, "", &mut found);
    found.into_iter().map(Value::from).collect()
}

#[test]
fn creations_are_planned_by_both_engines_as_the_real_provider_plans_them() {
    let (observed, shapes) = (observed(), Shape::of_resources());
    for bench in benches("", 0.0) {
        let mut score = Score::default();
        let mut cases = BTreeMap::new();
        for (kind, of_kind) in entries(&observed["create"]) {
            for (case, facts) in entries(of_kind) {
                cases.insert((kind.clone(), case.clone()), facts);
            }
        }
        bench.write_json(&root(cases.iter().map(|(case, facts)| (case, facts["config"].clone()))));
        bench.expect(0, &["init", "-input=false", "-no-color"]);
        let planned = changes(&bench);
        for (case, facts) in &cases {
            let ours = &planned[case];
            score.note(case, "actions", &facts["actions"], &ours["actions"]);
            let wanted = merged(&facts["after"], &facts["after_unknown"]);
            let mut marks = ours["after_sensitive"].clone();
            marks.as_object_mut().unwrap().retain(|name, _| wanted.get(name).is_some());
            let marks = (secrets(&facts["after_sensitive"]), secrets(&marks));
            score.note(case, "after_sensitive", &marks.0, &marks.1);
            let after = merged(&ours["after"], &ours["after_unknown"]);
            for (name, wanted) in entries(&wanted) {
                // An attribute that 6.47 does not have any more cannot be planned.
                if let Some(shape) = shapes[&case.0].field(name) {
                    let right = shape.agrees(wanted, &after[name]);
                    score.judge(case, name, right, wanted, &after[name]);
                }
            }
        }
        score.finish(bench.0.name, 1_200);
    }
}

/// Every case with changes: its configuration and the changes, in order.
fn changed(observed: &Value) -> BTreeMap<Case, (Value, Vec<Change<'_>>)> {
    let mut others = unobserved();
    let mut all = BTreeMap::new();
    for (kind, of_kind) in entries(&observed["update"]) {
        for (name, changes) in entries(of_kind) {
            let case = (kind.clone(), name.clone());
            let config = match &observed["create"][kind][name]["config"] {
                Value::Null => others.remove(&case).unwrap(),
                config => config.clone(),
            };
            let changes = entries(changes).map(|(n, facts)| (n.as_str(), facts)).collect();
            all.insert(case, (config, changes));
        }
    }
    all
}

/// Cases that would be the same object as another one, so that they need a world of their own.
const TWINS: &[(&str, &str)] = &[("aws_eks_access_entry", "full"), ("aws_route", "nat")];

#[test]
fn changes_are_planned_by_both_engines_as_the_real_provider_plans_them() {
    let (observed, shapes) = (observed(), Shape::of_resources());
    let is_twin = |case: &Case| TWINS.contains(&(case.0.as_str(), case.1.as_str()));
    let (twins, first): (BTreeMap<_, _>, _) =
        changed(&observed).into_iter().partition(|(case, _)| is_twin(case));
    let count: usize = first.values().chain(twins.values()).map(|(_, changes)| changes.len()).sum();
    assert_eq!(count, 170);
    for (cases, least) in [(first, 600), (twins, 8)] {
        for bench in benches("", 0.0) {
            let cluster = json!({"type": "aws_eks_cluster", "id": "x",
                "attributes": {"id": "x", "name": "x", "version": "1.35", "region": "us-west-2"}});
            let minimal = ("aws_eks_cluster".to_owned(), "minimal".to_owned());
            if !cases.contains_key(&minimal) {
                bench.0.world.store.put("aws", "aws_eks_cluster/x", cluster).unwrap();
            }
            let mut score = Score::default();
            bench.write_json(&root(cases.iter().map(|(case, (config, _))| (case, config.clone()))));
            bench.apply();
            let rounds = cases.values().map(|(_, changes)| changes.len()).max().unwrap();
            for round in 0..rounds {
                check_round(&bench, &cases, round, &shapes, &observed, &mut score);
            }
            score.finish(bench.0.name, least);
        }
    }
}

/// Plans one change of each case at once.
fn check_round(
    bench: &Bench,
    cases: &BTreeMap<Case, (Value, Vec<Change<'_>>)>,
    round: usize,
    shapes: &BTreeMap<String, Shape>,
    observed: &Value,
    score: &mut Score,
) {
    let configs = cases.iter().map(|(case, (config, changes))| {
        let mut config = config.clone();
        for (name, value) in changes.get(round).into_iter().flat_map(|(_, f)| entries(&f["change"]))
        {
            config[name] = value.clone();
        }
        (case, config)
    });
    bench.write_json(&root(configs));
    let planned = changes(bench);
    for (case, (_, changes)) in cases {
        let Some((change, facts)) = changes.get(round) else { continue };
        let ours = &planned[case];
        let wanted = facts["replace_paths"].as_array().cloned().unwrap_or_default();
        let paths = ours["replace_paths"].as_array().cloned().unwrap_or_default();
        let what = |what: &str| format!("{what} ({change})");
        score.note(case, &what("actions"), &facts["actions"], &ours["actions"]);
        score.note(case, &what("replace_paths"), &wanted.into(), &paths.into());
        let after = merged(&ours["after"], &ours["after_unknown"]);
        for (name, wanted) in entries(&facts["planned"]) {
            let right = shapes[&case.0].field(name).unwrap().agrees(wanted, &after[name]);
            score.judge(case, &what(name), right, wanted, &after[name]);
        }
        let unknown: Vec<&str> =
            facts["unknown"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let known = &observed["create"][&case.0][&case.1];
        for (name, value) in entries(&after) {
            let younger = known.is_object()
                && known["after"].get(name).is_none()
                && known["after_unknown"].get(name).is_none();
            if !younger && !DEVIATIONS.iter().any(|d| (d.0, d.1) == (case.0.as_str(), name)) {
                let (wanted, ours) = (unknown.contains(&name.as_str()), value == UNKNOWN);
                score.note(case, &what(&format!("unknown {name}")), &wanted.into(), &ours.into());
            }
        }
    }
}
