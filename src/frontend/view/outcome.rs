//! How a run ended: what failed, why, what it means, what to do; or what is left for the operator.

use super::stages::{self, StageLine};
use super::{Lost, Watched};
use crate::answers::Answers;
use crate::blueprint::{Blueprint, Reached, Todo};
use crate::frontend::words::{count, elapsed};
use crate::run::event::RunStatus;
use crate::run::ledger::Standing;
use crate::run::state::Status;

/// The end of a run that is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failed {
    /// The title: the stage, and after how long it ended.
    pub title: String,
    /// What failed, one sentence.
    pub what: String,
    /// Why, outermost first.
    pub why: Vec<String>,
    /// What it means.
    pub meaning: Vec<String>,
    /// What the hint says.
    pub hint: Option<String>,
}

/// The end of a run that is not done, or was interrupted; nothing while it goes on or when it is done.
pub fn failed(watched: &Watched) -> Option<Failed> {
    let state = &watched.state;
    if let Some(lost) = watched.lost {
        return Some(of_lost(watched, lost));
    }
    let status = state.status.filter(|status| *status != RunStatus::Done)?;
    let shown = stages::current(watched);
    let (at, all) = stages::position(watched, shown);
    let word = match status {
        RunStatus::Stopped => "stopped by request",
        RunStatus::Refused => "refused",
        RunStatus::NotReady => "not ready",
        RunStatus::Failed | RunStatus::Done => "failed",
    };
    let ended = state.stages.iter().find(|stage| stage.id == shown);
    let step = ended.and_then(|stage| stage.steps.iter().find(|step| step.failure.is_some()));
    let took = step.and_then(|step| step.elapsed_ms);
    let took = took.map(|ms| format!(" after {}", elapsed(ms))).unwrap_or_default();
    let (what, why, hint) = match &state.failure {
        Some(failure) => {
            let what = match step {
                Some(step) if !step.title.is_empty() => format!("{}: {}", step.title, failure.what),
                _ => failure.what.clone(),
            };
            (what, failure.causes.clone(), failure.hint.clone())
        }
        None => ("The run was stopped by request".into(), Vec::new(), None),
    };
    Some(Failed {
        title: format!("{at}/{all} {shown}: {word}{took}"),
        what,
        why,
        meaning: meaning(watched, status, shown),
        hint,
    })
}

fn of_lost(watched: &Watched, lost: Lost) -> Failed {
    let shown = stages::current(watched);
    let (at, all) = stages::position(watched, shown);
    let meaning = match lost {
        Lost::ToolAtWork => "A tool that it had started is still at work; resuming takes it over",
        Lost::Nothing => "Nothing of it is at work; resuming looks at the account first",
    };
    Failed {
        title: format!("{at}/{all} {shown}: interrupted"),
        what: "The engine ended without a word".into(),
        why: vec!["It was killed, or the host lost power; its journal ends here".into()],
        meaning: vec![meaning.into()],
        hint: Some(format!("`springboard resume {}`", watched.deployment())),
    }
}

fn meaning(watched: &Watched, status: RunStatus, shown: &str) -> Vec<String> {
    if status == RunStatus::NotReady {
        return vec!["Nothing was begun".into()];
    }
    let stages = &watched.state.stages;
    let done = stages.iter().filter(|stage| stage.status == Status::Done).count();
    let left = stages.len() - done;
    let stays = if done == 1 { "is done and stays" } else { "are done and stay" };
    let mut lines = vec![format!(
        "{} {stays}; {} to go",
        count(done as u64, "stage"),
        count(left as u64, "stage"),
    )];
    let open: Vec<String> = watched
        .ledger
        .stage(shown)
        .flat_map(|step| &step.objects)
        .filter(|object| matches!(object.standing, Standing::Interrupted | Standing::Failed))
        .map(|object| object.address.clone())
        .collect();
    if !open.is_empty() {
        let open = super::names::listed(&open, open.len());
        lines.push(format!("Not finished: {open}; resuming looks at the account first"));
    }
    lines.push(match status {
        RunStatus::Refused => "Nothing was deleted or replaced".into(),
        _ => "Resuming plans again and goes on from there; nothing is made twice".into(),
    });
    lines
}

/// Who knows what is left to do, and with which answers.
#[derive(Debug, Clone)]
pub struct After {
    /// What was installed.
    pub blueprint: &'static dyn Blueprint,
    /// As it was answered.
    pub answers: Answers,
}

/// The end of a run that is done.
#[derive(Debug, Clone, PartialEq)]
pub struct Finish {
    /// The title.
    pub title: String,
    /// What is left for the operator.
    pub left: Vec<Todo>,
    /// What runs where, one sentence.
    pub what: String,
    /// What the deployment has told about itself: name and value.
    pub outputs: Vec<(String, String)>,
    /// What was verified at the end.
    pub verified: Vec<String>,
    /// How much was made.
    pub made: String,
    /// Time of each stage.
    pub stages: Vec<StageLine>,
}

/// The end of a run that is done; nothing before.
pub fn finish(watched: &Watched, after: Option<&After>) -> Option<Finish> {
    let state = &watched.state;
    if state.status != Some(RunStatus::Done) {
        return None;
    }
    let until = state.at?;
    let took = elapsed(watched.elapsed_ms(until));
    let steps = state.stages.iter().flat_map(|stage| watched.ledger.stage(&stage.id));
    let made = steps.clone().flat_map(|step| &step.objects);
    let made = made.filter(|object| object.standing == Standing::Done && object.action.is_some());
    let verified: Vec<String> = steps.flat_map(|step| step.gates.iter().cloned()).collect();
    let outputs = state.outputs.iter().map(|(name, value)| {
        (name.clone(), value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    });
    let (at, all) = stages::position(watched, stages::current(watched));
    let reached = Reached { outputs: &state.outputs, facts: &verified };
    let left = after.map(|after| after.blueprint.afterwards(&after.answers, &reached));
    Some(Finish {
        left: left.unwrap_or_default(),
        title: format!("{at}/{all} done, nothing left to change"),
        what: format!("{} is done after {took}", watched.deployment()),
        outputs: outputs.collect(),
        made: format!(
            "{} made, {} verified",
            count(made.count() as u64, "object"),
            count(verified.len() as u64, "fact")
        ),
        verified,
        stages: stages::stages(watched, until),
    })
}
