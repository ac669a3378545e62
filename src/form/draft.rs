//! A form on disk: the answer file, with what was typed and is not right as comments beside its key.
//!
//! ```toml
//! # VPC range: The VPC is dedicated; networks that are connected to it must not overlap.
//! vpc_cidr = "10.0.0.0/16"
//! #? vpc_cidr = "10.0.0/16"
//! ```
//!
//! So a draft is an answer file that any reader takes, and nothing that was typed is lost.

use std::fmt::Write as _;

use crate::answers::{Answers, Catalogue, Typed};

/// What a line begins with that keeps something which is not right.
const OPEN: &str = "#? ";

/// The file of these answers, with what was typed for others.
pub(super) fn written<'a>(
    answers: &Answers,
    wrong: impl Iterator<Item = (&'a &'static str, &'a Typed)>,
) -> String {
    let mut text = answers.to_toml();
    for (key, typed) in wrong {
        let kept = match typed {
            Typed::Text(typed) => toml_edit::Value::from(typed.as_str()),
            Typed::Items(items) => items.iter().map(String::as_str).collect(),
        };
        let line = format!("{OPEN}{key} = {}\n", kept.to_string().trim());
        match after_line_of(&text, key) {
            Some(at) => text.insert_str(at, &line),
            None => {
                let _ = write!(text, "\n{line}");
            }
        }
    }
    text
}

/// What the line begins with that keeps the key which was in focus.
const FOCUS: &str = "#@ ";

/// A draft that says where it was left.
pub fn left_at(mut text: String, key: &str) -> String {
    if !text.ends_with('\n') {
        text.push('\n');
    }
    let _ = writeln!(text, "{FOCUS}{key}");
    text
}

/// The key of the question at which a draft was left.
pub fn focus_of(text: &str) -> Option<&str> {
    text.lines().rev().find_map(|line| line.strip_prefix(FOCUS)).map(str::trim)
}

/// Where the line of a key ends, a comment or not.
fn after_line_of(text: &str, key: &str) -> Option<usize> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        at += line.len();
        let bare = line.strip_prefix("# ").unwrap_or(line);
        if bare.strip_prefix(key).is_some_and(|rest| rest.starts_with(" =")) {
            return Some(at);
        }
    }
    None
}

/// What a file keeps that was typed and is not right.
pub(super) fn left_open(catalogue: &'static Catalogue, text: &str) -> Vec<(&'static str, Typed)> {
    let lines = text.lines().filter_map(|line| line.strip_prefix(OPEN));
    lines.filter_map(|line| read(catalogue, line)).collect()
}

fn read(catalogue: &'static Catalogue, line: &str) -> Option<(&'static str, Typed)> {
    let table: toml::Table = line.parse().ok()?;
    let (key, value) = table.into_iter().next()?;
    let key = catalogue.question(&key)?.key;
    let typed = match value {
        toml::Value::String(text) => Typed::Text(text),
        toml::Value::Array(items) => {
            let text = |item| match item {
                toml::Value::String(text) => Some(text),
                _ => None,
            };
            Typed::Items(items.into_iter().filter_map(text).collect())
        }
        _ => return None,
    };
    Some((key, typed))
}
