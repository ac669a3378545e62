//! `cargo xtask test`: everything that must hold before a change lands.
//!
//! Every step runs even when an earlier one failed, so that one run tells all that is wrong.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::fuzz;
use crate::shell::{self, Failure, Show, cargo};
use crate::tools::{self, Folder};

/// How much is tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Extent {
    /// Everything; fetches the external programs that are missing.
    Full,
    /// Formatting, lints and tests with the programs that are there.
    Quick,
}

/// What ran, and how it ended.
#[derive(Debug, Default)]
struct Record {
    steps: Vec<(String, Result<Duration, Failure>)>,
}

/// The chore: `test [--quick]`.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let extent = match args {
        [] => Extent::Full,
        [flag] if flag == "--quick" => Extent::Quick,
        _ => return Err(Failure::new("usage: cargo xtask test [--quick]")),
    };
    let started = Instant::now();
    let folder = Folder::of_this_repository();
    let mut record = Record::default();
    record.step("format", cargo().args(["fmt", "--all", "--check"]), Show::Nothing);
    if extent == Extent::Full {
        // Without the programs nothing that follows would be what it says.
        tools::run(&[])?;
        let deny = folder.bin().join("cargo-deny");
        // Advisories are left out: they come from a git repository, not from a registry.
        let mut deny = Command::new(deny);
        deny.current_dir(shell::root()).args(["--log-level", "warn", "--locked"]);
        record.step("deny", deny.args(["check", "bans", "licenses", "sources"]), Show::Nothing);
    }
    rust(&mut record, &folder, extent);
    record.close(started.elapsed())
}

/// The documentation is for those who work here: private items are in it and may be linked to.
const DOC_LINTS: &str = "-D warnings -A rustdoc::private_intra_doc_links";

/// Lints, tests and documentation.
fn rust(record: &mut Record, folder: &Folder, extent: Extent) {
    let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--", "-D", "warnings"];
    record.step("lints", cargo().args(lints), Show::Nothing);
    // Built in a step of its own, so that the time of the tests is theirs.
    let build = ["test", "--locked", "--workspace", "--no-run"];
    record.step("build tests", cargo().args(build), Show::Nothing);
    let mut tests = cargo();
    tests.args(["test", "--locked", "--workspace", "--no-fail-fast"]);
    tests.env("SPRINGBOARD_TOOLS_DIR", folder.bin());
    if extent == Extent::Full {
        tests.env("SPRINGBOARD_REQUIRE_TOOLS", "1");
        record.step("tests", &mut tests, Show::Results);
        let mut docs = cargo();
        docs.args(["doc", "--locked", "--workspace", "--no-deps", "--document-private-items"]);
        record.step("docs", docs.env("RUSTDOCFLAGS", DOC_LINTS), Show::Nothing);
        record.note("fuzz", fuzz());
    } else {
        record.step("tests", &mut tests, Show::Results);
    }
}

/// A short run of every fuzzer: what the last change broke is mostly found at once.
const FUZZ_SECONDS: u32 = 5;

fn fuzz() -> Result<Duration, Failure> {
    let started = Instant::now();
    fuzz::run_all(&[], FUZZ_SECONDS).map(|()| started.elapsed())
}

impl Record {
    /// Notes how a step of several commands ended.
    fn note(&mut self, name: &str, ended: Result<Duration, Failure>) {
        if let Err(Failure(why)) = &ended {
            println!("    {why}");
        }
        self.steps.push((name.to_owned(), ended));
    }

    /// Runs one step and notes how it ended.
    fn step(&mut self, name: &str, command: &mut Command, show: Show) {
        self.note(name, shell::run(name, command, show));
    }

    /// Prints all steps, and fails when one of them did.
    fn close(self, took: Duration) -> Result<(), Failure> {
        println!("==> summary");
        for (name, ended) in &self.steps {
            match ended {
                Ok(took) => println!("    ok      {name:<16} {}", shell::seconds(*took)),
                Err(_) => println!("    FAILED  {name}"),
            }
        }
        let failed: Vec<_> = self
            .steps
            .iter()
            .filter(|(_, ended)| ended.is_err())
            .map(|(n, _)| n.as_str())
            .collect();
        if failed.is_empty() {
            println!("    all passed in {}", shell::seconds(took));
            return Ok(());
        }
        Err(Failure::new(format!(
            "{} of {} steps failed: {}",
            failed.len(),
            self.steps.len(),
            failed.join(", ")
        )))
    }
}
