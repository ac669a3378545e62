//! The releases of the stage `prerequisites`: what the platform stands on.
//!
//! The keys are those of the real charts in the versions of [`charts`].

use std::time::Duration;

use serde_json::{Value, json};

use super::charts::{self, ChartSource};
use super::{
    CUSTOM_CA, CUSTOM_CA_KEY, Exposure, Ingress, Inputs, MODELS_NAMESPACE, PLATFORM_NAMESPACE,
    Release, ValuesError,
};

const SYSTEM_NAMESPACE: &str = "kube-system";

const SECRETS_NAMESPACE: &str = "external-secrets";

/// Namespaces, default `StorageClass`, custom CA.
pub const CLUSTER_BASE: Release = Release {
    name: "cluster-base",
    title: "Making the namespaces and the default storage class",
    namespace: SYSTEM_NAMESPACE,
    creates_namespace: false,
    chart: ChartSource::Embedded { name: "cluster-base" },
    timeout: Duration::from_mins(5),
    applies: |_| true,
    values: cluster_base,
};

/// The controller that makes load balancers for Ingress objects.
pub const LOAD_BALANCER_CONTROLLER: Release = Release {
    name: "aws-load-balancer-controller",
    title: "Installing the AWS Load Balancer Controller",
    namespace: SYSTEM_NAMESPACE,
    creates_namespace: false,
    chart: ChartSource::ThirdParty(&charts::LOAD_BALANCER_CONTROLLER),
    timeout: Duration::from_mins(10),
    applies: |choices| choices.ingress == Ingress::Alb,
    values: load_balancer_controller,
};

/// The operator that brings secrets of AWS into the cluster.
pub const EXTERNAL_SECRETS: Release = Release {
    name: "external-secrets",
    title: "Installing External Secrets",
    namespace: SECRETS_NAMESPACE,
    creates_namespace: false,
    chart: ChartSource::ThirdParty(&charts::EXTERNAL_SECRETS),
    timeout: Duration::from_mins(10),
    applies: |_| true,
    values: external_secrets,
};

/// The Secret with the database login.
pub const EXTERNAL_SECRETS_STORE: Release = Release {
    name: "external-secrets-store",
    title: "Bringing the database login into the cluster",
    namespace: PLATFORM_NAMESPACE,
    creates_namespace: false,
    chart: ChartSource::Embedded { name: "external-secrets-store" },
    timeout: Duration::from_mins(5),
    applies: |_| true,
    values: external_secrets_store,
};

/// NGINX, for networks in which the load balancer controller cannot run.
pub const INGRESS_NGINX: Release = Release {
    name: "ingress-nginx",
    title: "Installing the NGINX ingress controller",
    namespace: "ingress-nginx",
    creates_namespace: true,
    chart: ChartSource::ThirdParty(&charts::INGRESS_NGINX),
    timeout: Duration::from_mins(10),
    applies: |choices| choices.ingress == Ingress::Nginx,
    values: ingress_nginx,
};

/// The collector of the logs of workloads.
pub const LOG_COLLECTOR: Release = Release {
    name: "aws-for-fluent-bit",
    title: "Installing the log collector",
    namespace: SYSTEM_NAMESPACE,
    creates_namespace: false,
    chart: ChartSource::ThirdParty(&charts::FLUENT_BIT),
    timeout: Duration::from_mins(10),
    applies: |choices| choices.log_aggregation,
    values: log_collector,
};

/// The Secret with the database login, its user and its password.
pub(super) const DATABASE_SECRET: (&str, &str, &str) =
    ("poolside-database", "username", "password");

fn cluster_base(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    Ok(json!({
        "namespaces": [PLATFORM_NAMESPACE, MODELS_NAMESPACE, SECRETS_NAMESPACE],
        "storageClass": {
            "name": "gp3",
            "kmsKeyArn": inputs.outputs.text("kms_key_arns.volumes")?,
            "volumeTags": inputs.tags()?,
        },
        "customCa": {
            "configMapName": CUSTOM_CA,
            "otherNamespaces": [SYSTEM_NAMESPACE],
            "key": CUSTOM_CA_KEY,
            "bundle": inputs.choices.custom_ca.as_deref().unwrap_or_default(),
        },
    }))
}

