//! The host process: carries a run out in a session of its own, so that the run outlives the
//! terminal.
//!
//! The command that was typed starts it ([`start`]), hands the very same words over to it, prints
//! what it says until the run has begun, and is a viewer from then on. The host ([`serve`]) checks
//! everything, and begins nothing when nobody is there any more to be told of it.

use std::path::Path;

use clap::Parser as _;
use springboard::cli::{Cli, Command};
use springboard::engine::deployment::{Deployment, make_private};
use springboard::error::Hint;
use springboard::frontend::Output;
use springboard::frontend::printer::{Printer, Relayed};
use springboard::host::Host;
use springboard::tools::process::{CommandLine, HandedOver, hand_over};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::process::{ChildStdin, ChildStdout};
use tokio::signal::unix::{SignalKind, signal};

use super::watch::{self, Form, Left, Shows};
use super::{Ending, Front, codes, launch, log, rehearsal};

/// How a command that runs something is shown, where it does so in a host process: with somebody
/// at a terminal who did not say that nothing must be asked.
pub(crate) fn wanted(command: &Command, host: &Host) -> Option<Form> {
    let (confirm, common) = match command {
        Command::Rehearse(args) if !args.list_scenarios => (&args.confirm, &args.common),
        #[cfg(feature = "aws")]
        Command::Install(args) => (&args.confirm, &args.common),
        Command::Resume(args) => (&args.confirm, &args.common),
        _ => return None,
    };
    (!confirm.non_interactive && host.has_terminal()).then(|| Form::of(common, host))
}

/// Carries a command out in a host process and watches it; goes on with the run as often as the
/// operator wants that.
pub(crate) async fn start(
    words: Vec<String>,
    form: Form,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let mut words = words;
    loop {
        match carried_out(&words, form, host, printer).await? {
            Left::Resume(next) => words = next,
            Left::Ended(ending) => return Ok(ending),
            Left::Detached => return Ok(Ending::DONE),
        }
    }
}

/// Starts the host with these words and watches the run that it begins.
async fn carried_out(
    words: &[String],
    form: Form,
    host: &Host,
    printer: &mut Printer,
) -> Result<Left, Ending> {
    let failed = |source| Ending::not_ready(&Unhosted { source });
    let root = host.state_root();
    make_private(&root).map_err(failed)?;
    if form.output == Output::Tui {
        printer.note("starting; the screens follow when the run begins");
    }
    let command = CommandLine {
        program: host.program().to_owned(),
        args: vec!["host".into()],
        env: host.vars().clone(),
        dir: host.current_dir().to_owned(),
    };
    let order = serde_json::to_string(words).map_err(|error| failed(error.into()))? + "\n";
    let started = hand_over(&command, order.as_bytes(), &log::path(&root)).await;
    let HandedOver { answers, said, .. } = &mut started.map_err(failed)?;
    let mut relayed = Heard { lines: BufReader::new(said).lines(), answers };
    let mut interrupts = signal(SignalKind::interrupt()).map_err(failed)?;
    let begun = tokio::select! {
        begun = relay(&mut relayed, printer) => begun,
        _ = interrupts.recv() => return Err(Ending::plain(5, "stopped before anything was begun")),
    };
    let (state_dir, label) = match begun {
        Some(Relayed::Begun { state_dir, deployment }) => (state_dir, deployment),
        Some(Relayed::Ended { code, text }) => return Ok(Left::Ended(Ending { code, text })),
        _ => return Err(died(&root)),
    };
    let found = Deployment::find(&state_dir, &label).map_err(|error| Ending::plain_error(&error));
    if form.output != Output::Tui {
        printer.note(&format!(
            "the run goes on without this terminal; `springboard attach {label}` comes back to it"
        ));
    }
    let shows = Shows { form, earlier_runs: false, can_ask: true };
    let seen = watch::watch(&found?, shows, &mut interrupts, host, printer).await?;
    match seen {
        // What this command was to do is not done.
        Left::Detached => Ok(Left::Ended(Ending { code: 5, text: None })),
        Left::Ended(ending) => match relay(&mut relayed, printer).await {
            // The host knows best how it has ended, as long as it lives.
            Some(Relayed::Ended { code, text }) => Ok(Left::Ended(Ending { code, text })),
            _ => Ok(Left::Ended(ending)),
        },
        resume @ Left::Resume(_) => Ok(resume),
    }
}

