//! Objects and their versions: the way in and out.
//!
//! The current version of a key is in the table `storage`. In a bucket with versioning the others,
//! and delete markers, are in `storage-versions` under `BUCKET/KEY`, a NUL, and their place in the
//! order. What is replaced is copied there before: a kill in between leaves it twice with the same
//! place, and it counts once.

use std::collections::BTreeMap;
use std::sync::{MutexGuard, PoisonError};

use http::{HeaderMap, HeaderValue};
use s3s::dto::{ETag, ETagCondition};
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use serde::{Deserialize, Serialize};

use super::buckets::Versioning;
use super::objects::Object;
use super::{Storage, failed};

/// Conditions under which something is written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Conditions<'a> {
    pub(super) if_match: Option<&'a ETagCondition>,
    pub(super) if_none_match: Option<&'a ETagCondition>,
}

/// One version of a key that is not the current object.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Entry {
    Object(Box<Object>),
    Marker(Marker),
}

/// What a deletion leaves in a bucket with versioning.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Marker {
    pub(super) version: Option<String>,
    pub(super) sequence: u64,
    pub(super) modified: jiff::Timestamp,
}

/// What a deletion did.
#[derive(Debug, Default)]
pub(super) struct Deleted {
    /// Of the marker that was made or removed, or of the version that was removed.
    pub(super) version: Option<String>,
    pub(super) is_marker: bool,
}

impl Entry {
    pub(super) fn version(&self) -> &str {
        let version = match self {
            Self::Object(object) => &object.version,
            Self::Marker(marker) => &marker.version,
        };
        version.as_deref().unwrap_or("null")
    }

    fn sequence(&self) -> u64 {
        match self {
            Self::Object(object) => object.sequence,
            Self::Marker(marker) => marker.sequence,
        }
    }
}

