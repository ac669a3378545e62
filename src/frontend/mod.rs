//! Front ends: readers of a run, and the one printer for standard output.
//!
//! Each follows the same notices and folds the same state; none keeps a truth of its own.
//! [`viewer`] is where those in other processes have theirs from.
//! [`mod@line`] is one line an event, [`json`] one journal event a line.

pub mod ask;
pub mod json;
pub mod line;
pub mod printer;
pub mod viewer;
pub mod words;

use tokio::sync::mpsc::UnboundedReceiver;

use crate::engine::recorder::Notice;
use crate::run::{Header, RunState};
use printer::Printer;

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// One readable line an event.
    Line,
    /// One journal event a line, header first.
    Json,
}

/// Shows a run until its last event, and returns what it came to.
pub async fn follow(
    output: Output,
    printer: &mut Printer,
    header: Header,
    before: RunState,
    notices: &mut UnboundedReceiver<Notice>,
) -> RunState {
    let mut state = before;
    state.begin_run(header.clone());
    let lines = line::Lines::new(&header);
    if output == Output::Json {
        printer.line(&json::document(&header));
    }
    while let Some(notice) = notices.recv().await {
        let Notice::Event(event) = notice else { continue };
        match output {
            Output::Json => printer.line(&json::document(&*event)),
            Output::Line => {
                for line in lines.of(&event, &state) {
                    printer.line(&line);
                }
            }
        }
        state.apply(&event);
    }
    if output == Output::Line {
        for line in line::ending(&state) {
            printer.line(&line);
        }
    }
    state
}
