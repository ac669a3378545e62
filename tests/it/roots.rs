//! Roots as people write them, through their lives in both engines.

use std::path::Path;

use crate::support::bench::benches;

/// Copies a folder with what is in it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// A root of `tests/fixtures/roots` through its life. It changes by its variable `release`:
/// `changed` is what the plan for the second one says.
fn live(name: &str, changed: &str) {
    for bench in benches("", 0.0) {
        let from = crate::support::source::root().join("tests/fixtures/roots").join(name);
        copy(&from, &bench.root());
        bench.apply();
        bench.plan(0);
        let text = bench.expect(0, &["plan", "-refresh-only", "-no-color"]);
        assert!(text.contains("No changes."), "{text}");
        let second = "-var=release=2";
        let text = bench.expect(2, &["plan", "-no-color", "-detailed-exitcode", second]);
        assert!(text.contains(changed), "{}: {text}", bench.0.name);
        bench.expect(0, &["apply", "-auto-approve", "-no-color", second]);
        bench.expect(0, &["plan", "-no-color", "-detailed-exitcode", second]);
        bench.expect(0, &["destroy", "-auto-approve", "-no-color", second]);
        let left: Vec<_> = bench.0.world.store.list("aws").into_iter().map(|(k, _)| k).collect();
        assert_eq!(left, [""; 0], "{}", bench.0.name);
    }
}

#[test]
fn three_tiers_with_modules_in_modules() {
    live("web", "2 to add, 7 to change, 2 to destroy");
}

#[test]
fn messages_between_queues_topics_and_rules() {
    live("events", "5 to add, 10 to change, 5 to destroy");
}

#[test]
fn a_site_with_a_certificate_in_another_region() {
    live("site", "12 to add, 4 to change, 5 to destroy");
}

#[test]
fn a_cluster_in_the_manner_of_the_community_modules() {
    live("cluster", "0 to add, 8 to change, 0 to destroy");
}
