//! The form: answers while they are being given, before all of them are right.
//!
//! Owns what was typed, right or not, and says for each question what stands in its field, where
//! that comes from and what is wrong with it. Made from the catalogue: a new question is a new
//! field. Draws nothing and asks nobody; the wizard and the plain lines are two faces of it. Start
//! at [`Form::fields`]; what is kept of a form that is left is in `draft`.

mod complete;
mod draft;
mod viability;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::answers::{
    Answers, Catalogue, InvalidAnswers, Kind, Loader, Page, Problem, Question, Source, Typed, Value,
};
use crate::host::Host;

pub use complete::completed;
pub use draft::{focus_of, left_at};
pub use viability::Viability;

/// Answers that are being given.
#[derive(Debug)]
pub struct Form {
    catalogue: &'static Catalogue,
    host: Host,
    file: Option<(PathBuf, String)>,
    sets: Vec<String>,
    given: Vec<(String, BTreeMap<String, Value>)>,
    account: BTreeMap<String, Value>,
    typed: BTreeMap<&'static str, Typed>,
    answers: Answers,
    problems: Vec<Problem>,
}

/// One question, as it stands.
#[derive(Debug, Clone)]
pub struct Field {
    /// The question.
    pub question: &'static Question,
    /// What stands in it.
    pub content: Content,
    /// Where that comes from, in a word or two.
    pub source: String,
    /// Whether it can be typed over: not where `--set` or a variable wins in any case.
    pub is_open: bool,
    /// Whether it is right.
    pub state: State,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// One text; empty where there is none.
    Text(String),
    /// Several texts.
    Items(Vec<String>),
    /// Yes or no.
    Flag(bool),
}

/// Whether a field is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is.
    Right,
    /// Nothing stands in it and something must.
    Missing,
    /// Something is wrong.
    Wrong {
        /// What, and what is allowed.
        why: String,
        /// The other keys of a rule between several.
        with: Vec<String>,
    },
}

impl Form {
    /// A form with nothing but defaults and the environment.
    ///
    /// # Errors
    /// Never without a file; see [`Form::open`].
    pub fn new(catalogue: &'static Catalogue, host: &Host) -> Result<Self, InvalidAnswers> {
        let mut form = Self {
            catalogue,
            host: host.clone(),
            file: None,
            sets: Vec::new(),
            given: Vec::new(),
            account: BTreeMap::new(),
            typed: BTreeMap::new(),
            answers: Answers::none(catalogue),
            problems: Vec::new(),
        };
        form.settle()?;
        Ok(form)
    }

    /// Begins with an answer file or a draft; what was typed there and is not right is typed again.
    ///
    /// # Errors
    /// When the file is of a later form.
    pub fn open(mut self, name: &Path, text: &str) -> Result<Self, InvalidAnswers> {
        self.typed.extend(draft::left_open(self.catalogue, text));
        self.file = Some((name.to_owned(), text.to_owned()));
        self.settle()?;
        Ok(self)
    }

    /// Adds `KEY=VALUE` settings, which nobody can type over.
    ///
    /// # Errors
    /// As [`Form::open`].
    pub fn sets(mut self, sets: &[String]) -> Result<Self, InvalidAnswers> {
        self.sets.extend_from_slice(sets);
        self.settle()?;
        Ok(self)
    }

    /// Adds values that the caller knows; `label` says what they are.
    ///
    /// # Errors
    /// As [`Form::open`].
    pub fn given(
        mut self,
        label: &str,
        values: BTreeMap<String, Value>,
    ) -> Result<Self, InvalidAnswers> {
        self.given.push((label.to_owned(), values));
        self.settle()?;
        Ok(self)
    }

    /// Takes what the account says for defaults, in place of what it said before.
    ///
    /// # Errors
    /// As [`Form::open`].
    pub fn hear(&mut self, account: BTreeMap<String, Value>) -> Result<(), InvalidAnswers> {
        self.account = account;
        self.settle()
    }

    /// Types into the field of `question`, right or not; everything that depends on it follows.
    ///
    /// # Errors
    /// As [`Form::open`].
    pub fn enter(&mut self, question: &Question, typed: Typed) -> Result<(), InvalidAnswers> {
        if let Some(question) = self.catalogue.question(question.key) {
            self.typed.insert(question.key, typed);
        }
        self.settle()
    }

    /// Puts back what stood in the field of `question` before anything was typed.
    ///
    /// # Errors
    /// As [`Form::open`].
    pub fn reset(&mut self, question: &Question) -> Result<(), InvalidAnswers> {
        self.typed.remove(question.key);
        self.settle()
    }

