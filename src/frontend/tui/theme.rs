//! The theme: every colour is a role, every glyph has an ASCII form of the same width.
//!
//! Only the six plain colours and the default are used, never a background: under many palettes the
//! bright ones are greys. A state is a word and a glyph; colour repeats it.

use ratatui::style::{Color, Modifier, Style};

use crate::frontend::view::mark::Mark;
use crate::host::Host;

/// How things are drawn on this terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Theme {
    /// Which glyphs it can show.
    pub glyphs: Glyphs,
    /// What it draws on.
    pub ground: Ground,
    /// Whether it has colours.
    pub colours: Colours,
}

/// Which glyphs a terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// What the fonts of all consoles have.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// The background of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ground {
    /// Light text on dark.
    Dark,
    /// Dark text on light.
    Light,
    /// Not known: colours that can be read on both.
    Unknown,
}

/// Whether a terminal has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// At least the plain ones.
    Plain,
    /// None, or none are wanted.
    None,
}

/// When colours are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum ColourChoice {
    /// Unless `NO_COLOR` is set.
    #[default]
    Auto,
    /// In any case.
    Always,
    /// Never.
    Never,
}

/// What a text is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything else.
    Text,
    /// The first row.
    Header,
    /// Labels, heads of columns.
    Heading,
    /// Keys on the last row.
    Key,
    /// The row in focus.
    Focus,
    /// The row in focus of a popup.
    Chosen,
    /// Remarks, sources.
    Quiet,
    /// Done, pass.
    Good,
    /// Running.
    Active,
    /// Slow, blocked, warn.
    Attention,
    /// Failed.
    Bad,
    /// The glyph of what failed.
    BadGlyph,
    /// `REHEARSAL`, `READ-ONLY`.
    Tag,
}

/// Every role, for tests.
pub const ROLES: &[Role] = &[
    Role::Text,
    Role::Header,
    Role::Heading,
    Role::Key,
    Role::Focus,
    Role::Chosen,
    Role::Quiet,
    Role::Good,
    Role::Active,
    Role::Attention,
    Role::Bad,
    Role::BadGlyph,
    Role::Tag,
];

/// Structure that is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// Between above and below.
    Horizontal,
    /// Between left and right.
    Vertical,
    /// Corners of a box: top left, top right, bottom left, bottom right.
    Corner(usize),
    /// Part of a bar that is done.
    BarDone,
    /// Part of a bar that is left.
    BarLeft,
    /// The row in focus.
    Focus,
    /// A row that matches the search.
    Match,
}

impl Theme {
    /// What the environment says of the terminal.
    pub fn of(host: &Host, choice: ColourChoice, glyphs: Option<Glyphs>) -> Self {
        let colours = match choice {
            ColourChoice::Never => Colours::None,
            ColourChoice::Auto if host.var("NO_COLOR").is_some() => Colours::None,
            ColourChoice::Always | ColourChoice::Auto => Colours::Plain,
        };
        Self {
            glyphs: glyphs.unwrap_or_else(|| glyphs_of(host)),
            ground: ground(host.var("COLORFGBG")),
            colours,
        }
    }

    /// Without colours, in ASCII: what snapshots are taken with.
    pub const PLAIN: Self =
        Self { glyphs: Glyphs::Ascii, ground: Ground::Unknown, colours: Colours::None };

    /// How a role looks.
    pub fn style(self, role: Role) -> Style {
        let modifier = match role {
            Role::Text | Role::Good | Role::Active => Modifier::empty(),
            Role::Header => Modifier::REVERSED,
            // A tag stands in row 1, which is reversed: reversed twice is not reversed.
            Role::Heading | Role::Key | Role::Focus | Role::Attention | Role::Bad | Role::Tag => {
                Modifier::BOLD
            }
            Role::Chosen | Role::BadGlyph => Modifier::BOLD.union(Modifier::REVERSED),
            Role::Quiet => Modifier::DIM,
        };
        let style = Style::new().add_modifier(modifier);
        match self.colour(role).filter(|_| self.colours == Colours::Plain) {
            Some(colour) => style.fg(colour),
            None => style,
        }
    }

    fn colour(self, role: Role) -> Option<Color> {
        let by_ground = |dark, other| if self.ground == Ground::Dark { dark } else { other };
        Some(match role {
            Role::Good => Color::Green,
            Role::Active => match self.ground {
                Ground::Dark => Color::Cyan,
                Ground::Light => Color::Blue,
                Ground::Unknown => return None,
            },
            Role::Attention | Role::Tag => by_ground(Color::Yellow, Color::Magenta),
            Role::Bad | Role::BadGlyph => Color::Red,
            _ => return None,
        })
    }

    /// How a state looks: its glyph, its word.
    pub fn of_mark(mark: Mark) -> (Role, Role) {
        match mark {
            Mark::Done | Mark::Pass => (Role::Good, Role::Good),
            Mark::Running => (Role::Active, Role::Active),
            Mark::Slow | Mark::Blocked | Mark::Warn => (Role::Attention, Role::Attention),
            Mark::Failed | Mark::Fail => (Role::BadGlyph, Role::Bad),
            Mark::Waiting | Mark::Unknown | Mark::Stopped | Mark::Interrupted => {
                (Role::Text, Role::Text)
            }
            Mark::Queued | Mark::Skipped | Mark::Draft => (Role::Quiet, Role::Quiet),
        }
    }

