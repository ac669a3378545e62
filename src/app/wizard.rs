//! Filling in the form on screens, and where its draft is kept; what is begun with it afterwards.
//!
//! The draft is an answer file. Until its name is settled it is in `drafts/`, then in the folder of
//! the deployment; it is written with every change, so that no end of this process loses anything.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use springboard::answers::InvalidAnswers;
use springboard::blueprint;
#[cfg(feature = "aws")]
use springboard::cli::Install;
use springboard::cli::ScreenArgs;
use springboard::engine::deployment::{Deployment, Kind, make_private};
use springboard::form::{self, Form};
#[cfg(feature = "aws")]
use springboard::frontend::Output;
use springboard::frontend::printer::Printer;
use springboard::frontend::tui::face::Leaving;
use springboard::frontend::tui::inquiry::{Draft, Inquiry, Keeper, Kept};
use springboard::frontend::tui::log_lines::LogReader;
use springboard::frontend::tui::runtime;
use springboard::frontend::tui::source::Source;
use springboard::frontend::tui::terminal::Screen;
use springboard::frontend::tui::wizard::{Given, Wizard};
use springboard::host::{Host, write_private};
use springboard::rehearsal::Scenario;
use springboard::tools::toolbox::Search;
use tokio::sync::{mpsc, watch};

use super::inquirer::{Door, Inquirer, Scratch, Whom};
use super::sessions::Sessions;
use super::world::scenario_text;
use super::{Ending, rehearsal, screen};

/// What a form is filled in for.
pub(super) struct Purpose {
    pub(super) kind: Kind,
    /// The deployment whose draft is gone on with.
    pub(super) draft: Option<Deployment>,
    pub(super) sets: Vec<String>,
    pub(super) root: PathBuf,
    pub(super) is_named: bool,
    pub(super) search: Search,
}

/// A form that was filled in, and shall be begun.
pub(super) struct FilledIn {
    /// The answer file.
    pub(super) answers: PathBuf,
    /// Ids of the checks that are left out.
    pub(super) left_out: Vec<String>,
}

/// How a form on screens ended.
pub(super) enum Closed {
    /// It shall be begun.
    FilledIn(FilledIn),
    /// It was left.
    Left,
    /// A signal asked the process to end.
    Terminated,
}

