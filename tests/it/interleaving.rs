//! Tool lines of different resources may come in any order among each other: the end is the same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proptest::prelude::*;
use springboard::run::event::{StageOutline, StepOutline};
use springboard::run::{Event, EventKind, RunState};
use springboard::tools::terraform::{Command, Told, Translator};
use springboard::tools::{Ended, Heard, Line, Stream};

/// What a tool says of one resource, in order.
#[derive(Debug, Clone)]
struct Course {
    address: String,
    lines: Vec<String>,
}

/// How the work on a resource goes.
#[derive(Debug, Clone, Copy)]
enum End {
    Complete,
    Errored,
    /// The tool ends before.
    Never,
}

fn courses() -> impl Strategy<Value = Vec<Course>> {
    let ends =
        proptest::sample::select(vec![End::Complete, End::Complete, End::Errored, End::Never]);
    // A replacement is a delete and a create of one address.
    let verbs = proptest::sample::select(vec![
        vec!["create"],
        vec!["update"],
        vec!["delete"],
        vec!["delete", "create"],
        vec!["create", "delete"],
        vec!["read"],
    ]);
    proptest::collection::vec((verbs, ends, 0usize..3), 1..7).prop_map(|all| {
        let course = |(index, (verbs, end, beats)): (usize, (Vec<&str>, End, usize))| {
            let address = format!("module.m.aws_thing.this[{index}]");
            let mut lines = Vec::new();
            for (nth, verb) in verbs.iter().enumerate() {
                let is_last = nth + 1 == verbs.len();
                lines.extend(work(
                    &address,
                    verb,
                    if is_last { end } else { End::Complete },
                    beats,
                ));
            }
            Course { address, lines }
        };
        all.into_iter().enumerate().map(course).collect()
    })
}

/// The lines of one piece of work.
fn work(address: &str, verb: &str, end: End, beats: usize) -> Vec<String> {
    let hook = |kind: &str| {
        format!(
            r#"{{"@message":"m","type":"{kind}","hook":{{"resource":{{"addr":"{address}"}},"action":"{verb}","id_key":"id","id_value":"i-1"}}}}"#
        )
    };
    let mut lines = vec![hook("apply_start")];
    lines.extend((0..beats).map(|_| hook("apply_progress")));
    match end {
        End::Complete => lines.push(hook("apply_complete")),
        End::Errored => {
            lines.push(hook("apply_errored"));
            lines.push(format!(
                r#"{{"@message":"m","type":"diagnostic","diagnostic":{{"severity":"error","summary":"no","detail":"","address":"{address}"}}}}"#
            ));
        }
        End::Never => {}
    }
    lines
}

/// Merges the courses: `turns` says whose line comes next.
fn merge(courses: &[Course], turns: &[prop::sample::Index]) -> Vec<String> {
    let mut left: Vec<_> = courses.iter().map(|course| course.lines.iter()).collect();
    let mut merged = Vec::new();
    let mut turns = turns.iter().cycle();
    while !left.is_empty() {
        let index = turns.next().unwrap().index(left.len());
        match left[index].next() {
            Some(line) => merged.push(line.clone()),
            None => drop(left.remove(index)),
        }
    }
    merged
}

/// The fold of what the lines mean, and what was told, in an order of its own.
fn end_of(lines: &[String]) -> (RunState, Told) {
    const PASS: &str = "foundation";
    let mut translator = Translator::new(PASS, PASS, Command::Apply);
    let at = Timestamp::from_second(1_800_000_000).unwrap();
    let mut kinds = vec![
        EventKind::RolloutStarted {
            stages: vec![StageOutline {
                id: PASS.into(),
                steps: vec![StepOutline { id: PASS.into(), title: String::new() }],
            }],
            tools: BTreeMap::new(),
        },
        EventKind::StepStarted { stage: PASS.into(), step: PASS.into(), attempt: 1 },
    ];
    let mut hear = |heard: Vec<Heard>| {
        kinds.extend(heard.into_iter().filter_map(|heard| match heard {
            Heard::Event(kind) => Some(kind),
            Heard::Progress(_) => None,
        }));
    };
    for text in lines {
        hear(translator.line(&Line { at, stream: Stream::Out, text: text.clone() }));
    }
    let mut before_the_end = translator.told().clone();
    hear(translator.finish(&Ended::Unknown, at));
    before_the_end.failed.clone_from(&translator.told().failed);
    before_the_end.failed.sort();
    before_the_end.diagnostics.sort_by(|a, b| a.address.cmp(&b.address));
    let mut state = RunState::default();
    for (index, kind) in kinds.into_iter().enumerate() {
        state.apply(&Event { seq: index as u64 + 1, at, kind });
    }
    let step = &mut state.stages[0].steps[0];
    step.diagnostics.sort_by(|(_, _, a), (_, _, b)| a.cmp(b));
    (state, before_the_end)
}

proptest! {
    #[test]
    fn any_interleaving_of_the_lines_of_resources_folds_to_the_same_end(
        courses in courses(),
        turns in proptest::collection::vec(any::<prop::sample::Index>(), 1..60),
    ) {
        let one_by_one: Vec<_> = courses.iter().flat_map(|course| course.lines.clone()).collect();
        let expected = end_of(&one_by_one);
        prop_assert_eq!(end_of(&merge(&courses, &turns)), expected.clone());
        // Whatever became of a resource, nothing is left in flight when the tool has ended.
        let (state, told) = expected;
        prop_assert!(state.stages[0].steps[0].in_flight.is_empty());
        for address in &told.failed {
            prop_assert!(courses.iter().any(|course| &course.address == address));
        }
    }
}
