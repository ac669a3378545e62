//! What tools say, and the logs that it is kept in.

use jiff::Timestamp;
use springboard::run::{Event, RunState};
use springboard::tools::step_log::{self, Tail};
use springboard::tools::{Captured, Ended, Heard, Line, Stream, helm, terraform};

use super::{fixtures, folder};

/// Standard output of an engine, read as a plan and as an apply.
pub(super) fn terraform(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for command in [terraform::Command::Plan, terraform::Command::Apply] {
        let mut translator = terraform::Translator::new("s", "t", command);
        let mut state = RunState::default();
        for (index, text) in text.lines().enumerate() {
            let stream = if index % 16 == 15 { Stream::Err } else { Stream::Out };
            fold(&mut state, translator.line(&line(index, stream, text)));
        }
        let ended = Ended::Exit { code: 0, elapsed_ms: 0 };
        fold(&mut state, translator.finish(&ended, Timestamp::UNIX_EPOCH));
        let told = translator.told();
        let _ = (told.is_applied(&ended), told.is_plan_stale(), told.lock());
    }
}

pub(super) fn terraform_seeds() -> Vec<Vec<u8>> {
    fixtures("tests/fixtures/terraform")
}

/// Standard error of helm, and its history.
pub(super) fn helm(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let since = Timestamp::UNIX_EPOCH;
    let action = springboard::run::Action::Create;
    let mut translator = helm::Translator::new("s", "t", "release", action, since);
    let mut state = RunState::default();
    for (index, text) in text.lines().enumerate() {
        fold(&mut state, translator.line(&line(index, Stream::Err, text)));
    }
    let ended = Ended::Exit { code: 1, elapsed_ms: 0 };
    fold(&mut state, vec![translator.finish(&ended, since)]);
    let stderr = text.into_owned();
    for exit in [Some(0), Some(1)] {
        let captured = Captured { exit, stdout: bytes.to_vec(), stderr: stderr.clone() };
        if let Ok(revisions) = helm::read_history(&captured) {
            let _ = helm::Standing::of(revisions);
        }
    }
}

pub(super) fn helm_seeds() -> Vec<Vec<u8>> {
    let said = "Error: INSTALLATION FAILED: context deadline exceeded\nWARNING: x\n\nNAME: y\n";
    let history = r#"[{"revision":1,"updated":"2026-11-21T07:06:10.58+02:00","status":"deployed",
        "chart":"poolside-1.2.0","app_version":"1.2","description":"Install complete"},
        {"revision":2,"status":"pending-upgrade","updated":null}]"#;
    vec![said.into(), history.into(), b"Error: release: not found".to_vec()]
}

/// A step log, read whole, followed, looked at for its last command, and made ready for more.
pub(super) fn step_log(bytes: &[u8]) {
    let folder = folder();
    let path = folder.path().join("step.log");
    std::fs::write(&path, bytes).unwrap();
    for text in String::from_utf8_lossy(bytes).lines() {
        if let Some(record) = step_log::parse(text) {
            let _ = record.to_string();
        }
    }
    let last = step_log::last_command(&path).unwrap();
    if let Some(last) = last {
        let mut tail = Tail::open(&path, last.offset).unwrap();
        let first = tail.next_record().unwrap();
        assert_eq!(first.map(|record| record.entry), Some(step_log::Entry::Begin(last.begin)));
    }
    let before = step_log::read(&path).unwrap();
    step_log::prepare(&path).unwrap();
    assert_eq!(step_log::read(&path).unwrap(), before);
}

pub(super) fn step_log_seeds() -> Vec<Vec<u8>> {
    let log = concat!(
        "2026-11-21T07:00:00.000000Z begin {\"purpose\":\"plan\",\"command\":[\"terraform\"],",
        "\"runner\":{\"pid\":1,\"started\":2,\"boot\":\"b\"}}\n",
        "2026-11-21T07:00:00.010000Z tool {\"pid\":4711,\"started\":81273,\"boot\":\"4c1f\"}\n",
        "2026-11-21T07:00:00.200000Z out {\"@level\":\"info\",\"@message\":\"ü\"}\n",
        "2026-11-21T07:00:00.300000Z err Warning: something\n",
        "2026-11-21T07:00:00.400000Z sent {\"signal\":\"INT\"}\n",
        "2026-11-21T07:00:01.000000Z end {\"exit\":0,\"elapsed_ms\":1000}\n",
    );
    vec![log.into(), [log.as_bytes(), b"\xff\xfe torn", log.as_bytes()].concat()]
}

fn line(index: usize, stream: Stream, text: &str) -> Line {
    // Clocks that jump are foreign input too.
    let second = i64::try_from(index).unwrap() * if index % 7 == 3 { -1_000_000 } else { 1 };
    Line { at: Timestamp::from_second(second).unwrap_or_default(), stream, text: text.to_owned() }
}

fn fold(state: &mut RunState, heard: Vec<Heard>) {
    for heard in heard {
        if let Heard::Event(kind) = heard {
            state.apply(&Event { seq: state.seq + 1, at: Timestamp::UNIX_EPOCH, kind });
        }
    }
}
