//! The kubelets: pull images, start containers, run jobs to their end, stop what is deleted.
//!
//! How long things take is in the world's time; the names that a scenario can override are
//! `image-pull`, `pod-start`, `model-load` (pods with GPUs), `job-run`, `pod-stop`.

use std::io;
use std::time::Duration;

use serde_json::Value;

use super::super::kind::at;
use super::super::quantity;
use super::super::value::{
    condition_holds, is_deleting, items, name, namespace, number, text, uid,
};
use super::Control;
use super::claims;
use super::containers::{self, Stage};
use super::events::Tone;
use super::images;
use crate::rehearsal::fault::{Point, Reach};
use crate::rehearsal::victims::{self, Peer};

const PULL: Duration = Duration::from_secs(6);
const START: Duration = Duration::from_secs(4);
const LOAD_MODEL: Duration = Duration::from_secs(150);
const RUN_JOB: Duration = Duration::from_secs(4);
const INIT: Duration = Duration::from_secs(2);
const STOP: Duration = Duration::from_secs(2);

/// Brings every pod on a node one step further.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    for pod in control.list(at::PODS) {
        let node_name = text(&pod, "/spec/nodeName");
        if node_name.is_empty() {
            if is_deleting(&pod) {
                control.remove(at::PODS, &pod)?;
            }
            continue;
        }
        let Some(node) = control.api.objects.get(at::NODES, "", node_name) else {
            // With its node goes the pod.
            gone(control, &pod)?;
            continue;
        };
        if is_deleting(&pod) {
            stop(control, &pod)?;
        } else if !matches!(text(&pod, "/status/phase"), "Succeeded" | "Failed") {
            let has_started = !text(&pod, "/status/podIP").is_empty();
            if has_started || condition_holds(&node, "Ready") {
                advance(control, &pod, &node)?;
            }
        }
    }
    Ok(())
}

fn gone(control: &mut Control<'_>, pod: &Value) -> io::Result<()> {
    control.timers.forget_all(uid(pod));
    control.remove(at::PODS, pod)
}

fn stop(control: &mut Control<'_>, pod: &Value) -> io::Result<()> {
    if items(pod, "/metadata/finalizers").next().is_some() {
        return Ok(());
    }
    let grace = number(pod, "/metadata/deletionGracePeriodSeconds").unwrap_or(30);
    let longest = Duration::from_secs(u64::try_from(grace).unwrap_or(0));
    if control.has_taken(&format!("pod-stop/{}", uid(pod)), STOP.min(longest)) {
        gone(control, pod)?;
    }
    Ok(())
}

/// Why a container does not start.
struct Obstacle {
    /// Its index among the init containers or the containers.
    index: usize,
    reason: &'static str,
    message: String,
}

fn advance(control: &mut Control<'_>, pod: &Value, node: &Value) -> io::Result<()> {
    if text(pod, "/status/startTime").is_empty() {
        containers::say(control, pod, node, &Stage::Creating)?;
    }
    if let Some((volume, why)) = unmountable(control, pod) {
        let message = format!("MountVolume.SetUp failed for volume \"{volume}\" : {why}");
        control.event(pod, Tone::Warning, "kubelet", "FailedMount", &message)?;
        return containers::say(control, pod, node, &Stage::Creating);
    }
    let init: Vec<&Value> = items(pod, "/spec/initContainers").collect();
    for (index, container) in init.iter().enumerate() {
        if let Some(obstacle) = prepare(control, pod, container, index)? {
            let stage =
                Stage::InitHeld { index, reason: obstacle.reason, message: obstacle.message };
            return containers::say(control, pod, node, &stage);
        }
        let is_sidecar = text(container, "/restartPolicy") == "Always";
        if !is_sidecar && !control.has_taken(&format!("init-run/{}/{index}", uid(pod)), INIT) {
            return containers::say(control, pod, node, &Stage::Init { index });
        }
    }
    let mut held = None;
    for (index, container) in items(pod, "/spec/containers").enumerate() {
        if let Some(obstacle) = prepare(control, pod, container, index)? {
            held.get_or_insert(obstacle);
        }
    }
    if let Some(Obstacle { index, reason, message }) = held {
        return containers::say(control, pod, node, &Stage::Held { index, reason, message });
    }
    start(control, pod, node)
}

