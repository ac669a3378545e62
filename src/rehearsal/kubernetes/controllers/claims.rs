//! Volumes: claims bind when a storage class can make a volume for them.
//!
//! Classes of the EBS driver need its add-on. With `WaitForFirstConsumer` the volume is made in
//! the zone of the node that the first pod goes to.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{
    annotation, is_deleting, items, label, name, namespace, object_at, text, uid,
};
use super::Control;
use super::events::Tone;
use super::scheduler::SELECTED_NODE;

const MAKE_VOLUME: Duration = Duration::from_secs(4);

/// Binds the claims that can be bound, and removes the volumes of claims that are gone.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    for claim in control.list(at::CLAIMS) {
        if is_deleting(&claim) {
            release(control, &claim)?;
        } else if text(&claim, "/status/phase") != "Bound" {
            bind(control, &claim)?;
        }
    }
    for volume in control.list(at::VOLUMES) {
        let reference = &volume["spec"]["claimRef"];
        let (home, claim) = (text(reference, "/namespace"), text(reference, "/name"));
        let is_orphan = !claim.is_empty()
            && control
                .api
                .objects
                .get(at::CLAIMS, home, claim)
                .is_none_or(|claim| uid(&claim) != text(reference, "/uid"));
        if is_orphan && text(&volume, "/spec/persistentVolumeReclaimPolicy") == "Delete" {
            control.remove(at::VOLUMES, &volume)?;
        }
    }
    Ok(())
}

/// A claim goes when no pod uses it any more.
fn release(control: &mut Control<'_>, claim: &Value) -> io::Result<()> {
    let is_used = control.list(at::PODS).iter().any(|pod| {
        namespace(pod) == namespace(claim) && claim_names(pod).any(|used| used == name(claim))
    });
    if is_used {
        return Ok(());
    }
    control.remove(at::CLAIMS, claim)
}

fn class_of(control: &Control<'_>, claim: &Value) -> Option<Value> {
    control.api.objects.get(at::STORAGE_CLASSES, "", text(claim, "/spec/storageClassName"))
}

fn waits_for_consumer(class: &Value) -> bool {
    text(class, "/volumeBindingMode") == "WaitForFirstConsumer"
}

fn bind(control: &mut Control<'_>, claim: &Value) -> io::Result<()> {
    const COMPONENT: &str = "persistentvolume-controller";
    let class_name = text(claim, "/spec/storageClassName").to_owned();
    if class_name.is_empty() {
        return control.event(
            claim,
            Tone::Normal,
            COMPONENT,
            "FailedBinding",
            "no persistent volumes available for this claim and no storage class is set",
        );
    }
    let Some(class) = class_of(control, claim) else {
        let message = format!("storageclass.storage.k8s.io \"{class_name}\" not found");
        return control.event(claim, Tone::Warning, COMPONENT, "ProvisioningFailed", &message);
    };
    let node = annotation(claim, SELECTED_NODE)
        .and_then(|node| control.api.objects.get(at::NODES, "", node));
    if waits_for_consumer(&class) && node.is_none() {
        return control.event(
            claim,
            Tone::Normal,
            COMPONENT,
            "WaitForFirstConsumer",
            "waiting for first consumer to be created before binding",
        );
    }
    if !has_provisioner(control, &class) {
        let message = "Waiting for a volume to be created either by the external provisioner \
                       'ebs.csi.aws.com' or manually by the system administrator. If volume \
                       creation is delayed, please verify that the provisioner is running and \
                       correctly registered.";
        return control.event(claim, Tone::Normal, COMPONENT, "ExternalProvisioning", message);
    }
    if !control.has_taken(&format!("volume/{}", uid(claim)), MAKE_VOLUME) {
        return Ok(());
    }
    let zone = node
        .as_ref()
        .or(control.list(at::NODES).first())
        .and_then(|node| label(node, "topology.kubernetes.io/zone"))
        .map(str::to_owned);
    make_volume(control, claim, &class, zone)
}

/// Whether the driver that makes the volumes of a class runs.
fn has_provisioner(control: &Control<'_>, class: &Value) -> bool {
    match text(class, "/provisioner") {
        "ebs.csi.aws.com" | "kubernetes.io/aws-ebs" => control
            .api
            .objects
            .get(at::DEPLOYMENTS, "kube-system", "ebs-csi-controller")
            .is_some_and(|d| d["status"]["availableReplicas"].as_i64() > Some(0)),
        "kubernetes.io/no-provisioner" => false,
        _ => true,
    }
}

