//! Journals: whatever is left of one replays, as often as one likes, with the same end.
//!
//! `tests/fixtures/journals` has one of every format that was ever released, named after it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use proptest::prelude::*;
use springboard::run::event::{Failure, Outcome, RunStatus, StageOutline, StepOutline};
use springboard::run::journal::{self, FORMAT, JournalError, Reader};
use springboard::run::state::Status;
use springboard::run::{Action, Event, EventKind, Header, Journal, RunState, Severity};

use crate::support::source::root;

fn released() -> Vec<PathBuf> {
    let folder = std::fs::read_dir(root().join("tests/fixtures/journals")).unwrap();
    let mut journals: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    journals.sort();
    assert!(journals.len() >= 2);
    journals
}

fn folded(path: &Path) -> RunState {
    let (header, events) = Reader::open(path).unwrap();
    let mut state = RunState::default();
    state.begin_run(header);
    events.for_each(|event| state.apply(&event.unwrap()));
    state
}

/// What a state comes to, in a few lines.
fn summary(state: &RunState) -> String {
    let mut text = format!("status {:?}, {} events\n", state.status, state.seq);
    for stage in &state.stages {
        let _ = writeln!(text, "{} {}", stage.id, stage.status.word());
        for step in &stage.steps {
            let (done, planned) = (step.objects_done, step.objects_planned);
            let word = step.status.word();
            let _ = writeln!(text, "  {} {word}, {done} of {planned} objects", step.id);
            for (severity, summary, _) in &step.diagnostics {
                let _ = writeln!(text, "    {severity:?}: {summary}");
            }
        }
    }
    if let Some(failure) = &state.failure {
        let _ = writeln!(text, "failure: {}", failure.what);
    }
    let _ = writeln!(text, "outputs: {}", state.outputs.len());
    text
}

#[test]
fn every_journal_ever_released_replays() {
    let mut all = String::new();
    for path in released() {
        let (header, events) = journal::read(&path).unwrap();
        assert_eq!(header.format.major, FORMAT.major);
        for (index, event) in events.iter().enumerate() {
            assert_eq!(event.seq, index as u64 + 1);
            assert_ne!(event.kind, EventKind::Unknown, "event {} of {path:?}", event.seq);
        }
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let _ = writeln!(all, "== {name}\n{}", summary(&folded(&path)));
    }
    insta::assert_snapshot!(all);
}

#[test]
fn a_journal_of_a_newer_minor_with_more_kinds_and_fields_replays_to_the_same_end() {
    let dir = tempfile::tempdir().unwrap();
    for path in released() {
        let newer = dir.path().join(path.file_name().unwrap());
        let mut text = String::new();
        for (index, line) in std::fs::read_to_string(&path).unwrap().lines().enumerate() {
            let mut value: serde_json::Value = serde_json::from_str(line).unwrap();
            if index == 0 {
                value["format"] = "1.999".into();
            }
            value["of_tomorrow"] = serde_json::json!({"kind": "x", "seq": [1]});
            let _ = writeln!(text, "{value}");
        }
        std::fs::write(&newer, text).unwrap();
        let (mut state, expected) = (folded(&newer), folded(&path));
        state.header.clone_from(&expected.header);
        assert_eq!(state, expected);
    }
}

fn texts() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,6}", "\\PC{0,8}", Just("ü\u{1f680}\n\r\t\"\\\u{0}\u{2028}".to_owned())]
}

fn stage_and_step() -> impl Strategy<Value = (String, String)> {
    // The last ones are in no plan: a fold must pass over them.
    let pairs = [("foundation", "foundation"), ("images", "images"), ("images", "?"), ("?", "?")];
    proptest::sample::select(pairs.to_vec()).prop_map(|(a, b)| (a.to_owned(), b.to_owned()))
}

fn actions() -> impl Strategy<Value = Action> {
    proptest::sample::select(vec![Action::Create, Action::Update, Action::Delete, Action::Other])
}

fn failures() -> impl Strategy<Value = Failure> {
    (texts(), proptest::collection::vec(texts(), 0..3), proptest::option::of(texts()))
        .prop_map(|(what, causes, hint)| Failure { what, causes, hint })
}

fn outlined() -> EventKind {
    let step = |id: &str| StepOutline { id: id.into(), title: format!("Doing {id}") };
    let stages = ["foundation", "images"];
    let stages = stages.map(|id| StageOutline { id: id.into(), steps: vec![step(id)] });
    EventKind::RolloutStarted { stages: stages.into(), tools: BTreeMap::new() }
}

/// What happens to objects, and what is said of them.
fn object_events() -> impl Strategy<Value = EventKind> {
    let place = || (stage_and_step(), "[ab]\\.[xyz]", actions(), any::<u32>());
    prop_oneof![
        place().prop_map(|((stage, step), address, action, _)| {
            EventKind::ObjectStarted { stage, step, address, action }
        }),
        (place(), proptest::option::of(texts())).prop_map(
            |(((stage, step), address, action, ms), id)| EventKind::ObjectFinished {
                stage,
                step,
                address,
                action,
                id,
                elapsed_ms: ms.into(),
                bytes: ms.is_multiple_of(2).then_some(ms.into()),
            }
        ),
        place().prop_map(|((stage, step), address, action, ms)| EventKind::ObjectFailed {
            stage,
            step,
            address,
            action,
            elapsed_ms: ms.into(),
        }),
        (stage_and_step(), texts(), texts(), proptest::option::of(texts())).prop_map(
            |((stage, step), summary, detail, address)| EventKind::Diagnostic {
                stage,
                step,
                severity: Severity::Error,
                summary,
                detail,
                address,
                snippet: None,
            }
        ),
        (stage_and_step(), texts(), texts()).prop_map(|((stage, step), object, reason)| {
            EventKind::Waiting { stage, step, object, reason }
        }),
    ]
}

