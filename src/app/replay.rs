//! `springboard replay`: a recorded run, played again through any front end.

use std::path::PathBuf;

use springboard::cli;
use springboard::engine::deployment::Deployment;
use springboard::error::Hint;
use springboard::frontend::json::document;
use springboard::frontend::printer::Printer;
use springboard::frontend::tui::app::Viewing;
use springboard::frontend::tui::face::Message;
use springboard::frontend::tui::source::{Replay, Source};
use springboard::frontend::viewer::Update;
use springboard::frontend::{Output, line};
use springboard::host::Host;
use springboard::run::journal::Reader;
use springboard::run::{Header, RunState};

use super::{Ending, named, screen};

/// So fast that nothing is waited for.
const AT_ONCE: f64 = 1e12;

pub(crate) async fn replay(
    args: cli::Replay,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let deployment = named(args.state_dir.as_ref(), &args.deployment, host)?;
    let chain = chain(&deployment, args.run)?;
    let paths: Vec<_> = chain.iter().map(|(path, _)| path.as_path()).collect();
    let usual = if host.has_terminal() { Output::Tui } else { Output::Line };
    let output = args.output.unwrap_or(usual);
    let speed = if args.speed > 0.0 { args.speed } else { AT_ONCE };
    let replay = Replay::of(&paths, speed).map_err(|error| Ending::plain_error(&error))?;
    let source = Source::Replay(replay);
    if output == Output::Tui {
        let header = chain.last().map(|(_, header)| header);
        let viewing = Viewing::Replay(speed);
        screen::show(&deployment, header, args.screen, viewing, source, host).await?;
        return Ok(Ending::DONE);
    }
    print(source, output, printer).await;
    Ok(Ending::DONE)
}

/// Journals and headers of a run and of those it goes on from, oldest first.
fn chain(deployment: &Deployment, run: Option<String>) -> Result<Vec<(PathBuf, Header)>, Ending> {
    let runs = deployment.runs().map_err(|e| Ending::plain(1, format!("error: {e}")))?;
    let known = runs.clone();
    let label = deployment.label();
    let Some(run) = run.or_else(|| runs.last().cloned()) else {
        return Err(Ending::usage(&NoRun { label, run: None, known }));
    };
    if !known.contains(&run) {
        return Err(Ending::usage(&NoRun { label, run: Some(run), known }));
    }
    let mut chain: Vec<(PathBuf, Header)> = Vec::new();
    let mut next = Some(run);
    while let Some(id) = next {
        let path = deployment.run(&id).join("journal.jsonl");
        let (header, _) = Reader::open(&path).map_err(|error| Ending::plain_error(&error))?;
        let is_seen = chain.iter().any(|(_, known)| known.run == header.run);
        next = header.continues.clone().filter(|_| !is_seen);
        chain.insert(0, (path, header));
    }
    Ok(chain)
}

/// Prints a run as it was printed when it was made.
async fn print(mut source: Source, output: Output, printer: &mut Printer) {
    let mut state = RunState::default();
    let mut lines = None;
    let mut is_shown = false;
    let mut header = None;
    while let Some(Message::Update(update)) = source.next().await {
        match *update {
            Update::Begun(begun) => {
                lines = Some(line::Lines::new(&begun));
                state.begin_run(begun.clone());
                header = Some(begun);
            }
            // What earlier runs did is known, and was printed by them.
            Update::CaughtUp => {
                is_shown = true;
                if let Some(header) = header.as_ref().filter(|_| output == Output::Json) {
                    printer.line(&document(header));
                }
            }
            Update::Event(event) => {
                if is_shown && output == Output::Json {
                    printer.line(&document(&event));
                } else if is_shown {
                    let shown = lines.as_ref().map(|lines| lines.of(&event, &state));
                    shown.into_iter().flatten().for_each(|line| printer.line(&line));
                }
                state.apply(&event);
            }
            _ => {}
        }
    }
    if output == Output::Line {
        for line in line::ending(&state) {
            printer.line(&line);
        }
    }
}

/// There is no such run.
#[derive(Debug, thiserror::Error)]
#[error("there is no {} of `{label}` on this host", .run.as_ref().map_or("run".to_owned(), |run| format!("run `{run}`")))]
struct NoRun {
    label: String,
    run: Option<String>,
    known: Vec<String>,
}

impl Hint for NoRun {
    fn hint(&self) -> Option<String> {
        if self.known.is_empty() {
            return None;
        }
        Some(format!("there is {}; `springboard runs {}`", self.known.join(", "), self.label))
    }
}
