//! The run journal: what this run has decided and done, in order, on disk.
//!
//! Owns the file format. Does not interpret events ([`RunState`](super::RunState) does) and does
//! not know what a stage is. Start at [`Journal::append`] for writing, [`read`] for reading.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use crate::error::Hint;
use crate::host::{AppendLog, read_lines};

/// Version of the journal format that this program writes.
///
/// - 1.0: header, events of the kinds of [`EventKind`].
/// - 1.1: `command_adopted`, `force_requested`.
pub const FORMAT: Format = Format { major: 1, minor: 1 };

/// `major.minor` of the journal format: a reader of the same major reads it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Another major cannot be read.
    pub major: u32,
    /// A higher minor has kinds or fields that are ignored.
    pub minor: u32,
}

/// The first line of a journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Version of the journal format.
    pub format: Format,
    /// Version of springboard that wrote it.
    pub springboard: String,
    /// Id of the run.
    pub run: String,
    /// Id of the run that this one goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub continues: Option<String>,
    /// Name of the deployment; `rehearsal/NAME` for a rehearsed one.
    pub deployment: String,
    /// What is installed.
    pub blueprint: String,
    /// SHA-256 of the answers in canonical form.
    pub answers: String,
    /// SHA-256 of the embedded Terraform and charts.
    pub bundle: String,
    /// When the run was started, UTC.
    pub at: Timestamp,
}

/// An open journal.
#[derive(Debug)]
pub struct Journal {
    log: AppendLog,
    last_seq: u64,
}

impl Journal {
    /// Begins a journal with its header, on disk when this returns.
    ///
    /// # Errors
    /// When the file exists already or the disk refuses.
    pub fn create(path: &Path, header: &Header) -> Result<Self, JournalError> {
        let fail = |source| JournalError::Write { path: path.to_owned(), source };
        let mut log = AppendLog::create(path).map_err(fail)?;
        let line = serde_json::to_string(header).map_err(io::Error::other).map_err(fail)?;
        log.append(&line).map_err(fail)?;
        log.sync().map_err(fail)?;
        Ok(Self { log, last_seq: 0 })
    }

    /// Appends events as one group and returns them as they are in the file.
    ///
    /// # Errors
    /// When the disk refuses; the events must then not be shown to anybody.
    pub fn append(
        &mut self,
        at: Timestamp,
        kinds: Vec<EventKind>,
    ) -> Result<Vec<Event>, JournalError> {
        let path = self.log.path().to_owned();
        let fail = |source| JournalError::Write { path: path.clone(), source };
        let mut events = Vec::with_capacity(kinds.len());
        for kind in kinds {
            let event = Event { seq: self.last_seq + 1, at, kind };
            let line = serde_json::to_string(&event).map_err(io::Error::other).map_err(fail)?;
            self.log.append(&line).map_err(fail)?;
            self.last_seq = event.seq;
            events.push(event);
        }
        // Flush before publishing: nothing the operator has seen may be missing after a power cut.
        self.log.sync().map_err(fail)?;
        Ok(events)
    }
}

/// Whether the file begins with a whole line, as every journal in which something can have been
/// recorded does: its header is on disk before anything else is done.
pub fn has_header(path: &Path) -> bool {
    use io::BufRead as _;
    let Ok(file) = std::fs::File::open(path) else { return false };
    let mut line = Vec::new();
    let read = io::BufReader::new(file).read_until(b'\n', &mut line);
    read.is_ok() && line.ends_with(b"\n")
}

/// Reads a journal; a torn last line is dropped.
///
/// # Errors
/// When the file cannot be read, has no header, is of another major version, or a line before the
/// last is not an event.
pub fn read(path: &Path) -> Result<(Header, Vec<Event>), JournalError> {
    let lines =
        read_lines(path).map_err(|source| JournalError::Read { path: path.to_owned(), source })?;
    let mut lines = lines.iter();
    let first = lines.next().ok_or_else(|| JournalError::NoHeader { path: path.to_owned() })?;
    let header = read_header(path, first)?;
    let mut events = Vec::with_capacity(lines.len());
    for (index, line) in lines.enumerate() {
        let event: Event = serde_json::from_str(line).map_err(|source| JournalError::Torn {
            path: path.to_owned(),
            line: index + 2,
            source,
        })?;
        events.push(event);
    }
    Ok((header, events))
}

