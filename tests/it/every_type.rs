//! Every type of the provider's schema, through the real engines in one root.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::support::bench::{Bench, benches};
use crate::support::shape::{behaviour, provider_schema};

/// What a type must have beyond what its schema requires, to be a sensible object.
fn more(kind: &str) -> Value {
    match kind {
        "aws_db_instance" => json!({ "password": "secret-secret", "skip_final_snapshot": true }),
        "aws_rds_cluster" | "aws_docdb_cluster" => json!({ "skip_final_snapshot": true }),
        "aws_kms_alias" => json!({ "name": "alias/example" }),
        "aws_iam_policy" | "aws_iam_role_policy" => json!({ "policy": "{}" }),
        "aws_iam_role" => json!({ "assume_role_policy": "{}" }),
        "aws_placement_group" => json!({ "strategy": "cluster" }),
        "aws_route" => json!({ "destination_cidr_block": "10.0.0.0/8" }),
        "aws_route53_record" => json!({ "type": "TXT" }),
        "aws_security_group_rule" => json!({ "type": "ingress" }),
        "aws_ssm_parameter" => json!({ "type": "String" }),
        _ => json!({}),
    }
}

/// The least that a type must be told.
fn least(block: &Value, behaviour: &Value) -> Value {
    let mut config = least_block(block);
    let fields = config.as_object_mut().unwrap();
    for (name, facts) in entries(behaviour) {
        let choices = facts["exactly_one_of"].as_array().cloned().unwrap_or_default();
        let first = choices.first().and_then(Value::as_str) == Some(name);
        let given = choices.iter().any(|c| fields.contains_key(c.as_str().unwrap()));
        if !first || given {
            continue;
        }
        if let Some(attribute) = block["attributes"].get(name) {
            fields.insert(name.clone(), value(name, &attribute["type"]));
        } else if let Some(nested) = block["block_types"].get(name) {
            fields.insert(name.clone(), json!([least_block(&nested["block"])]));
        }
    }
    config
}

fn least_block(block: &Value) -> Value {
    let mut fields = Map::new();
    for (name, attribute) in entries(&block["attributes"]) {
        if attribute["required"] == true {
            fields.insert(name.clone(), value(name, &attribute["type"]));
        }
    }
    for (name, nested) in entries(&block["block_types"]) {
        let count = nested["min_items"].as_u64().unwrap_or(0);
        if count > 0 {
            let blocks = (0..count).map(|_| least_block(&nested["block"]));
            fields.insert(name.clone(), blocks.collect());
        }
    }
    fields.into()
}

fn value(name: &str, kind: &Value) -> Value {
    match kind.as_str().or_else(|| kind[0].as_str()).unwrap() {
        "bool" => json!(true),
        "number" => json!(1),
        "list" | "set" => json!([value(name, &kind[1])]),
        "map" => json!({}),
        "object" => {
            let fields = entries(&kind[1]).map(|(name, kind)| (name.clone(), value(name, kind)));
            Value::Object(fields.collect())
        }
        _ if name == "cluster_name" => "base".into(),
        _ => EXAMPLE.into(),
    }
}

/// What stands for the name of the type, so that no object means another one by chance.
const EXAMPLE: &str = "x-TYPE";

fn entries(json: &Value) -> impl Iterator<Item = (&String, &Value)> {
    json.as_object().into_iter().flatten()
}

fn root(section: &str, objects: &Value) -> Value {
    json!({
        "terraform": { "required_providers": { "aws": { "source": "hashicorp/aws" } } },
        "provider": { "aws": { "region": "us-west-2" } },
        section: objects,
    })
}

/// One object of each type.
fn one_of_each() -> Value {
    let (schema, behaviour) = (provider_schema(), behaviour());
    let all = entries(&schema["resource_schemas"]).map(|(kind, schema)| {
        let mut config = least(&schema["block"], &behaviour[kind]["attributes"]);
        for (name, value) in entries(&more(kind)) {
            config[name] = value.clone();
        }
        let text = json!({ "this": config }).to_string().replace("TYPE", kind);
        (kind.clone(), serde_json::from_str(&text).unwrap())
    });
    Value::Object(all.collect())
}

fn put_cluster(bench: &Bench) {
    let cluster = json!({"type": "aws_eks_cluster", "id": "base",
        "attributes": {"id": "base", "name": "base", "version": "1.35"}});
    bench.0.world.store.put("aws", "aws_eks_cluster/base", cluster).unwrap();
}

/// Import ids by type, of everything in the state that has one.
fn ids(state: &Value) -> BTreeMap<String, String> {
    let resources = state["resources"].as_array().unwrap();
    let id = |r: &Value| {
        let id = r["instances"][0]["attributes"]["id"].as_str().filter(|id| !id.is_empty())?;
        Some((r["type"].as_str()?.to_owned(), id.to_owned()))
    };
    resources.iter().filter_map(id).collect()
}

#[test]
fn every_type_is_applied_planned_empty_imported_and_destroyed_by_both_engines() {
    let all = one_of_each();
    for bench in benches("", 0.0) {
        put_cluster(&bench);
        let count = all.as_object().unwrap().len();
        bench.write_json(&root("resource", &all));
        assert!(bench.apply().contains(&format!("{count} added")));
        bench.plan(0);

        let ids = ids(&bench.state());
        assert!(ids.len() > 250, "{}", ids.len());
        let imports: Vec<Value> = ids
            .iter()
            .map(|(kind, id)| json!({ "to": format!("{kind}.this"), "id": id }))
            .collect();
        let mut again = root("resource", &all);
        let kept = again["resource"].as_object_mut().unwrap();
        kept.retain(|kind, _| ids.contains_key(kind));
        again["import"] = imports.into();
        let whole = std::fs::read(bench.root().join("terraform.tfstate")).unwrap();
        std::fs::remove_file(bench.root().join("terraform.tfstate")).unwrap();
        bench.write_json(&again);
        let text = bench.apply();
        let expected = format!("{} imported, 0 added, 0 changed, 0 destroyed", ids.len());
        assert!(text.contains(&expected), "{text}");

        std::fs::write(bench.root().join("terraform.tfstate"), whole).unwrap();
        bench.write_json(&root("resource", &all));
        bench.expect(0, &["destroy", "-auto-approve", "-no-color"]);
        let left: Vec<_> = bench.0.world.store.list("aws").into_iter().map(|(k, _)| k).collect();
        assert_eq!(left, ["aws_eks_cluster/base"]);
    }
}

#[test]
fn every_data_source_answers_both_engines() {
    let schema = provider_schema();
    let all = entries(&schema["data_source_schemas"]).map(|(kind, schema)| {
        (kind.clone(), json!({ "this": least(&schema["block"], &Value::Null) }))
    });
    let all = Value::Object(all.collect());
    for bench in benches("", 0.0) {
        bench.write_json(&root("data", &all));
        bench.expect(0, &["init", "-input=false", "-no-color"]);
        bench.plan(0);
    }
}
