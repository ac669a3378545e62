//! Daemon sets: a pod on every node that they fit.

use std::io;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{is_deleting, label, name, text};
use super::Control;
use super::pods;
use super::scheduler;

const REVISION_LABEL: &str = "controller-revision-hash";

/// Brings every daemon set one step further.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let all_pods = control.list(at::PODS);
    let nodes = control.list(at::NODES);
    for set in control.list(at::DAEMON_SETS) {
        if is_deleting(&set) {
            continue;
        }
        let owned = pods::controlled(&all_pods, &set);
        let hash = pods::template_hash(&set["spec"]["template"]);
        let template = daemon_pod(&set, &hash);
        let fitting: Vec<&Value> =
            nodes.iter().filter(|node| belongs_on(&template, node)).collect();
        for node in &fitting {
            let is_there = owned.iter().any(|pod| target(pod) == name(node));
            if !is_there {
                let mut pod = template.clone();
                pod["metadata"]["name"] = json!(control.fresh_name(name(&set)));
                bind_to(&mut pod, name(node));
                // A refusal is an event at the set, and tried again.
                let _refused = control.create_pod(&set, pod)?;
            }
        }
        for pod in &owned {
            if !fitting.iter().any(|node| name(node) == target(pod)) {
                control.end_pod(pod)?;
            }
        }
        renew(control, &set, &owned, &hash)?;
        say(control, &set, &owned, &fitting, &hash)?;
    }
    Ok(())
}

/// Daemons run on nodes that are not ready, and on those that are cordoned.
fn daemon_pod(set: &Value, hash: &str) -> Value {
    let mut pod = pods::from_template(set, &[(REVISION_LABEL, hash)]);
    let mut tolerations: Vec<Value> =
        super::super::value::items(&pod, "/spec/tolerations").cloned().collect();
    for (key, effect) in [
        ("node.kubernetes.io/not-ready", "NoExecute"),
        ("node.kubernetes.io/not-ready", "NoSchedule"),
        ("node.kubernetes.io/unreachable", "NoExecute"),
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
        ("node.kubernetes.io/pid-pressure", "NoSchedule"),
        ("node.kubernetes.io/unschedulable", "NoSchedule"),
    ] {
        tolerations.push(json!({"key": key, "operator": "Exists", "effect": effect}));
    }
    pod["spec"]["tolerations"] = json!(tolerations);
    pod
}

fn belongs_on(template: &Value, node: &Value) -> bool {
    scheduler::fits_affinity(template, node) && scheduler::untolerated(template, node).is_none()
}

/// The affinity by which a pod is meant for one node.
fn bind_to(pod: &mut Value, node: &str) {
    let affinity = &mut pod["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"];
    *affinity = json!({"nodeSelectorTerms": [{"matchFields": [
        {"key": "metadata.name", "operator": "In", "values": [node]}]}]});
}

/// The node that a pod is meant for.
fn target(pod: &Value) -> &str {
    text(
        pod,
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution\
         /nodeSelectorTerms/0/matchFields/0/values/0",
    )
}

/// Ends one pod of an older template at a time, those that are not ready first.
fn renew(control: &mut Control<'_>, set: &Value, owned: &[&Value], hash: &str) -> io::Result<()> {
    if text(set, "/spec/updateStrategy/type") == "OnDelete" {
        return Ok(());
    }
    let is_old = |pod: &&&Value| label(pod, REVISION_LABEL) != Some(hash);
    for pod in owned.iter().filter(is_old).filter(|pod| !pods::is_ready(pod)) {
        control.end_pod(pod)?;
    }
    let are_all_ready = owned.iter().all(|pod| pods::is_ready(pod));
    match owned.iter().find(is_old) {
        Some(pod) if are_all_ready => control.end_pod(pod),
        _ => Ok(()),
    }
}

fn say(
    control: &mut Control<'_>,
    set: &Value,
    owned: &[&Value],
    fitting: &[&Value],
    hash: &str,
) -> io::Result<()> {
    let active: Vec<&&Value> = owned.iter().filter(|pod| pods::is_active(pod)).collect();
    let ready = active.iter().filter(|pod| pods::is_ready(pod)).count();
    let updated = active.iter().filter(|pod| label(pod, REVISION_LABEL) == Some(hash)).count();
    let status = json!({
        "observedGeneration": set["metadata"]["generation"],
        "desiredNumberScheduled": fitting.len(),
        "currentNumberScheduled": active.len().min(fitting.len()), "numberMisscheduled": 0,
        "numberReady": ready, "numberAvailable": ready, "updatedNumberScheduled": updated,
        "numberUnavailable": fitting.len().saturating_sub(ready),
    });
    control.set_status(at::DAEMON_SETS, set, status)
}
