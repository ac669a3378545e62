//! The container images of a bundle, whatever their form.
//!
//! Reads `containers/`: files as `docker save` writes them, OCI archives (both also compressed as
//! a whole) and OCI layout folders, each holding one image or several. Nothing is unpacked: an
//! [`Image`] knows its manifests and where the bytes of its config and layers are. Start at
//! [`read`].

mod docker;
mod names;
mod oci;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use self::names::Reference;
use super::Digest;
use super::deployment::BundleError;
use super::tar_index::{Compression, Extent, TarIndex, compression_of};

/// An image of the bundle.
#[derive(Debug, Clone)]
pub struct Image {
    /// What the registry will call it below the deployment's own prefix: `core-api`.
    pub name: String,
    /// For example `1.2.3`.
    pub tag: String,
    /// The name in the bundle, with registry and path where it has them.
    pub full_name: String,
    /// The file or folder that it is in.
    pub source: PathBuf,
    /// The digest of the manifest, or index, that the tag will point to.
    pub digest: Digest,
    /// Bytes of all its configs and layers, each counted once.
    pub size: u64,
    manifests: Vec<Manifest>,
}

/// A manifest or index, with the bytes that its digest is of.
#[derive(Debug, Clone)]
pub struct Manifest {
    /// Of `content`.
    pub digest: Digest,
    /// For example `application/vnd.oci.image.manifest.v1+json`.
    pub media_type: String,
    /// The JSON, byte for byte.
    pub content: Vec<u8>,
    /// The config and the layers; none for an index.
    pub blobs: Vec<Blob>,
}

/// A config or a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blob {
    /// Of the bytes.
    pub digest: Digest,
    /// How many.
    pub size: u64,
    extent: Extent,
}

impl Image {
    /// The manifests in the order they must be pushed in: what is referred to comes first, the one
    /// that the tag points to last.
    pub fn manifests(&self) -> &[Manifest] {
        &self.manifests
    }

    /// Configs and layers of all manifests, each once.
    pub fn blobs(&self) -> Vec<&Blob> {
        let mut seen = std::collections::BTreeSet::new();
        let all = self.manifests.iter().flat_map(|manifest| &manifest.blobs);
        all.filter(|blob| seen.insert(&blob.digest)).collect()
    }

    /// `core-api:1.2.3`.
    pub fn label(&self) -> String {
        format!("{}:{}", self.name, self.tag)
    }
}

impl Blob {
    /// Opens the bytes from `from` on. Blocking; of a file that is compressed as a whole, it
    /// decompresses everything before.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn open(&self, from: u64) -> io::Result<Box<dyn Read + Send>> {
        self.extent.open(from)
    }

    /// Whether opening costs a decompression of everything before it.
    pub fn is_costly_to_open(&self) -> bool {
        self.extent.compression != Compression::None
    }

    /// Where the blob begins in its file; reading in this order is cheapest.
    pub fn position(&self) -> (PathBuf, u64) {
        (self.extent.path.clone(), self.extent.offset)
    }
}

/// Reads all images in `dir` and the folders below it, in the order of name and tag.
///
/// # Errors
/// When the folder cannot be read, has no images, or a file in it claims to be one and is not.
pub fn read(dir: &Path) -> Result<Vec<Image>, BundleError> {
    if !dir.is_dir() {
        return Err(BundleError::NoContainers { path: dir.to_owned() });
    }
    let mut found = Vec::new();
    walk(dir, &mut found)?;
    if found.is_empty() {
        return Err(BundleError::NoImages { path: dir.to_owned() });
    }
    names::settle(found)
}

/// An image whose name is not yet settled among the others.
#[derive(Debug)]
struct Found {
    reference: Reference,
    source: PathBuf,
    /// The top one last.
    manifests: Vec<Manifest>,
}

fn walk(path: &Path, found: &mut Vec<Found>) -> Result<(), BundleError> {
    let unreadable = |source| BundleError::Read { path: path.to_owned(), source };
    if path.is_dir() {
        if path.join("oci-layout").is_file() || path.join("index.json").is_file() {
            found.extend(oci::images(&Source::Folder(path.to_owned()), path)?);
            return Ok(());
        }
        let mut inside: Vec<_> = fs::read_dir(path)
            .and_then(|entries| entries.map(|e| e.map(|e| e.path())).collect::<io::Result<_>>())
            .map_err(unreadable)?;
        inside.sort();
        return inside.iter().try_for_each(|path| walk(path, found));
    }
    if !path.is_file() {
        return Ok(());
    }
    let Some(compression) = compression_of(path).map_err(unreadable)? else {
        if path.extension().is_some_and(|e| e == "tar") {
            return Err(not_an_image(path, "it is not a tar file"));
        }
        // Lists, checksums, a README: not ours to read.
        return Ok(());
    };
    let index = TarIndex::read(path, compression).map_err(|source| BundleError::NotAnImage {
        path: path.to_owned(),
        reason: format!("the tar file cannot be read to its end ({source})"),
    })?;
    found.extend(images_of_archive(index, path)?);
    Ok(())
}

fn images_of_archive(index: TarIndex, path: &Path) -> Result<Vec<Found>, BundleError> {
    let (is_oci, is_docker) = (index.has("index.json"), index.has("manifest.json"));
    let source = Source::Archive(index);
    match (is_oci, is_docker) {
        // A newer `docker save` writes both. The OCI side keeps the digests that the image was
        // built with, but may speak of platforms that were not saved; then the other one counts.
        (true, true) => {
            oci::images(&source, path).or_else(|_incomplete| docker::images(&source, path))
        }
        (true, false) => oci::images(&source, path),
        (false, true) => docker::images(&source, path),
        (false, false) => {
            Err(not_an_image(path, "it has neither `manifest.json` nor `index.json`"))
        }
    }
}

fn not_an_image(path: &Path, reason: &str) -> BundleError {
    BundleError::NotAnImage { path: path.to_owned(), reason: reason.to_owned() }
}

/// Where the members of an image are.
#[derive(Debug)]
enum Source {
    Folder(PathBuf),
    Archive(TarIndex),
}

impl Source {
    fn extent(&self, name: &str) -> io::Result<Extent> {
        match self {
            Self::Folder(folder) => Extent::of_file(&folder.join(name)),
            Self::Archive(index) => index
                .extent(name)
                .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it is not in the archive")),
        }
    }

    fn content(&self, name: &str) -> io::Result<Vec<u8>> {
        match self {
            Self::Folder(_) => self.extent(name)?.content(),
            Self::Archive(index) => index.content(name),
        }
    }

    fn json<T: serde::de::DeserializeOwned>(
        &self,
        name: &str,
        path: &Path,
    ) -> Result<T, BundleError> {
        let content = self.content(name).map_err(|error| missing(path, name, &error))?;
        serde_json::from_slice(&content)
            .map_err(|error| not_an_image(path, &format!("its `{name}` is not right ({error})")))
    }
}

fn missing(path: &Path, name: &str, error: &io::Error) -> BundleError {
    not_an_image(path, &format!("its `{name}` cannot be read ({error})"))
}
