//! What happens to a request: who asks, what is meant, who answers.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use serde_json::Value;

use super::access::{self, Cluster};
use super::failure::Failure;
use super::mishaps::{self, Mishap};
use super::objects::Objects;
use super::request::{Call, Target};
use super::{delete, discovery, openapi, read, subresource, watch, write};
use crate::rehearsal::World;
use crate::rehearsal::victims::Peer;

/// The API server refuses larger bodies too.
const LARGEST_BODY: usize = 16 << 20;

/// The API of the cluster.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) world: Arc<World>,
    pub(crate) objects: Objects,
}

/// What is answered.
#[derive(Debug)]
pub(crate) enum Answer {
    Json(u16, Value),
    Text(String),
    /// Bytes of that media type.
    Bytes(&'static str, Vec<u8>),
    /// JSON documents one after another, until the client has enough.
    Stream(Body),
}

impl Api {
    /// The API over what the world's store holds.
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { objects: Objects::open(Arc::clone(&world)), world }
    }

    /// Answers one request of `peer`; an error ends the connection without an answer.
    pub(crate) async fn answer(
        self: &Arc<Self>,
        request: Request<Incoming>,
        cluster: &Cluster,
        peer: Peer,
    ) -> io::Result<Response<Body>> {
        self.world.touch();
        let (parts, body) = request.into_parts();
        let bearer =
            parts.headers.get(header::AUTHORIZATION).and_then(|v| v.to_str().ok()).unwrap_or("");
        if !access::is_authentic(&self.world, cluster, bearer) {
            return Ok(refuse(&Failure::unauthorized()));
        }
        let Ok(body) = axum::body::to_bytes(Body::new(body), LARGEST_BODY).await else {
            let failure = Failure::bad_request("the body could not be read, or is too large");
            return Ok(refuse(&failure));
        };
        let call = Call::new(parts.method, &parts.uri, &parts.headers, body);
        match mishaps::befall(self, &call, peer).await? {
            Mishap::None => {}
            Mishap::Refusal(failure) => return Ok(refuse(&failure)),
            Mishap::Loss => return Err(io::ErrorKind::ConnectionReset.into()),
        }
        let started = tokio::time::Instant::now();
        let answer = self.route(&call, cluster);
        tracing::debug!(
            method = %call.method,
            uri = %parts.uri,
            content_type = call.content_type,
            ok = answer.is_ok(),
            micros = started.elapsed().as_micros(),
            "kubernetes request"
        );
        Ok(match answer {
            Ok(Answer::Json(code, value)) => json(code, &value, "application/json"),
            Ok(Answer::Text(text)) => respond(StatusCode::OK, "text/plain", Body::from(text)),
            Ok(Answer::Bytes(media_type, bytes)) => {
                respond(StatusCode::OK, media_type, Body::from(bytes))
            }
            Ok(Answer::Stream(body)) => respond(StatusCode::OK, "application/json", body),
            Err(failure) => refuse(&failure),
        })
    }

    fn route(self: &Arc<Self>, call: &Call, cluster: &Cluster) -> Result<Answer, Failure> {
        if call.method == Method::GET
            && let Some(answer) = discovery::answer(self, call, cluster)
                .or_else(|| openapi::answer(&self.objects, call))
        {
            return Ok(answer);
        }
        let target =
            Target::parse(&self.objects, &call.segments).ok_or_else(Failure::no_such_resource)?;
        if !target.subresource.is_empty() {
            return subresource::answer(self, call, &target);
        }
        match (call.method.clone(), target.name.is_empty()) {
            (Method::GET, _) if call.query.is_set("watch") => watch::answer(self, call, &target),
            (Method::GET, true) => read::list(self, call, &target),
            (Method::GET, false) => read::one(self, call, &target),
            (Method::POST, true) => write::create(self, call, &target),
            (Method::PUT, false) => write::replace(self, call, &target),
            (Method::PATCH, false) => write::patch(self, call, &target),
            (Method::DELETE, true) => delete::collection(self, call, &target),
            (Method::DELETE, false) => delete::one(self, call, &target),
            _ => Err(Failure::method_not_allowed()),
        }
    }
}

fn refuse(failure: &Failure) -> Response<Body> {
    json(failure.code, &failure.status(), "application/json")
}

fn json(code: u16, value: &Value, content_type: &'static str) -> Response<Body> {
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let content_type = match value["kind"].as_str() {
        Some("APIGroupDiscoveryList") => discovery::AGGREGATED,
        _ => content_type,
    };
    respond(status, content_type, Body::from(Bytes::from(value.to_string())))
}

fn respond(status: StatusCode, content_type: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
