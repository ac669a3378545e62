//! How long all checks of an account take, against the same calls made by the AWS CLI one after
//! another: the ratio of wall times, both against one moto on loopback.
//!
//! Moto notes what springboard asks of it, and the very same is then asked by the CLI, a process a
//! call; what only asks for a further page is left out, because the CLI turns pages by itself.
//! springboard is timed from its start to its exit, the median of several runs.
//!
//! `cargo xtask bench preflight` runs it and fetches both programs before.
#![expect(clippy::disallowed_methods, reason = "a measurement starts programs and reads the clock")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use std::error::Error;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SPRINGBOARD: &str = env!("CARGO_BIN_EXE_springboard");
const ANSWERS: &str = include_str!("../assets/rehearsal/answers/sample-full.toml");

/// So many times as fast as the CLI.
const GOAL: f64 = 20.0;
/// Runs of springboard.
const RUNS: usize = 5;

/// The checks that ask the internet and not the account.
const ELSEWHERE: [&str; 3] = ["endpoints", "tls-interception", "endpoint-allowlist"];

fn main() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let notes = folder.path().join("calls");
    let moto = Moto::start(&json!({ "notes": notes }))?;
    let answers = folder.path().join("answers.toml");
    fs::write(&answers, ANSWERS)?;
    let mut took = Vec::new();
    let mut calls = Vec::new();
    for run in 0..=RUNS {
        fs::write(&notes, "")?;
        let (time, checks) = moto.preflight(&answers, folder.path())?;
        calls = noted(&notes)?;
        // The first one also loads what moto loads when it is first asked.
        if run == 0 {
            println!("{checks} checks put {} questions to the account", calls.len());
        } else {
            took.push(time);
        }
    }
    took.sort();
    let ours = took[took.len() / 2];
    let began = Instant::now();
    for call in &calls {
        moto.by_cli(call, folder.path())?;
    }
    let theirs = began.elapsed();
    let ratio = theirs.as_secs_f64() / ours.as_secs_f64();
    println!("springboard preflight: {:.2} s (median of {RUNS})", ours.as_secs_f64());
    println!("the AWS CLI, one after another: {:.2} s", theirs.as_secs_f64());
    println!("{ratio:.1} times as fast, goal: at least {GOAL}");
    if ratio < GOAL { Err("the goal is missed".into()) } else { Ok(()) }
}

/// A call as moto noted it: service, operation and parameters as the CLI has them.
#[derive(Debug)]
struct Call {
    service: String,
    operation: String,
    parameters: Value,
}

/// What was asked, without what asks for a further page.
fn noted(notes: &Path) -> Result<Vec<Call>> {
    let mut calls = Vec::new();
    for line in fs::read_to_string(notes)?.lines() {
        let (service, operation, parameters): (String, String, Value) = serde_json::from_str(line)?;
        let is_page = ["NextToken", "nextToken", "Marker", "PaginationToken"]
            .iter()
            .any(|key| !parameters[key].is_null());
        if !is_page {
            calls.push(Call { service, operation, parameters });
        }
    }
    Ok(calls)
}

/// The account of the tests.
struct Moto {
    process: Child,
    url: String,
    cli: PathBuf,
}

impl Moto {
    fn start(seed: &Value) -> Result<Self> {
        let tools = std::env::var_os("SPRINGBOARD_TOOLS_DIR").map(PathBuf::from);
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let tools = tools.unwrap_or_else(|| root.join(".tools/bin"));
        let mut process = Command::new(tools.join("moto-python"))
            .arg(root.join("tests/it/aws/account.py"))
            .arg(seed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let mut port = String::new();
        let said = process.stdout.take().ok_or("moto says nothing")?;
        BufReader::new(said).read_line(&mut port)?;
        let url = format!("http://127.0.0.1:{}", port.trim());
        Ok(Self { process, url, cli: tools.join("awscli-python") })
    }

    /// A command with nothing of this environment but what it needs to ask moto.
    fn command(&self, program: &Path, folder: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", folder);
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "x");
        command.env("AWS_DEFAULT_REGION", "us-west-2").env("AWS_ENDPOINT_URL", &self.url);
        command.stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// One run of springboard: how long it took, and how many checks were not left out.
    fn preflight(&self, answers: &Path, folder: &Path) -> Result<(Duration, usize)> {
        let mut command = self.command(Path::new(SPRINGBOARD), folder);
        command.args(["preflight", "--output", "json", "--answers"]).arg(answers);
        command.args(ELSEWHERE.iter().flat_map(|check| ["--skip-check", check]));
        let began = Instant::now();
        let output = command.stdout(Stdio::piped()).output()?;
        let took = began.elapsed();
        let report: Value = serde_json::from_slice(&output.stdout)?;
        let checks = report["checks"].as_array().ok_or("it printed no report")?;
        Ok((took, checks.len() - ELSEWHERE.len()))
    }

    /// The same call by the CLI. That nothing is there, or that a dry run would go through, is an
    /// answer that it calls an error.
    fn by_cli(&self, call: &Call, folder: &Path) -> Result<()> {
        let mut command = self.command(&self.cli, folder);
        command.args(["-m", "awscli", &call.service, &call.operation, "--cli-input-json"]);
        command.arg(call.parameters.to_string());
        let ended = command.stdout(Stdio::null()).status()?;
        // 252: it did not understand the command, so nothing was asked.
        match ended.code() {
            Some(0 | 254 | 255) => Ok(()),
            code => Err(format!("{call:?} ended with {code:?}").into()),
        }
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}
