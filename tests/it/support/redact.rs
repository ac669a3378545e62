//! Makes output comparable: what differs from run to run is replaced by what it is.

use std::path::Path;

/// Replaces times of day, timestamps, elapsed times, digests, run ids and the folder `home`.
pub(crate) fn redact(text: &str, home: &Path) -> String {
    let home = home.to_string_lossy();
    let text = text.replace(home.as_ref(), "~");
    text.lines().map(line).map(|line| line + "\n").collect()
}

fn line(line: &str) -> String {
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// One word, its punctuation kept.
fn word(word: &str) -> String {
    let core = word.trim_matches(|c: char| "()[],.;:`'\"".contains(c));
    let Some(what) = kind(core) else { return word.to_owned() };
    word.replacen(core, what, 1)
}

/// What a word is, when it is one of those that differ from run to run.
fn kind(word: &str) -> Option<&'static str> {
    let shape: String = word.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape == "00:00:00" {
        return Some("HH:MM:SS");
    }
    if shape.starts_with("0000-00-00T") && shape.ends_with('Z') {
        return Some("TIME");
    }
    let unit = shape.trim_start_matches(['0', '.', ':']);
    if unit.len() < shape.len() && ["ms", "s", "m", "min"].contains(&unit) {
        return Some("ELAPSED");
    }
    let digest = word.strip_prefix("sha256:").unwrap_or(word);
    if digest.len() == 64 && digest.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Some("DIGEST");
    }
    None
}

#[test]
fn what_differs_from_run_to_run_is_replaced() {
    let text =
        "12:01:59 rehearsal/images /tmp/x1/lib pushed (1.2s)\nat 2026-11-21T07:00:00.5Z: 3 objects";
    assert_eq!(
        redact(text, Path::new("/tmp/x1")),
        "HH:MM:SS rehearsal/images ~/lib pushed (ELAPSED)\nat TIME: 3 objects\n"
    );
}
