//! What a run leaves that was killed or stopped: looked for by the next one, said, and put right.

use std::fs;
use std::path::PathBuf;

use rustix::process::{Signal, kill_process};
use serde_json::{Value, json};

use crate::support::processes::{Role, kill};
use crate::support::sandbox::{Background, Finished};
use crate::support::stage::Stage;

/// A rehearsal of the platform at a pace at which a database takes some seconds.
fn start(stage: &Stage, place: &str) -> Background {
    let place = format!("terraform_state={place}");
    let mut words = stage.rehearse(&["--set", "profile=platform-only", "--set", &place]);
    let scale = words.iter().position(|word| word == "0").unwrap();
    "0.02".clone_into(&mut words[scale]);
    stage.sandbox.start(&words)
}

fn assert_done(finished: &Finished) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let end = "rehearsal/acme is done; the closing plan was empty\n";
    assert!(finished.out.ends_with(end), "{}", finished.out);
}

fn folder(stage: &Stage) -> PathBuf {
    stage.sandbox.state().join("rehearsals/acme")
}

#[test]
fn the_tool_of_a_dead_engine_is_taken_over_and_no_line_of_it_is_lost() {
    let Some(stage) = Stage::new("terraform", "helm4") else { return };
    let mut running = start(&stage, "s3");
    running.wait_for("aws_db_instance.this creating");
    kill_process(running.pid(), Signal::KILL).unwrap();
    running.wait();

    let status = stage.sandbox.run(&["status", "acme"]).expect_code(0).out;
    assert!(status.contains("apply of it is still at work; resume takes it over"), "{status}");
    let refused = stage.sandbox.run(&["stop", "acme"]).expect_code(2).err;
    assert!(refused.contains("no run is at work on `rehearsal/acme`"), "{refused}");
    assert!(refused.contains("`springboard resume rehearsal/acme` takes it over"), "{refused}");

    let resumed = stage.sandbox.run(&stage.resume());
    assert!(resumed.out.contains("foundation apply of run "), "{}", resumed.out);
    assert_done(&resumed);
    // What it made is told once, in one of the two journals.
    let events = stage.events();
    let made = |event: &&Value| {
        let address = event["address"].as_str().unwrap_or_default();
        event["kind"] == "object_finished" && address.ends_with("aws_db_instance.this")
    };
    assert_eq!(events.iter().filter(made).count(), 1);
    let adopted: Vec<_> = events.iter().filter(|e| e["kind"] == "command_adopted").collect();
    assert_eq!((adopted.len(), &adopted[0]["purpose"]), (1, &json!("apply")));
}

#[test]
fn a_killed_terraform_leaves_a_lock_that_is_proved_dead_and_released() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let mut running = start(&stage, "s3");
    running.wait_for("aws_db_instance.this creating");
    kill(stage.sandbox.path(), |role| role == Role::Tool);
    let failed = running.wait().expect_code(4);
    assert!(failed.err.contains("error: tofu apply was killed (SIGKILL)"), "{}", failed.err);

    // Somebody else's lock in its place: shown, and left alone.
    let other = json!({
        "ID": "f00", "Operation": "OperationTypeApply", "Who": "ada@elsewhere",
        "Created": "2026-01-01T00:00:00Z", "Path": "x", "Version": "1.11.4", "Info": "",
    });
    let own = replace_lock(&stage, &other.to_string());
    let held = stage.sandbox.run(&stage.resume()).expect_code(6);
    let told = "error: somebody else holds the lock of the Terraform state\n  cause: taken by \
                ada@elsewhere for apply at 2026-01-01T00:00:00Z, ";
    assert!(held.err.contains(told), "{}", held.err);
    assert!(held.err.contains("resume with `--confirm f00`"), "{}", held.err);

    replace_lock(&stage, &own);
    let resumed = stage.sandbox.run(&stage.resume());
    let released = "found: the lock of the state is of a run of this deployment that was killed; \
                    it was released (taken by ";
    assert!(resumed.out.contains(released), "{}", resumed.out);
    let taken_in = "module.database.aws_db_instance.this exists as acme and is in no state";
    assert!(resumed.out.contains(taken_in), "{}", resumed.out);
    assert_done(&resumed);
}

