//! How any error is written for people: what went wrong, the causes, one hint.
//!
//! Owns the [`Hint`] trait and the one function that renders an error chain. Does not print
//! (the printer in `frontend` does) and knows no error type of any module.

use std::error::Error;
use std::fmt::Write as _;

/// What the operator can do about an error, where there is something.
pub trait Hint: Error {
    /// One sentence that names the next action, without a full stop.
    fn hint(&self) -> Option<String> {
        None
    }
}

/// Renders `error` as `error:`, `cause:` for each source, and `hint:`.
#[must_use]
pub fn render(error: &dyn Hint) -> String {
    let mut text = format!("error: {error}");
    let mut source = error.source();
    while let Some(cause) = source {
        let _ = write!(text, "\n  cause: {cause}");
        source = cause.source();
    }
    if let Some(hint) = error.hint() {
        let _ = write!(text, "\nhint: {hint}");
    }
    text
}
