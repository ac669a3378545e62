//! Images in an OCI layout, in a folder or in a tar file.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::names::Reference;
use super::{Blob, Found, Manifest, Source, missing, not_an_image};
use crate::bundle::Digest;
use crate::bundle::deployment::BundleError;

const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// How deep an index may be in another.
const DEEPEST: usize = 4;

#[derive(Debug, Deserialize)]
struct Index {
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    #[serde(default)]
    media_type: String,
    digest: Digest,
    #[serde(default)]
    annotations: BTreeMap<String, String>,
}

/// A manifest or an index: the fields of both that point somewhere.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    media_type: Option<String>,
    config: Option<Pointer>,
    #[serde(default)]
    layers: Vec<Pointer>,
    #[serde(default)]
    manifests: Vec<Descriptor>,
}

#[derive(Debug, Deserialize)]
struct Pointer {
    digest: Digest,
    size: u64,
}

/// The images that `index.json` lists; `path` is the file or folder they are in.
pub(super) fn images(source: &Source, path: &Path) -> Result<Vec<Found>, BundleError> {
    let index: Index = source.json("index.json", path)?;
    if index.manifests.is_empty() {
        return Err(not_an_image(path, "its `index.json` lists no image"));
    }
    let alone = index.manifests.len() == 1;
    let mut found = Vec::new();
    for descriptor in &index.manifests {
        let mut manifests = Vec::new();
        collect(source, path, descriptor, DEEPEST, &mut manifests)?;
        let reference = reference_of(&descriptor.annotations, path, alone)?;
        found.push(Found { reference, source: path.to_owned(), manifests });
    }
    Ok(found)
}

fn reference_of(
    annotations: &BTreeMap<String, String>,
    path: &Path,
    alone: bool,
) -> Result<Reference, BundleError> {
    // containerd and buildx write the whole name here and only the tag in the other one.
    if let Some(name) = annotations.get("io.containerd.image.name") {
        return Ok(Reference::parse(name));
    }
    match annotations.get("org.opencontainers.image.ref.name") {
        Some(name) if name.contains(['/', ':']) => Ok(Reference::parse(name)),
        Some(tag) => Ok(Reference::of_file(path, Some(tag))),
        None if alone => Ok(Reference::of_file(path, None)),
        None => Err(not_an_image(path, "it holds several images and one of them has no name")),
    }
}

/// Adds the manifest, after everything that it refers to.
fn collect(
    source: &Source,
    path: &Path,
    descriptor: &Descriptor,
    depth: usize,
    manifests: &mut Vec<Manifest>,
) -> Result<(), BundleError> {
    if manifests.iter().any(|known| known.digest == descriptor.digest) {
        return Ok(());
    }
    if depth == 0 {
        return Err(not_an_image(path, "its indexes are too deep in each other"));
    }
    let name = blob_name(&descriptor.digest);
    let bytes = source.content(&name).map_err(|error| missing(path, &name, &error))?;
    if Digest::of(&bytes) != descriptor.digest {
        return Err(not_an_image(path, &format!("its `{name}` does not have that digest")));
    }
    let content: Content = serde_json::from_slice(&bytes)
        .map_err(|error| not_an_image(path, &format!("its `{name}` is not right ({error})")))?;
    for child in &content.manifests {
        collect(source, path, child, depth - 1, manifests)?;
    }
    let mut blobs = Vec::new();
    for pointer in content.config.iter().chain(&content.layers) {
        blobs.push(blob(source, path, pointer)?);
    }
    let fallback = if content.config.is_some() { MANIFEST } else { INDEX };
    let media_type = content
        .media_type
        .or_else(|| Some(descriptor.media_type.clone()).filter(|kind| !kind.is_empty()))
        .unwrap_or_else(|| fallback.to_owned());
    if content.config.is_none() && media_type != INDEX && media_type != DOCKER_LIST {
        return Err(not_an_image(path, &format!("its `{name}` has no config")));
    }
    manifests.push(Manifest {
        digest: descriptor.digest.clone(),
        media_type,
        content: bytes,
        blobs,
    });
    Ok(())
}

fn blob(source: &Source, path: &Path, pointer: &Pointer) -> Result<Blob, BundleError> {
    let name = blob_name(&pointer.digest);
    let extent = source.extent(&name).map_err(|error| missing(path, &name, &error))?;
    if extent.size != pointer.size {
        let reason = format!("its `{name}` has {} bytes, not {}", extent.size, pointer.size);
        return Err(not_an_image(path, &reason));
    }
    Ok(Blob { digest: pointer.digest.clone(), size: pointer.size, extent })
}

fn blob_name(digest: &Digest) -> String {
    format!("blobs/sha256/{}", digest.hex())
}
