//! Why an image could not be pushed.

use std::io;
use std::path::PathBuf;

use serde::Deserialize;

use crate::bundle::Digest;
use crate::error::Hint;
use crate::transfer::CredentialsError;

/// Why an image could not be pushed.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// There is no token for the registry.
    #[error("could not get credentials for the registry {host}")]
    Credentials {
        /// The registry.
        host: String,
        /// Why.
        #[source]
        source: CredentialsError,
    },
    /// Terraform has not made the repository, or it was removed.
    #[error("the repository `{repository}` does not exist: {message}")]
    NoRepository {
        /// Its name.
        repository: String,
        /// The registry's words.
        message: String,
    },
    /// The tag is there and points to something else.
    #[error("the tag `{repository}:{tag}` points to another image ({there}, not {ours})")]
    TagTaken {
        /// The repository.
        repository: String,
        /// The tag.
        tag: String,
        /// What it points to.
        there: Digest,
        /// What the bundle has.
        ours: Digest,
    },
    /// Not allowed.
    #[error("the registry {host} does not allow {what}: {message}")]
    Denied {
        /// The registry.
        host: String,
        /// What was asked.
        what: String,
        /// The registry's words.
        message: String,
    },
    /// Refused for another reason.
    #[error("the registry {host} refused {what} ({status}): {message}")]
    Refused {
        /// The registry.
        host: String,
        /// What was asked.
        what: String,
        /// The status.
        status: u16,
        /// The registry's words.
        message: String,
    },
    /// It answered with errors of its own until the tries were used up.
    #[error("the registry {host} failed {attempts} times at {what} ({status}): {message}")]
    Failing {
        /// The registry.
        host: String,
        /// What was asked.
        what: String,
        /// How often.
        attempts: u32,
        /// The last status.
        status: u16,
        /// The registry's last words.
        message: String,
    },
    /// No answer until the tries were used up.
    #[error("no answer from the registry {host} to {what} in {attempts} tries")]
    Unreachable {
        /// The registry.
        host: String,
        /// What was asked.
        what: String,
        /// How often.
        attempts: u32,
        /// The last cause.
        #[source]
        source: reqwest::Error,
    },
    /// The image in the bundle cannot be read.
    #[error("could not read the image in `{}`", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The bytes are not those of the digest.
    #[error("the image in `{}` is damaged: {digest} has other bytes", .path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// The layer or config.
        digest: Digest,
    },
    /// After the push, something is not there.
    #[error("`{repository}:{tag}` is not complete in the registry: {digest} is missing")]
    Missing {
        /// The repository.
        repository: String,
        /// The tag.
        tag: String,
        /// What is missing.
        digest: Digest,
    },
    /// Ended by request.
    #[error("the push was stopped")]
    Stopped,
}

impl Hint for PushError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NoRepository { .. } => {
                "the stage `foundation` makes the repositories from the list of images; run it again"
            }
            Self::TagTaken { .. } => {
                "tags are immutable; delete the tag in the registry if the bundle's image is the \
                 right one, or use the bundle that it came from"
            }
            Self::Denied { .. } => {
                "the caller needs ecr:InitiateLayerUpload, ecr:UploadLayerPart, \
                 ecr:CompleteLayerUpload, ecr:BatchCheckLayerAvailability and ecr:PutImage"
            }
            Self::Unreachable { .. } => {
                "a registry that closes the connection in a push often means a missing permission \
                 (ecr:UploadLayerPart); otherwise look at the proxy and the way out"
            }
            Self::Damaged { .. } => "compare the checksum of the file with the delivery",
            Self::Missing { .. } => "run it again; what is there is not sent twice",
            Self::Credentials { .. }
            | Self::Refused { .. }
            | Self::Failing { .. }
            | Self::Read { .. }
            | Self::Stopped => return None,
        };
        Some(text.to_owned())
    }
}

/// The first error in an answer of a registry: code and words.
pub(super) fn words_of(body: &str) -> (String, String) {
    #[derive(Deserialize)]
    struct Answer {
        errors: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        code: String,
        #[serde(default)]
        message: String,
    }
    match serde_json::from_str::<Answer>(body) {
        Ok(Answer { errors }) if !errors.is_empty() => {
            (errors[0].code.clone(), errors[0].message.clone())
        }
        _ => (String::new(), body.trim().chars().take(300).collect()),
    }
}
