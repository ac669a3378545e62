//! The report: what it tells of recorded runs, and that nothing in it is more than text.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::sandbox::Sandbox;
use crate::support::source::root;

/// A sandbox in which `acme` has these recorded runs.
fn recorded(journals: &[&str]) -> Sandbox {
    let sandbox = Sandbox::new();
    for name in journals {
        let text = fs::read_to_string(root().join("tests/fixtures/journals").join(name)).unwrap();
        put(&sandbox, &text);
    }
    sandbox
}

fn put(sandbox: &Sandbox, journal: &str) {
    let header: Value = serde_json::from_str(journal.lines().next().unwrap()).unwrap();
    let run = header["run"].as_str().unwrap();
    let folder = sandbox.state().join("rehearsals/acme/runs").join(run);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("journal.jsonl"), journal).unwrap();
}

/// The text of a page without its style, one line for each row or paragraph.
fn readable(page: &str) -> String {
    let body = page.split_once("<body>").unwrap().1;
    let mut text = String::new();
    for part in body.split('<').skip(1) {
        let (tag, rest) = part.split_once('>').unwrap();
        match tag.split(' ').next().unwrap() {
            "/td" | "/th" | "div" | "/text" => text.push_str(" | "),
            "/tr" | "/p" | "/h1" | "/h2" | "/h3" | "/svg" => text.push('\n'),
            _ => {}
        }
        text.push_str(rest.trim_matches('\n'));
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_run_that_failed_and_was_resumed_is_told_from_its_first_question_to_its_end() {
    let sandbox = recorded(&["1.0-failed.jsonl", "1.0-resumed.jsonl"]);
    let page = sandbox.run(&["report", "acme", "-o", "-"]).expect_code(0).out;
    let text = readable(&page);
    assert!(text.starts_with("REHEARSAL: everything in this report was made in the simulated"));
    // The parts that are short enough to be read; the lists of objects and outputs are long.
    let short: Vec<&str> = text.lines().filter(|line| !line.contains("module.")).collect();
    insta::assert_snapshot!(short.join("\n"));

    let first = sandbox.run(&["runs", "acme"]).out.split(' ').next().unwrap().to_owned();
    let file = sandbox.path().join("first.html");
    let words = ["report", "acme", &first, "-o", "first.html"];
    let said = sandbox.run(&words).expect_code(0).out;
    assert_eq!(said, format!("{}\n", file.display()));
    let before = readable(&fs::read_to_string(file).unwrap());
    assert!(before.contains("Failed; `springboard resume` goes on."), "{before}");
    let unknown = sandbox.run(&["report", "acme", "0x0"]).expect_code(2).err;
    assert!(unknown.contains("rehearsal/acme has no run `0x0`"), "{unknown}");
}

#[test]
fn nothing_in_a_journal_becomes_markup_and_the_page_loads_nothing() {
    const EVIL: &str = "<script src=//x>\"'&</td><img src=x onerror=y>";
    let journal = root().join("tests/fixtures/journals/1.0-failed.jsonl");
    let journal = fs::read_to_string(journal).unwrap();
    let spoilt: Vec<String> = journal
        .lines()
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            spoil(&mut line, EVIL);
            line.to_string()
        })
        .collect();
    let sandbox = Sandbox::new();
    put(&sandbox, &(spoilt.join("\n") + "\n"));
    let run = fs::read_dir(sandbox.state().join("rehearsals/acme/runs")).unwrap().next().unwrap();
    let answers = json!({ "answers": { EVIL: { "value": EVIL, "source": EVIL } } });
    fs::write(run.unwrap().path().join("answers.json"), answers.to_string()).unwrap();
    let page = sandbox.run(&["report", "acme", "-o", "-"]).expect_code(0).out;
    assert!(page.contains("&lt;script src=//x&gt;"));
    for markup in ["<script", "<img", "<a ", "href", "http://", "https://", "url("] {
        assert!(!page.contains(markup), "{markup}");
    }
}

/// Puts `evil` before every text that is free.
fn spoil(value: &mut Value, evil: &str) {
    const FREE: &[&str] =
        &["what", "address", "id", "finding", "summary", "detail", "hint", "causes", "title"];
    let Some(object) = value.as_object_mut() else { return };
    for (name, value) in object {
        match value {
            Value::String(text) if FREE.contains(&name.as_str()) => *text = format!("{evil}{text}"),
            Value::Array(texts) if FREE.contains(&name.as_str()) => {
                for text in texts {
                    *text = json!(evil);
                }
            }
            inner => spoil(inner, evil),
        }
    }
}

#[test]
fn a_report_of_a_folder_that_cannot_be_written_says_so() {
    let sandbox = recorded(&["1.0-failed.jsonl"]);
    let failed = sandbox.run(&["report", "acme", "-o", "gone/report.html"]).expect_code(1);
    let path = Path::new("gone/report.html");
    assert!(failed.err.contains(&path.display().to_string()), "{}", failed.err);
}
