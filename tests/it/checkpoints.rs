//! Checkpoints on their way to the object storage of the world.

use std::fs;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use springboard::bundle::{Checkpoint, Digest, checkpoints};
use springboard::error::render;
use springboard::host::Host;
use springboard::rehearsal::{sample_bundle, storage};
use springboard::run::Secret;
use springboard::transfer::checkpoints::{
    Destination, DigestCache, UploadError, Uploaded, upload, verify,
};
use springboard::transfer::{
    CancellationToken, CredentialsError, Freshness, How, Progress, Reporter, Retry, StorageAccess,
    StorageCredentials, StorageKeys,
};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::support::images::tar_of;
use crate::support::programs::client_output;
use crate::support::world::Servers;

const MIB: usize = 1 << 20;

#[derive(Debug)]
struct Keys;

#[async_trait::async_trait]
impl StorageCredentials for Keys {
    async fn keys(&self, _freshness: Freshness) -> Result<StorageKeys, CredentialsError> {
        Ok(StorageKeys {
            access_key: storage::ACCESS_KEY.into(),
            secret_key: Secret::new(storage::SECRET_KEY),
            session_token: None,
        })
    }
}

/// A world with a bucket, and a folder for the tar and the remembered digests.
struct Stand {
    servers: Servers,
    dir: TempDir,
    to: Destination,
}

impl Stand {
    async fn new(scenario: &str) -> Self {
        let mut servers = Servers::new(scenario);
        servers.has_bucket("acme-models");
        let to = destination(servers.storage().await);
        Self { servers, dir: tempfile::tempdir().unwrap(), to }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("malibu-2.2.tar")
    }

    fn write(&self, tar: &[u8]) -> Checkpoint {
        fs::write(self.path(), tar).unwrap();
        checkpoint(&self.path())
    }

    fn cache(&self) -> DigestCache {
        DigestCache::open(&self.dir.path().join("digests.json"))
    }

    async fn upload(&self, checkpoint: &Checkpoint) -> Result<Uploaded, UploadError> {
        let cancel = CancellationToken::new();
        upload(checkpoint, &self.to, &self.cache(), &Reporter::silent(), &cancel).await
    }

    /// The error of an upload, with the folder's name taken out.
    async fn refusal(&self, tar: &[u8]) -> String {
        let error = self.upload(&self.write(tar)).await.unwrap_err();
        assert_eq!(self.inventory(), json!({"objects": [], "unfinished_uploads": []}));
        render(&error).replace(&self.dir.path().display().to_string(), "DIR")
    }

    fn inventory(&self) -> Value {
        storage::inventory(&self.servers.world.store)
    }

    /// Keys below the checkpoint's folder, and sizes.
    fn objects(&self) -> Vec<(String, u64)> {
        let inventory = self.inventory();
        let objects = inventory["objects"].as_array().unwrap().iter().map(|object| {
            let key = object["key"].as_str().unwrap();
            let name = key.strip_prefix("models/checkpoints/malibu-2.2/").unwrap();
            (name.to_owned(), object["size"].as_u64().unwrap())
        });
        objects.collect()
    }
}

fn destination(address: SocketAddr) -> Destination {
    let access = StorageAccess {
        client: reqwest::Client::new(),
        endpoint: format!("http://{address}/").parse().unwrap(),
        region: "us-west-2".into(),
        credentials: Arc::new(Keys),
        retry: Retry { attempts: 3, first_wait: Duration::ZERO, longest_wait: Duration::ZERO },
        now: Timestamp::now,
    };
    Destination { part_size: 5 << 20, ..Destination::new(access, "acme-models") }
}

fn checkpoint(path: &Path) -> Checkpoint {
    let size = fs::metadata(path).unwrap().len();
    Checkpoint { stem: "malibu-2.2".into(), path: path.to_owned(), size }
}

/// Bytes that no two places share.
fn weights(size: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_le_bytes).take(size).collect()
}

fn sample() -> Vec<u8> {
    tar_of(&[
        ("./config.json", b"{}"),
        ("empty", b""),
        ("tokenizer/vocab ü.txt", b"words"),
        ("weights/model-00001.safetensors", &weights(12 * MIB)),
    ])
}

