//! Waiting for objects: which reasons are new, and when a hopeless state has lasted long enough.
//!
//! No clock and no request of its own: whoever waits looks, and hands in what was found and when.

use std::collections::BTreeMap;
use std::time::Duration;

use super::readiness::{Readiness, Verdict};

/// Remembers what was found while something is waited for.
#[derive(Debug, Clone)]
pub struct Watch {
    patience: Duration,
    hopeless_since: BTreeMap<String, Duration>,
    told: BTreeMap<String, String>,
}

/// One look at what is waited for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Look {
    /// Objects whose reason for not being ready is new.
    pub news: Vec<Readiness>,
    /// The object that ends the wait, because it will not become ready.
    pub hopeless: Option<Readiness>,
    /// How many objects are not ready.
    pub unready: usize,
}

impl Watch {
    /// How long a hopeless state may last in real time before the wait ends: a Secret that a
    /// controller is about to make, a node that is about to come, end it by themselves.
    pub const PATIENCE: Duration = Duration::from_mins(3);

    /// Gives up on a hopeless state after `patience`.
    #[must_use]
    pub fn new(patience: Duration) -> Self {
        Self { patience, hopeless_since: BTreeMap::new(), told: BTreeMap::new() }
    }

    /// What follows from what was found, `now` after the wait began.
    pub fn look(&mut self, found: &[Readiness], now: Duration) -> Look {
        let mut look = Look::default();
        self.hopeless_since.retain(|object, _| {
            found.iter().any(|r| &r.object == object && matches!(r.verdict, Verdict::Hopeless(_)))
        });
        for readiness in found {
            let Some(reason) = readiness.verdict.reason() else {
                self.told.remove(&readiness.object);
                continue;
            };
            look.unready += 1;
            if self.told.get(&readiness.object).map(String::as_str) != Some(reason) {
                self.told.insert(readiness.object.clone(), reason.to_owned());
                look.news.push(readiness.clone());
            }
            if matches!(readiness.verdict, Verdict::Hopeless(_)) {
                let since = *self.hopeless_since.entry(readiness.object.clone()).or_insert(now);
                if look.hopeless.is_none() && now.saturating_sub(since) >= self.patience {
                    look.hopeless = Some(readiness.clone());
                }
            }
        }
        look
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(verdict: Verdict) -> Vec<Readiness> {
        vec![Readiness { object: "deployment/core-api".into(), verdict }]
    }

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn a_reason_is_told_once_until_it_changes() {
        let mut watch = Watch::new(seconds(60));
        let waiting = |reason: &str| found(Verdict::Waiting(reason.into()));
        assert_eq!(watch.look(&waiting("0 of 2"), seconds(0)).news, waiting("0 of 2"));
        assert_eq!(watch.look(&waiting("0 of 2"), seconds(1)).news, []);
        assert_eq!(watch.look(&waiting("1 of 2"), seconds(2)).news, waiting("1 of 2"));
        assert_eq!(watch.look(&found(Verdict::Ready), seconds(3)), Look::default());
        assert_eq!(watch.look(&waiting("1 of 2"), seconds(4)).news, waiting("1 of 2"));
    }

    #[test]
    fn a_hopeless_state_ends_the_wait_when_it_lasts() {
        let mut watch = Watch::new(seconds(60));
        let hopeless = found(Verdict::Hopeless("no such image".into()));
        let ends = |watch: &mut Watch, at| watch.look(&hopeless, seconds(at)).hopeless.is_some();
        assert!(!ends(&mut watch, 0));
        assert!(!ends(&mut watch, 59));
        assert!(ends(&mut watch, 60));
        watch.look(&found(Verdict::Waiting("starting".into())), seconds(61));
        assert!(!ends(&mut watch, 62));
        assert!(ends(&mut watch, 122));
    }
}
