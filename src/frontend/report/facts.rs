//! What a report tells: gathered from the journals of a run and those it continues.
//!
//! A journal may have a million events: what is listed has a limit, and what is left out is counted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::engine::deployment::{Deployment, DeploymentError};
use crate::run::event::{EventKind, Failure, Severity};
use crate::run::{Action, Event, Header, RunState};

/// How many objects are listed at most.
const OBJECTS: usize = 5_000;
/// How many troubles are listed at most.
const TROUBLES: usize = 500;

/// Everything that a report tells.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// The runs, oldest first.
    pub(super) runs: Vec<Run>,
    /// What they came to.
    pub(super) state: RunState,
    /// What was made, changed or moved, in the order in which it was done.
    pub(super) objects: Vec<Object>,
    /// How many more there were.
    pub(super) more_objects: usize,
    /// What went wrong, was found, or was asked on the way.
    pub(super) troubles: Vec<Trouble>,
    /// How many more there were.
    pub(super) more_troubles: usize,
    /// The answers, with where they came from.
    pub(super) answers: Vec<Asked>,
    /// Where they depart from the reference.
    pub(super) departures: Vec<Departure>,
}

/// Where the answers depart from the reference.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Departure {
    pub(super) id: String,
    pub(super) sentence: String,
    /// Absent where any answers depart so.
    pub(super) key: Option<String>,
    pub(super) reason: Option<String>,
}

/// One run of the chain.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) header: Header,
    /// Time of its last event.
    pub(super) until: Timestamp,
    /// Its steps, in the order in which they began.
    pub(super) steps: Vec<Span>,
}

/// A step of one run.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) stage: String,
    pub(super) step: String,
    pub(super) began: Timestamp,
    /// Absent where the engine ended before.
    pub(super) ended: Option<Timestamp>,
    pub(super) how: How,
}

/// How a step of one run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Running,
    Done,
    Unchanged,
    Failed,
    Stopped,
}

/// Something that was worked on.
#[derive(Debug)]
pub(super) struct Object {
    /// The number of its run in the chain.
    pub(super) run: usize,
    pub(super) stage: String,
    pub(super) step: String,
    pub(super) address: String,
    pub(super) action: Action,
    pub(super) id: Option<String>,
    pub(super) bytes: Option<u64>,
    pub(super) ended: Timestamp,
    pub(super) elapsed_ms: u64,
    pub(super) failed: bool,
}

/// Something that did not go by itself.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) at: Timestamp,
    pub(super) place: String,
    pub(super) word: &'static str,
    pub(super) what: String,
    /// Causes, and what to do.
    pub(super) more: Vec<String>,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) source: String,
}

impl Facts {
    /// Gathers them for a run.
    pub(super) fn of(deployment: &Deployment, run: &str) -> Result<Self, DeploymentError> {
        let mut facts = Self::default();
        for (header, events) in deployment.chain(run)? {
            facts.ask(deployment, &header.run);
            facts.begin(header);
            for event in events {
                facts.event(&event?);
            }
        }
        if facts.state.status.is_none() && deployment.owner().is_none() {
            facts.state.interrupt();
        }
        Ok(facts)
    }

    /// Takes in the answers of a run. One that was read from the file of the run before it keeps the
    /// source that it had there.
    fn ask(&mut self, deployment: &Deployment, run: &str) {
        let path = deployment.run(run).join("answers.json");
        // Runs of older versions have none.
        let Ok(text) = std::fs::read_to_string(path) else { return };
        let mut document: Value = serde_json::from_str(&text).unwrap_or_default();
        // Those of older versions have none.
        let departures = document["deviations"].take();
        self.departures = serde_json::from_value(departures).unwrap_or_default();
        let Some(answers) = document["answers"].as_object() else { return };
        let before = std::mem::take(&mut self.answers);
        self.answers = answers
            .iter()
            .map(|(key, answer)| {
                let value = plain(&answer["value"]);
                let asked = |source: &str| Asked {
                    key: key.clone(),
                    value: value.clone(),
                    source: source.to_owned(),
                };
                let same = before.iter().find(|old| old.key == *key && old.value == value);
                same.cloned().unwrap_or_else(|| asked(answer["source"].as_str().unwrap_or("")))
            })
            .collect();
    }

    fn begin(&mut self, header: Header) {
        self.runs.push(Run { header: header.clone(), until: header.at, steps: Vec::new() });
        self.state.begin_run(header);
    }

