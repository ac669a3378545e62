//! Archives that an operator brings: images, charts, checkpoints.

use std::io::Read as _;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use springboard::bundle::{Checkpoint, charts, containers};
use springboard::run::Secret;
use springboard::transfer::checkpoints::{Destination, DigestCache, upload};
use springboard::transfer::{
    CancellationToken, CredentialsError, Freshness, Reporter, Retry, StorageAccess,
    StorageCredentials, StorageKeys,
};

use super::folder;
use crate::support::images::{
    Pieces, docker_archive, gzip, multi_arch_members, oci_members, tar_of, tar_of_owned,
};

/// A file among the images, and the same as a packaged chart.
pub(super) fn bundle(bytes: &[u8]) {
    let folder = folder();
    let images = folder.path().join("containers");
    let packaged = folder.path().join("charts");
    for folder in [&images, &packaged] {
        std::fs::create_dir(folder).unwrap();
    }
    std::fs::write(images.join("image.tar"), bytes).unwrap();
    std::fs::write(packaged.join("chart-1.0.0.tgz"), bytes).unwrap();
    let _ = charts::read(&packaged);
    for image in containers::read(&images).unwrap_or_default() {
        let _ = image.label();
        for blob in image.blobs() {
            for from in [0, 1, blob.size / 2] {
                let Ok(reader) = blob.open(from) else { continue };
                let _ = std::io::copy(&mut reader.take(1 << 20), &mut std::io::sink());
            }
        }
    }
}

pub(super) fn bundle_seeds() -> Vec<Vec<u8>> {
    let pieces = Pieces::new(&["one", "two"]);
    let named = json!({"org.opencontainers.image.ref.name": "1.0"});
    let layout = tar_of_owned(&oci_members(&pieces, &named));
    let saved = docker_archive(&[(&["a/b:1.0", "b:2"], &pieces), (&["c:1"], &Pieces::new(&["x"]))]);
    let several = tar_of_owned(&multi_arch_members(&[&pieces, &Pieces::new(&["arm"])], "p:2"));
    let about: &[u8] = b"apiVersion: v2\nname: web\nversion: 1.0.0\nappVersion: 1\n";
    let chart = tar_of(&[("web/Chart.yaml", about), ("web/values.yaml", b"a: 1\n")]);
    let mut seeds = vec![gzip(&chart)];
    for plain in [layout, saved, several] {
        seeds.extend([gzip(&plain), zstd::encode_all(plain.as_slice(), 1).unwrap(), plain]);
    }
    seeds
}

#[derive(Debug)]
struct Nobody;

#[async_trait::async_trait]
impl StorageCredentials for Nobody {
    async fn keys(&self, _freshness: Freshness) -> Result<StorageKeys, CredentialsError> {
        let secret_key = Secret::new("nothing");
        Ok(StorageKeys { access_key: "nobody".into(), secret_key, session_token: None })
    }
}

/// The tar of a checkpoint: its headers are judged before anything is sent, and where it would go
/// nobody listens.
pub(super) fn checkpoint(bytes: &[u8]) {
    // Making one reads the certificates of the system, which takes longer than all the rest.
    static CLIENT: LazyLock<reqwest::Client> =
        LazyLock::new(|| reqwest::Client::builder().no_proxy().build().unwrap());
    let folder = folder();
    let path = folder.path().join("model-1.tar");
    std::fs::write(&path, bytes).unwrap();
    let none = Duration::ZERO;
    let access = StorageAccess {
        client: CLIENT.clone(),
        // Port 0 can be connected to by nobody.
        endpoint: "http://127.0.0.1:0/".parse().unwrap(),
        region: "us-west-2".into(),
        credentials: Arc::new(Nobody),
        retry: Retry { attempts: 1, first_wait: none, longest_wait: none },
        now: Timestamp::now,
    };
    let to = Destination::new(access, "bucket");
    let cache = DigestCache::open(&folder.path().join("digests.json"));
    let size = bytes.len() as u64;
    let checkpoint = Checkpoint { stem: "model-1".into(), path, size };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (reporter, cancel) = (Reporter::silent(), CancellationToken::new());
    let sent = runtime.block_on(upload(&checkpoint, &to, &cache, &reporter, &cancel));
    let error = sent.expect_err("nobody listens");
    let _ = springboard::error::render(&error);
}

pub(super) fn checkpoint_seeds() -> Vec<Vec<u8>> {
    let plain = tar_of(&[("./config.json", b"{}"), ("empty", b""), ("a/ü.txt", b"words")]);
    let mut linked = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    linked.append_data(&mut header, "a".repeat(150), &b"long"[..]).unwrap();
    header.set_size(0);
    header.set_entry_type(tar::EntryType::Symlink);
    linked.append_link(&mut header, "b/link", "../a").unwrap();
    header.set_entry_type(tar::EntryType::Link);
    linked.append_link(&mut header, "c", "b/link").unwrap();
    vec![plain, linked.into_inner().unwrap()]
}
