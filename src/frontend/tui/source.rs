//! Where a face has its run from: a viewer of it, or its record.

use std::collections::VecDeque;
use std::future::Future;
use std::path::Path;
use std::pin::Pin;
use std::time::Duration;

use futures::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, sleep};

use super::face::Message;
use super::inquiry::{Draft, Inquiry, Kept, Wanted};
use crate::engine::requests::Request;
use crate::engine::socket::Answer;
use crate::frontend::viewer::{End, Update, Viewer};
use crate::frontend::words;
use crate::host::Host;
use crate::run::EventKind;
use crate::run::journal::{JournalError, read};

/// What becomes of something that was asked, when it is known.
pub type Answers = Pin<Box<dyn Future<Output = String> + Send>>;

/// Where a face has its run from.
#[derive(Debug)]
pub enum Source {
    /// A run that goes on without us, or has ended.
    Viewer {
        /// Tells what happens.
        viewer: Box<Viewer>,
        /// The clock.
        host: Host,
        /// Nothing more comes.
        is_over: bool,
    },
    /// A recorded run.
    Replay(Replay),
    /// A form, which is told what is found out.
    Form(Inquiry),
    /// Nothing.
    Nothing(Host),
}

impl Source {
    /// A run as this viewer is told it.
    pub fn of(viewer: Viewer, host: &Host) -> Self {
        Self::Viewer { viewer: Box::new(viewer), host: host.clone(), is_over: false }
    }

    /// Whether anything may still come.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Viewer { is_over, .. } => !is_over,
            Self::Replay(replay) => !replay.is_over(),
            Self::Form(inquiry) => !inquiry.heard.is_closed() || !inquiry.heard.is_empty(),
            Self::Nothing(_) => false,
        }
    }

    /// The next message. Cancel safe.
    pub async fn next(&mut self) -> Option<Message> {
        let update = match self {
            Self::Viewer { viewer, is_over, .. } => {
                let update = viewer.next().await;
                *is_over = update.is_none();
                update
            }
            Self::Replay(replay) => replay.next().await,
            Self::Form(inquiry) => {
                return inquiry.heard.recv().await.map(|heard| Message::Heard(Box::new(heard)));
            }
            Self::Nothing(_) => None,
        };
        update.map(|update| Message::Update(Box::new(update)))
    }

    /// A message that is there already.
    pub fn ready(&mut self) -> Option<Message> {
        if self.is_open() { self.next().now_or_never().flatten() } else { None }
    }

    /// The present moment, as this run has it.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Replay(replay) => replay.now(),
            Self::Form(inquiry) => inquiry.host.now(),
            Self::Viewer { host, .. } | Self::Nothing(host) => host.now(),
        }
    }

    /// Asks something of the run; nothing where nobody could answer.
    pub fn ask(&self, request: Request) -> Option<Answers> {
        let Self::Viewer { viewer, .. } = self else { return None };
        let asker = viewer.asker();
        Some(Box::pin(async move {
            match asker.ask(request).await {
                Ok(Answer::Accepted { first: None }) => asked(request).to_owned(),
                Ok(Answer::Accepted { first: Some(first) }) => words::asked_before(&first),
                Ok(Answer::Refused { why }) => format!("Refused: {why}"),
                Err(error) => error.to_string(),
            }
        }))
    }

    /// Takes the keys from another viewer; nothing where there is none.
    pub fn take_keys(&self) -> Option<Answers> {
        let Self::Viewer { viewer, .. } = self else { return None };
        let asker = viewer.asker();
        Some(Box::pin(async move {
            match asker.take_keys().await {
                Ok(()) => "This viewer has the keys now".to_owned(),
                Err(error) => error.to_string(),
            }
        }))
    }

    /// Has something found out for a form.
    pub fn inquire(&self, wanted: Wanted) {
        if let Self::Form(inquiry) = self {
            // Whoever finds things out may be gone; the form says then that it was not asked.
            let _nobody_asks = inquiry.wanted.send(wanted);
        }
    }

    /// Keeps the draft of a form; nothing where there is no form.
    pub fn keep(&mut self, draft: &Draft) -> Option<Result<Kept, String>> {
        match self {
            Self::Form(inquiry) => Some(inquiry.keeper.keep(draft)),
            _ => None,
        }
    }

    /// Plays a recorded run at another speed; 0 holds it.
    pub fn pace(&mut self, speed: f64) {
        if let Self::Replay(replay) = self {
            replay.pace(speed);
        }
    }
}

/// What is said of a request that was taken.
fn asked(request: Request) -> &'static str {
    match request {
        Request::StopAfterStage => "Asked: it stops when the running stage has ended",
        Request::StopNow => "Asked: what runs was interrupted, once, and is waited for",
        Request::Force => "Asked: the running tool is ended without its consent",
    }
}

