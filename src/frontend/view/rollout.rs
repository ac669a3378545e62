//! A stage at work: what is in flight, the parts with their counts, workloads with their reasons,
//! transfers with their bytes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::mark::Mark;
use super::stages::{self, StageLine};
use super::times::{Left, Times};
use super::{Watched, elapsed_between, names};
use crate::frontend::words::{bytes, count, elapsed};
use crate::run::durations::resource_type;
use crate::run::event::RunStatus;
use crate::run::ledger::{Object, Standing, StepLedger};
use crate::run::state::{StageState, Status, StepState};
use crate::run::{Action, ledger};

/// Everything that the rollout shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Rollout {
    /// What is shown, with counts.
    pub title: String,
    /// What is left.
    pub left: Left,
    /// The stages.
    pub stages: Vec<StageLine>,
    /// The stage that is shown in detail.
    pub shown: String,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What happens and what it waits for, one sentence.
    pub sentence: String,
    /// What the estimate rests on.
    pub rule: String,
}

/// A row of the stage that is shown.
#[derive(Debug, Clone, PartialEq)]
pub enum Row {
    /// A heading with the heads of its columns.
    Head(String, String),
    /// Something that can be looked at.
    Item(Item),
    /// A transfer.
    Transfer(Transfer),
    /// A reason or remark below the row before.
    Remark(String),
    /// Nothing.
    Blank,
}

/// A row that can be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its address, or what stands for it.
    pub key: String,
    /// Where it stands.
    pub mark: Mark,
    /// What it is called.
    pub name: String,
    /// Counts or times, right-aligned.
    pub column: String,
}

/// A transfer on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// What is transferred.
    pub key: String,
    /// Where it stands.
    pub mark: Mark,
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, where known.
    pub total: Option<u64>,
}

impl Row {
    /// Whether it is of something that is not done.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Item(Item { mark, .. }) | Self::Transfer(Transfer { mark, .. }) => {
                !matches!(mark, Mark::Done | Mark::Pass)
            }
            _ => false,
        }
    }

    /// What the row is of, where it can be looked at.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Item(item) => Some(&item.key),
            Self::Transfer(transfer) => Some(&transfer.key),
            _ => None,
        }
    }
}

/// How the objects of a stage are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Grouping {
    /// What is in flight, then counts by part.
    #[default]
    ByPart,
    /// Every object.
    Flat,
    /// Only what is slow, failed or waits.
    Slow,
}

impl Grouping {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::ByPart => Self::Flat,
            Self::Flat => Self::Slow,
            Self::Slow => Self::ByPart,
        }
    }

    /// What it is called.
    pub fn word(self) -> &'static str {
        match self {
            Self::ByPart => "by part",
            Self::Flat => "every object",
            Self::Slow => "only what is slow, waits or failed",
        }
    }
}

/// What the rollout shows of `stage`, or of the stage that runs.
pub fn rollout(
    watched: &Watched,
    times: &Times,
    stage: Option<&str>,
    grouping: Grouping,
    now: Timestamp,
) -> Rollout {
    let shown = stage.unwrap_or_else(|| stages::current(watched)).to_owned();
    let left = times.left(watched, now);
    let known = watched.state.stages.iter().find(|stage| stage.id == shown);
    let rows = match known {
        Some(stage) => Shown { watched, times, stage, grouping, now }.rows(),
        None => checks(watched),
    };
    Rollout {
        title: title(watched, &shown, known),
        left,
        stages: stages::stages(watched, now),
        rows,
        sentence: sentence(watched, now),
        rule: left.basis().unwrap_or_default(),
        shown,
    }
}

