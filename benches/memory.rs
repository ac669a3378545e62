//! How much memory the stream of a large checkpoint takes.
//!
//! A tar of 10 GiB, which is a hole in a file, goes member by member to the object storage of a
//! simulated world, which keeps only size and digest of what is large. The world is a process of
//! its own, so that what is read at the end is the peak of the transfer alone.
//!
//! `cargo xtask bench memory` runs it; `--gib N` may follow. Linux only: the peak comes from
//! `/proc`.
#![expect(clippy::disallowed_methods, reason = "a measurement starts programs and reads the clock")]
#![expect(clippy::print_stdout, reason = "its result is what it prints")]

use std::error::Error;
use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use serde_json::{Value, json};
use springboard::bundle::Checkpoint;
use springboard::rehearsal::{Scenario, World, environment};
use springboard::run::Secret;
use springboard::transfer::checkpoints::{Destination, DigestCache, upload};
use springboard::transfer::{
    CancellationToken, CredentialsError, Freshness, Reporter, Retry, StorageAccess,
    StorageCredentials, StorageKeys,
};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const SPRINGBOARD: &str = env!("CARGO_BIN_EXE_springboard");
const GOAL_MIB: u64 = 256;
const BUCKET: &str = "acme-models";

fn main() -> Result<()> {
    let gib = gib_from_args(std::env::args().skip(1))?;
    let folder = tempfile::Builder::new().prefix("sb").tempdir()?;
    let checkpoint = sparse_tar(folder.path(), gib << 30)?;
    let world = Running::start(&folder.path().join("world"))?;
    let before = peak_mib("self")?;
    let started = Instant::now();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let sent = runtime.block_on(send(&checkpoint, &world, folder.path()))?;
    let took = started.elapsed();
    if sent < gib << 30 {
        return Err(format!("only {sent} bytes were sent").into());
    }
    let peak = peak_mib("self")?;
    let verdict = if peak <= GOAL_MIB { "within" } else { "over" };
    println!(
        "checkpoint of {gib} GiB: peak {peak} MiB ({before} MiB before it), {verdict} the goal \
         {GOAL_MIB} MiB; {:.0} s, {:.0} MiB a second",
        took.as_secs_f64(),
        rate(sent, took)
    );
    println!("  the world that took it: peak {} MiB", peak_mib(&world.pid.to_string())?);
    Ok(())
}

fn gib_from_args(mut args: impl Iterator<Item = String>) -> Result<u64> {
    let mut gib = 10;
    while let Some(flag) = args.next() {
        match flag.as_str() {
            "--gib" => gib = args.next().ok_or("--gib needs a value")?.parse()?,
            // Cargo says so to every benchmark.
            "--bench" => {}
            unknown => return Err(format!("unknown argument {unknown}").into()),
        }
    }
    Ok(gib)
}

#[expect(clippy::cast_precision_loss, reason = "it is shown without decimals")]
fn rate(bytes: u64, took: Duration) -> f64 {
    bytes as f64 / f64::from(1 << 20) / took.as_secs_f64()
}

/// A tar of a small and a large file; the large one takes no room on the disk.
fn sparse_tar(folder: &Path, size: u64) -> Result<Checkpoint> {
    let path = folder.join("malibu-2.2.tar");
    let mut file = File::create(&path)?;
    let header = |name: &str, size: u64| -> Result<tar::Header> {
        let mut header = tar::Header::new_gnu();
        header.set_path(name)?;
        header.set_size(size);
        header.set_mode(0o644);
        header.set_cksum();
        Ok(header)
    };
    file.write_all(header("config.json", 2)?.as_bytes())?;
    let mut block = [0; 512];
    block[..2].copy_from_slice(b"{}");
    file.write_all(&block)?;
    file.write_all(header("weights/model.safetensors", size)?.as_bytes())?;
    let end = 3 * 512 + size.next_multiple_of(512) + 1024;
    file.set_len(end)?;
    Ok(Checkpoint { stem: "malibu-2.2".into(), path, size: end })
}

async fn send(checkpoint: &Checkpoint, world: &Running, folder: &Path) -> Result<u64> {
    let access = StorageAccess {
        client: reqwest::Client::new(),
        endpoint: world.storage.parse()?,
        region: "us-west-2".into(),
        credentials: Arc::new(Keys),
        retry: Retry { attempts: 1, first_wait: Duration::ZERO, longest_wait: Duration::ZERO },
        now: Timestamp::now,
    };
    let to = Destination::new(access, BUCKET);
    let cache = DigestCache::open(&folder.join("digests.json"));
    let (reporter, cancel) = (Reporter::silent(), CancellationToken::new());
    Ok(upload(checkpoint, &to, &cache, &reporter, &cancel).await?.sent)
}

#[derive(Debug)]
struct Keys;

#[async_trait::async_trait]
impl StorageCredentials for Keys {
    async fn keys(
        &self,
        _freshness: Freshness,
    ) -> std::result::Result<StorageKeys, CredentialsError> {
        Ok(StorageKeys {
            access_key: environment::ACCESS_KEY_ID.into(),
            secret_key: Secret::new(environment::SECRET_ACCESS_KEY),
            session_token: None,
        })
    }
}

/// A world with a bucket, in a process of its own.
struct Running {
    dir: PathBuf,
    storage: String,
    pid: u64,
}

impl Running {
    fn start(dir: &Path) -> Result<Self> {
        fs::create_dir(dir)?;
        let world = World::open(dir, Scenario::parse("")?, 0.0)?;
        let attributes = json!({"bucket": BUCKET});
        let bucket = json!({"type": "aws_s3_bucket", "id": BUCKET, "attributes": attributes});
        world.store.put("aws", &format!("aws_s3_bucket/{BUCKET}"), bucket)?;
        drop(world);
        call(&["start", "--time-scale", "0"], dir)?;
        let address: Value = serde_json::from_slice(&fs::read(dir.join("world.json"))?)?;
        let pid = address["pid"].as_u64().ok_or("a world without a process")?;
        let storage = address["storage"].as_str().ok_or("a world without storage")?;
        Ok(Self { dir: dir.to_owned(), storage: format!("http://{storage}/"), pid })
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = call(&["stop"], &self.dir) {
            println!("the world is left in {}: {error}", self.dir.display());
        }
    }
}

/// `springboard world …` for the world in that folder.
fn call(words: &[&str], dir: &Path) -> Result<()> {
    let mut command = Command::new(SPRINGBOARD);
    command.arg("world").args(words).arg("--dir").arg(dir);
    // Files, not pipes: the world outlives the command and would hold a pipe open.
    let log = dir.with_extension("log");
    let file = File::create(&log)?;
    let status = command.stdout(file.try_clone()?).stderr(file).stdin(Stdio::null()).status()?;
    if status.success() {
        return Ok(());
    }
    Err(format!("`world {words:?}` ended with {status}:\n{}", fs::read_to_string(&log)?).into())
}

/// The most memory that a process ever had.
fn peak_mib(process: &str) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib: u64 = peak.ok_or("no VmHWM")?.trim().trim_end_matches(" kB").parse()?;
    Ok(kib / 1024)
}
