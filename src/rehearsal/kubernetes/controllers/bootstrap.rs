//! What EKS puts into a new cluster, and what its add-ons run there.
//!
//! Namespaces, the storage class `gp2` (not the default one), the service `kubernetes`; in each
//! namespace the account `default` and the root certificate. Of an add-on only the workload is
//! made: enough to be seen, and to be waited for.

use std::io;

use serde_json::{Value, json};

use super::super::access;
use super::super::kind::at;
use super::super::value::{name, text};
use super::Control;
use crate::rehearsal::World;

/// The account that EKS pulls its own images from.
const EKS_ACCOUNT: &str = "602401143452";

/// An add-on's workload.
struct Addon {
    /// As `aws_eks_addon` names it.
    name: &'static str,
    kind: &'static str,
    workload: &'static str,
    replicas: i64,
    image: &'static str,
    /// Whether EKS brings it without being asked.
    by_itself: bool,
}

const ADDONS: &[Addon] = &[
    addon("vpc-cni", "DaemonSet", "aws-node", 0, "amazon-k8s-cni:v1.21.1", true),
    addon("kube-proxy", "DaemonSet", "kube-proxy", 0, "eks/kube-proxy:v1.35.0", true),
    addon("coredns", "Deployment", "coredns", 2, "eks/coredns:v1.12.4", true),
    addon(
        "aws-ebs-csi-driver",
        "Deployment",
        "ebs-csi-controller",
        2,
        "eks/aws-ebs-csi-driver:v1.54.0",
        false,
    ),
    addon(
        "aws-ebs-csi-driver",
        "DaemonSet",
        "ebs-csi-node",
        0,
        "eks/aws-ebs-csi-driver:v1.54.0",
        false,
    ),
    addon(
        "eks-pod-identity-agent",
        "DaemonSet",
        "eks-pod-identity-agent",
        0,
        "eks/eks-pod-identity-agent:v0.1.34",
        false,
    ),
    addon("metrics-server", "Deployment", "metrics-server", 2, "eks/metrics-server:v0.8.0", false),
    addon(
        "eks-node-monitoring-agent",
        "DaemonSet",
        "eks-node-monitoring-agent",
        0,
        "eks/eks-node-monitoring-agent:v1.4.1",
        false,
    ),
    addon(
        "amazon-cloudwatch-observability",
        "DaemonSet",
        "cloudwatch-agent",
        0,
        "cloudwatch-agent/cloudwatch-agent:1.300060.0",
        false,
    ),
];

const fn addon(
    name: &'static str,
    kind: &'static str,
    workload: &'static str,
    replicas: i64,
    image: &'static str,
    by_itself: bool,
) -> Addon {
    Addon { name, kind, workload, replicas, image, by_itself }
}

/// The table that says what was made and is not made again.
const MADE_ONCE: &str = "kubernetes-made";

/// Lets the next cluster begin as this one did.
pub(crate) fn forget(world: &World) -> io::Result<()> {
    world.store.remove(MADE_ONCE, "gp2")
}

/// Makes what is missing.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    for own_name in ["default", "kube-system", "kube-public", "kube-node-lease"] {
        ensure(
            control,
            at::NAMESPACES,
            "",
            own_name,
            &json!({"apiVersion": "v1", "kind": "Namespace"}),
        )?;
    }
    ensure(
        control,
        at::SERVICES,
        "default",
        "kubernetes",
        &json!({"apiVersion": "v1", "kind": "Service", "spec": {"type": "ClusterIP",
            "clusterIP": "172.20.0.1", "ports": [{"name": "https", "port": 443}]}}),
    )?;
    // The cluster begins with it; whoever deletes it keeps it deleted.
    if control.api.objects.has(at::NAMESPACES, "", "kube-system")
        && control.world().store.get(MADE_ONCE, "gp2").is_none()
    {
        control.world().store.put(MADE_ONCE, "gp2", json!(true))?;
        ensure(
            control,
            at::STORAGE_CLASSES,
            "",
            "gp2",
            &json!({"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
                "provisioner": "kubernetes.io/aws-ebs", "parameters": {"type": "gp2",
                "fsType": "ext4"}, "volumeBindingMode": "WaitForFirstConsumer"}),
        )?;
    }
    furnish_namespaces(control)?;
    run_addons(control)
}

