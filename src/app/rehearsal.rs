//! `springboard rehearse`: the whole install in the simulated world.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use springboard::answers::{Answers, Loader, Value};
use springboard::blueprint::{self, Blueprint};
use springboard::cli::Rehearse;
use springboard::cloud::CredentialSource;
use springboard::cluster::Watch;
use springboard::engine::deployment::{Deployment, Kind};
use springboard::engine::surroundings::{Listener, RegistryDoor, Surroundings};
use springboard::error::Hint;
use springboard::frontend::printer::Printer;
use springboard::host::Host;
use springboard::preflight::reach::{Reach, ReachError, Signed, Target};
use springboard::rehearsal::account::RehearsedCloud;
use springboard::rehearsal::control::{self, StageBegins};
use springboard::rehearsal::process::{self, Address};
use springboard::rehearsal::scenario::HostFacts;
use springboard::rehearsal::{Scenario, environment, sample_bundle, scenarios};
use springboard::run::Secret;
use springboard::run::event::RunStatus;
use springboard::transfer::images::{RegistryAccess, RegistryCredentials};
use springboard::transfer::{CredentialsError, Freshness, LoginKeys, Retry, StorageAccess};
use url::Url;

use super::codes::Codes;
use super::credentials::Login;
use super::launch::Prepare;
use super::world::{DEFAULT_TIME_SCALE, scenario_text, stop};
use super::{Ending, Front, state_root};

pub(crate) async fn rehearse(
    args: Rehearse,
    front: Front,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    if args.list_scenarios {
        for scenario in scenarios::ALL {
            printer.line(&format!("{:<24} {}", scenario.name, scenario.lesson()));
        }
        return Ok(Ending::DONE);
    }
    let root = state_root(args.common.state_dir.as_ref(), host);
    let text = scenario_text(args.scenario.as_deref(), host)?;
    let scenario = Scenario::parse(&text).map_err(|error| Ending::usage(&error))?;
    let blueprint = blueprint::ALL[0];
    let answers = load_answers(&args.answers, &scenario, blueprint, &root, host)?;
    let left_out = super::launch::left_out(blueprint, &args.skip)?;
    let name = blueprint.deployment_name(&answers);
    let deployment = Deployment::named(&root, Kind::Rehearsal, &name);
    let before = earlier(&deployment, &answers, args.scenario.is_some(), &text, printer).await?;
    let prepare = Prepare {
        deployment: deployment.clone(),
        answers,
        blueprint,
        before,
        tools: super::tools::as_before(args.tools, &deployment),
        confirm: args.confirm,
        left_out,
        codes: Codes::Nobody,
    };
    let scale = args.time_scale.unwrap_or(DEFAULT_TIME_SCALE);
    let launch = prepare.rehearsal(host, &text, scale).await?;
    let (ending, status) = Box::pin(launch.go(host, front, printer)).await?;
    if args.discard && status == RunStatus::Done {
        discard(&deployment).await?;
        printer.note(&format!("{} and its world are removed", deployment.label()));
    }
    Ok(ending)
}

/// Loads the answers of a rehearsal: the sample answers of the scenario where none are named, and
/// the sample bundle where none is answered.
pub(crate) fn load_answers(
    args: &springboard::cli::AnswerArgs,
    scenario: &Scenario,
    blueprint: &'static dyn Blueprint,
    root: &Path,
    host: &Host,
) -> Result<Answers, Ending> {
    loader(args, scenario, blueprint, root, host)?.load().map_err(|error| Ending::usage(&error))
}

/// The same, before anything is made of them.
pub(crate) fn loader<'a>(
    args: &springboard::cli::AnswerArgs,
    scenario: &Scenario,
    blueprint: &'static dyn Blueprint,
    root: &Path,
    host: &'a Host,
) -> Result<Loader<'a>, Ending> {
    let given = sample_folders(root)?;
    let loader =
        Loader::new(blueprint.catalogue(), host).sets(&args.sets).given("the sample bundle", given);
    let usage = |error: springboard::answers::InvalidAnswers| Ending::usage(&error);
    Ok(match &args.answers {
        Some(path) => loader.file(path).map_err(usage)?,
        None => match blueprint.sample_answers(&scenario.answers) {
            Some(text) => {
                let text = adjusted(text, &scenario.adjusted);
                loader.text(Path::new(&scenario.answers), text)
            }
            None => loader.file(Path::new(&scenario.answers)).map_err(usage)?,
        },
    })
}

