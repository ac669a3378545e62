//! The values that the API fills in where a client says nothing.
//!
//! Idempotent, so that writing back what was read changes nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::api::Api;
use super::super::kind::{Kind, at};
use super::super::value::{annotation, default_at, object_at, text, uid};

/// Fills in what is missing.
pub(crate) fn fill(api: &Api, kind: &Kind, object: &mut Value) {
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Namespace") => namespace(object),
        ("", "Pod") => pod(object, "/spec", "Always"),
        ("", "Secret") => secret(object),
        ("", "Service") => service(api, object),
        ("", "PersistentVolumeClaim") => claim(api, object),
        ("apps", "Deployment") => deployment(object),
        ("apps", "ReplicaSet") => {
            default_at(object, "/spec", "replicas", json!(1));
            pod(object, "/spec/template/spec", "Always");
        }
        ("apps", "StatefulSet") => stateful_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("batch", "Job") => job(object),
        ("batch", "CronJob") => {
            default_at(object, "/spec", "suspend", json!(false));
            default_at(object, "/spec", "concurrencyPolicy", json!("Allow"));
            pod(object, "/spec/jobTemplate/spec/template/spec", "Never");
        }
        ("storage.k8s.io", "StorageClass") => storage_class(object),
        (_, "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration") => {
            webhooks(object);
        }
        _ => {}
    }
}

fn namespace(object: &mut Value) {
    let own_name = json!(text(object, "/metadata/name"));
    object_at(object, "spec").entry("finalizers").or_insert(json!(["kubernetes"]));
    object_at(object, "status").entry("phase").or_insert(json!("Active"));
    object_at(&mut object["metadata"], "labels")
        .insert("kubernetes.io/metadata.name".into(), own_name);
}

fn secret(object: &mut Value) {
    default_at(object, "", "type", json!("Opaque"));
    let Some(Value::Object(texts)) =
        object.as_object_mut().and_then(|o| o.shift_remove("stringData"))
    else {
        return;
    };
    for (key, value) in texts {
        let encoded = STANDARD.encode(value.as_str().unwrap_or_default());
        object_at(object, "data").insert(key, json!(encoded));
    }
}

fn deployment(object: &mut Value) {
    default_at(object, "/spec", "replicas", json!(1));
    default_at(object, "/spec", "revisionHistoryLimit", json!(10));
    default_at(object, "/spec", "progressDeadlineSeconds", json!(600));
    default_at(object, "/spec", "strategy", json!({"type": "RollingUpdate"}));
    default_at(object, "/spec/strategy", "type", json!("RollingUpdate"));
    if text(object, "/spec/strategy/type") == "RollingUpdate" {
        default_at(object, "/spec/strategy", "rollingUpdate", json!({}));
        default_at(object, "/spec/strategy/rollingUpdate", "maxUnavailable", json!("25%"));
        default_at(object, "/spec/strategy/rollingUpdate", "maxSurge", json!("25%"));
    }
    pod(object, "/spec/template/spec", "Always");
}

fn stateful_set(object: &mut Value) {
    default_at(object, "/spec", "replicas", json!(1));
    default_at(object, "/spec", "podManagementPolicy", json!("OrderedReady"));
    default_at(object, "/spec", "revisionHistoryLimit", json!(10));
    default_at(
        object,
        "/spec",
        "updateStrategy",
        json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 0}}),
    );
    pod(object, "/spec/template/spec", "Always");
    if let Some(Value::Array(templates)) = object.pointer_mut("/spec/volumeClaimTemplates") {
        for template in templates {
            default_at(template, "/spec", "volumeMode", json!("Filesystem"));
            default_at(template, "", "apiVersion", json!("v1"));
            default_at(template, "", "kind", json!("PersistentVolumeClaim"));
        }
    }
}

fn daemon_set(object: &mut Value) {
    default_at(object, "/spec", "revisionHistoryLimit", json!(10));
    default_at(
        object,
        "/spec",
        "updateStrategy",
        json!({"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0}}),
    );
    pod(object, "/spec/template/spec", "Always");
}

fn job(object: &mut Value) {
    for (key, value) in [("parallelism", 1), ("completions", 1), ("backoffLimit", 6)] {
        default_at(object, "/spec", key, json!(value));
    }
    default_at(object, "/spec", "suspend", json!(false));
    default_at(object, "/spec", "completionMode", json!("NonIndexed"));
    pod(object, "/spec/template/spec", "Never");
    let uid = uid(object).to_owned();
    if uid.is_empty() || object["spec"]["manualSelector"] == true {
        return;
    }
    // The uid is known once the object is made: the job controller's labels follow then.
    default_at(
        object,
        "/spec",
        "selector",
        json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}),
    );
    let own_name = text(object, "/metadata/name").to_owned();
    if let Some(template) = object.pointer_mut("/spec/template") {
        if !template["metadata"].is_object() {
            template["metadata"] = json!({});
        }
        let labels = object_at(&mut template["metadata"], "labels");
        for (key, value) in [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &own_name),
            ("job-name", &own_name),
        ] {
            labels.insert(key.into(), json!(value));
        }
    }
}

