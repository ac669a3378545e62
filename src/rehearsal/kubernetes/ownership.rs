//! Field ownership: `managedFields`, and server-side apply on top of it.
//!
//! Each manager owns a set of fields. Applying sets the fields of a configuration, gives them to
//! the manager, and removes those it owned before and no longer has, unless somebody else owns
//! them too. A field that another manager owns with another value is a conflict.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::patch::lists::{self, Family, Shape};

/// A way to a field.
type Path = Vec<Step>;

/// One step on the way.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    /// A field of an object.
    Field(String),
    /// An item of a keyed list; the key fields as compact JSON.
    Key(String),
    /// An item of a set, as compact JSON.
    Item(String),
}

/// A set of fields.
type Fields = BTreeSet<Path>;

/// Somebody who owns fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Manager {
    /// For example `helm`.
    pub(crate) name: String,
    /// Empty, or `status` and the like.
    pub(crate) subresource: String,
    /// The API version that was written.
    pub(crate) api_version: String,
    /// Now, as Kubernetes writes it.
    pub(crate) time: String,
}

/// A field that another manager owns with another value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conflict {
    /// Who owns it, for example `conflict with "kubectl" using apps/v1`.
    pub(crate) message: String,
    /// For example `.spec.replicas`.
    pub(crate) field: String,
}

/// What happens with fields that others own with other values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflicts {
    Refuse,
    TakeOver,
}

/// Applies `config` over `live` (an empty object for a new one).
pub(crate) fn apply(
    family: Family,
    live: &Value,
    config: &Value,
    manager: &Manager,
    conflicts: Conflicts,
) -> Result<Value, Vec<Conflict>> {
    let mut config = config.clone();
    strip(&mut config);
    let wanted = fields(family, &config);
    let mut merged = live.clone();
    merge(family, &mut merged, &config, "");
    let entries = entries(live);
    let (mine, others): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| is_of(entry, manager, "Apply"));
    let changed: Fields = wanted
        .iter()
        .filter(|path| value_at(live, path) != value_at(&merged, path))
        .cloned()
        .collect();
    if conflicts == Conflicts::Refuse {
        let found = find_conflicts(&others, &changed, live);
        if !found.is_empty() {
            return Err(found);
        }
    }
    let before: Fields = mine.iter().flat_map(|entry| decode(&entry["fieldsV1"])).collect();
    let mut kept = Vec::new();
    for entry in others {
        let owned = decode(&entry["fieldsV1"]);
        let rest: Fields = owned.difference(&changed).cloned().collect();
        if !rest.is_empty() {
            kept.push((entry, rest));
        }
    }
    // Shorter ways come first: with an item goes what is in it.
    for gone in before.difference(&wanted) {
        let is_elsewhere = kept.iter().any(|(_, owned)| owned.iter().any(|p| p.starts_with(gone)))
            || wanted.iter().any(|p| p.starts_with(gone));
        if !is_elsewhere && !is_key_field(gone) {
            remove_at(&mut merged, gone);
        }
    }
    let mut owners: Vec<Value> = kept
        .into_iter()
        .map(|(mut entry, rest)| {
            entry["fieldsV1"] = encode(&rest);
            entry
        })
        .collect();
    owners.push(entry(manager, "Apply", &wanted));
    merged["metadata"]["managedFields"] = Value::Array(owners);
    Ok(merged)
}

