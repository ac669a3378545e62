//! `springboard` alone: the deployments of this host, and what to do with them.

use std::path::Path;

use clap::CommandFactory as _;
use jiff::Timestamp;
use springboard::cli::{Cli, ScreenArgs};
use springboard::engine::deployment::{Deployment, Kind};
use springboard::error::render;
use springboard::frontend::Output;
use springboard::frontend::printer::Printer;
use springboard::frontend::tui::face::{Choice, Leaving};
use springboard::frontend::tui::log_lines::LogReader;
use springboard::frontend::tui::runtime;
use springboard::frontend::tui::screens::home::{Home, Known, Scenario};
use springboard::frontend::tui::source::Source;
use springboard::frontend::tui::terminal::Screen;
use springboard::frontend::view::mark::Mark;
use springboard::frontend::view::{Lost, Watched, rollout, stages};
use springboard::host::Host;
use springboard::rehearsal::scenarios;
use springboard::run::RunState;
use springboard::run::event::RunStatus;
use springboard::tools::toolbox::Search;

use super::watch::{Form, Shows, followed, resume_words};
use super::wizard::{self, Closed, Purpose};
use super::{Ending, host as hosted, screen};

/// Shows the home screen, and does what is chosen on it.
pub(crate) async fn home(host: &Host, printer: &mut Printer) -> Result<Ending, Ending> {
    if !host.has_terminal() {
        printer.note(&Cli::command().render_help().to_string());
        return Ok(Ending { code: 2, text: None });
    }
    let args = ScreenArgs::default();
    let root = host.state_root();
    loop {
        let theme = screen::theme(args, host);
        let deployments = deployments(&root, host)?;
        let found = if deployments.is_empty() { tools(host) } else { Vec::new() };
        let scenarios = scenarios::ALL.iter().map(|scenario| Scenario {
            name: scenario.name.to_owned(),
            lesson: scenario.lesson().to_owned(),
        });
        let (size, now) = (Screen::size(), host.now());
        let mut face = Home::new(size, now, deployments, scenarios.collect(), found);
        let mut source = Source::Nothing(host.clone());
        let shown = runtime::show(&mut face, theme, &mut source, LogReader::default()).await;
        let leaving = shown.map_err(|error| {
            Ending::plain(1, format!("error: the terminal cannot be used\n  cause: {error}"))
        })?;
        match leaving {
            Leaving::Open(choice) => {
                let (kind, draft) = match choice {
                    Choice::Install(draft) => (Kind::Real, draft),
                    Choice::RehearseAnswers(draft) => (Kind::Rehearsal, draft),
                    choice => return open(choice, args, &root, host, printer).await,
                };
                match fill_in(kind, draft.as_deref(), args, &root, host, printer).await? {
                    Closed::FilledIn(filled) => {
                        let command = match kind {
                            Kind::Real => "install",
                            Kind::Rehearsal => "rehearse",
                        };
                        let mut words = vec![command.to_owned()];
                        words.extend(filled.words());
                        let form = Form { output: Output::Tui, screen: args };
                        return hosted::start(words, form, host, printer).await;
                    }
                    // A form that is left leads back to where it was opened.
                    Closed::Left => {}
                    Closed::Terminated => return Ok(Ending::DONE),
                }
            }
            Leaving::Back => {}
            _ => return Ok(Ending::DONE),
        }
    }
}

/// Has the form filled in.
async fn fill_in(
    kind: Kind,
    draft: Option<&str>,
    args: ScreenArgs,
    root: &Path,
    host: &Host,
    printer: &mut Printer,
) -> Result<Closed, Ending> {
    let find = |label| Deployment::find(root, label).map_err(|error| Ending::usage(&error));
    let purpose = Purpose {
        kind,
        draft: draft.map(find).transpose()?,
        sets: Vec::new(),
        root: root.to_owned(),
        is_named: super::preflight::is_named(false, host),
        search: Search::of(host),
    };
    wizard::on_screens(purpose, args, host, printer).await
}

