//! What lies over a screen: the stop menu, confirmations, credentials, help.
//!
//! One at a time, over the body only. A harmful choice is never the first row, never one key and
//! never a plain Enter.

use super::app::App;
use super::canvas::Canvas;
use super::face::{Effect, Leaving};
use super::frame::Body;
use super::keymap::{Command, KEYMAP, Meaning};
use super::screens::{Place, TextLine, draw_lines, fact_lines};
use super::theme::{Line, Role};
use crate::engine::requests::Request;
use crate::frontend::view::names::{self, wrapped};
use crate::frontend::view::rollout::in_flight;
use crate::frontend::view::stages;
use crate::frontend::view::{details::clock, elapsed_between};
use crate::frontend::words::elapsed;
use crate::run::event::Standing;
use crate::run::ledger::{self, Stopping};

/// Columns for the text of a popup.
const WIDTH: usize = 74;

/// What lies over a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Popup {
    /// The stop menu, with the row in focus.
    Stop(usize),
    /// Ending the running tool without its consent: the name of the deployment is typed.
    Force(String),
    /// Guarded objects that may be lost: the address of each is typed.
    Confirm {
        /// What was typed of the present one.
        typed: String,
        /// Those that were confirmed.
        confirmed: Vec<String>,
    },
    /// How the credentials stand.
    Credentials,
    /// The keys.
    Help {
        /// Narrows the keys.
        find: String,
        /// The first row that is shown.
        top: usize,
    },
}

/// A row of the stop menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Choice {
    GoOn,
    Detach,
    AfterStage,
    Now,
    Force,
}

impl Popup {
    /// The keys.
    pub fn help() -> Self {
        Self::Help { find: String::new(), top: 0 }
    }

    /// Whether letters are text in it.
    pub fn is_typing(&self) -> bool {
        matches!(self, Self::Force(_) | Self::Confirm { .. } | Self::Help { .. })
    }

    fn field(&mut self) -> Option<&mut String> {
        match self {
            Self::Force(typed) | Self::Confirm { typed, .. } => Some(typed),
            Self::Help { find, .. } => Some(find),
            Self::Stop(_) | Self::Credentials => None,
        }
    }

    /// Puts text into its field.
    pub fn insert(&mut self, text: &str) {
        if let Some(field) = self.field() {
            field.push_str(text);
        }
        if let Self::Help { top, .. } = self {
            *top = 0;
        }
    }
}

/// The rows of the stop menu: the harmless ones first.
fn choices(app: &App) -> Vec<Choice> {
    let mut choices = vec![Choice::GoOn, Choice::Detach];
    let asked = app.watched.ledger.stop;
    if asked.is_none() {
        choices.push(Choice::AfterStage);
    }
    if asked < Some(Stopping::Now) {
        choices.push(Choice::Now);
    } else {
        choices.push(Choice::Force);
    }
    choices
}

/// What a key does in a popup.
pub fn key(app: &mut App, meaning: Meaning) -> Vec<Effect> {
    let Some(mut popup) = app.popup.take() else { return Vec::new() };
    match meaning {
        Meaning::Letter(letter) => popup.insert(letter.encode_utf8(&mut [0; 4])),
        Meaning::Backspace => {
            popup.field().map(String::pop);
        }
        Meaning::Command(Command::Empty) => {
            if let Some(field) = popup.field() {
                field.clear();
            }
        }
        Meaning::Command(Command::Out) => return Vec::new(),
        Meaning::Command(Command::Repaint) => {
            app.popup = Some(popup);
            return vec![Effect::Repaint];
        }
        Meaning::Command(Command::Suspend) => {
            app.popup = Some(popup);
            return vec![Effect::Suspend];
        }
        Meaning::Command(Command::Interrupt) if !matches!(popup, Popup::Stop(_)) => {
            app.popup = Some(Popup::Stop(0)).filter(|_| app.is_at_work() && app.can_ask());
            return if app.popup.is_none() {
                vec![Effect::Leave(Leaving::Quit)]
            } else {
                Vec::new()
            };
        }
        Meaning::Command(command) => return command_in(app, popup, command),
        Meaning::Nothing => {}
    }
    app.popup = Some(popup);
    Vec::new()
}

