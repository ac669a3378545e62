//! Words for times, bytes and actions, the same in every front end.

use crate::engine::socket::First;
use crate::run::Action;

/// `0:07`, `12:40`, `1:02:03`.
pub fn elapsed(milliseconds: u64) -> String {
    let seconds = milliseconds / 1000;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    if hours > 0 {
        format!("{hours}:{minutes:02}:{seconds:02}")
    } else {
        format!("{minutes}:{seconds:02}")
    }
}

/// `312 B`, `4.2 kB`, `1.5 GB`: decimal units.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut unit = 0;
    let mut whole = count;
    let mut tenths = 0;
    while whole >= 1000 && unit + 1 < UNITS.len() {
        tenths = whole % 1000 / 100;
        whole /= 1000;
        unit += 1;
    }
    if unit == 0 { format!("{whole} B") } else { format!("{whole}.{tenths} {}", UNITS[unit]) }
}

/// "creating", while it happens.
pub fn doing(action: Action) -> &'static str {
    match action {
        Action::Create => "creating",
        Action::Update => "changing",
        Action::Delete => "deleting",
        Action::Replace => "replacing",
        Action::Read => "reading",
        Action::Import => "importing",
        Action::Other => "working",
    }
}

/// "created", when done.
pub fn done(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "changed",
        Action::Delete => "deleted",
        Action::Replace => "replaced",
        Action::Read => "read",
        Action::Import => "imported",
        Action::Other => "done",
    }
}

/// What is said to whoever asks for what somebody else has asked for.
pub fn asked_before(first: &First) -> String {
    let at = first.at.strftime("%H:%M:%S UTC");
    match &first.by {
        Some(by) => format!("already asked by {by} at {at}; nothing more was done"),
        None => format!("already asked at {at}; nothing more was done"),
    }
}

/// "3 objects", "1 object".
pub fn count(number: u64, one: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {one}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_bytes_are_written_for_people() {
        assert_eq!(elapsed(7_400), "0:07");
        assert_eq!(elapsed(3_723_000), "1:02:03");
        assert_eq!(bytes(999), "999 B");
        assert_eq!(bytes(4_250), "4.2 kB");
        assert_eq!(bytes(1_500_000_000), "1.5 GB");
        assert_eq!(count(1, "object"), "1 object");
    }
}
