//! Planted secrets: whatever tools say of them, in whatever shape, they are in no file that a run
//! leaves, in nobody's arguments and on no screen.
//!
//! The tools are the real ones behind small scripts that say more than they should. What Terraform
//! itself keeps (its state) and what the account made (the world) may have secrets.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::support::programs::program;
use crate::support::sandbox::Finished;
use crate::support::stage::Stage;

/// What is in the environment of springboard.
const ENVIRONMENT: [(&str, &str); 3] = [
    ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
    ("AWS_SESSION_TOKEN", "IQoJb3JpZ2luX2Vj//EXAMPLE+TOKEN=="),
    ("TF_VAR_db_password", r#"pa"ss\w<o>rd&42 ü"#),
];

/// Between two looks at all processes; the shortest-lived tools take longer.
const PACE: Duration = Duration::from_millis(10);

/// A rehearsal whose tools say too much.
struct Planted {
    stage: Stage,
    /// What the scripts say; not looked into.
    folder: PathBuf,
}

impl Planted {
    fn new() -> Option<Self> {
        let (engine, helm) = (program("tofu")?, program("helm4")?);
        let mut stage = Stage::new("tofu", "helm4")?;
        let folder = stage.sandbox.path().join("planted");
        fs::create_dir(&folder).unwrap();
        let text = |path: &Path| path.to_str().unwrap().to_owned();
        let said = text(&folder);
        let engine = format!(
            "\"{}\" \"$@\"\ncode=$?\ncase \" $* \" in\n  *\" plan \"*|*\" apply \"*)\n    \
             cat '{said}/out'; cat '{said}/err' >&2 ;;\nesac\nexit $code\n",
            engine.display()
        );
        let helm = format!(
            "case \" $* \" in\n  *\" upgrade \"*)\n    [ -e '{said}/helm' ] && {{ cat '{said}/helm' >&2; \
             exit 1; }} ;;\nesac\nexec \"{}\" \"$@\"\n",
            helm.display()
        );
        for (name, script) in [("tofu", engine), ("helm4", helm)] {
            let path = stage.sandbox.path().join("bin").join(name);
            fs::write(&path, format!("#!/bin/sh\n{script}")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
            let flag = if name == "tofu" { "--terraform" } else { "--helm" };
            let at = stage.flags.iter().position(|word| word == flag).unwrap();
            stage.flags[at + 1] = text(&path);
        }
        Some(Self { stage, folder })
    }

    /// Makes the tools say `secrets` in all shapes from now on.
    fn say(&self, secrets: &[&str]) {
        let mut out = String::new();
        let mut err = String::new();
        for secret in secrets {
            for shape in shapes(secret) {
                let quoted = json!({"@level": "warn", "@message": format!("Warning: {shape}"),
                    "type": "diagnostic", "diagnostic": {"severity": "warning",
                    "summary": format!("it is {shape}"), "detail": format!("really {shape}\nor so")}});
                let _ = writeln!(out, "{quoted}\n{shape}");
                let _ = writeln!(err, "warning: {shape}");
            }
        }
        fs::write(self.folder.join("out"), out).unwrap();
        fs::write(self.folder.join("err"), &err).unwrap();
        let helm = format!("{err}Error: UPGRADE FAILED: the password {} is wrong\n", secrets[0]);
        fs::write(self.folder.join("helm"), helm).unwrap();
    }

    /// Runs springboard, and collects the arguments of all processes while it does.
    fn run(&self, words: &[String]) -> (Finished, BTreeSet<Vec<u8>>) {
        let (over, is_over) = mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let watcher = scope.spawn(move || {
                let mut seen = BTreeSet::new();
                while is_over.recv_timeout(PACE) == Err(RecvTimeoutError::Timeout) {
                    seen.extend(arguments_of_all());
                }
                seen
            });
            let finished = self.stage.sandbox.start_with(words, &ENVIRONMENT).wait();
            drop(over);
            (finished, watcher.join().unwrap())
        })
    }

    /// Every file that must not have a secret.
    fn files(&self) -> Vec<PathBuf> {
        let world = self.stage.sandbox.state().join("rehearsals/acme/world");
        let mut open = vec![self.stage.sandbox.path().to_owned()];
        let mut files = Vec::new();
        while let Some(folder) = open.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                if path == world || path == self.folder || path.is_symlink() {
                    continue;
                }
                if path.is_dir() {
                    open.push(path);
                } else if path.is_file() && !name.starts_with("terraform.tfstate") {
                    files.push(path);
                }
            }
        }
        files
    }

    /// That nothing of `secrets` is in any file.
    fn assert_kept(&self, secrets: &[&str]) {
        let files = self.files();
        for expected in ["journal.jsonl", "answers.toml", "springboard.log", "000.out", "000.err"] {
            assert!(files.iter().any(|path| path.ends_with(expected)), "no {expected}: {files:?}");
        }
        for path in files {
            let bytes = fs::read(&path).unwrap();
            assert_free(&bytes, secrets, &path.display().to_string());
        }
    }
}

