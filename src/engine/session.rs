//! A session: one run of the engine over a plan, from its header to its last event.
//!
//! Walks the stages in order. Knows what a step is, not how it is done ([`super::steps`]).

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use tokio::time::Instant;

use super::adoption;
use super::claim::{Claim, Lock};
use super::credentials::{self, Profile};
use super::deployment::Deployment;
use super::recorder::{RecordError, Recorder};
use super::steps::{self, StepEnd, StepError};
use super::stop::{Stop, Wish};
use super::surroundings::Surroundings;
use crate::cloud::{CloudError, sign};
use crate::cluster::{Door, Proxy};
use crate::host::Host;
use crate::plan::{Facts, Plan, Stage, Step, Work};
use crate::preflight::{self, Check, Context, Limits};
use crate::run::event::{EventKind, Failure, RunStatus};
use crate::run::{Action, Redactor, RunState};
use crate::tools::toolbox::Toolbox;

/// Everything that a run needs.
#[derive(Debug)]
pub struct Session {
    /// The process and the machine.
    pub host: Host,
    /// The deployment on disk.
    pub deployment: Deployment,
    /// That this engine and no other works on it, until the session is dropped.
    pub claim: Claim,
    /// The lock that tools inherit, from the moment on in which no tool of an earlier run has it.
    pub lock: OnceLock<Lock>,
    /// Id of this run.
    pub run: String,
    /// What will be done.
    pub plan: Plan,
    /// The account and the ways to it.
    pub surroundings: Surroundings,
    /// The external programs.
    pub toolbox: Toolbox,
    /// What earlier runs of the chain did.
    pub before: RunState,
    /// Writes the journal.
    pub recorder: Recorder,
    /// Masks secrets.
    pub redactor: Redactor,
    /// The wish to stop.
    pub stop: Stop,
    /// Addresses of objects that may be deleted or replaced.
    pub confirmed: Vec<String>,
    /// What is verified before anything is begun.
    pub preflight: Preflight,
}

/// The checks of a run, and what they are asked with.
#[derive(Debug)]
pub struct Preflight {
    /// The checks.
    pub checks: Vec<&'static Check>,
    /// What they are asked with.
    pub context: Context,
    /// Those that the operator leaves out.
    pub left_out: BTreeSet<&'static str>,
}

impl Session {
    /// Carries the plan out and records how it ended.
    ///
    /// # Errors
    /// When the journal cannot be written; nothing more is begun then.
    pub async fn run(&self) -> Result<RunStatus, RecordError> {
        let began = Instant::now();
        let (status, failure) = match self.supervised().await {
            Ok(()) => (RunStatus::Done, None),
            Err(End::Stopped) => (RunStatus::Stopped, None),
            Err(End::NotReady(failure)) => (RunStatus::NotReady, Some(failure)),
            Err(End::Failed(failure)) => (RunStatus::Failed, Some(failure)),
            Err(End::Refused(failure)) => (RunStatus::Refused, Some(failure)),
            Err(End::Record(error)) => return Err(error),
        };
        let elapsed_ms = milliseconds(began);
        self.recorder.record(EventKind::RunFinished { status, failure, elapsed_ms }).await?;
        Ok(status)
    }

    /// Plans the whole root as it will be at the end and changes nothing: address to action.
    ///
    /// # Errors
    /// When the plan cannot be made.
    pub async fn preview(&self) -> Result<BTreeMap<String, Action>, Failure> {
        let passes = self.plan.stages.iter().flat_map(|stage| {
            stage.steps.iter().filter_map(move |step| match &step.work {
                Work::Converge(pass) => Some((stage.id, &step.id, pass)),
                _ => None,
            })
        });
        let Some((stage, step, pass)) = passes.last() else { return Ok(BTreeMap::new()) };
        match self.take_lock() {
            Ok(true) => {}
            Ok(false) | Err(_) => return Err(tool_at_work()),
        }
        let context = steps::Context { session: self, stage, step, door: None };
        steps::preview(&context, pass).await.map_err(|error| match End::from(error) {
            End::Record(error) => failure_of(&*error.0),
            End::Stopped => Failure { what: "stopped".into(), ..Failure::default() },
            End::NotReady(failure) | End::Failed(failure) | End::Refused(failure) => failure,
        })
    }

    /// The folder of this run.
    pub fn folder(&self) -> PathBuf {
        self.deployment.run(&self.run)
    }

    /// The lock that tools inherit, once it was taken.
    pub(super) fn lock(&self) -> Option<&Lock> {
        self.lock.get()
    }

