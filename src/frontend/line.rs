//! Line output: `HH:MM:SS stage address what (elapsed)`, one line an event.
//!
//! No cursor movement and no colour, so that a log, `grep` and a screen reader have the same right
//! to every fact.

use jiff::Timestamp;

use super::view::support;
use super::words::{bytes, count, doing, done, elapsed};
use crate::preflight::report;
use crate::run::event::{Event, EventKind, Failure, Outcome, RunStatus, Severity};
use crate::run::state::Status;
use crate::run::{Action, Header, RunState};

/// Writes the lines of one run.
#[derive(Debug)]
pub struct Lines {
    prefix: &'static str,
}

impl Lines {
    /// Lines of the run with that header; those of a rehearsal say so in every line.
    pub fn new(header: &Header) -> Self {
        let rehearsal = header.deployment.starts_with("rehearsal/");
        Self { prefix: if rehearsal { "rehearsal/" } else { "" } }
    }

    /// A line about a stage, which is of no event.
    pub fn said(&self, at: Timestamp, stage: &str, text: &str) -> String {
        format!("{} {}{stage} {text}", at.strftime("%H:%M:%S"), self.prefix)
    }

    /// The lines of one event, given what was known before it.
    pub fn of(&self, event: &Event, before: &RunState) -> Vec<String> {
        let line = |stage: &str, text: String| self.said(event.at, stage, &text);
        described(&event.kind, before)
            .into_iter()
            .map(|(stage, text)| line(if stage.is_empty() { "run" } else { &stage }, text))
            .collect()
    }
}

fn described(kind: &EventKind, before: &RunState) -> Vec<(String, String)> {
    let one = |stage: &str, text: String| vec![(stage.to_owned(), text)];
    match kind {
        // What passed is counted when all checks have ended.
        EventKind::CheckFinished { outcome: Outcome::Pass | Outcome::Skipped, .. } => Vec::new(),
        EventKind::CheckFinished { check, outcome, finding, why, remedy } => {
            let word = report::word(*outcome);
            let mut lines = one("preflight", format!("{check} {word}: {finding}"));
            if let Some(why) = why {
                lines.extend(one("preflight", format!("{check} why: {why}")));
            }
            if let Some(remedy) = remedy {
                lines.extend(one("preflight", format!("{check} remedy: {remedy}")));
            }
            lines
        }
        EventKind::RolloutStarted { stages, tools } => {
            let names: Vec<_> = stages.iter().map(|s| s.id.as_str()).collect();
            let tools: Vec<_> = tools.iter().map(|(name, v)| format!("{name} {v}")).collect();
            let mut lines = preflight(before);
            let stages = names.join(", ");
            lines.extend(one("run", format!("stages: {stages}; with {}", tools.join(", "))));
            lines
        }
        // Nothing was begun: then the checks are all that there is.
        EventKind::RunFinished { .. } if before.rollout_started.is_none() => preflight(before),
        EventKind::StageStarted { stage } => one(stage, "started".into()),
        EventKind::StageFinished { stage, elapsed_ms } => {
            one(stage, format!("done ({})", elapsed(*elapsed_ms)))
        }
        EventKind::Found { stage, what } => {
            one(stage.as_deref().unwrap_or("run"), format!("found: {what}"))
        }
        EventKind::StopRequested { now, by } => {
            let how = if *now { "interrupting what runs" } else { "after the running stage" };
            one("run", format!("stop requested{}: {how}", by_whom(by.as_ref())))
        }
        EventKind::ForceRequested { by } => {
            let by = by_whom(by.as_ref());
            one("run", format!("stop by force requested{by}: the running tool is ended"))
        }
        EventKind::Confirmed { object } => one("run", format!("confirmed: {object}")),
        EventKind::CredentialsChanged { what, .. } => one("run", what.clone()),
        EventKind::Outputs { values } => {
            one("run", format!("{} known", count(values.len() as u64, "output")))
        }
        other => of_step(other, before),
    }
}

/// How the checks ended, counted.
fn preflight(state: &RunState) -> Vec<(String, String)> {
    if state.checks.is_empty() {
        return Vec::new();
    }
    let outcomes =
        [Outcome::Pass, Outcome::Warn, Outcome::Fail, Outcome::Unknown, Outcome::Skipped];
    let number =
        |wanted: Outcome| state.checks.iter().filter(|(_, outcome, _)| *outcome == wanted).count();
    let counts: Vec<String> = outcomes
        .into_iter()
        .filter(|outcome| number(*outcome) > 0)
        .map(|outcome| format!("{} {}", number(outcome), report::word(outcome)))
        .collect();
    vec![("preflight".to_owned(), format!("done: {}", counts.join(", ")))]
}