/// What happens to stages and steps.
fn step_events() -> impl Strategy<Value = EventKind> {
    let ms = || any::<u32>().prop_map(u64::from);
    prop_oneof![
        stage_and_step().prop_map(|(stage, _)| EventKind::StageStarted { stage }),
        (stage_and_step(), 1u32..9).prop_map(|((stage, step), attempt)| {
            EventKind::StepStarted { stage, step, attempt }
        }),
        (stage_and_step(), any::<bool>(), ms()).prop_map(
            |((stage, step), unchanged, elapsed_ms)| {
                EventKind::StepFinished { stage, step, unchanged, elapsed_ms }
            }
        ),
        (stage_and_step(), failures(), ms()).prop_map(|((stage, step), failure, elapsed_ms)| {
            EventKind::StepFailed { stage, step, failure, elapsed_ms }
        }),
        (stage_and_step(), ms()).prop_map(|((stage, step), elapsed_ms)| {
            EventKind::StepStopped { stage, step, elapsed_ms }
        }),
        (stage_and_step(), ms())
            .prop_map(|((stage, _), elapsed_ms)| EventKind::StageFinished { stage, elapsed_ms }),
    ]
}

/// What happens to the run.
fn run_events() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        Just(outlined()),
        texts().prop_map(|what| EventKind::Found { stage: None, what }),
        (texts(), texts()).prop_map(|(check, finding)| EventKind::CheckFinished {
            check,
            outcome: Outcome::Warn,
            finding,
            why: None,
            remedy: None,
        }),
        proptest::collection::btree_map("[a-z]{1,3}", texts().prop_map(Into::into), 0..3)
            .prop_map(|values| EventKind::Outputs { values }),
        proptest::option::of(failures()).prop_map(|failure| EventKind::RunFinished {
            status: RunStatus::Failed,
            failure,
            elapsed_ms: 1,
        }),
    ]
}

/// A run as it may be: the outline first, then anything in any order.
fn runs() -> impl Strategy<Value = Vec<EventKind>> {
    let any = prop_oneof![4 => object_events(), 3 => step_events(), 1 => run_events()];
    proptest::collection::vec(any, 0..40).prop_map(|mut kinds| {
        kinds.insert(0, outlined());
        kinds
    })
}

fn header(run: &str, continues: Option<&str>) -> Header {
    Header {
        format: FORMAT,
        springboard: "0.1.0".into(),
        run: run.into(),
        continues: continues.map(str::to_owned),
        deployment: "acme".into(),
        blueprint: "poolside".into(),
        answers: String::new(),
        bundle: String::new(),
        at: Timestamp::UNIX_EPOCH,
    }
}

fn fold(state: &mut RunState, events: &[Event]) {
    for event in events {
        state.apply(event);
    }
}

/// Writes a journal in groups, and returns what the writer said is in it.
fn write(path: &Path, kinds: &[EventKind]) -> Vec<Event> {
    let mut journal = Journal::create(path, &header("r1", None)).unwrap();
    let mut events = Vec::new();
    let mut ms = 0_u32;
    for group in kinds.chunks(3) {
        let at = Timestamp::from_millisecond(1_800_000_000_000 + i64::from(ms)).unwrap();
        ms += 1000;
        events.extend(journal.append(at, group.to_vec()).unwrap());
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_was_written_is_what_is_read_however_often(kinds in runs()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let written = write(&path, &kinds);
        prop_assert_eq!(&journal::read(&path).unwrap().1, &written);
        prop_assert_eq!(folded(&path), folded(&path));
    }

    #[test]
    fn a_journal_cut_anywhere_replays_to_what_was_known_then(kinds in runs(), at in 0.0..1.0f64) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let written = write(&path, &kinds);
        let whole = std::fs::read(&path).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss,
            reason = "any cut will do")]
        let cut = (whole.len() as f64 * at) as usize;
        std::fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].split(|&b| b == b'\n').count() - 1;
        if lines == 0 {
            let has_no_header = matches!(journal::read(&path), Err(JournalError::NoHeader { .. }));
            prop_assert!(has_no_header);
            return Ok(());
        }
        let mut expected = RunState::default();
        expected.begin_run(header("r1", None));
        fold(&mut expected, &written[..lines - 1]);
        prop_assert_eq!(&folded(&path), &expected);

        // The next run of the chain finds nothing at work, and forgets nothing that was begun.
        let mut state = folded(&path);
        let begun = begun(&state);
        state.begin_run(header("r2", Some("r1")));
        state.apply(&Event { seq: 1, at: Timestamp::UNIX_EPOCH, kind: outlined() });
        for stage in &state.stages {
            prop_assert_ne!(stage.status, Status::Running);
            for step in &stage.steps {
                prop_assert_ne!(step.status, Status::Running);
                prop_assert_eq!(step.started.is_some(), begun.contains(&step.id));
            }
        }
    }

    #[test]
    fn a_fold_can_stop_anywhere_and_go_on(kinds in runs(), at in any::<prop::sample::Index>()) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let written = write(&path, &kinds);
        let mut parts = RunState::default();
        parts.begin_run(header("r1", None));
        let (first, rest) = written.split_at(at.index(written.len()));
        fold(&mut parts, first);
        // A viewer that attaches takes the state so far, and then only newer events.
        let mut viewer = parts.clone();
        fold(&mut viewer, rest);
        prop_assert_eq!(viewer, folded(&path));
    }
}

/// Ids of the steps that were ever begun.
fn begun(state: &RunState) -> Vec<String> {
    let steps = state.stages.iter().flat_map(|stage| &stage.steps);
    steps.filter(|step| step.started.is_some()).map(|step| step.id.clone()).collect()
}
