//! Viewers of a run: in a terminal and without one, early and late, several, slow, and left alone.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use springboard::engine::claim::{Claim, Owner};
use springboard::engine::deployment::{Deployment, Kind};
use springboard::engine::recorder::Recorder;
use springboard::engine::requests::Requests;
use springboard::engine::socket::{Greeting, PROTOCOL, Socket};
use springboard::engine::stop::Stop;
use springboard::frontend::viewer::{End, Update, Viewer};
use springboard::host::Host;
use springboard::run::event::RunStatus;
use springboard::run::journal::FORMAT;
use springboard::run::{EventKind, Header, Journal, Progress, Redactor};

use crate::support::sandbox::{Finished, Sandbox};
use crate::support::stage::Stage;
use crate::support::terminal::{INTERRUPT, Terminal};

/// A rehearsal of the platform by somebody at a terminal, at a pace at which a database takes some
/// seconds.
fn typed(stage: &Stage) -> Vec<String> {
    let words = ["rehearse", "--output", "line", "--time-scale", "0.02"];
    let words = words.iter().chain(&["--set", "profile=platform-only"]).map(|w| (*w).to_owned());
    words.chain(stage.flags.iter().cloned()).collect()
}

fn journal(run: &Path) -> String {
    fs::read_to_string(run.join("journal.jsonl")).unwrap()
}

/// The process that is at work on `acme`.
fn engine(stage: &Stage) -> Pid {
    let lock = stage.sandbox.state().join("rehearsals/acme/engine.lock");
    let owner: Owner = serde_json::from_str(&fs::read_to_string(lock).unwrap()).unwrap();
    Pid::from_raw(i32::try_from(owner.pid).unwrap()).unwrap()
}

#[test]
fn a_run_outlives_its_terminal_and_each_of_many_viewers_sees_all_of_it() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let mut terminal = Terminal::start(&stage.sandbox, &typed(&stage));
    terminal.wait_for("`springboard attach rehearsal/acme` comes back to it");
    terminal.wait_for("aws_db_instance.this creating");
    let leader = rustix::process::getsid(Some(engine(&stage))).unwrap();
    assert_eq!(leader, engine(&stage), "the engine has a session of its own");

    terminal.press(INTERRUPT);
    terminal.wait_for("module.database.aws_db_instance.this creating for 0:0");
    terminal.wait_for("type a letter and Enter");
    terminal.press("c\n");
    terminal.wait_for("the run goes on\n");
    terminal.hang_up();
    let (_, seen) = terminal.wait();
    assert!(!seen.contains("stop requested"), "{seen}");

    let sandbox = &stage.sandbox;
    let mut late = sandbox.start(&["attach", "acme"]);
    let copied = sandbox.start(&["attach", "acme", "--output", "json"]);
    let followed = sandbox.start(&["status", "acme", "--follow"]);
    let mut leaving = Terminal::start(sandbox, &["attach", "acme", "--output", "line"]);
    leaving.wait_for("aws_db_instance.this creating");
    leaving.press(INTERRUPT);
    leaving.wait_for("type a letter and Enter");
    leaving.press(INTERRUPT);
    let (code, seen) = leaving.wait();
    assert!(seen.contains("come back with `springboard attach rehearsal/acme`"), "{seen}");
    assert_eq!(code, 0);

    late.wait_for("aws_db_instance.this creating");
    let asked = [sandbox.start(&["stop", "acme"]), sandbox.start(&["stop", "acme"])];
    let asked = asked.map(|stop| stop.wait().expect_code(0).out);
    let was_first = |out: &&String| out.contains("asked: it stops when the running stage has");
    let was_second = |out: &&String| out.contains("already asked by user ");
    assert_eq!(asked.iter().filter(was_first).count(), 1, "{asked:?}");
    assert_eq!(asked.iter().filter(was_second).count(), 1, "{asked:?}");

    let run = stage.runs().pop().unwrap();
    let [late, copied, followed] = [late, copied, followed].map(|v| v.wait().expect_code(5));
    assert_eq!(copied.out, journal(&run));
    let stops = stage.events().into_iter().filter(|e| e["kind"] == "stop_requested").count();
    assert_eq!(stops, 1);
    for viewer in [&late, &followed] {
        let first = viewer.out.lines().next().unwrap();
        assert!(first.contains(" of rehearsal/acme, "), "{first}");
        assert!(viewer.out.contains("rehearsal/preflight"), "{}", viewer.out);
        let end = "is stopped; go on with `springboard resume rehearsal/acme`\n";
        assert!(viewer.out.ends_with(end), "{}", viewer.out);
    }
    assert!(run.join("receipt.json").is_file(), "viewers end when everything is written");
}

