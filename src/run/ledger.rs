//! The second fold: what is known of each object of a run, where [`RunState`](super::RunState) only
//! counts.
//!
//! Pure: no clock, no file. Screens that show single resources, workloads and transfers read it
//! beside the state. Start at [`Ledger::apply`].

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::event::{Action, Event, EventKind, Progress, Severity, Snippet};
use super::state::step_of;

/// Everything known of the objects of a run and of the runs that it continues.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    steps: BTreeMap<(String, String), StepLedger>,
    /// Step logs in the order in which they were begun.
    pub logs: Vec<LogFile>,
    /// What the operator asked for: to stop after the stage, or now.
    pub stop: Option<Stopping>,
    /// Guarded objects whose loss nobody has confirmed.
    pub refused: Vec<String>,
    /// What was said last of the credentials.
    pub credentials: Option<String>,
    /// What to do about checks: id to remedy.
    pub remedies: BTreeMap<String, String>,
    run: String,
}

/// How a run was asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopping {
    /// After the running stage.
    AfterStage,
    /// What runs was interrupted.
    Now,
    /// What runs was ended without its consent.
    Force,
}

/// A step log: the run it belongs to and its place in the folder of that run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogFile {
    /// The run.
    pub run: String,
    /// The stage.
    pub stage: String,
    /// The step.
    pub step: String,
    /// The file, relative to the folder of the run.
    pub log: String,
}

/// What is known of the objects of one step.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct StepLedger {
    /// The objects, in the order in which they were heard of.
    pub objects: Vec<Object>,
    places: HashMap<String, usize>,
    /// What happened in earlier tries.
    earlier: HashMap<String, Vec<(Timestamp, Standing)>>,
    /// What the running command is for, and since when it runs.
    pub command: Option<(String, Timestamp)>,
    /// What was verified.
    pub gates: Vec<String>,
    /// Errors and warnings that name no object.
    pub diagnostics: Vec<Diagnosis>,
    /// Whether there is a plan, so that the number of objects is known.
    pub is_planned: bool,
    /// How often the step was entered in this run.
    pub attempt: u32,
}

/// An object: a resource, a release, a workload, an image, a checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    /// Its address.
    pub address: String,
    /// What is done to it; nothing for what is only waited for.
    pub action: Option<Action>,
    /// Where it stands.
    pub standing: Standing,
    /// When work on it began, or when it was first waited for.
    pub since: Option<Timestamp>,
    /// When that ended.
    pub ended: Option<Timestamp>,
    /// Wall time in milliseconds, once it ended.
    pub elapsed_ms: Option<u64>,
    /// Its id or digest.
    pub id: Option<String>,
    /// Bytes that were transferred.
    pub bytes: u64,
    /// Bytes in all, where that is known.
    pub total: Option<u64>,
    /// Why it is not ready, and when that was heard.
    pub reason: Option<(String, Timestamp)>,
    /// What its tool said is wrong with it.
    pub diagnostics: Vec<Diagnosis>,
    /// When it came to stand where, in all tries; the newest [`REMEMBERED`].
    pub history: Vec<(Timestamp, Standing)>,
}

/// So much is remembered of what happened to one object.
pub const REMEMBERED: usize = 8;

/// Where an object stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Planned, not begun.
    Queued,
    /// Worked on.
    Running,
    /// Held up by something that is named.
    Waiting,
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Its step ended without a word about it.
    Interrupted,
}

/// An error or a warning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// How grave.
    pub severity: Severity,
    /// One sentence.
    pub summary: String,
    /// The rest of its text.
    pub detail: String,
    /// The piece of configuration that it is about.
    pub snippet: Option<Snippet>,
}

impl Ledger {
    /// Begins a run; what is known of earlier runs of the chain is kept.
    pub fn begin_run(&mut self, run: &str) {
        run.clone_into(&mut self.run);
        self.stop = None;
        self.refused.clear();
        self.credentials = None;
        for step in self.steps.values_mut() {
            step.attempt = 0;
            step.end(Standing::Interrupted, None);
        }
    }

    /// What is known of the objects of `stage/step`.
    pub fn step(&self, stage: &str, step: &str) -> Option<&StepLedger> {
        // A tuple of owned texts is the key, and a look-up is made once a frame.
        self.steps.get(&(stage.to_owned(), step.to_owned()))
    }

