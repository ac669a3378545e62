//! Discovery: which groups, versions and kinds are served, the version, the health endpoints.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::access::Cluster;
use super::api::{Answer, Api};
use super::kind::{self, Kind, Origin};
use super::request::Call;

/// The media type of the aggregated form, which new clients ask for first.
pub(crate) const AGGREGATED: &str =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

const VERBS: [&str; 8] =
    ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

/// The answer, if the path is one of discovery.
pub(crate) fn answer(api: &Api, call: &Call, cluster: &Cluster) -> Option<Answer> {
    let parts: Vec<&str> = call.segments.iter().map(String::as_str).collect();
    let kinds = || kind::all(&api.objects);
    let aggregated = call.accept.contains("as=APIGroupDiscoveryList");
    let value = match parts.as_slice() {
        [] => json!({"paths": ["/api", "/apis", "/healthz", "/livez", "/openapi/v2",
            "/openapi/v3", "/readyz", "/version"]}),
        ["version"] => version(cluster),
        ["healthz" | "readyz" | "livez", ..] => return Some(Answer::Text("ok".into())),
        ["api"] if aggregated => aggregate(&kinds(), str::is_empty),
        ["apis"] if aggregated => aggregate(&kinds(), |group| !group.is_empty()),
        ["api"] => json!({"kind": "APIVersions", "versions": ["v1"],
            "serverAddressByClientCIDRs": []}),
        ["apis"] => {
            let kinds = kinds();
            let groups: Vec<Value> = groups(&kinds)
                .into_iter()
                .filter(|(group, _)| !group.is_empty())
                .map(|(group, versions)| self::group(&group, &versions))
                .collect();
            json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})
        }
        ["apis", name] => {
            let versions = groups(&kinds()).remove(*name)?;
            let mut group = group(name, &versions);
            group["kind"] = json!("APIGroup");
            group["apiVersion"] = json!("v1");
            group
        }
        ["api", version] => resources(&kinds(), "", version)?,
        ["apis", group, version] => resources(&kinds(), group, version)?,
        _ => return None,
    };
    Some(Answer::Json(200, value))
}

fn version(cluster: &Cluster) -> Value {
    let (major, minor) = cluster.version.split_once('.').unwrap_or(("1", "35"));
    json!({
        "major": major, "minor": minor, "gitVersion": format!("v{major}.{minor}.2-eks-3c60543"),
        "gitCommit": "3c60543b1a2f2b1d6f6a8a5b7f3c51a9f2c1d0e4", "gitTreeState": "clean",
        "buildDate": "2026-01-15T00:00:00Z", "goVersion": "go1.25.5", "compiler": "gc",
        "platform": "linux/amd64",
    })
}

/// Each group with its versions, the preferred one first.
pub(crate) fn groups(kinds: &[Arc<Kind>]) -> BTreeMap<String, Vec<String>> {
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for kind in kinds {
        let versions = groups.entry(kind.group.clone()).or_default();
        if !versions.contains(&kind.version) {
            versions.push(kind.version.clone());
        }
    }
    groups
}

fn group(name: &str, versions: &[String]) -> Value {
    let versions: Vec<Value> = versions
        .iter()
        .map(|v| json!({"groupVersion": format!("{name}/{v}"), "version": v}))
        .collect();
    json!({"name": name, "versions": versions, "preferredVersion": versions[0]})
}

fn resources(kinds: &[Arc<Kind>], group: &str, version: &str) -> Option<Value> {
    let mut resources = Vec::new();
    for kind in kinds.iter().filter(|k| k.group == group && k.version == version) {
        let mut resource = json!({
            "name": kind.plural, "singularName": kind.singular,
            "namespaced": kind.is_namespaced(), "kind": kind.kind, "verbs": verbs(kind),
        });
        if !kind.short.is_empty() {
            resource["shortNames"] = json!(kind.short);
        }
        if !kind.categories.is_empty() {
            resource["categories"] = json!(kind.categories);
        }
        resources.push(resource);
        for subresource in &kind.subresources {
            let (answer, verbs) = described(kind, subresource);
            resources.push(json!({
                "name": format!("{}/{subresource}", kind.plural), "singularName": "",
                "namespaced": kind.is_namespaced(), "kind": answer, "verbs": verbs,
            }));
        }
    }
    let group_version =
        if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
    (!resources.is_empty()).then(|| {
        json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": group_version,
            "resources": resources})
    })
}

fn verbs(kind: &Kind) -> &'static [&'static str] {
    match kind.origin {
        Origin::Review => &VERBS[..1],
        Origin::BuiltIn | Origin::Defined => &VERBS,
    }
}

/// The kind that a subresource answers with, and what can be done with it.
fn described(kind: &Kind, subresource: &str) -> (String, &'static [&'static str]) {
    match subresource {
        "scale" => ("Scale".into(), &["get", "patch", "update"]),
        "eviction" => ("Eviction".into(), &["create"]),
        "binding" => ("Binding".into(), &["create"]),
        "token" => ("TokenRequest".into(), &["create"]),
        "log" => (kind.kind.clone(), &["get"]),
        "proxy" => ("ServiceProxyOptions".into(), &["create", "get", "update"]),
        "finalize" => (kind.kind.clone(), &["update"]),
        _ => (kind.kind.clone(), &["get", "patch", "update"]),
    }
}

fn aggregate(kinds: &[Arc<Kind>], wanted: impl Fn(&str) -> bool) -> Value {
    let items: Vec<Value> = groups(kinds)
        .into_iter()
        .filter(|(group, _)| wanted(group))
        .map(|(group, versions)| {
            let versions: Vec<Value> = versions
                .iter()
                .map(|version| {
                    let resources: Vec<Value> = kinds
                        .iter()
                        .filter(|k| k.group == group && k.version == *version)
                        .map(|kind| aggregated(kind))
                        .collect();
                    json!({"version": version, "freshness": "Current", "resources": resources})
                })
                .collect();
            json!({"metadata": {"name": group}, "versions": versions})
        })
        .collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {}, "items": items})
}

fn aggregated(kind: &Kind) -> Value {
    let response = json!({"group": kind.group, "version": kind.version, "kind": kind.kind});
    let subresources: Vec<Value> = kind
        .subresources
        .iter()
        .map(|subresource| {
            let (answer, verbs) = described(kind, subresource);
            json!({"subresource": subresource, "verbs": verbs,
                "responseKind": {"group": kind.group, "version": kind.version, "kind": answer}})
        })
        .collect();
    json!({
        "resource": kind.plural, "responseKind": response,
        "scope": if kind.is_namespaced() { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular, "verbs": verbs(kind), "shortNames": kind.short,
        "categories": kind.categories, "subresources": subresources,
    })
}
