//! Container images of a few kB, in the forms in which images are delivered.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{Files, archive, noise};

/// An image of two layers; the first one is the same in all.
pub(super) struct Image {
    /// With registry and tag.
    reference: String,
    /// Uncompressed tars, the lowest first.
    layers: Vec<Vec<u8>>,
    config: Vec<u8>,
}

impl Image {
    /// An image whose own layer has about `size` bytes.
    pub(super) fn new(reference: &str, size: usize) -> io::Result<Self> {
        let name = short_name(reference);
        let base = archive::tar([
            ("etc/".to_owned(), Vec::new()),
            ("etc/os-release".to_owned(), b"ID=stand-in\nPRETTY_NAME=\"Stand-in\"\n".to_vec()),
            ("usr/lib/base".to_owned(), noise("base layer", 8 << 10)),
        ])?;
        let own = archive::tar([
            (
                format!("app/{name}.txt"),
                format!("Stand-in of {name}; holds no software.\n").into_bytes(),
            ),
            (format!("app/{name}"), noise(reference, size)),
        ])?;
        let layers = vec![base, own];
        let config = config(name, &layers);
        Ok(Self { reference: reference.to_owned(), layers, config })
    }
}

/// `core-api` of `registry.example/poolside/core-api:2.3.0`.
fn short_name(reference: &str) -> &str {
    let path = reference.rsplit('/').next().unwrap_or(reference);
    path.split(':').next().unwrap_or(path)
}

fn config(name: &str, layers: &[Vec<u8>]) -> Vec<u8> {
    let diff_ids: Vec<_> = layers.iter().map(|layer| digest(layer)).collect();
    let config = json!({
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {
            "Entrypoint": [format!("/app/{name}")],
            "Labels": {"springboard.stand-in": "true"},
        },
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": [
            {"created": "2026-01-01T00:00:00Z", "comment": "base"},
            {"created": "2026-01-01T00:00:00Z", "comment": name},
        ],
    });
    config.to_string().into_bytes()
}

/// The images in one file, as `docker save` writes it.
pub(super) fn docker_archive(images: &[Image]) -> io::Result<Vec<u8>> {
    let mut files = Files::new();
    let mut manifest = Vec::new();
    for image in images {
        let config = format!("{}.json", hexes(&image.config));
        let mut layers = Vec::new();
        for layer in &image.layers {
            let path = format!("{}/layer.tar", hexes(layer));
            files.insert(path.clone(), layer.clone());
            layers.push(path);
        }
        files.insert(config.clone(), image.config.clone());
        manifest.push(json!({"Config": config, "RepoTags": [image.reference], "Layers": layers}));
    }
    files.insert("manifest.json".into(), Value::from(manifest).to_string().into_bytes());
    archive::tar(files)
}

/// The files of an OCI layout that holds the images.
pub(super) fn oci_layout(images: &[Image]) -> io::Result<Files> {
    let mut files =
        BTreeMap::from([("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())]);
    let mut manifests = Vec::new();
    for image in images {
        let mut layers = Vec::new();
        for layer in &image.layers {
            let kind = "application/vnd.oci.image.layer.v1.tar+gzip";
            layers.push(add_blob(&mut files, kind, archive::gzip(layer)?));
        }
        let kind = "application/vnd.oci.image.config.v1+json";
        let config = add_blob(&mut files, kind, image.config.clone());
        let kind = "application/vnd.oci.image.manifest.v1+json";
        let manifest =
            json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": layers});
        let mut descriptor = add_blob(&mut files, kind, manifest.to_string().into_bytes());
        descriptor["annotations"] = json!({"org.opencontainers.image.ref.name": image.reference});
        manifests.push(descriptor);
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": manifests,
    });
    files.insert("index.json".into(), index.to_string().into_bytes());
    Ok(files)
}

/// Adds a blob and returns its descriptor.
fn add_blob(files: &mut Files, media_type: &str, content: Vec<u8>) -> Value {
    let descriptor =
        json!({"mediaType": media_type, "digest": digest(&content), "size": content.len()});
    files.insert(format!("blobs/sha256/{}", hexes(&content)), content);
    descriptor
}

fn digest(content: &[u8]) -> String {
    format!("sha256:{}", hexes(content))
}

fn hexes(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}
