//! The end of a run that is done: what is there, what it told, how long it took.

use super::{Scroll, TextLine, shown_rows};
use crate::frontend::tui::app::{App, Screen};
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::Effect;
use crate::frontend::tui::frame::{Body, Chrome};
use crate::frontend::tui::keymap::Command;
use crate::frontend::tui::theme::Role;
use crate::frontend::view::names::wrapped;
use crate::frontend::view::outcome::finish;

/// Columns for the text.
const WIDTH: usize = 72;
/// Columns for what is left to do, its number included.
const LABEL: usize = 16;

/// The state of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FinishScreen {
    scroll: Scroll,
}

impl App {
    fn finish_lines(&self) -> Vec<TextLine> {
        let Some(view) = finish(&self.watched, self.given.after.as_ref()) else {
            return Vec::new();
        };
        let mut lines = Vec::new();
        let heading = |text: &str| TextLine::new("", text, Role::Heading);
        let plain = |text: String| TextLine::new("", text, Role::Text);
        lines.push(plain(view.what));
        lines.push(plain(view.made));
        if !view.left.is_empty() {
            lines.push(heading("Left for you"));
        }
        for (number, todo) in (1..).zip(view.left) {
            let mut label = format!("{number}  {:<13}", todo.what);
            // A name that is to be copied stays in one piece.
            let is_long = todo.how.split(' ').any(|word| word.chars().count() > WIDTH - LABEL);
            let room = if is_long { WIDTH } else { WIDTH - LABEL };
            for (at, line) in wrapped(&todo.how, room).into_iter().enumerate() {
                if at == 0 && is_long {
                    lines.push(plain(std::mem::take(&mut label)));
                }
                let before = if is_long { "   " } else { &label };
                lines.push(plain(format!("{before}{line}")));
                label = " ".repeat(LABEL);
            }
        }
        lines.push(heading("Time"));
        let times: Vec<String> =
            view.stages.iter().map(|stage| format!("{} {}", stage.id, stage.column)).collect();
        lines.extend(wrapped(&times.join("  "), WIDTH).into_iter().map(plain));
        lines.push(heading("Kept"));
        let run = self.watched.state.header.as_ref().map_or("", |header| header.run.as_str());
        // The folder by itself: with a file behind it, it would not fit into a row.
        lines.push(plain(format!("In       {}", self.given.folder)));
        lines.push(plain(format!("Report   runs/{run}/report.html")));
        lines.push(plain(format!("Receipt  runs/{run}/receipt.json")));
        lines.push(plain("Answers  answers.toml".into()));
        lines.push(heading("Outputs"));
        for (name, value) in view.outputs {
            let text = format!("{name} = {value}");
            lines.extend(wrapped(&text, WIDTH).into_iter().map(plain));
        }
        lines.push(heading("Verified"));
        for fact in view.verified {
            lines.extend(wrapped(&fact, WIDTH).into_iter().map(plain));
        }
        lines
    }

    pub(in crate::frontend::tui) fn finish_chrome(&self, chrome: &mut Chrome) {
        let view = finish(&self.watched, self.given.after.as_ref());
        chrome.title = view.map(|view| view.title).unwrap_or_default();
        let lines = self.finish_lines().len();
        let shown = shown_rows(self.finish.scroll.top, self.height(), lines);
        chrome.aside = if shown.is_empty() { "nothing is running".into() } else { shown };
        chrome.status = "Done; the closing plan was empty. `q` leaves".into();
        chrome.keys =
            vec![(Command::PageDown, "page"), (Command::Out, "stages"), (Command::Log, "log")];
        self.common_keys(&mut chrome.keys);
    }

    pub(in crate::frontend::tui) fn finish_key(&mut self, command: Command) -> Option<Vec<Effect>> {
        let (lines, height) = (self.finish_lines().len(), self.height());
        if self.finish.scroll.key(command, lines, height) {
            return Some(Vec::new());
        }
        match command {
            Command::Out => self.open(Screen::Rollout),
            _ => return None,
        }
        Some(Vec::new())
    }

    pub(in crate::frontend::tui) fn draw_finish(&self, canvas: &mut Canvas<'_>, body: Body) {
        let lines = self.finish_lines();
        for (row, line) in
            (body.rows.0..=body.rows.1).zip(lines.iter().skip(self.finish.scroll.top))
        {
            if line.role == Role::Heading {
                canvas.rule((2, 79), row, &line.text, "");
            } else {
                canvas.put(4, row, 76, &line.text, line.role);
            }
        }
        if let Some((from, until)) = body.beside {
            self.draw_stage_bars(canvas, (from, until), body.rows);
        }
        if let Some(rows) = body.below {
            self.draw_log_below(canvas, rows);
        }
    }

    /// One bar for each stage, as long as its share of the longest.
    fn draw_stage_bars(&self, canvas: &mut Canvas<'_>, columns: (u16, u16), rows: (u16, u16)) {
        let stages = &self.watched.state.stages;
        let longest = stages.iter().filter_map(|stage| stage.elapsed_ms).max().unwrap_or(0).max(1);
        let room = u64::from(columns.1 - columns.0).saturating_sub(24);
        canvas.put(columns.0, rows.0, 30, "Time of each stage", Role::Heading);
        for (row, stage) in (rows.0 + 1..=rows.1).zip(stages) {
            let ms = stage.elapsed_ms.unwrap_or(0);
            let length = usize::try_from(ms.saturating_mul(room) / longest).unwrap_or(0);
            let bar = canvas.theme.line(crate::frontend::tui::theme::Line::BarDone).repeat(length);
            canvas.put_short(columns.0, row, 14, &stage.id, Role::Text);
            canvas.put_right(
                columns.0 + 21,
                row,
                7,
                &crate::frontend::words::elapsed(ms),
                Role::Text,
            );
            canvas.put(columns.0 + 23, row, columns.1 - columns.0 - 23, &bar, Role::Good);
        }
    }
}
