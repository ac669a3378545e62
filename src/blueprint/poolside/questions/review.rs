//! Page: the review, where everything else is answered.

use super::super::deviations;
use crate::answers::value::{Sentence, Slug};
use crate::answers::{
    Answers, Column, ColumnKind, Default, Kind, Page, Question, Reference, Table, Text,
};

/// The page.
pub const PAGE: Page = Page { id: "review", title: "Review", questions: &[&DEVIATIONS] };

/// Why the answers depart from the reference, departure by departure.
pub const DEVIATIONS: Question = Question {
    key: "deviations",
    label: "Departures",
    kind: Kind::Table(&Table {
        key: Text::of::<Slug>(),
        columns: &[Column {
            name: REASON,
            kind: ColumnKind::Text(Text::of::<Sentence>()),
            meaning: "why it is as it is, in a sentence",
        }],
        needs: |_, column| column == REASON,
    }),
    default: Default::Optional("no reasons are given"),
    applies: |answers| deviations::answered(answers).next().is_some(),
    when: "where the answers depart from the reference architecture",
    why: "Whoever meets the installation later finds here why it is not as the reference has it.",
    consequence: "The reason stands beside the departure in the plan and in the report.",
    example: "{ database-in-one-zone = { reason = \"a trial, which needs no standby\" } }",
    name: Reference::Addition,
    ..Question::PLAIN
};

const REASON: &str = "reason";

/// The reason that is given for the departure `id`.
pub fn reason(answers: &Answers, id: &str) -> Option<String> {
    let row = answers.table(&DEVIATIONS)?.get(id)?;
    row.get(REASON)?.as_str().map(str::to_owned)
}
