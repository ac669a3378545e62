//! From what was written to the value that a question allows, or why not.
//!
//! The only place that reads TOML values. Where the words of a person come without quotes (in
//! `--set`, the environment and the form), the kind of the question decides what they mean.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Component, Path, PathBuf};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::answer::{Row, Value};
use super::catalogue::nearest;
use super::question::{Choice, ColumnKind, Default, Kind, Question, Table, Text};

/// Something wrong in a value, with its place in the text where that is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) text: String,
    pub(super) span: Option<Range<usize>>,
}

/// A value, nothing where the answer is deliberately empty, or all that is wrong.
pub(super) type Parsed = Result<Option<Value>, Vec<Finding>>;

/// Where relative paths begin, and whether paths are looked at.
#[derive(Debug, Clone)]
pub(super) struct Paths {
    /// The folder that relative paths are taken from.
    pub(super) base: PathBuf,
    /// What `~` stands for.
    pub(super) home: PathBuf,
    /// Whether a path must be right already; not so for a question that is not asked.
    pub(super) check: bool,
}

/// Reads a value of the file.
pub(super) fn from_toml(
    question: &Question,
    value: &Spanned<DeValue<'_>>,
    paths: &Paths,
) -> Parsed {
    Reader { question, paths }.read(value)
}

/// Reads a value that was written without the need for quotes.
pub(super) fn from_words(question: &Question, words: &str, paths: &Paths) -> Parsed {
    let reader = Reader { question, paths };
    let wants_text = matches!(question.kind, Kind::Text(_) | Kind::Choice(_));
    match DeValue::parse(words.trim()) {
        // `1.35` is a number for TOML; for a question that wants a text it is that text.
        Ok(value) if wants_text && !value.get_ref().is_str() => reader.bare(words),
        Ok(value) => reader.read(&value).map_err(without_place),
        // What begins like TOML was meant to be TOML.
        Err(e) if words.trim_start().starts_with(['[', '{', '"', '\'']) => {
            Err(vec![finding(format!("`{words}` is not right TOML: {}", e.message()), None)])
        }
        Err(_) => reader.bare(words),
    }
}

/// Reads a value that is already of its shape, from a caller or the account.
pub(super) fn from_value(question: &Question, value: &Value, paths: &Paths) -> Parsed {
    let reader = Reader { question, paths };
    match (&question.kind, value) {
        (Kind::Text(_) | Kind::Choice(_), Value::Text(text)) => reader.text(text, None),
        (Kind::Flag, Value::Flag(_)) | (Kind::Table(_), Value::Table(_)) => Ok(Some(value.clone())),
        (Kind::Number { .. }, Value::Number(number)) => reader.number(*number, None),
        (Kind::List { .. } | Kind::Choices(_), Value::List(items)) => {
            let items = items.iter().map(|item| (item.clone(), None)).collect();
            reader.items(items, None)
        }
        _ => Err(vec![finding(
            format!("must be {}; {} was given", question.allowed(), value.what()),
            None,
        )]),
    }
}

struct Reader<'a> {
    question: &'a Question,
    paths: &'a Paths,
}

