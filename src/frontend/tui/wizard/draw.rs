//! How the wizard is drawn.

use ratatui::layout::Position;

use super::rows::{Row, Shown};
use super::{Focus, Live, Over, Planned, Wizard};
use crate::answers::Page;
use crate::blueprint::Deviation;
use crate::frontend::tui::canvas::Canvas;
use crate::frontend::tui::frame::{self, Body, Chrome};
use crate::frontend::tui::keymap::{Command, KEYMAP};
use crate::frontend::tui::screens::{Place, TextLine, draw_lines, kept_visible, shown_rows};
use crate::frontend::tui::theme::Role;
use crate::frontend::view::mark::Mark;
use crate::run::event::Outcome;

/// Columns of a value, its brackets included.
const VALUE: (u16, u16) = (27, 65);
/// Columns of a reason, its brackets included.
const REASON: (u16, u16) = (16, 69);
/// The first column of the source.
const SOURCE: u16 = 67;
/// Rows below the fields: a rule, five of explanation, Continue.
const BELOW: u16 = 7;

impl Wizard {
    pub(super) fn draw_all(&self, canvas: &mut Canvas<'_>) {
        let Some(body) = frame::draw(canvas, &self.chrome()) else { return };
        match self.shown() {
            Some(page) => self.draw_page(canvas, body, page),
            None => self.draw_review(canvas, body),
        }
        match &self.over {
            Some(Over::Picker(picker)) => self.draw_picker(canvas, picker, body.rows.1),
            Some(Over::Help(top)) => draw_help(canvas, body, *top),
            Some(Over::Code(typed)) => self.draw_code(canvas, typed.expose()),
            None => {}
        }
    }

    fn chrome(&self) -> Chrome {
        let name = self.given.blueprint.deployment_name(self.form.so_far());
        let name = if name.is_empty() { "new".to_owned() } else { name };
        let what = if self.given.is_rehearsal { "Rehearsal" } else { "Install" };
        let number = self.pages().len() + 1;
        let title = self.shown().map_or("Review", |page| page.title);
        let mut chrome = Chrome {
            place: format!("{name} / {what}"),
            tags: if self.given.is_rehearsal { vec!["REHEARSAL"] } else { Vec::new() },
            title: format!("{}/{number} {title}", self.page + 1),
            aside: self.aside(),
            status: self.status(),
            keys: match &self.over {
                Some(Over::Picker(_)) => vec![
                    (Command::Up, "move"),
                    (Command::Do, "choose"),
                    (Command::Empty, "empty"),
                    (Command::Out, "back"),
                    (Command::Interrupt, "quit"),
                ],
                Some(Over::Help(_)) => vec![(Command::Down, "more"), (Command::Out, "back")],
                Some(Over::Code(_)) => vec![
                    (Command::Do, "send"),
                    (Command::Empty, "empty"),
                    (Command::Out, "back"),
                    (Command::Interrupt, "quit"),
                ],
                None if self.shown().is_none() => self.review_keys(),
                None => self.page_keys(),
            },
            ..Chrome::default()
        };
        if matches!(self.over, Some(Over::Picker(_))) {
            "typing narrows the list; the order stays".clone_into(&mut chrome.rule);
        }
        chrome
    }

    /// How many errors there are, and since when the draft is saved.
    fn aside(&self) -> String {
        let missing = if self.shown().is_none() { self.reasons_missing() } else { 0 };
        let errors = match self.wrong().len() {
            0 if missing == 1 => "1 reason is missing".to_owned(),
            0 if missing > 1 => format!("{missing} reasons are missing"),
            0 => "no errors".to_owned(),
            1 => "1 to mend".to_owned(),
            number => format!("{number} to mend"),
        };
        let saved = match &self.kept {
            None => "draft not saved yet".to_owned(),
            Some(Ok((_, at))) => format!("draft saved {}", at.strftime("%H:%M:%S")),
            Some(Err(_)) => "DRAFT NOT SAVED".to_owned(),
        };
        format!("{errors}, {saved}")
    }

    fn status(&self) -> String {
        if let Some((text, _)) = &self.answer {
            return text.clone();
        }
        if let Some(Err(why)) = &self.kept {
            return format!("The draft cannot be saved: {why}");
        }
        if let Some(text) = self.code_status() {
            return text;
        }
        let Some(page) = self.shown() else { return self.review_status() };
        if let Some(Ok((kept, _))) = &self.kept
            && kept.is_taken
            && self.page == 0
        {
            return "There is a deployment of that name on this host; choose another".to_owned();
        }
        if let Some(text) = self.finding_of(page) {
            return text;
        }
        let asked = page
            .questions
            .iter()
            .any(|question| matches!(self.live.get(question.key), Some(Live::Asking(_))));
        if asked {
            return "The account is being asked; you can go on meanwhile".to_owned();
        }
        let live = self.question().and_then(|question| self.live.get(question.key));
        match live {
            Some(Live::Known(offered, _)) if !offered.note.is_empty() => offered.note.clone(),
            Some(Live::Unknown(why)) => format!("Nobody could be asked, type freely: {why}"),
            _ if self.is_commanding => {
                "Letters are keys now; Esc goes back to the field".to_owned()
            }
            _ => String::new(),
        }
    }

