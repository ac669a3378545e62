//! What an answer means: is an object ready, and if not, why.
//!
//! Pure functions over the JSON of the API; no clock and no request. Workloads, whose reasons lie
//! with their pods, are in [`workloads`](super::Workloads).

use serde_json::Value;

/// Whether an object is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readiness {
    /// The object, for example `deployment/core-api`.
    pub object: String,
    /// How it stands.
    pub verdict: Verdict,
}

/// How an object stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is ready.
    Ready,
    /// It is not ready yet, and why.
    Waiting(String),
    /// It will not become ready by waiting, and why.
    Hopeless(String),
}

impl Verdict {
    /// The reason, unless it is ready.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Ready => None,
            Self::Waiting(reason) | Self::Hopeless(reason) => Some(reason),
        }
    }

    /// The same with something said before the reason.
    pub(super) fn after(self, before: &str) -> Self {
        match self {
            Self::Ready => Self::Waiting(before.to_owned()),
            Self::Waiting(reason) => Self::Waiting(format!("{before}, {reason}")),
            Self::Hopeless(reason) => Self::Hopeless(format!("{before}, {reason}")),
        }
    }
}

/// Whether a node is ready.
#[must_use]
pub fn node_is_ready(node: &Value) -> bool {
    is_true(node, "Ready")
}

/// How much of a resource a node offers, for example of `nvidia.com/gpu`.
#[must_use]
pub fn allocatable(node: &Value, resource: &str) -> u64 {
    let offered = node.pointer("/status/allocatable").and_then(|all| all.get(resource));
    offered.and_then(|v| v.as_str().map_or(v.as_u64(), |text| text.parse().ok())).unwrap_or(0)
}

/// Whether a StorageClass is the default one.
#[must_use]
pub fn is_default_storage_class(class: &Value) -> bool {
    let path = "/metadata/annotations/storageclass.kubernetes.io~1is-default-class";
    class.pointer(path).and_then(Value::as_str) == Some("true")
}

/// Whether an object (an `ExternalSecret`, a `SecretStore`) has the condition `Ready`, and what it
/// says when it has not.
#[must_use]
pub fn ready_condition(object: &Value) -> Verdict {
    match condition(object, "Ready") {
        Some(ready) if text(ready, "status") == "True" => Verdict::Ready,
        Some(ready) => Verdict::Waiting(said(text(ready, "reason"), text(ready, "message"))),
        None => Verdict::Waiting("its controller has not looked at it yet".into()),
    }
}

/// The host name or address of an Ingress.
#[must_use]
pub fn ingress_address(ingress: &Value) -> Option<&str> {
    let first = ingress.pointer("/status/loadBalancer/ingress/0")?;
    first.get("hostname").or_else(|| first.get("ip")).and_then(Value::as_str)
}

/// Whether an Ingress has an address, and what its controller says when it has not.
#[must_use]
pub fn ingress(ingress: &Value, events: &[Value]) -> Verdict {
    if ingress_address(ingress).is_some() {
        return Verdict::Ready;
    }
    let nothing = "has no address of a load balancer yet";
    match last_warning(events, "Ingress", name_of(ingress)) {
        Some(warning) => Verdict::Waiting(format!("{nothing}: {warning}")),
        None => Verdict::Waiting(nothing.into()),
    }
}

/// The last warning about an object: its reason and its sentence.
#[must_use]
pub fn last_warning(events: &[Value], kind: &str, name: &str) -> Option<String> {
    let time = |event: &Value| {
        let times = ["/lastTimestamp", "/eventTime", "/metadata/creationTimestamp"];
        let known = times.iter().find_map(|time| event.pointer(time).and_then(Value::as_str));
        known.unwrap_or_default().to_owned()
    };
    events
        .iter()
        .filter(|event| text(event, "type") == "Warning")
        .filter(|event| text(&event["involvedObject"], "kind") == kind)
        .filter(|event| text(&event["involvedObject"], "name") == name)
        .max_by_key(|event| time(event))
        .map(|event| said(text(event, "reason"), text(event, "message")))
}

/// The name of an object.
#[must_use]
pub fn name_of(object: &Value) -> &str {
    object.pointer("/metadata/name").and_then(Value::as_str).unwrap_or_default()
}

/// `reason: message`, whichever of the two there are.
pub(super) fn said(reason: &str, message: &str) -> String {
    match (reason, message.trim()) {
        (reason, "") => reason.to_owned(),
        ("", message) => message.to_owned(),
        (reason, message) => format!("{reason}: {message}"),
    }
}

pub(super) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object.pointer("/status/conditions").and_then(Value::as_array)?;
    conditions.iter().find(|condition| text(condition, "type") == kind)
}

pub(super) fn is_true(object: &Value, kind: &str) -> bool {
    condition(object, kind).is_some_and(|condition| text(condition, "status") == "True")
}

pub(super) fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

pub(super) fn number(object: &Value, path: &str) -> u64 {
    object.pointer(path).and_then(Value::as_u64).unwrap_or(0)
}

pub(super) fn items<'a>(object: &'a Value, path: &str) -> impl Iterator<Item = &'a Value> {
    object.pointer(path).and_then(Value::as_array).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_says_why_an_object_is_not_ready() {
        let secret = |conditions: Value| json!({"status": {"conditions": conditions}});
        let waiting = |reason: &str| Verdict::Waiting(reason.into());
        let ready = secret(json!([{"type": "Ready", "status": "True"}]));
        assert_eq!(ready_condition(&ready), Verdict::Ready);
        let failing = secret(json!([{"type": "Ready", "status": "False",
            "reason": "SecretSyncedError", "message": "could not get secret data"}]));
        assert_eq!(
            ready_condition(&failing),
            waiting("SecretSyncedError: could not get secret data")
        );
        assert_eq!(ready_condition(&json!({})), waiting("its controller has not looked at it yet"));
    }

    #[test]
    fn an_ingress_without_an_address_says_what_its_controller_said_last() {
        let there = json!({"metadata": {"name": "web"}, "status": {"loadBalancer": {"ingress":
            [{"hostname": "x.elb.amazonaws.com"}]}}});
        assert_eq!(ingress(&there, &[]), Verdict::Ready);
        let event = |time: &str, message: &str| {
            json!({"type": "Warning", "reason": "FailedDeployModel", "message": message,
                "lastTimestamp": time, "involvedObject": {"kind": "Ingress", "name": "web"}})
        };
        let events = [
            event("2026-11-21T07:02:00Z", "AccessDenied"),
            event("2026-11-21T07:01:00Z", "Throttling"),
        ];
        assert_eq!(
            ingress(&json!({"metadata": {"name": "web"}}), &events),
            Verdict::Waiting(
                "has no address of a load balancer yet: FailedDeployModel: AccessDenied".into()
            )
        );
    }

    #[test]
    fn what_a_node_offers_is_counted() {
        let node = json!({"status": {"allocatable": {"nvidia.com/gpu": "8"},
            "conditions": [{"type": "Ready", "status": "True"}]}});
        assert!(node_is_ready(&node));
        assert_eq!(allocatable(&node, "nvidia.com/gpu"), 8);
        assert_eq!(allocatable(&node, "vpc.amazonaws.com/efa"), 0);
    }
}
