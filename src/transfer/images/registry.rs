//! The distribution protocol, as far as a push needs it.

use std::fmt::Debug;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use http::{HeaderMap, StatusCode, header};
use reqwest::{Method, RequestBuilder};
use url::Url;

use super::error::{PushError, words_of};
use crate::bundle::Digest;
use crate::bundle::containers::{Blob, Manifest};
use crate::run::Secret;
use crate::transfer::progress::Counter;
use crate::transfer::retry::may_pass;
use crate::transfer::{CredentialsError, Freshness, Retry, stream};

const ACCEPTED: &str = "application/vnd.oci.image.index.v1+json, \
    application/vnd.oci.image.manifest.v1+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, \
    application/vnd.docker.distribution.manifest.v2+json";

/// How a registry is reached.
#[derive(Debug, Clone)]
pub struct RegistryAccess {
    /// Knows proxies and certificates.
    pub client: reqwest::Client,
    /// The registry's name in image references, for messages.
    pub host: String,
    /// Where it answers: `https://HOST/`, or an override.
    pub base_url: Url,
    /// Who asks.
    pub credentials: Arc<dyn RegistryCredentials>,
    /// How often.
    pub retry: Retry,
}

/// Gives tokens for a registry; they end while a push runs.
#[async_trait::async_trait]
pub trait RegistryCredentials: Debug + Send + Sync {
    /// What follows `Basic ` in the header (ECR's authorization token is that already); `None`
    /// asks without credentials.
    async fn basic(&self, freshness: Freshness) -> Result<Option<Secret>, CredentialsError>;
}

/// One push's view of a registry.
#[derive(Debug)]
pub(super) struct Connection<'a> {
    access: &'a RegistryAccess,
}

/// An answer, read to its end.
#[derive(Debug)]
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: String,
}

/// Where a new upload goes on.
enum Begun {
    Mounted,
    At(Url),
}

/// What an attempt may come to that another one may better.
#[derive(Debug)]
enum Passing {
    Network(reqwest::Error),
    Status(Answer),
}

impl<'a> Connection<'a> {
    pub(super) fn new(access: &'a RegistryAccess) -> Self {
        Self { access }
    }