    /// The worst that checks have found of what a page asks.
    fn finding_of(&self, page: &Page) -> Option<String> {
        let found = self.checks.iter().flatten().filter(|found| found.subject == page.id);
        let bad = [Outcome::Fail, Outcome::Warn];
        let mut bad = found.filter(|found| bad.contains(&found.outcome)).collect::<Vec<_>>();
        bad.sort_by_key(|found| found.outcome != Outcome::Fail);
        let worst = bad.first()?;
        let mark = if worst.outcome == Outcome::Fail { Mark::Fail } else { Mark::Warn };
        Some(format!("{} {}: {}", mark.word(), worst.check, worst.found))
    }

    fn draw_page(&self, canvas: &mut Canvas<'_>, body: Body, page: &'static Page) {
        let last = body.rows.1;
        let room = usize::from(last - BELOW - 3);
        let rows = self.rows(page);
        let focus = rows.iter().position(|row| row.focus == Some(self.focus));
        let top = focus.map_or(rows.len().saturating_sub(room), |at| {
            // Further words and the facts of a question are seen with it, where there is room.
            let more = rows[at + 1..].iter().take_while(|row| row.focus.is_none()).count();
            let top = kept_visible(self.top, (at + more).min(rows.len() - 1), room, rows.len());
            kept_visible(top, at, room, rows.len())
        });
        for (row, shown) in (4..).zip(rows.iter().skip(top).take(room)) {
            self.draw_row(canvas, row, shown);
        }
        if rows.len() > room {
            let text = shown_rows(top, room, rows.len());
            canvas.put_right(79, 3, 30, &text, Role::Quiet);
        }
        self.draw_below(canvas, last);
        self.draw_beside(canvas, body);
    }

    fn draw_below(&self, canvas: &mut Canvas<'_>, last: u16) {
        let at = last - BELOW + 1;
        match self.question() {
            Some(question) => {
                canvas.rule((2, 79), at, question.label, "");
                let lines = self.explained(question, usize::from(BELOW - 2));
                let place = Place { columns: (4, 79), rows: (at + 1, last - 1), label: 9 };
                draw_lines(canvas, place, &lines);
            }
            None => canvas.rule((2, 79), at, "", ""),
        }
        let pages = self.pages();
        let next = pages.get(self.page + 1).map_or("Review", |page| page.title);
        let is_focus = self.focus == Focus::CONTINUE;
        if is_focus {
            canvas.focus(2, last);
        }
        let role = if is_focus { Role::Focus } else { Role::Text };
        canvas.put(4, last, 40, &format!("Continue to {next}"), role);
        let wrong = self.wrong().len();
        if wrong > 0 {
            let text = if wrong == 1 { "1 stays" } else { &format!("{wrong} stay") };
            canvas.put_right(79, last, 34, &format!("{text}; Start waits for it"), Role::Quiet);
        }
    }

    fn draw_row(&self, canvas: &mut Canvas<'_>, at: u16, row: &Row) {
        let is_focus = row.focus.is_some() && row.focus == self.focus_shown();
        // Of the words of one question, the first row has the mark.
        let is_marked = is_focus && !(row.label.is_empty() && matches!(row.shown, Shown::Word(..)));
        if is_marked {
            canvas.focus(2, at);
        }
        let role = if is_focus { Role::Focus } else { Role::Text };
        canvas.put_short(4, at, 22, &row.label, role);
        let width = VALUE.1 - VALUE.0 + 1;
        match &row.shown {
            Shown::Typed(text) => self.draw_typed(canvas, (VALUE, at), text, is_focus),
            Shown::Chosen(text) => {
                let inside = usize::from(width - 2);
                let text = crate::frontend::view::names::shortened(text, inside);
                canvas.put(VALUE.0, at, width, &format!("<{text:<inside$}>"), role);
            }
            Shown::Word(is_one, text) => {
                let text = format!("({}) {text}", if *is_one { "o" } else { " " });
                let role = if *is_one { role } else { Role::Text };
                let room = if row.source.is_empty() { 79 - VALUE.0 + 1 } else { width };
                canvas.put(VALUE.0, at, room, &cut(&text, usize::from(room)), role);
            }
            Shown::Mark(is_one, text) => {
                let text = format!("[{}] {text}", if *is_one { "x" } else { " " });
                canvas.put(VALUE.0, at, width, &cut(&text, usize::from(width)), role);
            }
            Shown::Fact(text) => {
                let room = if row.source.is_empty() { 79 - VALUE.0 + 1 } else { width };
                canvas.put_short(VALUE.0, at, room, text, Role::Text);
            }
        }
        let source = if row.is_wrong { Role::Bad } else { Role::Quiet };
        canvas.put_short(SOURCE, at, 13, &row.source, source);
    }

    /// What bears the mark: nothing on the page while a list lies over it.
    fn focus_shown(&self) -> Option<Focus> {
        self.over.is_none().then_some(self.focus)
    }

