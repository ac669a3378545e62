//! The processes that work in a sandbox, found by their working directory.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use rustix::process::{Pid, Signal, kill_process};

/// What a process in the sandbox is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The engine of a run.
    Engine,
    /// The process between the engine and its tool.
    Runner,
    /// terraform, tofu or helm, or a plug-in that one has started.
    Tool,
    /// The simulated world.
    World,
}

/// Kills those of the sandbox that are meant.
pub(crate) fn kill(sandbox: &Path, is_victim: impl Fn(Role) -> bool) {
    for (pid, role) in processes(sandbox) {
        if is_victim(role) {
            // It may have ended by itself in between.
            let _gone = kill_process(pid, Signal::KILL);
        }
    }
}

/// The processes that work in the sandbox; those that have ended and were not waited for are none.
pub(crate) fn processes(sandbox: &Path) -> Vec<(Pid, Role)> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let path = entry.path();
        let Some(pid) = path.file_name().and_then(OsStr::to_str).and_then(|n| n.parse().ok())
        else {
            continue;
        };
        let works_here = fs::read_link(path.join("cwd")).is_ok_and(|dir| dir.starts_with(sandbox));
        if works_here && let (Some(pid), Some(role)) = (Pid::from_raw(pid), role(&path)) {
            found.push((pid, role));
        }
    }
    found
}

fn role(process: &Path) -> Option<Role> {
    let program: PathBuf = fs::read_link(process.join("exe")).ok()?;
    let words = fs::read(process.join("cmdline")).ok()?;
    let words: Vec<&str> =
        words.split(|&b| b == 0).filter_map(|word| std::str::from_utf8(word).ok()).collect();
    if program != Path::new(env!("CARGO_BIN_EXE_springboard")) {
        return Some(Role::Tool);
    }
    match words.get(1).copied() {
        Some("tool-run") => Some(Role::Runner),
        Some("world") => Some(Role::World),
        // Plug-ins that a tool has started share its fate.
        Some("cluster-token" | "credentials") => Some(Role::Tool),
        _ => Some(Role::Engine),
    }
}
