//! `springboard world`: the simulated world without the installer.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use springboard::cli::{WorldArgs, WorldCommand};
use springboard::engine::deployment::Deployment;
use springboard::error::Hint;
use springboard::frontend::json::pretty;
use springboard::frontend::printer::Printer;
use springboard::host::Host;
use springboard::rehearsal::process::{self, Address};
use springboard::rehearsal::scenario::Alteration;
use springboard::rehearsal::{Scenario, control, environment, scenarios};
use springboard::tools::process::{CommandLine, detach};

use super::{Ending, absolute, state_root};

/// Time scale of a rehearsal unless another is asked for: a whole install in two to three minutes.
pub(crate) const DEFAULT_TIME_SCALE: f64 = 0.05;

/// How long a world may take until it answers.
const READY_WITHIN: Duration = Duration::from_secs(30);

pub(crate) async fn run(
    command: WorldCommand,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    match command {
        WorldCommand::Start { world, scenario, time_scale } => {
            let dir = folder(&world, host)?;
            let scenario = scenario_text(scenario.as_deref(), host)?;
            let scale = time_scale.unwrap_or(DEFAULT_TIME_SCALE);
            let address = start(host, &dir, &scenario, scale).await?;
            printer.line(&format!(
                "the world in {} is ready, process {}",
                dir.display(),
                address.pid
            ));
        }
        WorldCommand::Env { world, json } => {
            let dir = folder(&world, host)?;
            let address = alive(&dir).await?;
            let kubeconfig = environment::write_kubeconfig(&dir, &address, host.program());
            let kubeconfig =
                kubeconfig.map_err(|e| Ending::not_ready(&WorldAbsent::write(&dir, e)))?;
            let variables = environment::of(&address, &kubeconfig);
            printer.text(&shown(&variables, json));
        }
        WorldCommand::Inventory { world } => {
            let address = alive(&folder(&world, host)?).await?;
            let asked = control::request(&address.control, "GET", "/inventory", None).await;
            let inventory = asked.map_err(|e| Ending::not_ready(&WorldAbsent::Silent(e)))?;
            printer.line(&pretty(&inventory));
        }
        WorldCommand::Login { world } => {
            let address = alive(&folder(&world, host)?).await?;
            let renewed = control::request(&address.control, "POST", "/login", None).await;
            let renewed = renewed.map_err(|e| Ending::not_ready(&WorldAbsent::Silent(e)))?;
            let until = renewed["expires"].as_str().and_then(|at| at.parse::<Timestamp>().ok());
            printer.line(&match until {
                Some(at) => format!(
                    "logged in again; the credentials end at {}",
                    at.strftime("%Y-%m-%d %H:%M:%S UTC")
                ),
                None => "logged in again; the credentials of this world do not end".to_owned(),
            });
        }
        WorldCommand::Change { world, scenario } => {
            change(&folder(&world, host)?, &scenario, host, printer).await?;
        }
        WorldCommand::Alter { world, object, delete, sets } => {
            let address = alive(&folder(&world, host)?).await?;
            let set = attributes(&sets)?;
            let alteration = json!(Alteration { object, delete, set });
            let asked = control::request(&address.control, "POST", "/alter", Some(alteration));
            let altered = asked.await.map_err(|e| Ending::usage(&WorldAbsent::Refused(e)))?;
            let word = if delete { "deleted" } else { "changed" };
            printer.line(&format!("{word} {}", altered["object"].as_str().unwrap_or_default()));
        }
        WorldCommand::Stop { world } => {
            let dir = folder(&world, host)?;
            stop(&dir).await.map_err(|error| Ending::not_ready(&error))?;
            printer.line(&format!("the world in {} is stopped", dir.display()));
        }
        WorldCommand::Serve { dir } => {
            // Its own session: neither a closed terminal nor a Ctrl-C for the engine reaches it.
            let _already_leads_one = rustix::process::setsid();
            process::serve(host, &dir).await.map_err(|error| Ending::not_ready(&error))?;
        }
    }
    Ok(Ending::DONE)
}

/// Gives the world in `dir` another scenario.
async fn change(
    dir: &Path,
    scenario: &str,
    host: &Host,
    printer: &mut Printer,
) -> Result<(), Ending> {
    let text = scenario_text(Some(scenario), host)?;
    Scenario::parse(&text).map_err(|error| Ending::usage(&error))?;
    if Address::read(dir).is_none() {
        return Err(Ending::not_ready(&WorldAbsent::Nobody { dir: dir.to_owned() }));
    }
    stop(dir).await.map_err(|error| Ending::not_ready(&error))?;
    let replaced = process::replace_scenario(dir, &text);
    replaced.map_err(|e| Ending::not_ready(&WorldAbsent::write(dir, e)))?;
    let address = start(host, dir, &text, DEFAULT_TIME_SCALE).await?;
    printer.line(&format!(
        "the world in {} is as in {scenario} from now on, process {}",
        dir.display(),
        address.pid
    ));
    Ok(())
}

/// `NAME=VALUE` as TOML; a bare word is a text.
fn attributes(sets: &[String]) -> Result<toml::Table, Ending> {
    let read = |set: &String| {
        let (name, value) = set.split_once('=')?;
        let table = format!("v = {value}").parse::<toml::Table>();
        let value = match table {
            Ok(mut table) => table.remove("v")?,
            Err(_bare_word) => toml::Value::String(value.to_owned()),
        };
        Some((name.to_owned(), value))
    };
    sets.iter()
        .map(|set| {
            read(set).ok_or_else(|| {
                Ending::plain(2, format!("error: `{set}` is not of the form NAME=VALUE"))
            })
        })
        .collect()
}

