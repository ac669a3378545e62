//! What keys do in the wizard.

use crossterm::event::KeyEvent;

use super::picker::Picker;
use super::rows::{Row, Shown};
use super::text::items_of;
use super::{Focus, Over, Wizard, is_live};
use crate::answers::{Kind, Question};
use crate::form::{Content, State};
use crate::frontend::tui::face::{Effect, Leaving};
use crate::frontend::tui::frame::Body;
use crate::frontend::tui::inquiry::Wanted;
use crate::frontend::tui::keymap::{self, Command, KEYMAP, Letters, Meaning};

impl Wizard {
    pub(super) fn key(&mut self, event: &KeyEvent) -> Vec<Effect> {
        let is_text = match &self.over {
            Some(Over::Picker(_) | Over::Code(_)) => true,
            Some(Over::Help(_)) => false,
            None => self.is_typing(),
        };
        let letters = if is_text { Letters::AreText } else { Letters::AreKeys };
        let meaning = keymap::meaning(event, letters);
        if let Meaning::Command(Command::Interrupt) = meaning {
            return self.leave(Leaving::Quit);
        }
        if Body::of(self.given.size).is_none() {
            return match meaning {
                Meaning::Command(Command::Quit) => self.leave(Leaving::Quit),
                _ => Vec::new(),
            };
        }
        match meaning {
            Meaning::Command(Command::Repaint) => return vec![Effect::Repaint],
            Meaning::Command(Command::Suspend) => return vec![Effect::Suspend],
            _ => {}
        }
        match self.over.take() {
            Some(Over::Picker(picker)) => {
                self.picker_key(picker, meaning);
                Vec::new()
            }
            Some(Over::Help(top)) => {
                self.help_key(top, meaning);
                Vec::new()
            }
            Some(Over::Code(typed)) => self.code_key(typed.expose(), meaning),
            None if meaning == Meaning::Command(Command::Credentials) => {
                self.open_code();
                Vec::new()
            }
            None if self.shown().is_none() => self.review_key(meaning),
            None => self.page_key(meaning),
        }
    }

    fn page_key(&mut self, meaning: Meaning) -> Vec<Effect> {
        match meaning {
            Meaning::Letter(letter) => self.type_letter(letter),
            Meaning::Backspace => self.backspace(),
            Meaning::Command(command) => return self.page_command(command),
            Meaning::Nothing => {}
        }
        Vec::new()
    }

    /// A letter goes into the field, or into the list that a choice is made from.
    fn type_letter(&mut self, letter: char) {
        let text = letter.to_string();
        match self.listed() {
            Some(question) => self.over = Some(Over::Picker(Picker::new(question, text))),
            None => self.insert(&text),
        }
    }