/// Notes who changed what after an ordinary write from `before` (an empty object for a new one).
pub(crate) fn track(family: Family, before: &Value, after: &mut Value, manager: &Manager) {
    if manager.name.is_empty() {
        return;
    }
    let mut bare = after.clone();
    strip(&mut bare);
    if manager.subresource != "status" {
        bare.as_object_mut().map(|object| object.shift_remove("status"));
    }
    let all = fields(family, &bare);
    let changed: Fields = all
        .iter()
        .filter(|path| value_at(before, path) != value_at(after, path))
        .cloned()
        .collect();
    let mut owners = Vec::new();
    let mut mine = Fields::new();
    for mut entry in entries(before) {
        // What is no longer there is owned by nobody.
        let owned: Fields = decode(&entry["fieldsV1"])
            .into_iter()
            .filter(|path| value_at(after, path).is_some())
            .collect();
        if is_of(&entry, manager, "Update") {
            mine = owned;
            continue;
        }
        let rest: Fields = owned.difference(&changed).cloned().collect();
        if !rest.is_empty() {
            entry["fieldsV1"] = encode(&rest);
            owners.push(entry);
        }
    }
    mine.extend(changed);
    if !mine.is_empty() {
        owners.push(entry(manager, "Update", &mine));
    }
    after["metadata"]["managedFields"] = Value::Array(owners);
}

/// Whether a way leads to a field by which its item is told apart: it stays as long as the item.
fn is_key_field(path: &[Step]) -> bool {
    match path {
        [.., Step::Key(key), Step::Field(field)] => {
            serde_json::from_str::<Map<String, Value>>(key).is_ok_and(|key| key.contains_key(field))
        }
        _ => false,
    }
}

fn find_conflicts(others: &[Value], changed: &Fields, live: &Value) -> Vec<Conflict> {
    let mut found = Vec::new();
    for other in others {
        for path in decode(&other["fieldsV1"]).intersection(changed) {
            // The item itself is not a value: only what is in it can differ.
            let is_item = matches!(path.last(), Some(Step::Key(_)));
            if is_item || value_at(live, path).is_none() {
                continue;
            }
            found.push(Conflict {
                message: format!(
                    "conflict with \"{}\" using {}",
                    other["manager"].as_str().unwrap_or_default(),
                    other["apiVersion"].as_str().unwrap_or_default()
                ),
                field: written(path),
            });
        }
    }
    found
}

/// Identity and bookkeeping are owned by nobody.
fn strip(object: &mut Value) {
    if let Some(object) = object.as_object_mut() {
        object.shift_remove("apiVersion");
        object.shift_remove("kind");
    }
    if let Some(Value::Object(meta)) = object.get_mut("metadata") {
        meta.retain(|key, _| {
            matches!(
                key.as_str(),
                "labels" | "annotations" | "finalizers" | "ownerReferences" | "generateName"
            )
        });
    }
}

fn entries(object: &Value) -> Vec<Value> {
    object.pointer("/metadata/managedFields").and_then(Value::as_array).cloned().unwrap_or_default()
}

fn is_of(entry: &Value, manager: &Manager, operation: &str) -> bool {
    entry["manager"] == manager.name.as_str()
        && entry["operation"] == operation
        && entry["subresource"].as_str().unwrap_or_default() == manager.subresource
        && (operation == "Apply" || entry["apiVersion"] == manager.api_version.as_str())
}

fn entry(manager: &Manager, operation: &str, fields: &Fields) -> Value {
    let mut entry = json!({
        "manager": manager.name, "operation": operation, "apiVersion": manager.api_version,
        "time": manager.time, "fieldsType": "FieldsV1", "fieldsV1": encode(fields),
    });
    if !manager.subresource.is_empty() {
        entry["subresource"] = json!(manager.subresource);
    }
    entry
}

/// The fields that an object has.
fn fields(family: Family, object: &Value) -> Fields {
    let mut found = Fields::new();
    collect(family, object, "", &mut Vec::new(), &mut found);
    found
}

fn collect(family: Family, value: &Value, field: &str, path: &mut Path, found: &mut Fields) {
    match value {
        Value::Object(map) if !map.is_empty() && !is_atomic_map(field) => {
            for (key, value) in map {
                path.push(Step::Field(key.clone()));
                collect(family, value, key, path, found);
                path.pop();
            }
        }
        Value::Array(list) if !list.is_empty() => match lists::shape(family, field, list.first()) {
            Shape::Atomic => drop(found.insert(path.clone())),
            Shape::Set => {
                for item in list {
                    path.push(Step::Item(item.to_string()));
                    found.insert(path.clone());
                    path.pop();
                }
            }
            Shape::Keyed(keys) => {
                for item in list {
                    path.push(Step::Key(key_of(item, keys)));
                    found.insert(path.clone());
                    collect(family, item, "", path, found);
                    path.pop();
                }
            }
        },
        _ => drop(found.insert(path.clone())),
    }
}

