//! The world as a process: its addresses, how it is served, when it ends.
//!
//! [`serve`] is the process itself; [`Address`] is what others know of it (`DIR/world.json`).
//! Ports are picked by the system once and kept, so that a restarted world is found again. The
//! world ends when told, or by itself when nothing has asked it for a while.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::scenario::{Scenario, ScenarioError};
use super::{World, control, kubernetes, provider, registry, storage};
use crate::error::Hint;
use crate::host::Host;

/// Where a world is reached; the content of `world.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Address {
    /// Its process, while it lives.
    pub pid: u32,
    /// Control socket.
    pub control: PathBuf,
    /// Socket of the AWS provider.
    pub provider: PathBuf,
    /// Kubernetes API, TLS.
    pub kubernetes: SocketAddr,
    /// Container registry, HTTP.
    pub registry: SocketAddr,
    /// S3, HTTP.
    pub storage: SocketAddr,
    /// 1 is real time.
    pub time_scale: f64,
    /// Account id.
    pub account: String,
}

/// Time without a question after which a world ends by itself.
const IDLE: Duration = Duration::from_hours(2);

impl Address {
    /// What is known of the world in `dir`; `None` when there never was one.
    pub fn read(dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(dir.join("world.json")).ok()?).ok()
    }

    /// Whether the world answers.
    pub async fn is_alive(&self) -> bool {
        control::request(&self.control, "GET", "/health", None).await.is_ok()
    }

    fn write(&self, dir: &Path) -> io::Result<()> {
        let path = dir.join("world.json");
        let new = dir.join("world.json.new");
        std::fs::write(&new, serde_json::to_vec_pretty(self).map_err(io::Error::other)?)?;
        std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600))?;
        std::fs::rename(new, path)
    }
}

/// Writes what a new world needs to know before its process is started: scenario and time scale.
/// A world that was there keeps its own.
///
/// # Errors
/// When the folder cannot be written.
pub fn prepare(dir: &Path, scenario: &str, time_scale: f64) -> io::Result<()> {
    std::fs::create_dir_all(dir)?;
    std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))?;
    let path = dir.join("scenario.toml");
    if !path.exists() {
        std::fs::write(path, scenario)?;
        std::fs::write(dir.join("time-scale"), time_scale.to_string())?;
    }
    Ok(())
}

/// Gives the world in `dir`, which must not run, another scenario: another account in which the
/// same things exist.
///
/// # Errors
/// When the folder cannot be written.
pub fn replace_scenario(dir: &Path, scenario: &str) -> io::Result<()> {
    let new = dir.join("scenario.toml.new");
    std::fs::write(&new, scenario)?;
    std::fs::rename(new, dir.join("scenario.toml"))
}

/// The scenario that the world in `dir` was made with, or was given since.
///
/// # Errors
/// When it cannot be read.
pub fn scenario_text(dir: &Path) -> io::Result<String> {
    std::fs::read_to_string(dir.join("scenario.toml"))
}

/// Serves the world in `dir` until it is told to stop or nobody has asked it for long.
///
/// # Errors
/// When its folder, its scenario or one of its addresses cannot be used.
pub async fn serve(host: &Host, dir: &Path) -> Result<(), WorldError> {
    let at = |source| WorldError::Folder { path: dir.to_owned(), source };
    let scenario = Scenario::parse(&scenario_text(dir).map_err(at)?)?;
    let scale = std::fs::read_to_string(dir.join("time-scale")).map_err(at)?;
    let time_scale: f64 = scale.trim().parse().map_err(io::Error::other).map_err(at)?;
    let known = Address::read(dir);
    let listen = |address: Option<SocketAddr>| async move {
        let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
        TcpListener::bind(address).await.map_err(|source| WorldError::Taken { address, source })
    };
    let kubernetes = listen(known.as_ref().map(|a| a.kubernetes)).await?;
    let registry = listen(known.as_ref().map(|a| a.registry)).await?;
    let storage = listen(known.as_ref().map(|a| a.storage)).await?;
    let address = Address {
        pid: std::process::id(),
        control: host.socket_path(&dir.join("control.sock")),
        provider: host.socket_path(&dir.join("provider.sock")),
        kubernetes: kubernetes.local_addr().map_err(at)?,
        registry: registry.local_addr().map_err(at)?,
        storage: storage.local_addr().map_err(at)?,
        time_scale,
        account: scenario.account.id.clone(),
    };
    let world = World::open(dir, scenario, time_scale).map_err(at)?;
    // Before anybody can ask: what is there from the start has to be there for whoever is first.
    provider::seed(&world).map_err(at)?;
    let provider = private_socket(&address.provider).map_err(at)?;
    let control = private_socket(&address.control).map_err(at)?;
    let stop = Arc::new(Notify::new());
    let mut servers = JoinSet::new();
    servers.spawn(kubernetes::serve(world.clone(), kubernetes));
    servers.spawn(registry::serve(world.clone(), registry));
    servers.spawn(storage::serve(world.clone(), storage));
    servers.spawn(provider::serve(world.clone(), provider));
    servers.spawn(control::serve(world.clone(), control, stop.clone()));
    address.write(dir).map_err(at)?;
    let ended = tokio::select! {
        () = stop.notified() => Ok(()),
        () = nobody_asks(&world) => Ok(()),
        Some(ended) = servers.join_next() => match ended {
            Ok(Err(source)) => Err(at(source)),
            Ok(Ok(())) => Ok(()),
            Err(died) => Err(at(io::Error::other(died))),
        },
    };
    servers.abort_all();
    for socket in [&address.provider, &address.control] {
        let _already_gone = std::fs::remove_file(socket);
    }
    ended
}

async fn nobody_asks(world: &World) {
    while world.idle() < IDLE {
        tokio::time::sleep(IDLE.saturating_sub(world.idle()).max(Duration::from_secs(1))).await;
    }
}

fn private_socket(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Why a world cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum WorldError {
    /// Its folder cannot be used.
    #[error("could not use the folder of the simulated world, `{}`", .path.display())]
    Folder {
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Another program has its address.
    #[error("could not listen on {address}, the address of the simulated world")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its scenario is not right.
    #[error(transparent)]
    Scenario(#[from] ScenarioError),
}

impl Hint for WorldError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Folder { .. } => None,
            Self::Taken { address, .. } => {
                Some(format!("end the program that listens on {address}, then run it again"))
            }
            Self::Scenario(error) => error.hint(),
        }
    }
}
