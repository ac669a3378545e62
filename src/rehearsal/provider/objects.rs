//! Reading what exists, and taking it into a state that does not know it yet.

use std::sync::Arc;

use serde_json::Value as Json;

use super::kinds::{Kind, plain};
use super::scene::{self, Scene, TABLE};
use super::schema::Resource;
use super::value::Value;
use crate::rehearsal::World;

/// Key and object of the world that a state means; `None` when it is not there any more.
pub(super) fn locate(scene: &Scene, state: &Value) -> Option<(String, Json)> {
    let id = state.text("id");
    if scene.resource.block.attributes.contains_key("id") {
        return scene::find(&scene.world, &scene.type_name, id, &scene.region);
    }
    // Types without an id are known by their ARN or by what they require.
    let required: Vec<&String> = scene
        .resource
        .block
        .attributes
        .iter()
        .filter(|(_, a)| a.required)
        .map(|(n, _)| n)
        .collect();
    let prefix = format!("{}/", scene.type_name);
    let found = |attributes: &Json| {
        let same = |name: &str| attributes[name] == state.field(name).to_json();
        if state.text("arn").is_empty() {
            required.iter().all(|name| same(name)) && same("region")
        } else {
            same("arn")
        }
    };
    let texts: Vec<&str> = match state.text("arn") {
        "" => required.iter().map(|name| state.text(name)).collect(),
        arn => vec![arn],
    };
    let alike = scene.world.store.holding(TABLE, &prefix, &texts);
    alike.into_iter().find(|(_, object)| found(&object["attributes"]))
}

/// What the world has of an object; null when it was deleted.
pub(super) fn read(scene: &Scene, state: &Value) -> Value {
    let Some((_, object)) = locate(scene, state) else { return Value::Null };
    let Value::Map(mut attributes) = scene::attributes(&object).conform(&scene.resource.ty) else {
        return Value::Null;
    };
    // Time-outs are Terraform's own and not known to AWS.
    if attributes.contains_key("timeouts") {
        attributes.insert("timeouts".into(), state.field("timeouts").clone());
    }
    Value::Map(attributes)
}

/// The object that an import id means, in any of the forms that the provider accepts for it; where
/// there is none, an object of that id alone, which the next read will not find.
pub(super) fn import(
    world: &Arc<World>,
    type_name: &str,
    resource: &'static Resource,
    region: &str,
    id: &str,
) -> Value {
    let (id, region) = match id.rsplit_once('@') {
        Some((bare, at)) if super::places::REGIONS.contains(&at) => (bare, at),
        _ => (id, region),
    };
    let kind = Kind::of(type_name, resource);
    let prefix = format!("{type_name}/");
    let by_id = || scene::find(world, type_name, id, region).map(|(_, object)| object);
    let found = by_id().or_else(|| {
        world.store.with_table(TABLE, |table| {
            table
                .range(prefix.clone()..)
                .take_while(|(key, _)| key.starts_with(&prefix))
                .map(|(_, object)| object)
                .filter(|o| o["attributes"]["region"].as_str().is_none_or(|r| r == region))
                .find(|o| is_meant(&kind, resource, o, id))
                .cloned()
        })
    });
    let Some(object) = found else {
        let absent = Value::from_json(&serde_json::json!({"id": id, "region": region}));
        return absent.conform(&resource.ty);
    };
    match scene::attributes(&object).conform(&resource.ty) {
        Value::Map(mut attributes) => {
            if attributes.contains_key("timeouts") {
                attributes.insert("timeouts".into(), Value::Null);
            }
            Value::Map(attributes)
        }
        other => other,
    }
}

fn is_meant(kind: &Kind, resource: &Resource, object: &Json, id: &str) -> bool {
    let attributes = &object["attributes"];
    if object["id"] == id || attributes["arn"] == id {
        return true;
    }
    let value = |name: &str| plain(&Value::from_json(&attributes[name]));
    let joined = |names: &[&str]| {
        let parts: Vec<String> =
            names.iter().map(|n| value(n)).filter(|part| !part.is_empty()).collect();
        !parts.is_empty() && [":", "/", ",", "|", "#", "_"].iter().any(|s| parts.join(s) == id)
    };
    let key: Vec<&str> = kind.key.iter().map(String::as_str).collect();
    let required: Vec<&str> = resource
        .block
        .attributes
        .iter()
        .filter(|(_, a)| a.required)
        .map(|(name, _)| name.as_str())
        .collect();
    let special: &[&str] = match object["type"].as_str().unwrap_or_default() {
        "aws_route_table_association" => &["subnet_id", "route_table_id"],
        "aws_eks_pod_identity_association" => &["cluster_name", "association_id"],
        "aws_cognito_user_pool_client" => &["user_pool_id", "id"],
        "aws_security_group_rule" => {
            &["security_group_id", "type", "protocol", "from_port", "to_port"]
        }
        _ => &["name"],
    };
    let reversed: Vec<&str> = required.iter().rev().copied().collect();
    joined(&key) || joined(special) || joined(&required) || joined(&reversed)
}
