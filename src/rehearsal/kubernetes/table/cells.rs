//! Columns and rows of the built-in kinds: the core group, and what all share.

use jiff::Timestamp;
use serde_json::Value;

use super::Width::{self, Always, Wide};
use super::{Column, age_of, others, workloads};
use crate::rehearsal::kubernetes::kind::Kind;
use crate::rehearsal::kubernetes::value::{
    condition_holds, entries, is_deleting, items, label, name, number, text,
};

pub(super) const NAME: Column = ("Name", Always);
pub(super) const AGE: Column = ("Age", Always);

/// The columns of a kind, and what stands in them.
pub(super) type Described = (Vec<Column>, fn(&Value, Timestamp) -> Vec<String>);

/// The columns of a kind.
pub(super) fn columns(kind: &Kind) -> Vec<Column> {
    described(kind).0
}

/// The cells of an object.
pub(super) fn row(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    described(kind).1(object, now).into_iter().map(Value::String).collect()
}

fn described(kind: &Kind) -> Described {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", _) => core(&kind.kind),
        ("apps" | "batch", _) => workloads::described(&kind.kind),
        _ => others::described(&kind.kind),
    }
}

/// Name first, age before what only the wide form shows.
pub(super) fn with_age(middle: &[&'static str], wide: &[Column]) -> Vec<Column> {
    let middle = middle.iter().map(|title| (*title, Always));
    std::iter::once(NAME).chain(middle).chain([AGE]).chain(wide.iter().copied()).collect()
}

pub(super) fn wide<const N: usize>(titles: [&'static str; N]) -> [Column; N] {
    titles.map(|title| (title, Width::Wide))
}

fn core(kind: &str) -> Described {
    match kind {
        "Pod" => (
            with_age(
                &["Ready", "Status", "Restarts"],
                &wide(["IP", "Node", "Nominated Node", "Readiness Gates"]),
            ),
            pod,
        ),
        "Node" => (
            vec![
                NAME,
                ("Status", Always),
                ("Roles", Always),
                AGE,
                ("Version", Always),
                ("Internal-IP", Wide),
                ("External-IP", Wide),
                ("OS-Image", Wide),
                ("Kernel-Version", Wide),
                ("Container-Runtime", Wide),
            ],
            node,
        ),
        "Namespace" => (with_age(&["Status"], &[]), |o, now| {
            vec![named(o), at(o, "/status/phase"), age(o, now)]
        }),
        "Service" => (
            with_age(&["Type", "Cluster-IP", "External-IP", "Port(s)"], &wide(["Selector"])),
            service,
        ),
        "Endpoints" => {
            (with_age(&["Endpoints"], &[]), |o, now| vec![named(o), endpoints(o), age(o, now)])
        }
        "Secret" => (with_age(&["Type", "Data"], &[]), |o, now| {
            vec![named(o), at(o, "/type"), size_of(&o["data"]).to_string(), age(o, now)]
        }),
        "ConfigMap" => (with_age(&["Data"], &[]), |o, now| {
            let count = size_of(&o["data"]) + size_of(&o["binaryData"]);
            vec![named(o), count.to_string(), age(o, now)]
        }),
        "ServiceAccount" => (with_age(&["Secrets"], &[]), |o, now| {
            vec![named(o), items(o, "/secrets").count().to_string(), age(o, now)]
        }),
        _ => core_kept(kind),
    }
}

/// Storage, limits and events.
fn core_kept(kind: &str) -> Described {
    match kind {
        "PersistentVolumeClaim" => (
            with_age(
                &[
                    "Status",
                    "Volume",
                    "Capacity",
                    "Access Modes",
                    "StorageClass",
                    "VolumeAttributesClass",
                ],
                &wide(["VolumeMode"]),
            ),
            claim,
        ),
        "PersistentVolume" => (
            with_age(
                &[
                    "Capacity",
                    "Access Modes",
                    "Reclaim Policy",
                    "Status",
                    "Claim",
                    "StorageClass",
                    "VolumeAttributesClass",
                    "Reason",
                ],
                &wide(["VolumeMode"]),
            ),
            volume,
        ),
        "ResourceQuota" => (vec![NAME, ("Request", Always), ("Limit", Always), AGE], |o, now| {
            let used = |wanted: bool| {
                let told = entries(o, "/status/hard")
                    .filter(|(resource, _)| resource.starts_with("limits.") == wanted)
                    .map(|(resource, hard)| {
                        let used = plain(&o["status"]["used"][resource]);
                        format!("{resource}: {used}/{}", plain(hard))
                    });
                told.collect::<Vec<_>>().join(", ")
            };
            vec![named(o), used(false), used(true), age(o, now)]
        }),
        "LimitRange" => (vec![NAME, ("Created At", Always)], created_at),
        "Event" => (
            vec![
                ("Last Seen", Always),
                ("Type", Always),
                ("Reason", Always),
                ("Object", Always),
                ("Subobject", Wide),
                ("Source", Wide),
                ("Message", Always),
                ("First Seen", Wide),
                ("Count", Wide),
                ("Name", Wide),
            ],
            event,
        ),
        _ => plain_kind(),
    }
}

pub(super) fn plain_kind() -> Described {
    (with_age(&[], &[]), |o, now| vec![named(o), age(o, now)])
}

pub(super) fn created_at(o: &Value, _now: Timestamp) -> Vec<String> {
    vec![named(o), at(o, "/metadata/creationTimestamp")]
}

fn pod(o: &Value, now: Timestamp) -> Vec<String> {
    let statuses: Vec<&Value> = items(o, "/status/containerStatuses").collect();
    let ready = statuses.iter().filter(|c| c["ready"] == true).count();
    let total = items(o, "/spec/containers").count();
    let restarts: i64 = statuses.iter().filter_map(|c| c["restartCount"].as_i64()).sum();
    let last = statuses.iter().map(|c| text(c, "/lastState/terminated/finishedAt")).max();
    let restarts = match last.filter(|at| !at.is_empty() && restarts > 0) {
        Some(last) => format!("{restarts} ({} ago)", age_of(last, now)),
        None => restarts.to_string(),
    };
    vec![
        named(o),
        format!("{ready}/{total}"),
        pod_status(o),
        restarts,
        age(o, now),
        or_none(at(o, "/status/podIP")),
        or_none(at(o, "/spec/nodeName")),
        or_none(at(o, "/status/nominatedNodeName")),
        "<none>".into(),
    ]
}

/// What stands in the column `STATUS` of a pod: the reason of what holds it up, else its phase.
fn pod_status(o: &Value) -> String {
    if is_deleting(o) {
        return "Terminating".into();
    }
    let reason = |c: &Value| match text(c, "/state/waiting/reason") {
        "" => text(c, "/state/terminated/reason").to_owned(),
        reason => reason.to_owned(),
    };
    let is_sidecar = |c: &Value| {
        let own = |spec: &&Value| spec["name"] == c["name"];
        items(o, "/spec/initContainers").find(own).is_some_and(|s| s["restartPolicy"] == "Always")
    };
    let total = items(o, "/spec/initContainers").count();
    for (index, c) in items(o, "/status/initContainerStatuses").enumerate() {
        let is_done = c["state"]["terminated"]["exitCode"] == 0;
        if is_done || is_sidecar(c) && c["started"] == true {
            continue;
        }
        return match reason(c).as_str() {
            "" | "PodInitializing" => format!("Init:{index}/{total}"),
            why => format!("Init:{why}"),
        };
    }
    let waiting = items(o, "/status/containerStatuses").map(reason);
    let waiting = waiting.filter(|reason| !reason.is_empty() && *reason != "Completed").last();
    match waiting {
        Some(reason) => reason,
        None if text(o, "/status/phase") == "Succeeded" => "Completed".into(),
        None => at(o, "/status/phase"),
    }
}

fn node(o: &Value, now: Timestamp) -> Vec<String> {
    let mut status =
        if condition_holds(o, "Ready") { "Ready".to_owned() } else { "NotReady".to_owned() };
    if o["spec"]["unschedulable"] == true {
        status.push_str(",SchedulingDisabled");
    }
    if label(o, "kubernetes.io/hostname").is_none() {
        status.push_str(",Unknown");
    }
    let mut roles: Vec<&str> = entries(o, "/metadata/labels")
        .filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/"))
        .collect();
    roles.sort_unstable();
    let address = |kind: &str| {
        let found = items(o, "/status/addresses").find(|a| a["type"] == kind);
        or_none(found.map(|a| at(a, "/address")).unwrap_or_default())
    };
    let told = |field: &str| or(at(o, &format!("/status/nodeInfo/{field}")), "<unknown>");
    vec![
        named(o),
        status,
        or_none(roles.join(",")),
        age(o, now),
        told("kubeletVersion"),
        address("InternalIP"),
        address("ExternalIP"),
        told("osImage"),
        told("kernelVersion"),
        told("containerRuntimeVersion"),
    ]
}

fn service(o: &Value, now: Timestamp) -> Vec<String> {
    let ports = items(o, "/spec/ports").map(|p| {
        let node_port = match p["nodePort"].as_i64() {
            Some(number) => format!(":{number}"),
            None => String::new(),
        };
        format!("{}{node_port}/{}", p["port"], p["protocol"].as_str().unwrap_or("TCP"))
    });
    let kind = text(o, "/spec/type");
    let given = joined(items(o, "/status/loadBalancer/ingress").map(|i| text(i, "/hostname")));
    let external = match kind {
        "ExternalName" => at(o, "/spec/externalName"),
        "LoadBalancer" => or(given, "<pending>"),
        _ => or_none(joined(items(o, "/spec/externalIPs").filter_map(Value::as_str))),
    };
    vec![
        named(o),
        kind.to_owned(),
        or_none(at(o, "/spec/clusterIP")),
        external,
        or_none(ports.collect::<Vec<_>>().join(",")),
        age(o, now),
        pairs(&o["spec"]["selector"]),
    ]
}

/// The first three addresses with their ports, and how many more there are.
fn endpoints(o: &Value) -> String {
    let mut all = Vec::new();
    for subset in items(o, "/subsets") {
        for address in items(subset, "/addresses") {
            for port in items(subset, "/ports") {
                all.push(format!("{}:{}", text(address, "/ip"), port["port"]));
            }
        }
    }
    match all.len() {
        0 => "<none>".into(),
        1..=3 => all.join(","),
        count => format!("{} + {} more...", all[..3].join(","), count - 3),
    }
}

fn claim(o: &Value, now: Timestamp) -> Vec<String> {
    vec![
        named(o),
        if is_deleting(o) { "Terminating".into() } else { at(o, "/status/phase") },
        at(o, "/spec/volumeName"),
        at(o, "/status/capacity/storage"),
        modes(&o["status"]["accessModes"]),
        at(o, "/spec/storageClassName"),
        "<unset>".into(),
        age(o, now),
        or(at(o, "/spec/volumeMode"), "<unset>"),
    ]
}

fn volume(o: &Value, now: Timestamp) -> Vec<String> {
    let claim = match text(o, "/spec/claimRef/name") {
        "" => String::new(),
        claim => format!("{}/{claim}", text(o, "/spec/claimRef/namespace")),
    };
    vec![
        named(o),
        at(o, "/spec/capacity/storage"),
        modes(&o["spec"]["accessModes"]),
        at(o, "/spec/persistentVolumeReclaimPolicy"),
        if is_deleting(o) { "Terminating".into() } else { at(o, "/status/phase") },
        claim,
        at(o, "/spec/storageClassName"),
        "<unset>".into(),
        at(o, "/status/reason"),
        age(o, now),
        or(at(o, "/spec/volumeMode"), "<unset>"),
    ]
}

fn event(o: &Value, now: Timestamp) -> Vec<String> {
    let since = |pointer: &str| age_of(text(o, pointer), now);
    let object = format!(
        "{}/{}",
        text(o, "/involvedObject/kind").to_lowercase(),
        text(o, "/involvedObject/name")
    );
    vec![
        since("/lastTimestamp"),
        at(o, "/type"),
        at(o, "/reason"),
        object,
        at(o, "/involvedObject/fieldPath"),
        at(o, "/source/component"),
        at(o, "/message"),
        since("/firstTimestamp"),
        count(o, "/count"),
        named(o),
    ]
}

/// Containers, images and selector of a workload.
pub(super) fn template(o: &Value) -> [String; 3] {
    let containers = || items(o, "/spec/template/spec/containers");
    [
        joined(containers().map(|c| text(c, "/name"))),
        joined(containers().map(|c| text(c, "/image"))),
        selector(&o["spec"]["selector"]),
    ]
}

pub(super) fn selector(selector: &Value) -> String {
    pairs(&selector["matchLabels"])
}

pub(super) fn pairs(map: &Value) -> String {
    let told = map.as_object().into_iter().flatten();
    let told = told.map(|(key, value)| format!("{key}={}", plain(value)));
    or_none(told.collect::<Vec<_>>().join(","))
}

fn modes(modes: &Value) -> String {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    joined(modes.as_array().into_iter().flatten().map(short))
}

pub(super) fn named(o: &Value) -> String {
    name(o).to_owned()
}

pub(super) fn at(o: &Value, pointer: &str) -> String {
    text(o, pointer).to_owned()
}

pub(super) fn age(o: &Value, now: Timestamp) -> String {
    age_of(text(o, "/metadata/creationTimestamp"), now)
}

pub(super) fn count(o: &Value, pointer: &str) -> String {
    number(o, pointer).unwrap_or(0).to_string()
}

pub(super) fn of(o: &Value, ready: &str, wanted: &str) -> String {
    format!("{}/{}", count(o, ready), count(o, wanted))
}

pub(super) fn or(text: String, other: &str) -> String {
    if text.is_empty() { other.to_owned() } else { text }
}

pub(super) fn or_none(text: String) -> String {
    or(text, "<none>")
}

pub(super) fn star(text: String) -> String {
    or(text, "*")
}

/// A number or a text as it is.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn size_of(data: &Value) -> usize {
    data.as_object().map_or(0, serde_json::Map::len)
}

pub(super) fn joined<'a>(parts: impl Iterator<Item = &'a str>) -> String {
    parts.filter(|p| !p.is_empty()).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_in_its_init_containers_says_how_far_it_is() {
        let pod = |first: Value| {
            json!({"spec": {"initContainers": [{"name": "a"}, {"name": "b"}]},
                "status": {"phase": "Pending", "initContainerStatuses": [first,
                    {"name": "b", "state": {"waiting": {"reason": "PodInitializing"}}}]}})
        };
        let done =
            json!({"name": "a", "state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
        assert_eq!(pod_status(&pod(done)), "Init:1/2");
        let held = json!({"name": "a", "state": {"waiting": {"reason": "ImagePullBackOff"}}});
        assert_eq!(pod_status(&pod(held)), "Init:ImagePullBackOff");
    }
}