#[tokio::test]
async fn a_checkpoint_goes_up_member_by_member_and_a_second_run_sends_nothing() {
    let stand = Stand::new("").await;
    let tar = sample();
    let checkpoint = stand.write(&tar);
    let uploaded = stand.upload(&checkpoint).await.unwrap();
    let sent = 2 + 5 + 12 * MIB as u64;
    assert_eq!(
        uploaded,
        Uploaded {
            uri: "s3://acme-models/models/checkpoints/malibu-2.2/".into(),
            sha256: Digest::of(&tar),
            members: 4,
            size: tar.len() as u64,
            sent,
            how: How::Sent,
        }
    );
    let objects = [
        (".checkpoint-complete", 0),
        ("config.json", 2),
        ("empty", 0),
        ("tokenizer/vocab ü.txt", 5),
        ("weights/model-00001.safetensors", 12 * MIB as u64),
    ];
    assert_eq!(stand.objects(), objects.map(|(name, size)| (name.to_owned(), size)));
    let mark = "acme-models/models/checkpoints/malibu-2.2/.checkpoint-complete";
    let mark = stand.servers.world.store.get("storage", mark).unwrap();
    assert_eq!(mark["metadata"], json!({"sha256": Digest::of(&tar).hex()}));
    verify(&checkpoint, &stand.to, &uploaded.sha256).await.unwrap();

    let again = stand.upload(&checkpoint).await.unwrap();
    assert_eq!(again, Uploaded { sent: 0, how: How::AlreadyThere, ..uploaded.clone() });
    // Without what was remembered, the file is read and found to be the same.
    fs::remove_file(stand.dir.path().join("digests.json")).unwrap();
    let again = stand.upload(&checkpoint).await.unwrap();
    assert_eq!(again, Uploaded { sent: 0, how: How::AlreadyThere, ..uploaded });
}

#[tokio::test]
async fn the_checkpoints_of_the_sample_bundle_arrive_whole() {
    let stand = Stand::new("").await;
    let sample = sample_bundle::write(stand.dir.path()).unwrap();
    for checkpoint in checkpoints::read(&sample.checkpoints).unwrap() {
        let uploaded = stand.upload(&checkpoint).await.unwrap();
        verify(&checkpoint, &stand.to, &uploaded.sha256).await.unwrap();
    }
}

#[tokio::test]
async fn an_upload_that_broke_goes_on_with_the_parts_it_had() {
    let stand = Stand::new("").await;
    let checkpoint = stand.write(&sample());
    // Stopped as soon as the first part of the large member is there.
    let cancel = CancellationToken::new();
    let mut changes = stand.servers.world.store.changes();
    let watch = async {
        while stand.servers.world.store.list("storage-parts").is_empty() {
            changes.changed().await.unwrap();
        }
        cancel.cancel();
    };
    let cache = stand.cache();
    let silent = Reporter::silent();
    let (stopped, ()) =
        tokio::join!(upload(&checkpoint, &stand.to, &cache, &silent, &cancel), watch);
    assert!(matches!(stopped, Err(UploadError::Stopped)), "{stopped:?}");
    assert_eq!(stand.inventory()["unfinished_uploads"].as_array().unwrap().len(), 1);
    let there: u64 = stand.servers.world.store.list("storage-parts").len() as u64;
    assert!(there >= 1);

    let uploaded = stand.upload(&checkpoint).await.unwrap();
    assert!(uploaded.sent <= (12 - 5) * MIB as u64, "{}", uploaded.sent);
    assert_eq!(stand.inventory()["unfinished_uploads"], json!([]));
    assert_eq!(stand.servers.world.store.list("storage-parts"), []);
    verify(&checkpoint, &stand.to, &uploaded.sha256).await.unwrap();
}

#[tokio::test]
async fn another_checkpoint_under_the_same_name_replaces_only_what_differs() {
    let stand = Stand::new("").await;
    let first = stand.upload(&stand.write(&sample())).await.unwrap();
    let mut members = weights(12 * MIB);
    members.truncate(11 * MIB);
    let other = tar_of(&[
        ("config.json", b"[]"),
        ("empty", b""),
        ("tokenizer/vocab ü.txt", b"words"),
        ("weights/model-00001.safetensors", &members),
    ]);
    let checkpoint = stand.write(&other);
    let second = stand.upload(&checkpoint).await.unwrap();
    assert_ne!(first.sha256, second.sha256);
    assert_eq!(second.sent, 2 + 11 * MIB as u64);
    verify(&checkpoint, &stand.to, &second.sha256).await.unwrap();
    let error = verify(&checkpoint, &stand.to, &first.sha256).await.unwrap_err();
    assert!(matches!(error, UploadError::Missing { .. }), "{error}");
}