/// Everything before a container can run; `None` when it can.
fn prepare(
    control: &mut Control<'_>,
    pod: &Value,
    container: &Value,
    index: usize,
) -> io::Result<Option<Obstacle>> {
    if containers::has_run(pod, text(container, "/name")) {
        return Ok(None);
    }
    if let Some((reason, message)) = pull(control, pod, container)? {
        return Ok(Some(Obstacle { index, reason, message }));
    }
    if let Some(message) = misconfigured(control, pod, container) {
        let event = format!("Error: {message}");
        control.event(pod, Tone::Warning, "kubelet", "Failed", &event)?;
        // What is missing may come: the kubelet looks again by itself.
        return Ok(Some(Obstacle { index, reason: "CreateContainerConfigError", message }));
    }
    Ok(None)
}

/// Pulls the image of a container; what holds it up, or `None` when it is there.
fn pull(
    control: &mut Control<'_>,
    pod: &Value,
    container: &Value,
) -> io::Result<Option<(&'static str, String)>> {
    let image = text(container, "/image").to_owned();
    let on_node = format!("image-pull/{}/{image}", text(pod, "/spec/nodeName"));
    let attempt = format!("pull/{}/{}", uid(pod), text(container, "/name"));
    let backing_off = format!("{attempt}/back-off");
    let failed = control.timers.attempts(&attempt);
    if failed > 0 && !control.timers.is_due(&backing_off, back_off(control, failed)) {
        let why = last_pull_error(pod, text(container, "/name"));
        let reason = "ImagePullBackOff";
        let message = format!("Back-off pulling image \"{image}\": ErrImagePull: {why}");
        let event = format!("Back-off pulling image \"{image}\"");
        control.event(pod, Tone::Normal, "kubelet", "BackOff", &event)?;
        control.event(pod, Tone::Warning, "kubelet", "Failed", "Error: ImagePullBackOff")?;
        return Ok(Some((reason, message)));
    }
    if control.timers.is_marked(&attempt) {
        return Ok(None);
    }
    let event = format!("Pulling image \"{image}\"");
    control.event(pod, Tone::Normal, "kubelet", "Pulling", &event)?;
    let found = match scenario_error(control, pod, "image-pull")? {
        Some(error) => Err(error),
        None => images::find(control, &image),
    };
    match found {
        Ok(_) if !control.has_taken(&on_node, PULL) => {
            Ok(Some(("ContainerCreating", String::new())))
        }
        Ok(_) => {
            control.timers.mark(&attempt);
            let event = format!("Successfully pulled image \"{image}\"");
            control.event(pod, Tone::Normal, "kubelet", "Pulled", &event)?;
            Ok(None)
        }
        Err(why) => {
            control.timers.count(&attempt);
            control.timers.forget(&backing_off);
            let wait = back_off(control, failed + 1);
            control.timers.is_due(&backing_off, wait);
            let event = format!("Failed to pull image \"{image}\": {why}");
            control.event(pod, Tone::Warning, "kubelet", "Failed", &event)?;
            control.event(pod, Tone::Warning, "kubelet", "Failed", "Error: ErrImagePull")?;
            Ok(Some(("ErrImagePull", why)))
        }
    }
}

/// The text of the last failed pull, from what the status says.
fn last_pull_error(pod: &Value, container: &str) -> String {
    let message = items(pod, "/status/containerStatuses")
        .chain(items(pod, "/status/initContainerStatuses"))
        .find(|s| text(s, "/name") == container)
        .map_or("", |s| text(s, "/state/waiting/message"));
    message.split_once("ErrImagePull: ").map_or(message, |(_, why)| why).to_owned()
}

/// 10 s, doubled each time, up to 5 minutes, in the world's time. Without a scale a little is
/// waited all the same, so that what fails for ever does not keep the machine busy.
pub(crate) fn back_off(control: &Control<'_>, failed: u32) -> Duration {
    let doubled = 1u32 << failed.saturating_sub(1).min(5);
    let real = (Duration::from_secs(10) * doubled).min(Duration::from_mins(5));
    let least = (Duration::from_millis(100) * doubled).min(Duration::from_secs(2));
    control.world().scaled(real).max(least)
}

