//! The run journal: what this run has decided and done, in order, on disk.
//!
//! Owns the file format. Does not interpret events ([`RunState`](super::RunState) does) and does
//! not know what a stage is. Start at [`Journal::append`] for writing, [`Reader`] for reading.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::event::{Event, EventKind};
use crate::error::Hint;
use crate::host::AppendLog;

/// Version of the journal format that this program writes.
///
/// - 1.0: header, events of the kinds of [`EventKind`].
/// - 1.1: `command_adopted`, `force_requested`.
/// - 1.2: `by` in `stop_requested` and `force_requested`.
/// - 1.3: `snippet` in `diagnostic`.
pub const FORMAT: Format = Format { major: 1, minor: 3 };

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

/// Reads a journal event by event: a long one does not have to fit into memory. A torn last line
/// is dropped.
///
/// The end is where the file ends now: asked again, it goes on with what was appended since, and
/// with the rest of a line of which only the beginning was there.
#[derive(Debug)]
pub struct Reader {
    path: PathBuf,
    file: BufReader<File>,
    /// The line that was read last, without its end; or the beginning of one.
    line: Vec<u8>,
    /// Whether its end was there.
    is_whole: bool,
    /// Its number, from 1.
    number: usize,
}

impl Reader {
    /// Opens a journal and reads its header.
    ///
    /// # Errors
    /// When the file cannot be read, has no whole header, or is of another major version.
    pub fn open(path: &Path) -> Result<(Header, Self), JournalError> {
        const AT_ONCE: usize = 1 << 18;
        let file = File::open(path)
            .map_err(|source| JournalError::Read { path: path.to_owned(), source })?;
        let file = BufReader::with_capacity(AT_ONCE, file);
        let mut reader =
            Self { path: path.to_owned(), file, line: Vec::new(), is_whole: true, number: 0 };
        if !reader.next_line()? {
            return Err(JournalError::NoHeader { path: path.to_owned() });
        }
        Ok((read_header(path, &reader.line)?, reader))
    }

    /// Reads the next whole line; `false` when there is none.
    fn next_line(&mut self) -> Result<bool, JournalError> {
        if self.is_whole {
            self.line.clear();
            self.number += 1;
        }
        let read = self.file.read_until(b'\n', &mut self.line);
        read.map_err(|source| JournalError::Read { path: self.path.clone(), source })?;
        self.is_whole = self.line.pop_if(|last| *last == b'\n').is_some();
        Ok(self.is_whole)
    }

    /// A last line that is no event, although it ends, is torn too: after a power cut a file may
    /// have its length before it has its bytes.
    fn is_last(&mut self) -> bool {
        self.file.fill_buf().is_ok_and(<[u8]>::is_empty)
    }
}

impl Iterator for Reader {
    type Item = Result<Event, JournalError>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.next_line() {
            Ok(true) => {}
            Ok(false) => return None,
            Err(error) => return Some(Err(error)),
        }
        match serde_json::from_slice(&self.line) {
            Ok(event) => Some(Ok(event)),
            Err(_torn) if self.is_last() => None,
            Err(source) => {
                Some(Err(JournalError::Torn { path: self.path.clone(), line: self.number, source }))
            }
        }
    }
}

/// Whether a file is a journal in which something can have been recorded: the header is on disk
/// before anything else is done.
pub fn has_header(path: &Path) -> bool {
    path.is_file() && !matches!(Reader::open(path), Err(JournalError::NoHeader { .. }))
}

/// Reads a whole journal; a torn last line is dropped.
///
/// # Errors
/// When the file cannot be read, has no header, is of another major version, or a line before the
/// last is not an event.
pub fn read(path: &Path) -> Result<(Header, Vec<Event>), JournalError> {
    let (header, events) = Reader::open(path)?;
    Ok((header, events.collect::<Result<_, _>>()?))
}