/// The account and the certificate that every namespace has.
fn furnish_namespaces(control: &mut Control<'_>) -> io::Result<()> {
    for namespace in control.list(at::NAMESPACES) {
        if text(&namespace, "/status/phase") == "Terminating" {
            continue;
        }
        let home = name(&namespace);
        ensure(
            control,
            at::SERVICE_ACCOUNTS,
            home,
            "default",
            &json!({"apiVersion": "v1", "kind": "ServiceAccount"}),
        )?;
        ensure(
            control,
            at::CONFIG_MAPS,
            home,
            "kube-root-ca.crt",
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"ca.crt": ""}}),
        )?;
    }
    Ok(())
}

fn run_addons(control: &mut Control<'_>) -> io::Result<()> {
    let wanted: Vec<String> = access::live(control.world(), "aws_eks_addon")
        .iter()
        .filter(|addon| text(addon, "/cluster_name") == control.cluster.name)
        .map(|addon| text(addon, "/addon_name").to_owned())
        .collect();
    for addon in ADDONS {
        let is_wanted = wanted.iter().any(|name| name == addon.name)
            || (addon.by_itself && control.cluster.self_managed_addons);
        let path = match addon.kind {
            "DaemonSet" => at::DAEMON_SETS,
            _ => at::DEPLOYMENTS,
        };
        if is_wanted {
            let object = workload(addon, &control.cluster.region);
            ensure(control, path, "kube-system", addon.workload, &object)?;
        } else if let Some(left) = control.api.objects.get(path, "kube-system", addon.workload)
            && left["metadata"]["labels"]["eks.amazonaws.com/component"] == addon.name
        {
            control.remove(path, &left)?;
        }
    }
    if wanted.iter().any(|name| name == "aws-ebs-csi-driver") {
        ensure(
            control,
            "storage.k8s.io/csidrivers",
            "",
            "ebs.csi.aws.com",
            &json!({"apiVersion": "storage.k8s.io/v1", "kind": "CSIDriver",
                "spec": {"attachRequired": true, "podInfoOnMount": false}}),
        )?;
    }
    Ok(())
}

fn workload(addon: &Addon, region: &str) -> Value {
    let labels = json!({"k8s-app": addon.workload});
    let image = format!("{EKS_ACCOUNT}.dkr.ecr.{region}.amazonaws.com/{}", addon.image);
    let mut object = json!({
        "apiVersion": "apps/v1", "kind": addon.kind,
        "metadata": {"labels": {"k8s-app": addon.workload,
            "eks.amazonaws.com/component": addon.name}},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "priorityClassName": "system-cluster-critical",
                    "containers": [{"name": addon.workload, "image": image,
                        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}}}],
                },
            },
        },
    });
    let spec = &mut object["spec"];
    if addon.kind == "Deployment" {
        spec["replicas"] = json!(addon.replicas);
        spec["template"]["spec"]["tolerations"] =
            json!([{"key": "CriticalAddonsOnly", "operator": "Exists"}]);
    } else {
        spec["template"]["spec"]["tolerations"] = json!([{"operator": "Exists"}]);
    }
    object
}

fn ensure(
    control: &mut Control<'_>,
    path: &str,
    namespace: &str,
    own_name: &str,
    object: &Value,
) -> io::Result<()> {
    if control.api.objects.has(path, namespace, own_name) {
        return Ok(());
    }
    let mut object = object.clone();
    object["metadata"]["name"] = json!(own_name);
    if !namespace.is_empty() {
        object["metadata"]["namespace"] = json!(namespace);
    }
    if let Err(failure) = control.create(object)? {
        tracing::debug!(failure.message, own_name, "not made yet");
    }
    Ok(())
}