    /// Takes the lock that tools inherit; `false` while a tool of an earlier run has it.
    pub(super) fn take_lock(&self) -> std::io::Result<bool> {
        let Some(lock) = self.claim.lock()? else { return Ok(false) };
        let _taken_before = self.lock.set(lock);
        Ok(true)
    }

    /// The way to the cluster, once the outputs have told it.
    pub(super) fn door(&self, facts: &Facts) -> Option<Door> {
        use base64::Engine as _;
        let names = self.plan.outputs;
        let (endpoint, authority) = (facts.text(names.endpoint), facts.text(names.authority));
        let pem = base64::engine::general_purpose::STANDARD.decode(authority).ok()?;
        let (login, host) = (self.surroundings.patient.clone(), self.host.clone());
        let signed_for = (self.plan.region.clone(), self.plan.cluster.clone());
        Some(Door {
            endpoint: Some(endpoint.to_owned()).filter(|e| !e.is_empty())?,
            certificate_authority: String::from_utf8(pem).ok()?,
            address: self.surroundings.kubernetes,
            proxy: Proxy::of(&self.child_environment()),
            tokens: Arc::new(move || {
                let (login, host) = (login.clone(), host.clone());
                let (region, cluster) = signed_for.clone();
                Box::pin(async move {
                    let served = login.credentials().await.map_err(|error| error.to_string())?;
                    sign::cluster_token(&served.keys, &region, &cluster, host.now())
                        .map_err(|error| error.to_string())
                })
            }),
        })
    }

    /// The environment of every external program: what it needs of ours, and the way to AWS.
    pub(super) fn child_environment(&self) -> BTreeMap<String, String> {
        let kept = KEPT_VARIABLES
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.host.var(name)?.to_owned())));
        let served = self.profile().environment();
        kept.chain(served).chain(self.surroundings.environment.clone()).collect()
    }

    /// The AWS configuration that external programs are given.
    pub(super) fn profile(&self) -> Profile<'_> {
        Profile::of(&self.deployment, &self.surroundings, &self.plan.region)
    }

    /// The rollout, with all checks before it and the credentials watched beside it.
    async fn supervised(&self) -> Result<(), End> {
        credentials::learn_now(self).await;
        let Preflight { checks, context, left_out } = &self.preflight;
        let report = preflight::run(checks, context, left_out, Limits::default()).await;
        self.recorder.record_all(report.events()).await?;
        if let Some(failure) = report.failure() {
            return Err(End::NotReady(failure));
        }
        // Dropping the watch loses nothing: it has recorded what it has seen.
        tokio::select! {
            ended = self.roll_out() => ended,
            unwritable = credentials::watch(self) => Err(End::Record(unwritable)),
        }
    }

    async fn roll_out(&self) -> Result<(), End> {
        let tools: BTreeMap<String, String> = self.toolbox.versions();
        let stages = self.plan.outline();
        self.recorder.record(EventKind::RolloutStarted { stages, tools }).await?;
        for object in &self.confirmed {
            self.recorder.record(EventKind::Confirmed { object: object.clone() }).await?;
        }
        adoption::take_over(self).await?;
        let mut facts = Facts::default();
        for stage in &self.plan.stages {
            if self.stop.wish() >= Wish::AfterStage {
                return Err(End::Stopped);
            }
            self.stage(stage, &mut facts).await?;
        }
        let values = facts.outputs.into_iter().collect();
        self.recorder.record(EventKind::Outputs { values }).await?;
        Ok(())
    }

    async fn stage(&self, stage: &Stage, facts: &mut Facts) -> Result<(), End> {
        let began = Instant::now();
        self.recorder.record(EventKind::StageStarted { stage: stage.id.into() }).await?;
        if let Some(listener) = &self.surroundings.listener {
            listener.stage_begins(stage.id).await;
        }
        for step in &stage.steps {
            if self.stop.is_now() {
                return Err(End::Stopped);
            }
            self.step(stage, step, facts).await?;
        }
        let elapsed_ms = milliseconds(began);
        self.recorder
            .record(EventKind::StageFinished { stage: stage.id.into(), elapsed_ms })
            .await?;
        Ok(())
    }

    /// What the account itself says of its being gone, or gone for us because the credentials have
    /// ended; `None` while it answers.
    pub(super) async fn account_gone(&self) -> Option<CloudError> {
        let asked = self.surroundings.cloud.caller().await;
        asked.err().filter(|e| matches!(e, CloudError::Gone { .. } | CloudError::Ended { .. }))
    }

    /// The failure of a step. Where the account is gone, that is what went wrong, and what the
    /// tools said of it is no more than a cause.
    async fn explained(&self, failure: Failure) -> Failure {
        if let Some(explained) = credentials::explained(&self.surroundings, &failure).await {
            return explained;
        }
        let Some(gone) = self.account_gone().await else { return failure };
        let mut explained = failure_of(&gone);
        if failure.what != explained.what {
            explained.causes.push(failure.what);
            explained.causes.extend(failure.causes);
        }
        explained
    }

    async fn step(&self, stage: &Stage, step: &Step, facts: &mut Facts) -> Result<(), End> {
        let began = Instant::now();
        let (stage_id, step_id) = (stage.id.to_owned(), step.id.clone());
        // On disk before any process of the step exists.
        self.recorder
            .record(EventKind::StepStarted {
                stage: stage_id.clone(),
                step: step_id.clone(),
                attempt: 1,
            })
            .await?;
        let door = self.door(facts);
        let context =
            steps::Context { session: self, stage: stage.id, step: &step.id, door: door.as_ref() };
        let ended = steps::carry_out(&context, step, facts).await;
        let elapsed_ms = milliseconds(began);
        let (stage, step) = (stage_id, step_id);
        let mut error = match ended {
            Ok(StepEnd::Done { unchanged }) => {
                let kind = EventKind::StepFinished { stage, step, unchanged, elapsed_ms };
                self.recorder.record(kind).await?;
                return Ok(());
            }
            Err(error) => error,
        };
        let mut kinds = Vec::new();
        if let StepError::Refused(objects) = &error {
            let (stage, step) = (stage.clone(), step.clone());
            kinds.push(EventKind::RefusedToDelete { stage, step, objects: objects.clone() });
        }
        if let StepError::Failed(failure) = error {
            error = StepError::Failed(self.explained(failure).await);
        }
        let end = End::from(error);
        kinds.push(match end.failure() {
            Some(failure) => {
                EventKind::StepFailed { stage, step, failure: failure.clone(), elapsed_ms }
            }
            None => EventKind::StepStopped { stage, step, elapsed_ms },
        });
        if let End::Record(_) = end {
            return Err(end);
        }
        self.recorder.record_all(kinds).await?;
        Err(end)
    }
}

