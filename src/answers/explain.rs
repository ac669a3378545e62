//! Explaining a key: what is asked, why, what follows, what is allowed, where a value comes from.

use std::fmt;

use serde::Serialize;

use super::answer::Answers;
use super::catalogue::Catalogue;
use super::question::{Choice, Default, Kind, Reference};
use super::write::default_words;
use crate::error::Hint;

/// Everything that is to be said about a key.
#[derive(Debug, Serialize)]
pub struct Explanation {
    key: &'static str,
    label: &'static str,
    page: &'static str,
    why: &'static str,
    consequence: &'static str,
    allowed: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    choices: Vec<(&'static str, &'static str)>,
    default: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    default_source: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    from_the_account: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    asked: &'static str,
    variable: String,
    example: String,
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    terraform_variable: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<super::answer::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

/// A key that nobody asks for.
#[derive(Debug, thiserror::Error)]
#[error("`{key}` is not a key of the answers")]
pub struct UnknownKey {
    /// The key.
    pub key: String,
    /// The known key that it is most like.
    pub nearest: Option<&'static str>,
}

impl Hint for UnknownKey {
    fn hint(&self) -> Option<String> {
        Some(match self.nearest {
            Some(near) => format!("the nearest known key is `{near}`"),
            None => "`springboard answers new` lists all keys".to_owned(),
        })
    }
}

/// Explains `key`; with `answers`, says also what holds and where it came from.
///
/// # Errors
/// When nobody asks for the key.
pub fn explain(
    catalogue: &Catalogue,
    key: &str,
    answers: Option<&Answers>,
) -> Result<Explanation, UnknownKey> {
    let Some(question) = catalogue.question(key) else {
        return Err(UnknownKey { key: key.to_owned(), nearest: catalogue.nearest(key) });
    };
    let choices = match question.kind {
        Kind::Choice(choices) | Kind::Choices(choices) => choices,
        _ => &[],
    };
    let answer = answers.and_then(|answers| answers.answer(key));
    Ok(Explanation {
        key: question.key,
        label: question.label,
        page: catalogue.page_of(key).map_or("", |page| page.title),
        why: question.why,
        consequence: question.consequence,
        allowed: question.allowed(),
        choices: choices.iter().map(|Choice { value, meaning }| (*value, *meaning)).collect(),
        default: match question.default {
            Default::Required => "none".to_owned(),
            Default::Optional(meaning) => format!("not set: {meaning}"),
            _ => default_words(question),
        },
        default_source: question.basis,
        from_the_account: question.live,
        asked: question.when,
        variable: question.variable(),
        example: format!("{} = {}", question.key, question.example),
        name: match question.name {
            Reference::Confirmed => "as in the reference architecture",
            Reference::OwnName => "ours; what the reference architecture calls it is not known",
            Reference::Addition => "ours; the reference architecture does not speak of it",
        },
        terraform_variable: question.feeds,
        value: answer.map(|answer| answer.value.clone()),
        source: answer.map(|answer| answer.source.to_string()),
    })
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} ({}, page {})", self.key, self.label, self.page)?;
        let mut row = |name: &str, text: &str| match text {
            "" => Ok(()),
            text => writeln!(f, "  {name:<12} {text}"),
        };
        row("why", self.why)?;
        row("then", self.consequence)?;
        row("asked", if self.asked.is_empty() { "always" } else { self.asked })?;
        row("allowed", &self.allowed)?;
        for (value, meaning) in &self.choices {
            row("", &format!("`{value}`: {meaning}"))?;
        }
        row("default", &self.default)?;
        row("from", self.default_source)?;
        row("account", self.from_the_account.unwrap_or_default())?;
        row("example", &self.example)?;
        row("environment", &self.variable)?;
        row("name", self.name)?;
        row("terraform", &self.terraform_variable.map(|v| format!("var.{v}")).unwrap_or_default())?;
        if let (Some(value), Some(source)) = (&self.value, &self.source) {
            let value = serde_json::to_string(value).unwrap_or_default();
            row("holds", &format!("{value} ({source})"))?;
        }
        Ok(())
    }
}
