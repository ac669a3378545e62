//! From what terraform says to what happened.
//!
//! Owns the clock of resources (start to end as our log saw them, heartbeats are hints), what a
//! plan counts, which repeated lines are not counted twice, and the judgement whether a command
//! has done its work. Writes no event to any journal and asks nothing of anybody: lines in, events
//! out. Start at [`Translator::line`].

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::lock::LockInfo;
use super::message::{self, Body, Change, Diagnostic, Hook, Message, Phase, Said, Summary, Verb};
use crate::run::{Action, EventKind, Progress, Severity, Snippet};
use crate::tools::{Ended, Heard, Line, Stream};

/// What a command is for, as far as its lines mean something different.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// `plan`: planned changes are what will be done.
    Plan,
    /// `apply`: planned changes are repetitions.
    Apply,
    /// Every other command: diagnostics only.
    Other,
}

/// Turns the lines of one command into events.
#[derive(Debug)]
pub struct Translator {
    stage: String,
    step: String,
    command: Command,
    /// Address and action of what is in flight, and since when.
    in_flight: BTreeMap<(String, &'static str), (Action, Timestamp)>,
    planned: BTreeMap<String, Action>,
    told: Told,
}

/// What a command has said in all.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Told {
    /// What the plan counted.
    pub planned: Option<Summary>,
    /// What the apply counted; only a whole one does.
    pub applied: Option<Summary>,
    /// Every diagnostic, once.
    pub diagnostics: Vec<Diagnostic>,
    /// Addresses whose work failed or was cut short.
    pub failed: Vec<String>,
    /// Resources that were found changed behind our back.
    pub drifted: Vec<String>,
    /// Lines that were no messages, standard error included: the last of them.
    pub text: Vec<String>,
}

/// More lines than this help nobody to see why a tool failed.
const LAST_LINES: usize = 20;

impl Translator {
    /// For one command of a step.
    #[must_use]
    pub fn new(stage: &str, step: &str, command: Command) -> Self {
        Self {
            stage: stage.into(),
            step: step.into(),
            command,
            in_flight: BTreeMap::new(),
            planned: BTreeMap::new(),
            told: Told::default(),
        }
    }

    /// What one line means.
    pub fn line(&mut self, line: &Line) -> Vec<Heard> {
        if line.stream == Stream::Err {
            self.keep_text(&line.text);
            return Vec::new();
        }
        match message::parse(&line.text) {
            Said::Message(message) => self.message(message, line.at),
            Said::Text(text) => {
                self.keep_text(&text);
                Vec::new()
            }
        }
    }

    /// What follows from the end of the command: work that was in flight has failed, and a plan
    /// that was made is stated.
    pub fn finish(&mut self, ended: &Ended, at: Timestamp) -> Vec<Heard> {
        let mut heard = Vec::new();
        for ((address, _), (action, since)) in std::mem::take(&mut self.in_flight) {
            heard.push(Heard::Event(self.failed(address, action, since, at)));
        }
        if self.command == Command::Plan && matches!(ended.code(), Some(0 | 2)) {
            heard.push(Heard::Event(self.plan_made()));
        }
        heard
    }

    /// What the command has said in all.
    pub fn told(&self) -> &Told {
        &self.told
    }

    /// What is in flight: address, what is done to it, since when.
    pub fn in_flight(&self) -> impl Iterator<Item = (&str, Action, Timestamp)> {
        self.in_flight.iter().map(|((address, _), (action, at))| (address.as_str(), *action, *at))
    }

    fn message(&mut self, message: Message, at: Timestamp) -> Vec<Heard> {
        match message.body {
            Body::Diagnostic(diagnostic) => self.diagnostic(diagnostic),
            Body::PlannedChange(change) if self.command == Command::Plan => {
                self.plan(change);
                Vec::new()
            }
            Body::ChangeSummary(summary) => {
                if summary.operation == "plan" {
                    self.told.planned = Some(summary);
                } else {
                    self.told.applied = Some(summary);
                }
                Vec::new()
            }
            Body::ResourceDrift(change) => {
                self.told.drifted.push(change.resource.address);
                Vec::new()
            }
            Body::Apply(phase, hook) => self.apply(phase, hook, at),
            _ => Vec::new(),
        }
    }

    fn plan(&mut self, change: Change) {
        let action = match change.action {
            // An object whose only change is to be taken in comes as `import`.
            Verb::Noop if change.importing.is_some() => Action::Import,
            Verb::Noop | Verb::Read => return,
            verb => action(verb),
        };
        self.planned.insert(change.resource.address, action);
    }

    fn plan_made(&self) -> EventKind {
        let counted = self.told.planned.clone().unwrap_or_else(|| count(&self.planned));
        EventKind::PlanMade {
            stage: self.stage.clone(),
            step: self.step.clone(),
            add: counted.add,
            change: counted.change,
            remove: counted.remove,
            import: counted.import,
            resources: self.planned.clone(),
        }
    }

