//! Spawning: the only place of the program that starts other programs.
//!
//! Two doors. [`capture`] is for short commands that only read: their output stays in memory and
//! they end with us. [`start`] is for everything that changes something: the tool runs under a
//! small process of ours ([`tool_run`](super::tool_run)) and outlives the engine, which follows
//! the step log ([`Running`]). Knows no tool. Start at [`Invocation`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

pub use super::running::{Ended, Running, Signalled};
use super::stamp::Stamp;
use super::step_log;
use crate::error::Hint;
use crate::run::Redactor;

/// What is run, where and in which surroundings.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandLine {
    /// Path of the program.
    pub program: PathBuf,
    /// Its arguments; never a secret, because every user of the machine can read them.
    pub args: Vec<String>,
    /// The whole environment: nothing is inherited.
    pub env: BTreeMap<String, String>,
    /// Its working directory.
    pub dir: PathBuf,
}

impl CommandLine {
    /// Program and arguments, as they are shown.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let program = self.program.to_string_lossy().into_owned();
        std::iter::once(program).chain(self.args.iter().cloned()).collect()
    }

    /// The program's name without its folder.
    #[must_use]
    pub fn name(&self) -> String {
        self.program.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

impl std::fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The environment may hold secrets: its names are enough.
        f.debug_struct("CommandLine")
            .field("words", &self.words())
            .field("names", &self.env.keys().collect::<Vec<_>>())
            .field("dir", &self.dir)
            .finish_non_exhaustive()
    }
}

/// A command that changes something, with the log that its lines go to.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What is run.
    pub command: CommandLine,
    /// What it is for, for example `apply`.
    pub purpose: String,
    /// The step log.
    pub log: PathBuf,
    /// Where a state goes that the tool could only print (it holds secrets): made readable by its
    /// owner only, and only when it happens.
    pub recovery: PathBuf,
    /// What must not reach the log.
    pub redactor: Redactor,
    /// The lock that tells others that something of ours is alive; the tool holds it until its
    /// end.
    pub lock: Option<Arc<OwnedFd>>,
}

/// The order to `tool-run`, handed over on its standard input.
#[derive(Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) command: CommandLine,
    pub(super) purpose: String,
    pub(super) log: PathBuf,
    pub(super) recovery: PathBuf,
    pub(super) secrets: Vec<String>,
    pub(super) is_locked: bool,
}

impl Order {
    fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an order holds only strings")
    }
}

/// Starts `invocation` under a `tool-run` process of `own_program`.
///
/// # Errors
/// When the log cannot be prepared or our own program cannot be started. That the tool itself
/// cannot be started is told by [`Running`].
pub async fn start(invocation: &Invocation, own_program: &Path) -> Result<Running, ProcessError> {
    let log = &invocation.log;
    let offset =
        step_log::prepare(log).map_err(|source| ProcessError::Log { path: log.clone(), source })?;
    let order = Order {
        command: invocation.command.clone(),
        purpose: invocation.purpose.clone(),
        log: log.clone(),
        recovery: invocation.recovery.clone(),
        secrets: invocation.redactor.secrets().iter().map(|s| s.expose().to_owned()).collect(),
        is_locked: invocation.lock.is_some(),
    };
    let failed = |source| ProcessError::Start { program: own_program.to_owned(), source };
    let mut child = spawn_runner(own_program, invocation.lock.as_deref()).map_err(failed)?;
    let mut stdin = piped(child.stdin.take());
    // A runner that died at once is told by its exit, with its reason.
    let _ = stdin.write_all(&order.to_json()).await;
    drop(stdin);
    Running::follow(log, offset, child)
}

/// The lock travels as the standard output of `tool-run`: descriptors 0 to 2 go to the new process
/// alone, while one made inheritable could slip into any other that is started at that moment.
#[expect(clippy::disallowed_methods, reason = "the door for spawning")]
fn spawn_runner(own_program: &Path, lock: Option<&OwnedFd>) -> io::Result<Child> {
    let lock = match lock {
        Some(lock) => Stdio::from(lock.try_clone()?),
        None => Stdio::null(),
    };
    Command::new(own_program)
        .arg("tool-run")
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(lock)
        .stderr(Stdio::piped())
        .kill_on_drop(false)
        .spawn()
}

/// Starts the tool itself, in its own process group, standard input closed.
#[expect(clippy::disallowed_methods, reason = "the door for spawning")]
pub(super) fn spawn_tool(command: &CommandLine, out: File, err: File) -> io::Result<Child> {
    Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .envs(&command.env)
        .current_dir(&command.dir)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .process_group(0)
        .kill_on_drop(false)
        .spawn()
}

/// Starts a process of ours that outlives us: standard input closed, everything it says in `log`.
/// It makes its own session.
///
/// # Errors
/// When the log cannot be opened or the program cannot be started.
#[expect(clippy::disallowed_methods, reason = "the door for spawning")]
pub fn detach(command: &CommandLine, log: &Path) -> io::Result<Child> {
    let out = File::options().append(true).create(true).open(log)?;
    let err = out.try_clone()?;
    // In no process group of its own: the leader of one cannot make a session.
    Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .envs(&command.env)
        .current_dir(&command.dir)
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .kill_on_drop(false)
        .spawn()
}