    /// The question in focus, where it is answered from a list.
    fn listed(&self) -> Option<&'static Question> {
        let question = self.question()?;
        matches!(self.row()?.shown, Shown::Chosen(_)).then_some(question)
    }

    /// The row in focus.
    pub(super) fn row(&self) -> Option<Row> {
        let rows = self.rows(self.shown()?);
        rows.into_iter().find(|row| row.focus == Some(self.focus))
    }

    fn page_command(&mut self, command: Command) -> Vec<Effect> {
        match command {
            Command::Up | Command::Previous => self.step(false),
            Command::Down | Command::Next => self.step(true),
            Command::PageUp => self.go_to(self.page.saturating_sub(1)),
            Command::PageDown => self.go_to(self.page + 1),
            Command::GoTo(page) => self.go_to(usize::from(page) - 1),
            Command::First => self.cursor = 0,
            Command::Last => self.set_focus(self.focus),
            Command::Empty => self.empty(),
            Command::Left => self.sideways(false),
            Command::Right => self.sideways(true),
            Command::Choose => self.turn(true),
            Command::Do => self.accept(),
            Command::Out => self.is_commanding = !self.is_commanding,
            Command::Help => self.over = Some(Over::Help(0)),
            Command::AskAgain => {
                self.say("Asking again");
                return vec![Effect::Inquire(Box::new(Wanted::Again))];
            }
            Command::Quit => return self.leave(Leaving::Quit),
            _ => {}
        }
        Vec::new()
    }

    /// To the row above or below.
    fn step(&mut self, down: bool) {
        let before = self.focus;
        let stops = self.stops();
        let at = stops.iter().position(|stop| *stop == self.focus).unwrap_or(0);
        let next = if down { at + 1 } else { at.saturating_sub(1) };
        let next = stops[next.min(stops.len() - 1)];
        if next.key != before.key {
            self.settle_list();
        }
        self.set_focus(next);
    }

    /// Left and Right: the cursor of a text, the word before or after, what is offered.
    fn sideways(&mut self, right: bool) {
        let Some(question) = self.question() else { return };
        let is_typed = matches!(self.row().map(|row| row.shown), Some(Shown::Typed(_)));
        if !is_typed || self.is_commanding {
            self.turn(right);
            return;
        }
        let text = self.typed_text().unwrap_or_default();
        let is_at_end = self.cursor == text.chars().count();
        if right && is_at_end && self.complete(question, &text) {
            return;
        }
        self.move_cursor(right);
    }

    /// Takes what is offered next, or completes a path.
    fn complete(&mut self, question: &'static Question, text: &str) -> bool {
        if let (Kind::List { .. }, true) = (&question.kind, text.is_empty()) {
            let items = items_of(&self.form.field(question));
            let offered = self.offered(question).into_iter().flat_map(|offered| &offered.rows);
            let next = offered.map(|offer| offer.value.clone()).find(|v| !items.contains(v));
            if let Some(value) = next {
                self.insert(&value);
                return true;
            }
        }
        let is_path = matches!(&question.kind, Kind::Text(kind) if kind.is_path);
        if !is_path {
            return false;
        }
        match crate::form::completed(text) {
            Ok(longer) => {
                self.insert(&longer);
                true
            }
            Err(sentence) => {
                self.say(sentence);
                true
            }
        }
    }

    /// The next of a few words, the other of yes and no.
    fn turn(&mut self, forward: bool) {
        let Some(question) = self.question() else { return };
        let field = self.form.field(question);
        if !field.is_open {
            self.say(format!("{} decides that; it cannot be typed over", field.source));
            return;
        }
        match (&question.kind, &field.content) {
            (Kind::Choice(choices), Content::Text(text)) => {
                let at = choices.iter().position(|choice| choice.value == text).unwrap_or(0);
                let next = if forward { at + 1 } else { at + choices.len() - 1 };
                self.enter_text(question, choices[next % choices.len()].value.to_owned());
            }
            (_, Content::Flag(flag)) => {
                let other = if *flag { "false" } else { "true" };
                self.enter_text(question, other.to_owned());
            }
            (Kind::Choices(choices), _) => {
                let Some(choice) = choices.get(self.focus.item) else { return };
                let mut items = items_of(&field);
                match items.iter().position(|item| item == choice.value) {
                    Some(at) => drop(items.remove(at)),
                    None => items.push(choice.value.to_owned()),
                }
                // As the catalogue has them, whatever was chosen first.
                let order = |item: &String| choices.iter().position(|c| c.value == item);
                items.sort_by_key(order);
                self.enter_items(question, items);
            }
            _ => {}
        }
    }

    /// Enter: opens a list, or goes on to the next question when this one is right.
    fn accept(&mut self) {
        if self.is_commanding {
            self.is_commanding = false;
            return;
        }
        let Some(question) = self.question() else {
            self.go_to(self.page + 1);
            return;
        };
        if let Some(question) = self.listed() {
            self.over = Some(Over::Picker(Picker::new(question, String::new())));
            return;
        }
        // What was emptied or is there twice is put right before it is judged.
        self.settle_list();
        match self.form.field(question).state {
            State::Missing => {
                let allowed = question.allowed();
                self.say(format!("{} is needed: {allowed}", question.label));
            }
            State::Wrong { why, with } if with.is_empty() => self.say(why),
            _ => {
                let is_empty = self.typed_text().is_none_or(|text| text.is_empty());
                let is_list = matches!(question.kind, Kind::List { .. });
                if is_list && !is_empty {
                    self.step(true);
                } else {
                    self.next_question(question);
                }
            }
        }
    }

    /// To the question after this one, however many rows this one has.
    fn next_question(&mut self, question: &Question) {
        self.settle_list();
        let stops = self.stops();
        let after = stops.iter().rposition(|stop| stop.key == Some(question.key));
        let next = after.map_or(Focus::CONTINUE, |at| stops[(at + 1).min(stops.len() - 1)]);
        self.set_focus(next);
    }

    fn picker_key(&mut self, mut picker: Picker, meaning: Meaning) {
        let rows = self.matching(&picker).len();
        match meaning {
            Meaning::Letter(letter) => {
                picker.find.push(letter);
                picker.move_to(0, rows);
            }
            Meaning::Backspace => {
                picker.find.pop();
                picker.move_to(0, rows);
            }
            Meaning::Command(command) => match command {
                Command::Out => return,
                Command::Do => {
                    self.over = self.choose(picker).map(Over::Picker);
                    return;
                }
                Command::Empty => {
                    picker.find.clear();
                    picker.move_to(0, rows);
                }
                Command::Up => picker.move_to(picker.at.saturating_sub(1), rows),
                Command::Down => picker.move_to(picker.at + 1, rows),
                Command::PageUp => picker.move_to(picker.at.saturating_sub(7), rows),
                Command::PageDown => picker.move_to(picker.at + 7, rows),
                Command::First => picker.move_to(0, rows),
                Command::Last => picker.move_to(rows, rows),
                _ => {}
            },
            Meaning::Nothing => {}
        }
        self.over = Some(Over::Picker(picker));
    }

    fn help_key(&mut self, top: usize, meaning: Meaning) {
        let last = KEYMAP.len().saturating_sub(self.height());
        let top = match meaning {
            Meaning::Command(Command::Out | Command::Do | Command::Quit) => return,
            Meaning::Command(Command::Down) => (top + 1).min(last),
            Meaning::Command(Command::Up) => top.saturating_sub(1),
            Meaning::Command(Command::PageDown) => (top + self.height()).min(last),
            Meaning::Command(Command::PageUp) => top.saturating_sub(self.height()),
            _ => top,
        };
        self.over = Some(Over::Help(top));
    }

    /// The keys of a page, the most useful first.
    pub(super) fn page_keys(&self) -> Vec<(Command, &'static str)> {
        if self.is_commanding {
            return vec![
                (Command::Out, "back to the field"),
                (Command::PageDown, "page"),
                (Command::AskAgain, "ask again"),
                (Command::Help, "help"),
                (Command::Quit, "quit"),
            ];
        }
        let mut keys = Vec::new();
        match self.row().map(|row| row.shown) {
            None => keys.push((Command::Do, "go on")),
            Some(Shown::Chosen(_)) => keys.push((Command::Do, "list")),
            Some(Shown::Word(..)) => {
                keys.extend([(Command::Do, "accept"), (Command::Left, "choose")]);
            }
            Some(Shown::Mark(..)) => {
                keys.extend([(Command::Do, "accept"), (Command::Choose, "choose")]);
            }
            Some(_) => {
                keys.push((Command::Do, "accept"));
                let is_path = self.question().is_some_and(
                    |question| matches!(&question.kind, Kind::Text(kind) if kind.is_path),
                );
                if is_path {
                    keys.push((Command::Right, "complete"));
                }
            }
        }
        keys.push((Command::Next, "next field"));
        if self.is_typing() {
            keys.push((Command::Out, "commands"));
            keys.push((Command::Interrupt, "quit"));
            return keys;
        }
        keys.push((Command::PageDown, "page"));
        if self.question().is_some_and(is_live) {
            keys.push((Command::AskAgain, "ask again"));
        }
        keys.push((Command::Help, "help"));
        keys.push((Command::Quit, "quit"));
        keys
    }
}
