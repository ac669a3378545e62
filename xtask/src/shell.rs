//! Starting programs: what runs is said, and what failed is said clearly.
//!
//! Owns nothing but that; which programs run is the business of the chores.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Why a chore could not be done: one statement, with what to do where that is known.
#[derive(Debug)]
pub(crate) struct Failure(pub(crate) String);

impl Failure {
    /// A failure in these words.
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// What is shown of a command that succeeds when nobody sits at a terminal. All of a failed one
/// is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Show {
    /// That it is done.
    Nothing,
    /// The closing lines of test runners.
    Results,
}

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().expect("xtask is a folder of the repository").to_path_buf()
}

/// The cargo that runs this chore.
pub(crate) fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.current_dir(root());
    // Set by `cargo run` for this package; inherited, they would rebuild what reads them.
    for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "CARGO_PKG_VERSION"] {
        cargo.env_remove(name);
    }
    cargo
}

/// An executable file called `name` in the folders of `PATH`.
pub(crate) fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| is_executable(file))
}

/// Whether `file` can be started.
pub(crate) fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(file).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Runs `command` to its end, its output shown as it comes at a terminal and as `show` says
/// elsewhere. Returns the wall time.
pub(crate) fn run(name: &str, command: &mut Command, show: Show) -> Result<Duration, Failure> {
    println!("==> {name}: {}", spelled(command));
    let started = Instant::now();
    let shown = std::io::stdout().is_terminal();
    let log = root().join("target/xtask").join(format!("{}.log", name.replace([' ', '/'], "-")));
    if !shown {
        keep_output(command, &log)?;
    }
    let status = command
        .stdin(Stdio::null())
        .status()
        .map_err(|why| Failure::new(format!("could not start `{}`: {why}", program(command))))?;
    let took = started.elapsed();
    let output = if shown { String::new() } else { fs::read_to_string(&log).unwrap_or_default() };
    if !status.success() {
        print!("{output}");
        return Err(Failure::new(format!("{name} failed after {}: {status}", seconds(took))));
    }
    if let Show::Results = show {
        output.lines().filter(|line| is_result(line)).for_each(|line| println!("{line}"));
    }
    println!("    {name}: ok in {}", seconds(took));
    Ok(took)
}

/// The standard output of `command`, or nothing where it could not be had.
pub(crate) fn answer(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A duration for people.
pub(crate) fn seconds(took: Duration) -> String {
    match took.as_secs() {
        0..60 => format!("{:.1} s", took.as_secs_f64()),
        whole => format!("{} min {:02} s", whole / 60, whole % 60),
    }
}

fn keep_output(command: &mut Command, log: &Path) -> Result<(), Failure> {
    let open = || {
        fs::create_dir_all(log.parent().expect("a log is in a folder"))?;
        let file = File::create(log)?;
        Ok::<_, std::io::Error>((file.try_clone()?, file))
    };
    let (out, err) =
        open().map_err(|why| Failure::new(format!("could not write {}: {why}", log.display())))?;
    command.stdout(out).stderr(err);
    Ok(())
}

/// What the closing lines of `cargo test`, `terraform test` and doc tests look like, and what a
/// test says when it is skipped.
fn is_result(line: &str) -> bool {
    let line = line.trim_start();
    ["test result:", "Running ", "Doc-tests ", "Success!", "skipped:"]
        .iter()
        .any(|start| line.starts_with(start))
}

fn spelled(command: &Command) -> String {
    let args = command.get_args().map(OsStr::to_string_lossy);
    std::iter::once(program(command).into()).chain(args).collect::<Vec<_>>().join(" ")
}

fn program(command: &Command) -> String {
    let path = Path::new(command.get_program());
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}
