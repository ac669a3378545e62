//! Answers at a glance: how many from where, what is not used; and all of them for programs.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use super::answer::{Answers, Source, Value};
use super::load::SCHEMA_VERSION;
use super::question::Question;

impl Answers {
    /// The answers that count, in the order of the pages: question, value, source.
    pub fn entries(&self) -> impl Iterator<Item = (&'static Question, &Value, &Source)> {
        self.catalogue.questions().filter(|q| self.applies(q)).filter_map(|question| {
            let answer = self.answer(question.key)?;
            Some((question, &answer.value, &answer.source))
        })
    }

    /// What `answers validate` says about answers that are right.
    pub fn summary(&self) -> String {
        let kinds =
            ["--set", "the environment", "you", "the file", "the caller", "the account", "default"];
        let mut counts = [0usize; 7];
        for (_, _, source) in self.entries() {
            counts[match source {
                Source::Set => 0,
                Source::Environment(_) => 1,
                Source::Form => 2,
                Source::File { .. } => 3,
                Source::Given(_) => 4,
                Source::Account => 5,
                Source::Derived(_) | Source::Default => 6,
            }] += 1;
        }
        let from: Vec<String> = counts
            .iter()
            .zip(kinds)
            .filter(|(count, _)| **count > 0)
            .map(|(count, kind)| format!("{count} {kind}"))
            .collect();
        let mut text = format!("the answers are right: {}", from.join(", "));
        for question in self.unused() {
            let source = self.answer(question.key).map(|a| a.source.to_string());
            let source = source.unwrap_or_default();
            let _ = write!(
                text,
                "\nnote: {source}: `{}` is not used; it is asked only {}",
                question.key, question.when
            );
        }
        text
    }

    /// All answers that count, with their sources, as one JSON document.
    pub fn to_json(&self) -> Json {
        let answers: Map<String, Json> = self
            .entries()
            .map(|(question, value, source)| {
                let entry = json!({ "value": value, "source": source.to_string() });
                (question.key.to_owned(), entry)
            })
            .collect();
        json!({
            "schema_version": SCHEMA_VERSION,
            "blueprint": self.catalogue.blueprint,
            "digest": self.digest(),
            "answers": answers,
            "unused": self.unused().map(|question| question.key).collect::<Vec<_>>(),
        })
    }
}
