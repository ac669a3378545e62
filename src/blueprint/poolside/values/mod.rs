//! The Helm releases of a Poolside deployment, and the values that they get.
//!
//! Owns which releases there are in which stage, where their charts come from ([`charts`]), and
//! their values: pure functions of what Terraform made ([`Outputs`]), what was pushed
//! ([`PushedImage`]) and what the operator chose ([`Choices`]). Runs nothing and reads nothing.
//! The layout of the values of Poolside's own charts is not public: ours is in [`platform`] and
//! [`inference`] and nowhere else. Start at [`releases`].

pub mod charts;
pub mod inference;
pub mod models;
mod outputs;
pub mod platform;
pub mod prerequisites;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

pub use charts::{ChartError, ChartSource, Places};
pub use models::{DeclaredModel, ModelProblem};
pub use outputs::Outputs;

use crate::error::Hint;

/// One Helm release: a step of its stage.
#[derive(Debug)]
pub struct Release {
    /// Its name, which is that of the step too.
    pub name: &'static str,
    /// What the step does: `Installing External Secrets`.
    pub title: &'static str,
    /// Where it goes.
    pub namespace: &'static str,
    /// Whether helm makes that namespace.
    pub creates_namespace: bool,
    /// Its chart.
    pub chart: ChartSource,
    /// How long it may take until everything in it is ready.
    pub timeout: Duration,
    /// Whether it is part of this deployment.
    pub applies: fn(&Choices) -> bool,
    /// Its values; see [`Release::render`].
    pub values: fn(&Inputs<'_>) -> Result<Value, ValuesError>,
}

impl Release {
    /// Its values.
    ///
    /// # Errors
    /// When Terraform did not say something that they are made from, an image was not pushed, or
    /// the models cannot be served.
    pub fn render(&self, inputs: &Inputs<'_>) -> Result<Value, ValuesError> {
        (self.values)(inputs)
    }
}

/// The namespace of the platform.
pub const PLATFORM_NAMESPACE: &str = "poolside";

/// The namespace of the models.
pub const MODELS_NAMESPACE: &str = "poolside-models";

/// Every release, in order, with its stage.
const RELEASES: &[(&str, &Release)] = &[
    ("prerequisites", &prerequisites::CLUSTER_BASE),
    // Alone and before all others: while its webhook has no pods behind it, others are rejected.
    ("prerequisites", &prerequisites::LOAD_BALANCER_CONTROLLER),
    ("prerequisites", &prerequisites::EXTERNAL_SECRETS),
    ("prerequisites", &prerequisites::EXTERNAL_SECRETS_STORE),
    ("prerequisites", &prerequisites::INGRESS_NGINX),
    ("prerequisites", &prerequisites::LOG_COLLECTOR),
    ("platform", &platform::POOLSIDE),
    ("inference", &inference::GPU_OPERATOR),
    ("inference", &inference::INFERENCE_STACK),
];

/// The releases of a stage that these choices ask for, in the order in which they are made.
pub fn releases(stage: &str, choices: &Choices) -> Vec<&'static Release> {
    RELEASES
        .iter()
        .filter(|(of, release)| *of == stage && (release.applies)(choices))
        .map(|(_, release)| *release)
        .collect()
}

/// What can be told to go wrong in the releases before anything is made: images that the bundle
/// does not have, and models that cannot be served on so many GPU nodes.
pub fn foreseen(choices: &Choices, images: &BTreeSet<String>, gpu_nodes: u32) -> Vec<ValuesError> {
    let mut problems = missing_images(choices, images);
    if choices.profile == Profile::Full {
        // The bucket has no name yet, and its name is not what can be wrong.
        let uploaded = choices.checkpoints.as_deref();
        let uploaded = uploaded.map(|stems| models::Uploaded { bucket: "bucket", stems });
        let models = models::resolve(&choices.models, uploaded);
        let fit = models.and_then(|models| models::fit(&models, gpu_nodes));
        problems.extend(fit.err().map(ValuesError::Models));
    }
    problems
}

