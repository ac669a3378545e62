//! Everything of one row: address, times, reason, diagnostics.

use super::{Place, Scroll, draw_lines, fact_lines, shown_rows};
use crate::frontend::tui::app::{App, Screen};
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::Effect;
use crate::frontend::tui::frame::{Body, Chrome};
use crate::frontend::tui::keymap::Command;
use crate::frontend::view::details::{Details, details};
use crate::frontend::view::support;

/// Columns for the text.
const WIDTH: usize = 66;

/// The state of the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DetailsScreen {
    /// What the details are of.
    pub key: String,
    scroll: Scroll,
}

impl DetailsScreen {
    /// Shows another thing.
    pub fn show(&mut self, key: String) {
        *self = Self { key, scroll: Scroll::default() };
    }
}

impl App {
    fn details_view(&self) -> Details {
        details(&self.watched, &self.given.times, &self.details.key, self.now())
    }

    pub(in crate::frontend::tui) fn details_chrome(&self, chrome: &mut Chrome) {
        let view = self.details_view();
        let lines = fact_lines(&view.facts, WIDTH).len();
        chrome.title = view.title;
        chrome.aside = shown_rows(self.details.scroll.top, self.height(), lines);
        // An engine that was killed has written nothing.
        let is_written = self.details.key == support::KEY && self.watched.lost.is_none();
        chrome.status = match &self.watched.state.header {
            Some(header) if is_written => {
                let folder = "in the folder of the deployment";
                format!("runs/{}/{} {folder} has it", header.run, support::FILE)
            }
            _ => self.rollout_view().sentence.clone(),
        };
        chrome.keys = vec![(Command::Out, "back"), (Command::Log, "log")];
        self.common_keys(&mut chrome.keys);
    }

    pub(in crate::frontend::tui) fn details_key(
        &mut self,
        command: Command,
    ) -> Option<Vec<Effect>> {
        let lines = fact_lines(&self.details_view().facts, WIDTH).len();
        let height = self.height();
        if self.details.scroll.key(command, lines, height) {
            return Some(Vec::new());
        }
        match command {
            Command::Out if self.details.key == support::KEY => self.open(self.home_screen()),
            Command::Out => self.open(Screen::Rollout),
            _ => return None,
        }
        Some(Vec::new())
    }

    pub(in crate::frontend::tui) fn draw_details(&self, canvas: &mut Canvas<'_>, body: Body) {
        let lines = fact_lines(&self.details_view().facts, WIDTH);
        let shown = lines.get(self.details.scroll.top..).unwrap_or_default();
        draw_lines(canvas, Place { columns: (4, 79), rows: body.rows, label: 10 }, shown);
        if let Some(rows) = body.below {
            self.draw_log_below(canvas, rows);
        }
    }
}
