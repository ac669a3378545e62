//! Running one external program of a step: announced, followed, interrupted once, accounted for.

use futures::FutureExt as _;
use jiff::Timestamp;
use tokio::time::Instant;

use super::super::claim::Lock;
use super::super::session::milliseconds;
use super::super::stop::Stop;
use super::{Context, StepError};
use crate::run::event::{EventKind, Failure};
use crate::tools::process::{self, CommandLine, Ended, Invocation, Running};
use crate::tools::terraform::{Told, Translator};
use crate::tools::{Heard, Line, Stream};

/// What the lines of a tool mean.
pub(in crate::engine) trait Listener: Send {
    /// What one line means.
    fn line(&mut self, line: &Line) -> Vec<Heard>;
    /// What its end means.
    fn finish(&mut self, ended: &Ended, at: Timestamp) -> Vec<Heard>;
}

impl Listener for Translator {
    fn line(&mut self, line: &Line) -> Vec<Heard> {
        Self::line(self, line)
    }

    fn finish(&mut self, ended: &Ended, at: Timestamp) -> Vec<Heard> {
        Self::finish(self, ended, at)
    }
}

/// Keeps the last lines of a tool whose lines mean nothing to us.
#[derive(Debug, Default)]
pub(in crate::engine) struct LastWords {
    out: Vec<String>,
    err: Vec<String>,
}

impl LastWords {
    /// The last lines on standard error, as the cause of a failure.
    pub(in crate::engine) fn causes(&self) -> Vec<String> {
        let lines = if self.err.is_empty() { &self.out } else { &self.err };
        let spoken = lines.iter().filter(|l| !l.trim().is_empty());
        let spoken: Vec<_> = spoken.map(|l| l.trim().to_owned()).collect();
        spoken[spoken.len().saturating_sub(3)..].to_vec()
    }
}

impl Listener for LastWords {
    fn line(&mut self, line: &Line) -> Vec<Heard> {
        const KEPT: usize = 40;
        let kept = match line.stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        kept.push(line.text.clone());
        if kept.len() > KEPT {
            kept.remove(0);
        }
        Vec::new()
    }

    fn finish(&mut self, _ended: &Ended, _at: Timestamp) -> Vec<Heard> {
        Vec::new()
    }
}

/// Runs `command` to its end. A wish to stop, or to give up, interrupts it once; then it is waited
/// for as long as it takes.
pub(in crate::engine) async fn run(
    context: &Context<'_>,
    purpose: &str,
    command: CommandLine,
    listener: &mut dyn Listener,
    give_up: &Stop,
) -> Result<Ended, StepError> {
    let session = context.session;
    let log = context.log();
    let words = command.words();
    context
        .record(|stage, step| EventKind::CommandStarted {
            stage,
            step,
            purpose: purpose.to_owned(),
            command: words,
            log: log.clone(),
        })
        .await?;
    let invocation = Invocation {
        command,
        purpose: purpose.to_owned(),
        log: session.folder().join(&log),
        recovery: session.deployment.recovered_state(),
        redactor: session.redactor.clone(),
        lock: session.lock().map(Lock::descriptor),
    };
    let mut running = process::start(&invocation, session.host.program())
        .await
        .map_err(|error| StepError::of(&error))?;
    follow(context, purpose, &mut running, listener, give_up).await
}

/// Follows a command to its end and accounts for it, whichever engine has started it.
pub(in crate::engine) async fn follow(
    context: &Context<'_>,
    purpose: &str,
    running: &mut Running,
    listener: &mut dyn Listener,
    give_up: &Stop,
) -> Result<Ended, StepError> {
    let session = context.session;
    let began = Instant::now();
    let ended = listen(context, running, listener, give_up).await?;
    let elapsed_ms = milliseconds(began);
    let mut kinds = events(context, listener.finish(&ended, session.host.now()));
    kinds.push(EventKind::CommandFinished {
        stage: context.stage.to_owned(),
        step: context.step.to_owned(),
        purpose: purpose.to_owned(),
        exit: ended.code(),
        elapsed_ms,
    });
    session.recorder.record_all(kinds).await?;
    Ok(ended)
}

