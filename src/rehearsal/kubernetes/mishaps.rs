//! What the scenario wants to go wrong with a change that somebody asks of the API.
//!
//! A change is meant by the release that its object belongs to, by `PLURAL/NAMESPACE/NAME`, by the
//! kind, or by the stage that is under way. Reads never go wrong.

use std::io;

use http::Method;
use serde_json::Value;

use super::api::Api;
use super::failure::Failure;
use super::request::{Call, Target};
use super::value::{annotation, name};
use crate::rehearsal::fault::{Point, Reach};
use crate::rehearsal::victims::{self, Peer};

/// How a request goes on.
#[derive(Debug)]
pub(super) enum Mishap {
    /// As it would have.
    None,
    /// It is refused.
    Refusal(Failure),
    /// The connection is lost.
    Loss,
}

/// Lets happen what the scenario wants before a change is made.
pub(super) async fn befall(api: &Api, call: &Call, peer: Peer) -> io::Result<Mishap> {
    let world = &api.world;
    if world.scenario.faults.is_empty() || call.is_dry_run() {
        return Ok(Mishap::None);
    }
    let Some(change) = Change::of(api, call) else { return Ok(Mishap::None) };
    let places: Vec<&str> = change.places.iter().map(String::as_str).collect();
    let point = Point { places: &places, when: change.when, reach: Reach::Cluster };
    let Some(fault) = world.fault(&point)? else { return Ok(Mishap::None) };
    if let Some(hang) = fault.hang {
        tokio::time::sleep(world.scaled(hang.as_duration())).await;
    }
    victims::strike(world, &fault, peer);
    if fault.drop.is_some() {
        return Ok(Mishap::Loss);
    }
    Ok(fault.error.map_or(Mishap::None, |error| Mishap::Refusal(Failure::internal(error))))
}

/// A change that is asked for.
struct Change {
    when: &'static str,
    places: Vec<String>,
}

impl Change {
    /// What a call wants to change; `None` when it only reads, or writes a status.
    fn of(api: &Api, call: &Call) -> Option<Self> {
        let target = Target::parse(&api.objects, &call.segments)?;
        if !target.subresource.is_empty() || call.method == Method::GET {
            return None;
        }
        let body = call.object().unwrap_or_default();
        let own = if target.name.is_empty() { name(&body) } else { &target.name };
        let there = api.objects.get(&target.path(), &target.namespace, own);
        let when = match call.method {
            Method::DELETE => "delete",
            Method::POST => "create",
            // Server-side apply creates what is not there.
            _ if there.is_none() => "create",
            _ => "update",
        };
        let release = |object: &Value| annotation(object, RELEASE).map(str::to_owned);
        let release = release(&body).or_else(|| release(there.as_ref()?));
        let object = format!("{}/{}/{own}", target.kind.plural, target.namespace);
        let places = release.into_iter().chain([object, target.kind.kind.clone()]).collect();
        Some(Self { when, places })
    }
}

/// The annotation by which Helm knows what is its own.
const RELEASE: &str = "meta.helm.sh/release-name";
