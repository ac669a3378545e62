//! Where a whole rehearsal takes place: a sandbox, one engine, one Helm.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use super::programs::program;
use super::sandbox::Sandbox;

/// A sandbox with one engine and one Helm, or nothing where one of them is missing.
pub(crate) struct Stage {
    pub(crate) sandbox: Sandbox,
    pub(crate) flags: Vec<String>,
}

impl Stage {
    /// One for these programs.
    pub(crate) fn new(engine: &str, helm: &str) -> Option<Self> {
        let (engine_path, helm) = (program(engine)?, program(helm)?);
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let flags = ["--engine", engine, "--terraform", &text(engine_path), "--helm", &text(helm)];
        let flags = flags.map(str::to_owned).to_vec();
        Some(Self { sandbox: Sandbox::new(), flags })
    }

    /// The arguments of a rehearsal that never asks and waits for nothing.
    pub(crate) fn rehearse(&self, more: &[&str]) -> Vec<String> {
        let words = ["rehearse", "--non-interactive", "--time-scale", "0"];
        let words = words.iter().chain(more).map(|word| (*word).to_owned());
        words.chain(self.flags.iter().cloned()).collect()
    }

    /// The arguments of going on with `acme`.
    pub(crate) fn resume(&self) -> Vec<String> {
        let words = ["resume", "rehearsal/acme", "--non-interactive"].map(str::to_owned);
        words.into_iter().chain(self.flags.iter().cloned()).collect()
    }

    /// The folders of the runs of `acme`, oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        let runs = self.sandbox.state().join("rehearsals/acme/runs");
        let mut runs: Vec<_> = fs::read_dir(runs).unwrap().map(|run| run.unwrap().path()).collect();
        runs.sort();
        runs
    }

    /// The events of all runs of `acme`, in order; headers left out.
    pub(crate) fn events(&self) -> Vec<Value> {
        let mut events = Vec::new();
        for run in self.runs() {
            let journal = fs::read_to_string(run.join("journal.jsonl")).unwrap();
            events.extend(journal.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()));
        }
        events
    }
}