async fn open(
    choice: Choice,
    screen: ScreenArgs,
    root: &Path,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let form = Form { output: Output::Tui, screen };
    let find = |label: &str| Deployment::find(root, label).map_err(|error| Ending::usage(&error));
    match choice {
        Choice::Attach(label) | Choice::Look(label) => {
            let shows = Shows { form, earlier_runs: true, can_ask: true };
            followed(&find(&label)?, shows, host, printer).await
        }
        Choice::Resume(label) => {
            let words = resume_words(&find(&label)?, screen, Vec::new());
            hosted::start(words, form, host, printer).await
        }
        Choice::Rehearse(scenario) => {
            let mut words = vec!["rehearse".to_owned()];
            if let Some(scenario) = scenario {
                words.extend(["--scenario".to_owned(), scenario]);
            }
            hosted::start(words, form, host, printer).await
        }
        Choice::Install(_) | Choice::RehearseAnswers(_) => Ok(Ending::DONE),
    }
}

/// The deployments of this host: those at work first, then by when something was last heard.
fn deployments(root: &Path, host: &Host) -> Result<Vec<Known>, Ending> {
    let found = Deployment::all(root).map_err(|e| Ending::plain(1, format!("error: {e}")))?;
    let mut known: Vec<Known> = found.iter().map(|deployment| known(deployment, host)).collect();
    known.sort_by_key(|known| (known.mark != Mark::Running, std::cmp::Reverse(known.last)));
    Ok(known)
}

fn known(deployment: &Deployment, host: &Host) -> Known {
    let label = deployment.label();
    let mut facts = Vec::new();
    let mut add = |what: &str, fact: String| facts.push((what.to_owned(), fact));
    let state = match deployment.state() {
        Ok(state) => state.unwrap_or_default(),
        Err(error) => {
            add("State", render(&error));
            return Known { label, mark: Mark::Unknown, stage: String::new(), last: None, facts };
        }
    };
    let owner = deployment.owner();
    let mark = mark(&state, owner.is_some());
    let last: Option<Timestamp> = state.at;
    let mut watched = Watched::of(state);
    if owner.is_none() && watched.state.status.is_none() {
        watched.lose(Lost::Nothing);
    }
    if watched.state.header.is_some() {
        add("Now", rollout::sentence(&watched, host.now()));
    }
    if let Some(header) = &watched.state.header {
        let began = header.at.strftime("%Y-%m-%d %H:%M:%S UTC");
        let by = owner.map(|owner| format!(" by {} on {}", owner.user, owner.host));
        add("Run", format!("{}, started {began}{}", header.run, by.unwrap_or_default()));
        add("What", header.blueprint.clone());
    }
    add("Answers", screen::as_written(&deployment.answers(), host));
    add("Folder", screen::as_written(deployment.folder(), host));
    let current = stages::current(&watched);
    let (at, all) = stages::position(&watched, current);
    let has_stages = !watched.state.stages.is_empty();
    let place = if has_stages { format!("{current} {at}/{all}") } else { String::new() };
    Known { label, mark, stage: place, last, facts }
}

fn mark(state: &RunState, is_at_work: bool) -> Mark {
    if is_at_work {
        return Mark::Running;
    }
    match state.status {
        Some(RunStatus::Done) => Mark::Done,
        Some(RunStatus::Stopped) => Mark::Stopped,
        Some(_) => Mark::Failed,
        None if state.header.is_none() => Mark::Draft,
        None => Mark::Interrupted,
    }
}

/// Where the programs are that a run needs.
fn tools(host: &Host) -> Vec<String> {
    let path = host.var("PATH");
    ["terraform", "tofu", "helm"]
        .iter()
        .map(|name| match which::which_in(name, path, host.current_dir()) {
            Ok(found) => format!("+ {name:<10} {}", found.display()),
            Err(_missing) => format!("- {name:<10} not on the PATH"),
        })
        .collect()
}
