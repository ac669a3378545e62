//! The one printer: whatever goes to standard output or standard error goes through here.
//!
//! The standard output of a host process is a pipe to the command that started it: what would be
//! printed is relayed ([`Relayed`]) and printed there, as long as there is somebody.

use std::io::{self, Write as _};
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::run::{Redactor, Secret};

/// Prints results and notes; a closed standard output does not end a run.
#[derive(Debug, Default)]
pub struct Printer {
    redactor: Redactor,
    goes: Goes,
    closed: bool,
}

/// Where it prints to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Goes {
    /// The standard streams.
    #[default]
    Here,
    /// The command that started this process, which prints it.
    ToStarter,
}

/// What a host process tells the command that started it, one a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "relayed", rename_all = "snake_case")]
pub enum Relayed {
    /// Text of the result.
    Result {
        /// As it is.
        text: String,
    },
    /// A note.
    Note {
        /// Without its line end.
        text: String,
    },
    /// A code of an MFA device is needed: one line on the standard input, an empty one where none is
    /// given.
    Code {
        /// Its serial number or ARN.
        device: String,
        /// Why the last one was not accepted.
        refused: Option<String>,
    },
    /// Everything is checked, nothing is begun. Without anybody who hears it, nothing will be.
    Ready,
    /// The run has begun: it can be watched, and goes on by itself.
    Begun {
        /// The state folder.
        state_dir: PathBuf,
        /// `NAME`, or `rehearsal/NAME`.
        deployment: String,
    },
    /// The command has ended.
    Ended {
        /// Its exit code.
        code: u8,
        /// What went wrong, where something did.
        text: Option<String>,
    },
}

impl Printer {
    /// A printer that masks what `redactor` knows.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, ..Self::default() }
    }

    /// A printer of a host process.
    pub fn to_starter(redactor: Redactor) -> Self {
        Self { redactor, goes: Goes::ToStarter, closed: false }
    }

    /// Tells the command that started this process.
    ///
    /// # Errors
    /// When that is gone.
    pub fn relay(&self, what: &Relayed) -> io::Result<()> {
        let mut line = serde_json::to_vec(what).map_err(io::Error::other)?;
        line.push(b'\n');
        let mut out = io::stdout().lock();
        out.write_all(&line).and_then(|()| out.flush())
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
        let printed = match self.goes {
            Goes::Here => print(&clean),
            Goes::ToStarter => self.relay(&Relayed::Result { text: clean }),
        };
        if printed.is_err() {
            // The reader is gone (`| head`); the run goes on, and its journal has everything.
            self.closed = true;
        }
    }

    /// Prints one line that is secret, unmasked: whoever started this process asked for nothing else.
    pub fn secret_line(&mut self, secret: &Secret) {
        self.closed |= print(&format!("{}\n", secret.expose())).is_err();
    }

    /// Prints a note or an error to standard error.
    pub fn note(&self, text: &str) {
        let text = self.redactor.redact(text);
        let _nobody_reads = match self.goes {
            Goes::Here => writeln!(io::stderr().lock(), "{text}"),
            Goes::ToStarter => self.relay(&Relayed::Note { text }),
        };
    }
}

fn print(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
