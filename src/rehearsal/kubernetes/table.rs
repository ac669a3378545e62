//! Tables for people: the columns that `kubectl get` shows.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::kind::Kind;
use super::read::metadata_only;
use super::value::{condition_holds, is_deleting, items, label, name, number, text};
use crate::rehearsal::World;

/// Objects of one kind as a `Table`.
pub(crate) fn table(world: &World, kind: &Kind, objects: &[Value], revision: u64) -> Value {
    let now = world.now();
    let columns: Vec<Value> = std::iter::once("Name")
        .chain(columns(kind).iter().copied())
        .chain(std::iter::once("Age"))
        .map(|title| {
            json!({"name": title, "type": "string", "format": if title == "Name" { "name" } else { "" },
                "description": title, "priority": 0})
        })
        .collect();
    let rows: Vec<Value> = objects
        .iter()
        .map(|object| {
            let mut cells = vec![json!(name(object))];
            cells.extend(cells_of(kind, object).into_iter().map(Value::String));
            cells.push(json!(age(text(object, "/metadata/creationTimestamp"), now)));
            json!({"cells": cells, "object": metadata_only(object)})
        })
        .collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": revision.to_string()},
        "columnDefinitions": columns, "rows": rows})
}

fn columns(kind: &Kind) -> &'static [&'static str] {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => &["Ready", "Status", "Restarts", "Node"],
        ("", "Node") => &["Status", "Roles", "Version"],
        ("", "Namespace") | ("nvidia.com", "ClusterPolicy") => &["Status"],
        ("", "Service") => &["Type", "Cluster-IP", "External-IP", "Port(s)"],
        ("", "Secret") => &["Type", "Data"],
        ("", "ConfigMap") => &["Data"],
        ("", "PersistentVolumeClaim") => &["Status", "Volume", "Capacity", "StorageClass"],
        ("", "Event") => &["Type", "Reason", "Object", "Message"],
        ("apps", "Deployment") => &["Ready", "Up-to-date", "Available"],
        ("apps", "ReplicaSet") => &["Desired", "Current", "Ready"],
        ("apps", "StatefulSet") => &["Ready"],
        ("apps", "DaemonSet") => &["Desired", "Current", "Ready", "Up-to-date", "Available"],
        ("batch", "Job") => &["Status", "Completions"],
        ("networking.k8s.io", "Ingress") => &["Class", "Hosts", "Address"],
        ("storage.k8s.io", "StorageClass") => {
            &["Provisioner", "ReclaimPolicy", "VolumeBindingMode"]
        }
        ("external-secrets.io", _) => &["Status", "Ready"],
        _ => &[],
    }
}

fn cells_of(kind: &Kind, o: &Value) -> Vec<String> {
    let at = |pointer: &str| text(o, pointer).to_owned();
    let count = |pointer: &str| number(o, pointer).unwrap_or(0).to_string();
    let of = |ready: &str, wanted: &str| format!("{}/{}", count(ready), count(wanted));
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => pod(o),
        ("", "Node") => {
            vec![node_status(o), "<none>".into(), at("/status/nodeInfo/kubeletVersion")]
        }
        ("", "Namespace") => vec![at("/status/phase")],
        ("", "Service") => service(o),
        ("", "Secret") => vec![at("/type"), size_of(&o["data"])],
        ("", "ConfigMap") => vec![size_of(&o["data"])],
        ("", "PersistentVolumeClaim") => vec![
            at("/status/phase"),
            at("/spec/volumeName"),
            at("/status/capacity/storage"),
            at("/spec/storageClassName"),
        ],
        ("", "Event") => vec![
            at("/type"),
            at("/reason"),
            format!(
                "{}/{}",
                text(o, "/involvedObject/kind").to_lowercase(),
                text(o, "/involvedObject/name")
            ),
            at("/message"),
        ],
        ("apps", "Deployment") => vec![
            of("/status/readyReplicas", "/spec/replicas"),
            count("/status/updatedReplicas"),
            count("/status/availableReplicas"),
        ],
        ("apps", "ReplicaSet") => {
            vec![count("/spec/replicas"), count("/status/replicas"), count("/status/readyReplicas")]
        }
        ("apps", "StatefulSet") => vec![of("/status/readyReplicas", "/spec/replicas")],
        ("apps", "DaemonSet") => vec![
            count("/status/desiredNumberScheduled"),
            count("/status/currentNumberScheduled"),
            count("/status/numberReady"),
            count("/status/updatedNumberScheduled"),
            count("/status/numberAvailable"),
        ],
        ("batch", "Job") => {
            vec![job_status(o).into(), of("/status/succeeded", "/spec/completions")]
        }
        ("networking.k8s.io", "Ingress") => vec![
            at("/spec/ingressClassName"),
            joined(items(o, "/spec/rules").map(|rule| text(rule, "/host"))),
            joined(items(o, "/status/loadBalancer/ingress").map(|i| text(i, "/hostname"))),
        ],
        ("storage.k8s.io", "StorageClass") => {
            vec![at("/provisioner"), at("/reclaimPolicy"), at("/volumeBindingMode")]
        }
        ("external-secrets.io", _) => {
            let ready = items(o, "/status/conditions").find(|c| c["type"] == "Ready");
            let part = |key: &str| ready.map(|c| text(c, key).to_owned()).unwrap_or_default();
            vec![part("/reason"), part("/status")]
        }
        ("nvidia.com", "ClusterPolicy") => vec![at("/status/state")],
        _ => Vec::new(),
    }
}

