//! An undisturbed run, and copies of everything on disk at the boundaries of its stages.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::victim;
use crate::support::stage::Stage;

/// Time passes a little, so that creates are in flight when somebody is killed.
const TIME_SCALE: &str = "0.002";

/// A run, its cuts, and what it came to.
pub(super) struct Cuts {
    pub(super) stage: Stage,
    /// The stages in order, with the number of their events in that run.
    pub(super) events: Vec<(String, usize)>,
    /// The inventory of the undisturbed run.
    pub(super) undisturbed: Value,
}

impl Cuts {
    /// Rehearses once from end to end, then again from stage to stage.
    pub(super) fn make(stage: Stage, profile: &str, place: &str) -> Self {
        let mut cuts = Self { stage, events: Vec::new(), undisturbed: Value::Null };
        let profile = format!("profile={profile}");
        let place = format!("terraform_state={place}");
        let answers = ["--output", "json", "--set", &profile, "--set", &place];
        let mut words = cuts.stage.rehearse(&answers);
        let scale = words.iter().position(|word| word == "0").unwrap();
        TIME_SCALE.clone_into(&mut words[scale]);
        cuts.stage.sandbox.run(&words).expect_code(0);
        cuts.undisturbed = cuts.inventory();
        cuts.events = events_by_stage(&cuts.stage.events());
        victim::end_everything(&cuts);
        fs::remove_dir_all(cuts.folder()).unwrap();
        for (index, (stage, _)) in cuts.events.iter().enumerate() {
            let arguments = if index == 0 { &words } else { &cuts.resume() };
            let mut running = cuts.stage.sandbox.start(arguments);
            // Everything up to the first event of the stage belongs to the cut before it.
            victim::wait_for_event(&mut running, stage, 1);
            victim::end_everything(&cuts);
            running.wait();
            copy(&cuts.folder(), &cuts.cut(stage));
        }
        cuts
    }

    /// The arguments of going on.
    pub(super) fn resume(&self) -> Vec<String> {
        let json = ["--output", "json"].map(str::to_owned);
        self.stage.resume().into_iter().chain(json).collect()
    }

    /// Ends whatever runs, and makes everything as it was before that stage.
    pub(super) fn put_back(&self, stage: &str) {
        victim::end_everything(self);
        fs::remove_dir_all(self.folder()).unwrap();
        copy(&self.cut(stage), &self.folder());
    }

    /// What exists in the world.
    pub(super) fn inventory(&self) -> Value {
        let words = ["world", "inventory", "--deployment", "acme"];
        serde_json::from_str(&self.stage.sandbox.run(&words).expect_code(0).out).unwrap()
    }

    /// The folder of the rehearsal.
    pub(super) fn folder(&self) -> PathBuf {
        self.stage.sandbox.state().join("rehearsals/acme")
    }

    fn cut(&self, stage: &str) -> PathBuf {
        self.stage.sandbox.path().join("cuts").join(stage)
    }
}

/// The stages in their order, with the number of events that are about each.
fn events_by_stage(events: &[Value]) -> Vec<(String, usize)> {
    let mut stages: Vec<(String, usize)> = Vec::new();
    for stage in events.iter().filter_map(|event| event["stage"].as_str()) {
        match stages.iter_mut().find(|(known, _)| known == stage) {
            Some((_, count)) => *count += 1,
            None => stages.push((stage.to_owned(), 1)),
        }
    }
    stages
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let kind = entry.file_type().unwrap();
        let target = to.join(entry.file_name());
        if kind.is_dir() {
            copy(&entry.path(), &target);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), target).unwrap();
        } else if kind.is_file() {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
