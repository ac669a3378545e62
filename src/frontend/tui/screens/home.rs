//! The home screen: the deployments of this host, or, where there is none, what to begin with.
//!
//! ```text
//!    Deployment         State          Stage               Last event
//!  > acme-prod          * running      foundation    3/10  4 s ago
//!    trial              + done         converge     10/10  5 days ago  REHEARSAL
//! ```

use jiff::Timestamp;

use super::{Place, TextLine, draw_lines, kept_visible};
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::{Choice, Effect, Face, Leaving, Message};
use crate::frontend::tui::frame::{self, Body, Chrome};
use crate::frontend::tui::keymap::{self, Command, KEYMAP, Letters, Meaning};
use crate::frontend::tui::theme::Role;
use crate::frontend::view::mark::Mark;

/// A deployment as the home screen shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// `NAME`, or `rehearsal/NAME`.
    pub label: String,
    /// Where it stands.
    pub mark: Mark,
    /// The stage that runs or was the last, with its number: "foundation 3/10".
    pub stage: String,
    /// When something was last heard of it.
    pub last: Option<Timestamp>,
    /// Facts about it: what, and how it is.
    pub facts: Vec<(String, String)>,
}

/// A scenario that can be rehearsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scenario {
    /// Its name.
    pub name: String,
    /// What it teaches.
    pub lesson: String,
}

/// What to begin with where there is nothing yet, and what that is.
const FIRST: [(&str, [&str; 2]); 4] = [
    (
        "Rehearse",
        [
            "The whole install in a simulated account. Needs no AWS,",
            "costs nothing, takes 2 to 3 minutes. A good first step.",
        ],
    ),
    (
        "Rehearse a bad day",
        ["Choose what goes wrong: missing GPUs, ended", "credentials, a stale lock, and more."],
    ),
    (
        "Rehearse my answers",
        [
            "The pages of an install, filled in with samples, and",
            "the rehearsal of what you answer.",
        ],
    ),
    (
        "Install",
        [
            "Answer nine pages, review the plan, then start it.",
            "Until you start it, nothing is made in AWS.",
        ],
    ),
];

/// The home screen.
#[derive(Debug, Clone)]
pub struct Home {
    size: (u16, u16),
    now: Timestamp,
    deployments: Vec<Known>,
    scenarios: Vec<Scenario>,
    found: Vec<String>,
    at: usize,
    top: usize,
    page: Page,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Page {
    Deployments,
    Scenarios,
    Help,
}

impl Home {
    /// The home screen with what there is on this host; `found` is what was found of its tools.
    pub fn new(
        size: (u16, u16),
        now: Timestamp,
        deployments: Vec<Known>,
        scenarios: Vec<Scenario>,
        found: Vec<String>,
    ) -> Self {
        let page = Page::Deployments;
        Self { size, now, deployments, scenarios, found, at: 0, top: 0, page }
    }

    fn rows(&self) -> usize {
        match self.page {
            Page::Deployments if self.deployments.is_empty() => FIRST.len(),
            Page::Deployments => self.deployments.len(),
            Page::Scenarios => self.scenarios.len(),
            Page::Help => KEYMAP.len(),
        }
    }

    /// How many rows of the list are shown.
    fn height(&self) -> usize {
        let height = Body::of(self.size).map_or(19, Body::height);
        match self.page {
            Page::Deployments => height.saturating_sub(11).max(3),
            Page::Scenarios | Page::Help => height.saturating_sub(2),
        }
    }

    /// What Enter does with the deployment in focus.
    fn word(&self) -> &'static str {
        if self.page == Page::Scenarios {
            return "rehearse it";
        }
        match self.deployments.get(self.at).map(|known| known.mark) {
            None => "do it",
            Some(Mark::Running | Mark::Waiting) => "attach",
            Some(Mark::Draft) if self.is_rehearsal() => "rehearse",
            Some(Mark::Draft) => "fill in",
            Some(_) => "open",
        }
    }

    fn key(&mut self, meaning: Meaning) -> Vec<Effect> {
        let Meaning::Command(command) = meaning else { return Vec::new() };
        let last = self.rows().saturating_sub(1);
        let height = self.height();
        self.at = match command {
            Command::Up => self.at.saturating_sub(1),
            Command::Down => (self.at + 1).min(last),
            Command::PageUp => self.at.saturating_sub(height),
            Command::PageDown => (self.at + height).min(last),
            Command::First => 0,
            Command::Last => last,
            Command::GoTo(row) => usize::from(row).saturating_sub(1).min(last),
            _ => return self.command(command),
        };
        self.top = kept_visible(self.top, self.at, height, self.rows());
        Vec::new()
    }

