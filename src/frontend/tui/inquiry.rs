//! What a form wants to know, and what it is told.
//!
//! A form asks nobody itself: it says how its answers stand ([`Wanted`]) and is told what others
//! say to them ([`Heard`]), whenever that is known. Who is asked, and how often, is the business of
//! whoever holds the other end of an [`Inquiry`].

use std::fmt;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::answers::Answers;
use crate::blueprint::{Consequences, Facts};
use crate::host::Host;
use crate::preflight::offers::Offered;
use crate::run::Secret;
use crate::run::event::Outcome;

/// What a form wants found out.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// Whatever follows from these answers, which may be incomplete.
    Answers {
        /// The answers so far.
        answers: Answers,
        /// Keys of those that are missing.
        missing: Vec<String>,
    },
    /// Everything once more: time has gone by.
    Again,
    /// What would be made with the draft that was kept.
    Plan,
    /// Everything once more, with this code of an MFA device.
    Code(Secret),
}

impl PartialEq for Wanted {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (
                Self::Answers { answers, missing },
                Self::Answers { answers: theirs, missing: theirs_missing },
            ) => answers.same_values(theirs) && missing == theirs_missing,
            (Self::Again, Self::Again) | (Self::Plan, Self::Plan) => true,
            (Self::Code(code), Self::Code(theirs)) => code.expose() == theirs.expose(),
            _ => false,
        }
    }
}

/// What a form is told.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Somebody is being asked for a question.
    Asking {
        /// Its key.
        key: &'static str,
    },
    /// What can be chosen from for a question, or why that is not known.
    Offered {
        /// Its key.
        key: &'static str,
        /// The choices.
        offered: Result<Offered, String>,
        /// When that was asked.
        at: Timestamp,
    },
    /// Facts that stand beside a question: what, and how it is.
    Facts {
        /// Its key.
        key: &'static str,
        /// The facts, or why they are not known.
        facts: Result<Facts, String>,
    },
    /// What follows from the answers.
    Follows(Consequences),
    /// How the checks have ended.
    Checked(Vec<Found>),
    /// What would be made, or why that is not known.
    Planned(Result<Preview, String>),
    /// The account is asked with a session that a code opens.
    CodeWanted(CodeWanted),
}

/// A code is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeWanted {
    /// Serial number or ARN of the MFA device.
    pub device: String,
    /// Why the last code was not accepted.
    pub refused: Option<String>,
}

/// What a check has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its id.
    pub check: &'static str,
    /// What it is about.
    pub subject: &'static str,
    /// How it ended.
    pub outcome: Outcome,
    /// What was found.
    pub found: String,
    /// What to do.
    pub remedy: Option<String>,
}

/// What would be made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preview {
    /// Parts, each with the number of its objects, in the order of the plan.
    pub parts: Vec<(String, usize)>,
    /// Stages, each with what it does.
    pub stages: Vec<(String, String)>,
}

/// The draft of a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The name of the deployment, where it is answered.
    pub name: Option<String>,
    /// Whether the name is one, and not still being typed.
    pub is_settled: bool,
    /// The file.
    pub text: String,
}

/// Where a draft was kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Its file, as the operator would write it.
    pub file: String,
    /// Whether its name is that of another deployment, so that it cannot be begun.
    pub is_taken: bool,
}

/// Keeps drafts.
pub trait Keeper: Send {
    /// Keeps a draft, at once and lastingly.
    ///
    /// # Errors
    /// With a sentence.
    fn keep(&mut self, draft: &Draft) -> Result<Kept, String>;
}

/// The other side of a form.
pub struct Inquiry {
    /// To whoever finds things out.
    pub wanted: UnboundedSender<Wanted>,
    /// From them.
    pub heard: UnboundedReceiver<Heard>,
    /// Who keeps drafts.
    pub keeper: Box<dyn Keeper>,
    /// The clock.
    pub host: Host,
}

impl fmt::Debug for Inquiry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inquiry").finish_non_exhaustive()
    }
}