    fn event(&mut self, event: &Event) {
        self.state.apply(event);
        let index = self.runs.len().saturating_sub(1);
        let Some(run) = self.runs.last_mut() else { return };
        run.until = event.at;
        match &event.kind {
            EventKind::StepStarted { stage, step, .. } => run.steps.push(Span {
                stage: stage.clone(),
                step: step.clone(),
                began: event.at,
                ended: None,
                how: How::Running,
            }),
            EventKind::StepFinished { unchanged: true, .. } => run.end(event, How::Unchanged),
            EventKind::StepFinished { .. } => run.end(event, How::Done),
            EventKind::StepStopped { .. } => run.end(event, How::Stopped),
            EventKind::StepFailed { .. } => run.end(event, How::Failed),
            EventKind::ObjectFinished {
                stage,
                step,
                address,
                action,
                id,
                elapsed_ms,
                bytes,
                ..
            } if *action != Action::Read => self.object(Object {
                run: index,
                stage: stage.clone(),
                step: step.clone(),
                address: address.clone(),
                action: *action,
                id: id.clone(),
                bytes: *bytes,
                ended: event.at,
                elapsed_ms: *elapsed_ms,
                failed: false,
            }),
            EventKind::ObjectFailed { stage, step, address, action, elapsed_ms } => {
                self.object(Object {
                    run: index,
                    stage: stage.clone(),
                    step: step.clone(),
                    address: address.clone(),
                    action: *action,
                    id: None,
                    bytes: None,
                    ended: event.at,
                    elapsed_ms: *elapsed_ms,
                    failed: true,
                });
            }
            _ => {}
        }
        if let Some(trouble) = trouble(event) {
            if self.troubles.len() < TROUBLES {
                self.troubles.push(trouble);
            } else {
                self.more_troubles += 1;
            }
        }
    }

    fn object(&mut self, object: Object) {
        if self.objects.len() < OBJECTS {
            self.objects.push(object);
        } else {
            self.more_objects += 1;
        }
    }

    /// Stages in the order of the plan, with how many objects each has.
    pub(super) fn by_stage(&self) -> Vec<(&str, Vec<&Object>)> {
        let mut known: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for object in &self.objects {
            known.entry(&object.stage).or_default().push(object);
        }
        let planned = self.state.stages.iter().map(|stage| stage.id.as_str());
        planned.filter_map(|stage| known.remove_entry(stage)).collect()
    }
}

impl Run {
    fn end(&mut self, event: &Event, how: How) {
        let ended = crate::run::state::step_of(&event.kind);
        let is_it = |span: &&mut Span| ended == Some((span.stage.as_str(), span.step.as_str()));
        if let Some(span) = self.steps.iter_mut().rev().find(is_it) {
            (span.ended, span.how) = (Some(event.at), how);
        }
    }
}

/// What an event has to say under "failures and retries".
fn trouble(event: &Event) -> Option<Trouble> {
    let of = |place: String, word, what: &str, more| {
        Some(Trouble { at: event.at, place, word, what: what.to_owned(), more })
    };
    let run = || "run".to_owned();
    match &event.kind {
        EventKind::StepFailed { stage, step, failure, .. } => {
            of(format!("{stage}/{step}"), "failed", &failure.what, reasons(failure))
        }
        EventKind::RunFinished { failure: Some(failure), .. } => {
            of(run(), "ended", &failure.what, reasons(failure))
        }
        EventKind::ObjectFailed { stage, address, .. } => {
            of(stage.clone(), "failed", address, Vec::new())
        }
        EventKind::Diagnostic { stage, severity, summary, detail, address, .. } => {
            let word = if *severity == Severity::Error { "error" } else { "warning" };
            let more = address.iter().chain([detail]).filter(|text| !text.is_empty()).cloned();
            of(stage.clone(), word, summary, more.collect())
        }
        EventKind::StepStarted { stage, step, attempt } if *attempt > 1 => {
            of(format!("{stage}/{step}"), "retried", &format!("try {attempt}"), Vec::new())
        }
        EventKind::CommandAdopted { stage, step, purpose, run, .. } => {
            let what = format!("{purpose} of run {run} was taken over");
            of(format!("{stage}/{step}"), "found", &what, Vec::new())
        }
        EventKind::Found { stage, what } => {
            of(stage.clone().unwrap_or_else(run), "found", what, Vec::new())
        }
        EventKind::CredentialsChanged { what, .. } => of(run(), "credentials", what, Vec::new()),
        EventKind::StopRequested { now, by } => {
            let how = if *now { "now" } else { "after the running stage" };
            of(run(), "stop asked", how, by.iter().map(|by| format!("by {by}")).collect())
        }
        EventKind::ForceRequested { by } => {
            let by = by.iter().map(|by| format!("by {by}")).collect();
            of(run(), "stop asked", "by force", by)
        }
        EventKind::Confirmed { object } => of(run(), "confirmed", object, Vec::new()),
        EventKind::RefusedToDelete { stage, step, objects } => {
            let what = format!("the plan would delete {}", objects.join(", "));
            of(format!("{stage}/{step}"), "refused", &what, Vec::new())
        }
        _ => None,
    }
}

fn reasons(failure: &Failure) -> Vec<String> {
    let causes = failure.causes.iter().map(|cause| format!("cause: {cause}"));
    causes.chain(failure.hint.iter().map(|hint| format!("hint: {hint}"))).collect()
}

/// A value as it is written for people.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".into(),
        Value::String(text) => text.clone(),
        Value::Array(values) => values.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(entries) => {
            let entry = |(name, value): (&String, &Value)| match value {
                Value::Object(_) => format!("{name}: ({})", plain(value)),
                value => format!("{name}: {}", plain(value)),
            };
            entries.iter().map(entry).collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn values_are_written_for_people() {
        for (value, text) in [
            (json!(null), "none"),
            (json!(true), "true"),
            (json!(["a", "b"]), "a, b"),
            (json!({ "a": "x", "b": { "c": 1, "d": ["y", "z"] } }), "a: x; b: (c: 1; d: y, z)"),
            (json!({}), ""),
        ] {
            assert_eq!(plain(&value), text);
        }
    }
}
