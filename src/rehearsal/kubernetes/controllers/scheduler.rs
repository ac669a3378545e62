//! The scheduler: a node for each pod, or the sentence that says why there is none.
//!
//! Looks at taints, node selectors and required affinities (of nodes, and pods apart from each
//! other), resources, and where volumes are. Preferences and preemption are left out.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::quantity;
use super::super::selector::{expression_holds, label_selector_matches};
use super::super::value::{condition, entries, items, label, name, namespace, text};
use super::Control;
use super::claims;
use super::events::Tone;
use super::pods;

/// The annotation by which the scheduler asks for a volume where a node is.
pub(crate) const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";

/// Resource to amount, in thousandths.
type Amounts = BTreeMap<String, i128>;

/// A node and what is left of it.
struct Candidate<'a> {
    node: &'a Value,
    free: Amounts,
    pods: Vec<&'a Value>,
}

/// Why a node does not do, and whether removing other pods could help.
struct Refusal {
    reason: String,
    others_are_in_the_way: bool,
}

/// Gives a node to each pod that waits for one.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let all_pods = control.list(at::PODS);
    let waiting: Vec<&Value> = all_pods
        .iter()
        .filter(|pod| text(pod, "/spec/nodeName").is_empty() && pods::is_active(pod))
        .collect();
    if waiting.is_empty() {
        return Ok(());
    }
    let nodes = control.list(at::NODES);
    let mut candidates: Vec<Candidate<'_>> =
        nodes.iter().map(|node| Candidate::new(node, &all_pods)).collect();
    for pod in waiting {
        schedule(control, pod, &mut candidates)?;
    }
    Ok(())
}

impl<'a> Candidate<'a> {
    fn new(node: &'a Value, all_pods: &'a [Value]) -> Self {
        let mut free: Amounts = entries(node, "/status/allocatable")
            .map(|(resource, amount)| (resource.clone(), quantity::milli(amount)))
            .collect();
        let pods: Vec<&Value> = all_pods
            .iter()
            .filter(|pod| {
                text(pod, "/spec/nodeName") == name(node)
                    && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
            })
            .collect();
        for pod in &pods {
            take(&mut free, &requests(pod));
        }
        Self { node, free, pods }
    }
}

fn take(free: &mut Amounts, wanted: &Amounts) {
    for (resource, amount) in wanted {
        *free.entry(resource.clone()).or_default() -= amount;
    }
}

/// What a pod requests: its containers together, or its largest init container.
pub(crate) fn requests(pod: &Value) -> Amounts {
    let mut total = Amounts::new();
    for container in items(pod, "/spec/containers") {
        for (resource, amount) in entries(container, "/resources/requests") {
            *total.entry(resource.clone()).or_default() += quantity::milli(amount);
        }
    }
    for container in items(pod, "/spec/initContainers") {
        for (resource, amount) in entries(container, "/resources/requests") {
            let most = total.entry(resource.clone()).or_default();
            *most = (*most).max(quantity::milli(amount));
        }
    }
    total.insert("pods".into(), 1000);
    total
}

