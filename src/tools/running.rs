//! A command that runs, or has run, under `tool-run`: followed by its step log.
//!
//! Owns following, adopting and signalling. Reads nothing from the process itself: whatever is
//! known of it is in the log, so that a command started by an engine that died is followed in the
//! same way. Start at [`Running::next_line`].

use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rustix::process::{Signal, kill_process_group};
use tokio::io::AsyncReadExt as _;
use tokio::process::Child;
use tokio::time::sleep;

use super::process::ProcessError;
use super::stamp::Stamp;
use super::step_log::{self, Begin, End, Entry, Record, Sent, Tail, Writer};

/// Between two looks at a log that grows; together with the runner's own pace a line is seen
/// within 20 ms.
const PACE: Duration = Duration::from_millis(8);
/// Between two looks at whether an adopted process is alive.
const PULSE: Duration = Duration::from_millis(50);

/// A line that the tool said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was logged.
    pub at: Timestamp,
    /// Where it was said.
    pub stream: Stream,
    /// The text, redacted.
    pub text: String,
}

/// Where a line was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It returned.
    Exit {
        /// Its exit code.
        code: i32,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// A signal ended it.
    Signal {
        /// The signal's number.
        signal: i32,
        /// Wall time in milliseconds.
        elapsed_ms: u64,
    },
    /// The process of ours that ran it was killed: the tool has ended, nobody knows how.
    Unknown,
}

impl Ended {
    /// Whether it returned `0`.
    #[must_use]
    pub fn is_success(&self) -> bool {
        matches!(self, Self::Exit { code: 0, .. })
    }

    /// The exit code, where there is one.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self {
            Self::Exit { code, .. } => Some(*code),
            Self::Signal { .. } | Self::Unknown => None,
        }
    }

    /// Wall time in milliseconds; 0 when nobody knows.
    #[must_use]
    pub fn elapsed_ms(&self) -> u64 {
        match self {
            Self::Exit { elapsed_ms, .. } | Self::Signal { elapsed_ms, .. } => *elapsed_ms,
            Self::Unknown => 0,
        }
    }
}

/// What became of the wish to signal a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signalled {
    /// It was sent now.
    Sent,
    /// It will be sent as soon as the tool exists.
    Held,
    /// One was sent before; a second is never sent.
    Before,
    /// The tool has ended already.
    Ended,
}

/// Who writes the log.
#[derive(Debug)]
enum Runner {
    /// Our own child.
    Child(Box<Child>),
    /// Started by an engine that is gone.
    Adopted(Stamp),
    /// It has ended, with its last words.
    Gone(String),
}

/// A command under `tool-run`.
#[derive(Debug)]
pub struct Running {
    log: PathBuf,
    tail: Tail,
    runner: Runner,
    begin: Option<Begin>,
    tool: Option<Stamp>,
    end: Option<End>,
    is_interrupted: bool,
    is_interrupt_held: bool,
    forced: u32,
    is_lost: bool,
}

impl Running {
    pub(super) fn follow(log: &Path, offset: u64, child: Child) -> Result<Self, ProcessError> {
        Self::new(log, offset, Runner::Child(Box::new(child)))
    }

