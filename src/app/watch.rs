//! Watching a run: `springboard attach`, `springboard status --follow`, and what a command becomes
//! whose run is carried out by a host process.
//!
//! Leaving changes nothing: a Ctrl-C never reaches the run. Where there is somebody who may ask, it
//! opens the menu of what can be asked; a second one leaves.

use springboard::cli::{AttachArgs, StatusArgs};
use springboard::engine::deployment::Deployment;
use springboard::engine::requests::Request;
use springboard::engine::socket::Answer;
use springboard::error::render;
use springboard::frontend::printer::Printer;
use springboard::frontend::viewer::{AttachError, End, Update, Viewer};
use springboard::frontend::{Output, Shown, line, words};
use springboard::host::Host;
use springboard::run::{Header, RunState};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

use super::stop::{costs, in_flight, unanswered};
use super::{Ending, launch, state_root};

/// How a run is watched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shows {
    /// In which form.
    pub(crate) output: Output,
    /// Whether the runs before it in the chain are shown too.
    pub(crate) earlier_runs: bool,
    /// Whether something may be asked of it.
    pub(crate) can_ask: bool,
}

/// How watching ended.
#[derive(Debug)]
pub(crate) enum Left {
    /// The operator left; the run goes on.
    Detached,
    /// The run has ended, so that a command which carried it out would end like this.
    Ended(Ending),
}

pub(crate) async fn attach(
    args: &AttachArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let root = state_root(args.common.state_dir.as_ref(), host);
    let found = Deployment::find(&root, &args.deployment);
    let deployment = found.map_err(|error| Ending::usage(&error))?;
    let shows = Shows {
        output: args.common.output,
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
    let shows = Shows { output: args.common.output, earlier_runs: true, can_ask: false };
    followed(deployment, shows, host, printer).await
}

async fn followed(
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
        let hint = "begin it with `springboard rehearse`";
        let text = format!("error: nothing of {} was ever begun\nhint: {hint}", deployment.label());
        return Err(Ending::plain(2, text));
    };
    let output = Some(shows.output).filter(|_| shows.earlier_runs);
    let watcher = Watcher {
        deployment,
        shows,
        host,
        shown: Shown::new(output, RunState::default()),
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
        loop {
            // What goes by would push the menu off the screen; it is on the disk and shown afterwards.
            let is_shown = self.menu.is_none();
            let typed = async {
                match &mut self.menu {
                    Some(lines) => lines.recv().await,
                    None => std::future::pending().await,
                }
            };
            // All three are cancel safe.
            tokio::select! {
                update = viewer.next(), if is_shown => match update {
                    Some(Update::Begun(header)) => self.begin(header, printer),
                    Some(Update::Event(event)) => self.shown.event(&event, printer),
                    Some(Update::CaughtUp | Update::Progress(_) | Update::Keys(_)) => {}
                    Some(Update::Ended(end)) => {
                        self.shown.end(printer);
                        return Ok(Left::Ended(self.ending(end)));
                    }
                    None => unreachable!("the end is told before there is nothing more"),
                },
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
            self.shown.show_from_here(self.shows.output);
        }
        if self.shows.earlier_runs && self.shows.output == Output::Line {
            printer.line(&line::beginning(&header));
        }
        self.shown.begin(header, printer);
    }

    fn leave(&self, printer: &Printer) -> Left {
        let label = self.deployment.label();
        printer.note(&format!("{label} goes on; come back with `springboard attach {label}`"));
        Left::Detached
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

    /// How the command that carried the run out would have ended.
    fn ending(&self, end: End) -> Ending {
        let label = self.deployment.label();
        match end {
            End::Finished(status) => launch::ending(status, &self.shown.state),
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
                        "error: the engine of run {} is gone and has not said how the run ended\
                         {tool}\nhint: run `springboard resume {label}`; it looks at what is there \
                         and goes on",
                        self.run
                    ),
                )
            }
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
