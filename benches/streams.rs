//! Reading what tools say and what journals hold, against `jq -c .` over the same file.
//!
//! - *stream*: a generated apply of a million lines, from the file to the fold;
//! - *log*: the same lines in a step log, followed as the engine follows it;
//! - *journal*: its events written in groups, each flushed to the disk;
//! - *status* and *resume* of a finished run whose journal has a million events: whole processes;
//! - *attach* to it, in JSON and in lines, with the peak of its memory (where there is a `/proc`).
//!
//! `cargo xtask bench streams` runs it; `--lines N` may follow. Without `jq` there is nothing to
//! compare with, and it says so.
#![expect(clippy::disallowed_methods, reason = "a measurement starts programs and reads the clock")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use springboard::run::event::{RunStatus, StageOutline, StepOutline};
use springboard::run::journal::FORMAT;
use springboard::run::{Event, EventKind, Header, Journal, RunState};
use springboard::tools::step_log::{self, Entry, Record, Tail};
use springboard::tools::terraform::{Command as Purpose, Translator};
use springboard::tools::{Heard, Line, Stream};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// As many events as the writer of a journal flushes at once when many queue up.
const GROUP: usize = 256;
/// What `attach` may take, as a ratio and in MB.
const ATTACH: f64 = 1.5;
const ATTACH_MB: u64 = 100;
/// What is expected of this kind of machine.
const EVENTS_A_SECOND: f64 = 500_000.0;

fn main() -> Result<()> {
    let lines = lines_from_args(std::env::args().skip(1))?;
    let folder = tempfile::tempdir()?;
    let stream = folder.path().join("stream.jsonl");
    write_stream(&stream, lines)?;
    let peer = jq(&stream)?;

    let (took, kinds) = timed(|| fold_stream(&stream))?;
    report("stream, from the file to the fold", lines, took, peer, 1.0);
    let log = write_log(folder.path(), &stream)?;
    let (took, ()) = timed(|| follow_log(&log))?;
    report("stream, from the step log to the fold", lines, took, peer, 1.0);
    fs::remove_file(&stream)?;
    fs::remove_file(&log)?;

    write_in_groups(folder.path(), &kinds)?;
    let journal = finished_run(folder.path(), kinds, lines)?;
    let peer = jq(&journal)?;
    for command in ["status", "resume"] {
        let (took, ()) = timed(|| springboard(folder.path(), command))?;
        report(&format!("{command} of a finished run"), lines, took, peer, 2.0);
    }
    for output in ["json", "line"] {
        let (took, peak) = timed(|| attach(folder.path(), output, lines))?;
        report(&format!("attach to it, {output}"), lines, took, peer, ATTACH);
        if let Some(peak) = peak {
            let verdict = if peak <= ATTACH_MB { "within" } else { "over" };
            println!("  its peak: {peak} MB, {verdict} the goal {ATTACH_MB}");
        }
    }
    Ok(())
}

/// Attaches to the finished run and reads all that is said; the peak of its memory in MB.
fn attach(folder: &Path, output: &str, events: usize) -> Result<Option<u64>> {
    const AT_ONCE: usize = 1 << 16;
    let mut process = Command::new(env!("CARGO_BIN_EXE_springboard"));
    process.args(["attach", "rehearsal/acme", "--output", output, "--state-dir"]).arg(folder);
    let mut child = process.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut said = child.stdout.take().ok_or("no standard output")?;
    let mut part = vec![0; AT_ONCE];
    let (mut lines, mut peak, mut reads) = (0, None, 0_u64);
    loop {
        let read = said.read(&mut part)?;
        if read == 0 {
            break;
        }
        lines += memchr::memchr_iter(b'\n', &part[..read]).count();
        reads += 1;
        // It has all of its memory while it still speaks.
        if reads % 64 == 1 {
            peak = peak.max(peak_mb(child.id()));
        }
    }
    let status = child.wait()?;
    // A header, the events and nothing more; in lines not every event has one.
    let is_all = if output == "json" { lines == events + 1 } else { lines > events / 2 };
    if status.success() && is_all {
        Ok(peak)
    } else {
        Err(format!("{status}, {lines} lines").into())
    }
}

fn peak_mb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: u64 = peak.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kib * 1024 / 1_000_000)
}

