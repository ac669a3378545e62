//! Reading: one object, a list of them, in the form that the client wants.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::api::{Answer, Api};
use super::failure::Failure;
use super::kind::Kind;
use super::request::{Call, Target};
use super::selector::Selector;
use super::table;
use super::value::{name, namespace};

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
            Form::Table => table::table(api, &target.kind, &[object], 0),
            Form::MetadataOnly => metadata_only(&object),
        },
    ))
}

/// `GET` of a collection.
pub(crate) fn list(api: &Api, call: &Call, target: &Target) -> Result<Answer, Failure> {
    let selector = selector(call)?;
    // Before the list: whoever watches from here sees a change twice rather than never.
    let revision = api.objects.revision();
    let mut found = collection(api, target, &selector);
    let start = Token::of(call)?;
    if let Some(token) = &start {
        found.retain(|object| place(object) > (token.namespace.as_str(), token.name.as_str()));
    }
    let revision = start.map_or(revision, |token| token.revision);
    let most = call.query.get("limit").parse().unwrap_or(0);
    let mut meta = json!({"resourceVersion": revision.to_string()});
    if most > 0 && found.len() > most {
        meta["remainingItemCount"] = json!(found.len() - most);
        found.truncate(most);
        meta["continue"] = json!(Token::after(found.last(), revision));
        // Of a selection nobody counts what is left.
        let selects =
            ["labelSelector", "fieldSelector"].iter().any(|s| !call.query.get(s).is_empty());
        if selects {
            meta.as_object_mut().map(|meta| meta.shift_remove("remainingItemCount"));
        }
    }
    let objects: Vec<Value> = found.into_iter().map(|object| shown(object, &target.kind)).collect();
    let list = |kind: &str, api_version: &str, items: Vec<Value>| {
        json!({"kind": kind, "apiVersion": api_version,
            "metadata": meta, "items": items})
    };
    Ok(Answer::Json(
        200,
        match Form::wanted(call) {
            Form::Whole => {
                list(&format!("{}List", target.kind.kind), &target.kind.api_version(), objects)
            }
            Form::Table => {
                let mut table = table::table(api, &target.kind, &objects, revision);
                table["metadata"] = meta;
                table
            }
            Form::MetadataOnly => list(
                "PartialObjectMetadataList",
                "meta.k8s.io/v1",
                objects.iter().map(metadata_only).collect(),
            ),
        },
    ))
}

/// Where a list in pieces goes on.
struct Token {
    revision: u64,
    namespace: String,
    name: String,
}

impl Token {
    fn of(call: &Call) -> Result<Option<Self>, Failure> {
        let given = call.query.get("continue");
        if given.is_empty() {
            return Ok(None);
        }
        let invalid = || Failure::bad_request("continue key is not valid: invalid format");
        let bytes = URL_SAFE_NO_PAD.decode(given).map_err(|_not_base64| invalid())?;
        let token: Value = serde_json::from_slice(&bytes).map_err(|_not_json| invalid())?;
        let (namespace, name) =
            token["start"].as_str().and_then(|start| start.split_once('/')).ok_or_else(invalid)?;
        Ok(Some(Self {
            revision: token["rv"].as_u64().ok_or_else(invalid)?,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }))
    }

    fn after(last: Option<&Value>, revision: u64) -> String {
        let (namespace, name) = last.map(place).unwrap_or_default();
        let token =
            json!({"v": "meta.k8s.io/v1", "rv": revision, "start": format!("{namespace}/{name}")});
        URL_SAFE_NO_PAD.encode(token.to_string())
    }
}

/// What lists are in order of.
fn place(object: &Value) -> (&str, &str) {
    (namespace(object), name(object))
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
