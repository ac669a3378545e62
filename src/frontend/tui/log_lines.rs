//! Lines of step logs as they are shown, and who reads them.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde_json::Value;

use crate::run::ledger::LogFile;
use crate::tools::step_log::{Entry, Record, Tail};

/// A line of a step log, in our words where it was a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// The step.
    pub step: String,
    /// The address that it names.
    pub address: Option<String>,
    /// What it says.
    pub text: String,
}

impl LogLine {
    /// The line of a record.
    pub fn of(step: &str, record: Record) -> Self {
        let (address, text) = match record.entry {
            Entry::Begin(begin) => {
                (None, format!("{}: {}", begin.purpose, begin.command.join(" ")))
            }
            Entry::Tool(stamp) => (None, format!("process {}", stamp.pid)),
            Entry::Out(text) => said(text),
            Entry::Err(text) => (None, text),
            Entry::Sent(sent) => (None, format!("SIG{} was sent", sent.signal)),
            Entry::End(end) => match (end.exit, end.signal, end.error) {
                (Some(code), _, _) => (None, format!("ended with {code}")),
                (None, Some(signal), _) => (None, format!("ended by signal {signal}")),
                (None, None, Some(error)) => (None, format!("could not be started: {error}")),
                (None, None, None) => (None, "ended".into()),
            },
        };
        Self { at: record.at, step: step.to_owned(), address, text }
    }
}

/// What a line of a tool says: the message of a JSON line with the address it names, any other line
/// as it is.
fn said(text: String) -> (Option<String>, String) {
    if !text.starts_with('{') {
        return (None, text);
    }
    let Ok(line) = serde_json::from_str::<Value>(&text) else { return (None, text) };
    let Some(message) = line["@message"].as_str() else { return (None, text) };
    let places = ["/hook/resource/addr", "/change/resource/addr", "/diagnostic/address"];
    let address = places.iter().find_map(|place| line.pointer(place)?.as_str());
    let mut message = message.to_owned();
    let detail = line.pointer("/diagnostic/detail").and_then(Value::as_str);
    if let Some(detail) = detail.filter(|detail| !detail.is_empty()) {
        message = format!("{message}: {detail}");
    }
    (address.map(str::to_owned), message)
}

/// Reads step logs, one after the other, and goes on as they grow.
#[derive(Debug, Default)]
pub struct LogReader {
    runs: PathBuf,
    files: Vec<LogFile>,
    open: VecDeque<(String, PathBuf, Option<Tail>)>,
}

impl LogReader {
    /// A reader of the logs of a deployment whose runs lie in `runs`.
    pub fn new(runs: &Path) -> Self {
        Self { runs: runs.to_owned(), ..Self::default() }
    }

    /// Reads these from now on; those that are read already are not begun again when more are added.
    /// Whether it began again.
    pub fn read(&mut self, files: Vec<LogFile>) -> bool {
        let is_more = !self.files.is_empty() && files.starts_with(&self.files);
        let known = if is_more { self.files.len() } else { 0 };
        if !is_more {
            self.open.clear();
        }
        for file in &files[known..] {
            let path = self.runs.join(&file.run).join(&file.log);
            self.open.push_back((file.step.clone(), path, None));
        }
        self.files = files;
        !is_more
    }

    /// Up to so many lines that were not read before. A file that is not there yet is tried again.
    pub fn more(&mut self, most: usize) -> Vec<LogLine> {
        let mut lines = Vec::new();
        for (step, path, tail) in &mut self.open {
            if tail.is_none() {
                *tail = Tail::open(path, 0).ok();
            }
            let Some(tail) = tail else { continue };
            while lines.len() < most {
                match tail.next_record() {
                    Ok(Some(record)) => lines.push(LogLine::of(step, record)),
                    Ok(None) | Err(_) => break,
                }
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::step_log::parse;

    fn line(text: &str) -> LogLine {
        LogLine::of("gpu", parse(&format!("2026-11-21T07:00:00Z {text}")).unwrap())
    }

    #[test]
    fn a_json_line_is_shown_by_its_message_and_address() {
        let json = r#"out {"@message":"aws_vpc.this: Creating...","hook":{"resource":{"addr":"aws_vpc.this"}}}"#;
        let shown = line(json);
        assert_eq!(shown.address.as_deref(), Some("aws_vpc.this"));
        assert_eq!(shown.text, "aws_vpc.this: Creating...");
        assert_eq!(line("out {broken").text, "{broken");
        assert_eq!(line("end {\"exit\":2,\"elapsed_ms\":1}").text, "ended with 2");
    }

    #[test]
    fn a_log_that_grows_is_read_on_and_one_that_is_added_does_not_begin_the_others_again() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join("r1/logs")).unwrap();
        let file = |step: &str| LogFile {
            run: "r1".into(),
            stage: "s".into(),
            step: step.into(),
            log: format!("logs/{step}.log"),
        };
        let write = |step: &str, text: &str| {
            let path = dir.path().join("r1/logs").join(format!("{step}.log"));
            let known = std::fs::read_to_string(&path).unwrap_or_default();
            std::fs::write(path, format!("{known}2026-11-21T07:00:00Z out {text}\n")).unwrap();
        };
        let mut reader = LogReader::new(dir.path());
        assert!(reader.read(vec![file("a")]));
        assert!(reader.more(9).is_empty());
        write("a", "one");
        let texts = |lines: Vec<LogLine>| lines.into_iter().map(|l| l.text).collect::<Vec<_>>();
        assert_eq!(texts(reader.more(9)), ["one"]);
        write("a", "two");
        write("b", "three");
        assert!(!reader.read(vec![file("a"), file("b")]));
        assert_eq!(texts(reader.more(1)), ["two"]);
        assert_eq!(texts(reader.more(9)), ["three"]);
        assert!(reader.read(vec![file("b")]));
        assert_eq!(texts(reader.more(9)), ["three"]);
    }
}
