//! Steps: how each kind of work is carried out.
//!
//! One file a kind. Each asks the world what is there first, so that entering a step again does
//! only what is missing.

mod convergence;
mod release;
pub(super) mod state;
pub(super) mod terraform;
pub(super) mod tool;
mod transfers;

use std::collections::BTreeMap;
use std::path::Path;

use super::gates;
use super::recorder::RecordError;
use super::session::Session;
use crate::cluster::{Cluster, ClusterError, Door, Kubeconfig};
use crate::plan::{Facts, Pass, Step, Work};
use crate::run::Action;
use crate::run::event::{EventKind, Failure};

/// How a step ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StepEnd {
    /// It is done.
    Done {
        /// Nothing had to be done.
        unchanged: bool,
    },
}

/// Why a step did not end well.
#[derive(Debug)]
pub(super) enum StepError {
    /// It failed.
    Failed(Failure),
    /// It was stopped by request.
    Stopped,
    /// It would delete or replace guarded objects.
    Refused(Vec<String>),
    /// Somebody else has the lock of the state.
    Held(Failure),
    /// The journal cannot be written.
    Record(RecordError),
}

impl From<RecordError> for StepError {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

impl StepError {
    /// The failure that an error of ours makes.
    pub(super) fn of(error: &dyn crate::error::Hint) -> Self {
        Self::Failed(super::session::failure_of(error))
    }
}

/// What every step needs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    pub(super) session: &'a Session,
    pub(super) stage: &'a str,
    pub(super) step: &'a str,
    pub(super) door: Option<&'a Door>,
}

impl Context<'_> {
    /// Records an event of this step.
    pub(super) async fn record(
        &self,
        kind: impl FnOnce(String, String) -> EventKind,
    ) -> Result<(), RecordError> {
        self.session.recorder.record(kind(self.stage.to_owned(), self.step.to_owned())).await
    }

    /// The cluster, once the outputs have told where it is.
    pub(super) fn cluster(&self) -> Result<Cluster, ClusterError> {
        let missing = ClusterError::Door { what: "its address is not known yet" };
        Cluster::open(self.door.ok_or(missing)?)
    }

    /// Writes the kubeconfig for Helm: our own program makes the tokens.
    pub(super) fn write_kubeconfig(&self, path: &Path) -> std::io::Result<()> {
        let door =
            self.door.ok_or_else(|| std::io::Error::other("the cluster is not known yet"))?;
        let session = self.session;
        let kubeconfig = Kubeconfig {
            cluster: session.plan.cluster.clone(),
            region: session.plan.region.clone(),
            endpoint: door.endpoint.clone(),
            certificate_authority: door.certificate_authority.clone(),
            address: door.address,
            program: session.host.program().to_owned(),
            whose: session.profile().whose(),
        };
        kubeconfig.write(path)
    }

    /// Name of the step log, relative to the folder of the run.
    pub(super) fn log(&self) -> String {
        format!("logs/{}-{}.log", self.stage, self.step)
    }
}

/// What a pass would do to the root; nothing is changed.
pub(super) async fn preview(
    context: &Context<'_>,
    pass: &Pass,
) -> Result<BTreeMap<String, Action>, StepError> {
    let root = terraform::prepare(context, pass).await?;
    Ok(terraform::plan(context, &root).await?.changes())
}

/// Carries out the work of a step, then waits for its gates.
pub(super) async fn carry_out(
    context: &Context<'_>,
    step: &Step,
    facts: &mut Facts,
) -> Result<StepEnd, StepError> {
    let end = match &step.work {
        Work::State => state::prepare(context).await?,
        Work::Apply(pass) => terraform::apply(context, pass, &step.gates, facts).await?,
        Work::Converge(pass) => convergence::verify(context, pass, facts).await?,
        Work::Release(render) => release::install(context, render, facts).await?,
        Work::Images(images) => transfers::images(context, images, facts).await?,
        Work::Checkpoint(checkpoint) => transfers::checkpoint(context, checkpoint, facts).await?,
    };
    let door = context.session.door(facts);
    let context = Context { door: door.as_ref(), ..*context };
    for gate in &step.gates {
        gates::hold(&context, gate).await?;
    }
    Ok(end)
}
