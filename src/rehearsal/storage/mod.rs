//! The object storage of the simulated account, as Amazon S3 behaves.
//!
//! A bucket is the same whether Terraform made it or a client over the wire. Small objects and the
//! state of Terraform are kept byte for byte, of others only size and digest. Signatures of the
//! world's own credentials ([`ACCESS_KEY`], [`SECRET_KEY`]) and of the operator's login are
//! verified, other access keys and ended logins are refused, and requests without a signature are
//! answered, so that any client can look. What is not simulated (access points, object lock,
//! lifecycle rules, replication, …) is answered with `NotImplemented`. Start at [`serve`].

mod answers;
mod body;
mod buckets;
mod listing;
mod multipart;
mod objects;
mod sums;
mod versions;

use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};

use s3s::access::{S3Access, S3AccessContext};
use s3s::auth::{S3Auth, SecretKey};
use s3s::host::{S3Host, VirtualHost};
use s3s::service::S3ServiceBuilder;
use s3s::{S3Error, S3ErrorCode, S3Result, s3_error};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::http::{self as connection, Hangup, denial, status_of};
use super::login::{self, Stranger};
use super::store::Store;
use super::{World, environment};

/// The access key id that the world knows.
pub const ACCESS_KEY: &str = environment::ACCESS_KEY_ID;
/// Its secret.
pub const SECRET_KEY: &str = environment::SECRET_ACCESS_KEY;

/// Objects and parts up to this size are kept whole.
const KEPT_AT_MOST: u64 = 1 << 20;

/// Serves the storage until dropped.
///
/// # Errors
/// When the listener fails.
pub async fn serve(world: Arc<World>, listener: TcpListener) -> io::Result<()> {
    let storage = Storage {
        world: world.clone(),
        count: Arc::new(AtomicU64::new(0)),
        writing: Arc::new(Mutex::new(())),
    };
    let mut builder = S3ServiceBuilder::new(storage);
    builder.set_auth(Keys(world.clone()));
    builder.set_access(Holders(world.clone()));
    builder.set_host(Hosts);
    connection::serve(world, listener, builder.build()).await
}

/// The objects of the world by key, size and digest, and the uploads that were not finished.
///
/// Current objects only: how often something was written before is not part of what exists. A state
/// or a lock of Terraform is listed by what it is, because equal worlds have different ones: a
/// state has a random lineage and counts its changes.
pub fn inventory(store: &Store) -> Value {
    let listed = |(name, object): &(String, Value)| {
        let (bucket, key) = name.split_once('/')?;
        Some(match objects::of_terraform(key, object) {
            Some(what) => json!({"bucket": bucket, "key": key, "terraform": what}),
            None => json!({"bucket": bucket, "key": key, "size": object["size"],
                           "digest": object["sha256"]}),
        })
    };
    let objects: Vec<Value> = store.list("storage").iter().filter_map(listed).collect();
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
    /// Held while something is decided and written.
    writing: Arc<Mutex<()>>,
}

/// A request, as permissions and faults of a scenario name it.
#[derive(Debug, Clone, Copy)]
struct Call<'a> {
    action: &'a str,
    bucket: &'a str,
    key: &'a str,
    /// What it does: `upload`, `read`, `delete`, `create`.
    when: &'a str,
}

impl<'a> Call<'a> {
    fn write(bucket: &'a str, key: &'a str) -> Self {
        Self { action: "s3:PutObject", bucket, key, when: "upload" }
    }

    fn read(bucket: &'a str, key: &'a str) -> Self {
        Self { action: "s3:GetObject", bucket, key, when: "read" }
    }

    fn delete(bucket: &'a str, key: &'a str) -> Self {
        Self { action: "s3:DeleteObject", bucket, key, when: "delete" }
    }

    fn list(bucket: &'a str) -> Self {
        Self { action: "s3:ListBucket", bucket, key: "", when: "read" }
    }

    /// The stage of a rollout that such a request belongs to.
    fn stage(&self) -> &'static str {
        if objects::is_of_terraform(self.key) { "state" } else { "checkpoints" }
    }
}

impl Storage {
    /// Refuses what the scenario denies.
    fn allow(&self, action: &str, bucket: &str, key: &str) -> S3Result<()> {
        let slash = if key.is_empty() { "" } else { "/" };
        let resource = format!("arn:aws:s3:::{bucket}{slash}{key}");
        match denial(&self.world, action, &resource) {
            Some(text) => Err(S3Error::with_message(S3ErrorCode::AccessDenied, text)),
            None => Ok(()),
        }
    }

    /// Refuses what the scenario denies, and lets happen what it wants to go wrong.
    async fn admit(&self, call: Call<'_>, extensions: &http::Extensions) -> S3Result<()> {
        if call.when != "create" {
            self.require_bucket(call.bucket)?;
        }
        self.allow(call.action, call.bucket, call.key)?;
        let name = call.key.rsplit('/').next().unwrap_or(call.key);
        let places = [call.bucket, call.key, name, call.stage(), call.action];
        let hangup = extensions.get::<Hangup>();
        match connection::mishap(&self.world, &places, call.when, hangup).await.map_err(failed)? {
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
struct Keys(Arc<World>);

#[async_trait::async_trait]
impl S3Auth for Keys {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if let Some((keys, _)) = login::known(&self.0, access_key) {
            return Ok(SecretKey::from(keys.secret_access_key.expose()));
        }
        let text = "The AWS Access Key Id you provided does not exist in our records.";
        Err(s3_error!(InvalidAccessKeyId, "{text}"))
    }
}

/// Those who sign; that the signature is right has been found before.
#[derive(Debug)]
struct Holders(Arc<World>);

#[async_trait::async_trait]
impl S3Access for Holders {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        const TOKEN: &str = "x-amz-security-token";
        let Some(credentials) = context.credentials() else { return Ok(()) };
        let presigned = context.uri().query().unwrap_or_default();
        let presigned = url::form_urlencoded::parse(presigned.as_bytes());
        let presigned = presigned.into_owned().find(|(name, _)| name.eq_ignore_ascii_case(TOKEN));
        let header = context.headers().get(TOKEN).and_then(|value| value.to_str().ok());
        let token = header.or(presigned.as_ref().map(|(_, token)| token.as_str()));
        match login::admit(&self.0, &credentials.access_key, token) {
            Ok(()) => Ok(()),
            Err(Stranger::Expired) => {
                Err(s3_error!(ExpiredToken, "The provided token has expired."))
            }
            Err(Stranger::Forged | Stranger::Unknown) => {
                let text = "The provided token is malformed or otherwise invalid.";
                Err(s3_error!(InvalidToken, "{text}"))
            }
        }
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
