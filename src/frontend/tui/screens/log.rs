//! The log of a stage: it follows its end, is searched, and shows one address only.

use std::collections::VecDeque;

use super::{Place, TextLine, draw_lines};
use crate::frontend::tui::app::{App, Screen};
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::Effect;
use crate::frontend::tui::frame::{Body, Chrome};
use crate::frontend::tui::keymap::{Command, Meaning};
use crate::frontend::tui::log_lines::LogLine;
use crate::frontend::tui::theme::{Line, Role};
use crate::frontend::view::stages;

/// So many lines are kept; the oldest are let go, the file has them.
const KEPT: usize = 50_000;
/// So many are let go at once, because everything that counts lines is counted again then.
const LET_GO: usize = 10_000;

/// The state of the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogScreen {
    lines: VecDeque<LogLine>,
    let_go: usize,
    /// Positions of the lines that are shown.
    shown: Vec<usize>,
    /// Positions in `shown` of the lines that match the search.
    matches: Vec<usize>,
    address: Option<String>,
    search: String,
    field: Option<String>,
    /// The last line in sight; none while the end is followed.
    end: Option<usize>,
    /// Which match is in focus.
    at_match: Option<usize>,
}

impl LogScreen {
    /// Takes lines in.
    pub fn append(&mut self, lines: Vec<LogLine>) {
        for line in lines {
            self.lines.push_back(line);
            self.count_in(self.lines.len() - 1);
        }
        if self.lines.len() > KEPT {
            let surplus = self.lines.len() - KEPT + LET_GO;
            let hidden = self.shown.partition_point(|at| *at < surplus);
            self.lines.drain(..surplus);
            self.let_go += surplus;
            self.end = self.end.map(|end| end.saturating_sub(hidden));
            self.count_again();
        }
    }

    /// Forgets all lines.
    pub fn clear(&mut self) {
        self.lines.clear();
        self.let_go = 0;
        self.end = None;
        self.count_again();
    }

    /// Shows only the lines of an address, or all.
    pub fn filter_by(&mut self, address: Option<String>) {
        self.address = address;
        self.end = None;
        self.count_again();
    }

    /// Whether letters go into the search.
    pub fn is_typing(&self) -> bool {
        self.field.is_some()
    }

    /// Puts text into the search.
    pub fn insert(&mut self, text: &str) {
        if let Some(field) = &mut self.field {
            field.push_str(text);
            self.search.clone_from(field);
            self.count_again();
        }
    }

    fn count_again(&mut self) {
        self.shown.clear();
        self.matches.clear();
        self.at_match = None;
        for at in 0..self.lines.len() {
            self.count_in(at);
        }
    }

    fn count_in(&mut self, at: usize) {
        let line = &self.lines[at];
        let is_meant = self.address.as_ref().is_none_or(|address| {
            line.address.as_ref() == Some(address) || line.text.contains(address.as_str())
        });
        if is_meant {
            if is_match(&self.search, line) {
                self.matches.push(self.shown.len());
            }
            self.shown.push(at);
        }
    }

    /// How many of the lines that are shown were written until `now`; later ones are not yet to be
    /// seen in a replay.
    fn seen(&self, now: jiff::Timestamp) -> usize {
        self.shown.partition_point(|at| self.lines[*at].at <= now)
    }

    fn stay_at(&mut self, end: usize, seen: usize) {
        self.end = (end < seen).then_some(end.max(1));
    }

    /// Goes to another match: `step` is 1 or -1.
    fn go_to_match(&mut self, forwards: bool, height: usize, seen: usize) -> Option<usize> {
        let last = self.matches.len().checked_sub(1)?;
        let next = match (self.at_match, forwards) {
            (None, true) => 0,
            (None, false) => last,
            (Some(at), true) => {
                if at == last {
                    0
                } else {
                    at + 1
                }
            }
            (Some(at), false) => at.checked_sub(1).unwrap_or(last),
        };
        self.at_match = Some(next);
        self.stay_at(self.matches[next] + height / 2, seen);
        Some(next)
    }
}