/// Fills in a form on screens.
pub(super) async fn on_screens(
    purpose: Purpose,
    args: ScreenArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Closed, Ending> {
    let blueprint = blueprint::ALL[0];
    let is_rehearsal = purpose.kind == Kind::Rehearsal;
    let scenario = if is_rehearsal { Some(scenario_text(None, host)?) } else { None };
    let (form, at) = opened(&purpose, scenario.as_deref(), host)?;
    let region = blueprint.region(form.so_far());
    let (tells, heard) = mpsc::unbounded_channel();
    let (scratch, door) = match &scenario {
        Some(text) => {
            let (scratch, around) = Scratch::open(&purpose.root, text, &region, host).await?;
            (Some(scratch), Door::World(Box::new(around)))
        }
        None => (None, Door::Account(Sessions::of_form(tells.clone()))),
    };
    let drafts = Drafts::new(&purpose, host);
    let plan = plan_words(&purpose);
    let (wanted, wants) = mpsc::unbounded_channel();
    let whom = Whom { host: host.clone(), root: purpose.root.clone(), blueprint, door };
    let inquirer = Inquirer {
        whom,
        is_named: purpose.is_named,
        search: purpose.search.clone(),
        plan,
        draft: drafts.place.subscribe(),
        heard: tells,
    };
    let place = drafts.place.subscribe();
    let mut source =
        Source::Form(Inquiry { wanted, heard, keeper: Box::new(drafts), host: host.clone() });
    let theme = screen::theme(args, host);
    let given = Given { theme, size: Screen::size(), now: host.now(), blueprint, is_rehearsal };
    let mut face = Wizard::new(given, form, at.as_deref());
    let mut asking = tokio::task::JoinSet::new();
    asking.spawn(inquirer.run(wants));
    let shown = runtime::show(&mut face, theme, &mut source, LogReader::default()).await;
    asking.abort_all();
    if let Some(scratch) = scratch {
        scratch.close().await;
    }
    let answers = place.borrow().clone();
    let leaving = shown.map_err(|error| {
        Ending::plain(1, format!("error: the terminal cannot be used\n  cause: {error}"))
    })?;
    if let Leaving::Begin { left_out } = leaving {
        return Ok(Closed::FilledIn(FilledIn { answers, left_out }));
    }
    printer.note(&kept_words(&answers, host));
    Ok(if leaving == Leaving::Terminated { Closed::Terminated } else { Closed::Left })
}

/// The words of the command that prints a plan, without its answers.
pub(super) fn plan_words(purpose: &Purpose) -> Vec<String> {
    let mut words = vec!["plan".to_owned(), "--output".to_owned(), "json".to_owned()];
    words.extend((purpose.kind == Kind::Rehearsal).then(|| "--rehearse".to_owned()));
    words.extend(["--state-dir".to_owned(), purpose.root.display().to_string()]);
    // The plan that is shown is that of the very programs which will carry it out.
    let search = &purpose.search;
    let engine = search.engine.map(|engine| engine.program().to_owned());
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    for (flag, value) in [
        ("--engine", engine),
        ("--terraform", path(&search.terraform)),
        ("--helm", path(&search.helm)),
    ] {
        words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    words
}

pub(super) fn kept_words(answers: &Path, host: &Host) -> String {
    let file = screen::as_written(answers, host);
    format!("nothing was begun; the draft is kept in {file}, `springboard` goes on with it")
}

/// The form as it was left, or a new one; and the key at which it was left.
pub(super) fn opened(
    purpose: &Purpose,
    scenario: Option<&str>,
    host: &Host,
) -> Result<(Form, Option<String>), Ending> {
    let usage = |error: InvalidAnswers| Ending::usage(&error);
    let blueprint = blueprint::ALL[0];
    let mut form = Form::new(blueprint.catalogue(), host).map_err(usage)?;
    let mut sample = None;
    if let Some(text) = scenario {
        let scenario = Scenario::parse(text).map_err(|error| Ending::usage(&error))?;
        let given = rehearsal::sample_folders(&purpose.root)?;
        form = form.given("sample", given).map_err(usage)?;
        sample = blueprint.sample_answers(&scenario.answers).map(|text| (scenario.answers, text));
    }
    form = form.sets(&purpose.sets).map_err(usage)?;
    let path = match &purpose.draft {
        Some(deployment) => deployment.answers(),
        None => unsettled(&purpose.root, purpose.kind),
    };
    match (std::fs::read_to_string(&path), sample) {
        (Ok(text), _) => {
            let at = form::focus_of(&text).map(str::to_owned);
            Ok((form.open(&path, &text).map_err(usage)?, at))
        }
        (Err(_no_draft), Some((name, text))) => {
            Ok((form.open(Path::new(&name), text).map_err(usage)?, None))
        }
        (Err(_no_draft), None) => Ok((form, None)),
    }
}

/// Where a draft is kept until its name is settled.
fn unsettled(root: &Path, kind: Kind) -> PathBuf {
    let name = match kind {
        Kind::Real => "install",
        Kind::Rehearsal => "rehearse",
    };
    root.join("drafts").join(format!("{name}.toml"))
}

/// Keeps the draft of one form.
pub(super) struct Drafts {
    root: PathBuf,
    kind: Kind,
    host: Host,
    pub(super) place: watch::Sender<PathBuf>,
    taken: BTreeMap<String, bool>,
}

impl Drafts {
    pub(super) fn new(purpose: &Purpose, host: &Host) -> Self {
        let before = match &purpose.draft {
            Some(deployment) => deployment.answers(),
            None => unsettled(&purpose.root, purpose.kind),
        };
        Self {
            root: purpose.root.clone(),
            kind: purpose.kind,
            host: host.clone(),
            place: watch::Sender::new(before),
            taken: BTreeMap::new(),
        }
    }

    /// Whether a deployment of that name is another's: begun, or the draft of another form.
    fn is_taken(&mut self, deployment: &Deployment) -> bool {
        // A rehearsal takes the place of an earlier one that is done, and goes on with another.
        if self.kind == Kind::Rehearsal {
            return deployment.owner().is_some();
        }
        let begun = || !deployment.runs().is_ok_and(|runs| runs.is_empty());
        let is_begun = *self.taken.entry(deployment.name.clone()).or_insert_with(begun);
        is_begun || (!self.is_place(deployment) && deployment.answers().exists())
    }

    /// Whether the draft is kept in the folder of that deployment.
    fn is_place(&self, deployment: &Deployment) -> bool {
        *self.place.borrow() == deployment.answers()
    }
}

impl Keeper for Drafts {
    fn keep(&mut self, draft: &Draft) -> Result<Kept, String> {
        let named = draft.name.as_ref().map(|name| Deployment::named(&self.root, self.kind, name));
        let is_taken = named.as_ref().is_some_and(|deployment| self.is_taken(deployment));
        let may_be_there = self.kind == Kind::Real && !is_taken;
        // A draft that was opened from its folder stays there as long as its name does.
        let is_there = |deployment: &Deployment| draft.is_settled || self.is_place(deployment);
        let place = match named.filter(|deployment| may_be_there && is_there(deployment)) {
            Some(deployment) => deployment.answers(),
            None => unsettled(&self.root, self.kind),
        };
        let text = |error: io::Error| error.to_string();
        let folder = place.parent().unwrap_or(&self.root);
        make_private(folder).map_err(text)?;
        write_private(&place, draft.text.as_bytes()).map_err(text)?;
        let before = self.place.send_replace(place.clone());
        if before != place {
            let _gone_already = std::fs::remove_file(&before);
            // Only a folder in which nothing else is goes with it.
            let _holds_more = before.parent().map(std::fs::remove_dir);
        }
        Ok(Kept { file: screen::as_written(&place, &self.host), is_taken })
    }
}

#[cfg(feature = "aws")]
/// `install` without answers at a terminal: the form, then the words that begin it.
pub(super) async fn install(
    args: &Install,
    output: Output,
    host: &Host,
    printer: &mut Printer,
) -> Result<Option<Vec<String>>, Ending> {
    let root = super::state_root(args.common.state_dir.as_ref(), host);
    let purpose = Purpose {
        kind: Kind::Real,
        draft: None,
        sets: args.answers.sets.clone(),
        is_named: super::preflight::is_named(args.common.state_dir.is_some(), host),
        search: super::tools::search(&args.tools, host),
        root,
    };
    let filled = match output {
        Output::Tui => match on_screens(purpose, args.common.screen, host, printer).await? {
            Closed::FilledIn(filled) => Some(filled),
            Closed::Left | Closed::Terminated => None,
        },
        Output::Line | Output::Json => super::ask::in_lines(&purpose, host, printer).await?,
    };
    Ok(filled.map(|filled| {
        let mut words = host.args().to_vec();
        words.extend(filled.words());
        words
    }))
}

impl FilledIn {
    /// The words that follow a command which begins it.
    pub(super) fn words(&self) -> Vec<String> {
        let mut words = vec!["--answers".to_owned(), self.answers.display().to_string()];
        for id in &self.left_out {
            words.extend(["--skip-check".to_owned(), id.clone()]);
        }
        words
    }
}
