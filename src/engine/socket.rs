//! The socket of a deployment: how another process asks something of the run that is at work.
//!
//! JSON lines. The engine greets with what it is ([`Greeting`]), then every line that it gets is a
//! [`Request`] and is answered with one [`Answer`]. Who wants to know what happens reads the
//! journal. Only the owner of the deployment can open the socket.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};

use super::deployment::Deployment;
use super::requests::{Request, Requests};
use crate::host::{Host, write_private};
use crate::run::journal::Format;

/// Version of the protocol; another major is not understood.
pub const PROTOCOL: Format = Format { major: 1, minor: 0 };
/// A request is a short line.
const LONGEST: usize = 64 * 1024;
/// How long the engine is given to answer.
const LIMIT: Duration = Duration::from_secs(10);

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
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "answer", rename_all = "snake_case")]
pub enum Answer {
    /// It is journalled and takes effect.
    Accepted,
    /// It was not understood, or comes too late.
    Refused {
        /// Why.
        why: String,
    },
}

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

    /// Serves requests until the future is dropped.
    pub async fn serve(&self, greeting: &Greeting, requests: &Requests) {
        loop {
            let Ok((stream, _)) = self.listener.accept().await else { continue };
            let (greeting, requests) = (greeting.clone(), requests.clone());
            spawn(async move {
                let _gone = converse(stream, &greeting, &requests).await;
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

async fn converse(stream: UnixStream, greeting: &Greeting, requests: &Requests) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    say(&mut stream, greeting).await?;
    while let Some(line) = line(&mut stream).await? {
        let answer = match serde_json::from_str::<Request>(&line) {
            Ok(request) if requests.accept(request).await => Answer::Accepted,
            Ok(_) => Answer::Refused { why: "the run has ended".into() },
            Err(error) => Answer::Refused { why: format!("not understood: {error}") },
        };
        say(&mut stream, &answer).await?;
    }
    Ok(())
}

async fn say(stream: &mut BufReader<UnixStream>, what: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(what).map_err(io::Error::other)?;
    line.push(b'\n');
    stream.write_all(&line).await
}

/// The next line; `None` at the end. One that does not end is an error, not a full memory.
async fn line(stream: &mut BufReader<UnixStream>) -> io::Result<Option<String>> {
    use tokio::io::AsyncReadExt as _;
    let mut line = Vec::new();
    let read = stream.take(LONGEST as u64).read_until(b'\n', &mut line).await?;
    if read == 0 {
        return Ok(None);
    }
    if line.pop() != Some(b'\n') {
        return Err(io::Error::other("a line that does not end"));
    }
    String::from_utf8(line).map(Some).map_err(io::Error::other)
}

/// Asks something of the run that is at work on a deployment.
///
/// # Errors
/// When nobody listens, does not answer in time, or speaks another version of the protocol.
pub async fn ask(deployment: &Deployment, request: Request) -> io::Result<(Greeting, Answer)> {
    let near = deployment.socket();
    let path = match std::fs::read_to_string(&near) {
        // A socket cannot be read as a file: this is the pointer to where it lies.
        Ok(pointer) => PathBuf::from(pointer),
        Err(_socket) => near,
    };
    let asked = async {
        let mut stream = BufReader::new(UnixStream::connect(path).await?);
        let greeting: Greeting = heard(&mut stream).await?;
        if greeting.protocol.major != PROTOCOL.major {
            return Err(io::Error::other(format!(
                "the run speaks protocol {}, this springboard {PROTOCOL}; use `{}`",
                greeting.protocol,
                greeting.program.display()
            )));
        }
        say(&mut stream, &request).await?;
        Ok((greeting, heard(&mut stream).await?))
    };
    tokio::time::timeout(LIMIT, asked).await.map_err(io::Error::other)?
}

async fn heard<T: DeserializeOwned>(stream: &mut BufReader<UnixStream>) -> io::Result<T> {
    let line = line(stream).await?;
    let line = line.ok_or_else(|| io::Error::other("the run has ended"))?;
    serde_json::from_str(&line).map_err(io::Error::other)
}