    /// The row in which the reason of a departure is typed.
    pub(super) fn draw_reason(
        &self,
        canvas: &mut Canvas<'_>,
        at: u16,
        deviation: &Deviation,
        is_focus: bool,
    ) {
        let role = if is_focus { Role::Focus } else { Role::Text };
        canvas.put(4, at, 12, "  Reason", role);
        let text = deviation.reason.as_deref().unwrap_or_default();
        self.draw_typed(canvas, (REASON, at), text, is_focus);
        if deviation.wants_reason() && !self.given.is_rehearsal {
            canvas.put(REASON.1 + 2, at, 9, "x missing", Role::Bad);
        }
    }

    fn draw_typed(
        &self,
        canvas: &mut Canvas<'_>,
        ((first, last), at): ((u16, u16), u16),
        text: &str,
        is_focus: bool,
    ) {
        let inside = usize::from(last - first - 1);
        let cursor = if is_focus { self.cursor } else { 0 };
        // A long text is seen where the cursor is.
        let from = if is_focus { (cursor + 1).saturating_sub(inside) } else { 0 };
        let seen: String = text.chars().skip(from).take(inside).collect();
        let role = if is_focus { Role::Focus } else { Role::Text };
        let boxed = format!("[{seen:<inside$}]");
        canvas.put(first, at, last - first + 1, &boxed, role);
        if is_focus && !self.is_commanding {
            let column = first + u16::try_from(cursor - from).unwrap_or(0);
            canvas.cursor = Some(Position::new(column, at - 1));
        }
    }

    /// What is one key away on a small screen: the pages, and what checks have found.
    fn draw_beside(&self, canvas: &mut Canvas<'_>, body: Body) {
        let Some((from, until)) = body.beside else { return };
        let wrong = self.wrong();
        canvas.put(from, 3, until - from, "Pages", Role::Heading);
        for (at, page) in self.pages().iter().enumerate() {
            let row = 4 + u16::try_from(at).unwrap_or(0);
            let errors = wrong.iter().filter(|(question, _)| {
                page.questions.iter().any(|asked| asked.key == question.key)
            });
            let state = match (errors.count(), self.left.contains(page.id)) {
                (0, true) => "done".to_owned(),
                (0, false) => String::new(),
                (number, _) => format!("{number} to mend"),
            };
            let role = if at == self.page { Role::Focus } else { Role::Text };
            canvas.put(from, row, 27, &format!("{:>2} {}", at + 1, page.title), role);
            canvas.put_right(until, row, 10, &state, Role::Quiet);
        }
        let row = 5 + u16::try_from(self.pages().len()).unwrap_or(0);
        canvas.put(from, row - 1, 27, &format!("{:>2} Review", self.pages().len() + 1), Role::Text);
        let Some(below) = body.below else { return };
        canvas.rule((2, until), below.0, "Checks not passed", "");
        let lines = self.check_lines(usize::from(until) - 6);
        let place = Place { columns: (4, until), rows: (below.0 + 1, below.1), label: 0 };
        draw_lines(canvas, place, &lines);
    }

    /// What checks have found that is not as it should be, the worst first.
    pub(super) fn check_lines(&self, width: usize) -> Vec<TextLine> {
        let Some(checks) = &self.checks else {
            return vec![TextLine::new("", "they run when the account is known", Role::Quiet)];
        };
        let order = [(Outcome::Fail, Mark::Fail), (Outcome::Warn, Mark::Warn)];
        let mut lines = Vec::new();
        for (outcome, mark) in order {
            for found in checks.iter().filter(|found| found.outcome == outcome) {
                let text = format!("{:<6} {}: {}", mark.word(), found.check, found.found);
                let role = if outcome == Outcome::Fail { Role::Bad } else { Role::Attention };
                lines.push(TextLine::new(
                    "",
                    crate::frontend::view::names::shortened(&text, width),
                    role,
                ));
            }
        }
        if lines.is_empty() {
            lines.push(TextLine::new("", "none", Role::Quiet));
        }
        lines
    }

    /// What is known of the plan, in a sentence.
    pub(super) fn plan_words(&self) -> Option<String> {
        match &self.plan {
            Planned::Not | Planned::Known(Ok(_)) => None,
            Planned::Asking(since) => {
                let seconds = self.given.now.duration_since(*since).as_secs().max(0);
                Some(format!("Terraform is asked what it would make, {seconds} s"))
            }
            Planned::Known(Err(why)) => Some(format!("there is no plan: {why}")),
        }
    }
}

/// A sentence that is cut at its end: its beginning says which it is.
fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(2)).collect();
    format!("{}..", kept.trim_end())
}

fn draw_help(canvas: &mut Canvas<'_>, body: Body, top: usize) {
    canvas.clear((2, 79), body.rows);
    let bindings = KEYMAP.iter().filter(|binding| !binding.label.is_empty()).skip(top);
    let lines: Vec<_> = bindings.map(|b| TextLine::new(b.label, b.help, Role::Text)).collect();
    draw_lines(canvas, Place { columns: (4, 79), rows: body.rows, label: 12 }, &lines);
}
