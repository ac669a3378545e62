//! How long things take: what is usual, who says so, and what is left.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::mark::Mark;
use super::{Watched, elapsed_between};
use crate::run::Durations;
use crate::run::durations::{Basis, Usual, resource_type, subject_of_stage};
use crate::run::ledger::{Object, Standing};
use crate::run::state::{StageState, Status};

/// How much longer than usual is slow, in percent, and at least how many milliseconds.
const SLOW: (u64, u64) = (150, 60_000);

/// What is known of usual times.
#[derive(Debug, Clone, Default)]
pub struct Times {
    /// What finished runs of this host have taught.
    pub learned: Durations,
    /// At which pace this run goes: what was learned at another says nothing.
    pub pace: String,
    /// Shipped figures: a resource type, or a stage, to milliseconds at this pace.
    pub shipped: BTreeMap<String, u64>,
}

/// What is left of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Nothing runs.
    Nothing,
    /// About so many milliseconds in all.
    About(u64, Basis),
    /// About so many milliseconds for the running stage; what comes after it is not known.
    Stage(u64, Basis),
    /// Not known.
    Unknown,
}

impl Times {
    /// How long something usually takes.
    pub fn usual(&self, subject: &str) -> Option<Usual> {
        let shipped = || Some(Usual { ms: *self.shipped.get(subject)?, basis: Basis::Shipped });
        self.learned.usual(&self.pace, subject).or_else(shipped)
    }

    /// How long an object usually takes.
    pub fn of_object(&self, object: &Object) -> Option<Usual> {
        self.usual(resource_type(&object.address)?)
    }

    /// How long a stage usually takes.
    pub fn of_stage(&self, stage: &str) -> Option<Usual> {
        self.usual(&subject_of_stage(stage))
    }

    /// Whether an object takes longer than usual.
    fn is_slow(&self, object: &Object, now: Timestamp) -> bool {
        let (Some(since), Some(usual)) = (object.since, self.of_object(object)) else {
            return false;
        };
        let elapsed = elapsed_between(since, now);
        elapsed > usual.ms.saturating_mul(SLOW.0) / 100 && elapsed > usual.ms + SLOW.1
    }

    /// Where an object stands: slow where it is worked on for longer than usual.
    pub fn mark(&self, object: &Object, now: Timestamp) -> Mark {
        if object.standing == Standing::Running && self.is_slow(object, now) {
            Mark::Slow
        } else {
            Mark::from(object.standing)
        }
    }

    /// What is left of a run.
    pub fn left(&self, watched: &Watched, now: Timestamp) -> Left {
        let stages = &watched.state.stages;
        if !watched.is_at_work() {
            return Left::Nothing;
        }
        if stages.is_empty() {
            return Left::Unknown;
        }
        let Some(at) = stages.iter().position(|stage| stage.status == Status::Running) else {
            return Left::Unknown;
        };
        let Some((running, mut basis)) = self.left_of_stage(watched, &stages[at], now) else {
            return Left::Unknown;
        };
        let mut all = running;
        for stage in &stages[at + 1..] {
            let Some(usual) = self.of_stage(&stage.id) else { return Left::Stage(running, basis) };
            all += usual.ms;
            basis = weaker(basis, usual.basis);
        }
        Left::About(all, basis)
    }

    /// What is left of the running stage: by the stage itself, and by what is in flight in it.
    fn left_of_stage(
        &self,
        watched: &Watched,
        stage: &StageState,
        now: Timestamp,
    ) -> Option<(u64, Basis)> {
        let started = stage.steps.iter().filter_map(|step| step.started).min();
        let whole = self.of_stage(&stage.id).map(|usual| {
            let gone = started.map_or(0, |since| elapsed_between(since, now));
            (usual.ms.saturating_sub(gone), usual.basis)
        });
        let in_flight = watched
            .ledger
            .stage(&stage.id)
            .flat_map(|step| &step.objects)
            .filter(|object| object.standing == Standing::Running)
            .filter_map(|object| {
                let usual = self.of_object(object)?;
                let gone = object.since.map_or(0, |since| elapsed_between(since, now));
                Some((usual.ms.saturating_sub(gone), usual.basis))
            })
            .max_by_key(|(ms, _)| *ms);
        match (whole, in_flight) {
            (Some(whole), Some(flying)) => Some(if flying.0 > whole.0 { flying } else { whole }),
            (Some(whole), None) => Some(whole),
            // What comes after it in the same stage is not known.
            (None, _) => None,
        }
    }
}

fn weaker(one: Basis, other: Basis) -> Basis {
    match (one, other) {
        (Basis::Runs(a), Basis::Runs(b)) => Basis::Runs(a.min(b)),
        _ => Basis::Shipped,
    }
}

impl Left {
    /// As it stands beside the title: "about 47 min left".
    pub fn words(self) -> String {
        match self {
            Self::Nothing => "nothing is running".into(),
            Self::About(ms, _) => format!("{} left", about(ms)),
            Self::Stage(ms, _) => format!("stage: {} left", about(ms)),
            Self::Unknown => "time left unknown".into(),
        }
    }

    /// What it rests on.
    pub fn basis(self) -> Option<String> {
        match self {
            Self::About(_, basis) | Self::Stage(_, basis) => Some(basis_words(basis)),
            Self::Nothing | Self::Unknown => None,
        }
    }
}

/// Who says how long something takes.
pub fn basis_words(basis: Basis) -> String {
    match basis {
        Basis::Shipped => "estimate: shipped figures".into(),
        Basis::Runs(runs) => format!("estimate: {runs} finished runs of this host"),
    }
}

/// "about 47 min", "about 1 h 5 min", "less than 1 min".
pub fn about(ms: u64) -> String {
    let minutes = (ms + 30_000) / 60_000;
    match (minutes / 60, minutes % 60) {
        (0, 0) => "less than 1 min".into(),
        (0, minutes) => format!("about {minutes} min"),
        (hours, 0) => format!("about {hours} h"),
        (hours, minutes) => format!("about {hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_rounded_to_the_minute() {
        let cases = [
            (0, "less than 1 min"),
            (29_999, "less than 1 min"),
            (47 * 60_000, "about 47 min"),
            (60 * 60_000, "about 1 h"),
            (65 * 60_000 + 1, "about 1 h 5 min"),
        ];
        for (ms, words) in cases {
            assert_eq!(about(ms), words);
        }
    }
}
