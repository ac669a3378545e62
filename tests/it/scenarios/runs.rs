//! Scenarios that need a whole run: what is said when it fails, and what the next run does.

use std::fs;

use rustix::process::{Signal, kill_process};
use serde_json::Value;

use crate::support::sandbox::Finished;
use crate::support::stage::Stage;

/// The first run of a scenario, which must end with that exit code.
fn first(stage: &Stage, scenario: &str, code: i32) -> Finished {
    stage.sandbox.run(&stage.rehearse(&["--scenario", scenario])).expect_code(code)
}

/// The next run, which must end well.
fn next(stage: &Stage) -> Finished {
    let finished = stage.sandbox.run(&stage.resume()).expect_code(0);
    assert!(
        finished.out.ends_with("rehearsal/acme is done; the closing plan was empty\n"),
        "{}",
        finished.out
    );
    finished
}

fn assert_says(said: &str, words: &str) {
    assert!(said.contains(words), "expected `{words}` in:\n{said}");
}

/// What the last run found of earlier ones.
fn found(stage: &Stage) -> Vec<String> {
    let events = stage.events();
    let found = events.iter().filter(|event| event["kind"] == "found");
    found.map(|event| event["what"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_image_that_is_gone_is_said_and_pushed_by_the_next_run() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let failed = first(&stage, "image-never-pushed", 4);
    assert_says(&failed.err, "acme/core-api");
    assert_says(&format!("{}{}", failed.out, failed.err), "ImagePullBackOff");
    next(&stage);
}

#[test]
fn a_pod_that_fits_nowhere_is_said_in_the_scheduler_s_words() {
    let Some(stage) = Stage::new("terraform", "helm4") else { return };
    let mut running = stage.sandbox.start(&stage.rehearse(&["--scenario", "pod-fits-nowhere"]));
    // More nodes may come at any time: it is said at once, and waited for.
    running.wait_for("Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.");
    kill_process(running.pid(), Signal::INT).unwrap();
    running.wait().expect_code(5);
    let answers = stage.sandbox.state().join("rehearsals/acme/answers.toml");
    let text = fs::read_to_string(&answers).unwrap();
    assert_says(&text, "cpu_desired_size = 1");
    fs::write(&answers, text.replace("cpu_desired_size = 1", "cpu_desired_size = 3")).unwrap();
    let resumed = next(&stage);
    assert_says(&resumed.out, "cpu_desired_size");
}

#[test]
fn a_webhook_that_is_not_ready_refuses_one_run_only() {
    let Some(stage) = Stage::new("tofu", "helm3") else { return };
    let failed = first(&stage, "webhook-not-ready", 4);
    let service = "no endpoints available for service \"aws-load-balancer-webhook-service\"";
    assert_says(&failed.err, service);
    next(&stage);
}

#[test]
fn a_killed_helm_leaves_a_release_that_the_next_run_clears() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    first(&stage, "helm-killed", 4);
    next(&stage);
    let cleared = "revision 1 of poolside was left pending and never stood; removed";
    assert!(found(&stage).iter().any(|what| what == cleared), "{:?}", found(&stage));
}

#[test]
fn what_was_changed_between_two_runs_is_mended_by_the_second() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    first(&stage, "drift-before-resume", 4);
    next(&stage);
    let planned: Vec<Value> = stage
        .events()
        .into_iter()
        .filter(|event| event["kind"] == "plan_made" && event["stage"] == "foundation")
        .collect();
    let [_, second] = planned.as_slice() else { panic!("{planned:?}") };
    assert_eq!((&second["add"], &second["change"]), (&1.into(), &1.into()), "{second}");
}

#[test]
fn a_cluster_that_was_being_made_at_a_stop_is_kept() {
    let Some(stage) = Stage::new("terraform", "helm4") else { return };
    first(&stage, "cluster-stopped", 5);
    next(&stage);
    let kept = "module.cluster.aws_eks_cluster.this was cut short while it was made, but is healthy; \
                it is kept";
    assert!(found(&stage).iter().any(|what| what == kept), "{:?}", found(&stage));
}

/// Faults at stages and releases, one after the other: each ends one run.
const FAULTS: &str = r#"
answers = "sample-platform-only"

[[fault]]
at = "images"
when = "begin"
kill = "engine"

[[fault]]
at = "acme/core-api"
when = "push"
drop = "connection"
times = 1

[[fault]]
at = "cluster-base"
when = "create"
drop = "connection"

[[fault]]
at = "platform"
when = "create"
error = "etcdserver: request timed out"
"#;

#[test]
fn faults_at_stages_and_releases_end_one_run_each_at_most() {
    let Some(stage) = Stage::new("terraform", "helm3") else { return };
    let file = stage.sandbox.path().join("faults.toml");
    fs::write(&file, FAULTS).unwrap();
    let file = file.to_str().unwrap();
    let killed = stage.sandbox.run(&stage.rehearse(&["--scenario", file]));
    assert_eq!(killed.code, None, "{}", killed.out);
    // A lost connection is none to a push, which begins again.
    let lost = stage.sandbox.run(&stage.resume()).expect_code(4);
    assert_says(&lost.err, "cluster-base");
    let refused = stage.sandbox.run(&stage.resume()).expect_code(4);
    assert_says(&refused.err, "etcdserver: request timed out");
    next(&stage);
}

#[test]
fn the_lock_that_a_killed_terraform_leaves_is_released_by_the_next_run() {
    let Some(stage) = Stage::new("terraform", "helm4") else { return };
    let failed = first(&stage, "state-lock-stale", 4);
    assert_says(&failed.err, "error: terraform apply was killed (SIGKILL)");
    let resumed = next(&stage);
    assert_says(&resumed.out, "is of a run of this deployment that was killed; it was released");
    assert_says(&resumed.out, "module.database.aws_db_instance.this exists as acme");
}

#[test]
fn a_state_that_could_not_be_written_is_pushed_back_by_the_next_run() {
    let Some(stage) = Stage::new("tofu", "helm3") else { return };
    let failed = first(&stage, "state-unwritable", 4);
    assert_says(&failed.err, "error: the state could not be written");
    assert_says(&failed.err, "AccessDenied");
    assert_says(&failed.err, "hint: it is kept in `errored.tfstate`");
    let resumed = next(&stage);
    assert_says(&resumed.out, "a state that an earlier run could not write was pushed back");
    // Everything was in it: nothing had to be taken in or made again.
    assert!(!resumed.out.contains("is taken in"), "{}", resumed.out);
}
