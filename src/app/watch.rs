//! Watching a run: `springboard attach`, `springboard status --follow`, and what a command becomes
//! whose run is carried out by a host process.
//!
//! Leaving changes nothing: a Ctrl-C never reaches the run. Where there is somebody who may ask, it
//! opens the menu of what can be asked; a second one leaves.

use springboard::cli::{AttachArgs, RunCommon, ScreenArgs, StatusArgs};
use springboard::engine::deployment::Deployment;
use springboard::engine::requests::Request;
use springboard::engine::socket::Answer;
use springboard::error::render;
use springboard::frontend::printer::Printer;
use springboard::frontend::tui::app::Viewing;
use springboard::frontend::tui::face::Leaving;
use springboard::frontend::tui::source::Source;
use springboard::frontend::view::Lost;
use springboard::frontend::viewer::{AttachError, End, Update, Viewer};
use springboard::frontend::{Output, Shown, TICK, line, words};
use springboard::host::Host;
use springboard::run::journal::Reader;
use springboard::run::{Header, RunState};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::stop::{costs, in_flight, unanswered};
use super::{Ending, launch, named, screen};

/// How a run is watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shows {
    /// In which form.
    pub(crate) form: Form,
    /// Whether the runs before it in the chain are shown too.
    pub(crate) earlier_runs: bool,
    /// Whether something may be asked of it.
    pub(crate) can_ask: bool,
}

/// In which form a run is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Form {
    /// In lines, JSON, or on screens.
    pub(crate) output: Output,
    /// How screens are drawn.
    pub(crate) screen: ScreenArgs,
}

impl Form {
    /// The form that is asked for, or the usual one of this terminal.
    pub(crate) fn of(common: &RunCommon, host: &Host) -> Self {
        let has_screens = host.has_terminal() && host.var("TERM") != Some("dumb");
        let output = if has_screens { common.at_terminal() } else { common.plain() };
        Self { output, screen: common.screen }
    }
}

/// How watching ended.
#[derive(Debug)]
pub(crate) enum Left {
    /// The operator left; the run goes on.
    Detached,
    /// The run has ended, so that a command which carried it out would end like this.
    Ended(Ending),
    /// The operator wants to go on with it: the words of the command that does.
    Resume(Vec<String>),
}

pub(crate) async fn attach(
    args: &AttachArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let deployment = named(args.common.state_dir.as_ref(), &args.deployment, host)?;
    let shows = Shows {
        form: Form::of(&args.common, host),
        earlier_runs: true,
        can_ask: host.has_terminal() && !args.read_only,
    };
    followed(&deployment, shows, host, printer).await
}

/// `springboard status --follow`: the same, without anything to ask.
pub(crate) async fn follow(
    args: &StatusArgs,
    deployment: &Deployment,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let form = Form { output: args.common.output, screen: ScreenArgs::default() };
    let shows = Shows { form, earlier_runs: true, can_ask: false };
    followed(deployment, shows, host, printer).await
}

pub(crate) async fn followed(
    deployment: &Deployment,
    shows: Shows,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let mut interrupts = signal(SignalKind::interrupt())
        .map_err(|source| Ending::plain(1, format!("error: {source}")))?;
    match watch(deployment, shows, &mut interrupts, host, printer).await? {
        Left::Detached => Ok(Ending::DONE),
        Left::Ended(ending) => Ok(ending),
        Left::Resume(words) => super::host::start(words, shows.form, host, printer).await,
    }
}