/// Starts the containers, and says when they are ready or done.
fn start(control: &mut Control<'_>, pod: &Value, node: &Value) -> io::Result<()> {
    let crash = format!("crash/{}", uid(pod));
    let waiting = format!("{crash}/back-off");
    let crashes = control.timers.attempts(&crash);
    if crashes > 0
        && !condition_holds(pod, "Ready")
        && !control.timers.is_due(&waiting, back_off(control, crashes))
    {
        return Ok(());
    }
    if condition_holds(pod, "Ready") {
        return Ok(());
    }
    let runs_to_an_end = text(pod, "/spec/restartPolicy") != "Always";
    let (what, typical) = match pod {
        _ if runs_to_an_end => ("job-run", RUN_JOB),
        pod if has_gpu(pod) => ("model-load", LOAD_MODEL),
        _ => ("pod-start", START),
    };
    let label = format!("{what}/{}/{crashes}", uid(pod));
    if !control.has_taken(&label, typical + first_probe(pod)) {
        for container in items(pod, "/spec/containers") {
            let message = format!("Started container {}", text(container, "/name"));
            control.event(pod, Tone::Normal, "kubelet", "Started", &message)?;
        }
        return containers::say(control, pod, node, &Stage::Running);
    }
    if let Some(error) = scenario_error(control, pod, "ready")? {
        let restarts = control.timers.count(&crash) + 1;
        control.timers.forget(&waiting);
        let wait = back_off(control, restarts);
        control.timers.is_due(&waiting, wait);
        if text(pod, "/spec/restartPolicy") == "Never" {
            return containers::say(control, pod, node, &Stage::Failed { error });
        }
        let message = format!(
            "Back-off restarting failed container {} in pod {}_{}({})",
            text(pod, "/spec/containers/0/name"),
            name(pod),
            namespace(pod),
            uid(pod)
        );
        control.event(pod, Tone::Warning, "kubelet", "BackOff", &message)?;
        return containers::say(control, pod, node, &Stage::Crashed { error, restarts });
    }
    if let Some(hang) = control.hanging(pod)
        && !control.timers.is_due(&format!("hang/{}", uid(pod)), hang)
    {
        return containers::say(control, pod, node, &Stage::Running);
    }
    let stage = if runs_to_an_end { Stage::Succeeded } else { Stage::Ready { restarts: crashes } };
    containers::say(control, pod, node, &stage)
}

fn has_gpu(pod: &Value) -> bool {
    items(pod, "/spec/containers")
        .any(|c| quantity::milli(&c["resources"]["requests"]["nvidia.com/gpu"]) > 0)
}

