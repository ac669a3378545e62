//! The status of a pod, written out for each stage of its life.

use std::io;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{condition, items, name, namespace, number, text, uid};
use super::Control;
use super::images;

/// How far a pod is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stage {
    /// On its node; nothing runs.
    Creating,
    /// Init containers up to this one are done; this one runs.
    Init {
        index: usize,
    },
    /// An init container cannot start.
    InitHeld {
        index: usize,
        reason: &'static str,
        message: String,
    },
    /// A container cannot start.
    Held {
        index: usize,
        reason: &'static str,
        message: String,
    },
    /// Everything runs and is not ready.
    Running,
    Ready {
        restarts: u32,
    },
    /// The first container ended and is started again later.
    Crashed {
        error: String,
        restarts: u32,
    },
    Succeeded,
    Failed {
        error: String,
    },
}

/// Whether a container has run, or runs, by what the status says.
pub(crate) fn has_run(pod: &Value, container: &str) -> bool {
    items(pod, "/status/containerStatuses")
        .chain(items(pod, "/status/initContainerStatuses"))
        .filter(|status| text(status, "/name") == container)
        .any(|status| {
            status["state"]["running"].is_object()
                || status["state"]["terminated"].is_object()
                || status["lastState"]["terminated"].is_object()
        })
}

/// Writes the status of a pod.
pub(crate) fn say(
    control: &mut Control<'_>,
    pod: &Value,
    node: &Value,
    stage: &Stage,
) -> io::Result<()> {
    let now = control.now.clone();
    let init: Vec<Value> = items(pod, "/spec/initContainers")
        .enumerate()
        .map(|(index, container)| {
            status_of(
                control,
                pod,
                container,
                &init_state(pod, container, stage, index, &now),
                stage,
            )
        })
        .collect();
    let main: Vec<Value> = items(pod, "/spec/containers")
        .enumerate()
        .map(|(index, container)| {
            status_of(
                control,
                pod,
                container,
                &main_state(pod, container, stage, index, &now),
                stage,
            )
        })
        .collect();
    let (phase, is_initialized, is_ready, why) = match stage {
        Stage::Creating | Stage::Init { .. } | Stage::InitHeld { .. } => {
            ("Pending", init.is_empty(), false, "ContainersNotReady")
        }
        Stage::Held { .. } => ("Pending", true, false, "ContainersNotReady"),
        Stage::Running | Stage::Crashed { .. } => ("Running", true, false, "ContainersNotReady"),
        Stage::Ready { .. } => ("Running", true, true, ""),
        Stage::Succeeded => ("Succeeded", true, false, "PodCompleted"),
        Stage::Failed { .. } => ("Failed", true, false, "PodFailed"),
    };
    let unready: Vec<&str> = items(pod, "/spec/containers").map(|c| text(c, "/name")).collect();
    let message = if why == "ContainersNotReady" {
        format!("containers with unready status: [{}]", unready.join(" "))
    } else {
        String::new()
    };
    let initialized_why = if is_initialized { "" } else { "ContainersNotInitialized" };
    let conditions = json!([
        condition(pod, "PodReadyToStartContainers", true, "", "", &now),
        condition(pod, "Initialized", is_initialized, initialized_why, "", &now),
        condition(pod, "Ready", is_ready, why, &message, &now),
        condition(pod, "ContainersReady", is_ready, why, &message, &now),
        condition(pod, "PodScheduled", true, "", "", &now),
    ]);
    let host = items(node, "/status/addresses")
        .find(|a| a["type"] == "InternalIP")
        .map_or("", |a| text(a, "/address"))
        .to_owned();
    let address = match text(pod, "/status/podIP") {
        "" => pod_address(control, pod, &host),
        given => given.to_owned(),
    };
    let started = match text(pod, "/status/startTime") {
        "" => now.as_str(),
        given => given,
    };
    let mut status = json!({
        "phase": phase, "conditions": conditions, "hostIP": host, "hostIPs": [{"ip": host}],
        "podIP": address, "podIPs": [{"ip": address}], "startTime": started,
        "containerStatuses": main, "qosClass": quality(pod),
    });
    if !init.is_empty() {
        status["initContainerStatuses"] = json!(init);
    }
    control.modify(at::PODS, pod, |pod| pod["status"] = status)
}

fn pod_address(control: &Control<'_>, pod: &Value, host: &str) -> String {
    if pod["spec"]["hostNetwork"] == true {
        return host.to_owned();
    }
    let number = control.world().number(&format!("pod/{}", uid(pod)));
    let network: Vec<&str> = host.split('.').take(2).collect();
    format!("{}.{}.{}", network.join("."), number / 256 % 256, number % 250 + 4)
}

fn quality(pod: &Value) -> &'static str {
    let all = || items(pod, "/spec/containers");
    let has =
        |c: &Value, field: &str| c["resources"][field].as_object().is_some_and(|r| !r.is_empty());
    if all().all(|c| has(c, "limits") && c["resources"]["limits"] == c["resources"]["requests"]) {
        "Guaranteed"
    } else if all().any(|c| has(c, "limits") || has(c, "requests")) {
        "Burstable"
    } else {
        "BestEffort"
    }
}

