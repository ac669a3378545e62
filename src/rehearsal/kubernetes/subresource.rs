//! Subresources: status, scale, logs, eviction, tokens, and services through the API.

use http::Method;
use serde_json::{Value, json};

use super::admission;
use super::api::{Answer, Api};
use super::delete;
use super::failure::Failure;
use super::kind::at;
use super::objects::Weight;
use super::read;
use super::request::{Call, Target};
use super::selector::label_selector_matches;
use super::value::{condition_holds, is_deleting, items, moment, text};
use super::write;

/// Answers a request for a subresource.
pub(crate) fn answer(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    if !target.kind.has(&target.subresource) {
        return Err(Failure::no_such_resource());
    }
    match (target.subresource.as_str(), call.method.clone()) {
        ("status", Method::GET) => read::one(api, call, target),
        ("status" | "finalize", Method::PUT) => write::replace(api, call, target),
        ("status", Method::PATCH) => write::patch(api, call, target),
        ("scale", method) => scale(api, call, target, &method),
        ("log", Method::GET) => log(api, call, target),
        ("eviction", Method::POST) => evict(api, call, target),
        ("token", Method::POST) => token(api, call, target),
        ("proxy", Method::GET) => proxy(api, target),
        ("exec" | "portforward" | "attach" | "binding", _) => Err(Failure::bad_request(format!(
            "{} is not possible in a rehearsal: its containers are simulated and run nothing",
            target.subresource
        ))),
        _ => Err(Failure::method_not_allowed()),
    }
}

fn existing(api: &Api, target: &Target) -> Result<Value, Failure> {
    api.objects
        .get(&target.path(), &target.namespace, &target.name)
        .ok_or_else(|| Failure::not_found(&target.kind, &target.name))
}

fn scale(api: &Api, call: &Call, target: &Target, method: &Method) -> Result<Answer, Failure> {
    let mut object = existing(api, target)?;
    if *method != Method::GET {
        let mut wanted = scale_of(&object);
        if *method == Method::PATCH {
            let format = super::patch::Format::of(&call.content_type)
                .ok_or_else(|| Failure::unsupported_media_type(&call.content_type))?;
            super::patch::apply(format, &mut wanted, &call.object()?)
                .map_err(|why| Failure::invalid(&target.kind, &target.name, &[why]))?;
        } else {
            wanted = call.object()?;
        }
        let mut writer = api.objects.writer(Weight::Asked);
        let before = existing(api, target)?;
        object = before.clone();
        object["spec"]["replicas"] = wanted["spec"]["replicas"].clone();
        if object["spec"] != before["spec"] {
            let generation = before["metadata"]["generation"].as_i64().unwrap_or(1);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        admission::update(api, &target.kind, &before, &mut object)?;
        object = writer.replace(&target.path(), object)?;
    }
    Ok(Answer::Json(200, scale_of(&object)))
}

fn scale_of(object: &Value) -> Value {
    let selector: Vec<String> = super::value::entries(object, "/spec/selector/matchLabels")
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()))
        .collect();
    json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {"name": object["metadata"]["name"], "uid": object["metadata"]["uid"],
            "namespace": object["metadata"]["namespace"],
            "resourceVersion": object["metadata"]["resourceVersion"],
            "creationTimestamp": object["metadata"]["creationTimestamp"]},
        "spec": {"replicas": object["spec"]["replicas"]},
        "status": {"replicas": object["status"]["replicas"].as_i64().unwrap_or(0),
            "selector": selector.join(",")},
    })
}

