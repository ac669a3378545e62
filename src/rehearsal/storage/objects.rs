//! Objects: what the store holds of them, and their bytes.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use s3s::dto::{ETag, StreamingBlob, Timestamp};
use s3s::{Body, S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::Storage;
use super::body::Received;
use super::sums::Sums;

/// Bytes a second.
const BYTES_A_SECOND: u64 = 400 << 20;
/// A state says what it is within so many bytes.
const HEAD: usize = 1024;

/// An object as the table `storage` has it, under `BUCKET/KEY`; older versions of it and delete
/// markers are in `storage-versions`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Object {
    pub(super) size: u64,
    /// `sha256:…` of the bytes; of an object in parts that are not kept `sha256-parts:…-N`, over
    /// the digests of the parts.
    pub(super) sha256: String,
    /// Opaque, as in a bucket with a key of its own.
    pub(super) etag: String,
    #[serde(flatten)]
    pub(super) about: About,
    pub(super) modified: jiff::Timestamp,
    /// The checksums that S3 gives back.
    #[serde(default)]
    pub(super) sums: Sums,
    /// Absent where the bucket had no versioning: S3 calls that version `null`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) version: Option<String>,
    /// Later versions of a key have a higher one.
    #[serde(default)]
    pub(super) sequence: u64,
    /// Base64; of small objects only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<String>,
}

/// What a client says about an object beside its bytes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct About {
    #[serde(default)]
    pub(super) metadata: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_type: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) cache_control: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_encoding: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) content_disposition: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) encryption: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key_id: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) tags: BTreeMap<String, String>,
}

impl Object {
    pub(super) fn new(received: &Received, modified: jiff::Timestamp) -> Self {
        let digits = hex::encode(&received.sha256);
        Self {
            size: received.size,
            sha256: format!("sha256:{digits}"),
            etag: digits[..32].to_owned(),
            about: About::default(),
            modified,
            sums: received.sums.clone(),
            version: None,
            sequence: 0,
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
    /// Lets the time pass that so many bytes take.
    pub(super) async fn take_time(&self, key: &str, size: u64) {
        let typical = Duration::from_millis(size * 1000 / BYTES_A_SECOND);
        self.world.take(&format!("checkpoint-upload/{key}"), typical).await;
    }
}

/// Whether Terraform or OpenTofu keep a state or a lock under such a key.
pub(super) fn is_of_terraform(key: &str) -> bool {
    [".tfstate", ".tfstate.backup", ".tflock"].iter().any(|end| key.ends_with(end))
}

/// What Terraform or OpenTofu keep in the object, when it is theirs: `state` or `lock`. Both have
/// random parts, so that equal worlds have different ones.
pub(super) fn of_terraform(key: &str, object: &serde_json::Value) -> Option<&'static str> {
    if key.ends_with(".tflock") {
        return Some("lock");
    }
    let content = object["content"].as_str()?;
    // Whole groups of four, so that what is cut off decodes.
    let head = &content.as_bytes()[..content.len().min(HEAD / 3 * 4)];
    let head = STANDARD.decode(head).ok()?;
    let head = String::from_utf8_lossy(&head);
    let says = |name: &str| head.contains(name);
    let is_state = head.trim_start().starts_with('{') && says("\"serial\"") && says("\"lineage\"");
    is_state.then_some("state")
}

pub(super) fn timestamp(moment: jiff::Timestamp) -> Timestamp {
    Timestamp::from(std::time::SystemTime::from(moment))
}
