//! One bucket: the requests of an upload.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, StatusCode};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::sign::{self, Signable};
use super::xml::{
    Completed, Initiated, ListedPart, ListedUpload, PartsPage, UploadsPage, complete, error_in,
    parse,
};
use super::{StorageAccess, StorageError};
use crate::transfer::progress::Counter;
use crate::transfer::retry::may_pass;
use crate::transfer::{Freshness, stream};

/// A bucket and the way to it.
#[derive(Debug, Clone)]
pub(crate) struct Bucket {
    access: Arc<StorageAccess>,
    name: String,
}

/// What is known of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) size: u64,
    /// Base64 of the SHA-256; with `-N`, of the digests of its N parts.
    pub(crate) checksum: Option<String>,
    pub(crate) metadata: BTreeMap<String, String>,
}

/// A part that was sent.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) number: u32,
    pub(crate) etag: String,
    pub(crate) checksum: String,
}

/// A run of bytes of a file whose digest is known.
#[derive(Debug, Clone)]
pub(crate) struct Slice {
    pub(crate) file: Arc<File>,
    pub(crate) path: PathBuf,
    pub(crate) offset: u64,
    pub(crate) size: u64,
    pub(crate) sha256: [u8; 32],
}

pub(super) struct Call<'a> {
    /// For messages.
    what: String,
    method: Method,
    key: &'a str,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) payload: Payload<'a>,
}

pub(super) enum Payload<'a> {
    Nothing,
    Text(String),
    Slice(&'a Slice, &'a Counter),
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    headers: HeaderMap,
    pub(super) body: String,
}

enum Passing {
    Network(reqwest::Error),
    Answer(Answer),
}

