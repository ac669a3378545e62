//! Deployments: one replica set a template, rolled over step by step.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{
    annotation, condition, entries, is_controlled_by, is_deleting, items, label, name, namespace,
    number, object_at, owner_reference, text, uid,
};
use super::Control;
use super::events::Tone;
use super::pods;

const REVISION: &str = "deployment.kubernetes.io/revision";

/// Brings every deployment one step further.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let all_sets = control.list(at::REPLICA_SETS);
    for deployment in control.list(at::DEPLOYMENTS) {
        if is_deleting(&deployment) {
            continue;
        }
        let sets: Vec<&Value> = all_sets
            .iter()
            .filter(|set| {
                namespace(set) == namespace(&deployment)
                    && is_controlled_by(set, uid(&deployment))
                    && !is_deleting(set)
            })
            .collect();
        let hash = pods::template_hash(&deployment["spec"]["template"]);
        let is_current = |set: &&&Value| label(set, "pod-template-hash") == Some(hash.as_str());
        let current = sets.iter().find(is_current).copied();
        let old: Vec<&Value> = sets.iter().filter(|s| !is_current(s)).copied().collect();
        let is_paused = deployment["spec"]["paused"] == true;
        if !is_paused {
            match current {
                Some(current) => roll(control, &deployment, current, &old)?,
                None => begin(control, &deployment, &hash, &old)?,
            }
            forget_oldest(control, &deployment, &old)?;
        }
        say(control, &deployment, current, &old)?;
    }
    Ok(())
}

/// A percentage or a number of replicas.
fn share(value: &Value, of: i64, rounds_up: bool) -> i64 {
    match value {
        Value::Number(n) => n.as_i64().unwrap_or(0),
        Value::String(text) => {
            let percent: i64 = text.trim_end_matches('%').parse().unwrap_or(25);
            let product = of * percent;
            if rounds_up { (product + 99) / 100 } else { product / 100 }
        }
        _ => 0,
    }
}

struct Limits {
    replicas: i64,
    most: i64,
    least_available: i64,
}

fn limits(deployment: &Value) -> Limits {
    let replicas = number(deployment, "/spec/replicas").unwrap_or(1);
    let rolling = &deployment["spec"]["strategy"]["rollingUpdate"];
    let surge = share(&rolling["maxSurge"], replicas, true);
    let mut unavailable = share(&rolling["maxUnavailable"], replicas, false);
    if surge == 0 && unavailable == 0 {
        unavailable = 1;
    }
    Limits { replicas, most: replicas + surge, least_available: replicas - unavailable }
}

fn is_recreated(deployment: &Value) -> bool {
    text(deployment, "/spec/strategy/type") == "Recreate"
}

fn revision(object: &Value) -> i64 {
    annotation(object, REVISION).and_then(|r| r.parse().ok()).unwrap_or(0)
}

fn replicas(set: &Value) -> i64 {
    number(set, "/spec/replicas").unwrap_or(0)
}

fn available(set: &Value) -> i64 {
    number(set, "/status/availableReplicas").unwrap_or(0)
}

