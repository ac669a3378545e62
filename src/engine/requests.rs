//! Requests to a run: what an operator may ask of it while it is at work.
//!
//! Every request is in the journal before it takes effect, wherever it came from: a signal, or the
//! socket of the deployment.

use super::recorder::{Recorder, WeakRecorder};
use super::stop::{Stop, Wish};
use crate::run::EventKind;

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

    /// Asks the run to stop. A journal that cannot be written does not keep it from stopping.
    pub async fn stop(&self, wish: Wish) {
        if wish > self.stop.wish() {
            self.record(EventKind::StopRequested { now: wish >= Wish::Now }).await;
            self.stop.ask(wish);
        }
    }

    /// Asks for the end of the running tool without its consent.
    pub async fn force(&self) {
        self.record(EventKind::ForceRequested).await;
        self.stop.force();
    }

    async fn record(&self, kind: EventKind) {
        if let Some(recorder) = self.recorder.upgrade() {
            let _stops_all_the_same = recorder.record(kind).await;
        }
    }
}
