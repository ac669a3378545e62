//! Answers: values that have been checked, each with where it came from.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::Serialize;

use super::catalogue::Catalogue;
use super::question::Question;

/// The answers to a catalogue of questions.
///
/// Holds a value for each question that was answered or has a default, whether or not it is
/// asked in this case; [`Answers::applies`] says whether it counts.
#[derive(Debug, Clone)]
pub struct Answers {
    pub(super) catalogue: &'static Catalogue,
    pub(super) given: BTreeMap<&'static str, Answer>,
}

/// A value and its source.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The value.
    pub value: Value,
    /// Where it came from.
    pub source: Source,
}

/// A value, of the shape that its question allows.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// A text, a path or one of a few words.
    Text(String),
    /// Yes or no.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// Several texts.
    List(Vec<String>),
    /// Rows by key.
    Table(BTreeMap<String, Row>),
}

/// A row of a table: column to value.
pub type Row = BTreeMap<String, serde_json::Value>;

/// Where an answer came from; the order is that of precedence, the strongest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `--set`.
    Set,
    /// The environment variable of this name.
    Environment(String),
    /// Typed into the form.
    Form,
    /// The answer file.
    File {
        /// Its name.
        path: PathBuf,
        /// The line of the key.
        line: usize,
    },
    /// Whoever called: `the sample bundle`.
    Given(String),
    /// What the account says.
    Account,
    /// Made from other answers; says how.
    Derived(&'static str),
    /// The built-in default.
    Default,
}

impl Source {
    /// Whether a person chose it.
    pub fn is_chosen(&self) -> bool {
        matches!(self, Self::Set | Self::Environment(_) | Self::Form | Self::File { .. })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Set => f.write_str("--set"),
            Self::Environment(name) => f.write_str(name),
            Self::Form => f.write_str("you"),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
            Self::Given(label) => f.write_str(label),
            Self::Account => f.write_str("the account"),
            Self::Derived(how) => write!(f, "by default {how}"),
            Self::Default => f.write_str("default"),
        }
    }
}

impl Answers {
    /// No answers, not even defaults.
    pub fn none(catalogue: &'static Catalogue) -> Self {
        Self { catalogue, given: BTreeMap::new() }
    }

    /// The `chosen` values and the defaults that go with them; nothing is checked.
    pub fn presumed(catalogue: &'static Catalogue, chosen: &BTreeMap<String, Value>) -> Self {
        let mut answers = Self::none(catalogue);
        for question in catalogue.questions() {
            let value = chosen.get(question.key).cloned();
            let source = if value.is_some() { Source::Set } else { question.default_source() };
            if let Some(value) = value.or_else(|| question.default_value(&answers)) {
                answers.given.insert(question.key, Answer { value, source });
            }
        }
        answers
    }

    /// The catalogue that they answer.
    pub fn catalogue(&self) -> &'static Catalogue {
        self.catalogue
    }

    /// The answer to `key`, with its source.
    pub fn answer(&self, key: &str) -> Option<&Answer> {
        self.given.get(key)
    }

    /// The value of `question`; none where it is not answered and has no default.
    pub fn value(&self, question: &Question) -> Option<&Value> {
        self.given.get(question.key).map(|answer| &answer.value)
    }

    /// Whether `question` is asked, given the others.
    pub fn applies(&self, question: &Question) -> bool {
        (question.applies)(self)
    }

    /// A text, a path or one of a few words.
    pub fn text(&self, question: &Question) -> Option<&str> {
        match self.value(question)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text as the type that it was checked to be.
    pub fn parsed<T: FromStr>(&self, question: &Question) -> Option<T> {
        self.text(question)?.parse().ok()
    }

    /// Whether the answer is yes; an absent one is no.
    pub fn flag(&self, question: &Question) -> bool {
        matches!(self.value(question), Some(Value::Flag(true)))
    }

    /// A whole number.
    pub fn number(&self, question: &Question) -> Option<i64> {
        match self.value(question)? {
            Value::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// Several texts; an absent list is empty.
    pub fn list(&self, question: &Question) -> &[String] {
        match self.value(question) {
            Some(Value::List(items)) => items,
            _ => &[],
        }
    }

    /// Several texts as the type that they were checked to be.
    pub fn parsed_list<T: FromStr>(&self, question: &Question) -> Vec<T> {
        self.list(question).iter().filter_map(|item| item.parse().ok()).collect()
    }

    /// Rows by key; none where the table is absent.
    pub fn table(&self, question: &Question) -> Option<&BTreeMap<String, Row>> {
        match self.value(question)? {
            Value::Table(rows) => Some(rows),
            _ => None,
        }
    }

    /// Whether a person chose the answer to `question`.
    pub fn is_chosen(&self, question: &Question) -> bool {
        self.given.get(question.key).is_some_and(|answer| answer.source.is_chosen())
    }

    /// The questions that a person answered although they are not asked in this case.
    pub fn unused(&self) -> impl Iterator<Item = &'static Question> + '_ {
        self.catalogue.questions().filter(|q| self.is_chosen(q) && !self.applies(q))
    }

    /// Whether the two have the same values, wherever they came from.
    pub fn same_values(&self, other: &Self) -> bool {
        self.given.len() == other.given.len()
            && self.given.iter().all(|(key, answer)| {
                other.given.get(key).is_some_and(|theirs| theirs.value == answer.value)
            })
    }
}

impl Value {
    /// What it is, for a message about a wrong type.
    pub fn what(&self) -> &'static str {
        match self {
            Self::Text(_) => "a text",
            Self::Flag(_) => "true or false",
            Self::Number(_) => "a number",
            Self::List(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}
