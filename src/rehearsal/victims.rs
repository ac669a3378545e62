//! Processes that a scenario ends or tells to stop, and how they are found.
//!
//! The engine says who it is when it begins a stage; a terraform is the peer of its Unix socket, a
//! helm the owner of the other end of its TCP connection, which only Linux tells.

use std::net::SocketAddr;
use std::path::Path;

use rustix::process::{Pid, Signal, getpid, kill_process};

use super::World;
use super::fault::{Fault, Stop, Victim};

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Peer {
    /// Nobody who could be found.
    #[default]
    Unknown,
    /// A process.
    Process(Pid),
    /// The other end of a TCP connection.
    Address(SocketAddr),
}

impl Peer {
    /// The process of that number.
    pub(super) fn of_pid(pid: Option<i32>) -> Self {
        pid.and_then(Pid::from_raw).map_or(Self::Unknown, Self::Process)
    }

    fn pid(self) -> Option<Pid> {
        match self {
            Self::Unknown => None,
            Self::Process(pid) => Some(pid),
            Self::Address(address) => owner_of(address),
        }
    }
}

/// Keeps who the engine is.
pub(super) fn introduce(world: &World, engine: u32) -> std::io::Result<()> {
    world.store.put("world", "engine", engine.into())
}

/// Kills or stops whom the fault means.
pub(super) fn strike(world: &World, fault: &Fault, peer: Peer) {
    if let Some(victim) = fault.kill {
        let pid = match victim {
            Victim::World => Some(getpid()),
            Victim::Engine => engine(world),
            Victim::Terraform | Victim::Helm => peer.pid(),
        };
        signal(pid, Signal::KILL, fault);
    }
    if fault.stop == Some(Stop::Engine) {
        signal(engine(world), Signal::INT, fault);
    }
}

fn signal(pid: Option<Pid>, signal: Signal, fault: &Fault) {
    let sent = match pid {
        Some(pid) => kill_process(pid, signal).map_err(|error| error.to_string()),
        None => Err("it was not found".to_owned()),
    };
    match sent {
        Ok(()) => tracing::info!(at = fault.at, ?signal, "the scenario has ended a process"),
        Err(error) => tracing::warn!(at = fault.at, error, "could not end what the scenario means"),
    }
}

/// The process that carries the deployment out; not another one that got its number.
fn engine(world: &World) -> Option<Pid> {
    let pid = world.store.get("world", "engine")?.as_u64()?;
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw)?;
    let program = |of: &str| std::fs::read_link(Path::new("/proc").join(of).join("exe")).ok();
    let same = program(&pid.as_raw_nonzero().to_string()) == program("self");
    same.then_some(pid)
}

/// The process that holds the TCP socket with that local address.
fn owner_of(address: SocketAddr) -> Option<Pid> {
    let table = std::fs::read_to_string("/proc/net/tcp").ok()?;
    let socket = format!("socket:[{}]", inode_of(&table, address)?);
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let mut numbers = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.find(|pid: &i32| holds(*pid, &socket)).and_then(Pid::from_raw)
}

fn holds(pid: i32, socket: &str) -> bool {
    let Ok(descriptors) = std::fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors
        .flatten()
        .filter_map(|entry| std::fs::read_link(entry.path()).ok())
        .any(|target| target == Path::new(socket))
}

/// The kernel writes an IPv4 address as eight hex digits in the byte order of the machine.
fn inode_of(table: &str, address: SocketAddr) -> Option<String> {
    let SocketAddr::V4(address) = address else { return None };
    let host = u32::from_ne_bytes(address.ip().octets());
    let local = format!("{host:08X}:{:04X}", address.port());
    table.lines().skip(1).find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        (*fields.get(1)? == local).then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
    })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_owner_of_a_connection_is_found() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let stream = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert_eq!(owner_of(stream.local_addr().unwrap()), Some(getpid()));
        assert_eq!(owner_of("127.0.0.1:1".parse().unwrap()), None);
    }
}
