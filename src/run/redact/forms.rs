//! The shapes in which programs write a secret.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::NO_PAD;

/// Shorter lines of a secret (`}`, `-----`) would mask ordinary lines.
const SHORTEST_LINE: usize = 16;

/// Shorter pieces of base64 would mask ordinary words.
const SHORTEST_PIECE: usize = 8;

/// Every shape of `secret`, and of each of its lines where it has several.
pub(super) fn of(secret: &str) -> BTreeSet<String> {
    let mut forms = shapes(secret);
    if secret.contains('\n') {
        let lines = secret.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_LINE);
        forms.extend(lines.flat_map(shapes));
    }
    forms
}

fn shapes(plain: &str) -> BTreeSet<String> {
    let mut shapes = BTreeSet::from([plain.to_owned()]);
    let mut escaped = vec![plain.to_owned()];
    // A document in JSON that is quoted in another one is escaped twice.
    for _ in 0..2 {
        let again: Vec<_> = escaped.iter().flat_map(|text| in_json(text)).collect();
        shapes.extend(again.iter().cloned());
        escaped = again;
    }
    shapes.extend(in_address(plain));
    shapes.extend(in_base64(plain.as_bytes()));
    shapes
}

/// As the content of a JSON string: by most programs, by those written in Go, which escape three
/// more, and by those that write ASCII only.
fn in_json(text: &str) -> [String; 3] {
    let quoted = serde_json::Value::from(text).to_string();
    let plain = quoted[1..quoted.len() - 1].to_owned();
    let html = [("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")];
    let go = html.iter().fold(plain.clone(), |text, (from, to)| text.replace(from, to));
    let mut ascii = String::new();
    for character in plain.chars() {
        if character.is_ascii() {
            ascii.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(ascii, "\\u{unit:04x}");
            }
        }
    }
    [plain, go, ascii]
}

/// As a part of an address: of a query, of a form, and of a path, where more characters may stand
/// as they are.
fn in_address(text: &str) -> [String; 3] {
    let query = percent(text, "-._~");
    let form = query.replace("%20", "+");
    [query, form, percent(text, "-._~$&+=:@")]
}

fn percent(text: &str, kept: &str) -> String {
    let mut encoded = String::new();
    for &byte in text.as_bytes() {
        if byte.is_ascii_alphanumeric() || kept.as_bytes().contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// In base64, alone and as a part of something longer. What surrounds it decides where in a group
/// of three bytes it begins, and has a share in the first and last letters: those are left out.
fn in_base64(bytes: &[u8]) -> Vec<String> {
    let mut pieces = Vec::new();
    for alphabet in [&STANDARD, &URL_SAFE] {
        let engine = GeneralPurpose::new(alphabet, NO_PAD);
        pieces.push(engine.encode(bytes));
        for (before, shared) in [(0, 0), (1, 2), (2, 3)] {
            let mut padded = vec![0; before];
            padded.extend_from_slice(bytes);
            let encoded = engine.encode(&padded);
            let whole = padded.len() * 8 / 6;
            pieces.push(encoded[shared..whole.min(encoded.len())].to_owned());
        }
    }
    pieces.retain(|piece| piece.len() >= SHORTEST_PIECE);
    pieces
}
