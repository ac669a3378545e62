//! terraform and tofu: their command lines, what they say, what they leave behind.
//!
//! Owns everything that is particular to these two programs and the differences between them.
//! Runs nothing itself. Start at [`message`] for the stream, [`translate`] for its meaning.

pub mod lock;
pub mod message;
pub mod translate;

pub use lock::LockInfo;
pub use translate::{Command, Heard, Told, Translator};
