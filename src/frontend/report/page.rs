//! The pages of a report, part by part.

use std::fmt::Display;

use jiff::Timestamp;

use super::facts::{Facts, Object, plain};
use super::html::Html;
use super::timeline;
use crate::frontend::words::{bytes, count, done, elapsed};
use crate::run::event::{Outcome, RunStatus};

/// The style: dark on light, no colour without a word beside it.
const HEAD: &str = r#"<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<style>
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; background: #fff; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: .2rem } h2 { font-size: 1.2rem; margin-top: 2.2rem; border-bottom: 1px solid #999 } h3 { font-size: 1rem; margin-bottom: .3rem }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 } th, td { text-align: left; vertical-align: top; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid #ddd; overflow-wrap: anywhere }
th { font-weight: 600 } td:first-child { min-width: 7rem } code, td.code { font-family: ui-monospace, monospace; font-size: .9em }
.rehearsal { border: 2px solid #1a1a1a; padding: .5rem .8rem; font-weight: 600 } .more { color: #444; white-space: pre-wrap }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif } svg line { stroke: #ccc } svg text { fill: #1a1a1a }
rect.done { fill: #2f6f9f } rect.object { fill: #9dc3dd } rect.failed { fill: #b3261e } rect.stopped { fill: #8a6d00 }
@media print { body { margin: 0; max-width: none; font-size: 11px } h2 { break-after: avoid } tr, svg { break-inside: avoid } }
</style>
"#;

/// The whole page.
pub(super) fn of(facts: &Facts) -> String {
    let mut html = Html::default();
    let header = facts.state.header.as_ref();
    let label = header.map_or("", |header| header.deployment.as_str());
    html.markup(HEAD);
    html.element("title", format_args!("Report of {label}"));
    html.markup("</head><body>\n");
    if label.starts_with("rehearsal/") {
        html.with("p", &[("class", &"rehearsal")], |html| {
            html.text(
                "REHEARSAL: everything in this report was made in the simulated world; no account was \
                 touched.",
            );
        });
    }
    html.element("h1", format_args!("Report of {label}"));
    html.element("p", ended(facts));
    timelines(&mut html, facts);
    troubles(&mut html, facts);
    made(&mut html, facts);
    outputs(&mut html, facts);
    asked(&mut html, facts);
    departures(&mut html, facts);
    versions(&mut html, facts);
    checks(&mut html, facts);
    html.markup("</body></html>\n");
    html.finish()
}

/// How it ended, and how long it took, in one or two sentences.
fn ended(facts: &Facts) -> String {
    let how = match facts.state.status {
        Some(RunStatus::Done) => "Done: every step has ended well, and the closing plan was empty.",
        Some(RunStatus::Failed) => "Failed; `springboard resume` goes on.",
        Some(RunStatus::Stopped) => "Stopped by request; `springboard resume` goes on.",
        Some(RunStatus::NotReady) => "Not ready; nothing was begun.",
        Some(RunStatus::Refused) => "Refused; a confirmation that names an object is needed.",
        None => "Without an end: it is running, or was interrupted.",
    };
    let at_work = facts.runs.iter().map(|run| run.until.duration_since(run.header.at).as_millis());
    let at_work = elapsed(u64::try_from(at_work.sum::<i128>()).unwrap_or(0));
    let until = facts.runs.last().map(|run| clock(run.until)).unwrap_or_default();
    let from = facts.runs.first().map(|run| clock(run.header.at)).unwrap_or_default();
    let runs = count(facts.runs.len() as u64, "run");
    format!("{how} From {from} to {until}, {at_work} at work in {runs}. All times are UTC.")
}

fn clock(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn timelines(html: &mut Html, facts: &Facts) {
    html.heading("Timeline");
    for (index, run) in facts.runs.iter().enumerate() {
        let took = run.until.duration_since(run.header.at).as_millis();
        let took = elapsed(u64::try_from(took).unwrap_or(0));
        html.element(
            "h3",
            format_args!("Run {} from {}, {took}", run.header.run, clock(run.header.at)),
        );
        let objects: Vec<&Object> = facts.objects.iter().filter(|o| o.run == index).collect();
        timeline::draw(html, run, &objects);
    }
    html.table(&["Stage", "State", "Time"], |html| {
        for stage in &facts.state.stages {
            let time = stage.elapsed_ms.map(elapsed).unwrap_or_default();
            html.row(&[&stage.id, &stage.status.word(), &time]);
        }
    });
}

fn troubles(html: &mut Html, facts: &Facts) {
    html.heading("Failures, retries and findings");
    if facts.troubles.is_empty() {
        html.element("p", "None: everything went by itself.");
        return;
    }
    html.table(&["When", "Where", "", "What"], |html| {
        for trouble in &facts.troubles {
            html.markup("<tr>");
            let when = clock(trouble.at);
            for cell in [&when as &dyn Display, &trouble.place, &trouble.word] {
                html.element("td", cell);
            }
            html.with("td", &[], |html| {
                html.text(&trouble.what);
                for more in &trouble.more {
                    html.with("div", &[("class", &"more")], |html| html.text(more));
                }
            });
            html.markup("</tr>\n");
        }
    });
    left_out(html, facts.more_troubles);
}

fn made(html: &mut Html, facts: &Facts) {
    html.heading("What was made");
    if facts.objects.is_empty() {
        html.element("p", "Nothing.");
    }
    for (stage, objects) in facts.by_stage() {
        html.element("h3", format_args!("{stage}: {}", count(objects.len() as u64, "object")));
        html.table(&["What", "", "Id or digest", "Time"], |html| {
            for object in objects {
                let word = if object.failed { "failed" } else { done(object.action) };
                let moved = object.bytes.map(|moved| format!("{} ", bytes(moved)));
                let id = format!(
                    "{}{}",
                    moved.unwrap_or_default(),
                    object.id.as_deref().unwrap_or_default()
                );
                html.row(&[&object.address, &word, &id, &elapsed(object.elapsed_ms)]);
            }
        });
    }
    left_out(html, facts.more_objects);
}

fn left_out(html: &mut Html, number: usize) {
    if number > 0 {
        html.element("p", format_args!("{number} more are in the journal and not listed here."));
    }
}

fn outputs(html: &mut Html, facts: &Facts) {
    html.heading("Outputs");
    if facts.state.outputs.is_empty() {
        html.element("p", "None is known yet.");
        return;
    }
    html.table(&["Output", "Value"], |html| {
        for (name, value) in &facts.state.outputs {
            html.row(&[name, &plain(value)]);
        }
    });
}

fn asked(html: &mut Html, facts: &Facts) {
    html.heading("What was asked");
    if facts.answers.is_empty() {
        html.element("p", "The answers are in `answers.toml` in the folder of the run.");
        return;
    }
    html.table(&["Question", "Answer", "Source"], |html| {
        for asked in &facts.answers {
            html.row(&[&asked.key, &asked.value, &asked.source]);
        }
    });
}

fn departures(html: &mut Html, facts: &Facts) {
    if facts.departures.is_empty() {
        return;
    }
    html.heading("Departures from the reference");
    html.table(&["Departure", "What is different", "Reason"], |html| {
        for departure in &facts.departures {
            let reason = match (&departure.reason, &departure.key) {
                (Some(reason), _) => reason,
                (None, Some(_)) => "none was given",
                (None, None) => "springboard departs so with any answers",
            };
            html.row(&[&departure.id, &departure.sentence, &reason]);
        }
    });
}

fn versions(html: &mut Html, facts: &Facts) {
    html.heading("Versions and digests");
    html.table(&["What", "Version or digest"], |html| {
        for (name, version) in &facts.state.tools {
            html.row(&[name, version]);
        }
        for run in &facts.runs {
            let header = &run.header;
            let of = |what: &str| format!("{what}, run {}", header.run);
            html.row(&[&of("springboard"), &header.springboard]);
            html.row(&[&of("answers"), &header.answers]);
            html.row(&[&of("Terraform root and charts"), &header.bundle]);
        }
    });
}

fn checks(html: &mut Html, facts: &Facts) {
    html.heading("Checks of the last run");
    if facts.state.checks.is_empty() {
        html.element("p", "None has ended.");
        return;
    }
    html.table(&["Check", "", "Finding"], |html| {
        for (check, outcome, finding) in &facts.state.checks {
            let word = match outcome {
                Outcome::Pass => "pass",
                Outcome::Warn => "warn",
                Outcome::Fail => "fail",
                Outcome::Unknown => "unknown",
                Outcome::Skipped => "skipped",
            };
            html.row(&[check, &word, finding]);
        }
    });
}
