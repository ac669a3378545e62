//! Secrets as a type, and the one place that masks them.

use std::fmt;
use std::sync::{Arc, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

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
#[derive(Debug, Default)]
struct Known {
    secrets: Vec<Secret>,
    /// The shapes in which they may appear, the longest first.
    forms: Vec<Secret>,
}

/// What stands in the place of a secret.
pub const MASK: &str = "(redacted)";

/// Shorter values would mask ordinary words.
const SHORTEST: usize = 6;

/// Shorter lines of a secret (`}`, `-----`) would mask ordinary lines.
const SHORTEST_LINE: usize = 16;

impl Redactor {
    /// Learns a secret. It is masked as it is, escaped as in JSON, in base64 as in a Kubernetes
    /// Secret, and line by line; values under six characters are not taken.
    pub fn learn(&self, secret: &Secret) {
        if secret.expose().len() < SHORTEST {
            return;
        }
        let mut known = self.known.write().expect(UNPOISONED);
        if known.secrets.contains(secret) {
            return;
        }
        known.secrets.push(secret.clone());
        for form in forms(secret.expose()) {
            let form = Secret::new(form);
            if !known.forms.contains(&form) {
                known.forms.push(form);
            }
        }
        // The longest first, so that a secret that contains another is masked whole.
        known.forms.sort_by_key(|form| std::cmp::Reverse(form.expose().len()));
    }

    /// `text` with every known secret masked.
    pub fn redact(&self, text: &str) -> String {
        let known = self.known.read().expect(UNPOISONED);
        let mut clean = text.to_owned();
        for form in &known.forms {
            if clean.contains(form.expose()) {
                clean = clean.replace(form.expose(), MASK);
            }
        }
        clean
    }

    /// The known secrets, for handing them to a process of ours that redacts too.
    pub fn secrets(&self) -> Vec<Secret> {
        self.known.read().expect(UNPOISONED).secrets.clone()
    }
}

const UNPOISONED: &str = "no holder of this lock panics";

/// The shapes in which a secret may appear.
fn forms(plain: &str) -> Vec<String> {
    let quoted = serde_json::Value::from(plain).to_string();
    let escaped = quoted[1..quoted.len() - 1].to_owned();
    // Programs written in Go escape these three as well.
    let html = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")];
    let go = html.iter().fold(escaped.clone(), |text, (from, to)| text.replace(from, to));
    let mut forms = vec![plain.to_owned(), escaped, go, STANDARD.encode(plain)];
    if plain.contains('\n') {
        let lines = plain.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        forms.extend(lines.map(str::to_owned));
    }
    forms
}

#[cfg(test)]
mod tests {
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
    fn debug_does_not_show_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2hunter2")), "Secret(…)");
    }
}
