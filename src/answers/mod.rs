//! Answers: the file, the values it may hold, and everything made from the questions.
//!
//! A [`Catalogue`] lists the questions of a blueprint in the order of the wizard's pages. The
//! loader, the written file, its template, the JSON schema, `explain` and the names of the
//! environment variables are made from it, so a new question is one entry. Nothing here knows a
//! blueprint, prompts, or asks an account. Start at [`Question`] for what can be asked and at
//! [`Loader`] for how [`Answers`] come to be; [`value`] holds the types of single values.

mod answer;
mod catalogue;
mod digest;
mod explain;
mod load;
mod parse;
mod problem;
mod question;
mod schema;
mod summary;
pub mod value;
mod write;

pub use answer::{Answer, Answers, Row, Source, Value};
pub use catalogue::{Catalogue, Conflict, Page, Rule};
pub use explain::{Explanation, UnknownKey, explain};
pub use load::{Loader, SCHEMA_VERSION, Typed};
pub use problem::{InvalidAnswers, Place, Problem};
pub use question::{
    Choice, Column, ColumnKind, Default, Kind, Offers, Question, Reference, Table, Text, always,
};
pub use schema::schema;
pub use value::{TextValue, ValueError};
pub(crate) use write::literal;
pub use write::template;
