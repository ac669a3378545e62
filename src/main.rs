//! Parses the command line and turns the end of a run into an exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    if std::env::args_os().nth(1).is_some_and(|command| command == "tool-run") {
        return springboard::tools::tool_run::main();
    }
    ExitCode::SUCCESS
}