fn title(watched: &Watched, shown: &str, known: Option<&StageState>) -> String {
    let (at, all) = stages::position(watched, shown);
    let Some(stage) = known else {
        let checks = &watched.state.checks;
        let passed = checks.iter().filter(|(_, o, _)| Mark::from(*o) == Mark::Pass).count();
        return format!(
            "{at}/{all} {shown}: {passed} of {} pass",
            count(checks.len() as u64, "check")
        );
    };
    let objects: Vec<&Object> =
        watched.ledger.stage(&stage.id).flat_map(|step| &step.objects).collect();
    let in_state = |standing| objects.iter().filter(|o| o.standing == standing).count();
    let mut text = format!("{at}/{all} {shown}");
    match stage.status {
        Status::Running if objects.is_empty() => text.push_str(": running"),
        Status::Running => {
            text = format!("{text}: {} of {} done", in_state(Standing::Done), objects.len());
            for (standing, word) in [
                (Standing::Running, "running"),
                (Standing::Waiting, "waiting"),
                (Standing::Failed, "failed"),
            ] {
                let number = in_state(standing);
                if number > 0 {
                    text = format!("{text}, {number} {word}");
                }
            }
        }
        Status::Done => {
            let time = stage.elapsed_ms.map(elapsed).unwrap_or_default();
            text = format!("{text}: done in {time}, {}", count(objects.len() as u64, "object"));
        }
        other => text = format!("{text}: {}", Mark::from(other).word()),
    }
    let attempt = watched.ledger.stage(&stage.id).map(|step| step.attempt).max().unwrap_or(0);
    if attempt > 1 { format!("{text}, try {attempt}") } else { text }
}

/// One sentence: what happens now and what it waits for.
pub fn sentence(watched: &Watched, now: Timestamp) -> String {
    let state = &watched.state;
    let label = watched.deployment();
    if watched.lost.is_some() {
        return format!("Interrupted; `springboard resume {label}` goes on");
    }
    match state.status {
        Some(RunStatus::Done) => return "Done; the closing plan was empty".into(),
        Some(RunStatus::Stopped) => {
            let left = state.stages.iter().filter(|s| s.status != Status::Done).count();
            let left = count(left as u64, "stage");
            return format!("Stopped; {left} to go; `springboard resume {label}` goes on");
        }
        Some(_) => {
            let what = state.failure.as_ref().map_or("", |failure| failure.what.as_str());
            return format!("Ended: {what}");
        }
        None => {}
    }
    let stopping = match watched.ledger.stop {
        Some(ledger::Stopping::AfterStage) => "Stopping after this stage. ",
        Some(ledger::Stopping::Now) => "Interrupted once; waiting for its end. ",
        Some(ledger::Stopping::Force) => "Ending by force. ",
        None => "",
    };
    let running = state.stages.iter().find(|stage| stage.status == Status::Running);
    let step = running.and_then(|stage| {
        let step = stage.steps.iter().find(|step| step.status == Status::Running)?;
        Some((stage, step, watched.ledger.step(&stage.id, &step.id)))
    });
    let Some((whole, step, known)) = step else {
        return format!(
            "{stopping}{}",
            if running.is_some() { "Between two steps" } else { "Getting ready" }
        );
    };
    let said = known.and_then(|known| at_work(known).or_else(|| waiting(known)));
    let command = known.and_then(|known| known.command.as_ref());
    let doing = said.unwrap_or_else(|| match command {
        Some((purpose, since)) => {
            format!("{}: {purpose} for {}", step.title, elapsed(elapsed_between(*since, now)))
        }
        None => step.title.clone(),
    });
    let doing = if doing.is_empty() { format!("Working on {}", whole.id) } else { doing };
    format!("{stopping}{doing}")
}

/// "Creating the EKS cluster and the database; 27 wait for their turn".
fn at_work(step: &StepLedger) -> Option<String> {
    let running = in_flight(step);
    let first = running.iter().find(|object| resource_type(&object.address).is_some())?;
    let action = first.action.unwrap_or(Action::Other);
    let same = running.iter().filter(|object| object.action == first.action);
    let called: Vec<String> = same.map(|object| names::in_a_sentence(&object.address)).collect();
    let doing = crate::frontend::words::doing(action);
    let mut letters = doing.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let queued = step.objects.iter().filter(|o| o.standing == Standing::Queued).count();
    let rest = match queued {
        0 => String::new(),
        1 => "; 1 waits for its turn".into(),
        more => format!("; {more} wait for their turn"),
    };
    Some(format!("{capital}{} {}{rest}", letters.as_str(), names::listed(&called)))
}

/// "Waiting for deployment/core-api: 0 of 2 ready".
fn waiting(step: &StepLedger) -> Option<String> {
    let waiting = step.objects.iter().filter(|o| o.standing == Standing::Waiting);
    let newest = waiting.max_by_key(|object| object.reason.as_ref().map(|(_, at)| *at))?;
    let (reason, _) = newest.reason.as_ref()?;
    Some(format!("Waiting for {}: {reason}", newest.address))
}

