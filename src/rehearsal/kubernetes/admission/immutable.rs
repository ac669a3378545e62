//! Fields that must not change.

use serde_json::Value;

use super::super::failure::Failure;
use super::super::kind::Kind;
use super::super::quantity;
use super::super::value::name;

/// Refuses a change of a field that must not change.
pub(crate) fn unchanged(kind: &Kind, before: &Value, after: &Value) -> Result<(), Failure> {
    let fields: &[&str] = match (kind.group.as_str(), kind.kind.as_str()) {
        ("apps", "Deployment" | "DaemonSet" | "ReplicaSet") => &["spec.selector"],
        ("batch", "Job") => &["spec.selector", "spec.completions", "spec.template"],
        ("storage.k8s.io", "StorageClass") => {
            &["provisioner", "parameters", "reclaimPolicy", "volumeBindingMode"]
        }
        ("rbac.authorization.k8s.io", "RoleBinding" | "ClusterRoleBinding") => &["roleRef"],
        ("networking.k8s.io", "IngressClass") => &["spec.controller"],
        ("", "Secret") => &["type"],
        ("", "PersistentVolumeClaim") => {
            &["spec.storageClassName", "spec.accessModes", "spec.volumeMode", "spec.selector"]
        }
        ("apiextensions.k8s.io", _) => &["spec.group", "spec.scope", "spec.names.plural"],
        ("scheduling.k8s.io", "PriorityClass") => &["value"],
        _ => &[],
    };
    let changed = |field: &&&str| {
        let pointer = format!("/{}", field.replace('.', "/"));
        match (before.pointer(&pointer), after.pointer(&pointer)) {
            (Some(old), Some(new)) => old != new && !old.is_null(),
            (Some(old), None) => !old.is_null(),
            (None, _) => false,
        }
    };
    let mut causes: Vec<String> =
        fields.iter().filter(changed).map(|field| immutable(field, after)).collect();
    match (kind.group.as_str(), kind.kind.as_str()) {
        ("", "Secret" | "ConfigMap") => frozen(before, after, &mut causes),
        ("", "Service") => cluster_address(before, after, &mut causes),
        ("", "PersistentVolumeClaim") => claim_grows(before, after, &mut causes),
        ("", "Pod") => pod(before, after, &mut causes),
        ("apps", "StatefulSet") => stateful_set(before, after, &mut causes),
        ("storage.k8s.io", "StorageClass") if !causes.is_empty() => {
            causes = vec!["updates to parameters are forbidden".to_owned()];
        }
        _ => {}
    }
    if causes.is_empty() { Ok(()) } else { Err(Failure::invalid(kind, name(after), &causes)) }
}

fn immutable(field: &str, after: &Value) -> String {
    let pointer = format!("/{}", field.replace('.', "/"));
    let value = after.pointer(&pointer).unwrap_or(&Value::Null);
    format!("{field}: Invalid value: {value}: field is immutable")
}

/// A Secret or ConfigMap marked `immutable`.
fn frozen(before: &Value, after: &Value, causes: &mut Vec<String>) {
    if before["immutable"] != true {
        return;
    }
    if after["immutable"] != true {
        causes.push("immutable: Forbidden: field is immutable when `immutable` is set".into());
    }
    for field in ["data", "binaryData"] {
        if before[field] != after[field] {
            causes.push(format!("{field}: Forbidden: field is immutable when `immutable` is set"));
        }
    }
}

fn cluster_address(before: &Value, after: &Value, causes: &mut Vec<String>) {
    let of = |object: &Value| object["spec"]["clusterIP"].as_str().unwrap_or_default().to_owned();
    let becomes_a_name = after["spec"]["type"] == "ExternalName";
    if !of(before).is_empty() && of(before) != of(after) && !becomes_a_name {
        causes.push(format!(
            "spec.clusterIPs[0]: Invalid value: [\"{}\"]: may not change once set",
            of(after)
        ));
    }
}

fn claim_grows(before: &Value, after: &Value, causes: &mut Vec<String>) {
    let size =
        |object: &Value| quantity::milli(&object["spec"]["resources"]["requests"]["storage"]);
    if size(after) < size(before) {
        causes.push(
            "spec.resources.requests.storage: Forbidden: field can not be less than previous value"
                .into(),
        );
    }
}

fn pod(before: &Value, after: &Value, causes: &mut Vec<String>) {
    let fixed = |object: &Value| {
        let mut spec = object["spec"].clone();
        for field in ["tolerations", "activeDeadlineSeconds", "terminationGracePeriodSeconds"] {
            spec.as_object_mut().map(|spec| spec.shift_remove(field));
        }
        for field in ["containers", "initContainers"] {
            for container in spec[field].as_array_mut().into_iter().flatten() {
                container.as_object_mut().map(|c| c.shift_remove("image"));
            }
        }
        spec
    };
    if fixed(before) != fixed(after) {
        causes.push(
            "spec: Forbidden: pod updates may not change fields other than \
             `spec.containers[*].image`,`spec.initContainers[*].image`,\
             `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing \
             tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was \
             previously negative)"
                .into(),
        );
    }
}

fn stateful_set(before: &Value, after: &Value, causes: &mut Vec<String>) {
    const CHANGEABLE: [&str; 7] = [
        "replicas",
        "ordinals",
        "template",
        "updateStrategy",
        "revisionHistoryLimit",
        "persistentVolumeClaimRetentionPolicy",
        "minReadySeconds",
    ];
    let fixed = |object: &Value| {
        let mut spec = object["spec"].clone();
        if let Some(spec) = spec.as_object_mut() {
            spec.retain(|field, value| !CHANGEABLE.contains(&field.as_str()) && !value.is_null());
        }
        spec
    };
    if fixed(before) != fixed(after) {
        causes.push(
            "spec: Forbidden: updates to statefulset spec for fields other than 'replicas', \
             'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', \
             'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
                .into(),
        );
    }
}