impl Bucket {
    pub(crate) fn new(access: &StorageAccess, name: &str) -> Self {
        Self { access: Arc::new(access.clone()), name: name.to_owned() }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn region(&self) -> &str {
        &self.access.region
    }

    pub(crate) fn uri(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    /// What is known of an object; `None` when it is not there.
    pub(crate) async fn head(&self, key: &str) -> Result<Option<Head>, StorageError> {
        let mut call = Call::new(Method::HEAD, key, format!("the look at `{}`", self.uri(key)));
        call.headers.push(("x-amz-checksum-mode", "ENABLED".into()));
        let answer = self.call(&call).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = self.good(&call, answer)?;
        let metadata = answer.headers.iter().filter_map(|(name, value)| {
            let name = name.as_str().strip_prefix("x-amz-meta-")?;
            Some((name.to_owned(), value.to_str().ok()?.to_owned()))
        });
        Ok(Some(Head {
            size: answer.header("content-length").and_then(|n| n.parse().ok()).unwrap_or(0),
            checksum: answer.header("x-amz-checksum-sha256"),
            metadata: metadata.collect(),
        }))
    }

    /// Writes an empty object that only has metadata.
    pub(crate) async fn put_mark(
        &self,
        key: &str,
        name: &'static str,
        value: &str,
    ) -> Result<(), StorageError> {
        let mut call = Call::new(Method::PUT, key, format!("the mark `{}`", self.uri(key)));
        call.headers.push((name, value.to_owned()));
        let answer = self.call(&call).await?;
        self.good(&call, answer).map(|_answer| ())
    }

    /// Sends a small object whole.
    pub(crate) async fn put(
        &self,
        key: &str,
        slice: &Slice,
        counter: &Counter,
    ) -> Result<(), StorageError> {
        let mut call = Call::new(Method::PUT, key, format!("the upload of `{}`", self.uri(key)));
        call.headers.push(("x-amz-checksum-sha256", slice.checksum()));
        call.headers.push(("x-amz-meta-sha256", hex::encode(slice.sha256)));
        call.payload = Payload::Slice(slice, counter);
        let answer = self.call(&call).await?;
        self.good(&call, answer).map(|_answer| ())
    }

    pub(crate) async fn delete(&self, key: &str) -> Result<(), StorageError> {
        let call = Call::new(Method::DELETE, key, format!("the removal of `{}`", self.uri(key)));
        let answer = self.call(&call).await?;
        self.good(&call, answer).map(|_answer| ())
    }

    /// The unfinished uploads under a prefix: key and id, the latest of a key last.
    pub(crate) async fn uploads(
        &self,
        prefix: &str,
    ) -> Result<Vec<(String, String)>, StorageError> {
        let what = format!("the list of unfinished uploads in `{}`", self.name);
        let mut call = Call::new(Method::GET, "", what);
        let mut found = Vec::new();
        let mut next = (None, None);
        loop {
            call.query = vec![("prefix", prefix.to_owned()), ("uploads", String::new())];
            let (key, id) = next;
            call.query.extend(key.map(|key| ("key-marker", key)));
            call.query.extend(id.map(|id| ("upload-id-marker", id)));
            let page: UploadsPage = self.document(&call).await?;
            found.extend(
                page.uploads.into_iter().map(|ListedUpload { key, upload_id }| (key, upload_id)),
            );
            if !page.is_truncated {
                return Ok(found);
            }
            next = (page.next_key_marker, page.next_upload_id_marker);
        }
    }

    /// The parts that an unfinished upload has.
    pub(crate) async fn parts(&self, key: &str, id: &str) -> Result<Vec<ListedPart>, StorageError> {
        let what = format!("the list of parts of `{}`", self.uri(key));
        let mut call = Call::new(Method::GET, key, what);
        let mut found = Vec::new();
        let mut next = None;
        loop {
            call.query = vec![("uploadId", id.to_owned())];
            call.query.extend(next.map(|number| ("part-number-marker", number)));
            let page: PartsPage = self.document(&call).await?;
            found.extend(page.parts);
            if !page.is_truncated {
                return Ok(found);
            }
            next = page.next_part_number_marker;
        }
    }

    /// Begins an upload in parts; returns its id.
    pub(crate) async fn begin(&self, key: &str) -> Result<String, StorageError> {
        let what = format!("the begin of the upload of `{}`", self.uri(key));
        let mut call = Call::new(Method::POST, key, what);
        call.query.push(("uploads", String::new()));
        call.headers.push(("x-amz-checksum-algorithm", "SHA256".into()));
        let initiated: Initiated = self.document(&call).await?;
        Ok(initiated.upload_id)
    }

    pub(crate) async fn put_part(
        &self,
        key: &str,
        id: &str,
        number: u32,
        slice: &Slice,
        counter: &Counter,
    ) -> Result<Part, StorageError> {
        let what = format!("the upload of part {number} of `{}`", self.uri(key));
        let mut call = Call::new(Method::PUT, key, what);
        call.query = vec![("partNumber", number.to_string()), ("uploadId", id.to_owned())];
        call.headers.push(("x-amz-checksum-sha256", slice.checksum()));
        call.payload = Payload::Slice(slice, counter);
        let answer = self.call(&call).await?;
        let answer = self.good(&call, answer)?;
        let etag = answer.header("etag").ok_or_else(|| call.strange("it has no ETag"))?;
        Ok(Part { number, etag, checksum: slice.checksum() })
    }

    /// Makes an object of the parts; returns its checksum as S3 has it.
    pub(crate) async fn complete(
        &self,
        key: &str,
        id: &str,
        parts: &[Part],
    ) -> Result<Option<String>, StorageError> {
        let what = format!("the end of the upload of `{}`", self.uri(key));
        let mut call = Call::new(Method::POST, key, what);
        call.query.push(("uploadId", id.to_owned()));
        call.payload = Payload::Text(complete(parts));
        let completed: Completed = self.document(&call).await?;
        Ok(completed.checksum_sha256)
    }

    pub(crate) async fn abort(&self, key: &str, id: &str) -> Result<(), StorageError> {
        let what = format!("the end of an unfinished upload of `{}`", self.uri(key));
        let mut call = Call::new(Method::DELETE, key, what);
        call.query.push(("uploadId", id.to_owned()));
        let answer = self.call(&call).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok(());
        }
        self.good(&call, answer).map(|_answer| ())
    }

    pub(super) async fn document<T: serde::de::DeserializeOwned>(
        &self,
        call: &Call<'_>,
    ) -> Result<T, StorageError> {
        let answer = self.call(call).await?;
        let answer = self.good(call, answer)?;
        parse(&answer.body).map_err(|reason| call.strange(&reason))
    }

    pub(super) fn good(&self, call: &Call<'_>, answer: Answer) -> Result<Answer, StorageError> {
        if answer.status.is_success() && error_in(&answer.body).is_none() {
            return Ok(answer);
        }
        let (code, message) = answer.words();
        let what = call.what.clone();
        Err(match (code.as_str(), answer.status) {
            ("NoSuchBucket", _) => StorageError::NoBucket { bucket: self.name.clone() },
            ("AccessDenied" | "InvalidAccessKeyId" | "SignatureDoesNotMatch", _)
            | (_, StatusCode::FORBIDDEN) => StorageError::Denied { what, message },
            _ => StorageError::Refused { what, code, message },
        })
    }

    /// Sends a request until there is an answer that stays.
    pub(super) async fn call(&self, call: &Call<'_>) -> Result<Answer, StorageError> {
        let mut attempt = 1;
        let mut freshness = Freshness::Any;
        loop {
            let passing = match self.once(call, freshness).await? {
                Ok(answer) if answer.is_expired() && freshness == Freshness::Any => {
                    freshness = Freshness::Renewed;
                    continue;
                }
                Ok(answer) if answer.may_pass() => Passing::Answer(answer),
                Ok(answer) => return Ok(answer),
                Err(error) => Passing::Network(error),
            };
            freshness = Freshness::Any;
            if !self.access.retry.wait(attempt).await {
                let what = call.what.clone();
                return Err(match passing {
                    Passing::Network(source) => {
                        StorageError::Unreachable { what, attempts: attempt, source }
                    }
                    Passing::Answer(answer) => {
                        let (code, message) = answer.words();
                        StorageError::Failing { what, attempts: attempt, code, message }
                    }
                });
            }
            attempt += 1;
        }
    }

    async fn once(
        &self,
        call: &Call<'_>,
        freshness: Freshness,
    ) -> Result<Result<Answer, reqwest::Error>, StorageError> {
        let keys = self.access.credentials.keys(freshness).await;
        let keys = keys.map_err(|source| StorageError::Credentials { source })?;
        let url = self.url(call)?;
        let mut headers = call.headers.clone();
        // Signed as it is sent, with the port of an override.
        let host = url.host_str().unwrap_or_default();
        headers.push(("host", url.port().map_or(host.to_owned(), |port| format!("{host}:{port}"))));
        let signable = Signable {
            method: call.method.as_str(),
            url: url.as_str(),
            headers: &headers,
            body_sha256: &call.payload.sha256(),
            region: &self.access.region,
            at: (self.access.now)(),
        };
        let signed = sign::headers(&keys, &signable).map_err(|reason| call.strange(&reason))?;
        let mut request = self.access.client.request(call.method.clone(), url.clone());
        for (name, value) in
            call.headers.iter().map(|(n, v)| ((*n).to_owned(), v.clone())).chain(signed)
        {
            request = request.header(name, value);
        }
        let went_out = Arc::new(AtomicU64::new(0));
        let (body, failure) = match &call.payload {
            Payload::Nothing => (reqwest::Body::from(""), None),
            Payload::Text(text) => (reqwest::Body::from(text.clone()), None),
            Payload::Slice(slice, counter) => {
                let (count, told) = (went_out.clone(), (*counter).clone());
                let (body, failure) = slice.body(move |bytes| {
                    count.fetch_add(bytes, Ordering::Relaxed);
                    told.sent(bytes);
                });
                (body, Some((failure, slice.path.clone())))
            }
        };
        if call.method != Method::GET && call.method != Method::HEAD {
            request = request.header("content-length", call.payload.size()).body(body);
        }
        let answer = receive(request).await;
        if let Some((failure, path)) = failure
            && let Some(source) = failure.take()
        {
            return Err(StorageError::Read { path, source });
        }
        let is_good = answer.as_ref().is_ok_and(|answer| answer.status.is_success());
        if let (Payload::Slice(_, counter), false) = (&call.payload, is_good) {
            counter.take_back(went_out.load(Ordering::Relaxed));
        }
        Ok(answer)
    }

    fn url(&self, call: &Call<'_>) -> Result<Url, StorageError> {
        let path = format!("/{}/{}", self.name, encode(call.key));
        let path = if call.key.is_empty() { format!("/{}", self.name) } else { path };
        let mut url =
            self.access.endpoint.join(&path).map_err(|error| call.strange(&error.to_string()))?;
        let pairs: Vec<String> = call
            .query
            .iter()
            .map(|(name, value)| format!("{name}={}", encode_all(value)))
            .collect();
        if !pairs.is_empty() {
            url.set_query(Some(&pairs.join("&")));
        }
        Ok(url)
    }
}

async fn receive(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.text().await?;
    Ok(Answer { status, headers, body })
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, key: &'a str, what: String) -> Self {
        let (query, headers) = (Vec::new(), Vec::new());
        Self { what, method, key, query, headers, payload: Payload::Nothing }
    }