/// Variables of our own environment that external programs need too. The operator's own settings
/// of those programs are not among them.
const KEPT_VARIABLES: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TMPDIR",
    "TZ",
    "XDG_RUNTIME_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

fn tool_at_work() -> Failure {
    Failure {
        what: "a tool of an earlier run is still at work".into(),
        causes: Vec::new(),
        hint: Some("`springboard resume` takes it over; plan when it has ended".into()),
    }
}

fn refusal(objects: &[String]) -> Failure {
    let confirm: Vec<String> = objects.iter().map(|o| format!("--confirm '{o}'")).collect();
    Failure {
        what: format!("the plan would delete or replace {}", objects.join(", ")),
        causes: Vec::new(),
        hint: Some(format!(
            "if that is meant, resume with `{}`; nothing was changed",
            confirm.join(" ")
        )),
    }
}

/// Why a rollout does not go on.
#[derive(Debug)]
enum End {
    Stopped,
    NotReady(Failure),
    Failed(Failure),
    Refused(Failure),
    Record(RecordError),
}

impl End {
    /// Why, unless it was stopped by request.
    fn failure(&self) -> Option<&Failure> {
        match self {
            Self::NotReady(failure) | Self::Failed(failure) | Self::Refused(failure) => {
                Some(failure)
            }
            Self::Stopped | Self::Record(_) => None,
        }
    }
}

impl From<StepError> for End {
    fn from(error: StepError) -> Self {
        match error {
            StepError::Failed(failure) => Self::Failed(failure),
            StepError::Held(failure) => Self::Refused(failure),
            StepError::Refused(objects) => Self::Refused(refusal(&objects)),
            StepError::Stopped => Self::Stopped,
            StepError::Record(error) => Self::Record(error),
        }
    }
}

impl From<RecordError> for End {
    fn from(error: RecordError) -> Self {
        Self::Record(error)
    }
}

pub(super) fn milliseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// The failure that an error and its causes make, for the journal and the screen.
pub fn failure_of(error: &dyn crate::error::Hint) -> Failure {
    let mut causes = Vec::new();
    let mut source = error.source();
    while let Some(cause) = source {
        causes.push(cause.to_string());
        source = cause.source();
    }
    Failure { what: error.to_string(), causes, hint: error.hint() }
}
