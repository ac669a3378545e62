//! Admission: what may be written, and what the API fills in before it is.
//!
//! In order, as in the real server: the namespace and the name, defaults, fields that must not
//! change, webhooks, quota. Does not write; start at [`create`], [`update`], [`delete`].

mod defaults;
mod immutable;
mod limits;
mod quota;
mod schema;
mod shape;
mod webhook;

pub(crate) use quota::used_of;
pub(crate) use schema::prune;
pub(crate) use webhook::has_endpoints;

use serde_json::{Value, json};

use super::api::Api;
use super::failure::Failure;
use super::kind::{Kind, at};
use super::value::{entries, items, name, namespace, text};

/// What is done to an object, as webhooks call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Create,
    Update,
    Delete,
}

/// Admits a new object, whose namespace is set where its kind has one, and completes it.
pub(crate) fn create(api: &Api, kind: &Kind, object: &mut Value) -> Result<(), Failure> {
    shape::is_right(kind, object)?;
    namespace_takes_more(api, kind, object)?;
    name_is_valid(kind, object)?;
    defaults::fill(api, kind, object);
    is_consistent(kind, object)?;
    schema::complete(api, kind, object)?;
    if kind.kind == "Pod" && kind.group.is_empty() {
        service_account_exists(api, kind, object)?;
        limits::prioritise(api, kind, object)?;
    }
    limits::apply(api, kind, object)?;
    webhook::review(api, kind, Operation::Create, object)?;
    quota::allows(api, kind, object)
}

/// Admits a changed object and completes it.
pub(crate) fn update(
    api: &Api,
    kind: &Kind,
    before: &Value,
    object: &mut Value,
) -> Result<(), Failure> {
    shape::is_right(kind, object)?;
    defaults::fill(api, kind, object);
    immutable::unchanged(kind, before, object)?;
    is_consistent(kind, object)?;
    schema::complete(api, kind, object)?;
    webhook::review(api, kind, Operation::Update, object)
}

/// Admits that an object goes.
pub(crate) fn delete(api: &Api, kind: &Kind, object: &Value) -> Result<(), Failure> {
    let is_lasting = matches!(name(object), "default" | "kube-system" | "kube-public");
    if kind.kind == "Namespace" && kind.group.is_empty() && is_lasting {
        return Err(Failure::forbidden(kind, name(object), "this namespace may not be deleted"));
    }
    webhook::review(api, kind, Operation::Delete, object)
}

fn namespace_takes_more(api: &Api, kind: &Kind, object: &Value) -> Result<(), Failure> {
    if !kind.is_namespaced() {
        return Ok(());
    }
    let home = namespace(object);
    let Some(found) = api.objects.get(at::NAMESPACES, "", home) else {
        let namespaces =
            super::kind::built_in_of(&json!({"apiVersion": "v1", "kind": "Namespace"}))
                .ok_or_else(Failure::no_such_resource)?;
        return Err(Failure::not_found(&namespaces, home));
    };
    if text(&found, "/status/phase") == "Terminating" {
        let why = format!(
            "unable to create new content in namespace {home} because it is being terminated"
        );
        return Err(Failure::forbidden(kind, name(object), &why));
    }
    Ok(())
}

/// RFC 1123 subdomains, and what RBAC allows beyond them.
fn name_is_valid(kind: &Kind, object: &Value) -> Result<(), Failure> {
    let name = name(object);
    let wrong = |why: &str| {
        Err(Failure::invalid(
            kind,
            name,
            &[format!("metadata.name: Invalid value: \"{name}\": {why}")],
        ))
    };
    if kind.group == "rbac.authorization.k8s.io" {
        return if name.contains(['/', '%']) {
            wrong("may not contain '/' or '%'")
        } else {
            Ok(())
        };
    }
    let is_inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_edge = |part: &str| {
        part.starts_with(|c: char| is_inner(c) && c != '-')
            && part.ends_with(|c: char| is_inner(c) && c != '-')
    };
    let parts_are_good = name.split('.').all(|part| is_edge(part) && part.chars().all(is_inner));
    let longest = match kind.kind.as_str() {
        "Namespace" | "Service" => 63,
        _ => 253,
    };
    if name.len() > longest {
        return wrong(&format!("must be no more than {longest} characters"));
    }
    if parts_are_good && !(longest == 63 && name.contains('.')) {
        return Ok(());
    }
    wrong(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' \
         or '.', and must start and end with an alphanumeric character",
    )
}