fn command_in(app: &mut App, mut popup: Popup, command: Command) -> Vec<Effect> {
    let last = choices(app).len().saturating_sub(1);
    let keys = help_lines(app, "").len();
    match (&mut popup, command) {
        (Popup::Stop(at), Command::Up) => *at = at.saturating_sub(1),
        (Popup::Stop(at), Command::Down) => *at = (*at + 1).min(last),
        (Popup::Stop(at), Command::GoTo(row)) => *at = usize::from(row).saturating_sub(1).min(last),
        (Popup::Stop(at), Command::Do) => {
            let chosen = choices(app).get(*at).copied();
            return chosen.map_or_else(Vec::new, |choice| choose(app, choice));
        }
        (Popup::Stop(_), Command::Help) => popup = Popup::help(),
        (Popup::Force(typed), Command::Do) => {
            return force(app, &std::mem::take(typed));
        }
        (Popup::Confirm { typed, confirmed }, Command::Do) => {
            let (typed, confirmed) = (std::mem::take(typed), std::mem::take(confirmed));
            return confirm(app, typed, confirmed);
        }
        (Popup::Help { top, .. }, Command::Up) => *top = top.saturating_sub(1),
        (Popup::Help { top, .. }, Command::Down) => *top = (*top + 1).min(keys),
        (Popup::Credentials | Popup::Help { .. }, Command::Do) => return Vec::new(),
        (Popup::Credentials, Command::Stop) => {
            return app.everywhere(Command::Stop).unwrap_or_default();
        }
        _ => {}
    }
    app.popup = Some(popup);
    Vec::new()
}

fn choose(app: &mut App, choice: Choice) -> Vec<Effect> {
    match choice {
        Choice::GoOn => Vec::new(),
        Choice::Detach => vec![Effect::Leave(Leaving::Quit)],
        Choice::AfterStage => vec![Effect::Ask(Request::StopAfterStage)],
        Choice::Now => vec![Effect::Ask(Request::StopNow)],
        Choice::Force => {
            app.popup = Some(Popup::Force(String::new()));
            Vec::new()
        }
    }
}

fn force(app: &mut App, typed: &str) -> Vec<Effect> {
    if typed.trim().is_empty() {
        return Vec::new();
    }
    if typed.trim() == app.watched.deployment() {
        return vec![Effect::Ask(Request::Force)];
    }
    app.answer(format!("That is not `{}`; nothing was asked", app.watched.deployment()));
    app.popup = Some(Popup::Force(String::new()));
    Vec::new()
}

fn confirm(app: &mut App, typed: String, mut confirmed: Vec<String>) -> Vec<Effect> {
    if typed.trim().is_empty() {
        return Vec::new();
    }
    let refused = app.watched.ledger.refused.clone();
    if refused.get(confirmed.len()).map(String::as_str) != Some(typed.trim()) {
        app.answer("That is not its address; nothing was confirmed");
        app.popup = Some(Popup::Confirm { typed, confirmed });
        return Vec::new();
    }
    confirmed.push(typed.trim().to_owned());
    if confirmed.len() == refused.len() {
        return app.resume(confirmed);
    }
    app.popup = Some(Popup::Confirm { typed: String::new(), confirmed });
    Vec::new()
}

