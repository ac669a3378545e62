//! Requests to a run: what an operator may ask of it while it is at work.
//!
//! Every request is in the journal before it takes effect, wherever it came from: a signal, or the
//! socket of the deployment.

use serde::{Deserialize, Serialize};

use super::recorder::{Recorder, WeakRecorder};
use super::stop::{Stop, Wish};
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

/// Where requests arrive; cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests {
    stop: Stop,
    recorder: WeakRecorder,
}

impl Requests {
    /// The requests to the run that `stop` stops and `recorder` records.
    pub fn new(stop: Stop, recorder: &Recorder) -> Self {
        Self { stop, recorder: recorder.downgrade() }
    }

    /// Carries a request out; `false` when the run has ended.
    pub async fn accept(&self, request: Request) -> bool {
        if self.recorder.upgrade().is_none() {
            return false;
        }
        match request {
            Request::StopAfterStage => self.stop(Wish::AfterStage).await,
            Request::StopNow => self.stop(Wish::Now).await,
            Request::Force => self.force().await,
        }
        true
    }

    /// Asks the run to stop. A journal that cannot be written does not keep it from stopping.
    pub async fn stop(&self, wish: Wish) {
        if wish > self.stop.wish() {
            self.record(EventKind::StopRequested { now: wish >= Wish::Now }).await;
            self.stop.ask(wish);
        }
    }

    /// Asks for the end of the running tool without its consent.
    async fn force(&self) {
        self.record(EventKind::ForceRequested).await;
        self.stop.force();
    }

    async fn record(&self, kind: EventKind) {
        if let Some(recorder) = self.recorder.upgrade() {
            let _stops_all_the_same = recorder.record(kind).await;
        }
    }
}