/// Writes another lock over the one that is there; returns that.
fn replace_lock(stage: &Stage, lock: &str) -> String {
    let address: Value =
        serde_json::from_slice(&fs::read(folder(stage).join("world/world.json")).unwrap()).unwrap();
    let storage = address["storage"].as_str().unwrap();
    let url = format!("http://{storage}/acme-tfstate-123456789012/acme/terraform.tfstate.tflock");
    let (client, lock) = (reqwest::Client::new(), lock.to_owned());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let before = client.get(&url).send().await.unwrap().error_for_status().unwrap();
        let before = before.text().await.unwrap();
        client.put(&url).body(lock).send().await.unwrap().error_for_status().unwrap();
        before
    })
}

#[test]
fn a_torn_state_is_replaced_by_its_copy_and_what_was_made_since_is_taken_in() {
    let Some(stage) = Stage::new("terraform", "helm3") else { return };
    let mut running = start(&stage, "local");
    running.wait_for("aws_db_instance.this creating");
    kill(stage.sandbox.path(), |role| role != Role::World);
    running.wait();
    // As a kill in the middle of writing leaves it.
    let path = folder(&stage).join("terraform/poolside/terraform.tfstate");
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() / 2]).unwrap();

    let resumed = stage.sandbox.run(&stage.resume());
    let torn = "found: the state file was torn by a kill and is kept as `";
    assert!(resumed.out.contains(torn), "{}", resumed.out);
    for object in ["aws_vpc.this", "aws_route_table_association", "aws_iam_role_policy_attachment"]
    {
        let is_taken_in = |line: &str| line.contains(object) && line.contains("is taken in");
        assert!(resumed.out.lines().any(is_taken_in), "{object}: {}", resumed.out);
    }
    assert_done(&resumed);
    assert!(path.with_file_name("terraform.tfstate.torn").exists());

    // A state that only `tool-run` has is pushed back, a stale one is not.
    let mut document: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let serial = document["serial"].as_u64().unwrap();
    document["serial"] = json!(serial + 5);
    fs::write(folder(&stage).join("recovered.tfstate"), document.to_string()).unwrap();
    forget_the_end(&stage);
    let resumed = stage.sandbox.run(&stage.resume());
    let pushed = format!("could not write was pushed back, serial {}", serial + 5);
    assert!(resumed.out.contains(&pushed), "{}", resumed.out);
    assert_done(&resumed);
    assert!(!folder(&stage).join("recovered.tfstate").exists());
}

/// Cuts the end off the last journal, as if the engine had died before it.
fn forget_the_end(stage: &Stage) {
    let journal = stage.runs().pop().unwrap().join("journal.jsonl");
    let text = fs::read_to_string(&journal).unwrap();
    let end = text.trim_end().rfind('\n').unwrap();
    fs::write(journal, &text[..=end]).unwrap();
}

#[test]
fn a_stop_lets_the_stage_end_and_one_that_costs_something_has_to_be_meant() {
    let Some(stage) = Stage::new("tofu", "helm3") else { return };
    let mut running = start(&stage, "s3");
    running.wait_for("aws_db_instance.this creating");
    // Losing the terminal is no reason to stop.
    kill_process(running.pid(), Signal::HUP).unwrap();
    let unmeant = stage.sandbox.run(&["stop", "acme", "--now"]).expect_code(2);
    assert!(unmeant.out.contains("module.database.aws_db_instance.this creating for 0:0"));
    assert!(unmeant.err.contains("hint: give `--yes` to stop now"), "{}", unmeant.err);
    let force = stage.sandbox.run(&["stop", "acme", "--force", "--non-interactive"]);
    assert!(force.expect_code(2).err.contains("give `--confirm rehearsal/acme` to force"));
    let asked = stage.sandbox.run(&["stop", "acme"]).expect_code(0).out;
    assert!(asked.contains("it stops when the running stage has ended"), "{asked}");

    let stopped = running.wait().expect_code(5);
    let who = format!("stop requested by user {}, process ", rustix::process::getuid().as_raw());
    assert!(stopped.out.contains(&who), "{}", stopped.out);
    assert!(stopped.out.contains(": after the running stage"), "{}", stopped.out);
    assert!(stopped.out.contains("rehearsal/foundation done ("), "{}", stopped.out);
    assert!(!stopped.out.contains("rehearsal/images started"), "{}", stopped.out);
    assert!(!folder(&stage).join("socket").exists());

    let mut running = stage.sandbox.start(&stage.resume());
    running.wait_for("upgrade started");
    let asked = stage.sandbox.run(&["stop", "acme", "--now", "--yes"]).expect_code(0).out;
    assert!(asked.contains("what runs was interrupted, once"), "{asked}");
    running.wait().expect_code(5);
    assert_done(&stage.sandbox.run(&stage.resume()));
}