/// What the status line and the key line say while a popup is open.
pub fn chrome(app: &App, popup: &Popup) -> (String, Vec<(Command, &'static str)>) {
    use Command::{Do, Down, Empty, GoTo, Help, Out, Stop};
    let (status, keys) = match popup {
        Popup::Stop(_) => (
            "Nothing is stopped yet. The run goes on while this menu is open.".to_owned(),
            vec![(Do, "do it"), (GoTo(1), "go to"), (Down, "move"), (Out, "go on"), (Help, "help")],
        ),
        Popup::Force(_) => (
            "Nothing is forced yet. Enter on the empty field goes back.".to_owned(),
            vec![(Do, "force, or back when empty"), (Empty, "empty"), (Out, "back")],
        ),
        Popup::Confirm { .. } => (
            "Waiting for a confirmation that names the object. Nothing has been changed."
                .to_owned(),
            vec![(Do, "confirm, or back when empty"), (Empty, "empty"), (Out, "back")],
        ),
        Popup::Credentials => {
            let mut keys = vec![(Do, "close")];
            if app.is_at_work() && app.can_ask() {
                keys.push((Stop, "stop"));
            }
            (
                "A new login in another terminal is seen by what runs; nothing is to be pressed"
                    .into(),
                keys,
            )
        }
        Popup::Help { .. } => {
            let goes_on = app.is_at_work() && !app.is_replay();
            let status = if goes_on { "The run goes on while this is open" } else { "Every key" };
            (status.into(), vec![(Down, "move"), (Empty, "empty"), (Out, "close")])
        }
    };
    (status, keys)
}

/// Draws a popup over the body.
pub fn draw(app: &App, popup: &Popup, canvas: &mut Canvas<'_>, body: Body) {
    match popup {
        Popup::Stop(at) => draw_stop(app, *at, canvas),
        Popup::Force(typed) => {
            let name = app.watched.deployment();
            let lines = [
                "The running tool is ended without its consent: what it was making may exist \
                 without being in the state. Resuming looks for it and takes it in."
                    .to_owned(),
                "A second force kills the tool.".to_owned(),
                format!("It is `{name}` whose tool is ended."),
            ];
            draw_field(canvas, body, "End the running tool by force?", &lines, "its name", typed);
        }
        Popup::Confirm { typed, confirmed } => {
            let refused = &app.watched.ledger.refused;
            let object = refused.get(confirmed.len()).map_or("", String::as_str);
            let at = confirmed.len() + 1;
            let lines = [
                format!("Object {at} of {}: {object}", refused.len()),
                "The plan deletes or replaces it; what is in it is lost.".to_owned(),
                "Without a confirmation nothing is changed. `--yes` never answers this.".to_owned(),
            ];
            draw_field(canvas, body, "Delete or replace it?", &lines, "its address", typed);
        }
        Popup::Credentials => draw_credentials(app, canvas, body),
        Popup::Help { find, top } => draw_help(app, find, *top, canvas, body),
    }
}

/// An empty box over the body; returns its first row of text.
fn open_box(canvas: &mut Canvas<'_>, title: &str, rows: (u16, u16)) -> u16 {
    let columns = (2, 79);
    canvas.clear((1, 80), rows);
    canvas.rule(columns, rows.0, title, "");
    canvas.rule(columns, rows.1, "", "");
    for row in rows.0 + 1..rows.1 {
        canvas.line(columns.0, row, Line::Vertical);
        canvas.line(columns.1, row, Line::Vertical);
    }
    let corners =
        [(columns.0, rows.0), (columns.1, rows.0), (columns.0, rows.1), (columns.1, rows.1)];
    for (at, (column, row)) in corners.into_iter().enumerate() {
        canvas.line(column, row, Line::Corner(at));
    }
    rows.0 + 1
}

fn text(lines: &[String]) -> Vec<TextLine> {
    let wrapped = lines.iter().flat_map(|line| wrapped(line, WIDTH));
    wrapped.map(|line| TextLine::new("", line, Role::Text)).collect()
}

fn draw_text(canvas: &mut Canvas<'_>, row: u16, last: u16, lines: &[TextLine]) -> u16 {
    let place = Place { columns: (4, 78), rows: (row, last), label: 0 };
    draw_lines(canvas, place, lines);
    row + u16::try_from(lines.len()).unwrap_or(0)
}

/// ```text
///  +-- Stop, or leave it running? ----------------------------------------------+
///  | In flight  the EKS cluster, 9:40 of about 11:00                            |
///  | > 1  Go on                  close this menu                                |
///  |   4  Stop now               one interrupt to Terraform, then wait for it   |
///  +----------------------------------------------------------------------------+
/// ```
fn draw_stop(app: &App, at: usize, canvas: &mut Canvas<'_>) {
    let flying = flying(app);
    let choices = choices(app);
    let cost = text(&[cost(app, choices.get(at).copied())]);
    let needed = flying.len() + choices.len() + cost.len() + 3;
    let last = 4 + u16::try_from(needed).unwrap_or(16).min(17);
    let mut row = open_box(canvas, "Stop, or leave it running?", (4, last));
    row = draw_text(canvas, row, last - 1, &flying) + 1;
    for (place, choice) in choices.iter().enumerate() {
        let is_focus = place == at;
        let role = if is_focus { Role::Chosen } else { Role::Text };
        let (what, how) = words(app, *choice);
        let line = format!("{}  {what:<22} {how}", place + 1);
        canvas.put(6, row, 72, &format!("{line:<72}"), role);
        if is_focus {
            canvas.focus(4, row);
        }
        row += 1;
    }
    draw_text(canvas, row + 1, last - 1, &cost);
}

/// What is in flight, with its times.
fn flying(app: &App) -> Vec<TextLine> {
    const MOST: usize = 4;
    let (watched, now) = (&app.watched, app.now());
    let stage = stages::current(watched);
    let objects: Vec<&ledger::Object> = watched.ledger.stage(stage).flat_map(in_flight).collect();
    let mut lines: Vec<String> = objects
        .iter()
        .take(MOST)
        .map(|object| {
            let time = object.since.map_or(0, |since| elapsed_between(since, now));
            let usual = app.given.times.of_object(object);
            let usual = usual.map(|usual| format!(" of about {}", elapsed(usual.ms)));
            let name = names::in_a_sentence(&object.address);
            format!("In flight  {name}, {}{}", elapsed(time), usual.unwrap_or_default())
        })
        .collect();
    if objects.len() > MOST {
        lines.push(format!("           {} more", objects.len() - MOST));
    }
    if lines.is_empty() {
        let command = watched.ledger.stage(stage).find_map(|step| step.command.as_ref());
        lines.push(match command {
            Some((purpose, since)) => {
                format!("In flight  {purpose}, {}", elapsed(elapsed_between(*since, now)))
            }
            None => "Nothing is in flight now".into(),
        });
    }
    lines.into_iter().map(|line| TextLine::new("", line, Role::Text)).collect()
}

fn words(app: &App, choice: Choice) -> (&'static str, String) {
    match choice {
        Choice::GoOn => ("Go on", "close this menu".into()),
        Choice::Detach => {
            ("Detach", format!("it goes on; `springboard attach {}`", app.watched.deployment()))
        }
        Choice::AfterStage => (
            "Stop after this stage",
            format!("`{}` ends, then no more", stages::current(&app.watched)),
        ),
        Choice::Now => ("Stop now", "one interrupt to what runs, then wait for it".into()),
        Choice::Force => ("Force", "end the running tool without its consent".into()),
    }
}

/// What a choice costs.
fn cost(app: &App, choice: Option<Choice>) -> String {
    let stage = stages::current(&app.watched);
    let steps = || app.watched.ledger.stage(stage);
    let running = steps().map(|step| in_flight(step).len()).sum::<usize>();
    let queued = steps().flat_map(|step| &step.objects);
    let queued = queued.filter(|object| object.standing == ledger::Standing::Queued).count();
    match choice {
        Some(Choice::Now) if running > 0 => format!(
            "Stop now leaves {running} in flight half made: they are marked as unfinished, and \
             what AWS has begun it makes to the end and charges for. {queued} are not begun. \
             Resuming asks for the true state and keeps what is healthy. Nothing is ever killed \
             by a timer."
        ),
        Some(Choice::Now) => {
            "Stop now interrupts what runs, once, and waits for it. Nothing is ever killed by a \
             timer."
                .into()
        }
        Some(Choice::AfterStage) => {
            "Costs nothing: the stage ends, and the next one does not begin.".into()
        }
        Some(Choice::Force) => {
            "The tool was interrupted and is waited for. Force ends it: what it was making may \
             exist without being in the state. The next page asks for the name."
                .into()
        }
        Some(Choice::GoOn | Choice::Detach) | None => {
            "Nothing is ever killed by a timer, whatever you choose.".into()
        }
    }
}

fn draw_field(
    canvas: &mut Canvas<'_>,
    body: Body,
    title: &str,
    lines: &[String],
    what: &str,
    typed: &str,
) {
    let lines = text(lines);
    let last = (6 + u16::try_from(lines.len()).unwrap_or(9) + 3).min(body.rows.1);
    let row = open_box(canvas, title, (6, last));
    let row = draw_text(canvas, row, last - 3, &lines) + 1;
    let label = format!("To do it, type {what}");
    let from = 6 + u16::try_from(label.len()).unwrap_or(0) + 2;
    let room = usize::from(77 - from);
    let length = typed.chars().count();
    let tail: String = typed.chars().skip(length.saturating_sub(room - 1)).collect();
    canvas.put(6, row, 40, &label, Role::Heading);
    canvas.focus(4, row);
    canvas.put(from - 1, row, 80, &format!("[{tail:<room$}]"), Role::Text);
    let at = from + u16::try_from(tail.chars().count()).unwrap_or(0);
    canvas.cursor = Some(ratatui::layout::Position::new(at - 1, row - 1));
}

fn draw_credentials(app: &App, canvas: &mut Canvas<'_>, body: Body) {
    let state = &app.watched.state;
    let mut facts: Vec<(String, String)> = Vec::new();
    let mut add = |what: &str, fact: String| facts.push((what.to_owned(), fact));
    if let Some((_, _, finding)) = state.checks.iter().find(|(id, ..)| id == "credentials") {
        add("Who", finding.clone());
    }
    match state.credentials {
        None => add("Now", "nothing was said of them during this run".into()),
        Some((standing, expires)) => {
            let word = match standing {
                Standing::Ending => "they end soon",
                Standing::Ended => "they have ended",
                Standing::Renewed => "they were renewed",
                Standing::Other => "they have changed",
            };
            let at = expires.map(|at| format!(", end {}", clock(at))).unwrap_or_default();
            add("Now", format!("{word}{at}"));
        }
    }
    if let Some(said) = &app.watched.ledger.credentials {
        add("", said.clone());
    }
    add("Renew", "log in again in another terminal on this host".into());
    add("Then", "nothing to press: a new login is seen by itself".into());
    add("If not", "what asks AWS then waits or fails; resuming goes on after a new login".into());
    let lines = fact_lines(&facts, WIDTH - 9);
    let last = (7 + u16::try_from(lines.len()).unwrap_or(9) + 2).min(body.rows.1);
    let row = open_box(canvas, "Credentials", (6, last));
    draw_lines(canvas, Place { columns: (4, 78), rows: (row, last - 2), label: 9 }, &lines);
    let row = row + u16::try_from(lines.len()).unwrap_or(0) + 1;
    canvas.put(6, row.min(last - 1), 5, "Close", Role::Chosen);
    canvas.focus(4, row.min(last - 1));
}

/// The keys of this screen, then all others.
fn help_lines(app: &App, find: &str) -> Vec<TextLine> {
    let here: Vec<Command> = app.chrome().keys.iter().map(|(command, _)| *command).collect();
    let is_here = |command: &Command| here.contains(command);
    let is_found =
        |label: &str, help: &str| find.is_empty() || help.contains(find) || label.contains(find);
    let mut lines = Vec::new();
    for (title, wanted) in [("Here", true), ("Everywhere", false)] {
        lines.push(TextLine::new(title, "", Role::Heading));
        for binding in KEYMAP.iter().filter(|binding| !binding.label.is_empty()) {
            if is_here(&binding.command) == wanted && is_found(binding.label, binding.help) {
                lines.push(TextLine::new(binding.label, binding.help, Role::Text));
            }
        }
    }
    let remark = "In a field letters are text; Esc leaves it. Then they are keys again.";
    lines.push(TextLine::new("", remark, Role::Quiet));
    lines
}

fn draw_help(app: &App, find: &str, top: usize, canvas: &mut Canvas<'_>, body: Body) {
    let rows = (4, body.rows.1 - 1);
    let row = open_box(canvas, "Keys", rows);
    let lines = help_lines(app, find);
    let height = usize::from(rows.1 - row - 1);
    let top = top.min(lines.len().saturating_sub(height));
    canvas.focus(4, row);
    canvas.put(6, row, 40, &format!("Find [{find:<24}]"), Role::Text);
    let until = (top + height).min(lines.len());
    canvas.put_right(
        77,
        row,
        24,
        &format!("rows {}-{until} of {}", top + 1, lines.len()),
        Role::Quiet,
    );
    let column = 11 + u16::try_from(find.chars().count()).unwrap_or(0);
    canvas.cursor = Some(ratatui::layout::Position::new(column, row - 1));
    let place = Place { columns: (6, 77), rows: (row + 1, rows.1 - 1), label: 11 };
    draw_lines(canvas, place, &lines[top..]);
}
