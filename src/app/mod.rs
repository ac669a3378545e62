//! The program around the library: commands, and how they end.
//!
//! The only place that knows that rehearsals exist beside real installs: it makes the
//! surroundings of either and hands them to the engine.

mod answers;
#[cfg(feature = "aws")]
mod ask;
mod codes;
mod credentials;
mod facts;
mod home;
mod host;
mod inquirer;
#[cfg(feature = "aws")]
mod install;
mod launch;
pub(crate) mod log;
mod plan;
mod preflight;
#[cfg(feature = "aws")]
mod real;
mod rehearsal;
mod replay;
mod report;
mod screen;
mod sessions;
mod signals;
mod stop;
mod tools;
mod watch;
mod wizard;
mod world;

use std::path::{Path, PathBuf};

use springboard::cli::{Cli, Command};
use springboard::engine::deployment::Deployment;
use springboard::error::{Hint, render};
use springboard::frontend::Output;
use springboard::frontend::printer::Printer;
use springboard::host::Host;

/// How a command ended: its exit code, and what is said on standard error.
#[derive(Debug)]
pub(crate) struct Ending {
    /// Exit code as in the documentation of the command line.
    pub(crate) code: u8,
    /// What went wrong, where something did.
    pub(crate) text: Option<String>,
}

impl Ending {
    /// Done.
    pub(crate) const DONE: Self = Self { code: 0, text: None };

    /// Wrong usage or invalid answers.
    pub(crate) fn usage(error: &dyn Hint) -> Self {
        Self { code: 2, text: Some(render(error)) }
    }

    /// Not ready: nothing was begun.
    pub(crate) fn not_ready(error: &dyn Hint) -> Self {
        Self { code: 3, text: Some(render(error)) }
    }

    /// Refused: needs a confirmation, or another run holds the lock.
    pub(crate) fn refused(error: &dyn Hint) -> Self {
        Self { code: 6, text: Some(render(error)) }
    }

    /// Only a code and a sentence.
    pub(crate) fn plain(code: u8, text: impl Into<String>) -> Self {
        Self { code, text: Some(text.into()) }
    }
}

/// Where a run is shown that this process carries out.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Front {
    /// By this process.
    Here(Output),
    /// By viewers alone: this process is a host.
    Viewers,
}

/// Runs one command.
pub(crate) async fn run(cli: Cli, host: &Host, printer: &mut Printer) -> Ending {
    tracing::info!(version = env!("CARGO_PKG_VERSION"), process = std::process::id(), "started");
    let ended = match cli.command {
        None => Box::pin(home::home(host, printer)).await,
        Some(command) => match host::wanted(&command, host) {
            Some(shown) => Box::pin(begin(&command, shown, host, printer)).await,
            None => carry_out(command, host, printer).await,
        },
    };
    let ending = ended.unwrap_or_else(|ending| ending);
    tracing::info!(code = ending.code, text = ending.text.as_deref().unwrap_or(""), "ended");
    ending
}

/// Begins a run that goes on beside this terminal; asks for the answers first where there are none.
async fn begin(
    command: &Command,
    shown: watch::Form,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let words = match command {
        #[cfg(feature = "aws")]
        Command::Install(args) if args.answers.answers.is_none() => {
            match wizard::install(args, shown.output, host, printer).await? {
                Some(words) => words,
                None => return Ok(Ending { code: 5, text: None }),
            }
        }
        _ => host.args().to_vec(),
    };
    host::start(words, shown, host, printer).await
}

async fn carry_out(command: Command, host: &Host, printer: &mut Printer) -> Result<Ending, Ending> {
    match command {
        Command::Rehearse(args) => {
            let front = Front::Here(args.common.plain());
            Box::pin(rehearsal::rehearse(args, front, host, printer)).await
        }
        #[cfg(feature = "aws")]
        Command::Install(args) => {
            let front = Front::Here(args.common.plain());
            Box::pin(install::install(args, front, host, printer)).await
        }
        Command::Resume(args) => {
            let front = Front::Here(args.common.plain());
            Box::pin(launch::resume(args, front, host, printer)).await
        }
        Command::Attach(args) => watch::attach(&args, host, printer).await,
        Command::Preflight(args) => Box::pin(preflight::preflight(args, host, printer)).await,
        Command::Plan(args) => plan::plan(args, host, printer).await,
        Command::Stop(args) => stop::stop(&args, host, printer).await,
        Command::Status(args) => facts::status(&args, host, printer).await,
        Command::Runs(args) => facts::runs(&args, host, printer),
        Command::Report(args) => report::report(&args, host, printer),
        Command::Replay(args) => replay::replay(args, host, printer).await,
        Command::Answers { command } => answers::run(command, host, printer),
        Command::Tools(args) => tools::tools(args, host, printer).await,
        Command::World { command } => world::run(command, host, printer).await,
        Command::ClusterToken(args) => credentials::cluster_token(&args, host, printer).await,
        Command::Credentials(args) => credentials::print(&args, host, printer).await,
        Command::Host => host::serve(host, printer).await,
        Command::ToolRun => Ok(Ending::plain(1, "error: `tool-run` is started by the engine")),
    }
}

/// The state folder that is meant.
pub(crate) fn state_root(given: Option<&PathBuf>, host: &Host) -> PathBuf {
    given.map_or_else(|| host.state_root(), |dir| absolute(dir, host))
}

/// The deployment of that name; one that is not there is wrong usage.
pub(crate) fn named(
    state_dir: Option<&PathBuf>,
    name: &str,
    host: &Host,
) -> Result<Deployment, Ending> {
    let root = state_root(state_dir, host);
    Deployment::find(&root, name).map_err(|error| Ending::usage(&error))
}

/// A path as other processes, with other working directories, must be told it.
pub(crate) fn absolute(path: &Path, host: &Host) -> PathBuf {
    if path.is_absolute() { path.to_owned() } else { host.current_dir().join(path) }
}
