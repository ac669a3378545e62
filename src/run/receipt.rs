//! The receipt of a finished run: versions, digests, timings, outputs; no secrets.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::event::{EventKind, RunStatus};
use super::journal::Header;
use super::state::RunState;
use crate::host::write_private;

/// What a run came to, for people and for later commands.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The header of the run: versions and digests.
    #[serde(flatten)]
    pub header: Header,
    /// How it ended.
    pub status: RunStatus,
    /// When it ended, UTC.
    pub ended: Timestamp,
    /// External programs: name to version.
    pub tools: BTreeMap<String, String>,
    /// Wall time of each step in milliseconds, `stage/step`.
    pub elapsed_ms: BTreeMap<String, u64>,
    /// Digests of what was made or transferred: address to digest or id.
    pub objects: BTreeMap<String, String>,
    /// What the deployment has told about itself.
    pub outputs: BTreeMap<String, Value>,
    /// Objects whose deletion or replacement was confirmed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<String>,
}

impl Receipt {
    /// The receipt of a run that has ended; `None` while it goes on. `kinds` are the events of
    /// this run and those it continues.
    pub fn of<'a>(state: &RunState, kinds: impl Iterator<Item = &'a EventKind>) -> Option<Self> {
        let mut objects = BTreeMap::new();
        let mut confirmed = Vec::new();
        for kind in kinds {
            match kind {
                EventKind::ObjectFinished { address, id: Some(id), .. } => {
                    objects.insert(address.clone(), id.clone());
                }
                EventKind::Confirmed { object } => confirmed.push(object.clone()),
                _ => {}
            }
        }
        let steps = state.stages.iter().flat_map(|stage| {
            stage.steps.iter().filter_map(move |step| {
                Some((format!("{}/{}", stage.id, step.id), step.elapsed_ms?))
            })
        });
        Some(Self {
            header: state.header.clone()?,
            status: state.status?,
            ended: state.at?,
            tools: state.tools.clone(),
            elapsed_ms: steps.collect(),
            objects,
            outputs: state.outputs.clone(),
            confirmed,
        })
    }

    /// Writes the receipt.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        bytes.push(b'\n');
        write_private(path, &bytes)
    }
}
