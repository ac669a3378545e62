//! A page as rows: a question has one, or one for each of its values or words.

use super::text::items_of;
use super::{Focus, Live, STALE, Wizard, is_live};
use crate::answers::{Choice, Kind, Page, Question};
use crate::form::{Content, Field, State, Viability};
use crate::frontend::tui::inquiry::Found;
use crate::frontend::view::mark::Mark;
use crate::run::event::Outcome;

/// A row of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// What it is called; empty for a further row of the same question.
    pub label: String,
    /// What stands in it.
    pub shown: Shown,
    /// Where that comes from, or that it is wrong.
    pub source: String,
    /// Whether the source says that it is wrong.
    pub is_wrong: bool,
    /// What has the focus when this row has it.
    pub focus: Option<Focus>,
}

/// What stands in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shown {
    /// A text that is typed.
    Typed(String),
    /// A value that is chosen from a list.
    Chosen(String),
    /// One of a few words: whether it is the one, and what it means.
    Word(bool, String),
    /// Yes or no, and what.
    Mark(bool, String),
    /// A fact, and no field.
    Fact(String),
}

/// Words of which there are more are in a list of their own.
const FEW: usize = 3;

impl Wizard {
    /// The rows of a page.
    pub(super) fn rows(&self, page: &'static Page) -> Vec<Row> {
        let mut rows = Vec::new();
        for field in self.form.fields(page) {
            self.rows_of(&field, &mut rows);
            self.facts_of(field.question, &mut rows);
        }
        self.checks_of(page, &mut rows);
        rows
    }

    /// What checks have found of what the page asks, the worst first, under everything else.
    fn checks_of(&self, page: &'static Page, rows: &mut Vec<Row>) {
        let order = [Outcome::Fail, Outcome::Warn, Outcome::Unknown, Outcome::Pass];
        let rank = |found: &&Found| order.iter().position(|outcome| *outcome == found.outcome);
        let about = self.checks.iter().flatten().filter(|found| found.subject == page.id);
        let mut about: Vec<&Found> = about.filter(|found| rank(found).is_some()).collect();
        about.sort_by_key(rank);
        for found in about {
            rows.push(Row {
                label: found.check.to_owned(),
                shown: Shown::Fact(format!(
                    "{}: {}",
                    Mark::from(found.outcome).word(),
                    found.found
                )),
                source: String::new(),
                is_wrong: false,
                focus: None,
            });
        }
    }

    fn rows_of(&self, field: &Field, rows: &mut Vec<Row>) {
        let question = field.question;
        let (source, is_wrong) = self.source(field);
        let mut row = Row {
            label: question.label.to_owned(),
            shown: Shown::Fact(String::new()),
            source,
            is_wrong,
            focus: Some(Focus::on(question)),
        };
        if !field.is_open {
            row.shown = Shown::Fact(plain(&field.content));
            rows.push(row);
            return;
        }
        match (&question.kind, &field.content) {
            (Kind::List { .. }, _) => self.list(question, &items_of(field), row, rows),
            (Kind::Choices(choices), _) => several(question, choices, &items_of(field), row, rows),
            (Kind::Choice(choices), Content::Text(text)) if choices.len() <= FEW => {
                for choice in *choices {
                    let words = format!("{}  {}", choice.value, choice.meaning);
                    row.shown = Shown::Word(choice.value == text, words);
                    rows.push(row.clone());
                    (row.label, row.source, row.is_wrong) = (String::new(), String::new(), false);
                }
            }
            (Kind::Choice(choices), Content::Text(text)) => {
                let meaning = choices.iter().find(|choice| choice.value == text);
                let meaning = meaning.map_or("", |choice| choice.meaning);
                row.shown = Shown::Chosen(format!("{text}  {meaning}").trim().to_owned());
                rows.push(row);
            }
            (_, Content::Flag(flag)) => {
                row.shown = Shown::Mark(*flag, if *flag { "yes" } else { "no" }.to_owned());
                rows.push(row);
            }
            (_, content) => {
                row.shown = match self.offered(question) {
                    Some(offered) if !offered.rows.is_empty() => {
                        let value = plain(content);
                        let known = offered.rows.iter().find(|offer| offer.value == value);
                        let more = known.and_then(|offer| offer.columns.get(1)).cloned();
                        let first = known.and_then(|offer| offer.columns.first()).cloned();
                        let shown = first.unwrap_or(value);
                        Shown::Chosen(format!("{shown}  {}", more.unwrap_or_default()))
                    }
                    _ => Shown::Typed(plain(content)),
                };
                rows.push(row);
            }
        }
    }

