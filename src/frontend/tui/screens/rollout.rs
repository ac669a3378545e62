//! The rollout: the stages at the left, the one that runs at the right.
//!
//! ```text
//!    + state            0:21 |     In flight            elapsed   usual
//!    * foundation       9:25 | > * EKS cluster             8:40   11:00 running
//!    . images         queued |   * Database                8:12   15:00 running
//!                            |
//!                            |     Parts                   done
//!                            |   + Network                28/28         done
//! ```

use std::sync::Arc;

use super::{Place, draw_lines, fact_lines, kept_visible};
use crate::frontend::tui::app::{App, Screen};
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::Effect;
use crate::frontend::tui::frame::{Body, Chrome};
use crate::frontend::tui::keymap::Command;
use crate::frontend::tui::theme::{Line, Role};
use crate::frontend::view::details::details;
use crate::frontend::view::mark::Mark;
use crate::frontend::view::names;
use crate::frontend::view::rollout::{Rollout, rollout};
use crate::frontend::view::rows::{Grouping, Row, Transfer};
use crate::frontend::view::stages::StageLine;
use crate::frontend::words::{bytes, elapsed};

/// So many rows below the stage tell of the row in focus, where there is no panel for it.
const FOOT: usize = 5;
/// Length of the bar of a transfer.
const BAR: u64 = 14;

/// The state of the screen.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolloutScreen {
    /// The stage that was chosen; the running one is followed otherwise.
    pub stage: Option<String>,
    /// The row in focus.
    pub focus: Option<String>,
    /// How the objects are shown.
    pub grouping: Grouping,
    /// The end of the run has been shown, or the operator has come back from it.
    pub is_kept: bool,
    /// A replay is held.
    pub is_held: bool,
    /// The operator has moved the focus.
    is_moved: bool,
    at: usize,
    top: usize,
}

impl App {
    /// What the rollout shows now.
    pub fn rollout_view(&self) -> Arc<Rollout> {
        if let Some(view) = &self.settled {
            return view.clone();
        }
        let (stage, grouping) = (self.rollout.stage.as_deref(), self.rollout.grouping);
        Arc::new(rollout(&self.watched, &self.given.times, stage, grouping, self.now()))
    }

    fn stage_rows(&self) -> usize {
        let is_large = Body::of(self.given.size).is_some_and(|body| body.beside.is_some());
        self.height() - if is_large { 0 } else { FOOT }
    }

    /// Keeps the row in focus in sight, or gives the focus to the row that took its place.
    pub(in crate::frontend::tui) fn keep_focus(&mut self) {
        if self.screen != Screen::Rollout {
            return;
        }
        let view = self.rollout_view();
        let rows = &view.rows;
        let keyed: Vec<(usize, &str)> =
            rows.iter().enumerate().filter_map(|(at, row)| Some((at, row.key()?))).collect();
        let by_key = keyed.iter().position(|(_, key)| Some(*key) == self.rollout.focus.as_deref());
        // Nobody has looked for anything yet: what is on top is what matters most.
        let open = keyed.iter().position(|(row, _)| rows[*row].is_open()).unwrap_or(0);
        let at = if self.rollout.is_moved { by_key.unwrap_or(self.rollout.at) } else { open };
        let at = at.min(keyed.len().saturating_sub(1));
        let (row, key) = keyed.get(at).map_or((0, None), |(row, key)| (*row, Some(*key)));
        let key = key.map(str::to_owned);
        let height = self.stage_rows();
        // The heading above the first row is shown with it.
        let (row, rows) = (if at == 0 { 0 } else { row }, rows.len());
        let top = kept_visible(self.rollout.top, row, height, rows);
        let rollout = &mut self.rollout;
        (rollout.at, rollout.focus, rollout.top) = (at, key, top);
        self.settled = Some(view);
    }

    pub(in crate::frontend::tui) fn rollout_chrome(&self, chrome: &mut Chrome) {
        let view = self.rollout_view();
        chrome.title.clone_from(&view.title);
        chrome.aside = view.left.words();
        chrome.status = match &self.keys_of_another {
            Some(other) => format!("{}; {other} has the keys", view.sentence),
            None => view.sentence.clone(),
        };
        chrome.rule.clone_from(&view.rule);
        let mut keys = Vec::new();
        if self.rollout.focus.is_some() {
            keys.push((Command::Do, "details"));
        }
        keys.push((Command::Log, "log"));
        if !self.is_at_work() && self.can_ask() {
            keys.push((Command::Out, "end"));
        }
        keys.push((Command::View, "view"));
        self.common_keys(&mut keys);
        let last = keys.len() - 3;
        keys.insert(last, (Command::Left, "stage"));
        chrome.keys = keys;
    }

