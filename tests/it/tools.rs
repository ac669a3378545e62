//! Programs under `tool-run`: what reaches the log, and what survives whom.
//!
//! The tools are shell scripts that wait at a gate (a named pipe) until the test lets them go on.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustix::fs::{CWD, FileType, FlockOperation, Mode, flock, mknodat};
use rustix::process::{Pid, Signal, kill_process};
use springboard::run::{Redactor, Secret};
use springboard::tools::step_log::{self, Entry};
use springboard::tools::{
    CommandLine, Ended, Invocation, ProcessError, Running, Signalled, Stamp, Stream, capture, start,
};
use tempfile::TempDir;

const OWN_PROGRAM: &str = env!("CARGO_BIN_EXE_springboard");

/// A folder with a script, its gate and its log.
struct Stand {
    dir: TempDir,
}

impl Stand {
    fn new(script: &str) -> Self {
        let stand = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(stand.path("tool"), format!("{script}\n")).unwrap();
        mknodat(CWD, stand.path("gate"), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
        stand
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self) -> CommandLine {
        CommandLine {
            program: "/bin/sh".into(),
            args: vec!["./tool".into(), "first".into(), "two words".into()],
            env: BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]),
            dir: self.dir.path().to_owned(),
        }
    }

    fn invocation(&self) -> Invocation {
        Invocation {
            command: self.command(),
            purpose: "apply".into(),
            log: self.path("log"),
            recovery: self.path("recovered.tfstate"),
            redactor: Redactor::default(),
            lock: None,
        }
    }

    async fn start(&self) -> Running {
        start(&self.invocation(), Path::new(OWN_PROGRAM)).await.unwrap()
    }

    /// The gate, held open so that nobody waits for the other side.
    fn gate(&self) -> File {
        OpenOptions::new().read(true).write(true).open(self.path("gate")).unwrap()
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap()
    }
}

/// Everything that is left to be said, without times, and the end.
async fn rest(running: &mut Running) -> (Vec<String>, Ended) {
    let mut lines = Vec::new();
    while let Some(line) = running.next_line().await.unwrap() {
        let stream = if line.stream == Stream::Out { "out" } else { "err" };
        lines.push(format!("{stream} {}", line.text));
    }
    (lines, running.wait().await.unwrap())
}

async fn next_text(running: &mut Running) -> String {
    running.next_line().await.unwrap().unwrap().text
}

fn runner(running: &Running) -> Stamp {
    running.begin().unwrap().runner.clone()
}

