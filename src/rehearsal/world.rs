//! The world that all simulated servers share.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use super::fault::{Fault, Point};
use super::scenario::{Scenario, Span};
use super::store::Store;

/// What exists, how time passes and what goes wrong.
///
/// AWS objects are in the store's table `aws`, key `TYPE/ID` (`aws_eks_cluster/acme`), value
/// `{"type", "id", "attributes": {…the whole Terraform state object…}, "created_at"}`; an object
/// that is still being made has `"status": "creating"` beside them and does not count as live. What
/// is not an object of anybody (`stage`, `engine`, `began`) is in the table `world`.
#[derive(Debug)]
pub struct World {
    dir: PathBuf,
    /// What the account looks like and what goes wrong.
    pub scenario: Scenario,
    /// What exists.
    pub store: Store,
    /// 1 is real time, 0 is no waiting at all.
    pub time_scale: f64,
    began: Timestamp,
    opened: Instant,
    last_asked: AtomicU64,
    orders: Mutex<()>,
}

impl World {
    /// Opens the world kept in `dir`, made when missing.
    ///
    /// # Errors
    /// When the folder cannot be read or written.
    pub fn open(dir: &Path, scenario: Scenario, time_scale: f64) -> io::Result<Arc<Self>> {
        std::fs::create_dir_all(dir)?;
        let store = Store::open(dir)?;
        store.index("aws");
        let mut began = Timestamp::now();
        store.update("world", "began", |known| {
            began = known.and_then(|k| k.as_str()?.parse().ok()).unwrap_or(began);
            Some(began.to_string().into())
        })?;
        Ok(Arc::new(Self {
            dir: dir.to_owned(),
            scenario,
            store,
            time_scale,
            began,
            opened: Instant::now(),
            last_asked: AtomicU64::new(0),
            orders: Mutex::new(()),
        }))
    }

    /// The folder of the world.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Notes that somebody asked something; every server calls it for every request.
    pub fn touch(&self) {
        self.last_asked.store(self.opened.elapsed().as_secs(), Ordering::Relaxed);
    }

    /// Held while something is looked at and then made accordingly, so that two who ask at the
    /// same moment do not get the last one both.
    pub(super) fn orders(&self) -> MutexGuard<'_, ()> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How long nobody has asked anything.
    pub fn idle(&self) -> Duration {
        let asked = Duration::from_secs(self.last_asked.load(Ordering::Relaxed));
        self.opened.elapsed().saturating_sub(asked)
    }

    /// Waits as long as `what` takes: `typical`, or the scenario's override for that name, varied
    /// by up to a tenth by the seed, times the time scale.
    pub async fn take(&self, what: &str, typical: Duration) {
        tokio::time::sleep(self.duration(what, typical)).await;
    }

    /// How long [`World::take`] would wait.
    pub fn duration(&self, what: &str, typical: Duration) -> Duration {
        let kind = what.split_once('/').map_or(what, |(kind, _)| kind);
        debug_assert!(
            super::waits::is_known(kind),
            "no scenario could say how long `{kind}` takes"
        );
        let usual = self.scenario.duration(kind).unwrap_or(typical);
        let spread = f64::from(u16::try_from(self.number(what) % 2001).unwrap_or(1000)) / 10_000.0;
        self.scaled(usual.mul_f64(0.9 + spread))
    }

    /// A real duration in the world's time.
    pub fn scaled(&self, real: Duration) -> Duration {
        real.mul_f64(self.time_scale.max(0.0))
    }

    /// How long something may take that others set a limit for. What is done here in earnest does
    /// not become faster with the world, so a limit is never very short; where no time passes there
    /// is none.
    pub fn limit(&self, real: Duration) -> Option<Duration> {
        const SHORTEST: Duration = Duration::from_secs(30);
        let scaled = self.scaled(real);
        (!scaled.is_zero()).then_some(scaled.max(SHORTEST.min(real)))
    }

    /// A number that is the same for the same seed and label.
    pub fn number(&self, label: &str) -> u64 {
        let digest = self.digest(label);
        u64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 has 32 bytes"))
    }

    /// `length` hex digits (at most 64) that are the same for the same seed and label.
    pub fn hex(&self, label: &str, length: usize) -> String {
        let mut text = hex::encode(self.digest(label));
        text.truncate(length);
        text
    }

