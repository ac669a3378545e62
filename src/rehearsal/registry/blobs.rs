//! Configs and layers: uploads in progress, what is kept, and its way out again.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use futures::StreamExt as _;
use http::{Method, StatusCode, header};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::error::{Code, Refusal};
use super::{Call, Registry, empty, finish, unsupported};
use crate::bundle::Digest;

/// An upload in progress.
#[derive(Debug)]
pub(super) struct Upload {
    repository: String,
    hash: Sha256,
    size: u64,
    /// Until it becomes too large to keep.
    bytes: Option<Vec<u8>>,
}

impl Registry {
    pub(super) fn blob(
        &self,
        call: &Call,
        digest: &str,
        method: &Method,
    ) -> Result<Response, Refusal> {
        if method != Method::GET && method != Method::HEAD {
            return Err(unsupported(method));
        }
        let digest = parse(digest)?;
        let size = self.blob_size(&call.repository, &digest).ok_or_else(|| {
            Refusal::new(Code::BlobUnknown, format!("blob unknown to registry: {digest}"))
        })?;
        let response = empty(StatusCode::OK)
            .header(header::CONTENT_LENGTH, size)
            .header(header::CONTENT_TYPE, "application/octet-stream")
            .header("docker-content-digest", digest.as_str());
        if method == Method::HEAD {
            return finish(response, Body::empty());
        }
        let bytes = fs::read(self.blob_path(&digest)).map_err(|error| {
            let text = format!(
                "the simulated world keeps only size and digest of blobs over {} bytes: {digest} ({error})",
                self.kept_at_most
            );
            Refusal::new(Code::BlobUnknown, text)
        })?;
        finish(response, bytes)
    }

    pub(super) async fn upload(
        &self,
        call: &Call,
        id: &str,
        request: Request,
    ) -> Result<Response, Refusal> {
        let method = request.method().clone();
        match (method, id) {
            (Method::POST, "") => self.begin(call, request).await,
            (Method::PATCH, id) => self.append(call, id, request).await,
            (Method::PUT, id) => self.complete(call, id, request).await,
            (Method::GET, id) => {
                let size = self.with_upload(call, id, |upload| upload.size)?;
                progress(call, id, size, StatusCode::NO_CONTENT)
            }
            (Method::DELETE, id) => {
                self.take(call, id)?;
                finish(empty(StatusCode::NO_CONTENT), Body::empty())
            }
            (method, _) => Err(unsupported(&method)),
        }
    }

    async fn begin(&self, call: &Call, request: Request) -> Result<Response, Refusal> {
        self.refuse_denied(&call.repository, "ecr:InitiateLayerUpload")?;
        if let (Some(digest), Some(from)) = (call.query.get("mount"), call.query.get("from")) {
            let digest = parse(digest)?;
            if let Some(size) = self.blob_size(from, &digest) {
                self.keep(&call.repository, &digest, size, None)?;
                return created(call, &digest);
            }
        }
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let label = format!("upload/{}/{count}/{}", call.repository, self.world.now());
        let id = self.world.hex(&label, 32);
        let upload = Upload {
            repository: call.repository.clone(),
            hash: Sha256::new(),
            size: 0,
            bytes: Some(Vec::new()),
        };
        self.put_back(&id, upload);
        if call.query.contains_key("digest") {
            return self.complete(call, &id, request).await;
        }
        progress(call, &id, 0, StatusCode::ACCEPTED)
    }

    async fn append(&self, call: &Call, id: &str, request: Request) -> Result<Response, Refusal> {
        let range = request.headers().get(header::CONTENT_RANGE);
        let start = range.and_then(|range| range.to_str().ok()?.split('-').next()?.parse().ok());
        let size = self.with_upload(call, id, |upload| upload.size)?;
        if start.is_some_and(|start: u64| start != size) {
            return Err(Refusal::new(Code::BlobUploadInvalid, format!("the upload is at {size}")));
        }
        let upload = self.receive(call, id, request).await?;
        let size = upload.size;
        self.put_back(id, upload);
        progress(call, id, size, StatusCode::ACCEPTED)
    }

    async fn complete(&self, call: &Call, id: &str, request: Request) -> Result<Response, Refusal> {
        let digest = parse(call.query.get("digest").map(String::as_str).unwrap_or_default())?;
        let upload = self.receive(call, id, request).await?;
        let found = Digest::from_hash(&upload.hash.finalize());
        if found != digest {
            let text = format!("the bytes have the digest {found}, not {digest}");
            return Err(Refusal::new(Code::DigestInvalid, text));
        }
        self.keep(&call.repository, &digest, upload.size, upload.bytes)?;
        created(call, &digest)
    }

