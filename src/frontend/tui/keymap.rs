//! The keymap: every key, what it is called and what it does, as data.
//!
//! One meaning for a key everywhere. The key line and the help are made from this table, so a key
//! that is shown is one that is bound.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// The row above.
    Up,
    /// The row below.
    Down,
    /// Fold; the option before.
    Left,
    /// Unfold; the option after.
    Right,
    /// One body up.
    PageUp,
    /// One body down.
    PageDown,
    /// The first row.
    First,
    /// The last row.
    Last,
    /// The next pane.
    Next,
    /// The pane before.
    Previous,
    /// Open or carry out the row in focus.
    Do,
    /// One level out.
    Out,
    /// Choose; in a replay, hold or go on.
    Choose,
    /// Move the focus to a row of a menu.
    GoTo(u8),
    /// Find.
    Find,
    /// The next match.
    NextMatch,
    /// The match before.
    PreviousMatch,
    /// Choose what is shown.
    View,
    /// Begin an install.
    Install,
    /// Begin a rehearsal.
    Rehearse,
    /// Leave a check out.
    LeaveOut,
    /// Go on with a run.
    Resume,
    /// Open the stop menu.
    Stop,
    /// Leave; the run goes on.
    Detach,
    /// Take the keys from another viewer.
    TakeKeys,
    /// Open the log.
    Log,
    /// Follow the end of the log.
    Follow,
    /// How the credentials stand.
    Credentials,
    /// Look again.
    AskAgain,
    /// These keys.
    Help,
    /// Leave springboard.
    Quit,
    /// The stop menu, or quit.
    Interrupt,
    /// Empty the field.
    Empty,
    /// Repaint.
    Repaint,
    /// Suspend this viewer.
    Suspend,
    /// Replay faster.
    Faster,
    /// Replay slower.
    Slower,
}

/// A key as the keymap knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// A letter or sign; works only where letters are keys.
    Letter(char),
    /// Control and a letter; works in fields too.
    Control(char),
    /// Any other key; works in fields too.
    Named(KeyCode),
}

/// An entry of the keymap.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What is asked for.
    pub command: Command,
    /// The keys; the first one stands on the key line.
    pub keys: &'static [Key],
    /// The keys as the help shows them.
    pub label: &'static str,
    /// What the help says.
    pub help: &'static str,
}

use Key::{Control, Letter, Named};

/// Every key.
pub const KEYMAP: &[Binding] = &[
    binding(Command::Up, &[Named(KeyCode::Up), Letter('k')], "Up k", "row up"),
    binding(Command::Down, &[Named(KeyCode::Down), Letter('j')], "Down j", "row down"),
    binding(Command::Left, &[Named(KeyCode::Left), Letter('h')], "Left h", "stage before"),
    binding(Command::Right, &[Named(KeyCode::Right), Letter('l')], "Right l", "stage after"),
    binding(Command::PageUp, &[Named(KeyCode::PageUp), Letter('K')], "PgUp K", "page up"),
    binding(Command::PageDown, &[Named(KeyCode::PageDown), Letter('J')], "PgDn J", "page down"),
    binding(Command::First, &[Named(KeyCode::Home), Letter('g')], "Home g", "first"),
    binding(
        Command::Last,
        &[Named(KeyCode::End), Letter('G')],
        "End G",
        "last; a log follows again",
    ),
    binding(Command::Next, &[Named(KeyCode::Tab)], "Tab", "next stage or pane"),
    binding(Command::Previous, &[Named(KeyCode::BackTab)], "Shift-Tab", "the one before"),
    binding(Command::Do, &[Named(KeyCode::Enter)], "Enter", "open, or carry out the row"),
    binding(Command::Out, &[Named(KeyCode::Esc)], "Esc", "one level out; ends nothing"),
    binding(Command::Choose, &[Letter(' ')], "Space", "choose; in a replay: hold, go on"),
    binding(Command::GoTo(1), &[Letter('1')], "1-9", "to a row of a menu, to a page of a form"),
    binding(Command::GoTo(2), &[Letter('2')], "", ""),
    binding(Command::GoTo(3), &[Letter('3')], "", ""),
    binding(Command::GoTo(4), &[Letter('4')], "", ""),
    binding(Command::GoTo(5), &[Letter('5')], "", ""),
    binding(Command::GoTo(6), &[Letter('6')], "", ""),
    binding(Command::GoTo(7), &[Letter('7')], "", ""),
    binding(Command::GoTo(8), &[Letter('8')], "", ""),
    binding(Command::GoTo(9), &[Letter('9')], "", ""),
    binding(Command::Find, &[Letter('/')], "/", "find"),
    binding(Command::NextMatch, &[Letter('n')], "n", "next match"),
    binding(Command::PreviousMatch, &[Letter('p')], "p", "match before"),
    binding(
        Command::View,
        &[Letter('v')],
        "v",
        "view: by part, every object, slow only; one address",
    ),
    binding(Command::Install, &[Letter('i')], "i", "begin an install"),
    binding(Command::Rehearse, &[Letter('t')], "t", "begin a rehearsal"),
    binding(Command::LeaveOut, &[Letter('x')], "x", "leave a check out, or ask it after all"),
    binding(Command::Resume, &[Letter('r')], "r", "resume, once it has ended"),
    binding(Command::Stop, &[Letter('s')], "s", "stop menu"),
    binding(Command::Detach, &[Letter('d')], "d", "detach: the run goes on"),
    binding(Command::TakeKeys, &[Letter('w')], "w", "take the keys from another viewer"),
    binding(Command::Log, &[Letter('o')], "o", "log of this stage or row"),
    binding(Command::Follow, &[Letter('f')], "f", "follow the end of the log, or stay"),
    binding(Command::Credentials, &[Letter('c')], "c", "credentials: until when, how to renew"),
    binding(Command::AskAgain, &[Letter('u')], "u", "look again"),
    binding(Command::Faster, &[Letter('+')], "+", "replay faster"),
    binding(Command::Slower, &[Letter('-')], "-", "replay slower"),
    binding(Command::Help, &[Letter('?')], "?", "these keys; typing narrows them"),
    binding(Command::Quit, &[Letter('q')], "q", "leave springboard"),
    binding(Command::Interrupt, &[Control('c')], "Ctrl-C", "stop menu; elsewhere quit"),
    binding(Command::Empty, &[Control('u')], "Ctrl-U", "empty the field"),
    binding(Command::Repaint, &[Control('l')], "Ctrl-L", "draw everything again"),
    binding(Command::Suspend, &[Control('z')], "Ctrl-Z", "suspend this viewer"),
];

