//! Typing: letters into the field in focus, the form following each of them.

use super::{Focus, Wizard};
use crate::answers::{Kind, Question, Typed};
use crate::form::{Content, Field};

impl Wizard {
    /// The text of the field in focus, where it is one that is typed.
    pub(super) fn typed_text(&self) -> Option<String> {
        if let Some(deviation) = self.reason_in_focus() {
            return Some(deviation.reason.unwrap_or_default());
        }
        let question = self.question()?;
        let field = self.form.field(question);
        is_typed(&field).then(|| text_of(&field, self.focus.item))
    }

    /// Whether letters are text now.
    pub(super) fn is_typing(&self) -> bool {
        !self.is_commanding && self.typed_text().is_some()
    }

    /// Puts text where the cursor is.
    pub(super) fn insert(&mut self, text: &str) {
        let Some(mut typed) = self.typed_text() else { return };
        typed.insert_str(byte_at(&typed, self.cursor), text);
        self.cursor += text.chars().count();
        self.enter(typed);
    }

    /// Takes the letter before the cursor away.
    pub(super) fn backspace(&mut self) {
        let Some(mut typed) = self.typed_text() else { return };
        if self.cursor == 0 {
            return;
        }
        self.cursor -= 1;
        typed.remove(byte_at(&typed, self.cursor));
        self.enter(typed);
    }

    /// Empties the field; an empty one gets back what stood in it before.
    pub(super) fn empty(&mut self) {
        let Some(question) = self.question() else { return };
        match self.typed_text() {
            Some(typed) if !typed.is_empty() => {
                self.cursor = 0;
                self.enter(String::new());
            }
            _ => {
                let _never = self.form.reset(question);
                self.is_changed = true;
                self.set_focus(self.focus);
                self.say("As it was before anything was typed");
            }
        }
    }

    /// Letters of the text in focus: where the cursor stands behind it.
    pub(super) fn end_of_text(&self) -> usize {
        self.typed_text().map_or(0, |text| text.chars().count())
    }

    pub(super) fn move_cursor(&mut self, right: bool) {
        let length = self.end_of_text();
        self.cursor =
            if right { (self.cursor + 1).min(length) } else { self.cursor.saturating_sub(1) };
    }

    /// Text from elsewhere: line ends in it are never Enter, several values are parted.
    pub(super) fn paste(&mut self, text: &str) {
        if !self.is_typing() {
            self.say("Letters are keys here; what was pasted was not used");
            return;
        }
        let clean = |part: &str| part.chars().filter(|c| !c.is_control()).collect::<String>();
        if self.shown().is_none() {
            self.insert(&clean(text.trim()));
            return;
        }
        let Some(question) = self.question() else { return };
        if let Kind::List { .. } = question.kind {
            let parts: Vec<String> = text
                .split(|letter: char| letter == ',' || letter.is_whitespace())
                .map(clean)
                .filter(|part| !part.is_empty())
                .collect();
            self.add(question, parts);
        } else if text.trim().lines().count() <= 1 {
            self.insert(&clean(text.trim()));
        } else {
            self.say("Several lines do not fit into this field; nothing was pasted");
        }
    }

    /// Puts values into a field of several: the first where the cursor is, the rest after it.
    pub(super) fn add(&mut self, question: &'static Question, parts: Vec<String>) {
        let mut items = items_of(&self.form.field(question));
        let at = self.focus.item.min(items.len());
        let before = items.get(at).cloned().unwrap_or_default();
        let number = parts.len();
        let mut parts = parts.into_iter();
        if let Some(first) = parts.next() {
            if at < items.len() {
                items[at] = format!("{before}{first}");
            } else {
                items.push(first);
            }
        }
        for (offset, part) in parts.enumerate() {
            items.insert((at + 1 + offset).min(items.len()), part);
        }
        self.enter_items(question, items);
        let last = (at + number).saturating_sub(1);
        self.set_focus(Focus { key: Some(question.key), item: last });
    }

    fn enter(&mut self, typed: String) {
        if self.shown().is_none() {
            self.enter_reason(&typed);
            return;
        }
        let Some(question) = self.question() else { return };
        if let Kind::List { .. } = question.kind {
            let mut items = items_of(&self.form.field(question));
            match items.get_mut(self.focus.item) {
                Some(item) => *item = typed,
                None => items.push(typed),
            }
            self.enter_items(question, items);
        } else {
            self.enter_text(question, typed);
        }
    }

    pub(super) fn enter_text(&mut self, question: &Question, text: String) {
        // Only a file of a later form is refused, and such a one was never opened.
        let _never = self.form.enter(question, Typed::Text(text));
        self.is_changed = true;
    }

    pub(super) fn enter_items(&mut self, question: &Question, items: Vec<String>) {
        let _never = self.form.enter(question, Typed::Items(items));
        self.is_changed = true;
    }

    /// Drops rows that were emptied and values that are there twice from the list that is left.
    pub(super) fn settle_list(&mut self) {
        let Some(question) = self.question() else { return };
        if !matches!(question.kind, Kind::List { .. }) {
            return;
        }
        let items = items_of(&self.form.field(question));
        let mut kept: Vec<String> = Vec::new();
        let mut doubles = Vec::new();
        for item in &items {
            if kept.contains(item) {
                doubles.push(item.clone());
            } else if !item.is_empty() {
                kept.push(item.clone());
            }
        }
        if kept != items {
            self.enter_items(question, kept);
        }
        if let Some(double) = doubles.into_iter().find(|double| !double.is_empty()) {
            self.say(format!("{double} was there already; it is kept once"));
        }
    }
}

/// Whether a field is one into which letters go.
fn is_typed(field: &Field) -> bool {
    let kind = matches!(
        field.question.kind,
        Kind::Text(_) | Kind::Number { .. } | Kind::List { .. } | Kind::Table(_)
    );
    kind && field.is_open
}

fn text_of(field: &Field, item: usize) -> String {
    match &field.content {
        Content::Text(text) => text.clone(),
        Content::Items(items) => items.get(item).cloned().unwrap_or_default(),
        Content::Flag(_) => String::new(),
    }
}

/// The values of a field of several; a text that was typed for it is one of them.
pub(super) fn items_of(field: &Field) -> Vec<String> {
    match &field.content {
        Content::Items(items) => items.clone(),
        Content::Text(text) if !text.is_empty() => vec![text.clone()],
        _ => Vec::new(),
    }
}

fn byte_at(text: &str, letters: usize) -> usize {
    text.char_indices().nth(letters).map_or(text.len(), |(at, _)| at)
}
