//! The review: what will be made, how long it takes, what it costs, where it departs from the
//! reference, what checks have found, where each answer comes from; and Start, the last row.

use super::{Planned, Wizard};
use crate::answers::Question;
use crate::blueprint::Deviation;
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::face::{Effect, Leaving};
use crate::frontend::tui::frame::Body;
use crate::frontend::tui::inquiry::{Found, Wanted};
use crate::frontend::tui::keymap::{Command, Meaning};
use crate::frontend::tui::screens::{kept_visible, shown_rows};
use crate::frontend::tui::theme::Role;
use crate::frontend::view::names::wrapped;
use crate::frontend::words::count;
use crate::run::event::Outcome;

/// Where the review stands.
#[derive(Debug, Default)]
pub(super) struct Review {
    /// The line in focus.
    at: usize,
    /// The first line that is shown.
    top: usize,
}

impl Review {
    /// Keeps the line in focus in sight, and above a reason what it is the reason for.
    fn keep_visible(&mut self, lines: &[Line], height: usize) {
        let is_text = |line: &Line| matches!(line, Line::Text(..));
        let before = lines[..self.at].iter().rev().take_while(|line| is_text(line)).count();
        let above = match lines.get(self.at) {
            Some(Line::Reason(_)) => self.at - before.min(3),
            _ => self.at,
        };
        let top = kept_visible(self.top, above, height, lines.len());
        self.top = kept_visible(top, self.at, height, lines.len());
    }
}

/// A line of the review.
#[derive(Debug, Clone)]
enum Line {
    /// A heading, and what it rests on.
    Head(String, String),
    /// A fact.
    Text(String, Role),
    /// An answer: Enter goes to its question.
    Answer(&'static Question, String),
    /// A check that has not passed: Enter says what mends it.
    Check(Found),
    /// Why the answers depart from the reference: letters are typed into it.
    Reason(Deviation),
    /// Begin.
    Start,
}

impl Line {
    /// What it is, for finding it again; none for what has no name of its own.
    fn name(&self) -> Option<String> {
        match self {
            Self::Answer(question, _) => Some(question.key.to_owned()),
            Self::Check(found) => Some(format!("check {}", found.check)),
            Self::Reason(deviation) => Some(format!("reason {}", deviation.id)),
            Self::Start => Some("start".to_owned()),
            Self::Head(title, _) => Some(format!("head {title}")),
            Self::Text(..) => None,
        }
    }

    fn is_stop(&self) -> bool {
        matches!(self, Self::Answer(..) | Self::Check(_) | Self::Reason(_) | Self::Start)
    }
}

impl Wizard {
    fn lines(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        self.errors(&mut lines);
        self.made(&mut lines);
        self.described(&mut lines);
        self.checked(&mut lines);
        self.sources(&mut lines);
        lines.push(Line::Head("Begin".into(), String::new()));
        lines.push(Line::Start);
        lines
    }

    fn errors(&self, lines: &mut Vec<Line>) {
        let wrong = self.wrong();
        if wrong.is_empty() {
            return;
        }
        lines.push(Line::Head("To mend first".into(), wrong.len().to_string()));
        for (question, state) in wrong {
            let why = match state {
                crate::form::State::Wrong { why, .. } => why,
                _ => format!("is needed: {}", question.allowed()),
            };
            lines.push(Line::Answer(question, format!("{}: {why}", question.label)));
        }
    }

    fn made(&self, lines: &mut Vec<Line>) {
        let head = "What will be made";
        let Planned::Known(Ok(plan)) = &self.plan else {
            lines.push(Line::Head(head.into(), String::new()));
            let words = self.plan_words();
            let words = words.unwrap_or_else(|| "is known once nothing is to mend".into());
            lines.extend(wrapped(&words, 74).into_iter().map(|l| Line::Text(l, Role::Text)));
            return;
        };
        let all: u64 = plan.parts.iter().map(|(_, number)| *number as u64).sum();
        lines.push(Line::Head(head.into(), count(all, "resource")));
        for (part, number) in &plan.parts {
            lines.push(Line::Text(format!("{part:<18} {number:>4}"), Role::Text));
        }
        lines.push(Line::Head("In which order".into(), count(plan.stages.len() as u64, "stage")));
        for (stage, does) in &plan.stages {
            let rows = wrapped(does, 56).into_iter().enumerate();
            lines.extend(rows.map(|(at, row)| {
                let stage = if at == 0 { stage.as_str() } else { "" };
                Line::Text(format!("{stage:<18} {row}"), Role::Text)
            }));
        }
    }

