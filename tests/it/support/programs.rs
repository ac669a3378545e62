//! External programs that tests use: `SPRINGBOARD_TOOLS_DIR`, else `.tools/bin`, then the `PATH`.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use springboard::host::Host;

use super::source::root;

/// In no package registry, so `SPRINGBOARD_REQUIRE_TOOLS` cannot ask for them where they are not.
const NEVER_FETCHED: [&str; 2] = ["aws", "terraform"];

/// The external program `name` (`terraform`, `tofu`, `helm3`, `helm4`, `crane`, …), or `None`
/// after a line that says that this test is skipped.
///
/// # Panics
/// Where it is missing although `SPRINGBOARD_REQUIRE_TOOLS=1` says that it is not.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let host = Host::real().unwrap();
    let folder =
        host.var("SPRINGBOARD_TOOLS_DIR").map_or_else(|| root().join(".tools/bin"), PathBuf::from);
    let found = find(name, &folder, host.var("PATH").unwrap_or_default());
    if found.is_none() {
        let test = std::thread::current().name().unwrap_or("a test").to_owned();
        let required =
            host.var("SPRINGBOARD_REQUIRE_TOOLS") == Some("1") && !NEVER_FETCHED.contains(&name);
        assert!(!required, "`{name}` is missing: run `cargo xtask tools {name}`");
        // Past the capture of the test runner, so that it is seen when the test passes.
        let line = format!("skipped: {test}: `{name}` is not installed\n");
        std::io::stderr().write_all(line.as_bytes()).unwrap();
    }
    found
}

/// Both engines, as far as they are there: the name for `--engine`, and the program.
pub(crate) fn engines() -> Vec<(&'static str, PathBuf)> {
    ["terraform", "tofu"].into_iter().filter_map(|name| Some((name, program(name)?))).collect()
}

/// Runs `program` in `folder`: its exit code, and standard output followed by standard error.
pub(crate) fn capture(program: &Path, args: &[&str], folder: &Path) -> (Option<i32>, String) {
    capture_with(program, args, folder, &[])
}

/// As [`capture`], with more in the environment.
#[expect(clippy::disallowed_methods, reason = "the one place where tests start other programs")]
pub(crate) fn capture_with(
    program: &Path,
    args: &[&str],
    folder: &Path,
    env: &[(&str, &str)],
) -> (Option<i32>, String) {
    let mut command = Command::new(program);
    let output = command.args(args).current_dir(folder).envs(env.iter().copied()).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8_lossy(&text).into_owned())
}

/// Runs a client of a simulated server beside it: with these variables and no others of ours.
#[expect(clippy::disallowed_methods, reason = "the one place where tests start other programs")]
pub(crate) async fn client(program: &Path, args: &[&str], vars: &[(&str, &str)]) -> Output {
    let path = Host::real().unwrap().var("PATH").unwrap_or_default().to_owned();
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.args(args).env_clear().env("PATH", path).env("HOME", home.path());
    command.envs(vars.iter().copied());
    tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap()
}

/// Standard output of a client that must succeed.
pub(crate) async fn client_output(program: &Path, args: &[&str], vars: &[(&str, &str)]) -> String {
    let output = client(program, args, vars).await;
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{} {args:?}: {error}", program.display());
    String::from_utf8(output.stdout).unwrap()
}

/// Starts `program` in `folder`, its output kept for later.
#[expect(clippy::disallowed_methods, reason = "the one place where tests start other programs")]
pub(crate) fn spawn_with(
    program: &Path,
    args: &[&str],
    folder: &Path,
    env: &[(&str, &str)],
) -> std::process::Child {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).envs(env.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn find(name: &str, folder: &Path, path: &str) -> Option<PathBuf> {
    std::iter::once(folder.to_path_buf())
        .chain(std::env::split_paths(path))
        .map(|folder| folder.join(name))
        .find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    std::fs::metadata(file)
        .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[test]
fn the_folder_of_fetched_programs_comes_before_the_path() {
    let (fetched, path) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let make = |folder: &Path, mode: u32| {
        let file = folder.join("tofu");
        std::fs::write(&file, "").unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        file
    };
    let path_text = path.path().to_str().unwrap();
    assert_eq!(find("tofu", fetched.path(), path_text), None);
    let there = make(path.path(), 0o755);
    make(fetched.path(), 0o644);
    assert_eq!(find("tofu", fetched.path(), path_text), Some(there));
    let ours = make(fetched.path(), 0o755);
    assert_eq!(find("tofu", fetched.path(), path_text), Some(ours));
}
