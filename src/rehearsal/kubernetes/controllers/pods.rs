//! What the controllers of pods share: pods made from a template, counted, judged.

use std::io;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::super::failure::Failure;
use super::super::value::{
    condition_holds, is_controlled_by, is_deleting, name, namespace, object_at, owner_reference,
    text, uid,
};
use super::Control;

/// The letters of generated names, as Kubernetes chooses them.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// A short name for a template: the same for the same template.
pub(crate) fn template_hash(template: &Value) -> String {
    letters(&Sha256::digest(template.to_string()), 10)
}

fn letters(digest: &[u8], length: usize) -> String {
    digest
        .iter()
        .take(length)
        .map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]))
        .collect()
}

/// The pods that an object controls, those on their way out included.
pub(crate) fn controlled<'a>(pods: &'a [Value], owner: &Value) -> Vec<&'a Value> {
    pods.iter()
        .filter(|pod| namespace(pod) == namespace(owner) && is_controlled_by(pod, uid(owner)))
        .collect()
}

/// Whether a pod still counts: neither done nor on its way out.
pub(crate) fn is_active(pod: &Value) -> bool {
    !is_deleting(pod) && !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed")
}

/// Whether a pod is ready.
pub(crate) fn is_ready(pod: &Value) -> bool {
    condition_holds(pod, "Ready") && !is_deleting(pod)
}

/// A pod made from the template of `owner`, not yet named.
pub(crate) fn from_template(owner: &Value, extra_labels: &[(&str, &str)]) -> Value {
    let template = &owner["spec"]["template"];
    let mut pod =
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {}, "spec": template["spec"]});
    for field in ["labels", "annotations"] {
        if template["metadata"][field].is_object() {
            pod["metadata"][field] = template["metadata"][field].clone();
        }
    }
    for (key, value) in extra_labels {
        object_at(&mut pod["metadata"], "labels").insert((*key).to_owned(), json!(value));
    }
    pod["metadata"]["namespace"] = json!(namespace(owner));
    pod["metadata"]["ownerReferences"] = json!([owner_reference(owner)]);
    pod["status"] = json!({"phase": "Pending"});
    pod
}

impl Control<'_> {
    /// A name that no pod has had: the prefix and five letters.
    pub(crate) fn fresh_name(&self, prefix: &str) -> String {
        let lines = *self.world().store.changes().borrow();
        let digest = Sha256::digest(self.world().hex(&format!("{prefix}/{lines}"), 64));
        // Long names are cut, as the real generator does.
        let prefix: String = prefix.chars().take(57).collect();
        format!("{prefix}-{}", letters(&digest, 5))
    }

    /// Creates a pod; a refusal is an event at its owner and is returned.
    pub(crate) fn create_pod(
        &mut self,
        owner: &Value,
        pod: Value,
    ) -> io::Result<Result<(), Failure>> {
        let component = match text(owner, "/kind") {
            "ReplicaSet" => "replicaset-controller",
            "StatefulSet" => "statefulset-controller",
            "DaemonSet" => "daemonset-controller",
            _ => "job-controller",
        };
        let pod_name = name(&pod).to_owned();
        let result = self.create(pod)?;
        match &result {
            Ok(()) => {
                let message = format!("Created pod: {pod_name}");
                self.event(
                    owner,
                    super::events::Tone::Normal,
                    component,
                    "SuccessfulCreate",
                    &message,
                )?;
            }
            Err(failure) => {
                let message = format!("Error creating: {}", failure.message);
                self.event(
                    owner,
                    super::events::Tone::Warning,
                    component,
                    "FailedCreate",
                    &message,
                )?;
                // Tried again soon: what is missing may come.
                let wait = self.world().scaled(std::time::Duration::from_secs(10));
                self.timers.wake_in(wait.max(std::time::Duration::from_millis(250)));
            }
        }
        Ok(result)
    }

    /// Begins to end a pod.
    pub(crate) fn end_pod(&mut self, pod: &Value) -> io::Result<()> {
        if is_deleting(pod) {
            return Ok(());
        }
        if text(pod, "/spec/nodeName").is_empty() {
            return self.remove(super::super::kind::at::PODS, pod);
        }
        let now = self.now.clone();
        self.modify(super::super::kind::at::PODS, pod, |pod| {
            pod["metadata"]["deletionTimestamp"] = json!(now);
            pod["metadata"]["deletionGracePeriodSeconds"] =
                pod["spec"]["terminationGracePeriodSeconds"].clone();
        })
    }
}
