//! Where the members of a tar file are, without unpacking it; plain, gzip or zstd.
//!
//! A plain tar is read by its headers only and its members by seeking. A compressed one cannot be
//! sought in: it is read through once, small JSON members are kept on the way, and a later read
//! of a member decompresses up to it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

/// How a tar file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Zstd,
}

/// The members of one tar file.
#[derive(Debug)]
pub(super) struct TarIndex {
    path: PathBuf,
    compression: Compression,
    members: BTreeMap<String, Member>,
    kept: BTreeMap<String, Vec<u8>>,
}

#[derive(Debug)]
enum Member {
    Bytes { offset: u64, size: u64 },
    SameAs(String),
}

/// A run of bytes in a file, possibly a compressed one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) path: PathBuf,
    pub(super) compression: Compression,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// Manifests and configs are far smaller; a bigger JSON member is not one of them.
const KEPT_AT_MOST: u64 = 4 << 20;
/// What one archive may make us hold in memory.
const KEPT_IN_ALL: usize = 64 << 20;

impl TarIndex {
    pub(super) fn read(path: &Path, compression: Compression) -> io::Result<Self> {
        let mut index = Self {
            path: path.to_owned(),
            compression,
            members: BTreeMap::new(),
            kept: BTreeMap::new(),
        };
        if compression == Compression::None {
            let mut archive = tar::Archive::new(BufReader::new(File::open(path)?));
            for entry in archive.entries_with_seek()? {
                index.note(entry?, false)?;
            }
            index.refuse_cut_off(std::fs::metadata(path)?.len())?;
        } else {
            let mut archive = tar::Archive::new(reader(path, compression)?);
            for entry in archive.entries()? {
                index.note(entry?, true)?;
            }
        }
        Ok(index)
    }

    /// Whether there is such a member.
    pub(super) fn has(&self, name: &str) -> bool {
        self.extent(name).is_some()
    }

    /// Where a member is; links are followed.
    pub(super) fn extent(&self, name: &str) -> Option<Extent> {
        let mut name = name;
        for _hop in 0..8 {
            match self.members.get(name)? {
                Member::SameAs(other) => name = other,
                Member::Bytes { offset, size } => {
                    return Some(Extent {
                        path: self.path.clone(),
                        compression: self.compression,
                        offset: *offset,
                        size: *size,
                    });
                }
            }
        }
        None
    }

    /// The bytes of a small member.
    pub(super) fn content(&self, name: &str) -> io::Result<Vec<u8>> {
        if let Some(kept) = self.kept.get(name) {
            return Ok(kept.clone());
        }
        let extent = self.extent(name).ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, format!("`{name}` is not in the archive"))
        })?;
        extent.content()
    }

    /// Seeking over the end is no error by itself, so a cut-off file must be looked for.
    fn refuse_cut_off(&self, length: u64) -> io::Result<()> {
        let cut = self.members.iter().find(|(_, member)| match member {
            Member::Bytes { offset, size } => offset.saturating_add(*size) > length,
            Member::SameAs(_) => false,
        });
        match cut {
            Some((name, _)) => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("the file ends inside its member `{name}`"),
            )),
            None => Ok(()),
        }
    }

    fn note<R: Read>(&mut self, mut entry: tar::Entry<'_, R>, keep: bool) -> io::Result<()> {
        let name = clean(&entry.path()?.to_string_lossy());
        let kind = entry.header().entry_type();
        if kind.is_symlink() || kind.is_hard_link() {
            if let Some(target) = entry.link_name()? {
                let target = target.to_string_lossy();
                let base = if kind.is_symlink() { parent_of(&name) } else { "" };
                self.members.insert(name.clone(), Member::SameAs(join(base, &target)));
            }
            return Ok(());
        }
        if !kind.is_file() && !kind.is_contiguous() {
            return Ok(());
        }
        let size = entry.size();
        let offset = entry.raw_file_position();
        self.members.insert(name.clone(), Member::Bytes { offset, size });
        let held: usize = self.kept.values().map(Vec::len).sum();
        if keep && size <= KEPT_AT_MOST && held < KEPT_IN_ALL {
            let mut content = Vec::new();
            let first = entry.by_ref().take(1).read_to_end(&mut content)?;
            if first == 1 && matches!(content[0], b'{' | b'[') {
                entry.read_to_end(&mut content)?;
                self.kept.insert(name, content);
            }
        }
        Ok(())
    }
}

impl Extent {
    /// A whole file.
    pub(super) fn of_file(path: &Path) -> io::Result<Self> {
        let size = std::fs::metadata(path)?.len();
        Ok(Self { path: path.to_owned(), compression: Compression::None, offset: 0, size })
    }

    /// Opens the bytes from `from` on.
    pub(super) fn open(&self, from: u64) -> io::Result<Box<dyn Read + Send>> {
        let start = self.offset + from;
        let left = self.size.saturating_sub(from);
        if self.compression == Compression::None {
            let mut file = File::open(&self.path)?;
            file.seek(SeekFrom::Start(start))?;
            return Ok(Box::new(file.take(left)));
        }
        let mut stream = reader(&self.path, self.compression)?;
        let skipped = io::copy(&mut stream.by_ref().take(start), &mut io::sink())?;
        if skipped < start {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Box::new(stream.take(left)))
    }

    /// All of a small run.
    pub(super) fn content(&self) -> io::Result<Vec<u8>> {
        if self.size > KEPT_AT_MOST {
            return Err(io::Error::other(format!("{} bytes are too many for JSON", self.size)));
        }
        let mut content = Vec::new();
        self.open(0)?.read_to_end(&mut content)?;
        Ok(content)
    }
}

/// What a file is by its first bytes; `None` when it is neither a tar nor compressed.
pub(super) fn compression_of(path: &Path) -> io::Result<Option<Compression>> {
    let mut start = Vec::new();
    File::open(path)?.take(512).read_to_end(&mut start)?;
    Ok(match compression_of_bytes(&start) {
        Compression::None if !is_tar(&start) => None,
        known => Some(known),
    })
}

/// Which compression these first bytes show.
pub(super) fn compression_of_bytes(start: &[u8]) -> Compression {
    if start.starts_with(&[0x1f, 0x8b]) {
        Compression::Gzip
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        Compression::Zstd
    } else {
        Compression::None
    }
}

fn is_tar(start: &[u8]) -> bool {
    start.get(257..262) == Some(b"ustar")
}

fn reader(path: &Path, compression: Compression) -> io::Result<Box<dyn Read + Send>> {
    let file = BufReader::with_capacity(256 << 10, File::open(path)?);
    Ok(match compression {
        Compression::None => Box::new(file),
        Compression::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(file)),
        Compression::Zstd => Box::new(zstd::Decoder::with_buffer(file)?),
    })
}

/// A member's name without `./`.
fn clean(name: &str) -> String {
    join("", name)
}

fn parent_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// `name` as seen from `base`, without `.` and `..`.
fn join(base: &str, name: &str) -> String {
    let base = if name.starts_with('/') { "" } else { base };
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
