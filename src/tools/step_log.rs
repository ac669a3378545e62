//! The step log: every line that a tool said, in order, on disk.
//!
//! Owns the file format and how it is written, read and followed. One file a step; each command
//! of the step appends to it. A line is `TIME KIND TEXT`:
//!
//! ```text
//! 2026-11-21T07:00:00.000000Z begin {"purpose":"plan","command":["terraform","plan"],…}
//! 2026-11-21T07:00:00.010000Z tool {"pid":4711,"started":81273,"boot":"4c1f…"}
//! 2026-11-21T07:00:00.200000Z out {"@level":"info","@message":"Terraform 1.11.4",…}
//! 2026-11-21T07:00:00.300000Z err Warning: something on standard error
//! 2026-11-21T07:00:00.400000Z sent {"signal":"INT"}
//! 2026-11-21T07:00:01.000000Z end {"exit":0,"elapsed_ms":1000}
//! ```
//!
//! `begin` is on disk before the tool exists, `tool` says which process it became, `sent` that a
//! signal was sent to it, `end` how it ended. Everything is redacted before it is written. Does
//! not know what the lines mean. Start at [`parse`]; follow a file with [`Tail`].

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::ops::Range;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::stamp::Stamp;

/// One line of a step log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub entry: Entry,
}

/// What a line of a step log says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A command begins.
    Begin(Begin),
    /// The process that the tool became.
    Tool(Stamp),
    /// A line on standard output.
    Out(String),
    /// A line on standard error.
    Err(String),
    /// A signal was sent to the tool.
    Sent(Sent),
    /// The command ended.
    End(End),
}

/// The beginning of a command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// What it is for, for example `plan`.
    pub purpose: String,
    /// Program and arguments, redacted.
    pub command: Vec<String>,
    /// The process of ours that runs it and writes this log.
    pub runner: Stamp,
}

/// A signal that was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// Its name without `SIG`.
    pub signal: String,
}

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct End {
    /// Exit code, unless a signal ended it or it never ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Number of the signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// Why it could not be started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Wall time in milliseconds.
    pub elapsed_ms: u64,
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.at;
        match &self.entry {
            Entry::Begin(begin) => write!(f, "{at:.6} begin {}", json(begin)),
            Entry::Tool(stamp) => write!(f, "{at:.6} tool {}", json(stamp)),
            Entry::Out(text) => write!(f, "{at:.6} out {text}"),
            Entry::Err(text) => write!(f, "{at:.6} err {text}"),
            Entry::Sent(sent) => write!(f, "{at:.6} sent {}", json(sent)),
            Entry::End(end) => write!(f, "{at:.6} end {}", json(end)),
        }
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("records hold only strings and numbers")
}

/// Reads one line; `None` for a line that is not of this format (a torn one).
pub fn parse(line: &str) -> Option<Record> {
    parse_with(line, |at| at.parse().ok())
}

fn parse_with(line: &str, time: impl FnOnce(&str) -> Option<Timestamp>) -> Option<Record> {
    let (at, rest) = line.split_once(' ')?;
    let at = time(at)?;
    let (kind, text) = rest.split_once(' ').unwrap_or((rest, ""));
    let entry = match kind {
        "begin" => Entry::Begin(serde_json::from_str(text).ok()?),
        "tool" => Entry::Tool(serde_json::from_str(text).ok()?),
        "out" => Entry::Out(text.to_owned()),
        "err" => Entry::Err(text.to_owned()),
        "sent" => Entry::Sent(serde_json::from_str(text).ok()?),
        "end" => Entry::End(serde_json::from_str(text).ok()?),
        _ => return None,
    };
    Some(Record { at, entry })
}

/// Makes the file ready for a new command: created when missing, readable by its owner only, a
/// torn last line cut off. Returns its length, which is where the command will begin.
///
/// Only while nothing of ours writes to it.
///
/// # Errors
/// When the file cannot be created, read or cut.
pub fn prepare(path: &Path) -> io::Result<u64> {
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    let length = file.seek(SeekFrom::End(0))?;
    let whole = end_of_last_line(&mut file, length)?;
    if whole < length {
        file.set_len(whole)?;
    }
    Ok(whole)
}

