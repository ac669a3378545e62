//! The container registry of the simulated account, as Amazon ECR behaves.
//!
//! Speaks the OCI distribution protocol: push (whole, in chunks, by mount), pull, tags, catalogue.
//! A repository exists when Terraform made it. Small blobs are kept byte for byte, of large ones
//! only size and digest. Requests without credentials are answered, so that other clients need no
//! login; with credentials the user must be `AWS`, as with ECR, and a password of the world must
//! not have ended. Start at [`serve`].

mod blobs;
mod error;
mod manifests;
pub(super) mod password;

use std::collections::HashMap;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use http::{Method, StatusCode, header};
use hyper_util::service::TowerToHyperService;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use self::blobs::Upload;
use self::error::{Code, Refusal};
use super::http::{self as connection, Hangup};
use super::store::Store;
use super::{World, http::denial};

/// Blobs up to this size are kept whole.
const KEPT_AT_MOST: u64 = 1 << 20;
/// What one response of a list holds at most.
const PAGE: usize = 1000;

/// Serves the registry until dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(world: Arc<World>, listener: TcpListener) -> io::Result<()> {
    serve_keeping(world, listener, KEPT_AT_MOST).await
}

/// As [`serve`], keeping the bytes of blobs up to `kept_at_most`.
///
/// # Errors
/// When the listener fails.
pub async fn serve_keeping(
    world: Arc<World>,
    listener: TcpListener,
    kept_at_most: u64,
) -> io::Result<()> {
    let registry = Arc::new(Registry {
        world: world.clone(),
        kept_at_most,
        uploads: Mutex::default(),
        count: AtomicU64::new(0),
    });
    let router = Router::new().fallback(answer).with_state(registry);
    connection::serve(world, listener, TowerToHyperService::new(router)).await
}

/// The images of the world: repository, tag and digest; a manifest without a tag has none.
pub fn inventory(store: &Store) -> Value {
    let mut images: Vec<Value> = Vec::new();
    let mut tagged = std::collections::BTreeSet::new();
    let all = store.list("registry");
    for (key, value) in all.iter().filter(|(key, _)| !key.contains('@')) {
        if let Some((repository, tag)) = key.rsplit_once(':') {
            let digest = value["digest"].clone();
            tagged.insert(format!("{repository}@{}", digest.as_str().unwrap_or_default()));
            images.push(json!({"repository": repository, "tag": tag, "digest": digest}));
        }
    }
    let untagged = all.iter().filter(|(key, _)| key.contains('@') && !tagged.contains(key));
    images.extend(untagged.filter_map(|(key, _)| {
        let (repository, digest) = key.split_once('@')?;
        Some(json!({"repository": repository, "tag": null, "digest": digest}))
    }));
    Value::Array(images)
}

#[derive(Debug)]
struct Registry {
    world: Arc<World>,
    kept_at_most: u64,
    /// In memory only: as with ECR, an upload that was not finished is begun again.
    uploads: Mutex<HashMap<String, Upload>>,
    count: AtomicU64,
}

/// What a request is about.
struct Call {
    repository: String,
    hangup: Option<Hangup>,
    query: HashMap<String, String>,
}

async fn answer(State(registry): State<Arc<Registry>>, request: Request) -> Response {
    let answer = registry.route(request).await;
    let mut response = answer.unwrap_or_else(Refusal::into_response);
    let version = header::HeaderValue::from_static("registry/2.0");
    response.headers_mut().insert("docker-distribution-api-version", version);
    response
}

impl Registry {
    async fn route(&self, request: Request) -> Result<Response, Refusal> {
        authenticate(&self.world, &request)?;
        let path = request.uri().path().to_owned();
        let Some(path) = path.strip_prefix("/v2").map(|path| path.trim_start_matches('/')) else {
            return Err(Refusal::not_found());
        };
        let query = query_of(&request);
        match path {
            "" => return Ok(axum::Json(json!({})).into_response()),
            "_catalog" => return Ok(paged("repositories", None, self.catalogue(), path, &query)),
            _ => {}
        }
        let Some((repository, kind, rest)) = split(path) else { return Err(Refusal::not_found()) };
        self.require_repository(repository)?;
        let hangup = request.extensions().get::<Hangup>().cloned();
        let call = Call { repository: repository.to_owned(), hangup, query };
        match kind {
            "manifests" => self.manifest(&call, rest, request).await,
            "uploads" => self.upload(&call, rest, request).await,
            "blobs" => self.blob(&call, rest, request.method()),
            "tags" => {
                let name = Some(call.repository.as_str());
                Ok(paged("tags", name, self.tags(&call), path, &call.query))
            }
            _ => Ok(self.referrers(&call, rest)),
        }
    }

    /// The live repository of that name, as Terraform made it.
    fn repository(&self, name: &str) -> Option<Value> {
        self.world.store.with_table("aws", |table| {
            let repositories = table.range("aws_ecr_repository/".to_owned()..);
            let mut repositories =
                repositories.take_while(|(key, _)| key.starts_with("aws_ecr_repository/"));
            repositories
                .find(|(_, object)| object["attributes"]["name"] == name && is_live(object))
                .map(|(_, object)| object["attributes"].clone())
        })
    }

