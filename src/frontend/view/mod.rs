//! View models: what is shown of a run, as plain data.
//!
//! Made from the folds alone, without a clock and without a file; screens and lines are made of the
//! same. Start at [`Watched`] for what is known, [`rollout`] for what is made of it.

pub mod details;
mod in_stage;
pub mod mark;
pub mod names;
pub mod outcome;
pub mod rollout;
pub mod rows;
pub mod stages;
pub mod support;
pub mod times;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use crate::run::ledger::Object;
use crate::run::{Event, Header, Ledger, Progress, RunState};

/// Over how long the rate of a transfer is taken.
const RATE_OVER_MS: i64 = 10_000;

/// A run as a viewer knows it: both folds, and how fast bytes move.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// The fold of the run.
    pub state: RunState,
    /// The fold of its objects.
    pub ledger: Ledger,
    /// The engine is gone and has not said how the run ended.
    pub lost: Option<Lost>,
    samples: BTreeMap<(String, String), VecDeque<(Timestamp, u64)>>,
}

/// What is left of a run whose engine is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// A tool that it had started is still at work.
    ToolAtWork,
    /// Nothing.
    Nothing,
}

impl Watched {
    /// A run of which only the fold is known.
    pub fn of(state: RunState) -> Self {
        Self { state, ..Self::default() }
    }

    /// Begins a run of the chain.
    pub fn begin_run(&mut self, header: Header) {
        self.ledger.begin_run(&header.run);
        self.state.begin_run(header);
        self.lost = None;
        self.samples.clear();
    }

    /// Takes in a lasting event.
    pub fn apply(&mut self, event: &Event) {
        self.state.apply(event);
        self.ledger.apply(event);
    }

    /// Takes in what is only shown.
    pub fn progress(&mut self, progress: &Progress, now: Timestamp) {
        self.ledger.progress(progress, now);
        let Progress::Bytes { stage, step, .. } = progress else { return };
        let Some(known) = self.ledger.step(stage, step) else { return };
        let moved = known.objects.iter().map(|object| object.bytes).sum();
        let samples = self.samples.entry((stage.clone(), step.clone())).or_default();
        samples.push_back((now, moved));
        while samples.front().is_some_and(|(at, _)| ms_between(*at, now) > RATE_OVER_MS) {
            samples.pop_front();
        }
    }

    /// Bytes in a second that a step has moved lately; `None` before that can be told.
    pub fn rate(&self, stage: &str, step: &str) -> Option<u64> {
        let samples = self.samples.get(&(stage.to_owned(), step.to_owned()))?;
        let ((since, first), (until, last)) = (samples.front()?, samples.back()?);
        let ms = u64::try_from(ms_between(*since, *until)).ok().filter(|ms| *ms > 0)?;
        Some(last.saturating_sub(*first).saturating_mul(1000) / ms)
    }

    /// Takes in that the engine is gone without a word.
    pub fn lose(&mut self, lost: Lost) {
        self.state.interrupt();
        self.lost = Some(lost);
    }

    /// Whether the run goes on.
    pub fn is_at_work(&self) -> bool {
        self.state.status.is_none() && self.lost.is_none()
    }

    /// Whether the run is a rehearsal.
    pub fn is_rehearsal(&self) -> bool {
        self.deployment().starts_with("rehearsal/")
    }

    /// Name of the deployment, with `rehearsal/` for a rehearsed one.
    pub fn deployment(&self) -> &str {
        self.state.header.as_ref().map_or("", |header| header.deployment.as_str())
    }

    /// Name of the deployment alone.
    pub fn name(&self) -> &str {
        let label = self.deployment();
        label.strip_prefix("rehearsal/").unwrap_or(label)
    }

    /// The object of that address, in whatever step it is.
    pub fn object(&self, address: &str) -> Option<(&str, &Object)> {
        self.state.stages.iter().rev().find_map(|stage| {
            let found = self.ledger.stage(&stage.id).find_map(|step| step.find(address))?;
            Some((stage.id.as_str(), found))
        })
    }

    /// How long the run has been going on, or has taken.
    pub fn elapsed_ms(&self, now: Timestamp) -> u64 {
        let Some(header) = &self.state.header else { return 0 };
        let until = if self.is_at_work() { now } else { self.state.at.unwrap_or(now) };
        elapsed_between(header.at, until)
    }
}

/// Milliseconds from one time to another, negative when they are the other way round.
fn ms_between(from: Timestamp, until: Timestamp) -> i64 {
    until.as_millisecond().saturating_sub(from.as_millisecond())
}

/// Milliseconds from one time to another, none when they are the other way round.
pub fn elapsed_between(from: Timestamp, until: Timestamp) -> u64 {
    u64::try_from(ms_between(from, until)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let mut watched = Watched::default();
        let bytes = |done| Progress::Bytes {
            stage: "images".into(),
            step: "images".into(),
            object: "a".into(),
            done,
            total: Some(9_000),
        };
        for (second, done) in [(0, 0), (20, 5_000), (25, 6_000), (30, 9_000)] {
            watched.progress(&bytes(done), Timestamp::from_second(second).unwrap());
        }
        assert_eq!(watched.rate("images", "images"), Some(400));
        assert_eq!(watched.rate("images", "other"), None);
    }
}
