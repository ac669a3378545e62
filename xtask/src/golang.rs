//! The Go that the Go programs are built with.
//!
//! Any Go since 1.21 fetches the version that a program asks for by itself (`GOTOOLCHAIN=auto`).
//! Older ones, such as the one of Debian 12, cannot, but they can fetch the same module that the
//! newer ones use; it then only has to be made executable.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::pins;
use crate::shell::{self, Failure, Show};

/// The first Go that follows `GOTOOLCHAIN=auto`.
const FIRST_WITH_TOOLCHAINS: (u32, u32) = (1, 21);

/// A `go` command that can build the pinned programs; what it needs besides is put under `home`.
pub(crate) fn command(home: &Path) -> Result<Command, Failure> {
    let Some(found) = find(home) else {
        return Err(Failure::new(
            "Go is needed to build the external programs, and there is no `go` on the PATH; \
             on Debian run `apt-get install golang-go` (any version will do: a newer one that is \
             needed is fetched as a Go module)",
        ));
    };
    let version = shell::answer(Command::new(&found).args(["env", "GOVERSION"]))
        .and_then(|text| parse(&text))
        .ok_or_else(|| Failure::new(format!("`{} env GOVERSION` failed", found.display())))?;
    let go = if version < FIRST_WITH_TOOLCHAINS { fetch(&found, home)? } else { found };
    let mut command = Command::new(go);
    command.env("GOTOOLCHAIN", "auto").env_remove("GOROOT").env("CGO_ENABLED", "0");
    Ok(command)
}

/// `(1, 26)` of `go1.26.8`.
fn parse(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.strip_prefix("go")?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn find(home: &Path) -> Option<PathBuf> {
    let fetched = fetched(home);
    if shell::is_executable(&fetched) {
        return Some(fetched);
    }
    let usual = ["/usr/local/go/bin/go", "/usr/lib/go/bin/go"].map(PathBuf::from);
    shell::on_path("go").or_else(|| usual.into_iter().find(|file| shell::is_executable(file)))
}

fn fetched(home: &Path) -> PathBuf {
    home.join(format!("go{}", pins::GO)).join("bin/go")
}

/// Has an old Go download the pinned one as a module, and makes that executable.
fn fetch(old: &Path, home: &Path) -> Result<PathBuf, Failure> {
    let (os, arch) = platform();
    let version = format!("v0.0.1-go{}.{os}-{arch}", pins::GO);
    let cache = home.join("go-download");
    let mut download = Command::new(old);
    download
        .args(["mod", "download", "-modcacherw", &format!("golang.org/toolchain@{version}")])
        .env("GOMODCACHE", &cache)
        .env("GO111MODULE", "on")
        .current_dir(std::env::temp_dir());
    shell::run("go toolchain", &mut download, Show::Nothing)?;

    let target = home.join(format!("go{}", pins::GO));
    let unpacked = cache.join(format!("golang.org/toolchain@{version}"));
    make_usable(&unpacked)
        .and_then(|()| fs::rename(&unpacked, &target))
        .and_then(|()| fs::remove_dir_all(&cache))
        .map_err(|why| Failure::new(format!("could not unpack Go in {}: {why}", home.display())))?;
    Ok(fetched(home))
}

/// What newer `go` commands do to this module: programs executable, `_go.mod` renamed.
fn make_usable(go: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let (os, arch) = platform();
    for folder in [go.join("bin"), go.join(format!("pkg/tool/{os}_{arch}"))] {
        for entry in fs::read_dir(folder)? {
            fs::set_permissions(entry?.path(), fs::Permissions::from_mode(0o755))?;
        }
    }
    for folder in ["src", "src/cmd"] {
        fs::rename(go.join(folder).join("_go.mod"), go.join(folder).join("go.mod"))?;
    }
    Ok(())
}

fn platform() -> (&'static str, &'static str) {
    let os = if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    (os, arch)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_minor_version_of_go_is_a_number() {
        assert_eq!(parse("go1.26.8"), Some((1, 26)));
        assert_eq!(parse("go1.19"), Some((1, 19)));
        assert_eq!(parse("devel"), None);
    }
}
