//! Bad days from end to end: what fails is said clearly, and `resume` goes on where it was.

use std::fs;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use springboard::run::journal::FORMAT;

use crate::support::sandbox::Finished;
use crate::support::stage::Stage;

/// The failure that `said` must be: this sentence, a cause with these words, and a hint.
fn assert_failure(said: &str, sentence: &str, cause: &str) {
    assert!(said.contains(&format!("error: {sentence}")), "{said}");
    assert!(said.lines().any(|l| l.starts_with("  cause: ") && l.contains(cause)), "{said}");
    assert!(said.contains("\nhint: ") && !said.contains("panicked"), "{said}");
}

fn assert_done(finished: Finished) {
    let out = finished.expect_code(0).out;
    assert!(out.ends_with("rehearsal/acme is done; the closing plan was empty\n"), "{out}");
}

#[test]
fn missing_gpu_capacity_fails_one_run_and_the_next_goes_on_from_there() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let arguments = stage.rehearse(&["--scenario", "gpu-capacity-missing", "--output", "json"]);
    let failed = stage.sandbox.run(&arguments).expect_code(4);
    assert_failure(&failed.err, "tofu apply failed", "InsufficientInstanceCapacity");
    // What was printed is what is on disk.
    let journal = fs::read_to_string(stage.runs()[0].join("journal.jsonl")).unwrap();
    assert_eq!(failed.out, journal);
    let header: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    assert_eq!(header["deployment"], "rehearsal/acme");
    let support = fs::read_to_string(stage.runs()[0].join("support.txt")).unwrap();
    assert!(support.contains("InsufficientInstanceCapacity"), "{support}");
    assert!(support.contains("\nTool      tofu "), "{support}");
    assert!(finished_stages(&stage).contains(&"platform".to_owned()));
    assert_done(stage.sandbox.run(&stage.resume()));

    assert_receipt(&stage);
    let again = stage.sandbox.run(&stage.resume()).expect_code(0);
    assert_eq!(again.out, "rehearsal/acme is done; there is nothing to go on with\n");
    let status = stage.sandbox.run(&["status", "acme"]).expect_code(0).out;
    assert_eq!(status.lines().next(), Some("rehearsal/acme done"));
    let runs = stage.sandbox.run(&["runs", "acme"]).expect_code(0).out;
    let words: Vec<_> = runs.lines().map(|l| l.split(' ').nth(4).unwrap()).collect();
    assert_eq!(words, ["failed", "done,"], "{runs}");
}

fn finished_stages(stage: &Stage) -> Vec<String> {
    let events = stage.events();
    let finished = events.iter().filter(|event| event["kind"] == "stage_finished");
    finished.map(|event| event["stage"].as_str().unwrap().to_owned()).collect()
}

/// The receipt of the last run has versions, digests, timings and outputs.
fn assert_receipt(stage: &Stage) {
    let text = fs::read_to_string(stage.runs().last().unwrap().join("receipt.json")).unwrap();
    let receipt: Value = serde_json::from_str(&text).unwrap();
    let format = FORMAT.to_string().into();
    assert_eq!((&receipt["status"], &receipt["format"]), (&"done".into(), &format));
    for digest in ["answers", "bundle"] {
        assert!(receipt[digest].as_str().unwrap().starts_with("sha256:"), "{text}");
    }
    assert!(receipt["tools"]["tofu"].is_string() && receipt["tools"]["helm"].is_string());
    assert!(receipt["elapsed_ms"]["converge/converge"].is_u64(), "{text}");
    assert_eq!(receipt["outputs"]["cluster_name"], "acme");
    assert!(receipt["outputs"].get("cognito_user_pool_client_secret").is_none(), "{text}");
}

#[test]
fn a_refused_push_leaves_the_other_images_where_they_are() {
    let Some(stage) = Stage::new("tofu", "helm3") else { return };
    let more = ["--scenario", "image-push-fails", "--set", "profile=platform-only"];
    let failed = stage.sandbox.run(&stage.rehearse(&more)).expect_code(4);
    assert!(failed.err.contains("`acme/core-api`: AccessDeniedException"), "{}", failed.err);
    assert!(failed.err.contains("\nhint: the caller needs ecr:"), "{}", failed.err);
    assert_done(stage.sandbox.run(&stage.resume()));
}

