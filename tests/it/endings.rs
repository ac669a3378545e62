//! What surrounds a run gives way while it is at work: its standard output, its journal. It ends in
//! order with the truth on disk, and `resume` goes on.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};
use serde_json::Value;

use crate::support::sandbox::Sandbox;
use crate::support::stage::Stage;

/// The same command, where a file that may not grow is an error and no signal.
#[expect(clippy::disallowed_methods, reason = "springboard under a limit of the system")]
fn with_errors_for_signals(command: &Command) -> Command {
    let mut limited = Command::new("env");
    limited.arg("--ignore-signal=XFSZ").arg(command.get_program()).args(command.get_args());
    limited.current_dir(command.get_current_dir().unwrap()).env_clear().stdin(Stdio::null());
    limited.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    limited
}

/// A run whose standard output is read up to a line with these words, then closed.
fn start(sandbox: &Sandbox, words: &[String], until: &str) -> Child {
    let mut command = with_errors_for_signals(&sandbox.command(words));
    let errors = fs::File::create(sandbox.path().join("errors")).unwrap();
    let mut child = command.stdout(Stdio::piped()).stderr(errors).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let found = lines.any(|line| line.unwrap().contains(until));
    assert!(found, "no line with `{until}`\n{}", errors_of(sandbox));
    child
}

fn errors_of(sandbox: &Sandbox) -> String {
    fs::read_to_string(sandbox.path().join("errors")).unwrap()
}

/// No file that this process writes may become larger than its journal is.
fn the_journal_may_not_grow(stage: &Stage, pid: Pid) {
    let journal = stage.runs()[0].join("journal.jsonl");
    let size = Some(fs::metadata(journal).unwrap().len());
    prlimit(Some(pid), Resource::Fsize, Rlimit { current: size, maximum: None }).unwrap();
}

fn last_event(stage: &Stage) -> Value {
    stage.events().pop().unwrap()
}

#[test]
fn a_journal_that_cannot_grow_ends_the_run_and_a_closed_output_does_not() {
    let Some(stage) = Stage::new("tofu", "helm3") else { return };
    let words = stage.rehearse(&["--set", "profile=platform-only"]);
    let mut run = start(&stage.sandbox, &words, "foundation apply");
    the_journal_may_not_grow(&stage, Pid::from_child(&run));
    assert_eq!(run.wait().unwrap().code(), Some(4), "{}", errors_of(&stage.sandbox));
    let said = errors_of(&stage.sandbox);
    assert!(said.contains("error: could not write the journal at `"), "{said}");
    assert!(said.contains("File too large") && !said.contains("panicked"), "{said}");
    assert_ne!(last_event(&stage)["kind"], "run_finished");

    let mut run = start(&stage.sandbox, &stage.resume(), "foundation");
    assert_eq!(run.wait().unwrap().code(), Some(0), "{}", errors_of(&stage.sandbox));
    let last = last_event(&stage);
    assert_eq!((&last["kind"], &last["status"]), (&"run_finished".into(), &"done".into()));
}

#[test]
fn a_lost_terminal_leaves_the_run_going_and_a_request_to_end_stops_it_in_order() {
    let Some(stage) = Stage::new("terraform", "helm4") else { return };
    let mut words = stage.rehearse(&["--set", "profile=platform-only"]);
    let scale = words.iter().position(|word| word == "0").unwrap();
    "0.02".clone_into(&mut words[scale]);
    let mut run = start(&stage.sandbox, &words, "aws_db_instance.this creating");
    let pid = Pid::from_child(&run);
    kill_process(pid, Signal::HUP).unwrap();
    kill_process(pid, Signal::TERM).unwrap();
    assert_eq!(run.wait().unwrap().code(), Some(5), "{}", errors_of(&stage.sandbox));
    let kinds: Vec<Value> = stage.events().iter().map(|event| event["kind"].clone()).collect();
    let requested = kinds.iter().position(|kind| kind == "stop_requested").unwrap();
    // The tool was not killed: it ended, and its end was heard.
    assert!(kinds[requested..].iter().any(|kind| kind == "command_finished"), "{kinds:?}");
    let last = last_event(&stage);
    assert_eq!((&last["kind"], &last["status"]), (&"run_finished".into(), &"stopped".into()));
}
