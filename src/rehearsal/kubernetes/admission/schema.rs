//! Structural schemas of custom resources: what is missing gets its default, what is unknown is
//! dropped, what is wrong is refused. Patterns, formats and rules in CEL are not looked at.

use serde_json::{Map, Value};

use super::super::api::Api;
use super::super::failure::Failure;
use super::super::kind::{Kind, Origin, at};
use super::super::value::{items, name, text};

/// Prunes a custom resource; the paths that were dropped. Others stay as they are.
pub(crate) fn prune(api: &Api, kind: &Kind, object: &mut Value) -> Vec<String> {
    let mut dropped = Vec::new();
    if let Some(schema) = schema_of(api, kind) {
        drop_unknown(&schema, object, "", Level::Root, &mut dropped);
    }
    dropped
}

/// Fills in the defaults of a custom resource, and refuses one that is not as its definition says.
pub(crate) fn complete(api: &Api, kind: &Kind, object: &mut Value) -> Result<(), Failure> {
    let Some(schema) = schema_of(api, kind) else { return Ok(()) };
    fill(&schema, object);
    let mut causes = Vec::new();
    validate(&schema, object, "", &mut causes);
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name(object), &causes)) }
}

/// Whether a value is an object of the API with metadata of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Inside,
}

fn schema_of(api: &Api, kind: &Kind) -> Option<Value> {
    if kind.origin != Origin::Defined {
        return None;
    }
    let definition = api.objects.get(at::DEFINITIONS, "", &kind.qualified())?;
    if definition["spec"]["preserveUnknownFields"] == true {
        return None;
    }
    let version =
        items(&definition, "/spec/versions").find(|v| v["name"] == kind.version.as_str())?;
    let schema = &version["schema"]["openAPIV3Schema"];
    schema.is_object().then(|| schema.clone())
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema["properties"].as_object()
}

