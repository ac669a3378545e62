//! Front ends: readers of a run, and the one printer for standard output.
//!
//! Each follows the same notices and folds the same state; none keeps a truth of its own.
//! [`viewer`] is where those in other processes have theirs from.
//! [`mod@line`] is one line an event, [`pulse`] what is going on between two of them, [`json`] one
//! journal event a line, [`checks`] the report of a preflight, [`report`] one file for people who
//! were not there, [`hidden`] what is typed unseen.
//! [`tui`] the screens, which are made of the view models in [`view`].

pub mod ask;
pub mod checks;
pub mod hidden;
pub mod json;
pub mod line;
pub mod printer;
pub mod pulse;
pub mod report;
pub mod tui;
pub mod view;
pub mod viewer;
pub mod words;

use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedReceiver;

use self::printer::Printer;
use self::pulse::Pulse;
use self::view::outcome::After;
use self::view::times::Times;
use crate::blueprint::Reached;
use crate::engine::recorder::Notice;
use crate::host::Host;
use crate::run::event::RunStatus;
use crate::run::{Event, EventKind, Header, Progress, RunState};

/// Between two looks at the clock.
pub const TICK: Duration = Duration::from_secs(1);

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Output {
    /// Screens, in a terminal.
    Tui,
    /// One readable line an event.
    Line,
    /// One journal event a line, header first.
    Json,
}

/// Shows a run in lines or JSON, event by event, and folds it.
#[derive(Debug)]
pub struct Shown {
    output: Option<Output>,
    lines: Option<line::Lines>,
    after: Option<After>,
    pulse: Option<Pulse>,
    /// What was verified.
    facts: Vec<String>,
    /// What the run is now.
    pub state: RunState,
}

impl Shown {
    /// Nothing yet; `before` is what earlier runs did. Without an output it is only folded.
    pub fn new(output: Option<Output>, before: RunState) -> Self {
        Self { output, lines: None, after: None, pulse: None, facts: Vec::new(), state: before }
    }

    /// Knows who says at the end what is left for the operator.
    #[must_use]
    pub fn after(self, after: Option<After>) -> Self {
        Self { after, ..self }
    }

    /// Says in lines what is going on as well; `times` are how long things usually take.
    #[must_use]
    pub fn with_pulse(self, times: Times) -> Self {
        Self { pulse: Some(Pulse::new(times)), ..self }
    }

    /// Something goes on.
    pub fn progress(&mut self, progress: &Progress, now: Timestamp) {
        if let Some(pulse) = &mut self.pulse {
            pulse.progress(progress, now);
        }
    }

    /// Time has gone by.
    pub fn tick(&mut self, now: Timestamp, printer: &mut Printer) {
        let (Some(pulse), Some(lines)) = (&mut self.pulse, &self.lines) else { return };
        if self.output != Some(Output::Line) {
            return;
        }
        for (stage, text) in pulse.lines(now) {
            printer.line(&lines.said(now, &stage, &text));
        }
    }

    /// Changes how what follows is shown.
    pub fn show_from_here(&mut self, output: Output) {
        self.output = Some(output);
    }

    /// A run begins.
    pub fn begin(&mut self, header: Header, printer: &mut Printer) {
        if self.output == Some(Output::Json) {
            printer.line(&json::document(&header));
        }
        self.lines = Some(line::Lines::new(&header));
        if let Some(pulse) = &mut self.pulse {
            pulse.begin(header.clone());
        }
        self.state.begin_run(header);
    }

    /// Something happened in it.
    pub fn event(&mut self, event: &Event, printer: &mut Printer) {
        match (self.output, &self.lines) {
            (Some(Output::Json), _) => printer.line(&json::document(event)),
            (Some(Output::Line), Some(lines)) => {
                for line in lines.of(event, &self.state) {
                    printer.line(&line);
                }
            }
            _ => {}
        }
        if let EventKind::GateHeld { what, .. } = &event.kind {
            self.facts.push(what.clone());
        }
        self.state.apply(event);
        if let Some(pulse) = &mut self.pulse {
            pulse.event(event);
        }
    }

    /// Nothing more will happen.
    pub fn end(&self, printer: &mut Printer) {
        if self.output == Some(Output::Line) {
            let mut lines = line::ending(&self.state);
            let after = self.after.as_ref().filter(|_| self.state.status == Some(RunStatus::Done));
            let reached = Reached { outputs: &self.state.outputs, facts: &self.facts };
            let left = after.map(|after| after.blueprint.afterwards(&after.answers, &reached));
            let mut left: Vec<String> = left
                .into_iter()
                .flatten()
                .map(|todo| format!("left for you: {}: {}", todo.what, todo.how))
                .collect();
            if !left.is_empty() {
                left.insert(0, String::new());
            }
            // The last line stays the one that says how it ended.
            let end = lines.len().saturating_sub(2);
            lines.splice(end..end, left);
            for line in lines {
                printer.line(&line);
            }
        }
    }
}

/// Shows the run of this process until its last event, and returns what it came to.
pub async fn follow(
    mut shown: Shown,
    printer: &mut Printer,
    header: Header,
    notices: &mut UnboundedReceiver<Notice>,
    host: &Host,
) -> RunState {
    shown.begin(header, printer);
    let mut ticks = tokio::time::interval(TICK);
    loop {
        // Both are cancel safe.
        tokio::select! {
            notice = notices.recv() => match notice {
                Some(Notice::Event(event)) => shown.event(&event, printer),
                Some(Notice::Progress(progress)) => shown.progress(&progress, host.now()),
                None => break,
            },
            _ = ticks.tick() => shown.tick(host.now(), printer),
        }
    }
    shown.end(printer);
    shown.state
}
