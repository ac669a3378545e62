//! Secrets as a type, and the one place that masks them.

use std::fmt;
use std::sync::{Arc, RwLock};

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
    secrets: Arc<RwLock<Vec<Secret>>>,
}

/// What stands in the place of a secret.
pub const MASK: &str = "(redacted)";

/// Shorter values would mask ordinary words.
const SHORTEST: usize = 6;

impl Redactor {
    /// Learns a secret. Its JSON-escaped form is masked as well; values under six characters are
    /// not taken.
    pub fn learn(&self, secret: &Secret) {
        let plain = secret.expose();
        if plain.len() < SHORTEST {
            return;
        }
        let quoted = serde_json::Value::from(plain).to_string();
        let escaped = quoted.trim_matches('"');
        let mut secrets = self.secrets.write().expect("no holder of this lock panics");
        for form in [plain, escaped] {
            if !secrets.iter().any(|s| s.expose() == form) {
                secrets.push(Secret::new(form));
            }
        }
        // The longest first, so that a secret that contains another is masked whole.
        secrets.sort_by_key(|s| std::cmp::Reverse(s.expose().len()));
    }

    /// `text` with every known secret masked.
    pub fn redact(&self, text: &str) -> String {
        let secrets = self.secrets.read().expect("no holder of this lock panics");
        let mut clean = text.to_owned();
        for secret in secrets.iter() {
            if clean.contains(secret.expose()) {
                clean = clean.replace(secret.expose(), MASK);
            }
        }
        clean
    }

    /// The known secrets, for handing them to a process of ours that redacts too.
    pub fn secrets(&self) -> Vec<Secret> {
        self.secrets.read().expect("no holder of this lock panics").clone()
    }
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
    fn debug_does_not_show_a_secret() {
        assert_eq!(format!("{:?}", Secret::new("hunter2hunter2")), "Secret(…)");
    }
}
