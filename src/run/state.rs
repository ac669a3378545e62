//! The fold: what a run is now, from its events alone.
//!
//! Pure: no clock, no file. Every front end reads a [`RunState`]; none keeps a truth of its own.
//! A resumed run folds the runs it continues first ([`RunState::begin_run`]).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::event::{
    Action, Event, EventKind, Failure, Outcome, RunStatus, Severity, StageOutline, Standing,
};
use super::journal::Header;

/// Everything known of a run and of the runs it continues.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RunState {
    /// Header of the newest run.
    pub header: Option<Header>,
    /// The stages as planned, with what became of them.
    pub stages: Vec<StageState>,
    /// Checks that ended, of the newest run.
    pub checks: Vec<(String, Outcome, String)>,
    /// External programs in use: name to version.
    pub tools: BTreeMap<String, String>,
    /// What the deployment has told about itself.
    pub outputs: BTreeMap<String, Value>,
    /// What was found on the way.
    pub found: Vec<String>,
    /// The external program that was started and whose end is not known.
    pub command: Option<OpenCommand>,
    /// How the credentials stand, and when they end; `None` while nothing is to be said of them.
    pub credentials: Option<(Standing, Option<Timestamp>)>,
    /// How the newest run ended; `None` while it goes on or after it was killed.
    pub status: Option<RunStatus>,
    /// Why it ended so.
    pub failure: Option<Failure>,
    /// When the rollout of the newest run began.
    pub rollout_started: Option<Timestamp>,
    /// Time of the newest event.
    pub at: Option<Timestamp>,
    /// Number of the newest event.
    pub seq: u64,
}

/// A stage and what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StageState {
    /// Id, for example `foundation`.
    pub id: String,
    /// Where it stands.
    pub status: Status,
    /// Its steps.
    pub steps: Vec<StepState>,
    /// Wall time in milliseconds, once it is done.
    pub elapsed_ms: Option<u64>,
}

/// A step and what became of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepState {
    /// Id within its stage.
    pub id: String,
    /// What it does.
    pub title: String,
    /// Where it stands.
    pub status: Status,
    /// When it was entered last.
    pub started: Option<Timestamp>,
    /// Wall time in milliseconds, once it ended.
    pub elapsed_ms: Option<u64>,
    /// Objects that are worked on, with the time at which that began.
    pub in_flight: BTreeMap<String, (Action, Timestamp)>,
    /// Objects that are done.
    pub objects_done: u64,
    /// Objects that the plan wants to change.
    pub objects_planned: u64,
    /// Errors and warnings: gravity, summary, address.
    pub diagnostics: Vec<(Severity, String, Option<String>)>,
    /// What it waits for: object to reason.
    pub waiting: BTreeMap<String, String>,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// Bytes that were transferred.
    pub bytes: u64,
}

/// An external program whose end is not in any journal: it is at work, or its engine has died.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCommand {
    /// The run that started it.
    pub run: String,
    /// The stage.
    pub stage: String,
    /// The step.
    pub step: String,
    /// What it is for, for example `apply`.
    pub purpose: String,
    /// Step log that holds its lines, relative to the folder of that run.
    pub log: String,
    /// When it was announced.
    pub since: Timestamp,
    /// How many events were made of its lines.
    pub heard: usize,
}

/// Where a stage or step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Status {
    /// Not begun.
    #[default]
    Pending,
    /// At work.
    Running,
    /// Done, and its gate holds.
    Done,
    /// Failed.
    Failed,
    /// Stopped by request.
    Stopped,
    /// The engine ended while it was at work.
    Interrupted,
}

impl Status {
    /// The word that front ends show.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
        }
    }
}

impl RunState {
    /// Begins the fold of a run; what earlier runs of the chain did is kept, and what they left
    /// at work was interrupted.
    pub fn begin_run(&mut self, header: Header) {
        self.header = Some(header);
        self.checks.clear();
        self.status = None;
        self.failure = None;
        self.rollout_started = None;
        self.credentials = None;
        self.seq = 0;
        self.interrupt();
    }

