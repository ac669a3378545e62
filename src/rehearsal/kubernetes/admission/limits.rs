//! Limit ranges: what containers request and are limited to where they do not say so, and what
//! they may say. Priority classes: which priority a pod has.

use serde_json::{Value, json};

use super::super::api::Api;
use super::super::failure::Failure;
use super::super::kind::{Kind, at};
use super::super::quantity;
use super::super::value::{entries, items, name, namespace, object_at, text};

/// Fills in what the limit ranges of its namespace give a pod, and holds it against them.
pub(crate) fn apply(api: &Api, kind: &Kind, object: &mut Value) -> Result<(), Failure> {
    let is_pod = kind.group.is_empty() && kind.kind == "Pod";
    let is_claim = kind.group.is_empty() && kind.kind == "PersistentVolumeClaim";
    if !is_pod && !is_claim {
        return Ok(());
    }
    let mut causes = Vec::new();
    for range in api.objects.list_in(at::LIMIT_RANGES, namespace(object)) {
        for limit in items(&range, "/spec/limits") {
            match text(limit, "/type") {
                "Container" if is_pod => {
                    for field in ["initContainers", "containers"] {
                        let Some(Value::Array(list)) = object["spec"].get_mut(field) else {
                            continue;
                        };
                        for container in list {
                            fill(limit, container);
                            check(limit, &container["resources"], "Container", &mut causes);
                        }
                    }
                }
                "PersistentVolumeClaim" if is_claim => {
                    let resources = &object["spec"]["resources"];
                    check(limit, resources, "PersistentVolumeClaim", &mut causes);
                }
                _ => {}
            }
        }
    }
    match causes.as_slice() {
        [] => Ok(()),
        [one] => Err(Failure::forbidden(kind, name(object), one)),
        many => Err(Failure::forbidden(kind, name(object), &format!("[{}]", many.join(", ")))),
    }
}

fn fill(limit: &Value, container: &mut Value) {
    for (given, field) in [("default", "limits"), ("defaultRequest", "requests")] {
        for (resource, amount) in entries(limit, &format!("/{given}")) {
            let said = object_at(&mut container["resources"], field);
            said.entry(resource.clone()).or_insert_with(|| amount.clone());
        }
    }
}

fn check(limit: &Value, resources: &Value, what: &str, causes: &mut Vec<String>) {
    for (resource, least) in entries(limit, "/min") {
        let request = &resources["requests"][resource];
        if request.is_null() {
            causes.push(format!(
                "minimum {resource} usage per {what} is {}. No request is specified",
                plain(least)
            ));
        } else if quantity::milli(request) < quantity::milli(least) {
            causes.push(format!(
                "minimum {resource} usage per {what} is {}, but request is {}",
                plain(least),
                plain(request)
            ));
        }
    }
    for (resource, most) in entries(limit, "/max") {
        // Of storage only the request is said.
        let (field, word) =
            if what == "Container" { ("limits", "limit") } else { ("requests", "request") };
        let said = &resources[field][resource];
        if said.is_null() {
            causes.push(format!(
                "maximum {resource} usage per {what} is {}. No {word} is specified",
                plain(most)
            ));
        } else if quantity::milli(said) > quantity::milli(most) {
            causes.push(format!(
                "maximum {resource} usage per {what} is {}, but {word} is {}",
                plain(most),
                plain(said)
            ));
        }
    }
}

/// Gives a pod the priority of its class, or of the default one.
pub(crate) fn prioritise(api: &Api, kind: &Kind, pod: &mut Value) -> Result<(), Failure> {
    let wanted = text(pod, "/spec/priorityClassName").to_owned();
    let built_in = match wanted.as_str() {
        "system-cluster-critical" => Some(2_000_000_000),
        "system-node-critical" => Some(2_000_001_000),
        _ => None,
    };
    let classes = api.objects.list(at::PRIORITY_CLASSES);
    let class = if wanted.is_empty() {
        classes.iter().find(|class| class["globalDefault"] == true)
    } else {
        classes.iter().find(|class| name(class) == wanted)
    };
    let priority = match (built_in, class) {
        (Some(priority), _) => json!(priority),
        (None, Some(class)) => {
            pod["spec"]["priorityClassName"] = json!(name(class));
            class["value"].clone()
        }
        (None, None) if wanted.is_empty() => json!(0),
        (None, None) => {
            let why = format!("no PriorityClass with name {wanted} was found");
            return Err(Failure::forbidden(kind, name(pod), &why));
        }
    };
    pod["spec"]["priority"] = priority;
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
