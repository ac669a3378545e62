//! Services: the pods behind them, as `Endpoints` and `EndpointSlice`; disruption budgets.

use std::io;

use serde_json::{Value, json};

use super::super::admission;
use super::super::kind::at;
use super::super::selector::label_selector_matches;
use super::super::value::{
    condition, is_deleting, items, name, namespace, number, owner_reference, text, uid,
};
use super::Control;
use super::pods;

/// Whether a service has a ready pod behind it.
pub(crate) fn has_endpoints(control: &Control<'_>, namespace: &str, service: &str) -> bool {
    admission::has_endpoints(control.api, namespace, service)
}

/// Brings endpoints and budgets up to date.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let all_pods = control.list(at::PODS);
    for service in control.list(at::SERVICES) {
        if is_deleting(&service) || !service["spec"]["selector"].is_object() {
            continue;
        }
        let selector = json!({"matchLabels": service["spec"]["selector"]});
        let behind: Vec<&Value> = all_pods
            .iter()
            .filter(|pod| {
                namespace(pod) == namespace(&service)
                    && label_selector_matches(&selector, pod)
                    && pods::is_active(pod)
                    && !text(pod, "/status/podIP").is_empty()
            })
            .collect();
        publish(control, &service, &behind)?;
    }
    budgets(control, &all_pods)
}

fn publish(control: &mut Control<'_>, service: &Value, behind: &[&Value]) -> io::Result<()> {
    let address = |pod: &Value| {
        json!({"ip": pod["status"]["podIP"], "nodeName": pod["spec"]["nodeName"],
            "targetRef": {"kind": "Pod", "namespace": namespace(pod), "name": name(pod),
                "uid": uid(pod)}})
    };
    let (ready, unready): (Vec<&&Value>, Vec<&&Value>) =
        behind.iter().partition(|pod| pods::is_ready(pod));
    let ports: Vec<Value> = items(service, "/spec/ports")
        .map(|port| {
            let mut entry =
                json!({"port": port_number(port, behind), "protocol": port["protocol"]});
            if port["name"].is_string() {
                entry["name"] = port["name"].clone();
            }
            entry
        })
        .collect();
    let mut subset = json!({"ports": ports});
    if !ready.is_empty() {
        subset["addresses"] = ready.iter().map(|pod| address(pod)).collect();
    }
    if !unready.is_empty() {
        subset["notReadyAddresses"] = unready.iter().map(|pod| address(pod)).collect();
    }
    let subsets = if behind.is_empty() { json!([]) } else { json!([subset]) };
    let labels = json!({"endpoints.kubernetes.io/managed-by": "endpoint-controller"});
    put(
        control,
        at::ENDPOINTS,
        json!({
            "apiVersion": "v1", "kind": "Endpoints",
            "metadata": {"name": name(service), "namespace": namespace(service), "labels": labels,
                "ownerReferences": [owner_reference(service)]},
            "subsets": subsets,
        }),
    )?;
    let endpoints: Vec<Value> = behind
        .iter()
        .map(|pod| {
            let is_ready = pods::is_ready(pod);
            json!({"addresses": [pod["status"]["podIP"]], "nodeName": pod["spec"]["nodeName"],
                "conditions": {"ready": is_ready, "serving": is_ready, "terminating": false},
                "targetRef": {"kind": "Pod", "namespace": namespace(pod), "name": name(pod),
                    "uid": uid(pod)}})
        })
        .collect();
    put(
        control,
        at::ENDPOINT_SLICES,
        json!({
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
            "metadata": {"name": format!("{}-{}", name(service), &uid(service)[..5.min(uid(service).len())]),
                "namespace": namespace(service),
                "labels": {"kubernetes.io/service-name": name(service),
                    "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"},
                "ownerReferences": [owner_reference(service)]},
            "addressType": "IPv4", "endpoints": endpoints, "ports": ports,
        }),
    )
}

/// The number behind a port, which may be the name of a port of the container.
fn port_number(port: &Value, behind: &[&Value]) -> Value {
    let target = &port["targetPort"];
    let Some(wanted) = target.as_str() else { return target.clone() };
    behind
        .iter()
        .flat_map(|pod| items(pod, "/spec/containers"))
        .flat_map(|container| items(container, "/ports"))
        .find(|p| p["name"] == wanted)
        .map_or_else(|| port["port"].clone(), |p| p["containerPort"].clone())
}

/// Creates an object, or brings what is not metadata up to date.
fn put(control: &mut Control<'_>, path: &str, object: Value) -> io::Result<()> {
    let Some(there) = control.api.objects.get(path, namespace(&object), name(&object)) else {
        if let Err(failure) = control.create(object)? {
            tracing::debug!(failure.message, "endpoints were not written");
        }
        return Ok(());
    };
    control.modify(path, &there, |there| {
        for field in ["subsets", "endpoints", "ports"] {
            if let Some(value) = object.get(field) {
                there[field] = value.clone();
            }
        }
        there["metadata"]["ownerReferences"] = object["metadata"]["ownerReferences"].clone();
    })
}

fn budgets(control: &mut Control<'_>, all_pods: &[Value]) -> io::Result<()> {
    for budget in control.list(at::DISRUPTION_BUDGETS) {
        let guarded: Vec<&Value> = all_pods
            .iter()
            .filter(|pod| {
                namespace(pod) == namespace(&budget)
                    && label_selector_matches(&budget["spec"]["selector"], pod)
                    && pods::is_active(pod)
            })
            .collect();
        let expected = i64::try_from(guarded.len()).unwrap_or(0);
        let healthy =
            i64::try_from(guarded.iter().filter(|p| pods::is_ready(p)).count()).unwrap_or(0);
        let desired = match (&budget["spec"]["minAvailable"], &budget["spec"]["maxUnavailable"]) {
            (Value::Null, most) => (expected - share(most, expected)).max(0),
            (least, _) => share(least, expected),
        };
        let allowed = (healthy - desired).max(0);
        let now = control.now.clone();
        let reason = if allowed > 0 { "SufficientPods" } else { "InsufficientPods" };
        let status = json!({
            "observedGeneration": number(&budget, "/metadata/generation"),
            "expectedPods": expected, "currentHealthy": healthy, "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "conditions": [condition(&budget, "DisruptionAllowed", allowed > 0, reason, "", &now)],
        });
        control.set_status(at::DISRUPTION_BUDGETS, &budget, status)?;
    }
    Ok(())
}

/// A number, or a percentage rounded up.
fn share(value: &Value, of: i64) -> i64 {
    match value {
        Value::Number(n) => n.as_i64().unwrap_or(0),
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(0);
            (of * percent + 99) / 100
        }
        _ => 0,
    }
}
