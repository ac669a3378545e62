//! What exists in the cluster, equal for equal worlds.
//!
//! Releases by name, chart, digest of their values and status; objects by kind, namespace and
//! name. What the cluster makes up by itself (pods, replica sets, endpoints, events, leases,
//! volumes) and what only says how often something was done (release revisions) is left out;
//! nodes are counted by group.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::read::GzDecoder;
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use super::controllers::GROUP_LABEL;
use super::kind::at;
use super::objects::TABLE;
use super::value::{is_deleting, label, name, namespace, text};
use crate::rehearsal::Store;

/// A release unpacks to at most this much.
const LARGEST_RELEASE: u64 = 64 << 20;

/// Paths whose objects come and go by themselves.
const MADE_BY_THE_CLUSTER: &[&str] = &[
    at::PODS,
    at::REPLICA_SETS,
    at::ENDPOINTS,
    at::ENDPOINT_SLICES,
    at::EVENTS,
    at::VOLUMES,
    at::NODES,
    "coordination.k8s.io/leases",
    "apps/controllerrevisions",
];

/// Releases, objects and node counts, sorted.
pub fn inventory(store: &Store) -> Value {
    let mut releases: BTreeMap<String, (u64, Value)> = BTreeMap::new();
    let mut objects: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut nodes: BTreeMap<String, u64> = BTreeMap::new();
    store.with_table(TABLE, |table| {
        for (key, object) in table {
            let path = path_of(key);
            if path == at::NODES {
                *nodes.entry(label(object, GROUP_LABEL).unwrap_or("").to_owned()).or_default() += 1;
            }
            if text(object, "/type") == "helm.sh/release.v1" {
                add_release(&mut releases, object);
            } else if !MADE_BY_THE_CLUSTER.contains(&path) && !is_deleting(object) {
                let identity = match namespace(object) {
                    "" => name(object).to_owned(),
                    home => format!("{home}/{}", name(object)),
                };
                objects.entry(path.to_owned()).or_default().push(identity);
            }
        }
    });
    let releases: Vec<Value> = releases.into_values().map(|(_, release)| release).collect();
    json!({"releases": releases, "objects": objects, "nodes": nodes})
}

fn path_of(key: &str) -> &str {
    key.match_indices('/').nth(1).map_or(key, |(at, _)| &key[..at])
}

/// Keeps the newest revision of each release.
fn add_release(releases: &mut BTreeMap<String, (u64, Value)>, secret: &Value) {
    let release = decode(text(secret, "/data/release")).unwrap_or_else(|| {
        // Not readable: what the labels say is still true.
        json!({"name": label(secret, "name"), "namespace": namespace(secret),
            "info": {"status": label(secret, "status")},
            "version": label(secret, "version").and_then(|v| v.parse::<u64>().ok())})
    });
    let revision = release["version"].as_u64().unwrap_or(0);
    let key = format!("{}/{}", namespace(secret), text(&release, "/name"));
    let chart = &release["chart"]["metadata"];
    let entry = json!({
        "name": release["name"], "namespace": namespace(secret),
        "chart": format!("{}-{}", text(chart, "/name"), text(chart, "/version")),
        "values": digest(&release["config"]), "status": release["info"]["status"],
    });
    if releases.get(&key).is_none_or(|(newest, _)| *newest < revision) {
        releases.insert(key, (revision, entry));
    }
}

/// helm keeps a release as gzip in base64, and the API keeps that in base64 again.
fn decode(data: &str) -> Option<Value> {
    let once = STANDARD.decode(data).ok()?;
    let packed = STANDARD.decode(once).ok()?;
    let mut unpacked = Vec::new();
    GzDecoder::new(packed.as_slice()).take(LARGEST_RELEASE).read_to_end(&mut unpacked).ok()?;
    serde_json::from_slice(&unpacked).ok()
}

/// A digest that does not depend on the order of keys; no values are the same as empty ones.
fn digest(values: &Value) -> String {
    let values = if values.is_null() { json!({}) } else { sorted(values) };
    format!("sha256:{}", hex::encode(Sha256::digest(values.to_string())))
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let ordered: BTreeMap<&String, Value> =
                map.iter().map(|(k, v)| (k, sorted(v))).collect();
            Value::Object(ordered.into_iter().map(|(k, v)| (k.clone(), v)).collect::<Map<_, _>>())
        }
        Value::Array(list) => list.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_of_values_does_not_depend_on_their_order() {
        assert_eq!(
            digest(&json!({"a": {"x": 1, "y": 2}, "b": 1})),
            digest(&json!({"b": 1, "a": {"y": 2, "x": 1}}))
        );
        assert_eq!(digest(&Value::Null), digest(&json!({})));
        assert_ne!(digest(&json!({"a": [1, 2]})), digest(&json!({"a": [2, 1]})));
    }
}
