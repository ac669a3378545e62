//! `cargo xtask bench`: what springboard adds to the tools that it runs, as ratios.
//!
//! The measurement itself is `benches/overhead.rs`.

use std::os::unix::process::CommandExt as _;

use crate::shell::{self, Failure};
use crate::tools::{Folder, helm_on_path, known};

/// The chore: further arguments go to the measurement.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let folder = Folder::of_this_repository();
    if shell::on_path("terraform").is_none() && shell::on_path("tofu").is_none() {
        folder.ensure(known("tofu")?)?;
    }
    if helm_on_path().is_none() {
        folder.ensure(known("helm4")?)?;
    }
    let mut cargo = shell::cargo();
    // The build that the tests use: an optimised one takes ten times as long to make, and what is
    // measured is mostly the tools.
    cargo.args(["bench", "--locked", "--profile", "dev", "--bench", "overhead", "--"]);
    let why = cargo.args(args).env("SPRINGBOARD_TOOLS_DIR", folder.bin()).exec();
    Err(Failure::new(format!("could not start cargo: {why}")))
}
