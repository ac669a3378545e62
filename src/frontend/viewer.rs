//! What a viewer of a run sees: everything from the start, in order, and how it ended.
//!
//! The events come from the journals on disk, those of the runs before it in the chain first. While
//! an engine is at work, its socket says how far the journal may be read, and brings progress. An
//! engine that is gone, or has no socket, leaves the files, and they tell the truth. Draws nothing
//! and keeps no state. Start at [`Viewer::attach`].

use std::collections::VecDeque;
use std::time::Duration;

use crate::engine::deployment::{Deployment, DeploymentError};
use crate::engine::requests::Request;
use crate::engine::socket::{self, Answer, AskError, Greeting, Keys, Notice, Sender, Watching};
use crate::error::{Hint, render};
use crate::host::Host;
use crate::run::event::RunStatus;
use crate::run::journal::{JournalError, Reader};
use crate::run::{Event, EventKind, Header, Progress};

/// Between two looks at a journal whose engine tells us nothing.
const PAUSE: Duration = Duration::from_millis(200);
/// How long an engine may take to end after its last event; it writes receipt and report then.
const LAST_WRITES: Duration = Duration::from_secs(20);
/// After so many events in a row others of the same thread get their turn.
const AT_ONCE: u32 = 256;

/// What happens, as a viewer is told it.
#[derive(Debug, Clone, PartialEq)]
pub enum Update {
    /// A run of the chain begins; the last of them is the one that is watched.
    Begun(Header),
    /// A lasting event of that run.
    Event(Event),
    /// Everything that was on disk is told. Comes once; what follows happens now.
    CaughtUp,
    /// Something that is only shown.
    Progress(Progress),
    /// Who has the keys has changed.
    Keys(Keys),
    /// Nothing more will come.
    Ended(End),
}

/// Why nothing more will come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The run has ended, its last event says how.
    Finished(RunStatus),
    /// The engine is gone and has not said how the run ended; resuming looks at the world first.
    Lost {
        /// A tool that it had started is still at work; resuming takes it over.
        is_tool_at_work: bool,
    },
    /// The journal cannot be read: the error as it is written for people.
    Unreadable(String),
}

/// A viewer of one run.
#[derive(Debug)]
pub struct Viewer {
    deployment: Deployment,
    run: String,
    sender: Sender,
    /// The engine that told us of itself, while it does.
    engine: Option<Watching>,
    greeting: Option<Greeting>,
    /// The journals to be read, the present one first.
    journals: VecDeque<Journal>,
    /// How far the last journal is on disk for certain; without an engine, as far as it goes.
    limit: Option<u64>,
    finished: Option<RunStatus>,
    is_caught_up: bool,
    is_over: bool,
    in_a_row: u32,
}

/// One journal of the chain.
#[derive(Debug)]
struct Journal {
    /// Until it was told.
    header: Option<Header>,
    events: Reader,
    seq: u64,
}

/// Asks something of the run for a viewer, while that waits for its next update; cheap to clone.
#[derive(Debug, Clone)]
pub struct Asker {
    deployment: Deployment,
    sender: Sender,
}

