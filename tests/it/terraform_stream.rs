//! Recorded streams of terraform and tofu in, events out.
//!
//! `tests/fixtures/terraform/record.sh` makes the recordings.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use springboard::run::EventKind;
use springboard::tools::terraform::message::{Body, Said, parse};
use springboard::tools::terraform::{Command, Translator};
use springboard::tools::{Ended, Heard, Line, Stream};

/// The recorded folders, one a program and version.
fn recordings() -> Vec<PathBuf> {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/terraform");
    let mut folders: Vec<PathBuf> = std::fs::read_dir(fixtures)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    assert!(folders.len() >= 2, "both programs are recorded");
    folders
}

/// Name, exit code and content of every recorded stream of a folder.
fn streams(folder: &Path) -> Vec<(String, i32, String)> {
    let codes = std::fs::read_to_string(folder.join("exit-codes")).unwrap();
    codes
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .filter_map(|(name, code)| Some((name.strip_suffix(".jsonl")?, code)))
        .map(|(name, code)| {
            let content = std::fs::read_to_string(folder.join(format!("{name}.jsonl"))).unwrap();
            (name.to_owned(), code.parse().unwrap(), content)
        })
        .collect()
}

/// The time that the tool itself gave the line.
fn time_of(line: &str) -> Timestamp {
    let message: serde_json::Value = serde_json::from_str(line).unwrap();
    message["@timestamp"].as_str().unwrap().parse().unwrap()
}

#[test]
fn every_recorded_line_is_a_message_of_a_known_type() {
    for folder in recordings() {
        for (name, _, content) in streams(&folder) {
            for line in content.lines() {
                let Said::Message(message) = parse(line) else { panic!("{name}: {line}") };
                assert!(!matches!(message.body, Body::Unknown(_)), "{name}: {line}");
                assert!(!message.text.is_empty(), "{name}: {line}");
            }
        }
    }
}

#[test]
fn recorded_streams_become_these_events() {
    for folder in recordings() {
        let mut all = String::new();
        for (name, code, content) in streams(&folder) {
            if !name.ends_with("-init") {
                let _ = writeln!(all, "== {name}");
                all.push_str(&events(&name, code, &content));
            }
        }
        let program = folder.file_name().unwrap().to_string_lossy().replace(['-', '.'], "_");
        insta::assert_snapshot!(program, all);
    }
}

fn events(name: &str, code: i32, content: &str) -> String {
    let is_plan = name.ends_with("-plan");
    let command = if is_plan { Command::Plan } else { Command::Apply };
    let mut translator = Translator::new("s", "t", command);
    let mut heard = Vec::new();
    for line in content.lines() {
        let at = time_of(line);
        heard.extend(translator.line(&Line { at, stream: Stream::Out, text: line.into() }));
    }
    let ended = Ended::Exit { code, elapsed_ms: 0 };
    let end = time_of(content.lines().last().unwrap());
    heard.extend(translator.finish(&ended, end));
    let mut text = String::new();
    for heard in heard {
        let _ = writeln!(text, "{}", shown(&heard));
    }
    let told = translator.told();
    let _ = writeln!(
        text,
        "applied {} stale {} lock {:?} failed {:?}",
        told.is_applied(&ended),
        told.is_plan_stale(),
        told.lock().map(|lock| (lock.who, lock.operation)),
        told.failed
    );
    text
}

/// One line an event, without stage and step, times in whole seconds.
fn shown(heard: &Heard) -> String {
    let event = match heard {
        Heard::Progress(progress) => return format!("{progress:?}"),
        Heard::Event(event) => event,
    };
    let mut value = serde_json::to_value(event).unwrap();
    let fields = value.as_object_mut().unwrap();
    for field in ["stage", "step"] {
        fields.shift_remove(field);
    }
    if let Some(elapsed) = fields.get_mut("elapsed_ms") {
        *elapsed = (elapsed.as_u64().unwrap() / 1000 * 1000).into();
    }
    if let EventKind::ObjectFinished { .. } = event {
        fields.insert("id".into(), "…".into());
    }
    value.to_string()
}
