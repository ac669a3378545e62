//! Taking over from an engine that has died: its tool is still at work, or has ended unseen.
//!
//! Nothing is inferred from how the tool ended: its lines become events, as they would have, and
//! the step is entered again, where a fresh plan is the judge.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::sleep;

use super::session::Session;
use super::steps::tool::{self, LastWords, Listener};
use super::steps::{Context, StepError};
use super::stop::Stop;
use crate::run::event::{EventKind, Failure};
use crate::run::state::OpenCommand;
use crate::tools::process::{Ended, Running};
use crate::tools::terraform::{Command, Translator};
use crate::tools::{Heard, Line};

/// Between two looks at a lock that a tool still holds.
const PAUSE: Duration = Duration::from_millis(100);

/// Follows the tool that an earlier engine left to its end, then takes the lock that tools hold.
pub(super) async fn take_over(session: &Session) -> Result<(), StepError> {
    if let Some(open) = &session.before.command {
        follow(session, open).await?;
    }
    let mut is_told = false;
    loop {
        if session.take_lock().map_err(|source| failed(&source))? {
            return Ok(());
        }
        if !is_told {
            is_told = true;
            let what = "a tool of an earlier run is still at work and nothing is left that writes \
                        down what it says; its end is waited for";
            found(session, what.into()).await?;
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = session.stop.now() => return Err(StepError::Stopped),
        }
    }
}

async fn follow(session: &Session, open: &OpenCommand) -> Result<(), StepError> {
    let log = session.deployment.run(&open.run).join(&open.log);
    let adopted = Running::adopt(&log, open.since).map_err(|error| StepError::of(&error))?;
    // Announced, but its engine died before it began.
    let Some(mut running) = adopted else { return Ok(()) };
    let context = Context { session, stage: &open.stage, step: &open.step, door: None };
    let OpenCommand { purpose, run, log, .. } = open.clone();
    let adopting = |stage, step| EventKind::CommandAdopted { stage, step, purpose, run, log };
    context.record(adopting).await?;
    let listener: Box<dyn Listener> = match open.purpose.as_str() {
        "init" => Box::new(Translator::new(&open.stage, &open.step, Command::Other)),
        "plan" => Box::new(Translator::new(&open.stage, &open.step, Command::Plan)),
        "apply" => Box::new(Translator::new(&open.stage, &open.step, Command::Apply)),
        _ => Box::new(LastWords::default()),
    };
    let mut listener = Unheard { listener, known: open.heard };
    let never = Stop::default();
    tool::follow(&context, &open.purpose, &mut running, &mut listener, &never).await?;
    Ok(())
}

/// Passes over what the dead engine has heard and recorded already.
struct Unheard {
    listener: Box<dyn Listener>,
    known: usize,
}

impl Unheard {
    fn new_ones(&mut self, heard: Vec<Heard>) -> Vec<Heard> {
        let is_new = |one: &Heard| {
            if self.known > 0 && matches!(one, Heard::Event(_)) {
                self.known -= 1;
                return false;
            }
            true
        };
        heard.into_iter().filter(is_new).collect()
    }
}

impl Listener for Unheard {
    fn line(&mut self, line: &Line) -> Vec<Heard> {
        let heard = self.listener.line(line);
        self.new_ones(heard)
    }

    fn finish(&mut self, ended: &Ended, at: Timestamp) -> Vec<Heard> {
        let heard = self.listener.finish(ended, at);
        self.new_ones(heard)
    }
}

async fn found(session: &Session, what: String) -> Result<(), StepError> {
    session.recorder.record(EventKind::Found { stage: None, what }).await?;
    Ok(())
}

fn failed(source: &std::io::Error) -> StepError {
    StepError::Failed(Failure {
        what: "could not take the lock of the deployment".into(),
        causes: vec![source.to_string()],
        hint: None,
    })
}
