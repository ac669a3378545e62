//! The screens of a run; each file has the state of one, its keys and how it is drawn.

pub mod details;
pub mod failure;
pub mod finish;
pub mod home;
pub mod log;
pub mod rollout;

use super::app::{App, Screen, Viewing};
use super::canvas::Canvas;
use super::frame::Chrome;
use super::keymap::Command;
use super::theme::Role;
use crate::frontend::view::elapsed_between;
use crate::frontend::view::names::wrapped;
use crate::frontend::words::elapsed;
use crate::run::event::Standing;

impl App {
    /// What the frame says of the run, whatever the screen.
    pub fn chrome(&self) -> Chrome {
        let screen = match self.screen {
            Screen::Rollout => "Rollout",
            Screen::Details => "Details",
            Screen::Log => "Log",
            Screen::Failure => "End",
            Screen::Finish => "Finish",
        };
        let mut tags = Vec::new();
        if self.watched.is_rehearsal() {
            tags.push("REHEARSAL");
        }
        if self.is_replay() {
            tags.push("REPLAY");
        } else if self.keys_of_another.is_some() || self.given.viewing == Viewing::ReadOnly {
            tags.push("READ-ONLY");
        }
        let mut chrome = Chrome {
            place: format!("{} / {screen}", self.watched.name()),
            tags,
            credentials: self.credentials(),
            clock: elapsed(self.watched.elapsed_ms(self.now())),
            ..Chrome::default()
        };
        match self.screen {
            Screen::Rollout => self.rollout_chrome(&mut chrome),
            Screen::Details => self.details_chrome(&mut chrome),
            Screen::Log => self.log_chrome(&mut chrome),
            Screen::Failure => self.failure_chrome(&mut chrome),
            Screen::Finish => self.finish_chrome(&mut chrome),
        }
        chrome
    }

    /// How the credentials stand, in ten columns; nothing where nothing is known of them.
    fn credentials(&self) -> String {
        let Some((standing, expires)) = self.watched.state.credentials else {
            return String::new();
        };
        match (standing, expires) {
            (Standing::Ended, _) => "no creds".into(),
            (_, None) => "creds auto".into(),
            (_, Some(at)) => {
                let minutes = elapsed_between(self.now(), at) / 60_000;
                match (minutes / 60, minutes % 60) {
                    (0, minutes) => format!("creds {minutes}m"),
                    (hours, minutes) => format!("creds {hours}:{minutes:02}"),
                }
            }
        }
    }

    /// The keys that work on every screen of a run, after those of the screen itself.
    pub fn common_keys(&self, keys: &mut Vec<(Command, &'static str)>) {
        if self.is_replay() {
            keys.push((Command::Choose, if self.rollout.is_held { "go on" } else { "hold" }));
            keys.push((Command::Faster, "faster"));
            keys.push((Command::Slower, "slower"));
        } else if self.keys_of_another.is_some() {
            keys.push((Command::TakeKeys, "take the keys"));
        } else if self.is_at_work() && self.can_ask() {
            keys.push((Command::Stop, "stop"));
        }
        if self.is_at_work() && !self.is_replay() {
            keys.push((Command::Detach, "detach"));
        }
        keys.push((Command::Credentials, "credentials"));
        keys.push((Command::Help, "help"));
        keys.push((Command::Quit, "quit"));
    }
}

/// A text that is longer than its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scroll {
    /// The first line that is shown.
    pub top: usize,
}

impl Scroll {
    /// Moves by a key; `false` when the key does not move.
    pub fn key(&mut self, command: Command, lines: usize, height: usize) -> bool {
        let most = lines.saturating_sub(height);
        self.top = match command {
            Command::Up => self.top.saturating_sub(1),
            Command::Down => self.top + 1,
            Command::PageUp => self.top.saturating_sub(height),
            Command::PageDown => self.top + height,
            Command::First => 0,
            Command::Last => most,
            _ => return false,
        }
        .min(most);
        true
    }
}

/// The first row that is shown so that the one in focus is seen; nothing moves that need not.
pub fn kept_visible(top: usize, focus: usize, height: usize, rows: usize) -> usize {
    let lowest = (focus + 1).saturating_sub(height);
    top.clamp(lowest.min(focus), focus).min(rows.saturating_sub(height))
}

/// "rows 3-21 of 40", where not all are shown.
pub fn shown_rows(top: usize, height: usize, rows: usize) -> String {
    if rows <= height {
        return String::new();
    }
    format!("rows {}-{} of {rows}", top + 1, (top + height).min(rows))
}

/// A line of a text with a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextLine {
    /// Stands before the text, in columns of its own.
    pub label: String,
    /// The text.
    pub text: String,
    /// Its look.
    pub role: Role,
}

impl TextLine {
    /// A line.
    pub fn new(label: impl Into<String>, text: impl Into<String>, role: Role) -> Self {
        Self { label: label.into(), text: text.into(), role }
    }
}

/// Facts as lines no wider than `width`, each with its label on its first line.
pub fn fact_lines(facts: &[(String, String)], width: usize) -> Vec<TextLine> {
    let mut lines = Vec::new();
    for (what, fact) in facts {
        let mut label = what.clone();
        for text in wrapped(fact, width) {
            lines.push(TextLine::new(std::mem::take(&mut label), text, Role::Text));
        }
    }
    lines
}

/// Where a text is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// First and last column.
    pub columns: (u16, u16),
    /// First and last row.
    pub rows: (u16, u16),
    /// Columns for the labels, the blank after them included.
    pub label: u16,
}

/// Draws lines with their labels.
pub fn draw_lines(canvas: &mut Canvas<'_>, place: Place, lines: &[TextLine]) {
    let from = place.columns.0 + place.label;
    let width = (place.columns.1 + 1).saturating_sub(from);
    for (row, line) in (place.rows.0..=place.rows.1).zip(lines) {
        canvas.put(place.columns.0, row, place.label.saturating_sub(1), &line.label, Role::Quiet);
        canvas.put(from, row, width, &line.text, line.role);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_row_in_focus_is_seen_and_nothing_moves_that_need_not() {
        // top, focus, height, rows
        let cases = [
            ((0, 0, 5, 10), 0),
            ((0, 4, 5, 10), 0),
            ((0, 5, 5, 10), 1),
            ((3, 4, 5, 10), 3),
            ((6, 4, 5, 10), 4),
            ((9, 9, 5, 10), 5),
            ((9, 1, 5, 3), 0),
            ((0, 0, 0, 0), 0),
        ];
        for ((top, focus, height, rows), expected) in cases {
            assert_eq!(kept_visible(top, focus, height, rows), expected, "{top} {focus}");
        }
    }

    #[test]
    fn a_text_scrolls_to_its_last_line_and_no_further() {
        let mut scroll = Scroll::default();
        for (command, top) in [
            (Command::Up, 0),
            (Command::PageDown, 5),
            (Command::Down, 6),
            (Command::PageDown, 7),
            (Command::First, 0),
            (Command::Last, 7),
        ] {
            assert!(scroll.key(command, 12, 5));
            assert_eq!(scroll.top, top, "{command:?}");
        }
        assert!(!scroll.key(Command::Do, 12, 5));
    }
}
