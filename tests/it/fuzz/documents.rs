//! Documents that people or tools write.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use springboard::answers::Loader;
use springboard::blueprint::poolside::questions::CATALOGUE;
use springboard::error::Hint as _;
use springboard::host::Host;
use springboard::rehearsal::{Scenario, scenarios};
use springboard::run::{RunState, journal};
use springboard::tools::terraform::{LockInfo, PlanJson, State, read_outputs};

use super::{fixtures, folder, root};

/// An answer file. What is written can be read, and what is right is written as it was read.
pub(super) fn answers(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let fixtures = root().join("tests/fixtures/answers");
    let vars = BTreeMap::from([("HOME".to_owned(), fixtures.display().to_string())]);
    let host = Host::fixed(vars, fixtures.join("valid"), PathBuf::from("/usr/bin/springboard"));
    let loader = Loader::new(&CATALOGUE, &host).text(Path::new("answers.toml"), &*text);
    if let Err(error) = loader.load() {
        let _ = springboard::error::render(&error);
    }
    if let Ok((draft, problems)) = loader.draft() {
        let written = draft.to_toml();
        let again = Loader::new(&CATALOGUE, &host).text(Path::new("written.toml"), &*written);
        let (again, _) = again.draft().expect("what was written can be read");
        assert!(!problems.is_empty() || again.same_values(&draft), "{written}");
    }
}

pub(super) fn answers_seeds() -> Vec<Vec<u8>> {
    let mut seeds = fixtures("tests/fixtures/answers/valid");
    seeds.extend(fixtures("tests/fixtures/answers/invalid"));
    seeds
}

/// A scenario.
pub(super) fn scenario(bytes: &[u8]) {
    match Scenario::parse(&String::from_utf8_lossy(bytes)) {
        Ok(scenario) => {
            let _ = scenario.duration("aws_db_instance");
        }
        Err(error) => drop((error.to_string(), error.hint())),
    }
}

pub(super) fn scenario_seeds() -> Vec<Vec<u8>> {
    scenarios::ALL.iter().map(|named| named.text.into()).collect()
}

/// A journal; what can be read is folded.
pub(super) fn journal(bytes: &[u8]) {
    let folder = folder();
    let path = folder.path().join("journal.jsonl");
    std::fs::write(&path, bytes).unwrap();
    match journal::Reader::open(&path) {
        Ok((header, events)) => {
            let mut state = RunState::default();
            state.begin_run(header.clone());
            events.map_while(Result::ok).for_each(|event| state.apply(&event));
            state.begin_run(header);
        }
        Err(error) => drop((error.to_string(), error.hint())),
    }
}

pub(super) fn journal_seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for journal in fixtures("tests/fixtures/journals") {
        // Pieces: a fuzzer makes more of what is short.
        let lines: Vec<_> = journal.split_inclusive(|&byte| byte == b'\n').collect();
        let (header, events) = lines.split_first().unwrap();
        seeds.extend(events.chunks(12).map(|chunk| [&[*header], chunk].concat().concat()));
    }
    seeds
}

/// `show -json` of a plan or a state, `output -json`, and the detail of a lock.
pub(super) fn plan(bytes: &[u8]) {
    if let Ok(plan) = PlanJson::read(bytes) {
        let _ = (plan.is_empty(), plan.guarded_losses(), plan.roles_without_boundary());
        let _ = (plan.capacity(), plan.secrets());
        for change in plan.changes() {
            let _ = (change.action(), change.deletes(), change.will_have("id"), change.tag("Name"));
        }
    }
    if let Ok(state) = State::read(bytes) {
        let _ = (state.tainted().count(), state.resource("a.b"), state.secrets());
    }
    if let Ok(outputs) = read_outputs(bytes) {
        for output in outputs.values() {
            let _ = (output.plain(), output.secret());
        }
    }
    let _ = LockInfo::parse(&String::from_utf8_lossy(bytes));
}

pub(super) fn plan_seeds() -> Vec<Vec<u8>> {
    let all = fixtures("tests/fixtures/terraform").into_iter();
    let mut seeds: Vec<_> = all.filter(|file| file.starts_with(b"{\"format_version\"")).collect();
    seeds.push(
        br#"{"url":{"sensitive":true,"type":"string","value":"x"},"n":{"value":[1]}}"#.into(),
    );
    seeds.push(
        b"Lock Info:\n  ID:        1\n  Path:      terraform.tfstate\n  Who:       a@b".into(),
    );
    seeds
}
