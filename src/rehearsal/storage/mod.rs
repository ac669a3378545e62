//! The object storage of the simulated account, as Amazon S3 behaves.
//!
//! A bucket exists when Terraform made it. Small objects are kept byte for byte, of large ones
//! only size and digest. Signatures of the world's own credentials ([`ACCESS_KEY`], [`SECRET_KEY`])
//! are verified, other access keys are refused, and requests without a signature are answered, so
//! that any client can look. Start at [`serve`].

mod answers;
mod body;
mod listing;
mod multipart;
mod objects;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3ServiceBuilder;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::World;
use super::http::{self as connection, Hangup, denial, status_of};
use super::store::Store;

/// The access key id that the world knows.
pub const ACCESS_KEY: &str = "AKIAREHEARSAL0000000";
/// Its secret.
pub const SECRET_KEY: &str = "rehearsal";

/// Objects and parts up to this size are kept whole.
const KEPT_AT_MOST: u64 = 1 << 20;

/// Serves the storage until dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(world: Arc<World>, listener: TcpListener) -> io::Result<()> {
    let storage = Storage { world: world.clone(), count: Arc::new(AtomicU64::new(0)) };
    let mut builder = S3ServiceBuilder::new(storage);
    builder.set_auth(Keys);
    builder.set_access(Everybody);
    builder.set_host(Hosts);
    connection::serve(world, listener, builder.build()).await
}

/// The objects of the world by key, size and digest, and the uploads that were not finished.
pub fn inventory(store: &Store) -> Value {
    let objects: Vec<Value> = store
        .list("storage")
        .iter()
        .filter_map(|(name, object)| {
            let (bucket, key) = name.split_once('/')?;
            Some(json!({"bucket": bucket, "key": key, "size": object["size"],
                        "digest": object["sha256"]}))
        })
        .collect();
    let uploads: Vec<Value> = store
        .list("storage-uploads")
        .iter()
        .map(|(_, upload)| json!({"bucket": upload["bucket"], "key": upload["key"]}))
        .collect();
    json!({"objects": objects, "unfinished_uploads": uploads})
}

#[derive(Debug, Clone)]
struct Storage {
    world: Arc<World>,
    /// Makes upload ids differ.
    count: Arc<AtomicU64>,
}

impl Storage {
    /// The buckets that Terraform made.
    fn buckets(&self) -> Vec<String> {
        let objects = self.world.store.list_prefix("aws", "aws_s3_bucket/");
        let live = objects.iter().filter(|(_, object)| object["status"] != "creating");
        let mut names: Vec<String> = live
            .filter_map(|(_, object)| Some(object["attributes"]["bucket"].as_str()?.to_owned()))
            .collect();
        names.sort();
        names
    }

    fn require_bucket(&self, name: &str) -> S3Result<()> {
        if self.buckets().iter().any(|bucket| bucket == name) {
            Ok(())
        } else {
            Err(s3_error!(NoSuchBucket, "The specified bucket does not exist"))
        }
    }

    /// Refuses what the scenario denies, and lets happen what it wants to go wrong.
    async fn admit(
        &self,
        action: &str,
        bucket: &str,
        key: &str,
        extensions: &http::Extensions,
    ) -> S3Result<()> {
        self.require_bucket(bucket)?;
        if let Some(text) = denial(&self.world, action, &format!("arn:aws:s3:::{bucket}/{key}")) {
            return Err(S3Error::with_message(S3ErrorCode::AccessDenied, text));
        }
        let name = key.rsplit('/').next().unwrap_or(key);
        let places = [bucket, key, name, "checkpoints", action];
        let hangup = extensions.get::<Hangup>();
        match connection::mishap(&self.world, &places, "upload", hangup).await.map_err(failed)? {
            Some(text) => Err(of_fault(&text)),
            None => Ok(()),
        }
    }
}

/// An error that the scenario wants: `Code: sentence`, or only one of the two.
fn of_fault(text: &str) -> S3Error {
    let (code, sentence) = text.split_once(": ").unwrap_or((text, text));
    let is_code = code.chars().all(|c| c.is_ascii_alphanumeric());
    let code = if is_code { code } else { "InvalidRequest" };
    let mut error = S3Error::with_message(
        code.parse().unwrap_or(S3ErrorCode::InvalidRequest),
        sentence.to_owned(),
    );
    if error.status_code().is_none() {
        let status = http::StatusCode::from_u16(status_of(text));
        error.set_status_code(status.unwrap_or(http::StatusCode::BAD_REQUEST));
    }
    error
}

/// The world's own disk failed.
fn failed(error: io::Error) -> S3Error {
    let text = format!("the world cannot write: {error}");
    let mut answer = S3Error::with_message(S3ErrorCode::InternalError, text);
    answer.set_source(Box::new(error));
    answer
}

#[derive(Debug)]
struct Keys;

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == ACCESS_KEY {
            return Ok(SecretKey::from(SECRET_KEY));
        }
        let text = "The AWS Access Key Id you provided does not exist in our records.";
        Err(s3_error!(InvalidAccessKeyId, "{text}"))
    }
}

#[derive(Debug)]
struct Everybody;

#[async_trait::async_trait]
impl S3Access for Everybody {
    async fn check(&self, _context: &mut S3AccessContext<'_>) -> S3Result<()> {
        Ok(())
    }
}

/// `BUCKET.localhost` names the bucket in the host; every other host does not.
#[derive(Debug)]
struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        let name = host.split(':').next().unwrap_or(host);
        Ok(match name.strip_suffix(".localhost") {
            Some(bucket) => VirtualHost::new("localhost").with_bucket(bucket),
            None => VirtualHost::new(name),
        })
    }
}
