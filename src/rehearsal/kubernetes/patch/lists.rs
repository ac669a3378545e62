//! What the lists of built-in kinds are: keyed like maps, sets, or one value.

use serde_json::Value;

/// How the items of a list are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// By the values of these fields.
    Keyed(&'static [&'static str]),
    /// By themselves.
    Set,
    /// Not at all: the list is one value.
    Atomic,
}

/// Which lists are keyed: those of the built-in kinds, or only those of the metadata (custom
/// resources have no strategic merge, and their lists are atomic unless their schema says
/// otherwise, which is not looked at here).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    BuiltIn,
    Custom,
}

/// The shape of the list in `field`, whose items look like `sample`, for server-side apply.
pub(crate) fn shape(family: Family, field: &str, sample: Option<&Value>) -> Shape {
    match field {
        "ownerReferences" => return Shape::Keyed(&["uid"]),
        "finalizers" => return Shape::Set,
        _ if family == Family::Custom => return Shape::Atomic,
        _ => {}
    }
    let has = |key: &str| sample.is_some_and(|item| item.get(key).is_some());
    match field {
        "containers"
        | "initContainers"
        | "ephemeralContainers"
        | "volumes"
        | "env"
        | "imagePullSecrets"
        | "webhooks"
        | "secrets"
        | "resourceClaims"
        | "validations"
            if has("name") =>
        {
            Shape::Keyed(&["name"])
        }
        "volumeMounts" => Shape::Keyed(&["mountPath"]),
        "volumeDevices" => Shape::Keyed(&["devicePath"]),
        "ports" if has("containerPort") => Shape::Keyed(&["containerPort", "protocol"]),
        // Ports of network policies and endpoint slices have no `targetPort` and are atomic;
        // services without one are told by the default that the server sets before.
        "ports" if has("port") && (has("targetPort") || has("nodePort")) => {
            Shape::Keyed(&["port", "protocol"])
        }
        "conditions" | "addresses" if has("type") => Shape::Keyed(&["type"]),
        "topologySpreadConstraints" => Shape::Keyed(&["topologyKey", "whenUnsatisfiable"]),
        "hostAliases" | "podIPs" | "hostIPs" => Shape::Keyed(&["ip"]),
        _ => Shape::Atomic,
    }
}

/// The one field by which a strategic merge patch tells items apart, if it merges that list.
pub(crate) fn merge_key(field: &str, sample: Option<&Value>) -> Option<&'static str> {
    let has = |key: &str| sample.is_some_and(|item| item.get(key).is_some());
    match field {
        "ports" if has("containerPort") => Some("containerPort"),
        "ports" if has("port") => Some("port"),
        "taints" => Some("key"),
        "topologySpreadConstraints" => Some("topologyKey"),
        "hostAliases" | "podIPs" | "hostIPs" => Some("ip"),
        _ => match shape(Family::BuiltIn, field, sample) {
            Shape::Keyed(keys) => keys.first().copied(),
            Shape::Set | Shape::Atomic => None,
        },
    }
}

/// The value that an absent key field stands for.
pub(crate) fn key_value(item: &Value, key: &str) -> Value {
    match item.get(key) {
        Some(value) => value.clone(),
        None if key == "protocol" => Value::from("TCP"),
        None => Value::Null,
    }
}
