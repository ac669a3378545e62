//! When things are due, and how often they were tried.
//!
//! Kept in the world, by the clock of the wall: a world that was killed goes on where it was, and
//! what came due meanwhile is due.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::rehearsal::World;

/// The table of the store.
const TABLE: &str = "kubernetes-timers";

/// Deadlines, attempts and notes by name.
#[derive(Debug)]
pub(crate) struct Timers {
    world: Arc<World>,
    entries: HashMap<String, Entry>,
    wake_at: Option<Instant>,
}

/// What is remembered under one name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Entry {
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempts: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note_millis: Option<u64>,
}

impl Timers {
    /// The timers that the world remembers.
    pub(crate) fn open(world: Arc<World>) -> Self {
        let known = world.store.list(TABLE).into_iter();
        let entries =
            known.filter_map(|(what, entry)| Some((what, serde_json::from_value(entry).ok()?)));
        Self { entries: entries.collect(), world, wake_at: None }
    }

    /// Forgets when to wake: whoever still waits says so again.
    pub(crate) fn begin_pass(&mut self) {
        self.wake_at = None;
    }

    /// Whether `after` has passed since this was first asked under that name.
    pub(crate) fn is_due(&mut self, what: &str, after: Duration) -> bool {
        if after.is_zero() {
            return true;
        }
        let now = self.world.now();
        let due = self.entries.get(what).and_then(|entry| entry.due).unwrap_or_else(|| {
            let due = now + SignedDuration::try_from(after).unwrap_or(SignedDuration::MAX);
            self.change(what, |entry| entry.due = Some(due));
            due
        });
        let left = Duration::try_from(due.duration_since(now)).unwrap_or_default();
        if left.is_zero() {
            return true;
        }
        self.wake_in(left);
        false
    }

    /// Starts a name afresh.
    pub(crate) fn forget(&mut self, what: &str) {
        self.change(what, |entry| entry.due = None);
    }

    /// Counts one more attempt, and says how many there were before.
    pub(crate) fn count(&mut self, what: &str) -> u32 {
        let before = self.attempts(what);
        self.change(what, |entry| entry.attempts = Some(before + 1));
        before
    }

    /// How many attempts were counted.
    pub(crate) fn attempts(&self, what: &str) -> u32 {
        self.entries.get(what).and_then(|entry| entry.attempts).unwrap_or(0)
    }

    /// Remembers that something is done.
    pub(crate) fn mark(&mut self, what: &str) {
        self.note(what, Duration::ZERO);
    }

    /// Whether something is done.
    pub(crate) fn is_marked(&self, what: &str) -> bool {
        self.noted(what).is_some()
    }

    /// Remembers a span of time.
    pub(crate) fn note(&mut self, what: &str, span: Duration) {
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        self.change(what, |entry| entry.note_millis = Some(millis));
    }

    /// The span of time that was remembered.
    pub(crate) fn noted(&self, what: &str) -> Option<Duration> {
        self.entries.get(what)?.note_millis.map(Duration::from_millis)
    }

    /// Forgets everything about an object that is gone.
    pub(crate) fn forget_all(&mut self, uid: &str) {
        let about = |what: &&String| what.contains(uid);
        let gone: Vec<String> = self.entries.keys().filter(about).cloned().collect();
        for what in gone {
            self.change(&what, |entry| *entry = Entry::default());
        }
    }

    /// Wakes after that time at the latest.
    pub(crate) fn wake_in(&mut self, after: Duration) {
        let at = Instant::now() + after;
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    fn change(&mut self, what: &str, change: impl FnOnce(&mut Entry)) {
        let mut entry = self.entries.get(what).cloned().unwrap_or_default();
        change(&mut entry);
        if entry == Entry::default() {
            if self.entries.remove(what).is_some() {
                self.write(what, None);
            }
        } else if self.entries.get(what) != Some(&entry) {
            self.write(what, serde_json::to_value(&entry).ok());
            self.entries.insert(what.to_owned(), entry);
        }
    }

    fn write(&self, what: &str, entry: Option<serde_json::Value>) {
        let written: io::Result<()> = self.world.store.put_derived(TABLE, what, entry);
        if let Err(error) = written {
            // Only the clock is lost: after a restart it would begin again.
            tracing::warn!(%error, what, "could not write down when something is due");
        }
    }

    /// Waits until something is due; for ever when nothing is.
    pub(crate) async fn next(&self) {
        match self.wake_at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::Scenario;

    #[test]
    fn a_world_that_was_killed_keeps_its_time_and_its_counts() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Timers::open(World::open(dir.path(), Scenario::default(), 1.0).unwrap());
        let mut timers = open();
        assert!(!timers.is_due("pod-start/1", Duration::from_hours(1)));
        assert_eq!(timers.count("pull/1"), 0);
        timers.mark("pulled/1");
        timers.note("hang/2", Duration::from_secs(7));
        let due = timers.entries["pod-start/1"].due;
        drop(timers);
        let mut again = open();
        assert_eq!(again.entries["pod-start/1"].due, due);
        assert_eq!(again.attempts("pull/1"), 1);
        assert!(again.is_marked("pulled/1"));
        assert_eq!(again.noted("hang/2"), Some(Duration::from_secs(7)));
        again.forget_all("1");
        drop(again);
        assert_eq!(open().entries.keys().collect::<Vec<_>>(), ["hang/2"]);
    }

    #[test]
    fn what_came_due_while_the_world_was_down_is_due() {
        let dir = tempfile::tempdir().unwrap();
        let open = || World::open(dir.path(), Scenario::default(), 1.0).unwrap();
        let world = open();
        let past = world.now() - SignedDuration::from_secs(5);
        let entry = serde_json::json!({"due": past.to_string()});
        world.store.put(TABLE, "pod-start/1", entry).unwrap();
        drop(world);
        assert!(Timers::open(open()).is_due("pod-start/1", Duration::from_hours(1)));
    }
}