/// Shows the run that is at work on a deployment, else the newest one, to its end or until the
/// operator leaves.
pub(crate) async fn watch(
    deployment: &Deployment,
    shows: Shows,
    interrupts: &mut Signal,
    host: &Host,
    printer: &mut Printer,
) -> Result<Left, Ending> {
    let attached = tokio::select! {
        attached = Viewer::attach(deployment, host, shows.can_ask) => attached,
        _ = interrupts.recv() => return Ok(Left::Detached),
    };
    let viewer = attached.map_err(|error| unwatchable(&error))?;
    let Some(viewer) = viewer else {
        return Err(launch::never_begun(deployment));
    };
    if shows.form.output == Output::Tui {
        return on_screens(deployment, shows, viewer, host, printer).await;
    }
    let output = Some(shows.form.output).filter(|_| shows.earlier_runs);
    let begun = header(deployment, viewer.run());
    let after = screen::after(deployment, begun.as_ref(), host);
    let plain = Shown::new(output, RunState::default()).after(after);
    // Of a run that is over nothing goes on.
    let is_in_lines = shows.form.output == Output::Line;
    let in_lines = match viewer.greeting() {
        Some(_) if is_in_lines => plain.with_pulse(screen::times(deployment, begun.as_ref(), host)),
        _ => plain,
    };
    let watcher = Watcher {
        deployment,
        shows,
        host,
        shown: in_lines,
        run: viewer.run().to_owned(),
        menu: None,
    };
    watcher.run(viewer, interrupts, printer).await
}

struct Watcher<'a> {
    deployment: &'a Deployment,
    shows: Shows,
    host: &'a Host,
    shown: Shown,
    run: String,
    /// The menu, while it is open: what is typed, line by line.
    menu: Option<mpsc::Receiver<String>>,
}

impl Watcher<'_> {
    async fn run(
        mut self,
        mut viewer: Viewer,
        interrupts: &mut Signal,
        printer: &mut Printer,
    ) -> Result<Left, Ending> {
        let asker = viewer.asker();
        let mut ticks = tokio::time::interval(TICK);
        let mut is_caught_up = false;
        loop {
            // What goes by would push the menu off the screen; it is on the disk and shown afterwards.
            let is_shown = self.menu.is_none();
            let typed = async {
                match &mut self.menu {
                    Some(lines) => lines.recv().await,
                    None => std::future::pending().await,
                }
            };
            // All of them are cancel safe.
            tokio::select! {
                update = viewer.next(), if is_shown => match update {
                    Some(Update::Begun(header)) => self.begin(header, printer),
                    Some(Update::Event(event)) => self.shown.event(&event, printer),
                    Some(Update::Progress(progress)) => {
                        self.shown.progress(&progress, self.host.now());
                    }
                    Some(Update::CaughtUp) => is_caught_up = true,
                    Some(Update::Keys(_)) => {}
                    Some(Update::Ended(end)) => {
                        self.shown.end(printer);
                        let state = &self.shown.state;
                        return Ok(Left::Ended(ending(self.deployment, &self.run, state, end)));
                    }
                    None => unreachable!("the end is told before there is nothing more"),
                },
                _ = ticks.tick(), if is_shown && is_caught_up => self.shown.tick(self.host.now(), printer),
                _ = interrupts.recv() => {
                    if self.menu.is_some() || !self.shows.can_ask {
                        return Ok(self.leave(printer));
                    }
                    self.open_menu(printer);
                }
                choice = typed => {
                    self.menu = None;
                    match choice.as_deref().map(str::trim) {
                        Some("w") => self.ask(&asker, Request::StopAfterStage, printer).await,
                        Some("s") => self.ask(&asker, Request::StopNow, printer).await,
                        // The terminal is gone, too.
                        Some("d") | None => return Ok(self.leave(printer)),
                        Some(_) => printer.note("the run goes on"),
                    }
                }
            }
        }
    }

    fn begin(&mut self, header: Header, printer: &mut Printer) {
        if header.run == self.run {
            self.shown.show_from_here(self.shows.form.output);
        }
        if self.shows.earlier_runs && self.shows.form.output == Output::Line {
            printer.line(&line::beginning(&header));
        }
        self.shown.begin(header, printer);
    }

    fn leave(&self, printer: &Printer) -> Left {
        leave(self.deployment, printer)
    }

    /// Says what is in flight and what can be asked; the run goes on meanwhile.
    fn open_menu(&mut self, printer: &Printer) {
        let label = self.deployment.label();
        for line in in_flight(&self.shown.state, self.host.now()) {
            printer.note(&line);
        }
        printer.note(&format!("  w  {}", costs(Request::StopAfterStage)));
        printer.note(&format!("  s  {}", costs(Request::StopNow)));
        printer.note(&format!(
            "  d  leave it running, as a second Ctrl-C does; `springboard attach {label}` comes back"
        ));
        printer.note("  c  go on watching");
        printer.note("type a letter and Enter; the run goes on meanwhile, its lines follow then:");
        self.menu = Some(typed_line());
    }

    async fn ask(
        &self,
        asker: &springboard::frontend::viewer::Asker,
        request: Request,
        printer: &Printer,
    ) {
        match asker.ask(request).await {
            // The journal says that it was asked, and by whom.
            Ok(Answer::Accepted { first: None }) => {}
            Ok(Answer::Accepted { first: Some(first) }) => {
                printer.note(&words::asked_before(&first));
            }
            Ok(Answer::Refused { why }) => printer.note(&format!("error: {why}")),
            Err(error) => printer.note(&render(&error)),
        }
    }
}

