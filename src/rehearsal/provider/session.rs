//! One connection of a tool: who it is, its provider configuration, whether it was told to stop.
//!
//! A tool opens a connection for each provider block that it configures, so that two tools, or
//! two aliases of one, never see each other's region or default tags.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::caller::{Caller, Trouble};
use super::tags::Defaults;
use crate::rehearsal::World;
use crate::rehearsal::victims::Peer;

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Session {
    configured: Mutex<Option<Arc<Defaults>>>,
    stopped: watch::Sender<bool>,
    peer: Option<i32>,
    caller: Option<Caller>,
}

impl Session {
    /// A connection of nobody in particular: whatever it asks is let in.
    pub(super) fn new() -> Self {
        Self {
            configured: Mutex::new(None),
            stopped: watch::Sender::new(false),
            peer: None,
            caller: None,
        }
    }

    /// The connection of the process with that id.
    pub(super) fn of(peer: Option<i32>) -> Self {
        let caller = peer.and_then(Caller::of);
        if caller.is_none() {
            tracing::warn!(
                ?peer,
                "the environment of the tool cannot be read: its credentials are not verified"
            );
        }
        Self { peer, caller, ..Self::new() }
    }

    /// The process at the other end.
    pub(super) fn peer(&self) -> Peer {
        Peer::of_pid(self.peer)
    }

    /// Who asks; `None` where that cannot be known.
    pub(super) fn caller(&self) -> Option<&Caller> {
        self.caller.as_ref()
    }

    /// Whether AWS lets the tool in now.
    pub(super) async fn admitted(&self, world: &Arc<World>) -> Result<(), Trouble> {
        match &self.caller {
            Some(caller) => caller.admitted(world).await,
            None => Ok(()),
        }
    }

    pub(super) fn configure(&self, defaults: Arc<Defaults>) {
        *self.configured.lock().unwrap_or_else(PoisonError::into_inner) = Some(defaults);
    }

    pub(super) fn defaults(&self) -> Option<Arc<Defaults>> {
        self.configured.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Tells everything that waits on this connection to give up.
    pub(super) fn stop(&self) {
        self.stopped.send_replace(true);
    }

    /// Waits until the tool says stop.
    pub(super) async fn stopped(&self) {
        let mut told = self.stopped.subscribe();
        // The sender lives as long as this session, so waiting can only end by a stop.
        let _ = told.wait_for(|stopped| *stopped).await;
    }
}