fn lines_from_args(mut args: impl Iterator<Item = String>) -> Result<usize> {
    let mut lines = 1_000_000;
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--lines" => lines = args.next().ok_or("--lines needs a value")?.parse()?,
            // Cargo says so to every benchmark.
            "--bench" => {}
            unknown => return Err(format!("unknown argument {unknown}").into()),
        }
    }
    Ok(lines)
}

fn report(what: &str, events: usize, ours: Duration, peer: Option<Duration>, goal: f64) {
    let ours = ours.as_secs_f64();
    #[expect(clippy::cast_precision_loss, reason = "a count of millions is exact")]
    let rate = events as f64 / ours;
    let verdict = if rate >= EVENTS_A_SECOND { "at least" } else { "below" };
    print!("{what}: {ours:.2} s, {rate:.0} lines a second ({verdict} {EVENTS_A_SECOND:.0})");
    match peer.map(|peer| peer.as_secs_f64()) {
        Some(peer) => {
            let ratio = ours / peer;
            let verdict = if ratio <= goal { "within" } else { "over" };
            println!("; jq {peer:.2} s: ratio {ratio:.3}, {verdict} the goal {goal}");
        }
        None => println!("; no ratio, because there is no jq"),
    }
}

fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(Duration, T)> {
    let started = Instant::now();
    let made = work()?;
    Ok((started.elapsed(), made))
}

/// How long `jq -c .` takes for the file; `None` where there is none.
fn jq(file: &Path) -> Result<Option<Duration>> {
    let mut command = Command::new("jq");
    command.args(["-c", "."]).arg(file).stdin(Stdio::null()).stdout(Stdio::null());
    match timed(|| Ok(command.status())) {
        Ok((took, Ok(status))) if status.success() => Ok(Some(took)),
        Ok((_, Ok(status))) => Err(format!("jq ended with {status}").into()),
        Ok((_, Err(error))) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Ok((_, Err(error))) => Err(error.into()),
        Err(error) => Err(error),
    }
}

