//! The report of a preflight: counts, order for people, and the document for programs.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::{Check, Finding, Subject};
use crate::run::event::{EventKind, Failure, Outcome};

/// One check that was asked.
#[derive(Debug, Clone)]
pub struct Checked {
    /// Which.
    pub check: &'static Check,
    /// What it found.
    pub finding: Finding,
    /// How long after the beginning.
    pub elapsed: Duration,
}

/// All checks that were asked, in the order of the catalogue.
#[derive(Debug, Clone)]
pub struct Report {
    /// The checks.
    pub checked: Vec<Checked>,
    /// How long they took together.
    pub elapsed: Duration,
}

/// The outcomes, the worst first.
const ORDER: [Outcome; 5] =
    [Outcome::Fail, Outcome::Warn, Outcome::Unknown, Outcome::Skipped, Outcome::Pass];

/// The document that `--output json` prints; `assets/schemas/preflight.json` is its schema.
#[derive(Debug, Serialize)]
struct Document<'a> {
    schema_version: u32,
    outcome: Outcome,
    counts: BTreeMap<&'static str, usize>,
    elapsed_ms: u64,
    checks: Vec<Entry<'a>>,
}

#[derive(Debug, Serialize)]
struct Entry<'a> {
    id: &'static str,
    subject: Subject,
    sentence: &'static str,
    outcome: Outcome,
    found: &'a str,
    why: Option<&'a str>,
    remedy: Option<&'a str>,
}

impl Report {
    /// How many checks ended so.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.checked.iter().filter(|checked| checked.finding.outcome == outcome).count()
    }

    /// The checks that failed.
    pub fn failed(&self) -> impl Iterator<Item = &Checked> {
        self.checked.iter().filter(|checked| checked.finding.outcome == Outcome::Fail)
    }

    /// Why nothing is begun; `None` where no check failed.
    pub fn failure(&self) -> Option<Failure> {
        let failed: Vec<&Checked> = self.failed().collect();
        match failed[..] {
            [] => None,
            [one] => Some(Failure {
                what: one.finding.found.clone(),
                causes: vec![format!("the check `{}` failed", one.check.id)],
                hint: one.finding.remedy.clone(),
            }),
            _ => Some(Failure {
                what: format!("{} checks failed", failed.len()),
                causes: failed
                    .iter()
                    .map(|one| format!("{}: {}", one.check.id, one.finding.found))
                    .collect(),
                hint: Some("each says above what mends it; nothing was begun".to_owned()),
            }),
        }
    }

    /// As the journal keeps it.
    pub fn events(&self) -> Vec<EventKind> {
        let event = |one: &Checked| EventKind::CheckFinished {
            check: one.check.id.to_owned(),
            outcome: one.finding.outcome,
            finding: one.finding.found.clone(),
            why: one.finding.why.clone(),
            remedy: one.finding.remedy.clone(),
        };
        self.checked.iter().map(event).collect()
    }

    /// The document for programs.
    pub fn document(&self) -> serde_json::Value {
        let outcome = ORDER.into_iter().find(|outcome| self.count(*outcome) > 0);
        // Unknown and skipped checks never block.
        let outcome = match outcome {
            Some(worst @ (Outcome::Fail | Outcome::Warn)) => worst,
            _ => Outcome::Pass,
        };
        let counts = ORDER.map(|outcome| (word(outcome), self.count(outcome))).into();
        let checks = self.checked.iter().map(Entry::of).collect();
        let elapsed_ms = u64::try_from(self.elapsed.as_millis()).unwrap_or(u64::MAX);
        let document = Document { schema_version: 1, outcome, counts, elapsed_ms, checks };
        serde_json::to_value(document).expect("the document has keys that are texts")
    }
}

impl<'a> Entry<'a> {
    fn of(one: &'a Checked) -> Self {
        let Finding { outcome, found, why, remedy } = &one.finding;
        let Check { id, sentence, subject, .. } = *one.check;
        Self {
            id,
            subject,
            sentence,
            outcome: *outcome,
            found,
            why: why.as_deref(),
            remedy: remedy.as_deref(),
        }
    }
}

/// An outcome as it is written everywhere.
pub fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "pass",
        Outcome::Warn => "warn",
        Outcome::Fail => "fail",
        Outcome::Unknown => "unknown",
        Outcome::Skipped => "skipped",
    }
}

/// The catalogue as a document: an array of id, subject and sentence.
pub fn catalogue(checks: &[&'static Check]) -> serde_json::Value {
    let entry = |check: &&'static Check| {
        serde_json::json!({
            "id": check.id, "subject": check.subject.word(), "sentence": check.sentence,
        })
    };
    checks.iter().map(entry).collect()
}