fn read_header(path: &Path, line: &[u8]) -> Result<Header, JournalError> {
    #[derive(Deserialize)]
    struct OnlyFormat {
        format: Format,
    }
    let no_header = || JournalError::NoHeader { path: path.to_owned() };
    let OnlyFormat { format } = serde_json::from_slice(line).map_err(|_not_json| no_header())?;
    if format.major != FORMAT.major {
        return Err(JournalError::OtherMajor { found: format, supported: FORMAT });
    }
    serde_json::from_slice(line).map_err(|_incomplete| no_header())
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

    #[test]
    fn a_file_without_a_whole_header_is_no_journal() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        assert!(!has_header(&path));
        for content in ["", "{\"format\":\"1.", "\0\0\0\0\n"] {
            std::fs::write(&path, content).unwrap();
            assert!(!has_header(&path), "{content}");
        }
        // One that cannot be read must not be passed over.
        std::fs::write(&path, "{\"format\":\"2.0\"}\n").unwrap();
        assert!(has_header(&path));
    }

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

    /// A journal of three events, one of them with characters of several bytes.
    fn written(dir: &Path) -> (PathBuf, Vec<u8>) {
        let path = dir.join("journal.jsonl");
        let mut journal = Journal::create(&path, &header()).unwrap();
        let found = EventKind::Found { stage: None, what: "„größer“ \u{1f680}\n\"".into() };
        let stage = |s: &str| EventKind::StageStarted { stage: s.into() };
        journal.append(Timestamp::UNIX_EPOCH, vec![stage("a"), found, stage("ü")]).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        (path, bytes)
    }

    #[test]
    fn a_journal_that_is_cut_at_any_byte_is_read_up_to_the_cut() {
        let dir = tempfile::tempdir().unwrap();
        let (path, whole) = written(dir.path());
        let events = read(&path).unwrap().1;
        assert_eq!(events.len(), 3);
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let lines = whole[..cut].split(|&b| b == b'\n').count() - 1;
            match read(&path) {
                Ok((head, read)) => {
                    assert_eq!((head, &read[..]), (header(), &events[..lines - 1]), "cut at {cut}");
                }
                Err(error) => {
                    assert!(
                        matches!(error, JournalError::NoHeader { .. }),
                        "cut at {cut}: {error}"
                    );
                    assert_eq!(lines, 0, "cut at {cut}");
                }
            }
        }
    }

    #[test]
    fn a_journal_that_grows_is_read_on_wherever_it_ended_before() {
        let dir = tempfile::tempdir().unwrap();
        let (path, whole) = written(dir.path());
        let events = read(&path).unwrap().1;
        let head = 1 + whole.iter().position(|&b| b == b'\n').unwrap();
        for cut in head..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let (_, mut reader) = Reader::open(&path).unwrap();
            let mut read: Vec<_> = reader.by_ref().map(Result::unwrap).collect();
            let mut file = File::options().append(true).open(&path).unwrap();
            io::Write::write_all(&mut file, &whole[cut..]).unwrap();
            read.extend(reader.map(Result::unwrap));
            assert_eq!(read, events, "cut at {cut}");
        }
    }

    #[test]
    fn a_journal_whose_end_has_a_length_but_no_bytes_is_read_up_to_there() {
        let dir = tempfile::tempdir().unwrap();
        let (path, whole) = written(dir.path());
        for garbage in ["\0\0\0", "\0\0\n", "{\"seq\":4,\n", "\n"] {
            std::fs::write(&path, [&whole[..], garbage.as_bytes()].concat()).unwrap();
            assert_eq!(read(&path).unwrap().1.len(), 3, "{garbage:?}");
        }
    }

    #[test]
    fn a_damaged_line_before_the_last_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (path, whole) = written(dir.path());
        let text = String::from_utf8(whole).unwrap().replacen("\"seq\":2", "\"seq\":", 1);
        std::fs::write(&path, text).unwrap();
        let error = read(&path).unwrap_err();
        assert!(matches!(error, JournalError::Torn { line: 3, .. }), "{error}");
    }

    #[test]
    fn unknown_kinds_and_fields_are_read_in_whatever_order_the_keys_stand() {
        let known = EventKind::StageFinished { stage: "a".into(), elapsed_ms: 7 };
        let at = r#""at":"2026-01-01T00:00:00Z""#;
        for (line, kind) in [
            (format!(r#"{{"seq":1,{at},"kind":"teleported","stage":["x"]}}"#), EventKind::Unknown),
            (
                format!(r#"{{"to":{{"a":[]}},"kind":"teleported",{at},"seq":1}}"#),
                EventKind::Unknown,
            ),
            (
                format!(
                    r#"{{"elapsed_ms":7,"why":null,"stage":"a","kind":"stage_finished",{at},"seq":1}}"#
                ),
                known.clone(),
            ),
            (
                format!(
                    r#"{{"seq":1,{at},"kind":"stage_finished","stage":"a","new":[1],"elapsed_ms":7}}"#
                ),
                known,
            ),
        ] {
            let event: Event = serde_json::from_str(&line).unwrap();
            assert_eq!((event.seq, event.kind), (1, kind), "{line}");
        }
    }

    #[test]
    fn another_major_is_refused_with_both_versions() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        std::fs::write(&path, "{\"format\":\"2.3\"}\n").unwrap();
        let text = read(&path).unwrap_err().to_string();
        let expected = format!("the journal has format 2.3, this springboard reads {FORMAT}");
        assert_eq!(text, expected);
    }
}
