//! Resource quotas: counts of objects, and what pods and claims request.

use serde_json::Value;

use super::super::api::Api;
use super::super::controllers;
use super::super::failure::Failure;
use super::super::kind::{self, Kind, at};
use super::super::quantity;
use super::super::value::{entries, items, name, namespace, text};

/// Refuses an object with which its namespace would have more than a quota allows.
pub(crate) fn allows(api: &Api, kind: &Kind, object: &Value) -> Result<(), Failure> {
    if !kind.is_namespaced() {
        return Ok(());
    }
    for quota in api.objects.list_in(at::QUOTAS, namespace(object)) {
        if !scopes_select(&quota, object) {
            continue;
        }
        says_what_is_counted(kind, &quota, object)?;
        let (mut requested, mut used, mut limited) = (Vec::new(), Vec::new(), Vec::new());
        for (resource, limit) in entries(&quota, "/spec/hard") {
            let wanted = amount(kind, object, resource);
            let there = sum(api, kind, &quota, resource);
            if wanted > 0 && there + wanted > quantity::milli(limit) {
                requested.push(format!("{resource}={}", written(resource, wanted)));
                used.push(format!("{resource}={}", written(resource, there)));
                limited.push(format!("{resource}={}", plain(limit)));
            }
        }
        if !requested.is_empty() {
            let why = format!(
                "exceeded quota: {}, requested: {}, used: {}, limited: {}",
                name(&quota),
                requested.join(","),
                used.join(","),
                limited.join(",")
            );
            return Err(Failure::forbidden(kind, name(object), &why));
        }
    }
    Ok(())
}

/// How much of a quota's resource is used, as the API writes it.
pub(crate) fn used_of(api: &Api, quota: &Value, resource: &str) -> String {
    let of_kind = |kind: &Kind| sum(api, kind, quota, resource);
    let counted = resource.strip_prefix("count/").unwrap_or(resource);
    let kinds = kind::all(&api.objects);
    let is_meant = |kind: &&std::sync::Arc<Kind>| {
        let is_core = kind.group.is_empty();
        counted == kind.qualified()
            || is_core
                && [counted, "pods", "persistentvolumeclaims"].contains(&kind.plural.as_str())
    };
    let total = kinds.iter().filter(is_meant).map(|kind| of_kind(kind)).sum();
    written(resource, total)
}

fn sum(api: &Api, kind: &Kind, quota: &Value, resource: &str) -> i128 {
    let there = api.objects.list_in(&kind.path(), namespace(quota));
    let counted = there.iter().filter(|other| !is_finished(other) && scopes_select(quota, other));
    counted.map(|other| amount(kind, other, resource)).sum()
}

/// Whether a quota with a scope of priority classes means the object.
fn scopes_select(quota: &Value, object: &Value) -> bool {
    let class = text(object, "/spec/priorityClassName");
    items(quota, "/spec/scopeSelector/matchExpressions")
        .filter(|expression| expression["scopeName"] == "PriorityClass")
        .all(|expression| {
            let is_named = items(expression, "/values").any(|value| value == class);
            match text(expression, "/operator") {
                "In" => is_named,
                "NotIn" => !is_named,
                "Exists" => !class.is_empty(),
                _ => class.is_empty(),
            }
        })
}

/// Where a quota counts what pods request or are limited to, every container must say so.
fn says_what_is_counted(kind: &Kind, quota: &Value, object: &Value) -> Result<(), Failure> {
    if !is_pod(kind) {
        return Ok(());
    }
    let mut missing = Vec::new();
    for (resource, _) in entries(quota, "/spec/hard") {
        let Some((field, counted)) = of_pods(resource) else { continue };
        // Only of these must it be said; of others nothing said is none requested.
        if !matches!(counted, "cpu" | "memory") {
            continue;
        }
        let silent: Vec<&str> = ["/spec/initContainers", "/spec/containers"]
            .into_iter()
            .flat_map(|at| items(object, at))
            .filter(|container| container["resources"][field][counted].is_null())
            .map(|container| text(container, "/name"))
            .collect();
        if !silent.is_empty() {
            missing.push(format!("{resource} for: {}", silent.join(",")));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    missing.sort();
    let why = format!("failed quota: {}: must specify {}", name(quota), missing.join("; "));
    Err(Failure::forbidden(kind, name(object), &why))
}

fn is_finished(object: &Value) -> bool {
    matches!(text(object, "/status/phase"), "Succeeded" | "Failed")
}

fn is_pod(kind: &Kind) -> bool {
    kind.kind == "Pod" && kind.group.is_empty()
}

/// The field of containers and the resource in it that a quota's resource counts.
fn of_pods(resource: &str) -> Option<(&'static str, &str)> {
    match resource.split_once('.') {
        Some(("limits", counted)) => Some(("limits", counted)),
        Some(("requests", counted)) if counted != "storage" => Some(("requests", counted)),
        _ if matches!(resource, "cpu" | "memory") => Some(("requests", resource)),
        _ => None,
    }
}

/// How much of a quota's resource an object takes, in thousandths.
fn amount(kind: &Kind, object: &Value, resource: &str) -> i128 {
    let counted = resource.strip_prefix("count/").unwrap_or(resource);
    if counted == kind.qualified() || (kind.group.is_empty() && counted == kind.plural) {
        return 1000;
    }
    if kind.kind == "PersistentVolumeClaim" && resource == "requests.storage" {
        return quantity::milli(&object["spec"]["resources"]["requests"]["storage"]);
    }
    match of_pods(resource) {
        Some(("requests", counted)) if is_pod(kind) => {
            controllers::requests(object).get(counted).copied().unwrap_or(0)
        }
        Some((field, counted)) if is_pod(kind) => items(object, "/spec/containers")
            .map(|container| quantity::milli(&container["resources"][field][counted]))
            .sum(),
        _ => 0,
    }
}

/// Thousandths as the API writes them: bytes in powers of two.
fn written(resource: &str, milli: i128) -> String {
    let is_bytes = resource.ends_with("memory") || resource.ends_with("storage");
    if is_bytes && milli > 0 && milli % 1000 == 0 {
        let bytes = milli / 1000;
        for (unit, shift) in [("Ti", 40), ("Gi", 30), ("Mi", 20), ("Ki", 10)] {
            if bytes % (1 << shift) == 0 {
                return format!("{}{unit}", bytes >> shift);
            }
        }
    }
    quantity::count(milli)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
