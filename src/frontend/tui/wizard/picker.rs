//! A list over the page: typing narrows it, what cannot be chosen says why.

use super::super::canvas::Canvas;
use super::super::theme::{Line, Role};
use super::{Live, Wizard, words};
use crate::answers::{Kind, Question};
use crate::frontend::tui::screens::{kept_visible, shown_rows};
use crate::preflight::offers::{Offer, Offered};

/// A list to choose from.
#[derive(Debug)]
pub(super) struct Picker {
    /// The question that is answered.
    pub question: &'static Question,
    /// Narrows the rows.
    pub find: String,
    /// The row in focus, of those that match.
    pub at: usize,
    top: usize,
}

/// Rows of a list that are seen at once.
const HEIGHT: usize = 7;

impl Picker {
    pub(super) fn new(question: &'static Question, find: String) -> Self {
        Self { question, find, at: 0, top: 0 }
    }

    /// Moves by so many rows of `rows`.
    pub(super) fn move_to(&mut self, at: usize, rows: usize) {
        self.at = at.min(rows.saturating_sub(1));
        self.top = kept_visible(self.top, self.at, HEIGHT, rows);
    }
}

impl Wizard {
    /// All that a list has for a question.
    pub(super) fn choices(&self, question: &Question) -> Offered {
        words(question).or_else(|| self.offered(question).cloned()).unwrap_or_default()
    }

    /// The rows that match what was typed.
    pub(super) fn matching(&self, picker: &Picker) -> Vec<Offer> {
        let wanted = picker.find.to_lowercase();
        let has = |text: &str| text.to_lowercase().contains(&wanted);
        let rows = self.choices(picker.question).rows.into_iter();
        rows.filter(|row| {
            row.columns.iter().any(|column| has(column))
                || has(&row.value)
                || row.refused.as_deref().is_some_and(has)
        })
        .collect()
    }

    /// Takes the row in focus, or what was typed where no row matches.
    pub(super) fn choose(&mut self, picker: Picker) -> Option<Picker> {
        let row = self.matching(&picker).into_iter().nth(picker.at);
        match row {
            Some(Offer { refused: Some(why), value, .. }) => {
                self.say(format!("{value} cannot be chosen: {why}"));
                return Some(picker);
            }
            Some(row) => self.enter_text(picker.question, row.value),
            None if picker.find.is_empty() => {}
            None if matches!(picker.question.kind, Kind::Choice(_)) => {
                self.say(format!("Nothing matches `{}`", picker.find));
                return Some(picker);
            }
            // What AWS does not list can still be right.
            None => self.enter_text(picker.question, picker.find.clone()),
        }
        self.set_focus(self.focus);
        None
    }

    pub(super) fn draw_picker(&self, canvas: &mut Canvas<'_>, picker: &Picker, last: u16) {
        let all = self.choices(picker.question);
        let rows = self.matching(picker);
        let height = u16::try_from(HEIGHT).unwrap_or(7);
        let (from, until) = (6, (6 + height + 5).min(last));
        canvas.clear((2, 79), (from, until));
        frame(canvas, from, until, picker.question.label);
        canvas.put(4, from + 1, 30, &format!("Find [{:<22}]", picker.find), Role::Text);
        let shown = shown_rows(picker.top, HEIGHT, rows.len());
        let count = format!("{} of {} match", rows.len(), all.rows.len());
        let count = if shown.is_empty() { count } else { format!("{count}, {shown}") };
        canvas.put_right(77, from + 1, 44, &count, Role::Quiet);
        let widths = widths(&all);
        let mut column = 6;
        for (head, width) in all.heads.iter().zip(&widths) {
            canvas.put(column, from + 3, *width, head, Role::Heading);
            column += width + 2;
        }
        let seen = rows.iter().enumerate().skip(picker.top).take(HEIGHT);
        for (row, (at, offer)) in (from + 4..until).zip(seen) {
            if at == picker.at {
                canvas.focus(4, row);
            }
            if offer.refused.is_some() && at != picker.at {
                canvas.put(4, row, 1, "-", Role::Quiet);
            }
            draw_offer(canvas, row, offer, &widths);
        }
        if rows.is_empty() {
            let text = match self.live.get(picker.question.key) {
                Some(Live::Unknown(why)) => format!("nobody could be asked: {why}"),
                _ => "nothing matches; Enter takes what was typed".to_owned(),
            };
            canvas.put(6, from + 4, 71, &text, Role::Quiet);
        }
        let letters = u16::try_from(picker.find.chars().count()).unwrap_or(0);
        canvas.cursor = Some(ratatui::layout::Position::new(9 + letters, from));
    }
}

pub(super) fn frame(canvas: &mut Canvas<'_>, from: u16, until: u16, title: &str) {
    canvas.rule((3, 78), from, title, "");
    canvas.rule((3, 78), until, "", "");
    for (row, corners) in [(from, (0, 1)), (until, (2, 3))] {
        canvas.line(2, row, Line::Corner(corners.0));
        canvas.line(79, row, Line::Corner(corners.1));
    }
    for row in from + 1..until {
        canvas.line(2, row, Line::Vertical);
        canvas.line(79, row, Line::Vertical);
    }
}

fn draw_offer(canvas: &mut Canvas<'_>, row: u16, offer: &Offer, widths: &[u16]) {
    let role = if offer.refused.is_some() { Role::Quiet } else { Role::Text };
    let mut column = 6;
    for (at, (text, width)) in offer.columns.iter().zip(widths).enumerate() {
        if at > 0 && offer.refused.is_some() {
            break;
        }
        canvas.put_short(column, row, (*width).min(77_u16.saturating_sub(column)), text, role);
        column += width + 2;
    }
    if let Some(why) = &offer.refused {
        let text = format!("not possible: {why}");
        canvas.put(column, row, 77_u16.saturating_sub(column), &text, Role::Quiet);
    }
}

/// The widths of the columns: what they hold, the first cut where it takes too much.
fn widths(offered: &Offered) -> Vec<u16> {
    let columns = offered.rows.iter().map(|row| row.columns.len()).max().unwrap_or(0);
    let widest = |at: usize| {
        let cells = offered.rows.iter().filter_map(|row| row.columns.get(at));
        let widths = cells.map(|cell| cell.chars().count());
        let head = offered.heads.get(at).map_or(0, |head| head.len());
        u16::try_from(widths.max().unwrap_or(0).max(head)).unwrap_or(40)
    };
    (0..columns).map(|at| widest(at).min(if at == 0 { 34 } else { 46 })).collect()
}