impl Reader<'_> {
    fn read(&self, value: &Spanned<DeValue<'_>>) -> Parsed {
        let span = Some(value.span());
        match (&self.question.kind, value.get_ref()) {
            (Kind::Text(_) | Kind::Choice(_), DeValue::String(text)) => self.text(text, span),
            (Kind::Flag, DeValue::Boolean(flag)) => Ok(Some(Value::Flag(*flag))),
            (Kind::Number { .. }, DeValue::Integer(_)) => match integer(value.get_ref()) {
                Some(number) => self.number(number, span),
                None => Err(self.wrong(value)),
            },
            (Kind::List { .. } | Kind::Choices(_), DeValue::Array(array)) => {
                let mut items = Vec::new();
                let mut wrong = Vec::new();
                for item in array {
                    match item.get_ref() {
                        DeValue::String(text) => {
                            items.push((text.to_string(), Some(item.span())));
                        }
                        other => wrong.push(finding(
                            format!("each item is a text in quotes; found {}", found(other)),
                            Some(item.span()),
                        )),
                    }
                }
                if wrong.is_empty() { self.items(items, span) } else { Err(wrong) }
            }
            (Kind::Table(table), DeValue::Table(rows)) => read_rows(table, rows),
            _ => Err(self.wrong(value)),
        }
    }

    /// Words without quotes.
    fn bare(&self, words: &str) -> Parsed {
        match &self.question.kind {
            Kind::Text(_) | Kind::Choice(_) => self.text(words, None),
            Kind::List { .. } | Kind::Choices(_) => {
                let items = words
                    .split(',')
                    .map(str::trim)
                    .filter(|item| !item.is_empty())
                    .map(|item| (item.to_owned(), None))
                    .collect();
                self.items(items, None)
            }
            Kind::Table(_) if words.is_empty() && !self.question.is_required() => Ok(None),
            Kind::Flag | Kind::Number { .. } | Kind::Table(_) => Err(vec![finding(
                format!("`{words}` is not allowed: must be {}", self.question.allowed()),
                None,
            )]),
        }
    }

    fn text(&self, text: &str, span: Option<Range<usize>>) -> Parsed {
        // An empty answer says that nothing shall be, where that is possible.
        let may_be_absent = match self.question.default {
            Default::Optional(_) => true,
            Default::Required => !self.paths.check,
            _ => false,
        };
        if text.is_empty() && may_be_absent {
            return Ok(None);
        }
        // The template leaves a required text empty.
        if text.is_empty() && self.question.is_required() {
            return Err(vec![finding(format!("is missing: {}", self.question.allowed()), span)]);
        }
        let value = match &self.question.kind {
            Kind::Choice(choices) => one_of(choices, text),
            Kind::Text(kind) => self.one(*kind, text),
            _ => return Err(vec![finding(format!("must be {}", self.question.allowed()), span)]),
        };
        match value {
            Ok(text) => Ok(Some(Value::Text(text))),
            Err(text) => Err(vec![finding(text, span)]),
        }
    }

    fn one(&self, kind: Text, text: &str) -> Result<String, String> {
        if !kind.is_path {
            return (kind.parse)(text).map_err(|e| e.to_string());
        }
        let path = self.absolute(text).display().to_string();
        if text.is_empty() || self.paths.check {
            (kind.parse)(if text.is_empty() { text } else { &path }).map_err(|e| e.to_string())
        } else {
            Ok(path)
        }
    }

    /// The path from the root on, without `.` in between.
    fn absolute(&self, text: &str) -> PathBuf {
        let path = match text.strip_prefix('~') {
            Some("") => self.paths.home.clone(),
            Some(rest) if rest.starts_with('/') => self.paths.home.join(&rest[1..]),
            _ => self.paths.base.join(Path::new(text)),
        };
        path.components().filter(|c| !matches!(c, Component::CurDir)).collect()
    }

    fn number(&self, number: i64, span: Option<Range<usize>>) -> Parsed {
        match self.question.kind {
            Kind::Number { min, max, .. } if (min..=max).contains(&number) => {
                Ok(Some(Value::Number(number)))
            }
            _ => Err(vec![finding(
                format!("`{number}` is not allowed: must be {}", self.question.allowed()),
                span,
            )]),
        }
    }

    fn items(
        &self,
        items: Vec<(String, Option<Range<usize>>)>,
        span: Option<Range<usize>>,
    ) -> Parsed {
        let (min, max) = match self.question.kind {
            Kind::List { min, max, .. } => (min, max),
            _ => (0, usize::MAX),
        };
        let mut wrong = Vec::new();
        let mut values: Vec<String> = Vec::new();
        let count = items.len();
        for (text, place) in items {
            let value = match &self.question.kind {
                Kind::List { item, .. } => self.one(*item, &text),
                Kind::Choices(choices) => one_of(choices, &text),
                _ => Err(format!("must be {}", self.question.allowed())),
            };
            match value {
                Ok(value) if values.contains(&value) => {
                    wrong.push(finding(format!("`{value}` is named twice"), place));
                }
                Ok(value) => values.push(value),
                Err(text) => wrong.push(finding(text, place)),
            }
        }
        if wrong.is_empty() && !(min..=max).contains(&count) {
            let bounds = match (min, max) {
                (min, usize::MAX) => format!("at least {min}"),
                (0, max) => format!("at most {max}"),
                (min, max) => format!("{min} to {max}"),
            };
            wrong.push(finding(format!("the list has {count} items; {bounds} are allowed"), span));
        }
        if wrong.is_empty() { Ok(Some(Value::List(values))) } else { Err(wrong) }
    }

    fn wrong(&self, value: &Spanned<DeValue<'_>>) -> Vec<Finding> {
        let wants_text = matches!(self.question.kind, Kind::Text(_) | Kind::Choice(_));
        let quotes = match value.get_ref() {
            DeValue::Integer(number) if wants_text => format!(": write \"{number}\" in quotes"),
            DeValue::Float(number) if wants_text => format!(": write \"{number}\" in quotes"),
            _ => String::new(),
        };
        let text = format!(
            "must be {}; found {}{quotes}",
            self.question.allowed(),
            found(value.get_ref())
        );
        vec![finding(text, Some(value.span()))]
    }
}

fn one_of(choices: &[Choice], text: &str) -> Result<String, String> {
    if choices.iter().any(|choice| choice.value == text) {
        return Ok(text.to_owned());
    }
    let allowed = super::question::quoted(choices);
    let meant = nearest(text, choices.iter().map(|c| c.value))
        .map(|near| format!("; nearest: `{near}`"))
        .unwrap_or_default();
    Err(format!("`{text}` is not allowed: must be {allowed}{meant}"))
}

