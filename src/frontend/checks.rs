//! The report of a preflight in lines: the worst first, what passed in one line, then the counts.

use std::collections::BTreeMap;

use super::words::count;
use crate::preflight::report::word;
use crate::preflight::{Check, Checked, Report, Subject};
use crate::run::event::Outcome;

/// The whole report.
pub fn lines(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for outcome in [Outcome::Fail, Outcome::Warn] {
        for checked in of(report, outcome) {
            lines.push(headed(outcome, checked.check.id, &checked.finding.found));
            let more = [("why", &checked.finding.why), ("do", &checked.finding.remedy)];
            for (name, text) in more {
                lines.extend(text.as_ref().map(|text| format!("{:8} {name}: {text}", "")));
            }
        }
    }
    lines.extend(folded(report, Outcome::Unknown));
    lines.extend(folded(report, Outcome::Skipped));
    lines.extend(passed(report));
    lines.push(summary(report));
    lines
}

/// The checks of a blueprint, for choosing what to leave out.
pub fn catalogue(checks: &[&'static Check]) -> Vec<String> {
    checks.iter().map(|check| format!("{:<24} {}", check.id, check.sentence)).collect()
}

/// `46 checks in 6.2 s: 1 fail, 3 warn, 1 unknown, 41 pass`.
fn summary(report: &Report) -> String {
    let counts = [Outcome::Fail, Outcome::Warn, Outcome::Unknown, Outcome::Skipped, Outcome::Pass];
    let counts = counts.into_iter().filter(|o| *o == Outcome::Fail || report.count(*o) > 0);
    let counts: Vec<String> =
        counts.map(|outcome| format!("{} {}", report.count(outcome), word(outcome))).collect();
    let all = count(report.checked.len() as u64, "check");
    format!("{all} in {:.1} s: {}", report.elapsed.as_secs_f64(), counts.join(", "))
}

fn of(report: &Report, outcome: Outcome) -> impl Iterator<Item = &Checked> {
    report.checked.iter().filter(move |checked| checked.finding.outcome == outcome)
}

fn headed(outcome: Outcome, id: &str, text: &str) -> String {
    format!("{:8} {id}: {text}", word(outcome))
}

/// Checks with the same reason in one line: an account that does not answer is one reason.
fn folded(report: &Report, outcome: Outcome) -> Vec<String> {
    let mut reasons: Vec<(&str, Option<&str>, Vec<&str>)> = Vec::new();
    for checked in of(report, outcome) {
        let found = checked.finding.found.as_str();
        if let Some((.., ids)) = reasons.iter_mut().find(|(reason, ..)| *reason == found) {
            ids.push(checked.check.id);
        } else {
            let remedy = checked.finding.remedy.as_deref();
            reasons.push((found, remedy, vec![checked.check.id]));
        }
    }
    let mut lines = Vec::new();
    for (reason, remedy, ids) in reasons {
        if let [one] = ids[..] {
            lines.push(headed(outcome, one, reason));
        } else {
            let all = count(ids.len() as u64, "check");
            lines.push(format!("{:8} {all}: {reason}", word(outcome)));
            lines.push(format!("{:8} {}", "", ids.join(", ")));
        }
        lines.extend(remedy.map(|remedy| format!("{:8} do: {remedy}", "")));
    }
    lines
}

/// What passed, counted by subject.
fn passed(report: &Report) -> Option<String> {
    let mut subjects: BTreeMap<Subject, usize> = BTreeMap::new();
    for checked in of(report, Outcome::Pass) {
        *subjects.entry(checked.check.subject).or_default() += 1;
    }
    let all: usize = subjects.values().sum();
    let parts: Vec<String> =
        subjects.iter().map(|(subject, number)| format!("{} {number}", subject.word())).collect();
    let all_said = count(all as u64, "check");
    (all > 0).then(|| format!("{:8} {all_said}: {}", word(Outcome::Pass), parts.join(", ")))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::preflight::{CHECKS, Finding};

    fn checked(position: usize, finding: Finding) -> Checked {
        Checked { check: CHECKS[position], finding, elapsed: Duration::ZERO }
    }

    #[test]
    fn the_worst_comes_first_and_equal_reasons_are_one_line() {
        let silent = || Finding::unknown("no answer").mend("log in");
        let report = Report {
            checked: vec![
                checked(0, Finding::pass("all right")),
                checked(1, Finding::warn("old").mend("take a newer one")),
                checked(2, silent()),
                checked(3, silent()),
                checked(4, Finding::fail("lost").because("it is needed").mend("find it")),
            ],
            elapsed: Duration::from_millis(1234),
        };
        let ids: Vec<&str> = CHECKS.iter().map(|check| check.id).collect();
        assert_eq!(
            lines(&report),
            [
                format!("fail     {}: lost", ids[4]),
                "         why: it is needed".into(),
                "         do: find it".into(),
                format!("warn     {}: old", ids[1]),
                "         do: take a newer one".into(),
                "unknown  2 checks: no answer".into(),
                format!("         {}, {}", ids[2], ids[3]),
                "         do: log in".into(),
                "pass     1 check: tools 1".into(),
                "5 checks in 1.2 s: 1 fail, 1 warn, 2 unknown, 1 pass".into(),
            ]
        );
    }
}
