//! springboard in a pseudo-terminal: somebody types, sees, and may hang up.

use std::io::{Read as _, Write};
use std::sync::{Arc, Mutex};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use rustix::process::{Pid, Signal, kill_process};

use super::sandbox::{Sandbox, pause};

/// springboard at work in a terminal of 80 columns and 24 rows.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    /// Open as long as somebody looks at it.
    _master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: std::thread::JoinHandle<()>,
}

impl Terminal {
    /// Starts springboard with these arguments as [`Sandbox::start`] does, in a terminal.
    pub(crate) fn start(sandbox: &Sandbox, args: &[impl AsRef<std::ffi::OsStr>]) -> Self {
        Self::start_with(sandbox, args, &[])
    }

    /// The same, with more in the environment.
    pub(crate) fn start_with(
        sandbox: &Sandbox,
        args: &[impl AsRef<std::ffi::OsStr>],
        variables: &[(&str, &str)],
    ) -> Self {
        let size = PtySize { rows: 24, cols: 80, ..PtySize::default() };
        let pair = native_pty_system().openpty(size).unwrap();
        let plain = sandbox.command(args);
        let mut command = CommandBuilder::new(plain.get_program());
        command.args(plain.get_args());
        command.cwd(plain.get_current_dir().unwrap());
        command.env_clear();
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.env("TERM", "xterm-256color");
        command.env("USER", "ops");
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (mut screen, collected) = (pair.master.try_clone_reader().unwrap(), seen.clone());
        let reader = std::thread::spawn(move || {
            let mut part = [0; 4096];
            // The last process that has the terminal open ends it.
            while let Ok(read) = screen.read(&mut part) {
                if read == 0 {
                    break;
                }
                collected.lock().unwrap().extend_from_slice(&part[..read]);
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Self { child, _master: pair.master, keyboard, seen, reader }
    }

    /// Everything that was written to the terminal, without its carriage returns.
    pub(crate) fn seen(&self) -> String {
        String::from_utf8_lossy(&self.seen.lock().unwrap()).replace('\r', "")
    }

    /// Waits until `text` was written.
    ///
    /// # Panics
    /// When springboard ends before, or after two minutes.
    pub(crate) fn wait_for(&mut self, text: &str) {
        for _ in 0..TRIES {
            let has_ended = self.child.try_wait().unwrap().is_some();
            if self.seen().contains(text) {
                return;
            }
            assert!(!has_ended, "it ended without `{text}`:\n{}", self.seen());
            pause();
        }
        panic!("waited too long for `{text}`:\n{}", self.seen());
    }

    /// Types.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    /// Sends what a terminal that is closed sends to whoever sits in it.
    pub(crate) fn hang_up(&self) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), Signal::HUP).unwrap();
    }

    /// Waits for the end and returns the exit code, or 1 after a signal, and what was seen.
    pub(crate) fn wait(mut self) -> (u32, String) {
        let code = self.child.wait().unwrap().exit_code();
        // What was written last may not be read yet; a process that outlives it may keep the
        // terminal open.
        for _ in 0..AFTERWARDS {
            if self.reader.is_finished() {
                break;
            }
            pause();
        }
        (code, self.seen())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Control and C.
pub(crate) const INTERRUPT: &str = "\x03";

const TRIES: u32 = 2 * 60 * 50;
/// Looks at the terminal after the end of springboard: five seconds.
const AFTERWARDS: u32 = 5 * 50;
