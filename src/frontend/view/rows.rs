//! What a row of a stage may be, and how rows are grouped.
//!
//! Rows are facts; what they are called and how their times are written is asked for by whoever
//! shows them, because of thousands of rows a screen shows a few.

use super::mark::Mark;
use crate::frontend::words::{bytes, elapsed};

/// A row of the stage that is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A heading with the heads of its columns.
    Head(&'static str, &'static str),
    /// A check.
    Check {
        /// Its id.
        id: String,
        /// What came of it.
        mark: Mark,
    },
    /// A step.
    Step(Step),
    /// What Terraform makes.
    Object(Line),
    /// What is waited for in the cluster.
    Workload(Line),
    /// A part of a Terraform pass.
    Part(Part),
    /// The sum of the transfers that follow.
    Moved(Moved),
    /// A transfer.
    Transfer(Transfer),
    /// A reason or remark below the row before.
    Remark(String),
    /// Nothing.
    Blank,
}

/// A step of the stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// `step:` and its id.
    pub key: String,
    /// Where it stands.
    pub mark: Mark,
    /// Milliseconds, once it was begun.
    pub elapsed_ms: Option<u64>,
}

/// Something that is made or waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its address.
    pub address: String,
    /// Where it stands.
    pub mark: Mark,
    /// Milliseconds, once it was begun.
    pub elapsed_ms: Option<u64>,
    /// Milliseconds that such a thing usually takes, where that is known and matters.
    pub usual_ms: Option<u64>,
}

/// The objects of one module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `part:` and its name.
    pub key: String,
    /// Where it stands as a whole.
    pub mark: Mark,
    /// So many are done.
    pub done: usize,
    /// Of so many.
    pub all: usize,
}

/// What the transfers of a step have moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The step.
    pub step: String,
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all, as far as they are known.
    pub total: u64,
    /// Bytes in a second, while it runs and once that can be told.
    pub rate: Option<u64>,
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

impl Step {
    /// Its id.
    pub fn id(&self) -> &str {
        self.key.strip_prefix("step:").unwrap_or(&self.key)
    }
}

impl Part {
    /// What it is called.
    pub fn name(&self) -> &str {
        self.key.strip_prefix("part:").unwrap_or(&self.key)
    }

    /// How much of it is done: "7/28".
    pub fn count(&self) -> String {
        format!("{}/{}", self.done, self.all)
    }
}

impl Line {
    /// Its time: "8:40".
    pub fn time(&self) -> String {
        self.elapsed_ms.map(elapsed).unwrap_or_default()
    }

    /// The time of such things: "11:00".
    pub fn usual(&self) -> String {
        self.usual_ms.map(elapsed).unwrap_or_default()
    }
}

impl Moved {
    /// "1.2 GB of 4.0 GB  80.0 MB/s  0:35 left".
    pub fn words(&self) -> String {
        let moved = format!("{} of {}", bytes(self.done), bytes(self.total));
        match self.rate {
            Some(rate) => {
                let left = self.total.saturating_sub(self.done).saturating_mul(1000) / rate.max(1);
                format!("{moved}  {}/s  {} left", bytes(rate), elapsed(left))
            }
            None => moved,
        }
    }
}

impl Row {
    /// Whether it is of something that is not done.
    pub fn is_open(&self) -> bool {
        self.mark().is_some_and(|mark| !matches!(mark, Mark::Done | Mark::Pass))
    }

    /// Where it stands, for what can be looked at.
    pub fn mark(&self) -> Option<Mark> {
        match self {
            Self::Check { mark, .. } => Some(*mark),
            Self::Step(step) => Some(step.mark),
            Self::Object(line) | Self::Workload(line) => Some(line.mark),
            Self::Part(part) => Some(part.mark),
            Self::Transfer(transfer) => Some(transfer.mark),
            Self::Head(..) | Self::Moved(_) | Self::Remark(_) | Self::Blank => None,
        }
    }

    /// What the row is of, where it can be looked at.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Check { id, .. } => Some(id),
            Self::Step(step) => Some(&step.key),
            Self::Object(line) | Self::Workload(line) => Some(&line.address),
            Self::Part(part) => Some(&part.key),
            Self::Transfer(transfer) => Some(&transfer.key),
            Self::Head(..) | Self::Moved(_) | Self::Remark(_) | Self::Blank => None,
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