    fn apply(&mut self, phase: Phase, hook: Hook, at: Timestamp) -> Vec<Heard> {
        // Data sources are read while planning: nothing is done by that.
        if hook.action == Verb::Read || self.command != Command::Apply {
            return Vec::new();
        }
        let address = hook.resource.address.clone();
        let action = action(hook.action);
        let key = (address.clone(), word(action));
        let (stage, step) = (self.stage.clone(), self.step.clone());
        if phase == Phase::Start {
            self.in_flight.insert(key, (action, at));
            return vec![Heard::Event(EventKind::ObjectStarted { stage, step, address, action })];
        }
        if phase == Phase::Progress {
            let since = self.in_flight.get(&key).map_or(at, |(_, since)| *since);
            let elapsed_s = milliseconds(since, at) / 1000;
            return vec![Heard::Progress(Progress::Heartbeat { stage, step, address, elapsed_s })];
        }
        let since = self.in_flight.remove(&key).map_or(at, |(_, since)| since);
        if phase == Phase::Errored {
            return vec![Heard::Event(self.failed(address, action, since, at))];
        }
        vec![Heard::Event(EventKind::ObjectFinished {
            stage,
            step,
            address,
            action,
            id: hook.id_value.filter(|id| !id.is_empty()),
            elapsed_ms: milliseconds(since, at),
            bytes: None,
        })]
    }

    fn failed(
        &mut self,
        address: String,
        action: Action,
        since: Timestamp,
        at: Timestamp,
    ) -> EventKind {
        self.told.failed.push(address.clone());
        EventKind::ObjectFailed {
            stage: self.stage.clone(),
            step: self.step.clone(),
            address,
            action,
            elapsed_ms: milliseconds(since, at),
        }
    }

    fn diagnostic(&mut self, diagnostic: Diagnostic) -> Vec<Heard> {
        if self.told.diagnostics.contains(&diagnostic) {
            return Vec::new();
        }
        let event = EventKind::Diagnostic {
            stage: self.stage.clone(),
            step: self.step.clone(),
            severity: if diagnostic.is_error() { Severity::Error } else { Severity::Warning },
            summary: diagnostic.summary.clone(),
            detail: detail(&diagnostic),
            address: diagnostic.address.clone(),
            snippet: snippet(&diagnostic),
        };
        self.told.diagnostics.push(diagnostic);
        vec![Heard::Event(event)]
    }

    fn keep_text(&mut self, text: &str) {
        if text.trim().is_empty() {
            return;
        }
        if self.told.text.len() == LAST_LINES {
            self.told.text.remove(0);
        }
        self.told.text.push(text.to_owned());
    }
}

impl Told {
    /// Whether an apply has done its work: it returned 0 *and* said what it has done. That the
    /// state can be read is for the caller to see.
    #[must_use]
    pub fn is_applied(&self, ended: &Ended) -> bool {
        ended.is_success() && self.applied.is_some()
    }

    /// The errors, in order.
    pub fn errors(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().filter(|diagnostic| diagnostic.is_error())
    }

    /// The saved plan was made before the state that is there now: a new plan is needed.
    #[must_use]
    pub fn is_plan_stale(&self) -> bool {
        self.has_error("Saved plan is stale")
    }

    /// The state could not be written: it is in `errored.tfstate` or in the recovery file.
    #[must_use]
    pub fn is_state_unsaved(&self) -> bool {
        self.has_error("Failed to save state") || self.has_error("Failed to persist state")
    }

    /// The lock that somebody else holds, where that is why it failed.
    #[must_use]
    pub fn lock(&self) -> Option<LockInfo> {
        self.errors()
            .find(|error| error.summary.starts_with("Error acquiring the state lock"))
            .map(|error| LockInfo::parse(&error.detail))
    }

    fn has_error(&self, summary: &str) -> bool {
        self.errors().any(|error| error.summary.starts_with(summary))
    }
}

/// The rest of a diagnostic's text; one without a resource says where in the configuration.
fn detail(diagnostic: &Diagnostic) -> String {
    match &diagnostic.range {
        Some(range) if diagnostic.address.is_none() && !range.filename.is_empty() => {
            let place = format!("at {}:{}", range.filename, range.start.line);
            if diagnostic.detail.is_empty() {
                place
            } else {
                format!("{}\n{place}", diagnostic.detail)
            }
        }
        _ => diagnostic.detail.clone(),
    }
}

fn snippet(diagnostic: &Diagnostic) -> Option<Snippet> {
    let quoted = diagnostic.snippet.as_ref().filter(|quoted| !quoted.code.trim().is_empty())?;
    Some(Snippet {
        file: diagnostic.range.as_ref().map(|range| range.filename.clone()).unwrap_or_default(),
        line: quoted.start_line,
        context: quoted.context.clone(),
        code: quoted.code.clone(),
    })
}