/// The images that charts start and `images` has not.
pub fn missing_images(choices: &Choices, images: &BTreeSet<String>) -> Vec<ValuesError> {
    let mut needed = vec![("poolside-deployment", platform::IMAGES)];
    if choices.profile == Profile::Full {
        needed.push(("inference-stack", inference::IMAGES));
    }
    let missing = |(chart, names): (&'static str, &'static [&'static str])| {
        let missing = names.iter().filter(|&&name| !images.contains(name));
        missing.map(move |image| ValuesError::MissingImage { chart, image }).collect::<Vec<_>>()
    };
    needed.into_iter().flat_map(missing).collect()
}

/// What the operator chose, as far as charts care.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// Whether models are served here.
    pub profile: Profile,
    /// How traffic enters.
    pub ingress: Ingress,
    /// Whether the load balancer is reachable from the internet or from the VPC only.
    pub exposure: Exposure,
    /// The ranges that may reach the load balancer; empty: all.
    pub inbound_cidrs: Vec<String>,
    /// Further CA certificates, PEM.
    pub custom_ca: Option<String>,
    /// Further tags for everything that controllers make in AWS.
    pub tags: BTreeMap<String, String>,
    /// Whether logs of workloads are collected.
    pub log_aggregation: bool,
    /// Whether core-api reports usage to the AWS Marketplace.
    pub marketplace_metering: bool,
    /// The models that the operator declares; none: those of the checkpoints.
    pub models: BTreeMap<String, DeclaredModel>,
    /// The names of the checkpoints that are uploaded, without `.tar`; none when they are in a
    /// bucket of the operator.
    pub checkpoints: Option<Vec<String>>,
}

/// What is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// Platform and local inference.
    #[default]
    Full,
    /// The platform alone.
    PlatformOnly,
}

/// How traffic enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ingress {
    /// An Application Load Balancer for the Ingress.
    #[default]
    Alb,
    /// NGINX behind a Network Load Balancer that EKS makes by itself, for networks in which the
    /// AWS Load Balancer Controller cannot run.
    Nginx,
}

/// Who can reach the load balancer at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Exposure {
    /// The internet.
    #[default]
    Public,
    /// The VPC and what is connected to it.
    Internal,
}

/// Everything that values are made from.
#[derive(Debug, Clone, Copy)]
pub struct Inputs<'a> {
    /// What Terraform made.
    pub outputs: &'a Outputs,
    /// What the operator chose.
    pub choices: &'a Choices,
    /// What was pushed to the registry, by image name.
    pub images: &'a BTreeMap<String, PushedImage>,
}

/// An image where the cluster finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushedImage {
    /// Registry and path: `123456789012.dkr.ecr.us-west-2.amazonaws.com/acme/core-api`.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// `sha256:…`
    pub digest: String,
}

impl Inputs<'_> {
    /// The images of a chart of Poolside, by name.
    fn images(&self, chart: &'static str, names: &[&'static str]) -> Result<Value, ValuesError> {
        let mut images = serde_json::Map::new();
        for &name in names {
            let image =
                self.images.get(name).ok_or(ValuesError::MissingImage { chart, image: name })?;
            let value = json!({
                "repository": image.repository,
                "tag": image.tag,
                "digest": image.digest,
            });
            images.insert(name.to_owned(), value);
        }
        Ok(Value::Object(images))
    }

    /// A service account's annotations, which give it its role in AWS.
    fn role(&self, output: &'static str) -> Result<Value, ValuesError> {
        Ok(json!({"eks.amazonaws.com/role-arn": self.outputs.text(output)?}))
    }

    /// The tags of everything that a controller makes: without them nobody could tell later to
    /// which deployment a load balancer or a volume belongs.
    fn tags(&self) -> Result<BTreeMap<String, String>, ValuesError> {
        let mut tags = self.choices.tags.clone();
        let deployment = self.outputs.text("deployment_name")?;
        tags.insert("springboard:deployment".to_owned(), deployment.to_owned());
        Ok(tags)
    }

    /// The ConfigMap with the custom CA bundle, as Poolside's charts are told of it.
    fn custom_ca(&self) -> Value {
        let name = if self.choices.custom_ca.is_some() { CUSTOM_CA } else { "" };
        json!({"configMapName": name, "key": CUSTOM_CA_KEY})
    }
}

/// The ConfigMap with further CA certificates.
const CUSTOM_CA: &str = "custom-ca";

/// Its key.
const CUSTOM_CA_KEY: &str = "ca-bundle.crt";

/// Why values cannot be made.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ValuesError {
    /// Terraform did not say something.
    #[error("the output `{name}` of the stage `foundation` is missing")]
    MissingOutput {
        /// Its name.
        name: &'static str,
    },
    /// An image was not pushed.
    #[error("the image `{image}`, which the chart `{chart}` needs, is not there")]
    MissingImage {
        /// The chart.
        chart: &'static str,
        /// The image.
        image: &'static str,
    },
    /// The models cannot be served like this.
    #[error("the models cannot be served: {}", listed(.0))]
    Models(Vec<ModelProblem>),
}

impl Hint for ValuesError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::MissingOutput { .. } => {
                Some("resume the run; the stage `foundation` will be applied again".into())
            }
            Self::MissingImage { image, .. } => Some(format!(
                "put the image `{image}` into the folder `containers` of the bundle and resume"
            )),
            Self::Models(problems) => problems.iter().find_map(Hint::hint),
        }
    }
}

fn listed(problems: &[ModelProblem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests;
