//! Everything known of one thing: an object, a part, a step, a check.

use jiff::Timestamp;

use super::mark::Mark;
use super::times::{Times, basis_words};
use super::{Watched, elapsed_between, in_stage, names, support};
use crate::frontend::words::{bytes, doing, done, elapsed};
use crate::run::event::Severity;
use crate::run::ledger::{Diagnosis, Object, Standing};
use crate::run::state::StepState;

/// What is known of one thing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Details {
    /// What it is called.
    pub title: String,
    /// Facts: what, and how it is.
    pub facts: Vec<(String, String)>,
}

impl Details {
    pub(super) fn add(&mut self, what: &str, fact: impl Into<String>) {
        self.facts.push((what.to_owned(), fact.into()));
    }
}

/// What is known of what a row of the rollout stands for.
pub fn details(watched: &Watched, times: &Times, key: &str, now: Timestamp) -> Details {
    if key == support::KEY {
        return support::facts(watched).unwrap_or_default();
    }
    if let Some(part) = key.strip_prefix("part:") {
        return of_part(watched, part, now);
    }
    if let Some(step) = key.strip_prefix("step:") {
        return of_step(watched, step, now);
    }
    match watched.object(key) {
        Some((stage, object)) => of_object(watched, stage, object, times, now),
        None => of_check(watched, key),
    }
}

fn of_check(watched: &Watched, check: &str) -> Details {
    let mut details = Details { title: check.to_owned(), ..Details::default() };
    for (id, outcome, finding) in watched.state.checks.iter().filter(|(id, ..)| id == check) {
        details.add("State", Mark::from(*outcome).word());
        details.add("Found", finding.clone());
        if let Some(remedy) = watched.ledger.remedies.get(id) {
            details.add("Mend", remedy.clone());
        }
    }
    details
}

fn of_part(watched: &Watched, part: &str, now: Timestamp) -> Details {
    let mut details = Details { title: part.to_owned(), ..Details::default() };
    for stage in &watched.state.stages {
        for object in watched.ledger.stage(&stage.id).flat_map(|step| &step.objects) {
            if object.action.is_some() && names::part(&object.address) == part {
                let time = time_of(object, now);
                let word = Mark::from(object.standing).word();
                details.add(word, format!("{} {time}", object.address).trim_end().to_owned());
            }
        }
    }
    details
}

fn of_step(watched: &Watched, step: &str, now: Timestamp) -> Details {
    let mut details = Details { title: step.to_owned(), ..Details::default() };
    let stages = &watched.state.stages;
    let Some((whole, known)) = stages
        .iter()
        .find_map(|stage| Some((stage, stage.steps.iter().find(|known| known.id == step)?)))
    else {
        return details;
    };
    step_facts(&mut details, known, now);
    if let Some(known) = watched.ledger.step(&whole.id, step) {
        for part in in_stage::parts(known).iter().filter(|_| known.is_planned) {
            details.add("Part", format!("{} {} {}", part.name(), part.count(), part.mark.word()));
        }
        for gate in &known.gates {
            details.add("Verified", gate.clone());
        }
        known.diagnostics.iter().for_each(|said| diagnosis(&mut details, said));
    }
    details
}

fn step_facts(details: &mut Details, state: &StepState, now: Timestamp) {
    details.add("Does", state.title.clone());
    details.add("State", Mark::from(state.status).word());
    if let Some(since) = state.started {
        details.add("Since", clock(since));
        let ms = state.elapsed_ms.unwrap_or_else(|| elapsed_between(since, now));
        details.add("Time", elapsed(ms));
    }
    if let Some(failure) = &state.failure {
        details.add("Failed", failure.what.clone());
        failure.causes.iter().for_each(|cause| details.add("Cause", cause.clone()));
        failure.hint.iter().for_each(|hint| details.add("Do", hint.clone()));
    }
}

fn of_object(
    watched: &Watched,
    stage: &str,
    object: &Object,
    times: &Times,
    now: Timestamp,
) -> Details {
    let mut details = Details { title: names::object(&object.address), ..Details::default() };
    details.add("Address", object.address.clone());
    details.add("Stage", stage);
    details.add("State", times.mark(object, now).word());
    if let Some(action) = object.action {
        let is_done = object.standing == Standing::Done;
        details.add("What", if is_done { done(action) } else { doing(action) });
    }
    if let Some(since) = object.since {
        details.add("Since", clock(since));
    }
    // One moment is what was said already.
    let moments = Some(&object.history).filter(|history| history.len() > 1);
    for (at, (when, standing)) in moments.into_iter().flatten().enumerate() {
        let label = if at == 0 { "Events" } else { "" };
        details.add(label, format!("{} {}", clock(*when), Mark::from(*standing).word()));
    }
    if object.since.is_some() || object.elapsed_ms.is_some() {
        details.add("Time", time_of(object, now));
    }
    if let Some(usual) = times.of_object(object) {
        details.add("Usual", format!("{}; {}", elapsed(usual.ms), basis_words(usual.basis)));
    }
    if let Some((reason, at)) = &object.reason {
        details.add("Reason", format!("{reason}, heard {}", clock(*at)));
    }
    if object.bytes > 0 || object.total.is_some() {
        let total = object.total.map(|total| format!(" of {}", bytes(total))).unwrap_or_default();
        details.add("Bytes", format!("{}{total}", bytes(object.bytes)));
    }
    if let Some(id) = &object.id {
        details.add("Id", id.clone());
    }
    object.diagnostics.iter().for_each(|said| diagnosis(&mut details, said));
    if object.standing == Standing::Failed {
        let steps = watched.state.stages.iter().filter(|known| known.id == stage);
        let failed = steps.flat_map(|known| &known.steps).filter_map(|step| step.failure.as_ref());
        failed.filter_map(|failure| failure.hint.as_ref()).for_each(|hint| details.add("Do", hint));
    }
    details
}

fn diagnosis(details: &mut Details, said: &Diagnosis) {
    let word = if said.severity == Severity::Error { "Error" } else { "Warning" };
    details.add(word, said.summary.clone());
    for line in said.detail.lines().filter(|line| !line.trim().is_empty()) {
        details.add("", line.trim());
    }
    let Some(snippet) = &said.snippet else { return };
    let within = snippet.context.as_ref().map(|context| format!(", in {context}"));
    let place = format!("{}:{}{}", snippet.file, snippet.line, within.unwrap_or_default());
    details.add("At", place);
    for (line, code) in (snippet.line..).zip(snippet.code.lines()) {
        details.add("", format!("{line}: {}", code.trim()));
    }
}

fn time_of(object: &Object, now: Timestamp) -> String {
    match (object.elapsed_ms, object.since) {
        (Some(ms), _) => elapsed(ms),
        (None, Some(since)) => elapsed(elapsed_between(since, object.ended.unwrap_or(now))),
        (None, None) => String::new(),
    }
}

/// A time of day, UTC.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S UTC").to_string()
}
