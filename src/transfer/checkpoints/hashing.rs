//! One pass over a file: the digest of every run of bytes, and of the whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::UploadError;
use crate::transfer::storage::Slice;

const BUFFER: usize = 256 << 10;

/// Reads forward only.
#[derive(Debug)]
pub(super) struct Hashing {
    file: Arc<File>,
    path: PathBuf,
    at: u64,
    whole: Sha256,
}

impl Hashing {
    pub(super) fn new(file: Arc<File>, path: &Path) -> Self {
        Self { file, path: path.to_owned(), at: 0, whole: Sha256::new() }
    }

    /// Reads up to there; headers and padding are part of the whole only.
    async fn go_to(&mut self, offset: u64) -> Result<(), UploadError> {
        let gap = offset.saturating_sub(self.at);
        if gap > 0 {
            self.range(gap).await?;
        }
        Ok(())
    }

    /// Reads the bytes there. What lies before has been read already when a link leads back to
    /// it; it then counts for the whole no second time.
    pub(super) async fn range_at(&mut self, offset: u64, size: u64) -> Result<Slice, UploadError> {
        if offset >= self.at {
            self.go_to(offset).await?;
            return self.range(size).await;
        }
        let (_, sha256) = self.read(offset, size, Sha256::new()).await?;
        Ok(self.slice(offset, size, sha256))
    }

    /// Reads the next bytes.
    pub(super) async fn range(&mut self, size: u64) -> Result<Slice, UploadError> {
        let (at, whole) = (self.at, std::mem::take(&mut self.whole));
        let (whole, sha256) = self.read(at, size, whole).await?;
        self.whole = whole;
        self.at += size;
        Ok(self.slice(at, size, sha256))
    }

    async fn read(
        &self,
        at: u64,
        size: u64,
        whole: Sha256,
    ) -> Result<(Sha256, [u8; 32]), UploadError> {
        let file = self.file.clone();
        let read = tokio::task::spawn_blocking(move || read(&file, at, size, whole)).await;
        // A task that is gone means that the program ends.
        let read = read.map_err(|_gone| UploadError::Stopped)?;
        read.map_err(|source| UploadError::Read { path: self.path.clone(), source })
    }

    fn slice(&self, offset: u64, size: u64, sha256: [u8; 32]) -> Slice {
        Slice { file: self.file.clone(), path: self.path.clone(), offset, size, sha256 }
    }

    /// Reads the rest, up to the size of the file, and gives the digest of the whole.
    pub(super) async fn finish(mut self, size: u64) -> Result<[u8; 32], UploadError> {
        self.go_to(size).await?;
        Ok(self.whole.finalize().into())
    }
}

fn read(file: &File, at: u64, size: u64, mut whole: Sha256) -> io::Result<(Sha256, [u8; 32])> {
    let mut part = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut done = 0;
    while done < size {
        let left = usize::try_from(size - done).unwrap_or(BUFFER).min(BUFFER);
        let got = file.read_at(&mut buffer[..left], at + done)?;
        if got == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        whole.update(&buffer[..got]);
        part.update(&buffer[..got]);
        done += got as u64;
    }
    Ok((whole, part.finalize().into()))
}
