//! The end of a run that is not done: what failed, why, what it means, what to do, in this order.

use super::{Place, Scroll, TextLine, draw_lines, shown_rows};
use crate::frontend::tui::app::{App, Screen};
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::{Effect, Leaving};
use crate::frontend::tui::frame::{Body, Chrome};
use crate::frontend::tui::keymap::Command;
use crate::frontend::tui::popups::Popup;
use crate::frontend::tui::theme::Role;
use crate::frontend::view::names::wrapped;
use crate::frontend::view::outcome::{Failed, failed};
use crate::frontend::view::support;
use crate::run::event::RunStatus;

/// Columns for the text.
const WIDTH: usize = 74;

/// The state of the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FailureScreen {
    at: usize,
    scroll: Scroll,
}

/// What can be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Say which objects may be lost, by their names.
    Confirm,
    /// Go on with the run.
    Resume,
    /// Leave.
    Leave,
    /// Look at the log.
    Log,
    /// Look at the stages.
    Stages,
    /// Look at what to send to whoever helps.
    Support,
}

impl Remedy {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Confirm => ("Confirm the loss", "the object is named by typing its address"),
            Self::Resume => ("Resume", "look at what is there, plan again, go on"),
            Self::Leave => ("Stop here", "resume later; what is done stays"),
            Self::Log => ("Open the log", "of the stage that has failed"),
            Self::Stages => ("Look at the stages", "what is done, and what is left"),
            Self::Support => ("Support text", "what to send to whoever helps; nothing secret"),
        }
    }
}

impl App {
    /// What can be done about the end of the run, the most useful first.
    pub fn remedies(&self) -> Vec<Remedy> {
        let mut remedies = Vec::new();
        if !self.is_replay() {
            if !self.watched.ledger.refused.is_empty() {
                remedies.push(Remedy::Confirm);
            }
            remedies.extend([Remedy::Resume, Remedy::Leave]);
        }
        remedies.extend([Remedy::Log, Remedy::Stages, Remedy::Support]);
        remedies
    }

    fn failure_lines(&self) -> Vec<TextLine> {
        let Some(view) = failed(&self.watched) else { return Vec::new() };
        let mut lines = Vec::new();
        let mut part = |title: &str, texts: &[String]| {
            lines.push(TextLine::new("", title.to_owned(), Role::Heading));
            for text in texts {
                let wrapped = wrapped(text, WIDTH);
                lines.extend(wrapped.into_iter().map(|line| TextLine::new("", line, Role::Text)));
            }
        };
        let Failed { what, why, meaning, hint, .. } = view;
        let has_failed = self.watched.state.status == Some(RunStatus::Failed);
        part(if has_failed { "What failed" } else { "What happened" }, &[what]);
        if !why.is_empty() {
            let numbered: Vec<_> = (1..).zip(why).map(|(at, why)| format!("{at}  {why}")).collect();
            part("Why", &numbered);
        }
        part("What it means", &meaning);
        if let Some(hint) = hint {
            part("What to do", &[hint]);
        }
        part("Logs", &[format!("{}/runs", self.given.folder)]);
        lines
    }

    fn failure_text_height(&self) -> usize {
        self.height().saturating_sub(self.remedies().len() + 1)
    }

    pub(in crate::frontend::tui) fn failure_chrome(&self, chrome: &mut Chrome) {
        chrome.title = failed(&self.watched).map(|view| view.title).unwrap_or_default();
        let lines = self.failure_lines().len();
        let shown = shown_rows(self.failure.scroll.top, self.failure_text_height(), lines);
        chrome.aside = if shown.is_empty() { "nothing is running".into() } else { shown };
        chrome.status = "The run waits for you; nothing is lost".into();
        chrome.keys = vec![(Command::Do, "do it"), (Command::GoTo(1), "go to")];
        if !self.is_replay() {
            chrome.keys.push((Command::Resume, "resume"));
        }
        chrome.keys.push((Command::Log, "log"));
        self.common_keys(&mut chrome.keys);
    }

    pub(in crate::frontend::tui) fn failure_key(
        &mut self,
        command: Command,
    ) -> Option<Vec<Effect>> {
        let last = self.remedies().len().saturating_sub(1);
        let (lines, height) = (self.failure_lines().len(), self.failure_text_height());
        match command {
            Command::Up => self.failure.at = self.failure.at.saturating_sub(1),
            Command::Down => self.failure.at = (self.failure.at + 1).min(last),
            Command::GoTo(row) => self.failure.at = usize::from(row).saturating_sub(1).min(last),
            Command::Do => return Some(self.do_remedy()),
            Command::Out => self.open(Screen::Rollout),
            other if self.failure.scroll.key(other, lines, height) => {}
            _ => return None,
        }
        Some(Vec::new())
    }

    fn do_remedy(&mut self) -> Vec<Effect> {
        let remedies = self.remedies();
        match remedies.get(self.failure.at) {
            Some(Remedy::Confirm) => {
                self.popup = Some(Popup::Confirm { typed: String::new(), confirmed: Vec::new() });
            }
            Some(Remedy::Resume) => return self.resume(Vec::new()),
            Some(Remedy::Leave) => return vec![Effect::Leave(Leaving::Quit)],
            Some(Remedy::Log) => self.open_log(),
            Some(Remedy::Stages) => self.open(Screen::Rollout),
            Some(Remedy::Support) => {
                self.details.show(support::KEY.into());
                self.open(Screen::Details);
            }
            None => {}
        }
        Vec::new()
    }

    pub(in crate::frontend::tui) fn draw_failure(&self, canvas: &mut Canvas<'_>, body: Body) {
        let remedies = self.remedies();
        let menu = body.rows.1 + 1 - u16::try_from(remedies.len()).unwrap_or(0);
        let lines = self.failure_lines();
        for (row, line) in (body.rows.0..menu - 1).zip(lines.iter().skip(self.failure.scroll.top)) {
            if line.role == Role::Heading {
                canvas.rule((2, 79), row, &line.text, "");
            } else {
                let place = Place { columns: (4, 79), rows: (row, row), label: 0 };
                draw_lines(canvas, place, std::slice::from_ref(line));
            }
        }
        for (at, remedy) in remedies.iter().enumerate() {
            let row = menu + u16::try_from(at).unwrap_or(0);
            let is_focus = at == self.failure.at && self.popup.is_none();
            let (what, how) = remedy.words();
            if is_focus {
                canvas.focus(2, row);
            }
            let role = if is_focus { Role::Focus } else { Role::Text };
            canvas.put(4, row, 24, &format!("{}  {what}", at + 1), role);
            canvas.put(30, row, 50, how, Role::Quiet);
        }
        if let Some(rows) = body.below {
            self.draw_log_below(canvas, rows);
        }
    }
}