#[test]
fn a_stop_during_the_foundation_ends_the_run_and_resume_goes_on() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let mut words = stage.rehearse(&["--set", "profile=platform-only"]);
    let scale = words.iter().position(|word| word == "0").unwrap();
    "0.01".clone_into(&mut words[scale]);
    let mut running = stage.sandbox.start(&words);
    running.wait_for("aws_eks_cluster.this creating");

    let second = stage.sandbox.run(&words).expect_code(6);
    let owner = format!("process {}", running.pid().as_raw_nonzero());
    assert!(second.err.contains("of `rehearsal/acme` is at work"), "{}", second.err);
    assert!(second.err.contains(&owner), "{}", second.err);

    kill_process(running.pid(), Signal::INT).unwrap();
    let stopped = running.wait().expect_code(5);
    assert!(stopped.out.contains("stop requested"), "{}", stopped.out);
    assert!(stopped.out.contains("go on with `springboard resume rehearsal/acme`"));
    assert_done(stage.sandbox.run(&stage.resume()));
}

#[test]
fn a_world_that_dies_is_named_and_comes_back_with_the_next_run() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let mut words = stage.rehearse(&["--set", "profile=platform-only"]);
    for answer in ["enable_cognito=true", "terraform_state=local"] {
        words.extend(["--set".to_owned(), answer.to_owned()]);
    }
    let mut running = stage.sandbox.start(&words);
    running.wait_for("poolside upgrade started");
    kill_world(&stage);

    let failed = running.wait().expect_code(4);
    assert_failure(&failed.err, "the simulated world has ended", "");
    assert_done(stage.sandbox.run(&stage.resume()));
    assert_secret_is_only_in_the_state(&stage);
}

#[test]
fn what_was_being_made_when_the_world_died_is_taken_in_and_not_made_twice() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let mut words = stage.rehearse(&["--set", "profile=platform-only"]);
    let scale = words.iter().position(|word| word == "0").unwrap();
    // The database takes some seconds at this scale, whatever the machine.
    words[scale] = "0.02".to_owned();
    let mut running = stage.sandbox.start(&words);
    running.wait_for("aws_db_instance.this creating");
    // Terraform says so before it asks; what the world does not know yet cannot be taken in.
    let world = stage.sandbox.state().join("rehearsals/acme/world/world.jsonl");
    let is_known = || fs::read_to_string(&world).unwrap().contains("\"aws_db_instance/");
    assert!((0..100_000).any(|_| is_known()));
    kill_world(&stage);

    let failed = running.wait().expect_code(4);
    assert_failure(&failed.err, "the simulated world has ended", "");
    let resumed = stage.sandbox.run(&stage.resume());
    let taken_in = "module.database.aws_db_instance.this exists as acme and is in no state";
    assert!(resumed.out.contains(taken_in), "{}", resumed.out);
    assert_done(resumed);
}

/// Ends the world as a power cut would.
fn kill_world(stage: &Stage) {
    let address = stage.sandbox.state().join("rehearsals/acme/world/world.json");
    let address: Value = serde_json::from_slice(&fs::read(address).unwrap()).unwrap();
    let pid = Pid::from_raw(i32::try_from(address["pid"].as_i64().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// The client secret that Cognito made is in no file but those of Terraform itself.
fn assert_secret_is_only_in_the_state(stage: &Stage) {
    let folder = stage.sandbox.state().join("rehearsals/acme");
    let text = fs::read_to_string(folder.join("terraform/poolside/terraform.tfstate")).unwrap();
    let held: Value = serde_json::from_str(&text).unwrap();
    let secret = held["outputs"]["cognito_user_pool_client_secret"]["value"].as_str().unwrap();
    assert!(secret.len() > 20);
    let mut open = vec![folder.clone()];
    let mut holders = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() || path.ends_with("rehearsals/acme/world") {
                // The world is what AWS would be: it made the secret.
            } else if path.is_dir() {
                open.push(path);
            } else if path.is_file() && holds(&fs::read(&path).unwrap(), secret.as_bytes()) {
                holders.push(path);
            }
        }
    }
    assert!(!holders.is_empty());
    for path in holders {
        let name = path.file_name().unwrap().to_string_lossy();
        assert!(name.starts_with("terraform.tfstate"), "{}", path.display());
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
