//! `springboard preflight`: the checks alone; nothing is changed.

use std::path::Path;
use std::sync::Arc;

use springboard::answers::{Answers, InvalidAnswers, Loader, Problem};
use springboard::blueprint::{self, Blueprint};
use springboard::cli::PreflightArgs;
#[cfg(feature = "aws")]
use springboard::cloud::aws::CodeAsker;
use springboard::engine::deployment::{Deployment, Kind};
use springboard::engine::surroundings::Surroundings;
use springboard::frontend::json::pretty;
use springboard::frontend::printer::Printer;
use springboard::frontend::{Output, checks};
use springboard::host::Host;
use springboard::plan::demand::policy;
use springboard::preflight::reach::{Internet, Reach};
use springboard::preflight::{
    self, Account, Context, Estimate, Limits, Report, Seen, StateFolder, report,
};
use springboard::rehearsal::Scenario;
use springboard::tools::toolbox::Toolbox;

#[cfg(feature = "aws")]
use super::codes::Codes;
use super::credentials::Login;
#[cfg(feature = "aws")]
use super::real::Way;
use super::sessions::Sessions;
use super::world::{DEFAULT_TIME_SCALE, scenario_text, stop};
use super::{Ending, rehearsal, state_root, tools};

pub(crate) async fn preflight(
    args: PreflightArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let blueprint = blueprint::ALL[0];
    let catalogue = blueprint::checks(blueprint);
    let output = args.common.output;
    if args.list {
        let lines = match output {
            Output::Json => vec![pretty(&report::catalogue(&catalogue))],
            Output::Line | Output::Tui => checks::catalogue(&catalogue),
        };
        print(&lines, printer);
        return Ok(Ending::DONE);
    }
    let left_out = preflight::choose(&catalogue, &args.skip.skip_checks)
        .map_err(|error| Ending::usage(&error))?;
    let root = state_root(args.common.state_dir.as_ref(), host);
    let scenario =
        if args.rehearse { Some(scenario_text(args.scenario.as_deref(), host)?) } else { None };
    let (answers, missing) = draft(&args, scenario.as_deref(), blueprint, &root, host)?;
    if args.policy {
        printer.line(&pretty(&policy::document(&blueprint.demand(&answers))));
        return Ok(Ending::DONE);
    }
    let asking = Asking { args: &args, host, blueprint, answers, missing, root: &root };
    let report = match scenario {
        Some(scenario) => asking.of_world(&scenario, &left_out).await?,
        None => asking.of_account(&left_out).await,
    };
    let lines = match output {
        Output::Json => vec![pretty(&report.document())],
        Output::Line | Output::Tui => checks::lines(&report),
    };
    print(&lines, printer);
    let is_ready = report.failed().next().is_none();
    Ok(if is_ready { Ending::DONE } else { Ending { code: 3, text: None } })
}

fn print(lines: &[String], printer: &mut Printer) {
    for line in lines {
        printer.line(line);
    }
}

/// The answers, and the keys of those that are missing; an answer that is wrong is wrong usage.
fn draft(
    args: &PreflightArgs,
    scenario: Option<&str>,
    blueprint: &'static dyn Blueprint,
    root: &Path,
    host: &Host,
) -> Result<(Answers, Vec<String>), Ending> {
    let usage = |error: InvalidAnswers| Ending::usage(&error);
    let loader = if let Some(text) = scenario {
        let scenario = Scenario::parse(text).map_err(|error| Ending::usage(&error))?;
        rehearsal::loader(&args.answers, &scenario, blueprint, root, host)?
    } else {
        let loader = Loader::new(blueprint.catalogue(), host).sets(&args.answers.sets);
        match &args.answers.answers {
            Some(path) => loader.file(path).map_err(usage)?,
            None => loader,
        }
    };
    let (answers, problems) = loader.draft().map_err(usage)?;
    let (missing, wrong): (Vec<Problem>, Vec<Problem>) =
        problems.into_iter().partition(Problem::is_missing);
    if !wrong.is_empty() {
        return Err(usage(InvalidAnswers::Wrong(wrong)));
    }
    Ok((answers, missing.into_iter().filter_map(|problem| problem.key).collect()))
}

/// What is asked, of whomever.
struct Asking<'a> {
    args: &'a PreflightArgs,
    host: &'a Host,
    blueprint: &'static dyn Blueprint,
    answers: Answers,
    missing: Vec<String>,
    root: &'a Path,
}

type LeftOut = std::collections::BTreeSet<&'static str>;

