//! Strategic merge patches, with their directives.

use serde_json::{Map, Value};

use super::lists;

/// Applies a patch; the error is the sentence for the client.
pub(crate) fn apply(object: &mut Value, patch: &Value) -> Result<(), String> {
    let patch = patch.as_object().ok_or("a strategic merge patch is an object")?;
    map(object, patch)
}

fn map(object: &mut Value, patch: &Map<String, Value>) -> Result<(), String> {
    match patch.get("$patch").and_then(Value::as_str) {
        Some("replace") => {
            let rest = patch.iter().filter(|(key, _)| *key != "$patch");
            *object = rest.map(|(k, v)| (k.clone(), v.clone())).collect();
            return Ok(());
        }
        Some("delete") => {
            *object = Value::Object(Map::new());
            return Ok(());
        }
        Some("merge") | None => {}
        Some(other) => return Err(format!("unknown patch type: {other}")),
    }
    if !object.is_object() {
        *object = Value::Object(Map::new());
    }
    let Value::Object(target) = object else { return Ok(()) };
    if let Some(kept) = patch.get("$retainKeys").and_then(Value::as_array) {
        target.retain(|key, _| kept.iter().any(|k| k == key.as_str()));
    }
    for (key, value) in patch {
        if let Some(field) = key.strip_prefix("$deleteFromPrimitiveList/") {
            if let (Some(Value::Array(list)), Some(gone)) =
                (target.get_mut(field), value.as_array())
            {
                list.retain(|item| !gone.contains(item));
            }
        } else if key.starts_with('$') {
            // `$setElementOrder/…` orders lists; it is done after the lists are merged.
        } else if value.is_null() {
            target.shift_remove(key);
        } else {
            field(target, key, value)?;
        }
    }
    for (key, order) in patch {
        if let (Some(field), Some(order)) =
            (key.strip_prefix("$setElementOrder/"), order.as_array())
            && let Some(Value::Array(list)) = target.get_mut(field)
        {
            sort(field, list, order);
        }
    }
    Ok(())
}

fn field(target: &mut Map<String, Value>, key: &str, value: &Value) -> Result<(), String> {
    match value {
        Value::Object(value) => {
            if value.get("$patch").and_then(Value::as_str) == Some("delete") {
                target.shift_remove(key);
                return Ok(());
            }
            map(target.entry(key).or_insert(Value::Null), value)
        }
        Value::Array(items) => list(target.entry(key).or_insert(Value::Null), key, items),
        value => {
            target.insert(key.to_owned(), value.clone());
            Ok(())
        }
    }
}

fn list(target: &mut Value, field: &str, patch: &[Value]) -> Result<(), String> {
    let directive = |item: &Value| item.get("$patch").and_then(Value::as_str).map(str::to_owned);
    if patch.iter().any(|item| directive(item).as_deref() == Some("replace")) {
        *target = patch.iter().filter(|item| directive(item).is_none()).cloned().collect();
        return Ok(());
    }
    let sample = patch.first().or_else(|| target.as_array().and_then(|t| t.first()));
    if field == "finalizers" {
        let list = as_list(target);
        for item in patch {
            if !list.contains(item) {
                list.push(item.clone());
            }
        }
        return Ok(());
    }
    let Some(key) = lists::merge_key(field, sample) else {
        *target = Value::Array(patch.to_vec());
        return Ok(());
    };
    let list = as_list(target);
    for item in patch {
        let id = item
            .get(key)
            .ok_or_else(|| format!("map: {item} does not contain declared merge key: {key}"))?;
        let there = list.iter().position(|old| old.get(key) == Some(id));
        match (directive(item).as_deref(), there) {
            (Some("delete"), Some(at)) => drop(list.remove(at)),
            (Some("delete"), None) => {}
            (_, Some(at)) => {
                if let Some(item) = item.as_object() {
                    map(&mut list[at], item)?;
                }
            }
            (_, None) => {
                // Directives and nulls inside a new item mean nothing to remove.
                let mut new = Value::Null;
                if let Some(item) = item.as_object() {
                    map(&mut new, item)?;
                }
                list.push(new);
            }
        }
    }
    Ok(())
}

fn as_list(target: &mut Value) -> &mut Vec<Value> {
    if !target.is_array() {
        *target = Value::Array(Vec::new());
    }
    target.as_array_mut().expect("it was made a list above")
}

/// Puts the items in the order that the client has them; those it does not know stay behind.
fn sort(field: &str, list: &mut [Value], order: &[Value]) {
    let key = lists::merge_key(field, list.first());
    list.sort_by_key(|item| {
        let rank = order.iter().position(|wanted| match key {
            Some(key) => wanted.get(key).is_some() && wanted.get(key) == item.get(key),
            None => wanted == item,
        });
        rank.unwrap_or(order.len())
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn containers_merge_by_name_and_ports_by_number() {
        let mut object = json!({"spec": {"containers": [
            {"name": "a", "image": "x:1", "ports": [{"containerPort": 80, "name": "http"}]},
            {"name": "b", "image": "y:1"},
        ]}});
        let patch = json!({"spec": {
            "$setElementOrder/containers": [{"name": "c"}, {"name": "a"}],
            "containers": [
                {"name": "a", "image": "x:2", "ports": [{"containerPort": 81}]},
                {"name": "b", "$patch": "delete"},
                {"name": "c", "image": "z:1", "command": null},
            ],
        }});
        apply(&mut object, &patch).unwrap();
        assert_eq!(
            object,
            json!({"spec": {"containers": [
                {"name": "c", "image": "z:1"},
                {"name": "a", "image": "x:2",
                    "ports": [{"containerPort": 80, "name": "http"}, {"containerPort": 81}]},
            ]}})
        );
    }

    #[test]
    fn a_list_without_a_merge_key_is_replaced_and_directives_are_obeyed() {
        let mut object = json!({"args": ["a"], "m": {"x": 1}, "keep": 1, "drop": 2,
            "finalizers": ["f"]});
        let patch = json!({"args": ["b"], "m": {"$patch": "delete"},
            "$retainKeys": ["args", "m", "keep", "finalizers"], "finalizers": ["g"]});
        apply(&mut object, &patch).unwrap();
        assert_eq!(object, json!({"args": ["b"], "keep": 1, "finalizers": ["f", "g"]}));
    }
}
