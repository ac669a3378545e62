//! The way in: TCP, TLS with the cluster's CA, HTTP/1.1, one task a connection.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use rustls::server::Acceptor;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::LazyConfigAcceptor;

use super::access::Cluster;
use super::api::Api;
use super::controllers;
use crate::rehearsal::World;
use crate::rehearsal::authority::Authority;
use crate::rehearsal::victims::Peer;

/// Serves the Kubernetes API of the world's cluster, and runs the cluster behind it.
///
/// Returns only with an error; dropping the future ends every connection.
///
/// # Errors
/// When the authority of the world cannot be read or made.
pub async fn serve(world: Arc<World>, listener: TcpListener) -> io::Result<()> {
    let authority = Authority::open(world.dir())?;
    let api = Arc::new(Api::new(Arc::clone(&world)));
    let accepting = accept(Arc::clone(&api), authority, listener);
    // Both run for ever; whichever fails ends the other.
    tokio::select! {
        result = accepting => result,
        () = controllers::run(&api) => Ok(()),
    }
}

async fn accept(api: Arc<Api>, authority: Authority, listener: TcpListener) -> io::Result<()> {
    let mut connections = JoinSet::new();
    let mut tls: Option<(Vec<String>, Arc<ServerConfig>)> = None;
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Too many open files, most likely: it passes when connections end.
                tracing::warn!(%error, "could not accept a connection to the Kubernetes API");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        while connections.try_join_next().is_some() {}
        let clusters = Cluster::all(&api.world);
        if clusters.is_empty() {
            continue;
        }
        let mut names: Vec<String> = clusters.iter().flat_map(Cluster::names).collect();
        names.sort();
        names.dedup();
        let config = match &tls {
            Some((known, config)) if *known == names => Arc::clone(config),
            _ => {
                let config = Arc::new(authority.server_config(&names)?);
                tls = Some((names, Arc::clone(&config)));
                config
            }
        };
        let api = Arc::clone(&api);
        connections.spawn(async move {
            if let Err(error) = converse(api, stream, config).await {
                tracing::debug!(%error, "a connection to the Kubernetes API ended early");
            }
        });
    }
}

/// Answers the requests of one connection.
async fn converse(api: Arc<Api>, stream: TcpStream, config: Arc<ServerConfig>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let peer = Peer::Address(stream.peer_addr()?);
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let server_name = start.client_hello().server_name().unwrap_or_default().to_owned();
    // From an address that is not allowed nothing answers, not even the handshake.
    reachable(&api, &server_name)?;
    let stream = start.into_stream(config).await?;
    let service = service_fn(|request: Request<Incoming>| {
        let (api, server_name) = (Arc::clone(&api), server_name.clone());
        async move {
            let cluster = reachable(&api, &server_name)?;
            api.answer(request, &cluster, peer).await
        }
    });
    hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await
        .map_err(io::Error::other)
}

/// The cluster that is meant, if it is there and answers this host.
fn reachable(api: &Api, server_name: &str) -> io::Result<Cluster> {
    let mut clusters = Cluster::all(&api.world);
    let meant = clusters
        .iter()
        .position(|cluster| cluster.host.eq_ignore_ascii_case(server_name))
        .unwrap_or(0);
    if clusters.is_empty() {
        return Err(io::Error::new(io::ErrorKind::ConnectionRefused, "there is no cluster"));
    }
    let cluster = clusters.swap_remove(meant);
    if cluster.answers(api.world.scenario.host.egress_ip) {
        Ok(cluster)
    } else {
        Err(io::Error::new(io::ErrorKind::TimedOut, "the host is not in the allowlist"))
    }
}