    pub(super) fn strange(&self, reason: &str) -> StorageError {
        StorageError::Strange { what: self.what.clone(), reason: reason.to_owned() }
    }
}

impl Payload<'_> {
    fn sha256(&self) -> String {
        match self {
            Self::Nothing => hex::encode(Sha256::digest("")),
            Self::Text(text) => hex::encode(Sha256::digest(text)),
            Self::Slice(slice, _) => hex::encode(slice.sha256),
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Text(text) => text.len() as u64,
            Self::Slice(slice, _) => slice.size,
        }
    }
}

impl Slice {
    pub(crate) fn checksum(&self) -> String {
        STANDARD.encode(self.sha256)
    }

    fn body(
        &self,
        on_chunk: impl Fn(u64) + Send + Sync + 'static,
    ) -> (reqwest::Body, stream::ReadFailure) {
        let (file, at) = (self.file.clone(), self.offset);
        stream::body(self.size, move || Ok(FileReader { file, at }), on_chunk)
    }
}

/// Reads a shared file from a place of its own.
struct FileReader {
    file: Arc<File>,
    at: u64,
}

impl Read for FileReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.file.read_at(buffer, self.at)?;
        self.at += size as u64;
        Ok(size)
    }
}

impl Answer {
    fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }

    fn words(&self) -> (String, String) {
        match error_in(&self.body) {
            Some(error) if !error.code.is_empty() => (error.code, error.message),
            _ => (self.status.as_u16().to_string(), self.status.to_string()),
        }
    }

    fn is_expired(&self) -> bool {
        // The answer to a HEAD has no words; 400 is the status of ended credentials.
        let is_silent = self.status == StatusCode::BAD_REQUEST && self.body.is_empty();
        is_silent || !self.status.is_success() && self.words().0.starts_with("Expired")
    }

    fn may_pass(&self) -> bool {
        let code = error_in(&self.body).map(|error| error.code).unwrap_or_default();
        may_pass(self.status)
            || matches!(code.as_str(), "InternalError" | "SlowDown" | "RequestTimeout")
    }
}

/// A key in a path: everything but unreserved characters and `/` is encoded.
fn encode(key: &str) -> String {
    key.split('/').map(encode_all).collect::<Vec<_>>().join("/")
}

fn encode_all(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&hex::encode_upper([byte]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_encoded_as_the_signature_wants_them() {
        assert_eq!(encode("a b/c+d=é~.x"), "a%20b/c%2Bd%3D%C3%A9~.x");
    }
}