/// Selectors of pods are one value.
fn is_atomic_map(field: &str) -> bool {
    matches!(
        field,
        "nodeSelector"
            | "selector"
            | "resourceFieldRef"
            | "secretRef"
            | "fieldRef"
            | "configMapKeyRef"
            | "secretKeyRef"
    )
}

fn key_of(item: &Value, keys: &[&str]) -> String {
    let key: Map<String, Value> =
        keys.iter().map(|key| ((*key).to_owned(), lists::key_value(item, key))).collect();
    Value::Object(key).to_string()
}

/// Sets what `config` says in `target`.
fn merge(family: Family, target: &mut Value, config: &Value, field: &str) {
    match config {
        Value::Object(map) if !is_atomic_map(field) || map.is_empty() => {
            if !target.is_object() {
                *target = json!({});
            }
            for (key, value) in map {
                merge(family, &mut target[key], value, key);
            }
        }
        Value::Array(list) if target.is_array() => {
            let shape = lists::shape(family, field, list.first());
            let Value::Array(there) = target else { return };
            match shape {
                Shape::Atomic => there.clone_from(list),
                Shape::Set => {
                    let new: Vec<Value> =
                        list.iter().filter(|item| !there.contains(item)).cloned().collect();
                    there.extend(new);
                }
                Shape::Keyed(keys) => {
                    for item in list {
                        let key = key_of(item, keys);
                        match there.iter_mut().find(|old| key_of(old, keys) == key) {
                            Some(old) => merge(family, old, item, ""),
                            None => there.push(item.clone()),
                        }
                    }
                }
            }
        }
        value => *target = value.clone(),
    }
}

fn value_at<'a>(object: &'a Value, path: &[Step]) -> Option<&'a Value> {
    path.iter().try_fold(object, |value, step| match step {
        Step::Field(field) => value.get(field),
        Step::Key(key) => value.as_array()?.iter().find(|item| has_key(item, key)),
        Step::Item(item) => {
            value.as_array()?.iter().find(|there| there.to_string().as_str() == item.as_str())
        }
    })
}

fn has_key(item: &Value, key: &str) -> bool {
    let key: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
    !key.is_empty() && key.iter().all(|(field, value)| lists::key_value(item, field) == *value)
}

fn remove_at(object: &mut Value, path: &[Step]) {
    let Some((last, parents)) = path.split_last() else { return };
    let mut value = object;
    for step in parents {
        let next = match step {
            Step::Field(field) => value.get_mut(field),
            Step::Key(key) => value
                .as_array_mut()
                .and_then(|list| list.iter_mut().find(|item| has_key(item, key))),
            Step::Item(_) => None,
        };
        let Some(next) = next else { return };
        value = next;
    }
    match (last, value) {
        (Step::Field(field), Value::Object(map)) => drop(map.shift_remove(field)),
        (Step::Key(key), Value::Array(items)) => items.retain(|there| !has_key(there, key)),
        (Step::Item(gone), Value::Array(items)) => {
            items.retain(|there| there.to_string().as_str() != gone.as_str());
        }
        _ => {}
    }
}

/// `FieldsV1`.
fn encode(fields: &Fields) -> Value {
    let mut root = json!({});
    for path in fields {
        let mut node = &mut root;
        for step in path {
            let key = match step {
                Step::Field(field) => format!("f:{field}"),
                Step::Key(key) => format!("k:{key}"),
                Step::Item(item) => format!("v:{item}"),
            };
            node = &mut node[key];
            if node.is_null() {
                *node = json!({});
            }
        }
        if matches!(path.last(), Some(Step::Key(_))) {
            node["."] = json!({});
        }
    }
    root
}

