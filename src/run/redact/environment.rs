//! What the environment of this process keeps secret.

use std::collections::BTreeMap;

use super::Secret;

/// A variable whose name has one of these words holds a secret.
const SECRET_WORDS: [&str; 8] =
    ["SECRET", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "PRIVATE_KEY", "API_KEY", "CREDENTIAL"];

/// Unless it ends like this: then it says where one is, or what it is called.
const NO_SECRET_ENDS: [&str; 8] =
    ["_FILE", "_PATH", "_DIR", "_ID", "_URI", "_URL", "_NAME", "_EXPIRATION"];

/// Shorter values are words that stand elsewhere too.
const SHORTEST: usize = 8;

/// The secrets in these variables: values of those that are named like one, and passwords in
/// addresses (of proxies).
pub(super) fn secrets(variables: &BTreeMap<String, String>) -> Vec<Secret> {
    let mut secrets = Vec::new();
    for (name, value) in variables {
        if is_secret(name) && value.len() >= SHORTEST && !is_word(value) {
            secrets.push(Secret::new(value.as_str()));
        }
        if let Some(password) = password_of(value) {
            secrets.push(Secret::new(password));
            secrets.push(Secret::new(decoded(password)));
        }
    }
    secrets
}

fn is_secret(name: &str) -> bool {
    let name = name.to_uppercase();
    SECRET_WORDS.iter().any(|word| name.contains(word))
        && !NO_SECRET_ENDS.iter().any(|end| name.ends_with(end))
}

/// A word (the key of a simulated world is `rehearsal`) keeps nothing safe and stands everywhere.
fn is_word(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// The password of `scheme://user:password@host`.
fn password_of(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (user, _) = authority.rsplit_once('@')?;
    let (_, password) = user.split_once(':')?;
    Some(password)
}

/// Without its percent signs, as programs print it that have understood the address.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            bytes.push(byte);
            rest = &after[2..];
        } else {
            bytes.push(first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