fn count(planned: &BTreeMap<String, Action>) -> Summary {
    let mut summary = Summary::default();
    for action in planned.values() {
        match action {
            Action::Create => summary.add += 1,
            Action::Update => summary.change += 1,
            Action::Delete => summary.remove += 1,
            Action::Replace => {
                summary.add += 1;
                summary.remove += 1;
            }
            Action::Import => summary.import += 1,
            Action::Read | Action::Other => {}
        }
    }
    summary
}

pub(super) fn action(verb: Verb) -> Action {
    match verb {
        Verb::Create => Action::Create,
        Verb::Update => Action::Update,
        Verb::Delete => Action::Delete,
        Verb::Replace => Action::Replace,
        Verb::Read => Action::Read,
        Verb::Import => Action::Import,
        Verb::Noop | Verb::Move | Verb::Forget | Verb::Other => Action::Other,
    }
}

/// What tells two pieces of work on one address apart: a replacement is a delete and a create.
fn word(action: Action) -> &'static str {
    match action {
        Action::Create => "create",
        Action::Update => "update",
        Action::Delete => "delete",
        Action::Replace => "replace",
        Action::Read => "read",
        Action::Import => "import",
        Action::Other => "other",
    }
}

fn milliseconds(since: Timestamp, at: Timestamp) -> u64 {
    u64::try_from(at.duration_since(since).as_millis()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    fn exit(code: i32) -> Ended {
        Ended::Exit { code, elapsed_ms: 1 }
    }

    fn hear(translator: &mut Translator, second: i64, text: &str) -> Vec<Heard> {
        translator.line(&Line { at: at(second), stream: Stream::Out, text: text.into() })
    }

    fn hook(kind: &str, action: &str) -> String {
        format!(
            r#"{{"@message":"m","type":"{kind}","hook":{{"resource":{{"addr":"a.b"}},
            "action":"{action}","id_key":"id","id_value":"i-1","elapsed_seconds":99}}}}"#
        )
    }

    #[test]
    fn the_clock_of_a_resource_is_ours() {
        let mut translator = Translator::new("foundation", "apply", Command::Apply);
        hear(&mut translator, 0, &hook("apply_start", "create"));
        let beat = hear(&mut translator, 10, &hook("apply_progress", "create"));
        let [Heard::Progress(Progress::Heartbeat { elapsed_s, .. })] = &beat[..] else {
            panic!("{beat:?}")
        };
        assert_eq!(*elapsed_s, 10);
        let done = hear(&mut translator, 61, &hook("apply_complete", "create"));
        let [Heard::Event(EventKind::ObjectFinished { elapsed_ms, id, .. })] = &done[..] else {
            panic!("{done:?}")
        };
        assert_eq!((*elapsed_ms, id.as_deref()), (61_000, Some("i-1")));
    }

    #[test]
    fn work_in_flight_at_the_end_has_failed() {
        let mut translator = Translator::new("foundation", "apply", Command::Apply);
        hear(&mut translator, 0, &hook("apply_start", "create"));
        assert_eq!(translator.in_flight().count(), 1);
        let heard = translator.finish(&Ended::Unknown, at(5));
        let [Heard::Event(EventKind::ObjectFailed { address, elapsed_ms, .. })] = &heard[..] else {
            panic!("{heard:?}")
        };
        assert_eq!((address.as_str(), *elapsed_ms), ("a.b", 5000));
        assert_eq!(translator.told().failed, ["a.b"]);
    }

    #[test]
    fn reading_data_while_planning_is_not_work() {
        let mut translator = Translator::new("foundation", "apply", Command::Apply);
        assert_eq!(hear(&mut translator, 0, &hook("apply_start", "read")), []);
        assert_eq!(hear(&mut translator, 0, &hook("apply_complete", "read")), []);
        let mut translator = Translator::new("foundation", "apply", Command::Plan);
        assert_eq!(hear(&mut translator, 0, &hook("apply_start", "read")), []);
    }

    #[test]
    fn a_plan_that_failed_was_not_made() {
        let mut translator = Translator::new("foundation", "apply", Command::Plan);
        assert_eq!(translator.finish(&exit(1), at(0)), []);
        assert_eq!(translator.finish(&exit(0), at(0)).len(), 1);
    }

    #[test]
    fn an_apply_without_its_summary_is_not_done_whatever_it_returned() {
        let mut translator = Translator::new("foundation", "apply", Command::Apply);
        assert!(!translator.told().is_applied(&exit(0)));
        let summary = r#"{"@message":"m","type":"change_summary","changes":{"operation":"apply"}}"#;
        hear(&mut translator, 0, summary);
        assert!(translator.told().is_applied(&exit(0)));
        assert!(!translator.told().is_applied(&exit(1)));
    }

    #[test]
    fn a_diagnostic_that_is_repeated_is_said_once() {
        let mut translator = Translator::new("foundation", "apply", Command::Apply);
        let line = r#"{"@message":"m","type":"diagnostic","diagnostic":{"severity":"error",
            "summary":"execution halted","detail":""}}"#;
        assert_eq!(hear(&mut translator, 0, line).len(), 1);
        assert_eq!(hear(&mut translator, 0, line).len(), 0);
    }
}
