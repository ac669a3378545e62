//! libFuzzer in front of everything that reads foreign bytes; run by `cargo xtask fuzz`.
//!
//! The targets are those of the tests, in `tests/it/fuzz/`. `SPRINGBOARD_FUZZ` names the one that
//! is fed; with `SPRINGBOARD_FUZZ_SEEDS` its seeds are written into that folder, and that is all.
#![no_main]
#![allow(clippy::pedantic, dead_code, reason = "held where it is at home, in tests/it")]

mod support;
#[path = "../../tests/it/fuzz/mod.rs"]
mod targets;

use std::path::Path;
use std::sync::OnceLock;

use springboard::host::Host;

use targets::{TARGETS, Target};

static TARGET: OnceLock<&'static Target> = OnceLock::new();

libfuzzer_sys::fuzz_target!(
    init: begin(),
    |bytes: &[u8]| {
        let target = TARGET.get().expect("chosen at the start");
        (target.read)(bytes);
    }
);

/// Chooses the target, or writes the seeds.
fn begin() {
    let host = Host::real().expect("a process that knows where it is");
    let name = host.var("SPRINGBOARD_FUZZ").unwrap_or_default();
    let Some(target) = TARGETS.iter().find(|target| target.name == name) else {
        let names: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
        println!("{}", names.join("\n"));
        std::process::exit(2);
    };
    let _ = TARGET.set(target);
    if let Some(folder) = host.var("SPRINGBOARD_FUZZ_SEEDS").map(Path::new) {
        for (index, seed) in (target.seeds)().iter().enumerate() {
            std::fs::write(folder.join(format!("{index:04}")), seed).expect("a writable folder");
        }
        std::process::exit(0);
    }
}
