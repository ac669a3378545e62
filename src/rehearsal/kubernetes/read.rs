//! Reading: one object, a list of them, in the form that the client wants.

use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::failure::Failure;
use super::kind::Kind;
use super::request::{Call, Target};
use super::selector::Selector;
use super::table;

/// The form that a client wants objects in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Whole,
    /// Rows for people.
    Table,
    MetadataOnly,
}

impl Form {
    /// What `Accept` asks for.
    pub(crate) fn wanted(call: &Call) -> Self {
        // Clients name alternatives in order; the first one counts.
        let first = call.accept.split(',').next().unwrap_or_default();
        if first.contains("as=Table") {
            Self::Table
        } else if first.contains("as=PartialObjectMetadata") {
            Self::MetadataOnly
        } else {
            Self::Whole
        }
    }
}

/// `GET` of one object.
pub(crate) fn one(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let object = api
        .objects
        .get(&target.path(), &target.namespace, &target.name)
        .ok_or_else(|| Failure::not_found(&target.kind, &target.name))?;
    let object = shown(object, &target.kind);
    Ok(Answer::Json(
        200,
        match Form::wanted(call) {
            Form::Whole => object,
            Form::Table => table::table(&api.world, &target.kind, &[object], 0),
            Form::MetadataOnly => metadata_only(&object),
        },
    ))
}

/// `GET` of a collection.
pub(crate) fn list(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let selector = selector(call)?;
    // Before the list: whoever watches from here sees a change twice rather than never.
    let revision = api.objects.revision();
    let objects: Vec<Value> = collection(api, target, &selector)
        .into_iter()
        .map(|object| shown(object, &target.kind))
        .collect();
    let list = |kind: &str, api_version: &str, items: Vec<Value>| {
        json!({"kind": kind, "apiVersion": api_version,
            "metadata": {"resourceVersion": revision.to_string()}, "items": items})
    };
    Ok(Answer::Json(
        200,
        match Form::wanted(call) {
            Form::Whole => {
                list(&format!("{}List", target.kind.kind), &target.kind.api_version(), objects)
            }
            Form::Table => table::table(&api.world, &target.kind, &objects, revision),
            Form::MetadataOnly => list(
                "PartialObjectMetadataList",
                "meta.k8s.io/v1",
                objects.iter().map(metadata_only).collect(),
            ),
        },
    ))
}

/// The stored objects of a collection that a selector selects.
pub(crate) fn collection(api: &Api, target: &Target, selector: &Selector) -> Vec<Value> {
    let prefix = if target.namespace.is_empty() {
        format!("{}/", target.path())
    } else {
        format!("{}/{}/", target.path(), target.namespace)
    };
    api.objects.select(&prefix, |object| selector.matches(object))
}

/// The selectors of a request.
pub(crate) fn selector(call: &Call) -> Result<Selector, Failure> {
    Selector::parse(call.query.get("labelSelector"), call.query.get("fieldSelector"))
        .map_err(Failure::bad_request)
}

/// An object in the version that was asked for.
pub(crate) fn shown(mut object: Value, kind: &Kind) -> Value {
    object["apiVersion"] = json!(kind.api_version());
    object["kind"] = json!(kind.kind);
    object
}

/// An object without what is not metadata.
pub(crate) fn metadata_only(object: &Value) -> Value {
    json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"]})
}
