//! A login that wants a code: asked for at the terminal, never shown, never kept.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::aws::Moto;
use crate::install::{SECRET, executable, operator};
use crate::support::sandbox::Sandbox;
use crate::support::terminal::{INTERRUPT, Terminal};

const DEVICE: &str = "arn:aws:iam::123456789012:mfa/op";
const ASKED: &str = "code of the MFA device";
pub(crate) const RIGHT: &str = "735918";
pub(crate) const WRONG: &str = "246801";

/// Gives the operator a profile whose role wants a code.
pub(crate) fn with_device(sandbox: &Sandbox) {
    let folder = sandbox.path().join("home/.aws");
    fs::create_dir(&folder).unwrap();
    let config = format!(
        "[profile mfa]\nrole_arn = arn:aws:iam::123456789012:role/Installer\n\
         source_profile = base\nmfa_serial = {DEVICE}\n"
    );
    fs::write(folder.join("config"), config).unwrap();
    let keys = format!("[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = {SECRET}\n");
    fs::write(folder.join("credentials"), keys).unwrap();
}

pub(crate) fn moto() -> Option<Moto> {
    Moto::start(&json!({ "codes": [RIGHT] }))
}

/// The files below a folder that hold a text.
pub(crate) fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if path.is_dir() && !path.is_symlink() {
            found.extend(holding(&path, text));
        } else if path.is_file()
            && String::from_utf8_lossy(&fs::read(&path).unwrap()).contains(text)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

fn prompts(seen: &str) -> usize {
    seen.matches(&format!("{ASKED} {DEVICE}")).count()
}

/// What leads an operator to the account at `url`, and nowhere else.
fn variables(url: &str) -> [(&str, &str); 2] {
    [("AWS_ENDPOINT_URL", url), ("AWS_EC2_METADATA_DISABLED", "true")]
}

/// An install with that profile, as it is typed at a terminal.
fn typed(args: Vec<String>) -> Vec<String> {
    let mut args: Vec<String> =
        args.into_iter().filter(|word| word != "--non-interactive").collect();
    args.extend(
        ["--set", "terraform_state=local", "--set", "aws_profile=mfa", "--output", "line"]
            .map(str::to_owned),
    );
    args
}

#[test]
fn the_code_is_asked_for_at_the_terminal_and_the_session_reaches_the_tools() {
    let Some(moto) = moto() else { return };
    let (sandbox, args) = operator();
    with_device(&sandbox);
    let url = moto.url();
    let variables = variables(&url);
    let mut terminal = Terminal::start_with(&sandbox, &typed(args), &variables);
    terminal.wait_for(&format!("{ASKED} {DEVICE}"));
    terminal.press(&format!("{WRONG}\r"));
    terminal.wait_for("that code is not accepted: MultiFactorAuthentication failed");
    terminal.press(&format!("{RIGHT}\r"));
    let (code, seen) = terminal.wait();
    // The terraform of this operator fails.
    assert_eq!(code, 4, "{seen}");
    assert_eq!(prompts(&seen), 2, "{seen}");
    let note = |name: &str| fs::read_to_string(sandbox.path().join("notes").join(name)).unwrap();
    assert_eq!(note("error"), "");
    let served: Value = serde_json::from_str(&note("credentials")).unwrap();
    let text = |key: &str| served[key].as_str().unwrap().to_owned();
    assert!(text("AccessKeyId").starts_with("ASIA"), "{}", text("AccessKeyId"));
    let environment = note("env");
    let token = format!("AWS_SESSION_TOKEN={}\n", text("SessionToken"));
    assert!(environment.contains(&token), "{token}{environment}");
    // What was typed, and what it opened, is nowhere.
    for secret in [RIGHT, WRONG, &text("SecretAccessKey"), &text("SessionToken")] {
        assert!(!seen.contains(secret), "{seen}");
        assert_eq!(holding(&sandbox.state(), secret), [""; 0]);
    }
    // The session cannot be renewed, and what follows from that was said.
    assert!(seen.contains("cannot be renewed"), "{seen}");
}

/// A terraform that AWS refuses, as the provider says it, because the session has ended.
const REFUSED: &str = r#"#!/bin/sh
case "$1" in
  version) echo 'Terraform v1.11.4'; exit 0 ;;
