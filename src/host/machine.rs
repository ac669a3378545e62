//! The machine: room on disks, memory, file systems, limits. What cannot be found out is `None`.

use std::fs;
use std::io;
use std::path::Path;

/// Free bytes for this user on the disk of `path`, which need not exist yet.
///
/// # Errors
/// When no folder above it can be looked at.
pub fn free_bytes(path: &Path) -> io::Result<u64> {
    let there = existing(path).unwrap_or(path);
    let found = rustix::fs::statvfs(there)?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// The nearest folder of `path` that exists, itself or above.
pub fn existing(path: &Path) -> Option<&Path> {
    path.ancestors().find(|folder| folder.exists())
}

/// Memory that programs can still have, in bytes.
pub fn available_memory() -> Option<u64> {
    kilobytes(&fs::read_to_string("/proc/meminfo").ok()?, "MemAvailable:")
}

fn kilobytes(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// How many files a program may have open at once.
pub fn open_files() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// The kind of file system that `path` is on, as the table of mounts says it.
pub fn file_system(path: &Path) -> Option<String> {
    let path = existing(path)?.canonicalize().ok()?;
    mounted(&fs::read_to_string("/proc/mounts").ok()?, &path)
}

/// The kind of the innermost mount that holds `path`; a later one covers an earlier.
fn mounted(mounts: &str, path: &Path) -> Option<String> {
    let mut found: Option<(usize, String)> = None;
    for line in mounts.lines() {
        let mut words = line.split(' ').skip(1);
        let (Some(place), Some(kind)) = (words.next(), words.next()) else { continue };
        let place = place.replace("\\040", " ");
        if path.starts_with(&place) && found.as_ref().is_none_or(|(len, _)| place.len() >= *len) {
            found = Some((place.len(), kind.to_owned()));
        }
    }
    found.map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_on_the_innermost_mount() {
        let mounts =
            "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /home/my\\040disk xfs rw 0 0\n";
        let kind = |path: &str| mounted(mounts, Path::new(path)).unwrap();
        assert_eq!(kind("/tmp/x"), "tmpfs");
        assert_eq!(kind("/tmpx"), "ext4");
        assert_eq!(kind("/home/my disk/state"), "xfs");
    }

    #[test]
    fn memory_is_told_in_bytes() {
        let text = "MemTotal:       16 kB\nMemAvailable:   2048 kB\n";
        assert_eq!(kilobytes(text, "MemAvailable:"), Some(2_097_152));
        assert_eq!(kilobytes(text, "SwapFree:"), None);
    }

    #[test]
    fn a_folder_that_is_not_there_yet_has_the_room_of_the_one_above() {
        let dir = tempfile::tempdir().unwrap();
        let free = free_bytes(&dir.path().join("a/b")).unwrap();
        assert!(free > 0);
    }
}