impl Viewer {
    /// Watches the run that is at work on a deployment, else the newest one. `None` when nothing
    /// was ever begun. `can_ask` says whether the viewer has an operator who may ask for something.
    ///
    /// # Errors
    /// When the journals cannot be read, or the engine speaks another version of the protocol.
    pub async fn attach(
        deployment: &Deployment,
        host: &Host,
        can_ask: bool,
    ) -> Result<Option<Self>, AttachError> {
        let sender = Sender::this_process(host);
        loop {
            let owner = deployment.owner();
            let runs = deployment.runs().map_err(|source| DeploymentError::Unreadable {
                path: deployment.folder().to_owned(),
                source,
            })?;
            let run = match owner {
                // It looks around before it begins its journal.
                Some(owner) if !runs.contains(&owner.run) => None,
                Some(owner) => Some(owner.run),
                None if runs.is_empty() => return Ok(None),
                None => runs.last().cloned(),
            };
            if let Some(run) = run {
                match socket::watch(deployment, &sender, can_ask).await {
                    Ok(engine) if engine.greeting.run == run => {
                        return Self::of(deployment, sender, &run, Some(engine)).map(Some);
                    }
                    // Another run has begun in between.
                    Ok(_another) => {}
                    // Nobody listens: the files are followed.
                    Err(AskError::Silent(_)) => {
                        return Self::of(deployment, sender, &run, None).map(Some);
                    }
                    Err(error) => return Err(error.into()),
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    fn of(
        deployment: &Deployment,
        sender: Sender,
        run: &str,
        engine: Option<Watching>,
    ) -> Result<Self, AttachError> {
        let greeting = engine.as_ref().map(|engine| engine.greeting.clone());
        let chain = deployment.chain(run).map_err(|error| match (error, &greeting) {
            (JournalError::OtherMajor { found, supported }, Some(greeting)) => {
                let greeting = Box::new(greeting.clone());
                AttachError::Ask(AskError::OtherFormat { found, supported, greeting })
            }
            (error, _) => AttachError::Deployment(error.into()),
        })?;
        let journal = |(header, events)| Journal { header: Some(header), events, seq: 0 };
        Ok(Self {
            deployment: deployment.clone(),
            run: run.to_owned(),
            sender,
            limit: greeting.as_ref().map(|greeting| greeting.seq),
            engine,
            greeting,
            journals: chain.into_iter().map(journal).collect(),
            finished: None,
            is_caught_up: false,
            is_over: false,
            in_a_row: 0,
        })
    }

    /// What the engine said of itself; `None` when there was none to be heard.
    pub fn greeting(&self) -> Option<&Greeting> {
        self.greeting.as_ref()
    }

    /// Id of the run that is watched.
    pub fn run(&self) -> &str {
        &self.run
    }

    /// What asks something of the run.
    pub fn asker(&self) -> Asker {
        Asker { deployment: self.deployment.clone(), sender: self.sender.clone() }
    }

    /// The next thing that a viewer is told; `None` after [`Update::Ended`]. Cancel safe.
    pub async fn next(&mut self) -> Option<Update> {
        loop {
            if self.is_over {
                return None;
            }
            if self.in_a_row >= AT_ONCE {
                self.in_a_row = 0;
                tokio::task::yield_now().await;
            }
            if let Some(update) = self.written() {
                self.in_a_row += 1;
                return Some(update);
            }
            if !self.is_caught_up {
                self.is_caught_up = true;
                return Some(Update::CaughtUp);
            }
            if let Some(update) = self.news().await {
                return Some(update);
            }
        }
    }

    /// What the journals have that was not told; reading a file is short, so it is done in place.
    fn written(&mut self) -> Option<Update> {
        loop {
            let is_last = self.journals.len() == 1;
            let journal = self.journals.front_mut()?;
            if let Some(header) = journal.header.take() {
                return Some(Update::Begun(header));
            }
            if is_last && self.limit.is_some_and(|limit| journal.seq >= limit) {
                return None;
            }
            match journal.events.next() {
                Some(Ok(event)) => {
                    journal.seq = event.seq;
                    if let EventKind::RunFinished { status, .. } = &event.kind {
                        self.finished = is_last.then_some(*status);
                    }
                    return Some(Update::Event(event));
                }
                Some(Err(error)) => return Some(self.end(End::Unreadable(render(&error)))),
                None if is_last => return None,
                None => {
                    self.journals.pop_front();
                }
            }
        }
    }

    /// Waits for something to tell; `None` when there may be something on the disk. Cancel safe.
    async fn news(&mut self) -> Option<Update> {
        let Some(engine) = &mut self.engine else { return self.without_engine().await };
        let heard = engine.next();
        let heard = match self.finished {
            None => heard.await,
            Some(_) => tokio::time::timeout(LAST_WRITES, heard).await.unwrap_or(Ok(None)),
        };
        match heard {
            Ok(Some(Notice::Recorded { seq })) => {
                self.limit = self.limit.max(Some(seq));
                None
            }
            Ok(Some(Notice::Progress { of })) => Some(Update::Progress(of)),
            Ok(Some(Notice::Keys(keys))) => Some(Update::Keys(keys)),
            // It has ended or does not tell: from now on the file is all there is.
            Ok(None) | Err(_) => {
                (self.engine, self.limit) = (None, None);
                None
            }
        }
    }

    async fn without_engine(&mut self) -> Option<Update> {
        if let Some(status) = self.finished {
            return Some(self.end(End::Finished(status)));
        }
        // Asked before the last look at the file: what an engine wrote before its end is seen.
        let is_gone = self.deployment.owner().is_none_or(|owner| owner.run != self.run);
        if let Some(update) = self.written() {
            return Some(update);
        }
        if is_gone {
            let is_tool_at_work = self.deployment.is_tool_at_work();
            return Some(self.end(End::Lost { is_tool_at_work }));
        }
        tokio::time::sleep(PAUSE).await;
        None
    }

    fn end(&mut self, end: End) -> Update {
        self.is_over = true;
        Update::Ended(end)
    }
}

impl Asker {
    /// Asks something of the run.
    ///
    /// # Errors
    /// When nobody listens, or does not answer in time.
    pub async fn ask(&self, request: Request) -> Result<Answer, AskError> {
        socket::ask(&self.deployment, request, &self.sender).await.map(|(_, answer)| answer)
    }

    /// Takes the keys; [`Update::Keys`] tells every viewer.
    ///
    /// # Errors
    /// As [`Asker::ask`].
    pub async fn take_keys(&self) -> Result<(), AskError> {
        socket::take_keys(&self.deployment, &self.sender).await
    }
}

/// Why a run cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum AttachError {
    /// Its engine does not speak with us.
    #[error(transparent)]
    Ask(#[from] AskError),
    /// Its files cannot be read.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
}

impl Hint for AttachError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Ask(error) => error.hint(),
            Self::Deployment(error) => error.hint(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use futures::FutureExt as _;

    use super::*;
    use crate::engine::claim::Owner;
    use crate::engine::deployment::Kind;
    use crate::engine::recorder::Recorder;
    use crate::engine::requests::Requests;
    use crate::engine::socket::{First, PROTOCOL, Socket};
    use crate::engine::stop::{Stop, Wish};
    use crate::run::journal::FORMAT;
    use crate::run::{Journal, Redactor};

    fn header(run: &str, continues: Option<&str>) -> Header {
        Header {
            format: FORMAT,
            springboard: String::new(),
            run: run.into(),
            continues: continues.map(str::to_owned),
            deployment: "rehearsal/acme".into(),
            blueprint: String::new(),
            answers: String::new(),
            bundle: String::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn found(what: &str) -> EventKind {
        EventKind::Found { stage: None, what: what.into() }
    }

    fn finished() -> EventKind {
        EventKind::RunFinished { status: RunStatus::Done, failure: None, elapsed_ms: 1 }
    }

    fn begun(deployment: &Deployment, header: &Header) -> Journal {
        std::fs::create_dir_all(deployment.run(&header.run)).unwrap();
        Journal::create(&deployment.run(&header.run).join("journal.jsonl"), header).unwrap()
    }

    fn somewhere(dir: &std::path::Path) -> (Deployment, Host) {
        let deployment = Deployment::named(dir, Kind::Rehearsal, "acme");
        deployment.make().unwrap();
        (deployment, Host::fixed(BTreeMap::new(), PathBuf::new(), PathBuf::from("sb")))
    }

    /// Writes a second event past the journal's own writer.
    fn journal_of_another(deployment: &Deployment, what: &str) {
        use std::io::Write as _;
        let path = deployment.run("1").join("journal.jsonl");
        let event = Event { seq: 2, at: jiff::Timestamp::UNIX_EPOCH, kind: found(what) };
        let mut file = std::fs::File::options().append(true).open(path).unwrap();
        writeln!(file, "{}", serde_json::to_string(&event).unwrap()).unwrap();
    }

    async fn next(viewer: &mut Viewer) -> String {
        match viewer.next().await {
            Some(Update::Begun(header)) => format!("begun {}", header.run),
            Some(Update::Event(event)) => match event.kind {
                EventKind::Found { what, .. } => format!("{} {what}", event.seq),
                _ => format!("{} finished", event.seq),
            },
            Some(Update::CaughtUp) => "caught up".into(),
            Some(Update::Keys(Keys { holder, is_ours })) => {
                format!("keys {} {is_ours}", holder.is_some())
            }
            other => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_run_that_nobody_carries_out_any_more_is_read_to_its_end_with_those_before_it() {
        let dir = tempfile::tempdir().unwrap();
        let (deployment, host) = somewhere(dir.path());
        assert!(Viewer::attach(&deployment, &host, true).await.unwrap().is_none());
        let now = host.now();
        begun(&deployment, &header("1", None)).append(now, vec![found("a")]).unwrap();
        let mut journal = begun(&deployment, &header("2", Some("1")));
        journal.append(now, vec![found("b"), found("c")]).unwrap();
        let mut viewer = Viewer::attach(&deployment, &host, true).await.unwrap().unwrap();
        for told in ["begun 1", "1 a", "begun 2", "1 b", "2 c", "caught up"] {
            assert_eq!(next(&mut viewer).await, told);
        }
        let lost = Update::Ended(End::Lost { is_tool_at_work: false });
        assert_eq!(viewer.next().await, Some(lost));
        assert_eq!(viewer.next().await, None);
        journal.append(now, vec![finished()]).unwrap();
        let mut viewer = Viewer::attach(&deployment, &host, true).await.unwrap().unwrap();
        let mut end = None;
        while let Some(update) = viewer.next().await {
            end = Some(update);
        }
        assert_eq!(end, Some(Update::Ended(End::Finished(RunStatus::Done))));
    }

    #[tokio::test]
    async fn a_run_at_work_is_followed_over_its_socket_no_further_than_the_disk_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let (deployment, host) = somewhere(dir.path());
        let claim = deployment.claim(&Owner { run: "1".into(), ..Owner::default() }).unwrap();
        let journal = begun(&deployment, &header("1", None));
        let (recorder, _) = Recorder::start(journal, host.clone(), Redactor::default());
        recorder.record(found("a")).await.unwrap();
        let stop = Stop::default();
        let requests = Requests::new(&host, stop.clone(), &recorder);
        let greeting = Greeting {
            protocol: PROTOCOL,
            springboard: "1".into(),
            program: "sb".into(),
            run: "1".into(),
            seq: 0,
        };
        let socket = Socket::open(&deployment, &host).unwrap();
        let watched = async {
            let mut viewer = Viewer::attach(&deployment, &host, true).await.unwrap().unwrap();
            assert_eq!(viewer.greeting().unwrap().seq, 1);
            for told in ["begun 1", "1 a", "caught up", "keys true true"] {
                assert_eq!(next(&mut viewer).await, told);
            }
            // A line of which nobody says that it is flushed is not shown.
            journal_of_another(&deployment, "b");
            assert_eq!(viewer.next().now_or_never(), None);
            recorder.show(Progress::Heartbeat {
                stage: "s".into(),
                step: "s".into(),
                address: "a".into(),
                elapsed_s: 1,
            });
            assert!(matches!(viewer.next().await, Some(Update::Progress(_))));
            let asker = viewer.asker();
            let first = asker.ask(Request::StopAfterStage).await.unwrap();
            assert_eq!(first, Answer::Accepted { first: None });
            assert_eq!(stop.wish(), Wish::AfterStage);
            let again = asker.ask(Request::StopAfterStage).await.unwrap();
            let Answer::Accepted { first: Some(First { by: Some(by), .. }) } = again else {
                panic!("{again:?}")
            };
            assert_eq!(by, viewer.sender);
        };
        tokio::select! {
            () = watched => {}
            () = socket.serve(&greeting, &requests) => unreachable!("it is served until dropped"),
        }
        drop(claim);
    }
}
