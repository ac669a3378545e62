//! Launching a run: deployment, lock, plan, journal, engine, front end, receipt.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde_json::json;
use springboard::answers::{Answers, Loader};
use springboard::blueprint::{self, Blueprint, Given};
use springboard::bundle::embedded;
use springboard::cli::{ConfirmArgs, Resume, SkipArgs, ToolArgs};
use springboard::engine::claim::{Claim, Owner};
use springboard::engine::credentials::{self, Profile};
use springboard::engine::deployment::{
    Deployment, DeploymentError, Kind, make_private, new_run_id,
};
use springboard::engine::recorder::{Notice, Recorder};
use springboard::engine::requests::Requests;
use springboard::engine::session::{Preflight, Session, failure_of};
use springboard::engine::socket::{self, Greeting, Socket};
use springboard::engine::stop::Stop;
use springboard::engine::surroundings::Surroundings;
use springboard::frontend::json::pretty;
use springboard::frontend::printer::{Printer, Relayed};
use springboard::frontend::{self, Output, Shown, line, report};
use springboard::host::{Host, write_private};
use springboard::plan::Plan;
use springboard::preflight;
use springboard::run::event::{EventKind, RunStatus};
use springboard::run::journal::{self, FORMAT};
use springboard::run::receipt::Receipt;
use springboard::run::{Action, Durations, Header, Journal, Ledger, Redactor, RunState};
use springboard::tools::Toolbox;
use tokio::sync::mpsc::UnboundedReceiver;

use super::codes::Codes;
use super::credentials::Login;
use super::preflight::Beginning;
use super::{Ending, Front, named, rehearsal, screen, signals, tools};

/// A run that is about to begin: everything has been checked, nothing has been begun.
pub(crate) struct Launch {
    pub(crate) deployment: Deployment,
    pub(crate) claim: Claim,
    pub(crate) run: String,
    pub(crate) answers: Answers,
    pub(crate) plan: Plan,
    pub(crate) surroundings: Surroundings,
    pub(crate) toolbox: Toolbox,
    pub(crate) before: Option<RunState>,
    pub(crate) confirmed: Vec<String>,
    pub(crate) redactor: Redactor,
    pub(crate) preflight: Preflight,
}

/// The checks that are left out, by their ids.
pub(crate) fn left_out(
    blueprint: &'static dyn Blueprint,
    skip: &SkipArgs,
) -> Result<BTreeSet<&'static str>, Ending> {
    preflight::choose(&blueprint::checks(blueprint), &skip.skip_checks)
        .map_err(|error| Ending::usage(&error))
}

/// Nothing of a deployment was ever begun, and how that is done.
pub(super) fn never_begun(deployment: &Deployment) -> Ending {
    let text = format!(
        "error: nothing of {} was ever begun\nhint: begin it with `springboard {}`",
        deployment.label(),
        match deployment.kind {
            Kind::Real => "install",
            Kind::Rehearsal => "rehearse",
        }
    );
    Ending::plain(2, text)
}

pub(crate) async fn resume(
    args: Resume,
    front: Front,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let deployment = named(args.common.state_dir.as_ref(), &args.deployment, host)?;
    let state = deployment.state().map_err(|error| Ending::plain_error(&error))?;
    let Some(state) = state else {
        return Err(never_begun(&deployment));
    };
    if state.status == Some(RunStatus::Done) {
        printer.line(&format!("{} is done; there is nothing to go on with", deployment.label()));
        return Ok(Ending::DONE);
    }
    let blueprint = blueprint_of(&state)?;
    let loader = Loader::new(blueprint.catalogue(), host).file(&deployment.answers());
    let answers = loader.and_then(|loader| loader.load()).map_err(|error| Ending::usage(&error))?;
    let tools = tools::as_before(args.tools, &deployment);
    let left_out = left_out(blueprint, &args.skip)?;
    let prepare = Prepare {
        deployment,
        answers,
        blueprint,
        before: Some(state),
        tools,
        codes: Codes::of(front, args.confirm.non_interactive, host),
        confirm: args.confirm,
        left_out,
    };
    let launch = Box::pin(prepare.again(host)).await?;
    let (ending, _) = Box::pin(launch.go(host, front, printer)).await?;
    Ok(ending)
}