    /// What is known of all steps of a stage.
    pub fn stage<'a>(&'a self, stage: &'a str) -> impl Iterator<Item = &'a StepLedger> + Clone {
        self.steps.iter().filter(move |((id, _), _)| id == stage).map(|(_, step)| step)
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        match &event.kind {
            EventKind::CheckFinished { check, remedy: Some(remedy), .. } => {
                self.remedies.insert(check.clone(), remedy.clone());
            }
            EventKind::StopRequested { now, .. } => {
                let asked = if *now { Stopping::Now } else { Stopping::AfterStage };
                self.stop = self.stop.max(Some(asked));
            }
            EventKind::ForceRequested { .. } => self.stop = Some(Stopping::Force),
            EventKind::RefusedToDelete { objects, .. } => self.refused.clone_from(objects),
            EventKind::CredentialsChanged { what, .. } => self.credentials = Some(what.clone()),
            EventKind::CommandStarted { stage, step, log, .. } => {
                self.remember_log(&self.run.clone(), stage, step, log);
            }
            EventKind::CommandAdopted { stage, step, log, run, .. } => {
                self.remember_log(run, stage, step, log);
            }
            _ => {}
        }
        let Some((stage, step)) = step_of(&event.kind) else { return };
        let step = self.steps.entry((stage.to_owned(), step.to_owned())).or_default();
        step.apply(event.at, &event.kind);
    }

    /// Takes in what is shown and never journalled.
    pub fn progress(&mut self, progress: &Progress, now: Timestamp) {
        let Progress::Bytes { stage, step, object, done, total } = progress else { return };
        let step = self.steps.entry((stage.clone(), step.clone())).or_default();
        let object = step.object(object);
        object.bytes = *done;
        object.total = total.or(object.total);
        object.since.get_or_insert(now);
        if object.standing == Standing::Queued {
            object.standing = Standing::Running;
        }
    }

    fn remember_log(&mut self, run: &str, stage: &str, step: &str, log: &str) {
        let file = LogFile {
            run: run.to_owned(),
            stage: stage.to_owned(),
            step: step.to_owned(),
            log: log.to_owned(),
        };
        if !self.logs.contains(&file) {
            self.logs.push(file);
        }
    }
}

impl StepLedger {
    /// The object of that address, if it was ever heard of.
    pub fn find(&self, address: &str) -> Option<&Object> {
        self.places.get(address).map(|at| &self.objects[*at])
    }

    fn object(&mut self, address: &str) -> &mut Object {
        let next = self.objects.len();
        let at = *self.places.entry(address.to_owned()).or_insert(next);
        if at == next {
            let history = self.earlier.remove(address).unwrap_or_default();
            self.objects.push(Object { history, ..Object::named(address) });
        }
        &mut self.objects[at]
    }

    fn apply(&mut self, at: Timestamp, kind: &EventKind) {
        match kind {
            EventKind::StepStarted { attempt, .. } => {
                let mut earlier = std::mem::take(&mut self.earlier);
                let begun = self.objects.drain(..).filter(|object| !object.history.is_empty());
                earlier.extend(begun.map(|object| (object.address, object.history)));
                *self = Self { attempt: *attempt, earlier, ..Self::default() };
            }
            EventKind::CommandStarted { purpose, .. }
            | EventKind::CommandAdopted { purpose, .. } => {
                self.command = Some((purpose.clone(), at));
            }
            EventKind::CommandFinished { .. } => self.command = None,
            EventKind::PlanMade { resources, .. } => {
                self.is_planned = true;
                for (address, action) in resources {
                    self.object(address).action = Some(*action);
                }
            }
            EventKind::GateHeld { what, .. } => self.gates.push(what.clone()),
            EventKind::StepFinished { .. } => self.end(Standing::Done, Some(at)),
            EventKind::StepFailed { .. } | EventKind::StepStopped { .. } => {
                self.end(Standing::Interrupted, Some(at));
            }
            kind => self.apply_to_object(at, kind),
        }
    }

