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
use super::view::rollout::{Grouping, Item, Row, rollout};
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
                Row::Item(item) if item.key.starts_with("part:") => {
                    parts.push(format!("{} {}", item.name, item.column));
                }
                Row::Item(item) if is_at_work(item) => texts.push(in_flight(item)),
                // How fast, and how much is left.
                Row::Head(step, column) if column.contains(" of ") => {
                    texts.push(format!("{step}: {column}"));
                }
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

/// Steps are said by their own events.
fn is_at_work(item: &Item) -> bool {
    let marks = [Mark::Running, Mark::Slow, Mark::Waiting, Mark::Blocked];
    marks.contains(&item.mark) && !item.key.starts_with("step:")
}

fn in_flight(item: &Item) -> String {
    let mut times = item.column.split_whitespace();
    let word = item.mark.word();
    match (times.next(), times.next()) {
        (Some(elapsed), Some(usual)) => format!("{} {word} ({elapsed} of about {usual})", item.key),
        (Some(elapsed), None) => format!("{} {word} ({elapsed})", item.key),
        _ => format!("{} {word}", item.key),
    }
}
