//! The NVIDIA GPU operator: nodes are discovered, GPUs become allocatable, the policy is ready.
//!
//! GPUs of a node are allocatable when a ready pod of a daemon set whose name contains
//! `nvidia-device-plugin` runs on it, or, where no chart brings such a daemon set, when the operator
//! is available and a `ClusterPolicy` wants a device plugin (the operator then runs one by itself),
//! or when the image is Bottlerocket's, which brings its own. An image without a driver needs the operator's.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::access;
use super::super::kind::at;
use super::super::value::{
    condition_holds, controller_of, is_deleting, label, name, object_at, text, uid,
};
use super::Control;
use super::ingresses::is_running;
use super::nodes::{self, GROUP_LABEL};
use super::pods;

const POLICIES: &str = "nvidia.com/clusterpolicies";
const PLUGIN: Duration = Duration::from_secs(20);

/// Brings GPU nodes and policies up to date.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let operator = is_running(control, "gpu-operator");
    let policies = control.list(POLICIES);
    let has_daemon =
        control.list(at::DAEMON_SETS).iter().any(|set| name(set).contains("nvidia-device-plugin"));
    let wants_plugin = |p: &Value| !is_deleting(p) && p["spec"]["devicePlugin"]["enabled"] != false;
    let by_policy = operator && !has_daemon && policies.iter().any(wants_plugin);
    let all_pods = control.list(at::PODS);
    let groups = access::live(control.world(), "aws_eks_node_group");
    let (mut gpu_nodes, mut ready_nodes) = (0, 0);
    for node in control.list(at::NODES) {
        let shape = nodes::shape_of(label(&node, "node.kubernetes.io/instance-type").unwrap_or(""));
        if shape.gpus == 0 {
            continue;
        }
        gpu_nodes += 1;
        if operator {
            discover(control, &node, shape.gpus)?;
        }
        let image = groups
            .iter()
            .find(|g| label(&node, GROUP_LABEL) == Some(text(g, "/node_group_name")))
            .map_or("", |group| text(group, "/ami_type"));
        let has_driver = image.contains("NVIDIA")
            || image.contains("GPU")
            || matches!(image, "" | "CUSTOM")
            || runs_on(&all_pods, &node, "nvidia-driver");
        let has_plugin = runs_on(&all_pods, &node, "nvidia-device-plugin")
            || (image.contains("BOTTLEROCKET") && image.contains("NVIDIA"))
            || (by_policy && control.has_taken(&format!("gpu-plugin/{}", uid(&node)), PLUGIN));
        let is_usable = condition_holds(&node, "Ready") && has_driver && has_plugin;
        if is_usable {
            ready_nodes += 1;
        }
        offer(control, &node, if is_usable { shape.gpus } else { 0 })?;
    }
    for policy in policies {
        let is_ready = operator && gpu_nodes > 0 && ready_nodes == gpu_nodes;
        let now = control.now.clone();
        let state = if is_ready { "ready" } else { "notReady" };
        let message = match (operator, gpu_nodes) {
            (false, _) => "the operator is not available",
            (true, 0) => "No GPU node found, watching for new nodes to join the cluster.",
            (true, _) if is_ready => {
                "ClusterPolicy is ready as all resources have been \
                                      successfully reconciled"
            }
            (true, _) => "ClusterPolicy is not ready, states not ready: [state-device-plugin]",
        };
        let reason = if is_ready { "Reconciled" } else { "OperandNotReady" };
        let ready =
            super::super::value::condition(&policy, "Ready", is_ready, reason, message, &now);
        let status = json!({"namespace": "gpu-operator", "state": state, "conditions": [ready]});
        control.set_status(POLICIES, &policy, status)?;
    }
    Ok(())
}

/// Whether a ready pod of a daemon set of that name runs on a node.
fn runs_on(all_pods: &[Value], node: &Value, daemon: &str) -> bool {
    all_pods.iter().any(|pod| {
        text(pod, "/spec/nodeName") == name(node)
            && pods::is_ready(pod)
            && controller_of(pod)
                .is_some_and(|o| o["kind"] == "DaemonSet" && text(o, "/name").contains(daemon))
    })
}

/// The labels of node feature discovery and of the operator.
fn discover(control: &mut Control<'_>, node: &Value, gpus: i64) -> io::Result<()> {
    let product = match label(node, "node.kubernetes.io/instance-type").unwrap_or("") {
        t if t.starts_with("p5.") => "NVIDIA-H100-80GB-HBM3",
        t if t.starts_with("p5e") => "NVIDIA-H200",
        t if t.starts_with("p6-b200") => "NVIDIA-B200",
        t if t.starts_with("p4") => "NVIDIA-A100-SXM4-40GB",
        t if t.starts_with("g6e") => "NVIDIA-L40S",
        t if t.starts_with("g6") => "NVIDIA-L4",
        _ => "NVIDIA-A10G",
    };
    let labels = [
        ("feature.node.kubernetes.io/pci-10de.present", "true".to_owned()),
        ("nvidia.com/gpu.present", "true".to_owned()),
        ("nvidia.com/gpu.count", gpus.to_string()),
        ("nvidia.com/gpu.product", product.to_owned()),
        ("nvidia.com/gpu.deploy.device-plugin", "true".to_owned()),
        ("nvidia.com/gpu.deploy.gpu-feature-discovery", "true".to_owned()),
        ("nvidia.com/gpu.deploy.dcgm-exporter", "true".to_owned()),
        ("nvidia.com/gpu.deploy.operator-validator", "true".to_owned()),
        ("nvidia.com/cuda.driver.major", "580".to_owned()),
        ("nvidia.com/cuda.driver-version.full", "580.126.20".to_owned()),
    ];
    control.modify(at::NODES, node, |node| {
        let there = object_at(&mut node["metadata"], "labels");
        for (key, value) in labels {
            there.insert(key.to_owned(), json!(value));
        }
    })
}

/// Offers GPUs to pods.
fn offer(control: &mut Control<'_>, node: &Value, gpus: i64) -> io::Result<()> {
    let offered = text(node, "/status/allocatable/nvidia.com~1gpu");
    if offered == gpus.to_string() || (offered.is_empty() && gpus == 0) {
        return Ok(());
    }
    control.modify(at::NODES, node, |node| {
        for field in ["capacity", "allocatable"] {
            node["status"][field]["nvidia.com/gpu"] = json!(gpus.to_string());
        }
    })
}
