//! Why a pod is not ready.
//!
//! The first of these that applies: it failed, it cannot be scheduled, a container waits or has
//! crashed, it runs without being ready.

use serde_json::Value;

use super::readiness::{
    Verdict, condition, is_true, items, last_warning, name_of, number, said, text,
};
use super::scheduling::fits_nowhere;

/// After so many restarts a container is not going to recover by itself.
const TOO_MANY_RESTARTS: u64 = 5;

/// Why the pod is not ready; `None` when it is, or has done its work, or is going away.
pub(super) fn blame(pod: &Value, events: &[Value], nodes: &[Value]) -> Option<Verdict> {
    let phase = pod.pointer("/status/phase").and_then(Value::as_str).unwrap_or_default();
    let is_leaving = pod.pointer("/metadata/deletionTimestamp").is_some();
    if is_leaving || phase == "Succeeded" || is_true(pod, "Ready") {
        return None;
    }
    if phase == "Failed" {
        let status = &pod["status"];
        let why = said(text(status, "reason"), text(status, "message"));
        return Some(Verdict::Waiting(format!("failed {why}").trim().to_owned()));
    }
    let verdict = unscheduled(pod, nodes)
        .or_else(|| statuses(pod).find_map(|status| container(pod, status, events)))
        .unwrap_or_else(|| starting(pod, events));
    Some(verdict)
}

fn unscheduled(pod: &Value, nodes: &[Value]) -> Option<Verdict> {
    let scheduled = condition(pod, "PodScheduled")?;
    if text(scheduled, "status") != "False" {
        return None;
    }
    let why = said(text(scheduled, "reason"), text(scheduled, "message"));
    Some(if fits_nowhere(pod, nodes) {
        Verdict::Hopeless(format!("{why} (no node could take it even if it were empty)"))
    } else {
        Verdict::Waiting(why)
    })
}

fn statuses(pod: &Value) -> impl Iterator<Item = &Value> {
    items(pod, "/status/initContainerStatuses").chain(items(pod, "/status/containerStatuses"))
}

/// Why one container keeps its pod waiting, where it does and says so.
fn container(pod: &Value, status: &Value, events: &[Value]) -> Option<Verdict> {
    if let Some(ended) = status.pointer("/state/terminated") {
        let exit = number(ended, "/exitCode");
        return (exit != 0).then(|| Verdict::Waiting(crash(status, ended)));
    }
    let waiting = status.pointer("/state/waiting")?;
    let (reason, message) = (text(waiting, "reason"), text(waiting, "message"));
    match reason {
        "" | "ContainerCreating" | "PodInitializing" => None,
        "CrashLoopBackOff" => Some(crash_loop(status)),
        "InvalidImageName"
        | "ErrImageNeverPull"
        | "CreateContainerConfigError"
        | "CreateContainerError" => Some(Verdict::Hopeless(said(reason, message))),
        "ImagePullBackOff" | "ErrImagePull" => Some(image(pod, reason, message, events)),
        _ => Some(Verdict::Waiting(said(reason, message))),
    }
}

/// An image that is not there does not appear by waiting; a registry that does not answer may.
fn image(pod: &Value, reason: &str, message: &str, events: &[Value]) -> Verdict {
    // While it backs off, the container only says that it does; the event before it said why.
    let event = last_pull_failure(events, name_of(pod));
    let why = if is_missing(message) { message } else { event.unwrap_or(message) };
    let sentence = said(reason, why);
    if is_missing(why) { Verdict::Hopeless(sentence) } else { Verdict::Waiting(sentence) }
}

fn is_missing(message: &str) -> bool {
    const SIGNS: [&str; 4] = ["not found", "manifest unknown", "no such image", "name unknown"];
    let message = message.to_ascii_lowercase();
    SIGNS.iter().any(|sign| message.contains(sign))
}

fn last_pull_failure<'a>(events: &'a [Value], pod: &str) -> Option<&'a str> {
    events
        .iter()
        .rev()
        .filter(|event| text(&event["involvedObject"], "name") == pod)
        .filter(|event| text(event, "reason") == "Failed")
        .map(|event| text(event, "message"))
        .find(|message| message.starts_with("Failed to pull image"))
}

fn crash_loop(status: &Value) -> Verdict {
    let restarts = number(status, "/restartCount");
    let ended = status.pointer("/lastState/terminated").unwrap_or(&Value::Null);
    let sentence = format!("CrashLoopBackOff after {restarts} restarts: {}", crash(status, ended));
    if restarts >= TOO_MANY_RESTARTS {
        Verdict::Hopeless(sentence)
    } else {
        Verdict::Waiting(sentence)
    }
}

fn crash(status: &Value, ended: &Value) -> String {
    let container = text(status, "name");
    let exit = number(ended, "/exitCode");
    let why = said(text(ended, "reason"), text(ended, "message"));
    let why = why.lines().last().unwrap_or_default().trim();
    let why = if why.is_empty() { String::new() } else { format!(" ({why})") };
    format!("container {container} ended with exit code {exit}{why}")
}

