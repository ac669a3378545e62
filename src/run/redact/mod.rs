//! Secrets as a type, and the one place that masks them.

mod environment;
mod forms;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, RwLock};

use aho_corasick::AhoCorasick;

/// A value that must not be seen: neither `Debug` nor `Display` shows it.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret value.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value itself, for the one place that must hand it over.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Masks every known secret in text before it reaches the journal, a log or a screen.
///
/// Clones share their secrets, so that one learned late (a sensitive output) is masked everywhere.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    known: Arc<RwLock<Known>>,
}

/// What is masked.
#[derive(Default)]
struct Known {
    secrets: Vec<Secret>,
    /// The shapes in which they may appear.
    forms: BTreeSet<String>,
    /// Finds them all in one pass; made when it is needed first after a secret was learned.
    finder: Option<AhoCorasick>,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} secrets", self.secrets.len())
    }
}

/// What stands in the place of a secret.
pub const MASK: &str = "(redacted)";

/// Shorter values would mask ordinary words.
const SHORTEST: usize = 6;

impl Redactor {
    /// One that knows what the environment of this process keeps secret.
    #[must_use]
    pub fn of_environment(variables: &BTreeMap<String, String>) -> Self {
        let redactor = Self::default();
        for secret in environment::secrets(variables) {
            redactor.learn(&secret);
        }
        redactor
    }

    /// Learns a secret. It is masked as it is, escaped as in JSON or in an address, in base64 also
    /// as a part of something longer, and line by line; values under six characters are not taken.
    pub fn learn(&self, secret: &Secret) {
        if secret.expose().len() < SHORTEST {
            return;
        }
        let mut known = self.known.write().expect(UNPOISONED);
        if known.secrets.contains(secret) {
            return;
        }
        known.secrets.push(secret.clone());
        known.forms.extend(forms::of(secret.expose()));
        known.finder = None;
    }

    /// `text` with every known secret masked.
    pub fn redact(&self, text: &str) -> String {
        let known = self.known.read().expect(UNPOISONED);
        if known.secrets.is_empty() {
            return text.to_owned();
        }
        if let Some(finder) = &known.finder {
            return masked(text, finder);
        }
        drop(known);
        let mut known = self.known.write().expect(UNPOISONED);
        let finder = AhoCorasick::new(&known.forms).expect("so few patterns always fit");
        let clean = masked(text, &finder);
        known.finder = Some(finder);
        clean
    }

    /// The known secrets, for handing them to a process of ours that redacts too.
    pub fn secrets(&self) -> Vec<Secret> {
        self.known.read().expect(UNPOISONED).secrets.clone()
    }
}

const UNPOISONED: &str = "no holder of this lock panics";

/// Masks everything that belongs to any occurrence: where two overlap, both go.
fn masked(text: &str, finder: &AhoCorasick) -> String {
    let mut found: Vec<Range<usize>> = finder
        .find_overlapping_iter(text)
        .map(|found| start_of_escape(text, found.start())..found.end())
        .collect();
    found.sort_by_key(|range| range.start);
    let mut clean = String::with_capacity(text.len());
    let mut end = 0;
    for range in found {
        if range.start >= end {
            clean.push_str(&text[end..range.start]);
            clean.push_str(MASK);
        }
        end = end.max(range.end);
    }
    clean.push_str(&text[end..]);
    clean
}

