//! What has another shape than its type is refused, as the real server does while it decodes.
//!
//! There are no schemas here: only the fields that the cluster itself reads are known, by their
//! names. What lies in maps of the user's own (labels, data) is not looked at, and neither are
//! kinds that are not built in.

use serde_json::Value;

use super::super::failure::Failure;
use super::super::kind::Kind;

/// Fields that hold fields.
const OBJECTS: [&str; 16] = [
    "affinity",
    "annotations",
    "jobTemplate",
    "labels",
    "matchLabels",
    "metadata",
    "nodeSelector",
    "rollingUpdate",
    "securityContext",
    "selector",
    "spec",
    "status",
    "strategy",
    "template",
    "updateStrategy",
    "nodeAffinity",
];

/// Fields that hold a list of such.
const LISTS: [&str; 14] = [
    "conditions",
    "containers",
    "env",
    "ephemeralContainers",
    "initContainers",
    "matchExpressions",
    "ownerReferences",
    "ports",
    "readinessGates",
    "tolerations",
    "topologySpreadConstraints",
    "volumeClaimTemplates",
    "volumeMounts",
    "volumes",
];

/// Fields that hold a count, which is never negative and fits into 32 bits.
const COUNTS: [&str; 9] = [
    "activeDeadlineSeconds",
    "backoffLimit",
    "completions",
    "minReadySeconds",
    "parallelism",
    "progressDeadlineSeconds",
    "replicas",
    "revisionHistoryLimit",
    "ttlSecondsAfterFinished",
];

/// Maps of the user's own, and conditions, whose status is a word.
const MAPS: [&str; 9] = [
    "annotations",
    "binaryData",
    "conditions",
    "data",
    "labels",
    "matchLabels",
    "nodeSelector",
    "stringData",
    "openAPIV3Schema",
];

/// Groups whose kinds are built in and have these fields with these meanings.
const GROUPS: [&str; 7] =
    ["", "apps", "autoscaling", "batch", "networking.k8s.io", "policy", "storage.k8s.io"];

/// Refuses an object whose fields are not what they are called.
pub(super) fn is_right(kind: &Kind, object: &Value) -> Result<(), Failure> {
    let metadata = object.get("metadata").into_iter();
    let found = if GROUPS.contains(&kind.group.as_str()) {
        wrong_field(object, "")
    } else {
        metadata.map(|metadata| wrong_field(metadata, "metadata.")).next().flatten()
    };
    match found {
        Some(Wrong::Type { path, is }) => Err(Failure::bad_request(format!(
            "{0} in version \"{1}\" cannot be handled as a {0}: json: cannot unmarshal {is} into \
             Go struct field {0}.{path}",
            kind.kind, kind.version
        ))),
        Some(Wrong::Count { path, value }) => {
            let name = object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default();
            let why = "must be greater than or equal to 0";
            Err(Failure::invalid(kind, name, &[format!("{path}: Invalid value: {value}: {why}")]))
        }
        None => Ok(()),
    }
}

/// The first field that is not right.
enum Wrong {
    Type { path: String, is: &'static str },
    Count { path: String, value: i64 },
}

fn wrong_field(value: &Value, path: &str) -> Option<Wrong> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| {
            let here = format!("{path}{name}");
            wrong_type(name, value, &here).or_else(|| {
                if MAPS.contains(&name.as_str()) {
                    return None;
                }
                wrong_field(value, &format!("{here}."))
            })
        }),
        Value::Array(items) => items.iter().find_map(|item| wrong_field(item, path)),
        _ => None,
    }
}

fn wrong_type(name: &str, value: &Value, path: &str) -> Option<Wrong> {
    let wrong = |value: &Value| Wrong::Type { path: path.to_owned(), is: go_type(value) };
    if value.is_null() {
        return None;
    }
    if OBJECTS.contains(&name) && !value.is_object() {
        return Some(wrong(value));
    }
    if LISTS.contains(&name) {
        let Value::Array(items) = value else { return Some(wrong(value)) };
        return items.iter().find(|item| !item.is_object()).map(wrong);
    }
    if COUNTS.contains(&name) {
        return match value.as_i64() {
            Some(count @ ..0) => Some(Wrong::Count { path: path.to_owned(), value: count }),
            Some(count) if i32::try_from(count).is_ok() => None,
            _ => Some(wrong(value)),
        };
    }
    None
}

/// What the real server calls a value.
fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::super::kind::built_in_of;
    use super::*;

    fn refusal(spec: &Value) -> String {
        let object = json!({"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": "web", "labels": {"spec": "text"}}, "spec": spec});
        let kind = built_in_of(&object).unwrap();
        is_right(&kind, &object).map_or_else(|failure| failure.message, |()| String::new())
    }

    #[test]
    fn a_field_of_another_type_is_refused_by_its_path() {
        assert_eq!(
            refusal(&json!({"replicas": 2, "template": {"metadata": {}, "spec": null}})),
            ""
        );
        let cannot = "Deployment in version \"v1\" cannot be handled as a Deployment: \
                      json: cannot unmarshal";
        for (spec, what) in [
            (json!("none"), "string into Go struct field Deployment.spec"),
            (json!({"template": "none"}), "string into Go struct field Deployment.spec.template"),
            (
                json!({"template": {"spec": {"containers": [1]}}}),
                "number into Go struct field Deployment.spec.template.spec.containers",
            ),
            (
                json!({"replicas": 5_000_000_000_u64}),
                "number into Go struct field Deployment.spec.replicas",
            ),
            (json!({"replicas": "2"}), "string into Go struct field Deployment.spec.replicas"),
        ] {
            assert_eq!(refusal(&spec), format!("{cannot} {what}"));
        }
        let negative = "Deployment.apps \"web\" is invalid: spec.replicas: Invalid value: -1: must be \
                        greater than or equal to 0";
        assert_eq!(refusal(&json!({"replicas": -1})), negative);
    }
}