/// Starts the world in `dir`, or finds it started; returns when it answers.
pub(crate) async fn start(
    host: &Host,
    dir: &Path,
    scenario: &str,
    time_scale: f64,
) -> Result<Address, Ending> {
    let not_ready = |error: WorldAbsent| Ending::not_ready(&error);
    if let Some(address) = Address::read(dir)
        && address.is_alive().await
    {
        return Ok(address);
    }
    process::prepare(dir, scenario, time_scale)
        .map_err(|e| not_ready(WorldAbsent::write(dir, e)))?;
    let log = dir.join("world.log");
    let command = CommandLine {
        program: host.program().to_owned(),
        args: vec!["world".into(), "serve".into(), "--dir".into(), dir.display().to_string()],
        env: host.vars().clone(),
        dir: dir.to_owned(),
    };
    let mut child = detach(&command, &log).map_err(|e| not_ready(WorldAbsent::write(dir, e)))?;
    let ready = async {
        loop {
            let address = Address::read(dir).filter(|a| Some(a.pid) == child.id());
            if let Some(address) = address
                && address.is_alive().await
            {
                return Ok(address);
            }
            if child.try_wait().ok().flatten().is_some() {
                return Err(WorldAbsent::Died { said: last_words(&log), log: log.clone() });
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let started = tokio::time::timeout(READY_WITHIN, ready).await;
    started
        .unwrap_or_else(|_elapsed| Err(WorldAbsent::Slow { log: log.clone() }))
        .map_err(not_ready)
}

/// Tells the world in `dir` to stop and waits until it has.
pub(crate) async fn stop(dir: &Path) -> Result<(), WorldAbsent> {
    let Some(address) = Address::read(dir) else { return Ok(()) };
    if control::request(&address.control, "POST", "/stop", None).await.is_err() {
        return Ok(());
    }
    let gone = async {
        while address.is_alive().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let in_time = tokio::time::timeout(READY_WITHIN, gone).await;
    in_time.map_err(|_elapsed| WorldAbsent::Slow { log: dir.join("world.log") })
}

/// The text of a scenario: an embedded name, or a file.
pub(crate) fn scenario_text(given: Option<&str>, host: &Host) -> Result<String, Ending> {
    let given = given.unwrap_or(scenarios::DEFAULT);
    if let Some(text) = scenarios::embedded(given) {
        return Ok(text.to_owned());
    }
    let path = absolute(Path::new(given), host);
    std::fs::read_to_string(&path).map_err(|source| {
        let known = scenarios::ALL.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
        Ending::usage(&WorldAbsent::NoScenario { given: given.to_owned(), known, source })
    })
}

async fn alive(dir: &Path) -> Result<Address, Ending> {
    let nobody = || Ending::not_ready(&WorldAbsent::Nobody { dir: dir.to_owned() });
    let address = Address::read(dir).ok_or_else(nobody)?;
    if address.is_alive().await { Ok(address) } else { Err(nobody()) }
}

fn folder(world: &WorldArgs, host: &Host) -> Result<PathBuf, Ending> {
    let root = state_root(world.state_dir.as_ref(), host);
    match (&world.dir, &world.deployment) {
        (Some(dir), _) => Ok(absolute(dir, host)),
        (None, None) => Ok(root.join("world")),
        (None, Some(name)) => {
            let name = format!("rehearsal/{}", name.trim_start_matches("rehearsal/"));
            let found = Deployment::find(&root, &name).map_err(|error| Ending::usage(&error))?;
            Ok(found.world())
        }
    }
}

fn shown(variables: &BTreeMap<String, String>, json: bool) -> String {
    if json {
        return format!("{}\n", pretty(&json!(variables)));
    }
    let quoted = |value: &str| value.replace('\'', r"'\''");
    let line = |(name, value): (&String, &String)| format!("export {name}='{}'", quoted(value));
    variables.iter().map(line).chain([String::new()]).collect::<Vec<_>>().join("\n")
}

fn last_words(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("nothing").to_owned()
}

/// Why a world is not to be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WorldAbsent {
    /// None is running there.
    #[error("no simulated world is running in `{}`", .dir.display())]
    Nobody {
        /// The folder.
        dir: PathBuf,
    },
    /// It does not answer.
    #[error("the simulated world does not answer")]
    Silent(#[source] io::Error),
    /// It does not do what it is told.
    #[error("the simulated world refuses")]
    Refused(#[source] io::Error),
    /// Its folder cannot be used.
    #[error("could not use the folder of the simulated world, `{}`", .dir.display())]
    Folder {
        /// The folder.
        dir: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended at once.
    #[error("the simulated world ended at once; it said: {said}")]
    Died {
        /// Its last line.
        said: String,
        /// Its log.
        log: PathBuf,
    },
    /// It takes too long.
    #[error("the simulated world takes longer than {} s", READY_WITHIN.as_secs())]
    Slow {
        /// Its log.
        log: PathBuf,
    },
    /// There is no such scenario.
    #[error("there is no scenario `{given}`")]
    NoScenario {
        /// What was asked for.
        given: String,
        /// The embedded ones.
        known: String,
        /// Why it is not a file either.
        #[source]
        source: io::Error,
    },
}

impl WorldAbsent {
    fn write(dir: &Path, source: io::Error) -> Self {
        Self::Folder { dir: dir.to_owned(), source }
    }
}

impl Hint for WorldAbsent {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Nobody { .. } => Some("start one with `springboard world start`".into()),
            Self::Silent(_) | Self::Refused(_) | Self::Folder { .. } => None,
            Self::Died { log, .. } | Self::Slow { log } => {
                Some(format!("its log is `{}`", log.display()))
            }
            Self::NoScenario { known, .. } => Some(format!("embedded are {known}")),
        }
    }
}