    /// Marks what is at work as interrupted: nobody is alive who could go on with it.
    pub fn interrupt(&mut self) {
        for stage in &mut self.stages {
            if stage.status == Status::Running {
                stage.status = Status::Interrupted;
            }
            for step in stage.steps.iter_mut().filter(|s| s.status == Status::Running) {
                step.status = Status::Interrupted;
            }
        }
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        self.seq = event.seq;
        self.at = Some(event.at);
        match &event.kind {
            EventKind::CheckFinished { check, outcome, finding, .. } => {
                self.checks.push((check.clone(), *outcome, finding.clone()));
            }
            EventKind::RolloutStarted { stages, tools } => {
                self.rollout_started = Some(event.at);
                self.tools.clone_from(tools);
                self.outline(stages);
            }
            EventKind::Outputs { values } => self.outputs.clone_from(values),
            EventKind::Found { what, .. } => self.found.push(what.clone()),
            EventKind::CredentialsChanged { standing, expires, .. } => {
                self.credentials = Some((*standing, *expires));
            }
            EventKind::RunFinished { status, failure, .. } => {
                self.status = Some(*status);
                self.failure.clone_from(failure);
            }
            EventKind::CommandStarted { stage, step, purpose, log, .. } => {
                self.command = Some(OpenCommand {
                    run: self.header.as_ref().map(|h| h.run.clone()).unwrap_or_default(),
                    stage: stage.clone(),
                    step: step.clone(),
                    purpose: purpose.clone(),
                    log: log.clone(),
                    since: event.at,
                    heard: 0,
                });
            }
            EventKind::CommandFinished { .. } => self.command = None,
            EventKind::StageStarted { stage } => {
                self.stage_mut(stage, |s| s.status = Status::Running);
            }
            EventKind::StageFinished { stage, elapsed_ms } => self.stage_mut(stage, |s| {
                s.status = Status::Done;
                s.elapsed_ms = Some(*elapsed_ms);
            }),
            kind => self.apply_to_step(event.at, kind),
        }
    }

    /// The step `stage/step`.
    pub fn step(&self, stage: &str, step: &str) -> Option<&StepState> {
        self.stages.iter().find(|s| s.id == stage)?.steps.iter().find(|s| s.id == step)
    }

    /// Whether the step was ever begun, in this run or one that it continues.
    pub fn was_begun(&self, stage: &str, step: &str) -> bool {
        self.step(stage, step).is_some_and(|s| s.started.is_some())
    }

    fn apply_to_step(&mut self, at: Timestamp, kind: &EventKind) {
        let Some((stage, step)) = step_of(kind) else { return };
        if let Some(command) = self.command.as_mut().filter(|_| comes_from_a_tool(kind)) {
            command.heard += 1;
        }
        let ended = match kind {
            EventKind::StepFailed { .. } => Some(Status::Failed),
            EventKind::StepStopped { .. } => Some(Status::Stopped),
            _ => None,
        };
        let Some(stage) = self.stages.iter_mut().find(|s| s.id == stage) else { return };
        if let Some(status) = ended {
            stage.status = status;
        }
        if let Some(step) = stage.steps.iter_mut().find(|s| s.id == step) {
            step.apply(at, kind);
        }
    }

    fn outline(&mut self, outlines: &[StageOutline]) {
        let mut before = std::mem::take(&mut self.stages);
        for outline in outlines {
            let known = before.iter().position(|s| s.id == outline.id).map(|i| before.remove(i));
            let mut known_steps = known.as_ref().map(|s| s.steps.clone()).unwrap_or_default();
            let steps = outline.steps.iter().map(|step| {
                let known = known_steps.iter().position(|s| s.id == step.id);
                let known = known.map(|i| known_steps.remove(i)).unwrap_or_default();
                StepState { id: step.id.clone(), title: step.title.clone(), ..known }
            });
            self.stages.push(StageState {
                id: outline.id.clone(),
                status: known.as_ref().map(|s| s.status).unwrap_or_default(),
                elapsed_ms: known.as_ref().and_then(|s| s.elapsed_ms),
                steps: steps.collect(),
            });
        }
    }

    fn stage_mut(&mut self, id: &str, change: impl FnOnce(&mut StageState)) {
        if let Some(stage) = self.stages.iter_mut().find(|s| s.id == id) {
            change(stage);
        }
    }
}

impl StepState {
    fn apply(&mut self, at: Timestamp, kind: &EventKind) {
        match kind {
            EventKind::StepStarted { .. } => {
                *self = Self {
                    id: std::mem::take(&mut self.id),
                    title: std::mem::take(&mut self.title),
                    status: Status::Running,
                    started: Some(at),
                    ..Self::default()
                };
            }
            EventKind::PlanMade { add, change, remove, import, .. } => {
                self.objects_planned = add + change + remove + import;
            }
            EventKind::ObjectStarted { address, action, .. } => {
                self.in_flight.insert(address.clone(), (*action, at));
            }
            EventKind::ObjectFinished { address, bytes, .. } => {
                self.in_flight.remove(address);
                self.objects_done += 1;
                self.bytes += bytes.unwrap_or(0);
            }
            EventKind::ObjectFailed { address, .. } => {
                self.in_flight.remove(address);
            }
            EventKind::Diagnostic { severity, summary, address, .. } => {
                self.diagnostics.push((*severity, summary.clone(), address.clone()));
            }
            EventKind::Waiting { object, reason, .. } => {
                self.waiting.insert(object.clone(), reason.clone());
            }
            EventKind::StepFinished { elapsed_ms, .. } => self.end(Status::Done, *elapsed_ms),
            EventKind::StepStopped { elapsed_ms, .. } => self.end(Status::Stopped, *elapsed_ms),
            EventKind::StepFailed { failure, elapsed_ms, .. } => {
                self.failure = Some(failure.clone());
                self.end(Status::Failed, *elapsed_ms);
            }
            _ => {}
        }
    }