/// What is worked on, oldest first.
pub fn in_flight(step: &StepLedger) -> Vec<&Object> {
    let mut running: Vec<&Object> =
        step.objects.iter().filter(|o| o.standing == Standing::Running).collect();
    running.sort_by(|a, b| a.since.cmp(&b.since).then_with(|| a.address.cmp(&b.address)));
    running
}

fn checks(watched: &Watched) -> Vec<Row> {
    let mut rows = vec![Row::Head("Check".into(), String::new())];
    for (check, outcome, finding) in &watched.state.checks {
        rows.push(Row::Item(Item {
            key: check.clone(),
            mark: Mark::from(*outcome),
            name: check.clone(),
            column: String::new(),
        }));
        rows.push(Row::Remark(finding.clone()));
    }
    rows
}

/// A stage that is looked at.
struct Shown<'a> {
    watched: &'a Watched,
    times: &'a Times,
    stage: &'a StageState,
    grouping: Grouping,
    now: Timestamp,
}

impl Shown<'_> {
    fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        if self.stage.steps.len() > 1 {
            rows.push(Row::Head("Step".into(), "time".into()));
            rows.extend(self.stage.steps.iter().map(|step| Row::Item(self.step_row(step))));
        }
        let alone = self.stage.steps.len() == 1;
        for step in &self.stage.steps {
            let Some(known) = self.watched.ledger.step(&self.stage.id, &step.id) else { continue };
            if !alone && matches!(step.status, Status::Pending | Status::Done) {
                continue;
            }
            if !rows.is_empty() {
                rows.push(Row::Blank);
            }
            self.step_rows(step, known, &mut rows);
        }
        rows
    }

    fn step_row(&self, step: &StepState) -> Item {
        let time = match (step.status, step.elapsed_ms, step.started) {
            (Status::Running, _, Some(since)) => elapsed(elapsed_between(since, self.now)),
            (Status::Done, Some(ms), _) => elapsed(ms),
            _ => String::new(),
        };
        let mark = Mark::from(step.status);
        Item { key: format!("step:{}", step.id), mark, name: step.id.clone(), column: time }
    }

    fn step_rows(&self, step: &StepState, known: &StepLedger, rows: &mut Vec<Row>) {
        let is_transfer =
            known.objects.iter().any(|object| object.total.is_some() || object.bytes > 0);
        if is_transfer {
            self.transfers(step, known, rows);
        } else if known.is_planned {
            self.resources(known, rows);
        } else {
            self.workloads(known, rows);
        }
        if let Some((purpose, since)) = &known.command {
            let time = elapsed(elapsed_between(*since, self.now));
            if !rows.is_empty() {
                rows.push(Row::Blank);
            }
            rows.push(Row::Remark(format!("{purpose} of {} runs for {time}", step.id)));
        }
        for gate in &known.gates {
            rows.push(Row::Remark(format!("verified: {gate}")));
        }
    }

    fn resources(&self, step: &StepLedger, rows: &mut Vec<Row>) {
        match self.grouping {
            Grouping::Flat => {
                rows.push(Row::Head("Object".into(), "time".into()));
                rows.extend(step.objects.iter().map(|object| self.object_row(object)));
                return;
            }
            Grouping::Slow => {
                rows.push(Row::Head("Slow, waiting, failed".into(), "time".into()));
                let before = rows.len();
                let shown = step.objects.iter().filter(|o| self.is_remarkable(o));
                rows.extend(shown.map(|object| self.object_row(object)));
                if rows.len() == before {
                    rows.push(Row::Remark("none".into()));
                }
                return;
            }
            Grouping::ByPart => {}
        }
        let failed = step.objects.iter().filter(|o| o.standing == Standing::Failed);
        let flying: Vec<&Object> = failed.chain(in_flight(step)).collect();
        if !flying.is_empty() {
            rows.push(Row::Head("In flight".into(), "elapsed   usual".into()));
            rows.extend(flying.iter().take(MOST_IN_FLIGHT).map(|object| self.object_row(object)));
            if flying.len() > MOST_IN_FLIGHT {
                let more = flying.len() - MOST_IN_FLIGHT;
                rows.push(Row::Remark(format!("{more} more running; `v` shows them")));
            }
            rows.push(Row::Blank);
        }
        rows.push(Row::Head("Parts".into(), "done".into()));
        rows.extend(parts(step).into_iter().map(Row::Item));
    }

    fn is_remarkable(&self, object: &Object) -> bool {
        match object.standing {
            Standing::Failed | Standing::Waiting | Standing::Interrupted => true,
            Standing::Running => self.times.is_slow(object, self.now),
            Standing::Queued | Standing::Done => false,
        }
    }

    fn object_row(&self, object: &Object) -> Row {
        let usual = self.times.of_object(object).map_or(String::new(), |usual| elapsed(usual.ms));
        let time = match (object.standing, object.since, object.elapsed_ms) {
            (Standing::Running | Standing::Waiting, Some(since), _) => {
                elapsed(elapsed_between(since, self.now))
            }
            (_, _, Some(ms)) => elapsed(ms),
            _ => String::new(),
        };
        let is_slow = object.standing == Standing::Running && self.times.is_slow(object, self.now);
        Row::Item(Item {
            key: object.address.clone(),
            mark: if is_slow { Mark::Slow } else { Mark::from(object.standing) },
            name: names::object(&object.address),
            column: format!("{time:>7} {usual:>7}"),
        })
    }

    fn workloads(&self, step: &StepLedger, rows: &mut Vec<Row>) {
        if step.objects.is_empty() {
            return;
        }
        rows.push(Row::Head("Object".into(), "since".into()));
        let rank = |object: &&Object| match object.standing {
            Standing::Failed | Standing::Interrupted => 0,
            Standing::Running | Standing::Waiting | Standing::Queued => 1,
            Standing::Done => 2,
        };
        let mut objects: Vec<&Object> = step.objects.iter().collect();
        objects.sort_by_key(rank);
        for object in objects {
            let Row::Item(mut item) = self.object_row(object) else { continue };
            item.column = String::from(item.column.trim());
            rows.push(Row::Item(item));
            if let Some((reason, _)) = &object.reason {
                rows.push(Row::Remark(reason.clone()));
            }
        }
    }

    fn transfers(&self, step: &StepState, known: &StepLedger, rows: &mut Vec<Row>) {
        let done: u64 = known.objects.iter().map(|object| object.bytes).sum();
        let total: u64 = known.objects.iter().map(|o| o.total.unwrap_or(o.bytes)).sum();
        let rate = self.watched.rate(&self.stage.id, &step.id).filter(|rate| *rate > 0);
        let mut column = format!("{} of {}", bytes(done), bytes(total));
        if let Some(rate) = rate.filter(|_| step.status == Status::Running) {
            let left = elapsed(total.saturating_sub(done).saturating_mul(1000) / rate);
            column = format!("{column}  {}/s  {left} left", bytes(rate));
        }
        rows.push(Row::Head(step.id.clone(), column));
        for object in &known.objects {
            rows.push(Row::Transfer(Transfer {
                key: object.address.clone(),
                mark: Mark::from(object.standing),
                done: object.bytes,
                total: object.total,
            }));
        }
    }
}

/// So many rows of what is in flight; the rest is counted.
const MOST_IN_FLIGHT: usize = 6;

/// The parts of a Terraform pass with how much of them is done.
pub fn parts(step: &StepLedger) -> Vec<Item> {
    let mut parts: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
    for object in step.objects.iter().filter(|object| object.action.is_some()) {
        parts.entry(names::part(&object.address)).or_default().push(object.standing);
    }
    parts.into_iter().map(|(name, standings)| part(name, &standings)).collect()
}

fn part(name: String, standings: &[Standing]) -> Item {
    let number = |standing| standings.iter().filter(|s| **s == standing).count();
    let done = number(Standing::Done);
    let mark = if number(Standing::Failed) > 0 {
        Mark::Failed
    } else if number(Standing::Running) > 0 {
        Mark::Running
    } else if number(Standing::Interrupted) > 0 {
        Mark::Interrupted
    } else if done == standings.len() {
        Mark::Done
    } else if done > 0 || number(Standing::Waiting) > 0 {
        Mark::Waiting
    } else {
        Mark::Queued
    };
    let column = format!("{done}/{}", standings.len());
    Item { key: format!("part:{name}"), mark, name, column }
}
