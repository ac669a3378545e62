//! When things are due. Kept in memory only: after a restart of the world the clock of whatever
//! was under way begins again.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// Deadlines by name.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    deadlines: HashMap<String, Instant>,
    attempts: HashMap<String, u32>,
    marks: HashMap<String, Duration>,
    wake_at: Option<Instant>,
}

impl Timers {
    /// Forgets when to wake: whoever still waits says so again.
    pub(crate) fn begin_pass(&mut self) {
        self.wake_at = None;
    }

    /// Whether `after` has passed since this was first asked under that name.
    pub(crate) fn is_due(&mut self, what: &str, after: Duration) -> bool {
        if after.is_zero() {
            return true;
        }
        let now = Instant::now();
        let deadline = *self.deadlines.entry(what.to_owned()).or_insert(now + after);
        if deadline <= now {
            return true;
        }
        self.wake_by(deadline);
        false
    }

    /// Starts a name afresh.
    pub(crate) fn forget(&mut self, what: &str) {
        self.deadlines.remove(what);
    }

    /// Counts one more attempt, and says how many there were before.
    pub(crate) fn count(&mut self, what: &str) -> u32 {
        let attempts = self.attempts.entry(what.to_owned()).or_default();
        *attempts += 1;
        *attempts - 1
    }

    /// How many attempts were counted.
    pub(crate) fn attempts(&self, what: &str) -> u32 {
        self.attempts.get(what).copied().unwrap_or(0)
    }

    /// Remembers that something is done.
    pub(crate) fn mark(&mut self, what: &str) {
        self.note(what, Duration::ZERO);
    }

    /// Whether something is done.
    pub(crate) fn is_marked(&self, what: &str) -> bool {
        self.marks.contains_key(what)
    }

    /// Remembers a span of time.
    pub(crate) fn note(&mut self, what: &str, span: Duration) {
        self.marks.insert(what.to_owned(), span);
    }

    /// The span of time that was remembered.
    pub(crate) fn noted(&self, what: &str) -> Option<Duration> {
        self.marks.get(what).copied()
    }

    /// Forgets everything about an object that is gone.
    pub(crate) fn forget_all(&mut self, uid: &str) {
        self.deadlines.retain(|what, _| !what.contains(uid));
        self.attempts.retain(|what, _| !what.contains(uid));
        self.marks.retain(|what, _| !what.contains(uid));
    }

    /// Wakes after that time at the latest.
    pub(crate) fn wake_in(&mut self, after: Duration) {
        self.wake_by(Instant::now() + after);
    }

    fn wake_by(&mut self, at: Instant) {
        self.wake_at = Some(self.wake_at.map_or(at, |earlier| earlier.min(at)));
    }

    /// Waits until something is due; for ever when nothing is.
    pub(crate) async fn next(&self) {
        match self.wake_at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}