    fn described(&self, lines: &mut Vec<Line>) {
        let today = self.given.now.to_zoned(jiff::tz::TimeZone::UTC).date();
        let described = self.given.blueprint.describe(self.form.so_far(), today);
        let mut heads = ["What it costs", "How long it takes"].into_iter();
        for part in described.lines.split(String::is_empty) {
            lines.push(Line::Head(heads.next().unwrap_or("More").into(), String::new()));
            for line in part.iter().flat_map(|line| wrapped_hanging(line)) {
                lines.push(Line::Text(line, Role::Text));
            }
        }
        departures(described.deviations, lines);
    }

    fn checked(&self, lines: &mut Vec<Line>) {
        let Some(checks) = &self.checks else {
            lines.push(Line::Head("Checks".into(), "running".into()));
            return;
        };
        let number = |outcome| checks.iter().filter(|found| found.outcome == outcome).count();
        let counts = format!(
            "{} pass, {} warn, {} fail, {} unknown",
            number(Outcome::Pass),
            number(Outcome::Warn),
            number(Outcome::Fail),
            number(Outcome::Unknown)
        );
        lines.push(Line::Head("Checks not passed".into(), counts));
        for outcome in [Outcome::Fail, Outcome::Warn, Outcome::Unknown] {
            let found = checks.iter().filter(|found| found.outcome == outcome);
            lines.extend(found.cloned().map(Line::Check));
        }
    }

    fn sources(&self, lines: &mut Vec<Line>) {
        let file = match &self.kept {
            Some(Ok((kept, _))) => kept.file.clone(),
            _ => String::new(),
        };
        lines.push(Line::Head("Where the answers come from".into(), String::new()));
        if !file.is_empty() {
            lines.push(Line::Text(format!("All of them are in {file}"), Role::Text));
        }
        let reasons = self.given.blueprint.reasons();
        let answers = self.form.so_far().entries().filter(|(asked, ..)| asked.key != reasons.key);
        for (question, _, _) in answers {
            let field = self.form.field(question);
            let value = super::rows::plain(&field.content);
            let value = crate::frontend::view::names::shortened(&value, 30);
            let text = format!("{:<34} {value:<30} {}", question.key, field.source);
            lines.push(Line::Answer(question, text));
        }
    }

    /// What is in focus, whatever else comes and goes.
    pub(super) fn review_anchor(&self) -> Option<String> {
        if self.shown().is_some() {
            return None;
        }
        self.lines().get(self.review.at).and_then(Line::name)
    }

    /// Puts the focus on what had it before.
    pub(super) fn keep_review(&mut self, anchor: Option<&str>) {
        let Some(anchor) = anchor else { return };
        let lines = self.lines();
        let same = lines.iter().rposition(|line| line.name().as_deref() == Some(anchor));
        self.review.at = same.unwrap_or(self.review.at).min(lines.len().saturating_sub(1));
        let height = self.review_height();
        self.review.keep_visible(&lines, height);
    }

    /// Rows of the review: on a large terminal it goes on below.
    fn review_height(&self) -> usize {
        match Body::of(self.given.size) {
            Some(Body { rows, below: Some((_, last)), .. }) => usize::from(last - rows.0 + 1),
            Some(body) => body.height(),
            None => 19,
        }
    }

    pub(super) fn review_status(&self) -> String {
        if let Some(words) = self.plan_words() {
            return words;
        }
        self.waits_for().unwrap_or_else(|| "Start, the last row, begins it".to_owned())
    }

    pub(super) fn review_keys(&self) -> Vec<(Command, &'static str)> {
        let mut keys = match self.lines().get(self.review.at) {
            Some(Line::Answer(..)) => vec![(Command::Do, "change")],
            Some(Line::Check(_)) => vec![(Command::Do, "remedy"), (Command::LeaveOut, "leave out")],
            Some(Line::Start) => vec![(Command::Do, "start")],
            Some(Line::Reason(_)) if self.is_typing() => {
                return vec![
                    (Command::Do, "accept"),
                    (Command::Next, "next"),
                    (Command::Empty, "empty"),
                    (Command::Out, "commands"),
                    (Command::Interrupt, "quit"),
                ];
            }
            _ => Vec::new(),
        };
        keys.extend([
            (Command::Up, "move"),
            (Command::Last, "last"),
            (Command::AskAgain, "ask again"),
            (Command::Out, "back"),
            (Command::Help, "help"),
            (Command::Quit, "quit"),
        ]);
        keys
    }

