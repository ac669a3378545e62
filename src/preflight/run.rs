//! Running checks: all at once, each within the overall deadline; none can hold up another.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::report::{Checked, Report};
use super::{Check, Context, Finding};
use crate::error::Hint;

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// For all checks together.
    pub overall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { overall: Duration::from_secs(30) }
    }
}

/// A check is named that is not there.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("there is no check `{id}`")]
pub struct UnknownCheck {
    /// The id.
    pub id: String,
    /// One that is nearly the same.
    pub nearest: Option<&'static str>,
}

impl Hint for UnknownCheck {
    fn hint(&self) -> Option<String> {
        Some(match self.nearest {
            Some(id) => format!("nearest: `{id}`; `springboard preflight --list` shows all"),
            None => "`springboard preflight --list` shows all".to_owned(),
        })
    }
}

/// The checks that are left out, by their ids.
///
/// # Errors
/// When there is no check of such an id.
pub fn choose(
    checks: &[&'static Check],
    left_out: &[String],
) -> Result<BTreeSet<&'static str>, UnknownCheck> {
    let find = |id: &String| {
        let found = checks.iter().find(|check| check.id == id.as_str());
        found.map(|check| check.id).ok_or_else(|| UnknownCheck {
            id: id.clone(),
            nearest: checks
                .iter()
                .map(|check| check.id)
                .filter(|known| strsim::jaro_winkler(id, known) > 0.75)
                .max_by(|a, b| strsim::jaro_winkler(id, a).total_cmp(&strsim::jaro_winkler(id, b))),
        })
    };
    left_out.iter().map(find).collect()
}

/// Asks all of `checks` at once; those that are `left_out` are recorded as skipped.
pub async fn run(
    checks: &[&'static Check],
    context: &Context,
    left_out: &BTreeSet<&'static str>,
    limits: Limits,
) -> Report {
    let began = Instant::now();
    let deadline = began + limits.overall;
    let one = |check: &'static Check| async move {
        let finding = if left_out.contains(check.id) {
            Finding::skipped("left out by `--skip-check`")
        } else {
            match timeout_at(deadline, (check.ask)(context)).await {
                Ok(verdict) => verdict.unwrap_or_else(Finding::from),
                Err(_too_late) => Finding::unknown(format!(
                    "no answer within {} s, the time for all checks",
                    limits.overall.as_secs_f32()
                )),
            }
        };
        Checked { check, finding, elapsed: began.elapsed() }
    };
    let checked = join_all(checks.iter().copied().map(one)).await;
    Report { checked, elapsed: began.elapsed() }
}