/// The ways in which tools write a secret, made by other means than ours.
fn shapes(secret: &str) -> Vec<String> {
    let query: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
    vec![
        secret.to_owned(),
        STANDARD.encode(secret),
        STANDARD.encode(format!("{secret}\n")),
        STANDARD.encode(format!("operator:{secret}@host")),
        format!("https://example.com/?password={query}&user=x"),
        json!({ "password": secret }).to_string(),
    ]
}

/// What must be in no file: the secret as it is and as JSON has it, and the inner part of every
/// other shape, which has nothing but the secret in it.
fn traces(secret: &str) -> Vec<String> {
    let quoted = Value::from(secret).to_string();
    let mut traces = vec![secret.to_owned(), quoted[1..quoted.len() - 1].to_owned()];
    traces.extend(shapes(secret)[1..5].iter().map(|shape| {
        let (start, end) = match shape.find("password=") {
            Some(at) => (at + 9, shape.rfind('&').unwrap()),
            None => (shape.len() / 3, shape.len() * 2 / 3),
        };
        shape[start..end].to_owned()
    }));
    traces
}

fn assert_free(bytes: &[u8], secrets: &[&str], place: &str) {
    for secret in secrets {
        for trace in traces(secret) {
            let found = memchr::memmem::find(bytes, trace.as_bytes());
            let line = found.map(|at| {
                let start = bytes[..at].iter().rposition(|&b| b == b'\n').map_or(0, |at| at + 1);
                let line = &bytes[start..bytes.len().min(start + 400)];
                String::from_utf8_lossy(line).into_owned()
            });
            assert_eq!(line, None, "`{trace}` is in {place}");
        }
    }
}

/// The arguments of every process of this machine.
fn arguments_of_all() -> Vec<Vec<u8>> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok()).collect()
}

#[test]
fn planted_secrets_are_in_no_file_no_argument_and_on_no_screen() {
    let Some(planted) = Planted::new() else { return };
    let environment = ENVIRONMENT.map(|(_, secret)| secret);
    planted.say(&environment);
    let more =
        ["--set", "profile=platform-only", "--set", "enable_cognito=true", "--output", "json"];
    // Where the secrets that the account made can be read.
    let more = [&more[..], &["--set", "terraform_state=local"]].concat();
    let (failed, arguments) = planted.run(&planted.stage.rehearse(&more));
    let failed = failed.expect_code(4);
    assert!(failed.err.contains("the password (redacted) is wrong"), "{}", failed.err);
    assert!(failed.out.contains("it is (redacted)"), "{}", failed.out);
    planted.assert_kept(&environment);

    // What the account made is known from the state, before the tools say it.
    let folder = planted.stage.sandbox.state().join("rehearsals/acme/terraform/poolside");
    let state = fs::read_to_string(folder.join("terraform.tfstate")).unwrap();
    let state: Value = serde_json::from_str(&state).unwrap();
    let made = state["outputs"]["cognito_user_pool_client_secret"]["value"].as_str().unwrap();
    let all = [&[made], &environment[..]].concat();
    planted.say(&all);
    let (failed, more_arguments) = planted.run(&planted.stage.resume());
    let failed = failed.expect_code(4);
    assert!(failed.err.contains("the password (redacted) is wrong"), "{}", failed.err);
    planted.assert_kept(&all);

    fs::remove_file(planted.folder.join("helm")).unwrap();
    let (done, last_arguments) = planted.run(&planted.stage.resume());
    done.expect_code(0);
    planted.assert_kept(&all);
    let last = planted.stage.runs().pop().unwrap();
    assert!(last.join("receipt.json").is_file());
    assert!(last.join("report.html").is_file());

    let seen: Vec<_> = [arguments, more_arguments, last_arguments].into_iter().flatten().collect();
    let engine = planted.stage.sandbox.path().join("bin/tofu");
    let engine = engine.to_str().unwrap().as_bytes();
    assert!(seen.iter().any(|words| memchr::memmem::find(words, engine).is_some()));
    for words in &seen {
        assert_free(words, &all, "the arguments of a process");
    }
    // The lines did arrive: what was masked in them can be seen.
    let log = fs::read_to_string(last.join("logs/foundation-foundation.log")).unwrap();
    for line in ["out (redacted)", "err warning: (redacted)", "?password=(redacted)&user=x"] {
        assert!(log.contains(line), "{line}:\n{log}");
    }
}
