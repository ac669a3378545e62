//! A deployment on disk: its folder and its runs.
//!
//! Owns the layout of `deployments/NAME` and `rehearsals/NAME`. Does not read what the events mean
//! ([`RunState`] does) and does not lock ([`super::claim`] does).

use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::claim::Owner;
use crate::error::Hint;
use crate::run::journal::{self, JournalError, Reader};
use crate::run::{EventKind, Header, RunState};

/// Whether a deployment is made in an account or in the simulated world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// In an AWS account.
    Real,
    /// In the simulated world.
    Rehearsal,
}

impl Kind {
    fn folder(self) -> &'static str {
        match self {
            Self::Real => "deployments",
            Self::Rehearsal => "rehearsals",
        }
    }
}

/// The folder of one deployment.
#[derive(Debug, Clone)]
pub struct Deployment {
    /// Where it is made.
    pub kind: Kind,
    /// Its name, without `rehearsal/`.
    pub name: String,
    folder: PathBuf,
}

impl Deployment {
    /// The folder of the deployment of that name, whether it is there or not.
    pub fn named(state_root: &Path, kind: Kind, name: &str) -> Self {
        let folder = state_root.join(kind.folder()).join(name);
        Self { kind, name: name.to_owned(), folder }
    }

    /// Finds what a user means by `NAME` or `rehearsal/NAME`.
    ///
    /// # Errors
    /// When there is none, or a bare name means two.
    pub fn find(state_root: &Path, given: &str) -> Result<Self, DeploymentError> {
        if let Some(name) = given.strip_prefix("rehearsal/") {
            let found = Self::named(state_root, Kind::Rehearsal, name);
            return if found.exists() { Ok(found) } else { Err(Self::missing(state_root, given)) };
        }
        let both = [Kind::Real, Kind::Rehearsal].map(|kind| Self::named(state_root, kind, given));
        match both.each_ref().map(Self::exists) {
            [true, true] => Err(DeploymentError::Ambiguous { name: given.to_owned() }),
            [true, false] => Ok(both[0].clone()),
            [false, true] => Ok(both[1].clone()),
            [false, false] => Err(Self::missing(state_root, given)),
        }
    }

    /// All deployments under the state folder, real ones first.
    ///
    /// # Errors
    /// When the folders cannot be read.
    pub fn all(state_root: &Path) -> io::Result<Vec<Self>> {
        let mut found = Vec::new();
        for kind in [Kind::Real, Kind::Rehearsal] {
            let Ok(entries) = std::fs::read_dir(state_root.join(kind.folder())) else { continue };
            for entry in entries {
                let name = entry?.file_name().to_string_lossy().into_owned();
                found.push(Self::named(state_root, kind, &name));
            }
        }
        found.sort_by_key(Self::label);
        Ok(found)
    }

    fn missing(state_root: &Path, given: &str) -> DeploymentError {
        let known = Self::all(state_root).unwrap_or_default().iter().map(Self::label).collect();
        DeploymentError::Missing { name: given.to_owned(), known }
    }

    /// `NAME`, or `rehearsal/NAME`.
    pub fn label(&self) -> String {
        match self.kind {
            Kind::Real => self.name.clone(),
            Kind::Rehearsal => format!("rehearsal/{}", self.name),
        }
    }

    /// Whether its folder is there.
    pub fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The state folder that it lies in.
    pub fn state_root(&self) -> &Path {
        self.folder.ancestors().nth(2).unwrap_or(&self.folder)
    }

    /// The answer file that is replayed.
    pub fn answers(&self) -> PathBuf {
        self.folder.join("answers.toml")
    }

    /// The working directory of Terraform, with the embedded modules and the state.
    pub fn terraform(&self) -> PathBuf {
        self.folder.join("terraform")
    }

    /// Which external programs its runs use.
    pub fn tools(&self) -> PathBuf {
        self.folder.join("tools.json")
    }

    /// The kubeconfig that Helm is given.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// The socket of the run that is at work.
    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// Where `tool-run` keeps a state that its tool could save nowhere else.
    pub fn recovered_state(&self) -> PathBuf {
        self.folder.join("recovered.tfstate")
    }

    /// The private AWS configuration that its tools are given.
    pub fn aws(&self) -> PathBuf {
        self.folder.join("aws")
    }

    /// Since when a new login is waited for, while one is.
    pub fn login_awaited(&self) -> PathBuf {
        self.folder.join("login-awaited")
    }

    /// The charts that springboard brings, written out.
    pub fn charts(&self) -> PathBuf {
        self.folder.join("charts")
    }

    /// The charts of third parties that were fetched from their repositories.
    pub fn fetched_charts(&self) -> PathBuf {
        self.folder.join("fetched-charts")
    }

    /// Where the simulated world of a rehearsal is kept.
    pub fn world(&self) -> PathBuf {
        self.folder.join("world")
    }

    /// The folder of one run.
    pub fn run(&self, id: &str) -> PathBuf {
        self.folder.join("runs").join(id)
    }

