//! Writing: create, replace, patch, server-side apply.

use serde_json::{Value, json};

use super::admission;
use super::api::{Answer, Api};
use super::failure::Failure;
use super::kind::{Kind, Origin};
use super::objects::{Weight, Writer, resource_version};
use super::ownership::{self, Conflicts, Manager};
use super::patch::lists::Family;
use super::patch::{self, Format};
use super::read;
use super::request::{Call, Target};
use super::value::{is_deleting, moment, name, namespace, text};

/// Which part of an object a request writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Everything but the status.
    Main,
    Status,
}

/// `POST` to a collection.
pub(crate) fn create(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let object = call.object()?;
    if target.kind.origin == Origin::Review {
        return Ok(Answer::Json(201, review(object)));
    }
    let mut object = checked_body(target, object)?;
    prune(api, call, target, &mut object)?;
    let mut writer = api.objects.writer(Weight::Asked);
    let made = create_with(api, &mut writer, call, target, object)?;
    Ok(Answer::Json(201, read::shown(made, &target.kind)))
}

/// Drops what the definition of a custom resource does not know; a client that is strict about
/// fields is told instead.
fn prune(api: &Api, call: &Call, target: &Target, object: &mut Value) -> Result<(), Failure> {
    let dropped = admission::prune(api, &target.kind, object);
    if dropped.is_empty() || call.query.get("fieldValidation") != "Strict" {
        return Ok(());
    }
    let fields: Vec<String> =
        dropped.iter().map(|field| format!("unknown field \"{field}\"")).collect();
    let kind = &target.kind.kind;
    Err(Failure::bad_request(format!(
        "{kind} in version \"{}\" cannot be handled as a {kind}: strict decoding error: {}",
        target.kind.version,
        fields.join(", ")
    )))
}

/// Everybody may do everything.
fn review(mut object: Value) -> Value {
    object["status"] = match text(&object, "/kind") {
        "SelfSubjectRulesReview" => json!({"incomplete": false, "nonResourceRules": [],
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]}),
        "TokenReview" | "SelfSubjectReview" => {
            json!({"authenticated": true, "userInfo": {"username": "rehearsal"}})
        }
        _ => json!({"allowed": true}),
    };
    object
}

fn create_with(
    api: &Api,
    writer: &mut Writer<'_>,
    call: &Call,
    target: &Target,
    mut object: Value,
) -> Result<Value, Failure> {
    let kind = &target.kind;
    name_it(api, kind, &mut object)?;
    admission::create(api, kind, &mut object)?;
    let own_name = name(&object).to_owned();
    if api.objects.has(&kind.path(), &target.namespace, &own_name) {
        return Err(Failure::already_exists(kind, &own_name));
    }
    if kind.has_generation() {
        object["metadata"]["generation"] = json!(1);
    }
    // Only controllers say what the status is; a namespace begins as active.
    let begins_with_status = matches!(kind.kind.as_str(), "Namespace" | "Service")
        || kind.kind == "PersistentVolumeClaim";
    if kind.has("status")
        && !begins_with_status
        && let Some(object) = object.as_object_mut()
    {
        object.shift_remove("status");
    }
    let is_apply = Format::of(&call.content_type) == Some(Format::Apply);
    if !is_apply {
        let manager = manager(api, call, kind, "");
        ownership::track(family(kind), &json!({}), &mut object, &manager);
    }
    if call.is_dry_run() {
        return Ok(object);
    }
    Ok(writer.create(&kind.path(), object)?)
}

/// `PUT` of an object.
pub(crate) fn replace(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let mut object = checked_body(target, call.object()?)?;
    prune(api, call, target, &mut object)?;
    let mut writer = api.objects.writer(Weight::Asked);
    let before = existing(&writer, target)?;
    let written = finish(api, &mut writer, call, target, &before, object)?;
    Ok(Answer::Json(200, read::shown(written, &target.kind)))
}

/// `PATCH` of an object.
pub(crate) fn patch(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let format = Format::of(&call.content_type)
        .ok_or_else(|| Failure::unsupported_media_type(&call.content_type))?;
    if format == Format::Apply {
        return apply(api, call, target);
    }
    if format == Format::Strategic && target.kind.origin == Origin::Defined {
        return Err(Failure::unsupported_media_type(
            "application/strategic-merge-patch+json is not for custom resources",
        ));
    }
    let patch = call.object()?;
    let mut writer = api.objects.writer(Weight::Asked);
    let before = existing(&writer, target)?;
    let mut object = read::shown(before.clone(), &target.kind);
    patch::apply(format, &mut object, &patch)
        .map_err(|why| Failure::invalid(&target.kind, &target.name, &[why]))?;
    prune(api, call, target, &mut object)?;
    if patch.pointer("/metadata/resourceVersion").is_none()
        && let Some(Value::Object(meta)) = object.get_mut("metadata")
    {
        meta.shift_remove("resourceVersion");
    }
    let written = finish(api, &mut writer, call, target, &before, object)?;
    Ok(Answer::Json(200, read::shown(written, &target.kind)))
}