/// What a container has written: a plausible line or two, labelled as rehearsed.
fn log(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let pod = existing(api, target)?;
    let containers: Vec<&str> = items(&pod, "/spec/containers").map(|c| text(c, "/name")).collect();
    let container = match call.query.get("container") {
        "" => containers.first().copied().unwrap_or_default(),
        given => given,
    };
    let mut all = items(&pod, "/spec/containers").chain(items(&pod, "/spec/initContainers"));
    let Some(specified) = all.find(|c| text(c, "/name") == container) else {
        return Err(Failure::bad_request(format!(
            "container {container} is not valid for pod {}",
            target.name
        )));
    };
    let status = items(&pod, "/status/containerStatuses")
        .chain(items(&pod, "/status/initContainerStatuses"))
        .find(|s| text(s, "/name") == container);
    if call.query.is_set("previous") {
        return previous(target, container, status);
    }
    let state = status.map(|s| &s["state"]);
    let waiting = state.map_or("ContainerCreating", |s| text(s, "/waiting/reason"));
    if !waiting.is_empty() && waiting != "CrashLoopBackOff" {
        let why = match waiting {
            "ErrImagePull" | "ImagePullBackOff" => "trying and failing to pull image",
            _ => waiting,
        };
        return Err(Failure::bad_request(format!(
            "container \"{container}\" in pod \"{}\" is waiting to start: {why}",
            target.name
        )));
    }
    let started = state.map_or("", |s| match text(s, "/running/startedAt") {
        "" => text(s, "/terminated/startedAt"),
        started => started,
    });
    let mut lines = vec![format!(
        "{started} rehearsal: {container} started from {}",
        text(specified, "/image")
    )];
    match state.map(|s| text(s, "/terminated/reason")) {
        Some("Completed") => lines.push(format!("{started} rehearsal: {container} is done")),
        _ if waiting == "CrashLoopBackOff" => lines.push(format!(
            "{started} rehearsal: fatal: {}",
            status.map_or("", |s| text(s, "/lastState/terminated/message"))
        )),
        _ if condition_holds(&pod, "Ready") => {
            lines.push(format!("{started} rehearsal: {container} is ready"));
        }
        _ => {}
    }
    let wanted = call.query.get("tailLines").parse().unwrap_or(lines.len());
    let skipped = lines.len().saturating_sub(wanted);
    let text = lines[skipped..].join("\n") + "\n";
    let is_running = state.is_some_and(|s| s["running"].is_object());
    if call.query.is_set("follow") && is_running {
        return Ok(Answer::Stream(followed(api, target, text)));
    }
    Ok(Answer::Text(text))
}

/// What a container wrote before it was restarted.
fn previous(target: &Target, container: &str, status: Option<&Value>) -> Result<Answer, Failure> {
    let last = status.map_or(&Value::Null, |status| &status["lastState"]["terminated"]);
    if !last.is_object() {
        return Err(Failure::bad_request(format!(
            "previous terminated container \"{container}\" in pod \"{}\" not found",
            target.name
        )));
    }
    let at = text(last, "/finishedAt");
    Ok(Answer::Text(format!("{at} rehearsal: fatal: {}\n", text(last, "/message"))))
}

/// What is there, then nothing more until the pod is gone.
fn followed(api: &Api, target: &Target, text: String) -> axum::body::Body {
    let objects = api.world.clone();
    let key = format!("{}/{}/{}", target.path(), target.namespace, target.name);
    let lines = futures::stream::unfold(Some(text), move |text| {
        let (world, key) = (objects.clone(), key.clone());
        async move {
            if let Some(text) = text {
                return Some((Ok::<_, std::convert::Infallible>(text), None));
            }
            let mut changes = world.store.changes();
            while world.store.get(super::objects::TABLE, &key).is_some_and(|pod| !is_deleting(&pod))
            {
                if changes.changed().await.is_err() {
                    break;
                }
            }
            None
        }
    });
    axum::body::Body::from_stream(lines)
}

/// Deletes a pod unless a disruption budget forbids it.
fn evict(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let pod = existing(api, target)?;
    let is_guarded =
        api.objects.list_in(at::DISRUPTION_BUDGETS, &target.namespace).iter().any(|budget| {
            label_selector_matches(&budget["spec"]["selector"], &pod)
                && budget["status"]["disruptionsAllowed"].as_i64().unwrap_or(0) < 1
        });
    if is_guarded && condition_holds(&pod, "Ready") {
        let mut failure = Failure::unavailable(
            "Cannot evict pod as it would violate the pod's disruption budget.",
        );
        failure.code = 429;
        failure.reason = "TooManyRequests";
        return Err(failure);
    }
    let mut plain = target.clone();
    plain.subresource.clear();
    let options = call.object().map(|eviction| eviction["deleteOptions"].to_string());
    let body = options.ok().filter(|text| text != "null").unwrap_or_default();
    let headers = http::HeaderMap::new();
    let deletion = Call::new(Method::DELETE, &http::Uri::default(), &headers, body.into());
    delete::one(api, &deletion, &plain)?;
    Ok(Answer::Json(201, json!({"kind": "Status", "apiVersion": "v1", "status": "Success"})))
}