fn pod(o: &Value) -> Vec<String> {
    let statuses: Vec<&Value> = items(o, "/status/containerStatuses").collect();
    let ready = statuses.iter().filter(|c| c["ready"] == true).count();
    let total = items(o, "/spec/containers").count();
    let restarts: i64 = statuses.iter().filter_map(|c| c["restartCount"].as_i64()).sum();
    vec![
        format!("{ready}/{total}"),
        pod_status(o),
        restarts.to_string(),
        text(o, "/spec/nodeName").to_owned(),
    ]
}

/// What stands in the column `STATUS` of a pod: the reason of what holds it up, else its phase.
pub(crate) fn pod_status(o: &Value) -> String {
    if is_deleting(o) {
        return "Terminating".into();
    }
    let waiting = items(o, "/status/initContainerStatuses")
        .chain(items(o, "/status/containerStatuses"))
        .map(|c| match text(c, "/state/waiting/reason") {
            "" => text(c, "/state/terminated/reason"),
            reason => reason,
        })
        .find(|reason| !reason.is_empty() && *reason != "Completed");
    match waiting {
        Some(reason) => reason.to_owned(),
        None if text(o, "/status/phase") == "Succeeded" => "Completed".into(),
        None => text(o, "/status/phase").to_owned(),
    }
}

fn node_status(o: &Value) -> String {
    let mut status =
        if condition_holds(o, "Ready") { "Ready".to_owned() } else { "NotReady".to_owned() };
    if o["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    if label(o, "kubernetes.io/hostname").is_none() {
        status.push_str(",Unknown");
    }
    status
}

fn service(o: &Value) -> Vec<String> {
    let ports = items(o, "/spec/ports")
        .map(|p| format!("{}/{}", p["port"], p["protocol"].as_str().unwrap_or("TCP")));
    let external = joined(items(o, "/status/loadBalancer/ingress").map(|i| text(i, "/hostname")));
    vec![
        text(o, "/spec/type").to_owned(),
        text(o, "/spec/clusterIP").to_owned(),
        if external.is_empty() { "<none>".into() } else { external },
        ports.collect::<Vec<_>>().join(","),
    ]
}

fn job_status(o: &Value) -> &'static str {
    if condition_holds(o, "Complete") {
        "Complete"
    } else if condition_holds(o, "Failed") {
        "Failed"
    } else {
        "Running"
    }
}

fn size_of(data: &Value) -> String {
    data.as_object().map_or(0, serde_json::Map::len).to_string()
}

fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.filter(|p| !p.is_empty()).collect::<Vec<_>>().join(",")
}

/// The time since a moment, as `kubectl` writes it.
fn age(since: &str, now: Timestamp) -> String {
    let Ok(since) = since.parse::<Timestamp>() else { return "<unknown>".into() };
    let seconds = now.duration_since(since).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds}s"),
        120..7200 => format!("{}m", seconds / 60),
        7200..172_800 => format!("{}h", seconds / 3600),
        _ => format!("{}d", seconds / 86_400),
    }
}
