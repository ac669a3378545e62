//! What a transfer says while it runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::mpsc;

/// Something moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Work on an image or a member began.
    Started {
        /// `core-api:1.2.3`, or `malibu-2.2/model.safetensors`.
        object: String,
        /// Its bytes.
        size: u64,
    },
    /// So much of it has been sent, or was found to be there.
    Bytes {
        /// The image or member.
        object: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
    /// It is there.
    Finished {
        /// The image or member.
        object: String,
        /// Its bytes.
        size: u64,
        /// Whether it had to be sent.
        how: How,
    },
    /// A file is read to learn its digest, and nothing is sent.
    Reading {
        /// The file's name.
        object: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all.
        total: u64,
    },
}

/// Whether something had to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// All or some of it was sent.
    Sent,
    /// It was there.
    AlreadyThere,
}

/// Where progress goes.
#[derive(Debug, Clone)]
pub struct Reporter(Option<mpsc::Sender<Progress>>);

impl Reporter {
    /// Reports to the receiver of this channel. Byte counts are dropped while it is full, as the
    /// next one says more; what began and ended is not.
    pub fn new(sender: mpsc::Sender<Progress>) -> Self {
        Self(Some(sender))
    }

    /// Reports to nobody.
    pub fn silent() -> Self {
        Self(None)
    }

    /// Waits until the receiver takes it; a receiver that is gone is no error.
    pub(super) async fn tell(&self, progress: Progress) {
        if let Some(sender) = &self.0 {
            let _ = sender.send(progress).await;
        }
    }

    fn mention(&self, progress: Progress) {
        if let Some(sender) = &self.0 {
            let _ = sender.try_send(progress);
        }
    }

    /// Says how far a file has been read.
    pub(super) fn read(&self, object: &str, done: u64, total: u64) {
        self.mention(Progress::Reading { object: object.to_owned(), done, total });
    }
}

/// Counts the bytes of one object, from several tasks.
#[derive(Debug, Clone)]
pub(super) struct Counter {
    object: Arc<str>,
    total: u64,
    done: Arc<AtomicU64>,
    sent: Arc<AtomicU64>,
    reporter: Reporter,
}

impl Counter {
    pub(super) fn new(object: &str, total: u64, reporter: &Reporter) -> Self {
        let (done, sent) = (Arc::default(), Arc::default());
        Self { object: object.into(), total, done, sent, reporter: reporter.clone() }
    }

    /// Bytes that needed no sending.
    pub(super) fn found(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let object = self.object.to_string();
        self.reporter.mention(Progress::Bytes { object, done, total: self.total });
    }

    /// Bytes that went out.
    pub(super) fn sent(&self, bytes: u64) {
        self.sent.fetch_add(bytes, Ordering::Relaxed);
        self.found(bytes);
    }

    /// Bytes that went out in vain and will go out again.
    pub(super) fn take_back(&self, bytes: u64) {
        self.done.fetch_sub(bytes, Ordering::Relaxed);
        self.sent.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(super) fn bytes_sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn how(&self) -> How {
        if self.bytes_sent() > 0 { How::Sent } else { How::AlreadyThere }
    }
}
