//! The list of stages: what is done, what runs, what is to come.

use jiff::Timestamp;

use super::mark::Mark;
use super::{Watched, elapsed_between};
use crate::frontend::words::elapsed;
use crate::run::event::{Outcome, RunStatus};
use crate::run::state::{StageState, Status};

/// Id of the checks, which come before all stages.
pub const PREFLIGHT: &str = "preflight";

/// A stage in the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageLine {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub mark: Mark,
    /// Its time while it runs and when it is done, its word otherwise.
    pub column: String,
}

/// All stages of a run, the checks first.
pub fn stages(watched: &Watched, now: Timestamp) -> Vec<StageLine> {
    let mut lines = vec![preflight(watched, now)];
    lines.extend(watched.state.stages.iter().map(|stage| line(watched, stage, now)));
    lines
}

fn preflight(watched: &Watched, now: Timestamp) -> StageLine {
    let state = &watched.state;
    let worst = state.checks.iter().any(|(_, outcome, _)| *outcome == Outcome::Fail);
    let began = state.header.as_ref().map(|header| header.at);
    let time = |until| began.map_or(0, |since| elapsed_between(since, until));
    let (mark, column) = match (state.rollout_started, state.status) {
        _ if worst => (Mark::Failed, Mark::Failed.word().to_owned()),
        (Some(at), _) => (Mark::Done, elapsed(time(at))),
        (None, Some(RunStatus::NotReady)) => (Mark::Failed, Mark::Failed.word().to_owned()),
        (None, None) if watched.lost.is_some() => {
            (Mark::Interrupted, Mark::Interrupted.word().to_owned())
        }
        (None, Some(_)) => (Mark::Stopped, Mark::Stopped.word().to_owned()),
        (None, None) => (Mark::Running, elapsed(time(now))),
    };
    StageLine { id: PREFLIGHT.into(), mark, column }
}

fn line(watched: &Watched, stage: &StageState, now: Timestamp) -> StageLine {
    let mark = Mark::from(stage.status);
    let column = match stage.status {
        Status::Done => stage.elapsed_ms.map(elapsed),
        Status::Running => Some(elapsed(running_for(watched, stage, now))),
        _ => None,
    };
    StageLine { id: stage.id.clone(), mark, column: column.unwrap_or_else(|| mark.word().into()) }
}

/// How long a running stage has been running in this run.
pub fn running_for(watched: &Watched, stage: &StageState, now: Timestamp) -> u64 {
    let this_run = watched.state.rollout_started;
    let started = stage.steps.iter().filter_map(|step| step.started);
    let since = started.filter(|at| this_run.is_none_or(|began| *at >= began)).min();
    since.map_or(0, |since| elapsed_between(since, now))
}

/// Position of a stage among all, counted from 1 with the checks first, and how many there are.
pub fn position(watched: &Watched, id: &str) -> (usize, usize) {
    let stages = &watched.state.stages;
    let at = stages.iter().position(|stage| stage.id == id).map_or(1, |at| at + 2);
    (at, stages.len() + 1)
}

/// The stage that one wants to see: the running one, else that with which it ended.
pub fn current(watched: &Watched) -> &str {
    let stages = &watched.state.stages;
    let of = |status: Status| stages.iter().find(|stage| stage.status == status);
    let ended = |stage: &&StageState| stage.status != Status::Pending;
    of(Status::Running)
        .or_else(|| of(Status::Failed))
        .or_else(|| of(Status::Stopped))
        .or_else(|| of(Status::Interrupted))
        .or_else(|| stages.iter().rfind(ended))
        .map_or(PREFLIGHT, |stage| stage.id.as_str())
}