fn is_match(search: &str, line: &LogLine) -> bool {
    !search.is_empty() && line.text.contains(search)
}

impl App {
    fn seen_lines(&self) -> usize {
        if self.is_replay() { self.log.seen(self.now()) } else { self.log.shown.len() }
    }

    pub(in crate::frontend::tui) fn log_chrome(&self, chrome: &mut Chrome) {
        let log = &self.log;
        let (seen, height) = (self.seen_lines(), self.log_height());
        let end = log.end.unwrap_or(seen).min(seen);
        let first = end.saturating_sub(height) + usize::from(end > 0);
        let stage = self.rollout.stage.clone();
        let stage = stage.unwrap_or_else(|| stages::current(&self.watched).to_owned());
        let whose = log.address.as_deref().unwrap_or("all addresses");
        let follow = if log.end.is_none() { "following" } else { "not following" };
        chrome.title = format!("{stage}, {whose}");
        chrome.aside = format!("lines {first}-{end} of {seen}, {follow}");
        chrome.status = if !log.search.is_empty() {
            let at = log.at_match.map_or(0, |at| at + 1);
            format!("match {at} of {} for `{}`", log.matches.len(), log.search)
        } else if end < seen {
            format!("{} new lines below; `G` goes to the end and follows again", seen - end)
        } else if log.let_go > 0 {
            format!("{} older lines are in the file only", log.let_go)
        } else if seen == 0 {
            "No line yet; a stage without tools has no log".into()
        } else {
            self.rollout_view().sentence.clone()
        };
        if log.is_typing() {
            chrome.keys =
                vec![(Command::Do, "keep"), (Command::Empty, "empty"), (Command::Out, "close")];
            return;
        }
        chrome.keys = vec![(Command::Out, "back"), (Command::Find, "find")];
        if !log.matches.is_empty() {
            chrome.keys.push((Command::NextMatch, "next"));
            chrome.keys.push((Command::PreviousMatch, "before"));
        }
        chrome.keys.push((Command::Follow, if log.end.is_none() { "stay" } else { "follow" }));
        if log.address.is_some() {
            chrome.keys.push((Command::View, "all addresses"));
        }
        self.common_keys(&mut chrome.keys);
    }

    fn log_height(&self) -> usize {
        let full = Body::of(self.given.size).map_or(19, |body| match body.below {
            Some((_, end)) => usize::from(end - body.rows.0 + 1),
            None => body.height(),
        });
        full - usize::from(self.log.is_typing())
    }

    pub(in crate::frontend::tui) fn log_key(&mut self, meaning: Meaning) -> Vec<Effect> {
        match meaning {
            Meaning::Letter(letter) => self.log.insert(letter.encode_utf8(&mut [0; 4])),
            Meaning::Backspace => {
                if let Some(field) = &mut self.log.field {
                    field.pop();
                }
                self.log.insert("");
            }
            Meaning::Command(Command::Empty) => {
                self.log.field = Some(String::new());
                self.log.insert("");
            }
            Meaning::Command(Command::Do) => {
                self.log.field = None;
                let (height, seen) = (self.log_height(), self.seen_lines());
                if self.log.go_to_match(true, height, seen).is_none() {
                    self.answer("No line has that");
                }
            }
            Meaning::Command(Command::Out) => {
                self.log.field = None;
                self.log.search.clear();
                self.log.count_again();
            }
            Meaning::Command(Command::Interrupt) => return self.log_interrupt(),
            Meaning::Command(_) | Meaning::Nothing => {}
        }
        Vec::new()
    }

    fn log_interrupt(&mut self) -> Vec<Effect> {
        self.log.field = None;
        self.everywhere(Command::Interrupt).unwrap_or_default()
    }