/// Server-side apply.
fn apply(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let kind = &target.kind;
    if call.query.get("fieldManager").is_empty() {
        return Err(Failure::bad_request(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required \
             for apply patch",
        ));
    }
    // The body of an apply is YAML, which JSON is too.
    let config: Value = serde_yaml_ng::from_slice(&call.body)
        .map_err(|error| Failure::bad_request(error.to_string()))?;
    let mut config = checked_body(target, config)?;
    prune(api, call, target, &mut config)?;
    let conflicts =
        if call.query.is_set("force") { Conflicts::TakeOver } else { Conflicts::Refuse };
    let manager = manager(api, call, kind, &target.subresource);
    let mut writer = api.objects.writer(Weight::Asked);
    let before = api.objects.get(&target.path(), &target.namespace, &target.name);
    let live = before.clone().unwrap_or_else(|| {
        json!({"apiVersion": config["apiVersion"], "kind": config["kind"],
            "metadata": {"name": config["metadata"]["name"]}})
    });
    let live = read::shown(live, kind);
    let mut merged = ownership::apply(family(kind), &live, &config, &manager, conflicts)
        .map_err(|conflicts| apply_conflict(kind, &target.name, &conflicts))?;
    if kind.is_namespaced() {
        merged["metadata"]["namespace"] = json!(target.namespace);
    }
    let Some(before) = before else {
        let made = create_with(api, &mut writer, call, target, merged)?;
        return Ok(Answer::Json(201, read::shown(made, kind)));
    };
    if let Some(Value::Object(meta)) = merged.get_mut("metadata")
        && config.pointer("/metadata/resourceVersion").is_none()
    {
        meta.shift_remove("resourceVersion");
    }
    let written = finish(api, &mut writer, call, target, &before, merged)?;
    Ok(Answer::Json(200, read::shown(written, kind)))
}

fn apply_conflict(kind: &Kind, name: &str, conflicts: &[ownership::Conflict]) -> Failure {
    let listed: Vec<String> =
        conflicts.iter().map(|c| format!("{}: {}", c.message, c.field)).collect();
    let count = conflicts.len();
    let message = if let [one] = listed.as_slice() {
        format!("Apply failed with 1 conflict: {one}")
    } else {
        format!("Apply failed with {count} conflicts: {}", listed.join(", "))
    };
    let mut failure = Failure::conflict(kind, name, "");
    failure.message = message;
    let causes: Vec<Value> = conflicts
        .iter()
        .map(|c| json!({"reason": "FieldManagerConflict", "message": c.message, "field": c.field}))
        .collect();
    failure.details = Some(json!({"causes": causes}));
    failure
}

/// Writes a changed object, whoever changed it and however.
fn finish(
    api: &Api,
    writer: &mut Writer<'_>,
    call: &Call,
    target: &Target,
    before: &Value,
    mut object: Value,
) -> Result<Value, Failure> {
    let kind = &target.kind;
    let based_on = resource_version(&object);
    if based_on != 0 && based_on != resource_version(before) {
        let why = "the object has been modified; please apply your changes to the latest version \
                   and try again";
        return Err(Failure::conflict(kind, &target.name, why));
    }
    let part = if target.subresource == "status" { Part::Status } else { Part::Main };
    let mut object = match part {
        Part::Main => {
            keep_identity(before, &mut object);
            if kind.has("status") {
                set_or_remove(&mut object, "status", before.get("status"));
            }
            admission::update(api, kind, before, &mut object)?;
            object
        }
        Part::Status => {
            let managed = object["metadata"]["managedFields"].clone();
            let mut whole = before.clone();
            set_or_remove(&mut whole, "status", object.get("status"));
            if managed.is_array() {
                whole["metadata"]["managedFields"] = managed;
            }
            whole
        }
    };
    if part == Part::Main && kind.has_generation() && is_specified_differently(before, &object) {
        let generation = before["metadata"]["generation"].as_i64().unwrap_or(1);
        object["metadata"]["generation"] = json!(generation + 1);
    }
    if Format::of(&call.content_type) != Some(Format::Apply) {
        let mut same = object.clone();
        for field in ["managedFields", "resourceVersion"] {
            set_or_remove(&mut same["metadata"], field, before["metadata"].get(field));
        }
        // A client may clear or rewrite the ownership, as helm does when it changes its method.
        let rewrites = object["metadata"]["managedFields"].is_array()
            && object["metadata"]["managedFields"] != before["metadata"]["managedFields"];
        if !rewrites && same != *before {
            let manager = manager(api, call, kind, &target.subresource);
            ownership::track(family(kind), before, &mut object, &manager);
        }
    }
    object["metadata"]["resourceVersion"] = before["metadata"]["resourceVersion"].clone();
    if call.is_dry_run() {
        return Ok(object);
    }
    let is_released = is_deleting(&object)
        && object["metadata"]["finalizers"].as_array().is_none_or(Vec::is_empty)
        && kind.kind != "Pod";
    if is_released {
        let last = writer.remove(&kind.path(), namespace(&object), name(&object))?;
        return Ok(last.unwrap_or(object));
    }
    refuse_same_times(before, &mut object);
    Ok(writer.replace(&kind.path(), object)?)
}

