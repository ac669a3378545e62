//! What is said below a page of the question in focus: what is wrong, why it is asked, what follows,
//! where the default comes from.

use super::{Live, Wizard};
use crate::answers::{Default, Question};
use crate::form::State;
use crate::frontend::tui::screens::TextLine;
use crate::frontend::tui::theme::Role;
use crate::frontend::view::names::wrapped;

/// Columns for the text.
const WIDTH: usize = 66;

impl Wizard {
    /// The lines for the question in focus, in as many rows; the key is always the last.
    pub(super) fn explained(&self, question: &'static Question, rows: usize) -> Vec<TextLine> {
        let mut lines = Vec::new();
        let field = self.form.field(question);
        if let State::Wrong { why, with } = &field.state
            && !self.is_forming(&field)
        {
            let mut text = why.clone();
            // What the sentence names already needs no second word.
            let unnamed = with.iter().filter(|key| !why.contains(&format!("`{key}`")));
            let others = unnamed.filter_map(|key| self.other(question, key));
            for other in others {
                text = format!("{text} (see {other})");
            }
            add(&mut lines, "Error", &text, Role::Bad);
        } else if let State::Wrong { why, .. } = &field.state {
            add(&mut lines, "Rule", why, Role::Text);
        }
        add(&mut lines, "Why", question.why, Role::Text);
        add(&mut lines, "Then", question.consequence, Role::Text);
        let note = match self.live.get(question.key) {
            Some(Live::Known(offered, _)) => offered.note.clone(),
            Some(Live::Unknown(why)) => format!("nobody could be asked: {why}"),
            _ => String::new(),
        };
        add(&mut lines, "Note", &note, Role::Text);
        add(&mut lines, "Default", &default_of(question), Role::Text);
        if field.state == State::Right || field.state == State::Missing {
            add(&mut lines, "Rule", &question.allowed(), Role::Text);
        }
        lines.truncate(rows.saturating_sub(1));
        let key = format!("{:<26} {}", question.key, question.when);
        let key = if key.chars().count() <= WIDTH { key.trim_end() } else { question.key };
        lines.push(TextLine::new("Key", key, Role::Quiet));
        lines
    }

    /// Another question, as a rule between several names it: with its page where that is another.
    fn other(&self, question: &Question, key: &str) -> Option<String> {
        let catalogue = self.form.so_far().catalogue();
        let other = catalogue.question(key)?;
        let page = catalogue.page_of(key)?;
        let is_here = catalogue.page_of(question.key).is_some_and(|here| here.id == page.id);
        Some(if is_here {
            other.label.to_owned()
        } else {
            format!("{} on the page {}", other.label, page.title)
        })
    }
}

fn add(lines: &mut Vec<TextLine>, label: &str, text: &str, role: Role) {
    let mut label = label.to_owned();
    for line in wrapped(text, WIDTH).into_iter().filter(|line| !line.is_empty()) {
        lines.push(TextLine::new(std::mem::take(&mut label), line, role));
    }
}

fn default_of(question: &Question) -> String {
    let words = match &question.default {
        Default::Required => "none: it is yours to say".to_owned(),
        Default::Optional(meaning) => format!("left out: {meaning}"),
        Default::Derived { how, .. } => (*how).to_owned(),
        _ => String::new(),
    };
    match (question.live, question.basis) {
        (Some(live), _) if words.is_empty() => live.to_owned(),
        (Some(live), _) => format!("{live}; {words}"),
        (None, "") => words,
        (None, basis) if words.is_empty() => format!("as in {basis}"),
        (None, basis) => format!("{words} ({basis})"),
    }
}