impl Asking<'_> {
    async fn of_account(self, left_out: &LeftOut) -> Report {
        let account = self.account().await;
        let reach = Arc::new(Internet::of(self.host));
        self.run(account, reach, 1.0, left_out).await
    }

    #[cfg(feature = "aws")]
    async fn account(&self) -> Account {
        let codes = Codes::here(self.host);
        match way(self.root, &self.answers, self.blueprint, codes.asker(), self.host) {
            Ok(way) => {
                // A code is asked for before the time of the checks begins.
                if way.needs_code() {
                    let _told_by_the_checks = way.login.now.credentials().await;
                }
                of_way(&way)
            }
            Err(ending) => Account::absent(ending.text.unwrap_or_default(), None),
        }
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_async, reason = "it takes the place of one that waits")]
    async fn account(&self) -> Account {
        account(self.root, &self.answers, self.blueprint, &Sessions::default(), self.host)
    }

    /// Asks a world of its own: nothing may be left in that of a rehearsal.
    async fn of_world(self, scenario: &str, left_out: &LeftOut) -> Result<Report, Ending> {
        let scratch = self.root.join("preflight");
        let name = self.blueprint.deployment_name(&self.answers);
        let name = if name.is_empty() { "draft" } else { &name };
        let deployment = Deployment::named(&scratch, Kind::Rehearsal, name);
        deployment.make().map_err(|error| Ending::not_ready(&error))?;
        let host = self.host;
        let world = deployment.world();
        let asked = async {
            let address = super::world::start(host, &world, scenario, DEFAULT_TIME_SCALE).await?;
            let login = Login::rehearsed(&deployment, &address, None, host).await?;
            let region = self.blueprint.region(&self.answers);
            let around = rehearsal::surroundings(&address, &region, login);
            let account = Account::new(around.cloud.clone(), Some(around.credentials.clone()));
            Ok(self.run(account, around.reach.clone(), around.pace, left_out).await)
        };
        let report = Box::pin(asked).await;
        stop(&world).await.map_err(|error| Ending::not_ready(&error))?;
        let _left_for_the_next = std::fs::remove_dir_all(&scratch);
        report
    }

    async fn run(
        self,
        account: Account,
        reach: Arc<dyn Reach>,
        pace: f64,
        left_out: &LeftOut,
    ) -> Report {
        let demand = self.blueprint.demand(&self.answers);
        let known = demand.duration.mul_f64(pace);
        let context = Context {
            host: self.host.clone(),
            state: StateFolder {
                path: self.root.to_owned(),
                is_named: is_named(self.args.common.state_dir.is_some(), self.host),
                is_rehearsal: self.args.rehearse,
            },
            answers: self.answers,
            missing: self.missing,
            demand,
            search: tools::search(&self.args.tools, self.host),
            toolbox: None,
            account: Arc::new(account),
            reach,
            estimate: Estimate { next: known, known },
            continues: false,
            seen: Seen::default(),
        };
        let catalogue = blueprint::checks(self.blueprint);
        preflight::run(&catalogue, &context, left_out, Limits::default()).await
    }
}

/// The way to the account that answers name, which may be incomplete.
#[cfg(feature = "aws")]
fn way(
    root: &Path,
    answers: &Answers,
    blueprint: &'static dyn Blueprint,
    asker: Option<Arc<dyn CodeAsker>>,
    host: &Host,
) -> Result<Way, Ending> {
    // Only who asks is not known before the answers are: nothing is kept of this deployment.
    let nameless = Deployment::named(root, Kind::Real, "draft");
    Way::open(&nameless, answers, blueprint, asker, host)
}

#[cfg(feature = "aws")]
fn of_way(way: &Way) -> Account {
    Account::new(Arc::new(way.cloud_now()), Some(way.login.now.clone()))
}

/// The account that answers name, which may be incomplete, with the logins of a form.
#[cfg(feature = "aws")]
pub(super) fn account(
    root: &Path,
    answers: &Answers,
    blueprint: &'static dyn Blueprint,
    sessions: &Sessions,
    host: &Host,
) -> Account {
    match way(root, answers, blueprint, sessions.asker(), host) {
        Ok(way) => of_way(&sessions.kept(blueprint.aws_profile(answers), way)),
        Err(ending) => Account::absent(ending.text.unwrap_or_default(), None),
    }
}

/// The account, of which this program knows nothing.
#[cfg(not(feature = "aws"))]
pub(super) fn account(
    _root: &Path,
    _answers: &Answers,
    _blueprint: &'static dyn Blueprint,
    _sessions: &Sessions,
    _host: &Host,
) -> Account {
    let remedy = "`springboard preflight --rehearse` asks the simulated account";
    Account::absent("this springboard was built without AWS", Some(remedy.to_owned()))
}

/// Whether the operator named the folder for state.
pub(super) fn is_named(given: bool, host: &Host) -> bool {
    given || host.var("XDG_STATE_HOME").is_some()
}

/// What is known when a run is about to begin.
pub(super) struct Beginning<'a> {
    pub(super) host: &'a Host,
    pub(super) deployment: &'a Deployment,
    pub(super) blueprint: &'static dyn Blueprint,
    pub(super) answers: &'a Answers,
    pub(super) toolbox: &'a Toolbox,
    pub(super) surroundings: &'a Surroundings,
    pub(super) estimate: Estimate,
    pub(super) continues: bool,
}

/// The same for a run, whose answers are complete and whose programs are found.
pub(super) fn of_run(run: &Beginning<'_>) -> Context {
    let around = run.surroundings;
    let path = run.deployment.state_root().to_owned();
    Context {
        host: run.host.clone(),
        state: StateFolder {
            is_named: path != run.host.home().join(".local/state/springboard"),
            path,
            is_rehearsal: run.deployment.kind == Kind::Rehearsal,
        },
        answers: run.answers.clone(),
        missing: Vec::new(),
        demand: run.blueprint.demand(run.answers),
        search: springboard::tools::toolbox::Search::of(run.host),
        toolbox: Some(run.toolbox.clone()),
        account: Arc::new(Account::new(around.cloud.clone(), Some(around.credentials.clone()))),
        reach: around.reach.clone(),
        estimate: run.estimate,
        continues: run.continues,
        seen: Seen::default(),
    }
}
