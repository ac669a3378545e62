//! Images to a registry and checkpoints to S3: streamed, resumable, with byte progress.
//!
//! Owns the two transfers and the wire protocols they need. Nothing is unpacked and no memory
//! grows with what is sent; what is there already is not sent again. Does not know stages or
//! events: progress goes out as [`Progress`], and a [`CancellationToken`] ends a transfer between
//! two chunks, leaving what a later one goes on from. Start at [`images::push_all`] and
//! [`checkpoints::upload`]; [`charts::fetch`] is the one way in.

pub mod charts;
pub mod checkpoints;
pub mod images;
mod progress;
mod retry;
pub mod state;
mod storage;
mod stream;

pub use progress::{How, Progress, Reporter};
pub use retry::Retry;
pub use storage::{LoginKeys, StorageAccess, StorageCredentials, StorageError, StorageKeys};
pub use tokio_util::sync::CancellationToken;

/// Whether a credential that is at hand will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// One that is still valid as far as is known.
    Any,
    /// The one at hand was refused as expired.
    Renewed,
}

/// Why no credentials could be had; the text is for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct CredentialsError(pub String);