fn schedule<'a>(
    control: &mut Control<'_>,
    pod: &'a Value,
    candidates: &mut [Candidate<'a>],
) -> io::Result<()> {
    if let Some(why) = claims::obstacle(control, pod) {
        let count = candidates.len();
        let message = format!(
            "0/{count} nodes are available: {why}. preemption: 0/{count} nodes are available: \
             {count} Preemption is not helpful for scheduling."
        );
        return refuse(control, pod, &message);
    }
    let wanted = requests(pod);
    let mut refusals = Vec::new();
    let mut best: Option<usize> = None;
    for (index, candidate) in candidates.iter().enumerate() {
        if let Some(refusal) = judge(control, candidate, pod, &wanted) {
            refusals.push(refusal);
            continue;
        }
        let cpu = |at: usize| candidates[at].free.get("cpu").copied().unwrap_or(0);
        if best.is_none_or(|best| cpu(index) > cpu(best)) {
            best = Some(index);
        }
    }
    let Some(best) = best else {
        let message = sentence(candidates.len(), &refusals);
        return refuse(control, pod, &message);
    };
    if !claims::are_bound_for(control, pod, candidates[best].node)? {
        // The volume is being made where the node is; the pod follows it.
        return Ok(());
    }
    take(&mut candidates[best].free, &wanted);
    candidates[best].pods.push(pod);
    let node_name = name(candidates[best].node).to_owned();
    let now = control.now.clone();
    let scheduled = condition(pod, "PodScheduled", true, "", "", &now);
    control.modify(at::PODS, pod, |pod| {
        pod["spec"]["nodeName"] = json!(node_name);
        pod["status"]["conditions"] = json!([scheduled]);
    })?;
    let message = format!("Successfully assigned {}/{} to {node_name}", namespace(pod), name(pod));
    control.event(pod, Tone::Normal, "default-scheduler", "Scheduled", &message)
}

fn refuse(control: &mut Control<'_>, pod: &Value, message: &str) -> io::Result<()> {
    let now = control.now.clone();
    let unschedulable = condition(pod, "PodScheduled", false, "Unschedulable", message, &now);
    control.modify(at::PODS, pod, |pod| {
        pod["status"]["phase"] = json!("Pending");
        pod["status"]["conditions"] = json!([unschedulable]);
    })?;
    control.event(pod, Tone::Warning, "default-scheduler", "FailedScheduling", message)
}

/// `0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: …`
fn sentence(nodes: usize, refusals: &[Refusal]) -> String {
    if nodes == 0 {
        return "no nodes available to schedule pods".into();
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for refusal in refusals {
        *counts.entry(&refusal.reason).or_default() += 1;
    }
    let mut parts: Vec<String> =
        counts.iter().map(|(reason, count)| format!("{count} {reason}")).collect();
    parts.sort();
    let hopeful = refusals.iter().filter(|r| r.others_are_in_the_way).count();
    let hopeless = refusals.len() - hopeful;
    let mut preemption = Vec::new();
    if hopeful > 0 {
        preemption.push(format!("{hopeful} No preemption victims found for incoming pod"));
    }
    if hopeless > 0 {
        preemption.push(format!("{hopeless} Preemption is not helpful for scheduling"));
    }
    format!(
        "0/{nodes} nodes are available: {}. preemption: 0/{nodes} nodes are available: {}.",
        parts.join(", "),
        preemption.join(", ")
    )
}

/// Why a pod cannot go to a node, in the order in which the scheduler looks.
fn judge(
    control: &Control<'_>,
    candidate: &Candidate<'_>,
    pod: &Value,
    wanted: &Amounts,
) -> Option<Refusal> {
    let node = candidate.node;
    let hopeless = |reason: String| Some(Refusal { reason, others_are_in_the_way: false });
    if node["spec"]["unschedulable"] == true {
        return hopeless("node(s) were unschedulable".into());
    }
    if let Some(taint) = untolerated(pod, node) {
        return hopeless(format!(
            "node(s) had untolerated taint {{{}: {}}}",
            text(taint, "/key"),
            text(taint, "/value")
        ));
    }
    if !fits_affinity(pod, node) {
        return hopeless("node(s) didn't match Pod's node affinity/selector".into());
    }
    if !claims::are_reachable_from(control, pod, node) {
        return hopeless("node(s) had volume node affinity conflict".into());
    }
    if is_kept_apart(candidate, pod) {
        return Some(Refusal {
            reason: "node(s) didn't match pod anti-affinity rules".into(),
            others_are_in_the_way: true,
        });
    }
    let short = wanted.iter().find(|(resource, amount)| {
        **amount > 0 && candidate.free.get(*resource).copied().unwrap_or(0) < **amount
    });
    short.map(|(resource, _)| Refusal {
        reason: match resource.as_str() {
            "pods" => "Too many pods".into(),
            resource => format!("Insufficient {resource}"),
        },
        others_are_in_the_way: true,
    })
}

/// The first taint of a node that keeps a pod away.
pub(crate) fn untolerated<'a>(pod: &Value, node: &'a Value) -> Option<&'a Value> {
    items(node, "/spec/taints")
        .filter(|taint| taint["effect"] != "PreferNoSchedule")
        .find(|taint| !items(pod, "/spec/tolerations").any(|t| tolerates(t, taint)))
}