    /// The glyph of a state.
    pub fn glyph(self, mark: Mark) -> &'static str {
        let (unicode, ascii) = match mark {
            Mark::Done | Mark::Pass => ("√", "+"),
            Mark::Running => ("•", "*"),
            Mark::Waiting => ("○", "~"),
            Mark::Queued | Mark::Draft => ("·", "."),
            Mark::Slow | Mark::Blocked | Mark::Warn => ("!", "!"),
            Mark::Failed | Mark::Fail => ("×", "x"),
            Mark::Unknown => ("?", "?"),
            Mark::Skipped => ("-", "-"),
            Mark::Stopped => ("■", "#"),
            Mark::Interrupted => ("/", "/"),
        };
        self.pick(unicode, ascii)
    }

    /// The glyph of a piece of structure.
    pub fn line(self, line: Line) -> &'static str {
        let (unicode, ascii) = match line {
            Line::Horizontal => ("─", "-"),
            Line::Vertical => ("│", "|"),
            Line::Corner(at) => (["┌", "┐", "└", "┘"][at % 4], "+"),
            Line::BarDone => ("█", "#"),
            Line::BarLeft => ("░", "."),
            Line::Focus => ("►", ">"),
            Line::Match => ("»", "="),
        };
        self.pick(unicode, ascii)
    }

    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.glyphs {
            Glyphs::Unicode => unicode,
            Glyphs::Ascii => ascii,
        }
    }
}

/// The second or third number of `COLORFGBG` is the background; 7 and 15 are light.
fn ground(variable: Option<&str>) -> Ground {
    match variable.and_then(|value| value.rsplit(';').next()?.parse::<u8>().ok()) {
        Some(7 | 9..=15) => Ground::Light,
        Some(_) => Ground::Dark,
        None => Ground::Unknown,
    }
}

/// ASCII without a UTF-8 locale, and where the width of the glyphs is ambiguous.
fn glyphs_of(host: &Host) -> Glyphs {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| host.var(name));
    let locale = locale.unwrap_or_default().to_lowercase();
    let is_wide = ["zh", "ja", "ko"].iter().any(|language| locale.starts_with(language));
    if (locale.contains("utf-8") || locale.contains("utf8")) && !is_wide {
        Glyphs::Unicode
    } else {
        Glyphs::Ascii
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::frontend::view::mark;

    fn theme(vars: &[(&str, &str)]) -> Theme {
        let vars: BTreeMap<String, String> =
            vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        Theme::of(&Host::fixed(vars, PathBuf::new(), PathBuf::new()), ColourChoice::Auto, None)
    }

    #[test]
    fn the_environment_decides_on_glyphs_ground_and_colours() {
        let plain = theme(&[]);
        assert_eq!((plain.glyphs, plain.ground), (Glyphs::Ascii, Ground::Unknown));
        assert_eq!(theme(&[("LANG", "en_US.UTF-8")]).glyphs, Glyphs::Unicode);
        assert_eq!(theme(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).glyphs, Glyphs::Ascii);
        assert_eq!(theme(&[("LANG", "ja_JP.UTF-8")]).glyphs, Glyphs::Ascii);
        assert_eq!(theme(&[("COLORFGBG", "15;0")]).ground, Ground::Dark);
        assert_eq!(theme(&[("COLORFGBG", "0;default;15")]).ground, Ground::Light);
        assert_eq!(theme(&[("NO_COLOR", "1")]).colours, Colours::None);
    }

    #[test]
    fn no_background_and_no_bright_colour_is_ever_used() {
        let plain =
            [None, Some(Color::Green), Some(Color::Cyan), Some(Color::Blue), Some(Color::Red)];
        let plain = [&plain[..], &[Some(Color::Yellow), Some(Color::Magenta)]].concat();
        for ground in [Ground::Dark, Ground::Light, Ground::Unknown] {
            for role in ROLES {
                let theme = Theme { glyphs: Glyphs::Ascii, ground, colours: Colours::Plain };
                let style = theme.style(*role);
                assert!(style.bg.is_none() && plain.contains(&style.fg), "{role:?} on {ground:?}");
            }
        }
    }

    #[test]
    fn every_state_has_a_glyph_of_one_column_in_both_sets() {
        for mark in mark::ALL {
            for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
                let theme = Theme { glyphs, ..Theme::PLAIN };
                assert_eq!(theme.glyph(*mark).chars().count(), 1, "{mark:?}");
            }
            assert!(Theme::PLAIN.glyph(*mark).is_ascii());
        }
    }

    #[test]
    fn states_that_share_a_glyph_differ_by_their_word() {
        for one in mark::ALL {
            for other in mark::ALL.iter().filter(|other| *other != one) {
                assert_ne!(one.word(), other.word());
            }
        }
    }
}
