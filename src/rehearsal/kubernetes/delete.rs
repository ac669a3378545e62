//! Deleting: at once, or marked and finished by whoever holds a finalizer.

use serde_json::{Value, json};

use super::admission;
use super::api::{Answer, Api};
use super::failure::Failure;
use super::kind::{Kind, at};
use super::objects::{Weight, Writer};
use super::read;
use super::request::{Call, Target};
use super::value::{is_deleting, items, moment, name, namespace, number, text, uid};

/// The finalizer that waits for the dependents.
pub(crate) const FOREGROUND: &str = "foregroundDeletion";

/// What happens to the dependents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Propagation {
    Background,
    Foreground,
    Orphan,
}

/// `DeleteOptions`, from the body and the query.
#[derive(Debug, Clone)]
struct Options {
    propagation: Propagation,
    grace_seconds: Option<i64>,
    uid: String,
    is_dry_run: bool,
}

impl Options {
    fn of(call: &Call) -> Result<Self, Failure> {
        let body = if call.body.is_empty() { json!({}) } else { call.object()? };
        let either = |field: &str| match call.query.get(field) {
            "" => body[field].as_str().unwrap_or_default().to_owned(),
            given => given.to_owned(),
        };
        Ok(Self {
            propagation: match either("propagationPolicy").as_str() {
                "Foreground" => Propagation::Foreground,
                "Orphan" => Propagation::Orphan,
                _ if body["orphanDependents"] == true => Propagation::Orphan,
                _ => Propagation::Background,
            },
            grace_seconds: call
                .query
                .get("gracePeriodSeconds")
                .parse()
                .ok()
                .or_else(|| number(&body, "/gracePeriodSeconds")),
            uid: text(&body, "/preconditions/uid").to_owned(),
            is_dry_run: call.is_dry_run() || items(&body, "/dryRun").any(|d| d == "All"),
        })
    }
}

/// `DELETE` of an object.
pub(crate) fn one(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let options = Options::of(call)?;
    let mut writer = api.objects.writer(Weight::Asked);
    let object = api
        .objects
        .get(&target.path(), &target.namespace, &target.name)
        .ok_or_else(|| Failure::not_found(&target.kind, &target.name))?;
    if !options.uid.is_empty() && options.uid != uid(&object) {
        let why = "Precondition failed: UID in precondition does not match UID in object meta";
        return Err(Failure::conflict(&target.kind, &target.name, why));
    }
    Ok(Answer::Json(
        200,
        match delete(api, &mut writer, &target.kind, &object, &options)? {
            Some(marked) => read::shown(marked, &target.kind),
            None => {
                json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {"name": target.name, "group": target.kind.group,
                "kind": target.kind.plural, "uid": uid(&object)}})
            }
        },
    ))
}

/// `DELETE` of a collection.
pub(crate) fn collection(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let options = Options::of(call)?;
    let selector = read::selector(call)?;
    let mut writer = api.objects.writer(Weight::Asked);
    for object in read::collection(api, target, &selector) {
        delete(api, &mut writer, &target.kind, &object, &options)?;
    }
    Ok(Answer::Json(
        200,
        json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}),
    ))
}

/// Deletes an object, or marks it; the marked object is returned.
fn delete(
    api: &Api,
    writer: &mut Writer<'_>,
    kind: &Kind,
    object: &Value,
    options: &Options,
) -> Result<Option<Value>, Failure> {
    admission::delete(api, kind, object)?;
    if options.is_dry_run {
        return Ok(None);
    }
    let path = kind.path();
    let mut object = object.clone();
    let mut finalizers: Vec<Value> = items(&object, "/metadata/finalizers").cloned().collect();
    match options.propagation {
        Propagation::Foreground if !finalizers.contains(&json!(FOREGROUND)) => {
            finalizers.push(json!(FOREGROUND));
        }
        Propagation::Orphan => release_dependents(writer, uid(&object))?,
        Propagation::Foreground | Propagation::Background => {}
    }
    let is_namespace = path == at::NAMESPACES;
    let lingers = path == at::PODS
        && !text(&object, "/spec/nodeName").is_empty()
        && options.grace_seconds != Some(0)
        && !matches!(text(&object, "/status/phase"), "Succeeded" | "Failed");
    if finalizers.is_empty() && !is_namespace && !lingers {
        writer.remove(&path, namespace(&object), name(&object))?;
        return Ok(None);
    }
    if !finalizers.is_empty() {
        object["metadata"]["finalizers"] = json!(finalizers);
    }
    if !is_deleting(&object) {
        object["metadata"]["deletionTimestamp"] = json!(moment(api.world.now()));
        let grace = options.grace_seconds.or_else(|| {
            (path == at::PODS)
                .then(|| number(&object, "/spec/terminationGracePeriodSeconds").unwrap_or(30))
        });
        object["metadata"]["deletionGracePeriodSeconds"] = json!(grace.unwrap_or(0));
    }
    if is_namespace {
        object["status"]["phase"] = json!("Terminating");
    }
    Ok(Some(writer.replace(&path, object)?))
}

/// Dependents of an object that goes without them.
fn release_dependents(writer: &mut Writer<'_>, owner: &str) -> Result<(), Failure> {
    let is_dependent =
        |object: &Value| items(object, "/metadata/ownerReferences").any(|o| o["uid"] == owner);
    for (path, mut dependent) in writer.objects().everything(is_dependent) {
        if let Some(Value::Array(owners)) = dependent.pointer_mut("/metadata/ownerReferences") {
            owners.retain(|o| o["uid"] != owner);
        }
        writer.replace(&path, dependent)?;
    }
    Ok(())
}
