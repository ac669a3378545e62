//! The one writer of a run's journal: events go to disk first, then to whoever listens.
//!
//! Owns the journal and its order. Does not know what the events mean. Whoever records waits until
//! the event is on disk, so nothing is begun that a power cut would make unheard of.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc, oneshot, watch};

use crate::host::Host;
use crate::run::journal::JournalError;
use crate::run::{Event, EventKind, Journal, Progress, Redactor};

/// What the reader in the engine's own process is sent; other viewers follow the [`News`].
#[derive(Debug, Clone)]
pub enum Notice {
    /// A lasting event, which is on disk.
    Event(Arc<Event>),
    /// Something that is only shown.
    Progress(Progress),
}

/// A handle to the writer; cheap to clone.
#[derive(Debug, Clone)]
pub struct Recorder {
    entries: mpsc::Sender<Entry>,
    news: News,
}

/// What there is to be told of a run without its events: how far the journal is on disk, and what
/// is only shown. Whoever is slow misses progress and nothing else: the journal has the events.
#[derive(Debug)]
pub struct News {
    /// Number of the newest event that is on disk; closed at the end of the run.
    pub recorded: watch::Receiver<u64>,
    /// Progress; the oldest is dropped for a reader that does not keep up.
    pub progress: broadcast::Receiver<Progress>,
}

impl Clone for News {
    fn clone(&self) -> Self {
        Self { recorded: self.recorded.clone(), progress: self.progress.resubscribe() }
    }
}

/// A handle that does not keep the writer at work: viewers are told of the end of the run when the
/// last [`Recorder`] is gone.
#[derive(Debug, Clone)]
pub struct WeakRecorder {
    entries: mpsc::WeakSender<Entry>,
    news: News,
}

impl WeakRecorder {
    /// A handle for recording; `None` when the run has ended.
    pub fn upgrade(&self) -> Option<Recorder> {
        Some(Recorder { entries: self.entries.upgrade()?, news: self.news.clone() })
    }

    /// What viewers in other processes are told.
    pub fn news(&self) -> News {
        self.news.clone()
    }
}

#[derive(Debug)]
enum Entry {
    Record(Vec<EventKind>, oneshot::Sender<Result<(), Arc<JournalError>>>),
    Show(Progress),
}

/// The journal could not be written; the run must not go on.
#[derive(Debug, Clone, thiserror::Error)]
#[error("could not record what happens")]
pub struct RecordError(#[source] pub Arc<JournalError>);

/// How many entries may queue up before those who record have to wait.
const QUEUE: usize = 256;
/// How many notices of progress are kept for a viewer that is busy.
const PROGRESS: usize = 256;

impl Recorder {
    /// Starts the writer. The returned receiver gets everything from the first event on.
    pub fn start(
        journal: Journal,
        host: Host,
        redactor: Redactor,
    ) -> (Self, mpsc::UnboundedReceiver<Notice>) {
        let (entries, queue) = mpsc::channel(QUEUE);
        // Unbounded: a slow viewer must neither lose a lasting event nor hold up the engine.
        let (viewer, notices) = mpsc::unbounded_channel();
        let (recorded, on_disk) = watch::channel(0);
        let (shown, progress) = broadcast::channel(PROGRESS);
        let readers = Readers { viewer, recorded, shown };
        spawn(write(journal, host, redactor, queue, readers));
        let news = News { recorded: on_disk, progress };
        (Self { entries, news }, notices)
    }

    /// What viewers in other processes are told.
    pub fn news(&self) -> News {
        self.news.clone()
    }

    /// A handle for those who outlive the run.
    pub fn downgrade(&self) -> WeakRecorder {
        WeakRecorder { entries: self.entries.downgrade(), news: self.news.clone() }
    }

    /// Records one event; it is on disk when this returns.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn record(&self, kind: EventKind) -> Result<(), RecordError> {
        self.record_all(vec![kind]).await
    }

    /// Records events as one group.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub async fn record_all(&self, kinds: Vec<EventKind>) -> Result<(), RecordError> {
        if kinds.is_empty() {
            return Ok(());
        }
        let (done, on_disk) = oneshot::channel();
        let sent = self.entries.send(Entry::Record(kinds, done)).await;
        sent.expect("the writer lives as long as a recorder");
        on_disk.await.expect("the writer answers every entry").map_err(RecordError)
    }

    /// Shows progress to viewers; dropped when the writer is busy.
    pub fn show(&self, progress: Progress) {
        let _dropped_when_busy = self.entries.try_send(Entry::Show(progress));
    }
}

