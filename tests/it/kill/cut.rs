//! An undisturbed run, and copies of everything on disk at the boundaries of its stages.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::victim;
use crate::support::stage::Stage;

/// Time passes a little, so that creates are in flight when somebody is killed.
const TIME_SCALE: &str = "0.002";

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Section {
    /// Before the first stage: what was found and checked.
    Begin,
    /// A stage.
    Stage(String),
    /// After the last stage.
    End,
}

/// A run, its cuts, and what it came to.
pub(super) struct Cuts {
    pub(super) stage: Stage,
    /// The sections in order, with the number of their events in that run.
    pub(super) events: Vec<(Section, usize)>,
    /// The arguments that begin it.
    begin: Vec<String>,
    /// The inventory of the undisturbed run.
    pub(super) undisturbed: Value,
}

impl Cuts {
    /// Rehearses once from end to end, then again from stage to stage.
    pub(super) fn make(stage: Stage, profile: &str, place: &str) -> Self {
        let profile = format!("profile={profile}");
        let place = format!("terraform_state={place}");
        let answers = ["--output", "json", "--set", &profile, "--set", &place];
        let mut begin = stage.rehearse(&answers);
        let scale = begin.iter().position(|word| word == "0").unwrap();
        TIME_SCALE.clone_into(&mut begin[scale]);
        let mut cuts = Self { stage, events: Vec::new(), begin, undisturbed: Value::Null };
        cuts.stage.sandbox.run(&cuts.begin).expect_code(0);
        cuts.undisturbed = cuts.inventory();
        cuts.events = events_by_section(&cuts.stage.events());
        victim::end_everything(&cuts);
        fs::remove_dir_all(cuts.folder()).unwrap();
        for (section, _) in &cuts.events {
            let Some(cut) = cuts.cut(section) else { continue };
            if cut.exists() {
                continue;
            }
            let mut running = cuts.stage.sandbox.start(&cuts.command(section));
            // Everything up to the first event of the stage belongs to the cut before it.
            victim::wait_for_event(&mut running, section, 1);
            victim::end_everything(&cuts);
            running.wait();
            copy(&cuts.folder(), &cut);
        }
        cuts
    }

    /// The arguments that lead into a section, from its cut on.
    pub(super) fn command(&self, section: &Section) -> Vec<String> {
        if self.folder().exists() && *section != Section::Begin {
            self.resume()
        } else {
            self.begin.clone()
        }
    }

    /// The arguments of going on.
    pub(super) fn resume(&self) -> Vec<String> {
        let json = ["--output", "json"].map(str::to_owned);
        self.stage.resume().into_iter().chain(json).collect()
    }

    /// Ends whatever runs, and makes everything as it was before that section.
    pub(super) fn put_back(&self, section: &Section) {
        victim::end_everything(self);
        fs::remove_dir_all(self.folder()).unwrap();
        if let Some(cut) = self.cut(section) {
            copy(&cut, &self.folder());
        }
    }

    /// What exists in the world.
    pub(super) fn inventory(&self) -> Value {
        // A world that was killed when the run had ended is started by nobody.
        let start = ["world", "start", "--deployment", "acme"];
        self.stage.sandbox.run(&start).expect_code(0);
        let words = ["world", "inventory", "--deployment", "acme"];
        serde_json::from_str(&self.stage.sandbox.run(&words).expect_code(0).out).unwrap()
    }

    /// The folder of the rehearsal.
    pub(super) fn folder(&self) -> PathBuf {
        self.stage.sandbox.state().join("rehearsals/acme")
    }

    /// Where the cut before a section is kept; nothing is there before the first one. What comes
    /// after the last stage is reached from the cut before that stage.
    fn cut(&self, section: &Section) -> Option<PathBuf> {
        let last = self.events.iter().rev().find_map(|(section, _)| section.stage());
        let stage = match section {
            Section::Begin => return None,
            Section::Stage(stage) => stage,
            Section::End => last?,
        };
        Some(self.stage.sandbox.path().join("cuts").join(stage))
    }
}

impl Section {
    fn stage(&self) -> Option<&str> {
        match self {
            Self::Stage(stage) => Some(stage),
            Self::Begin | Self::End => None,
        }
    }
}

/// The events of each section of a run, counted, in the order of the sections. What is about no
/// stage and stands between two belongs to none.
pub(super) fn events_by_section(events: &[Value]) -> Vec<(Section, usize)> {
    let stage_of = |event: &Value| event["stage"].as_str().map(str::to_owned);
    let first = events.iter().position(|event| stage_of(event).is_some()).unwrap_or(events.len());
    let last =
        events.iter().rposition(|event| stage_of(event).is_some()).map_or(first, |at| at + 1);
    let mut sections: Vec<(Section, usize)> = vec![(Section::Begin, first)];
    for stage in events[first..last].iter().filter_map(stage_of) {
        match sections.iter_mut().find(|(known, _)| known.stage() == Some(&stage)) {
            Some((_, count)) => *count += 1,
            None => sections.push((Section::Stage(stage), 1)),
        }
    }
    sections.push((Section::End, events.len() - last));
    sections.retain(|(_, count)| *count > 0);
    sections
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
