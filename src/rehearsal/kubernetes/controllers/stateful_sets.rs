//! Stateful sets: pods with numbers and claims of their own, one after another.

use std::io;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{is_deleting, items, label, name, namespace, number, text};
use super::Control;
use super::pods;

const REVISION_LABEL: &str = "controller-revision-hash";

/// Brings every stateful set one step further.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let all_pods = control.list(at::PODS);
    for set in control.list(at::STATEFUL_SETS) {
        if is_deleting(&set) {
            continue;
        }
        let owned = pods::controlled(&all_pods, &set);
        let revision = format!("{}-{}", name(&set), pods::template_hash(&set["spec"]["template"]));
        let wanted = number(&set, "/spec/replicas").unwrap_or(1);
        let in_order = text(&set, "/spec/podManagementPolicy") != "Parallel";
        let find = |ordinal: i64| {
            let pod_name = format!("{}-{ordinal}", name(&set));
            owned.iter().copied().find(|pod| name(pod) == pod_name)
        };
        for ordinal in 0..wanted {
            match find(ordinal) {
                Some(pod) if pods::is_ready(pod) => {}
                Some(_) if !in_order => {}
                Some(_) => break,
                None => {
                    make(control, &set, ordinal, &revision)?;
                    if in_order {
                        break;
                    }
                }
            }
        }
        // The surplus goes from the highest number down.
        let highest = owned
            .iter()
            .filter(|pod| ordinal_of(pod).is_some_and(|ordinal| ordinal >= wanted))
            .max_by_key(|pod| ordinal_of(pod));
        if let Some(pod) = highest {
            control.end_pod(pod)?;
        }
        renew(control, &set, &owned, &revision, wanted)?;
        say(control, &set, &owned, &revision)?;
    }
    Ok(())
}

fn ordinal_of(pod: &Value) -> Option<i64> {
    name(pod).rsplit_once('-')?.1.parse().ok()
}

fn make(control: &mut Control<'_>, set: &Value, ordinal: i64, revision: &str) -> io::Result<()> {
    let pod_name = format!("{}-{ordinal}", name(set));
    let mut pod = pods::from_template(
        set,
        &[
            (REVISION_LABEL, revision),
            ("statefulset.kubernetes.io/pod-name", &pod_name),
            ("apps.kubernetes.io/pod-index", &ordinal.to_string()),
        ],
    );
    let mut volumes: Vec<Value> = items(&pod, "/spec/volumes").cloned().collect();
    for template in items(set, "/spec/volumeClaimTemplates") {
        let claim_name = format!("{}-{pod_name}", name(template));
        let mut claim = template.clone();
        claim["apiVersion"] = json!("v1");
        claim["kind"] = json!("PersistentVolumeClaim");
        claim["metadata"]["name"] = json!(claim_name);
        claim["metadata"]["namespace"] = json!(namespace(set));
        if claim["metadata"]["labels"].is_null() {
            claim["metadata"]["labels"] = set["spec"]["selector"]["matchLabels"].clone();
        }
        if let Err(failure) = control.create(claim)? {
            tracing::debug!(failure.message, "a claim was refused");
        }
        volumes.retain(|volume| volume["name"] != template["metadata"]["name"]);
        volumes.push(json!({"name": name(template),
            "persistentVolumeClaim": {"claimName": claim_name}}));
    }
    if !volumes.is_empty() {
        pod["spec"]["volumes"] = json!(volumes);
    }
    pod["metadata"]["name"] = json!(pod_name);
    pod["spec"]["hostname"] = json!(pod_name);
    pod["spec"]["subdomain"] = set["spec"]["serviceName"].clone();
    // A refusal is an event at the set, and tried again.
    let _refused = control.create_pod(set, pod)?;
    Ok(())
}

/// Ends the highest pod of an older template, once all above it are ready.
fn renew(
    control: &mut Control<'_>,
    set: &Value,
    owned: &[&Value],
    revision: &str,
    wanted: i64,
) -> io::Result<()> {
    if text(set, "/spec/updateStrategy/type") == "OnDelete" {
        return Ok(());
    }
    let lowest = number(set, "/spec/updateStrategy/rollingUpdate/partition").unwrap_or(0);
    for ordinal in (lowest..wanted).rev() {
        let Some(pod) = owned.iter().find(|pod| ordinal_of(pod) == Some(ordinal)) else {
            return Ok(());
        };
        if label(pod, REVISION_LABEL) != Some(revision) {
            return control.end_pod(pod);
        }
        if !pods::is_ready(pod) {
            return Ok(());
        }
    }
    Ok(())
}

fn say(control: &mut Control<'_>, set: &Value, owned: &[&Value], revision: &str) -> io::Result<()> {
    let active: Vec<&&Value> = owned.iter().filter(|pod| pods::is_active(pod)).collect();
    let ready = active.iter().filter(|pod| pods::is_ready(pod)).count();
    let updated = active.iter().filter(|pod| label(pod, REVISION_LABEL) == Some(revision)).count();
    let wanted = number(set, "/spec/replicas").unwrap_or(1);
    let is_done = i64::try_from(updated).is_ok_and(|n| n == wanted)
        && i64::try_from(ready).is_ok_and(|n| n == wanted);
    let current = match text(set, "/status/currentRevision") {
        known if !is_done && !known.is_empty() => known,
        _ => revision,
    };
    let status = json!({
        "observedGeneration": set["metadata"]["generation"], "replicas": active.len(),
        "readyReplicas": ready, "availableReplicas": ready, "updatedReplicas": updated,
        "currentReplicas": if current == revision { updated } else { active.len() - updated },
        "currentRevision": current, "updateRevision": revision, "collisionCount": 0,
    });
    control.set_status(at::STATEFUL_SETS, set, status)
}
