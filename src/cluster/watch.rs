//! Waiting for objects: which reasons are new, and when a hopeless state has lasted long enough.
//!
//! No clock and no request of its own: whoever waits looks, and hands in what was found and when.

use std::collections::BTreeMap;
use std::time::Duration;

use super::readiness::{Readiness, Verdict};

/// A host that is busy may not hear an answer for less.
const SILENCE: Duration = Duration::from_secs(20);

/// Remembers what was found while something is waited for.
#[derive(Debug, Clone)]
pub struct Watch {
    patience: Duration,
    hopeless_since: BTreeMap<String, Duration>,
    told: BTreeMap<String, String>,
    /// Since when nobody answers.
    unanswered_since: Option<Duration>,
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
        Self {
            patience,
            hopeless_since: BTreeMap::new(),
            told: BTreeMap::new(),
            unanswered_since: None,
        }
    }

    /// What follows from what was found, `now` after the wait began.
    pub fn look(&mut self, found: &[Readiness], now: Duration) -> Look {
        let mut look = Look::default();
        self.unanswered_since = None;
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

    /// What follows from nobody having answered, `now` after the wait began. Whoever waits for a
    /// cluster that is gone waits for all of its time limit, so that is hopeless when it lasts.
    pub fn unanswered(&mut self, why: &str, now: Duration) -> Look {
        let of = |verdict| Readiness { object: "the cluster".to_owned(), verdict };
        let is_new = self.unanswered_since.is_none();
        let since = *self.unanswered_since.get_or_insert(now);
        let gone = now.saturating_sub(since);
        let news = is_new.then(|| of(Verdict::Waiting(format!("does not answer: {why}"))));
        let is_over = gone >= self.patience.max(SILENCE);
        let seconds = gone.as_secs();
        let hopeless = is_over
            .then(|| of(Verdict::Hopeless(format!("has not answered for {seconds} s: {why}"))));
        Look { news: news.into_iter().collect(), hopeless, unready: 1 }
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
    fn a_cluster_that_does_not_answer_is_told_once_and_ends_the_wait_when_it_lasts() {
        let mut watch = Watch::new(seconds(60));
        let first = watch.unanswered("connection refused", seconds(5));
        assert_eq!(first.news.len(), 1);
        assert_eq!(watch.unanswered("connection refused", seconds(64)).news, []);
        // One answer in between, and it begins anew.
        watch.look(&found(Verdict::Ready), seconds(64));
        assert_eq!(watch.unanswered("connection refused", seconds(65)).hopeless, None);
        let over = watch.unanswered("connection refused", seconds(125)).hopeless.unwrap();
        assert_eq!(over.verdict.reason(), Some("has not answered for 60 s: connection refused"));
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
