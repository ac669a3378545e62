//! `OpenAPI` documents: the paths, enough for clients to leave validation to the server.
//!
//! Of custom resources they carry the schemas of their definitions. Of built-in kinds they carry
//! none: clients then send what they have, and `kubectl explain` has nothing to say.

use serde_json::{Map, Value, json};

use super::api::Answer;
use super::discovery;
use super::kind::{self, Kind, Origin};
use super::objects::Objects;
use super::request::Call;
use super::value::{items, text};

const V2_PROTOBUF: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";
/// A document with its version, its title, and nothing else.
const EMPTY_V2: &[u8] = b"\x0a\x032.0\x12\x10\x0a\x0aKubernetes\x12\x02v1\x42\x00\x4a\x00";

/// The answer, if the path is one of `OpenAPI`.
pub(crate) fn answer(objects: &Objects, call: &Call) -> Option<Answer> {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let value = match parts.as_slice() {
        ["openapi", "v3"] => index(objects),
        ["openapi", "v3", "api", version] => document(objects, "", version)?,
        ["openapi", "v3", "apis", group, version] => document(objects, group, version)?,
        // Clients look here for what version 3 does not have, such as lists, and then do without.
        ["openapi", "v2"] if call.accept.contains("protobuf") => {
            return Some(Answer::Bytes(V2_PROTOBUF, EMPTY_V2.to_vec()));
        }
        ["openapi", "v2"] => json!({
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
            "paths": paths, "components": {"schemas": schemas(objects, group, version)}})
    })
}

/// The schemas of the custom resources of a group, under names as the real server makes them.
fn schemas(objects: &Objects, group: &str, version: &str) -> Map<String, Value> {
    let mut schemas = Map::new();
    let definitions = objects.list(kind::at::DEFINITIONS);
    for definition in definitions.iter().filter(|d| d["spec"]["group"] == group) {
        let versions = items(definition, "/spec/versions").filter(|v| v["name"] == version);
        for schema in versions.map(|v| &v["schema"]["openAPIV3Schema"]).filter(|s| s.is_object()) {
            let kind = text(definition, "/spec/names/kind");
            let mut schema = schema.clone();
            for (field, about) in [
                ("apiVersion", "APIVersion defines the versioned schema of this representation."),
                ("kind", "Kind is a string value representing the REST resource."),
            ] {
                schema["properties"][field] = json!({"type": "string", "description": about});
            }
            schema["properties"]["metadata"] =
                json!({"type": "object", "description": "Standard object's metadata."});
            schema["x-kubernetes-group-version-kind"] =
                json!([{"group": group, "version": version, "kind": kind}]);
            let reversed: Vec<&str> = group.rsplit('.').collect();
            schemas.insert(format!("{}.{version}.{kind}", reversed.join(".")), schema);
        }
    }
    schemas
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
