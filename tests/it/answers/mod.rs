//! Answers of the Poolside blueprint, from the file to the Terraform variables.

mod catalogue;
mod invalid;
mod layers;
mod outcome;
mod round_trip;
mod terraform;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use springboard::answers::{Answers, InvalidAnswers, Loader};
use springboard::blueprint::poolside::questions::CATALOGUE;
use springboard::host::Host;

use crate::support::source::root;

/// Where the fixtures are.
fn fixtures() -> PathBuf {
    root().join("tests/fixtures/answers")
}

/// A host with these variables, whose working directory is `folder` of the fixtures.
fn host_in(folder: &str, vars: &[(&str, &str)]) -> Host {
    let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
    let mut vars: BTreeMap<String, String> = vars.collect();
    vars.insert("HOME".into(), fixtures().display().to_string());
    Host::fixed(vars, fixtures().join(folder), PathBuf::from("/usr/bin/springboard"))
}

/// Loads a fixture as the command line would.
fn load(folder: &str, file: &str, sets: &[&str]) -> Result<Answers, InvalidAnswers> {
    let sets: Vec<String> = sets.iter().map(|s| (*s).to_owned()).collect();
    Answers::load(&CATALOGUE, Some(Path::new(file)), &sets, &host_in(folder, &[]))
}

/// Answers as a text that was written says.
fn reload(text: &str) -> Result<Answers, InvalidAnswers> {
    let host = host_in("valid", &[]);
    Loader::new(&CATALOGUE, &host).text(Path::new("written.toml"), text).load()
}