/// An apply as terraform 1.11 prints it: each object begins, is heard of twice, and is done.
fn write_stream(path: &Path, lines: usize) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for line in 0..lines {
        let object = line / 4;
        let (kind, said, more) = match line % 4 {
            0 => ("apply_start", "Creating...", ""),
            1 => ("apply_progress", "Still creating... [10s elapsed]", r#","elapsed_seconds":10"#),
            2 => ("apply_progress", "Still creating... [20s elapsed]", r#","elapsed_seconds":20"#),
            _ => (
                "apply_complete",
                "Creation complete after 30s [id=i-0123456789abcdef0]",
                r#","id_key":"id","id_value":"i-0123456789abcdef0","elapsed_seconds":30"#,
            ),
        };
        let address = format!("module.nodes.aws_instance.this[{object}]");
        writeln!(
            file,
            r#"{{"@level":"info","@message":"{address}: {said}","@module":"terraform.ui","@timestamp":"2026-11-21T07:06:10.599621Z","hook":{{"resource":{{"addr":"{address}","module":"module.nodes","resource":"aws_instance.this[{object}]","implied_provider":"aws","resource_type":"aws_instance","resource_name":"this","resource_key":{object}}},"action":"create"{more}}},"type":"{kind}"}}"#
        )?;
    }
    Ok(file.flush()?)
}

/// The fold of a run, fed with what is heard.
struct Fold {
    translator: Translator,
    state: RunState,
    kinds: Vec<EventKind>,
}

impl Fold {
    fn new() -> Self {
        let mut fold = Self {
            translator: Translator::new("foundation", "foundation", Purpose::Apply),
            state: RunState::default(),
            kinds: Vec::new(),
        };
        let (stage, step) = ("foundation".to_owned(), "foundation".to_owned());
        fold.event(outline());
        fold.event(EventKind::StepStarted { stage, step, attempt: 1 });
        fold
    }

    fn line(&mut self, line: &Line) {
        for heard in self.translator.line(line) {
            if let Heard::Event(kind) = heard {
                self.event(kind);
            }
        }
    }

    fn event(&mut self, kind: EventKind) {
        let event = Event { seq: self.state.seq + 1, at: Timestamp::UNIX_EPOCH, kind };
        self.state.apply(&event);
        self.kinds.push(event.kind);
    }

    /// The events, after a look at whether they are all there.
    fn end(self, lines: usize) -> Result<Vec<EventKind>> {
        let step = self.state.step("foundation", "foundation").ok_or("the step is lost")?;
        if step.objects_done != (lines / 4) as u64 {
            return Err(format!("{} objects of {lines} lines", step.objects_done).into());
        }
        Ok(self.kinds)
    }
}

fn outline() -> EventKind {
    let step = StepOutline { id: "foundation".into(), title: "Creating".into() };
    let stage = StageOutline { id: "foundation".into(), steps: vec![step] };
    EventKind::RolloutStarted { stages: vec![stage], tools: BTreeMap::new() }
}

fn fold_stream(path: &Path) -> Result<Vec<EventKind>> {
    let mut fold = Fold::new();
    let mut lines = 0;
    for text in BufReader::new(File::open(path)?).lines() {
        fold.line(&Line { at: Timestamp::UNIX_EPOCH, stream: Stream::Out, text: text? });
        lines += 1;
    }
    fold.end(lines)
}

/// A step log with the lines of the stream.
fn write_log(folder: &Path, stream: &Path) -> Result<PathBuf> {
    let path = folder.join("step.log");
    let mut file = BufWriter::new(File::create(&path)?);
    let at = Timestamp::from_second(1_800_000_000)?;
    for text in BufReader::new(File::open(stream)?).lines() {
        writeln!(file, "{}", Record { at, entry: Entry::Out(text?) })?;
    }
    file.flush()?;
    Ok(path)
}

fn follow_log(path: &Path) -> Result<()> {
    let mut fold = Fold::new();
    let mut lines = 0;
    let mut tail = Tail::open(path, 0)?;
    while let Some(step_log::Record { at, entry }) = tail.next_record()? {
        if let Entry::Out(text) = entry {
            fold.line(&Line { at, stream: Stream::Out, text });
            lines += 1;
        }
    }
    fold.end(lines).map(drop)
}

fn header(run: &str) -> Header {
    Header {
        format: FORMAT,
        springboard: env!("CARGO_PKG_VERSION").into(),
        run: run.into(),
        continues: None,
        deployment: "rehearsal/acme".into(),
        blueprint: "poolside".into(),
        answers: String::new(),
        bundle: String::new(),
        at: Timestamp::UNIX_EPOCH,
    }
}

/// The journal as the engine writes it, flushes included.
fn write_in_groups(folder: &Path, kinds: &[EventKind]) -> Result<()> {
    let mut journal = Journal::create(&folder.join("groups.jsonl"), &header("r0"))?;
    let groups = || kinds.chunks(GROUP).take(1000).map(<[EventKind]>::to_vec);
    let (count, flushes) = (groups().map(|group| group.len()).sum::<usize>(), groups().count());
    let (took, ()) = timed(|| {
        groups().try_for_each(|group| journal.append(Timestamp::UNIX_EPOCH, group).map(drop))?;
        Ok(())
    })?;
    #[expect(clippy::cast_precision_loss, reason = "a count of millions is exact")]
    let rate = count as f64 / took.as_secs_f64();
    let took = took.as_secs_f64();
    println!("journal: {count} events with {flushes} flushes in {took:.2} s, {rate:.0} a second");
    Ok(())
}

/// A deployment whose one run is done; its journal has about so many events.
fn finished_run(folder: &Path, kinds: Vec<EventKind>, events: usize) -> Result<PathBuf> {
    let run = folder.join("rehearsals/acme/runs/000000001");
    fs::create_dir_all(&run)?;
    let path = run.join("journal.jsonl");
    let mut journal = Journal::create(&path, &header("000000001"))?;
    // The objects again and again: the heartbeats of the stream are not in the journal.
    let all = kinds.into_iter().collect::<Vec<_>>();
    let end = EventKind::RunFinished { status: RunStatus::Done, failure: None, elapsed_ms: 1 };
    let written = all.iter().cycle().take(events - 1).cloned();
    journal.append(Timestamp::from_second(1_800_000_000)?, written.chain([end]).collect())?;
    Ok(path)
}

fn springboard(folder: &Path, command: &str) -> Result<()> {
    let mut process = Command::new(env!("CARGO_BIN_EXE_springboard"));
    process.arg(command).arg("rehearsal/acme").arg("--state-dir").arg(folder);
    if command == "resume" {
        process.arg("--non-interactive");
    }
    let output = process.stdin(Stdio::null()).output()?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && said.contains("done") {
        return Ok(());
    }
    let error = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command} ended with {}:\n{said}{error}", output.status).into())
}