    fn apply_to_object(&mut self, at: Timestamp, kind: &EventKind) {
        match kind {
            // What is only looked up is not part of the work.
            EventKind::ObjectStarted { action: Action::Read, .. } => {}
            EventKind::ObjectFinished { action: Action::Read, address, .. }
                if !self.places.contains_key(address) => {}
            EventKind::ObjectStarted { address, action, .. } => {
                let object = self.object(address);
                object.action = Some(*action);
                object.standing = Standing::Running;
                object.since = Some(at);
                object.remember(at, Standing::Running);
            }
            EventKind::ObjectFinished { address, action, id, elapsed_ms, bytes, .. } => {
                let object = self.object(address);
                object.action = Some(*action);
                object.end(Standing::Done, Some(at));
                object.elapsed_ms = Some(*elapsed_ms);
                object.id.clone_from(id);
                object.bytes = bytes.unwrap_or(object.bytes);
                object.total = bytes.or(object.total);
            }
            EventKind::ObjectFailed { address, action, elapsed_ms, .. } => {
                let object = self.object(address);
                object.action = Some(*action);
                object.end(Standing::Failed, Some(at));
                object.elapsed_ms = Some(*elapsed_ms);
            }
            EventKind::Waiting { object, reason, .. } => {
                let object = self.object(object);
                object.since.get_or_insert(at);
                object.reason = Some((reason.clone(), at));
                if object.standing == Standing::Queued {
                    object.standing = Standing::Waiting;
                    object.remember(at, Standing::Waiting);
                }
            }
            EventKind::Diagnostic { severity, summary, detail, address, snippet, .. } => {
                let said = Diagnosis {
                    severity: *severity,
                    summary: summary.clone(),
                    detail: detail.clone(),
                    snippet: snippet.clone(),
                };
                match address {
                    Some(address) => self.object(address).diagnostics.push(said),
                    None => self.diagnostics.push(said),
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, standing: Standing, at: Option<Timestamp>) {
        self.command = None;
        for object in &mut self.objects {
            if matches!(object.standing, Standing::Running | Standing::Waiting) {
                object.end(standing, at);
            }
        }
    }
}

impl Object {
    fn named(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            action: None,
            standing: Standing::Queued,
            since: None,
            ended: None,
            elapsed_ms: None,
            id: None,
            bytes: 0,
            total: None,
            reason: None,
            diagnostics: Vec::new(),
            history: Vec::new(),
        }
    }

    fn remember(&mut self, at: Timestamp, standing: Standing) {
        if self.history.last().is_some_and(|(_, last)| *last == standing) {
            return;
        }
        if self.history.len() == REMEMBERED {
            self.history.remove(0);
        }
        self.history.push((at, standing));
    }

    fn end(&mut self, standing: Standing, at: Option<Timestamp>) {
        self.standing = standing;
        self.ended = at;
        if let Some(at) = at {
            self.remember(at, standing);
        }
        if standing == Standing::Done {
            self.reason = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fold(kinds: Vec<EventKind>) -> Ledger {
        let mut ledger = Ledger::default();
        ledger.begin_run("r1");
        for (seq, kind) in (1..).zip(kinds) {
            let at = Timestamp::from_second(seq).unwrap();
            ledger.apply(&Event { seq: seq.unsigned_abs(), at, kind });
        }
        ledger
    }

    fn planned(addresses: &[&str]) -> EventKind {
        EventKind::PlanMade {
            stage: "s".into(),
            step: "t".into(),
            add: addresses.len() as u64,
            change: 0,
            remove: 0,
            import: 0,
            resources: addresses.iter().map(|a| ((*a).to_owned(), Action::Create)).collect(),
        }
    }

    fn started(address: &str) -> EventKind {
        let (stage, step, address) = ("s".into(), "t".into(), address.into());
        EventKind::ObjectStarted { stage, step, address, action: Action::Create }
    }

    #[test]
    fn a_planned_object_is_queued_until_work_on_it_begins() {
        let ledger = fold(vec![planned(&["a.b", "a.c"]), started("a.c")]);
        let step = ledger.step("s", "t").unwrap();
        let standings: Vec<_> = step.objects.iter().map(|o| (&*o.address, o.standing)).collect();
        assert_eq!(standings, [("a.b", Standing::Queued), ("a.c", Standing::Running)]);
    }

    #[test]
    fn what_is_at_work_when_its_step_ends_ends_with_it() {
        let waiting = EventKind::Waiting {
            stage: "s".into(),
            step: "t".into(),
            object: "deployment/x".into(),
            reason: "0 of 1 ready".into(),
        };
        let finished = |unchanged| EventKind::StepFinished {
            stage: "s".into(),
            step: "t".into(),
            unchanged,
            elapsed_ms: 1,
        };
        let ledger = fold(vec![waiting.clone(), finished(false)]);
        let object = ledger.step("s", "t").unwrap().find("deployment/x").unwrap().clone();
        assert_eq!((object.standing, object.reason), (Standing::Done, None));
        let mut ledger = fold(vec![waiting]);
        ledger.begin_run("r2");
        let object = ledger.step("s", "t").unwrap().find("deployment/x").unwrap();
        assert_eq!(object.standing, Standing::Interrupted);
    }

    #[test]
    fn what_happened_to_an_object_is_remembered_through_all_tries() {
        let attempt =
            |attempt| EventKind::StepStarted { stage: "s".into(), step: "t".into(), attempt };
        let failed = EventKind::ObjectFailed {
            stage: "s".into(),
            step: "t".into(),
            address: "a.b".into(),
            action: Action::Create,
            elapsed_ms: 1,
        };
        let mut kinds = vec![attempt(1), started("a.b"), failed, attempt(2), planned(&["a.b"])];
        kinds.push(started("a.b"));
        let ledger = fold(kinds);
        let object = ledger.step("s", "t").unwrap().find("a.b").unwrap().clone();
        let at = |second| Timestamp::from_second(second).unwrap();
        let (running, failed) = (Standing::Running, Standing::Failed);
        assert_eq!(object.history, [(at(2), running), (at(3), failed), (at(6), running)]);
    }

    #[test]
    fn bytes_on_their_way_are_counted_before_anything_lasting_is_said() {
        let mut ledger = fold(Vec::new());
        let bytes = |done| Progress::Bytes {
            stage: "s".into(),
            step: "t".into(),
            object: "a.tar".into(),
            done,
            total: Some(10),
        };
        ledger.progress(&bytes(4), Timestamp::UNIX_EPOCH);
        let object = ledger.step("s", "t").unwrap().find("a.tar").unwrap();
        assert_eq!((object.bytes, object.total, object.standing), (4, Some(10), Standing::Running));
    }
}
