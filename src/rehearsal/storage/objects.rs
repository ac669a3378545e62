//! Objects: what the store holds of them, and the way in and out.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::dto::{ETag, ETagCondition, StreamingBlob, Timestamp};
use s3s::{Body, S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::body::Received;
use super::{Storage, failed};

/// Bytes a second.
const BYTES_A_SECOND: u64 = 400 << 20;

/// An object as the table `storage` has it, under `BUCKET/KEY`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) size: u64,
    /// `sha256:…` of the bytes; of an object in parts that are not kept `sha256-parts:…-N`, over
    /// the digests of the parts.
    pub(super) sha256: String,
    /// Opaque, as in a bucket with a key of its own.
    pub(super) etag: String,
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    pub(super) modified: jiff::Timestamp,
    /// The SHA-256 that the client sent with it, as S3 gives it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) checksum_sha256: Option<String>,
    /// Base64; of small objects only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
}

impl Object {
    pub(super) fn new(received: &Received, modified: jiff::Timestamp) -> Self {
        let digits = hex::encode(&received.sha256);
        Self {
            size: received.size,
            sha256: format!("sha256:{digits}"),
            etag: digits[..32].to_owned(),
            metadata: BTreeMap::new(),
            content_type: None,
            modified,
            checksum_sha256: received.has_sha256.then(|| STANDARD.encode(&received.sha256)),
            content: received.content.as_ref().map(|content| STANDARD.encode(content)),
        }
    }

    pub(super) fn etag(&self) -> ETag {
        ETag::Strong(self.etag.clone())
    }

    pub(super) fn length(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }

    pub(super) fn modified(&self) -> Timestamp {
        timestamp(self.modified)
    }

    /// Those bytes of it; a large object has none any more.
    pub(super) fn bytes(&self, range: std::ops::Range<u64>) -> S3Result<StreamingBlob> {
        let gone = || {
            s3_error!(
                InvalidObjectState,
                "The simulated world keeps only size and digest of large objects ({} bytes).",
                self.size
            )
        };
        let content = self.content.as_ref().ok_or_else(gone)?;
        let content = STANDARD.decode(content).map_err(|_not_base64| gone())?;
        let at = |n: u64| usize::try_from(n).unwrap_or(usize::MAX).min(content.len());
        let body =
            Body::from(bytes::Bytes::copy_from_slice(&content[at(range.start)..at(range.end)]));
        Ok(StreamingBlob::from(body))
    }
}

impl Storage {
    pub(super) fn object(&self, bucket: &str, key: &str) -> S3Result<Object> {
        self.require_bucket(bucket)?;
        let stored = self.world.store.get("storage", &format!("{bucket}/{key}"));
        let stored =
            stored.ok_or_else(|| s3_error!(NoSuchKey, "The specified key does not exist."))?;
        serde_json::from_value(stored).map_err(|error| failed(error.into()))
    }

    /// Stores an object; with the condition `If-None-Match: *` only where there is none.
    pub(super) fn store(
        &self,
        bucket: &str,
        key: &str,
        object: &Object,
        condition: Option<&ETagCondition>,
    ) -> S3Result<()> {
        let value = serde_json::to_value(object).map_err(|error| failed(error.into()))?;
        let name = format!("{bucket}/{key}");
        if !condition.is_some_and(ETagCondition::is_any) {
            return self.world.store.put("storage", &name, value).map_err(failed);
        }
        if self.world.store.create("storage", &name, value).map_err(failed)? {
            return Ok(());
        }
        Err(s3_error!(
            PreconditionFailed,
            "At least one of the pre-conditions you specified did not hold"
        ))
    }

    pub(super) fn remove(&self, bucket: &str, key: &str) -> S3Result<()> {
        self.world.store.remove("storage", &format!("{bucket}/{key}")).map_err(failed)
    }

    /// Lets the time pass that so many bytes take.
    pub(super) async fn take_time(&self, key: &str, size: u64) {
        let typical = Duration::from_millis(size * 1000 / BYTES_A_SECOND);
        self.world.take(&format!("checkpoint-upload/{key}"), typical).await;
    }
}

pub(super) fn timestamp(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from(std::time::SystemTime::from(moment))
}
