//! Archives with the same bytes each time: fixed times, owners and modes.

use std::io::{self, Write as _};

use flate2::{Compression, GzBuilder};
use tar::{Builder, EntryType, Header};

/// 2026-01-01T00:00:00Z, the time of everything in the bundle.
const TIME: u64 = 1_767_225_600;

/// A tar of the given files, in the given order.
pub(super) fn tar(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> io::Result<Vec<u8>> {
    let mut builder = Builder::new(Vec::new());
    for (path, content) in files {
        let is_folder = path.ends_with('/');
        let mut header = Header::new_gnu();
        header.set_entry_type(if is_folder { EntryType::Directory } else { EntryType::Regular });
        header.set_size(content.len() as u64);
        header.set_mode(if is_folder { 0o755 } else { 0o644 });
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(TIME);
        builder.append_data(&mut header, path, content.as_slice())?;
    }
    builder.into_inner()
}

/// Compresses with gzip, without name and time.
pub(super) fn gzip(content: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
    encoder.write_all(content)?;
    encoder.finish()
}
