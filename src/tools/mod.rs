//! External programs: finding them, running them, understanding what they say.
//!
//! Owns the only place that spawns ([`process`]), the small process that a tool runs under
//! ([`tool_run`]) with its log ([`step_log`]), and what is known of each program. Decides nothing:
//! which command comes next is the engine's business. Start at [`process::Invocation`].

pub mod helm;
pub mod process;
mod running;
pub mod stamp;
pub mod step_log;
pub mod terraform;
pub mod tool_run;
pub mod toolbox;

pub use process::{Captured, CommandLine, Invocation, ProcessError, capture, start};
pub use running::{Ended, Line, Running, Signalled, Stream};
pub use stamp::Stamp;
pub use toolbox::{Finding, Search, Tool, Toolbox, ToolboxError, Version};

use crate::run::{EventKind, Progress};

/// What a line of a tool means.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// Something happened.
    Event(EventKind),
    /// Something goes on.
    Progress(Progress),
}
