//! The stages of a Poolside deployment, with their steps and gates.
//!
//! Ids and order are those of the command line's documentation. The image list is read from the
//! bundle before anything is made, because Terraform makes a repository for each.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::questions::account::{REGION, STATE_BUCKET, TERRAFORM_STATE};
use super::questions::bundle::{CHARTS_DIR, CHECKPOINTS_DIR, CONTAINERS_DIR, uploads_checkpoints};
use super::questions::gpu::GPU_DESIRED_SIZE;
use super::questions::profile::DEPLOYMENT_NAME;
use super::questions::security::PERMISSIONS_BOUNDARY_ARN;
use super::time::stage_times;
use super::values::Places;
use super::values::{self, Choices, Profile, Release as ReleaseSpec};
use super::variables::{self, variables};
use crate::answers::Answers;
use crate::blueprint::{BlueprintError, Given};
use crate::bundle::{self, BundleError, DeploymentBundle, Image, charts, checkpoints, containers};
use crate::error::Hint as _;
use crate::plan::{
    Checkpoint, Facts, Gate, OutputNames, Pass, Plan, Release, ReleaseError, Render, Stage,
    StatePlace, Step, Work,
};

/// GPUs on each node of every supported type.
const GPUS_PER_NODE: u64 = 8;

/// The plan for these answers.
pub(super) fn plan(answers: &Answers, given: &Given) -> Result<Plan, BlueprintError> {
    let name = answers.text(&DEPLOYMENT_NAME).unwrap_or_default().to_owned();
    let delivered = Delivered::read(answers)?;
    let stems: Vec<String> = delivered.checkpoints.iter().map(|c| c.stem.clone()).collect();
    let choices = Choices::of(answers, &stems).map_err(|error| BlueprintError::Unfit {
        hint: error.hint(),
        message: error.to_string(),
    })?;
    foresee(answers, &delivered, &choices)?;
    let context =
        Planning { answers, given, delivered: &delivered, choices: &choices, name: &name };
    let state = state_place(answers, given, &name);
    let mut stages = Vec::new();
    if let StatePlace::Bucket { name, .. } = &state {
        let title = format!("Making sure of the bucket {name} for the Terraform state");
        stages.push(one_step("state", &title, Work::State, Vec::new()));
    }
    stages.extend([context.foundation()?, context.images()]);
    stages.push(context.releases("prerequisites")?);
    stages.push(context.releases("platform")?);
    if choices.profile == Profile::Full {
        stages.push(context.gpu()?);
        stages.extend(context.checkpoints());
        stages.push(context.releases("inference")?);
    }
    stages.push(context.converge()?);
    Ok(Plan {
        blueprint: super::NAME,
        root: "poolside",
        cluster: name.clone(),
        region: answers.text(&REGION).unwrap_or_default().to_owned(),
        state,
        boundary: answers.text(&PERMISSIONS_BOUNDARY_ARN).map(str::to_owned),
        outputs: OutputNames {
            endpoint: "cluster_endpoint",
            authority: "cluster_certificate_authority_data",
            repositories: "repository_urls",
        },
        stages,
        times: stage_times(answers)
            .into_iter()
            .filter_map(|time| Some((time.stage, Duration::from_secs(time.seconds?))))
            .collect(),
    })
}

/// Where the state is kept: in a bucket whose name is answered, or made from the deployment and the
/// account, because names of buckets are the same for everybody.
fn state_place(answers: &Answers, given: &Given, deployment: &str) -> StatePlace {
    if answers.text(&TERRAFORM_STATE) == Some("local") {
        return StatePlace::Local;
    }
    let made_up = || format!("{deployment}-tfstate-{}", given.account);
    let name = answers.text(&STATE_BUCKET).map_or_else(made_up, str::to_owned);
    StatePlace::Bucket { name, key: format!("{deployment}/terraform.tfstate") }
}