/// Position after the last line break before `length`.
fn end_of_last_line(file: &mut File, length: u64) -> io::Result<u64> {
    const CHUNK: u64 = 64 * 1024;
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(CHUNK);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        io::Read::by_ref(file).take(end - start).read_to_end(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|&b| b == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// Writes records at the end of a step log.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
}

impl Writer {
    /// Opens the log; made when missing.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        Ok(Self { file, path: path.to_owned() })
    }

    /// Appends `entries` with the present time in one write, so that a crash tears at most the
    /// last of them.
    ///
    /// # Errors
    /// When the file cannot be written, for example on a full disk.
    pub fn append(&mut self, entries: impl IntoIterator<Item = Entry>) -> io::Result<()> {
        use fmt::Write as _;
        let at = Timestamp::now();
        let mut text = String::new();
        for entry in entries {
            let _ = writeln!(text, "{}", Record { at, entry });
        }
        let length = self.file.metadata()?.len();
        let written = self.file.write_all(text.as_bytes());
        if written.is_err() {
            // Half a line must not become the beginning of the next one.
            let _ = self.file.set_len(length);
        }
        written
    }

    /// Makes everything appended so far survive a power cut.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Where the log is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Follows a growing step log; hands out whole lines only.
#[derive(Debug)]
pub struct Tail {
    file: File,
    pending: Vec<u8>,
    consumed: usize,
    scanned: usize,
    last: Time,
}

/// The time that was read last. Lines that are written together have the same, and to read a time
/// costs as much as to read all else of a line.
#[derive(Debug, Default)]
struct Time {
    text: String,
    at: Timestamp,
}

impl Time {
    fn read(&mut self, text: &str) -> Option<Timestamp> {
        if self.text != text {
            self.at = text.parse().ok()?;
            text.clone_into(&mut self.text);
        }
        Some(self.at)
    }
}

impl Tail {
    /// Begins at `offset`.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn open(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, pending: Vec::new(), consumed: 0, scanned: 0, last: Time::default() })
    }

    /// The next line that is whole on disk; `None` when there is none yet. A line that is not of
    /// the format is passed over.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn next_record(&mut self) -> io::Result<Option<Record>> {
        while let Some(line) = self.next_range()? {
            let line = String::from_utf8_lossy(&self.pending[line]);
            if let Some(record) = parse_with(&line, |at| self.last.read(at)) {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> io::Result<Option<&[u8]>> {
        Ok(self.next_range()?.map(|range| &self.pending[range]))
    }

    /// Where the next whole line is in what has been read.
    fn next_range(&mut self) -> io::Result<Option<Range<usize>>> {
        let end = loop {
            if let Some(at) = memchr::memchr(b'\n', &self.pending[self.scanned..]) {
                break self.scanned + at;
            }
            self.scanned = self.pending.len();
            if !self.fill()? {
                return Ok(None);
            }
        };
        let start = self.consumed;
        self.consumed = end + 1;
        self.scanned = self.consumed;
        Ok(Some(start..end))
    }

    /// Reads on; `false` when there is nothing new.
    fn fill(&mut self) -> io::Result<bool> {
        const CHUNK: usize = 64 * 1024;
        if self.consumed > 0 {
            self.pending.drain(..self.consumed);
            self.scanned -= self.consumed;
            self.consumed = 0;
        }
        let there = self.pending.len();
        self.pending.resize(there + CHUNK, 0);
        let read = self.file.read(&mut self.pending[there..]);
        self.pending.truncate(there + read.as_ref().map_or(0, |read| *read));
        Ok(read? > 0)
    }
}

/// Every record of a finished or growing step log, in order.
///
/// # Errors
/// When the file cannot be read.
pub fn read(path: &Path) -> io::Result<Vec<Record>> {
    let mut tail = Tail::open(path, 0)?;
    let mut records = Vec::new();
    while let Some(record) = tail.next_record()? {
        records.push(record);
    }
    Ok(records)
}

/// Where the last command of a step log begins, if there is one.
///
/// # Errors
/// When the file cannot be read.
pub fn last_command(path: &Path) -> io::Result<Option<LastCommand>> {
    let mut tail = Tail::open(path, 0)?;
    let mut offset = 0;
    let mut last = None;
    while let Some(line) = tail.next_line()? {
        let length = line.len() as u64 + 1;
        if let Some(Record { at, entry: Entry::Begin(begin) }) =
            parse(&String::from_utf8_lossy(line))
        {
            last = Some(LastCommand { offset, at, begin });
        }
        offset += length;
    }
    Ok(last)
}

/// The last command of a step log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCommand {
    /// Position of its first line.
    pub offset: u64,
    /// When it began.
    pub at: Timestamp,
    /// What it is.
    pub begin: Begin,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn begin() -> Begin {
        Begin {
            purpose: "plan".into(),
            command: vec!["terraform".into(), "plan".into()],
            runner: Stamp { pid: 7, started: 9, boot: "b".into() },
        }
    }

    #[test]
    fn every_kind_of_record_is_read_as_it_was_written() {
        let at: Timestamp = "2026-11-21T07:00:00.25Z".parse().unwrap();
        let end = End { exit: Some(2), signal: None, error: None, elapsed_ms: 12 };
        for entry in [
            Entry::Begin(begin()),
            Entry::Tool(Stamp { pid: 4711, started: 81273, boot: "4c1f".into() }),
            Entry::Out("{\"a\": 1}  two  spaces ".into()),
            Entry::Out(String::new()),
            Entry::Err("Warning: x".into()),
            Entry::Sent(Sent { signal: "INT".into() }),
            Entry::End(end),
        ] {
            let record = Record { at, entry };
            assert_eq!(parse(&record.to_string()), Some(record));
        }
    }

    #[test]
    fn a_line_of_another_format_is_not_a_record() {
        for line in ["", "x", "2026-11-21T07:00:00Z", "2026-11-21T07:00:00Z begin {", "now out x"] {
            assert_eq!(parse(line), None, "{line}");
        }
    }

    #[test]
    fn preparing_cuts_off_a_torn_last_line_however_long() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        assert_eq!(prepare(&path).unwrap(), 0);
        for (content, whole) in [
            (String::from("one\ntwo\nthr"), 8),
            (format!("one\n{}", "x".repeat(200_000)), 4),
            ("x".repeat(70_000), 0),
            (String::from("one\n"), 4),
        ] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(prepare(&path).unwrap(), whole);
            assert_eq!(std::fs::metadata(&path).unwrap().len(), whole);
        }
    }

    #[test]
    fn a_tail_waits_for_the_end_of_a_line() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut writer = Writer::open(&path).unwrap();
        let mut tail = Tail::open(&path, 0).unwrap();
        assert_eq!(tail.next_record().unwrap(), None);
        writer.append([Entry::Out("one".into()), Entry::Out("two".into())]).unwrap();
        let text = |record: Option<Record>| match record.map(|r| r.entry) {
            Some(Entry::Out(text)) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(text(tail.next_record().unwrap()), "one");
        writer.file.write_all(b"2026-11-21T07:00:00Z out thr").unwrap();
        assert_eq!(text(tail.next_record().unwrap()), "two");
        assert_eq!(tail.next_record().unwrap(), None);
        writer.file.write_all(b"ee\n").unwrap();
        assert_eq!(text(tail.next_record().unwrap()), "three");
    }

    #[test]
    fn the_last_command_is_found_behind_earlier_ones() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("log");
        let mut writer = Writer::open(&path).unwrap();
        assert_eq!(last_command(&path).unwrap(), None);
        writer.append([Entry::Begin(begin()), Entry::Out("ü".into())]).unwrap();
        let offset = std::fs::metadata(&path).unwrap().len();
        let apply = Begin { purpose: "apply".into(), ..begin() };
        writer.append([Entry::Begin(apply.clone()), Entry::Out("x".into())]).unwrap();
        let last = last_command(&path).unwrap().unwrap();
        assert_eq!((last.offset, last.begin), (offset, apply));
    }
}
