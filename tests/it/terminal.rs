//! The screens in a real terminal: entered, resized, left by key and by signal, and the terminal
//! left as it was. What is seen is what a terminal would show of what was written to it.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

use crate::install::operator;
use crate::mfa;
use crate::support::programs::program;
use crate::support::sandbox::{Sandbox, pause};
use crate::support::source::root;
use crate::support::stage::Stage;

const SIZE: PtySize = PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 };
const TRIES: u32 = 5 * 60 * 50;

/// springboard on a screen.
struct Screen {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keyboard: Box<dyn Write + Send>,
    parser: Arc<Mutex<vt100::Parser>>,
    before: String,
}

impl Screen {
    fn start<A: AsRef<std::ffi::OsStr>>(sandbox: &Sandbox, args: &[A]) -> Self {
        let plain = sandbox.command(args);
        let mut words = vec![plain.get_program().to_owned()];
        words.extend(plain.get_args().map(std::ffi::OsStr::to_owned));
        Self::run(sandbox, &words)
    }

    /// Starts these words in the surroundings of `sandbox`.
    fn run(sandbox: &Sandbox, words: &[std::ffi::OsString]) -> Self {
        let pair = native_pty_system().openpty(SIZE).unwrap();
        let plain = sandbox.command::<&str>(&[]);
        let mut command = CommandBuilder::new(&words[0]);
        command.args(&words[1..]);
        command.cwd(plain.get_current_dir().unwrap());
        command.env_clear();
        for (name, value) in plain.get_envs() {
            command.env(name, value.unwrap_or_default());
        }
        command.env("TERM", "xterm-256color");
        let before = format!("{:?}", pair.master.get_termios());
        let child = pair.slave.spawn_command(command).unwrap();
        let parser =
            Arc::new(Mutex::new(vt100::Parser::new(columns(SIZE.rows), columns(SIZE.cols), 0)));
        let (mut written, shown) = (pair.master.try_clone_reader().unwrap(), parser.clone());
        std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read) = written.read(&mut part) {
                if read == 0 {
                    break;
                }
                shown.lock().unwrap().process(&part[..read]);
            }
        });
        let keyboard = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keyboard, parser, before }
    }

    fn seen(&self) -> String {
        self.parser.lock().unwrap().screen().contents()
    }

    fn wait_for(&mut self, text: &str) {
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

    fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    fn resize(&mut self, cols: u16, rows: u16) {
        self.parser.lock().unwrap().screen_mut().set_size(columns(rows), columns(cols));
        self.master.resize(PtySize { rows, cols, ..SIZE }).unwrap();
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        kill_process(Pid::from_raw(pid).unwrap(), signal).unwrap();
    }

    /// Waits for the end; the terminal is as it was.
    fn ends(mut self) -> u32 {
        let code = self.child.wait().unwrap().exit_code();
        assert_eq!(format!("{:?}", self.master.get_termios()), self.before);
        for _ in 0..TRIES {
            if !self.parser.lock().unwrap().screen().alternate_screen() {
                break;
            }
            pause();
        }
        let parser = self.parser.lock().unwrap();
        let screen = parser.screen();
        assert!(!screen.alternate_screen() && !screen.hide_cursor() && !screen.bracketed_paste());
        code
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn columns(number: u16) -> NonZero<u16> {
    NonZero::new(number).unwrap()
}

/// A sandbox with a recorded run in it.
fn recorded() -> Sandbox {
    let sandbox = Sandbox::new();
    let run = sandbox.state().join("rehearsals/acme/runs/0mwqld1gc");
    std::fs::create_dir_all(&run).unwrap();
    let journal = root().join("tests/fixtures/screens/good-day.jsonl");
    std::fs::copy(journal, run.join("journal.jsonl")).unwrap();
    sandbox
}

#[test]
fn a_recorded_run_is_played_and_the_screen_follows_the_size_of_the_terminal() {
    let sandbox = recorded();
    let mut screen = Screen::start(&sandbox, &["replay", "acme", "--speed", "1000"]);
    screen.wait_for("rehearsal/acme is done after 1:49");
    screen.wait_for("REPLAY");
    screen.resize(70, 20);
    screen.wait_for("springboard needs 80x24, this terminal is 70x20");
    screen.resize(120, 40);
    screen.wait_for("Time of each stage");
    screen.press("?");
    screen.wait_for("these keys; typing narrows them");
    screen.press("\u{1b}");
    screen.wait_for("PgDn page");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn a_signal_and_a_second_ctrl_c_leave_the_terminal_as_it_was() {
    let sandbox = recorded();
    let mut screen = Screen::start(&sandbox, &["replay", "acme", "--ascii"]);
    screen.wait_for("Rollout");
    screen.signal(Signal::TERM);
    assert_eq!(screen.ends(), 0);
    let mut screen = Screen::start(&sandbox, &["replay", "acme", "--ascii"]);
    screen.wait_for("Rollout");
    screen.press("\u{3}");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_told_after_it() {
    let sandbox = Sandbox::new();
    let host = springboard::host::Host::real().unwrap();
    let words = ["--ignored", "--exact", "terminal::a_screen_that_panics", "--nocapture"];
    let itself = host.program().as_os_str().to_owned();
    let words: Vec<_> =
        Some(itself).into_iter().chain(words.map(std::ffi::OsString::from)).collect();
    let mut screen = Screen::run(&sandbox, &words);
    screen.wait_for("a face is drawn");
    assert!(screen.parser.lock().unwrap().screen().alternate_screen());
    screen.press("x");
    screen.wait_for("a panic on purpose");
    assert_ne!(screen.ends(), 0);
}

/// A face that says one thing.
struct Plain;

impl springboard::frontend::tui::face::Face for Plain {
    fn update(
        &mut self,
        _message: springboard::frontend::tui::face::Message,
    ) -> Vec<springboard::frontend::tui::face::Effect> {
        Vec::new()
    }

    fn draw(&self, canvas: &mut springboard::frontend::tui::canvas::Canvas<'_>) {
        use springboard::frontend::tui::theme::Role;
        canvas.put(2, 2, 40, "a face is drawn", Role::Text);
    }
}

#[test]
#[ignore = "another test runs it in a terminal of its own"]
fn a_screen_that_panics() {
    use springboard::frontend::tui::terminal;
    use springboard::frontend::tui::theme::Theme;

    terminal::restore_on_panic();
    // Nobody drops it: the hook alone is what is tried.
    let mut screen = std::mem::ManuallyDrop::new(terminal::Screen::enter(Theme::PLAIN).unwrap());
    screen.draw(&Plain).unwrap();
    std::io::stdin().read_exact(&mut [0]).unwrap();
    panic!("a panic on purpose");
}

#[test]
fn a_recorded_run_in_lines_and_json_is_what_was_written_down() {
    let sandbox = recorded();
    let json = sandbox.run(&["replay", "acme", "--speed", "0", "--output", "json"]).expect_code(0);
    let journal = root().join("tests/fixtures/screens/good-day.jsonl");
    assert_eq!(json.out, std::fs::read_to_string(journal).unwrap());
    let lines = sandbox.run(&["replay", "acme", "--speed", "0"]).expect_code(0);
    assert!(lines.out.ends_with("rehearsal/acme is done; the closing plan was empty\n"));
    let missing = sandbox.run(&["replay", "acme", "nope"]).expect_code(2);
    assert!(missing.err.contains("there is 0mwqld1gc"), "{}", missing.err);
}

#[test]
fn the_home_screen_leads_a_newcomer_to_a_rehearsal_and_needs_a_terminal() {
    let sandbox = Sandbox::new();
    let mut screen = Screen::start::<&str>(&sandbox, &[]);
    screen.wait_for("No deployment on this host yet");
    screen.press("t");
    screen.wait_for("gpu-capacity-missing");
    screen.press("\u{1b}");
    screen.wait_for("Rehearse a bad day");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    let help = sandbox.run::<&str>(&[]).expect_code(2);
    assert!(help.err.contains("Usage: springboard"), "{}", help.err);
    let sandbox = recorded();
    let mut screen = Screen::start::<&str>(&sandbox, &[]);
    screen.wait_for("rehearsal/acme");
    screen.press("\r");
    screen.wait_for("done, nothing left to change");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn a_rehearsal_is_watched_to_its_end_on_the_screens() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let words = ["rehearse", "--time-scale", "0", "--set", "profile=platform-only"];
    let words = words.iter().map(|word| (*word).to_owned()).chain(stage.flags.iter().cloned());
    let mut screen = Screen::start(&stage.sandbox, &words.collect::<Vec<_>>());
    screen.wait_for("REHEARSAL");
    screen.press("s");
    screen.wait_for("Stop, or leave it running?");
    screen.press("\r");
    screen.wait_for("done, nothing left to change");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    assert!(stage.sandbox.state().join("durations.json").is_file());
}

#[test]
fn a_run_that_fails_says_what_to_do_and_stays_open_for_the_answer() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    // The check would say so before anything is begun.
    let scenario = ["--scenario", "scp-denial", "--skip-check", "permissions"];
    let words = ["rehearse", "--time-scale", "0"].iter().chain(&scenario);
    let words = words.map(|word| (*word).to_owned()).chain(stage.flags.iter().cloned());
    let mut screen = Screen::start(&stage.sandbox, &words.collect::<Vec<_>>());
    screen.wait_for("What failed");
    screen.wait_for("Resume");
    screen.press("3\r");
    screen.wait_for("Esc back");
    screen.press("\u{1b}");
    screen.wait_for("What it means");
    screen.press("2\r");
    assert_eq!(screen.ends(), 4);
}

#[test]
fn a_newcomer_answers_on_the_screens_and_rehearses_what_was_answered() {
    let (Some(tofu), Some(helm)) = (program("tofu"), program("helm4")) else { return };
    let sandbox = Sandbox::new();
    sandbox.offer("tofu", &tofu);
    sandbox.offer("helm", &helm);
    let mut screen = Screen::start::<&str>(&sandbox, &[]);
    screen.wait_for("No deployment on this host yet");
    screen.press("3\r");
    screen.wait_for("1/10 Profile and name");
    // Models elsewhere; then the name, over what stands there.
    screen.press(" \t\u{15}wizard");
    screen.wait_for("1/9 Profile and name");
    screen.wait_for("[wizard ");
    screen.press("\r\r");
    screen.wait_for("123456789012");
    // The pages in between are right as they are.
    screen.press("\u{1b}");
    screen.wait_for("back to the field");
    screen.press("9");
    screen.wait_for("9/9 Review");
    screen.wait_for("Network");
    screen.press("G");
    screen.wait_for("> Start the rehearsal");
    let answers = sandbox.state().join("drafts/rehearse.toml");
    let draft = std::fs::read_to_string(&answers).unwrap();
    assert!(draft.contains("\ndeployment_name = \"wizard\""), "{draft}");
    screen.press("\r");
    screen.wait_for("REHEARSAL");
    screen.wait_for("done, nothing left to change");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    // What was begun is what the file says to whoever replays it: to the byte.
    let begun = sandbox.state().join("rehearsals/wizard/answers.toml");
    let plan = |file: &std::path::Path| {
        let file = file.to_str().unwrap();
        let args = ["plan", "--rehearse", "--output", "json", "--answers", file];
        sandbox.run(&args).expect_code(0).out
    };
    assert_eq!(plan(&answers), plan(&begun));
}

#[test]
fn the_code_of_a_device_is_typed_into_the_form_and_opens_a_session() {
    let Some(moto) = mfa::moto() else { return };
    let (sandbox, _) = operator();
    mfa::with_device(&sandbox);
    let url = format!("AWS_ENDPOINT_URL={}", moto.url());
    let args = ["install", "--set", "aws_profile=mfa", "--set", "region=us-west-2"];
    let plain = sandbox.command(&args);
    let mut words = ["env", "AWS_EC2_METADATA_DISABLED=true", &url].map(Into::into).to_vec();
    words.push(plain.get_program().to_owned());
    words.extend(plain.get_args().map(std::ffi::OsStr::to_owned));
    let mut screen = Screen::run(&sandbox, &words);
    screen.wait_for("AWS wants a code of your MFA device; c to type it");
    screen.press("c");
    screen.wait_for("It is not shown, goes to AWS once");
    screen.press(mfa::WRONG);
    screen.wait_for("[******    ");
    screen.press("\r");
    screen.wait_for("AWS did not take that code; c to type another");
    screen.press("c");
    screen.wait_for("Refused   MultiFactorAuthentication");
    screen.press(mfa::RIGHT);
    screen.press("\r");
    // The next page shows who the session is.
    screen.press("\u{1b}[6~");
    screen.wait_for("arn:aws:iam::123456789012:role/Installer");
    screen.press("q");
    // Nothing was begun.
    assert_eq!(screen.ends(), 5);
    let kept = mfa::holding(&sandbox.state(), mfa::RIGHT);
    assert!(kept.is_empty(), "{kept:?}");
}

#[test]
fn a_form_that_is_left_is_kept_and_leads_back_home() {
    let sandbox = Sandbox::new();
    let mut screen = Screen::start::<&str>(&sandbox, &[]);
    screen.wait_for("No deployment on this host yet");
    screen.press("i");
    screen.wait_for("1/10 Profile and name");
    screen.press("\tacme-prod\r\r");
    screen.wait_for("2/10 Account and region");
    screen.resize(70, 20);
    screen.wait_for("springboard needs 80x24");
    screen.resize(80, 24);
    screen.wait_for("AWS profile");
    screen.signal(Signal::HUP);
    assert_eq!(screen.ends(), 0);
    let draft = sandbox.state().join("deployments/acme-prod/answers.toml");
    let text = std::fs::read_to_string(&draft).unwrap();
    assert!(text.contains("\ndeployment_name = \"acme-prod\""), "{text}");
    let mut screen = Screen::start::<&str>(&sandbox, &[]);
    screen.wait_for("draft");
    screen.press("\r");
    screen.wait_for("2/10 Account and region");
    screen.press("\u{3}");
    screen.wait_for("1 on this host");
    // Another form of the same name does not take its place.
    screen.press("i");
    screen.wait_for("1/10 Profile and name");
    screen.press("\tacme-prod");
    screen.wait_for("There is a deployment of that name on this host");
    screen.press("\u{3}");
    screen.wait_for("1 on this host");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
    assert_eq!(std::fs::read_to_string(&draft).unwrap(), text);
}

#[test]
fn a_key_that_comes_with_a_change_of_size_does_not_wait_for_the_next_key() {
    let sandbox = Sandbox::new();
    let mut screen = Screen::start::<&str>(&sandbox, &[]);
    screen.wait_for("No deployment on this host yet");
    screen.press("i");
    screen.wait_for("1/10 Profile and name");
    screen.press("\t");
    let mut typed = String::new();
    for round in 0..4_u16 {
        // Twice, because the first press puts the default back.
        screen.press("\u{15}\u{15}");
        typed.clear();
        for letter in 'a'..='p' {
            screen.resize(81 + (round + u16::try_from(typed.len()).unwrap()) % 2, 24);
            screen.press(letter.encode_utf8(&mut [0; 4]));
            typed.push(letter);
            screen.wait_for(&typed);
        }
    }
    screen.press("\u{3}");
    screen.wait_for("on this host");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
}

#[test]
fn ctrl_z_gives_the_terminal_back_and_the_screens_come_back_with_the_job() {
    let sandbox = recorded();
    let program = sandbox.command::<&str>(&[]).get_program().to_owned();
    // A shell with job control, as one that somebody sits at.
    let script = "\"$0\" replay acme --ascii --speed 0.25; echo suspended; read go; fg >/dev/null";
    let words = ["/bin/sh", "-mc", script].map(std::ffi::OsString::from);
    let words: Vec<_> = words.into_iter().chain([program]).collect();
    let mut screen = Screen::run(&sandbox, &words);
    screen.wait_for("REPLAY");
    screen.press("\u{1a}");
    screen.wait_for("suspended");
    assert!(!screen.parser.lock().unwrap().screen().alternate_screen());
    screen.press("\n");
    screen.wait_for("REPLAY");
    screen.press("q");
    assert_eq!(screen.ends(), 0);
}
