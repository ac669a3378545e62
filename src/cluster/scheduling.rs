//! Whether a pod could run on a node at all, were the node empty.
//!
//! Only what cannot change by waiting is looked at: taints, selectors, node affinity, and what the
//! node offers in all. Whether there is room just now is the scheduler's business.

use serde_json::Value;

use super::readiness::{items, text};

/// Whether no node could ever take the pod; false when there is no node to judge by.
pub(super) fn fits_nowhere(pod: &Value, nodes: &[Value]) -> bool {
    !nodes.is_empty() && !nodes.iter().any(|node| fits(pod, node))
}

fn fits(pod: &Value, node: &Value) -> bool {
    tolerates(pod, node) && is_selected(pod, node) && has_affinity(pod, node) && offers(pod, node)
}

fn tolerates(pod: &Value, node: &Value) -> bool {
    items(node, "/spec/taints")
        .filter(|taint| matches!(text(taint, "effect"), "NoSchedule" | "NoExecute"))
        // Kubernetes sets and removes these by itself while a node comes and goes.
        .filter(|taint| !text(taint, "key").starts_with("node.kubernetes.io/"))
        .filter(|taint| !text(taint, "key").starts_with("node.cloudprovider.kubernetes.io/"))
        .all(|taint| items(pod, "/spec/tolerations").any(|toleration| covers(toleration, taint)))
}

fn covers(toleration: &Value, taint: &Value) -> bool {
    let (effect, key) = (text(toleration, "effect"), text(toleration, "key"));
    let exists = text(toleration, "operator") == "Exists";
    (effect.is_empty() || effect == text(taint, "effect"))
        && (key == text(taint, "key") || (key.is_empty() && exists))
        && (exists || text(toleration, "value") == text(taint, "value"))
}

fn is_selected(pod: &Value, node: &Value) -> bool {
    let Some(wanted) = pod.pointer("/spec/nodeSelector").and_then(Value::as_object) else {
        return true;
    };
    wanted.iter().all(|(name, value)| label(node, name) == value.as_str())
}

/// Of the terms that are required, one must hold, with all its expressions.
fn has_affinity(pod: &Value, node: &Value) -> bool {
    let path = "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution";
    let Some(required) = pod.pointer(path) else { return true };
    items(required, "/nodeSelectorTerms")
        .any(|term| items(term, "/matchExpressions").all(|expression| holds(expression, node)))
}

fn holds(expression: &Value, node: &Value) -> bool {
    let value = label(node, text(expression, "key"));
    let is_listed = || items(expression, "/values").any(|listed| listed.as_str() == value);
    match text(expression, "operator") {
        "In" => value.is_some() && is_listed(),
        "NotIn" => value.is_none() || !is_listed(),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        // Comparisons of numbers: not judged, so never the reason to give up.
        _ => true,
    }
}

fn offers(pod: &Value, node: &Value) -> bool {
    let mut needed = std::collections::BTreeMap::<&str, f64>::new();
    for container in items(pod, "/spec/containers") {
        let resources = &container["resources"];
        let requests = resources.get("requests").or_else(|| resources.get("limits"));
        for (name, quantity) in requests.and_then(Value::as_object).into_iter().flatten() {
            *needed.entry(name).or_default() += amount(quantity);
        }
    }
    let offered = node.pointer("/status/allocatable");
    needed.iter().all(|(name, needed)| {
        let offered = offered.and_then(|all| all.get(*name)).map_or(0.0, amount);
        // A resource that is not listed at all is none, but cpu and memory may just not be told.
        *needed <= offered || (offered == 0.0 && matches!(*name, "cpu" | "memory"))
    })
}

/// A quantity such as `100m`, `2`, `64Gi`.
fn amount(quantity: &Value) -> f64 {
    let Some(text) = quantity.as_str() else { return quantity.as_f64().unwrap_or(0.0) };
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "Ki" => 1024.0,
        "Mi" => 1024.0 * 1024.0,
        "Gi" => 1024.0 * 1024.0 * 1024.0,
        "Ti" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => 1.0,
    };
    number.parse::<f64>().unwrap_or(0.0) * factor
}

fn label<'a>(node: &'a Value, name: &str) -> Option<&'a str> {
    node.pointer("/metadata/labels")?.get(name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node() -> Value {
        json!({
            "metadata": {"labels": {"kind": "gpu", "zone": "a"}},
            "spec": {"taints": [
                {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"},
                {"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"},
            ]},
            "status": {"allocatable": {"cpu": "4", "memory": "8Gi", "nvidia.com/gpu": "8"}},
        })
    }

    /// A pod that tolerates the taint, with more in its specification.
    fn pod(more: &Value) -> Value {
        let mut spec = json!({"tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}]});
        for (name, value) in more.as_object().unwrap() {
            spec[name] = value.clone();
        }
        json!({"spec": spec})
    }

    fn requests(requests: &Value) -> Value {
        pod(&json!({"containers": [{"resources": {"requests": requests}}]}))
    }

    fn affinity(operator: &str, values: &[&str]) -> Value {
        let expression = json!({"key": "zone", "operator": operator, "values": values});
        pod(&json!({"affinity": {"nodeAffinity": {
            "requiredDuringSchedulingIgnoredDuringExecution":
                {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}}}}))
    }

    #[test]
    fn what_no_waiting_changes_decides() {
        for (pod, expected) in [
            (json!({"spec": {}}), false),
            (json!({"spec": {"tolerations": [{"operator": "Exists"}]}}), true),
            (pod(&json!({"tolerations": [{"key": "nvidia.com/gpu", "value": "false"}]})), false),
            (pod(&json!({"tolerations": [{"key": "nvidia.com/gpu", "value": "true"}]})), true),
            (pod(&json!({"nodeSelector": {"kind": "gpu"}})), true),
            (pod(&json!({"nodeSelector": {"kind": "cpu"}})), false),
            (affinity("In", &["a", "b"]), true),
            (affinity("In", &["b"]), false),
            (affinity("NotIn", &["a"]), false),
            (affinity("Exists", &[]), true),
            (affinity("DoesNotExist", &[]), false),
            (requests(&json!({"nvidia.com/gpu": 8, "cpu": "3900m", "memory": "7Gi"})), true),
            (requests(&json!({"nvidia.com/gpu": "9"})), false),
            (requests(&json!({"memory": "9Gi"})), false),
            (requests(&json!({"vpc.amazonaws.com/efa": "1"})), false),
        ] {
            assert_eq!(fits(&pod, &node()), expected, "{pod}");
        }
    }

    #[test]
    fn without_nodes_nothing_is_hopeless() {
        assert!(!fits_nowhere(&json!({"spec": {}}), &[]));
        assert!(fits_nowhere(&json!({"spec": {}}), &[node()]));
        assert!(!fits_nowhere(&json!({"spec": {}}), &[node(), json!({})]));
    }
}
