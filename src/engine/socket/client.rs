//! The viewer's side: finds the socket, checks the version, asks, watches.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, BufReader, Lines};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};

use super::protocol::{
    Answer, Call, Greeting, Message, Notice, PROTOCOL, Said, Sender, heard, say,
};
use crate::engine::deployment::Deployment;
use crate::engine::requests::Request;
use crate::error::Hint;
use crate::run::journal::Format;

/// How long the engine is given to answer.
const LIMIT: Duration = Duration::from_secs(10);

/// Asks something of the run that is at work on a deployment.
///
/// # Errors
/// When nobody listens, does not answer in time, or speaks another version of the protocol.
pub async fn ask(
    deployment: &Deployment,
    request: Request,
    sender: &Sender,
) -> Result<(Greeting, Answer), AskError> {
    call(deployment, Call::Run(request), sender).await
}

/// Takes the keys for a viewer that watches.
///
/// # Errors
/// As [`ask`].
pub async fn take_keys(deployment: &Deployment, sender: &Sender) -> Result<(), AskError> {
    call(deployment, Call::TakeKeys, sender).await.map(drop)
}

async fn call(
    deployment: &Deployment,
    call: Call,
    sender: &Sender,
) -> Result<(Greeting, Answer), AskError> {
    let asked = async {
        let Connection { greeting, mut read, mut write } = connect(deployment).await?;
        say(&mut write, &Message { call, sender: Some(sender.clone()) }).await?;
        Ok((greeting, heard(&mut read).await?))
    };
    in_time(asked).await
}

async fn in_time<T>(asked: impl Future<Output = Result<T, AskError>>) -> Result<T, AskError> {
    let slow = |elapsed: tokio::time::error::Elapsed| {
        AskError::Silent(io::Error::new(io::ErrorKind::TimedOut, elapsed))
    };
    tokio::time::timeout(LIMIT, asked).await.map_err(slow)?
}

/// The engine, once it has greeted.
struct Connection {
    greeting: Greeting,
    read: BufReader<OwnedReadHalf>,
    write: OwnedWriteHalf,
}

async fn connect(deployment: &Deployment) -> Result<Connection, AskError> {
    let near = deployment.socket();
    let path = match std::fs::read_to_string(&near) {
        // A socket cannot be read as a file: this is the pointer to where it lies.
        Ok(pointer) => PathBuf::from(pointer),
        Err(_socket) => near,
    };
    let (read, write) = UnixStream::connect(path).await?.into_split();
    let mut read = BufReader::new(read);
    let greeting: Greeting = heard(&mut read).await?;
    if greeting.protocol.major != PROTOCOL.major {
        return Err(AskError::OtherProtocol(Box::new(greeting)));
    }
    Ok(Connection { greeting, read, write })
}

/// Becomes a viewer of the run that is at work; `can_ask` says whether it has an operator.
///
/// # Errors
/// As [`ask`].
pub async fn watch(
    deployment: &Deployment,
    sender: &Sender,
    can_ask: bool,
) -> Result<Watching, AskError> {
    let watching = async {
        let Connection { greeting, read, mut write } = connect(deployment).await?;
        let call = Call::Watch { protocol: PROTOCOL, can_ask };
        say(&mut write, &Message { call, sender: Some(sender.clone()) }).await?;
        Ok(Watching { greeting, lines: read.lines(), _open: write })
    };
    in_time(watching).await
}

/// A viewer's ear.
#[derive(Debug)]
pub struct Watching {
    /// What the engine is.
    pub greeting: Greeting,
    lines: Lines<BufReader<OwnedReadHalf>>,
    /// The engine takes the end of this half for the end of the viewer.
    _open: OwnedWriteHalf,
}

impl Watching {
    /// The next notice; `None` when the engine has ended. Cancel safe.
    ///
    /// # Errors
    /// When the connection breaks, or the engine does not tell viewers anything.
    pub async fn next(&mut self) -> io::Result<Option<Notice>> {
        loop {
            let Some(line) = self.lines.next_line().await? else { return Ok(None) };
            match serde_json::from_str(&line) {
                Ok(Said::Notice(notice)) => return Ok(Some(notice)),
                Ok(Said::Answer(Answer::Refused { why })) => return Err(io::Error::other(why)),
                // A notice of a newer minor version.
                Ok(Said::Answer(Answer::Accepted { .. })) | Err(_) => {}
            }
        }
    }
}

/// Why a run does not answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens, or what is heard makes no sense.
    #[error("the run does not answer")]
    Silent(#[from] io::Error),
    /// It speaks another major version of the protocol.
    #[error("the run speaks protocol {}, this springboard {PROTOCOL}", .0.protocol)]
    OtherProtocol(Box<Greeting>),
    /// Its journal has another major version of the format.
    #[error("the run writes a journal of format {found}, this springboard reads {supported}")]
    OtherFormat {
        /// Of the run.
        found: Format,
        /// Of this program.
        supported: Format,
        /// What the engine is.
        greeting: Box<Greeting>,
    },
}

impl Hint for AskError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Silent(_) => None,
            Self::OtherProtocol(greeting) | Self::OtherFormat { greeting, .. } => Some(format!(
                "use `{}`, springboard {}, which the run is of",
                greeting.program.display(),
                greeting.springboard
            )),
        }
    }
}
