//! Marks: in which state something is, as one word and one glyph everywhere.

use crate::run::event::Outcome;
use crate::run::ledger::Standing;
use crate::run::state::Status;

/// A state as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mark {
    /// Finished, and its gate holds.
    Done,
    /// Worked on.
    Running,
    /// Begun; held up by something named that ends by itself.
    Waiting,
    /// Not begun; its turn comes by itself.
    Queued,
    /// Running, longer than usual.
    Slow,
    /// Held up by something that does not end by itself.
    Blocked,
    /// Ended with an error.
    Failed,
    /// Ended by request.
    Stopped,
    /// Ended without a word.
    Interrupted,
    /// A check: as it should be.
    Pass,
    /// A check: not as it should be, and it does not stop the run.
    Warn,
    /// A check: the run would fail.
    Fail,
    /// It cannot be told.
    Unknown,
    /// Left out on purpose.
    Skipped,
    /// Answers that were never started.
    Draft,
}

/// All of them, for tests and the help.
pub const ALL: &[Mark] = &[
    Mark::Done,
    Mark::Running,
    Mark::Waiting,
    Mark::Queued,
    Mark::Slow,
    Mark::Blocked,
    Mark::Failed,
    Mark::Stopped,
    Mark::Interrupted,
    Mark::Pass,
    Mark::Warn,
    Mark::Fail,
    Mark::Unknown,
    Mark::Skipped,
    Mark::Draft,
];

impl Mark {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Slow => "slow",
            Self::Blocked => "blocked",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Interrupted => "interrupted",
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
            Self::Skipped => "skipped",
            Self::Draft => "draft",
        }
    }
}

impl From<Status> for Mark {
    fn from(status: Status) -> Self {
        match status {
            Status::Pending => Self::Queued,
            Status::Running => Self::Running,
            Status::Done => Self::Done,
            Status::Failed => Self::Failed,
            Status::Stopped => Self::Stopped,
            Status::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Standing> for Mark {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Queued => Self::Queued,
            Standing::Running => Self::Running,
            Standing::Waiting => Self::Waiting,
            Standing::Done => Self::Done,
            Standing::Failed => Self::Failed,
            Standing::Interrupted => Self::Interrupted,
        }
    }
}

impl From<Outcome> for Mark {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Self::Pass,
            Outcome::Warn => Self::Warn,
            Outcome::Fail => Self::Fail,
            Outcome::Unknown => Self::Unknown,
            Outcome::Skipped => Self::Skipped,
        }
    }
}
