//! The model checkpoints that were delivered: tar files, listed by name and size only.

use std::fs;
use std::path::{Path, PathBuf};

use super::deployment::BundleError;

/// A checkpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The file name without `.tar`: `<model>-<version>`.
    pub stem: String,
    /// The tar file.
    pub path: PathBuf,
    /// Its bytes.
    pub size: u64,
}

/// Lists the `*.tar` files directly in `dir`, in the order of their names.
///
/// # Errors
/// When the folder cannot be read or has no such file.
pub fn read(dir: &Path) -> Result<Vec<Checkpoint>, BundleError> {
    let unreadable = |source| BundleError::Read { path: dir.to_owned(), source };
    let mut checkpoints = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|end| end != "tar") || !path.is_file() {
            continue;
        }
        let size = fs::metadata(&path).map_err(unreadable)?.len();
        let Some(stem) = path.file_stem().and_then(|stem| stem.to_str()) else {
            return Err(BundleError::NotAName { name: path.to_string_lossy().into_owned(), path });
        };
        checkpoints.push(Checkpoint { stem: stem.to_owned(), size, path });
    }
    if checkpoints.is_empty() {
        return Err(BundleError::NoCheckpoints { path: dir.to_owned() });
    }
    checkpoints.sort_by(|a, b| a.stem.cmp(&b.stem));
    Ok(checkpoints)
}