/// Starts a process of ours that outlives us and makes its own session: it is told `order` on its
/// standard input, tells us something on its standard output as long as we listen, and everything
/// else it says is in `log`.
///
/// # Errors
/// When the log cannot be opened, or the program cannot be started or told.
pub async fn hand_over(command: &CommandLine, order: &[u8], log: &Path) -> io::Result<HandedOver> {
    let mut child = spawn_host(command, log)?;
    let mut answers = piped(child.stdin.take());
    answers.write_all(order).await?;
    let said = piped(child.stdout.take());
    Ok(HandedOver { answers, said, child })
}

/// A host that was started.
#[derive(Debug)]
pub struct HandedOver {
    /// What it is answered where it asks.
    pub answers: ChildStdin,
    /// What it says.
    pub said: ChildStdout,
    /// The process, which goes on by itself where nobody waits for it.
    pub child: Child,
}

#[expect(clippy::disallowed_methods, reason = "the door for spawning")]
fn spawn_host(command: &CommandLine, log: &Path) -> io::Result<Child> {
    let log = File::options().append(true).create(true).open(log)?;
    // In no process group of its own: the leader of one cannot make a session.
    Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .envs(&command.env)
        .current_dir(&command.dir)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(false)
        .spawn()
}

/// What a captured command said.
#[derive(Clone, PartialEq, Eq)]
pub struct Captured {
    /// Its exit code; `None` when a signal ended it.
    pub exit: Option<i32>,
    /// Standard output, unredacted: it may hold secrets.
    pub stdout: Vec<u8>,
    /// Standard error, unredacted.
    pub stderr: String,
}

/// Runs a short command that only reads and keeps its output in memory. It is ended when `limit`
/// has passed, and when the returned future is dropped.
///
/// # Errors
/// When it cannot be started or takes too long. A non-zero exit is not an error here.
pub async fn capture(command: &CommandLine, limit: Duration) -> Result<Captured, ProcessError> {
    let program = || command.program.clone();
    let mut child = spawn_captured(command)
        .map_err(|source| ProcessError::Start { program: program(), source })?;
    let group = child.id().map(Stamp::of);
    let mut stdout = piped(child.stdout.take());
    let mut stderr = piped(child.stderr.take());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let all = async {
        tokio::try_join!(stdout.read_to_end(&mut out), stderr.read_to_end(&mut err))?;
        child.wait().await
    };
    let status = match tokio::time::timeout(limit, all).await {
        Ok(status) => {
            status.map_err(|source| ProcessError::Follow { program: command.name(), source })?
        }
        Err(_elapsed) => {
            if let Some(group) = group.and_then(|stamp| stamp.process()) {
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
            }
            return Err(ProcessError::TookTooLong { program: command.name(), limit });
        }
    };
    let stderr = String::from_utf8_lossy(&err).into_owned();
    Ok(Captured { exit: status.code(), stdout: out, stderr })
}

#[expect(clippy::disallowed_methods, reason = "the door for spawning")]
fn spawn_captured(command: &CommandLine) -> io::Result<Child> {
    Command::new(&command.program)
        .args(&command.args)
        .env_clear()
        .envs(&command.env)
        .current_dir(&command.dir)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
}

fn piped<T>(end: Option<T>) -> T {
    end.expect("every child is started with the pipes that are taken from it")
}

/// Why a program could not be run or followed.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It did not start.
    #[error("could not start `{}`", .program.display())]
    Start {
        /// What was started.
        program: PathBuf,
        /// Why it did not.
        #[source]
        source: io::Error,
    },
    /// It did not start, told by the process of ours that should have run it.
    #[error("could not start `{program}`: {reason}")]
    NotStarted {
        /// What was started.
        program: String,
        /// Why it did not.
        reason: String,
    },
    /// The step log cannot be used.
    #[error("could not use the step log at `{}`", .path.display())]
    Log {
        /// The log.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The process cannot be followed.
    #[error("could not follow `{program}`")]
    Follow {
        /// What runs.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// What the command said, or how it ended, could not be written down.
    #[error("what `{program}` said could not be written down: {reason}")]
    Unlogged {
        /// What ran.
        program: String,
        /// Why.
        reason: String,
    },
    /// A signal could not be sent.
    #[error("could not send a signal to `{program}`")]
    Signal {
        /// What runs.
        program: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A command that only reads did not end in time.
    #[error("`{program}` did not answer within {} s", .limit.as_secs())]
    TookTooLong {
        /// What ran.
        program: String,
        /// How long it was given.
        limit: Duration,
    },
}

impl Hint for ProcessError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Start { .. } | Self::NotStarted { .. } => {
                Some("run `springboard tools` to see which programs are used".into())
            }
            Self::Log { .. } | Self::Unlogged { .. } => {
                Some("make room on the disk, or choose another folder with `--state-dir`".into())
            }
            Self::Follow { .. } | Self::Signal { .. } | Self::TookTooLong { .. } => None,
        }
    }
}