fn load_balancer_controller(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    let mut values = json!({
        "clusterName": inputs.outputs.text("cluster_name")?,
        // Pods have no way to the metadata service of their node.
        "region": inputs.outputs.text("region")?,
        "vpcId": inputs.outputs.text("vpc_id")?,
        "serviceAccount": {
            "create": true,
            "name": "aws-load-balancer-controller",
            "annotations": inputs.role("role_arns.load_balancer_controller")?,
        },
        "defaultTargetType": "ip",
        // Only Ingress objects are ours; with it, no Service at all could be made while the
        // controller is down.
        "enableServiceMutatorWebhook": false,
        "keepTLSSecret": true,
        "defaultTags": inputs.tags()?,
        "podDisruptionBudget": {"maxUnavailable": 1},
    });
    if inputs.choices.custom_ca.is_some() {
        let (variable, folder) = TRUST;
        values["env"] = json!({variable: folder});
        mount_custom_ca(&mut values);
    }
    Ok(values)
}

fn external_secrets(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    let mut values = json!({
        "installCRDs": true,
        "serviceAccount": {
            "create": true,
            "name": "external-secrets",
            "annotations": inputs.role("role_arns.external_secrets")?,
        },
    });
    if inputs.choices.custom_ca.is_some() {
        let (variable, folder) = TRUST;
        values["extraEnv"] = json!([{"name": variable, "value": folder}]);
        mount_custom_ca(&mut values);
    }
    Ok(values)
}

/// Programs in Go trust what lies in this folder beside the certificates of their image.
const TRUST: (&str, &str) = ("SSL_CERT_DIR", "/etc/springboard/ca");

/// Both controllers speak to AWS, perhaps through a proxy that opens TLS.
fn mount_custom_ca(values: &mut Value) {
    let name = "springboard-ca";
    values["extraVolumes"] = json!([{"name": name, "configMap": {"name": CUSTOM_CA}}]);
    values["extraVolumeMounts"] = json!([{"name": name, "mountPath": TRUST.1, "readOnly": true}]);
}

fn external_secrets_store(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    let (name, username, password) = DATABASE_SECRET;
    Ok(json!({
        "region": inputs.outputs.text("region")?,
        "store": {"name": "aws-secrets-manager"},
        "database": {
            "secretArn": inputs.outputs.text("database_master_secret_arn")?,
            "refreshInterval": "1h0m0s",
            "target": {"name": name, "usernameKey": username, "passwordKey": password},
        },
    }))
}

fn ingress_nginx(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    // These annotations speak to the load balancer code of EKS itself.
    let annotation = |name: &str| format!("service.beta.kubernetes.io/aws-load-balancer-{name}");
    let tags: Vec<_> = inputs.tags()?.into_iter().map(|(k, v)| format!("{k}={v}")).collect();
    let mut annotations = serde_json::Map::from_iter([
        (annotation("type"), json!("nlb")),
        (annotation("cross-zone-load-balancing-enabled"), json!("true")),
        (annotation("additional-resource-tags"), json!(tags.join(","))),
    ]);
    if inputs.choices.exposure == Exposure::Internal {
        annotations.insert(annotation("internal"), json!("true"));
    }
    let mut service = json!({
        "type": "LoadBalancer",
        "loadBalancerSourceRanges": inputs.choices.inbound_cidrs,
    });
    let mut config = json!({});
    if let Some(certificate) = inputs.outputs.optional("acm_certificate_arn") {
        annotations.insert(annotation("ssl-cert"), json!(certificate));
        annotations.insert(annotation("ssl-ports"), json!("https"));
        annotations.insert(annotation("backend-protocol"), json!("tcp"));
        // TLS ends at the load balancer. What arrives is plain, and must not be sent back to
        // come as TLS.
        service["targetPorts"] = json!({"http": "http", "https": "http"});
        service["enableHttp"] = json!(false);
        config["ssl-redirect"] = json!("false");
    }
    service["annotations"] = Value::Object(annotations);
    Ok(json!({
        "controller": {
            "replicaCount": 2,
            "config": config,
            "ingressClassResource": {"name": "nginx", "default": false},
            "service": service,
        },
    }))
}

fn log_collector(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    let name = "log_group_names.workloads";
    let group = inputs.outputs.first(name).ok_or(ValuesError::MissingOutput { name })?;
    Ok(json!({
        "cloudWatchLogs": {
            "enabled": true,
            "region": inputs.outputs.text("region")?,
            "logGroupName": group,
            // The role may write to this one group only.
            "logGroupTemplate": "",
            "autoCreateGroup": false,
        },
        "serviceAccount": {
            "create": true,
            "name": "aws-for-fluent-bit",
            "annotations": inputs.role("role_arns.log_collector")?,
        },
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
    }))
}
