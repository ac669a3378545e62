//! The screens: how long a frame takes when much happens, and how soon the first one is there.
//!
//! - *frame*: 2,000 resources, and 10,000 log lines a second on top; the slowest of a hundred frames;
//! - *first frame*: `springboard replay` in a pseudo-terminal until its first screen is there, against
//!   `terraform version` (or `tofu version`) in the same run;
//! - *idle*: the share of one processor that the same screen takes while nothing happens but the time.
//!
//! `cargo xtask bench screens` runs it. Without terraform and tofu there is nothing to compare with,
//! and it says so.
#![expect(clippy::disallowed_methods, reason = "a measurement starts programs and reads the clock")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

mod processor;

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use portable_pty::{Child, CommandBuilder, PtyPair, PtySize, native_pty_system};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use springboard::frontend::tui::app::{App, Given, Viewing};
use springboard::frontend::tui::canvas::Canvas;
use springboard::frontend::tui::face::{Face as _, Message};
use springboard::frontend::tui::log_lines::LogLine;
use springboard::frontend::tui::theme::Theme;
use springboard::frontend::view::times::Times;
use springboard::frontend::viewer::Update;
use springboard::run::event::{StageOutline, StepOutline};
use springboard::run::journal::FORMAT;
use springboard::run::{Action, Event, EventKind, Header, Journal};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const RESOURCES: usize = 2_000;
const LINES_A_SECOND: usize = 10_000;
const FRAMES: usize = 600;
/// Frames a second.
const RATE: usize = 30;
/// What is expected of this kind of machine.
const EXPECTED: Duration = Duration::from_millis(8);
/// The first frame against the version of the other program.
const SHARE: f64 = 0.25;
const TRIES: usize = 15;
/// The share of one processor that a screen may take while nothing happens, in percent.
const IDLE: f64 = 0.5;
/// Over how long that is measured, once the screen stands.
const IDLE_OVER: Duration = Duration::from_secs(20);
const SETTLING: Duration = Duration::from_secs(2);

fn main() -> Result<()> {
    for (name, keys) in
        [("by part", ""), ("every object", "v"), ("log", "o"), ("log, searched", "o/1\r")]
    {
        let slowest = frames(keys)?;
        let verdict = if slowest <= EXPECTED { "as expected" } else { "slower than expected" };
        println!("frame, {name:<14} p99 {slowest:?}, expected {EXPECTED:?}: {verdict}");
    }
    let folder = tempfile::tempdir()?;
    record(folder.path())?;
    first_frame(folder.path())?;
    idle(folder.path())
}

