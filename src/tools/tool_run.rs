//! `tool-run`: the small process that runs one tool and outlives the engine.
//!
//! Owns the tool: starts it in its own process group, reads what it says to the end, redacts, and
//! writes the step log. It is a session of its own and ends only after its tool, whatever signals
//! it gets. The tool writes into anonymous memory rather than into pipes: should even this process
//! be killed, the tool is not hurt at its next line (terraform would lose what it has made) and
//! finishes. Does not understand the lines. Start at [`main`].

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus};
use std::time::Duration;

use rustix::fs::Mode;
use serde_json::{Map, Value};
use tokio::process::Child;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

use super::process::{CommandLine, Order, spawn_tool};
use super::stamp::Stamp;
use super::step_log::{Begin, End, Entry, Writer};
use crate::host::write_private;
use crate::run::{Redactor, Secret};

/// Between two looks at what the tool has said.
const PACE: Duration = Duration::from_millis(8);
/// Between two tries to write what must not be lost.
const PATIENCE: Duration = Duration::from_secs(1);
/// A line longer than this is written in pieces.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Runs the tool that is ordered on standard input; to be called outside of any async runtime.
#[must_use]
#[expect(clippy::print_stderr, reason = "before there is a log, only the engine can be told")]
pub fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> io::Result<()> {
    let mut order = Vec::new();
    io::stdin().read_to_end(&mut order)?;
    let order: Order = serde_json::from_slice(&order).map_err(io::Error::from)?;
    // Our own session: no terminal can end it. It fails where we lead a group already, which is
    // how a shell starts us: then there is nothing to leave.
    let _ = rustix::process::setsid();
    // Working folders hold state, and state holds secrets.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    // The lock came as standard output. This copy, unlike every other descriptor, is inherited.
    let lock = if order.is_locked { Some(rustix::io::dup(io::stdout())?) } else { None };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let done = runtime.block_on(async {
        let _deaf = ignore_signals()?;
        supervise(order).await
    });
    drop(lock);
    done
}

/// Whoever ends the tool ends it by its own group; this process stays to write down how it ended.
fn ignore_signals() -> io::Result<[Signal; 4]> {
    Ok([
        signal(SignalKind::hangup())?,
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
        signal(SignalKind::quit())?,
    ])
}

async fn supervise(order: Order) -> io::Result<()> {
    let redactor = Redactor::default();
    for secret in order.secrets {
        redactor.learn(&Secret::new(secret));
    }
    let mut log = Writer::open(&order.log)?;
    let command = order.command.words().iter().map(|word| redactor.redact(word)).collect();
    let runner = Stamp::of_self();
    log.append([Entry::Begin(Begin { purpose: order.purpose, command, runner })])?;
    // Not flushed to the disk: what matters after a kill is there, and after a power cut nothing
    // runs any more.
    let clean = Clean { redactor, recovery: order.recovery, state: None };
    let start = Instant::now();
    let end = match Tool::start(&order.command, clean) {
        Ok(mut tool) => {
            log.append([Entry::Tool(tool.stamp())])?;
            let status = tool.follow(&mut log).await;
            ended(status)
        }
        Err(error) => {
            End { exit: None, signal: None, error: Some(error.to_string()), elapsed_ms: 0 }
        }
    };
    let elapsed_ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
    log.append([Entry::End(End { elapsed_ms, ..end })])?;
    log.sync()
}

fn ended(status: io::Result<ExitStatus>) -> End {
    match status {
        Ok(status) => {
            End { exit: status.code(), signal: status.signal(), error: None, elapsed_ms: 0 }
        }
        Err(_unknown) => End { exit: None, signal: None, error: None, elapsed_ms: 0 },
    }
}

/// The tool and what it has said so far.
struct Tool {
    child: Child,
    out: Said,
    err: Said,
    clean: Clean,
}

impl Tool {
    fn start(command: &CommandLine, clean: Clean) -> io::Result<Self> {
        let out = scratch()?;
        let err = scratch()?;
        let child = spawn_tool(command, out.try_clone()?, err.try_clone()?)?;
        Ok(Self { child, out: Said::new(out), err: Said::new(err), clean })
    }

