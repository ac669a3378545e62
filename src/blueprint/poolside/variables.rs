//! From answers and facts to the variables of the Terraform root.
//!
//! Most variables are answers handed on under the name that their question gives; the rest is
//! stated here, each with its reason. A test holds the result against `variables.tf`. Does not
//! write files and asks nothing: what only the account or the bundle knows comes in as [`Facts`].

use serde_json::{Map, Value, json};

use super::questions::account::tags;
use super::questions::gpu::{GPU_AVAILABILITY_ZONE, GPU_CAPACITY};
use super::questions::security::{
    CLUSTER_ADMIN_PRINCIPAL_ARNS, CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS,
};
use super::values::Profile;
use crate::answers::Answers;
use crate::cloud::is_same_principal;
use crate::error::Hint;

/// Which pass of the root the variables are for; they differ by nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pass {
    /// Everything but the GPU nodes.
    Foundation,
    /// Everything.
    Gpu,
}

/// What answers cannot say. What is not known stays with the default of the root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// The names of the container images of the bundle, without registry and tag.
    pub image_repositories: Vec<String>,
    /// The name of the zone that the capacity reservation lies in.
    pub reservation_zone: Option<String>,
    /// Whether the capacity can be used already; a Capacity Block begins on its date.
    pub capacity_has_begun: Option<bool>,
    /// Whether the account has the service-linked role of EC2 Auto Scaling.
    pub autoscaling_role_exists: Option<bool>,
    /// The role or user that makes the cluster, which administers it anyway.
    pub installer: Option<String>,
}

/// Variables that are fed from here and not from a single question.
pub const STATED: [&str; 4] =
    ["enable_gpu", "image_repositories", "create_autoscaling_service_linked_role", "tags"];

/// Variables that are left to their default, and why.
pub const LEFT: [(&str, &str); 9] = [
    ("force_destroy", "switched on by a teardown only"),
    ("bootstrap_cluster_creator_admin_permissions", "Helm runs as the principal that made it"),
    ("addon_versions", "the defaults of the Kubernetes version are the ones that fit it"),
    ("database_name", "the chart expects this name"),
    ("database_username", "the chart expects this name"),
    ("database_final_snapshot_identifier", "made from the deployment name"),
    ("data_bucket_name", "made from the deployment name"),
    ("access_logs_bucket_name", "made from the deployment name"),
    ("models_bucket_name", "made from the deployment name"),
];

/// Why there are no variables.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum VariablesError {
    /// Capacity that was set aside lies in one zone, and nobody said in which.
    #[error("the zone of the GPU capacity `{reservation}` is not known")]
    ZoneUnknown {
        /// The reservation.
        reservation: String,
    },
}

impl Hint for VariablesError {
    fn hint(&self) -> Option<String> {
        Some("answer `gpu_availability_zone` with the name of the zone it lies in".to_owned())
    }
}

/// The variables of `pass`, as the content of a `.auto.tfvars.json` file.
///
/// # Errors
/// When a variable needs a fact that is not there.
pub fn variables(
    answers: &Answers,
    facts: &Facts,
    pass: Pass,
) -> Result<Map<String, Value>, VariablesError> {
    let mut variables: Map<String, Value> = answers
        .catalogue()
        .questions()
        .filter(|question| answers.applies(question))
        .filter_map(|question| Some((question.feeds?.to_owned(), json!(answers.value(question)?))))
        .collect();
    // The root has no default for the allowlist, also where there is no public endpoint.
    variables
        .entry(CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS.key)
        .or_insert_with(|| Value::Array(Vec::new()));
    if let Some(installer) = &facts.installer {
        // An entry for the creator beside the one that EKS makes would collide.
        let others: Vec<&String> = answers
            .list(&CLUSTER_ADMIN_PRINCIPAL_ARNS)
            .iter()
            .filter(|arn| !is_same_principal(arn, installer))
            .collect();
        variables.insert(CLUSTER_ADMIN_PRINCIPAL_ARNS.key.into(), json!(others));
    }
    if let Some(exists) = facts.autoscaling_role_exists {
        variables.insert("create_autoscaling_service_linked_role".into(), json!(!exists));
    }
    variables.insert("tags".into(), json!(tags(answers)));
    variables.insert("image_repositories".into(), json!(facts.image_repositories));
    let is_full = Profile::of(answers) == Profile::Full;
    variables.insert("enable_gpu".into(), json!(is_full && pass == Pass::Gpu));
    if is_full {
        place_gpus(answers, facts, &mut variables)?;
    }
    Ok(variables)
}

/// The zone of the GPU nodes, and their number while a Capacity Block has not begun.
fn place_gpus(
    answers: &Answers,
    facts: &Facts,
    variables: &mut Map<String, Value>,
) -> Result<(), VariablesError> {
    use super::questions::gpu::{GPU_CAPACITY_RESERVATION_ID, GPU_DESIRED_SIZE, GPU_MIN_SIZE};
    let reservation = answers
        .text(&GPU_CAPACITY_RESERVATION_ID)
        .filter(|_| answers.text(&GPU_CAPACITY) != Some("on-demand"));
    if let Some(reservation) = reservation {
        let zone = answers.text(&GPU_AVAILABILITY_ZONE).or(facts.reservation_zone.as_deref());
        let Some(zone) = zone else {
            return Err(VariablesError::ZoneUnknown { reservation: reservation.to_owned() });
        };
        variables.insert(GPU_AVAILABILITY_ZONE.key.into(), json!(zone));
        if facts.capacity_has_begun == Some(false) {
            // Nodes that are wanted before it begins only fail to start.
            variables.insert(GPU_DESIRED_SIZE.key.into(), json!(0));
            variables.insert(GPU_MIN_SIZE.key.into(), json!(0));
        }
    }
    Ok(())
}
