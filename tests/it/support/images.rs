//! Container images in every form, made on the spot.

use std::fs;
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use springboard::bundle::Digest;

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// An image in pieces.
#[derive(Clone)]
pub(crate) struct Pieces {
    pub(crate) config: Vec<u8>,
    pub(crate) layers: Vec<Vec<u8>>,
}

impl Pieces {
    /// An image with a layer for each text.
    pub(crate) fn new(texts: &[&str]) -> Self {
        let layers: Vec<_> =
            texts.iter().map(|text| tar_of(&[("file", text.as_bytes())])).collect();
        Self::of_layers(layers)
    }

    pub(crate) fn of_layers(layers: Vec<Vec<u8>>) -> Self {
        let diff_ids: Vec<_> = layers.iter().map(|layer| Digest::of(layer)).collect();
        let config = json!({"architecture": "amd64", "os": "linux", "config": {},
                            "rootfs": {"type": "layers", "diff_ids": diff_ids}});
        Self { config: config.to_string().into_bytes(), layers }
    }

    /// The members of an OCI layout with this image, and its manifest.
    fn oci_members(&self) -> (Vec<(String, Vec<u8>)>, Vec<u8>) {
        let layers: Vec<Value> = self
            .layers
            .iter()
            .map(|layer| {
                json!({"mediaType": "application/vnd.oci.image.layer.v1.tar",
                       "digest": Digest::of(layer), "size": layer.len()})
            })
            .collect();
        let manifest = json!({
            "schemaVersion": 2, "mediaType": MANIFEST,
            "config": {"mediaType": "application/vnd.oci.image.config.v1+json",
                       "digest": Digest::of(&self.config), "size": self.config.len()},
            "layers": layers,
        })
        .to_string()
        .into_bytes();
        let blobs = self.layers.iter().chain([&self.config, &manifest]);
        (blobs.map(|blob| (blob_name(blob), blob.clone())).collect(), manifest)
    }
}

/// A tar file with these members.
pub(crate) fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *content).unwrap();
    }
    builder.into_inner().unwrap()
}

/// As `docker save` wrote it for many years.
pub(crate) fn docker_archive(images: &[(&[&str], &Pieces)]) -> Vec<u8> {
    let mut members: Vec<(String, Vec<u8>)> = Vec::new();
    let mut list = Vec::new();
    for (tags, pieces) in images {
        let config = format!("{}.json", Digest::of(&pieces.config).hex());
        let mut layers = Vec::new();
        for layer in &pieces.layers {
            let name = format!("{}/layer.tar", Digest::of(layer).hex());
            members.push((name.clone(), layer.clone()));
            layers.push(name);
        }
        members.push((config.clone(), pieces.config.clone()));
        list.push(json!({"Config": config, "RepoTags": tags, "Layers": layers}));
    }
    members.push(("manifest.json".into(), Value::from(list).to_string().into_bytes()));
    tar_of_owned(&members)
}

/// The members of an OCI layout that holds one image under the annotations given.
pub(crate) fn oci_members(pieces: &Pieces, annotations: &Value) -> Vec<(String, Vec<u8>)> {
    let (mut members, manifest) = pieces.oci_members();
    let index = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": MANIFEST, "digest": Digest::of(&manifest), "size": manifest.len(),
        "annotations": annotations}]});
    finish_layout(&mut members, &index);
    members
}

/// The members of an OCI layout that holds an index of several images.
pub(crate) fn multi_arch_members(platforms: &[&Pieces], name: &str) -> Vec<(String, Vec<u8>)> {
    let mut members = Vec::new();
    let mut children = Vec::new();
    for pieces in platforms {
        let (blobs, manifest) = pieces.oci_members();
        members.extend(blobs);
        children.push(json!({"mediaType": MANIFEST, "digest": Digest::of(&manifest),
                             "size": manifest.len()}));
    }
    let inner = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": children})
        .to_string()
        .into_bytes();
    members.push((blob_name(&inner), inner.clone()));
    let index = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": INDEX, "digest": Digest::of(&inner), "size": inner.len(),
        "annotations": {"org.opencontainers.image.ref.name": name}}]});
    finish_layout(&mut members, &index);
    members
}

fn finish_layout(members: &mut Vec<(String, Vec<u8>)>, index: &Value) {
    members.push(("oci-layout".into(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec()));
    members.push(("index.json".into(), index.to_string().into_bytes()));
}

/// Members as a tar file.
pub(crate) fn tar_of_owned(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let members: Vec<_> = members.iter().map(|(n, c)| (n.as_str(), c.as_slice())).collect();
    tar_of(&members)
}

/// Members as a folder.
pub(crate) fn write_folder(dir: &Path, members: &[(String, Vec<u8>)]) {
    for (name, content) in members {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
}

/// Compressed as a whole.
pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::Write::write_all(&mut encoder, bytes).unwrap();
    encoder.finish().unwrap()
}

fn blob_name(blob: &[u8]) -> String {
    format!("blobs/sha256/{}", Digest::of(blob).hex())
}
