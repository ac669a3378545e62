//! What is wrong with answers, where, and what is allowed instead.

use std::fmt::{self, Write as _};
use std::io;
use std::path::PathBuf;

use serde::Serialize;

use crate::error::Hint;

/// Why there are no answers to go on with. Every problem that can be found is in it.
#[derive(Debug, thiserror::Error)]
pub enum InvalidAnswers {
    /// The file cannot be read.
    #[error("could not read the answer file `{}`", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is of a later form; what it means cannot be known.
    #[error(
        "the answer file `{}` has schema_version {found}; this springboard reads up to {supported}",
        .path.display()
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// What it says.
        found: i64,
        /// What is known here.
        supported: i64,
    },
    /// Answers are wrong or missing.
    #[error("{}", listed(.0))]
    Wrong(Vec<Problem>),
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where it stands.
    #[serde(flatten)]
    pub place: Place,
    /// The key, where the problem belongs to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The other keys of a rule between several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub with: Vec<String>,
    /// What is wrong and what is allowed.
    pub problem: String,
}

/// Where an answer stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the file.
    File {
        /// Its name.
        path: PathBuf,
        /// The line, where there is one.
        line: Option<usize>,
    },
    /// In a `--set`.
    Set,
    /// In an environment variable.
    Environment(String),
    /// In the form.
    Form,
    /// It was handed over by the caller.
    Given(String),
    /// Nowhere: it is missing, and there is no file.
    Answers,
}

/// How a problem begins that is one of absence.
pub(super) const MISSING: &str = "is missing";

impl Problem {
    /// Whether an answer is missing, instead of being wrong.
    pub fn is_missing(&self) -> bool {
        self.problem.starts_with(MISSING)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line: Some(line) } => write!(f, "{}:{line}", path.display()),
            Self::File { path, line: None } => write!(f, "{}", path.display()),
            Self::Set => f.write_str("--set"),
            Self::Environment(name) => f.write_str(name),
            Self::Form => f.write_str("form"),
            Self::Given(label) => f.write_str(label),
            Self::Answers => f.write_str("answers"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.key {
            Some(key) => write!(f, "{}: {key}: {}", self.place, self.problem),
            None => write!(f, "{}: {}", self.place, self.problem),
        }
    }
}

fn listed(problems: &[Problem]) -> String {
    let count = match problems.len() {
        1 => "1 problem".to_owned(),
        n => format!("{n} problems"),
    };
    let mut text = format!("the answers are not right: {count}");
    for problem in problems {
        let _ = write!(text, "\n  {problem}");
    }
    text
}

impl InvalidAnswers {
    /// The problems, for output that is not for people.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Wrong(problems) => problems,
            Self::Unreadable { .. } | Self::TooNew { .. } => &[],
        }
    }
}

impl Hint for InvalidAnswers {
    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unreadable { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                "`springboard answers new` prints a commented file to begin with".to_owned()
            }
            Self::Unreadable { .. } => "check the path and the permissions of the file".to_owned(),
            Self::TooNew { .. } => {
                "use the version of springboard that wrote the file, or a later one".to_owned()
            }
            Self::Wrong(_) => {
                "`springboard answers explain KEY` says what is asked, why, and what \
                               is allowed; nothing was begun"
                    .to_owned()
            }
        })
    }
}
