//! The External Secrets Operator: stores become ready, external secrets become secrets.
//!
//! Knows two sources: the master password that RDS keeps for a live `aws_db_instance`, and
//! `aws_secretsmanager_secret` with its versions. Of templates it knows `{{ .key }}`.

use std::io;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::super::access;
use super::super::kind::at;
use super::super::value::{
    condition, condition_holds, entries, is_deleting, items, label, name, namespace,
    owner_reference, text, uid,
};
use super::Control;
use super::events::Tone;

const STORES: &str = "external-secrets.io/secretstores";
const CLUSTER_STORES: &str = "external-secrets.io/clustersecretstores";
const EXTERNAL_SECRETS: &str = "external-secrets.io/externalsecrets";

const VALIDATE: Duration = Duration::from_secs(2);
const SYNC: Duration = Duration::from_secs(3);

/// Validates stores and syncs secrets, if the operator runs.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    if !operator_runs(control) {
        return Ok(());
    }
    for path in [STORES, CLUSTER_STORES] {
        for store in control.list(path) {
            if is_deleting(&store)
                || !control.has_taken(&format!("secret-store/{}", uid(&store)), VALIDATE)
            {
                continue;
            }
            let now = control.now.clone();
            let (holds, reason, message) = judge(&store);
            let ready = condition(&store, "Ready", holds, reason, message, &now);
            let status = json!({"capabilities": "ReadWrite", "conditions": [ready]});
            control.set_status(path, &store, status)?;
        }
    }
    for external in control.list(EXTERNAL_SECRETS) {
        if !is_deleting(&external)
            && control.has_taken(&format!("external-secret/{}", uid(&external)), SYNC)
        {
            sync(control, &external)?;
        }
    }
    Ok(())
}

/// The operator itself, not its webhook or its certificate controller.
fn operator_runs(control: &Control<'_>) -> bool {
    control.list(at::DEPLOYMENTS).iter().any(|deployment| {
        let is_part = name(deployment).ends_with("-webhook")
            || name(deployment).ends_with("-cert-controller");
        let is_meant = name(deployment) == "external-secrets"
            || label(deployment, "app.kubernetes.io/name") == Some("external-secrets");
        is_meant && !is_part && deployment["status"]["availableReplicas"].as_i64() > Some(0)
    })
}

fn judge(store: &Value) -> (bool, &'static str, &'static str) {
    let provider = store["spec"]["provider"].as_object();
    match provider.and_then(|provider| provider.iter().next()) {
        Some((kind, settings)) if kind == "aws" => {
            if text(settings, "/region").is_empty() {
                (false, "InvalidProviderConfig", "unable to create client: region is required")
            } else {
                (true, "Valid", "store validated")
            }
        }
        Some(_) => (true, "Valid", "store validated"),
        None => (false, "InvalidStoreConfiguration", "missing provider"),
    }
}

fn sync(control: &mut Control<'_>, external: &Value) -> io::Result<()> {
    let synced = collect(control, external).and_then(|data| target_secret(external, &data));
    let now = control.now.clone();
    let refused = match synced {
        Ok(secret) => write(control, external, secret)?,
        Err(why) => Some(why),
    };
    let (holds, reason, message) = match &refused {
        None => (true, "SecretSynced", "secret synced".to_owned()),
        Some(why) => (false, "SecretSyncedError", why.clone()),
    };
    let ready = condition(external, "Ready", holds, reason, &message, &now);
    let mut status = json!({"conditions": [ready],
        "binding": {"name": target_name(external)}, "refreshTime": external["status"]["refreshTime"]});
    let was_ready = condition_holds(external, "Ready");
    if holds && !was_ready {
        status["refreshTime"] = json!(now);
    }
    if holds {
        let generation = &external["metadata"]["generation"];
        status["syncedResourceVersion"] = json!(format!("{generation}"));
        control.event(external, Tone::Normal, "external-secrets", "Updated", "secret synced")?;
    } else {
        control.event(external, Tone::Warning, "external-secrets", "UpdateFailed", &message)?;
    }
    control.set_status(EXTERNAL_SECRETS, external, status)
}

fn target_name(external: &Value) -> &str {
    match text(external, "/spec/target/name") {
        "" => name(external),
        given => given,
    }
}