fn fill(schema: &Value, value: &mut Value) {
    match value {
        Value::Object(object) => {
            for (field, schema) in properties(schema).into_iter().flatten() {
                let default = &schema["default"];
                if !default.is_null() && object.get(field).is_none_or(Value::is_null) {
                    object.insert(field.clone(), default.clone());
                }
                if let Some(inner) = object.get_mut(field) {
                    fill(schema, inner);
                }
            }
            if schema["additionalProperties"].is_object() {
                let known = properties(schema);
                for (field, inner) in object.iter_mut() {
                    if known.is_none_or(|known| !known.contains_key(field)) {
                        fill(&schema["additionalProperties"], inner);
                    }
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(&schema["items"], item)),
        _ => {}
    }
}

fn drop_unknown(
    schema: &Value,
    value: &mut Value,
    path: &str,
    level: Level,
    dropped: &mut Vec<String>,
) {
    let keeps_unknown = schema["x-kubernetes-preserve-unknown-fields"] == true;
    match value {
        Value::Object(object) => {
            let known = properties(schema);
            let others = &schema["additionalProperties"];
            let is_root = level == Level::Root || schema["x-kubernetes-embedded-resource"] == true;
            let fields: Vec<String> = object.keys().cloned().collect();
            for field in fields {
                let is_own =
                    is_root && ["apiVersion", "kind", "metadata"].contains(&field.as_str());
                let inside = join(path, &field);
                let inner = known.and_then(|known| known.get(&field));
                let inner = inner.or_else(|| others.is_object().then_some(others));
                match (inner, object.get_mut(&field)) {
                    _ if is_own => {}
                    (Some(schema), Some(value)) => {
                        drop_unknown(schema, value, &inside, Level::Inside, dropped);
                    }
                    _ if keeps_unknown || *others == true => {}
                    _ => {
                        object.shift_remove(&field);
                        dropped.push(inside);
                    }
                }
            }
        }
        Value::Array(items) if schema["items"].is_object() => {
            for (index, item) in items.iter_mut().enumerate() {
                let inside = format!("{path}[{index}]");
                drop_unknown(&schema["items"], item, &inside, Level::Inside, dropped);
            }
        }
        _ => {}
    }
}

fn validate(schema: &Value, value: &Value, path: &str, causes: &mut Vec<String>) {
    if value.is_null() && schema["nullable"] == true {
        return;
    }
    let wanted = text(schema, "/type");
    let is_either = schema["x-kubernetes-int-or-string"] == true;
    if !is_either && !wanted.is_empty() && !is_of(wanted, value) {
        let found = type_of(value);
        causes.push(format!(
            "{path}: Invalid value: \"{found}\": {path} in body must be of type {wanted}: \
             \"{found}\""
        ));
        return;
    }
    let allowed: Vec<&Value> = items(schema, "/enum").collect();
    if !allowed.is_empty() && !allowed.contains(&value) {
        let listed: Vec<String> = allowed.iter().map(ToString::to_string).collect();
        causes.push(format!(
            "{path}: Unsupported value: {value}: supported values: {}",
            listed.join(", ")
        ));
    }
    bounds(schema, value, path, causes);
    match value {
        Value::Object(object) => {
            for field in items(schema, "/required").filter_map(Value::as_str) {
                if !object.contains_key(field) {
                    causes.push(format!("{}: Required value", join(path, field)));
                }
            }
            let known = properties(schema);
            for (field, inner) in object {
                let others = &schema["additionalProperties"];
                let schema = known.and_then(|known| known.get(field));
                if let Some(schema) = schema.or_else(|| others.is_object().then_some(others)) {
                    validate(schema, inner, &join(path, field), causes);
                }
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                validate(&schema["items"], item, &format!("{path}[{index}]"), causes);
            }
        }
        _ => {}
    }
}

fn bounds(schema: &Value, value: &Value, path: &str, causes: &mut Vec<String>) {
    let mut wrong = |what: String| {
        causes.push(format!("{path}: Invalid value: {value}: {path} in body {what}"));
    };
    if let (Some(number), Some(least)) = (value.as_f64(), schema["minimum"].as_f64())
        && number < least
    {
        wrong(format!("should be greater than or equal to {}", schema["minimum"]));
    }
    if let (Some(number), Some(most)) = (value.as_f64(), schema["maximum"].as_f64())
        && number > most
    {
        wrong(format!("should be less than or equal to {}", schema["maximum"]));
    }
    let length = value.as_str().map(|text| text.chars().count() as u64);
    if let (Some(length), Some(least)) = (length, schema["minLength"].as_u64())
        && length < least
    {
        wrong(format!("should be at least {least} chars long"));
    }
    let count = value.as_array().map(|items| items.len() as u64);
    if let (Some(count), Some(least)) = (count, schema["minItems"].as_u64())
        && count < least
    {
        wrong(format!("should have at least {least} items"));
    }
    if let (Some(length), Some(most)) = (length, schema["maxLength"].as_u64())
        && length > most
    {
        causes.push(format!("{path}: Too long: may not be more than {most} bytes"));
    }
    if let (Some(count), Some(most)) = (count, schema["maxItems"].as_u64())
        && count > most
    {
        causes.push(format!("{path}: Too many: {count}: must have at most {most} items"));
    }
}

fn is_of(wanted: &str, value: &Value) -> bool {
    match wanted {
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|n| n.fract() == 0.0)
        }
        "number" => value.is_number(),
        other => type_of(value) == other,
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn join(path: &str, field: &str) -> String {
    if path.is_empty() { field.to_owned() } else { format!("{path}.{field}") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({"type": "object", "properties": {
            "spec": {"type": "object", "required": ["size"], "properties": {
                "size": {"type": "integer", "minimum": 1},
                "mode": {"type": "string", "enum": ["a", "b"], "default": "a"},
                "port": {"x-kubernetes-int-or-string": true},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}},
            }},
        }})
    }

    #[test]
    fn unknown_fields_go_and_defaults_come() {
        let mut object = json!({"apiVersion": "x/v1", "kind": "X", "metadata": {"name": "x"},
            "extra": 1, "spec": {"size": 2, "more": {"a": 1}, "free": {"any": [1]},
            "labels": {"k": "v"}}});
        let mut dropped = Vec::new();
        fill(&schema(), &mut object);
        drop_unknown(&schema(), &mut object, "", Level::Root, &mut dropped);
        assert_eq!(dropped, ["extra", "spec.more"]);
        assert_eq!(
            object["spec"],
            json!({"size": 2, "free": {"any": [1]}, "labels": {"k": "v"}, "mode": "a"})
        );
        assert_eq!(object["metadata"]["name"], "x");
    }

    #[test]
    fn what_is_wrong_is_said_as_the_server_says_it() {
        let said = |spec: Value| {
            let mut causes = Vec::new();
            validate(&schema(), &json!({"spec": spec}), "", &mut causes);
            causes
        };
        assert_eq!(said(json!({"size": 1, "port": "http"})), [""; 0]);
        assert_eq!(said(json!({})), ["spec.size: Required value"]);
        assert_eq!(
            said(json!({"size": "big", "mode": "c", "labels": {"k": 1}})),
            [
                "spec.size: Invalid value: \"string\": spec.size in body must be of type integer: \
                 \"string\"",
                "spec.mode: Unsupported value: \"c\": supported values: \"a\", \"b\"",
                "spec.labels.k: Invalid value: \"integer\": spec.labels.k in body must be of type \
                 string: \"integer\"",
            ]
        );
        assert_eq!(
            said(json!({"size": 0})),
            ["spec.size: Invalid value: 0: spec.size in body should be greater than or equal to 1"]
        );
    }
}