/// Makes the replica set of a new template.
fn begin(
    control: &mut Control<'_>,
    deployment: &Value,
    hash: &str,
    old: &[&Value],
) -> io::Result<()> {
    if is_recreated(deployment) && old.iter().any(|set| number(set, "/status/replicas") > Some(0)) {
        return scale_all(control, old, 0);
    }
    let limits = limits(deployment);
    let running: i64 = old.iter().map(|set| replicas(set)).sum();
    let first = if is_recreated(deployment) {
        limits.replicas
    } else {
        (limits.most - running).clamp(0, limits.replicas)
    };
    let next = old.iter().map(|set| revision(set)).max().unwrap_or(0) + 1;
    let mut template = deployment["spec"]["template"].clone();
    object_at(&mut template["metadata"], "labels").insert("pod-template-hash".into(), json!(hash));
    let mut selector = deployment["spec"]["selector"].clone();
    object_at(&mut selector, "matchLabels").insert("pod-template-hash".into(), json!(hash));
    let mut annotations = json!({
        REVISION: next.to_string(),
        "deployment.kubernetes.io/desired-replicas": limits.replicas.to_string(),
        "deployment.kubernetes.io/max-replicas": limits.most.to_string(),
    });
    for (key, value) in entries(deployment, "/metadata/annotations") {
        if key != REVISION && key != "kubectl.kubernetes.io/last-applied-configuration" {
            annotations[key] = value.clone();
        }
    }
    let set_name = format!("{}-{hash}", name(deployment));
    let made = control.create(json!({
        "apiVersion": "apps/v1", "kind": "ReplicaSet",
        "metadata": {"name": set_name, "namespace": namespace(deployment),
            "labels": template["metadata"]["labels"], "annotations": annotations,
            "ownerReferences": [owner_reference(deployment)]},
        "spec": {"replicas": first, "selector": selector, "template": template},
    }))?;
    if let Err(failure) = made {
        let message =
            format!("Failed to create new replica set \"{set_name}\": {}", failure.message);
        return control.event(
            deployment,
            Tone::Warning,
            "deployment-controller",
            "ReplicaSetCreateError",
            &message,
        );
    }
    let message = format!("Scaled up replica set {set_name} from 0 to {first}");
    control.event(
        deployment,
        Tone::Normal,
        "deployment-controller",
        "ScalingReplicaSet",
        &message,
    )?;
    control.modify(at::DEPLOYMENTS, deployment, |deployment| {
        object_at(&mut deployment["metadata"], "annotations")
            .insert(REVISION.into(), json!(next.to_string()));
    })
}

/// Moves replicas from the old sets to the current one, within the limits.
fn roll(
    control: &mut Control<'_>,
    deployment: &Value,
    current: &Value,
    old: &[&Value],
) -> io::Result<()> {
    let limits = limits(deployment);
    renew_revision(control, deployment, current, old)?;
    if is_recreated(deployment) {
        scale_all(control, old, 0)?;
        let are_gone = old.iter().all(|set| number(set, "/status/replicas").unwrap_or(0) == 0);
        return if are_gone { scale(control, current, limits.replicas) } else { Ok(()) };
    }
    let old_running: i64 = old.iter().map(|set| replicas(set)).sum();
    let room = (limits.most - old_running).clamp(0, limits.replicas);
    let target = if replicas(current) > limits.replicas {
        limits.replicas
    } else {
        room.max(replicas(current))
    };
    scale(control, current, target)?;
    let new_unavailable = (target - available(current)).max(0);
    let mut can_go = old_running + target - limits.least_available - new_unavailable;
    for set in old {
        // Replicas that do not run anyway are the first to go.
        let broken = (replicas(set) - available(set)).max(0);
        let gone = if broken > 0 { broken.min(can_go) } else { replicas(set).min(can_go) };
        if gone > 0 {
            can_go -= gone;
            scale(control, set, replicas(set) - gone)?;
        }
    }
    Ok(())
}

/// A deployment that goes back to an earlier template gets a new revision.
fn renew_revision(
    control: &mut Control<'_>,
    deployment: &Value,
    current: &Value,
    old: &[&Value],
) -> io::Result<()> {
    let newest_old = old.iter().map(|set| revision(set)).max().unwrap_or(0);
    let own = if revision(current) > newest_old { revision(current) } else { newest_old + 1 };
    let set = |object: &mut Value| {
        object_at(&mut object["metadata"], "annotations")
            .insert(REVISION.into(), json!(own.to_string()));
    };
    if revision(current) != own {
        control.modify(at::REPLICA_SETS, current, set)?;
    }
    if revision(deployment) != own {
        control.modify(at::DEPLOYMENTS, deployment, set)?;
    }
    Ok(())
}

fn scale_all(control: &mut Control<'_>, sets: &[&Value], to: i64) -> io::Result<()> {
    sets.iter().try_for_each(|set| scale(control, set, to))
}

fn scale(control: &mut Control<'_>, set: &Value, to: i64) -> io::Result<()> {
    if replicas(set) == to {
        return Ok(());
    }
    control.modify(at::REPLICA_SETS, set, |set| set["spec"]["replicas"] = json!(to))
}

