//! A run at work: its title, the sentence of what happens now, what is left, and the rows of the
//! stage that is shown.

use jiff::Timestamp;

use super::mark::Mark;
use super::rows::{Grouping, Row};
use super::stages::{self, StageLine};
use super::times::{Left, Times};
use super::{Watched, elapsed_between, in_stage, names};
use crate::frontend::words::{count, elapsed};
use crate::run::durations::resource_type;
use crate::run::event::RunStatus;
use crate::run::ledger::{Object, Standing, StepLedger};
use crate::run::state::{StageState, Status};
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
        Some(stage) => in_stage::of_stage(watched, times, stage, grouping, now),
        None => in_stage::of_checks(watched),
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
    let same: Vec<&&Object> =
        running.iter().filter(|object| object.action == first.action).collect();
    let named = same.iter().take(names::LISTED).map(|o| names::in_a_sentence(&o.address));
    let called = names::listed(&named.collect::<Vec<_>>(), same.len());
    let doing = crate::frontend::words::doing(action);
    let mut letters = doing.chars();
    let capital: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let queued = step.objects.iter().filter(|o| o.standing == Standing::Queued).count();
    let rest = match queued {
        0 => String::new(),
        1 => "; 1 waits for its turn".into(),
        more => format!("; {more} wait for their turn"),
    };
    Some(format!("{capital}{} {}{rest}", letters.as_str(), called))
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
