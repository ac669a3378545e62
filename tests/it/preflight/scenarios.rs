//! Every embedded scenario by its name: what a preflight shows of it before anything is begun.
//!
//! What goes wrong only while something is made cannot be seen before; such a scenario must pass.

use std::collections::BTreeMap;

use serde_json::Value;
use springboard::rehearsal::scenarios;

use super::sandbox;

/// Scenario, and the checks that do not pass in it.
const SHOWN: &[(&str, &[(&str, &str)])] = &[
    ("capacity-block-tomorrow", &[("gpu-window", "warn")]),
    ("credentials-end", &[("credentials", "warn")]),
    ("gpu-quota-zero", &[("quota-gpu-vcpu", "fail")]),
    ("leftovers", &[("name-bucket", "fail"), ("name-log-group", "fail"), ("name-role", "fail")]),
    ("permissions-boundary", &[("role-creation", "fail")]),
    ("reservation-wrong-zone", &[("gpu-zone", "fail")]),
    ("scp-denial", &[("permissions", "fail")]),
];

/// So many worlds at once.
const AT_ONCE: usize = 3;

/// The checks that do not pass, those of this host aside.
fn shown(out: &str) -> BTreeMap<String, String> {
    let document: Value = serde_json::from_str(out).unwrap_or_else(|e| panic!("{e}: {out}"));
    let text = |check: &Value, key: &str| check[key].as_str().unwrap().to_owned();
    let checks = document["checks"].as_array().unwrap().iter();
    checks
        .filter(|check| !["host", "tools"].contains(&check["subject"].as_str().unwrap()))
        .map(|check| (text(check, "id"), text(check, "outcome")))
        .filter(|(_, outcome)| !["pass", "skipped"].contains(&outcome.as_str()))
        .collect()
}

#[test]
fn each_embedded_scenario_shows_what_can_be_known_before() {
    let mut found = BTreeMap::new();
    for some in scenarios::ALL.chunks(AT_ONCE) {
        let begun: Vec<_> = some
            .iter()
            .map(|named| {
                let sandbox = sandbox();
                let words =
                    ["preflight", "--rehearse", "--output", "json", "--scenario", named.name];
                let asked = sandbox.start(&words);
                (named.name, sandbox, asked)
            })
            .collect();
        for (name, _sandbox, asked) in begun {
            let finished = asked.wait();
            let shown = shown(&finished.out);
            let is_ready = !shown.values().any(|outcome| outcome == "fail");
            finished.expect_code(if is_ready { 0 } else { 3 });
            found.insert(name, shown);
        }
    }
    let all = scenarios::ALL.iter().map(|named| {
        let shown = SHOWN.iter().find(|(name, _)| *name == named.name).map_or(&[][..], |one| one.1);
        let shown = shown.iter().map(|(id, outcome)| ((*id).to_owned(), (*outcome).to_owned()));
        (named.name, shown.collect::<BTreeMap<_, _>>())
    });
    assert_eq!(found, all.collect());
}
