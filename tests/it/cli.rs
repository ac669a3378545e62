//! Bad input at the command line: one clear sentence, the documented exit code, no backtrace.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use springboard::rehearsal::sample_bundle;

use crate::support::processes::{Role, kill};
use crate::support::programs::program;
use crate::support::sandbox::{Finished, Sandbox};

/// Runs springboard to an end with `code`, where standard error has each of `parts` and ends
/// without a backtrace.
fn refused(sandbox: &Sandbox, words: &[&str], code: i32, parts: &[&str]) -> Finished {
    let finished = sandbox.run(words).expect_code(code);
    for part in parts {
        assert!(finished.err.contains(part), "{words:?} lacks {part:?}:\n{}", finished.err);
    }
    for bad in ["panicked", "RUST_BACKTRACE", "stack backtrace"] {
        assert!(!finished.err.contains(bad), "{}", finished.err);
    }
    finished
}

/// A program that prints this and ends well.
fn fake(sandbox: &Sandbox, name: &str, says: &str) {
    let file = sandbox.path().join("bin").join(name);
    fs::write(&file, format!("#!/bin/sh\necho '{says}'\n")).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A sandbox whose programs answer as good ones do, for what fails before they are used.
fn with_programs() -> Sandbox {
    let sandbox = Sandbox::new();
    fake(&sandbox, "terraform", "Terraform v1.11.4");
    fake(&sandbox, "helm", "v4.3.1");
    sandbox
}

#[test]
fn without_arguments_the_help_is_printed_and_every_command_has_its_own() {
    let sandbox = Sandbox::new();
    refused(&sandbox, &[], 2, &["Usage: springboard [COMMAND]", "rehearse", "resume"]);
    for words in [
        "",
        "rehearse",
        "plan",
        "resume",
        "status",
        "runs",
        "replay",
        "attach",
        "answers",
        "answers new",
        "answers validate",
        "answers schema",
        "answers explain",
        "tools",
        "world",
        "world start",
        "world env",
        "world inventory",
        "world stop",
    ] {
        let words: Vec<_> = words.split_whitespace().chain(["--help"]).collect();
        let help = sandbox.run(&words).expect_code(0);
        assert!(help.out.contains("Usage: springboard") && help.err.is_empty(), "{}", help.out);
    }
}

#[test]
fn every_wrong_answer_is_named_at_once_with_its_place() {
    let sandbox = Sandbox::new();
    let text = "schema_version = 1\nblueprint = \"poolside\"\nprofile = \"fulll\"\n\
                deployment_name = \"-x-\"\nregoin = \"us-west-2\"\n";
    fs::write(sandbox.path().join("wrong.toml"), text).unwrap();
    let parts = ["wrong.toml:3", "fulll", "wrong.toml:4", "-x-", "regoin", "`region`"];
    for command in [&["answers", "validate"][..], &["rehearse"], &["plan", "--rehearse"]] {
        let words = [command, &["--answers", "wrong.toml"]].concat();
        refused(&sandbox, &words, 2, &parts);
    }
    let gone = ["rehearse", "--answers", "gone.toml"];
    refused(&sandbox, &gone, 2, &["could not read the answer file", "gone.toml"]);
    assert!(!sandbox.state().join("rehearsals").exists());
}

#[test]
fn a_wrong_flag_is_wrong_usage() {
    let sandbox = Sandbox::new();
    refused(&sandbox, &["rehearse", "--set", "nonsense"], 2, &["nonsense"]);
    refused(&sandbox, &["rehearse", "--set", "regoin=x"], 2, &["regoin", "`region`"]);
    refused(&sandbox, &["rehearse", "--time-scale", "fast"], 2, &["`fast` is not a number"]);
    refused(&sandbox, &["rehearse", "--scenario", "bad-day"], 2, &["`bad-day`", "good-day"]);
    fs::write(sandbox.path().join("s.toml"), "sead = 7\n").unwrap();
    refused(&sandbox, &["rehearse", "--scenario", "s.toml"], 2, &["line 1", "`seed`"]);
}

#[test]
fn a_deployment_that_is_not_there_is_named() {
    let sandbox = Sandbox::new();
    for words in [&["status", "acne"][..], &["resume", "acne"], &["runs", "acne"]] {
        let parts = ["error: there is no deployment `acne` on this host", "hint: none was made"];
        refused(&sandbox, words, 2, &parts);
    }
    refused(&sandbox, &["world", "stop", "--deployment", "acne"], 2, &["rehearsal/acne"]);
    refused(&sandbox, &["world", "inventory"], 3, &["no simulated world is running"]);
}

#[test]
fn a_missing_or_old_program_is_not_ready() {
    let sandbox = Sandbox::new();
    // The system of the tests may have its own terraform; no other folder is on this path.
    let gone = ["rehearse", "--terraform", "./gone"];
    refused(&sandbox, &gone, 3, &["no program at `./gone`", "hint: install Terraform"]);
    fake(&sandbox, "terraform", "Terraform v1.5.7");
    let old = ["rehearse", "--engine", "terraform"];
    refused(&sandbox, &old, 3, &["Terraform 1.5.7", "too old, 1.10.0 or newer"]);
    fake(&sandbox, "terraform", "Terraform v1.11.4");
    fake(&sandbox, "helm", "v3.9.0");
    refused(&sandbox, &["rehearse"], 3, &["Helm 3.9.0", "too old", "`--helm PATH`"]);
}

#[test]
fn a_state_folder_that_cannot_be_written_is_not_ready() {
    let sandbox = with_programs();
    // A file in place of the folder: not even root can write into it.
    fs::write(sandbox.path().join("file"), "").unwrap();
    for words in [&["rehearse"][..], &["plan", "--rehearse"], &["world", "start"]] {
        let words = [words, &["--state-dir", "file/state"]].concat();
        let finished = refused(&sandbox, &words, 3, &["error: could not ", "Not a directory"]);
        assert!(finished.out.is_empty(), "{}", finished.out);
    }
}

/// The words of a rehearsal whose bundle has this at `key`.
fn with_folder(key: &str, folder: &Path) -> Vec<String> {
    let set = format!("{key}={}", folder.display());
    ["rehearse", "--time-scale", "0", "--set", &set].map(str::to_owned).to_vec()
}

#[test]
fn a_bundle_that_lacks_something_is_refused_before_anything_is_made() {
    let sandbox = with_programs();
    let bundle = sample_bundle::write(&sandbox.path().join("bundle")).unwrap();
    let empty = sandbox.path().join("empty");
    fs::create_dir(&empty).unwrap();
    let try_it = |key: &str, folder: &Path, parts: &[&str]| {
        let words = with_folder(key, folder);
        let words: Vec<_> = words.iter().map(String::as_str).collect();
        let finished = refused(&sandbox, &words, 3, parts);
        assert!(finished.out.is_empty(), "{}", finished.out);
    };
    try_it("containers_dir", &empty, &["there is no container image in"]);
    try_it(
        "charts_dir",
        &empty,
        &["error: the bundle has no chart `", "hint: put it into the folder"],
    );
    fs::remove_file(bundle.containers.join("core-api-2.3.0.tar")).unwrap();
    try_it("containers_dir", &bundle.containers, &["core-api"]);

    fs::remove_file(bundle.charts.join("inference-stack-2.3.0.tgz")).unwrap();
    let standalone = bundle.charts.join("inference");
    fs::create_dir(&standalone).unwrap();
    let chart = "apiVersion: v2\nname: inference\nversion: 1.0.0\n";
    fs::write(standalone.join("Chart.yaml"), chart).unwrap();
    try_it("charts_dir", &bundle.charts, &["standalone chart `inference`", "`inference-stack`"]);
}

#[test]
fn a_world_in_a_deep_folder_is_reached_through_the_runtime_folder() {
    let sandbox = Sandbox::new();
    let deep = sandbox.path().join("a-long-name-of-a-folder/".repeat(8));
    let dir = ["--dir", deep.to_str().unwrap()];
    let world = |word: &'static str| [&["world", word][..], &dir].concat();
    sandbox.run(&world("start")).expect_code(0);
    let inventory = sandbox.run(&world("inventory")).expect_code(0).out;
    assert!(inventory.starts_with('{'), "{inventory}");
    sandbox.run(&world("stop")).expect_code(0);
    refused(&sandbox, &world("inventory"), 3, &["no simulated world is running"]);
}

#[test]
fn a_reader_that_goes_away_does_not_end_a_run() {
    let Some((tofu, helm)) = program("tofu").zip(program("helm4")) else { return };
    let sandbox = Sandbox::new();
    sandbox.offer("tofu", &tofu);
    sandbox.offer("helm", &helm);
    let words = ["rehearse", "--time-scale", "0", "--discard", "--set", "profile=platform-only"];
    let mut command = sandbox.command(&words);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(!sandbox.state().join("rehearsals/acme").exists());
}

#[test]
fn a_world_that_was_killed_comes_back_where_it_was() {
    let sandbox = Sandbox::new();
    let start = || sandbox.run(&["world", "start"]).expect_code(0);
    let reached = || {
        let told = sandbox.run(&["world", "env", "--json"]).expect_code(0).out;
        let mut told: serde_json::Value = serde_json::from_str(&told).unwrap();
        // It names the process, and that is another one.
        assert!(told.as_object_mut().unwrap().remove("TF_REATTACH_PROVIDERS").is_some());
        told
    };
    start();
    let before = reached();
    assert!(before["AWS_ENDPOINT_URL_S3"].as_str().unwrap().starts_with("http://127.0.0.1:"));
    kill(sandbox.path(), |role| role == Role::World);
    refused(&sandbox, &["world", "env"], 3, &["no simulated world is running"]);
    start();
    assert_eq!(reached(), before);
}
