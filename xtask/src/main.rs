//! `cargo xtask`: the chores of this repository.
//!
//! Owns what is done to the repository and not by springboard: fetching the external programs
//! that the tests need, the rehearsal on a fresh machine, all checks in one command, the
//! measurements. Has no dependencies, so that it builds in seconds. Start at [`main`].
#![expect(clippy::print_stdout, reason = "a chore tells its user what it does")]
#![expect(clippy::print_stderr, reason = "a chore tells its user what went wrong")]

mod bench;
mod fuzz;
mod golang;
mod kill;
mod pins;
mod rehearse;
mod shell;
mod test;
mod tools;

use std::process::ExitCode;

use shell::Failure;

const USAGE: &str = "\
Chores of the springboard repository.

Usage: cargo xtask CHORE

Chores:
  rehearse [ARGS…]   build springboard and run a full rehearsal; fetches what it needs.
                     ARGS go to `springboard rehearse`
  test [--quick]     everything that must hold before a change lands; fetches what it needs.
                     --quick: formatting, lints and tests with the programs that are there
  kill [N|all]       kill rehearsals at N moments of each profile (all of them), resume, and compare
  tools [NAME…]      fetch the pinned external programs (all of them, or the named ones)
  tools --list       print the table of external programs
  bench [NAME [ARGS…]]   measure, as ratios against other programs in the same run:
                     streams (tool output and journals against jq), screens (frames against a bound,
                     the first one against terraform version), memory (a large checkpoint),
                     overhead (what springboard adds to the tools that it runs), world (plans of
                     thousands of simulated resources against as many terraform_data), preflight
                     (all checks of an account against the same calls by the AWS CLI); all of
                     them where none is named
  fuzz [TARGET…] [--seconds N]   feed everything that reads foreign bytes with what libFuzzer
                     makes up, each target for N seconds (60); needs a C++ compiler

Environment:
  SPRINGBOARD_TOOLS_DIR   folder of the fetched programs (default: .tools/bin)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = match args.split_first() {
        Some((chore, rest)) => (chore.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match chore {
        "rehearse" => rehearse::run(rest),
        "test" => test::run(rest),
        "tools" => tools::run(rest),
        "kill" => kill::run(rest),
        "bench" => bench::run(rest),
        "fuzz" => fuzz::run(rest),
        "help" | "-h" | "--help" => {
            print!("{USAGE}");
            Ok(())
        }
        unknown => {
            eprint!("error: there is no chore `{unknown}`\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(why)) => {
            eprintln!("error: {why}");
            ExitCode::FAILURE
        }
    }
}