fn kill(stamp: &Stamp) {
    let pid = Pid::from_raw(i32::try_from(stamp.pid).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

const WAITS_AT_GATE: &str = "echo ready\nread word < gate\necho \"$word\"\necho done > result";

#[tokio::test]
async fn a_tool_is_followed_to_its_exit_code() {
    let stand = Stand::new("echo \"$1|$2\"; echo warned >&2; printf 'no line end'; exit 7");
    let (mut lines, ended) = rest(&mut stand.start().await).await;
    lines.sort();
    assert_eq!(lines, ["err warned", "out first|two words", "out no line end"]);
    assert_eq!(ended.code(), Some(7));
    assert!(!ended.is_success());
}

#[tokio::test]
async fn a_tool_gets_the_given_environment_and_folder_and_nothing_else() {
    let stand = Stand::new("env -u PWD -u _ -u OLDPWD -u SHLVL; pwd -P; cat");
    let (lines, ended) = rest(&mut stand.start().await).await;
    let dir = stand.dir.path().canonicalize().unwrap();
    assert_eq!(lines, ["out PATH=/usr/bin:/bin".to_owned(), format!("out {}", dir.display())]);
    assert!(ended.is_success());
}

#[tokio::test]
async fn a_second_command_goes_on_in_the_same_log_behind_a_torn_line() {
    let stand = Stand::new("echo \"$(wc -l < log) lines before\"");
    rest(&mut stand.start().await).await;
    let mut log = OpenOptions::new().append(true).open(stand.path("log")).unwrap();
    log.write_all(b"2026-11-21T07:00:00Z out half a li").unwrap();
    let (lines, _) = rest(&mut stand.start().await).await;
    // begin, tool, out and end of the first, begin of the second; `tool` comes beside the script.
    assert!(["out 5 lines before", "out 6 lines before"].contains(&lines[0].as_str()), "{lines:?}");
    let log = stand.log();
    let kinds: Vec<&str> = log.lines().map(|l| l.split(' ').nth(1).unwrap()).collect();
    assert_eq!(kinds, ["begin", "tool", "out", "end", "begin", "tool", "out", "end"]);
}

#[tokio::test]
async fn secrets_reach_neither_the_log_nor_the_process_list() {
    let stand = Stand::new(
        "echo \"token $TOKEN\"; echo \"$TOKEN\" >&2; echo '{\"p\":\"pass\\\"word\"}'; read x < gate",
    );
    let mut gate = stand.gate();
    let mut invocation = stand.invocation();
    invocation.command.env.insert("TOKEN".into(), "hunter2hunter2".into());
    invocation.command.args.push("-var=pass\"word".into());
    for secret in ["hunter2hunter2", "pass\"word"] {
        invocation.redactor.learn(&Secret::new(secret));
    }
    let mut running = start(&invocation, Path::new(OWN_PROGRAM)).await.unwrap();
    assert!(running.next_line().await.unwrap().is_some());
    let seen = std::fs::read(format!("/proc/{}/cmdline", runner(&running).pid)).unwrap();
    assert!(!String::from_utf8_lossy(&seen).contains("word"));
    let environ = std::fs::read(format!("/proc/{}/environ", runner(&running).pid)).unwrap();
    assert_eq!(String::from_utf8_lossy(&environ), "");
    gate.write_all(b"go\n").unwrap();
    rest(&mut running).await;
    let log = stand.log();
    assert!(log.contains("token (redacted)") && log.contains("-var=(redacted)"), "{log}");
    assert!(!log.contains("hunter2") && !log.contains("word\\\""), "{log}");
    let mode = std::fs::metadata(stand.path("log")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_state_that_could_only_be_printed_is_recovered_and_not_logged() {
    let stand = Stand::new(r#"echo '{"type":"log","@message":"dump","state":{"serial":4}}'"#);
    rest(&mut stand.start().await).await;
    assert!(!stand.log().contains("serial"));
    let path = stand.path("recovered.tfstate");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), r#"{"serial":4}"#);
    assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_program_that_is_missing_is_said_with_its_reason() {
    let stand = Stand::new("");
    let mut invocation = stand.invocation();
    invocation.command.program = stand.path("missing");
    let mut running = start(&invocation, Path::new(OWN_PROGRAM)).await.unwrap();
    let error = running.next_line().await.unwrap_err();
    let path = stand.path("missing");
    assert_eq!(
        error.to_string(),
        format!("could not start `{}`: No such file or directory (os error 2)", path.display())
    );
    let error = capture(&invocation.command, Duration::from_secs(5)).await.err().unwrap();
    assert!(matches!(error, ProcessError::Start { .. }), "{error}");
}

#[tokio::test]
async fn a_log_that_cannot_be_written_is_said_before_anything_is_started() {
    let stand = Stand::new("echo started > result");
    let mut invocation = stand.invocation();
    invocation.log = stand.path("missing/log");
    let error = start(&invocation, Path::new(OWN_PROGRAM)).await.err().unwrap();
    assert!(matches!(error, ProcessError::Log { .. }), "{error}");
    assert!(!stand.path("result").exists());
}

#[tokio::test]
async fn one_interrupt_is_sent_whoever_asks() {
    let stand = Stand::new(
        "trap 'echo interrupted >> signals' INT\necho ready\n\
         while ! read word < gate; do :; done\nexit 3",
    );
    let mut gate = stand.gate();
    let before = Timestamp::now();
    let mut running = stand.start().await;
    // Before the tool is known the wish is kept, and it is one wish.
    assert_eq!(running.interrupt().unwrap(), Signalled::Held);
    assert_eq!(running.interrupt().unwrap(), Signalled::Before);
    assert!(running.is_interrupted());
    let _ = next_text(&mut running).await;
    drop(running);
    let mut adopted = Running::adopt(&stand.path("log"), before).unwrap().unwrap();
    assert_eq!(next_text(&mut adopted).await, "ready");
    while !stand.log().contains(" sent ") {
        tokio::task::yield_now().await;
    }
    gate.write_all(b"go\n").unwrap();
    let (lines, ended) = rest(&mut adopted).await;
    assert_eq!((lines, ended.code()), (vec![], Some(3)));
    assert_eq!(adopted.interrupt().unwrap(), Signalled::Before);
    let sent = step_log::read(&stand.path("log")).unwrap();
    assert_eq!(sent.iter().filter(|r| matches!(r.entry, Entry::Sent(_))).count(), 1);
}

#[tokio::test]
async fn an_interrupt_reaches_the_whole_group_of_the_tool_and_not_its_runner() {
    let stand = Stand::new("echo ready\n/bin/sh -c 'read word < gate'\necho not reached");
    let _gate = stand.gate();
    let mut running = stand.start().await;
    assert_eq!(next_text(&mut running).await, "ready");
    assert_eq!(running.interrupt().unwrap(), Signalled::Sent);
    let (lines, ended) = rest(&mut running).await;
    assert_eq!(lines, Vec::<String>::new());
    assert!(matches!(ended, Ended::Signal { signal: 2, .. }), "{ended:?}");
    assert_eq!(running.interrupt().unwrap(), Signalled::Before);
    assert_eq!(running.force().unwrap(), Signalled::Ended);
}

#[tokio::test]
async fn force_ends_a_tool_that_ignores_everything_it_can() {
    let stand =
        Stand::new("trap '' INT TERM\necho ready\nwhile ! read word < gate; do :; done\nexit 0");
    let _gate = stand.gate();
    let mut running = stand.start().await;
    assert_eq!(next_text(&mut running).await, "ready");
    for _ in ["terminate", "kill"] {
        assert_eq!(running.force().unwrap(), Signalled::Sent);
    }
    assert!(matches!(rest(&mut running).await.1, Ended::Signal { signal: 9, .. }));
}

#[tokio::test]
async fn an_adopted_tool_loses_no_line() {
    let stand = Stand::new(WAITS_AT_GATE);
    let mut gate = stand.gate();
    let before = Timestamp::now();
    let mut running = stand.start().await;
    assert_eq!(next_text(&mut running).await, "ready");
    drop(running);
    let mut adopted = Running::adopt(&stand.path("log"), before).unwrap().unwrap();
    gate.write_all(b"go\n").unwrap();
    let (lines, ended) = rest(&mut adopted).await;
    assert_eq!(lines, ["out ready", "out go"]);
    assert!(ended.is_success());
    // And once more from the finished log.
    let mut again = Running::adopt(&stand.path("log"), before).unwrap().unwrap();
    assert_eq!(rest(&mut again).await, (lines, ended));
}

#[tokio::test]
async fn a_command_of_earlier_is_not_adopted() {
    let stand = Stand::new("");
    assert!(Running::adopt(&stand.path("log"), Timestamp::now()).unwrap().is_none());
    rest(&mut stand.start().await).await;
    let later = Timestamp::now() + Duration::from_secs(1);
    assert!(Running::adopt(&stand.path("log"), later).unwrap().is_none());
}

#[tokio::test]
async fn a_tool_survives_the_death_of_its_runner() {
    let stand = Stand::new(WAITS_AT_GATE);
    let mut gate = stand.gate();
    let mut running = stand.start().await;
    assert_eq!(next_text(&mut running).await, "ready");
    kill(&runner(&running));
    gate.write_all(b"go\n").unwrap();
    let (lines, ended) = rest(&mut running).await;
    assert_eq!((lines, ended), (vec![], Ended::Unknown));
    assert_eq!(std::fs::read_to_string(stand.path("result")).unwrap(), "done\n");
}

#[tokio::test]
async fn the_lock_is_held_until_the_tool_has_ended() {
    let stand = Stand::new(WAITS_AT_GATE);
    let mut gate = stand.gate();
    let open = || File::create(stand.path("lock")).unwrap();
    let lock = OwnedFd::from(open());
    flock(&lock, FlockOperation::NonBlockingLockExclusive).unwrap();
    let invocation = Invocation { lock: Some(Arc::new(lock)), ..stand.invocation() };
    let mut running = start(&invocation, Path::new(OWN_PROGRAM)).await.unwrap();
    assert_eq!(next_text(&mut running).await, "ready");
    drop(invocation);
    let another = open();
    assert!(flock(&another, FlockOperation::NonBlockingLockExclusive).is_err());
    // Even without its runner: the tool itself holds the lock.
    let runner = runner(&running);
    kill(&runner);
    while runner.is_alive() {
        tokio::task::yield_now().await;
    }
    assert!(flock(&another, FlockOperation::NonBlockingLockExclusive).is_err());
    gate.write_all(b"go\n").unwrap();
    rest(&mut running).await;
    flock(&another, FlockOperation::NonBlockingLockExclusive).unwrap();
}

#[tokio::test]
async fn a_tool_survives_the_death_of_the_engine() {
    let stand = Stand::new(WAITS_AT_GATE);
    let mut gate = stand.gate();
    let before = Timestamp::now();
    let mut engine = engine_process(stand.dir.path());
    while !stand.path("log").exists() || !stand.log().contains("out ready") {
        tokio::task::yield_now().await;
    }
    engine.kill().unwrap();
    engine.wait().unwrap();
    let mut adopted = Running::adopt(&stand.path("log"), before).unwrap().unwrap();
    assert!(runner_is_own_session(&stand));
    gate.write_all(b"go\n").unwrap();
    let (lines, ended) = rest(&mut adopted).await;
    assert_eq!(lines, ["out ready", "out go"]);
    assert!(ended.is_success());
}

/// Whether the session of the runner is the runner's own: field 6 of its stat.
fn runner_is_own_session(stand: &Stand) -> bool {
    let begin = step_log::last_command(&stand.path("log")).unwrap().unwrap().begin;
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", begin.runner.pid)).unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    fields[3] == begin.runner.pid.to_string()
}

/// Starts this test binary as an engine that will be killed: see [`engine_to_be_killed`].
#[expect(clippy::disallowed_methods, reason = "test support")]
fn engine_process(dir: &Path) -> std::process::Child {
    std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "tools::engine_to_be_killed"])
        .env("SPRINGBOARD_TEST_STAND", dir)
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap()
}

/// Not a test of its own: the engine in [`a_tool_survives_the_death_of_the_engine`].
#[tokio::test]
#[ignore = "started by another test"]
async fn engine_to_be_killed() {
    #[expect(clippy::disallowed_methods, reason = "test support")]
    let Some(dir) = std::env::var_os("SPRINGBOARD_TEST_STAND") else { return };
    let dir = PathBuf::from(dir);
    let invocation = Invocation {
        command: CommandLine {
            program: "/bin/sh".into(),
            args: vec!["./tool".into()],
            env: BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]),
            dir: dir.clone(),
        },
        purpose: "apply".into(),
        log: dir.join("log"),
        recovery: dir.join("recovered.tfstate"),
        redactor: Redactor::default(),
        lock: None,
    };
    start(&invocation, Path::new(OWN_PROGRAM)).await.unwrap().wait().await.unwrap();
}

#[tokio::test]
async fn a_captured_command_is_ended_at_its_limit() {
    let stand = Stand::new("echo out; echo err >&2; exit 2");
    let captured = capture(&stand.command(), Duration::from_mins(1)).await.unwrap();
    assert_eq!(captured.exit, Some(2));
    assert_eq!(captured.stdout, b"out\n");
    assert_eq!(captured.stderr, "err\n");
    let stand = Stand::new("read word < gate");
    let _gate = stand.gate();
    let error = capture(&stand.command(), Duration::from_millis(50)).await.err().unwrap();
    assert_eq!(error.to_string(), "`sh` did not answer within 0 s");
}
