//! One line that is typed and not shown: the code of an MFA device.
//!
//! Reads keys, so that nothing of it is ever on the screen, and leaves the terminal as it was,
//! also where whoever waits for the line goes away first.

use std::io::{self, Write as _};

use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use futures::StreamExt as _;

/// Asks for a line at the terminal; `None` where it is not given.
///
/// # Errors
/// When the terminal is gone.
pub async fn ask(prompt: &str) -> io::Result<Option<String>> {
    write!(io::stderr().lock(), "{prompt}")?;
    let typed = {
        let _restored_at_the_end = Raw::enter()?;
        typed().await
    };
    writeln!(io::stderr().lock())?;
    typed
}

async fn typed() -> io::Result<Option<String>> {
    let mut line = Line::default();
    // Cancel safe: what was not typed to its end is not used.
    let mut events = EventStream::new();
    while let Some(event) = events.next().await {
        if let Event::Key(key) = event?
            && let Some(ended) = line.press(key)
        {
            return Ok(ended);
        }
    }
    Ok(None)
}

/// The terminal without echo.
struct Raw;

impl Raw {
    fn enter() -> io::Result<Self> {
        enable_raw_mode().map(|()| Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        if let Err(error) = disable_raw_mode() {
            tracing::warn!(%error, "the terminal could not be set back");
        }
    }
}

/// What was typed so far.
#[derive(Default)]
struct Line(String);

impl Line {
    /// What a key does; the line where it ends it, `None` in it where it is given up.
    #[expect(clippy::option_option, reason = "a line that has ended may be none")]
    fn press(&mut self, key: KeyEvent) -> Option<Option<String>> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c' | 'd') if with_control => return Some(None),
            KeyCode::Char('u') if with_control => self.0.clear(),
            // What sends a carriage return or a line feed depends on the terminal.
            KeyCode::Char('j' | 'm') if with_control => return Some(self.take()),
            KeyCode::Char(_) if with_control => {}
            KeyCode::Enter => return Some(self.take()),
            KeyCode::Esc => return Some(None),
            KeyCode::Backspace => drop(self.0.pop()),
            KeyCode::Char(c) => self.0.push(c),
            _ => {}
        }
        None
    }

    fn take(&mut self) -> Option<String> {
        let line = std::mem::take(&mut self.0).trim().to_owned();
        (!line.is_empty()).then_some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(keys: &[(KeyCode, KeyModifiers)]) -> Vec<Option<String>> {
        let mut line = Line::default();
        keys.iter().filter_map(|(code, with)| line.press(KeyEvent::new(*code, *with))).collect()
    }

    #[test]
    fn a_line_is_what_was_typed_until_enter() {
        let plain = |code| (code, KeyModifiers::NONE);
        let control = |c| (KeyCode::Char(c), KeyModifiers::CONTROL);
        let (one, two) = (plain(KeyCode::Char('1')), plain(KeyCode::Char('2')));
        let (back, enter) = (plain(KeyCode::Backspace), plain(KeyCode::Enter));
        assert_eq!(ended(&[one, two, two, back, enter]), [Some("12".to_owned())]);
        assert_eq!(ended(&[one, control('u'), two, control('j')]), [Some("2".to_owned())]);
        assert_eq!(ended(&[enter]), [None]);
        assert_eq!(ended(&[one, control('c')]), [None]);
        assert_eq!(ended(&[one, plain(KeyCode::Esc)]), [None]);
        assert_eq!(ended(&[one, plain(KeyCode::Left)]), []);
    }
}