fn decode(encoded: &Value) -> Fields {
    let mut found = Fields::new();
    decode_into(encoded, &mut Vec::new(), &mut found);
    found
}

fn decode_into(encoded: &Value, path: &mut Path, found: &mut Fields) {
    let Some(map) = encoded.as_object() else { return };
    if map.is_empty() && !path.is_empty() {
        found.insert(path.clone());
    }
    for (key, below) in map {
        let step = match key.split_once(':') {
            Some(("f", field)) => Step::Field(field.to_owned()),
            Some(("k", key)) => Step::Key(key.to_owned()),
            Some(("v", item)) => Step::Item(item.to_owned()),
            _ => {
                found.insert(path.clone());
                continue;
            }
        };
        path.push(step);
        decode_into(below, path, found);
        path.pop();
    }
}

/// A path as conflicts name it: `.spec.containers[name="web"].image`.
fn written(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Field(field) => {
                text.push('.');
                text.push_str(field);
            }
            Step::Key(key) => {
                let key: Map<String, Value> = serde_json::from_str(key).unwrap_or_default();
                let parts: Vec<String> = key.iter().map(|(k, v)| format!("{k}={v}")).collect();
                text.push('[');
                text.push_str(&parts.join(","));
                text.push(']');
            }
            Step::Item(item) => {
                text.push('[');
                text.push_str(item);
                text.push(']');
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manager(name: &str) -> Manager {
        Manager {
            name: name.into(),
            subresource: String::new(),
            api_version: "apps/v1".into(),
            time: "2026-11-21T08:00:00Z".into(),
        }
    }

    fn applied(live: &Value, config: &Value, by: &str) -> Result<Value, Vec<Conflict>> {
        apply(Family::BuiltIn, live, config, &manager(by), Conflicts::Refuse)
    }

    #[test]
    fn what_a_manager_no_longer_applies_is_removed_unless_another_owns_it() {
        let first = json!({"spec": {"a": 1, "b": 2,
            "containers": [{"name": "x", "image": "1"}, {"name": "y", "image": "1"}]}});
        let live = applied(&json!({}), &first, "helm").unwrap();
        let live = applied(&live, &json!({"spec": {"b": 2}}), "other").unwrap();
        let second = json!({"spec": {"containers": [{"name": "x", "image": "2"}]}});
        let live = applied(&live, &second, "helm").unwrap();
        assert_eq!(live["spec"], json!({"b": 2, "containers": [{"name": "x", "image": "2"}]}));
    }

    #[test]
    fn a_field_of_another_manager_with_another_value_is_a_conflict_that_can_be_forced() {
        let mut live = json!({"spec": {"replicas": 3, "paused": true}});
        track(Family::BuiltIn, &json!({}), &mut live, &manager("kubectl"));
        let config = json!({"spec": {"replicas": 1, "paused": true}});
        let conflicts = applied(&live, &config, "helm").unwrap_err();
        assert_eq!(
            conflicts,
            [Conflict {
                message: "conflict with \"kubectl\" using apps/v1".into(),
                field: ".spec.replicas".into(),
            }]
        );
        let forced =
            apply(Family::BuiltIn, &live, &config, &manager("helm"), Conflicts::TakeOver).unwrap();
        assert_eq!(forced["spec"]["replicas"], 1);
        assert_eq!(
            forced["metadata"]["managedFields"][0]["fieldsV1"],
            json!({"f:spec": {"f:paused": {}}})
        );
    }

    #[test]
    fn field_sets_survive_encoding() {
        let object = json!({"metadata": {"finalizers": ["a/b"]}, "spec": {
            "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}], "empty": {}}});
        let set = fields(Family::BuiltIn, &object);
        assert_eq!(decode(&encode(&set)), set);
    }
}
