//! A deployment on disk: its folder, its runs, and the lock that one run at a time holds.
//!
//! Owns the layout of `deployments/NAME` and `rehearsals/NAME` and the lock file. Does not read
//! what the events mean ([`RunState`] does).

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use crate::error::Hint;
use crate::host::Host;
use crate::run::journal::{self, JournalError};
use crate::run::{Header, RunState};

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

    /// The charts that springboard brings, written out.
    pub fn charts(&self) -> PathBuf {
        self.folder.join("charts")
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
                    if entry.path().join("journal.jsonl").is_file() {
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

    /// The fold of one run and of those it continues.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn state_of(&self, run: &str) -> Result<RunState, DeploymentError> {
        let mut chain: Vec<(Header, Vec<_>)> = Vec::new();
        let mut next = Some(run.to_owned());
        while let Some(id) = next {
            let (header, events) = journal::read(&self.run(&id).join("journal.jsonl"))?;
            // A chain that bites its own tail would be read for ever.
            let seen = chain.iter().any(|(h, _)| h.run == header.run);
            next = header.continues.clone().filter(|_| !seen);
            chain.push((header, events));
        }
        let mut state = RunState::default();
        for (header, events) in chain.into_iter().rev() {
            state.begin_run(header);
            for event in &events {
                state.apply(event);
            }
        }
        if state.status.is_none() && self.owner().is_none() {
            state.interrupt();
        }
        Ok(state)
    }

    /// Who holds the lock now.
    pub fn owner(&self) -> Option<Owner> {
        let mut file = File::open(self.folder.join("lock")).ok()?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
            return None;
        }
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        Some(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Takes the lock for a run.
    ///
    /// # Errors
    /// When another run, or a tool that one started, holds it, or the disk refuses.
    pub fn lock(&self, owner: &Owner) -> Result<Lock, DeploymentError> {
        let path = self.folder.join("lock");
        let fail = |source| DeploymentError::Unwritable { path: path.clone(), source };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(fail)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let owner = Box::new(self.owner().unwrap_or_default());
            return Err(DeploymentError::Locked { deployment: self.label(), owner });
        }
        let text = serde_json::to_string(owner).map_err(io::Error::other).map_err(fail)?;
        file.set_len(0).map_err(fail)?;
        file.seek(SeekFrom::Start(0)).map_err(fail)?;
        file.write_all(text.as_bytes()).map_err(fail)?;
        Ok(Lock { descriptor: Arc::new(file.into()) })
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

/// Who holds the lock of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Process id.
    pub pid: u32,
    /// Login name.
    pub user: String,
    /// Host name.
    pub host: String,
    /// Id of the run.
    pub run: String,
    /// Since when, UTC.
    pub since: Timestamp,
}

impl Default for Owner {
    fn default() -> Self {
        let unknown = || "unknown".to_owned();
        Self {
            pid: 0,
            user: unknown(),
            host: unknown(),
            run: unknown(),
            since: Timestamp::UNIX_EPOCH,
        }
    }
}

impl Owner {
    /// This process as the owner of a run.
    pub fn this_process(host: &Host, run: &str) -> Self {
        Self {
            pid: std::process::id(),
            user: host.var("USER").or(host.var("LOGNAME")).unwrap_or("unknown").to_owned(),
            host: node_name(),
            run: run.to_owned(),
            since: host.now(),
        }
    }

    /// Whether the engine of that run lives, as far as this host can tell. When it does not, the
    /// lock is held by a tool of it that is still at work.
    pub fn is_alive(&self) -> bool {
        let pid = i32::try_from(self.pid).ok().and_then(rustix::process::Pid::from_raw);
        self.host != node_name()
            || pid.is_none_or(|pid| rustix::process::test_kill_process(pid).is_ok())
    }
}

fn node_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The lock of a deployment, held until it and every copy of its descriptor is closed.
#[derive(Debug, Clone)]
pub struct Lock {
    descriptor: Arc<OwnedFd>,
}

impl Lock {
    /// The descriptor, which the tools of the run inherit: lock held means something of ours lives.
    pub fn descriptor(&self) -> Arc<OwnedFd> {
        self.descriptor.clone()
    }
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
    fn a_second_run_is_refused_with_the_name_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let deployment = Deployment::named(dir.path(), Kind::Rehearsal, "acme");
        deployment.make().unwrap();
        let owner = Owner { run: "r1".into(), user: "ops".into(), ..Owner::default() };
        let lock = deployment.lock(&owner).unwrap();
        let refused = deployment.lock(&Owner::default()).unwrap_err().to_string();
        assert!(refused.starts_with("run r1 of `rehearsal/acme` is at work: started by ops"));
        drop(lock);
        assert_eq!(deployment.owner(), None);
        deployment.lock(&Owner::default()).unwrap();
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
