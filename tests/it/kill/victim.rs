//! Who is killed, and when.

use serde_json::Value;

use super::Point;
use super::cut::{Cuts, Section, events_by_section};
use crate::support::processes::{Role, kill, processes};
use crate::support::sandbox::{Background, pause};

/// Who is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Victim {
    /// The engine alone; its tool works on.
    Engine,
    /// The process between the engine and its tool.
    Runner,
    /// terraform, tofu or helm.
    Tool,
    /// The simulated world.
    World,
    /// The engine, and the process between it and the tool.
    EngineAndRunner,
    /// All at once, as a power cut would.
    Everything,
}

impl Victim {
    pub(super) const ALL: [Self; 6] = [
        Self::Engine,
        Self::Everything,
        Self::Tool,
        Self::World,
        Self::EngineAndRunner,
        Self::Runner,
    ];

    /// Whether the engine lives on and has to say what happened.
    pub(super) fn spares_the_engine(self) -> bool {
        matches!(self, Self::Runner | Self::Tool | Self::World)
    }

    fn is(self, role: Role) -> bool {
        match self {
            Self::Engine => role == Role::Engine,
            Self::Runner => role == Role::Runner,
            Self::Tool => role == Role::Tool,
            Self::World => role == Role::World,
            Self::EngineAndRunner => matches!(role, Role::Engine | Role::Runner),
            Self::Everything => true,
        }
    }
}

/// Waits until the event of the point is in the journal, and kills. A run that ends before is
/// killed by nobody.
pub(super) fn kill_at(running: &mut Background, cuts: &Cuts, point: &Point) {
    if wait_for_event(running, &point.section, point.event) {
        kill(cuts.stage.sandbox.path(), |role| point.victim.is(role));
    }
}

/// Waits until the nth event of a section is on standard output; `false` when the run ends before.
pub(super) fn wait_for_event(running: &mut Background, section: &Section, nth: usize) -> bool {
    loop {
        // Asked first: what it wrote before its end is then certainly there.
        let has_ended = running.has_ended();
        let out = running.out();
        let whole = out.rfind('\n').map_or("", |end| &out[..end]);
        // The header is no event.
        let events = whole.lines().skip(1).filter_map(|line| serde_json::from_str(line).ok());
        if is_reached(&events.collect::<Vec<Value>>(), section, nth) {
            return true;
        }
        if has_ended {
            return false;
        }
        pause();
    }
}

fn is_reached(events: &[Value], section: &Section, nth: usize) -> bool {
    // While a run goes on, what is about no stage and comes last may still be followed by another.
    let ended = events.last().is_some_and(|event| event["kind"] == "run_finished");
    let sections = events_by_section(events);
    let count = sections.iter().find(|(known, _)| known == section).map_or(0, |(_, count)| *count);
    count >= nth && (*section != Section::End || ended)
}

/// Ends every process of the sandbox and waits until they are gone.
pub(super) fn end_everything(cuts: &Cuts) {
    let sandbox = cuts.stage.sandbox.path();
    kill(sandbox, |_| true);
    while !processes(sandbox).is_empty() {
        pause();
        kill(sandbox, |_| true);
    }
}
