//! The same checks at the start of a run: what fails there is never begun.

use serde_json::Value;

use super::sandbox;
use crate::support::sandbox::Sandbox;

/// The events of the newest run of `acme`.
fn events(sandbox: &Sandbox) -> Vec<Value> {
    let runs = sandbox.state().join("rehearsals/acme/runs");
    let mut runs: Vec<_> =
        std::fs::read_dir(runs).unwrap().map(|run| run.unwrap().path()).collect();
    runs.sort();
    let journal = std::fs::read_to_string(runs[runs.len() - 1].join("journal.jsonl")).unwrap();
    journal.lines().skip(1).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn of_kind<'a>(events: &'a [Value], kind: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["kind"] == kind).collect()
}

fn check<'a>(events: &'a [Value], id: &str) -> &'a Value {
    let checks = of_kind(events, "check_finished");
    checks.into_iter().find(|event| event["check"] == id).unwrap()
}

const REHEARSE: [&str; 6] =
    ["rehearse", "--non-interactive", "--time-scale", "0", "--scenario", "gpu-quota-zero"];

#[test]
fn what_a_check_refuses_is_not_begun_and_goes_on_once_it_is_mended() {
    let sandbox = sandbox();
    let refused = sandbox.run(&REHEARSE).expect_code(3);
    let sentence = "error: vCPUs of On-Demand P instances: 192 needed, 0 left of 0 (0 in use)\n";
    assert!(refused.err.starts_with(sentence), "{}", refused.err);
    assert!(refused.err.contains("request-service-quota-increase"), "{}", refused.err);
    assert!(refused.out.contains("preflight quota-gpu-vcpu fail: "), "{}", refused.out);
    assert!(refused.out.contains("preflight done: "), "{}", refused.out);
    let before = events(&sandbox);
    assert!(of_kind(&before, "rollout_started").is_empty());
    assert_eq!(before[before.len() - 1]["status"], "not_ready");
    assert!(check(&before, "quota-gpu-vcpu")["why"].as_str().unwrap().contains("p5e.48xlarge"));

    let file = sandbox.path().join("raised.toml");
    let raised = "reservation = []\n[answer]\ngpu_capacity = \"on-demand\"\n";
    std::fs::write(&file, raised).unwrap();
    let change = ["world", "change", "--deployment", "acme", "--scenario", file.to_str().unwrap()];
    sandbox.run(&change).expect_code(0);
    // The engine of this sandbox can say its version and nothing else, so the first step fails.
    sandbox.run(&["resume", "acme", "--non-interactive"]).expect_code(4);
    let after = events(&sandbox);
    assert_eq!(check(&after, "quota-gpu-vcpu")["outcome"], "pass");
    assert_eq!(of_kind(&after, "rollout_started").len(), 1);
}

#[test]
fn a_check_that_is_left_out_is_journalled_and_does_not_hold_the_run_up() {
    let sandbox = sandbox();
    let words = [&REHEARSE[..], &["--skip-check", "quota-gpu-vcpu"]].concat();
    sandbox.run(&words).expect_code(4);
    let events = events(&sandbox);
    let left_out = check(&events, "quota-gpu-vcpu");
    assert_eq!(left_out["outcome"], "skipped");
    assert_eq!(left_out["finding"], "left out by `--skip-check`");
    assert_eq!(of_kind(&events, "rollout_started").len(), 1);
    let wrong = [&REHEARSE[..], &["--skip-check", "quota-gpu"]].concat();
    assert!(sandbox.run(&wrong).expect_code(2).err.contains("nearest: `quota-gpu-vcpu`"));
}
