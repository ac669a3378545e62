//! Checkpoints to S3: a tar file goes up member by member, and is never unpacked.
//!
//! Owns the layout in the bucket (`PREFIX/STEM/MEMBER` and the empty `.checkpoint-complete` with
//! the tar's SHA-256, written last), and what counts as being there. The tar is read once: the
//! digest of the whole and those of the parts come from the same pass. Start at [`upload`].

mod cache;
mod error;
mod hashing;
mod members;
mod send;

use std::fs::File;
use std::sync::Arc;

pub use self::cache::DigestCache;
pub use self::error::UploadError;
use self::hashing::Hashing;
use self::members::Member;
use self::send::Sending;
use super::storage::Bucket;
use super::{CancellationToken, How, Reporter, StorageAccess};
use crate::bundle::{Checkpoint, Digest};

/// The object that says that a checkpoint is whole.
const MARK: &str = ".checkpoint-complete";
/// Its metadata with the SHA-256 of the tar.
const MARK_SHA256: &str = "sha256";

/// Where checkpoints go.
#[derive(Debug, Clone)]
pub struct Destination {
    /// How S3 is reached.
    pub access: StorageAccess,
    /// The bucket.
    pub bucket: String,
    /// Without a slash at the end: `models/checkpoints`.
    pub prefix: String,
    /// Parts are this large, larger where a member would have too many. At least 5 MiB.
    pub part_size: u64,
}

impl Destination {
    /// The layout that the inference charts look for.
    pub fn new(access: StorageAccess, bucket: &str) -> Self {
        Self {
            access,
            bucket: bucket.to_owned(),
            prefix: "models/checkpoints".to_owned(),
            part_size: 32 << 20,
        }
    }

    fn folder(&self, checkpoint: &Checkpoint) -> String {
        format!("{}/{}", self.prefix, checkpoint.stem)
    }
}

/// A checkpoint that is in the bucket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Uploaded {
    /// `s3://BUCKET/models/checkpoints/STEM/`.
    pub uri: String,
    /// Of the whole tar.
    pub sha256: Digest,
    /// Files in it.
    pub members: usize,
    /// Bytes of the tar.
    pub size: u64,
    /// Bytes that were sent now.
    pub sent: u64,
    /// Whether anything had to be done.
    pub how: How,
}

/// Brings a checkpoint into the bucket, unless its mark says that it is there.
///
/// # Errors
/// When it cannot be read or sent. What is complete in the bucket stays and is not sent again.
pub async fn upload(
    checkpoint: &Checkpoint,
    to: &Destination,
    cache: &DigestCache,
    reporter: &Reporter,
    cancel: &CancellationToken,
) -> Result<Uploaded, UploadError> {
    let bucket = Bucket::new(&to.access, &to.bucket);
    let folder = to.folder(checkpoint);
    let mark = format!("{folder}/{MARK}");
    let members = members_of(checkpoint).await?;
    let mut uploaded = Uploaded {
        uri: bucket.uri(&format!("{folder}/")),
        sha256: Digest::of(b""),
        members: members.len(),
        size: checkpoint.size,
        sent: 0,
        how: How::AlreadyThere,
    };
    if let Some(marked) = marked(&bucket, &mark).await? {
        let ours = known_digest(checkpoint, cache, reporter, cancel).await?;
        if marked == ours.hex() {
            uploaded.sha256 = ours;
            return Ok(uploaded);
        }
        // The mark must not stand over a mixture of two checkpoints.
        bucket.delete(&mark).await?;
    }
    let stamp = cache::Stamp::of(&checkpoint.path)?;
    let file = File::open(&checkpoint.path)
        .map_err(|source| UploadError::Read { path: checkpoint.path.clone(), source })?;
    let mut hashing = Hashing::new(Arc::new(file), &checkpoint.path);
    let mut sending = Sending::new(&bucket, to, checkpoint, reporter, cancel).await?;
    for member in &members {
        sending.member(member, &mut hashing).await?;
    }
    uploaded.sent = sending.finish().await?;
    uploaded.sha256 = Digest::from_hash(&hashing.finish(checkpoint.size).await?);
    if cache::Stamp::of(&checkpoint.path)? != stamp {
        return Err(UploadError::Changed { path: checkpoint.path.clone() });
    }
    cache.keep(&checkpoint.path, &stamp, &uploaded.sha256);
    let name = "x-amz-meta-sha256";
    bucket.put_mark(&mark, name, uploaded.sha256.hex()).await?;
    uploaded.how = How::Sent;
    Ok(uploaded)
}

/// Makes sure that a checkpoint is whole in the bucket: the mark has the digest, and every member
/// of the tar is there with its size.
///
/// # Errors
/// When something is not there, or S3 does not answer.
pub async fn verify(
    checkpoint: &Checkpoint,
    to: &Destination,
    sha256: &Digest,
) -> Result<(), UploadError> {
    let bucket = Bucket::new(&to.access, &to.bucket);
    let folder = to.folder(checkpoint);
    let missing = |key: &str| UploadError::Missing { uri: bucket.uri(key) };
    for member in members_of(checkpoint).await? {
        let key = format!("{folder}/{}", member.name);
        let head = bucket.head(&key).await?;
        if head.is_none_or(|head| head.size != member.size) {
            return Err(missing(&key));
        }
    }
    let mark = format!("{folder}/{MARK}");
    match marked(&bucket, &mark).await? {
        Some(marked) if marked == sha256.hex() => Ok(()),
        _ => Err(missing(&mark)),
    }
}

async fn marked(bucket: &Bucket, mark: &str) -> Result<Option<String>, UploadError> {
    let head = bucket.head(mark).await?;
    Ok(head.map(|head| head.metadata.get(MARK_SHA256).cloned().unwrap_or_default()))
}

async fn members_of(checkpoint: &Checkpoint) -> Result<Vec<Member>, UploadError> {
    let path = checkpoint.path.clone();
    let read = tokio::task::spawn_blocking(move || members::read(&path)).await;
    read.map_err(|_panicked| UploadError::Stopped)?
}

/// The digest of the tar: remembered, or read.
async fn known_digest(
    checkpoint: &Checkpoint,
    cache: &DigestCache,
    reporter: &Reporter,
    cancel: &CancellationToken,
) -> Result<Digest, UploadError> {
    let stamp = cache::Stamp::of(&checkpoint.path)?;
    if let Some(known) = cache.digest(&checkpoint.path, &stamp) {
        return Ok(known);
    }
    let file = File::open(&checkpoint.path)
        .map_err(|source| UploadError::Read { path: checkpoint.path.clone(), source })?;
    let mut hashing = Hashing::new(Arc::new(file), &checkpoint.path);
    let step = 64 << 20;
    let mut at = 0;
    while at < checkpoint.size {
        if cancel.is_cancelled() {
            return Err(UploadError::Stopped);
        }
        let size = step.min(checkpoint.size - at);
        hashing.range(size).await?;
        at += size;
        reporter.read(&format!("{}.tar", checkpoint.stem), at, checkpoint.size);
    }
    let digest = Digest::from_hash(&hashing.finish(checkpoint.size).await?);
    cache.keep(&checkpoint.path, &stamp, &digest);
    Ok(digest)
}
