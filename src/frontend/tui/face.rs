//! What the terminal shows: something that takes messages and can be drawn.

use crossterm::event::KeyEvent;
use jiff::Timestamp;

use super::canvas::Canvas;
use super::inquiry::{Draft, Heard, Kept, Wanted};
use super::log_lines::LogLine;
use crate::engine::requests::Request;
use crate::frontend::viewer::Update;
use crate::run::ledger::LogFile;

/// What happens to a face.
#[derive(Debug, Clone)]
pub enum Message {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Time goes on.
    Tick(Timestamp),
    /// The run tells something.
    Update(Box<Update>),
    /// Lines of step logs that are read.
    Log(Vec<LogLine>),
    /// What became of something that was asked of the run.
    Answered(String),
    /// What was found out for a form.
    Heard(Box<Heard>),
    /// What became of a draft that was to be kept.
    Kept(Result<Kept, String>),
    /// The process shall end: nothing is asked any more.
    Terminated,
}

/// What a face wants done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Leave the terminal.
    Leave(Leaving),
    /// Ask something of the run.
    Ask(Request),
    /// Take the keys from another viewer.
    TakeKeys,
    /// Read these step logs from their beginning, and go on reading them; none to stop.
    Read(Vec<LogFile>),
    /// Ring once.
    Bell,
    /// Draw every cell again.
    Repaint,
    /// Suspend this viewer.
    Suspend,
    /// Play a recorded run at another speed; 0 holds it.
    Pace(f64),
    /// Find things out for a form.
    Inquire(Box<Wanted>),
    /// Keep the draft of a form, at once.
    Keep(Draft),
}

/// Why a face leaves the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leaving {
    /// The operator leaves; a run goes on.
    Quit,
    /// The operator goes back to where he came from.
    Back,
    /// The run shall be gone on with, with these objects confirmed.
    Resume {
        /// Addresses of objects that may be deleted or replaced.
        confirmed: Vec<String>,
    },
    /// A deployment was chosen on the home screen.
    Open(Choice),
    /// Begin what the form was filled in for, without these checks.
    Begin {
        /// Ids of checks.
        left_out: Vec<String>,
    },
    /// A signal asked the process to end.
    Terminated,
}

/// What was chosen on the home screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Watch a run that is at work.
    Attach(String),
    /// Go on with a run.
    Resume(String),
    /// Look at a run that has ended.
    Look(String),
    /// Begin a rehearsal of that scenario.
    Rehearse(Option<String>),
    /// Fill in the form for an install, or that of this draft.
    Install(Option<String>),
    /// Fill in the form for a rehearsal with answers of one's own, or that of this draft.
    RehearseAnswers(Option<String>),
}

/// Something that the terminal shows. `update` is pure: no clock, no file.
pub trait Face {
    /// Takes a message in.
    fn update(&mut self, message: Message) -> Vec<Effect>;
    /// Puts in order what follows from all messages since the last frame, once for all of them.
    fn settle(&mut self) -> Vec<Effect> {
        Vec::new()
    }
    /// Draws everything.
    fn draw(&self, canvas: &mut Canvas<'_>);
}