fn waiting(reason: &str, message: &str) -> Value {
    let mut state = json!({"waiting": {"reason": reason}});
    if !message.is_empty() {
        state["waiting"]["message"] = json!(message);
    }
    state
}

/// A running state; one that ran before goes on since then.
fn running(pod: &Value, container: &Value, now: &str) -> Value {
    let since = items(pod, "/status/containerStatuses")
        .chain(items(pod, "/status/initContainerStatuses"))
        .find(|s| s["name"] == container["name"])
        .map_or("", |s| text(s, "/state/running/startedAt"));
    json!({"running": {"startedAt": if since.is_empty() { now } else { since }}})
}

fn ended(pod: &Value, container: &Value, now: &str, code: i64, message: &str) -> Value {
    let before = items(pod, "/status/containerStatuses")
        .chain(items(pod, "/status/initContainerStatuses"))
        .find(|s| s["name"] == container["name"]);
    if let Some(same) = before.filter(|s| s["state"]["terminated"]["exitCode"] == code) {
        return same["state"].clone();
    }
    let since = before.map_or("", |s| text(s, "/state/running/startedAt"));
    let mut state = json!({"terminated": {
        "exitCode": code, "reason": if code == 0 { "Completed" } else { "Error" },
        "startedAt": if since.is_empty() { now } else { since }, "finishedAt": now,
    }});
    if !message.is_empty() {
        state["terminated"]["message"] = json!(message);
    }
    state
}

fn init_state(pod: &Value, container: &Value, stage: &Stage, index: usize, now: &str) -> Value {
    let is_sidecar = text(container, "/restartPolicy") == "Always";
    let done = || {
        if is_sidecar { running(pod, container, now) } else { ended(pod, container, now, 0, "") }
    };
    match stage {
        Stage::Init { index: at } | Stage::InitHeld { index: at, .. } if index < *at => done(),
        Stage::Init { index: at } if index == *at => running(pod, container, now),
        Stage::InitHeld { index: at, reason, message } if index == *at => waiting(reason, message),
        Stage::Creating | Stage::Init { .. } | Stage::InitHeld { .. } => {
            waiting("PodInitializing", "")
        }
        _ => done(),
    }
}

fn main_state(pod: &Value, container: &Value, stage: &Stage, index: usize, now: &str) -> Value {
    match stage {
        Stage::Init { .. } | Stage::InitHeld { .. } => waiting("PodInitializing", ""),
        Stage::Held { index: at, reason, message } if index == *at => waiting(reason, message),
        Stage::Creating | Stage::Held { .. } => waiting("ContainerCreating", ""),
        Stage::Crashed { .. } if index == 0 => {
            let message = format!(
                "back-off 10s restarting failed container={} pod={}_{}({})",
                text(container, "/name"),
                name(pod),
                namespace(pod),
                uid(pod)
            );
            waiting("CrashLoopBackOff", &message)
        }
        Stage::Crashed { .. } | Stage::Running | Stage::Ready { .. } => {
            running(pod, container, now)
        }
        Stage::Succeeded => ended(pod, container, now, 0, ""),
        Stage::Failed { error } => ended(pod, container, now, 1, error),
    }
}

fn status_of(
    control: &Control<'_>,
    pod: &Value,
    container: &Value,
    now: &Value,
    stage: &Stage,
) -> Value {
    let is_running = now["running"].is_object();
    let is_ready = is_running && matches!(stage, Stage::Ready { .. });
    let own_name = text(container, "/name");
    let image = text(container, "/image");
    let before = items(pod, "/status/containerStatuses").find(|s| text(s, "/name") == own_name);
    let mut restarts = before.and_then(|s| number(s, "/restartCount")).unwrap_or(0);
    let mut last = before.map_or(json!({}), |s| s["lastState"].clone());
    if let Stage::Crashed { error, restarts: crashes } = stage
        && now["waiting"]["reason"] == "CrashLoopBackOff"
    {
        restarts = i64::from(*crashes);
        last = json!({"terminated": {"exitCode": 1, "reason": "Error", "message": error,
            "startedAt": control.now, "finishedAt": control.now}});
    }
    let has_image = is_running || now["terminated"].is_object();
    let image_id = match images::find(control, image) {
        Ok(digest) if has_image => {
            let repository = image.split(['@']).next().unwrap_or(image);
            format!("{repository}@{digest}")
        }
        _ => String::new(),
    };
    let container_id = if has_image {
        let label = format!("container/{}/{own_name}/{restarts}", uid(pod));
        format!("containerd://{}", control.world().hex(&label, 64))
    } else {
        String::new()
    };
    json!({
        "name": own_name, "image": image, "imageID": image_id, "containerID": container_id,
        "ready": is_ready || now["terminated"]["reason"] == "Completed" && is_init(pod, own_name),
        "started": is_running, "restartCount": restarts, "state": now, "lastState": last,
    })
}

fn is_init(pod: &Value, container: &str) -> bool {
    items(pod, "/spec/initContainers").any(|c| text(c, "/name") == container)
}
