//! Writing: answers as the commented file that gives the same answers when it is loaded.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::answer::{Answers, Row, Source, Value};
use super::catalogue::Catalogue;
use super::load::SCHEMA_VERSION;
use super::question::{Kind, Question};

impl Answers {
    /// The answer file: every key in the order of the pages, defaults included, each with a
    /// one-line comment. What is not set, and what is not asked in this case, is a comment.
    pub fn to_toml(&self) -> String {
        Writer { answers: self, purpose: Purpose::Replay }.write()
    }
}

/// A file to fill in: what must be answered is empty, everything else has its default. The
/// `chosen` values decide what is asked: `profile`, for one.
pub fn template(catalogue: &'static Catalogue, chosen: &BTreeMap<String, Value>) -> String {
    let answers = Answers::presumed(catalogue, chosen);
    Writer { answers: &answers, purpose: Purpose::Template }.write()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Replay,
    Template,
}

struct Writer<'a> {
    answers: &'a Answers,
    purpose: Purpose,
}

impl Writer<'_> {
    fn write(&self) -> String {
        let catalogue = self.answers.catalogue();
        let mut text = format!(
            "# Answers of springboard. No secret belongs in this file.\n\
             schema_version = {SCHEMA_VERSION}\n\
             blueprint = {}\n",
            quoted(catalogue.blueprint)
        );
        let mut tables = String::new();
        for page in catalogue.all_pages() {
            let _ = write!(text, "\n# ---- {} ----\n", page.title);
            for question in page.questions {
                match (&question.kind, self.answers.value(question)) {
                    // Whatever follows the header of a table belongs to it: tables come last.
                    (Kind::Table(_), Some(Value::Table(rows))) => {
                        let _ =
                            write!(tables, "\n# {}\n{}", comment(question), table(question, rows));
                    }
                    (_, value) => {
                        let _ = write!(
                            text,
                            "\n# {}\n{}\n",
                            comment(question),
                            self.line(question, value)
                        );
                    }
                }
            }
        }
        text + &tables
    }

    fn line(&self, question: &Question, value: Option<&Value>) -> String {
        let key = question.key;
        let asked = self.answers.applies(question);
        let only = || format!("asked only {}", question.when);
        let is_derived =
            self.answers.answer(key).is_some_and(|a| matches!(a.source, Source::Derived(_)));
        match value {
            Some(value) if !asked && !self.answers.is_chosen(question) => {
                format!("# {key} = {}  # {}", literal(value), only())
            }
            Some(value) if is_derived && self.purpose == Purpose::Template => {
                format!("# {key} = {}  # by default {}", literal(value), default_words(question))
            }
            Some(value) if !asked => format!("{key} = {}  # not used: {}", literal(value), only()),
            Some(value) => format!("{key} = {}", literal(value)),
            None if !asked => format!("# {key} = {}  # {}", question.example, only()),
            None if question.is_required() && self.purpose == Purpose::Template => {
                let empty = if matches!(question.kind, Kind::List { .. }) { "[]" } else { "\"\"" };
                format!("{key} = {empty}  # required, such as {}", question.example)
            }
            None => {
                format!("# {key} = {}  # not set: {}", question.example, default_words(question))
            }
        }
    }
}

/// What holds where nothing is answered, in words.
pub(super) fn default_words(question: &Question) -> String {
    use super::question::Default;
    match &question.default {
        Default::Required => "it must be answered".to_owned(),
        Default::Optional(meaning) => (*meaning).to_owned(),
        Default::Text(text) => quoted(text),
        Default::Flag(flag) => flag.to_string(),
        Default::Number(number) => number.to_string(),
        Default::List(items) => list(items.iter().copied()),
        Default::Derived { how, .. } => (*how).to_owned(),
    }
}

fn comment(question: &Question) -> String {
    format!("{}: {}", question.label, question.why)
}

pub(crate) fn literal(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Flag(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::List(items) => list(items.iter().map(String::as_str)),
        Value::Table(rows) => {
            let rows: Vec<String> =
                rows.iter().map(|(key, row)| format!("{} = {}", bare(key), inline(row))).collect();
            format!("{{ {} }}", rows.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    toml_edit::Value::from(text).to_string()
}

fn list<'a>(items: impl Iterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.map(quoted).collect();
    format!("[{}]", items.join(", "))
}

fn bare(key: &str) -> String {
    toml_edit::Key::new(key).to_string()
}

fn table(question: &Question, rows: &BTreeMap<String, Row>) -> String {
    if rows.is_empty() {
        return format!("[{}]\n", question.key);
    }
    let mut text = String::new();
    for (key, row) in rows {
        let _ = writeln!(text, "[{}.{}]", question.key, bare(key));
        for (column, value) in row {
            let _ = writeln!(text, "{} = {}", bare(column), json(value));
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len() + 1);
    text
}

fn inline(row: &Row) -> String {
    let cells: Vec<String> =
        row.iter().map(|(column, value)| format!("{} = {}", bare(column), json(value))).collect();
    format!("{{ {} }}", cells.join(", "))
}

/// A JSON value as TOML; null, which TOML lacks, does not come out of the reader.
fn json(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => quoted(text),
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(json).collect();
            format!("[{}]", items.join(", "))
        }
        serde_json::Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{} = {}", bare(key), json(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}
