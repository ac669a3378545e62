//! Images to a registry: by digest, every layer once, nothing that is there already.
//!
//! Owns the order of a push (blobs, then the manifests that refer to them, then the tag) and the
//! proof at its end. The protocol is in [`registry`]; what an image is, in `bundle`.

mod error;
mod registry;

use std::collections::BTreeMap;

use futures::TryStreamExt as _;
use tokio_util::sync::CancellationToken;

pub use self::error::PushError;
use self::registry::Connection;
pub use self::registry::{RegistryAccess, RegistryCredentials};
use super::progress::Counter;
use super::{How, Progress, Reporter};
use crate::bundle::containers::{Blob, Manifest};
use crate::bundle::{Digest, Image};

/// Layers of one image that are sent at a time.
const AT_A_TIME: usize = 3;

/// An image that is in the registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The repository, as Terraform made it.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// What the tag points to.
    pub digest: Digest,
    /// Bytes of the whole image.
    pub size: u64,
    /// Bytes that were sent now.
    pub sent: u64,
    /// Whether anything had to be done.
    pub how: How,
}

/// Pushes the images, one after another, each to the repository that `repository_of` names, and
/// makes sure that all of it is there.
///
/// # Errors
/// When an image cannot be pushed; those before it are in the registry and will be skipped.
pub async fn push_all(
    images: &[Image],
    registry: &RegistryAccess,
    repository_of: impl Fn(&Image) -> String,
    reporter: &Reporter,
    cancel: &CancellationToken,
) -> Result<Vec<Pushed>, PushError> {
    let mut push = Push { connection: Connection::new(registry), reporter, known: BTreeMap::new() };
    let mut done = Vec::new();
    for image in images {
        let repository = repository_of(image);
        // Dropping a request closes its connection; blobs that are complete stay and are found.
        tokio::select! {
            pushed = push.image(image, &repository) => done.push(pushed?),
            () = cancel.cancelled() => return Err(PushError::Stopped),
        }
    }
    Ok(done)
}

/// Makes sure that every digest of the images is in the registry, under its tag.
///
/// # Errors
/// When one is not, or the registry does not answer.
pub async fn verify(
    images: &[Image],
    registry: &RegistryAccess,
    repository_of: impl Fn(&Image) -> String,
) -> Result<(), PushError> {
    let connection = Connection::new(registry);
    for image in images {
        prove(&connection, image, &repository_of(image)).await?;
    }
    Ok(())
}

async fn prove(
    connection: &Connection<'_>,
    image: &Image,
    repository: &str,
) -> Result<(), PushError> {
    let missing = |digest: &Digest| PushError::Missing {
        repository: repository.to_owned(),
        tag: image.tag.clone(),
        digest: digest.clone(),
    };
    for manifest in image.manifests() {
        let reference = manifest.digest.as_str();
        let there = connection.manifest_digest(repository, reference).await?;
        if there.as_ref() != Some(&manifest.digest) {
            return Err(missing(&manifest.digest));
        }
    }
    match connection.manifest_digest(repository, &image.tag).await? {
        Some(there) if there == image.digest => Ok(()),
        _ => Err(missing(&image.digest)),
    }
}

struct Push<'a> {
    connection: Connection<'a>,
    reporter: &'a Reporter,
    /// Where blobs are that this push has seen, to be mounted elsewhere.
    known: BTreeMap<Digest, String>,
}

impl Push<'_> {
    async fn image(&mut self, image: &Image, repository: &str) -> Result<Pushed, PushError> {
        let object = image.label();
        let size = image.size;
        self.reporter.tell(Progress::Started { object: object.clone(), size }).await;
        let mut pushed = Pushed {
            repository: repository.to_owned(),
            tag: image.tag.clone(),
            digest: image.digest.clone(),
            size,
            sent: 0,
            how: How::AlreadyThere,
        };
        match self.connection.manifest_digest(repository, &image.tag).await? {
            Some(there) if there == image.digest => {}
            Some(there) => {
                return Err(PushError::TagTaken {
                    repository: repository.to_owned(),
                    tag: image.tag.clone(),
                    there,
                    ours: image.digest.clone(),
                });
            }
            None => {
                let counter = Counter::new(&object, size, self.reporter);
                self.blobs(image, repository, &counter).await?;
                for manifest in image.manifests() {
                    self.manifest(image, manifest, repository).await?;
                }
                pushed.sent = counter.bytes_sent();
                pushed.how = How::Sent;
            }
        }
        prove(&self.connection, image, repository).await?;
        for blob in image.blobs() {
            self.known.entry(blob.digest.clone()).or_insert_with(|| repository.to_owned());
        }
        let how = pushed.how;
        self.reporter.tell(Progress::Finished { object, size, how }).await;
        Ok(pushed)
    }

    async fn blobs(
        &self,
        image: &Image,
        repository: &str,
        counter: &Counter,
    ) -> Result<(), PushError> {
        let mut blobs = image.blobs();
        blobs.sort_by_key(|blob| blob.position());
        let costly = blobs.iter().any(|blob| blob.is_costly_to_open());
        let at_a_time = if costly { 1 } else { AT_A_TIME };
        futures::stream::iter(blobs.into_iter().map(Ok))
            .try_for_each_concurrent(at_a_time, |blob| self.blob(blob, image, repository, counter))
            .await
    }

    async fn blob(
        &self,
        blob: &Blob,
        image: &Image,
        repository: &str,
        counter: &Counter,
    ) -> Result<(), PushError> {
        if self.connection.has_blob(repository, &blob.digest).await? {
            counter.found(blob.size);
            return Ok(());
        }
        let from = self.known.get(&blob.digest).map(String::as_str);
        self.connection.send_blob(repository, blob, &image.source, from, counter).await
    }

    async fn manifest(
        &self,
        image: &Image,
        manifest: &Manifest,
        repository: &str,
    ) -> Result<(), PushError> {
        let is_top = manifest.digest == image.digest;
        let reference = if is_top { image.tag.as_str() } else { manifest.digest.as_str() };
        self.connection.send_manifest(repository, reference, manifest).await
    }
}
