//! Digests of large files, remembered, so that a second run need not read hundreds of gigabytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::UploadError;
use crate::bundle::Digest;

/// A small file in the deployment's folder. A digest counts as long as path, size and time of
/// change of the file are the same. Losing it only costs time.
#[derive(Debug)]
pub struct DigestCache {
    path: PathBuf,
    known: Mutex<BTreeMap<PathBuf, Known>>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Known {
    #[serde(flatten)]
    stamp: Stamp,
    sha256: Digest,
}

/// What changes with a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    size: u64,
    seconds: i64,
    nanoseconds: i64,
}

impl DigestCache {
    /// Reads what is remembered in this file; a missing or broken one is empty.
    pub fn open(path: &Path) -> Self {
        let text = fs::read(path).unwrap_or_default();
        let known = serde_json::from_slice(&text).unwrap_or_default();
        Self { path: path.to_owned(), known: Mutex::new(known) }
    }

    pub(super) fn digest(&self, path: &Path, stamp: &Stamp) -> Option<Digest> {
        let known = self.known.lock().expect("no holder of this lock panics");
        known.get(path).filter(|known| known.stamp == *stamp).map(|known| known.sha256.clone())
    }

    pub(super) fn keep(&self, path: &Path, stamp: &Stamp, sha256: &Digest) {
        let mut known = self.known.lock().expect("no holder of this lock panics");
        let entry = Known { stamp: stamp.clone(), sha256: sha256.clone() };
        known.insert(path.to_owned(), entry);
        if let Err(error) = self.write(&known) {
            tracing::warn!(%error, path = %self.path.display(), "could not remember a digest");
        }
    }

    fn write(&self, known: &BTreeMap<PathBuf, Known>) -> std::io::Result<()> {
        let beside = self.path.with_extension("new");
        let mut options = fs::OpenOptions::new();
        let options = options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&beside)?.write_all(&serde_json::to_vec_pretty(known)?)?;
        fs::rename(&beside, &self.path)
    }
}

impl Stamp {
    pub(super) fn of(path: &Path) -> Result<Self, UploadError> {
        let facts = fs::metadata(path)
            .map_err(|source| UploadError::Read { path: path.to_owned(), source })?;
        Ok(Self { size: facts.len(), seconds: facts.mtime(), nanoseconds: facts.mtime_nsec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_counts_until_the_file_changes() {
        let dir = tempfile::tempdir().unwrap();
        let (file, cache) = (dir.path().join("x.tar"), dir.path().join("digests.json"));
        fs::write(&file, "one").unwrap();
        let stamp = Stamp::of(&file).unwrap();
        let digest = Digest::of(b"one");
        DigestCache::open(&cache).keep(&file, &stamp, &digest);
        assert_eq!(DigestCache::open(&cache).digest(&file, &stamp), Some(digest));
        fs::write(&file, "other").unwrap();
        let stamp = Stamp::of(&file).unwrap();
        assert_eq!(DigestCache::open(&cache).digest(&file, &stamp), None);
    }
}