/// The folders of the sample bundle, written out, as answers.
pub(crate) fn sample_folders(root: &Path) -> Result<BTreeMap<String, Value>, Ending> {
    let folder = root.join("sample-bundle");
    let sample = sample_bundle::write(&folder)
        .map_err(|source| Ending::not_ready(&Unprepared { what: "the sample bundle", source }))?;
    let folder_of = |path: &Path| Value::Text(path.display().to_string());
    Ok(BTreeMap::from([
        ("containers_dir".to_owned(), folder_of(&sample.containers)),
        ("charts_dir".to_owned(), folder_of(&sample.charts)),
        ("checkpoints_dir".to_owned(), folder_of(&sample.checkpoints)),
    ]))
}

/// Sample answers with those that the scenario has otherwise.
fn adjusted(sample: &'static str, otherwise: &toml::Table) -> Cow<'static, str> {
    match sample.parse::<toml::Table>() {
        Ok(mut answers) if !otherwise.is_empty() => {
            answers.extend(otherwise.clone());
            Cow::Owned(answers.to_string())
        }
        _ => Cow::Borrowed(sample),
    }
}

/// What earlier runs of this rehearsal did, when this one goes on with them. One that is done is
/// replaced by a new one; one that is not, and has other answers or another scenario, is not touched.
async fn earlier(
    deployment: &Deployment,
    answers: &Answers,
    scenario_named: bool,
    scenario: &str,
    printer: &Printer,
) -> Result<Option<springboard::run::RunState>, Ending> {
    if !deployment.exists() || deployment.owner().is_some() {
        return Ok(None);
    }
    let state = deployment.state().map_err(|error| Ending::plain_error(&error))?;
    let Some(state) = state else {
        discard(deployment).await?;
        return Ok(None);
    };
    if state.status == Some(RunStatus::Done) {
        printer.note(&format!("{} was done; a new rehearsal takes its place", deployment.label()));
        discard(deployment).await?;
        return Ok(None);
    }
    let same_answers = state.header.as_ref().is_some_and(|h| h.answers == answers.digest());
    let kept = process::scenario_text(&deployment.world()).unwrap_or_default();
    if same_answers && (!scenario_named || kept == scenario) {
        printer.note(&format!("{} was not finished; this run goes on with it", deployment.label()));
        return Ok(Some(state));
    }
    let what = if same_answers { "another scenario" } else { "other answers" };
    Err(Ending::usage(&OtherRehearsal {
        label: deployment.label(),
        what,
        folder: deployment.folder().display().to_string(),
    }))
}

/// Ends the world of a rehearsal and removes everything of it.
async fn discard(deployment: &Deployment) -> Result<(), Ending> {
    stop(&deployment.world()).await.map_err(|error| Ending::not_ready(&error))?;
    std::fs::remove_dir_all(deployment.folder())
        .map_err(|source| Ending::not_ready(&Unprepared { what: "the old rehearsal", source }))
}

/// The scenario that the world of a rehearsal was made with.
pub(crate) fn kept_scenario(deployment: &Deployment) -> Result<String, Ending> {
    process::scenario_text(&deployment.world()).map_err(|source| {
        Ending::not_ready(&Unprepared { what: "the world of this rehearsal", source })
    })
}

/// However fast the world is, Helm and the controllers need some time for what mends itself.
const SHORTEST_PATIENCE: Duration = Duration::from_secs(5);

/// The surroundings of a rehearsal: everything leads to the world on loopback.
pub(crate) fn surroundings(address: &Address, region: &str, login: Login) -> Surroundings {
    let registry = address.registry;
    let password = Arc::new(RegistryPassword {
        socket: address.control.clone(),
        login: login.patient.clone(),
        held: Mutex::default(),
    });
    let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
    let retry = retry(address.time_scale);
    let storage = StorageAccess {
        client: client.clone(),
        endpoint: loopback(address.storage),
        region: region.to_owned(),
        credentials: Arc::new(LoginKeys(login.patient.clone())),
        retry,
        now: jiff::Timestamp::now,
    };
    Surroundings {
        cloud: Arc::new(RehearsedCloud::new(
            address.control.clone(),
            region,
            login.patient.clone(),
        )),
        reach: Arc::new(WorldReach { control: address.control.clone() }),
        environment: BTreeMap::new(),
        terraform: environment::for_engine(address),
        backend: environment::backend(),
        kubernetes: Some(address.kubernetes),
        storage,
        patience: Watch::PATIENCE.mul_f64(address.time_scale.min(1.0)).max(SHORTEST_PATIENCE),
        credentials: login.now,
        patient: login.patient,
        login: login.arguments,
        pace: address.time_scale,
        listener: Some(Arc::new(WorldListener { control: address.control.clone() })),
        registry: RegistryDoor::new(move |host| RegistryAccess {
            client: client.clone(),
            host: host.to_owned(),
            base_url: loopback(registry),
            credentials: password.clone(),
            retry,
        }),
    }
}

/// Tells the world which stage begins and who carries it out: what its scenario has for a stage, or
/// for the engine, could not be found otherwise.
#[derive(Debug)]
struct WorldListener {
    control: std::path::PathBuf,
}

#[async_trait]
impl Listener for WorldListener {
    async fn stage_begins(&self, stage: &str) {
        let begins = StageBegins { stage: stage.to_owned(), engine: std::process::id() };
        let told = match serde_json::to_value(begins) {
            Ok(begins) => control::request(&self.control, "POST", "/stage", Some(begins)).await,
            Err(error) => Err(error.into()),
        };
        if let Err(error) = told {
            // A world that is gone is noticed by the stage itself, and said there.
            tracing::warn!(%error, stage, "the simulated world was not told of the stage");
        }
    }
}

/// The network of the world: what its scenario says of hosts.
#[derive(Debug)]
struct WorldReach {
    control: PathBuf,
}

impl WorldReach {
    async fn host(&self) -> Result<HostFacts, ReachError> {
        let facts = control::request(&self.control, "GET", "/host", None).await?;
        serde_json::from_value(facts).map_err(|error| ReachError(error.to_string()))
    }
}

#[async_trait]
impl Reach for WorldReach {
    async fn shown(&self, target: &Target) -> Result<Option<Signed>, ReachError> {
        let facts = self.host().await?;
        if facts.unreachable.iter().any(|pattern| pattern == "*" || *pattern == target.host) {
            return Err(ReachError("no answer within 8 s".into()));
        }
        Ok(Some(Signed { issuer: facts.tls_issuer, distrust: None }))
    }

    async fn egress(&self) -> Result<Ipv4Addr, ReachError> {
        Ok(self.host().await?.egress_ip)
    }
}

/// The password of the world's registry: given to whoever is logged in, and good for hours
/// whatever becomes of the login.
#[derive(Debug)]
struct RegistryPassword {
    socket: PathBuf,
    login: Arc<dyn CredentialSource>,
    held: Mutex<Option<Secret>>,
}

#[async_trait]
impl RegistryCredentials for RegistryPassword {
    async fn basic(&self, freshness: Freshness) -> Result<Option<Secret>, CredentialsError> {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let known = held().clone().filter(|_| freshness == Freshness::Any);
        if known.is_some() {
            return Ok(known);
        }
        let failed = |error: &dyn std::error::Error| CredentialsError(error.to_string());
        self.login.credentials().await.map_err(|error| failed(&error))?;
        let answer = control::request(&self.socket, "POST", "/registry-token", None).await;
        let answer = answer.map_err(|error| failed(&error))?;
        let password = answer["password"].as_str().unwrap_or_default();
        let token = Secret::new(STANDARD.encode(format!("AWS:{password}")));
        *held() = Some(token.clone());
        Ok(Some(token))
    }
}

fn loopback(address: SocketAddr) -> Url {
    let mut url = Url::parse("http://localhost/").expect("this is a URL");
    url.set_ip_host(address.ip()).expect("an http URL can have an address");
    url.set_port(Some(address.port())).expect("an http URL can have a port");
    url
}

/// Retries as patiently as a real install would, in the world's time.
fn retry(time_scale: f64) -> Retry {
    let usual = Retry::default();
    let scaled = |wait: Duration| wait.mul_f64(time_scale.min(1.0)).max(Duration::from_millis(5));
    Retry {
        first_wait: scaled(usual.first_wait),
        longest_wait: scaled(usual.longest_wait),
        ..usual
    }
}

/// Something that a rehearsal needs on disk cannot be had.
#[derive(Debug, thiserror::Error)]
#[error("could not prepare {what}")]
struct Unprepared {
    what: &'static str,
    #[source]
    source: std::io::Error,
}

impl Hint for Unprepared {}

/// Another rehearsal of that name is not finished.
#[derive(Debug, thiserror::Error)]
#[error("`{label}` is not finished and was begun with {what}")]
struct OtherRehearsal {
    label: String,
    what: &'static str,
    folder: String,
}

impl Hint for OtherRehearsal {
    fn hint(&self) -> Option<String> {
        Some(format!(
            "go on with it by `springboard resume {}`, choose another name by `--set deployment_name=…`, or stop its world and remove `{}`",
            self.label, self.folder
        ))
    }
}