    fn list(&self, question: &'static Question, items: &[String], head: Row, rows: &mut Vec<Row>) {
        let count = match items.iter().filter(|item| !item.is_empty()).count() {
            1 => "1 entry".to_owned(),
            number => format!("{number} entries"),
        };
        rows.push(Row { shown: Shown::Fact(count), focus: None, ..head });
        for (item, text) in items.iter().chain([&String::new()]).enumerate() {
            let is_last = item == items.len();
            rows.push(Row {
                label: if is_last { "  +".to_owned() } else { format!("  {}", item + 1) },
                shown: Shown::Typed(text.clone()),
                source: self.beside(question, items, text, is_last),
                is_wrong: false,
                focus: Some(Focus { key: Some(question.key), item }),
            });
        }
    }

    /// What is said beside one of several values.
    fn beside(&self, question: &Question, items: &[String], text: &str, is_last: bool) -> String {
        let Some(offered) = self.offered(question) else { return String::new() };
        if is_last {
            let next = offered.rows.iter().find(|offer| !items.contains(&offer.value));
            return if next.is_some() { "Right offers".to_owned() } else { String::new() };
        }
        let known = offered.rows.iter().find(|offer| offer.value == text);
        known.and_then(|offer| offer.columns.get(1)).cloned().unwrap_or_default()
    }

    fn facts_of(&self, question: &'static Question, rows: &mut Vec<Row>) {
        let mut fact = |label: &str, text: String, source: &str| {
            rows.push(Row {
                label: format!("  {label}"),
                shown: Shown::Fact(text),
                source: source.to_owned(),
                is_wrong: false,
                focus: None,
            });
        };
        match self.facts.get(question.key) {
            Some(Ok(facts)) => {
                for (what, text) in facts {
                    fact(what, text.clone(), "");
                }
            }
            Some(Err(why)) => fact("not known", why.clone(), ""),
            None => {}
        }
        for (what, text) in self.follows.get(question.key).into_iter().flatten() {
            fact(what, text.clone(), "");
        }
    }

    /// Where the value of a field comes from, or that it is wrong.
    fn source(&self, field: &Field) -> (String, bool) {
        let question = field.question;
        match &field.state {
            State::Wrong { .. } if !self.is_forming(field) => return ("x error".into(), true),
            State::Missing => {
                let page = self.form.so_far().catalogue().page_of(question.key);
                if page.is_some_and(|page| self.left.contains(page.id)) {
                    return ("x missing".into(), true);
                }
            }
            _ => {}
        }
        if let (Some(Live::Asking(since)), true) = (self.live.get(question.key), is_live(question))
        {
            let seconds = self.given.now.duration_since(*since).as_secs().max(0);
            return (format!("asking, {seconds} s"), false);
        }
        let is_stale = match self.live.get(question.key) {
            Some(Live::Known(_, at)) => self.given.now.duration_since(*at) > STALE,
            _ => false,
        };
        // Which variable it is, is in its explanation.
        if !field.is_open && field.source != "--set" {
            return ("env".to_owned(), false);
        }
        let source = if is_stale && field.source == "live default" {
            "stale".to_owned()
        } else {
            field.source.clone()
        };
        (source, false)
    }

    /// Whether what is wrong in the field in focus can become right by typing on.
    pub(super) fn is_forming(&self, field: &Field) -> bool {
        let State::Wrong { with, .. } = &field.state else { return false };
        let text = match &field.content {
            Content::Text(text) => text.clone(),
            Content::Items(items) => items.get(self.focus.item).cloned().unwrap_or_default(),
            Content::Flag(_) => return false,
        };
        self.focus.key == Some(field.question.key)
            && with.is_empty()
            && self.form.viability(field.question, &text) == Viability::Unfinished
    }
}

fn several(
    question: &'static Question,
    choices: &[Choice],
    items: &[String],
    head: Row,
    rows: &mut Vec<Row>,
) {
    let count = format!("{} of {}", items.len(), choices.len());
    rows.push(Row { shown: Shown::Fact(count), focus: None, ..head });
    for (item, choice) in choices.iter().enumerate() {
        let is_chosen = items.iter().any(|chosen| chosen == choice.value);
        let words = format!("{}  {}", choice.value, choice.meaning);
        rows.push(Row {
            label: String::new(),
            shown: Shown::Mark(is_chosen, words),
            source: String::new(),
            is_wrong: false,
            focus: Some(Focus { key: Some(question.key), item }),
        });
    }
}

/// What stands in a field, as one text.
pub(super) fn plain(content: &Content) -> String {
    match content {
        Content::Text(text) => text.clone(),
        Content::Items(items) => items.join(", "),
        Content::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
    }
}