    fn stamp(&self) -> Stamp {
        Stamp::of(self.child.id().unwrap_or_default())
    }

    /// Logs everything it says until it has ended. A log that cannot be written (a full disk) must
    /// not hurt the tool: its lines wait until it can.
    /// It ends only when a state that the tool entrusted to its lines is on disk.
    async fn follow(&mut self, log: &mut Writer) -> io::Result<ExitStatus> {
        let mut unwritten = Vec::new();
        let status = loop {
            tokio::select! {
                // Both arms are cancel safe. The end comes first: nothing waits for the clock then.
                biased;
                status = self.child.wait() => break status,
                () = tokio::time::sleep(PACE) => {}
            }
            self.collect(&mut unwritten, Rest::Wait);
            write(log, &mut unwritten);
        };
        self.collect(&mut unwritten, Rest::Take);
        write(log, &mut unwritten);
        // A state must not be lost, however long the disk is full; lines may, and with its folder
        // everything is gone for good.
        let folder = self.clean.recovery.parent().map(std::path::Path::to_owned);
        let has_place = || folder.as_ref().is_some_and(|folder| folder.exists());
        while has_place() && !self.clean.keep_state() {
            tokio::time::sleep(PATIENCE).await;
        }
        write(log, &mut unwritten);
        status
    }

    fn collect(&mut self, entries: &mut Vec<Entry>, rest: Rest) {
        let clean = &mut self.clean;
        entries.extend(self.out.lines(rest).map(|line| Entry::Out(clean.line(&line))));
        entries.extend(self.err.lines(rest).map(|line| Entry::Err(clean.redactor.redact(&line))));
    }
}

fn write(log: &mut Writer, entries: &mut Vec<Entry>) {
    if !entries.is_empty() && log.append(entries.iter().cloned()).is_ok() {
        entries.clear();
    }
}

/// Anonymous memory that a tool can write into as into a file.
#[cfg(target_os = "linux")]
fn scratch() -> io::Result<File> {
    use rustix::fs::{MemfdFlags, OFlags, fcntl_getfl, fcntl_setfl, memfd_create};
    let memory = memfd_create("tool output", MemfdFlags::CLOEXEC)?;
    // Whoever else got this descriptor from the tool appends too.
    fcntl_setfl(&memory, fcntl_getfl(&memory)? | OFlags::APPEND)?;
    Ok(File::from(memory))
}

/// A file without a name that a tool can write into.
#[cfg(not(target_os = "linux"))]
fn scratch() -> io::Result<File> {
    let path = PathBuf::from(format!("/tmp/springboard-{}", std::process::id()));
    use std::os::unix::fs::OpenOptionsExt as _;
    let file = File::options().read(true).append(true).create_new(true).mode(0o600).open(&path)?;
    std::fs::remove_file(&path)?;
    Ok(file)
}

/// What to do with a last line that has no end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// More may come.
    Wait,
    /// Nothing more will come: it is a line.
    Take,
}

/// One stream of the tool, taken apart into lines.
struct Said {
    file: File,
    read: u64,
    kept: Vec<u8>,
    freed: u64,
}

impl Said {
    fn new(file: File) -> Self {
        Self { file, read: 0, kept: Vec::new(), freed: 0 }
    }

    /// The lines that were said since the last call.
    fn lines(&mut self, rest: Rest) -> std::vec::IntoIter<String> {
        let mut lines = Vec::new();
        let mut chunk = vec![0; 64 * 1024];
        while let Ok(count @ 1..) = self.file.read_at(&mut chunk, self.read) {
            self.read += count as u64;
            let scanned = self.kept.len();
            self.kept.extend_from_slice(&chunk[..count]);
            take_lines(&mut self.kept, scanned, &mut lines);
        }
        self.free();
        if rest == Rest::Take && !self.kept.is_empty() {
            lines.push(text(&self.kept));
            self.kept.clear();
        }
        lines.into_iter()
    }

