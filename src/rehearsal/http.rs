//! Serves HTTP to other programs on loopback, and lets a request go wrong as the scenario wants.

use std::error::Error;
use std::io;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use super::World;
use super::fault::{Point, Reach};
use super::victims::{self, Peer};

type Cause = Box<dyn Error + Send + Sync>;

/// Answers connections until it is dropped; each request finds its connection's [`Hangup`] among
/// the extensions.
pub(super) async fn serve<S, B>(
    world: Arc<World>,
    listener: TcpListener,
    service: S,
) -> io::Result<()>
where
    S: Service<Request<Incoming>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Into<Cause>,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Cause>,
{
    let mut connections = JoinSet::new();
    loop {
        let (stream, _peer) = listener.accept().await?;
        while connections.try_join_next().is_some() {}
        let (world, service, hangup) = (world.clone(), service.clone(), Hangup::default());
        connections.spawn(async move {
            let own = hangup.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                world.touch();
                request.extensions_mut().insert(own.clone());
                service.call(request)
            });
            // Both arms are the end of the connection; nothing is lost with the other one.
            tokio::select! {
                _ended = http1::Builder::new().serve_connection(TokioIo::new(stream), service) => {}
                () = hangup.wanted() => {}
            }
        });
    }
}

/// Ends the connection that a request came in on.
#[derive(Debug, Clone, Default)]
pub(super) struct Hangup(Arc<Notify>);

impl Hangup {
    /// Ends it; never returns, as nobody is there to answer.
    async fn now(&self) {
        self.0.notify_one();
        std::future::pending::<()>().await;
    }

    async fn wanted(&self) {
        self.0.notified().await;
    }
}

/// Lets happen what the scenario wants at one of `places`; the text of an error is for the caller
/// to answer with.
pub(super) async fn mishap(
    world: &World,
    places: &[&str],
    when: &str,
    hangup: Option<&Hangup>,
) -> io::Result<Option<String>> {
    let point = Point { places, when, reach: Reach::Transfer };
    let Some(fault) = world.fault(&point)? else { return Ok(None) };
    victims::strike(world, &fault, Peer::Unknown);
    if let Some(hang) = fault.hang {
        tokio::time::sleep(world.scaled(hang.as_duration())).await;
    }
    if let (Some(_), Some(hangup)) = (&fault.drop, hangup) {
        hangup.now().await;
    }
    Ok(fault.error)
}

/// The status that an error text of a scenario is answered with.
pub(super) fn status_of(error: &str) -> u16 {
    let says = |words: &[&str]| words.iter().any(|word| error.contains(word));
    if says(&["Throttl", "TooManyRequests", "Rate exceeded"]) {
        429
    } else if says(&["SlowDown", "ServiceUnavailable"]) {
        503
    } else if says(&["InternalError", "InternalFailure", "ServerException"]) {
        500
    } else if says(&["AccessDenied", "not authorized", "denied", "Expired", "expired"]) {
        403
    } else {
        400
    }
}

/// The sentence in which AWS denies an action, when the scenario denies it.
pub(super) fn denial(world: &World, action: &str, resource: &str) -> Option<String> {
    let denial = world.scenario.denials.iter().find(|denial| denial.action == action)?;
    let who = &world.scenario.account.principal;
    Some(format!(
        "User: {who} is not authorized to perform: {action} on resource: {resource} {}",
        denial.reason()
    ))
}