fn make_volume(
    control: &mut Control<'_>,
    claim: &Value,
    class: &Value,
    zone: Option<String>,
) -> io::Result<()> {
    let volume_name = format!("pvc-{}", uid(claim));
    let size = claim["spec"]["resources"]["requests"]["storage"].clone();
    let handle = format!("vol-0{}", control.world().hex(&format!("volume/{volume_name}"), 16));
    let mut volume = json!({
        "apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": volume_name},
        "spec": {
            "capacity": {"storage": size}, "accessModes": claim["spec"]["accessModes"],
            "persistentVolumeReclaimPolicy": class["reclaimPolicy"],
            "storageClassName": name(class), "volumeMode": "Filesystem",
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "namespace": namespace(claim), "name": name(claim), "uid": uid(claim)},
            "csi": {"driver": "ebs.csi.aws.com", "volumeHandle": handle},
        },
    });
    if let Some(zone) = zone {
        volume["spec"]["nodeAffinity"] = json!({"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "topology.kubernetes.io/zone", "operator": "In",
                "values": [zone]}]}]}});
    }
    if let Err(failure) = control.create(volume)? {
        return control.event(
            claim,
            Tone::Warning,
            "ebs.csi.aws.com",
            "ProvisioningFailed",
            &failure.message,
        );
    }
    if let Some(made) = control.api.objects.get(at::VOLUMES, "", &volume_name) {
        control.set_status(at::VOLUMES, &made, json!({"phase": "Bound"}))?;
    }
    let message = format!("Successfully provisioned volume {volume_name}");
    control.event(claim, Tone::Normal, "ebs.csi.aws.com", "ProvisioningSucceeded", &message)?;
    control.modify(at::CLAIMS, claim, |claim| {
        claim["spec"]["volumeName"] = json!(volume_name);
        claim["status"] = json!({"phase": "Bound", "capacity": {"storage": size},
            "accessModes": claim["spec"]["accessModes"]});
    })
}

/// The claims that a pod uses.
pub(crate) fn claim_names(pod: &Value) -> impl Iterator<Item = &str> {
    items(pod, "/spec/volumes")
        .map(|volume| text(volume, "/persistentVolumeClaim/claimName"))
        .filter(|claim| !claim.is_empty())
}

fn claims_of(control: &Control<'_>, pod: &Value) -> Vec<Value> {
    claim_names(pod)
        .filter_map(|claim| control.api.objects.get(at::CLAIMS, namespace(pod), claim))
        .collect()
}

/// Why a pod cannot be scheduled on any node because of its claims.
pub(crate) fn obstacle(control: &Control<'_>, pod: &Value) -> Option<String> {
    let missing =
        claim_names(pod).find(|claim| !control.api.objects.has(at::CLAIMS, namespace(pod), claim));
    if let Some(claim) = missing {
        return Some(format!("persistentvolumeclaim \"{claim}\" not found"));
    }
    claims_of(control, pod)
        .iter()
        .any(|claim| {
            text(claim, "/status/phase") != "Bound"
                && !class_of(control, claim).is_some_and(|class| waits_for_consumer(&class))
        })
        .then(|| "pod has unbound immediate PersistentVolumeClaims".to_owned())
}

/// Whether the volumes of a pod that exist can be reached from a node.
pub(crate) fn are_reachable_from(control: &Control<'_>, pod: &Value, node: &Value) -> bool {
    claims_of(control, pod).iter().all(|claim| {
        let volume = text(claim, "/spec/volumeName");
        let Some(volume) = control.api.objects.get(at::VOLUMES, "", volume) else { return true };
        items(&volume, "/spec/nodeAffinity/required/nodeSelectorTerms").all(|term| {
            items(term, "/matchExpressions")
                .all(|e| super::super::selector::expression_holds(e, label(node, text(e, "/key"))))
        })
    })
}

/// Whether every claim of a pod is bound; those that wait for a node are told which.
pub(crate) fn are_bound_for(
    control: &mut Control<'_>,
    pod: &Value,
    node: &Value,
) -> io::Result<bool> {
    let mut are_bound = true;
    for claim in claims_of(control, pod) {
        if text(&claim, "/status/phase") == "Bound" {
            continue;
        }
        are_bound = false;
        if annotation(&claim, SELECTED_NODE).is_none() {
            let node = name(node).to_owned();
            control.modify(at::CLAIMS, &claim, |claim| {
                object_at(&mut claim["metadata"], "annotations")
                    .insert(SELECTED_NODE.into(), json!(node));
            })?;
        }
    }
    Ok(are_bound)
}