/// How long the readiness probes of a pod wait before they ask for the first time.
fn first_probe(pod: &Value) -> Duration {
    let seconds = items(pod, "/spec/containers")
        .filter_map(|c| number(c, "/readinessProbe/initialDelaySeconds"))
        .max()
        .unwrap_or(0);
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

/// The error that the scenario has for a pod at this moment.
fn scenario_error(
    control: &mut Control<'_>,
    pod: &Value,
    when: &str,
) -> io::Result<Option<String>> {
    let release = control.release_of(pod);
    let own = format!("pods/{}/{}", namespace(pod), name(pod));
    let workload = control.workload_of(pod);
    let kind = workload.split('/').next().unwrap_or_default().to_owned();
    let image_names: Vec<&str> =
        items(pod, "/spec/containers").map(|c| text(c, "/image")).collect();
    let mut places: Vec<&str> = [release.as_str(), &workload, &own, &kind, "Pod"]
        .into_iter()
        .filter(|place| !place.is_empty())
        .collect();
    places.extend(image_names);
    let point = Point { places: &places, when, reach: Reach::Pod };
    let Some(fault) = control.world().fault(&point)? else { return Ok(None) };
    victims::strike(control.world(), &fault, Peer::Unknown);
    if let Some(hang) = fault.hang {
        let hang = control.world().scaled(hang.as_duration());
        control.hang(pod, hang);
    }
    Ok(fault.error)
}

/// A volume that cannot be mounted yet, and why.
fn unmountable(control: &Control<'_>, pod: &Value) -> Option<(String, String)> {
    let home = namespace(pod);
    for volume in items(pod, "/spec/volumes") {
        let mut wanted = vec![
            (at::SECRETS, "secret", text(volume, "/secret/secretName"), &volume["secret"]),
            (at::CONFIG_MAPS, "configmap", text(volume, "/configMap/name"), &volume["configMap"]),
        ];
        for source in items(volume, "/projected/sources") {
            wanted.push((at::SECRETS, "secret", text(source, "/secret/name"), &source["secret"]));
            wanted.push((
                at::CONFIG_MAPS,
                "configmap",
                text(source, "/configMap/name"),
                &source["configMap"],
            ));
        }
        for (path, word, wanted, source) in wanted {
            let is_needed = !wanted.is_empty() && source["optional"] != true;
            if is_needed && !control.api.objects.has(path, home, wanted) {
                let why = format!("{word} \"{wanted}\" not found");
                return Some((text(volume, "/name").to_owned(), why));
            }
        }
    }
    let unbound = claims::claim_names(pod).find(|claim| {
        control
            .api
            .objects
            .get(at::CLAIMS, home, claim)
            .is_none_or(|claim| text(&claim, "/status/phase") != "Bound")
    })?;
    Some((unbound.to_owned(), format!("claim \"{unbound}\" is not bound")))
}

/// What the environment of a container needs and is not there.
fn misconfigured(control: &Control<'_>, pod: &Value, container: &Value) -> Option<String> {
    let home = namespace(pod);
    let check = |path: &str, word: &str, source: &Value| -> Option<String> {
        let wanted = text(source, "/name");
        if wanted.is_empty() || source["optional"] == true {
            return None;
        }
        let Some(found) = control.api.objects.get(path, home, wanted) else {
            return Some(format!("{word} \"{wanted}\" not found"));
        };
        let key = source["key"].as_str()?;
        let is_there = found["data"].get(key).is_some();
        (!is_there).then(|| {
            let title = if word == "secret" { "Secret" } else { "ConfigMap" };
            format!("couldn't find key {key} in {title} {home}/{wanted}")
        })
    };
    let from_variables = items(container, "/env").find_map(|variable| {
        let from = &variable["valueFrom"];
        check(at::SECRETS, "secret", &from["secretKeyRef"])
            .or_else(|| check(at::CONFIG_MAPS, "configmap", &from["configMapKeyRef"]))
    });
    from_variables.or_else(|| {
        items(container, "/envFrom").find_map(|source| {
            check(at::SECRETS, "secret", &source["secretRef"])
                .or_else(|| check(at::CONFIG_MAPS, "configmap", &source["configMapRef"]))
        })
    })
}

impl Control<'_> {
    /// The workload that a pod belongs to, as `deployments/NAMESPACE/NAME`.
    pub(crate) fn workload_of(&self, pod: &Value) -> String {
        let Some(owner) = super::super::value::controller_of(pod) else { return String::new() };
        let (mut kind, mut owner_name) =
            (text(owner, "/kind").to_owned(), text(owner, "/name").to_owned());
        if kind == "ReplicaSet"
            && let Some(set) = self.api.objects.get(at::REPLICA_SETS, namespace(pod), &owner_name)
            && let Some(top) = super::super::value::controller_of(&set)
        {
            (kind, owner_name) = (text(top, "/kind").to_owned(), text(top, "/name").to_owned());
        }
        format!("{}s/{}/{owner_name}", kind.to_lowercase(), namespace(pod))
    }

    fn hang(&mut self, pod: &Value, hang: Duration) {
        self.timers.note(&format!("hang-for/{}", uid(pod)), hang);
    }

    fn hanging(&self, pod: &Value) -> Option<Duration> {
        self.timers.noted(&format!("hang-for/{}", uid(pod)))
    }
}
