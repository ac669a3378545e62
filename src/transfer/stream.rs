//! A blocking reader as the body of a request, with a bounded number of chunks in memory.

use std::io::{self, Read};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;

const CHUNK: usize = 128 << 10;
/// Chunks that are read ahead.
const AHEAD: usize = 4;

/// Keeps the error of the local file, which a client would report as one of the network.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadFailure(Arc<Mutex<Option<io::Error>>>);

impl ReadFailure {
    pub(super) fn take(&self) -> Option<io::Error> {
        self.0.lock().expect("no holder of this lock panics").take()
    }

    fn keep(&self, error: io::Error) {
        *self.0.lock().expect("no holder of this lock panics") = Some(error);
    }
}

/// A body of exactly `size` bytes from what `open` opens, read in a thread for blocking work.
/// `on_chunk` hears the size of each chunk as it is handed on. Reading ends when the body is
/// dropped.
pub(super) fn body<R: Read>(
    size: u64,
    open: impl FnOnce() -> io::Result<R> + Send + 'static,
    on_chunk: impl Fn(u64) + Send + Sync + 'static,
) -> (reqwest::Body, ReadFailure) {
    let failure = ReadFailure::default();
    let kept = failure.clone();
    let (sender, receiver) = mpsc::channel::<io::Result<Bytes>>(AHEAD);
    tokio::task::spawn_blocking(move || {
        let ended = open().and_then(|reader| copy(reader, size, &sender));
        if let Err(error) = ended {
            let kind = error.kind();
            kept.keep(error);
            // So that the request ends; a request that is gone needs to hear nothing.
            let _ = sender.blocking_send(Err(kind.into()));
        }
    });
    // Counted as the network takes it, not as the disk gives it.
    let chunks = ReceiverStream::new(receiver).map(move |chunk| {
        if let Ok(chunk) = &chunk {
            on_chunk(chunk.len() as u64);
        }
        chunk
    });
    (reqwest::Body::wrap_stream(chunks), failure)
}

fn copy<R: Read>(
    mut reader: R,
    size: u64,
    sender: &mpsc::Sender<io::Result<Bytes>>,
) -> io::Result<()> {
    let mut left = size;
    while left > 0 {
        let mut chunk = Vec::with_capacity(CHUNK);
        reader.by_ref().take(left.min(CHUNK as u64)).read_to_end(&mut chunk)?;
        if chunk.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        left -= chunk.len() as u64;
        if sender.blocking_send(Ok(Bytes::from(chunk))).is_err() {
            return Ok(());
        }
    }
    Ok(())
}
