//! The rows of a stage: what is in flight, parts with their counts, workloads with their reasons,
//! transfers with their bytes.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::mark::Mark;
use super::rollout::in_flight;
use super::rows::{Grouping, Line, Moved, Part, Row, Step, Transfer};
use super::times::Times;
use super::{Watched, elapsed_between, names};
use crate::frontend::words::elapsed;
use crate::run::ledger::{Object, Standing, StepLedger};
use crate::run::state::{StageState, Status, StepState};

/// So many rows of what is in flight; the rest is counted.
const MOST_IN_FLIGHT: usize = 6;

/// The checks, each with what it found.
pub(super) fn of_checks(watched: &Watched) -> Vec<Row> {
    let mut rows = vec![Row::Head("Check", "")];
    for (check, outcome, finding) in &watched.state.checks {
        rows.push(Row::Check { id: check.clone(), mark: Mark::from(*outcome) });
        rows.push(Row::Remark(finding.clone()));
    }
    rows
}

/// The rows of a stage.
pub(super) fn of_stage(
    watched: &Watched,
    times: &Times,
    stage: &StageState,
    grouping: Grouping,
    now: Timestamp,
) -> Vec<Row> {
    Shown { watched, times, stage, grouping, now }.rows()
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
            rows.push(Row::Head("Step", "time"));
            rows.extend(self.stage.steps.iter().map(|step| Row::Step(self.step(step))));
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

    fn step(&self, step: &StepState) -> Step {
        let elapsed_ms = match (step.status, step.elapsed_ms, step.started) {
            (Status::Running, _, Some(since)) => Some(elapsed_between(since, self.now)),
            (Status::Done, Some(ms), _) => Some(ms),
            _ => None,
        };
        Step { key: format!("step:{}", step.id), mark: Mark::from(step.status), elapsed_ms }
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
                rows.push(Row::Head("Object", "time"));
                rows.extend(step.objects.iter().map(|object| Row::Object(self.line(object))));
                return;
            }
            Grouping::Slow => {
                rows.push(Row::Head("Slow, waiting, failed", "time"));
                let before = rows.len();
                let shown = step.objects.iter().filter(|o| self.is_remarkable(o));
                rows.extend(shown.map(|object| Row::Object(self.line(object))));
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
            rows.push(Row::Head("In flight", "elapsed   usual"));
            let first = flying.iter().take(MOST_IN_FLIGHT);
            rows.extend(first.map(|object| Row::Object(self.line(object))));
            if flying.len() > MOST_IN_FLIGHT {
                let more = flying.len() - MOST_IN_FLIGHT;
                rows.push(Row::Remark(format!("{more} more running; `v` shows them")));
            }
            rows.push(Row::Blank);
        }
        rows.push(Row::Head("Parts", "done"));
        rows.extend(parts(step).into_iter().map(Row::Part));
    }

    fn is_remarkable(&self, object: &Object) -> bool {
        let mark = self.times.mark(object, self.now);
        matches!(mark, Mark::Failed | Mark::Waiting | Mark::Interrupted | Mark::Slow)
    }

    fn line(&self, object: &Object) -> Line {
        let usual = self.times.of_object(object);
        let elapsed_ms = match (object.standing, object.since) {
            (Standing::Running | Standing::Waiting, Some(since)) => {
                Some(elapsed_between(since, self.now))
            }
            _ => object.elapsed_ms,
        };
        Line {
            address: object.address.clone(),
            mark: self.times.mark(object, self.now),
            elapsed_ms,
            usual_ms: usual.map(|usual| usual.ms),
        }
    }

    fn workloads(&self, step: &StepLedger, rows: &mut Vec<Row>) {
        if step.objects.is_empty() {
            return;
        }
        rows.push(Row::Head("Object", "since"));
        let rank = |object: &&Object| match object.standing {
            Standing::Failed | Standing::Interrupted => 0,
            Standing::Running | Standing::Waiting | Standing::Queued => 1,
            Standing::Done => 2,
        };
        let mut objects: Vec<&Object> = step.objects.iter().collect();
        objects.sort_by_key(rank);
        for object in objects {
            rows.push(Row::Workload(self.line(object)));
            if let Some((reason, _)) = &object.reason {
                rows.push(Row::Remark(reason.clone()));
            }
        }
    }

    fn transfers(&self, step: &StepState, known: &StepLedger, rows: &mut Vec<Row>) {
        let rate = self.watched.rate(&self.stage.id, &step.id);
        rows.push(Row::Moved(Moved {
            step: step.id.clone(),
            done: known.objects.iter().map(|object| object.bytes).sum(),
            total: known.objects.iter().map(|o| o.total.unwrap_or(o.bytes)).sum(),
            rate: rate.filter(|rate| *rate > 0 && step.status == Status::Running),
        }));
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

/// The parts of a Terraform pass with how much of them is done, by name.
pub(super) fn parts(step: &StepLedger) -> Vec<Part> {
    let mut modules: BTreeMap<&str, Vec<Standing>> = BTreeMap::new();
    for object in step.objects.iter().filter(|object| object.action.is_some()) {
        modules.entry(names::module(&object.address)).or_default().push(object.standing);
    }
    // Two modules may be called the same.
    let mut parts: BTreeMap<String, Vec<Standing>> = BTreeMap::new();
    for (module, standings) in modules {
        parts.entry(names::of_module(module)).or_default().extend(standings);
    }
    parts.iter().map(|(name, standings)| part(name, standings)).collect()
}

fn part(name: &str, standings: &[Standing]) -> Part {
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
    Part { key: format!("part:{name}"), mark, done, all: standings.len() }
}