    pub(in crate::frontend::tui) fn rollout_key(
        &mut self,
        command: Command,
    ) -> Option<Vec<Effect>> {
        match command {
            Command::Up => self.move_focus(|at, _| at.saturating_sub(1)),
            Command::Down => self.move_focus(|at, _| at + 1),
            Command::PageUp => self.move_focus(usize::saturating_sub),
            Command::PageDown => self.move_focus(|at, height| at + height),
            Command::First => self.move_focus(|_, _| 0),
            Command::Last => self.move_focus(|_, _| usize::MAX),
            Command::Left | Command::Previous => self.move_stage(Step::Before),
            Command::Right | Command::Next => self.move_stage(Step::After),
            Command::View => {
                self.rollout.grouping = self.rollout.grouping.next();
                self.answer(format!("Showing {}", self.rollout.grouping.word()));
            }
            Command::Do => {
                if let Some(key) = self.rollout.focus.clone() {
                    self.details.show(key);
                    self.open(Screen::Details);
                }
            }
            Command::Out if self.rollout.stage.take().is_some() => {
                self.answer("Following the run again");
            }
            Command::Out => self.open(self.home_screen()),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn move_focus(&mut self, to: impl FnOnce(usize, usize) -> usize) {
        let height = self.stage_rows();
        self.rollout.at = to(self.rollout.at, height);
        self.rollout.is_moved = true;
        self.rollout.focus = None;
    }

    fn move_stage(&mut self, step: Step) {
        let view = self.rollout_view();
        let last = view.stages.len().saturating_sub(1);
        let at = view.stages.iter().position(|stage| stage.id == view.shown).unwrap_or(0);
        let to = match step {
            Step::Before => at.saturating_sub(1),
            Step::After => (at + 1).min(last),
        };
        let rollout = &mut self.rollout;
        rollout.stage = view.stages.get(to).map(|stage| stage.id.clone());
        (rollout.focus, rollout.at, rollout.top) = (None, 0, 0);
        rollout.is_moved = false;
        let id = rollout.stage.clone().unwrap_or_default();
        self.answer(format!("Showing {id}; Esc follows the run again"));
    }

    pub(in crate::frontend::tui) fn draw_rollout(&self, canvas: &mut Canvas<'_>, body: Body) {
        let view = self.rollout_view();
        draw_stages(canvas, body, &view.stages, &view.shown);
        let height = self.stage_rows();
        let shown = view.rows.iter().skip(self.rollout.top).take(height);
        for (row, content) in (body.rows.0..).zip(shown) {
            let is_focus =
                content.key().is_some() && content.key() == self.rollout.focus.as_deref();
            draw_row(canvas, row, content, is_focus && self.popup.is_none());
        }
        let below = (self.rollout.top + height).min(view.rows.len());
        if below < view.rows.len() {
            let more = format!("{} more rows below", view.rows.len() - below);
            let row = body.rows.0 + u16::try_from(height).unwrap_or(0) - 1;
            canvas.clear((29, 79), (row, row));
            canvas.put(34, row, 40, &more, Role::Quiet);
        }
        self.draw_focus(canvas, body);
        if let Some(rows) = body.below {
            self.draw_log_below(canvas, rows);
        }
    }

    /// The row in focus, in the panel beside, or below the stage where there is none.
    fn draw_focus(&self, canvas: &mut Canvas<'_>, body: Body) {
        let Some(key) = &self.rollout.focus else { return };
        let known = details(&self.watched, &self.given.times, key, self.now());
        let foot = body.rows.1 + 1 - u16::try_from(FOOT).unwrap_or(0);
        let (columns, rows) = match body.beside {
            Some(columns) => (columns, body.rows),
            None => ((34, 79), (foot + 1, body.rows.1)),
        };
        let width = usize::from(columns.1 - columns.0 + 1);
        canvas.put_short(columns.0, rows.0, columns.1 - columns.0, &known.title, Role::Heading);
        let label = 9;
        let lines = fact_lines(&known.facts, width - usize::from(label));
        let rows = (rows.0 + 1, rows.1);
        // The panel has room for all; the foot for what is not in the row above.
        let is_told = |label: &str| matches!(label, "Stage" | "State" | "What" | "Time" | "Since");
        let lines: Vec<_> = if body.beside.is_some() {
            lines
        } else {
            lines.into_iter().filter(|line| !is_told(&line.label)).collect()
        };
        draw_lines(canvas, Place { columns, rows, label }, &lines);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Before,
    After,
}

fn draw_stages(canvas: &mut Canvas<'_>, body: Body, stages: &[StageLine], shown: &str) {
    for row in body.rows.0..=body.rows.1 {
        canvas.line(28, row, Line::Vertical);
    }
    for (row, stage) in (body.rows.0..=body.rows.1).zip(stages) {
        let role = if stage.id == shown { Role::Focus } else { Role::Text };
        canvas.mark(4, row, stage.mark);
        canvas.put_short(6, row, 13, &stage.id, role);
        let is_word = stage.column == stage.mark.word();
        if is_word {
            let width = u16::try_from(stage.column.len()).unwrap_or(11).min(11);
            canvas.word(27 - width, row, width, stage.mark);
        } else {
            canvas.put_right(26, row, 7, &stage.column, Role::Text);
        }
    }
}

fn draw_row(canvas: &mut Canvas<'_>, row: u16, content: &Row, is_focus: bool) {
    if is_focus {
        canvas.focus(30, row);
    }
    match content {
        Row::Head(left, column) => draw_head(canvas, row, left, column),
        Row::Moved(moved) => draw_head(canvas, row, &moved.step, &moved.words()),
        Row::Transfer(transfer) => draw_transfer(canvas, row, transfer, is_focus),
        Row::Remark(text) => canvas.put_short(36, row, 44, text, Role::Quiet),
        Row::Blank => {}
        Row::Check { id, mark } => draw_item(canvas, row, is_focus, (*mark, id, "")),
        Row::Step(step) => {
            let time = step.elapsed_ms.map(elapsed).unwrap_or_default();
            draw_item(canvas, row, is_focus, (step.mark, step.id(), &time));
        }
        Row::Part(part) => {
            draw_item(canvas, row, is_focus, (part.mark, part.name(), &part.count()));
        }
        Row::Object(line) => {
            let column = format!("{} {:>7}", line.time(), line.usual());
            draw_item(canvas, row, is_focus, (line.mark, &names::object(&line.address), &column));
        }
        Row::Workload(line) => {
            let name = names::object(&line.address);
            draw_item(canvas, row, is_focus, (line.mark, &name, &line.time()));
        }
    }
}

fn draw_head(canvas: &mut Canvas<'_>, row: u16, left: &str, column: &str) {
    let length = u16::try_from(column.len()).unwrap_or(40).min(44);
    if length <= 32 {
        canvas.put_short(34, row, 44 - length, left, Role::Heading);
    }
    let end = if length > 20 { 79 } else { 67 };
    canvas.put_right(end, row, 44, column, Role::Heading);
}

/// A mark, a name, what is written at the right of it, and the word of the mark.
fn draw_item(
    canvas: &mut Canvas<'_>,
    row: u16,
    is_focus: bool,
    (mark, name, column): (Mark, &str, &str),
) {
    let role = if is_focus { Role::Focus } else { Role::Text };
    let column = column.trim_start();
    let length = u16::try_from(column.chars().count()).unwrap_or(15).min(15);
    let room = if length == 0 { 34 } else { 33 - length };
    canvas.mark(32, row, mark);
    canvas.put_short(34, row, room, name, role);
    canvas.put_right(67, row, 15, column, Role::Text);
    canvas.word(69, row, 11, mark);
}

/// ```text
///  * malibu-2.2.tar   [#.............]   30.4 GB of 231.0 GB
/// ```
fn draw_transfer(canvas: &mut Canvas<'_>, row: u16, transfer: &Transfer, is_focus: bool) {
    let role = if is_focus { Role::Focus } else { Role::Text };
    canvas.mark(32, row, transfer.mark);
    canvas.put_short(34, row, 16, &transfer.key, role);
    let is_on_its_way = transfer.mark == Mark::Running;
    if let Some(total) = transfer.total.filter(|total| *total > 0 && is_on_its_way) {
        let done = transfer.done.min(total).saturating_mul(BAR) / total;
        let (full, rest) = (canvas.theme.line(Line::BarDone), canvas.theme.line(Line::BarLeft));
        let times = |number: u64| usize::try_from(number).unwrap_or(0);
        let bar = format!("[{}{}]", full.repeat(times(done)), rest.repeat(times(BAR - done)));
        canvas.put(51, row, 16, &bar, Role::Text);
        let percent = transfer.done.saturating_mul(100) / total;
        canvas.put_right(79, row, 12, &format!("{} {percent}%", bytes(transfer.done)), Role::Text);
    } else {
        canvas.put_right(67, row, 15, &bytes(transfer.done), Role::Text);
        canvas.word(69, row, 11, transfer.mark);
    }
}
