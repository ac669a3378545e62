//! One connection of a tool: its provider configuration and whether it was told to stop.
//!
//! A tool opens a connection for each provider block that it configures, so that two tools, or
//! two aliases of one, never see each other's region or default tags.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use super::tags::Defaults;

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Session {
    configured: Mutex<Option<Arc<Defaults>>>,
    stopped: watch::Sender<bool>,
}

impl Session {
    pub(super) fn new() -> Self {
        Self { configured: Mutex::new(None), stopped: watch::Sender::new(false) }
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
