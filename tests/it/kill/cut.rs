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
    /// The stages in order, with the number of their events in a resumed run.
    pub(super) events: Vec<(String, usize)>,
    /// The inventory of the undisturbed run.
    pub(super) undisturbed: Value,
}

impl Cuts {
    /// Rehearses once from end to end, then again from stage to stage.
    pub(super) fn make(stage: Stage, profile: &str) -> Self {
        let mut cuts = Self { stage, events: Vec::new(), undisturbed: Value::Null };
        let answer = format!("profile={profile}");
        let mut words = cuts.stage.rehearse(&["--output", "json", "--set", &answer]);
        let scale = words.iter().position(|word| word == "0").unwrap();
        words[scale] = TIME_SCALE.to_owned();
        cuts.stage.sandbox.run(&words).expect_code(0);
        cuts.undisturbed = cuts.inventory();
        let stages = stages(&cuts.stage.events());
        victim::end_everything(&cuts);
        fs::remove_dir_all(cuts.folder()).unwrap();
        for (index, stage) in stages.iter().enumerate() {
            let arguments = if index == 0 { &words } else { &cuts.resume() };
            let mut running = cuts.stage.sandbox.start(arguments);
            // Everything up to the first event of the stage belongs to the cut before it.
            victim::wait_for_event(&mut running, stage, 1);
            drop(running);
            victim::end_everything(&cuts);
            copy(&cuts.folder(), &cuts.cut(stage));
            let resumed = cuts.stage.sandbox.run(&cuts.resume()).expect_code(0);
            let count = events_of(&resumed.out, stage);
            cuts.events.push((stage.clone(), count));
            victim::end_everything(&cuts);
            cuts.put_back(stage);
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

fn stages(events: &[Value]) -> Vec<String> {
    let finished = events.iter().filter(|event| event["kind"] == "stage_finished");
    finished.map(|event| event["stage"].as_str().unwrap().to_owned()).collect()
}

/// How many events of the stage a journal has.
fn events_of(journal: &str, stage: &str) -> usize {
    let is_of = |line: &&str| {
        serde_json::from_str::<Value>(line).is_ok_and(|event| event["stage"] == stage)
    };
    journal.lines().filter(is_of).count()
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
