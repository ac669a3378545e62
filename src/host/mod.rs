//! The process and the machine it runs on: environment, clock, folders, own program.
//!
//! The only module that reads process state; everything else is handed a [`Host`]. Also owns
//! [`AppendLog`], the append-only file that the journal and the simulated world are kept in, and
//! [`write_private`], which leaves a file whole or as it was.

mod append_log;
mod atomic;
pub mod machine;

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};

pub use append_log::{AppendLog, read_lines};
pub use atomic::write_private;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use sha2::{Digest as _, Sha256};

/// Everything that is read from the surrounding process, read once.
#[derive(Debug, Clone)]
pub struct Host {
    vars: BTreeMap<String, String>,
    args: Vec<String>,
    current_dir: PathBuf,
    program: PathBuf,
}

impl Host {
    /// Reads the real process state.
    ///
    /// # Errors
    /// When the working directory or the path of the running program cannot be found out.
    #[expect(clippy::disallowed_methods, reason = "the door to process state")]
    pub fn real() -> std::io::Result<Self> {
        Ok(Self {
            vars: std::env::vars_os()
                .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
                .collect(),
            args: std::env::args_os()
                .skip(1)
                .map(|word| word.to_string_lossy().into_owned())
                .collect(),
            current_dir: std::env::current_dir()?,
            program: std::env::current_exe()?,
        })
    }

    /// A host made of the given parts, for tests.
    #[must_use]
    pub fn fixed(vars: BTreeMap<String, String>, current_dir: PathBuf, program: PathBuf) -> Self {
        Self { vars, args: Vec::new(), current_dir, program }
    }

    /// The value of an environment variable; an empty one counts as not set.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|v| !v.is_empty())
    }

    /// The whole environment.
    pub fn vars(&self) -> &BTreeMap<String, String> {
        &self.vars
    }

    /// The words of the command line after the name of the program; what is no text in them is not
    /// kept as it is.
    pub fn args(&self) -> &[String] {
        &self.args
    }

    /// The working directory at the start.
    pub fn current_dir(&self) -> &Path {
        &self.current_dir
    }

    /// The path of this very program, for the processes that springboard starts of itself.
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Whether somebody sits at a terminal: what is typed comes from one, and what is printed goes to
    /// one.
    pub fn has_terminal(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
    }

    /// Whether somebody who sits at a terminal can be asked, whatever becomes of the result: what
    /// is typed comes from one, and notes go to one.
    pub fn has_input_and_notes(&self) -> bool {
        std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
    }

    /// The terminal that standard input comes from, for example `/dev/pts/3`.
    pub fn terminal(&self) -> Option<String> {
        let is_one = std::io::stdin().is_terminal();
        // Its name can be had where there is such a folder; elsewhere it stays unnamed.
        let name = is_one.then(|| std::fs::read_link("/proc/self/fd/0").ok()).flatten()?;
        name.into_os_string().into_string().ok()
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    /// The present day, in UTC.
    pub fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }

    /// The home folder.
    pub fn home(&self) -> PathBuf {
        self.var("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from)
    }

    /// `$XDG_STATE_HOME/springboard`, where everything that must last is kept.
    pub fn state_root(&self) -> PathBuf {
        self.var("XDG_STATE_HOME")
            .map_or_else(|| self.home().join(".local/state"), PathBuf::from)
            .join("springboard")
    }

    /// Where a socket lies that belongs at `near`: paths of sockets are short, so one that would be
    /// too long there lies in the runtime folder.
    pub fn socket_path(&self, near: &Path) -> PathBuf {
        const LONGEST: usize = 100;
        if near.as_os_str().len() <= LONGEST {
            return near.to_owned();
        }
        let digest = hex::encode(Sha256::digest(near.as_os_str().as_encoded_bytes()));
        self.runtime_root().join(format!("springboard-{}.sock", &digest[..16]))
    }

    /// A folder for sockets whose path would otherwise be too long.
    fn runtime_root(&self) -> PathBuf {
        self.var("XDG_RUNTIME_DIR").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from)
    }
}

/// The name of this machine, as others know it.
pub fn node_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}
