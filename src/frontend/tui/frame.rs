//! The frame that all screens share.
//!
//! ```text
//!  springboard acme-prod / Rollout                   REHEARSAL creds 7:12    9:52
//!  title                                                        one changing fact
//!  body: rows 3 to 21 of 24
//!  ------------------------------------------------------------- what it rests on
//!  what happens now and what it waits for, or the answer to a key
//!  Enter details  o log  s stop  ? help  q quit
//! ```

use super::canvas::Canvas;
use super::keymap::{self, Command};
use super::theme::Role;

/// The smallest terminal on which a screen is drawn.
pub const SMALLEST: (u16, u16) = (80, 24);
/// From this size on there is a panel beside and one below.
pub const LARGE: (u16, u16) = (120, 40);
/// The last column of the small screen that is used, and the last one of a large one.
const LAST: (u16, u16) = (79, 119);

/// What the frame says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chrome {
    /// Deployment and screen.
    pub place: String,
    /// `REHEARSAL`, `READ-ONLY`.
    pub tags: Vec<&'static str>,
    /// How the credentials stand.
    pub credentials: String,
    /// Clock of the run.
    pub clock: String,
    /// What this screen shows.
    pub title: String,
    /// Its one changing fact.
    pub aside: String,
    /// What the estimate rests on.
    pub rule: String,
    /// What happens now, or the answer to a key.
    pub status: String,
    /// What can be done, the most useful first.
    pub keys: Vec<(Command, &'static str)>,
}

/// The rows and columns of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Body {
    /// First and last row.
    pub rows: (u16, u16),
    /// First and last column of the panel beside, on a large terminal.
    pub beside: Option<(u16, u16)>,
    /// First and last row of the panel below, on a large terminal.
    pub below: Option<(u16, u16)>,
}

impl Body {
    /// The body on a terminal of that size; `None` when it is too small.
    pub fn of(size: (u16, u16)) -> Option<Self> {
        if size.0 < SMALLEST.0 || size.1 < SMALLEST.1 {
            return None;
        }
        let end = size.1 - 3;
        if size.0 >= LARGE.0 && size.1 >= LARGE.1 {
            let beside = Some((82, LAST.1.max(size.0.min(160) - 1)));
            return Some(Self { rows: (3, 21), beside, below: Some((22, end)) });
        }
        Some(Self { rows: (3, end), beside: None, below: None })
    }

    /// How many rows it has.
    pub fn height(self) -> usize {
        usize::from(self.rows.1 - self.rows.0 + 1)
    }
}

/// Draws everything but the body; on a terminal that is too small, one line.
pub fn draw(canvas: &mut Canvas<'_>, chrome: &Chrome) -> Option<Body> {
    let (width, height) = canvas.size();
    let Some(body) = Body::of((width, height)) else {
        let text = format!(
            "springboard needs {}x{}, this terminal is {width}x{height}; the run goes on. q quits",
            SMALLEST.0, SMALLEST.1
        );
        canvas.put(1, 1, width, &text, Role::Text);
        return None;
    };
    let last =
        if width >= LARGE.0 { LAST.1.max(width.min(160) - 1) } else { LAST.0.max(width - 1) };
    header(canvas, chrome);
    canvas.put_short(2, 2, 54, &chrome.title, Role::Heading);
    let room =
        77_u16.saturating_sub(u16::try_from(chrome.title.chars().count().min(54)).unwrap_or(54));
    canvas.put_right(79, 2, room, &chrome.aside, Role::Text);
    canvas.rule((2, last), height - 2, "", &chrome.rule);
    canvas.put_short(2, height - 1, last - 1, &chrome.status, Role::Text);
    keys(canvas, height, last, &chrome.keys);
    if let Some((from, _)) = body.beside {
        for row in body.rows.0..=body.rows.1 {
            canvas.line(from - 1, row, super::theme::Line::Vertical);
        }
    }
    Some(body)
}

fn header(canvas: &mut Canvas<'_>, chrome: &Chrome) {
    let (width, _) = canvas.size();
    canvas.paint((1, width), 1, Role::Header);
    canvas.put(2, 1, 11, "springboard", Role::Header);
    canvas.put_short(14, 1, 27, &chrome.place, Role::Header);
    let mut end = 60;
    for tag in chrome.tags.iter().rev() {
        let length = u16::try_from(tag.len()).unwrap_or(0);
        canvas.put_right(end, 1, length, tag, Role::Tag);
        end = end.saturating_sub(length + 1);
    }
    canvas.put_right(71, 1, 10, &chrome.credentials, Role::Header);
    canvas.put_right(79, 1, 7, &chrome.clock, Role::Header);
    canvas.paint((1, width), 1, Role::Header);
}

/// As many keys as there is room for; those at the end, help and quit, in any case.
fn keys(canvas: &mut Canvas<'_>, row: u16, last: u16, keys: &[(Command, &'static str)]) {
    let width = |(command, word): &(Command, &'static str)| {
        let length = keymap::shown(*command).len() + 1 + word.len() + 2;
        u16::try_from(length).unwrap_or(u16::MAX)
    };
    let is_kept = |key: &(Command, &'static str)| matches!(key.0, Command::Help | Command::Quit);
    let kept: u16 = keys.iter().filter(|key| is_kept(key)).map(width).sum();
    let mut column = 2;
    let mut room = (last + 1).saturating_sub(kept);
    for key in keys {
        let needed = width(key);
        if is_kept(key) {
            room += needed;
        } else if column + needed > room {
            continue;
        }
        let (command, word) = key;
        let shown = keymap::shown(*command);
        let length = u16::try_from(shown.len()).unwrap_or(0);
        canvas.put(column, row, length, shown, Role::Key);
        canvas.put(column + length + 1, row, needed, word, Role::Text);
        column += needed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_grows_downwards_and_a_large_terminal_has_panels() {
        assert_eq!(Body::of((79, 24)), None);
        let small = Body::of((80, 24)).unwrap();
        assert_eq!((small.rows, small.beside, small.below), ((3, 21), None, None));
        assert_eq!(Body::of((119, 50)).unwrap().rows, (3, 47));
        let large = Body::of((120, 40)).unwrap();
        assert_eq!(large.rows, (3, 21));
        assert_eq!((large.beside, large.below), (Some((82, 119)), Some((22, 37))));
    }
}