    /// Gives back the memory of what was read, so that a talkative tool does not fill it.
    fn free(&mut self) {
        const WORTH_IT: u64 = 4 * 1024 * 1024;
        if self.read - self.freed < WORTH_IT {
            return;
        }
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{FallocateFlags, fallocate};
            let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
            let _ = fallocate(&self.file, flags, self.freed, self.read - self.freed);
        }
        self.freed = self.read;
    }
}

/// Moves the whole lines of `kept` to `lines`; there is no line break before `scanned`.
fn take_lines(kept: &mut Vec<u8>, mut scanned: usize, lines: &mut Vec<String>) {
    let mut start = 0;
    while let Some(more) = kept[scanned..].iter().position(|&b| b == b'\n') {
        lines.push(text(&kept[start..scanned + more]));
        scanned += more + 1;
        start = scanned;
    }
    kept.drain(..start);
    if kept.len() > LONGEST_LINE {
        lines.push(text(kept));
        kept.clear();
    }
}

fn text(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8_lossy(line).into_owned()
}

/// What must not reach the log.
struct Clean {
    redactor: Redactor,
    recovery: PathBuf,
    /// A state that is nowhere but here.
    state: Option<String>,
}

impl Clean {
    /// A line of standard output as the log may have it. A state that the tool could save nowhere
    /// else comes as a `log` message with the key `state`: it goes to the recovery file.
    fn line(&mut self, line: &str) -> String {
        match without_state(line) {
            Some((mut message, state)) => {
                self.state = Some(state);
                self.keep_state();
                let kept = format!("in `{}`", self.recovery.display());
                message.insert("state_kept".into(), kept.into());
                self.redactor.redact(&Value::Object(message).to_string())
            }
            None => self.redactor.redact(line),
        }
    }

    /// Tries to put a state on disk that is nowhere else; whether nothing is left to be put there.
    fn keep_state(&mut self) -> bool {
        let Some(state) = &self.state else { return true };
        let kept = write_private(&self.recovery, state.as_bytes()).is_ok();
        if kept {
            self.state = None;
        }
        kept
    }
}

/// Takes the state out of a `log` message that carries one; the message without it, and the state.
fn without_state(line: &str) -> Option<(Map<String, Value>, String)> {
    if !line.starts_with('{') || !line.contains("\"state\"") {
        return None;
    }
    let mut message: Map<String, Value> = serde_json::from_str(line).ok()?;
    if message.get("type").is_some_and(|kind| kind != "log") {
        return None;
    }
    let state = match message.remove("state")? {
        Value::String(state) => state,
        state => state.to_string(),
    };
    Some((message, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_whole_however_they_arrive() {
        let whole = b"one\r\ntwo\n\nthr\xffee\nrest";
        for size in 1..whole.len() {
            let (mut kept, mut lines) = (Vec::new(), Vec::new());
            for chunk in whole.chunks(size) {
                let scanned = kept.len();
                kept.extend_from_slice(chunk);
                take_lines(&mut kept, scanned, &mut lines);
            }
            assert_eq!(lines, ["one", "two", "", "thr\u{fffd}ee"], "in pieces of {size}");
            assert_eq!(kept, b"rest");
        }
    }

    #[test]
    fn a_state_in_a_log_message_goes_to_the_recovery_file_alone() {
        let dir = tempfile::tempdir().unwrap();
        let recovery = dir.path().join("recovered.tfstate");
        let redactor = Redactor::default();
        let mut clean = Clean { redactor, recovery: recovery.clone(), state: None };
        let line = r#"{"@level":"info","type":"log","state":{"serial":3,"secret":"hunter2"}}"#;
        let logged = clean.line(line);
        assert!(!logged.contains("hunter2"));
        assert!(logged.contains("state_kept"));
        assert_eq!(
            std::fs::read_to_string(recovery).unwrap(),
            r#"{"serial":3,"secret":"hunter2"}"#
        );
    }

    #[test]
    fn other_messages_keep_their_state_key() {
        for line in [
            r#"{"type":"planned_change","state":1}"#,
            r#"{"type":"log","@message":"no \"state\" here"}"#,
            r#"{"state"#,
            "the \"state\" is fine",
        ] {
            assert_eq!(without_state(line), None, "{line}");
        }
    }
}
