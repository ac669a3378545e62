//! Findings: how a check ended, what was found, why that matters, and what to do.

use crate::cloud::CloudError;
use crate::run::event::Outcome;

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How it ended.
    pub outcome: Outcome,
    /// What was found, one statement.
    pub found: String,
    /// Why that matters for this plan.
    pub why: Option<String>,
    /// What to do: a command or a sentence.
    pub remedy: Option<String>,
}

impl Finding {
    fn new(outcome: Outcome, found: impl Into<String>) -> Self {
        Self { outcome, found: found.into(), why: None, remedy: None }
    }

    /// All is as it should be.
    pub fn pass(found: impl Into<String>) -> Self {
        Self::new(Outcome::Pass, found)
    }

    /// Not as it should be, but the run can go on.
    pub fn warn(found: impl Into<String>) -> Self {
        Self::new(Outcome::Warn, found)
    }

    /// The run would fail.
    pub fn fail(found: impl Into<String>) -> Self {
        Self::new(Outcome::Fail, found)
    }

    /// It could not be found out.
    pub fn unknown(found: impl Into<String>) -> Self {
        Self::new(Outcome::Unknown, found)
    }

    /// It was not asked.
    pub fn skipped(found: impl Into<String>) -> Self {
        Self::new(Outcome::Skipped, found)
    }

    /// Why it matters for this plan.
    #[must_use]
    pub fn because(mut self, why: impl Into<String>) -> Self {
        self.why = Some(why.into());
        self
    }

    /// What to do about it.
    #[must_use]
    pub fn mend(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Why nothing can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unable {
    /// An answer is missing: its key.
    Waits(&'static str),
    /// Who was asked did not answer: why, and what to do.
    Unasked {
        /// One statement.
        reason: String,
        /// What to do, where something can be done.
        remedy: Option<String>,
    },
    /// There is nothing to check in this plan: why.
    NotNeeded(String),
}

impl From<&CloudError> for Unable {
    fn from(error: &CloudError) -> Self {
        use std::error::Error as _;

        use crate::error::Hint as _;
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            reason = format!("{reason}: {cause}");
            source = cause.source();
        }
        Self::Unasked { reason, remedy: error.hint() }
    }
}

/// What a check ends with.
pub type Verdict = Result<Finding, Unable>;

impl From<Unable> for Finding {
    fn from(unable: Unable) -> Self {
        match unable {
            Unable::Waits(key) => Self::unknown(format!("waits for the answer `{key}`")),
            Unable::Unasked { reason, remedy } => Self { remedy, ..Self::unknown(reason) },
            Unable::NotNeeded(why) => Self::skipped(why),
        }
    }
}

/// `Waits` for the key of an answer, for use with `?`.
pub(super) fn waits(key: &'static str) -> Unable {
    Unable::Waits(key)
}

/// Nothing to check, for use with `?`.
pub(super) fn not_needed<T>(why: impl Into<String>) -> Result<T, Unable> {
    Err(Unable::NotNeeded(why.into()))
}
