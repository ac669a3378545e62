//! `springboard stop`: asks the run that is at work to stop, and says before what that costs.

use std::io::{BufRead as _, IsTerminal as _};

use jiff::Timestamp;
use springboard::cli::Stop;
use springboard::engine::requests::Request;
use springboard::engine::socket::{self, Answer, AskError, Sender};
use springboard::error::{Hint, render};
use springboard::frontend::printer::Printer;
use springboard::frontend::words::{self, doing, elapsed};
use springboard::host::Host;
use springboard::run::RunState;
use springboard::run::state::{Status, StepState};

use super::{Ending, named};

pub(crate) async fn stop(
    args: &Stop,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let deployment = named(args.state_dir.as_ref(), &args.deployment, host)?;
    let label = deployment.label();
    if deployment.owner().is_none() {
        return Err(Ending::usage(&NotAtWork {
            tool: deployment.is_tool_at_work(),
            label: label.clone(),
        }));
    }
    let state = deployment.state().map_err(|error| Ending::plain_error(&error))?;
    let state = state.unwrap_or_default();
    let request = if args.force {
        Request::Force
    } else if args.now {
        Request::StopNow
    } else {
        Request::StopAfterStage
    };
    for line in in_flight(&state, host.now()) {
        printer.line(&line);
    }
    printer.line(costs(request));
    if !is_confirmed(args, request, &label)? {
        return Err(Ending::plain(6, "nothing was asked of the run"));
    }
    let asked = socket::ask(&deployment, request, &Sender::this_process(host)).await;
    let (_, answer) = asked.map_err(|error| unanswered(&error))?;
    match answer {
        Answer::Accepted { first: Some(first) } => {
            printer.line(&words::asked_before(&first));
            printer.line(&format!("go on later with `springboard resume {label}`"));
            Ok(Ending::DONE)
        }
        Answer::Accepted { first: None } => {
            printer.line(match request {
                Request::StopAfterStage => "asked: it stops when the running stage has ended",
                Request::StopNow => "asked: what runs was interrupted, once, and is waited for",
                Request::Force => "asked: the running tool is ended without its consent",
            });
            printer.line(&format!("go on later with `springboard resume {label}`"));
            Ok(Ending::DONE)
        }
        Answer::Refused { why } => Err(Ending::plain(4, format!("error: {why}"))),
    }
}

/// The run does not answer, or speaks in other words.
pub(crate) fn unanswered(error: &AskError) -> Ending {
    match error {
        AskError::Silent(_) => Ending { code: 4, text: Some(render(error)) },
        AskError::OtherProtocol(_) | AskError::OtherFormat { .. } => Ending::usage(error),
    }
}

/// What a stop would find at work.
pub(crate) fn in_flight(state: &RunState, now: Timestamp) -> Vec<String> {
    let running = state.stages.iter().find(|stage| stage.status == Status::Running);
    let Some(running) = running else { return vec!["nothing is in flight".into()] };
    let mut lines = vec![format!("running: stage {}", running.id)];
    let is_running = |step: &&StepState| step.status == Status::Running;
    for step in running.steps.iter().filter(is_running) {
        for (address, (action, since)) in &step.in_flight {
            let for_ms = now.duration_since(*since).as_millis();
            let time = elapsed(u64::try_from(for_ms).unwrap_or(0));
            lines.push(format!("  {address} {} for {time}", doing(*action)));
        }
    }
    lines
}

/// What a request does, and what that costs.
pub(crate) fn costs(request: Request) -> &'static str {
    match request {
        Request::StopAfterStage => {
            "stopping after this stage costs nothing: the stage ends, the next one does not begin"
        }
        Request::StopNow => {
            "stopping now interrupts the running tool, once: what is being made is marked as \
             unfinished; resume asks the account and keeps what is healthy"
        }
        Request::Force => {
            "force ends the running tool without its consent: what it was making may exist \
             without being in the state; resume looks for it and takes it in. After a second \
             force the tool is killed"
        }
    }
}

/// Whether what costs something is meant: said beforehand, or asked for on a terminal.
fn is_confirmed(args: &Stop, request: Request, label: &str) -> Result<bool, Ending> {
    let wanted = match request {
        Request::StopAfterStage => return Ok(true),
        Request::StopNow if args.yes || args.non_interactive => return Ok(true),
        Request::StopNow => "yes",
        Request::Force if args.confirm.as_deref() == Some(label) => return Ok(true),
        Request::Force => label,
    };
    let stdin = std::io::stdin();
    if args.non_interactive || !stdin.is_terminal() {
        return Err(Ending::usage(&Unconfirmed { wanted: wanted.to_owned() }));
    }
    let printer = Printer::default();
    printer.note(&format!("type `{wanted}` to go on, anything else to leave it running:"));
    let mut typed = String::new();
    let read = stdin.lock().read_line(&mut typed);
    Ok(read.is_ok() && typed.trim() == wanted)
}

/// No engine is at work.
#[derive(Debug, thiserror::Error)]
#[error("no run is at work on `{label}`")]
struct NotAtWork {
    label: String,
    tool: bool,
}

impl Hint for NotAtWork {
    fn hint(&self) -> Option<String> {
        let label = &self.label;
        self.tool.then(|| {
            format!(
                "a tool of an interrupted run still is; `springboard resume {label}` takes it \
                 over, and can then be stopped"
            )
        })
    }
}

/// Nobody is there who could confirm.
#[derive(Debug, thiserror::Error)]
#[error("this has to be confirmed")]
struct Unconfirmed {
    wanted: String,
}

impl Hint for Unconfirmed {
    fn hint(&self) -> Option<String> {
        Some(match self.wanted.as_str() {
            "yes" => "give `--yes` to stop now".into(),
            label => format!("give `--confirm {label}` to force"),
        })
    }
}
