//! The engine's side: greets, listens, tells.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncBufRead, AsyncWrite, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{mpsc, watch};

use super::keys::{Membership, Ring, seen_by};
use super::protocol::{Answer, Call, Greeting, Message, Notice, PROTOCOL, Said, Sender, line, say};
use crate::engine::deployment::Deployment;
use crate::engine::recorder::News;
use crate::engine::requests::Requests;
use crate::host::{Host, write_private};

/// Answers that one viewer may have waiting before it is not listened to any more.
const ANSWERS: usize = 8;

/// The socket of a deployment, removed when this is dropped.
#[derive(Debug)]
pub struct Socket {
    listener: UnixListener,
    /// Where it belongs, and where it lies; mostly the same.
    paths: [PathBuf; 2],
}

impl Socket {
    /// Opens the socket of a deployment whose engine we are. Where its path would be too long for a
    /// socket it lies in the runtime folder, and a file in its place says where.
    ///
    /// # Errors
    /// When the folder cannot be written.
    pub fn open(deployment: &Deployment, host: &Host) -> io::Result<Self> {
        let near = deployment.socket();
        let path = host.socket_path(&near);
        remove(&near)?;
        remove(&path)?;
        if path != near {
            write_private(&near, path.as_os_str().as_encoded_bytes())?;
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, paths: [near, path] })
    }

    /// Serves viewers until the future is dropped.
    pub async fn serve(&self, greeting: &Greeting, requests: &Requests) {
        let ring = Ring::default();
        loop {
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            let conversation = Conversation {
                greeting: greeting.clone(),
                requests: requests.clone(),
                ring: ring.clone(),
            };
            spawn(async move {
                let _gone = conversation.hold(stream).await;
            });
        }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        for path in &self.paths {
            let _already_gone = std::fs::remove_file(path);
        }
    }
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[expect(clippy::disallowed_methods, reason = "each viewer is spoken to beside the run")]
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}

/// What is spoken about with one viewer.
struct Conversation {
    greeting: Greeting,
    requests: Requests,
    ring: Ring,
}

/// What the listening half hands to the telling half.
enum Outgoing {
    Answer(Answer),
    Watch(Watcher),
}

/// A viewer that watches.
struct Watcher {
    viewer: Option<Sender>,
    /// That it is there, while it has an operator.
    _membership: Option<Membership>,
}

impl Conversation {
    async fn hold(self, stream: UnixStream) -> io::Result<()> {
        let (read, mut write) = stream.into_split();
        let news = self.requests.news();
        let seq = *news.recorded.borrow();
        say(&mut write, &Greeting { seq, ..self.greeting.clone() }).await?;
        let (outgoing, queue) = mpsc::channel(ANSWERS);
        let changes = self.ring.changes();
        let telling = Telling { queue, news, keys: changes, watcher: None };
        // Telling ends when listening has ended and every answer is out, or the viewer is gone.
        let listening = async {
            let ended = self.listen(BufReader::new(read), outgoing).await;
            let never: std::convert::Infallible = std::future::pending().await;
            (ended, never)
        };
        tokio::select! {
            told = telling.go_on(write) => told,
            (_, never) = listening => match never {},
        }
    }

    async fn listen(
        &self,
        mut from: impl AsyncBufRead + Unpin,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> io::Result<()> {
        while let Some(line) = line(&mut from).await? {
            let out = match serde_json::from_str::<Message>(&line) {
                Ok(message) => self.answer(message).await,
                Err(error) => refused(format!("not understood: {error}")),
            };
            if outgoing.send(out).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    async fn answer(&self, Message { call, sender }: Message) -> Outgoing {
        match call {
            Call::Run(request) => Outgoing::Answer(self.requests.accept(request, sender).await),
            Call::TakeKeys => {
                if let Some(sender) = &sender {
                    self.ring.take(sender);
                }
                Outgoing::Answer(Answer::Accepted { first: None })
            }
            Call::Watch { protocol, .. } if protocol.major != PROTOCOL.major => refused(format!(
                "this run speaks protocol {PROTOCOL}, the viewer {protocol}; use `{}`",
                self.greeting.program.display()
            )),
            Call::Watch { can_ask, .. } => {
                let viewer = sender.as_ref().filter(|_| can_ask);
                let membership = viewer.map(|viewer| self.ring.join(viewer));
                Outgoing::Watch(Watcher { viewer: sender, _membership: membership })
            }
        }
    }
}

fn refused(why: String) -> Outgoing {
    Outgoing::Answer(Answer::Refused { why })
}

/// The half that tells. It takes the newest of everything: while a slow viewer does not read, the
/// number of the newest event is overwritten and progress is dropped, and nothing piles up.
struct Telling {
    queue: mpsc::Receiver<Outgoing>,
    news: News,
    keys: watch::Receiver<Vec<Sender>>,
    watcher: Option<Watcher>,
}

impl Telling {
    async fn go_on(mut self, mut to: impl AsyncWrite + Unpin) -> io::Result<()> {
        let mut is_over = false;
        loop {
            let tells_news = self.watcher.is_some();
            // All four are cancel safe.
            let said = tokio::select! {
                out = self.queue.recv() => match out {
                    None => return Ok(()),
                    Some(Outgoing::Answer(answer)) => Said::Answer(answer),
                    Some(Outgoing::Watch(watcher)) => {
                        self.watcher = Some(watcher);
                        // What is known already is news to this viewer.
                        self.news.recorded.mark_changed();
                        self.keys.mark_changed();
                        continue;
                    }
                },
                changed = self.news.recorded.changed(), if tells_news && !is_over => {
                    // The run is over: the end of the process tells that everything is written.
                    is_over = changed.is_err();
                    Said::Notice(Notice::Recorded { seq: *self.news.recorded.borrow_and_update() })
                }
                progress = self.news.progress.recv(), if tells_news && !is_over => match progress {
                    Ok(of) => Said::Notice(Notice::Progress { of }),
                    Err(RecvError::Lagged(_) | RecvError::Closed) => continue,
                },
                Ok(()) = self.keys.changed(), if tells_news => {
                    let viewer = self.watcher.as_ref().and_then(|watcher| watcher.viewer.as_ref());
                    Said::Notice(Notice::Keys(seen_by(&self.keys.borrow_and_update(), viewer)))
                }
            };
            say(&mut to, &said).await?;
        }
    }
}
