//! What is said over the socket: JSON lines, in words of their own.
//!
//! The engine greets ([`Greeting`]). What it hears is a [`Call`], with the [`Sender`] it comes from;
//! each is answered with one [`Answer`]. Whoever has called to watch is sent a [`Notice`] now and
//! then. Of another minor version, what is not known is passed over on both sides.

use std::io;
use std::path::PathBuf;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufRead, AsyncBufReadExt as _, AsyncReadExt as _};
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::engine::requests::Request;
use crate::host::Host;
use crate::run::Progress;
use crate::run::journal::Format;

/// Version of the protocol; another major is not understood.
///
/// - 1.0: greeting; requests to stop.
/// - 1.1: `seq` in the greeting; `watch` and its notices; `take_keys`; senders.
pub const PROTOCOL: Format = Format { major: 1, minor: 1 };
/// Whatever is said is a short line.
const LONGEST: u64 = 64 * 1024;

/// What the engine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// Version of the protocol.
    pub protocol: Format,
    /// Version of springboard.
    pub springboard: String,
    /// The binary that the engine runs.
    pub program: PathBuf,
    /// The run.
    pub run: String,
    /// Number of the newest event that is on disk.
    #[serde(default)]
    pub seq: u64,
}

/// Who calls: shown to others, and told apart from others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sender {
    /// Login name.
    pub user: String,
    /// The terminal, for example `/dev/pts/3`, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub terminal: Option<String>,
    /// Process id.
    pub process: u32,
}

impl Sender {
    /// This process.
    pub fn this_process(host: &Host) -> Self {
        let user = host.var("USER").or(host.var("LOGNAME")).map(str::to_owned);
        Self {
            user: user.unwrap_or_else(|| format!("user {}", rustix::process::getuid().as_raw())),
            terminal: host.terminal(),
            process: std::process::id(),
        }
    }
}

impl Sender {
    /// Whether both are, as far as one can tell, the same operator at the same place.
    pub fn is_beside(&self, other: &Self) -> bool {
        (&self.user, &self.terminal) == (&other.user, &other.terminal)
    }
}

impl std::fmt::Display for Sender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.terminal {
            Some(terminal) => {
                write!(f, "{} on {}", self.user, terminal.trim_start_matches("/dev/"))
            }
            None => write!(f, "{}, process {}", self.user, self.process),
        }
    }
}

/// What the engine is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Message {
    #[serde(flatten)]
    pub(super) call: Call,
    /// Absent in protocol 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sender: Option<Sender>,
}

/// What is wanted of the engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub(super) enum Call {
    /// To be told what happens.
    Watch {
        /// Version of the protocol that the viewer speaks.
        protocol: Format,
        /// Whether it has an operator who may ask for something.
        can_ask: bool,
    },
    /// The operator of this viewer is the one who asks, from now on.
    TakeKeys,
    /// Something of the run.
    #[serde(untagged)]
    Run(Request),
}

/// What became of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is journalled and takes effect.
    Accepted {
        /// Somebody else had asked for it, or for more, already: this call changed nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        first: Option<First>,
    },
    /// It was not understood, or comes too late.
    Refused {
        /// Why.
        why: String,
    },
}

/// Who was first to ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct First {
    /// Who; absent where a signal asked, or a viewer of protocol 1.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Sender>,
    /// When, UTC.
    pub at: Timestamp,
}

/// What whoever watches is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// The journal is on disk up to this event.
    Recorded {
        /// Its number.
        seq: u64,
    },
    /// Something is going on.
    Progress {
        /// What.
        of: Progress,
    },
    /// Who has the keys has changed.
    Keys(Keys),
}

/// Whose operator asks. It spares accidents and is no lock.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Keys {
    /// Who; nobody where no viewer has an operator.
    pub holder: Option<Sender>,
    /// Whether that is the viewer who is told.
    pub is_ours: bool,
}

/// What is said to a viewer after the greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Said {
    /// To what it has called.
    Answer(Answer),
    /// Of itself.
    Notice(Notice),
}

/// Says one thing.
pub(super) async fn say(
    to: &mut (impl AsyncWrite + Unpin),
    what: &impl Serialize,
) -> io::Result<()> {
    let mut line = serde_json::to_vec(what).map_err(io::Error::other)?;
    line.push(b'\n');
    to.write_all(&line).await
}

/// The next line; `None` at the end. One that does not end is an error, not a full memory. Not
/// cancel safe.
pub(super) async fn line(from: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = from.take(LONGEST).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(io::Error::other("a line that does not end"));
    }
    String::from_utf8(line).map(Some).map_err(io::Error::other)
}

/// Hears one thing.
pub(super) async fn heard<T: DeserializeOwned>(
    from: &mut (impl AsyncBufRead + Unpin),
) -> io::Result<T> {
    let line = line(from).await?;
    let line = line.ok_or_else(|| io::Error::other("the run has ended"))?;
    serde_json::from_str(&line).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn sender() -> Sender {
        Sender { user: "ops".into(), terminal: Some("/dev/pts/3".into()), process: 7 }
    }

    #[test]
    fn what_is_said_is_the_same_in_every_minor_version() {
        let sent = json!({ "user": "ops", "terminal": "/dev/pts/3", "process": 7 });
        let message = |call, sender| Message { call, sender };
        for (message, line) in [
            (message(Call::Run(Request::StopNow), None), json!({ "request": "stop_now" })),
            (
                message(Call::Run(Request::Force), Some(sender())),
                json!({ "request": "force", "sender": sent }),
            ),
            (
                message(Call::Watch { protocol: PROTOCOL, can_ask: true }, Some(sender())),
                json!({ "request": "watch", "protocol": "1.1", "can_ask": true, "sender": sent }),
            ),
            (message(Call::TakeKeys, None), json!({ "request": "take_keys" })),
        ] {
            assert_eq!(serde_json::to_value(&message).unwrap(), line);
            assert_eq!(serde_json::from_value::<Message>(line).unwrap(), message);
        }
        let said = |answer: Value| serde_json::from_value::<Said>(answer).unwrap();
        assert_eq!(
            said(json!({ "answer": "accepted" })),
            Said::Answer(Answer::Accepted { first: None })
        );
        assert_eq!(
            said(json!({ "notice": "recorded", "seq": 7, "new": [] })),
            Said::Notice(Notice::Recorded { seq: 7 })
        );
    }

    #[test]
    fn a_sender_is_shown_by_terminal_or_process() {
        assert_eq!(sender().to_string(), "ops on pts/3");
        let elsewhere = Sender { terminal: None, ..sender() };
        assert_eq!(elsewhere.to_string(), "ops, process 7");
    }
}