fn read_header(path: &Path, line: &str) -> Result<Header, JournalError> {
    #[derive(Deserialize)]
    struct OnlyFormat {
        format: Format,
    }
    let no_header = || JournalError::NoHeader { path: path.to_owned() };
    let OnlyFormat { format } = serde_json::from_str(line).map_err(|_not_json| no_header())?;
    if format.major != FORMAT.major {
        return Err(JournalError::OtherMajor { found: format, supported: FORMAT });
    }
    serde_json::from_str(line).map_err(|_incomplete| no_header())
}

/// What can be wrong with a journal.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be read.
    #[error("could not read the journal at `{}`", .path.display())]
    Read {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It cannot be written.
    #[error("could not write the journal at `{}`", .path.display())]
    Write {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It does not begin with a header.
    #[error("the file `{}` does not begin with the header of a journal", .path.display())]
    NoHeader {
        /// Where it is.
        path: PathBuf,
    },
    /// A line in its middle is damaged.
    #[error("line {line} of the journal at `{}` is damaged", .path.display())]
    Torn {
        /// Where it is.
        path: PathBuf,
        /// Which line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// It was written by a springboard that is too different.
    #[error("the journal has format {found}, this springboard reads {supported}")]
    OtherMajor {
        /// Of the file.
        found: Format,
        /// Of this program.
        supported: Format,
    },
}

impl Hint for JournalError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Write { .. } => Some(
                "free space on the disk, or make the folder writable, then run `springboard resume`"
                    .into(),
            ),
            Self::OtherMajor { .. } => Some("use the springboard that began this run".into()),
            _ => None,
        }
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |_| format!("`{text}` is not a format version such as `1.0`");
        let (major, minor) = text.split_once('.').unwrap_or((text, "0"));
        Ok(Self { major: major.parse().map_err(wrong)?, minor: minor.parse().map_err(wrong)? })
    }
}

impl Serialize for Format {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Format {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header() -> Header {
        Header {
            format: FORMAT,
            springboard: "0.1.0".into(),
            run: "r1".into(),
            continues: None,
            deployment: "acme".into(),
            blueprint: "poolside".into(),
            answers: String::new(),
            bundle: String::new(),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_torn_last_line_is_dropped() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let mut journal = Journal::create(&path, &header()).unwrap();
        let stage = |s: &str| EventKind::StageStarted { stage: s.into() };
        journal.append(Timestamp::UNIX_EPOCH, vec![stage("a"), stage("b")]).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, &whole[..whole.len() - 3]).unwrap();
        let (read_header, events) = read(&path).unwrap();
        assert_eq!(read_header, header());
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].seq, 1);
    }

    #[test]
    fn a_journal_without_a_whole_header_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        assert!(!has_header(&path));
        for (content, is_one) in [("", false), ("{\"format\":\"1.", false), ("{}\n{", true)] {
            std::fs::write(&path, content).unwrap();
            assert_eq!(has_header(&path), is_one, "{content}");
        }
    }

    #[test]
    fn a_kind_of_a_newer_minor_is_read_as_unknown() {
        let line = r#"{"seq":1,"at":"2026-01-01T00:00:00Z","kind":"teleported","to":"x"}"#;
        let event: Event = serde_json::from_str(line).unwrap();
        assert_eq!(event.kind, EventKind::Unknown);
    }

    #[test]
    fn another_major_is_refused_with_both_versions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "{\"format\":\"2.3\"}\n").unwrap();
        let text = read(&path).unwrap_err().to_string();
        assert_eq!(text, "the journal has format 2.3, this springboard reads 1.1");
    }
}
