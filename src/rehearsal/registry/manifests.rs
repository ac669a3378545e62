//! Manifests, indexes and tags.

use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, StatusCode, header};
use serde_json::{Value, json};

use super::error::{Code, Refusal};
use super::{Call, Registry, empty, finish, unsupported};
use crate::bundle::Digest;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// As ECR has it.
const LARGEST: usize = 4 << 20;
/// What a push of one image takes beside its bytes, and bytes a second.
const PUSH: Duration = Duration::from_secs(3);
const BYTES_A_SECOND: u64 = 100 << 20;

impl Registry {
    pub(super) async fn manifest(
        &self,
        call: &Call,
        reference: &str,
        request: Request,
    ) -> Result<Response, Refusal> {
        match *request.method() {
            Method::GET => self.give(call, reference, true),
            Method::HEAD => self.give(call, reference, false),
            Method::PUT => self.accept(call, reference, request).await,
            ref other => Err(unsupported(other)),
        }
    }

    fn give(&self, call: &Call, reference: &str, whole: bool) -> Result<Response, Refusal> {
        let repository = &call.repository;
        let unknown = || {
            let text = format!("Requested image not found: {repository} {reference}");
            Refusal::new(Code::ManifestUnknown, text)
        };
        let digest = self.digest_of(repository, reference).ok_or_else(unknown)?;
        let manifest = self.stored(repository, &digest).ok_or_else(unknown)?;
        let content = STANDARD
            .decode(manifest["content"].as_str().unwrap_or_default())
            .map_err(|_not_base64| unknown())?;
        let response = empty(StatusCode::OK)
            .header(header::CONTENT_TYPE, manifest["media_type"].as_str().unwrap_or(MANIFEST))
            .header(header::CONTENT_LENGTH, content.len())
            .header("docker-content-digest", digest.as_str());
        finish(response, if whole { Body::from(content) } else { Body::empty() })
    }

    async fn accept(
        &self,
        call: &Call,
        reference: &str,
        request: Request,
    ) -> Result<Response, Refusal> {
        self.refuse_denied(&call.repository, "ecr:PutImage")?;
        let invalid = |text: String| Refusal::new(Code::ManifestInvalid, text);
        let media_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let content = axum::body::to_bytes(request.into_body(), LARGEST)
            .await
            .map_err(|error| invalid(error.to_string()))?;
        self.mishap(call, "ecr:PutImage").await?;
        let json: Value =
            serde_json::from_slice(&content).map_err(|error| invalid(error.to_string()))?;
        let digest = Digest::of(&content);
        self.check_tag(call, reference, &digest)?;
        let bytes = self.check_parts(call, &json)?;
        let media_type = media_type
            .or_else(|| json["mediaType"].as_str().map(str::to_owned))
            .ok_or_else(|| invalid("it has no media type".to_owned()))?;
        let push = PUSH + Duration::from_secs(bytes / BYTES_A_SECOND);
        self.world.take(&format!("image-push/{}", call.repository), push).await;
        let stored = json!({"media_type": media_type, "size": content.len(), "content": STANDARD.encode(&content)});
        let key = format!("{}@{digest}", call.repository);
        self.world.store.put("registry", &key, stored)?;
        if !reference.starts_with("sha256:") {
            let key = format!("{}:{reference}", call.repository);
            self.world.store.put("registry", &key, json!({"digest": digest}))?;
        }
        let response = empty(StatusCode::CREATED)
            .header(header::LOCATION, format!("/v2/{}/manifests/{digest}", call.repository))
            .header("docker-content-digest", digest.as_str());
        finish(response, Body::empty())
    }

    fn check_tag(&self, call: &Call, reference: &str, digest: &Digest) -> Result<(), Refusal> {
        let repository = &call.repository;
        if reference.starts_with("sha256:") {
            return if reference == digest.as_str() {
                Ok(())
            } else {
                let text = format!("the manifest has the digest {digest}, not {reference}");
                Err(Refusal::new(Code::DigestInvalid, text))
            };
        }
        let is_immutable =
            self.require_repository(repository)?["image_tag_mutability"] == "IMMUTABLE";
        match self.digest_of(repository, reference) {
            Some(there) if is_immutable && there != *digest => {
                let text = format!(
                    "The image tag '{reference}' already exists in the '{repository}' repository \
                     and cannot be overwritten because the tag is immutable."
                );
                Err(Refusal::new(Code::TagInvalid, text))
            }
            _ => Ok(()),
        }
    }

    /// Everything that a manifest refers to must be there; returns the bytes of it.
    fn check_parts(&self, call: &Call, manifest: &Value) -> Result<u64, Refusal> {
        let repository = &call.repository;
        let digests = |list: &Value| -> Vec<Value> { list.as_array().cloned().unwrap_or_default() };
        let mut blobs = digests(&manifest["layers"]);
        blobs.extend(manifest.get("config").cloned());
        let children = digests(&manifest["manifests"]);
        if blobs.is_empty() && children.is_empty() {
            return Err(Refusal::new(Code::ManifestInvalid, "it refers to nothing"));
        }
        let parse = |part: &Value| super::blobs::parse(part["digest"].as_str().unwrap_or_default());
        let missing = |digest: &Digest| {
            let text = format!("The image refers to {digest}, which was not pushed");
            Refusal::new(Code::ManifestBlobUnknown, text)
        };
        let mut bytes = 0;
        for blob in &blobs {
            let digest = parse(blob)?;
            bytes += self.blob_size(repository, &digest).ok_or_else(|| missing(&digest))?;
        }
        for child in &children {
            let digest = parse(child)?;
            self.stored(repository, &digest).ok_or_else(|| missing(&digest))?;
        }
        Ok(bytes)
    }

    /// Manifests that name this one as their subject.
    pub(super) fn referrers(&self, call: &Call, digest: &str) -> Response {
        let prefix = format!("{}@", call.repository);
        let manifests = self.world.store.list_prefix("registry", &prefix);
        let found: Vec<Value> = manifests
            .iter()
            .filter_map(|(key, stored)| {
                let content = STANDARD.decode(stored["content"].as_str()?).ok()?;
                let json: Value = serde_json::from_slice(&content).ok()?;
                (json["subject"]["digest"] == digest).then(|| {
                    json!({"mediaType": stored["media_type"], "size": stored["size"],
                           "digest": &key[prefix.len()..], "artifactType": json["artifactType"]})
                })
            })
            .collect();
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": found});
        ([(header::CONTENT_TYPE, INDEX)], index.to_string()).into_response()
    }

    fn digest_of(&self, repository: &str, reference: &str) -> Option<Digest> {
        if reference.starts_with("sha256:") {
            return reference.parse().ok();
        }
        let tag = self.world.store.get("registry", &format!("{repository}:{reference}"))?;
        tag["digest"].as_str()?.parse().ok()
    }

    fn stored(&self, repository: &str, digest: &Digest) -> Option<Value> {
        self.world.store.get("registry", &format!("{repository}@{digest}"))
    }
}
