//! The scheduler: a node for each pod, or the sentence that says why there is none.
//!
//! Looks at taints, node selectors and required affinities (of nodes, and between pods), topology
//! spread, resources, ports of the host, and where volumes are. Preferences and preemption are left
//! out: of the nodes that do, the one with the fewest pods of the same owner is taken.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::quantity;
use super::super::selector::expression_holds;
use super::super::value::{condition, controller_of, entries, items, label, name, namespace, text};
use super::Control;
use super::claims;
use super::events::Tone;
use super::pods;
use super::topology::{Place, Rules};

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
    reasons: Vec<String>,
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
    let namespaces = control.list(at::NAMESPACES);
    let mut candidates: Vec<Candidate<'_>> =
        nodes.iter().map(|node| Candidate::new(node, &all_pods)).collect();
    for pod in waiting {
        schedule(control, pod, &mut candidates, &namespaces)?;
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

    /// The lower, the better: pods of the same owner, then what is taken of the node.
    fn rank(&self, pod: &Value) -> (usize, i128, usize) {
        let owner = controller_of(pod).map(|owner| text(owner, "/uid"));
        let of_owner = |other: &&&Value| {
            owner.is_some() && controller_of(other).map(|owner| text(owner, "/uid")) == owner
        };
        let siblings = self.pods.iter().filter(of_owner).count();
        (siblings, -self.free.get("cpu").copied().unwrap_or(0), self.pods.len())
    }
}

fn take(free: &mut Amounts, wanted: &Amounts) {
    for (resource, amount) in wanted {
        *free.entry(resource.clone()).or_default() -= amount;
    }
}

/// What a pod requests: its containers and sidecars together, or the largest init container with
/// the sidecars that run before it; and what its runtime class adds.
pub(crate) fn requests(pod: &Value) -> Amounts {
    let mut total = Amounts::new();
    for container in items(pod, "/spec/containers") {
        add(&mut total, &container["resources"]["requests"]);
    }
    let (mut sidecars, mut largest) = (Amounts::new(), Amounts::new());
    for container in items(pod, "/spec/initContainers") {
        if text(container, "/restartPolicy") == "Always" {
            add(&mut total, &container["resources"]["requests"]);
            add(&mut sidecars, &container["resources"]["requests"]);
            continue;
        }
        let mut alone = sidecars.clone();
        add(&mut alone, &container["resources"]["requests"]);
        for (resource, amount) in alone {
            let most = largest.entry(resource).or_default();
            *most = (*most).max(amount);
        }
    }
    for (resource, amount) in largest {
        let most = total.entry(resource).or_default();
        *most = (*most).max(amount);
    }
    add(&mut total, &pod["spec"]["overhead"]);
    total.insert("pods".into(), 1000);
    total
}

fn add(total: &mut Amounts, more: &Value) {
    for (resource, amount) in entries(more, "") {
        *total.entry(resource.clone()).or_default() += quantity::milli(amount);
    }
}

