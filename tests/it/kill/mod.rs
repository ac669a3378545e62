//! Kills at every moment: whatever is killed, whenever, `resume` ends in the world of an
//! undisturbed run.
//!
//! An undisturbed rehearsal is cut at the boundaries of its stages, and each cut is kept. A point is
//! an event of one stage, or one before the first or after the last: the cut before it is put back,
//! the run goes on until the event is in its journal, then somebody is killed with SIGKILL. What must hold is that `resume` goes on to
//! the end, with the same inventory. `SPRINGBOARD_KILL_POINTS` says how many points (a number, or
//! `all`); `cargo xtask kill` sets it.

mod cut;
mod victim;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;
use springboard::host::Host;

use crate::support::stage::Stage;
use cut::{Cuts, Section};
use victim::Victim;

/// Without `SPRINGBOARD_KILL_POINTS`: about one a stage.
const POINTS: usize = 9;
/// More resumes than this after one kill mean that nothing goes on.
const RESUMES: usize = 4;

/// A moment: the nth event of a section, and who is killed then.
#[derive(Debug, Clone)]
struct Point {
    section: Section,
    event: usize,
    victim: Victim,
}

fn survives(engine: &str, helm: &str, profile: &str, place: &str) {
    let Some(stage) = Stage::new(engine, helm) else { return };
    let cuts = Cuts::make(stage, profile, place);
    let points = points(&cuts);
    let mut wrong = String::new();
    for (index, point) in points.iter().enumerate() {
        let told = format!("{profile} {}/{}: {point:?}", index + 1, points.len());
        // Past the capture of the test runner: all moments take hours.
        let _nobody_watches = writeln!(std::io::stderr(), "{told}");
        if let Err(why) = hold(&cuts, point) {
            // At once as well: whoever stops a long run has seen what did not hold.
            let _nobody_watches = writeln!(std::io::stderr(), "DOES NOT HOLD: {told}: {why}");
            writeln!(wrong, "{told}: {why}").unwrap();
        }
    }
    assert!(wrong.is_empty(), "{} points:\n{wrong}", points.len());
}

/// Kills at one point and resumes; what does not hold.
fn hold(cuts: &Cuts, point: &Point) -> Result<(), String> {
    cuts.put_back(&point.section);
    let mut running = cuts.stage.sandbox.start(&cuts.command(&point.section));
    victim::kill_at(&mut running, cuts, point);
    let ended = running.wait();
    let begun = point.section != Section::Begin;
    let is_expected = matches!((ended.code, begun), (Some(0 | 4), _) | (Some(3), false));
    if point.victim.spares_the_engine() && !is_expected {
        return Err(format!("the engine lived on and ended with {ended:?}"));
    }
    let mut last = ended;
    for _ in 0..RESUMES {
        if last.code == Some(0) {
            break;
        }
        let words = match last.code {
            None | Some(4) => cuts.resume(),
            // Killed before the first stage: it says how to begin, and that is done.
            Some(2) if last.err.contains("was ever begun") => cuts.command(&Section::Begin),
            Some(3) if !begun => cuts.command(&Section::Begin),
            Some(_) => return Err(format!("{last:?}")),
        };
        if last.err.contains("panicked") {
            return Err(format!("{last:?}"));
        }
        last = cuts.stage.sandbox.run(&words);
    }
    if last.code != Some(0) {
        return Err(format!("{RESUMES} resumes do not end it: {last:?}"));
    }
    let inventory = cuts.inventory();
    if inventory != cuts.undisturbed {
        return Err(difference(&cuts.undisturbed, &inventory));
    }
    leftovers(cuts)
}

/// What must not be on disk after a run that is done.
fn leftovers(cuts: &Cuts) -> Result<(), String> {
    let folder = cuts.folder().join("terraform/poolside");
    let names = ["springboard.tfplan", "springboard_imports.tf", "errored.tfstate"];
    let left: Vec<_> = names.iter().filter(|name| folder.join(name).exists()).collect();
    if left.is_empty() { Ok(()) } else { Err(format!("left behind: {left:?}")) }
}

/// The lines in which two inventories differ.
fn difference(expected: &Value, got: &Value) -> String {
    let lines = |value: &Value| -> BTreeSet<String> {
        let text = serde_json::to_string_pretty(value).unwrap();
        text.lines().map(str::to_owned).collect()
    };
    let (expected, got) = (lines(expected), lines(got));
    let missing: Vec<_> = expected.difference(&got).take(20).collect();
    let surplus: Vec<_> = got.difference(&expected).take(20).collect();
    format!("the inventory differs\n  missing: {missing:#?}\n  surplus: {surplus:#?}")
}

/// The points, spread over the sections by their number of events, at least one in each.
fn points(cuts: &Cuts) -> Vec<Point> {
    let host = Host::real().unwrap();
    let wanted = host.var("SPRINGBOARD_KILL_POINTS").map_or(Ok(POINTS), |text| match text {
        "all" => Ok(usize::MAX),
        number => number.parse(),
    });
    let wanted = wanted.expect("SPRINGBOARD_KILL_POINTS is a number or `all`");
    let all: usize = cuts.events.iter().map(|(_, events)| events).sum();
    let mut points = Vec::new();
    for (section, events) in &cuts.events {
        let share = wanted.saturating_mul(*events).div_ceil(all).clamp(1, *events);
        for nth in 0..share {
            // The middle of each of `share` equal parts.
            let event = (2 * nth + 1) * events / (2 * share) + 1;
            let victim = Victim::ALL[points.len() % Victim::ALL.len()];
            points.push(Point { section: section.clone(), event, victim });
        }
    }
    points
}

#[test]
fn a_full_installation_survives_kills_at_any_moment() {
    survives("tofu", "helm4", "full", "s3");
}

#[test]
fn a_platform_installation_survives_kills_at_any_moment() {
    survives("terraform", "helm3", "platform-only", "local");
}