    fn settle(&mut self) -> Result<(), InvalidAnswers> {
        let mut loader = Loader::new(self.catalogue, &self.host).sets(&self.sets);
        if let Some((name, text)) = &self.file {
            loader = loader.text(name, text.as_str());
        }
        for (label, values) in &self.given {
            loader = loader.given(label, values.clone());
        }
        let loader = loader.account(self.account.clone()).typed(&self.typed);
        let (answers, problems) = loader.draft()?;
        (self.answers, self.problems) = (answers, problems);
        Ok(())
    }

    /// The pages that ask something in this case.
    pub fn pages(&self) -> impl Iterator<Item = &'static Page> {
        let asks = |page: &&Page| page.questions.iter().any(|q| self.answers.applies(q));
        self.catalogue.pages.iter().filter(asks)
    }

    /// The fields of a page: the questions that are asked in this case.
    pub fn fields(&self, page: &'static Page) -> Vec<Field> {
        let asked = page.questions.iter().filter(|question| self.answers.applies(question));
        asked.map(|question| self.field(question)).collect()
    }

    /// The field of a question.
    pub fn field(&self, question: &'static Question) -> Field {
        let answer = self.answers.answer(question.key);
        let typed = self.typed.get(question.key);
        let fixed = answer.filter(|a| matches!(a.source, Source::Set | Source::Environment(_)));
        let content = match (fixed, typed) {
            (None, Some(Typed::Text(text))) => match (&question.kind, text.as_str()) {
                (Kind::Flag, "true" | "false") => Content::Flag(text == "true"),
                _ => Content::Text(text.clone()),
            },
            (None, Some(Typed::Items(items))) => Content::Items(items.clone()),
            _ => content_of(question, answer.map(|answer| &answer.value)),
        };
        let source = match (fixed, typed, answer) {
            (Some(answer), ..) => answer.source.to_string(),
            (_, Some(_), _) => Source::Form.to_string(),
            (.., Some(answer)) => match &answer.source {
                Source::File { .. } => "file".to_owned(),
                Source::Account => "live default".to_owned(),
                Source::Derived(_) => "default".to_owned(),
                other => other.to_string(),
            },
            _ => String::new(),
        };
        Field { question, content, source, is_open: fixed.is_none(), state: self.state(question) }
    }

    fn state(&self, question: &Question) -> State {
        let own = |p: &&Problem| p.key.as_deref() == Some(question.key);
        let shared = |p: &&Problem| p.with.iter().any(|key| key == question.key);
        let found = self.problems.iter().find(own);
        let Some(problem) = found.or_else(|| self.problems.iter().find(shared)) else {
            return State::Right;
        };
        let is_empty = self.answers.answer(question.key).is_none()
            && self.typed.get(question.key).is_none_or(is_empty);
        if is_empty && question.is_required() && problem.with.is_empty() {
            return State::Missing;
        }
        let keys = problem.key.iter().chain(&problem.with).filter(|key| *key != question.key);
        State::Wrong { why: problem.problem.clone(), with: keys.cloned().collect() }
    }

    /// Whether more letters can still make `text` right for the question.
    pub fn viability(&self, question: &Question, text: &str) -> Viability {
        viability::of(question, text)
    }

    /// What is wrong or missing; a problem without a key is one of the file as a whole.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// The answers that are right so far.
    pub fn so_far(&self) -> &Answers {
        &self.answers
    }

    /// The answers; `None` while something is wrong or missing.
    pub fn finished(&self) -> Option<&Answers> {
        self.problems.is_empty().then_some(&self.answers)
    }

    /// The file from which this form can be opened again.
    pub fn to_toml(&self) -> String {
        let wrong = self.typed.iter().filter(|(key, typed)| {
            !is_empty(typed) && self.problems.iter().any(|p| p.key.as_deref() == Some(**key))
        });
        draft::written(&self.answers, wrong)
    }
}

fn is_empty(typed: &Typed) -> bool {
    match typed {
        Typed::Text(text) => text.is_empty(),
        Typed::Items(items) => items.is_empty(),
    }
}

/// A value as its field shows it.
fn content_of(question: &Question, value: Option<&Value>) -> Content {
    match (&question.kind, value) {
        (_, Some(Value::Flag(flag))) => Content::Flag(*flag),
        (_, Some(Value::List(items))) => Content::Items(items.clone()),
        (Kind::List { .. } | Kind::Choices(_), None) => Content::Items(Vec::new()),
        (_, Some(Value::Text(text))) => Content::Text(text.clone()),
        (_, Some(Value::Number(number))) => Content::Text(number.to_string()),
        (_, Some(table @ Value::Table(_))) => Content::Text(crate::answers::literal(table)),
        (_, None) => Content::Text(String::new()),
    }
}

#[cfg(test)]
mod tests;