fn schedule<'a>(
    control: &mut Control<'_>,
    pod: &'a Value,
    candidates: &mut [Candidate<'a>],
    namespaces: &[Value],
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
    let places = candidates.iter().map(|c| Place { node: c.node, pods: &c.pods }).collect();
    let rules = Rules::new(pod, places, namespaces);
    let mut refusals = Vec::new();
    let mut best: Option<usize> = None;
    for (index, candidate) in candidates.iter().enumerate() {
        if let Some(refusal) = judge(control, candidate, pod, &wanted, &rules) {
            refusals.push(refusal);
            continue;
        }
        let rank = |at: usize| candidates[at].rank(pod);
        if best.is_none_or(|best| rank(index) < rank(best)) {
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
    for reason in refusals.iter().flat_map(|refusal| &refusal.reasons) {
        *counts.entry(reason).or_default() += 1;
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

/// Why a pod cannot go to a node: what the first of the scheduler's plug-ins says that refuses it.
fn judge(
    control: &Control<'_>,
    candidate: &Candidate<'_>,
    pod: &Value,
    wanted: &Amounts,
    rules: &Rules<'_>,
) -> Option<Refusal> {
    let node = candidate.node;
    let refusal = |reason: &str, others_are_in_the_way: bool| {
        Some(Refusal { reasons: vec![reason.to_owned()], others_are_in_the_way })
    };
    if node["spec"]["unschedulable"] == true && !tolerates_cordon(pod) {
        return refusal("node(s) were unschedulable", false);
    }
    if let Some(taint) = untolerated(pod, node) {
        // Since 1.24 with the value even where it is empty.
        let (key, value) = (text(taint, "/key"), text(taint, "/value"));
        return refusal(&format!("node(s) had untolerated taint {{{key}: {value}}}"), false);
    }
    if !fits_affinity(pod, node) {
        return refusal("node(s) didn't match Pod's node affinity/selector", false);
    }
    if candidate.has_port_of(pod) {
        return refusal("node(s) didn't have free ports for the requested pod ports", true);
    }
    let short = wanted.iter().filter(|(resource, amount)| {
        **amount > 0 && candidate.free.get(*resource).copied().unwrap_or(0) < **amount
    });
    let reasons: Vec<String> = short
        .map(|(resource, _)| match resource.as_str() {
            "pods" => "Too many pods".into(),
            resource => format!("Insufficient {resource}"),
        })
        .collect();
    if !reasons.is_empty() {
        // More than the empty node has: no other pod is in the way.
        let could_fit = wanted.iter().all(|(resource, amount)| {
            quantity::milli(&node["status"]["allocatable"][resource]) >= *amount
        });
        return Some(Refusal { reasons, others_are_in_the_way: could_fit });
    }
    if !claims::are_reachable_from(control, pod, node) {
        return refusal("node(s) had volume node affinity conflict", false);
    }
    let why = rules.obstacle(node)?;
    let helps = !why.contains("missing required label") && !why.contains("pod affinity rules");
    refusal(why, helps)
}

/// The toleration of the taint that stands for a cordoned node.
fn tolerates_cordon(pod: &Value) -> bool {
    let taint = json!({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"});
    items(pod, "/spec/tolerations").any(|toleration| tolerates(toleration, &taint))
}

impl Candidate<'_> {
    /// Whether a pod of this node has a port of the host that the new one wants.
    fn has_port_of(&self, pod: &Value) -> bool {
        let ports = |pod: &Value| -> Vec<(i64, String)> {
            items(pod, "/spec/containers")
                .flat_map(|container| items(container, "/ports"))
                .filter_map(|port| {
                    let number = port["hostPort"].as_i64().filter(|number| *number > 0)?;
                    Some((number, port["protocol"].as_str().unwrap_or("TCP").to_owned()))
                })
                .collect()
        };
        let wanted = ports(pod);
        !wanted.is_empty()
            && self.pods.iter().any(|there| ports(there).iter().any(|port| wanted.contains(port)))
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_counts_reasons_and_says_whether_preemption_would_help() {
        let refusal = |reason: &str, others_are_in_the_way| Refusal {
            reasons: vec![reason.into()],
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

    #[test]
    fn a_pod_requests_its_containers_or_its_largest_init_container_beside_the_sidecars() {
        let asks = |cpu: &str| json!({"resources": {"requests": {"cpu": cpu}}});
        let mut sidecar = asks("1");
        sidecar["restartPolicy"] = json!("Always");
        let pod = |init: Value| json!({"spec": {"initContainers": init, "containers": [asks("1"), asks("500m")]}});
        assert_eq!(requests(&pod(json!([asks("2")])))["cpu"], 2000);
        assert_eq!(requests(&pod(json!([asks("1")])))["cpu"], 1500);
        assert_eq!(requests(&pod(json!([sidecar])))["cpu"], 2500);
        assert_eq!(requests(&pod(json!([sidecar, asks("2")])))["cpu"], 3000);
    }
}
