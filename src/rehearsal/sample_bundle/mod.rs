//! The deployment bundle of a rehearsal: the layout of a real one, real images, real tars, small.
//!
//! Made when it is needed instead of carried along, and the same bytes each time. Holds no
//! software and no weights of anybody: the charts are the stand-ins under `assets/rehearsal`, the
//! images and checkpoints are filled with noise. Start at [`write()`].

mod archive;
mod checkpoint;
mod image;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use self::checkpoint::CHECKPOINTS;
use self::image::Image;
use crate::bundle::embedded;

/// Where the parts of the bundle are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleBundle {
    /// The folder of the bundle.
    pub root: PathBuf,
    /// Its container images.
    pub containers: PathBuf,
    /// Its charts, those of third parties among them.
    pub charts: PathBuf,
    /// Its model checkpoints.
    pub checkpoints: PathBuf,
}

/// Files by their path in the bundle.
type Files = BTreeMap<String, Vec<u8>>;

/// The version that the bundle says it has.
const VERSION: &str = "2.3.0";

/// The stand-in that is delivered packaged; all others are folders.
const PACKAGED: &str = "inference-stack";

/// Writes the bundle to `dir`, made when missing. What is there already stays untouched, so that
/// a resumed rehearsal finds the very files it began with.
///
/// # Errors
/// When the folder cannot be written.
pub fn write(dir: &Path) -> io::Result<SampleBundle> {
    for (path, content) in files()? {
        write_if_changed(&dir.join(path), &content)?;
    }
    Ok(SampleBundle {
        root: dir.to_owned(),
        containers: dir.join("containers"),
        charts: dir.join("charts"),
        checkpoints: dir.join("checkpoints"),
    })
}

fn files() -> io::Result<Files> {
    let mut files = Files::new();
    containers(&mut files)?;
    charts(&mut files)?;
    for checkpoint in CHECKPOINTS {
        files.insert(format!("checkpoints/{}.tar", checkpoint.stem), checkpoint.tar()?);
    }
    let sums = checksums(&files);
    files.insert("SHA256SUMS".into(), sums.into_bytes());
    files.insert("README.md".into(), README.into());
    files.insert("scripts/verify.sh".into(), VERIFY.into());
    Ok(files)
}

/// One image or more in each form in which images are delivered.
fn containers(files: &mut Files) -> io::Result<()> {
    let poolside = |name: &str| format!("registry.poolside.example/poolside/{name}:{VERSION}");
    let core_api = Image::new(&poolside("core-api"), 24 << 10)?;
    let loop_ = Image::new(&poolside("models-reconciliation-loop"), 12 << 10)?;
    let web_assistant = Image::new(&poolside("web-assistant"), 20 << 10)?;
    let envoy = Image::new("docker.io/envoyproxy/envoy:v1.35.3", 16 << 10)?;
    let atlas = Image::new(&poolside("atlas"), 48 << 10)?;
    files.insert(
        format!("containers/core-api-{VERSION}.tar"),
        image::docker_archive(&[core_api, loop_])?,
    );
    files.insert(
        format!("containers/web-assistant-{VERSION}.tar"),
        archive::tar(image::oci_layout(&[web_assistant])?)?,
    );
    files.insert(
        format!("containers/atlas-{VERSION}.tar.gz"),
        archive::gzip(&image::docker_archive(&[atlas])?)?,
    );
    for (path, content) in image::oci_layout(&[envoy])? {
        files.insert(format!("containers/envoy/{path}"), content);
    }
    Ok(())
}

fn charts(files: &mut Files) -> io::Result<()> {
    let mut packaged = Files::new();
    for (path, content) in embedded::files("assets/rehearsal/charts") {
        if path.strip_prefix(PACKAGED).is_some_and(|rest| rest.starts_with('/')) {
            packaged.insert(path.to_owned(), content.to_owned());
        } else {
            files.insert(format!("charts/{path}"), content.to_owned());
        }
    }
    let package = archive::gzip(&archive::tar(packaged)?)?;
    files.insert(format!("charts/{PACKAGED}-{VERSION}.tgz"), package);
    Ok(())
}

fn checksums(files: &Files) -> String {
    let mut text = String::new();
    for (path, content) in files {
        let _ = writeln!(text, "{}  {path}", hex::encode(Sha256::digest(content)));
    }
    text
}

fn write_if_changed(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    // A new file beside it and a rename: nobody ever reads half a file.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    fs::write(&beside, content)?;
    fs::rename(&beside, path)
}

/// Bytes that do not compress, the same for the same label.
fn noise(label: &str, length: usize) -> Vec<u8> {
    let digest = Sha256::digest(label);
    let mut state = u64::from_be_bytes(digest[..8].try_into().expect("a SHA-256 has 32 bytes")) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        // Marsaglia's xorshift64.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

const README: &str = "\
# Sample bundle for rehearsals

Made by springboard. It has the layout of a deployment bundle and nothing of what one is for: the
charts are stand-ins, the images and checkpoints are filled with noise.

- `charts/`: stand-ins of the charts of a deployment
- `containers/`: container images in the forms in which they are delivered
- `checkpoints/`: model checkpoints
- `scripts/verify.sh`: compares everything with `SHA256SUMS`
";

const VERIFY: &str = "\
#!/bin/sh
# Compares the files of the bundle with their checksums.
cd \"$(dirname \"$0\")/..\" && exec sha256sum --check --quiet SHA256SUMS
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bundle_has_the_same_bytes_each_time() {
        let (one, other) = (files().unwrap(), files().unwrap());
        assert_eq!(one, other);
        assert_eq!(one["SHA256SUMS"], checksums(&without_sums(&one)).into_bytes());
    }

    fn without_sums(files: &Files) -> Files {
        let is_content = |path: &str| {
            ["charts/", "containers/", "checkpoints/"].iter().any(|part| path.starts_with(part))
        };
        files.iter().filter(|(p, _)| is_content(p)).map(|(p, c)| (p.clone(), c.clone())).collect()
    }

    #[test]
    fn a_second_write_leaves_every_file_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let bundle = write(dir.path()).unwrap();
        let file = bundle.checkpoints.join("malibu-2.2.tar");
        let before = fs::metadata(&file).unwrap().modified().unwrap();
        write(dir.path()).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), before);
    }

    #[test]
    fn the_parts_are_where_a_bundle_has_them() {
        let files = files().unwrap();
        let names: Vec<_> = files
            .keys()
            .map(String::as_str)
            .filter(|path| !path.starts_with("charts/") && !path.contains("/blobs/"))
            .collect();
        assert_eq!(
            names,
            [
                "README.md",
                "SHA256SUMS",
                "checkpoints/laguna-xs-2.tar",
                "checkpoints/malibu-2.2.tar",
                "checkpoints/point-1.4.tar",
                "containers/atlas-2.3.0.tar.gz",
                "containers/core-api-2.3.0.tar",
                "containers/envoy/index.json",
                "containers/envoy/oci-layout",
                "containers/web-assistant-2.3.0.tar",
                "scripts/verify.sh",
            ]
        );
    }
}
