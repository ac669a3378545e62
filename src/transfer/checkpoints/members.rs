//! The members of a checkpoint's tar file: what they are called and where they are.
//!
//! Reads headers only and judges all of them before anything is sent.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::{MARK, UploadError};

/// A file in the tar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// Cleaned, relative.
    pub(super) name: String,
    pub(super) offset: u64,
    pub(super) size: u64,
}

/// As S3 has it for a key; the rest of the key is the prefix.
const LONGEST_NAME: usize = 800;
/// As S3 has it for an object.
const LARGEST: u64 = 5 << 40;
const BLOCK: u64 = 512;

/// Reads the headers, in the order of the file. A link to another member counts as a file with
/// that member's bytes.
pub(super) fn read(path: &Path) -> Result<Vec<Member>, UploadError> {
    let unreadable = |source| UploadError::Read { path: path.to_owned(), source };
    let file = File::open(path).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    refuse_other_files(path)?;
    let mut scan = Scan { path, files: BTreeMap::new(), links: Vec::new(), end: 0 };
    let broken = |error: std::io::Error| scan_error(path, &error.to_string());
    let mut archive = tar::Archive::new(BufReader::new(file));
    for entry in archive.entries_with_seek().map_err(broken)? {
        scan.note(&mut entry.map_err(broken)?)?;
    }
    if scan.end > length {
        return Err(scan_error(path, "it ends inside of a member"));
    }
    if scan.end + BLOCK > length {
        return Err(scan_error(path, "it has no end mark, so the end may be missing"));
    }
    scan.finish()
}

struct Scan<'a> {
    path: &'a Path,
    files: BTreeMap<String, Member>,
    /// Name, and the name it leads to.
    links: Vec<(String, String)>,
    /// Where the last member ends, with its padding.
    end: u64,
}

impl Scan<'_> {
    fn note<R: Read>(&mut self, entry: &mut tar::Entry<'_, R>) -> Result<(), UploadError> {
        let raw = String::from_utf8(entry.path_bytes().into_owned());
        let raw = raw.map_err(|error| {
            let name = String::from_utf8_lossy(error.as_bytes()).into_owned();
            self.unfit(&name, "its name is not UTF-8")
        })?;
        let (offset, size) = (entry.raw_file_position(), entry.size());
        self.end = self.end.max(offset + size.next_multiple_of(BLOCK));
        let kind = entry.header().entry_type();
        if kind.is_dir() || kind.is_pax_global_extensions() {
            return Ok(());
        }
        let name = clean("", &raw).ok_or_else(|| self.escapes(&raw))?;
        if kind.is_symlink() || kind.is_hard_link() {
            let link = entry.link_name_bytes().unwrap_or_default();
            let link = String::from_utf8_lossy(&link).into_owned();
            let base = if kind.is_symlink() { parent_of(&name) } else { "" };
            let target = clean(base, &link).ok_or_else(|| self.escapes(&raw))?;
            self.links.push((name, target));
            return Ok(());
        }
        if kind.is_gnu_sparse() || is_pax_sparse(entry) {
            return Err(self.unfit(&raw, "it is stored as a sparse file"));
        }
        if !kind.is_file() && !kind.is_contiguous() {
            return Err(self.unfit(&raw, "it is not a file"));
        }
        // A very old way to write a folder.
        if raw.ends_with('/') {
            return Ok(());
        }
        self.add(Member { name, offset, size })
    }

    fn add(&mut self, member: Member) -> Result<(), UploadError> {
        let reason = if member.name.is_empty() || member.name.chars().any(char::is_control) {
            "its name is not one for an object"
        } else if member.name.len() > LONGEST_NAME {
            "its name is too long for an object"
        } else if member.name == MARK {
            "its name is that of the mark for a whole checkpoint"
        } else if member.size > LARGEST {
            "it is larger than an object can be (5 TiB)"
        } else if self.files.contains_key(&member.name) {
            "it is there twice"
        } else {
            self.files.insert(member.name.clone(), member);
            return Ok(());
        };
        Err(self.unfit(&member.name, reason))
    }

    fn finish(mut self) -> Result<Vec<Member>, UploadError> {
        let links: BTreeMap<_, _> = self.links.iter().cloned().collect();
        for (name, first) in std::mem::take(&mut self.links) {
            let mut target = &first;
            for _hop in 0..16 {
                target = links.get(target).unwrap_or(target);
            }
            let found = self.files.get(target).cloned();
            let found = found.ok_or_else(|| {
                self.unfit(&name, &format!("it is a link to `{first}`, which is not a file in it"))
            })?;
            self.add(Member { name, ..found })?;
        }
        let mut members: Vec<_> = self.files.into_values().collect();
        if members.is_empty() {
            return Err(scan_error(self.path, "it is empty"));
        }
        members.sort_by(|a, b| (a.offset, &a.name).cmp(&(b.offset, &b.name)));
        Ok(members)
    }

    fn escapes(&self, member: &str) -> UploadError {
        UploadError::Escapes { path: self.path.to_owned(), member: member.to_owned() }
    }

    fn unfit(&self, member: &str, reason: &str) -> UploadError {
        let (path, member) = (self.path.to_owned(), member.to_owned());
        UploadError::Unfit { path, member, reason: reason.to_owned() }
    }
}

fn is_pax_sparse<R: Read>(entry: &mut tar::Entry<'_, R>) -> bool {
    let Ok(Some(extensions)) = entry.pax_extensions() else { return false };
    extensions.flatten().any(|extension| extension.key_bytes().starts_with(b"GNU.sparse"))
}

fn refuse_other_files(path: &Path) -> Result<(), UploadError> {
    let unreadable = |source| UploadError::Read { path: path.to_owned(), source };
    let mut start = Vec::new();
    let file = File::open(path).map_err(unreadable)?;
    file.take(BLOCK).read_to_end(&mut start).map_err(unreadable)?;
    let is_compressed = start.starts_with(&[0x1f, 0x8b]) || start.starts_with(&[0x28, 0xb5, 0x2f]);
    if is_compressed {
        return Err(scan_error(path, "it is compressed"));
    }
    Ok(())
}

fn scan_error(path: &Path, reason: &str) -> UploadError {
    UploadError::NotATar { path: path.to_owned(), reason: reason.to_owned() }
}

fn parent_of(name: &str) -> &str {
    name.rsplit_once('/').map_or("", |(parent, _)| parent)
}

/// `name` as seen from `base`, without `.` and `..`; `None` when it leads outside.
fn clean(base: &str, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = base.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            // A file's own name has no business with it, even where it stays inside.
            ".." if base.is_empty() => return None,
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_outside_have_no_clean_form() {
        assert_eq!(clean("", "./a//b/./c").as_deref(), Some("a/b/c"));
        assert_eq!(clean("a/b", "../c").as_deref(), Some("a/c"));
        for outside in ["/etc/passwd", "../a", "a/../../b", "a/../b"] {
            assert_eq!(clean("", outside), None, "{outside}");
        }
        assert_eq!(clean("a", "../../b"), None);
    }
}
