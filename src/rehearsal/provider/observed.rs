//! Holds the plans against those that the real provider 5.46 made under terraform 1.11.4.
//!
//! The quick form, without an engine; `tests/it/observed.rs` is the strict one, with both.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value as Json;

use super::computed;
use super::planning::{self, Segment};
use super::scene::Scene;
use super::schema::{Block, Resource, catalogue};
use super::tags::Defaults;
use super::value::{Object, Value};
use crate::rehearsal::{Scenario, World};

const OBSERVED: &str = include_str!("../../../tests/fixtures/aws/observed-plans-5.46.json");

/// What release 6.47 plans otherwise than 5.46, and why.
const DEVIATIONS: &[(&str, &str)] = &[
    ("aws_nat_gateway.secondary_allocation_ids", "optional and computed in 6.47"),
    ("aws_s3_bucket.region", "in 6.47 the region of the provider, known when planning"),
    ("aws_subnet.ipv6_cidr_block", "optional and computed in 6.47"),
];

#[derive(Default)]
struct Score {
    compared: usize,
    wrong: Vec<String>,
}

impl Score {
    fn note(&mut self, place: &str, right: bool, what: impl FnOnce() -> String) {
        if DEVIATIONS.iter().any(|(known, _)| place.split(' ').next() == Some(known)) {
            return;
        }
        self.compared += 1;
        if !right {
            self.wrong.push(format!("{place}: {}", what()));
        }
    }
}

fn defaults() -> Defaults {
    let tags = BTreeMap::from([("springboard:deployment".to_owned(), "acme".to_owned())]);
    Defaults { tags, ..Defaults::default() }
}

/// `after` and `after_unknown` as one value.
fn merged(after: &Json, unknown: &Json) -> Value {
    match (after, unknown) {
        (_, Json::Bool(true)) => Value::Unknown,
        (Json::Object(a), u) => {
            let mut names: Vec<&String> = a.keys().collect();
            names.extend(u.as_object().into_iter().flat_map(|o| o.keys()));
            Value::Map(
                names
                    .into_iter()
                    .map(|n| (n.clone(), merged(&a.get(n).cloned().unwrap_or(Json::Null), &u[n])))
                    .collect(),
            )
        }
        (Json::Array(a), u) => {
            Value::List(a.iter().enumerate().map(|(i, x)| merged(x, &u[i])).collect())
        }
        (Json::Null, Json::Object(u)) if !u.is_empty() => {
            Value::Map(u.iter().map(|(n, x)| (n.clone(), merged(&Json::Null, x))).collect())
        }
        (other, _) => Value::from_json(other),
    }
}

/// Whether ours says the same; attributes that only the younger schema has do not count.
fn agrees(expected: &Value, ours: &Value) -> bool {
    match (expected, ours) {
        (Value::Map(e), Value::Map(o)) => e.iter().all(|(k, x)| match o.get(k) {
            Some(y) => agrees(x, y),
            None => x.is_null() || o.is_empty(),
        }),
        (Value::List(e), Value::List(o)) => {
            e.len() == o.len() && e.iter().all(|x| o.iter().any(|y| agrees(x, y)))
        }
        _ => expected == ours,
    }
}

fn names(block: &Block) -> impl Iterator<Item = &String> {
    block.attributes.keys().chain(block.blocks.keys())
}

/// The configuration of a case, with what a block leaves out as Terraform fills it in.
fn config(resource: &Resource, json: &Json) -> Value {
    with_empty_blocks(&resource.block, Value::from_json(json)).conform(&resource.ty)
}

fn with_empty_blocks(block: &Block, value: Value) -> Value {
    let Value::Map(mut object) = value else { return value };
    for (name, nested) in &block.blocks {
        let filled = match object.remove(name) {
            None | Some(Value::Null) if nested.ty() == nested.block.object_type() => Value::Null,
            None | Some(Value::Null) => Value::List(Vec::new()),
            Some(Value::List(items)) => Value::List(
                items.into_iter().map(|i| with_empty_blocks(&nested.block, i)).collect(),
            ),
            Some(other) => with_empty_blocks(&nested.block, other),
        };
        object.insert(name.clone(), filled);
    }
    Value::Map(object)
}

fn entries(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}

