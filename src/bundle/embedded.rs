//! What travels inside the binary: `terraform/` and `assets/`.
//!
//! Owns reading them, writing them out and their digest. Knows no file by name. Start at
//! [`write_to`].

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::error::Hint;

/// Path with `/`, relative to the repository, and content; in the order of the paths.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

/// Names what [`write_to`] wrote, so that a later version can remove what it no longer has.
const WRITTEN: &str = ".springboard-files";

/// One embedded file, by its path in the repository (`assets/rehearsal/answers.toml`).
pub fn file(path: &str) -> Option<&'static [u8]> {
    FILES.binary_search_by_key(&path, |(name, _)| name).ok().map(|at| FILES[at].1)
}

/// The files under a folder (`terraform`), with their paths relative to it, in order.
pub fn files(folder: &str) -> impl Iterator<Item = (&'static str, &'static [u8])> {
    FILES.iter().filter_map(move |(path, content)| {
        let inside = path.strip_prefix(folder)?.strip_prefix('/')?;
        Some((inside, *content))
    })
}

/// `sha256:…` over paths and contents of everything embedded.
pub fn digest() -> String {
    digest_of(FILES.iter().copied())
}

/// Writes the files under `folder` to `dir`: only those that differ, removing those that an
/// earlier version had written and this one has no more. Other files there are left alone.
///
/// # Errors
/// When the folder cannot be written, for example on a full disk.
pub fn write_to(folder: &str, dir: &Path) -> Result<(), WriteError> {
    write_files(files(folder), dir)
}

/// Why embedded files could not be written out.
#[derive(Debug, thiserror::Error)]
#[error("could not write `{}`", .path.display())]
pub struct WriteError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

impl Hint for WriteError {
    fn hint(&self) -> Option<String> {
        match self.source.kind() {
            io::ErrorKind::StorageFull => Some("free some space and try again".into()),
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Some("choose a folder that can be written with `--state-dir`".into())
            }
            _ => None,
        }
    }
}

fn write_files<'a>(
    files: impl Iterator<Item = (&'a str, &'a [u8])>,
    dir: &Path,
) -> Result<(), WriteError> {
    let at = |path: &Path| {
        let path = path.to_owned();
        move |source| WriteError { path, source }
    };
    make_folder(dir).map_err(at(dir))?;
    let list = dir.join(WRITTEN);
    let earlier = match fs::read_to_string(&list) {
        Ok(text) => text.lines().map(str::to_owned).collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeSet::new(),
        Err(error) => return Err(at(&list)(error)),
    };
    let mut now = BTreeSet::new();
    let contents: Vec<_> = files.collect();
    now.extend(contents.iter().map(|(path, _)| (*path).to_owned()));
    // The union first: whatever is interrupted below, every file of ours stays on the list.
    let union: BTreeSet<_> = earlier.union(&now).cloned().collect();
    write_list(&list, &union).map_err(at(&list))?;
    for (path, content) in contents {
        let whole = dir.join(path);
        write_if_changed(&whole, content).map_err(at(&whole))?;
    }
    for stale in earlier.difference(&now).filter(|path| stays_inside(path)) {
        let whole = dir.join(stale);
        remove(&whole, dir).map_err(at(&whole))?;
    }
    write_list(&list, &now).map_err(at(&list))
}

fn write_list(path: &Path, names: &BTreeSet<String>) -> io::Result<()> {
    let text: String = names.iter().flat_map(|name| [name.as_str(), "\n"]).collect();
    write_if_changed(path, text.as_bytes())
}

fn write_if_changed(path: &Path, content: &[u8]) -> io::Result<()> {
    if fs::read(path).is_ok_and(|there| there == content) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_folder(parent)?;
    }
    // A new file beside it and a rename: a reader never sees half a file.
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&beside)?;
    file.write_all(content)?;
    drop(file);
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600))?;
    fs::rename(&beside, path)
}

fn make_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes a file and the folders above it that became empty, up to `dir`.
fn remove(path: &Path, dir: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    for folder in path.ancestors().skip(1).take_while(|folder| *folder != dir) {
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
    Ok(())
}

fn stays_inside(path: &str) -> bool {
    !path.is_empty() && !path.starts_with('/') && path.split('/').all(|part| part != "..")
}

fn digest_of<'a>(files: impl Iterator<Item = (&'a str, &'a [u8])>) -> String {
    let mut hash = Sha256::new();
    for (path, content) in files {
        hash.update((path.len() as u64).to_be_bytes());
        hash.update(path);
        hash.update((content.len() as u64).to_be_bytes());
        hash.update(content);
    }
    format!("sha256:{}", hex::encode(hash.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changed_files_are_written_and_only_stale_files_of_ours_are_removed() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("terraform");
        write_files([("a.tf", &b"1"[..]), ("m/old/b.tf", b"2")].into_iter(), &dir).unwrap();
        fs::write(dir.join("terraform.tfstate"), "state").unwrap();
        let before = fs::metadata(dir.join("a.tf")).unwrap().modified().unwrap();
        write_files([("a.tf", &b"1"[..]), ("m/new/c.tf", b"3")].into_iter(), &dir).unwrap();
        assert_eq!(fs::metadata(dir.join("a.tf")).unwrap().modified().unwrap(), before);
        assert_eq!(fs::read_to_string(dir.join("m/new/c.tf")).unwrap(), "3");
        assert!(!dir.join("m/old").exists());
        assert_eq!(fs::read_to_string(dir.join("terraform.tfstate")).unwrap(), "state");
    }

    #[test]
    fn what_is_written_is_readable_by_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().join("out");
        write_files([("m/a.tf", &b"1"[..])].into_iter(), &dir).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&dir.join("m")), mode(&dir.join("m/a.tf"))), (0o700, 0o600));
    }

    #[test]
    fn a_list_that_names_files_outside_removes_nothing_there() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("precious"), "x").unwrap();
        let out = dir.path().join("out");
        fs::create_dir(&out).unwrap();
        fs::write(out.join(WRITTEN), "../precious\n").unwrap();
        write_files(std::iter::empty(), &out).unwrap();
        assert!(dir.path().join("precious").exists());
    }

    #[test]
    fn embedded_files_are_in_order_and_hold_no_state() {
        assert!(FILES.is_sorted_by_key(|(path, _)| *path));
        assert!(FILES.iter().all(|(path, _)| !path.contains(".tfstate")));
        assert!(FILES.iter().all(|(path, _)| !path.contains(".terraform/")));
    }

    #[test]
    fn the_digest_tells_where_one_file_ends_and_the_next_begins() {
        let one = digest_of([("a", &b"bc"[..])].into_iter());
        let two = digest_of([("ab", &b"c"[..])].into_iter());
        assert_ne!(one, two);
    }
}
