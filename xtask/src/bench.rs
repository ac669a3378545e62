//! `cargo xtask bench`: what springboard adds to the tools that it runs, as ratios.

use crate::shell::Failure;

/// The chore.
pub(crate) fn run(_args: &[String]) -> Result<(), Failure> {
    Err(Failure::new("there are no measurements yet"))
}
