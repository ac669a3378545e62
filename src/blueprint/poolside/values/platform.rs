//! The release of the stage `platform`.
//!
//! The layout of its values is ours: the chart is not public. A bundle whose chart has a schema
//! of another layout is refused before helm is asked.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::charts::ChartSource;
use super::prerequisites::DATABASE_SECRET;
use super::{
    Exposure, Ingress, Inputs, MODELS_NAMESPACE, PLATFORM_NAMESPACE, Release, ValuesError,
};

/// The platform.
pub const POOLSIDE: Release = Release {
    name: "poolside",
    title: "Installing the platform",
    namespace: PLATFORM_NAMESPACE,
    creates_namespace: false,
    chart: ChartSource::Bundle { name: "poolside-deployment", lookalike: None },
    timeout: Duration::from_mins(20),
    applies: |_| true,
    values: poolside,
};

/// The Secret in which the operator brings the certificate when NGINX ends TLS. Until it is there,
/// NGINX shows one of its own.
pub const TLS_SECRET: &str = "poolside-tls";

/// The images that the chart needs.
pub(super) const IMAGES: &[&str] = &["core-api", "web-assistant", "models-reconciliation-loop"];

fn poolside(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    let outputs = inputs.outputs;
    let (secret, username, password) = DATABASE_SECRET;
    let mut values = json!({
        "global": {
            "deploymentName": outputs.text("deployment_name")?,
            "region": outputs.text("region")?,
            "publicHostname": outputs.text("public_hostname")?,
            "database": {
                "host": outputs.text("database_address")?,
                "port": outputs.number("database_port")?,
                "name": outputs.text("database_name")?,
                "existingSecret": secret,
                "usernameKey": username,
                "passwordKey": password,
            },
            "storage": {"bucket": outputs.text("bucket_names.data")?},
            "encryption": {"kmsKeyArn": outputs.text("kms_key_arns.application")?},
            "customCa": inputs.custom_ca(),
            "modelsNamespace": MODELS_NAMESPACE,
        },
        "images": inputs.images("poolside-deployment", IMAGES)?,
        "coreApi": {
            "serviceAccount": {
                "name": "core-api-sa",
                "annotations": inputs.role("role_arns.core_api")?,
            },
            "marketplaceMetering": inputs.choices.marketplace_metering,
        },
        "ingress": {
            "className": match inputs.choices.ingress {
                Ingress::Alb => "alb",
                Ingress::Nginx => "nginx",
            },
            "annotations": ingress_annotations(inputs),
        },
    });
    let has_certificate = outputs.optional("acm_certificate_arn").is_some();
    if inputs.choices.ingress == Ingress::Nginx && !has_certificate {
        values["ingress"]["tlsSecretName"] = json!(TLS_SECRET);
    }
    if outputs.optional("node_group_names.web").is_some() {
        values["webAssistant"] = json!({"nodeSelector": {"springboard/node-group": "web"}});
    }
    Ok(values)
}

fn ingress_annotations(inputs: &Inputs<'_>) -> Map<String, Value> {
    match inputs.choices.ingress {
        Ingress::Alb => alb_annotations(inputs),
        Ingress::Nginx => {
            let annotation = |name: &str| format!("nginx.ingress.kubernetes.io/{name}");
            Map::from_iter([
                (annotation("proxy-body-size"), json!("0")),
                (annotation("proxy-read-timeout"), json!(IDLE_SECONDS)),
            ])
        }
    }
}

fn alb_annotations(inputs: &Inputs<'_>) -> Map<String, Value> {
    let annotation = |name: &str| format!("alb.ingress.kubernetes.io/{name}");
    let scheme = match inputs.choices.exposure {
        Exposure::Public => "internet-facing",
        Exposure::Internal => "internal",
    };
    let mut annotations = Map::from_iter([
        (annotation("scheme"), json!(scheme)),
        (annotation("target-type"), json!("ip")),
        (annotation("listen-ports"), json!(r#"[{"HTTP":80},{"HTTPS":443}]"#)),
        (annotation("ssl-redirect"), json!("443")),
        (annotation("ssl-policy"), json!("ELBSecurityPolicy-TLS13-1-2-2021-06")),
        (
            annotation("load-balancer-attributes"),
            json!(format!("idle_timeout.timeout_seconds={IDLE_SECONDS}")),
        ),
    ]);
    // Without it the controller looks for a certificate of the host name by itself.
    if let Some(certificate) = inputs.outputs.optional("acm_certificate_arn") {
        annotations.insert(annotation("certificate-arn"), json!(certificate));
    }
    if !inputs.choices.inbound_cidrs.is_empty() {
        let ranges = inputs.choices.inbound_cidrs.join(",");
        annotations.insert(annotation("inbound-cidrs"), json!(ranges));
    }
    annotations
}

/// The default of a minute is too short for a model that thinks.
const IDLE_SECONDS: &str = "600";
