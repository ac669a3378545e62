//! Webhooks: a configuration that must not fail refuses what it reviews until its service
//! answers. A webhook that answers allows, and changes nothing.

use serde_json::Value;

use super::super::api::Api;
use super::super::failure::Failure;
use super::super::kind::{Kind, at};
use super::super::selector::label_selector_matches;
use super::super::value::{items, namespace, text};
use super::Operation;

/// Asks every webhook that wants to be asked about an object.
pub(crate) fn review(
    api: &Api,
    kind: &Kind,
    operation: Operation,
    object: &Value,
) -> Result<(), Failure> {
    // Nobody can lock himself out of the configuration of the webhooks.
    if kind.group == "admissionregistration.k8s.io" {
        return Ok(());
    }
    for path in [at::MUTATING_WEBHOOKS, at::VALIDATING_WEBHOOKS] {
        for configuration in api.objects.list(path) {
            for hook in items(&configuration, "/webhooks") {
                if text(hook, "/failurePolicy") == "Fail"
                    && wants(api, hook, kind, operation, object)
                {
                    is_answered(api, hook)?;
                }
            }
        }
    }
    Ok(())
}

fn wants(api: &Api, hook: &Value, kind: &Kind, operation: Operation, object: &Value) -> bool {
    let operation = match operation {
        Operation::Create => "CREATE",
        Operation::Update => "UPDATE",
        Operation::Delete => "DELETE",
    };
    let has = |rule: &Value, field: &str, wanted: &str| {
        items(rule, field).any(|entry| entry == "*" || entry == wanted)
    };
    let is_ruled = items(hook, "/rules").any(|rule| {
        let scope = text(rule, "/scope");
        has(rule, "/operations", operation)
            && has(rule, "/apiGroups", &kind.group)
            && has(rule, "/apiVersions", &kind.version)
            && (has(rule, "/resources", &kind.plural)
                || items(rule, "/resources").any(|entry| entry == "*/*"))
            && (scope.is_empty() || scope == "*" || (scope == "Namespaced") == kind.is_namespaced())
    });
    is_ruled
        && label_selector_matches(&hook["objectSelector"], object)
        && is_in_a_selected_namespace(api, hook, kind, object)
}

fn is_in_a_selected_namespace(api: &Api, hook: &Value, kind: &Kind, object: &Value) -> bool {
    let selector = &hook["namespaceSelector"];
    if kind.kind == "Namespace" && kind.group.is_empty() {
        return label_selector_matches(selector, object);
    }
    if !kind.is_namespaced() {
        return true;
    }
    api.objects
        .get(at::NAMESPACES, "", namespace(object))
        .is_some_and(|home| label_selector_matches(selector, &home))
}

fn is_answered(api: &Api, hook: &Value) -> Result<(), Failure> {
    let service = &hook["clientConfig"]["service"];
    if !service.is_object() {
        return Ok(());
    }
    let (home, name) = (text(service, "/namespace"), text(service, "/name"));
    let why = if !api.objects.has(at::SERVICES, home, name) {
        format!("service \"{name}\" not found")
    } else if has_endpoints(api, home, name) {
        return Ok(());
    } else {
        format!("no endpoints available for service \"{name}\"")
    };
    let port = service["port"].as_i64().unwrap_or(443);
    let path = text(service, "/path");
    let seconds = hook["timeoutSeconds"].as_i64().unwrap_or(10);
    Err(Failure::internal(format!(
        "failed calling webhook \"{}\": failed to call webhook: Post \
         \"https://{name}.{home}.svc:{port}{path}?timeout={seconds}s\": {why}",
        text(hook, "/name")
    )))
}

/// Whether a service has a ready pod behind it.
pub(crate) fn has_endpoints(api: &Api, namespace: &str, service: &str) -> bool {
    api.objects
        .get(at::ENDPOINTS, namespace, service)
        .is_some_and(|e| items(&e, "/subsets").any(|s| items(s, "/addresses").next().is_some()))
}