const fn binding(
    command: Command,
    keys: &'static [Key],
    label: &'static str,
    help: &'static str,
) -> Binding {
    Binding { command, keys, label, help }
}

/// What a key means: a command, a letter of a text, or nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// A command.
    Command(Command),
    /// A letter for the field in focus.
    Letter(char),
    /// Take the last letter of the field away.
    Backspace,
    /// Nothing.
    Nothing,
}

/// What letters are where a key is pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Letters {
    /// Keys.
    AreKeys,
    /// Text.
    AreText,
}

/// What a key means.
pub fn meaning(event: &KeyEvent, letters: Letters) -> Meaning {
    let is_control = event.modifiers.contains(KeyModifiers::CONTROL);
    if letters == Letters::AreText {
        match event.code {
            KeyCode::Char(letter) if !is_control => return Meaning::Letter(letter),
            KeyCode::Backspace => return Meaning::Backspace,
            _ => {}
        }
    }
    let is_meant = |key: &Key| match (key, event.code) {
        (Letter(known), KeyCode::Char(pressed)) => !is_control && *known == pressed,
        (Control(known), KeyCode::Char(pressed)) => {
            is_control && *known == pressed.to_ascii_lowercase()
        }
        (Named(known), pressed) => *known == pressed,
        _ => false,
    };
    let found = KEYMAP.iter().find(|binding| binding.keys.iter().any(is_meant));
    found.map_or(Meaning::Nothing, |binding| Meaning::Command(binding.command))
}

/// The key of a command as the key line shows it.
pub fn shown(command: Command) -> &'static str {
    match command {
        Command::Up | Command::Down => return "Up/Down",
        Command::Left => return "Left/Right",
        _ => {}
    }
    KEYMAP
        .iter()
        .find(|b| b.command == command)
        .map_or("", |binding| binding.label.split(' ').next().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things() {
        let all: Vec<Key> =
            KEYMAP.iter().flat_map(|binding| binding.keys.iter().copied()).collect();
        for (at, key) in all.iter().enumerate() {
            assert!(!all[at + 1..].contains(key), "{key:?} is bound twice");
        }
    }

    #[test]
    fn keys_that_something_on_the_way_eats_are_not_used() {
        let eaten = "absqdvyontwhijm\\";
        for key in KEYMAP.iter().flat_map(|binding| binding.keys) {
            match key {
                Control(letter) => assert!(!eaten.contains(*letter), "Ctrl-{letter}"),
                Letter(letter) => assert_ne!(*letter, '~'),
                Named(code) => assert!(!matches!(code, KeyCode::F(_)), "{code}"),
            }
        }
    }

    #[test]
    fn in_a_field_letters_are_text_and_control_keys_are_keys() {
        let press = |code, modifiers| KeyEvent::new(code, modifiers);
        let q = press(KeyCode::Char('q'), KeyModifiers::NONE);
        assert_eq!(meaning(&q, Letters::AreKeys), Meaning::Command(Command::Quit));
        assert_eq!(meaning(&q, Letters::AreText), Meaning::Letter('q'));
        let c = press(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(meaning(&c, Letters::AreText), Meaning::Command(Command::Interrupt));
        let esc = press(KeyCode::Esc, KeyModifiers::NONE);
        assert_eq!(meaning(&esc, Letters::AreText), Meaning::Command(Command::Out));
        let g = press(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(meaning(&g, Letters::AreKeys), Meaning::Command(Command::Last));
    }
}