    pub(super) fn review_key(&mut self, meaning: Meaning) -> Vec<Effect> {
        let command = match meaning {
            Meaning::Command(command) => command,
            Meaning::Letter(letter) => {
                self.insert(&letter.to_string());
                return Vec::new();
            }
            Meaning::Backspace => {
                self.backspace();
                return Vec::new();
            }
            Meaning::Nothing => return Vec::new(),
        };
        if self.is_typing() && self.reason_command(command) {
            return Vec::new();
        }
        let lines = self.lines();
        let (last, height) = (lines.len().saturating_sub(1), self.review_height());
        let at = self.review.at;
        let next = match command {
            Command::Up => at.saturating_sub(1),
            Command::Down | Command::Next => (at + 1).min(last),
            Command::PageUp if at == 0 => {
                self.go_to(self.page.saturating_sub(1));
                return Vec::new();
            }
            Command::PageUp => at.saturating_sub(height),
            Command::PageDown => (at + height).min(last),
            Command::First => 0,
            Command::Last => last,
            Command::NextMatch => next_stop(&lines, at),
            Command::GoTo(page) => {
                self.go_to(usize::from(page) - 1);
                return Vec::new();
            }
            Command::Out | Command::Previous => {
                self.go_to(self.page.saturating_sub(1));
                return Vec::new();
            }
            Command::Help => {
                self.over = Some(super::Over::Help(0));
                return Vec::new();
            }
            Command::Quit => return self.leave(Leaving::Quit),
            Command::AskAgain => {
                self.plan = Planned::Not;
                self.say("Asking again");
                return vec![Effect::Inquire(Box::new(Wanted::Again))];
            }
            Command::Do => return self.carry_out(lines.get(at)),
            Command::LeaveOut => {
                self.leave_out(lines.get(at));
                at
            }
            _ => at,
        };
        self.focus_line(&lines, next);
        Vec::new()
    }

    /// The departure whose reason is in focus.
    pub(super) fn reason_in_focus(&self) -> Option<Deviation> {
        // The lines of a review are many: they are not made for a page.
        let line =
            self.shown().is_none().then(|| self.lines().into_iter().nth(self.review.at))??;
        if let Line::Reason(deviation) = line { Some(deviation) } else { None }
    }

    /// Puts the focus on a line, and the cursor at the end of its text.
    fn focus_line(&mut self, lines: &[Line], at: usize) {
        let is_another = self.review.at != at;
        self.review.at = at;
        let height = self.review_height();
        self.review.keep_visible(lines, height);
        if is_another {
            self.is_commanding = false;
            self.cursor = self.end_of_text();
        }
    }

    fn carry_out(&mut self, line: Option<&Line>) -> Vec<Effect> {
        match line {
            Some(Line::Answer(question, _))
                if question.key == self.given.blueprint.reasons().key =>
            {
                self.drop_reasons();
            }
            Some(Line::Answer(question, _)) => self.go_to_question(question),
            Some(Line::Reason(deviation)) if deviation.wants_reason() => {
                self.say("One sentence says why; it stands in the plan and in the report");
            }
            Some(Line::Reason(_)) => {
                let lines = self.lines();
                self.focus_line(&lines, next_stop(&lines, self.review.at));
            }
            Some(Line::Check(found)) => {
                let mend = found.remedy.clone();
                self.say(mend.unwrap_or_else(|| "there is nothing to do about it".to_owned()));
            }
            Some(Line::Start) => match self.waits_for() {
                Some(why) => self.say(why),
                None if self.is_begun => {}
                None => {
                    self.is_begun = true;
                    let left_out = self.left_out.iter().map(|id| (*id).to_owned()).collect();
                    return self.leave(Leaving::Begin { left_out });
                }
            },
            _ => {}
        }
        Vec::new()
    }

    fn leave_out(&mut self, line: Option<&Line>) {
        let Some(Line::Check(found)) = line else {
            self.say("Only a check can be left out; its row has to be in focus");
            return;
        };
        if self.left_out.remove(found.check) {
            self.say(format!("{} counts again", found.check));
        } else {
            self.left_out.insert(found.check);
            self.say(format!("{} is left out; the journal and the report say so", found.check));
        }
    }

