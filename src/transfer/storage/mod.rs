//! S3, as far as an upload needs it: signed requests, parts, checksums.
//!
//! A client of our own and not a general one, because a resumed upload has to list what an earlier
//! one has left (uploads, parts, their checksums), and a part must go out from the file without
//! being held in memory. Start at [`Bucket`].

mod bucket;
mod settings;
mod sign;
mod xml;

use std::fmt::Debug;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

pub(super) use self::bucket::{Bucket, Part, Slice};
pub(super) use self::settings::Standing;
pub(super) use self::xml::ListedPart;
use super::{CredentialsError, Freshness, Retry};
use crate::cloud::CredentialSource;
use crate::error::Hint;
use crate::run::Secret;

/// How object storage is reached.
#[derive(Debug, Clone)]
pub struct StorageAccess {
    /// Knows proxies and certificates.
    pub client: reqwest::Client,
    /// `https://s3.REGION.amazonaws.com/`, or an override; buckets are named in the path.
    pub endpoint: Url,
    /// For the signature.
    pub region: String,
    /// Who asks.
    pub credentials: Arc<dyn StorageCredentials>,
    /// How often.
    pub retry: Retry,
    /// The clock, for the signature.
    pub now: fn() -> Timestamp,
}

/// Gives the keys that requests are signed with; they end while an upload runs.
#[async_trait::async_trait]
pub trait StorageCredentials: Debug + Send + Sync {
    /// Keys to sign with.
    async fn keys(&self, freshness: Freshness) -> Result<StorageKeys, CredentialsError>;
}

/// Keys to sign with.
#[derive(Debug, Clone)]
pub struct StorageKeys {
    /// The access key id.
    pub access_key: String,
    /// Its secret.
    pub secret_key: Secret,
    /// Of temporary ones.
    pub session_token: Option<Secret>,
}

/// The keys of a login: of the one that is valid when a request is signed.
#[derive(Debug, Clone)]
pub struct LoginKeys(pub Arc<dyn CredentialSource>);

#[async_trait::async_trait]
impl StorageCredentials for LoginKeys {
    async fn keys(&self, _always_fresh: Freshness) -> Result<StorageKeys, CredentialsError> {
        let served = self.0.credentials().await;
        let keys = served.map_err(|error| CredentialsError(error.to_string()))?.keys;
        Ok(StorageKeys {
            access_key: keys.access_key_id,
            secret_key: keys.secret_access_key,
            session_token: keys.session_token,
        })
    }
}

/// Why object storage did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There are no keys to sign with.
    #[error("could not get credentials for S3")]
    Credentials {
        /// Why.
        #[source]
        source: CredentialsError,
    },
    /// Terraform has not made the bucket, or it was removed.
    #[error("the bucket `{bucket}` does not exist")]
    NoBucket {
        /// Its name.
        bucket: String,
    },
    /// Not allowed.
    #[error("S3 does not allow {what}: {message}")]
    Denied {
        /// What was asked.
        what: String,
        /// The words of S3.
        message: String,
    },
    /// Refused for another reason.
    #[error("S3 refused {what} ({code}): {message}")]
    Refused {
        /// What was asked.
        what: String,
        /// The code, or the status.
        code: String,
        /// The words of S3.
        message: String,
    },
    /// It answered with errors of its own until the tries were used up.
    #[error("S3 failed {attempts} times at {what} ({code}): {message}")]
    Failing {
        /// What was asked.
        what: String,
        /// How often.
        attempts: u32,
        /// The last code, or the status.
        code: String,
        /// The last words of S3.
        message: String,
    },
    /// No answer until the tries were used up.
    #[error("no answer from S3 to {what} in {attempts} tries")]
    Unreachable {
        /// What was asked.
        what: String,
        /// How often.
        attempts: u32,
        /// The last cause.
        #[source]
        source: reqwest::Error,
    },
    /// An answer that makes no sense.
    #[error("could not understand the answer of S3 to {what}: {reason}")]
    Strange {
        /// What was asked.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The local file cannot be read.
    #[error("could not read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Hint for StorageError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoBucket { .. } => "the stage `foundation` makes the bucket; run it again",
            Self::Denied { .. } => {
                "the caller needs s3:PutObject, s3:GetObject, s3:ListBucket, s3:DeleteObject and \
                 s3:ListBucketMultipartUploads on the bucket, and kms:GenerateDataKey and \
                 kms:Decrypt on its key"
            }
            Self::Unreachable { .. } => "look at the proxy and the way out, and run it again",
            _ => return None,
        };
        Some(text.to_owned())
    }
}