    fn command(&mut self, command: Command) -> Vec<Effect> {
        let leave = |choice| vec![Effect::Leave(Leaving::Open(choice))];
        match command {
            Command::Do if self.page == Page::Scenarios => {
                let name = self.scenarios.get(self.at).map(|scenario| scenario.name.clone());
                return leave(Choice::Rehearse(name));
            }
            Command::Do if self.page == Page::Help => self.open(Page::Deployments),
            Command::Do => return self.enter().map_or_else(Vec::new, leave),
            Command::Rehearse => self.open(Page::Scenarios),
            Command::Install => return leave(Choice::Install(None)),
            Command::Resume => {
                let label = self.resumable().map(|known| known.label.clone());
                return label.map_or_else(Vec::new, |label| leave(Choice::Resume(label)));
            }
            Command::Help => self.open(Page::Help),
            Command::Out if self.page != Page::Deployments => self.open(Page::Deployments),
            Command::AskAgain => return vec![Effect::Leave(Leaving::Back)],
            Command::Repaint => return vec![Effect::Repaint],
            Command::Suspend => return vec![Effect::Suspend],
            Command::Quit | Command::Interrupt => return vec![Effect::Leave(Leaving::Quit)],
            _ => {}
        }
        Vec::new()
    }

    /// The deployment in focus, where its run can be gone on with.
    fn resumable(&self) -> Option<&Known> {
        let known = self.deployments.get(self.at).filter(|_| self.page == Page::Deployments)?;
        let is_open = !matches!(known.mark, Mark::Done | Mark::Running | Mark::Draft);
        is_open.then_some(known)
    }

    fn open(&mut self, page: Page) {
        (self.page, self.at, self.top) = (page, 0, 0);
    }

    fn enter(&mut self) -> Option<Choice> {
        let Some(known) = self.deployments.get(self.at) else {
            return match self.at {
                0 => Some(Choice::Rehearse(None)),
                1 => {
                    self.open(Page::Scenarios);
                    None
                }
                2 => Some(Choice::RehearseAnswers(None)),
                _ => Some(Choice::Install(None)),
            };
        };
        let label = known.label.clone();
        Some(match known.mark {
            Mark::Running | Mark::Waiting => Choice::Attach(label),
            // Nothing of it was ever begun.
            Mark::Draft if self.is_rehearsal() => Choice::Rehearse(None),
            Mark::Draft => Choice::Install(Some(label)),
            _ => Choice::Look(label),
        })
    }

    /// Whether the deployment in focus is a rehearsal.
    fn is_rehearsal(&self) -> bool {
        let known = self.deployments.get(self.at);
        known.is_some_and(|known| known.label.starts_with("rehearsal/"))
    }

    fn chrome(&self) -> Chrome {
        let running = self.deployments.iter().filter(|known| known.mark == Mark::Running).count();
        let number = self.deployments.len();
        let (title, status) = match (self.page, number) {
            (Page::Scenarios, _) => (
                "What to rehearse".to_owned(),
                "Every rehearsal is a whole install; it needs no account and costs nothing"
                    .to_owned(),
            ),
            (Page::Help, _) => ("Keys".to_owned(), "Every key, on every screen".to_owned()),
            (Page::Deployments, 0) => {
                ("No deployment on this host yet".into(), "Nothing is running".into())
            }
            (Page::Deployments, number) => {
                let title = format!("{number} on this host, {running} running");
                let status = match running {
                    0 => "Nothing is running".to_owned(),
                    _ => "A run goes on without this screen; leaving does not stop it".to_owned(),
                };
                (title, status)
            }
        };
        let mut keys = vec![(Command::Do, self.word())];
        if self.page == Page::Deployments {
            if self.resumable().is_some() {
                keys.push((Command::Resume, "resume"));
            }
            keys.push((Command::Install, "install"));
            keys.push((Command::Rehearse, "rehearse"));
            keys.push((Command::AskAgain, "look again"));
        } else {
            keys = vec![(Command::Do, self.word()), (Command::Out, "back")];
        }
        if self.page == Page::Help {
            keys.remove(0);
        }
        keys.push((Command::Help, "help"));
        keys.push((Command::Quit, "quit"));
        Chrome {
            place: "Deployments".into(),
            title,
            aside: super::shown_rows(self.top, self.height(), self.rows()),
            status,
            keys,
            ..Chrome::default()
        }
    }

    fn draw_deployments(&self, canvas: &mut Canvas<'_>, body: Body) {
        let head = body.rows.0;
        for (column, text) in [(4, "Deployment"), (29, "State"), (44, "Stage"), (62, "Last event")]
        {
            canvas.put(column, head, 17, text, Role::Heading);
        }
        let shown = self.deployments.iter().enumerate().skip(self.top).take(self.height());
        let mut row = head + 1;
        for (at, known) in shown {
            let is_focus = at == self.at;
            if is_focus {
                canvas.focus(2, row);
            }
            let role = if is_focus { Role::Focus } else { Role::Text };
            canvas.put_short(4, row, 24, &known.label, role);
            canvas.mark(29, row, known.mark);
            canvas.word(31, row, 12, known.mark);
            canvas.put_short(44, row, 17, &known.stage, Role::Text);
            let age = known.last.map_or("never".into(), |last| age(last, self.now));
            canvas.put(62, row, 17, &age, Role::Text);
            row += 1;
        }
        let Some(known) = self.deployments.get(self.at) else { return };
        canvas.rule((2, 79), row + 1, &known.label, "");
        let lines = super::fact_lines(&known.facts, 64);
        let place = Place { columns: (4, 79), rows: (row + 2, body.rows.1), label: 11 };
        draw_lines(canvas, place, &lines);
        let below = row + 3 + u16::try_from(lines.len()).unwrap_or(0);
        if below <= body.rows.1 {
            let words = format!("Enter: {}", explained(self.word()));
            canvas.put(4, below, 76, &words, Role::Quiet);
        }
    }

