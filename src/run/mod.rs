//! A run in words: what was decided, what happened, and what follows from it.
//!
//! Owns the vocabulary that the engine writes and every front end reads: [`Event`], the
//! [`Journal`] they are kept in, [`RunState`], the fold of
//! them, the [`Ledger`] of its objects, the [`Durations`] that finished runs have taught, and the [`Redactor`] that keeps secrets out of all of it. Knows no tool and no
//! blueprint. Start at [`event`].

pub mod durations;
pub mod event;
pub mod journal;
pub mod ledger;
pub mod receipt;
pub mod redact;
pub mod state;

pub use durations::Durations;
pub use event::{Action, Event, EventKind, Progress, Severity, Snippet};
pub use journal::{Header, Journal};
pub use ledger::Ledger;
pub use redact::{Redactor, Secret};
pub use state::RunState;
