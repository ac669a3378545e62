//! Resource quotas: counts of objects, and what pods request.

use serde_json::Value;

use super::super::api::Api;
use super::super::failure::Failure;
use super::super::kind::{Kind, at};
use super::super::quantity;
use super::super::value::{entries, items, name, namespace, text};

/// Refuses an object with which its namespace would have more than a quota allows.
pub(crate) fn allows(api: &Api, kind: &Kind, object: &Value) -> Result<(), Failure> {
    if !kind.is_namespaced() {
        return Ok(());
    }
    for quota in api.objects.list_in(at::QUOTAS, namespace(object)) {
        for (resource, limit) in entries(&quota, "/spec/hard") {
            let requested = amount(kind, object, resource);
            if requested == 0 {
                continue;
            }
            let used: i128 = api
                .objects
                .list_in(&kind.path(), namespace(object))
                .iter()
                .filter(|other| !is_finished(other))
                .map(|other| amount(kind, other, resource))
                .sum();
            if used + requested > quantity::milli(limit) {
                let why = format!(
                    "exceeded quota: {}, requested: {resource}={}, used: {resource}={}, limited: \
                     {resource}={}",
                    name(&quota),
                    quantity::count(requested),
                    quantity::count(used),
                    limit.as_str().map_or_else(|| limit.to_string(), str::to_owned),
                );
                return Err(Failure::forbidden(kind, name(object), &why));
            }
        }
    }
    Ok(())
}

fn is_finished(object: &Value) -> bool {
    matches!(text(object, "/status/phase"), "Succeeded" | "Failed")
}

/// How much of a quota's resource an object takes, in thousandths.
fn amount(kind: &Kind, object: &Value, resource: &str) -> i128 {
    let counted = resource.strip_prefix("count/").unwrap_or(resource);
    if counted == kind.qualified() || (kind.group.is_empty() && counted == kind.plural) {
        return 1000;
    }
    let is_pod = kind.kind == "Pod" && kind.group.is_empty();
    if !is_pod {
        return 0;
    }
    let (field, requested) = match resource.split_once('.') {
        Some(("limits", requested)) => ("limits", requested),
        Some(("requests", requested)) => ("requests", requested),
        _ if matches!(resource, "cpu" | "memory") => ("requests", resource),
        _ => return 0,
    };
    items(object, "/spec/containers")
        .map(|container| quantity::milli(&container["resources"][field][requested]))
        .sum()
}
