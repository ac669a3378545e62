//! Why a checkpoint could not be brought into the bucket.

use std::io;
use std::path::PathBuf;

use crate::error::Hint;
use crate::transfer::StorageError;

/// Why a checkpoint could not be brought into the bucket.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// Not a tar file, or a broken one.
    #[error("`{}` is not a whole tar file: {reason}", .path.display())]
    NotATar {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A member would land outside of the checkpoint's folder.
    #[error("`{}` has the member `{member}`, which leads out of its folder", .path.display())]
    Escapes {
        /// The file.
        path: PathBuf,
        /// The name.
        member: String,
    },
    /// A member that has no like in a bucket.
    #[error("`{}` has the member `{member}`, which cannot be uploaded: {reason}", .path.display())]
    Unfit {
        /// The file.
        path: PathBuf,
        /// The name.
        member: String,
        /// Why.
        reason: String,
    },
    /// The file cannot be read.
    #[error("could not read `{}`", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Somebody wrote to the file meanwhile.
    #[error("`{}` was changed while it was uploaded", .path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// S3 did not do what was asked.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// S3 has other bytes than were sent.
    #[error("`{uri}` has the checksum {there}, not {ours}")]
    Differs {
        /// The object.
        uri: String,
        /// As S3 says.
        there: String,
        /// As read from the file.
        ours: String,
    },
    /// Something that must be in the bucket is not.
    #[error("the checkpoint is not whole in the bucket: `{uri}` is missing or another one")]
    Missing {
        /// The object.
        uri: String,
    },
    /// Ended by request.
    #[error("the upload was stopped")]
    Stopped,
}

impl Hint for UploadError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotATar { .. } => "compare its checksum with the delivery and fetch it again",
            Self::Escapes { .. } => "do not use this file; ask where it comes from",
            Self::Unfit { .. } => "pack the checkpoint again with plain files only",
            Self::Changed { .. } => "let nothing write to the file, and run it again",
            Self::Storage(error) => return error.hint(),
            Self::Differs { .. } | Self::Missing { .. } => {
                "run it again; what is right is not sent twice"
            }
            Self::Read { .. } | Self::Stopped => return None,
        };
        Some(text.to_owned())
    }
}