impl Storage {
    /// The current object of a key, or the version that is asked for.
    pub(super) fn object(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> S3Result<Object> {
        self.require_bucket(bucket)?;
        let Some(version) = version else {
            if let Some(object) = self.current(bucket, key)? {
                return Ok(object);
            }
            let mut error = s3_error!(NoSuchKey, "The specified key does not exist.");
            if let Some(Entry::Marker(marker)) = self.versions(bucket, key)?.first() {
                error.set_headers(marked(marker));
            }
            return Err(error);
        };
        match self.versions(bucket, key)?.into_iter().find(|e| e.version() == version) {
            Some(Entry::Object(object)) => Ok(*object),
            Some(Entry::Marker(marker)) => {
                let mut error = s3_error!(
                    MethodNotAllowed,
                    "The specified method is not allowed against this resource."
                );
                error.set_headers(marked(&marker));
                Err(error)
            }
            None => Err(s3_error!(NoSuchVersion, "The specified version does not exist.")),
        }
    }

    /// All versions of a key, the newest first.
    fn versions(&self, bucket: &str, key: &str) -> S3Result<Vec<Entry>> {
        let older = self.world.store.list_prefix("storage-versions", &format!("{bucket}/{key}\0"));
        let mut known: BTreeMap<u64, Entry> = BTreeMap::new();
        for (_, value) in older {
            let entry: Entry = serde_json::from_value(value).map_err(|e| failed(e.into()))?;
            known.insert(entry.sequence(), entry);
        }
        if let Some(object) = self.current(bucket, key)? {
            known.insert(object.sequence, Entry::Object(Box::new(object)));
        }
        Ok(known.into_values().rev().collect())
    }

    /// All versions of all keys that begin with `prefix`, in the order of S3's lists.
    pub(super) fn all_versions(
        &self,
        bucket: &str,
        prefix: &str,
    ) -> S3Result<Vec<(String, Vec<Entry>)>> {
        let start = format!("{bucket}/{prefix}");
        let key = |name: &str| name[bucket.len() + 1..].split('\0').next().map(str::to_owned);
        let names = ["storage", "storage-versions"]
            .into_iter()
            .flat_map(|table| self.world.store.list_prefix(table, &start))
            .filter_map(|(name, _)| key(&name));
        let keys: std::collections::BTreeSet<String> = names.collect();
        keys.into_iter()
            .map(|key| self.versions(bucket, &key).map(|versions| (key, versions)))
            .collect()
    }

    /// Stores an object where the conditions hold; its version, where the bucket has versions.
    pub(super) fn store(
        &self,
        bucket: &str,
        key: &str,
        mut object: Object,
        conditions: Conditions<'_>,
    ) -> S3Result<Option<String>> {
        let _alone = self.alone();
        let there = self.current(bucket, key)?;
        check(there.as_ref(), conditions)?;
        let versioning = self.versioning(bucket);
        let known = match versioning {
            Versioning::Never => Vec::new(),
            _ => self.versions(bucket, key)?,
        };
        object.sequence = known.first().map_or(0, Entry::sequence) + 1;
        object.version = (versioning == Versioning::Enabled)
            .then(|| self.draw_version(bucket, key, object.sequence));
        if versioning != Versioning::Never {
            self.set_aside(bucket, key, there, versioning)?;
        }
        self.put_current(bucket, key, &object)?;
        Ok(match versioning {
            Versioning::Never => None,
            _ => Some(object.version.unwrap_or_else(|| "null".into())),
        })
    }

    /// Deletes a key: in a bucket with versions a marker is put before them.
    pub(super) fn remove(
        &self,
        bucket: &str,
        key: &str,
        if_match: Option<&ETagCondition>,
    ) -> S3Result<Deleted> {
        let _alone = self.alone();
        let there = self.current(bucket, key)?;
        if let Some(condition) = if_match
            && !there.as_ref().is_some_and(|object| holds(condition, object))
        {
            return Err(precondition_failed());
        }
        let versioning = self.versioning(bucket);
        if versioning == Versioning::Never {
            self.forget_current(bucket, key)?;
            return Ok(Deleted::default());
        }
        let sequence = self.versions(bucket, key)?.first().map_or(0, Entry::sequence) + 1;
        self.set_aside(bucket, key, there, versioning)?;
        let version =
            (versioning == Versioning::Enabled).then(|| self.draw_version(bucket, key, sequence));
        let marker = Marker { version, sequence, modified: self.world.now() };
        let version = Some(marker.version.clone().unwrap_or_else(|| "null".into()));
        self.put_entry(bucket, key, &Entry::Marker(marker))?;
        self.forget_current(bucket, key)?;
        Ok(Deleted { version, is_marker: true })
    }

    /// Deletes one version for good; what was before it is then the current one.
    pub(super) fn remove_version(
        &self,
        bucket: &str,
        key: &str,
        version: &str,
    ) -> S3Result<Deleted> {
        let _alone = self.alone();
        let entry = self.versions(bucket, key)?.into_iter().find(|e| e.version() == version);
        let Some(entry) = entry else {
            return Ok(Deleted { version: Some(version.to_owned()), is_marker: false });
        };
        if self.current(bucket, key)?.is_some_and(|o| o.sequence == entry.sequence()) {
            self.forget_current(bucket, key)?;
        }
        self.forget_entry(bucket, key, entry.sequence())?;
        if let Some(Entry::Object(next)) = self.versions(bucket, key)?.first() {
            self.put_current(bucket, key, next)?;
            self.forget_entry(bucket, key, next.sequence)?;
        }
        let is_marker = matches!(entry, Entry::Marker(_));
        Ok(Deleted { version: Some(version.to_owned()), is_marker })
    }

    /// Keeps the object that is about to be replaced, unless it has no version and neither has
    /// what comes: of those there is one at most.
    fn set_aside(
        &self,
        bucket: &str,
        key: &str,
        there: Option<Object>,
        versioning: Versioning,
    ) -> S3Result<()> {
        if versioning == Versioning::Suspended {
            for entry in self.versions(bucket, key)?.iter().filter(|e| e.version() == "null") {
                self.forget_entry(bucket, key, entry.sequence())?;
            }
        }
        match there {
            Some(object) if versioning == Versioning::Enabled || object.version.is_some() => {
                self.put_entry(bucket, key, &Entry::Object(Box::new(object)))
            }
            _ => Ok(()),
        }
    }

    fn draw_version(&self, bucket: &str, key: &str, sequence: u64) -> String {
        self.world.hex(&format!("version/{bucket}/{key}/{sequence}/{}", self.world.now()), 32)
    }

    fn current(&self, bucket: &str, key: &str) -> S3Result<Option<Object>> {
        let stored = self.world.store.get("storage", &format!("{bucket}/{key}"));
        stored.map(serde_json::from_value).transpose().map_err(|error| failed(error.into()))
    }

    fn put_current(&self, bucket: &str, key: &str, object: &Object) -> S3Result<()> {
        let value = serde_json::to_value(object).map_err(|error| failed(error.into()))?;
        self.world.store.put("storage", &format!("{bucket}/{key}"), value).map_err(failed)
    }

    /// Changes what is said about a version of an object.
    pub(super) fn change(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
        change: impl FnOnce(&mut Object),
    ) -> S3Result<Object> {
        let _alone = self.alone();
        let mut object = self.object(bucket, key, version)?;
        change(&mut object);
        let is_current =
            self.current(bucket, key)?.is_some_and(|there| there.sequence == object.sequence);
        if is_current {
            self.put_current(bucket, key, &object)?;
        } else {
            self.put_entry(bucket, key, &Entry::Object(Box::new(object.clone())))?;
        }
        Ok(object)
    }

    fn forget_current(&self, bucket: &str, key: &str) -> S3Result<()> {
        self.world.store.remove("storage", &format!("{bucket}/{key}")).map_err(failed)
    }

    fn put_entry(&self, bucket: &str, key: &str, entry: &Entry) -> S3Result<()> {
        let value = serde_json::to_value(entry).map_err(|error| failed(error.into()))?;
        let name = entry_name(bucket, key, entry.sequence());
        self.world.store.put("storage-versions", &name, value).map_err(failed)
    }

    fn forget_entry(&self, bucket: &str, key: &str, sequence: u64) -> S3Result<()> {
        let name = entry_name(bucket, key, sequence);
        self.world.store.remove("storage-versions", &name).map_err(failed)
    }

    /// One change at a time: a condition and the write that depends on it are one step.
    fn alone(&self) -> MutexGuard<'_, ()> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn entry_name(bucket: &str, key: &str, sequence: u64) -> String {
    format!("{bucket}/{key}\0{sequence:012}")
}

fn check(there: Option<&Object>, conditions: Conditions<'_>) -> S3Result<()> {
    match (conditions.if_match, there) {
        (Some(_), None) => {
            return Err(s3_error!(NoSuchKey, "The specified key does not exist."));
        }
        (Some(condition), Some(object)) if !holds(condition, object) => {
            return Err(precondition_failed());
        }
        _ => {}
    }
    match conditions.if_none_match {
        Some(ETagCondition::Any) if there.is_some() => Err(precondition_failed()),
        Some(ETagCondition::ETag(_)) => Err(s3_error!(
            NotImplemented,
            "A header you provided implies functionality that is not implemented"
        )),
        _ => Ok(()),
    }
}

fn holds(condition: &ETagCondition, object: &Object) -> bool {
    match condition {
        ETagCondition::Any => true,
        ETagCondition::ETag(tag) => ETag::value(tag) == object.etag,
    }
}

/// The answer where a condition does not hold.
pub(super) fn precondition_failed() -> S3Error {
    S3Error::with_message(
        S3ErrorCode::PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold",
    )
}

fn marked(marker: &Marker) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-amz-delete-marker", HeaderValue::from_static("true"));
    let version = marker.version.as_deref().unwrap_or("null");
    if let Ok(version) = HeaderValue::from_str(version) {
        headers.insert("x-amz-version-id", version);
    }
    headers
}