/// What is bound to fail in minute 40 is said in minute 0: missing images, models that do not fit.
fn foresee(
    answers: &Answers,
    delivered: &Delivered,
    choices: &Choices,
) -> Result<(), BlueprintError> {
    let images = delivered.images.iter().map(|image| image.name.clone()).collect();
    let nodes = answers.number(&GPU_DESIRED_SIZE).and_then(|n| u32::try_from(n).ok());
    let problems = values::foreseen(choices, &images, nodes.unwrap_or(0));
    let Some(first) = problems.first() else { return Ok(()) };
    Err(BlueprintError::Unfit {
        message: problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        hint: first.hint(),
    })
}

/// What the operator's bundle has.
struct Delivered {
    bundle: DeploymentBundle,
    images: Vec<Image>,
    checkpoints: Vec<bundle::Checkpoint>,
}

impl Delivered {
    fn read(answers: &Answers) -> Result<Self, BundleError> {
        let folder = |question| Path::new(answers.text(question).unwrap_or_default());
        let charts_dir = folder(&CHARTS_DIR);
        let root = charts_dir.parent().unwrap_or(charts_dir).to_owned();
        let bundle = DeploymentBundle { root, charts: charts::read(charts_dir)? };
        let images = containers::read(folder(&CONTAINERS_DIR))?;
        let checkpoints = match answers.text(&CHECKPOINTS_DIR) {
            Some(dir) if uploads_checkpoints(answers) => checkpoints::read(Path::new(dir))?,
            _ => Vec::new(),
        };
        Ok(Self { bundle, images, checkpoints })
    }
}

struct Planning<'a> {
    answers: &'a Answers,
    given: &'a Given,
    delivered: &'a Delivered,
    choices: &'a Choices,
    name: &'a str,
}

