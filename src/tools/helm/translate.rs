//! From what helm says to what happened.
//!
//! helm says next to nothing while it waits, in either version: the release is one object with a
//! beginning and an end, and an error is a line on standard error. Why it waits is seen in the
//! cluster, not here.

use jiff::Timestamp;

use crate::run::{Action, EventKind, Severity};
use crate::tools::{Ended, Heard, Line, Stream};

/// Turns the lines of one command on a release into events.
#[derive(Debug)]
pub struct Translator {
    stage: String,
    step: String,
    address: String,
    action: Action,
    since: Timestamp,
    errors: Vec<String>,
}

impl Translator {
    /// For one command on the release at `address`, which begins at `since`.
    #[must_use]
    pub fn new(stage: &str, step: &str, address: &str, action: Action, since: Timestamp) -> Self {
        Self {
            stage: stage.into(),
            step: step.into(),
            address: address.into(),
            action,
            since,
            errors: Vec::new(),
        }
    }

    /// That it begins.
    #[must_use]
    pub fn begin(&self) -> Heard {
        Heard::Event(EventKind::ObjectStarted {
            stage: self.stage.clone(),
            step: self.step.clone(),
            address: self.address.clone(),
            action: self.action,
        })
    }

    /// What one line means.
    pub fn line(&mut self, line: &Line) -> Vec<Heard> {
        if line.stream == Stream::Out {
            return Vec::new();
        }
        let said = |prefix: &str| line.text.strip_prefix(prefix).map(str::trim);
        if let Some(summary) = said("Error: ") {
            self.errors.push(summary.to_owned());
            return vec![self.diagnostic(Severity::Error, summary)];
        }
        said("WARNING: ")
            .map(|summary| self.diagnostic(Severity::Warning, summary))
            .into_iter()
            .collect()
    }

    /// What follows from the end of the command.
    #[must_use]
    pub fn finish(&self, ended: &Ended, at: Timestamp) -> Heard {
        let (stage, step) = (self.stage.clone(), self.step.clone());
        let (address, action) = (self.address.clone(), self.action);
        let elapsed_ms = u64::try_from(at.duration_since(self.since).as_millis()).unwrap_or(0);
        Heard::Event(if ended.is_success() {
            let (id, bytes) = (None, None);
            EventKind::ObjectFinished { stage, step, address, action, id, elapsed_ms, bytes }
        } else {
            EventKind::ObjectFailed { stage, step, address, action, elapsed_ms }
        })
    }

    /// The errors that helm named, in order.
    pub fn errors(&self) -> &[String] {
        &self.errors
    }

    fn diagnostic(&self, severity: Severity, summary: &str) -> Heard {
        Heard::Event(EventKind::Diagnostic {
            stage: self.stage.clone(),
            step: self.step.clone(),
            severity,
            summary: summary.to_owned(),
            detail: String::new(),
            address: Some(self.address.clone()),
            snippet: None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translator() -> Translator {
        let since = Timestamp::from_second(1_800_000_000).unwrap();
        Translator::new("platform", "deployment", "poolside/platform", Action::Create, since)
    }

    fn line(stream: Stream, text: &str) -> Line {
        Line { at: Timestamp::UNIX_EPOCH, stream, text: text.into() }
    }

    #[test]
    fn an_error_is_a_diagnostic_about_the_release() {
        let mut translator = translator();
        let error = "Error: UPGRADE FAILED: context deadline exceeded";
        let heard = translator.line(&line(Stream::Err, error));
        let [Heard::Event(EventKind::Diagnostic { severity, summary, address, .. })] = &heard[..]
        else {
            panic!("{heard:?}")
        };
        assert_eq!(*severity, Severity::Error);
        assert_eq!(summary, "UPGRADE FAILED: context deadline exceeded");
        assert_eq!(address.as_deref(), Some("poolside/platform"));
        assert_eq!(translator.errors(), ["UPGRADE FAILED: context deadline exceeded"]);
        assert_eq!(translator.line(&line(Stream::Out, "Error: in notes")), []);
    }

    #[test]
    fn the_release_is_finished_or_failed_with_its_command() {
        let at = Timestamp::from_second(1_800_000_061).unwrap();
        let finish = |code| translator().finish(&Ended::Exit { code, elapsed_ms: 0 }, at);
        assert!(matches!(
            finish(0),
            Heard::Event(EventKind::ObjectFinished { elapsed_ms: 61_000, .. })
        ));
        assert!(matches!(
            finish(1),
            Heard::Event(EventKind::ObjectFailed { elapsed_ms: 61_000, .. })
        ));
    }
}
