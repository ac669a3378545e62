//! The claim on a deployment: one engine at a time, and the lock that its tools hold with it.
//!
//! Two locks, because a tool outlives its engine. `engine.lock` is held by the engine alone and is
//! free as soon as that has died. `lock` is inherited by every tool: held means that something of
//! ours is at work. Whoever has the first and not the second takes over what is still running.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::deployment::{Deployment, DeploymentError};
use crate::host::{Host, node_name};

impl Deployment {
    fn engine_lock(&self) -> PathBuf {
        self.folder().join("engine.lock")
    }

    fn tool_lock(&self) -> PathBuf {
        self.folder().join("lock")
    }

    /// The engine that is at work on it now.
    pub fn owner(&self) -> Option<Owner> {
        let mut file = held(self.engine_lock())?;
        let mut text = String::new();
        file.read_to_string(&mut text).ok()?;
        Some(serde_json::from_str(&text).unwrap_or_default())
    }

    /// Whether a tool that an engine started is still at work, its engine alive or not.
    pub fn is_tool_at_work(&self) -> bool {
        held(self.tool_lock()).is_some()
    }

    /// Becomes the engine of the deployment.
    ///
    /// # Errors
    /// When another engine is at work, or the disk refuses.
    pub fn claim(&self, owner: &Owner) -> Result<Claim, DeploymentError> {
        let path = self.engine_lock();
        let fail = |source| DeploymentError::Unwritable { path: path.clone(), source };
        let mut file = open(&path).map_err(fail)?;
        if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
            let owner = Box::new(self.owner().unwrap_or_default());
            return Err(DeploymentError::Locked { deployment: self.label(), owner });
        }
        let text = serde_json::to_string(owner).map_err(io::Error::other).map_err(fail)?;
        file.set_len(0).map_err(fail)?;
        file.seek(SeekFrom::Start(0)).map_err(fail)?;
        file.write_all(text.as_bytes()).map_err(fail)?;
        let path = self.tool_lock();
        let tools = open(&path).map_err(|source| DeploymentError::Unwritable { path, source })?;
        Ok(Claim { _engine: file, tools })
    }
}

/// The file, where somebody holds its lock.
fn held(path: PathBuf) -> Option<File> {
    let file = File::open(path).ok()?;
    match rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared) {
        Ok(()) => None,
        Err(_held) => Some(file),
    }
}

fn open(path: &std::path::Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// The claim of one engine, held until it is dropped.
#[derive(Debug)]
pub struct Claim {
    _engine: File,
    tools: File,
}

impl Claim {
    /// Takes the lock that tools inherit; `None` while a tool of a dead engine holds it.
    ///
    /// # Errors
    /// When the descriptor cannot be copied.
    pub fn lock(&self) -> io::Result<Option<Lock>> {
        if rustix::fs::flock(&self.tools, FlockOperation::NonBlockingLockExclusive).is_err() {
            return Ok(None);
        }
        Ok(Some(Lock { descriptor: Arc::new(self.tools.try_clone()?.into()) }))
    }
}

/// The lock of a deployment, held until it and every copy of its descriptor is closed.
#[derive(Debug, Clone)]
pub struct Lock {
    descriptor: Arc<OwnedFd>,
}

impl Lock {
    /// The descriptor, which the tools of the run inherit.
    pub fn descriptor(&self) -> Arc<OwnedFd> {
        self.descriptor.clone()
    }
}

/// Which engine is at work on a deployment.
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::deployment::Kind;

    fn deployment(dir: &std::path::Path) -> Deployment {
        let deployment = Deployment::named(dir, Kind::Rehearsal, "acme");
        deployment.make().unwrap();
        deployment
    }

    #[test]
    fn a_second_engine_is_refused_with_the_name_of_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let deployment = deployment(dir.path());
        let owner = Owner { run: "r1".into(), user: "ops".into(), ..Owner::default() };
        let claim = deployment.claim(&owner).unwrap();
        let refused = deployment.claim(&Owner::default()).unwrap_err().to_string();
        assert!(refused.starts_with("run r1 of `rehearsal/acme` is at work: started by ops"));
        assert_eq!(deployment.owner().as_ref(), Some(&owner));
        drop(claim);
        assert_eq!(deployment.owner(), None);
        deployment.claim(&Owner::default()).unwrap();
    }

    #[test]
    fn what_a_tool_of_a_dead_engine_holds_is_seen_by_the_next_engine() {
        let dir = tempfile::tempdir().unwrap();
        let deployment = deployment(dir.path());
        let claim = deployment.claim(&Owner::default()).unwrap();
        let tool = claim.lock().unwrap().unwrap().descriptor();
        drop(claim);
        assert_eq!((deployment.owner(), deployment.is_tool_at_work()), (None, true));
        let next = deployment.claim(&Owner::default()).unwrap();
        assert!(next.lock().unwrap().is_none());
        drop(tool);
        assert!(next.lock().unwrap().is_some() && deployment.is_tool_at_work());
    }
}