impl Planning<'_> {
    fn foundation(&self) -> Result<Stage, BlueprintError> {
        let gates = vec![
            Gate::ClusterActive,
            Gate::ClusterReachable,
            Gate::NodesReady { group: format!("{}-cpu", self.name) },
            Gate::AddonsActive,
            Gate::DatabaseAvailable { identifier: self.name.to_owned() },
        ];
        let title = "Creating the network, the keys, the cluster and the data stores";
        let work = Work::Apply(self.pass(0, variables::Pass::Foundation)?);
        Ok(one_step("foundation", title, work, gates))
    }

    fn images(&self) -> Stage {
        let title = format!("Pushing {} container images", self.delivered.images.len());
        one_step("images", &title, Work::Images(self.delivered.images.clone()), Vec::new())
    }

    fn gpu(&self) -> Result<Stage, BlueprintError> {
        let gates = vec![Gate::NodesReady { group: format!("{}-gpu", self.name) }];
        let work = Work::Apply(self.pass(1, variables::Pass::Gpu)?);
        Ok(one_step("gpu", "Creating the GPU nodes", work, gates))
    }

    /// With an external bucket there is nothing to upload, and no such stage.
    fn checkpoints(&self) -> Option<Stage> {
        let steps = self.delivered.checkpoints.iter().map(|archive| Step {
            id: archive.stem.clone(),
            title: format!("Uploading the checkpoint {}", archive.stem),
            work: Work::Checkpoint(Checkpoint {
                archive: archive.clone(),
                bucket_output: "models_bucket_name",
                prefix: "models/checkpoints",
            }),
            gates: Vec::new(),
        });
        let steps: Vec<Step> = steps.collect();
        (!steps.is_empty()).then_some(Stage { id: "checkpoints", steps })
    }

    fn converge(&self) -> Result<Stage, BlueprintError> {
        let title = "Verifying that nothing is left to change";
        let work = Work::Converge(self.pass(2, variables::Pass::Gpu)?);
        Ok(one_step("converge", title, work, Vec::new()))
    }

    fn pass(&self, order: u32, pass: variables::Pass) -> Result<Pass, BlueprintError> {
        let names: BTreeSet<&String> = self.delivered.images.iter().map(|i| &i.name).collect();
        let reservation = self.given.reservation.as_ref();
        let facts = variables::Facts {
            image_repositories: names.into_iter().cloned().collect(),
            reservation_zone: reservation.map(|r| r.zone.clone()),
            capacity_has_begun: reservation.map(|r| r.state == "active"),
            autoscaling_role_exists: None,
            installer: self.given.installer.clone(),
        };
        let variables = variables(self.answers, &facts, pass).map_err(|error| {
            BlueprintError::Unfit { message: error.to_string(), hint: error.hint() }
        })?;
        let with_gpus = pass == variables::Pass::Gpu;
        let reservation = reservation.filter(|_| with_gpus).map(|r| r.id.clone());
        Ok(Pass { order, variables, reservation })
    }

    fn releases(&self, stage: &'static str) -> Result<Stage, BlueprintError> {
        let releases = values::releases(stage, self.choices);
        let steps = releases.into_iter().map(|release| self.release(release));
        Ok(Stage { id: stage, steps: steps.collect::<Result<_, _>>()? })
    }

    fn release(&self, spec: &'static ReleaseSpec) -> Result<Step, BlueprintError> {
        let (ours, fetched) = (&self.given.own_charts, &self.given.fetched_charts);
        let located = spec.chart.locate(&Places { ours, bundle: &self.delivered.bundle, fetched });
        let chart = located.map_err(|error| BlueprintError::Unfit {
            message: error.to_string(),
            hint: error.hint(),
        })?;
        let choices = self.choices.clone();
        let render = Render::new(spec.name, move |facts: &Facts| {
            let values = render(spec, &choices, facts)?;
            Ok(Release {
                name: spec.name.to_owned(),
                namespace: spec.namespace.to_owned(),
                creates_namespace: spec.creates_namespace,
                chart: chart.clone(),
                values,
                timeout: spec.timeout,
            })
        });
        Ok(Step {
            id: spec.name.to_owned(),
            title: spec.title.to_owned(),
            work: Work::Release(render),
            gates: self.release_gates(spec),
        })
    }

    fn release_gates(&self, spec: &ReleaseSpec) -> Vec<Gate> {
        let namespace = spec.namespace.to_owned();
        let ready =
            Gate::WorkloadsReady { namespace: namespace.clone(), release: spec.name.to_owned() };
        let more = match spec.name {
            "cluster-base" => vec![Gate::OneDefaultStorageClass],
            "external-secrets-store" => vec![Gate::ExternalSecretsReady { namespace }],
            "poolside" => vec![Gate::IngressAddress { namespace }],
            "gpu-operator" => vec![Gate::Allocatable {
                group: format!("{}-gpu", self.name),
                resource: "nvidia.com/gpu".into(),
                each: GPUS_PER_NODE,
            }],
            "inference-stack" => vec![Gate::ServiceAnswers {
                namespace,
                service: "inference-stack-envoy".into(),
                port: 80,
                path: "/v1/models".into(),
            }],
            _ => Vec::new(),
        };
        std::iter::once(ready).chain(more).collect()
    }
}

fn render(
    spec: &'static ReleaseSpec,
    choices: &Choices,
    facts: &Facts,
) -> Result<Value, ReleaseError> {
    let outputs = values::Outputs::from(facts.outputs.clone());
    let images = facts.images.iter().map(|(name, image)| {
        let pushed = values::PushedImage {
            repository: image.repository.clone(),
            tag: image.tag.clone(),
            digest: image.digest.clone(),
        };
        (name.clone(), pushed)
    });
    let images = images.collect();
    let inputs = values::Inputs { outputs: &outputs, choices, images: &images };
    (spec.values)(&inputs).map_err(|error| ReleaseError::new(spec.name, error))
}

fn one_step(id: &'static str, title: &str, work: Work, gates: Vec<Gate>) -> Stage {
    Stage { id, steps: vec![Step { id: id.to_owned(), title: title.to_owned(), work, gates }] }
}