    fn end(&mut self, status: Status, elapsed_ms: u64) {
        self.status = status;
        self.elapsed_ms = Some(elapsed_ms);
        self.in_flight.clear();
        self.waiting.clear();
    }
}

/// Whether the event is what a line of an external program means.
fn comes_from_a_tool(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::PlanMade { .. }
            | EventKind::ObjectStarted { .. }
            | EventKind::ObjectFinished { .. }
            | EventKind::ObjectFailed { .. }
            | EventKind::Diagnostic { .. }
    )
}

/// The stage and step that an event belongs to.
pub fn step_of(kind: &EventKind) -> Option<(&str, &str)> {
    match kind {
        EventKind::StepStarted { stage, step, .. }
        | EventKind::CommandStarted { stage, step, .. }
        | EventKind::CommandAdopted { stage, step, .. }
        | EventKind::CommandFinished { stage, step, .. }
        | EventKind::PlanMade { stage, step, .. }
        | EventKind::ObjectStarted { stage, step, .. }
        | EventKind::ObjectFinished { stage, step, .. }
        | EventKind::ObjectFailed { stage, step, .. }
        | EventKind::Diagnostic { stage, step, .. }
        | EventKind::Waiting { stage, step, .. }
        | EventKind::GateHeld { stage, step, .. }
        | EventKind::StepFinished { stage, step, .. }
        | EventKind::StepFailed { stage, step, .. }
        | EventKind::StepStopped { stage, step, .. }
        | EventKind::RefusedToDelete { stage, step, .. } => Some((stage, step)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::StepOutline;
    use super::super::journal::FORMAT;
    use super::*;

    fn header(run: &str, continues: Option<&str>) -> Header {
        Header {
            format: FORMAT,
            springboard: "0.1.0".into(),
            run: run.into(),
            continues: continues.map(str::to_owned),
            deployment: "acme".into(),
            blueprint: "poolside".into(),
            answers: String::new(),
            bundle: String::new(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn fold(state: &mut RunState, kinds: &[EventKind]) {
        for kind in kinds {
            let seq = state.seq + 1;
            state.apply(&Event { seq, at: Timestamp::UNIX_EPOCH, kind: kind.clone() });
        }
    }

    fn rollout_started() -> EventKind {
        let step = |id: &str| StepOutline { id: id.into(), title: String::new() };
        EventKind::RolloutStarted {
            stages: vec![
                StageOutline { id: "foundation".into(), steps: vec![step("foundation")] },
                StageOutline { id: "images".into(), steps: vec![step("images")] },
            ],
            tools: BTreeMap::new(),
        }
    }

    fn step_started(stage: &str) -> EventKind {
        EventKind::StepStarted { stage: stage.into(), step: stage.into(), attempt: 1 }
    }

    #[test]
    fn a_step_that_was_at_work_when_the_engine_died_is_interrupted_in_the_next_run() {
        let mut state = RunState::default();
        state.begin_run(header("r1", None));
        let entered = EventKind::StageStarted { stage: "foundation".into() };
        fold(&mut state, &[rollout_started(), entered, step_started("foundation")]);
        assert_eq!(state.stages[0].status, Status::Running);
        state.begin_run(header("r2", Some("r1")));
        fold(&mut state, &[rollout_started()]);
        assert_eq!(state.stages[0].status, Status::Interrupted);
        assert!(state.was_begun("foundation", "foundation"));
        assert!(!state.was_begun("images", "images"));
    }

    #[test]
    fn a_step_entered_again_forgets_its_failure() {
        let mut state = RunState::default();
        state.begin_run(header("r1", None));
        let failed = EventKind::StepFailed {
            stage: "images".into(),
            step: "images".into(),
            failure: Failure { what: "x".into(), ..Failure::default() },
            elapsed_ms: 1,
        };
        fold(&mut state, &[rollout_started(), step_started("images"), failed]);
        assert_eq!(state.step("images", "images").unwrap().status, Status::Failed);
        assert_eq!(state.stages[1].status, Status::Failed);
        fold(&mut state, &[step_started("images")]);
        let step = state.step("images", "images").unwrap();
        assert_eq!((step.status, step.failure.as_ref()), (Status::Running, None));
    }
}