/// Everything that an external secret asks its store for.
fn collect(control: &Control<'_>, external: &Value) -> Result<Map<String, Value>, String> {
    let reference = &external["spec"]["secretStoreRef"];
    let store_name = text(reference, "/name");
    let store = if text(reference, "/kind") == "ClusterSecretStore" {
        control.api.objects.get(CLUSTER_STORES, "", store_name)
    } else {
        control.api.objects.get(STORES, namespace(external), store_name)
    };
    let kind = match text(reference, "/kind") {
        "" => "SecretStore",
        kind => kind,
    };
    let store = store.ok_or_else(|| format!("could not get {kind} \"{store_name}\", not found"))?;
    if !condition_holds(&store, "Ready") {
        return Err(format!("{kind} \"{store_name}\" is not ready"));
    }
    let mut data = Map::new();
    for (index, source) in items(external, "/spec/dataFrom").enumerate() {
        let key = text(source, "/extract/key");
        let found = fetch(control, key).map_err(|why| {
            format!("error processing spec.dataFrom[{index}].extract, err: {why}")
        })?;
        for (key, value) in found.as_object().into_iter().flatten() {
            data.insert(key.clone(), json!(plain(value)));
        }
    }
    for (index, item) in items(external, "/spec/data").enumerate() {
        let key = text(item, "/remoteRef/key");
        let fail =
            |why: String| format!("error processing spec.data[{index}] (key: {key}), err: {why}");
        let found = fetch(control, key).map_err(fail)?;
        let value = match text(item, "/remoteRef/property") {
            "" => plain(&found),
            property => found
                .get(property)
                .map(plain)
                .ok_or_else(|| fail(format!("key {property} does not exist in secret {key}")))?,
        };
        data.insert(text(item, "/secretKey").to_owned(), json!(value));
    }
    Ok(data)
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A secret of the account, by name or ARN.
fn fetch(control: &Control<'_>, key: &str) -> Result<Value, String> {
    let world = control.world();
    let is_meant = |arn: &str| {
        let by_name = arn
            .split_once(":secret:")
            .and_then(|(_, name)| name.rsplit_once('-'))
            .is_some_and(|(name, _random)| name == key);
        !arn.is_empty() && (arn == key || by_name)
    };
    for kind in ["aws_db_instance", "aws_rds_cluster"] {
        for database in access::live(world, kind) {
            let arn = text(&database, "/master_user_secret/0/secret_arn");
            if is_meant(arn) {
                let user = match text(&database, "/username") {
                    "" => text(&database, "/master_username"),
                    user => user,
                };
                let password = world.hex(&format!("password/{arn}"), 32);
                return Ok(json!({"username": user, "password": password}));
            }
        }
    }
    for secret in access::live(world, "aws_secretsmanager_secret") {
        let arn = text(&secret, "/arn");
        if !is_meant(arn) && text(&secret, "/name") != key {
            continue;
        }
        let version = access::live(world, "aws_secretsmanager_secret_version")
            .into_iter()
            .find(|version| text(version, "/secret_id") == arn);
        let Some(version) = version else { break };
        let content = text(&version, "/secret_string");
        return Ok(serde_json::from_str(content).unwrap_or_else(|_| json!(content)));
    }
    Err("Secret does not exist".into())
}

fn target_secret(external: &Value, data: &Map<String, Value>) -> Result<Value, String> {
    let template = &external["spec"]["target"]["template"];
    let mut result = data.clone();
    if template["data"].is_object() {
        if text(template, "/mergePolicy") != "Merge" {
            result.clear();
        }
        for (key, written) in entries(template, "/data") {
            result
                .insert(key.clone(), json!(rendered(written.as_str().unwrap_or_default(), data)?));
        }
    }
    let encoded: Map<String, Value> = result
        .into_iter()
        .map(|(key, value)| (key, json!(STANDARD.encode(plain(&value)))))
        .collect();
    let kind = match text(template, "/type") {
        "" => "Opaque",
        kind => kind,
    };
    let mut secret = json!({
        "apiVersion": "v1", "kind": "Secret", "type": kind, "data": encoded,
        "metadata": {"name": target_name(external), "namespace": namespace(external)},
    });
    for field in ["labels", "annotations"] {
        if template["metadata"][field].is_object() {
            secret["metadata"][field] = template["metadata"][field].clone();
        }
    }
    secret["metadata"]["labels"]["reconcile.external-secrets.io/managed"] = json!("true");
    if !matches!(text(external, "/spec/target/creationPolicy"), "Orphan" | "Merge" | "None") {
        secret["metadata"]["ownerReferences"] = json!([owner_reference(external)]);
    }
    if external["spec"]["target"]["immutable"] == true {
        secret["immutable"] = json!(true);
    }
    Ok(secret)
}

/// Replaces `{{ .key }}`; functions behind a pipe are left out.
fn rendered(template: &str, data: &Map<String, Value>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once("{{") {
        let (inside, after) =
            tail.split_once("}}").ok_or("could not apply template: unclosed action")?;
        let key = inside.trim_matches(['-', ' ']).split('|').next().unwrap_or_default().trim();
        let key = key.trim_start_matches('.');
        let value = data.get(key).ok_or_else(|| {
            format!("could not apply template: map has no entry for key \"{key}\"")
        })?;
        out.push_str(before);
        out.push_str(&plain(value));
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// Writes the secret; why it could not be written, if so.
fn write(control: &mut Control<'_>, external: &Value, secret: Value) -> io::Result<Option<String>> {
    let Some(there) = control.api.objects.get(at::SECRETS, namespace(&secret), name(&secret))
    else {
        return Ok(control.create(secret)?.err().map(|failure| failure.message));
    };
    let is_ours = items(&there, "/metadata/ownerReferences").any(|o| o["uid"] == uid(external));
    let wants_to_own = secret["metadata"]["ownerReferences"].is_array();
    if wants_to_own && !is_ours && items(&there, "/metadata/ownerReferences").next().is_some() {
        return Ok(Some("target is owned by another ExternalSecret".into()));
    }
    if there["immutable"] == true {
        return Ok(None);
    }
    control.modify(at::SECRETS, &there, |there| {
        there["data"] = secret["data"].clone();
        if wants_to_own {
            there["metadata"]["ownerReferences"] = secret["metadata"]["ownerReferences"].clone();
        }
    })?;
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_rendered_with_the_fetched_keys_and_nothing_else() {
        let data = json!({"password": "p", "username": "u"});
        let data = data.as_object().unwrap();
        assert_eq!(
            rendered("postgres://{{ .username }}:{{ .password | urlquery }}@h", data).unwrap(),
            "postgres://u:p@h"
        );
        assert!(rendered("{{ .host }}", data).is_err());
    }
}
