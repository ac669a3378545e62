//! The timeline of one run: a bar for each step, and below it those objects that took longest.

use std::fmt::Display;

use jiff::Timestamp;

use super::facts::{How, Object, Run, Span};
use super::html::Html;
use crate::frontend::words::elapsed;

/// Bars of objects below one step.
const OBJECTS: usize = 8;
/// An object that took less is no bar.
const SHORTEST_MS: u64 = 1000;
const WIDTH: i64 = 1000;
/// Where the bars begin; the names are left of it.
const LEFT: i64 = 320;
const ROW: usize = 18;

/// A row of the picture.
struct Bar {
    name: String,
    class: &'static str,
    from: Timestamp,
    until: Timestamp,
    told: String,
}

/// Draws the timeline of a run; `objects` are those that were worked on in it.
pub(super) fn draw(html: &mut Html, run: &Run, objects: &[&Object]) {
    let (from, until) = (run.header.at, run.until);
    let bars: Vec<Bar> = run.steps.iter().flat_map(|step| of_step(step, until, objects)).collect();
    if bars.is_empty() {
        html.element("p", "Nothing was begun in this run.");
        return;
    }
    let height = (bars.len() + 2) * ROW;
    let view = format!("0 0 {WIDTH} {height}");
    let name = format!("Timeline of run {}", run.header.run);
    html.with("svg", &[("viewBox", &view), ("role", &"img"), ("aria-label", &name)], |html| {
        axis(html, from, until, height);
        for (row, bar) in bars.iter().enumerate() {
            draw_bar(html, bar, (from, until), (row + 2) * ROW);
        }
    });
    html.markup("\n");
}

fn of_step(step: &Span, until: Timestamp, objects: &[&Object]) -> Vec<Bar> {
    let ended = step.ended.unwrap_or(until);
    let class = class(step.how);
    let took = elapsed(milliseconds(step.began, ended));
    let mut bars = vec![Bar {
        name: format!("{}/{}", step.stage, step.step),
        class,
        from: step.began,
        until: ended,
        told: format!("{} {took}", word(step.how)),
    }];
    let is_of_it = |object: &&&Object| {
        (&object.stage, &object.step) == (&step.stage, &step.step)
            && object.ended >= step.began
            && object.ended <= ended
            && object.elapsed_ms >= SHORTEST_MS
    };
    let mut longest: Vec<&Object> = objects.iter().filter(is_of_it).copied().collect();
    longest.sort_by_key(|object| std::cmp::Reverse(object.elapsed_ms));
    longest.truncate(OBJECTS);
    longest.sort_by_key(|object| object.began());
    bars.extend(longest.into_iter().map(|object| Bar {
        name: object.address.clone(),
        class: if object.failed { "failed" } else { "object" },
        from: object.began().max(step.began),
        until: object.ended,
        told: elapsed(object.elapsed_ms),
    }));
    bars
}

impl Object {
    fn began(&self) -> Timestamp {
        let took = i64::try_from(self.elapsed_ms).unwrap_or(i64::MAX);
        let began = self.ended.as_millisecond().saturating_sub(took);
        Timestamp::from_millisecond(began).unwrap_or(self.ended)
    }
}

fn draw_bar(html: &mut Html, bar: &Bar, (from, until): (Timestamp, Timestamp), y: usize) {
    let [x, end] = [bar.from, bar.until].map(|at| column(at, from, until));
    let width = (end - x).max(2);
    let indent = if bar.class == "object" { 12 } else { 0 };
    text(html, indent, y + 12, "", &shortened(&bar.name));
    let rect: [(&'static str, &dyn Display); 5] = [
        ("class", &bar.class),
        ("x", &x),
        ("y", &(y + 3)),
        ("width", &width),
        ("height", &(ROW - 6)),
    ];
    html.with("rect", &rect, |html| html.element("title", &bar.name));
    // Beside the bar where there is room, else before its end.
    if end < WIDTH - 110 {
        text(html, end + 6, y + 12, "", &bar.told);
    } else {
        text(html, x - 6, y + 12, "end", &bar.told);
    }
}

fn axis(html: &mut Html, from: Timestamp, until: Timestamp, height: usize) {
    let all = milliseconds(from, until);
    for part in 0..=4 {
        let x = LEFT + (WIDTH - LEFT) * part / 4;
        let line: [(&'static str, &dyn Display); 4] =
            [("x1", &x), ("x2", &x), ("y1", &ROW), ("y2", &height)];
        html.with("line", &line, |_| {});
        let at = elapsed(all.saturating_mul(u64::try_from(part).unwrap_or(0)) / 4);
        text(html, x, ROW - 6, if part == 4 { "end" } else { "middle" }, &at);
    }
}

fn text(html: &mut Html, x: i64, y: usize, anchor: &'static str, text: &str) {
    let anchor = if anchor.is_empty() { "start" } else { anchor };
    html.with("text", &[("x", &x), ("y", &y), ("text-anchor", &anchor)], |html| html.text(text));
}

fn column(at: Timestamp, from: Timestamp, until: Timestamp) -> i64 {
    let all = i64::try_from(milliseconds(from, until).max(1)).unwrap_or(i64::MAX);
    let passed = i64::try_from(milliseconds(from, at)).unwrap_or(i64::MAX).min(all);
    LEFT + passed.saturating_mul(WIDTH - LEFT) / all
}

fn milliseconds(from: Timestamp, until: Timestamp) -> u64 {
    u64::try_from(until.duration_since(from).as_millis()).unwrap_or(0)
}

/// A name that fits left of the bars, cut in the middle.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 44;
    const KEPT: usize = 21;
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= LONGEST {
        return name.to_owned();
    }
    let text = |letters: &[char]| letters.iter().collect::<String>();
    format!("{}..{}", text(&letters[..KEPT]), text(&letters[letters.len() - KEPT..]))
}

fn class(how: How) -> &'static str {
    match how {
        How::Done | How::Unchanged => "done",
        How::Failed => "failed",
        How::Stopped | How::Running => "stopped",
    }
}

fn word(how: How) -> &'static str {
    match how {
        How::Done => "done",
        How::Unchanged => "unchanged",
        How::Failed => "failed",
        How::Stopped => "stopped",
        How::Running => "no end",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_in_the_middle_and_times_become_columns() {
        assert_eq!(shortened("short"), "short");
        let cut = shortened(&"ü".repeat(100));
        assert_eq!(cut.chars().count(), 44);
        let at = |second| Timestamp::from_second(second).unwrap();
        assert_eq!(column(at(0), at(0), at(100)), LEFT);
        assert_eq!(column(at(100), at(0), at(100)), WIDTH);
        assert_eq!(column(at(7), at(7), at(7)), LEFT);
    }
}