    fn draw_first(&self, canvas: &mut Canvas<'_>, body: Body) {
        let row = body.rows.0 + 1;
        let intro = "springboard takes an empty AWS account to a running deployment: network, \
                     cluster, database, buckets, registry, keys and roles, then what runs on it.";
        let intro = crate::frontend::view::names::wrapped(intro, 74);
        let lines: Vec<_> =
            intro.into_iter().map(|line| TextLine::new("", line, Role::Text)).collect();
        draw_lines(canvas, Place { columns: (4, 79), rows: (row, row + 3), label: 0 }, &lines);
        for (at, (what, how)) in FIRST.iter().enumerate() {
            let row = row + 3 + 2 * u16::try_from(at).unwrap_or(0);
            let is_focus = at == self.at;
            if is_focus {
                canvas.focus(2, row);
            }
            canvas.put(4, row, 20, what, if is_focus { Role::Focus } else { Role::Text });
            for (row, line) in (row..).zip(how) {
                canvas.put(25, row, 55, line, Role::Text);
            }
        }
        let row = row + 12;
        canvas.rule((2, 79), row, "Found on this host", "");
        for (row, found) in (row + 1..=body.rows.1).zip(&self.found) {
            canvas.put(4, row, 76, found, Role::Text);
        }
    }

    fn draw_scenarios(&self, canvas: &mut Canvas<'_>, body: Body) {
        let shown = self.scenarios.iter().enumerate().skip(self.top).take(self.height());
        for (row, (at, scenario)) in (body.rows.0 + 1..=body.rows.1).zip(shown) {
            let is_focus = at == self.at;
            if is_focus {
                canvas.focus(2, row);
            }
            let role = if is_focus { Role::Focus } else { Role::Text };
            canvas.put_short(4, row, 24, &scenario.name, role);
            let (width, _) = canvas.size();
            canvas.put(29, row, width.min(160) - 29, &scenario.lesson, Role::Quiet);
        }
    }

    fn draw_help(&self, canvas: &mut Canvas<'_>, body: Body) {
        let bindings = KEYMAP.iter().filter(|binding| !binding.label.is_empty());
        let lines: Vec<_> = bindings
            .skip(self.at)
            .map(|binding| TextLine::new(binding.label, binding.help, Role::Text))
            .collect();
        draw_lines(canvas, Place { columns: (4, 79), rows: body.rows, label: 12 }, &lines);
    }
}

impl Face for Home {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Key(event) => {
                let meaning = keymap::meaning(&event, Letters::AreKeys);
                let is_seen = Body::of(self.size).is_some();
                match meaning {
                    Meaning::Command(Command::Quit | Command::Interrupt) => self.key(meaning),
                    _ if is_seen => self.key(meaning),
                    _ => Vec::new(),
                }
            }
            Message::Resize(width, height) => {
                self.size = (width, height);
                self.top = kept_visible(self.top, self.at, self.height(), self.rows());
                Vec::new()
            }
            Message::Tick(now) => {
                self.now = now;
                Vec::new()
            }
            Message::Terminated => vec![Effect::Leave(Leaving::Terminated)],
            _ => Vec::new(),
        }
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        let Some(body) = frame::draw(canvas, &self.chrome()) else { return };
        match self.page {
            Page::Deployments if self.deployments.is_empty() => self.draw_first(canvas, body),
            Page::Deployments => self.draw_deployments(canvas, body),
            Page::Scenarios => self.draw_scenarios(canvas, body),
            Page::Help => self.draw_help(canvas, body),
        }
    }
}

fn explained(word: &str) -> &'static str {
    match word {
        "attach" => "attaches to the run; watching it and leaving it do not disturb it",
        "rehearse" => "begins a rehearsal; nothing of this one was ever begun",
        "fill in" => "goes on with the answers; nothing of it was ever begun",
        _ => "shows how it ended and what can be done; nothing is started",
    }
}

/// "4 s ago", "2 days ago".
fn age(then: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs().max(0);
    match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..172_800 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_said_in_the_largest_unit_that_fits() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let cases =
            [(4, "4 s ago"), (61, "1 min ago"), (7_200, "2 h ago"), (172_800, "2 days ago")];
        for (seconds, words) in cases {
            assert_eq!(age(at(0), at(seconds)), words);
        }
    }
}
