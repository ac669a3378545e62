//! What a screen shows all the time, said in lines from time to time: how far a stage is, what is in
//! flight and for how long, what has changed in its parts, and what is left.
//!
//! Events say what has happened; between two of them minutes may pass, and whoever reads lines has
//! the same right to know that something is still going on.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use super::view::Watched;
use super::view::elapsed_between;
use super::view::mark::Mark;
use super::view::rollout::rollout;
use super::view::rows::{Grouping, Line, Row};
use super::view::times::{Left, Times};
use super::words::bytes;
use crate::run::{Event, Header, Progress};

/// Between two of them in a real run.
const EVERY: Duration = Duration::from_mins(1);
/// The same in a rehearsal, which is over in minutes.
const EVERY_REHEARSED: Duration = Duration::from_secs(20);
/// So many parts stand in one line.
const IN_A_LINE: usize = 3;

/// Says from time to time how a run stands.
#[derive(Debug)]
pub struct Pulse {
    watched: Watched,
    times: Times,
    /// When something was said last.
    said: Option<Timestamp>,
    /// Parts as they were said last.
    parts: BTreeSet<String>,
}

impl Pulse {
    /// Of a run that was not begun; `times` says how long things usually take.
    pub fn new(times: Times) -> Self {
        Self { watched: Watched::default(), times, said: None, parts: BTreeSet::new() }
    }

    /// A run begins.
    pub fn begin(&mut self, header: Header) {
        self.said = Some(header.at);
        self.watched.begin_run(header);
    }

    /// Something happened in it.
    pub fn event(&mut self, event: &Event) {
        self.watched.apply(event);
    }

    /// Something goes on.
    pub fn progress(&mut self, progress: &Progress, now: Timestamp) {
        self.watched.progress(progress, now);
    }

    /// The lines that are due, each with the stage that it is about.
    pub fn lines(&mut self, now: Timestamp) -> Vec<(String, String)> {
        let every = if self.watched.is_rehearsal() { EVERY_REHEARSED } else { EVERY };
        let since = self.said.map_or(0, |said| elapsed_between(said, now));
        if u128::from(since) < every.as_millis() || !self.watched.is_at_work() {
            return Vec::new();
        }
        self.said = Some(now);
        let view = rollout(&self.watched, &self.times, None, Grouping::ByPart, now);
        let mut texts = vec![format!("{}, {}", view.title, left(view.left))];
        let mut parts = Vec::new();
        for row in &view.rows {
            match row {
                Row::Part(part) => parts.push(format!("{} {}", part.name(), part.count())),
                Row::Object(line) | Row::Workload(line) if is_at_work(line.mark) => {
                    texts.push(in_flight(line));
                }
                // How fast, and how much is left.
                Row::Moved(moved) => texts.push(format!("{}: {}", moved.step, moved.words())),
                Row::Transfer(transfer) if transfer.mark == Mark::Running => {
                    let of = transfer.total.map(|total| format!(" of {}", bytes(total)));
                    let of = of.unwrap_or_default();
                    texts.push(format!("{} {}{of}", transfer.key, bytes(transfer.done)));
                }
                _ => {}
            }
        }
        let changed: Vec<_> = parts.iter().filter(|part| !self.parts.contains(*part)).collect();
        texts.extend(
            changed
                .chunks(IN_A_LINE)
                .map(|some| some.iter().map(|part| part.as_str()).collect::<Vec<_>>().join(", ")),
        );
        self.parts = parts.into_iter().collect();
        texts.push(view.sentence);
        texts.retain(|text| !text.is_empty());
        texts.into_iter().map(|text| (view.shown.clone(), text)).collect()
    }
}

fn left(left: Left) -> String {
    match left.basis() {
        Some(basis) => format!("{} ({basis})", left.words()),
        None => left.words(),
    }
}

fn is_at_work(mark: Mark) -> bool {
    matches!(mark, Mark::Running | Mark::Slow | Mark::Waiting | Mark::Blocked)
}

fn in_flight(line: &Line) -> String {
    let (address, word) = (&line.address, line.mark.word());
    match (line.elapsed_ms, line.usual_ms) {
        (Some(_), Some(_)) => {
            format!("{address} {word} ({} of about {})", line.time(), line.usual())
        }
        (Some(_), None) => format!("{address} {word} ({})", line.time()),
        (None, _) => format!("{address} {word}"),
    }
}
