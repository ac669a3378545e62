//! The code of an MFA device: typed, not shown, and kept nowhere.

use ratatui::layout::Position;

use super::picker::frame;
use super::{Over, Wizard};
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::Effect;
use crate::frontend::tui::inquiry::Wanted;
use crate::frontend::tui::keymap::{Command, Meaning};
use crate::frontend::tui::theme::Role;
use crate::frontend::view::names::shortened;
use crate::run::Secret;

/// A code has six digits; some devices have more.
const LONGEST: usize = 16;

impl Wizard {
    /// What the status line says while a code is wanted.
    pub(super) fn code_status(&self) -> Option<String> {
        let wanted = self.code.as_ref().filter(|_| !matches!(self.over, Some(Over::Code(_))))?;
        let how = if self.is_typing() { "Esc, then c," } else { "c" };
        Some(match wanted.refused {
            None => format!("AWS wants a code of your MFA device; {how} to type it"),
            Some(_) => format!("AWS did not take that code; {how} to type another"),
        })
    }

    /// Opens the field of the code, where one is wanted.
    pub(super) fn open_code(&mut self) {
        if self.code.is_some() {
            self.over = Some(Over::Code(Secret::new("")));
        } else {
            self.say("No code of an MFA device is wanted");
        }
    }

    pub(super) fn code_key(&mut self, typed: &str, meaning: Meaning) -> Vec<Effect> {
        let mut typed = typed.to_owned();
        match meaning {
            Meaning::Letter(letter) if typed.len() < LONGEST && letter.is_ascii_alphanumeric() => {
                typed.push(letter);
            }
            Meaning::Backspace => drop(typed.pop()),
            Meaning::Command(Command::Empty) => typed.clear(),
            Meaning::Command(Command::Out) => return Vec::new(),
            Meaning::Command(Command::Do) if !typed.is_empty() => {
                self.code = None;
                self.is_commanding = false;
                self.say("Asking AWS with that code");
                return vec![Effect::Inquire(Box::new(Wanted::Code(Secret::new(typed))))];
            }
            _ => {}
        }
        self.over = Some(Over::Code(Secret::new(typed)));
        Vec::new()
    }

    pub(super) fn draw_code(&self, canvas: &mut Canvas<'_>, typed: &str) {
        let Some(wanted) = &self.code else { return };
        let (from, until) = (7, 14);
        canvas.clear((2, 79), (from, until));
        frame(canvas, from, until, "Code of the MFA device");
        let device = shortened(&wanted.device, 60);
        canvas.put(4, from + 1, 74, &format!("Device    {device}"), Role::Text);
        if let Some(why) = &wanted.refused {
            let why = shortened(why, 60);
            canvas.put(4, from + 2, 74, &format!("Refused   {why}"), Role::Bad);
        }
        let hidden = "*".repeat(typed.len());
        canvas.focus(3, from + 3);
        canvas.put(4, from + 3, 74, &format!("Code      [{hidden:<LONGEST$}]"), Role::Focus);
        let why = "It is not shown, goes to AWS once, and is in no file. The session lasts";
        canvas.put(4, from + 5, 74, why, Role::Quiet);
        let more = "while this form is open; the install asks for a code of its own.";
        canvas.put(4, from + 6, 74, more, Role::Quiet);
        let letters = u16::try_from(typed.len()).unwrap_or(0);
        canvas.cursor = Some(Position::new(14 + letters, from + 2));
    }
}
