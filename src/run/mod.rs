//! A run in words: what was decided, what happened, and what follows from it.
//!
//! Owns the vocabulary that the engine writes and every front end reads: [`Event`], the
//! [`Journal`](journal::Journal) they are kept in, [`RunState`](state::RunState), the fold of
//! them, and the [`Redactor`] that keeps secrets out of all of it. Knows no tool and no
//! blueprint. Start at [`event`].

pub mod event;
pub mod redact;

pub use event::{Action, Event, EventKind, Progress, Severity};
pub use redact::{Redactor, Secret};