/// Shows the run on screens until the operator leaves them.
/// How a run began, where its journal can be read.
fn header(deployment: &Deployment, run: &str) -> Option<Header> {
    let path = deployment.run(run).join("journal.jsonl");
    Reader::open(&path).ok().map(|(header, _)| header)
}

async fn on_screens(
    deployment: &Deployment,
    shows: Shows,
    viewer: Viewer,
    host: &Host,
    printer: &Printer,
) -> Result<Left, Ending> {
    let viewing = if shows.can_ask { Viewing::Hosted } else { Viewing::ReadOnly };
    let run = viewer.run().to_owned();
    let source = Source::of(viewer, host);
    let header = header(deployment, &run);
    let args = shows.form.screen;
    let seen = screen::show(deployment, header.as_ref(), args, viewing, source, host).await?;
    let (leaving, watched) = seen;
    if let Leaving::Resume { confirmed } = leaving {
        return Ok(Left::Resume(resume_words(deployment, args, confirmed)));
    }
    let end = match (watched.state.status, watched.lost) {
        (Some(status), _) => End::Finished(status),
        (None, Some(lost)) => End::Lost { is_tool_at_work: lost == Lost::ToolAtWork },
        (None, None) => return Ok(leave(deployment, printer)),
    };
    Ok(Left::Ended(ending(deployment, &run, &watched.state, end)))
}

/// The words of the command that goes on with a run.
pub(crate) fn resume_words(
    deployment: &Deployment,
    screen: ScreenArgs,
    confirmed: Vec<String>,
) -> Vec<String> {
    let mut words = vec!["resume".to_owned(), deployment.label()];
    words.extend(["--state-dir".into(), deployment.state_root().display().to_string()]);
    words.extend(["--output".into(), "tui".into()]);
    words.extend(screen.ascii.then(|| "--ascii".to_owned()));
    for object in confirmed {
        words.extend(["--confirm".to_owned(), object]);
    }
    words
}

fn leave(deployment: &Deployment, printer: &Printer) -> Left {
    let label = deployment.label();
    printer.note(&format!("{label} goes on; come back with `springboard attach {label}`"));
    Left::Detached
}

/// How the command that carried the run out would have ended.
fn ending(deployment: &Deployment, run: &str, state: &RunState, end: End) -> Ending {
    let label = deployment.label();
    match end {
        End::Finished(status) => launch::ending(status, state),
        End::Unreadable(text) => Ending::plain(1, text),
        End::Lost { is_tool_at_work } => {
            let tool = if is_tool_at_work {
                "\n  cause: a tool that it had started is still at work"
            } else {
                ""
            };
            Ending::plain(
                4,
                format!(
                    "error: the engine of run {run} is gone and has not said how the run ended\
                     {tool}\nhint: run `springboard resume {label}`; it looks at what is there \
                     and goes on"
                ),
            )
        }
    }
}

/// What is typed next. A thread of its own: one that waits for a terminal must not keep the program
/// from ending.
fn typed_line() -> mpsc::Receiver<String> {
    let (send, line) = mpsc::channel(1);
    std::thread::spawn(move || {
        let mut typed = String::new();
        if std::io::stdin().read_line(&mut typed).is_ok_and(|read| read > 0) {
            let _left = send.blocking_send(typed);
        }
    });
    line
}

fn unwatchable(error: &AttachError) -> Ending {
    match error {
        AttachError::Ask(error) => unanswered(error),
        AttachError::Deployment(error) => Ending::plain_error(error),
    }
}