    /// The digest that a tag, or a digest, stands for; `None` when it is not there.
    pub(super) async fn manifest_digest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Digest>, PushError> {
        let what = format!("the look at `{repository}:{reference}`");
        let url = self.url(&format!("v2/{repository}/manifests/{reference}"), &what)?;
        let build = || self.request(Method::HEAD, url.clone()).header(header::ACCEPT, ACCEPTED);
        let answer = self.send(&what, build).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                let digest = answer.headers.get("docker-content-digest");
                let digest = digest.and_then(|digest| digest.to_str().ok()?.parse().ok());
                digest.map(Some).ok_or_else(|| self.refusal(&what, repository, &answer))
            }
            _ => Err(self.refusal(&what, repository, &answer)),
        }
    }

    pub(super) async fn has_blob(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<bool, PushError> {
        let what = format!("the look for a layer of `{repository}`");
        let url = self.url(&format!("v2/{repository}/blobs/{digest}"), &what)?;
        let answer = self.send(&what, || self.request(Method::HEAD, url.clone())).await?;
        match answer.status {
            StatusCode::OK => Ok(true),
            StatusCode::NOT_FOUND => Ok(false),
            _ => Err(self.refusal(&what, repository, &answer)),
        }
    }

    /// Sends a blob, or has it mounted `from` another repository. After a break it goes on where
    /// the registry says that it is, or begins again.
    pub(super) async fn send_blob(
        &self,
        repository: &str,
        blob: &Blob,
        file: &Path,
        from: Option<&str>,
        counter: &Counter,
    ) -> Result<(), PushError> {
        let what = format!("the upload of a layer to `{repository}`");
        let mut attempt = 1;
        let mut upload: Option<(Url, u64)> = None;
        loop {
            let (location, offset) = match upload.take() {
                Some(upload) => upload,
                None => match self.begin(repository, &blob.digest, from, &what).await? {
                    Begun::Mounted => {
                        counter.found(blob.size);
                        return Ok(());
                    }
                    Begun::At(location) => (location, 0),
                },
            };
            let passing = match self.patch(blob, file, &location, offset, counter).await? {
                Ok(answer) if answer.status == StatusCode::ACCEPTED => {
                    let next = self.location(&answer).unwrap_or(location);
                    return self.finish(repository, next, blob, file, &what).await;
                }
                Ok(answer) if is_expired(&answer) && attempt == 1 => {
                    self.renew().await?;
                    Passing::Status(answer)
                }
                Ok(answer) if may_pass(answer.status) => Passing::Status(answer),
                Ok(answer) => return Err(self.refusal(&what, repository, &answer)),
                Err(error) => Passing::Network(error),
            };
            if !self.access.retry.wait(attempt).await {
                return Err(self.given_up(&what, attempt, passing));
            }
            attempt += 1;
            upload = self.reached(&location).await;
            let reached = upload.as_ref().map_or(0, |(_, offset)| *offset);
            if reached >= offset {
                counter.sent(reached - offset);
            } else {
                counter.take_back(offset - reached);
            }
        }
    }

    pub(super) async fn send_manifest(
        &self,
        repository: &str,
        reference: &str,
        manifest: &Manifest,
    ) -> Result<(), PushError> {
        let what = format!("the manifest of `{repository}:{reference}`");
        let url = self.url(&format!("v2/{repository}/manifests/{reference}"), &what)?;
        let build = || {
            self.request(Method::PUT, url.clone())
                .header(header::CONTENT_TYPE, &manifest.media_type)
                .body(manifest.content.clone())
        };
        let answer = self.send(&what, build).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        Err(self.refusal(&what, repository, &answer))
    }

    async fn begin(
        &self,
        repository: &str,
        digest: &Digest,
        from: Option<&str>,
        what: &str,
    ) -> Result<Begun, PushError> {
        let mut url = self.url(&format!("v2/{repository}/blobs/uploads/"), what)?;
        if let Some(from) = from.filter(|from| *from != repository) {
            url.query_pairs_mut().append_pair("mount", digest.as_str()).append_pair("from", from);
        }
        let build = || self.request(Method::POST, url.clone()).header(header::CONTENT_LENGTH, 0);
        let answer = self.send(what, build).await?;
        match (answer.status, self.location(&answer)) {
            (StatusCode::CREATED, _) => Ok(Begun::Mounted),
            (StatusCode::ACCEPTED, Some(location)) => Ok(Begun::At(location)),
            _ => Err(self.refusal(what, repository, &answer)),
        }
    }

    /// Streams the bytes from `offset` on, once.
    async fn patch(
        &self,
        blob: &Blob,
        file: &Path,
        location: &Url,
        offset: u64,
        counter: &Counter,
    ) -> Result<Result<Answer, reqwest::Error>, PushError> {
        let left = blob.size - offset;
        let (layer, went_out) = (blob.clone(), Arc::new(AtomicU64::new(0)));
        let (count, told) = (went_out.clone(), counter.clone());
        let on_chunk = move |bytes| {
            count.fetch_add(bytes, Ordering::Relaxed);
            told.sent(bytes);
        };
        let (body, failure) = stream::body(left, move || layer.open(offset), on_chunk);
        let mut request = self
            .request(Method::PATCH, location.clone())
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header(header::CONTENT_LENGTH, left)
            .body(body);
        if offset > 0 {
            let range = format!("{offset}-{}", blob.size - 1);
            request = request.header(header::CONTENT_RANGE, range);
        }
        let answer = self.once(request, location).await?;
        if let Some(source) = failure.take() {
            return Err(PushError::Read { path: file.to_owned(), source });
        }
        if !answer.as_ref().is_ok_and(|answer| answer.status.is_success()) {
            counter.take_back(went_out.load(Ordering::Relaxed));
        }
        Ok(answer)
    }

    async fn finish(
        &self,
        repository: &str,
        mut location: Url,
        blob: &Blob,
        file: &Path,
        what: &str,
    ) -> Result<(), PushError> {
        location.query_pairs_mut().append_pair("digest", blob.digest.as_str());
        let build =
            || self.request(Method::PUT, location.clone()).header(header::CONTENT_LENGTH, 0);
        let answer = self.send(what, build).await?;
        if answer.status.is_success() {
            return Ok(());
        }
        if words_of(&answer.body).0 == "DIGEST_INVALID" {
            let digest = blob.digest.clone();
            return Err(PushError::Damaged { path: file.to_owned(), digest });
        }
        // The answer to an earlier try may have been lost on the way.
        if self.has_blob(repository, &blob.digest).await? {
            return Ok(());
        }
        Err(self.refusal(what, repository, &answer))
    }

    /// How far a broken upload came; `None` when it has to begin again.
    async fn reached(&self, location: &Url) -> Option<(Url, u64)> {
        let request = self.request(Method::GET, location.clone());
        let answer = self.once(request, location).await.ok()?.ok()?;
        let range = answer.headers.get(header::RANGE)?.to_str().ok()?;
        let last: u64 = range.trim_start_matches("bytes=").split_once('-')?.1.parse().ok()?;
        let at = self.location(&answer).unwrap_or_else(|| location.clone());
        (answer.status.is_success() && last > 0).then_some((at, last + 1))
    }

    /// Sends a request that can be built again, until there is an answer that stays.
    async fn send(
        &self,
        what: &str,
        build: impl Fn() -> RequestBuilder,
    ) -> Result<Answer, PushError> {
        let mut attempt = 1;
        let mut renewed = false;
        loop {
            let passing = match self.once(build(), &self.access.base_url).await? {
                Ok(answer) if is_expired(&answer) && !renewed => {
                    self.renew().await?;
                    renewed = true;
                    continue;
                }
                Ok(answer) if may_pass(answer.status) => Passing::Status(answer),
                Ok(answer) => return Ok(answer),
                Err(error) => Passing::Network(error),
            };
            if !self.access.retry.wait(attempt).await {
                return Err(self.given_up(what, attempt, passing));
            }
            attempt += 1;
        }
    }

    async fn once(
        &self,
        request: RequestBuilder,
        url: &Url,
    ) -> Result<Result<Answer, reqwest::Error>, PushError> {
        // A registry may send uploads to another host, which has no business with our token.
        let ours = url.host_str() == self.access.base_url.host_str();
        let token = if ours { self.credentials(Freshness::Any).await? } else { None };
        let request = match token {
            Some(token) => {
                request.header(header::AUTHORIZATION, format!("Basic {}", token.expose()))
            }
            None => request,
        };
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Ok(Err(error)),
        };
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(response.text().await.map(|body| Answer { status, headers, body }))
    }

    async fn renew(&self) -> Result<(), PushError> {
        self.credentials(Freshness::Renewed).await.map(|_token| ())
    }

    async fn credentials(&self, freshness: Freshness) -> Result<Option<Secret>, PushError> {
        let token = self.access.credentials.basic(freshness).await;
        token.map_err(|source| PushError::Credentials { host: self.access.host.clone(), source })
    }

    fn request(&self, method: Method, url: Url) -> RequestBuilder {
        self.access.client.request(method, url)
    }

    fn url(&self, path: &str, what: &str) -> Result<Url, PushError> {
        self.access.base_url.join(&format!("/{path}")).map_err(|error| PushError::Refused {
            host: self.access.host.clone(),
            what: what.to_owned(),
            status: 0,
            message: error.to_string(),
        })
    }

    fn location(&self, answer: &Answer) -> Option<Url> {
        let location = answer.headers.get(header::LOCATION)?.to_str().ok()?;
        self.access.base_url.join(location).ok()
    }

    fn given_up(&self, what: &str, attempts: u32, passing: Passing) -> PushError {
        let (host, what) = (self.access.host.clone(), what.to_owned());
        match passing {
            Passing::Network(source) => PushError::Unreachable { host, what, attempts, source },
            Passing::Status(answer) => {
                let message = words_of(&answer.body).1;
                let status = answer.status.as_u16();
                PushError::Failing { host, what, attempts, status, message }
            }
        }
    }

    fn refusal(&self, what: &str, repository: &str, answer: &Answer) -> PushError {
        let (host, what) = (self.access.host.clone(), what.to_owned());
        let (code, mut message) = words_of(&answer.body);
        if message.is_empty() {
            message = answer.status.to_string();
        }
        match (code.as_str(), answer.status) {
            ("NAME_UNKNOWN", _) => {
                PushError::NoRepository { repository: repository.to_owned(), message }
            }
            ("DENIED" | "UNAUTHORIZED", _)
            | (_, StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED) => {
                PushError::Denied { host, what, message }
            }
            (_, status) => PushError::Refused { host, what, status: status.as_u16(), message },
        }
    }
}

/// ECR says so with 403, others with 401.
fn is_expired(answer: &Answer) -> bool {
    answer.status == StatusCode::UNAUTHORIZED
        || (answer.status == StatusCode::FORBIDDEN && answer.body.contains("expired"))
}