esac
cat >&2 <<'END'
Error: Retrieving AWS account details: validating provider credentials: retrieving caller identity
from STS: operation error STS: GetCallerIdentity, https response error StatusCode: 403, RequestID:
5f4e, api error ExpiredToken: The security token included in the request is expired
END
exit 1
"#;

#[test]
fn a_session_that_ends_in_a_run_is_told_as_such_and_resume_asks_for_a_code_again() {
    let Some(moto) = moto() else { return };
    let (sandbox, args) = operator();
    with_device(&sandbox);
    executable(&sandbox.path().join("bin/terraform"), REFUSED);
    let url = moto.url();
    let variables = variables(&url);
    let skipped = args.iter().filter(|word| *word == "--skip-check").count();
    let left_out: Vec<String> = args[args.len() - 2 * skipped..].to_vec();
    let resume = ["resume", "acme", "--output", "line"].map(str::to_owned);
    let resume: Vec<String> = resume.into_iter().chain(left_out).collect();
    for words in [typed(args), resume] {
        let mut terminal = Terminal::start_with(&sandbox, &words, &variables);
        terminal.wait_for(&format!("{ASKED} {DEVICE}"));
        terminal.press(&format!("{RIGHT}\r"));
        let (code, seen) = terminal.wait();
        assert_eq!(code, 4, "{seen}");
        assert_eq!(prompts(&seen), 1, "{seen}");
        let (_, end) = seen.split_once("error: ").unwrap_or_else(|| panic!("{seen}"));
        let lines: Vec<&str> = end.lines().map(str::trim_end).collect();
        assert_eq!(
            lines[..3],
            [
                "the credentials have ended and cannot be renewed in a run",
                "  cause: terraform init failed",
                "hint: have the MFA device at hand at a terminal (a session lasts as long as \
                 `duration_seconds` of the profile says, an hour where it does not), then resume; \
                 what was made is kept",
            ],
            "{seen}"
        );
    }
}

#[test]
fn whoever_gives_no_code_begins_nothing() {
    let Some(moto) = moto() else { return };
    let (sandbox, args) = operator();
    with_device(&sandbox);
    let url = moto.url();
    let variables = variables(&url);
    let mut terminal = Terminal::start_with(&sandbox, &typed(args), &variables);
    terminal.wait_for(ASKED);
    terminal.press(INTERRUPT);
    let (code, seen) = terminal.wait();
    assert_eq!(code, 3, "{seen}");
    assert!(seen.contains("none was given"), "{seen}");
    assert!(!sandbox.state().join("deployments").exists());
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let Some(moto) = moto() else { return };
    let (sandbox, mut args) = operator();
    with_device(&sandbox);
    args.extend(["--set", "aws_profile=mfa"].map(str::to_owned));
    let url = moto.url();
    let variables = variables(&url);
    let finished = sandbox.start_with(&args, &variables).wait().expect_code(3);
    assert_eq!(
        finished.err,
        format!(
            "error: there are no credentials for AWS\n  \
             cause: the role arn:aws:iam::123456789012:role/Installer wants a code of {DEVICE}: \
             nobody can be asked for it\n\
             hint: run it at a terminal and without `--non-interactive`, where the code is asked \
             for; or open a session with a code by other means, export its keys \
             (`AWS_ACCESS_KEY_ID` and so on) and name no profile\n"
        )
    );
    assert!(!sandbox.state().join("deployments").exists());
}

#[test]
fn a_preflight_asks_once_before_its_time_begins() {
    let Some(moto) = moto() else { return };
    let (sandbox, _) = operator();
    with_device(&sandbox);
    let url = moto.url();
    let variables = variables(&url);
    let words = ["preflight", "--set", "aws_profile=mfa", "--set", "region=us-west-2"];
    let mut terminal = Terminal::start_with(&sandbox, &words, &variables);
    terminal.wait_for(ASKED);
    terminal.press(&format!("{RIGHT}\r"));
    let (_, seen) = terminal.wait();
    assert_eq!(prompts(&seen), 1, "{seen}");
    let account = "credentials: arn:aws:sts::123456789012:assumed-role/Installer/springboard";
    assert!(seen.contains(account), "{seen}");
}