fn read_rows(table: &Table, rows: &DeTable<'_>) -> Parsed {
    let mut wrong = Vec::new();
    let mut read = BTreeMap::new();
    for (key, row) in rows {
        let name = key.get_ref();
        if let Err(e) = (table.key.parse)(name) {
            wrong.push(finding(e.to_string(), Some(key.span())));
            continue;
        }
        match row.get_ref() {
            DeValue::Table(columns) => match read_row(table, name, columns, &key.span()) {
                Ok(row) => drop(read.insert(name.to_string(), row)),
                Err(findings) => wrong.extend(findings),
            },
            other => wrong.push(finding(
                format!("`{name}` must be a table; found {}", found(other)),
                Some(row.span()),
            )),
        }
    }
    if wrong.is_empty() { Ok(Some(Value::Table(read))) } else { Err(wrong) }
}

fn read_row(
    table: &Table,
    name: &str,
    columns: &DeTable<'_>,
    place: &Range<usize>,
) -> Result<Row, Vec<Finding>> {
    let mut wrong = Vec::new();
    let mut row = Row::new();
    for (column, value) in columns {
        let column_name = column.get_ref().as_ref();
        let known = table.columns.iter().find(|c| c.name == column_name);
        let read = match known {
            Some(known) => read_cell(&known.kind, value.get_ref()),
            None => match slip(table, column_name) {
                Some(near) => Err(format!("is not known; nearest: `{near}`")),
                None => Ok(json(value.get_ref())),
            },
        };
        match read {
            Ok(value) => drop(row.insert(column_name.to_owned(), value)),
            Err(text) => wrong.push(finding(
                format!("`{name}.{column_name}` {text}"),
                Some(if known.is_some() { value.span() } else { column.span() }),
            )),
        }
    }
    for column in table.columns {
        let present = columns.iter().any(|(key, _)| key.get_ref() == column.name);
        if !present && (table.needs)(name, column.name) {
            let text = format!("`{name}.{}` is missing: {}", column.name, column.meaning);
            wrong.push(finding(text, Some(place.clone())));
        }
    }
    if wrong.is_empty() { Ok(row) } else { Err(wrong) }
}

/// The column of ours that an unknown one was meant to be, when it is off by a letter or two.
fn slip(table: &Table, name: &str) -> Option<&'static str> {
    let plain = |text: &str| text.to_ascii_lowercase().replace(['_', '-'], "");
    table
        .columns
        .iter()
        .map(|column| column.name)
        .find(|known| strsim::damerau_levenshtein(&plain(known), &plain(name)) <= 2)
}

fn read_cell(kind: &ColumnKind, value: &DeValue<'_>) -> Result<serde_json::Value, String> {
    match (kind, value) {
        (ColumnKind::Text(kind), DeValue::String(text)) => {
            (kind.parse)(text).map(serde_json::Value::String).map_err(|e| format!("is wrong: {e}"))
        }
        (ColumnKind::Text(kind), other) => {
            Err(format!("must be {} such as `{}`; found {}", kind.what, kind.example, found(other)))
        }
        (ColumnKind::Number { min, max }, value) => match integer(value) {
            Some(number) if (*min..=*max).contains(&number) => Ok(number.into()),
            Some(number) => Err(format!("is {number}; must be a whole number from {min} to {max}")),
            None => {
                Err(format!("must be a whole number from {min} to {max}; found {}", found(value)))
            }
        },
    }
}

fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

/// Any value as JSON, tables sorted by key.
fn json(value: &DeValue<'_>) -> serde_json::Value {
    match value {
        DeValue::String(text) => text.to_string().into(),
        DeValue::Integer(number) => {
            integer(value).map_or_else(|| number.to_string().into(), Into::into)
        }
        DeValue::Float(number) => number
            .as_str()
            .parse::<f64>()
            .ok()
            .and_then(serde_json::Number::from_f64)
            .map_or_else(|| number.to_string().into(), Into::into),
        DeValue::Boolean(flag) => (*flag).into(),
        DeValue::Datetime(time) => time.to_string().into(),
        DeValue::Array(items) => items.iter().map(|item| json(item.get_ref())).collect(),
        DeValue::Table(rows) => {
            let sorted: BTreeMap<String, serde_json::Value> = rows
                .iter()
                .map(|(key, value)| (key.get_ref().to_string(), json(value.get_ref())))
                .collect();
            sorted.into_iter().collect()
        }
    }
}

/// What was found, for a message about a wrong type.
fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) => format!("the text `{text}`"),
        DeValue::Integer(number) => format!("the number `{number}`"),
        DeValue::Float(number) => format!("the number `{number}`"),
        DeValue::Boolean(flag) => format!("`{flag}`"),
        DeValue::Datetime(time) => format!("the time `{time}`"),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

fn finding(text: String, span: Option<Range<usize>>) -> Finding {
    Finding { text, span }
}

/// Places inside a `--set` or a variable help nobody.
fn without_place(findings: Vec<Finding>) -> Vec<Finding> {
    findings.into_iter().map(|f| finding(f.text, None)).collect()
}