/// What the host says, and where it is answered.
struct Heard<'a> {
    lines: Lines<BufReader<&'a mut ChildStdout>>,
    answers: &'a mut ChildStdin,
}

/// Prints what the host says until something else follows from it, and asks what it asks; `None`
/// when it is gone.
async fn relay(relayed: &mut Heard<'_>, printer: &mut Printer) -> Option<Relayed> {
    while let Ok(Some(line)) = relayed.lines.next_line().await {
        match serde_json::from_str(&line).ok()? {
            Relayed::Code { device, refused } => {
                let code = codes::at_the_terminal(&device, refused.as_deref(), printer).await;
                let answer = code.unwrap_or_default() + "\n";
                relayed.answers.write_all(answer.as_bytes()).await.ok()?;
            }
            Relayed::Result { text } => printer.text(&text),
            Relayed::Note { text } => printer.note(&text),
            Relayed::Ready => {}
            end @ (Relayed::Begun { .. } | Relayed::Ended { .. }) => return Some(end),
        }
    }
    None
}

fn died(root: &Path) -> Ending {
    let log = log::path(root);
    let text = format!(
        "error: the process that carries the run out ended at once\nlog: {}",
        log.display()
    );
    Ending::plain(1, text)
}

/// Is the host: hears what to do, does it, and tells how it ended.
pub(crate) async fn serve(host: &Host, printer: &mut Printer) -> Result<Ending, Ending> {
    // Neither a closed terminal nor a Ctrl-C for another process reaches it.
    let _already_leads_one = rustix::process::setsid();
    let _ignored_from_now_on = signal(SignalKind::hangup());
    *printer = Printer::to_starter(printer.redactor());
    let by_hand = || Ending::plain(1, "error: `host` is started by springboard itself");
    let order = heard().await.ok_or_else(by_hand)?;
    let words: Vec<String> = serde_json::from_str(&order).map_err(|_not_ours| by_hand())?;
    let words = std::iter::once("springboard".to_owned()).chain(words);
    let cli = Cli::try_parse_from(words).map_err(|_not_ours| by_hand())?;
    let ended = match cli.command {
        Some(Command::Rehearse(args)) => {
            Box::pin(rehearsal::rehearse(args, Front::Viewers, host, printer)).await
        }
        #[cfg(feature = "aws")]
        Some(Command::Install(args)) => {
            Box::pin(super::install::install(args, Front::Viewers, host, printer)).await
        }
        Some(Command::Resume(args)) => {
            Box::pin(launch::resume(args, Front::Viewers, host, printer)).await
        }
        _ => Err(by_hand()),
    };
    let Ending { code, text } = ended.unwrap_or_else(|ending| ending);
    // Whoever has started it may have left; whoever else watches has seen the end in the journal.
    let _nobody_hears = printer.relay(&Relayed::Ended { code, text: text.clone() });
    tracing::info!(code, text = text.as_deref().unwrap_or(""), "the hosted command ended");
    Ok(Ending { code, text: None })
}

/// One line of the command that started this process: the order, and later what was asked for.
/// `None` of an empty one, and when nobody is there any more.
pub(crate) async fn heard() -> Option<String> {
    let mut line = String::new();
    // Nothing is sent ahead, so nothing is lost with the buffer.
    BufReader::new(tokio::io::stdin()).read_line(&mut line).await.ok()?;
    let line = line.trim_end_matches('\n');
    (!line.is_empty()).then(|| line.to_owned())
}

/// The host cannot be started.
#[derive(Debug, thiserror::Error)]
#[error("could not start the process that carries the run out")]
struct Unhosted {
    #[source]
    source: std::io::Error,
}

impl Hint for Unhosted {
    fn hint(&self) -> Option<String> {
        Some("with `--non-interactive` the run is carried out by the command itself".into())
    }
}