async fn listen(
    context: &Context<'_>,
    running: &mut Running,
    listener: &mut dyn Listener,
    give_up: &Stop,
) -> Result<Ended, StepError> {
    let stop = &context.session.stop;
    let mut forced = 0;
    loop {
        // All arms are cancel safe.
        let next = tokio::select! {
            next = running.next_line() => next,
            () = stop.now(), if !running.is_interrupted() => {
                running.interrupt().map_err(|error| StepError::of(&error))?;
                continue;
            }
            () = stop.forced(forced + 1) => {
                forced += 1;
                running.force().map_err(|error| StepError::of(&error))?;
                continue;
            }
            () = give_up.now(), if !running.is_interrupted() => {
                running.interrupt().map_err(|error| StepError::of(&error))?;
                continue;
            }
        };
        let Some(line) = next.map_err(|error| StepError::of(&error))? else { break };
        let mut heard = listener.line(&line);
        // Lines that are there already are recorded as one group.
        while let Some(Ok(Some(line))) = running.next_line().now_or_never() {
            heard.extend(listener.line(&line));
        }
        context.session.recorder.record_all(events(context, heard)).await?;
    }
    running.wait().await.map_err(|error| StepError::of(&error))
}

fn events(context: &Context<'_>, heard: Vec<Heard>) -> Vec<EventKind> {
    let mut kinds = Vec::new();
    for one in heard {
        match one {
            Heard::Event(kind) => kinds.push(kind),
            Heard::Progress(progress) => context.session.recorder.show(progress),
        }
    }
    kinds
}

/// The failure of a command, from what it told: its first error with its address, the others as
/// causes.
pub(in crate::engine) fn failure(
    context: &Context<'_>,
    purpose: &str,
    told: &Told,
    ended: &Ended,
) -> Failure {
    let program = context.session.toolbox.terraform.name;
    if let Some(failure) = killed(program, purpose, ended) {
        return failure;
    }
    let errors: Vec<_> = told.diagnostics.iter().filter(|d| d.is_error()).collect();
    let sentence = |d: &crate::tools::terraform::message::Diagnostic| {
        let address = d.address.as_ref().map(|a| format!("{a}: ")).unwrap_or_default();
        let detail = d.detail.split_whitespace().collect::<Vec<_>>().join(" ");
        let detail = if detail.is_empty() { detail } else { format!(": {detail}") };
        format!("{address}{}{detail}", d.summary)
    };
    let mut causes: Vec<String> = errors.iter().map(|d| sentence(d)).collect();
    if causes.is_empty() {
        causes = told.text.iter().rev().take(3).rev().cloned().collect();
    }
    if causes.is_empty() {
        causes.push("it ended without a message; its lines are in the log of the step".into());
    }
    if told.is_state_unsaved() {
        let hint = "it is kept in `errored.tfstate` beside the root: mend the cause, then resume, \
                    which pushes it back before anything else";
        let what = "the state could not be written, so what was made is not recorded".into();
        return Failure { what, causes, hint: Some(hint.into()) };
    }
    // A tool that was killed leaves objects that no state knows; the next try finds their names taken.
    let is_taken = causes.iter().any(|cause| cause.contains("AlreadyExists"));
    let hint = if is_taken {
        "something of that name exists and is in no state, as after a kill: import or remove it, then resume"
    } else {
        "mend the cause, then resume; what was made is kept"
    };
    Failure { what: format!("{program} {purpose} failed"), causes, hint: Some(hint.into()) }
}

/// The failure of a program that did not end by itself.
pub(in crate::engine) fn killed(program: &str, purpose: &str, ended: &Ended) -> Option<Failure> {
    let how = match ended {
        Ended::Exit { .. } => return None,
        Ended::Signal { signal: 9, .. } => "was killed (SIGKILL)".to_owned(),
        Ended::Signal { signal, .. } => format!("was ended by signal {signal}"),
        Ended::Unknown => {
            "has ended, and the process that would have seen how was killed".to_owned()
        }
    };
    let hint = "resume: what it made is kept, and what it made without writing it down is looked \
                for in the account";
    Some(Failure {
        what: format!("{program} {purpose} {how}"),
        causes: Vec::new(),
        hint: Some(hint.into()),
    })
}