    pub(in crate::frontend::tui) fn log_command(
        &mut self,
        command: Command,
    ) -> Option<Vec<Effect>> {
        let (height, seen) = (self.log_height(), self.seen_lines());
        let end = self.log.end.unwrap_or(seen).min(seen);
        match command {
            Command::Up => self.log.stay_at(end.saturating_sub(1).max(height.min(seen)), seen),
            Command::Down => self.log.stay_at(end + 1, seen),
            Command::PageUp => {
                self.log.stay_at(end.saturating_sub(height).max(height.min(seen)), seen);
            }
            Command::PageDown => self.log.stay_at(end + height, seen),
            Command::First => self.log.stay_at(height.min(seen), seen),
            Command::Last => self.log.end = None,
            Command::Follow => self.log.end = if self.log.end.is_some() { None } else { Some(end) },
            Command::Find => self.log.field = Some(self.log.search.clone()),
            Command::NextMatch | Command::PreviousMatch => {
                let forwards = command == Command::NextMatch;
                if self.log.go_to_match(forwards, height, seen).is_none() {
                    self.answer("Nothing matches; `/` begins a search");
                }
            }
            Command::View => self.log.filter_by(None),
            Command::Out => self.open(self.home_screen_after_log()),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Where the log was opened from, as far as that still tells the truth.
    fn home_screen_after_log(&self) -> Screen {
        if self.is_at_work() || self.rollout.stage.is_some() {
            Screen::Rollout
        } else {
            self.home_screen()
        }
    }

    pub(in crate::frontend::tui) fn draw_log(&self, canvas: &mut Canvas<'_>, body: Body) {
        let rows = (body.rows.0, body.below.map_or(body.rows.1, |(_, end)| end));
        let (width, _) = canvas.size();
        if body.beside.is_some() {
            // The log takes the whole width.
            canvas.clear((81, 81), rows);
        }
        let columns = (4, width.min(160) - 1);
        self.draw_log_rows(canvas, columns, rows.0, self.log_height(), self.log.end);
        if let Some(field) = &self.log.field {
            let text = format!("Find [{field:<40}]  letters as they are");
            canvas.put(2, rows.1, columns.1 - 2, &text, Role::Text);
            let column = u16::try_from(7 + field.chars().count()).unwrap_or(7);
            canvas.cursor = Some(ratatui::layout::Position::new(column, rows.1 - 1));
        }
    }

    /// The end of the log in the panel below a screen.
    pub(in crate::frontend::tui) fn draw_log_below(
        &self,
        canvas: &mut Canvas<'_>,
        rows: (u16, u16),
    ) {
        let (width, _) = canvas.size();
        let end = width.min(160) - 1;
        canvas.rule((2, end), rows.0, "Log", "");
        let height = usize::from(rows.1 - rows.0);
        self.draw_log_rows(canvas, (4, end), rows.0 + 1, height, None);
    }

    fn draw_log_rows(
        &self,
        canvas: &mut Canvas<'_>,
        columns: (u16, u16),
        row: u16,
        height: usize,
        end: Option<usize>,
    ) {
        let log = &self.log;
        let seen = self.seen_lines();
        let end = end.unwrap_or(seen).min(seen);
        let first = end.saturating_sub(height);
        let in_focus = log.at_match.and_then(|at| log.matches.get(at));
        let mut lines = Vec::with_capacity(height);
        for (row, at) in (row..).zip(first..end) {
            let line = &log.lines[log.shown[at]];
            if in_focus == Some(&at) {
                canvas.focus(2, row);
            } else if is_match(&log.search, line) {
                canvas.line(2, row, Line::Match);
            }
            let clock = line.at.strftime("%H:%M:%S").to_string();
            lines.push(TextLine::new(clock, line.text.as_str(), Role::Text));
        }
        let last = row + u16::try_from(height).unwrap_or(0).saturating_sub(1);
        draw_lines(canvas, Place { columns, rows: (row, last), label: 9 }, &lines);
    }
}
