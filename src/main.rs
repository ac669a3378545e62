//! Parses the command line, runs the command and turns its end into an exit code.

mod app;

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser as _;
use springboard::cli::{Cli, Command};
use springboard::frontend::printer::Printer;
use springboard::host::Host;
use springboard::run::Redactor;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            let _nobody_reads = error.print();
            return ExitCode::from(code);
        }
    };
    // One small process a tool: it makes its own runtime and needs no front end.
    if matches!(cli.command, Some(Command::ToolRun)) {
        return springboard::tools::tool_run::main();
    }
    let mut printer = Printer::default();
    // The hook has told of a panic already.
    match std::panic::catch_unwind(AssertUnwindSafe(|| start(cli, &mut printer))) {
        Err(_told) => ExitCode::from(1),
        Ok(Ok(ending)) => {
            if let Some(text) = ending.text {
                printer.note(&text);
            }
            ExitCode::from(ending.code)
        }
        Ok(Err(error)) => {
            printer.note(&format!("error: could not start\n  cause: {error}"));
            ExitCode::from(1)
        }
    }
}

/// So long what still runs is waited for at the end.
const LAST_WAIT: Duration = Duration::from_millis(500);

fn start(cli: Cli, printer: &mut Printer) -> std::io::Result<app::Ending> {
    let host = Host::real()?;
    *printer = Printer::new(Redactor::of_environment(host.vars()));
    let root = host.state_root();
    app::log::catch_panics(&root);
    // Tools ask for these many times: that is not worth a line each.
    let is_logged =
        !matches!(cli.command, Some(Command::ClusterToken(_) | Command::Credentials(_)));
    let filter = host.var("SPRINGBOARD_LOG");
    let _flushed_at_the_end = is_logged.then(|| app::log::open(&root, filter)).flatten();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ending = runtime.block_on(app::run(cli, &host, printer));
    // A name that is still being looked up, for nobody any more, must not hold the operator up.
    runtime.shutdown_timeout(LAST_WAIT);
    Ok(ending)
}
