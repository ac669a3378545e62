//! `cargo xtask fuzz`: everything that reads foreign bytes, fed with what libFuzzer makes up.
//!
//! The targets are in `tests/it/fuzz/`, the entry point is the package in `fuzz/`. No nightly
//! compiler is needed: only our own library is compiled with coverage, all dependencies are those
//! of the tests. What is learned is kept in `target/fuzz`, so that the next run begins where this
//! one ended.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::shell::{self, Failure, Show};

/// How long a target is fed by default.
const SECONDS: u32 = 60;
/// A single input that takes longer hangs.
const PATIENCE_SECONDS: u32 = 10;
/// More memory than this is too much for any input.
const MEMORY_MIB: u32 = 1024;
/// Longer inputs find nothing more, and take longer.
const LONGEST: u32 = 64 << 10;

/// The chore: `fuzz [TARGET…] [--seconds N]`.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let mut seconds = SECONDS;
    let mut wanted = Vec::new();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--seconds" {
            let value = args.next().and_then(|value| value.parse().ok());
            seconds = value.ok_or_else(|| Failure::new("--seconds needs a number"))?;
        } else {
            wanted.push(arg.clone());
        }
    }
    run_all(&wanted, seconds)
}

/// Feeds each target for that long, also after one has failed.
pub(crate) fn run_all(wanted: &[String], seconds: u32) -> Result<(), Failure> {
    build()?;
    let mut failed = Vec::new();
    for target in targets(wanted)? {
        if let Err(Failure(why)) = feed(&target, seconds) {
            println!("    {why}");
            failed.push(target);
        }
    }
    if failed.is_empty() {
        return Ok(());
    }
    Err(Failure::new(format!("something was found in {}", failed.join(", "))))
}

/// Compiles the fuzzer.
fn build() -> Result<(), Failure> {
    let mut cargo = shell::cargo();
    cargo.args(["build", "--locked", "--package", "fuzz"]);
    // Three times as many inputs a second, and hardly longer to compile.
    cargo.args(["--config", "profile.dev.package.springboard.opt-level=1"]);
    cargo.env("RUSTC_WORKSPACE_WRAPPER", shell::root().join("fuzz/rustc-with-coverage"));
    shell::run("build fuzzer", &mut cargo, Show::Nothing).map(drop)
}

/// The targets of these names; all of them where none is named.
fn targets(wanted: &[String]) -> Result<Vec<String>, Failure> {
    // Asked for no target, it lists them and fails.
    let output = fuzzer("").output();
    let output =
        output.map_err(|why| Failure::new(format!("could not start the fuzzer: {why}")))?;
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    let known: Vec<_> = listed.lines().map(str::to_owned).collect();
    if let Some(unknown) = wanted.iter().find(|name| !known.contains(name)) {
        let known = known.join(", ");
        return Err(Failure::new(format!("there is no target `{unknown}`; there are {known}")));
    }
    Ok(if wanted.is_empty() { known } else { wanted.to_vec() })
}

/// Feeds one target for that long.
fn feed(target: &str, seconds: u32) -> Result<(), Failure> {
    let (seeds, learned) = (folder(target, "seeds")?, folder(target, "corpus")?);
    let found = folder(target, "found")?;
    let mut seeding = fuzzer(target);
    seeding.env("SPRINGBOARD_FUZZ_SEEDS", &seeds);
    shell::run(&format!("seeds of {target}"), &mut seeding, Show::Nothing)?;
    let mut feeding = fuzzer(target);
    feeding
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-timeout={PATIENCE_SECONDS}"))
        .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
        .arg(format!("-max_len={LONGEST}"))
        .arg(format!("-artifact_prefix={}/", found.display()))
        .args([&learned, &seeds]);
    let kept = shell::root().join("tests/fixtures/fuzz").join(target);
    if kept.is_dir() {
        feeding.arg(kept);
    }
    shell::run(&format!("fuzz {target}"), &mut feeding, Show::Nothing).map(drop).map_err(|why| {
        let found = found.display();
        Failure::new(format!(
            "{}; the input is in {found}: keep it in tests/fixtures/fuzz/{target}, where the tests \
             read it, and mend what it shows",
            why.0
        ))
    })
}

fn fuzzer(target: &str) -> Command {
    let mut command = Command::new(target_folder().join("debug/fuzz"));
    command.current_dir(shell::root()).env("SPRINGBOARD_FUZZ", target);
    command
}

fn folder(target: &str, part: &str) -> Result<PathBuf, Failure> {
    let folder = target_folder().join("fuzz").join(target).join(part);
    fs::create_dir_all(&folder)
        .map_err(|why| Failure::new(format!("could not make {}: {why}", folder.display())))?;
    Ok(folder)
}

fn target_folder() -> PathBuf {
    let named = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    let named = named.map(|folder| std::path::absolute(&folder).unwrap_or(folder));
    named.unwrap_or_else(|| Path::new(&shell::root()).join("target"))
}