    fn require_repository(&self, name: &str) -> Result<Value, Refusal> {
        self.repository(name).ok_or_else(|| {
            let account = &self.world.scenario.account.id;
            let text = format!(
                "The repository with name '{name}' does not exist in the registry with id '{account}'"
            );
            Refusal::new(Code::NameUnknown, text)
        })
    }

    fn refuse_denied(&self, repository: &str, action: &str) -> Result<(), Refusal> {
        let account = &self.world.scenario.account.id;
        let resource = format!("arn:aws:ecr:*:{account}:repository/{repository}");
        match denial(&self.world, action, &resource) {
            Some(text) => Err(Refusal::new(Code::Denied, text)),
            None => Ok(()),
        }
    }

    async fn mishap(&self, call: &Call, action: &str) -> Result<(), Refusal> {
        let places = [call.repository.as_str(), "images", action];
        let hangup = call.hangup.as_ref();
        match connection::mishap(&self.world, &places, "push", hangup).await? {
            Some(text) => Err(Refusal::of_fault(&text)),
            None => Ok(()),
        }
    }

    fn catalogue(&self) -> Vec<String> {
        let mut names: Vec<String> = self.world.store.with_table("aws", |table| {
            let ours = |key: &str| key.starts_with("aws_ecr_repository/");
            table
                .iter()
                .filter(|(key, object)| ours(key) && is_live(object))
                .filter_map(|(_, object)| Some(object["attributes"]["name"].as_str()?.to_owned()))
                .collect()
        });
        names.sort();
        names
    }

    fn tags(&self, call: &Call) -> Vec<String> {
        let prefix = format!("{}:", call.repository);
        let tags = self.world.store.list_prefix("registry", &prefix);
        tags.iter().map(|(key, _)| key[prefix.len()..].to_owned()).collect()
    }
}

fn authenticate(world: &World, request: &Request) -> Result<(), Refusal> {
    let Some(given) = request.headers().get(header::AUTHORIZATION) else { return Ok(()) };
    let pair = given
        .to_str()
        .ok()
        .and_then(|text| text.strip_prefix("Basic "))
        .and_then(|text| base64::engine::general_purpose::STANDARD.decode(text).ok());
    let pair = pair.and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
    match pair.strip_prefix("AWS:") {
        Some(given) if password::has_ended(world, given) => {
            let text = "Your authorization token has expired. Reauthenticate and try again.";
            Err(Refusal::new(Code::Denied, text))
        }
        Some(given) if !given.is_empty() => Ok(()),
        _ => Err(Refusal::new(Code::Unauthorized, "Not Authorized")),
    }
}

/// One page of a list, with the way to the next one in the header `Link`.
fn paged(
    what: &str,
    of: Option<&str>,
    mut names: Vec<String>,
    path: &str,
    query: &HashMap<String, String>,
) -> Response {
    if let Some(last) = query.get("last") {
        names.retain(|name| name > last);
    }
    let most = query.get("n").and_then(|n| n.parse().ok()).unwrap_or(PAGE);
    let has_more = names.len() > most;
    names.truncate(most);
    let last = names.last().filter(|_| has_more);
    let link = last.map(|last| {
        let last: String = url::form_urlencoded::byte_serialize(last.as_bytes()).collect();
        format!("</v2/{path}?last={last}&n={most}>; rel=\"next\"")
    });
    let mut body = json!({});
    if let Some(name) = of {
        body["name"] = name.into();
    }
    body[what] = json!(names);
    let mut response = axum::Json(body).into_response();
    if let Some(link) = link.and_then(|link| link.parse().ok()) {
        response.headers_mut().insert(header::LINK, link);
    }
    response
}

fn is_live(object: &Value) -> bool {
    object["status"] != "creating"
}

/// `team/app/manifests/1.0` is repository, kind and the rest; uploads are a kind of their own.
fn split(path: &str) -> Option<(&str, &'static str, &str)> {
    const KINDS: [(&str, &str); 5] = [
        ("/blobs/uploads", "uploads"),
        ("/manifests/", "manifests"),
        ("/blobs/", "blobs"),
        ("/tags/list", "tags"),
        ("/referrers/", "referrers"),
    ];
    KINDS.iter().find_map(|(mark, kind)| {
        let at = path.rfind(mark)?;
        Some((&path[..at], *kind, path[at + mark.len()..].trim_start_matches('/')))
    })
}

fn query_of(request: &Request) -> HashMap<String, String> {
    let query = request.uri().query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

fn empty(status: StatusCode) -> http::response::Builder {
    Response::builder().status(status)
}

fn finish(builder: http::response::Builder, body: impl Into<Body>) -> Result<Response, Refusal> {
    builder.body(body.into()).map_err(|error| Refusal::new(Code::Unsupported, error.to_string()))
}

fn unsupported(method: &Method) -> Refusal {
    Refusal::new(Code::Unsupported, format!("{method} is not supported here"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_at_its_last_mark() {
        assert_eq!(split("a/blobs/b/manifests/1"), Some(("a/blobs/b", "manifests", "1")));
        assert_eq!(split("a/blobs/uploads/7"), Some(("a", "uploads", "7")));
        assert_eq!(split("a/blobs/uploads/"), Some(("a", "uploads", "")));
        assert_eq!(split("a/tags/list"), Some(("a", "tags", "")));
        assert_eq!(split("a"), None);
    }
}
