//! The plan: what will be done, in stages made of steps, from answers alone.
//!
//! A stage is what the operator sees; a step is the unit of retry, resume and undo: one Terraform
//! pass, one Helm release, one transfer. A [`Plan`] is a value: it is described, shown and carried
//! out from the same one. Knows no blueprint and does nothing. Start at [`Plan`].

pub mod demand;
pub mod facts;
pub mod gate;
pub mod release;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Map, Value};

pub use facts::{Facts, ImageReference};
pub use gate::Gate;
pub use release::{Release, ReleaseError, Render};

use crate::bundle::{self, Image};
use crate::run::event::{StageOutline, StepOutline};

/// Everything that a run will do.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Name of the blueprint.
    pub blueprint: &'static str,
    /// Folder of the Terraform root under `terraform/`.
    pub root: &'static str,
    /// Name of the Kubernetes cluster.
    pub cluster: String,
    /// AWS region.
    pub region: String,
    /// Where the state of the Terraform root is kept.
    pub state: StatePlace,
    /// The permissions boundary that every planned IAM role must carry, where one was answered.
    pub boundary: Option<String>,
    /// Where the outputs say what the engine needs.
    pub outputs: OutputNames,
    /// What is done, in order.
    pub stages: Vec<Stage>,
    /// How long stages take, about, where that is known.
    pub times: BTreeMap<&'static str, Duration>,
}

/// Where the state of the Terraform root is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatePlace {
    /// In a file of this host.
    Local,
    /// In S3, locked and versioned.
    Bucket {
        /// Name of the bucket.
        name: String,
        /// Key of the state in it.
        key: String,
    },
}

/// A stage: what the operator sees.
#[derive(Debug, Clone)]
pub struct Stage {
    /// Id, for example `foundation`.
    pub id: &'static str,
    /// Its steps, done one after another.
    pub steps: Vec<Step>,
}

/// A step: the unit of retry, resume and undo.
#[derive(Debug, Clone)]
pub struct Step {
    /// Id within its stage.
    pub id: String,
    /// What it does, present participle.
    pub title: String,
    /// The work.
    pub work: Work,
    /// What must be true when it is done, before the next step.
    pub gates: Vec<Gate>,
}

/// The work of a step.
#[derive(Debug, Clone)]
pub enum Work {
    /// Make or find what holds the Terraform state.
    State,
    /// Apply the Terraform root with these variables.
    Apply(Pass),
    /// Plan the Terraform root with these variables; anything to change is a failure.
    Converge(Pass),
    /// Install or upgrade a Helm release.
    Release(Render),
    /// Push container images.
    Images(Vec<Image>),
    /// Upload a checkpoint archive.
    Checkpoint(Checkpoint),
}

/// One application of the Terraform root.
#[derive(Debug, Clone, PartialEq)]
pub struct Pass {
    /// Position among the passes: a later one has everything that an earlier one has.
    pub order: u32,
    /// The input variables.
    pub variables: Map<String, Value>,
    /// The capacity reservation that a planned launch template must be bound to.
    pub reservation: Option<String>,
}

/// A checkpoint archive and where it goes.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    /// The archive.
    pub archive: bundle::Checkpoint,
    /// Name of the Terraform output that holds the bucket's name.
    pub bucket_output: &'static str,
    /// Key prefix, without the name of the archive.
    pub prefix: &'static str,
}

/// Names of the Terraform outputs that tell where the cluster and the registry are.
#[derive(Debug, Clone, Copy)]
pub struct OutputNames {
    /// Address of the Kubernetes API.
    pub endpoint: &'static str,
    /// Its certificate authority, base64.
    pub authority: &'static str,
    /// Map of image name to repository URL.
    pub repositories: &'static str,
}

impl Plan {
    /// The stages and steps as they are announced in the journal.
    pub fn outline(&self) -> Vec<StageOutline> {
        let step = |s: &Step| StepOutline { id: s.id.clone(), title: s.title.clone() };
        let stage = |s: &Stage| StageOutline {
            id: s.id.to_owned(),
            steps: s.steps.iter().map(step).collect(),
        };
        self.stages.iter().map(stage).collect()
    }
}
