//! The bucket that holds a Terraform state: made or found, versioned, encrypted, closed to the
//! public and to plain HTTP, and the lock that Terraform keeps beside the state.
//!
//! The lock is the object that terraform's backend `s3` writes with `use_lockfile`: the key of the
//! state with `.tflock`, written only where there is none.

use super::storage::{Bucket, Standing, StorageAccess, StorageError};
use crate::cloud::DEPLOYMENT_TAG;
use crate::error::Hint;

/// A state in a bucket.
#[derive(Debug, Clone)]
pub struct StateBucket {
    bucket: Bucket,
    name: String,
    key: String,
    deployment: String,
}

/// How the bucket was come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It was there.
    Found,
    /// It was made.
    Made,
}

impl StateBucket {
    /// The state at `key` of the bucket `name`, for a deployment.
    pub fn new(access: &StorageAccess, name: &str, key: &str, deployment: &str) -> Self {
        Self {
            bucket: Bucket::new(access, name),
            name: name.to_owned(),
            key: key.to_owned(),
            deployment: deployment.to_owned(),
        }
    }

    /// The name of the bucket.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Finds the bucket or makes it. One that we made, or began to make, gets its settings; one
    /// that is another's is only looked at.
    ///
    /// # Errors
    /// When it cannot be used for a state.
    pub async fn ensure(&self) -> Result<How, StateError> {
        let bucket = &self.bucket;
        let how = match bucket.standing().await? {
            Standing::Usable => How::Found,
            Standing::Absent => {
                bucket.create().await?;
                How::Made
            }
            Standing::Foreign => return Err(StateError::Foreign { bucket: self.name.clone() }),
            Standing::Elsewhere => return Err(StateError::Elsewhere { bucket: self.name.clone() }),
        };
        if how == How::Made || self.is_ours().await? {
            self.settle().await?;
        } else if !bucket.is_versioned().await? {
            return Err(StateError::Unversioned { bucket: self.name.clone() });
        }
        Ok(how)
    }

    /// Whether the bucket carries our tag, or is one that was made and never used.
    async fn is_ours(&self) -> Result<bool, StateError> {
        let tags = self.bucket.tags().await?;
        let is_tagged = tags.iter().any(|(key, _)| key == DEPLOYMENT_TAG);
        Ok(is_tagged || (tags.is_empty() && self.bucket.is_empty().await?))
    }

    async fn settle(&self) -> Result<(), StateError> {
        let name = &self.name;
        let deployment = &self.deployment;
        let settings = [
            (
                "tagging",
                format!(
                    "<Tagging><TagSet><Tag><Key>{DEPLOYMENT_TAG}</Key><Value>{deployment}</Value>\
                     </Tag></TagSet></Tagging>"
                ),
            ),
            (
                "versioning",
                "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"
                    .to_owned(),
            ),
            (
                "encryption",
                "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>\
                 <SSEAlgorithm>AES256</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule>\
                 </ServerSideEncryptionConfiguration>"
                    .to_owned(),
            ),
            (
                "publicAccessBlock",
                "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls>\
                 <IgnorePublicAcls>true</IgnorePublicAcls><BlockPublicPolicy>true\
                 </BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets>\
                 </PublicAccessBlockConfiguration>"
                    .to_owned(),
            ),
            ("policy", tls_only(name)),
        ];
        for (setting, document) in settings {
            self.bucket.set(setting, document).await?;
        }
        Ok(())
    }

    /// Takes a lock and releases it: where two can have it at once, Terraform's would hold nobody
    /// back. The object is another one than that of the state.
    ///
    /// # Errors
    /// When the bucket does not lock.
    pub async fn try_lock(&self) -> Result<(), StateError> {
        let probe = format!("{}.probe", self.key);
        // One that was left by a kill must not be taken for a refusal.
        self.bucket.delete(&probe).await?;
        let first = self.bucket.put_new(&probe, "springboard").await?;
        let second = self.bucket.put_new(&probe, "springboard").await?;
        self.bucket.delete(&probe).await?;
        if first && !second {
            return Ok(());
        }
        Err(StateError::Lockless { bucket: self.name.clone() })
    }

    /// What stands in the lock of the state; `None` when nobody has it.
    ///
    /// # Errors
    /// When the bucket cannot be asked.
    pub async fn lock(&self) -> Result<Option<String>, StateError> {
        match self.bucket.get(&format!("{}.tflock", self.key)).await {
            Err(StorageError::NoBucket { .. }) => Ok(None),
            asked => Ok(asked?),
        }
    }
}

/// Nobody may use the bucket without TLS.
fn tls_only(bucket: &str) -> String {
    serde_json::json!({
        "Version": "2012-10-17",
        "Statement": [{
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [format!("arn:aws:s3:::{bucket}"), format!("arn:aws:s3:::{bucket}/*")],
            "Condition": { "Bool": { "aws:SecureTransport": "false" } },
        }],
    })
    .to_string()
}

/// Why a bucket cannot hold the state.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The name is taken.
    #[error("the bucket `{bucket}` belongs to another account, or the caller may not use it")]
    Foreign {
        /// Its name.
        bucket: String,
    },
    /// It is in another region.
    #[error("the bucket `{bucket}` is in another region")]
    Elsewhere {
        /// Its name.
        bucket: String,
    },
    /// It would forget what was overwritten.
    #[error("the bucket `{bucket}` was not made by springboard and keeps no versions")]
    Unversioned {
        /// Its name.
        bucket: String,
    },
    /// It lets two have the lock.
    #[error("the bucket `{bucket}` does not lock: two writers got the same lock")]
    Lockless {
        /// Its name.
        bucket: String,
    },
    /// S3 did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Hint for StateError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::Foreign { .. } | Self::Elsewhere { .. } => {
                "answer another name with `state_bucket`, or let the caller use this one"
            }
            Self::Unversioned { .. } => {
                "switch its versioning on, or answer another name with `state_bucket`"
            }
            Self::Lockless { .. } => "this is no S3 that a state can be kept in; use another",
            Self::Storage(error) => return error.hint(),
        };
        Some(text.to_owned())
    }
}