    /// The next fault that the scenario wants at this point, counted off on disk; `None` is a good
    /// day. A fault at the stage that is under way is meant at every point.
    ///
    /// # Errors
    /// When the count cannot be written.
    pub fn fault(&self, point: &Point<'_>) -> io::Result<Option<Fault>> {
        if self.scenario.faults.is_empty() {
            return Ok(None);
        }
        let stage = self.stage().unwrap_or_default();
        let places: Vec<&str> = point.places.iter().copied().chain([stage.as_str()]).collect();
        let point = Point { places: &places, ..*point };
        for (index, fault) in self.scenario.faults.iter().enumerate() {
            if fault.applies(&point) && self.count_off(index, fault)? {
                return Ok(Some(fault.clone()));
            }
        }
        Ok(None)
    }

    /// Whether the fault happens once more. Counted by what it says, so that the count is right
    /// when the world is given another scenario.
    fn count_off(&self, index: usize, fault: &Fault) -> io::Result<bool> {
        if fault.times == 0 {
            return Ok(true);
        }
        let twins = self.scenario.faults[..index].iter().filter(|other| *other == fault).count();
        let said = serde_json::to_string(fault).map_err(io::Error::other)?;
        let mut happens = true;
        self.store.update("faults", &format!("{said}#{twins}"), |used| {
            let used = used.and_then(serde_json::Value::as_u64).unwrap_or(0);
            happens = used < u64::from(fault.times);
            Some((used + u64::from(happens)).into())
        })?;
        Ok(happens)
    }

    /// The stage that is under way, as far as somebody said so.
    pub fn stage(&self) -> Option<String> {
        Some(self.store.get("world", "stage")?.as_str()?.to_owned())
    }

    /// A moment relative to the first start of the world, in the world's time.
    pub fn moment(&self, span: Span) -> Timestamp {
        // What lies behind is not scaled: a block that began an hour ago began an hour ago.
        let distance = if span.seconds() > 0 {
            SignedDuration::try_from(self.scaled(span.as_duration())).unwrap_or(SignedDuration::MAX)
        } else {
            SignedDuration::from_secs(span.seconds())
        };
        self.began.saturating_add(distance).unwrap_or(Timestamp::MAX)
    }

    /// The moment so much of the world's time from now; `None` where no time passes.
    pub fn after(&self, real: Duration) -> Option<Timestamp> {
        let distance = SignedDuration::try_from(self.scaled(real)).unwrap_or(SignedDuration::MAX);
        let passes = self.time_scale > 0.0;
        passes.then(|| self.now().saturating_add(distance).unwrap_or(Timestamp::MAX))
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn digest(&self, label: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.scenario.seed.to_be_bytes());
        hash.update(label.as_bytes());
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::fault::Reach;

    #[test]
    fn a_fault_happens_as_often_as_the_scenario_says_even_after_a_restart() {
        let dir = tempfile::tempdir().unwrap();
        let scenario = || {
            Scenario::parse(
                "[[fault]]\nat = \"aws_eks_node_group.gpu\"\nwhen = \"create\"\nerror = \"x\"\n",
            )
            .unwrap()
        };
        let places = ["module.nodes.aws_eks_node_group.gpu[0]", "aws_eks_node_group"];
        let point = |when| Point { places: &places, when, reach: Reach::Terraform };
        let world = World::open(dir.path(), scenario(), 0.0).unwrap();
        assert!(world.fault(&point("read")).unwrap().is_none());
        assert!(world.fault(&point("create")).unwrap().is_some());
        drop(world);
        let world = World::open(dir.path(), scenario(), 0.0).unwrap();
        assert!(world.fault(&point("create")).unwrap().is_none());
    }

    #[test]
    fn a_fault_at_a_stage_is_meant_everywhere_while_it_is_under_way() {
        let dir = tempfile::tempdir().unwrap();
        let text = "[[fault]]\nat = \"platform\"\ntimes = 0\nerror = \"x\"\n";
        let world = World::open(dir.path(), Scenario::parse(text).unwrap(), 0.0).unwrap();
        let hits = |when, reach| {
            world.fault(&Point { places: &["aws_vpc"], when, reach }).unwrap().is_some()
        };
        assert!(!hits("create", Reach::Terraform));
        world.store.put("world", "stage", "platform".into()).unwrap();
        assert!(hits("create", Reach::Terraform) && hits("push", Reach::Transfer));
        assert!(!hits("begin", Reach::Stage));
    }
}