#[test]
fn a_host_that_is_killed_is_said_to_be_gone_and_its_run_is_resumed_in_the_terminal() {
    let Some(stage) = Stage::new("terraform", "helm4") else { return };
    let mut terminal = Terminal::start(&stage.sandbox, &typed(&stage));
    terminal.wait_for("aws_db_instance.this creating");
    let mut late = stage.sandbox.start(&["attach", "acme"]);
    late.wait_for("aws_db_instance.this creating");
    kill_process(engine(&stage), Signal::KILL).unwrap();
    let (code, seen) = terminal.wait();
    assert_eq!(code, 4, "{seen}");
    let late = late.wait().expect_code(4);
    let gone = "is gone and has not said how the run ended\n  cause: a tool that it had started is \
                still at work\nhint: run `springboard resume rehearsal/acme`";
    for said in [&seen, &late.err] {
        assert!(said.contains(gone), "{said}");
    }

    let resume = ["resume", "acme", "--output", "line"].map(str::to_owned).into_iter();
    let resume: Vec<_> = resume.chain(stage.flags.iter().cloned()).collect();
    let terminal = Terminal::start(&stage.sandbox, &resume);
    let (code, seen) = terminal.wait();
    assert_eq!(code, 0, "{seen}");
    assert!(seen.contains("foundation apply of run "), "{seen}");
    assert!(seen.trim_end().ends_with("is done; the closing plan was empty"), "{seen}");
    // What the run before it did is not shown again, but it is part of the whole.
    assert_eq!(seen.matches("rehearsal/run stages: ").count(), 1);
    let whole = stage.sandbox.run(&["attach", "acme"]).expect_code(0).out;
    assert_eq!(whole.matches("rehearsal/run stages: ").count(), 2);
}

#[test]
fn what_fails_before_anything_is_begun_is_told_in_the_terminal() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.path().join("file"), "").unwrap();
    for (words, code, told) in [
        (&["rehearse", "--set", "regoin=x"][..], 2, "regoin"),
        (&["rehearse", "--terraform", "./gone"], 3, "`./gone`"),
        (&["resume", "acne"], 2, "there is no deployment `acne` on this host"),
        (&["rehearse", "--state-dir", "file/state"], 3, "Not a directory"),
    ] {
        let words = [words, &["--output", "line"]].concat();
        let (got, seen) = Terminal::start(&sandbox, &words).wait();
        assert!(seen.contains("error: ") && seen.contains(told), "{words:?}: {seen}");
        assert_eq!(got, code, "{words:?}: {seen}");
    }
}

/// A deployment in a sandbox on which this test is at work.
struct AtWork {
    deployment: Deployment,
    host: Host,
    _claim: Claim,
}

impl AtWork {
    fn new(root: &Path) -> Self {
        let deployment = Deployment::named(root, Kind::Rehearsal, "acme");
        deployment.make().unwrap();
        let claim = deployment.claim(&Owner { run: "r1".into(), ..Owner::default() }).unwrap();
        fs::create_dir_all(deployment.run("r1")).unwrap();
        let host = Host::fixed(BTreeMap::new(), PathBuf::new(), PathBuf::from("springboard"));
        Self { deployment, host, _claim: claim }
    }

    fn journal(&self) -> Journal {
        Journal::create(&self.deployment.run("r1").join("journal.jsonl"), &header()).unwrap()
    }
}

