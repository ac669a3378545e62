//! The main job from end to end: `springboard rehearse` with unmodified engines and Helm.

use crate::support::stage::Stage;

/// A rehearsal that must end well, with an empty closing plan.
fn rehearses(engine: &str, helm: &str, answers: &[&str]) {
    let Some(stage) = Stage::new(engine, helm) else { return };
    let sets: Vec<&str> = answers.iter().flat_map(|answer| ["--set", answer]).collect();
    stage.sandbox.run(&stage.rehearse(&sets)).expect_code(0);
    let events = stage.events();
    let last = events.last().unwrap();
    assert_eq!((&last["kind"], &last["status"]), (&"run_finished".into(), &"done".into()));
    let closing = events.iter().rfind(|e| e["kind"] == "plan_made").unwrap();
    assert_eq!(closing["stage"], "converge");
    for count in ["add", "change", "remove", "import"] {
        assert_eq!(closing[count], 0, "{closing}");
    }
}

#[test]
fn the_full_profile_is_rehearsed_with_terraform_and_helm_4() {
    rehearses("terraform", "helm4", &[]);
}

#[test]
fn the_full_profile_with_cognito_is_rehearsed_with_tofu_and_helm_3() {
    rehearses("tofu", "helm3", &["enable_cognito=true"]);
}

#[test]
fn the_platform_alone_is_rehearsed_with_tofu_and_helm_4() {
    rehearses("tofu", "helm4", &["profile=platform-only"]);
}

#[test]
fn the_platform_alone_with_cognito_is_rehearsed_with_terraform_and_helm_3() {
    rehearses("terraform", "helm3", &["profile=platform-only", "enable_cognito=true"]);
}
