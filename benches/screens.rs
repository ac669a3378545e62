//! The screens: how long a frame takes when much happens, and how soon the first one is there.
//!
//! - *frame*: 2,000 resources, and 10,000 log lines a second on top; the slowest of a hundred frames;
//! - *first frame*: `springboard replay` in a pseudo-terminal until its first screen is there, against
//!   `terraform version` (or `tofu version`) in the same run.
//!
//! `cargo xtask bench screens` runs it. Without terraform and tofu there is nothing to compare with,
//! and it says so.
#![expect(clippy::disallowed_methods, reason = "a measurement starts programs and reads the clock")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use std::collections::BTreeMap;
use std::error::Error;
use std::io::Read as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
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

fn main() -> Result<()> {
    for (name, keys) in
        [("by part", ""), ("every object", "v"), ("log", "o"), ("log, searched", "o/1\r")]
    {
        let slowest = frames(keys)?;
        let verdict = if slowest <= EXPECTED { "as expected" } else { "slower than expected" };
        println!("frame, {name:<14} p99 {slowest:?}, expected {EXPECTED:?}: {verdict}");
    }
    first_frame()
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

/// The first frame in a pseudo-terminal, against the version of another program.
fn first_frame() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = folder.path().join("deployments/acme/runs/0");
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
    Journal::create(&run.join("journal.jsonl"), &header)?.append(Timestamp::UNIX_EPOCH, begun())?;
    let mut ours = (0..TRIES).map(|_| until_shown(folder.path())).collect::<Result<Vec<_>>>()?;
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

fn until_shown(state: &Path) -> Result<Duration> {
    let pair = native_pty_system().openpty(PtySize { rows: 24, cols: 80, ..PtySize::default() })?;
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_springboard"));
    command.args(["replay", "acme", "--ascii", "--state-dir"]);
    command.arg(state);
    command.env("TERM", "xterm-256color");
    let mut reader = pair.master.try_clone_reader()?;
    let began = Instant::now();
    let mut child = pair.slave.spawn_command(command)?;
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
    let took = began.elapsed();
    child.kill()?;
    child.wait()?;
    Ok(took)
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