/// Ownership that only differs in its time is the same: an apply without a change writes nothing.
fn refuse_same_times(before: &Value, object: &mut Value) {
    let timeless = |object: &Value| {
        let mut entries =
            object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        for entry in &mut entries {
            entry.as_object_mut().map(|e| e.shift_remove("time"));
        }
        entries.sort_by_key(ToString::to_string);
        entries
    };
    if timeless(before) == timeless(object) {
        set_or_remove(
            &mut object["metadata"],
            "managedFields",
            before["metadata"].get("managedFields"),
        );
    }
}

/// What the server says about an object, whatever the client sends.
fn keep_identity(before: &Value, object: &mut Value) {
    for field in [
        "name",
        "namespace",
        "uid",
        "creationTimestamp",
        "generation",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "selfLink",
    ] {
        let old = before["metadata"].get(field);
        set_or_remove(&mut object["metadata"], field, old);
    }
    // Setting what is there already keeps the order of the fields.
    if object["metadata"].get("managedFields").is_none() {
        let managed = before["metadata"].get("managedFields");
        set_or_remove(&mut object["metadata"], "managedFields", managed);
    }
}

fn set_or_remove(object: &mut Value, field: &str, value: Option<&Value>) {
    let Some(object) = object.as_object_mut() else { return };
    match value {
        Some(value) => drop(object.insert(field.to_owned(), value.clone())),
        None => drop(object.shift_remove(field)),
    }
}

fn is_specified_differently(before: &Value, after: &Value) -> bool {
    let specified = |object: &Value| {
        let mut object = object.clone();
        if let Some(object) = object.as_object_mut() {
            object.shift_remove("metadata");
            object.shift_remove("status");
        }
        object
    };
    specified(before) != specified(after)
}

fn existing(writer: &Writer<'_>, target: &Target) -> Result<Value, Failure> {
    writer
        .objects()
        .get(&target.path(), &target.namespace, &target.name)
        .ok_or_else(|| Failure::not_found(&target.kind, &target.name))
}

/// A body that is of the kind, in the namespace and under the name that the path names.
fn checked_body(target: &Target, mut object: Value) -> Result<Value, Failure> {
    let kind = &target.kind;
    let (api_version, its_kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
    if !object.is_object()
        || (!its_kind.is_empty() && its_kind != kind.kind)
        || (!api_version.is_empty() && api_version != kind.api_version())
    {
        return Err(Failure::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {api_version} {its_kind}",
            kind.kind
        )));
    }
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
    if kind.is_namespaced() {
        let home = namespace(&object);
        if !home.is_empty() && home != target.namespace {
            return Err(Failure::bad_request(
                "the namespace of the provided object does not match the namespace sent on the \
                 request",
            ));
        }
        object["metadata"]["namespace"] = json!(target.namespace);
    } else if let Some(meta) = object["metadata"].as_object_mut() {
        meta.shift_remove("namespace");
    }
    if !target.name.is_empty() {
        let own_name = name(&object);
        if !own_name.is_empty() && own_name != target.name {
            return Err(Failure::bad_request(format!(
                "the name of the object ({own_name}) does not match the name on the URL ({})",
                target.name
            )));
        }
        object["metadata"]["name"] = json!(target.name);
    }
    Ok(read::shown(object, kind))
}

fn name_it(api: &Api, kind: &Kind, object: &mut Value) -> Result<(), Failure> {
    if !name(object).is_empty() {
        return Ok(());
    }
    let prefix = text(object, "/metadata/generateName");
    if prefix.is_empty() {
        return Err(Failure::invalid(
            kind,
            "",
            &["metadata.name: Required value: name or generateName is required".to_owned()],
        ));
    }
    let lines = *api.world.store.changes().borrow();
    let suffix = api.world.hex(&format!("{prefix}/{lines}"), 5);
    object["metadata"]["name"] = json!(format!("{prefix}{suffix}"));
    Ok(())
}

fn manager(api: &Api, call: &Call, kind: &Kind, subresource: &str) -> Manager {
    Manager {
        name: call.manager(),
        subresource: subresource.to_owned(),
        api_version: kind.api_version(),
        time: moment(api.world.now()),
    }
}

fn family(kind: &Kind) -> Family {
    match kind.origin {
        Origin::Defined => Family::Custom,
        Origin::BuiltIn | Origin::Review => Family::BuiltIn,
    }
}
