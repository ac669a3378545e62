//! The releases of the stage `inference`.
//!
//! `inference.models.<key>` is the reference's; the rest of the layout of the inference chart is
//! ours, because the chart is not public.

use std::time::Duration;

use serde_json::{Value, json};

use super::charts::{self, ChartSource};
use super::models::{self, Uploaded};
use super::{Inputs, MODELS_NAMESPACE, Profile, Release, ValuesError};

/// The operator that makes GPUs known to the cluster.
pub const GPU_OPERATOR: Release = Release {
    name: "gpu-operator",
    title: "Installing the NVIDIA GPU Operator",
    namespace: "gpu-operator",
    creates_namespace: true,
    chart: ChartSource::ThirdParty(&charts::GPU_OPERATOR),
    timeout: Duration::from_mins(20),
    applies: |choices| choices.profile == Profile::Full,
    values: |_| Ok(gpu_operator()),
};

/// The proxy and the model servers.
pub const INFERENCE_STACK: Release = Release {
    name: "inference-stack",
    title: "Installing the model servers",
    namespace: MODELS_NAMESPACE,
    creates_namespace: false,
    chart: ChartSource::Bundle { name: "inference-stack", lookalike: Some("inference") },
    // Hundreds of gigabytes are loaded before a server is ready.
    timeout: Duration::from_hours(1),
    applies: |choices| choices.profile == Profile::Full,
    values: inference_stack,
};

/// The images that the chart needs.
pub(super) const IMAGES: &[&str] = &["envoy", "atlas"];

/// Device plugin only: driver and container toolkit are in the image of the nodes.
fn gpu_operator() -> Value {
    json!({
        "driver": {"enabled": false},
        "toolkit": {"enabled": false},
        "devicePlugin": {"enabled": true},
        "gfd": {"enabled": true},
        "nfd": {"enabled": true},
        "migManager": {"enabled": false},
        // Its metrics need an operator for Prometheus that the cluster does not have.
        "dcgmExporter": {"enabled": true, "serviceMonitor": {"enabled": false}},
    })
}

fn inference_stack(inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
    let choices = inputs.choices;
    let bucket = inputs.outputs.text("models_bucket_name")?;
    let uploaded = choices.checkpoints.as_deref().map(|stems| Uploaded { bucket, stems });
    let models = models::resolve(&choices.models, uploaded).map_err(ValuesError::Models)?;
    Ok(json!({
        "global": {
            "region": inputs.outputs.text("region")?,
            "customCa": inputs.custom_ca(),
        },
        "images": inputs.images("inference-stack", IMAGES)?,
        "serviceAccount": {
            "name": "inference",
            "annotations": inputs.role("role_arns.inference")?,
        },
        "inference": {"models": models},
    }))
}