fn forget_oldest(control: &mut Control<'_>, deployment: &Value, old: &[&Value]) -> io::Result<()> {
    let kept = usize::try_from(number(deployment, "/spec/revisionHistoryLimit").unwrap_or(10));
    let mut idle: Vec<&&Value> = old
        .iter()
        .filter(|set| replicas(set) == 0 && number(set, "/status/replicas").unwrap_or(0) == 0)
        .collect();
    idle.sort_by_key(|set| revision(set));
    let surplus = idle.len().saturating_sub(kept.unwrap_or(10));
    idle.iter().take(surplus).try_for_each(|set| control.remove(at::REPLICA_SETS, set))
}

fn say(
    control: &mut Control<'_>,
    deployment: &Value,
    current: Option<&Value>,
    old: &[&Value],
) -> io::Result<()> {
    let sum = |field: &str| -> i64 {
        let pointer = format!("/status/{field}");
        current.iter().chain(old.iter()).map(|set| number(set, &pointer).unwrap_or(0)).sum()
    };
    let limits = limits(deployment);
    let updated = current.and_then(|set| number(set, "/status/replicas")).unwrap_or(0);
    let (total, available_now) = (sum("replicas"), sum("availableReplicas"));
    let now = control.now.clone();
    let is_available = available_now >= limits.least_available;
    let mut conditions = vec![if is_available {
        condition(
            deployment,
            "Available",
            true,
            "MinimumReplicasAvailable",
            "Deployment has minimum availability.",
            &now,
        )
    } else {
        condition(
            deployment,
            "Available",
            false,
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
            &now,
        )
    }];
    let current_name = current.map(name).unwrap_or_default();
    let is_complete = current.is_some()
        && updated == limits.replicas
        && total == limits.replicas
        && available_now == limits.replicas;
    conditions.push(progress(
        control,
        deployment,
        current_name,
        is_complete,
        updated + available_now,
    ));
    let failure = current
        .into_iter()
        .flat_map(|set| items(set, "/status/conditions"))
        .find(|c| c["type"] == "ReplicaFailure");
    conditions.extend(failure.cloned());
    let mut status = json!({
        "observedGeneration": deployment["metadata"]["generation"], "replicas": total,
        "updatedReplicas": updated, "readyReplicas": sum("readyReplicas"),
        "availableReplicas": available_now, "conditions": conditions,
    });
    if limits.replicas > available_now {
        status["unavailableReplicas"] = json!(limits.replicas - available_now);
    }
    control.set_status(at::DEPLOYMENTS, deployment, status)
}

/// The condition `Progressing`, with its deadline.
fn progress(
    control: &mut Control<'_>,
    deployment: &Value,
    set: &str,
    is_complete: bool,
    score: i64,
) -> Value {
    let now = control.now.clone();
    let deadline_name = format!("progress/{}/{set}/{score}", uid(deployment));
    if is_complete {
        let message = format!("ReplicaSet \"{set}\" has successfully progressed.");
        return condition(
            deployment,
            "Progressing",
            true,
            "NewReplicaSetAvailable",
            &message,
            &now,
        );
    }
    let seconds = number(deployment, "/spec/progressDeadlineSeconds").unwrap_or(600);
    let allowed = Duration::from_secs(u64::try_from(seconds).unwrap_or(600));
    let limit = control.world().limit(allowed);
    let is_late = limit.is_some_and(|allowed| control.timers.is_due(&deadline_name, allowed));
    let since_done = items(deployment, "/status/conditions")
        .any(|c| c["type"] == "Progressing" && c["reason"] == "NewReplicaSetAvailable");
    let same_set = items(deployment, "/status/conditions").any(|c| {
        c["type"] == "Progressing" && c["message"].as_str().is_some_and(|m| m.contains(set))
    });
    if is_late {
        let message = format!("ReplicaSet \"{set}\" has timed out progressing.");
        condition(deployment, "Progressing", false, "ProgressDeadlineExceeded", &message, &now)
    } else if since_done && same_set && !set.is_empty() {
        // A rollout that was done stays done when a pod fails later.
        let message = format!("ReplicaSet \"{set}\" has successfully progressed.");
        condition(deployment, "Progressing", true, "NewReplicaSetAvailable", &message, &now)
    } else {
        let message = format!("ReplicaSet \"{set}\" is progressing.");
        condition(deployment, "Progressing", true, "ReplicaSetUpdated", &message, &now)
    }
}