    /// Makes the folder, open to its owner only.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn make(&self) -> Result<(), DeploymentError> {
        make_private(&self.folder.join("runs"))
            .map_err(|source| DeploymentError::Unwritable { path: self.folder.clone(), source })
    }

    /// Ids of its runs, oldest first.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn runs(&self) -> io::Result<Vec<String>> {
        let mut ids = Vec::new();
        match std::fs::read_dir(self.folder.join("runs")) {
            Ok(entries) => {
                for entry in entries {
                    let entry = entry?;
                    // A run that was killed before its header was on disk has begun nothing.
                    if journal::has_header(&entry.path().join("journal.jsonl")) {
                        ids.push(entry.file_name().to_string_lossy().into_owned());
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        ids.sort();
        Ok(ids)
    }

    /// The fold of the newest run and of those it continues; `None` when nothing was ever run.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn state(&self) -> Result<Option<RunState>, DeploymentError> {
        let runs = self
            .runs()
            .map_err(|source| DeploymentError::Unreadable { path: self.folder.clone(), source })?;
        let Some(newest) = runs.last() else { return Ok(None) };
        Ok(Some(self.state_of(newest)?))
    }

    /// When tools of its runs were at work, from the journals: since, and until where that is known.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn tool_times(&self) -> Result<Vec<(Timestamp, Option<Timestamp>)>, DeploymentError> {
        let runs = self
            .runs()
            .map_err(|source| DeploymentError::Unreadable { path: self.folder.clone(), source })?;
        let mut times: Vec<(Timestamp, Option<Timestamp>)> = Vec::new();
        for run in runs {
            let (_, events) = Reader::open(&self.run(&run).join("journal.jsonl"))?;
            for event in events {
                let event = event?;
                match event.kind {
                    EventKind::CommandStarted { .. } => times.push((event.at, None)),
                    EventKind::CommandFinished { .. } => {
                        if let Some((_, until)) = times.last_mut() {
                            *until = Some(event.at);
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(times)
    }

    /// The journals of one run and of those it continues, oldest first.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn chain(&self, run: &str) -> Result<Vec<(Header, Reader)>, JournalError> {
        let mut chain: Vec<(Header, Reader)> = Vec::new();
        let mut next = Some(run.to_owned());
        while let Some(id) = next {
            let (header, events) = Reader::open(&self.run(&id).join("journal.jsonl"))?;
            // A chain that bites its own tail would be read for ever.
            let seen = chain.iter().any(|(h, _)| h.run == header.run);
            next = header.continues.clone().filter(|_| !seen);
            chain.push((header, events));
        }
        chain.reverse();
        Ok(chain)
    }

    /// The fold of one run and of those it continues.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn state_of(&self, run: &str) -> Result<RunState, DeploymentError> {
        let mut state = RunState::default();
        for (header, events) in self.chain(run)? {
            state.begin_run(header);
            for event in events {
                state.apply(&event?);
            }
        }
        if state.status.is_none() && self.owner().is_none() {
            state.interrupt();
        }
        Ok(state)
    }
}

/// Makes a folder and its parents, open to their owner only.
///
/// # Errors
/// When the disk refuses.
pub fn make_private(path: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// A new run id: sorts by time.
pub fn new_run_id(now: Timestamp) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut digits = Vec::new();
    for _ in 0..9 {
        let digit = usize::try_from(rest % 36).expect("a number below 36 fits");
        digits.push(char::from(DIGITS[digit]));
        rest /= 36;
    }
    digits.iter().rev().collect()
}

/// What can be wrong with a deployment on disk.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentError {
    /// There is none of that name.
    #[error("there is no deployment `{name}` on this host")]
    Missing {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// A real and a rehearsed one have that name.
    #[error("`{name}` is a deployment and a rehearsal")]
    Ambiguous {
        /// What was asked for.
        name: String,
    },
    /// Another run is at work.
    #[error(
        "run {} of `{deployment}` is at work: started by {} on {} at {}, process {}",
        .owner.run, .owner.user, .owner.host, .owner.since.strftime("%Y-%m-%d %H:%M:%S UTC"), .owner.pid
    )]
    Locked {
        /// The deployment.
        deployment: String,
        /// Who is at work.
        owner: Box<Owner>,
    },
    /// Its folder cannot be written.
    #[error("could not write to `{}`", .path.display())]
    Unwritable {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its folder cannot be read.
    #[error("could not read `{}`", .path.display())]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// One of its journals is not right.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl Hint for DeploymentError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { known, .. } if known.is_empty() => {
                Some("none was made yet; `springboard rehearse` shows a whole install".into())
            }
            Self::Missing { known, .. } => Some(format!("there is {}", known.join(", "))),
            Self::Ambiguous { name } => Some(format!("write `rehearsal/{name}` for the rehearsal")),
            Self::Locked { deployment, .. } => {
                Some(format!("wait for its end; `springboard status {deployment}` shows it"))
            }
            Self::Unwritable { .. } => {
                Some("make the folder writable, or name another with `--state-dir`".into())
            }
            Self::Unreadable { .. } => None,
            Self::Journal(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn run_ids_sort_by_time() {
        let at = |ms| new_run_id(Timestamp::from_millisecond(ms).unwrap());
        assert!(at(1_700_000_000_000) < at(1_700_000_000_036));
        assert_eq!(at(0).len(), 9);
    }

    #[test]
    fn a_bare_name_finds_the_only_one() {
        let dir = tempfile::tempdir().unwrap();
        Deployment::named(dir.path(), Kind::Rehearsal, "acme").make().unwrap();
        assert_eq!(Deployment::find(dir.path(), "acme").unwrap().label(), "rehearsal/acme");
        let missing = Deployment::find(dir.path(), "acne").unwrap_err();
        assert_eq!(missing.hint().unwrap(), "there is rehearsal/acme");
    }
}
