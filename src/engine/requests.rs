//! Requests to a run: what an operator may ask of it while it is at work.
//!
//! Every request is in the journal before it takes effect, wherever it came from: a signal, or the
//! socket of the deployment. Of two who ask for the same, the first has its effect and the second
//! is told who was first.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::recorder::{News, Recorder, WeakRecorder};
use super::socket::{Answer, First, Sender};
use super::stop::{Stop, Wish};
use crate::host::Host;
use crate::run::EventKind;

/// What may be asked of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// Finish the running stage and begin no other.
    StopAfterStage,
    /// Interrupt what runs, once, and wait for it.
    StopNow,
    /// End the running tool without its consent.
    Force,
}

/// A second force kills. One by somebody else that comes within this time was meant as the first.
const SAME_FORCE: SignedDuration = SignedDuration::from_secs(10);

/// Where requests arrive; cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests {
    host: Host,
    stop: Stop,
    recorder: WeakRecorder,
    accepted: Arc<Mutex<Accepted>>,
}

/// What was asked last, and by whom.
#[derive(Debug, Default)]
struct Accepted {
    wish: Wish,
    first: Option<First>,
}

impl Accepted {
    /// Takes a request in, or says who asked for as much before.
    fn take(&mut self, wish: Wish, by: Option<Sender>, at: Timestamp) -> Result<(), First> {
        let known = self.first.as_ref().filter(|first| match wish {
            Wish::Force(_) => {
                let is_another = match (&first.by, &by) {
                    (Some(first), Some(by)) => !first.is_beside(by),
                    _ => first.by != by,
                };
                matches!(self.wish, Wish::Force(_))
                    && is_another
                    && at.duration_since(first.at) < SAME_FORCE
            }
            _ => wish <= self.wish,
        });
        if let Some(first) = known {
            return Err(first.clone());
        }
        self.wish = self.wish.max(wish);
        self.first = Some(First { by, at });
        Ok(())
    }
}

impl Requests {
    /// The requests to the run that `stop` stops and `recorder` records.
    pub fn new(host: &Host, stop: Stop, recorder: &Recorder) -> Self {
        Self { host: host.clone(), stop, recorder: recorder.downgrade(), accepted: Arc::default() }
    }

    /// Carries a request out.
    pub async fn accept(&self, request: Request, by: Option<Sender>) -> Answer {
        if self.recorder.upgrade().is_none() {
            return Answer::Refused { why: "the run has ended".into() };
        }
        let wish = match request {
            Request::StopAfterStage => Wish::AfterStage,
            Request::StopNow => Wish::Now,
            Request::Force => Wish::Force(1),
        };
        if let Err(first) = self.take(wish, by.clone()) {
            return Answer::Accepted { first: Some(first) };
        }
        let by = by.map(|by| by.to_string());
        if let Wish::Force(_) = wish {
            self.record(EventKind::ForceRequested { by }).await;
            self.stop.force();
        } else {
            self.record(EventKind::StopRequested { now: wish == Wish::Now, by }).await;
            self.stop.ask(wish);
        }
        Answer::Accepted { first: None }
    }

    fn take(&self, wish: Wish, by: Option<Sender>) -> Result<(), First> {
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        accepted.take(wish, by, self.host.now())
    }

    /// What viewers of the run are told.
    pub(super) fn news(&self) -> News {
        self.recorder.news()
    }

    /// A journal that cannot be written does not keep a run from stopping.
    async fn record(&self, kind: EventKind) {
        if let Some(recorder) = self.recorder.upgrade() {
            let _stops_all_the_same = recorder.record(kind).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_who_ask_for_the_same_the_first_has_the_effect_and_the_second_its_name() {
        let by = |process: u32| {
            let terminal = Some(format!("/dev/pts/{process}"));
            Some(Sender { user: "ops".into(), terminal, process })
        };
        let at = |second| Timestamp::from_second(second).unwrap();
        let first = |process, second| Err(First { by: by(process), at: at(second) });
        let mut accepted = Accepted::default();
        for (wish, process, second, taken) in [
            (Wish::AfterStage, 1, 0, Ok(())),
            (Wish::AfterStage, 2, 1, first(1, 0)),
            (Wish::Now, 2, 2, Ok(())),
            (Wish::AfterStage, 1, 3, first(2, 2)),
            (Wish::Now, 2, 4, first(2, 2)),
            (Wish::Force(1), 1, 5, Ok(())),
            (Wish::Force(1), 2, 6, first(1, 5)),
            // Who forces twice means it; so does who comes later.
            (Wish::Force(1), 1, 7, Ok(())),
            (Wish::Force(1), 2, 17, Ok(())),
            (Wish::Now, 2, 18, first(2, 17)),
        ] {
            assert_eq!(accepted.take(wish, by(process), at(second)), taken, "{wish:?} {second}");
        }
    }
}