    /// Takes in the body. What has arrived when the client goes away stays, so that it can go on.
    async fn receive(&self, call: &Call, id: &str, request: Request) -> Result<Upload, Refusal> {
        let has_body = request.headers().get(header::CONTENT_LENGTH).is_none_or(|n| n != "0");
        if has_body {
            self.mishap(call, "ecr:UploadLayerPart").await?;
        }
        let mut upload = self.take(call, id)?;
        let mut body = request.into_body().into_data_stream();
        while let Some(chunk) = body.next().await {
            match chunk {
                Ok(chunk) => upload.add(&chunk, self.kept_at_most),
                Err(error) => {
                    self.put_back(id, upload);
                    return Err(Refusal::new(Code::BlobUploadInvalid, error.to_string()));
                }
            }
        }
        Ok(upload)
    }

    fn take(&self, call: &Call, id: &str) -> Result<Upload, Refusal> {
        let mut uploads = self.uploads.lock().expect("no holder of this lock panics");
        match uploads.remove(id) {
            Some(upload) if upload.repository == call.repository => Ok(upload),
            Some(upload) => {
                uploads.insert(id.to_owned(), upload);
                Err(unknown_upload(id))
            }
            None => Err(unknown_upload(id)),
        }
    }

    fn put_back(&self, id: &str, upload: Upload) {
        let mut uploads = self.uploads.lock().expect("no holder of this lock panics");
        uploads.insert(id.to_owned(), upload);
    }

    fn with_upload<R>(
        &self,
        call: &Call,
        id: &str,
        look: impl FnOnce(&Upload) -> R,
    ) -> Result<R, Refusal> {
        let uploads = self.uploads.lock().expect("no holder of this lock panics");
        let upload = uploads.get(id).filter(|upload| upload.repository == call.repository);
        upload.map(look).ok_or_else(|| unknown_upload(id))
    }

    /// The size of a blob that this repository has.
    pub(super) fn blob_size(&self, repository: &str, digest: &Digest) -> Option<u64> {
        let key = format!("{repository}@{digest}");
        self.world.store.get("registry-blobs", &key)?["size"].as_u64()
    }

    fn keep(
        &self,
        repository: &str,
        digest: &Digest,
        size: u64,
        bytes: Option<Vec<u8>>,
    ) -> io::Result<()> {
        if let Some(bytes) = bytes {
            let path = self.blob_path(digest);
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder)?;
            }
            let beside =
                path.with_extension(self.count.fetch_add(1, Ordering::Relaxed).to_string());
            fs::write(&beside, bytes)?;
            fs::rename(&beside, &path)?;
        }
        let key = format!("{repository}@{digest}");
        self.world.store.put("registry-blobs", &key, json!({"size": size}))
    }

    fn blob_path(&self, digest: &Digest) -> PathBuf {
        self.world.dir().join("blobs/sha256").join(digest.hex())
    }
}

impl Upload {
    fn add(&mut self, chunk: &[u8], kept_at_most: u64) {
        self.hash.update(chunk);
        self.size += chunk.len() as u64;
        if self.size > kept_at_most {
            self.bytes = None;
        } else if let Some(bytes) = &mut self.bytes {
            bytes.extend_from_slice(chunk);
        }
    }
}

pub(super) fn parse(digest: &str) -> Result<Digest, Refusal> {
    digest.parse().map_err(|text: String| Refusal::new(Code::DigestInvalid, text))
}

fn unknown_upload(id: &str) -> Refusal {
    Refusal::new(Code::BlobUploadUnknown, format!("there is no upload {id}"))
}

fn progress(call: &Call, id: &str, size: u64, status: StatusCode) -> Result<Response, Refusal> {
    let response = empty(status)
        .header(header::LOCATION, format!("/v2/{}/blobs/uploads/{id}", call.repository))
        .header(header::RANGE, format!("0-{}", size.saturating_sub(1)))
        .header("docker-upload-uuid", id);
    finish(response, Body::empty())
}

fn created(call: &Call, digest: &Digest) -> Result<Response, Refusal> {
    let response = empty(StatusCode::CREATED)
        .header(header::LOCATION, format!("/v2/{}/blobs/{digest}", call.repository))
        .header("docker-content-digest", digest.as_str());
    finish(response, Body::empty())
}
