//! The embedded scenarios: each shows what it says, in the words of AWS and Kubernetes, and goes on.

mod capacity;
mod refusals;
mod runs;

use std::collections::BTreeSet;

use springboard::rehearsal::scenarios;

use crate::support::source::root;

/// Each scenario, and the test that holds what it teaches.
const TESTS: &[(&str, &str, &str)] = &[
    ("good-day", "rehearse", "the_full_profile_is_rehearsed_with_terraform_and_helm_4"),
    ("good-day-platform-only", "rehearse", "the_platform_alone_is_rehearsed_with_tofu_and_helm_4"),
    (
        "gpu-capacity-missing",
        "recovery",
        "missing_gpu_capacity_fails_one_run_and_the_next_goes_on_from_there",
    ),
    (
        "reservation-wrong-zone",
        "scenarios/capacity",
        "a_reservation_in_another_zone_is_no_use_until_the_nodes_are_in_its_zone",
    ),
    (
        "capacity-block-tomorrow",
        "scenarios/capacity",
        "a_capacity_block_gives_nothing_before_it_has_begun",
    ),
    (
        "gpu-quota-zero",
        "scenarios/capacity",
        "a_quota_of_zero_fails_the_gpu_nodes_until_it_is_raised",
    ),
    (
        "gpu-quota-zero-reserved",
        "scenarios/capacity",
        "a_quota_of_zero_does_not_matter_with_a_reservation",
    ),
    (
        "permissions-boundary",
        "scenarios/refusals",
        "a_role_without_the_boundary_is_denied_and_one_with_it_is_made",
    ),
    ("scp-denial", "scenarios/refusals", "a_policy_of_the_organisation_denies_by_name"),
    ("throttling", "scenarios/refusals", "throttled_calls_are_asked_again_until_they_work"),
    (
        "throttling-gives-up",
        "scenarios/refusals",
        "after_25_attempts_the_provider_gives_up_and_the_next_run_works",
    ),
    ("slow-database", "scenarios/refusals", "a_slow_database_takes_three_times_as_long"),
    (
        "nodes-never-join",
        "scenarios/capacity",
        "nodes_that_never_join_fail_their_group_and_it_is_made_anew",
    ),
    ("image-push-fails", "recovery", "a_refused_push_leaves_the_other_images_where_they_are"),
    (
        "credentials-end",
        "credentials",
        "a_login_that_nobody_renews_fails_the_step_and_resume_makes_nothing_twice",
    ),
    (
        "image-never-pushed",
        "scenarios/runs",
        "an_image_that_is_gone_is_said_and_pushed_by_the_next_run",
    ),
    (
        "pod-fits-nowhere",
        "scenarios/runs",
        "a_pod_that_fits_nowhere_is_said_in_the_scheduler_s_words",
    ),
    ("webhook-not-ready", "scenarios/runs", "a_webhook_that_is_not_ready_refuses_one_run_only"),
    ("helm-killed", "scenarios/runs", "a_killed_helm_leaves_a_release_that_the_next_run_clears"),
    (
        "leftovers",
        "scenarios/refusals",
        "what_an_earlier_install_left_is_in_the_way_until_it_is_gone",
    ),
    (
        "drift-before-resume",
        "scenarios/runs",
        "what_was_changed_between_two_runs_is_mended_by_the_second",
    ),
    ("cluster-stopped", "scenarios/runs", "a_cluster_that_was_being_made_at_a_stop_is_kept"),
    (
        "state-lock-stale",
        "scenarios/runs",
        "the_lock_that_a_killed_terraform_leaves_is_released_by_the_next_run",
    ),
    (
        "state-unwritable",
        "scenarios/runs",
        "a_state_that_could_not_be_written_is_pushed_back_by_the_next_run",
    ),
];

#[test]
fn every_embedded_scenario_has_a_test() {
    let tested: BTreeSet<_> = TESTS.iter().map(|(scenario, ..)| *scenario).collect();
    let embedded: BTreeSet<_> = scenarios::ALL.iter().map(|named| named.name).collect();
    assert_eq!(tested, embedded);
    for (scenario, file, test) in TESTS {
        let text = std::fs::read_to_string(root().join(format!("tests/it/{file}.rs"))).unwrap();
        assert!(text.contains(&format!("#[test]\nfn {test}()")), "{scenario}: no test `{test}`");
    }
}