/// What is known before the world and the tools have been looked at.
pub(crate) struct Prepare {
    pub(crate) deployment: Deployment,
    pub(crate) answers: Answers,
    pub(crate) blueprint: &'static dyn Blueprint,
    pub(crate) before: Option<RunState>,
    pub(crate) tools: ToolArgs,
    pub(crate) confirm: ConfirmArgs,
    pub(crate) left_out: BTreeSet<&'static str>,
    pub(crate) codes: Codes,
}

impl Prepare {
    /// Prepares to go on, in the surroundings that the deployment was begun in.
    async fn again(self, host: &Host) -> Result<Launch, Ending> {
        match self.deployment.kind {
            Kind::Rehearsal => {
                let scenario = rehearsal::kept_scenario(&self.deployment)?;
                self.rehearsal(host, &scenario, super::world::DEFAULT_TIME_SCALE).await
            }
            Kind::Real => self.real(host).await,
        }
    }

    /// Takes the lock, finds the tools, asks AWS who asks, makes the plan.
    #[cfg(feature = "aws")]
    pub(crate) async fn real(self, host: &Host) -> Result<Launch, Ending> {
        use springboard::cloud::Cloud as _;

        // Nobody waits for a login before anything is begun, nor makes a folder without one.
        let (deployment, answers) = (&self.deployment, &self.answers);
        let way =
            super::real::Way::open(deployment, answers, self.blueprint, self.codes.asker(), host)?;
        way.cloud_now().caller().await.map_err(|error| Ending::not_ready(&error))?;
        let toolbox = tools::find(&self.tools, host).await?;
        self.deployment.make().map_err(|error| Ending::not_ready(&error))?;
        let run = new_run_id(host.now());
        let owner = Owner::this_process(host, &run);
        let claim = claim(&self.deployment, &owner).await?;
        way.fetch_charts(&self.blueprint.missing_charts(&self.answers), &self.deployment).await?;
        let surroundings = way.surroundings(&self.deployment, host).await?;
        self.launch(host, surroundings, toolbox, claim, run).await
    }

    /// Without the SDK there is no way to AWS.
    #[cfg(not(feature = "aws"))]
    pub(crate) async fn real(self, _host: &Host) -> Result<Launch, Ending> {
        Err(Ending::plain(2, "error: this springboard was built without AWS"))
    }

    /// Makes the plan: everything is there.
    async fn launch(
        self,
        host: &Host,
        surroundings: Surroundings,
        toolbox: Toolbox,
        claim: Claim,
        run: String,
    ) -> Result<Launch, Ending> {
        let plan = self.plan(&surroundings).await?;
        let before = self.before.as_ref();
        let context = super::preflight::of_run(&Beginning {
            host,
            deployment: &self.deployment,
            blueprint: self.blueprint,
            answers: &self.answers,
            toolbox: &toolbox,
            surroundings: &surroundings,
            estimate: credentials::estimate(&plan, before, surroundings.pace),
            continues: before.is_some_and(|state| state.rollout_started.is_some()),
        });
        let checks = blueprint::checks(self.blueprint);
        let preflight = Preflight { checks, context, left_out: self.left_out };
        Ok(Launch {
            deployment: self.deployment,
            claim,
            run,
            answers: self.answers,
            plan,
            surroundings,
            toolbox,
            before: self.before,
            confirmed: self.confirm.confirm,
            redactor: Redactor::of_environment(host.vars()),
            preflight,
        })
    }

    /// Takes the lock, starts the world, finds the tools, makes the plan.
    pub(crate) async fn rehearsal(
        self,
        host: &Host,
        scenario: &str,
        time_scale: f64,
    ) -> Result<Launch, Ending> {
        self.deployment.make().map_err(|error| Ending::not_ready(&error))?;
        let run = new_run_id(host.now());
        let owner = Owner::this_process(host, &run);
        let claim = claim(&self.deployment, &owner).await?;
        let toolbox = tools::find(&self.tools, host).await?;
        let world = self.deployment.world();
        let address = super::world::start(host, &world, scenario, time_scale).await?;
        let login = Login::rehearsed(&self.deployment, &address, None, host).await?;
        // Nobody waits for a login before anything is begun.
        login.now.credentials().await.map_err(|error| Ending::not_ready(&error))?;
        let region = self.blueprint.region(&self.answers);
        let surroundings = rehearsal::surroundings(&address, &region, login);
        self.launch(host, surroundings, toolbox, claim, run).await
    }

