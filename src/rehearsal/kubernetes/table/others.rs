//! Columns and rows of the kinds outside the core group that are no workloads.

use jiff::Timestamp;
use serde_json::Value;

use super::Width::Always;
use super::cells::{
    AGE, Described, NAME, age, at, count, created_at, joined, named, or, or_none, plain,
    plain_kind, selector, star, wide, with_age,
};
use crate::rehearsal::kubernetes::value::{annotation, items, name, text};

pub(super) fn described(kind: &str) -> Described {
    match kind {
        "Ingress" => (with_age(&["Class", "Hosts", "Address", "Ports"], &[]), |o, now| {
            let hosts = items(o, "/spec/rules").map(|rule| text(rule, "/host"));
            let hosts = hosts.map(|host| if host.is_empty() { "*" } else { host });
            let ports = if items(o, "/spec/tls").next().is_some() { "80, 443" } else { "80" };
            vec![
                named(o),
                or_none(at(o, "/spec/ingressClassName")),
                star(joined(hosts)),
                joined(items(o, "/status/loadBalancer/ingress").map(|i| text(i, "/hostname"))),
                ports.into(),
                age(o, now),
            ]
        }),
        "IngressClass" => (with_age(&["Controller", "Parameters"], &[]), |o, now| {
            let parameters = match text(o, "/spec/parameters/name") {
                "" => "<none>".to_owned(),
                name => format!("{}/{name}", text(o, "/spec/parameters/kind")),
            };
            vec![named(o), at(o, "/spec/controller"), parameters, age(o, now)]
        }),
        "NetworkPolicy" => (with_age(&["Pod-Selector"], &[]), |o, now| {
            vec![named(o), selector(&o["spec"]["podSelector"]), age(o, now)]
        }),
        "StorageClass" => (
            with_age(
                &["Provisioner", "ReclaimPolicy", "VolumeBindingMode", "AllowVolumeExpansion"],
                &[],
            ),
            |o, now| {
                let is_default =
                    annotation(o, "storageclass.kubernetes.io/is-default-class") == Some("true");
                let suffix = if is_default { " (default)" } else { "" };
                vec![
                    format!("{}{suffix}", name(o)),
                    at(o, "/provisioner"),
                    at(o, "/reclaimPolicy"),
                    at(o, "/volumeBindingMode"),
                    (o["allowVolumeExpansion"] == true).to_string(),
                    age(o, now),
                ]
            },
        ),
        "EndpointSlice" => (
            vec![NAME, ("AddressType", Always), ("Ports", Always), ("Endpoints", Always), AGE],
            |o, now| {
                let ports = items(o, "/ports").map(|port| plain(&port["port"]));
                let addresses = items(o, "/endpoints").flat_map(|e| items(e, "/addresses"));
                let list = |texts: Vec<String>| {
                    if texts.is_empty() { "<unset>".to_owned() } else { texts.join(",") }
                };
                vec![
                    named(o),
                    at(o, "/addressType"),
                    list(ports.collect()),
                    list(addresses.map(plain).collect()),
                    age(o, now),
                ]
            },
        ),
        _ => ruling(kind),
    }
}

/// Kinds that say what others may do.
fn ruling(kind: &str) -> Described {
    match kind {
        "HorizontalPodAutoscaler" => {
            (with_age(&["Reference", "Targets", "MinPods", "MaxPods", "Replicas"], &[]), autoscaler)
        }
        "PodDisruptionBudget" => (
            with_age(&["Min Available", "Max Unavailable", "Allowed Disruptions"], &[]),
            |o, now| {
                let or_na = |value: &Value| match value {
                    Value::Null => "N/A".to_owned(),
                    given => plain(given),
                };
                vec![
                    named(o),
                    or_na(&o["spec"]["minAvailable"]),
                    or_na(&o["spec"]["maxUnavailable"]),
                    count(o, "/status/disruptionsAllowed"),
                    age(o, now),
                ]
            },
        ),
        "RoleBinding" | "ClusterRoleBinding" => {
            (with_age(&["Role"], &wide(["Users", "Groups", "ServiceAccounts"])), |o, now| {
                let role = format!("{}/{}", text(o, "/roleRef/kind"), text(o, "/roleRef/name"));
                let subjects = |kind: &str| {
                    let meant = items(o, "/subjects").filter(|s| s["kind"] == kind);
                    let told = meant.map(|s| match text(s, "/namespace") {
                        "" => text(s, "/name").to_owned(),
                        home => format!("{home}/{}", text(s, "/name")),
                    });
                    told.collect::<Vec<_>>().join(", ")
                };
                let (users, groups) = (subjects("User"), subjects("Group"));
                vec![named(o), role, age(o, now), users, groups, subjects("ServiceAccount")]
            })
        }
        "Role" | "ClusterRole" | "CustomResourceDefinition" => {
            (vec![NAME, ("Created At", Always)], created_at)
        }
        "PriorityClass" => (
            vec![
                NAME,
                ("Value", Always),
                ("Global-Default", Always),
                AGE,
                ("PreemptionPolicy", Always),
            ],
            |o, now| {
                vec![
                    named(o),
                    count(o, "/value"),
                    (o["globalDefault"] == true).to_string(),
                    age(o, now),
                    or(at(o, "/preemptionPolicy"), "PreemptLowerPriority"),
                ]
            },
        ),
        "MutatingWebhookConfiguration" | "ValidatingWebhookConfiguration" => {
            (with_age(&["Webhooks"], &[]), |o, now| {
                vec![named(o), items(o, "/webhooks").count().to_string(), age(o, now)]
            })
        }
        "APIService" => (with_age(&["Service", "Available"], &[]), |o, now| {
            let service = match text(o, "/spec/service/name") {
                "" => "Local".to_owned(),
                name => format!("{}/{name}", text(o, "/spec/service/namespace")),
            };
            let available = items(o, "/status/conditions").find(|c| c["type"] == "Available");
            let available = match available {
                Some(c) if c["status"] == "True" => "True".to_owned(),
                Some(c) => format!("False ({})", text(c, "/reason")),
                None => "Unknown".to_owned(),
            };
            vec![named(o), service, available, age(o, now)]
        }),
        "Lease" => (with_age(&["Holder"], &[]), |o, now| {
            vec![named(o), at(o, "/spec/holderIdentity"), age(o, now)]
        }),
        "RuntimeClass" => {
            (with_age(&["Handler"], &[]), |o, now| vec![named(o), at(o, "/handler"), age(o, now)])
        }
        _ => plain_kind(),
    }
}

/// The metrics of a world are not measured: targets stay unknown.
fn autoscaler(o: &Value, now: Timestamp) -> Vec<String> {
    let target = format!(
        "{}/{}",
        text(o, "/spec/scaleTargetRef/kind"),
        text(o, "/spec/scaleTargetRef/name")
    );
    let targets = items(o, "/spec/metrics").map(|metric| {
        let resource = &metric["resource"];
        match resource["target"]["averageUtilization"].as_i64() {
            Some(wanted) => format!("{}: <unknown>/{wanted}%", text(resource, "/name")),
            None => "<unknown>".to_owned(),
        }
    });
    vec![
        named(o),
        target,
        or(targets.collect::<Vec<_>>().join(", "), "<none>"),
        or(plain(&o["spec"]["minReplicas"]), "<unset>"),
        count(o, "/spec/maxReplicas"),
        count(o, "/status/currentReplicas"),
        age(o, now),
    ]
}