fn token(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    existing(api, target)?;
    let mut request = call.object().unwrap_or_else(|_| json!({}));
    let seconds = request["spec"]["expirationSeconds"].as_i64().unwrap_or(3600);
    let ends = api.world.now() + jiff::SignedDuration::from_secs(seconds.clamp(600, 86_400));
    let label = format!("token/{}/{}", target.namespace, target.name);
    request["kind"] = json!("TokenRequest");
    request["apiVersion"] = json!("authentication.k8s.io/v1");
    request["status"] =
        json!({"token": api.world.hex(&label, 64), "expirationTimestamp": moment(ends)});
    Ok(Answer::Json(201, request))
}

/// What a service answers when it is asked through the API: the models that its pods serve.
fn proxy(api: &Api, target: &Target) -> Result<Answer, Failure> {
    // `[scheme:]name[:port]`.
    let parts: Vec<&str> = target.name.split(':').collect();
    let service_name = match parts.as_slice() {
        ["http" | "https", name, ..] | [name, ..] => *name,
        [] => "",
    };
    let service = api
        .objects
        .get(at::SERVICES, &target.namespace, service_name)
        .ok_or_else(|| Failure::not_found(&target.kind, service_name))?;
    let selector = json!({"matchLabels": service["spec"]["selector"]});
    let mut pods = api.objects.list_in(at::PODS, &target.namespace);
    pods.retain(|pod| {
        service["spec"]["selector"].is_object()
            && label_selector_matches(&selector, pod)
            && condition_holds(pod, "Ready")
            && !is_deleting(pod)
    });
    if pods.is_empty() {
        return Err(Failure::unavailable(format!(
            "no endpoints available for service \"{service_name}\""
        )));
    }
    match target.rest.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["v1", "models"] => {
            let mut models: Vec<String> = pods.iter().flat_map(models_of).collect();
            models.sort();
            models.dedup();
            if models.is_empty() {
                return Err(Failure::no_such_resource());
            }
            let data: Vec<Value> = models
                .iter()
                .map(|id| json!({"id": id, "object": "model", "created": 0, "owned_by": "vllm"}))
                .collect();
            Ok(Answer::Json(200, json!({"object": "list", "data": data})))
        }
        ["health" | "healthz" | "ready" | "readyz" | "live" | "livez"] => {
            Ok(Answer::Text("ok".into()))
        }
        _ => Err(Failure::no_such_resource()),
    }
}

/// The models that a pod says it serves: `MODEL_NAMES` (separated by commas) or `MODEL_NAME` in
/// the environment of a container, or vLLM's `--served-model-name`.
fn models_of(pod: &Value) -> Vec<String> {
    let mut models = Vec::new();
    for container in items(pod, "/spec/containers") {
        for variable in items(container, "/env") {
            if matches!(text(variable, "/name"), "MODEL_NAMES" | "MODEL_NAME") {
                let names = text(variable, "/value").split(',').map(str::trim);
                models.extend(names.filter(|n| !n.is_empty()).map(str::to_owned));
            }
        }
        let words: Vec<&str> = items(container, "/command")
            .chain(items(container, "/args"))
            .filter_map(Value::as_str)
            .collect();
        for (at, word) in words.iter().enumerate() {
            if let Some(model) = word.strip_prefix("--served-model-name=") {
                models.push(model.to_owned());
            } else if *word == "--served-model-name"
                && let Some(model) = words.get(at + 1)
            {
                models.push((*model).to_owned());
            }
        }
    }
    models
}