    /// Makes the plan from the answers, the bundle and the account.
    pub(crate) async fn plan(&self, surroundings: &Surroundings) -> Result<Plan, Ending> {
        make_plan(self.blueprint, &self.answers, surroundings, &self.deployment).await
    }
}

/// Becomes the engine of the deployment. Who looks whether one is at work (`status`) holds the lock
/// for a moment, so one refusal is no refusal.
async fn claim(deployment: &Deployment, owner: &Owner) -> Result<Claim, Ending> {
    const TRIES: u32 = 10;
    const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);
    let mut tries = 1;
    loop {
        match deployment.claim(owner) {
            Ok(claim) => return Ok(claim),
            Err(DeploymentError::Locked { .. }) if tries < TRIES => tries += 1,
            Err(error @ DeploymentError::Locked { .. }) => return Err(Ending::refused(&error)),
            Err(error) => return Err(Ending::not_ready(&error)),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Makes a plan; the deployment says where charts are.
pub(crate) async fn make_plan(
    blueprint: &'static dyn Blueprint,
    answers: &Answers,
    surroundings: &Surroundings,
    deployment: &Deployment,
) -> Result<Plan, Ending> {
    let reservation = match blueprint.reservation(answers) {
        None => None,
        Some(id) => {
            surroundings.cloud.reservation(&id).await.map_err(|error| Ending::not_ready(&error))?
        }
    };
    let caller = surroundings.cloud.caller().await.map_err(|error| Ending::not_ready(&error))?;
    let installer = Some(caller.principal());
    let given = Given {
        reservation,
        account: caller.account,
        installer,
        own_charts: deployment.charts(),
        fetched_charts: deployment.fetched_charts(),
    };
    blueprint.plan(answers, &given).map_err(|error| Ending::not_ready(&error))
}

/// A run that has a journal.
struct Begun {
    session: Session,
    requests: Requests,
    notices: UnboundedReceiver<Notice>,
}

impl Launch {
    /// Begins the run and shows it to its end.
    pub(crate) async fn go(
        mut self,
        host: &Host,
        front: Front,
        printer: &mut Printer,
    ) -> Result<(Ending, RunStatus), Ending> {
        let is_heard = |what: &Relayed| match front {
            Front::Here(_) => true,
            Front::Viewers => printer.relay(what).is_ok(),
        };
        if !is_heard(&Relayed::Ready) {
            return Err(Ending::plain(5, "nobody waits for the run any more; nothing was begun"));
        }
        // One for both: what the run learns is masked on the screen too.
        self.redactor = printer.redactor();
        let header = self.header(host);
        let before = self.before.clone().unwrap_or_default();
        let (deployment, run) = (self.deployment.clone(), self.run.clone());
        let differences = self.differences(&header);
        let greeting = Greeting {
            protocol: socket::PROTOCOL,
            springboard: env!("CARGO_PKG_VERSION").to_owned(),
            program: host.program().to_owned(),
            run: self.run.clone(),
            seq: 0,
        };
        let Begun { session, requests, mut notices } = self.begin(host, &header)?;
        let socket = open_socket(&deployment, host, printer);
        is_heard(&Relayed::Begun {
            state_dir: deployment.state_root().to_owned(),
            deployment: deployment.label(),
        });
        let engine = run_engine(session, differences);
        let output = match front {
            Front::Here(output) => Some(output),
            Front::Viewers => None,
        };
        let after = screen::after(&deployment, Some(&header), host);
        let mut shown = Shown::new(output, before).after(after);
        if output == Some(Output::Line) {
            shown = shown.with_pulse(screen::times(&deployment, Some(&header), host));
        }
        let shown = frontend::follow(shown, printer, header, &mut notices, host);
        let served = async {
            match &socket {
                Some(socket) => socket.serve(&greeting, &requests).await,
                None => std::future::pending().await,
            }
        };
        let (ended, state) = tokio::select! {
            both = async { tokio::join!(engine, shown) } => both,
            () = served => unreachable!("a socket is served until it is dropped"),
        };
        drop(socket);
        let status = match ended {
            Ok(status) => status,
            Err(error) => {
                let mut failure = failure_of(&*error.0);
                if deployment.is_tool_at_work() {
                    let what = "nothing more is begun; the tool that was at work goes on to its end, and \
                                resume takes it over";
                    failure.causes.push(what.into());
                }
                return Err(Ending::plain(4, line::failure(&failure)));
            }
        };
        if let Err(source) = write_receipt(&deployment, &run, &state) {
            // How the run ended matters more, and the journal has everything that a receipt has.
            printer.note(&format!("note: the receipt could not be written: {source}"));
        }
        if let Err(error) = report::write(&deployment, &run, &report::path(&deployment, &run)) {
            printer.note(&format!("note: the report could not be written: {error}"));
        }
        if let Err(error) = report::write_support_text(&deployment, &run) {
            printer.note(&format!("note: the support text could not be written: {error}"));
        }
        if let Err(source) = learn(&deployment, &run, &state) {
            printer.note(&format!("note: how long it took could not be kept: {source}"));
        }
        Ok((ending(status, &state), status))
    }

    /// Plans the whole root and changes nothing.
    pub(crate) async fn preview(self, host: &Host) -> Result<BTreeMap<String, Action>, Ending> {
        let header = self.header(host);
        let Begun { session, .. } = self.begin(host, &header)?;
        session.preview().await.map_err(|failure| super::plan::failed(&failure))
    }

    /// Writes what the run is made from, begins its journal and makes the session.
    fn begin(self, host: &Host, header: &Header) -> Result<Begun, Ending> {
        let folder = self.deployment.run(&self.run);
        let unwritable = |source| {
            let path = folder.clone();
            Ending::not_ready(&DeploymentError::Unwritable { path, source })
        };
        make_private(&folder.join("logs")).map_err(unwritable)?;
        let answers = self.answers.to_toml();
        write_private(&self.deployment.answers(), answers.as_bytes()).map_err(unwritable)?;
        // A later run compares: the deployment's own file may be edited in between.
        write_private(&folder.join("answers.toml"), answers.as_bytes()).map_err(unwritable)?;
        // The file does not say where each answer came from; the report does.
        let mut sources = self.answers.to_json();
        let blueprint = blueprint::named(self.plan.blueprint);
        sources["deviations"] = json!(blueprint.map(|known| known.deviations(&self.answers)));
        let sources = pretty(&sources);
        write_private(&folder.join("answers.json"), sources.as_bytes()).map_err(unwritable)?;
        embedded::write_to("assets/charts", &self.deployment.charts())
            .map_err(|error| Ending::not_ready(&error))?;
        tools::keep(&self.toolbox, &self.deployment).map_err(unwritable)?;
        Profile::of(&self.deployment, &self.surroundings, &self.plan.region)
            .write(host.program())
            .map_err(unwritable)?;
        let journal = Journal::create(&folder.join("journal.jsonl"), header)
            .map_err(|error| Ending::not_ready(&error))?;
        let (recorder, notices) = Recorder::start(journal, host.clone(), self.redactor.clone());
        let stop = Stop::default();
        let requests = Requests::new(host, stop.clone(), &recorder);
        signals::listen(requests.clone()).map_err(unwritable)?;
        let session = Session {
            host: host.clone(),
            deployment: self.deployment,
            claim: self.claim,
            lock: OnceLock::new(),
            run: self.run,
            plan: self.plan,
            surroundings: self.surroundings,
            toolbox: self.toolbox,
            before: self.before.unwrap_or_default(),
            recorder,
            redactor: self.redactor,
            stop,
            confirmed: self.confirmed,
            preflight: self.preflight,
        };
        Ok(Begun { session, requests, notices })
    }

    /// What is not as it was in the run that this one goes on with.
    fn differences(&self, header: &Header) -> Vec<String> {
        let Some(before) = self.before.as_ref().and_then(|b| b.header.as_ref()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if before.answers != header.answers {
            let path = self.deployment.run(&before.run).join("answers.toml");
            let old = std::fs::read_to_string(path).unwrap_or_default();
            let keys = changed_keys(&old, &self.answers.to_toml());
            let run = &before.run;
            found.push(format!("the answers have changed since run {run}: {}", keys.join(", ")));
        }
        if before.bundle != header.bundle {
            let run = &before.run;
            found.push(format!("this springboard brings other Terraform or charts than run {run}"));
        }
        found
    }

    fn header(&self, host: &Host) -> Header {
        Header {
            format: FORMAT,
            springboard: env!("CARGO_PKG_VERSION").to_owned(),
            run: self.run.clone(),
            continues: self.before.as_ref().and_then(|b| Some(b.header.as_ref()?.run.clone())),
            deployment: self.deployment.label(),
            blueprint: self.plan.blueprint.to_owned(),
            answers: self.answers.digest(),
            bundle: embedded::digest(),
            at: host.now(),
        }
    }
}

/// A run without a socket can still be stopped by a signal: that is said, and it goes on.
fn open_socket(deployment: &Deployment, host: &Host, printer: &Printer) -> Option<Socket> {
    match Socket::open(deployment, host) {
        Ok(socket) => Some(socket),
        Err(error) => {
            printer.note(&format!("`springboard stop` will not reach this run: {error}"));
            None
        }
    }
}

/// Runs the engine; its recorder ends with it, and with the recorder what viewers are sent.
async fn run_engine(
    session: Session,
    differences: Vec<String>,
) -> Result<RunStatus, springboard::engine::recorder::RecordError> {
    let found = differences.into_iter().map(|what| EventKind::Found { stage: None, what });
    session.recorder.record_all(found.collect()).await?;
    session.run().await
}

pub(crate) fn ending(status: RunStatus, state: &RunState) -> Ending {
    let code = match status {
        RunStatus::Done => return Ending::DONE,
        RunStatus::NotReady => 3,
        RunStatus::Failed => 4,
        RunStatus::Stopped => 5,
        RunStatus::Refused => 6,
    };
    Ending { code, text: state.failure.as_ref().map(line::failure) }
}

fn write_receipt(deployment: &Deployment, run: &str, state: &RunState) -> std::io::Result<()> {
    let folder = deployment.run(run);
    let mut kinds = Vec::new();
    let mut next = Some(run.to_owned());
    while let Some(id) = next {
        let path = deployment.run(&id).join("journal.jsonl");
        let (header, events) = journal::read(&path).map_err(std::io::Error::other)?;
        // Newer runs say more truly what is, so older events come first.
        kinds.splice(0..0, events.into_iter().map(|event| event.kind));
        next = header.continues;
    }
    match Receipt::of(state, kinds.iter()) {
        Some(receipt) => receipt.write(&folder.join("receipt.json")),
        None => Ok(()),
    }
}

/// Learns how long things took in a run that made everything by itself.
fn learn(deployment: &Deployment, run: &str, state: &RunState) -> std::io::Result<()> {
    let is_whole = state.header.as_ref().is_some_and(|header| header.continues.is_none());
    if state.status != Some(RunStatus::Done) || !is_whole {
        return Ok(());
    }
    let path = deployment.run(run).join("journal.jsonl");
    let (_, events) = journal::read(&path).map_err(std::io::Error::other)?;
    let mut ledger = Ledger::default();
    ledger.begin_run(run);
    for event in &events {
        ledger.apply(event);
    }
    let (pace, _) = screen::pace(deployment);
    let mut durations = Durations::read(deployment.state_root());
    durations.learn(&pace, state, &ledger);
    durations.write(deployment.state_root())
}

/// The keys whose values are not the same in two answer files.
fn changed_keys(old: &str, new: &str) -> Vec<String> {
    let table = |text: &str| text.parse::<toml::Table>().unwrap_or_default();
    let (old, new) = (table(old), table(new));
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    keys.into_iter().filter(|key| old.get(*key) != new.get(*key)).cloned().collect()
}

/// The blueprint that a run was made with.
fn blueprint_of(state: &RunState) -> Result<&'static dyn Blueprint, Ending> {
    let name = state.header.as_ref().map_or("", |h| h.blueprint.as_str());
    blueprint::named(name)
        .ok_or_else(|| Ending::plain(2, format!("error: there is no blueprint `{name}`")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changed_keys_are_named_once() {
        let keys = changed_keys("a = 1\nb = 2\n", "a = 1\nb = 3\nc = 4\n");
        assert_eq!(keys, ["b", "c"]);
    }
}