/// A recorded run, played at a speed.
#[derive(Debug)]
pub struct Replay {
    left: VecDeque<(Timestamp, Update)>,
    /// Where the time of the recording stood at `since`.
    position: Timestamp,
    since: Instant,
    speed: f64,
    last: Timestamp,
}

impl Replay {
    /// Plays the runs of these journals, oldest first, from the beginning of the last one.
    ///
    /// # Errors
    /// When a journal cannot be read.
    pub fn of(journals: &[&Path], speed: f64) -> Result<Self, JournalError> {
        let mut left = VecDeque::new();
        let mut position = Timestamp::UNIX_EPOCH;
        let mut finished = None;
        for (at, path) in journals.iter().enumerate() {
            let is_last = at + 1 == journals.len();
            let (header, events) = read(path)?;
            position = header.at;
            // What earlier runs did is there at once: it is the last one that is played.
            let time = |at: Timestamp| if is_last { at } else { Timestamp::UNIX_EPOCH };
            left.push_back((time(header.at), Update::Begun(header)));
            if is_last {
                left.push_back((position, Update::CaughtUp));
            }
            for event in events {
                if let EventKind::RunFinished { status, .. } = event.kind {
                    finished = Some(status).filter(|_| is_last);
                }
                left.push_back((time(event.at), Update::Event(event)));
            }
        }
        let last = left.back().map_or(position, |(at, _)| *at);
        let end = finished.map_or(End::Lost { is_tool_at_work: false }, End::Finished);
        left.push_back((last, Update::Ended(end)));
        Ok(Self { left, position, since: Instant::now(), speed, last })
    }

    fn is_over(&self) -> bool {
        self.left.is_empty()
    }

    /// The time of the recording; it stands still when the recording has ended.
    fn now(&self) -> Timestamp {
        let gone = self.since.elapsed().as_secs_f64() * self.speed;
        let gone = SignedDuration::try_from_secs_f64(gone).unwrap_or(SignedDuration::ZERO);
        let now = self.position.checked_add(gone).unwrap_or(self.last);
        now.min(self.last)
    }

    fn pace(&mut self, speed: f64) {
        self.position = self.now();
        self.since = Instant::now();
        self.speed = speed;
    }

    async fn next(&mut self) -> Option<Update> {
        let (at, _) = self.left.front()?;
        let wait = at.duration_since(self.now()).as_secs_f64();
        if wait > 0.0 {
            if self.speed <= 0.0 {
                return std::future::pending().await;
            }
            sleep(Duration::try_from_secs_f64(wait / self.speed).unwrap_or(Duration::MAX)).await;
        }
        self.left.pop_front().map(|(_, update)| update)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::journal::FORMAT;
    use crate::run::{Event, Header, Journal};

    fn recorded(dir: &Path, seconds: &[i64]) -> std::path::PathBuf {
        let path = dir.join("journal.jsonl");
        let at = |second| Timestamp::from_second(second).unwrap();
        let header = Header {
            format: FORMAT,
            springboard: String::new(),
            run: "r1".into(),
            continues: None,
            deployment: "acme".into(),
            blueprint: String::new(),
            answers: String::new(),
            bundle: String::new(),
            at: at(0),
        };
        let mut journal = Journal::create(&path, &header).unwrap();
        for second in seconds {
            let what = EventKind::Found { stage: None, what: second.to_string() };
            journal.append(at(*second), vec![what]).unwrap();
        }
        path
    }

    fn told(update: Option<Update>) -> String {
        match update {
            Some(Update::Begun(_)) => "begun".into(),
            Some(Update::CaughtUp) => "caught up".into(),
            Some(Update::Event(Event { kind: EventKind::Found { what, .. }, .. })) => what,
            Some(Update::Ended(End::Lost { .. })) => "lost".into(),
            other => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_recorded_run_is_played_no_faster_than_its_speed() {
        let dir = tempfile::tempdir().unwrap();
        let path = recorded(dir.path(), &[10, 40]);
        let mut replay = Replay::of(&[&path], 1_000.0).unwrap();
        for (expected, second) in
            [("begun", 0), ("caught up", 0), ("10", 10), ("40", 40), ("lost", 40)]
        {
            assert_eq!(told(replay.next().await), expected);
            assert!(replay.now() >= Timestamp::from_second(second).unwrap(), "{expected}");
        }
        assert!(replay.next().await.is_none() && replay.is_over());
        assert_eq!(replay.now(), Timestamp::from_second(40).unwrap());
    }

    #[tokio::test]
    async fn a_held_run_tells_nothing_until_it_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        let path = recorded(dir.path(), &[10]);
        let mut replay = Replay::of(&[&path], 0.0).unwrap();
        assert_eq!(told(replay.next().await), "begun");
        assert_eq!(told(replay.next().await), "caught up");
        assert!(replay.next().now_or_never().is_none());
        assert_eq!(replay.now(), Timestamp::UNIX_EPOCH);
        replay.pace(1_000.0);
        assert_eq!(told(replay.next().await), "10");
    }
}