fn of_step(kind: &EventKind, before: &RunState) -> Vec<(String, String)> {
    let one = |stage: &str, text: String| vec![(stage.to_owned(), text)];
    match kind {
        EventKind::StepStarted { stage, step, attempt } => {
            let title = before.step(stage, step).map_or("", |s| s.title.as_str());
            let again = if *attempt > 1 { format!(", try {attempt}") } else { String::new() };
            one(stage, format!("{step} {title}{again}"))
        }
        EventKind::CommandStarted { stage, step, purpose, log, .. } => {
            one(stage, format!("{step} {purpose} started, log {log}"))
        }
        EventKind::CommandAdopted { stage, step, purpose, run, log } => {
            one(stage, format!("{step} {purpose} of run {run} taken over, log {log} of that run"))
        }
        EventKind::PlanMade { stage, step, add, change, remove, import, .. } => {
            if add + change + remove + import == 0 {
                return one(stage, format!("{step} plan: nothing to change"));
            }
            let parts =
                [(*add, "add"), (*change, "change"), (*remove, "remove"), (*import, "import")]
                    .into_iter()
                    .filter(|(n, _)| *n > 0)
                    .map(|(n, word)| format!("{n} to {word}"))
                    .collect::<Vec<_>>();
            one(stage, format!("{step} plan: {}", parts.join(", ")))
        }
        EventKind::ObjectStarted { stage, address, action, .. } if *action != Action::Read => {
            one(stage, format!("{address} {}", doing(*action)))
        }
        EventKind::ObjectFinished {
            stage, address, action, id, elapsed_ms, bytes: moved, ..
        } if *action != Action::Read => {
            let id = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
            let moved = moved.map(|n| format!(", {}", bytes(n))).unwrap_or_default();
            one(stage, format!("{address} {}{id}{moved} ({})", done(*action), elapsed(*elapsed_ms)))
        }
        EventKind::ObjectFailed { stage, address, action, elapsed_ms, .. } => one(
            stage,
            format!("{address} failed while {} ({})", doing(*action), elapsed(*elapsed_ms)),
        ),
        EventKind::Diagnostic { stage, severity, summary, detail, address, .. } => {
            let word = if *severity == Severity::Error { "error" } else { "warning" };
            let address = address.as_ref().map(|a| format!("{a} ")).unwrap_or_default();
            let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
            let detail = if detail.is_empty() { detail } else { format!("; {detail}") };
            one(stage, format!("{address}{word}: {summary}{detail}"))
        }
        EventKind::Waiting { stage, object, reason, .. } => {
            one(stage, format!("{object} waiting: {reason}"))
        }
        EventKind::GateHeld { stage, step, what } => one(stage, format!("{step} verified: {what}")),
        EventKind::StepFinished { stage, step, unchanged, elapsed_ms } => {
            let word = if *unchanged { "done, nothing to change" } else { "done" };
            one(stage, format!("{step} {word} ({})", elapsed(*elapsed_ms)))
        }
        EventKind::StepFailed { stage, step, failure, elapsed_ms } => {
            one(stage, format!("{step} failed ({}): {}", elapsed(*elapsed_ms), failure.what))
        }
        EventKind::StepStopped { stage, step, elapsed_ms } => {
            one(stage, format!("{step} stopped ({})", elapsed(*elapsed_ms)))
        }
        EventKind::RefusedToDelete { stage, step, objects } => {
            one(stage, format!("{step} refused: the plan would delete {}", objects.join(", ")))
        }
        _ => Vec::new(),
    }
}

fn by_whom(by: Option<&String>) -> String {
    by.map(|by| format!(" by {by}")).unwrap_or_default()
}

/// The line with which a run begins where several are shown one after the other.
pub fn beginning(header: &Header) -> String {
    let clock = header.at.strftime("%H:%M:%S");
    let Header { run, deployment, springboard, .. } = header;
    let day = header.at.strftime("%Y-%m-%d");
    let continues = header.continues.as_ref().map(|run| format!(", continues {run}"));
    let continues = continues.unwrap_or_default();
    let prefix = Lines::new(header).prefix;
    format!(
        "{clock} {prefix}run {run} of {deployment}, {day}, springboard {springboard}{continues}"
    )
}

/// The facts at the end of a run: how it ended, time per stage, outputs, what to do.
pub fn ending(state: &RunState) -> Vec<String> {
    let mut lines = vec![String::new()];
    let deployment = state.header.as_ref().map_or("", |h| h.deployment.as_str());
    for stage in &state.stages {
        let time = stage.elapsed_ms.filter(|_| stage.status == Status::Done).map(elapsed);
        lines.push(format!("{:<14} {}", stage.id, time.as_deref().unwrap_or(stage.status.word())));
    }
    if state.status == Some(RunStatus::Done) {
        lines.push(String::new());
        for (name, value) in &state.outputs {
            let plain = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            lines.push(format!("{name} = {plain}"));
        }
    }
    lines.push(String::new());
    let last = match state.status {
        Some(RunStatus::Done) => format!("{deployment} is done; the closing plan was empty"),
        Some(RunStatus::Stopped) => {
            format!("{deployment} is stopped; go on with `springboard resume {deployment}`")
        }
        Some(RunStatus::NotReady) => format!("{deployment} is not ready; nothing was begun"),
        Some(RunStatus::Refused) => format!("{deployment} was refused"),
        Some(RunStatus::Failed) => {
            let run = state.header.as_ref().map_or("", |header| header.run.as_str());
            lines
                .push(format!("for whoever helps: runs/{run}/{} of the deployment", support::FILE));
            format!("{deployment} failed; go on with `springboard resume {deployment}`")
        }
        None => {
            format!("{deployment} was interrupted; go on with `springboard resume {deployment}`")
        }
    };
    lines.push(last);
    lines
}

/// A failure as the operator reads it: what, the causes, what to do.
pub fn failure(failure: &Failure) -> String {
    let what = format!("error: {}", failure.what);
    let causes = failure.causes.iter().map(|cause| format!("  cause: {cause}"));
    let hint = failure.hint.iter().map(|hint| format!("hint: {hint}"));
    std::iter::once(what).chain(causes).chain(hint).collect::<Vec<_>>().join("\n")
}