fn pod(object: &mut Value, at: &str, restart_policy: &str) {
    default_at(object, at, "restartPolicy", json!(restart_policy));
    default_at(object, at, "terminationGracePeriodSeconds", json!(30));
    default_at(object, at, "dnsPolicy", json!("ClusterFirst"));
    default_at(object, at, "securityContext", json!({}));
    default_at(object, at, "schedulerName", json!("default-scheduler"));
    let Some(spec) = object.pointer_mut(at) else { return };
    for field in ["initContainers", "containers"] {
        let Some(Value::Array(containers)) = spec.get_mut(field) else { continue };
        for container in containers {
            let image = text(container, "/image");
            let tag = image.rsplit('/').next().unwrap_or_default().split_once(':');
            let is_latest = !image.contains('@') && tag.is_none_or(|(_, tag)| tag == "latest");
            let policy = if is_latest { "Always" } else { "IfNotPresent" };
            default_at(container, "", "imagePullPolicy", json!(policy));
            default_at(container, "", "resources", json!({}));
            default_at(container, "", "terminationMessagePath", json!("/dev/termination-log"));
            default_at(container, "", "terminationMessagePolicy", json!("File"));
            if let Some(Value::Array(ports)) = container.get_mut("ports") {
                for port in ports {
                    default_at(port, "", "protocol", json!("TCP"));
                }
            }
            requests_from_limits(container);
        }
    }
}

/// A resource that is limited and not requested is requested as much as it is limited.
fn requests_from_limits(container: &mut Value) {
    let limits = container["resources"]["limits"].as_object().cloned().unwrap_or_default();
    for (resource, limit) in limits {
        let resources = &mut container["resources"];
        object_at(resources, "requests").entry(resource).or_insert(limit);
    }
}

fn service(api: &Api, object: &mut Value) {
    if !object["spec"].is_object() {
        return;
    }
    default_at(object, "/spec", "type", json!("ClusterIP"));
    default_at(object, "/spec", "sessionAffinity", json!("None"));
    default_at(object, "/spec", "internalTrafficPolicy", json!("Cluster"));
    let kind = text(object, "/spec/type").to_owned();
    if let Some(Value::Array(ports)) = object.pointer_mut("/spec/ports") {
        for port in ports {
            default_at(port, "", "protocol", json!("TCP"));
            let number = port["port"].clone();
            default_at(port, "", "targetPort", number);
        }
    }
    if kind != "ExternalName" && text(object, "/spec/clusterIP").is_empty() {
        let address = free_address(api, object);
        object["spec"]["clusterIP"] = json!(address);
    }
    if kind != "ExternalName" {
        let address = object["spec"]["clusterIP"].clone();
        default_at(object, "/spec", "clusterIPs", json!([address]));
        default_at(object, "/spec", "ipFamilies", json!(["IPv4"]));
        default_at(object, "/spec", "ipFamilyPolicy", json!("SingleStack"));
    }
    default_at(object, "", "status", json!({"loadBalancer": {}}));
}

/// An address of the service network that no service has.
fn free_address(api: &Api, object: &Value) -> String {
    let taken: Vec<String> = api
        .objects
        .list(at::SERVICES)
        .iter()
        .map(|service| text(service, "/spec/clusterIP").to_owned())
        .collect();
    let label = format!(
        "service/{}/{}",
        text(object, "/metadata/namespace"),
        text(object, "/metadata/name")
    );
    let start = api.world.number(&label) % 65_000;
    let mut candidates = (start..start + 65_000).map(|n| {
        let n = n % 65_000 + 20;
        format!("172.20.{}.{}", n / 256, n % 256)
    });
    candidates.find(|address| !taken.contains(address)).unwrap_or_default()
}

fn claim(api: &Api, object: &mut Value) {
    default_at(object, "/spec", "volumeMode", json!("Filesystem"));
    default_at(object, "", "status", json!({"phase": "Pending"}));
    if object["spec"]["storageClassName"].is_null()
        && text(object, "/spec/volumeName").is_empty()
        && let Some(class) = default_class(api)
    {
        object["spec"]["storageClassName"] = json!(class);
    }
}

/// The newest of the storage classes that are marked as default.
fn default_class(api: &Api) -> Option<String> {
    let mut classes = api.objects.list(at::STORAGE_CLASSES);
    classes.retain(|class| {
        annotation(class, "storageclass.kubernetes.io/is-default-class") == Some("true")
    });
    classes.sort_by_key(|class| text(class, "/metadata/creationTimestamp").to_owned());
    classes.last().map(|class| text(class, "/metadata/name").to_owned())
}

fn storage_class(object: &mut Value) {
    default_at(object, "", "reclaimPolicy", json!("Delete"));
    default_at(object, "", "volumeBindingMode", json!("Immediate"));
}

fn webhooks(object: &mut Value) {
    if let Some(Value::Array(hooks)) = object.get_mut("webhooks") {
        for hook in hooks {
            default_at(hook, "", "failurePolicy", json!("Fail"));
            default_at(hook, "", "matchPolicy", json!("Equivalent"));
            default_at(hook, "", "timeoutSeconds", json!(10));
            default_at(hook, "", "namespaceSelector", json!({}));
            default_at(hook, "", "objectSelector", json!({}));
        }
    }
}