/// What must fit together inside one object.
fn is_consistent(kind: &Kind, object: &Value) -> Result<(), Failure> {
    let mut causes = Vec::new();
    if kind.group == "apps" && kind.kind != "ControllerRevision" {
        if !object["spec"]["selector"].is_object() {
            causes.push("spec.selector: Required value".to_owned());
        } else if !super::selector::label_selector_matches(
            &object["spec"]["selector"],
            &object["spec"]["template"],
        ) {
            let labels = &object["spec"]["template"]["metadata"]["labels"];
            causes.push(format!(
                "spec.template.metadata.labels: Invalid value: {labels}: `selector` does not match \
                 template `labels`"
            ));
        }
    }
    if let Some((pointer, spec)) = pod_spec(kind, object) {
        check_pod_spec(pointer, spec, &mut causes);
    }
    if kind.kind == "Secret" && kind.group.is_empty() {
        for (key, value) in entries(object, "/data") {
            if value.as_str().is_none_or(|text| !is_base64(text)) {
                causes.push(format!("data[{key}]: Invalid value: illegal base64 data"));
            }
        }
    }
    if kind.kind == "CustomResourceDefinition" {
        let (plural, group) = (text(object, "/spec/names/plural"), text(object, "/spec/group"));
        if name(object) != format!("{plural}.{group}") {
            causes.push(format!(
                "metadata.name: Invalid value: \"{}\": must be spec.names.plural+\".\"+spec.group",
                name(object)
            ));
        }
    }
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name(object), &causes)) }
}

/// The pod specification inside an object, and where it is.
pub(crate) fn pod_spec<'a>(kind: &Kind, object: &'a Value) -> Option<(&'static str, &'a Value)> {
    let (written, pointer) = match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Pod") => ("spec", "/spec"),
        ("apps", "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") | ("batch", "Job") => {
            ("spec.template.spec", "/spec/template/spec")
        }
        ("batch", "CronJob") => {
            ("spec.jobTemplate.spec.template.spec", "/spec/jobTemplate/spec/template/spec")
        }
        _ => return None,
    };
    Some((written, object.pointer(pointer)?))
}

fn check_pod_spec(at: &str, spec: &Value, causes: &mut Vec<String>) {
    if items(spec, "/containers").next().is_none() {
        causes.push(format!("{at}.containers: Required value"));
    }
    let volumes: Vec<&str> = items(spec, "/volumes").map(|v| text(v, "/name")).collect();
    for field in ["initContainers", "containers"] {
        let mut seen = Vec::new();
        for (index, container) in items(spec, &format!("/{field}")).enumerate() {
            let at = format!("{at}.{field}[{index}]");
            let name = text(container, "/name");
            if name.is_empty() {
                causes.push(format!("{at}.name: Required value"));
            } else if seen.contains(&name) {
                causes.push(format!("{at}.name: Duplicate value: \"{name}\""));
            }
            seen.push(name);
            if text(container, "/image").is_empty() {
                causes.push(format!("{at}.image: Required value"));
            }
            for (number, mount) in items(container, "/volumeMounts").enumerate() {
                let volume = text(mount, "/name");
                // Claims of a stateful set become volumes of its pods later.
                let is_template = at.starts_with("spec.template.");
                if !volumes.contains(&volume) && !is_template {
                    causes
                        .push(format!("{at}.volumeMounts[{number}].name: Not found: \"{volume}\""));
                }
            }
        }
    }
}

fn is_base64(text: &str) -> bool {
    text.len().is_multiple_of(4)
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b))
}

fn service_account_exists(api: &Api, kind: &Kind, pod: &Value) -> Result<(), Failure> {
    let account = match text(pod, "/spec/serviceAccountName") {
        "" => "default",
        account => account,
    };
    let home = namespace(pod);
    if api.objects.has(at::SERVICE_ACCOUNTS, home, account) {
        return Ok(());
    }
    let why = format!(
        "error looking up service account {home}/{account}: serviceaccount \"{account}\" not found"
    );
    Err(Failure::forbidden(kind, name(pod), &why))
}