/// Nothing is wrong yet: what it is busy with, and what was warned about last.
fn starting(pod: &Value, events: &[Value]) -> Verdict {
    let is_running = text(&pod["status"], "phase") == "Running";
    let what = if is_running { "running, not ready" } else { "starting" };
    match last_warning(events, "Pod", name_of(pod)) {
        Some(warning) => Verdict::Waiting(format!("{what}: {warning}")),
        None => Verdict::Waiting(what.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(status: &Value) -> Value {
        json!({"metadata": {"name": "core-api-7f"}, "spec": {}, "status": status})
    }

    fn waiting(reason: &str, message: &str, restarts: u64) -> Value {
        pod(&json!({"phase": "Pending", "containerStatuses": [{
            "name": "api", "restartCount": restarts,
            "state": {"waiting": {"reason": reason, "message": message}},
            "lastState": {"terminated": {"exitCode": 1, "reason": "Error",
                "message": "starting\npanic: no database\n"}}}]}))
    }

    fn event(reason: &str, message: &str) -> Value {
        json!({"type": "Warning", "reason": reason, "message": message,
            "involvedObject": {"kind": "Pod", "name": "core-api-7f"}})
    }

    fn hopeless(reason: &str) -> Verdict {
        Verdict::Hopeless(reason.into())
    }

    fn patient(reason: &str) -> Verdict {
        Verdict::Waiting(reason.into())
    }

    #[test]
    fn each_state_has_its_reason() {
        for (pod, expected) in [
            (pod(&json!({"conditions": [{"type": "Ready", "status": "True"}]})), None),
            (pod(&json!({"phase": "Succeeded"})), None),
            (pod(&json!({"phase": "Pending"})), Some(patient("starting"))),
            (waiting("ContainerCreating", "", 0), Some(patient("starting"))),
            (pod(&json!({"phase": "Running"})), Some(patient("running, not ready"))),
            (
                pod(&json!({"phase": "Failed", "reason": "Evicted", "message": "disk pressure"})),
                Some(patient("failed Evicted: disk pressure")),
            ),
            (
                waiting("ErrImagePull", "x/api:1: not found", 0),
                Some(hopeless("ErrImagePull: x/api:1: not found")),
            ),
            (
                waiting("ImagePullBackOff", "dial tcp: i/o timeout", 0),
                Some(patient("ImagePullBackOff: dial tcp: i/o timeout")),
            ),
            (
                waiting("CreateContainerConfigError", "secret \"db\" not found", 0),
                Some(hopeless("CreateContainerConfigError: secret \"db\" not found")),
            ),
            (
                waiting("CrashLoopBackOff", "back-off", 2),
                Some(patient(
                    "CrashLoopBackOff after 2 restarts: container api ended with exit code 1 \
                     (panic: no database)",
                )),
            ),
            (
                waiting("CrashLoopBackOff", "back-off", 5),
                Some(hopeless(
                    "CrashLoopBackOff after 5 restarts: container api ended with exit code 1 \
                     (panic: no database)",
                )),
            ),
        ] {
            assert_eq!(blame(&pod, &[], &[]), expected, "{pod}");
        }
    }

    #[test]
    fn the_event_before_a_back_off_says_why() {
        let missing = "Failed to pull image \"x/api:1\": manifest unknown";
        let events = [event("Failed", missing), event("Failed", "Error: ImagePullBackOff")];
        let pod = waiting("ImagePullBackOff", "Back-off pulling image \"x/api:1\"", 0);
        assert_eq!(
            blame(&pod, &events, &[]),
            Some(hopeless(&format!("ImagePullBackOff: {missing}")))
        );
    }

    #[test]
    fn a_warning_is_told_while_a_pod_starts() {
        let events = [event("FailedMount", "configmap \"ca\" not found")];
        assert_eq!(
            blame(&waiting("ContainerCreating", "", 0), &events, &[]),
            Some(patient("starting: FailedMount: configmap \"ca\" not found"))
        );
    }

    #[test]
    fn the_sentence_of_the_scheduler_is_told() {
        let sentence = "0/1 nodes are available: 1 node(s) had untolerated taint.";
        let pod = pod(&json!({"phase": "Pending", "conditions": [{"type": "PodScheduled",
            "status": "False", "reason": "Unschedulable", "message": sentence}]}));
        let why = format!("Unschedulable: {sentence}");
        assert_eq!(blame(&pod, &[], &[]), Some(patient(&why)));
        assert_eq!(blame(&pod, &[], &[json!({})]), Some(patient(&why)));
        let tainted = json!({"spec": {"taints": [{"key": "gpu", "effect": "NoSchedule"}]}});
        assert_eq!(
            blame(&pod, &[], &[tainted]),
            Some(hopeless(&format!("{why} (no node could take it even if it were empty)")))
        );
    }
}