#[test]
fn plans_agree_with_those_of_the_real_provider() {
    let observed: Json = serde_json::from_str(OBSERVED).unwrap();
    let mut score = Score::default();
    let dir = tempfile::tempdir().unwrap();
    let world = World::open(dir.path(), Scenario::default(), 0.0).unwrap();
    for (type_name, cases) in entries(&observed["create"]) {
        let Some(resource) = catalogue().resources.get(type_name) else { continue };
        for (case, facts) in entries(cases) {
            let config = config(resource, &facts["config"]);
            let plan = planning::plan(type_name, resource, &defaults(), &Value::Null, &config);
            let expected = merged(&facts["after"], &facts["after_unknown"]);
            for name in names(&resource.block) {
                let Some(expected) = expected.as_object().unwrap().get(name) else { continue };
                let ours = plan.planned.field(name);
                let place = format!("{type_name}.{name} ({case})");
                score.note(&place, agrees(expected, ours), || {
                    format!("{expected:?}, ours {ours:?}")
                });
            }
            let changes = &observed["update"][type_name][case];
            check_changes(
                &world,
                (type_name, case),
                (resource, &facts["config"]),
                (&expected, &plan.planned),
                changes,
                &mut score,
            );
        }
    }
    let report = score.wrong.join("\n");
    assert!(
        score.wrong.is_empty() && score.compared > 4_000,
        "{} compared\n{report}",
        score.compared
    );
}

fn check_changes(
    world: &Arc<World>,
    (type_name, case): (&str, &str),
    (resource, before_config): (&'static Resource, &Json),
    (expected, planned): (&Value, &Value),
    changes: &Json,
    score: &mut Score,
) {
    let scene = Scene::new(Arc::clone(world), type_name, resource, "us-west-2", planned);
    // What the real provider had planned, completed by us: the state before the change.
    let mut start: Object = planned.as_object().unwrap().clone();
    for (name, value) in expected.as_object().unwrap() {
        if start.contains_key(name) && !matches!(value, Value::Map(_) | Value::List(_)) {
            start.insert(name.clone(), value.clone());
        }
    }
    let prior = computed::complete(&scene, &Value::Map(start).conform(&resource.ty), None).object;
    for (change, facts) in entries(changes) {
        let mut json = before_config.clone();
        for (name, value) in entries(&facts["change"]) {
            json[name] = value.clone();
        }
        let config = config(resource, &json);
        let plan = planning::plan(type_name, resource, &defaults(), &prior, &config);
        let place = |what: &str| format!("{type_name}.{what} ({case}, {change})");
        let wanted: Vec<&str> =
            facts["actions"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
        let ours: Vec<&str> = if !plan.replace.is_empty() {
            vec!["delete", "create"]
        } else if plan.planned.same(&prior, &resource.ty) {
            vec!["no-op"]
        } else {
            vec!["update"]
        };
        score.note(&place("actions"), wanted == ours, || {
            let differing: Vec<_> = names(&resource.block)
                .filter(|n| plan.planned.field(n) != prior.field(n))
                .map(|n| format!("{n}: {:?} -> {:?}", prior.field(n), plan.planned.field(n)))
                .collect();
            format!("{wanted:?}, ours {ours:?} {differing:?}")
        });
        let paths: Vec<Json> = plan.replace.iter().map(|p| path(p)).collect();
        let wanted = facts["replace_paths"].as_array().cloned().unwrap_or_default();
        score.note(&place("replace_paths"), paths == wanted, || {
            format!("{wanted:?}, ours {paths:?}")
        });
        let plan = if plan.replace.is_empty() {
            plan
        } else {
            planning::plan(type_name, resource, &defaults(), &Value::Null, &config)
        };
        for (name, value) in entries(&facts["planned"]) {
            let text = value.to_string();
            let made_up = text.contains("\"s")
                && text.contains('-')
                && text.split("\"s").skip(1).any(|t| t.starts_with(|c: char| c.is_ascii_digit()));
            if made_up {
                continue;
            }
            let (value, ours) = (Value::from_json(value), plan.planned.field(name));
            score.note(&place(name), agrees(&value, ours), || format!("{value:?}, ours {ours:?}"));
        }
        let unknown: Vec<&str> =
            facts["unknown"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        for name in
            names(&resource.block).filter(|n| expected.as_object().unwrap().contains_key(*n))
        {
            let ours = plan.planned.field(name).is_unknown();
            score.note(&place(name), ours == unknown.contains(&name.as_str()), || {
                format!("unknown: {ours}")
            });
        }
    }
}

fn path(path: &[Segment]) -> Json {
    path.iter()
        .map(|segment| match segment {
            Segment::Attribute(name) => Json::from(name.as_str()),
            Segment::Index(index) => Json::from(*index),
        })
        .collect()
}
