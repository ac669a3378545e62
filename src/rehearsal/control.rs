//! The control socket of the world: health, account, login, inventory, stage, changes, stop; JSON over HTTP on a Unix
//! socket that only its owner can open.

use std::io;
use std::path::Path;
use std::sync::Arc;

use axum::extract::{Path as Segment, State};
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use bytes::Bytes;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Notify;

use super::drift::{self, AlterError};
use super::login::Login;
use super::scenario::Alteration;
use super::{World, account, inventory, registry};

/// What the control socket needs.
#[derive(Debug, Clone)]
struct Desk {
    world: Arc<World>,
    stop: Arc<Notify>,
}

/// Serves the control socket until the task is dropped; `stop` is notified when asked to stop.
///
/// # Errors
/// When the socket fails.
pub async fn serve(world: Arc<World>, listener: UnixListener, stop: Arc<Notify>) -> io::Result<()> {
    let router = Router::new()
        .route("/health", get(health))
        .route("/inventory", get(whole_inventory))
        .route("/login", get(login).post(log_in))
        .route("/login/{number}", get(numbered_login))
        .route("/registry-token", post(registry_token))
        .route("/account/{region}/{*question}", get(question))
        .route("/ask/{region}", post(ask))
        .route("/host", get(host))
        .route("/stage", post(stage))
        .route("/alter", post(alter))
        .route("/stop", post(stop_world))
        .with_state(Desk { world, stop });
    axum::serve(listener, router).await
}

async fn health(State(desk): State<Desk>) -> Json<Value> {
    desk.world.touch();
    Json(json!({ "pid": std::process::id(), "springboard": env!("CARGO_PKG_VERSION") }))
}

async fn whole_inventory(State(desk): State<Desk>) -> Json<Value> {
    desk.world.touch();
    Json(inventory::of(&desk.world.store))
}

async fn login(State(desk): State<Desk>) -> Json<Value> {
    desk.world.touch();
    Json(Login::current(&desk.world).document(&desk.world))
}

async fn numbered_login(
    State(desk): State<Desk>,
    Segment(number): Segment<u64>,
) -> Result<Json<Value>, StatusCode> {
    desk.world.touch();
    let login = Login::numbered(&desk.world, number).ok_or(StatusCode::NOT_FOUND)?;
    Ok(Json(login.document(&desk.world)))
}

async fn log_in(State(desk): State<Desk>) -> Result<Json<Value>, StatusCode> {
    desk.world.touch();
    let renewed = Login::renew(&desk.world);
    let login = renewed.map_err(|_disk| StatusCode::INSUFFICIENT_STORAGE)?;
    Ok(Json(json!({ "number": login.number, "expires": login.expires })))
}

/// What the scenario says of this host and the internet.
async fn host(State(desk): State<Desk>) -> Json<Value> {
    desk.world.touch();
    Json(serde_json::to_value(&desk.world.scenario.host).unwrap_or_default())
}

async fn registry_token(State(desk): State<Desk>) -> Json<Value> {
    desk.world.touch();
    Json(registry::password::issue(&desk.world))
}

async fn question(
    State(desk): State<Desk>,
    Segment((region, question)): Segment<(String, String)>,
) -> Result<Json<Value>, StatusCode> {
    desk.world.touch();
    account::answer(&desk.world, &region, &question).map(Json).ok_or(StatusCode::NOT_FOUND)
}

/// A question that AWS may refuse to answer: with its words.
async fn ask(
    State(desk): State<Desk>,
    Segment(region): Segment<String>,
    Json(question): Json<account::Question>,
) -> Json<account::Answer> {
    desk.world.touch();
    Json(account::ask(&desk.world, &region, &question))
}

/// The beginning of a stage, as the engine's side tells it.
#[derive(Debug, Serialize, Deserialize)]
pub struct StageBegins {
    /// The stage.
    pub stage: String,
    /// The process that carries it out.
    pub engine: u32,
}

type Told = Result<Json<Value>, (StatusCode, Json<Value>)>;

fn refused(error: &AlterError) -> (StatusCode, Json<Value>) {
    (StatusCode::UNPROCESSABLE_ENTITY, Json(json!({ "error": error.to_string() })))
}

async fn stage(State(desk): State<Desk>, Json(begins): Json<StageBegins>) -> Told {
    desk.world.touch();
    let told = drift::at_stage(&desk.world, &begins.stage, begins.engine);
    told.map(|()| Json(json!({}))).map_err(|error| refused(&error))
}

async fn alter(State(desk): State<Desk>, Json(alteration): Json<Alteration>) -> Told {
    desk.world.touch();
    let altered = drift::alter(&desk.world, &alteration);
    altered.map(|object| Json(json!({ "object": object }))).map_err(|error| refused(&error))
}

async fn stop_world(State(desk): State<Desk>) -> Json<Value> {
    desk.stop.notify_one();
    Json(json!({ "stopping": true }))
}

/// Asks the world behind `socket` and returns its JSON answer.
///
/// # Errors
/// When the world is not there, does not answer in 10 seconds, or does not know the question.
pub async fn request(
    socket: &Path,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> io::Result<Value> {
    const LIMIT: std::time::Duration = std::time::Duration::from_secs(10);
    let asked = exchange(socket, method, path, body);
    tokio::time::timeout(LIMIT, asked).await.map_err(io::Error::other)?
}

async fn exchange(
    socket: &Path,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> io::Result<Value> {
    use http_body_util::{BodyExt as _, Full};

    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(io::Error::other)?;
    let bytes = body.map(|value| Bytes::from(value.to_string())).unwrap_or_default();
    let request = http::Request::builder()
        .method(method)
        .uri(path)
        .header("host", "world")
        .header("content-type", "application/json")
        .body(Full::new(bytes))
        .map_err(io::Error::other)?;
    let answer = async {
        let response = sender.send_request(request).await.map_err(io::Error::other)?;
        let status = response.status();
        let body = response.into_body().collect().await.map_err(io::Error::other)?.to_bytes();
        if !status.is_success() {
            let said: Value = serde_json::from_slice(&body).unwrap_or_default();
            let said = said["error"].as_str().map(str::to_owned);
            return Err(io::Error::other(
                said.unwrap_or_else(|| format!("the world answered {status} to {path}")),
            ));
        }
        serde_json::from_slice(&body).map_err(io::Error::other)
    };
    // The connection must be driven while the answer is awaited; it ends with it.
    tokio::pin!(answer);
    tokio::select! {
        answer = &mut answer => answer,
        closed = connection => {
            closed.map_err(io::Error::other)?;
            answer.await
        }
    }
}
