//! springboard in a folder of its own: a home, a state folder, an environment without surprises.
//!
//! Whatever a test starts here ends with it: [`Sandbox`] ends the simulated worlds that are left
//! in its folder, and [`Background`] the process that it stands for.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use springboard::host::Host;
use tempfile::TempDir;

use super::processes::{Role, kill};

/// A place to run springboard in, removed with everything that still runs in it.
pub(crate) struct Sandbox {
    dir: TempDir,
}

/// How a command ended, and what it said.
#[derive(Debug)]
pub(crate) struct Finished {
    /// The exit code; `None` after a signal.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) out: String,
    /// Standard error.
    pub(crate) err: String,
}

/// springboard at work beside the test.
pub(crate) struct Background {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Sandbox {
    /// An empty one.
    pub(crate) fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("sb").tempdir().unwrap();
        for folder in ["home", "bin", "run"] {
            fs::create_dir(dir.path().join(folder)).unwrap();
        }
        Self { dir }
    }

    /// The folder of everything.
    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    /// The state folder that springboard uses here.
    pub(crate) fn state(&self) -> PathBuf {
        self.path().join("state/springboard")
    }

    /// Makes `file` reachable as `name` on the `PATH`, which else has only the system's folders.
    pub(crate) fn offer(&self, name: &str, file: &Path) {
        std::os::unix::fs::symlink(file, self.path().join("bin").join(name)).unwrap();
    }

    /// springboard with these arguments, not started yet.
    #[expect(clippy::disallowed_methods, reason = "the one place where tests start springboard")]
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: &[A]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_springboard"));
        let at = |name: &str| self.path().join(name);
        let path = format!("{}:/usr/bin:/bin", at("bin").display());
        command.args(args).current_dir(self.path()).env_clear().stdin(Stdio::null());
        command.env("PATH", path).env("HOME", at("home")).env("XDG_STATE_HOME", at("state"));
        command.env("XDG_RUNTIME_DIR", at("run")).env("TMPDIR", self.path()).env("LC_ALL", "C");
        // Profiles of an instrumented build go where the build wants them.
        if let Some(profile) = Host::real().unwrap().var("LLVM_PROFILE_FILE") {
            command.env("LLVM_PROFILE_FILE", profile);
        }
        command
    }

    /// Runs springboard to its end.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: &[A]) -> Finished {
        self.start(args).wait()
    }

    /// Starts springboard and does not wait for it.
    pub(crate) fn start<A: AsRef<OsStr>>(&self, args: &[A]) -> Background {
        self.start_with(args, &[])
    }

    /// The same, with more in the environment.
    pub(crate) fn start_with<A: AsRef<OsStr>>(
        &self,
        args: &[A],
        variables: &[(&str, &str)],
    ) -> Background {
        // Files, not pipes: a world that outlives the command would hold a pipe open.
        let number = fs::read_dir(self.path().join("run")).unwrap().count();
        let file = |kind: &str| self.path().join("run").join(format!("{number:03}.{kind}"));
        let (out, err) = (file("out"), file("err"));
        let mut command = self.command(args);
        command.envs(variables.iter().copied());
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Background { child: command.spawn().unwrap(), out, err }
    }

    /// The processes of the worlds below this folder.
    fn worlds(&self) -> Vec<Pid> {
        let mut open = vec![self.path().to_path_buf()];
        let mut worlds = Vec::new();
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path()) {
                if path.is_dir() && !path.is_symlink() {
                    open.push(path);
                } else if path.file_name() == Some(OsStr::new("world.json")) {
                    worlds.extend(pid_in(&path).filter(|pid| is_ours(*pid)));
                }
            }
        }
        worlds
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // A host outlives the terminal of a test that has failed.
        kill(self.path(), |role| role == Role::Engine);
        for pid in self.worlds() {
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

/// The process that a `world.json` names.
fn pid_in(path: &Path) -> Option<Pid> {
    let value: serde_json::Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    Pid::from_raw(i32::try_from(value["pid"].as_i64()?).ok()?)
}

/// Whether the process is the springboard under test, and not another one that got its number.
fn is_ours(pid: Pid) -> bool {
    let program = fs::read_link(format!("/proc/{}/exe", pid.as_raw_nonzero()));
    program.is_ok_and(|program| program == Path::new(env!("CARGO_BIN_EXE_springboard")))
}

impl Finished {
    /// The same, where it ended with `code`.
    ///
    /// # Panics
    /// Where it did not, with all that it said.
    pub(crate) fn expect_code(self, code: i32) -> Self {
        let Self { code: got, out, err } = &self;
        assert_eq!(*got, Some(code), "\n--- out\n{out}\n--- err\n{err}");
        self
    }
}

impl Background {
    /// Its process.
    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Its standard output so far.
    pub(crate) fn out(&self) -> String {
        fs::read_to_string(&self.out).unwrap_or_default()
    }

    /// Whether it has ended.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits until `text` is in its standard output.
    ///
    /// # Panics
    /// When it ends before, or after two minutes.
    pub(crate) fn wait_for(&mut self, text: &str) {
        let what = format!("`{text}` on standard output");
        for _ in 0..TRIES {
            // Asked first: what it wrote before its end is then certainly there.
            let ended = self.has_ended();
            if self.out().contains(text) {
                return;
            }
            assert!(!ended, "it ended without {what}:\n{}", self.said());
            pause();
        }
        panic!("waited too long for {what}:\n{}", self.said());
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> Finished {
        let code = self.child.wait().unwrap().code();
        Finished { code, out: self.out(), err: fs::read_to_string(&self.err).unwrap() }
    }

    fn said(&self) -> String {
        format!(
            "--- out\n{}\n--- err\n{}",
            self.out(),
            fs::read_to_string(&self.err).unwrap_or_default()
        )
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

const TRIES: u32 = 2 * 60 * 50;

#[expect(clippy::disallowed_methods, reason = "another process is watched; there is no event")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
