//! `OpenAPI` documents: the paths, enough for clients to leave validation to the server.
//!
//! They carry no schemas: clients then send what they have, and `kubectl explain` has nothing to
//! say.

use serde_json::{Map, Value, json};

use super::api::Answer;
use super::discovery;
use super::kind::{self, Kind, Origin};
use super::objects::Objects;
use super::request::Call;

/// The answer, if the path is one of `OpenAPI`.
pub(crate) fn answer(objects: &Objects, call: &Call) -> Option<Answer> {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let value = match parts.as_slice() {
        ["openapi", "v3"] => index(objects),
        ["openapi", "v3", "api", version] => document(objects, "", version)?,
        ["openapi", "v3", "apis", group, version] => document(objects, group, version)?,
        // Clients that want version 2 want it in protobuf; without it they go on with version 3.
        ["openapi", "v2"] if !call.accept.contains("protobuf") => json!({
            "swagger": "2.0", "info": {"title": "Kubernetes", "version": "v1"},
            "paths": {}, "definitions": {},
        }),
        _ => return None,
    };
    Some(Answer::Json(200, value))
}

fn index(objects: &Objects) -> Value {
    let mut paths = Map::new();
    for (group, versions) in discovery::groups(&kind::all(objects)) {
        for version in versions {
            let path = root(&group, &version);
            let address = format!("/openapi/v3/{path}?hash={version}");
            paths.insert(path, json!({"serverRelativeURL": address}));
        }
    }
    json!({"paths": paths})
}

fn root(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

fn document(objects: &Objects, group: &str, version: &str) -> Option<Value> {
    let kinds = kind::all(objects);
    let mut paths = Map::new();
    for kind in kinds
        .iter()
        .filter(|k| k.group == group && k.version == version && k.origin != Origin::Review)
    {
        let scope = if kind.is_namespaced() { "/namespaces/{namespace}" } else { "" };
        let collection = format!("/{}{scope}/{}", root(group, version), kind.plural);
        let operation = operation(kind);
        paths.insert(
            format!("{collection}/{{name}}"),
            json!({
                "get": operation, "patch": operation, "put": operation, "delete": operation,
            }),
        );
        paths.insert(collection, json!({"get": operation, "post": operation}));
    }
    (!paths.is_empty()).then(|| {
        json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1"},
            "paths": paths, "components": {"schemas": {}}})
    })
}

/// Clients look for `fieldValidation` to know that the server validates.
fn operation(kind: &Kind) -> Value {
    let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
    json!({
        "x-kubernetes-group-version-kind":
            {"group": kind.group, "version": kind.version, "kind": kind.kind},
        "parameters": [parameter("dryRun"), parameter("fieldValidation")],
        "responses": {"200": {"description": "OK"}},
    })
}