    /// Takes over the last command of `log` if it began at or after `since` (the time of the event
    /// that announced it): alive or ended, from its first line. `None` when no such command ever
    /// began.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn adopt(log: &Path, since: Timestamp) -> Result<Option<Self>, ProcessError> {
        let failed = |source| ProcessError::Log { path: log.to_owned(), source };
        if !log.exists() {
            return Ok(None);
        }
        let last = step_log::last_command(log).map_err(failed)?;
        // Records carry microseconds, events may carry more.
        let slack = Duration::from_millis(1);
        match last {
            Some(last) if last.at + slack >= since => {
                Self::new(log, last.offset, Runner::Adopted(last.begin.runner)).map(Some)
            }
            _ => Ok(None),
        }
    }

    fn new(log: &Path, offset: u64, runner: Runner) -> Result<Self, ProcessError> {
        let tail = Tail::open(log, offset)
            .map_err(|source| ProcessError::Log { path: log.to_owned(), source })?;
        Ok(Self {
            log: log.to_owned(),
            tail,
            runner,
            begin: None,
            tool: None,
            end: None,
            is_interrupted: false,
            is_interrupt_held: false,
            forced: 0,
            is_lost: false,
        })
    }

    /// The next line of the tool; `None` when it has ended and everything it said was handed out.
    /// Cancel safe.
    ///
    /// # Errors
    /// When the log cannot be read, or the tool could not be started.
    pub async fn next_line(&mut self) -> Result<Option<Line>, ProcessError> {
        loop {
            if let Some(line) = self.next_logged_line()? {
                return Ok(Some(line));
            }
            if self.end.is_some() {
                self.reap().await;
                return self.not_started().map_or(Ok(None), Err);
            }
            if self.is_lost {
                return Ok(None);
            }
            self.wait_for_more().await?;
        }
    }

    /// Waits for the end, passing over the lines that are left. Cancel safe.
    ///
    /// # Errors
    /// When the log cannot be read, or the tool could not be started.
    pub async fn wait(&mut self) -> Result<Ended, ProcessError> {
        while self.next_line().await?.is_some() {}
        let Some(end) = &self.end else { return Ok(Ended::Unknown) };
        Ok(match (end.exit, end.signal) {
            (Some(code), _) => Ended::Exit { code, elapsed_ms: end.elapsed_ms },
            (None, Some(signal)) => Ended::Signal { signal, elapsed_ms: end.elapsed_ms },
            (None, None) => Ended::Unknown,
        })
    }

    /// Asks the tool to stop: one SIGINT to its process group, never a second one, whoever asks.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn interrupt(&mut self) -> Result<Signalled, ProcessError> {
        if self.is_interrupted || self.is_interrupt_held {
            return Ok(Signalled::Before);
        }
        if self.end.is_some() || self.is_lost {
            return Ok(Signalled::Ended);
        }
        if self.tool.is_none() {
            self.is_interrupt_held = true;
            return Ok(Signalled::Held);
        }
        self.is_interrupted = true;
        self.send(Signal::INT, "INT")
    }

    /// Ends the tool without its consent; what it was doing may be lost. The first call sends
    /// SIGTERM (after an interrupt terraform then stops waiting, but still tries to save its
    /// state), every later one SIGKILL.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub fn force(&mut self) -> Result<Signalled, ProcessError> {
        if self.tool.is_none() && self.end.is_none() && !self.is_lost {
            return self.interrupt();
        }
        self.forced += 1;
        if self.forced == 1 {
            self.send(Signal::TERM, "TERM")
        } else {
            self.send(Signal::KILL, "KILL")
        }
    }

    /// Whether the tool was asked to stop, by this engine or an earlier one.
    pub fn is_interrupted(&self) -> bool {
        self.is_interrupted || self.is_interrupt_held
    }

    /// The process of the tool, as soon as it is known.
    pub fn tool(&self) -> Option<&Stamp> {
        self.tool.as_ref()
    }

    /// What runs, as soon as it is known.
    pub fn begin(&self) -> Option<&Begin> {
        self.begin.as_ref()
    }

    fn program(&self) -> String {
        let words = self.begin.as_ref().map(|begin| begin.command.as_slice()).unwrap_or_default();
        words.first().cloned().unwrap_or_else(|| "tool-run".into())
    }

    fn next_logged_line(&mut self) -> Result<Option<Line>, ProcessError> {
        while self.end.is_none() {
            let next = self.tail.next_record();
            let failed = |source| ProcessError::Log { path: self.log.clone(), source };
            let Some(Record { at, entry }) = next.map_err(failed)? else { return Ok(None) };
            match entry {
                Entry::Out(text) => return Ok(Some(Line { at, stream: Stream::Out, text })),
                Entry::Err(text) => return Ok(Some(Line { at, stream: Stream::Err, text })),
                Entry::Begin(begin) => self.begin = Some(begin),
                Entry::Tool(stamp) => self.learn_tool(stamp)?,
                Entry::Sent(sent) => self.is_interrupted |= sent.signal == "INT",
                Entry::End(end) => self.end = Some(end),
            }
        }
        Ok(None)
    }

    fn learn_tool(&mut self, stamp: Stamp) -> Result<(), ProcessError> {
        self.tool = Some(stamp);
        if self.is_interrupt_held {
            self.is_interrupt_held = false;
            self.interrupt()?;
        }
        Ok(())
    }

    /// Waits until there may be more to read, and finds out when there never will be.
    async fn wait_for_more(&mut self) -> Result<(), ProcessError> {
        match &mut self.runner {
            Runner::Child(child) => {
                tokio::select! {
                    // Both arms are cancel safe.
                    _ = child.wait() => {
                        let words = last_words(child).await;
                        self.runner = Runner::Gone(words);
                    }
                    () = sleep(PACE) => {}
                }
            }
            Runner::Adopted(stamp) => {
                if stamp.is_alive() {
                    sleep(PACE).await;
                } else {
                    self.runner = Runner::Gone(String::new());
                }
            }
            // Everything that the runner wrote has been read, and it did not write an end.
            Runner::Gone(words) => match &self.tool {
                Some(tool) if tool.is_alive() => sleep(PULSE).await,
                None if !words.is_empty() && self.begin.is_none() => {
                    let reason = std::mem::take(words);
                    self.is_lost = true;
                    return Err(ProcessError::NotStarted { program: self.program(), reason });
                }
                _ if !words.is_empty() => {
                    let reason = std::mem::take(words);
                    self.is_lost = true;
                    return Err(ProcessError::Unlogged { program: self.program(), reason });
                }
                _ => self.is_lost = true,
            },
        }
        Ok(())
    }

    /// Lets the runner end after its last record, so that what it holds (the lock) is free.
    async fn reap(&mut self) {
        match &mut self.runner {
            Runner::Child(child) => {
                let _ = child.wait().await;
                self.runner = Runner::Gone(String::new());
            }
            Runner::Adopted(stamp) => {
                while stamp.is_alive() {
                    sleep(PACE).await;
                }
                self.runner = Runner::Gone(String::new());
            }
            Runner::Gone(_) => {}
        }
    }

    fn not_started(&self) -> Option<ProcessError> {
        let reason = self.end.as_ref()?.error.clone()?;
        Some(ProcessError::NotStarted { program: self.program(), reason })
    }

    /// Writes down that a signal is sent, then sends it. That the writing failed does not keep a
    /// stop from happening.
    fn send(&mut self, signal: Signal, name: &str) -> Result<Signalled, ProcessError> {
        let Some(tool) = self.tool.as_ref().filter(|tool| self.end.is_none() && tool.is_alive())
        else {
            return Ok(Signalled::Ended);
        };
        let recorded = Writer::open(&self.log).and_then(|mut log| {
            log.append([Entry::Sent(Sent { signal: name.into() })])?;
            log.sync()
        });
        if let Some(group) = tool.process() {
            kill_process_group(group, signal).map_err(|errno| ProcessError::Signal {
                program: self.program(),
                source: errno.into(),
            })?;
        }
        recorded.map_err(|source| ProcessError::Log { path: self.log.clone(), source })?;
        Ok(Signalled::Sent)
    }
}

/// What a runner that ended before its log was open has to say.
async fn last_words(child: &mut Child) -> String {
    let mut words = String::new();
    if let Some(stderr) = &mut child.stderr {
        let _ = stderr.read_to_string(&mut words).await;
    }
    words.trim().to_owned()
}
