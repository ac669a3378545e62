//! What to send to whoever helps with a run that is not done: one page of facts, nothing secret.
//!
//! Everything in it is in the journal, from which secrets were taken before it was written.

use super::details::{Details, clock};
use super::mark::Mark;
use super::outcome::failed;
use super::{Watched, stages};
use crate::frontend::words::elapsed;
use crate::run::event::Severity;

/// Name of the file in the folder of a run.
pub const FILE: &str = "support.txt";
/// The key under which details show it.
pub const KEY: &str = "support:";
/// Columns for what a fact is called.
const LABEL: usize = 10;

/// The facts; nothing while the run goes on or when it is done.
pub fn facts(watched: &Watched) -> Option<Details> {
    let ended = failed(watched)?;
    let mut details = Details { title: "For whoever helps".into(), ..Details::default() };
    of_run(&mut details, watched);
    details.add("Ended", ended.title);
    details.add("Failed", ended.what);
    ended.why.into_iter().for_each(|why| details.add("Cause", why));
    ended.hint.into_iter().for_each(|hint| details.add("Do", hint));
    said(&mut details, watched);
    let open =
        watched.state.checks.iter().map(|(id, outcome, what)| (id, Mark::from(*outcome), what));
    for (id, mark, what) in open.filter(|(_, mark, _)| !matches!(mark, Mark::Pass)) {
        details.add("Check", format!("{id} {}: {what}", mark.word()));
    }
    let shown = stages::current(watched);
    for log in watched.ledger.logs.iter().filter(|log| log.stage == shown) {
        details.add("Log", format!("runs/{}/{}", log.run, log.log));
    }
    Some(details)
}

/// The facts as a text that can be pasted anywhere.
pub fn text(watched: &Watched) -> Option<String> {
    let line = |(what, fact): &(String, String)| format!("{what:<LABEL$}{fact}\n");
    Some(facts(watched)?.facts.iter().map(line).collect())
}

fn of_run(details: &mut Details, watched: &Watched) {
    if let Some(header) = &watched.state.header {
        details.add("Run", format!("{} of {}", header.run, header.deployment));
        details.add("Began", format!("{} {}", header.at.strftime("%Y-%m-%d"), clock(header.at)));
        if let Some(before) = &header.continues {
            details.add("Goes on", format!("from run {before}"));
        }
        details.add("Program", format!("springboard {}", header.springboard));
        details.add("Blueprint", format!("{}, {}", header.blueprint, header.bundle));
        details.add("Answers", header.answers.clone());
    }
    for (tool, version) in &watched.state.tools {
        details.add("Tool", format!("{tool} {version}"));
    }
    if let Some(until) = watched.state.at {
        details.add("Took", elapsed(watched.elapsed_ms(until)));
    }
}

/// What the tools said is wrong, with the configuration that they quote.
fn said(details: &mut Details, watched: &Watched) {
    let stages = watched.state.stages.iter();
    for step in stages.flat_map(|stage| watched.ledger.stage(&stage.id)) {
        let of_objects = step.objects.iter().flat_map(|object| {
            object.diagnostics.iter().map(|said| (Some(object.address.as_str()), said))
        });
        let all = of_objects.chain(step.diagnostics.iter().map(|said| (None, said)));
        for (address, said) in all.filter(|(_, said)| said.severity == Severity::Error) {
            let address = address.map(|address| format!("{address}: ")).unwrap_or_default();
            details.add("Error", format!("{address}{}", said.summary));
            if let Some(snippet) = &said.snippet {
                details.add("At", format!("{}:{}", snippet.file, snippet.line));
            }
        }
    }
}
