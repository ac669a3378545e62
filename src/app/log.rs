//! The log file: what springboard itself did, never on the screen.
//!
//! `springboard.log` in the state folder. Holds commands, their ends and panics; the events of a
//! run are in its journal, the lines of tools in the logs of its steps.

use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};

use springboard::frontend::printer::Printer;
use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::EnvFilter;

/// Opens the log under `root`; the guard flushes it at the end. Without a writable folder there is
/// no log, and no reason to stop: what needs the folder says so itself.
pub(crate) fn open(root: &Path, filter: Option<&str>) -> Option<WorkerGuard> {
    springboard::engine::deployment::make_private(root).ok()?;
    let file = tracing_appender::rolling::never(root, NAME);
    let (writer, guard) = tracing_appender::non_blocking(file);
    let filter = EnvFilter::try_new(filter.unwrap_or("springboard=info")).ok()?;
    let subscriber = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_ansi(false)
        .with_env_filter(filter)
        .finish();
    tracing::subscriber::set_global_default(subscriber).ok()?;
    Some(guard)
}

/// Where the log is.
pub(crate) fn path(root: &Path) -> PathBuf {
    root.join(NAME)
}

/// A panic is a bug: its trace goes to the log, one line says so and where.
pub(crate) fn catch_panics(root: &Path) {
    let log = path(root);
    std::panic::set_hook(Box::new(move |panic| tell(panic, &log)));
    springboard::frontend::tui::terminal::restore_on_panic();
}

fn tell(panic: &PanicHookInfo<'_>, log: &Path) {
    let trace = std::backtrace::Backtrace::force_capture();
    tracing::error!("{panic}\n{trace}");
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    Printer::default().note(&format!(
        "error: this is a bug in springboard ({place}); its trace is in `{}`",
        log.display()
    ));
}

/// Name of the file.
const NAME: &str = "springboard.log";
