//! The revisions of a release, and what follows from them.
//!
//! Owns the reading of `helm history -o json` and the ladder that leads out of a pending release.
//! The ladder is climbed only when no helm of ours is alive: that is for the caller to prove.
//! Start at [`Standing::of`].

use serde::Deserialize;

use crate::error::Hint;
use crate::tools::Captured;

/// One revision of a release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Revision {
    /// Its number, from 1.
    #[serde(rename = "revision")]
    pub number: u32,
    /// How it stands.
    pub status: Status,
    /// When it changed last, as helm writes it.
    #[serde(default)]
    pub updated: String,
    /// Chart and version.
    #[serde(default)]
    pub chart: String,
    /// What helm noted about it, for example why it failed.
    #[serde(default)]
    pub description: String,
}

/// How a revision stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It is what the cluster should be.
    Deployed,
    /// A later one took its place.
    Superseded,
    /// Deploying it did not end well.
    Failed,
    /// It is being installed, or was when helm died.
    PendingInstall,
    /// It is being deployed over an earlier one, or was when helm died.
    PendingUpgrade,
    /// It is being gone back to, or was when helm died.
    PendingRollback,
    /// It is being removed, or was when helm died.
    Uninstalling,
    /// It was removed and its record kept.
    Uninstalled,
    /// Anything else.
    #[serde(other)]
    Unknown,
}

impl Status {
    fn is_pending(self) -> bool {
        matches!(self, Self::PendingInstall | Self::PendingUpgrade | Self::PendingRollback)
    }

    fn was_deployed(self) -> bool {
        matches!(self, Self::Deployed | Self::Superseded)
    }
}

/// How a release stands, and with it what comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// There is none: deploying installs it.
    Absent,
    /// It stands.
    Deployed(Revision),
    /// Deploying it failed: deploying again needs no cleaning.
    Failed(Revision),
    /// helm died while deploying it over something that stood: go back to that first.
    RollBack {
        /// The pending revision.
        pending: Revision,
        /// The revision that stood.
        to: u32,
    },
    /// helm died before anything ever stood, or while removing it: remove it first.
    Uninstall(Revision),
}

impl Standing {
    /// How a release with these revisions stands.
    #[must_use]
    pub fn of(mut history: Vec<Revision>) -> Self {
        history.sort_by_key(|revision| revision.number);
        let stood = history.iter().rev().find(|r| r.status.was_deployed()).map(|r| r.number);
        let Some(last) = history.pop() else { return Self::Absent };
        match last.status {
            Status::Uninstalled => Self::Absent,
            Status::Uninstalling => Self::Uninstall(last),
            status if status.is_pending() => match stood {
                Some(to) => Self::RollBack { pending: last, to },
                None => Self::Uninstall(last),
            },
            status if status.was_deployed() => Self::Deployed(last),
            _ => Self::Failed(last),
        }
    }
}

/// Reads what `helm history -o json` said; a release that does not exist has no revisions.
///
/// # Errors
/// When helm failed for another reason, or said something else.
pub fn read_history(captured: &Captured) -> Result<Vec<Revision>, HistoryError> {
    if captured.exit == Some(0) {
        return serde_json::from_slice(&captured.stdout)
            .map_err(|source| HistoryError::Unreadable { source });
    }
    if captured.stderr.contains("release: not found") {
        return Ok(Vec::new());
    }
    let said = captured.stderr.trim().trim_start_matches("Error: ").to_owned();
    Err(HistoryError::Failed { said })
}

/// Why it is not known how a release stands.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// helm could not tell.
    #[error("helm could not read the release: {said}")]
    Failed {
        /// What it said.
        said: String,
    },
    /// helm said something else than revisions.
    #[error("could not understand the history that helm wrote")]
    Unreadable {
        /// Why.
        #[source]
        source: serde_json::Error,
    },
}

impl Hint for HistoryError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(number: u32, status: Status) -> Revision {
        Revision {
            number,
            status,
            updated: String::new(),
            chart: String::new(),
            description: String::new(),
        }
    }

    #[test]
    fn the_ladder_depends_on_what_stood_before() {
        use Status::{
            Deployed, Failed, PendingInstall, PendingRollback, PendingUpgrade, Superseded,
            Uninstalled, Uninstalling,
        };
        let numbered = |statuses: &[Status]| -> Vec<Revision> {
            statuses.iter().zip(1..).map(|(&status, number)| revision(number, status)).collect()
        };
        let back =
            |number, status, to| Standing::RollBack { pending: revision(number, status), to };
        let cases: [(&[Status], Standing); 11] = [
            (&[], Standing::Absent),
            (&[Deployed], Standing::Deployed(revision(1, Deployed))),
            (&[Superseded, Deployed], Standing::Deployed(revision(2, Deployed))),
            (&[Failed], Standing::Failed(revision(1, Failed))),
            (&[Deployed, Failed], Standing::Failed(revision(2, Failed))),
            (&[PendingInstall], Standing::Uninstall(revision(1, PendingInstall))),
            (&[Failed, PendingUpgrade], Standing::Uninstall(revision(2, PendingUpgrade))),
            (&[Superseded, Deployed, PendingUpgrade], back(3, PendingUpgrade, 2)),
            (&[Superseded, Failed, PendingRollback], back(3, PendingRollback, 1)),
            (&[Deployed, Uninstalling], Standing::Uninstall(revision(2, Uninstalling))),
            (&[Uninstalled], Standing::Absent),
        ];
        for (statuses, expected) in cases {
            let mut history = numbered(statuses);
            history.reverse();
            assert_eq!(Standing::of(history), expected, "{statuses:?}");
        }
    }

    #[test]
    fn what_helm_says_is_read() {
        let said = |exit, stdout: &str, stderr: &str| Captured {
            exit: Some(exit),
            stdout: stdout.into(),
            stderr: stderr.into(),
        };
        let history = r#"[{"revision":3,"updated":"2026-11-21T07:00:00Z","status":"pending-upgrade",
            "chart":"base-0.1.0","app_version":"","description":"Preparing upgrade"},
            {"revision":4,"status":"of-the-future"}]"#;
        let revisions = read_history(&said(0, history, "")).unwrap();
        assert_eq!(revisions[0].status, Status::PendingUpgrade);
        assert_eq!(revisions[0].description, "Preparing upgrade");
        assert_eq!(revisions[1].status, Status::Unknown);
        assert_eq!(read_history(&said(1, "", "Error: release: not found\n")).unwrap(), []);
        let error =
            read_history(&said(1, "", "Error: Kubernetes cluster unreachable")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "helm could not read the release: Kubernetes cluster unreachable"
        );
        assert!(read_history(&said(0, "nonsense", "")).is_err());
    }
}