/// Where masking begins for an occurrence at `start`: one that begins inside of a JSON escape (the
/// `n` of a line break, the digits of `\u00e9`) takes the whole escape with it, because half of one
/// would make a line of JSON unreadable.
fn start_of_escape(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let is_escape = |at: usize| {
        let slashes = bytes[..=at].iter().rev().take_while(|&&byte| byte == b'\\').count();
        slashes % 2 == 1
    };
    for back in 1..=5.min(start) {
        let at = start - back;
        if bytes[at] == b'\\' {
            let inside = back == 1 || bytes[at + 1] == b'u';
            return if inside && is_escape(at) { at } else { start };
        }
        if !bytes[at].is_ascii_hexdigit() && bytes[at] != b'u' {
            break;
        }
    }
    start
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_secret_is_masked_plain_and_escaped() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("pa\"ss\\word"));
        assert_eq!(redactor.redact("x pa\"ss\\word y"), "x (redacted) y");
        assert_eq!(redactor.redact(r#"{"p":"pa\"ss\\word"}"#), r#"{"p":"(redacted)"}"#);
    }

    #[test]
    fn a_secret_is_masked_as_go_and_kubernetes_write_it() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("a<b>&c\"d\""));
        for written in
            ["a<b>&c\"d\"", r#"a<b>&c\"d\""#, r#"a\u003cb\u003e\u0026c\"d\""#, "YTxiPiZjImQi"]
        {
            assert_eq!(redactor.redact(written), MASK, "{written}");
        }
    }

    #[test]
    fn a_secret_of_several_lines_is_masked_line_by_line() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("{\n  \"password\": \"hunter2hunter2\"\n}\n"));
        assert_eq!(redactor.redact("  \"password\": \"hunter2hunter2\""), "  (redacted)");
        assert_eq!(redactor.redact("}"), "}");
    }

    #[test]
    fn the_secrets_themselves_are_handed_on_once() {
        let redactor = Redactor::default();
        for secret in ["hunter2hunter2", "hunter2hunter2", "short"] {
            redactor.learn(&Secret::new(secret));
        }
        assert_eq!(redactor.secrets(), [Secret::new("hunter2hunter2")]);
    }

    #[test]
    fn a_secret_is_masked_in_every_shape_that_programs_give_it() {
        let redactor = Redactor::default();
        let secret = "hunter2/hunter2+ü=\"x\"";
        redactor.learn(&Secret::new(secret));
        let encode = |text: &str| STANDARD.encode(text);
        for written in [
            secret.to_owned(),
            Value::from(secret).to_string(),
            Value::from(Value::from(secret).to_string()).to_string(),
            r#"hunter2/hunter2+\u00fc=\"x\""#.to_owned(),
            "https://x/?p=hunter2%2Fhunter2%2B%C3%BC%3D%22x%22&y".to_owned(),
            "https://x/hunter2%2Fhunter2+%C3%BC=%22x%22/y".to_owned(),
            encode(secret),
            encode(&format!("{secret}\n")),
            encode(&format!("u:{secret}")),
            encode(&format!("user:{secret}@host")),
            encode(&format!("{{\"password\":\"{secret}\",")).replace('+', "-").replace('/', "_"),
        ] {
            let clean = redactor.redact(&format!("a {written} b"));
            assert!(clean.starts_with("a ") && clean.ends_with(" b"), "{clean}");
            assert!(clean.contains(MASK), "{written}: {clean}");
            for part in ["hunter2", "odW50ZXIy", "h1bnRlcj", "aHVudGVy"] {
                assert!(!clean.contains(part), "{written}: {clean}");
            }
        }
    }

    #[test]
    fn secrets_that_overlap_are_masked_to_the_last_letter() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("abcdefgh"));
        redactor.learn(&Secret::new("efghijkl"));
        redactor.learn(&Secret::new("cdefgh"));
        assert_eq!(redactor.redact("-abcdefghijkl-cdefgh-"), "-(redacted)-(redacted)-");
    }

    #[test]
    fn what_is_masked_is_still_json() {
        let redactor = Redactor::default();
        for secret in ["november", "unicorn", "00e9clair", "back\\slash\\", "\\\\server"] {
            redactor.learn(&Secret::new(secret));
        }
        for text in [
            "a\november",
            "a\\november",
            "éclair",
            "\u{1}unicorn",
            "back\\slash\\",
            "x\\\\server",
            "\\u00e9clair",
        ] {
            for json in [
                serde_json::json!({"text": text}).to_string(),
                r#"{"text":"\u00e9clair \\unicorn \nunicorn"}"#.to_owned(),
            ] {
                let clean = redactor.redact(&json);
                serde_json::from_str::<Value>(&clean).expect(&clean);
            }
        }
    }

    #[test]
    fn the_environment_tells_what_is_secret_by_name_and_by_address() {
        let pairs = [
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG"),
            ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2VjEXAMPLE"),
            ("TF_VAR_db_password", "hunter2hunter2"),
            ("HTTPS_PROXY", "http://ops:p%40ssw0rd1@proxy:3128"),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/secrets/token"),
            ("TF_VAR_region", "us-west-2"),
            ("GITHUB_TOKEN", "Sh0rt"),
            ("WORLD_SECRET", "rehearsal"),
            ("LANG", "en_US.UTF-8"),
        ];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let mut known: Vec<_> = Redactor::of_environment(&pairs.into())
            .secrets()
            .iter()
            .map(|secret| secret.expose().to_owned())
            .collect();
        known.sort();
        let expected = [
            "IQoJb3JpZ2luX2VjEXAMPLE",
            "hunter2hunter2",
            "p%40ssw0rd1",
            "p@ssw0rd1",
            "wJalrXUtnFEMI/K7MDENG",
        ];
        assert_eq!(known, expected);
    }

    #[test]
    fn debug_shows_no_secret_that_was_learned() {
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2hunter2"));
        let _ = redactor.redact("x");
        assert!(format!("{redactor:?}").contains("1 secrets"));
    }

    proptest! {
        #[test]
        fn no_known_secret_survives(
            secrets in proptest::collection::vec("[a-c\"\\\\\nü]{6,12}", 1..4),
            text in "[a-c\"\\\\\nü ]{0,40}",
            at in any::<prop::sample::Index>(),
        ) {
            let redactor = Redactor::default();
            for secret in &secrets {
                redactor.learn(&Secret::new(secret.as_str()));
            }
            let cuts: Vec<_> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
            let (before, after) = text.split_at(cuts[at.index(cuts.len())]);
            for secret in &secrets {
                let clean = redactor.redact(&format!("{before}{secret}{after}"));
                for secret in &secrets {
                    prop_assert!(!clean.contains(secret.as_str()), "{clean}");
                }
                let line = serde_json::json!({"m": format!("{before}{secret}{after}")}).to_string();
                let clean = redactor.redact(&line);
                // A secret with a quote in it may coincide with a quote of JSON itself: it is
                // masked all the same, and the line is JSON no more.
                let may_coincide = secrets.iter().any(|secret| secret.contains('"'));
                let is_json = serde_json::from_str::<Value>(&clean).is_ok();
                prop_assert!(is_json || may_coincide, "{clean}");
            }
        }
    }

    #[test]
    fn debug_does_not_show_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2hunter2")), "Secret(…)");
    }
}
