//! terraform and tofu: their command lines, what they say, what they leave behind.
//!
//! Owns everything that is particular to these two programs and the differences between them.
//! Runs nothing itself. Start at [`Root`] for what is run, [`Translator`] for what it says,
//! [`PlanJson`] and [`State`] for the documents.

mod document;
mod invoke;
mod lock;
pub mod message;
mod plan_json;
mod state;
mod state_file;
mod translate;

pub use document::DocumentError;
pub use invoke::{Engine, Root};
pub use lock::LockInfo;
pub use plan_json::{Capacity, Detail, GUARDED, PlanJson, ResourceChange};
pub use state::{OutputValue, State, StateResource, read_outputs};
pub use state_file::StateFile;
pub use translate::{Command, Told, Translator};

pub use super::Heard;