fn tolerates(toleration: &Value, taint: &Value) -> bool {
    let (key, operator) = (text(toleration, "/key"), text(toleration, "/operator"));
    let effect = text(toleration, "/effect");
    let fits_effect = effect.is_empty() || effect == text(taint, "/effect");
    let fits_key = key == text(taint, "/key") || (key.is_empty() && operator == "Exists");
    let fits_value = operator == "Exists" || text(toleration, "/value") == text(taint, "/value");
    fits_effect && fits_key && fits_value
}

/// Whether a node is one that a pod may be on, by its selector and required affinity.
pub(crate) fn fits_affinity(pod: &Value, node: &Value) -> bool {
    let selected =
        entries(pod, "/spec/nodeSelector").all(|(key, value)| label(node, key) == value.as_str());
    let terms = pod.pointer(
        "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms",
    );
    selected
        && terms.and_then(Value::as_array).is_none_or(|terms| {
            terms.iter().any(|term| {
                items(term, "/matchExpressions")
                    .all(|e| expression_holds(e, label(node, text(e, "/key"))))
                    && items(term, "/matchFields").all(|e| expression_holds(e, Some(name(node))))
            })
        })
}

/// Whether the pod must not be where another pod of the same topology is. Only the host name is
/// looked at as a topology within one node; zones would need the pods of all nodes.
fn is_kept_apart(candidate: &Candidate<'_>, pod: &Value) -> bool {
    items(pod, "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution")
        .filter(|term| text(term, "/topologyKey") == "kubernetes.io/hostname")
        .any(|term| {
            candidate.pods.iter().any(|other| {
                namespace(other) == namespace(pod)
                    && label_selector_matches(&term["labelSelector"], other)
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_counts_reasons_and_says_whether_preemption_would_help() {
        let refusal = |reason: &str, others_are_in_the_way| Refusal {
            reason: reason.into(),
            others_are_in_the_way,
        };
        let short = || refusal("Insufficient nvidia.com/gpu", true);
        assert_eq!(
            sentence(3, &[short(), short(), short()]),
            "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are \
             available: 3 No preemption victims found for incoming pod."
        );
        let tainted = refusal("node(s) had untolerated taint {nvidia.com/gpu: true}", false);
        assert_eq!(
            sentence(2, &[tainted, short()]),
            "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, 1 node(s) had untolerated \
             taint {nvidia.com/gpu: true}. preemption: 0/2 nodes are available: 1 No preemption \
             victims found for incoming pod, 1 Preemption is not helpful for scheduling."
        );
        assert_eq!(sentence(0, &[]), "no nodes available to schedule pods");
    }

    #[test]
    fn a_toleration_without_a_key_tolerates_everything() {
        let node = json!({"spec": {"taints": [
            {"key": "nvidia.com/gpu", "value": "true", "effect": "NoSchedule"}]}});
        let pod = |t: Value| json!({"spec": {"tolerations": [t]}});
        assert!(untolerated(&pod(json!({"operator": "Exists"})), &node).is_none());
        assert!(
            untolerated(&pod(json!({"key": "nvidia.com/gpu", "value": "true"})), &node).is_none()
        );
        assert!(untolerated(&pod(json!({"key": "nvidia.com/gpu"})), &node).is_some());
        assert!(untolerated(&json!({"spec": {}}), &node).is_some());
    }
}
