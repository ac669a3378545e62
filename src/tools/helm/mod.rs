//! helm, 3 and 4: its command lines, what it says, and what to do with a release it left behind.
//!
//! Owns everything that is particular to helm and the differences between its two majors. Runs
//! nothing itself. Start at [`Helm`] for what is run, [`Standing::of`] for what comes next.

mod history;
mod invoke;
mod translate;

pub use history::{HistoryError, Revision, Standing, Status, read_history};
pub use invoke::{Helm, Release};
pub use translate::Translator;
