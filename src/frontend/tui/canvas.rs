//! The canvas: texts at columns and rows, counted from 1 as the screens are designed.
//!
//! Whatever is drawn goes through here: it is cut to its room, control characters do not reach the
//! terminal, and on an ASCII terminal neither does anything else.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::theme::{Glyphs, Line, Role, Theme};
use crate::frontend::view::mark::Mark;
use crate::frontend::view::names::shortened;

/// Where a frame is drawn.
#[derive(Debug)]
pub struct Canvas<'a> {
    buffer: &'a mut Buffer,
    /// How things look.
    pub theme: Theme,
    /// Where the terminal's own cursor shall stand: on what has the focus.
    pub cursor: Option<Position>,
}

impl<'a> Canvas<'a> {
    /// A canvas over the whole buffer.
    pub fn new(buffer: &'a mut Buffer, theme: Theme) -> Self {
        Self { buffer, theme, cursor: None }
    }

    /// Columns and rows.
    pub fn size(&self) -> (u16, u16) {
        (self.buffer.area.width, self.buffer.area.height)
    }

    /// Writes a text at a column and a row, cut at `width`.
    pub fn put(&mut self, column: u16, row: u16, width: u16, text: &str, role: Role) {
        let style = self.theme.style(role);
        self.styled(column, row, width, text, style);
    }

    /// Writes a text that ends at a column.
    pub fn put_right(&mut self, end: u16, row: u16, width: u16, text: &str, role: Role) {
        let text = shortened(text, usize::from(width));
        let length = u16::try_from(text.chars().count()).unwrap_or(width);
        self.put((end + 1).saturating_sub(length), row, length, &text, role);
    }

    /// Writes a text that is cut in the middle where it is too long.
    pub fn put_short(&mut self, column: u16, row: u16, width: u16, text: &str, role: Role) {
        self.put(column, row, width, &shortened(text, usize::from(width)), role);
    }

    fn styled(&mut self, column: u16, row: u16, width: u16, text: &str, style: Style) {
        let area = self.buffer.area;
        if column == 0 || row == 0 || column > area.width || row > area.height {
            return;
        }
        let room = usize::from(width.min(area.width + 1 - column));
        let clean: String;
        let text = if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
            text
        } else {
            clean = text.chars().map(|letter| self.shown(letter)).collect();
            &clean
        };
        self.buffer.set_stringn(area.x + column - 1, area.y + row - 1, text, room, style);
    }

    fn shown(&self, letter: char) -> char {
        match letter {
            letter if letter.is_control() => ' ',
            letter if letter.is_ascii() || self.theme.glyphs == Glyphs::Unicode => letter,
            // What our own words use beyond ASCII has a form of its own; tools say anything.
            '‘' | '’' => '\'',
            '“' | '”' => '"',
            '–' | '—' | '─' => '-',
            '│' | '╷' | '╵' => '|',
            letter if letter_of_glyph(letter).is_some() => letter_of_glyph(letter).unwrap_or('?'),
            _ => '?',
        }
    }

    /// The glyph of a state.
    pub fn mark(&mut self, column: u16, row: u16, mark: Mark) {
        let (glyph, _) = Theme::of_mark(mark);
        self.put(column, row, 1, self.theme.glyph(mark), glyph);
    }

    /// The word of a state.
    pub fn word(&mut self, column: u16, row: u16, width: u16, mark: Mark) {
        let (_, word) = Theme::of_mark(mark);
        self.put(column, row, width, mark.word(), word);
    }

    /// A piece of structure.
    pub fn line(&mut self, column: u16, row: u16, line: Line) {
        self.put(column, row, 1, self.theme.line(line), Role::Text);
    }

    /// The mark of the row in focus; the terminal's cursor stands on it.
    pub fn focus(&mut self, column: u16, row: u16) {
        self.put(column, row, 1, self.theme.line(Line::Focus), Role::Focus);
        self.cursor = Some(Position::new(column.saturating_sub(1), row.saturating_sub(1)));
    }

    /// A horizontal line with a label in it.
    pub fn rule(&mut self, columns: (u16, u16), row: u16, left: &str, right: &str) {
        let (from, until) = columns;
        let horizontal = self.theme.line(Line::Horizontal);
        let width = until.saturating_sub(from) + 1;
        let text: String = horizontal.repeat(usize::from(width));
        self.put(from, row, width, &text, Role::Text);
        let most = width.saturating_sub(8);
        if !left.is_empty() {
            let left = format!(" {} ", shortened(left, usize::from(most)));
            self.put(from + 2, row, most + 2, &left, Role::Heading);
        }
        if !right.is_empty() {
            let right = format!(" {} ", shortened(right, usize::from(most)));
            self.put_right(until.saturating_sub(2), row, most + 2, &right, Role::Heading);
        }
    }

    /// Clears a region.
    pub fn clear(&mut self, columns: (u16, u16), rows: (u16, u16)) {
        let area = self.buffer.area;
        let blank = Rect::new(
            area.x + columns.0.saturating_sub(1),
            area.y + rows.0.saturating_sub(1),
            (columns.1 + 1).saturating_sub(columns.0),
            (rows.1 + 1).saturating_sub(rows.0),
        );
        for position in blank.intersection(area).positions() {
            self.buffer[position].reset();
        }
    }

    /// Gives a row, or a part of it, the look of a role.
    pub fn paint(&mut self, columns: (u16, u16), row: u16, role: Role) {
        let area = self.buffer.area;
        let width = (columns.1 + 1).saturating_sub(columns.0);
        let part = Rect::new(columns.0.saturating_sub(1), row.saturating_sub(1), width, 1);
        self.buffer.set_style(part.intersection(area), self.theme.style(role));
    }
}

/// What an ASCII terminal shows for a glyph of ours that stands in a text.
fn letter_of_glyph(letter: char) -> Option<char> {
    Some(match letter {
        '√' => '+',
        '•' => '*',
        '○' => '~',
        '·' | '░' | '…' => '.',
        '×' => 'x',
        '■' | '█' => '#',
        '►' => '>',
        '»' => '=',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(theme: Theme, draw: impl FnOnce(&mut Canvas)) -> String {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 1));
        draw(&mut Canvas::new(&mut buffer, theme));
        buffer.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn a_text_stays_in_its_room_and_brings_no_control_characters() {
        let text = drawn(Theme::PLAIN, |canvas| {
            canvas.put(2, 1, 6, "ab\u{1b}[31mcd", Role::Text);
            canvas.put(12, 1, 9, "xyz", Role::Text);
            canvas.put(99, 1, 9, "xyz", Role::Text);
        });
        assert_eq!(text, " ab [31    x");
    }

    #[test]
    fn an_ascii_terminal_gets_ascii() {
        let text = drawn(Theme::PLAIN, |canvas| {
            canvas.put(1, 1, 12, "café “x” ─ √", Role::Text);
        });
        assert_eq!(text, "caf? \"x\" - +");
    }

    #[test]
    fn a_text_can_end_at_a_column() {
        let text = drawn(Theme::PLAIN, |canvas| canvas.put_right(11, 1, 5, "9:52", Role::Text));
        assert_eq!(text, "       9:52 ");
    }
}
