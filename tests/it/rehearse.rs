//! The main job from end to end: `springboard rehearse` with unmodified engines and Helm.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::support::programs::program;
use crate::support::sandbox::Sandbox;

/// A sandbox with one engine and one Helm, or nothing where one of them is missing.
struct Stage {
    sandbox: Sandbox,
    flags: Vec<String>,
}

impl Stage {
    fn new(engine: &str, helm: &str) -> Option<Self> {
        let (engine_path, helm) = (program(engine)?, program(helm)?);
        let text = |path: PathBuf| path.to_str().unwrap().to_owned();
        let flags = ["--engine", engine, "--terraform", &text(engine_path), "--helm", &text(helm)];
        let flags = flags.map(str::to_owned).to_vec();
        Some(Self { sandbox: Sandbox::new(), flags })
    }

    /// The arguments of a rehearsal that never asks and waits for nothing.
    fn rehearse(&self, more: &[&str]) -> Vec<String> {
        let words = ["rehearse", "--non-interactive", "--time-scale", "0"];
        let words = words.iter().chain(more).map(|word| (*word).to_owned());
        words.chain(self.flags.iter().cloned()).collect()
    }

    /// The events of all runs of `acme`, in order; headers left out.
    fn events(&self) -> Vec<Value> {
        let runs = self.sandbox.state().join("rehearsals/acme/runs");
        let mut runs: Vec<_> = fs::read_dir(runs).unwrap().map(|run| run.unwrap().path()).collect();
        runs.sort();
        let mut events = Vec::new();
        for run in runs {
            let journal = fs::read_to_string(run.join("journal.jsonl")).unwrap();
            events.extend(journal.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()));
        }
        events
    }
}

/// A rehearsal that must end well, with an empty closing plan.
fn rehearses(engine: &str, helm: &str, answers: &[&str]) {
    let Some(stage) = Stage::new(engine, helm) else { return };
    let sets: Vec<&str> = answers.iter().flat_map(|answer| ["--set", answer]).collect();
    stage.sandbox.run(&stage.rehearse(&sets)).expect_code(0);
    let events = stage.events();
    let last = events.last().unwrap();
    assert_eq!((&last["kind"], &last["status"]), (&"run_finished".into(), &"done".into()));
    let closing = events.iter().rfind(|e| e["kind"] == "plan_made").unwrap();
    assert_eq!(closing["stage"], "converge");
    for count in ["add", "change", "remove", "import"] {
        assert_eq!(closing[count], 0, "{closing}");
    }
}

#[test]
fn the_full_profile_is_rehearsed_with_terraform_and_helm_4() {
    rehearses("terraform", "helm4", &[]);
}

#[test]
fn the_full_profile_with_cognito_is_rehearsed_with_tofu_and_helm_3() {
    rehearses("tofu", "helm3", &["enable_cognito=true"]);
}

#[test]
fn the_platform_alone_is_rehearsed_with_tofu_and_helm_4() {
    rehearses("tofu", "helm4", &["profile=platform-only"]);
}

#[test]
fn the_platform_alone_with_cognito_is_rehearsed_with_terraform_and_helm_3() {
    rehearses("terraform", "helm3", &["profile=platform-only", "enable_cognito=true"]);
}