/// The time that 99 of 100 frames do not take, with all that happens between two of them.
fn frames(keys: &str) -> Result<Duration> {
    let size = (120, 40);
    let mut app = App::new(Given {
        theme: Theme::PLAIN,
        size,
        now: Timestamp::UNIX_EPOCH,
        viewing: Viewing::Hosted,
        times: Times::default(),
        folder: String::new(),
        after: None,
    });
    for kind in begun() {
        told(&mut app, kind);
    }
    for letter in keys.chars() {
        let code = if letter == '\r' { KeyCode::Enter } else { KeyCode::Char(letter) };
        app.settle();
        app.update(Message::Key(KeyEvent::new(code, KeyModifiers::NONE)));
    }
    let backend = CrosstermBackend::new(std::io::sink());
    let options = ratatui::TerminalOptions {
        viewport: ratatui::Viewport::Fixed(ratatui::layout::Rect::new(0, 0, size.0, size.1)),
    };
    let mut terminal = Terminal::with_options(backend, options)?;
    let mut times = Vec::with_capacity(FRAMES);
    for frame in 0..FRAMES {
        let began = Instant::now();
        app.update(Message::Log(lines(frame)));
        let address = address(frame % RESOURCES);
        let (stage, step) = ("foundation".to_owned(), "foundation".to_owned());
        let kind = EventKind::ObjectStarted { stage, step, address, action: Action::Create };
        told(&mut app, kind);
        app.update(Message::Tick(at(frame)));
        app.settle();
        terminal.draw(|shown| app.draw(&mut Canvas::new(shown.buffer_mut(), Theme::PLAIN)))?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Ok(times[FRAMES * 99 / 100])
}

fn at(frame: usize) -> Timestamp {
    let ms = i64::try_from(frame * 1_000 / RATE).unwrap_or(0);
    Timestamp::UNIX_EPOCH + SignedDuration::from_millis(ms)
}

fn lines(frame: usize) -> Vec<LogLine> {
    let line = |number: usize| LogLine {
        at: at(frame),
        step: "foundation".into(),
        address: Some(address(number % RESOURCES)),
        text: format!("{}: Still creating... [{number}s elapsed]", address(number % RESOURCES)),
    };
    (0..LINES_A_SECOND / RATE).map(|number| line(frame * 7 + number)).collect()
}

fn address(number: usize) -> String {
    format!("module.part_{}.aws_ssm_parameter.this[\"{number}\"]", number % 40)
}

fn told(app: &mut App, kind: EventKind) {
    let event = Event { seq: 1, at: Timestamp::UNIX_EPOCH, kind };
    app.update(Message::Update(Box::new(Update::Event(event))));
}

fn begun() -> Vec<EventKind> {
    let step = StepOutline { id: "foundation".into(), title: "Creating everything".into() };
    let stages = vec![StageOutline { id: "foundation".into(), steps: vec![step] }];
    let name = || "foundation".to_owned();
    let resources = (0..RESOURCES).map(|number| (address(number), Action::Create)).collect();
    vec![
        EventKind::RolloutStarted { stages, tools: BTreeMap::new() },
        EventKind::StageStarted { stage: name() },
        EventKind::StepStarted { stage: name(), step: name(), attempt: 1 },
        EventKind::PlanMade {
            stage: name(),
            step: name(),
            add: RESOURCES as u64,
            change: 0,
            remove: 0,
            import: 0,
            resources,
        },
    ]
}

/// Writes a journal into a state folder: a run that is at work, and says no more for an hour.
fn record(state: &Path) -> Result<()> {
    let run = state.join("deployments/acme/runs/0");
    std::fs::create_dir_all(&run)?;
    let header = Header {
        format: FORMAT,
        springboard: "0.1.0".into(),
        run: "0".into(),
        continues: None,
        deployment: "acme".into(),
        blueprint: "poolside".into(),
        answers: String::new(),
        bundle: String::new(),
        at: Timestamp::UNIX_EPOCH,
    };
    let mut journal = Journal::create(&run.join("journal.jsonl"), &header)?;
    journal.append(Timestamp::UNIX_EPOCH, begun())?;
    let late = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
    journal.append(late, vec![begun().swap_remove(2)])?;
    Ok(())
}

/// The first frame in a pseudo-terminal, against the version of another program.
fn first_frame(state: &Path) -> Result<()> {
    let shown = || {
        let began = Instant::now();
        let watched = Shown::start(state)?;
        let took = began.elapsed();
        watched.end()?;
        Ok(took)
    };
    let mut ours = (0..TRIES).map(|_| shown()).collect::<Result<Vec<_>>>()?;
    ours.sort_unstable();
    let ours = ours[TRIES / 2];
    for other in ["terraform", "tofu"] {
        let Some(theirs) = version(other) else { continue };
        let share = ours.as_secs_f64() / theirs.as_secs_f64();
        let verdict = if share <= SHARE { "as expected" } else { "slower than expected" };
        println!(
            "first frame {ours:?}, {share:.2} of `{other} version`, expected {SHARE}: {verdict}"
        );
        return Ok(());
    }
    println!("first frame {ours:?}; without terraform and tofu there is nothing to compare with");
    Ok(())
}

/// The share of a processor that a screen takes while nothing happens.
fn idle(state: &Path) -> Result<()> {
    let shown = Shown::start(state)?;
    std::thread::sleep(SETTLING);
    let before = shown.processor_time()?;
    std::thread::sleep(IDLE_OVER);
    let used = shown.processor_time()?.saturating_sub(before);
    shown.end()?;
    let share = 100.0 * used.as_secs_f64() / IDLE_OVER.as_secs_f64();
    let verdict = if share <= IDLE { "as expected" } else { "more than expected" };
    println!("idle {share:.2} % of a processor, expected {IDLE} %: {verdict}");
    Ok(())
}

/// springboard in a pseudo-terminal, with its first frame on it.
struct Shown {
    child: Box<dyn Child + Send + Sync>,
    // Both ends stay open for as long as it is at work.
    _pair: PtyPair,
}

impl Shown {
    fn start(state: &Path) -> Result<Self> {
        let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
        let pair = native_pty_system().openpty(size)?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_springboard"));
        command.args(["replay", "acme", "--ascii", "--speed", "1", "--state-dir"]);
        command.arg(state);
        command.env("TERM", "xterm-256color");
        let mut reader = pair.master.try_clone_reader()?;
        let child = pair.slave.spawn_command(command)?;
        let mut seen = Vec::new();
        let mut part = [0; 4096];
        // The last row of the first frame.
        while !seen.windows(4).any(|window| window == b"quit") {
            let read = reader.read(&mut part)?;
            if read == 0 {
                return Err("it ended before its first frame".into());
            }
            seen.extend_from_slice(&part[..read]);
        }
        // Whoever does not look at what is written holds its writer up.
        std::thread::spawn(move || while reader.read(&mut part).is_ok_and(|read| read > 0) {});
        Ok(Self { child, _pair: pair })
    }

    /// What it has used of the processors, user and system together.
    fn processor_time(&self) -> Result<Duration> {
        let pid = self.child.process_id().ok_or("it has ended")?;
        processor::used_by(pid.into())
    }

    fn end(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// The median time that a program takes to say its version.
fn version(program: &str) -> Option<Duration> {
    let mut times = Vec::with_capacity(TRIES);
    for _ in 0..TRIES {
        let began = Instant::now();
        let mut command = Command::new(program);
        command.arg("version").stdout(Stdio::null()).stderr(Stdio::null());
        command.status().ok().filter(std::process::ExitStatus::success)?;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    Some(times[TRIES / 2])
}
