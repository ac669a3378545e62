//! Images as `docker save` writes them: `manifest.json`, a config each, layers as plain tars.
//!
//! Such a file has no registry manifest, so one is made: an OCI manifest over the config and the
//! layers exactly as they are in the file. Uncompressed layers stay uncompressed: their digest is
//! in the config already, so the image's digest is known without reading a layer, and is the same
//! on every machine.

use std::io::{self, Read as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::names::Reference;
use super::{Blob, Found, Manifest, Source, missing, not_an_image};
use crate::bundle::Digest;
use crate::bundle::deployment::BundleError;
use crate::bundle::tar_index::{Compression, Extent, compression_of_bytes};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Saved {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Config {
    rootfs: RootFs,
}

#[derive(Debug, Deserialize)]
struct RootFs {
    diff_ids: Vec<Digest>,
}

/// The images that `manifest.json` lists, one for each of their tags.
pub(super) fn images(source: &Source, path: &Path) -> Result<Vec<Found>, BundleError> {
    let saved: Vec<Saved> = source.json("manifest.json", path)?;
    if saved.is_empty() {
        return Err(not_an_image(path, "its `manifest.json` lists no image"));
    }
    let mut found = Vec::new();
    for image in &saved {
        let manifest = manifest(source, path, image)?;
        let tags = image.repo_tags.as_deref().unwrap_or_default();
        let mut references: Vec<_> = tags.iter().map(|tag| Reference::parse(tag)).collect();
        if references.is_empty() {
            if saved.len() > 1 {
                let reason = "it holds several images and one of them has no name";
                return Err(not_an_image(path, reason));
            }
            references.push(Reference::of_file(path, None));
        }
        found.extend(references.into_iter().map(|reference| Found {
            reference,
            source: path.to_owned(),
            manifests: vec![manifest.clone()],
        }));
    }
    Ok(found)
}

fn manifest(source: &Source, path: &Path, image: &Saved) -> Result<Manifest, BundleError> {
    let bad = |name: &str| {
        let name = name.to_owned();
        move |error: io::Error| missing(path, &name, &error)
    };
    let name = &image.config;
    let bytes = source.content(name).map_err(bad(name))?;
    let config: Config = serde_json::from_slice(&bytes)
        .map_err(|error| not_an_image(path, &format!("its `{name}` is not right ({error})")))?;
    if config.rootfs.diff_ids.len() != image.layers.len() {
        return Err(not_an_image(path, "config and manifest differ in the number of layers"));
    }
    let mut blobs = vec![Blob {
        digest: Digest::of(&bytes),
        size: bytes.len() as u64,
        extent: source.extent(name).map_err(bad(name))?,
    }];
    let mut layers = Vec::new();
    for (name, diff_id) in image.layers.iter().zip(&config.rootfs.diff_ids) {
        let extent = source.extent(name).map_err(bad(name))?;
        let (digest, media_type) = describe_layer(&extent, diff_id).map_err(bad(name))?;
        layers.push(json!({"mediaType": media_type, "digest": digest, "size": extent.size}));
        blobs.push(Blob { digest, size: extent.size, extent });
    }
    let content = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "digest": blobs[0].digest, "size": blobs[0].size},
        "layers": layers,
    });
    let content = content.to_string().into_bytes();
    let digest = Digest::of(&content);
    Ok(Manifest { digest, media_type: MANIFEST.to_owned(), content, blobs })
}

/// A plain layer has the digest that the config says; a compressed one must be read.
fn describe_layer(extent: &Extent, diff_id: &Digest) -> io::Result<(Digest, &'static str)> {
    let mut start = Vec::new();
    // Of a file that is compressed as a whole, every opening costs: `docker save | gzip` has plain
    // layers.
    if extent.compression == Compression::None {
        extent.open(0)?.take(8).read_to_end(&mut start)?;
    }
    let media_type = match compression_of_bytes(&start) {
        Compression::None => {
            return Ok((diff_id.clone(), "application/vnd.oci.image.layer.v1.tar"));
        }
        Compression::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
        Compression::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
    };
    let mut hash = Sha256::new();
    io::copy(&mut extent.open(0)?, &mut hash)?;
    Ok((Digest::from_hash(&hash.finalize()), media_type))
}
