//! `cargo xtask kill`: rehearsals killed at many moments, each resumed and compared.
//!
//! The test itself is `tests/it/kill/`, which the whole test run carries out at a few moments.

use crate::shell::{self, Failure, Show};
use crate::tools::{self, Folder};

/// The chore: `kill [N|all]`; so many moments of each profile, `all` where none is given.
pub(crate) fn run(args: &[String]) -> Result<(), Failure> {
    let points = match args {
        [] => "all",
        [points] if points == "all" || points.parse::<u32>().is_ok() => points,
        _ => return Err(Failure::new("usage: cargo xtask kill [N|all]")),
    };
    tools::run(&[])?;
    let mut tests = shell::cargo();
    tests.args(["test", "--locked", "--test", "it", "kill::", "--", "--nocapture"]);
    tests.env("SPRINGBOARD_TOOLS_DIR", Folder::of_this_repository().bin());
    tests.env("SPRINGBOARD_REQUIRE_TOOLS", "1").env("SPRINGBOARD_KILL_POINTS", points);
    shell::run("kill", &mut tests, Show::Results).map(drop)
}