#[expect(clippy::disallowed_methods, reason = "the engine owns the task that writes its journal")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// Those who are told what was written. None of them can hold the writer up.
struct Readers {
    viewer: mpsc::UnboundedSender<Notice>,
    recorded: watch::Sender<u64>,
    shown: broadcast::Sender<Progress>,
}

impl Readers {
    fn recorded(&self, events: Vec<Event>) {
        if let Some(newest) = events.last() {
            self.recorded.send_replace(newest.seq);
        }
        for event in events {
            let _nobody_listens = self.viewer.send(Notice::Event(Arc::new(event)));
        }
    }

    fn show(&self, progress: Progress) {
        let _nobody_watches = self.shown.send(progress.clone());
        let _nobody_listens = self.viewer.send(Notice::Progress(progress));
    }
}

async fn write(
    mut journal: Journal,
    host: Host,
    redactor: Redactor,
    mut queue: mpsc::Receiver<Entry>,
    readers: Readers,
) {
    let mut batch = Vec::new();
    while queue.recv_many(&mut batch, QUEUE).await > 0 {
        let mut kinds = Vec::new();
        let mut waiting = Vec::new();
        let mut shown = Vec::new();
        for entry in batch.drain(..) {
            match entry {
                Entry::Record(more, done) => {
                    kinds.extend(more);
                    waiting.push(done);
                }
                Entry::Show(progress) => shown.push(progress),
            }
        }
        let outcome = if kinds.is_empty() {
            Ok(())
        } else {
            let kinds = kinds.into_iter().map(|kind| redacted(kind, &redactor)).collect();
            journal.append(host.now(), kinds).map(|events| readers.recorded(events))
        };
        let outcome = outcome.map_err(Arc::new);
        for done in waiting {
            let _gave_up = done.send(outcome.clone());
        }
        for progress in shown {
            readers.show(progress);
        }
    }
}

/// The event with every known secret masked, wherever in it a text stands.
fn redacted(kind: EventKind, redactor: &Redactor) -> EventKind {
    let Ok(text) = serde_json::to_string(&kind) else { return kind };
    let clean = redactor.redact(&text);
    if clean == text { kind } else { serde_json::from_str(&clean).unwrap_or(EventKind::Unknown) }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;
    use crate::run::Secret;
    use crate::run::journal::{FORMAT, Header, read};

    #[tokio::test]
    async fn an_event_is_on_disk_and_redacted_before_it_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let host = Host::fixed(BTreeMap::new(), PathBuf::new(), PathBuf::new());
        let header = Header {
            format: FORMAT,
            springboard: String::new(),
            run: "r1".into(),
            continues: None,
            deployment: "acme".into(),
            blueprint: "b".into(),
            answers: String::new(),
            bundle: String::new(),
            at: host.now(),
        };
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("hunter2hunter2"));
        let journal = Journal::create(&path, &header).unwrap();
        let (recorder, mut notices) = Recorder::start(journal, host, redactor);
        let found = EventKind::Found { stage: None, what: "it is hunter2hunter2".into() };
        recorder.record(found).await.unwrap();
        let (_, events) = read(&path).unwrap();
        let masked = EventKind::Found { stage: None, what: "it is (redacted)".into() };
        assert_eq!(events[0].kind, masked);
        let Some(Notice::Event(event)) = notices.recv().await else { unreachable!() };
        assert_eq!(event.kind, masked);
    }
}