#[tokio::test]
async fn members_that_escape_are_refused_before_anything_is_sent() {
    for name in ["../evil", "/etc/passwd", "a/../../evil"] {
        let stand = Stand::new("").await;
        let mut tar = tar_of(&[("fine", b"x"), ("PLACE", b"evil")]);
        rename(&mut tar, "PLACE", name);
        assert_eq!(
            stand.refusal(&tar).await,
            format!(
                "error: `DIR/malibu-2.2.tar` has the member `{name}`, which leads out of its folder\n\
                 hint: do not use this file; ask where it comes from"
            )
        );
    }
}

/// Writes another name into the header of a member, as no tar program would.
fn rename(tar: &mut [u8], from: &str, to: &str) {
    let at = tar.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
    tar[at..at + from.len()].fill(0);
    tar[at..at + to.len()].copy_from_slice(to.as_bytes());
    let header = &mut tar[at..at + 512];
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
}

fn with_link(kind: tar::EntryType, name: &str, target: &str) -> Vec<u8> {
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    builder.append_data(&mut header, "blobs/one", &b"data"[..]).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    builder.append_link(&mut header, name, target).unwrap();
    builder.into_inner().unwrap()
}

#[tokio::test]
async fn links_inside_count_as_files_and_links_outside_are_refused() {
    for (kind, target) in
        [(tar::EntryType::Symlink, "../blobs/one"), (tar::EntryType::Link, "blobs/one")]
    {
        let stand = Stand::new("").await;
        let tar = with_link(kind, "snapshot/model", target);
        let uploaded = stand.upload(&stand.write(&tar)).await.unwrap();
        assert_eq!(uploaded.sha256, Digest::of(&tar));
        let names: Vec<_> = stand.objects().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, [".checkpoint-complete", "blobs/one", "snapshot/model"]);
        let digests: Vec<_> = stand.inventory()["objects"].as_array().unwrap()[1..]
            .iter()
            .map(|object| object["digest"].clone())
            .collect();
        assert_eq!(digests[0], digests[1]);
    }
    let stand = Stand::new("").await;
    let outside = with_link(tar::EntryType::Symlink, "model", "../../etc/passwd");
    assert!(stand.refusal(&outside).await.contains("`model`, which leads out of its folder"));
    let dangling = with_link(tar::EntryType::Symlink, "model", "nothing");
    let text = stand.refusal(&dangling).await;
    assert!(text.contains("it is a link to `nothing`, which is not a file in it"), "{text}");
}

#[tokio::test]
async fn what_is_not_a_whole_tar_is_refused_with_the_reason() {
    let stand = Stand::new("").await;
    let whole = tar_of(&[("a", &[7; 3000])]);
    let cases = [
        (crate::support::images::gzip(&whole), "it is compressed"),
        (whole[..2000].to_vec(), "it ends inside of a member"),
        (whole[..512 + 3072].to_vec(), "it has no end mark, so the end may be missing"),
        (vec![0; 1024], "it is empty"),
    ];
    for (tar, reason) in cases {
        assert_eq!(
            stand.refusal(&tar).await,
            format!(
                "error: `DIR/malibu-2.2.tar` is not a whole tar file: {reason}\n\
                 hint: compare its checksum with the delivery and fetch it again"
            )
        );
    }
    let twice = stand.refusal(&tar_of(&[("a", b"1"), ("./a", b"2")])).await;
    assert!(twice.contains("the member `a`, which cannot be uploaded: it is there twice"));
    let mark = stand.refusal(&tar_of(&[(".checkpoint-complete", b"")])).await;
    assert!(mark.contains("that of the mark for a whole checkpoint"), "{mark}");
}

#[tokio::test]
async fn long_names_arrive_whole() {
    let stand = Stand::new("").await;
    let name = format!("{}/{}", "folder".repeat(20), "file".repeat(30));
    stand.upload(&stand.write(&tar_of(&[(&name, b"x")]))).await.unwrap();
    assert_eq!(stand.objects()[1], (name, 1));
}

