//! The one printer: whatever goes to standard output or standard error goes through here.

use std::io::{self, Write as _};

use crate::run::Redactor;

/// Prints results and notes; a closed standard output does not end a run.
#[derive(Debug, Default)]
pub struct Printer {
    redactor: Redactor,
    closed: bool,
}

impl Printer {
    /// A printer that masks what `redactor` knows.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, closed: false }
    }

    /// What it masks with; secrets that are learned by it are masked here too.
    pub fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }

    /// Prints one line of the result to standard output.
    pub fn line(&mut self, text: &str) {
        self.text(&format!("{text}\n"));
    }

    /// Prints text of the result to standard output, as it is.
    pub fn text(&mut self, text: &str) {
        if self.closed {
            return;
        }
        let clean = self.redactor.redact(text);
        let mut out = io::stdout().lock();
        if out.write_all(clean.as_bytes()).and_then(|()| out.flush()).is_err() {
            // The reader is gone (`| head`); the run goes on, and its journal has everything.
            self.closed = true;
        }
    }

    /// Prints a note or an error to standard error.
    pub fn note(&self, text: &str) {
        let _nobody_reads = writeln!(io::stderr().lock(), "{}", self.redactor.redact(text));
    }
}
