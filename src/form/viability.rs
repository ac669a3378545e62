//! Whether a text can still become right by typing on.
//!
//! The form of a text is the pattern of its type, the one that the JSON schema of the answer file
//! has. Run over what is typed so far, its automaton says whether any ending would match.

use regex_automata::Input;
use regex_automata::hybrid::dfa::DFA;

use crate::answers::{Kind, Question, Text};

/// How a text stands that is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Viability {
    /// It is of the right form.
    Right,
    /// It is not, and more letters can make it so.
    Unfinished,
    /// No ending makes it right.
    Hopeless,
}

pub(super) fn of(question: &Question, text: &str) -> Viability {
    match &question.kind {
        Kind::Text(kind) | Kind::List { item: kind, .. } => of_text(*kind, text),
        Kind::Choice(choices) | Kind::Choices(choices) => {
            of_words(choices.iter().map(|choice| choice.value), text)
        }
        Kind::Flag => of_words(["true", "false"].into_iter(), text),
        Kind::Number { min, max, .. } => of_number(*min, *max, text),
        // Its rows are looked at as a whole.
        Kind::Table(_) => Viability::Unfinished,
    }
}

fn of_text(kind: Text, text: &str) -> Viability {
    if (kind.parse)(text).is_ok() {
        return Viability::Right;
    }
    // Whether a path is there is not in its letters.
    if kind.is_path || can_go_on(kind.pattern, text).unwrap_or(true) {
        Viability::Unfinished
    } else {
        Viability::Hopeless
    }
}

fn of_words<'a>(mut words: impl Iterator<Item = &'a str> + Clone, text: &str) -> Viability {
    if words.clone().any(|word| word == text) {
        Viability::Right
    } else if words.any(|word| word.starts_with(text)) {
        Viability::Unfinished
    } else {
        Viability::Hopeless
    }
}

fn of_number(min: i64, max: i64, text: &str) -> Viability {
    match text.parse::<i64>() {
        Ok(number) if (min..=max).contains(&number) => Viability::Right,
        // Each further digit makes it greater.
        Ok(number) if (0..min).contains(&number) => Viability::Unfinished,
        Err(_) if text.is_empty() => Viability::Unfinished,
        _ => Viability::Hopeless,
    }
}

/// Whether any ending makes `text` match; `None` for a pattern that the automaton cannot have.
fn can_go_on(pattern: &str, text: &str) -> Option<bool> {
    let automaton = DFA::new(pattern).ok()?;
    let mut cache = automaton.create_cache();
    let mut state = automaton.start_state_forward(&mut cache, &Input::new(text)).ok()?;
    for byte in text.bytes() {
        state = automaton.next_state(&mut cache, state, byte).ok()?;
        if state.is_dead() {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answers::value::Cidr;

    #[test]
    fn a_range_is_unfinished_until_it_is_right_or_cannot_be() {
        let kind = Text::of::<Cidr>();
        for (text, viability) in [
            ("", Viability::Unfinished),
            ("10.", Viability::Unfinished),
            ("10.0.0.0", Viability::Unfinished),
            ("10.0.0.0/16", Viability::Right),
            ("10.0.0.0/16x", Viability::Hopeless),
            ("ten", Viability::Hopeless),
            ("10..", Viability::Hopeless),
        ] {
            assert_eq!(of_text(kind, text), viability, "{text}");
        }
    }

    #[test]
    fn a_number_below_the_least_can_grow_and_one_above_the_greatest_cannot_shrink() {
        for (text, viability) in [
            ("", Viability::Unfinished),
            ("2", Viability::Unfinished),
            ("20", Viability::Right),
            ("201", Viability::Hopeless),
            ("-1", Viability::Hopeless),
            ("x", Viability::Hopeless),
        ] {
            assert_eq!(of_number(10, 200, text), viability, "{text}");
        }
    }

    #[test]
    fn a_word_is_unfinished_while_one_begins_with_it() {
        let words = ["full", "platform-only"];
        for (text, viability) in [
            ("plat", Viability::Unfinished),
            ("full", Viability::Right),
            ("fullest", Viability::Hopeless),
        ] {
            assert_eq!(of_words(words.into_iter(), text), viability, "{text}");
        }
    }
}