    pub(super) fn draw_review(&self, canvas: &mut Canvas<'_>, body: Body) {
        let lines = self.lines();
        let height = self.review_height();
        let top = kept_visible(self.review.top, self.review.at, height, lines.len());
        let shown = lines.iter().enumerate().skip(top).take(height);
        for (row, (at, line)) in (body.rows.0..).zip(shown) {
            let is_focus = at == self.review.at && self.over.is_none();
            if is_focus {
                canvas.focus(2, row);
            }
            self.draw_line(canvas, row, line, is_focus);
        }
        let rows = shown_rows(top, height, lines.len());
        if !rows.is_empty() {
            let rule = body.rows.0 + u16::try_from(height).unwrap_or(19);
            canvas.put_right(79, rule, 30, &format!(" {rows} "), Role::Heading);
        }
        if let Some((from, until)) = body.beside {
            canvas.put(from, 3, until - from, "The answer file", Role::Heading);
            let text = self.form.to_toml();
            let answers = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
            for (row, line) in (4..=body.below.map_or(body.rows.1, |below| below.1)).zip(answers) {
                canvas.put_short(from, row, until - from + 1, line, Role::Text);
            }
        }
    }

    fn draw_line(&self, canvas: &mut Canvas<'_>, row: u16, line: &Line, is_focus: bool) {
        let role = if is_focus { Role::Focus } else { Role::Text };
        match line {
            Line::Head(title, aside) => {
                canvas.rule((if is_focus { 4 } else { 2 }, 79), row, title, aside);
            }
            Line::Text(text, role) => canvas.put_short(4, row, 76, text, *role),
            Line::Answer(_, text) => canvas.put_short(4, row, 76, text, role),
            Line::Check(found) => {
                let (word, bad) = match found.outcome {
                    _ if self.left_out.contains(found.check) => ("left out", Role::Quiet),
                    Outcome::Fail => ("x fail", Role::Bad),
                    Outcome::Warn => ("! warn", Role::Attention),
                    _ => ("? unknown", Role::Quiet),
                };
                canvas.put(4, row, 9, word, bad);
                canvas.put_short(14, row, 22, found.check, role);
                canvas.put_short(37, row, 43, &found.found, Role::Text);
            }
            Line::Reason(deviation) => self.draw_reason(canvas, row, deviation, is_focus),
            Line::Start => {
                let what = if self.given.is_rehearsal { "the rehearsal" } else { "the install" };
                let text = match self.waits_for() {
                    None => format!("Start {what}"),
                    Some(why) => format!("Start {what} ({why})"),
                };
                canvas.put_short(4, row, 76, &text, role);
            }
        }
    }
}

/// Where the answers depart from the reference, each departure of theirs with its reason.
fn departures(deviations: Vec<Deviation>, lines: &mut Vec<Line>) {
    let answered = deviations.iter().filter(|deviation| deviation.key.is_some()).count();
    let aside = format!("{answered} by these answers");
    lines.push(Line::Head("Departures from the reference".into(), aside));
    for deviation in deviations {
        let text = format!("{}: {}", deviation.id, deviation.sentence);
        lines.extend(wrapped_hanging(&text).into_iter().map(|l| Line::Text(l, Role::Text)));
        if deviation.key.is_some() {
            lines.push(Line::Reason(deviation));
        }
    }
}

/// The next line that something can be done with.
fn next_stop(lines: &[Line], at: usize) -> usize {
    let after = lines.iter().enumerate().skip(at + 1);
    after.into_iter().find(|(_, line)| line.is_stop()).map_or(at, |(next, _)| next)
}

/// A line in as many rows as it needs, the further ones moved in.
fn wrapped_hanging(line: &str) -> Vec<String> {
    if line.chars().count() <= 76 {
        return vec![line.to_owned()];
    }
    // Columns stay columns; what comes after the last of them goes on below.
    let columns = line.char_indices().take_while(|(at, _)| *at < 76).map(|(at, _)| at);
    let last = columns.filter(|at| line[*at..].starts_with("  ")).last();
    let (kept, rest) = last.map_or(("", line), |at| line.split_at(at));
    let mut rows: Vec<String> = Vec::new();
    rows.extend(Some(kept.trim_end()).filter(|kept| !kept.is_empty()).map(str::to_owned));
    for row in wrapped(rest, 72) {
        rows.push(if rows.is_empty() { row } else { format!("    {row}") });
    }
    rows
}
