//! Replica sets: as many pods as wanted.

use std::io;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{condition, is_deleting, label, name, number};
use super::Control;
use super::pods;

/// Brings every replica set to its number of pods.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let all_pods = control.list(at::PODS);
    for set in control.list(at::REPLICA_SETS) {
        if is_deleting(&set) {
            continue;
        }
        let owned = pods::controlled(&all_pods, &set);
        let active: Vec<&Value> = owned.iter().copied().filter(|p| pods::is_active(p)).collect();
        let wanted = usize::try_from(number(&set, "/spec/replicas").unwrap_or(1)).unwrap_or(0);
        let mut refusal = None;
        if active.len() < wanted {
            for _ in active.len()..wanted {
                let hash = label(&set, "pod-template-hash").unwrap_or_default().to_owned();
                let mut pod = pods::from_template(&set, &[("pod-template-hash", &hash)]);
                pod["metadata"]["name"] = json!(control.fresh_name(name(&set)));
                pod["metadata"]["generateName"] = json!(format!("{}-", name(&set)));
                if let Err(failure) = control.create_pod(&set, pod)? {
                    refusal = Some(failure.message);
                    break;
                }
            }
        } else if active.len() > wanted {
            let mut surplus = active.clone();
            // Those that do least good go first.
            surplus.sort_by_key(|pod| pods::is_ready(pod));
            for pod in surplus.iter().take(active.len() - wanted) {
                control.end_pod(pod)?;
            }
        }
        say(control, &set, &active, refusal.as_deref())?;
    }
    Ok(())
}

fn say(
    control: &mut Control<'_>,
    set: &Value,
    active: &[&Value],
    refusal: Option<&str>,
) -> io::Result<()> {
    let ready = active.iter().filter(|pod| pods::is_ready(pod)).count();
    let mut status = json!({
        "replicas": active.len(), "fullyLabeledReplicas": active.len(), "readyReplicas": ready,
        "availableReplicas": ready, "observedGeneration": set["metadata"]["generation"],
    });
    if let Some(why) = refusal {
        let now = control.now.clone();
        status["conditions"] =
            json!([condition(set, "ReplicaFailure", true, "FailedCreate", why, &now)]);
    }
    control.set_status(at::REPLICA_SETS, set, status)
}