fn header() -> Header {
    Header {
        format: FORMAT,
        springboard: "0.1.0".into(),
        run: "r1".into(),
        continues: None,
        deployment: "rehearsal/acme".into(),
        blueprint: "poolside".into(),
        answers: String::new(),
        bundle: String::new(),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// What `attach` says where the run is of a springboard that speaks or writes otherwise.
fn attached_to(protocol: &str, format: &str) -> Finished {
    let sandbox = Sandbox::new();
    let work = AtWork::new(&sandbox.state());
    let mut head = serde_json::to_value(header()).unwrap();
    head["format"] = json!(format);
    let path = work.deployment.run("r1").join("journal.jsonl");
    fs::write(path, format!("{head}\n")).unwrap();
    let listener = UnixListener::bind(work.deployment.socket()).unwrap();
    let greeting = json!({ "protocol": protocol, "springboard": "9.9.9", "run": "r1", "seq": 0,
        "program": "/opt/springboard-9/springboard" });
    let attach = sandbox.start(&["attach", "acme"]);
    let (mut stream, _) = listener.accept().unwrap();
    writeln!(stream, "{greeting}").unwrap();
    attach.wait()
}

#[test]
fn a_run_of_another_major_version_is_left_to_its_own_springboard() {
    let hint = "hint: use `/opt/springboard-9/springboard`, springboard 9.9.9, which the run is of";
    for (protocol, format, told) in [
        ("2.0", "1.0", "error: the run speaks protocol 2.0, this springboard "),
        ("1.0", "2.0", "error: the run writes a journal of format 2.0, this springboard reads "),
    ] {
        let refused = attached_to(protocol, format).expect_code(2);
        assert!(refused.err.contains(told) && refused.err.contains(hint), "{}", refused.err);
    }
}

#[test]
fn a_viewer_of_another_major_version_is_refused_with_the_path_of_the_right_one() {
    let dir = tempfile::tempdir().unwrap();
    let work = AtWork::new(dir.path());
    serve(&work, async |_| {
        let socket = work.deployment.socket();
        let said = tokio::task::spawn_blocking(move || {
            let mut stream = UnixStream::connect(socket).unwrap();
            let watch = json!({ "request": "watch", "protocol": "2.0", "can_ask": false });
            writeln!(stream, "{watch}").unwrap();
            let lines = BufReader::new(stream).lines().take(2);
            lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect::<Vec<Value>>()
        });
        let said = said.await.unwrap();
        assert_eq!(said[0]["run"], "r1");
        let why = format!("this run speaks protocol {PROTOCOL}, the viewer 2.0; use `springboard`");
        assert_eq!(said[1], json!({ "answer": "refused", "why": why }));
    });
}

/// Does something with a run whose engine is this test.
fn serve(work: &AtWork, does: impl AsyncFnOnce(Recorder)) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (recorder, _) = Recorder::start(work.journal(), work.host.clone(), Redactor::default());
        let requests = Requests::new(&work.host, Stop::default(), &recorder);
        let socket = Socket::open(&work.deployment, &work.host).unwrap();
        let greeting = Greeting {
            protocol: PROTOCOL,
            springboard: "0.1.0".into(),
            program: work.host.program().to_owned(),
            run: "r1".into(),
            seq: 0,
        };
        tokio::select! {
            () = does(recorder) => {}
            () = socket.serve(&greeting, &requests) => unreachable!("served until dropped"),
        }
    });
}

#[test]
fn a_viewer_that_does_not_look_holds_nobody_up_and_misses_no_event() {
    const GROUPS: u64 = 200;
    const GROUP: u64 = 50;
    let dir = tempfile::tempdir().unwrap();
    let work = AtWork::new(dir.path());
    serve(&work, async |recorder| {
        let attached = Viewer::attach(&work.deployment, &work.host, false).await;
        let mut viewer = attached.unwrap().unwrap();
        for group in 0..GROUPS {
            let found = |n| EventKind::Found { stage: None, what: format!("{group}/{n}") };
            recorder.record_all((0..GROUP).map(found).collect()).await.unwrap();
            for done in 0..100 {
                recorder.show(Progress::Bytes {
                    stage: "images".into(),
                    step: "images".into(),
                    object: "x".repeat(1000),
                    done,
                    total: None,
                });
            }
        }
        let end = EventKind::RunFinished { status: RunStatus::Done, failure: None, elapsed_ms: 1 };
        recorder.record(end).await.unwrap();
        drop(recorder);
        let (mut last, mut progress) = (0, 0);
        while last < GROUPS * GROUP + 1 {
            match viewer.next().await.unwrap() {
                Update::Event(event) => {
                    assert_eq!(event.seq, last + 1);
                    last = event.seq;
                }
                Update::Progress(_) => progress += 1,
                Update::Ended(end) => assert_eq!(end, End::Finished(RunStatus::Done)),
                Update::Begun(_) | Update::CaughtUp | Update::Keys(_) => {}
            }
        }
        assert!(progress < GROUPS * 100, "nothing was dropped");
    });
}

#[test]
fn an_install_without_answers_asks_for_them_in_lines_and_keeps_what_was_said() {
    let sandbox = Sandbox::new();
    let mut terminal = Terminal::start(&sandbox, &["install", "--output", "line"]);
    terminal.wait_for("Profile and name (page 1 of 9)");
    terminal.wait_for("[full] > ");
    terminal.press("2\n");
    terminal.wait_for("Deployment name (deployment_name)");
    terminal.press("Acme!\n");
    terminal.wait_for("error: ");
    terminal.press("acme\n");
    terminal.wait_for("Account and region (page 2 of 8)");
    // The end of the input leaves it.
    terminal.press("\u{4}");
    let (code, seen) = terminal.wait();
    assert_eq!(code, 5, "{seen}");
    assert!(seen.contains("nothing was begun; the draft is kept in "), "{seen}");
    let draft = sandbox.state().join("deployments/acme/answers.toml");
    let text = fs::read_to_string(draft).unwrap();
    assert!(text.contains("\nprofile = \"platform-only\"\n"), "{text}");
    // Nobody to ask: the answers have to be there.
    let alone = sandbox.run(&["install", "--output", "line"]).expect_code(2);
    assert!(alone.err.contains("an install needs an answer file"), "{}", alone.err);
}
