//! How long things usually take: shipped figures, and what finished runs of this host have taught.
//!
//! Owns `durations.json` in the state folder. Kept apart by pace, because a rehearsal at a
//! twentieth of the time says nothing of an account. Start at [`Durations::usual`].

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::ledger::{Ledger, Standing};
use super::state::{RunState, Status};
use super::{Action, event::RunStatus};
use crate::host::write_private;

/// Name of the file in the state folder.
pub const FILE: &str = "durations.json";
/// How many runs are remembered.
const KEPT: usize = 9;
/// From how many runs on their median is believed.
const ENOUGH: usize = 2;

/// How long things took: pace to subject to the milliseconds of the newest runs, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Durations {
    paces: BTreeMap<String, BTreeMap<String, Vec<u64>>>,
}

/// How long something usually takes, and who says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usual {
    /// Milliseconds.
    pub ms: u64,
    /// What it rests on.
    pub basis: Basis,
}

/// What a usual time rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Basis {
    /// A figure that came with springboard.
    Shipped,
    /// The median of that many finished runs of this host.
    Runs(usize),
}

impl Durations {
    /// Reads what was learned; nothing where the file is missing or is not ours.
    pub fn read(state_root: &Path) -> Self {
        let bytes = std::fs::read(state_root.join(FILE)).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// Writes what was learned.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, state_root: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        bytes.push(b'\n');
        write_private(&state_root.join(FILE), &bytes)
    }

    /// The median of what was seen of a subject; `None` before it was seen often enough.
    pub fn usual(&self, pace: &str, subject: &str) -> Option<Usual> {
        let seen = self.paces.get(pace)?.get(subject)?;
        if seen.len() < ENOUGH {
            return None;
        }
        let mut sorted = seen.clone();
        sorted.sort_unstable();
        Some(Usual { ms: sorted[sorted.len() / 2], basis: Basis::Runs(seen.len()) })
    }

    /// Learns from a run that is done; from no other, because what failed took another time.
    pub fn learn(&mut self, pace: &str, state: &RunState, ledger: &Ledger) {
        let whole = state.stages.iter().all(|stage| stage.status == Status::Done);
        if state.status != Some(RunStatus::Done) || !whole {
            return;
        }
        for stage in &state.stages {
            if let Some(ms) = stage.elapsed_ms {
                self.remember(pace, &subject_of_stage(&stage.id), ms);
            }
            let mut longest: BTreeMap<String, u64> = BTreeMap::new();
            for object in ledger.stage(&stage.id).flat_map(|step| &step.objects) {
                let made =
                    object.standing == Standing::Done && object.action == Some(Action::Create);
                let Some(kind) = resource_type(&object.address).filter(|_| made) else { continue };
                let longest = longest.entry(kind.to_owned()).or_default();
                *longest = (*longest).max(object.elapsed_ms.unwrap_or(0));
            }
            for (kind, ms) in longest {
                self.remember(pace, &kind, ms);
            }
        }
    }

    fn remember(&mut self, pace: &str, subject: &str, ms: u64) {
        let paces = self.paces.entry(pace.to_owned()).or_default();
        let seen = paces.entry(subject.to_owned()).or_default();
        seen.push(ms);
        let surplus = seen.len().saturating_sub(KEPT);
        seen.drain(..surplus);
    }
}

/// Under which name the time of a stage is kept.
pub fn subject_of_stage(stage: &str) -> String {
    format!("stage/{stage}")
}

/// The type of a Terraform resource, from its address: `module.a["x"].aws_vpc.this[0]` is of
/// `aws_vpc`.
pub fn resource_type(address: &str) -> Option<&str> {
    let mut rest = address;
    loop {
        let segment = &rest[..end_of_segment(rest)];
        let name = segment.split('[').next().unwrap_or(segment);
        match name {
            // The name of the module follows.
            "module" => rest = after(after(rest)?)?,
            "data" => return None,
            name => return (name.contains('_') && !name.contains('/')).then_some(name),
        }
    }
}

/// What follows the first segment and its dot.
fn after(address: &str) -> Option<&str> {
    address.get(end_of_segment(address) + 1..).filter(|rest| !rest.is_empty())
}

/// Where the first dot outside of brackets is; keys of `for_each` may hold dots.
pub fn end_of_segment(address: &str) -> usize {
    let mut depth = 0_u32;
    for (at, byte) in address.bytes().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'.' if depth == 0 => return at,
            _ => {}
        }
    }
    address.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_of_a_resource_is_in_its_address() {
        let cases = [
            ("aws_vpc.this", Some("aws_vpc")),
            ("module.network.aws_subnet.worker[\"us-west-2a\"]", Some("aws_subnet")),
            ("module.a[\"x.y\"].module.b.aws_iam_role.this[0]", Some("aws_iam_role")),
            ("data.aws_caller_identity.this", None),
            ("atlas:2.3.0", None),
            ("kube-system/aws-load-balancer-controller", None),
            ("module.", None),
            ("", None),
        ];
        for (address, expected) in cases {
            assert_eq!(resource_type(address), expected, "{address}");
        }
    }

    #[test]
    fn one_run_is_not_believed_and_the_median_of_more_is() {
        let mut durations = Durations::default();
        for (ms, expected) in [(5, None), (9, Some(9)), (7, Some(7))] {
            durations.remember("real", "aws_vpc", ms);
            assert_eq!(durations.usual("real", "aws_vpc").map(|usual| usual.ms), expected);
        }
        assert_eq!(durations.usual("rehearsal", "aws_vpc"), None);
    }

    #[test]
    fn only_the_newest_runs_are_remembered() {
        let mut durations = Durations::default();
        for ms in 0..100 {
            durations.remember("real", "aws_vpc", ms);
        }
        let usual = durations.usual("real", "aws_vpc").unwrap();
        assert_eq!((usual.ms, usual.basis), (95, Basis::Runs(KEPT)));
    }
}
