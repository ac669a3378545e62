//! JSON output: one journal event a line, compact, exactly as in `journal.jsonl`.

use serde::Serialize;

/// One document on one line.
pub fn document(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}

/// One document for people and scripts, indented.
pub fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| format!("{{\"error\":\"{error}\"}}"))
}