#[tokio::test]
async fn passing_troubles_are_outlived_and_a_denied_upload_says_what_is_needed() {
    let fault = |times: u32, what: &str| {
        format!("[[fault]]\nat = \"checkpoints\"\nwhen = \"upload\"\ntimes = {times}\n{what}\n")
    };
    for what in ["drop = \"connection\"", "error = \"SlowDown: Please reduce your request rate.\""]
    {
        let stand = Stand::new(&fault(2, what)).await;
        let uploaded = stand.upload(&stand.write(&tar_of(&[("a", b"1")]))).await.unwrap();
        assert_eq!(uploaded.sent, 1);
    }
    let stand = Stand::new("[[deny]]\naction = \"s3:PutObject\"\n").await;
    let text = stand.refusal(&tar_of(&[("a", b"1")])).await;
    assert!(
        text.starts_with(
            "error: S3 does not allow the upload of \
             `s3://acme-models/models/checkpoints/malibu-2.2/a`: User: \
             arn:aws:sts::123456789012:assumed-role/Installer/op is not authorized to perform: \
             s3:PutObject on resource: "
        ),
        "{text}"
    );
    assert!(text.contains("\nhint: the caller needs s3:PutObject, "), "{text}");
}

#[tokio::test]
async fn progress_names_each_member_and_ends_at_its_size() {
    let stand = Stand::new("").await;
    let checkpoint = stand.write(&tar_of(&[("a", b"123"), ("b", b"4")]));
    let (sender, mut receiver) = mpsc::channel(100);
    let (cache, cancel) = (stand.cache(), CancellationToken::new());
    upload(&checkpoint, &stand.to, &cache, &Reporter::new(sender), &cancel).await.unwrap();
    let mut heard = Vec::new();
    while let Some(progress) = receiver.recv().await {
        heard.push(progress);
    }
    let of = |object: &str, size: u64| {
        let object = format!("malibu-2.2/{object}");
        [
            Progress::Started { object: object.clone(), size },
            Progress::Bytes { object: object.clone(), done: size, total: size },
            Progress::Finished { object, size, how: How::Sent },
        ]
    };
    assert_eq!(heard, [of("a", 3), of("b", 1)].concat());
}

/// A tar with one large member that takes no room on the disk.
fn write_sparse_tar(path: &Path, size: u64) {
    let mut header = tar::Header::new_gnu();
    header.set_path("weights.safetensors").unwrap();
    header.set_size(size);
    header.set_mode(0o644);
    header.set_cksum();
    let mut file = fs::File::create(path).unwrap();
    file.write_all(header.as_bytes()).unwrap();
    file.seek(SeekFrom::Start(512 + size / 2)).unwrap();
    file.write_all(b"somewhere in the middle").unwrap();
    file.set_len(512 + size.next_multiple_of(512) + 1024).unwrap();
}

/// `Rss` in /proc, in bytes: of this process at its highest.
fn highest_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}

const LARGE: &str = "SPRINGBOARD_LARGE_CHECKPOINT_MIB";

/// In a process of its own, as the other tests need memory too. By hand with
/// `SPRINGBOARD_LARGE_CHECKPOINT_MIB=10240`, it is the same memory.
#[tokio::test]
async fn memory_stays_flat_whatever_the_size() {
    let host = Host::real().unwrap();
    let test = "checkpoints::a_large_checkpoint_goes_up";
    let vars = [(LARGE, host.var(LARGE).unwrap_or("200"))];
    let said = client_output(host.program(), &["--ignored", "--exact", test], &vars).await;
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "another test runs it in a process of its own"]
async fn a_large_checkpoint_goes_up() {
    let host = Host::real().unwrap();
    let mib: u64 = host.var(LARGE).map_or(200, |n| n.parse().unwrap());
    let mut stand = Stand::new("").await;
    stand.to.part_size = 32 << 20;
    write_sparse_tar(&stand.path(), mib << 20);
    let before = highest_memory();
    let uploaded = stand.upload(&checkpoint(&stand.path())).await.unwrap();
    assert_eq!(uploaded.sent, mib << 20);
    let grown = highest_memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{} MiB more", grown >> 20);
}
