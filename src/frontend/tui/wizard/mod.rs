//! The wizard: the pages of a form, and the review that begins what it was filled in for.
//!
//! Made from the catalogue of questions alone: a new question is a new row. What was typed is in the
//! [`Form`]; this face has what is in focus and what it was told ([`Heard`]). Nothing waits for what
//! is being asked but the review. Files: `rows` (a page as rows), `keys` (what keys do), `text`
//! (typing), `picker` (choosing from a list), `code` (what is typed and not shown), `review`, `reasons`
//! (why answers depart from the reference), `draw`.

mod code;
mod draw;
mod explain;
mod keys;
mod picker;
mod reasons;
mod review;
mod rows;
mod text;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use self::picker::Picker;
use self::review::Review;
use super::canvas::Canvas;
use super::face::{Effect, Face, Leaving, Message};
use super::frame::Body;
use super::inquiry::{CodeWanted, Draft, Found, Heard, Kept, Preview, Wanted};
use super::theme::Theme;
use crate::answers::{Kind, Offers, Page, Question, Value};
use crate::blueprint::{Blueprint, Consequences, Facts};
use crate::form::{Form, State};
use crate::preflight::offers::Offered;
use crate::run::Secret;
use crate::run::event::Outcome;

/// How long the answer to a key stands on the status line.
const ANSWER: SignedDuration = SignedDuration::from_secs(4);
/// What was asked of the account is stale after so long.
const STALE: SignedDuration = SignedDuration::from_mins(5);

/// What the wizard is made from.
#[derive(Debug)]
pub struct Given {
    /// How things look.
    pub theme: Theme,
    /// Columns and rows.
    pub size: (u16, u16),
    /// The present moment.
    pub now: Timestamp,
    /// What is installed.
    pub blueprint: &'static dyn Blueprint,
    /// Whether it is only rehearsed.
    pub is_rehearsal: bool,
}

/// What is in focus: a row of a question, or Continue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Focus {
    /// Key of the question; none for Continue.
    key: Option<&'static str>,
    /// Which of its rows.
    item: usize,
}

impl Focus {
    const CONTINUE: Self = Self { key: None, item: 0 };

    fn on(question: &Question) -> Self {
        Self { key: Some(question.key), item: 0 }
    }
}

/// What is known of what a question can be answered with.
#[derive(Debug, Clone)]
enum Live {
    /// Somebody is being asked, since then.
    Asking(Timestamp),
    /// What they said, and when.
    Known(Offered, Timestamp),
    /// Why nothing is known.
    Unknown(String),
}

/// What lies over the page.
#[derive(Debug)]
enum Over {
    /// A list to choose from.
    Picker(Picker),
    /// The keys, from this row on.
    Help(usize),
    /// A code that is typed and not shown.
    Code(Secret),
}

/// The wizard.
#[derive(Debug)]
pub struct Wizard {
    given: Given,
    form: Form,
    /// The page; beyond the last one is the review.
    page: usize,
    focus: Focus,
    top: usize,
    /// Letters before the cursor, in a field that is typed.
    cursor: usize,
    /// Whether letters are keys although a field is in focus.
    is_commanding: bool,
    over: Option<Over>,
    review: Review,
    live: BTreeMap<&'static str, Live>,
    facts: BTreeMap<&'static str, Result<Facts, String>>,
    follows: Consequences,
    checks: Option<Vec<Found>>,
    left_out: BTreeSet<&'static str>,
    plan: Planned,
    /// Pages that were left: what is missing on them is shown.
    left: BTreeSet<&'static str>,
    kept: Option<Result<(Kept, Timestamp), String>>,
    code: Option<CodeWanted>,
    answer: Option<(String, Timestamp)>,
    is_changed: bool,
    is_begun: bool,
}

/// What is known of what would be made.
#[derive(Debug, Clone)]
enum Planned {
    /// Nobody was asked.
    Not,
    /// Somebody is being asked, since then.
    Asking(Timestamp),
    /// What they said.
    Known(Result<Preview, String>),
}

impl Wizard {
    /// A wizard over `form`, on the question of the key `at` where there is one.
    pub fn new(given: Given, form: Form, at: Option<&str>) -> Self {
        let mut wizard = Self {
            given,
            form,
            page: 0,
            focus: Focus::CONTINUE,
            top: 0,
            cursor: 0,
            is_commanding: false,
            over: None,
            review: Review::default(),
            live: BTreeMap::new(),
            facts: BTreeMap::new(),
            follows: Consequences::new(),
            checks: None,
            left_out: BTreeSet::new(),
            plan: Planned::Not,
            left: BTreeSet::new(),
            kept: None,
            code: None,
            answer: None,
            is_changed: true,
            is_begun: false,
        };
        let catalogue = wizard.form.so_far().catalogue();
        match at.and_then(|key| catalogue.question(key)) {
            Some(question) => wizard.go_to_question(question),
            None => wizard.go_to(0),
        }
        wizard
    }

    /// The pages that ask something in this case.
    fn pages(&self) -> Vec<&'static Page> {
        self.form.pages().collect()
    }

    /// The page in sight; none on the review.
    fn shown(&self) -> Option<&'static Page> {
        self.pages().get(self.page).copied()
    }

    fn question(&self) -> Option<&'static Question> {
        self.form.so_far().catalogue().question(self.focus.key?)
    }

    fn height(&self) -> usize {
        Body::of(self.given.size).map_or(19, Body::height)
    }

    fn say(&mut self, text: impl Into<String>) {
        self.answer = Some((text.into(), self.given.now));
    }

    /// Turns to a page, and to its first row; beyond the last one is the review.
    fn go_to(&mut self, page: usize) {
        if let Some(left) = self.shown() {
            self.left.insert(left.id);
        }
        let pages = self.pages();
        self.page = page.min(pages.len());
        (self.top, self.is_commanding) = (0, false);
        self.settle_list();
        if self.shown().is_some() {
            let first = self.stops().first().copied();
            self.set_focus(first.unwrap_or(Focus::CONTINUE));
        } else {
            self.focus = Focus::CONTINUE;
            self.review = Review::default();
            self.left.extend(pages.iter().map(|page| page.id));
            self.plan = Planned::Not;
        }
    }

    fn go_to_question(&mut self, question: &'static Question) {
        let pages = self.pages();
        let holds = |page: &&Page| page.questions.iter().any(|q| q.key == question.key);
        let Some(page) = pages.iter().position(holds) else { return };
        self.go_to(page);
        let focus = self.stops().into_iter().find(|stop| stop.key == Some(question.key));
        self.set_focus(focus.unwrap_or(self.focus));
    }

    /// Everything that can have the focus on this page, from above.
    fn stops(&self) -> Vec<Focus> {
        let Some(page) = self.shown() else { return Vec::new() };
        let mut stops: Vec<Focus> = self.rows(page).iter().filter_map(|row| row.focus).collect();
        stops.dedup();
        stops.push(Focus::CONTINUE);
        stops
    }

    fn set_focus(&mut self, focus: Focus) {
        self.focus = focus;
        self.is_commanding = false;
        self.cursor = self.end_of_text();
    }

    /// What is missing or wrong, by question; what is missing only once its page was left.
    fn wrong(&self) -> Vec<(&'static Question, State)> {
        let mut found = Vec::new();
        let review = self.form.so_far().catalogue().review;
        for page in self.form.pages().chain(review) {
            let was_left = self.left.contains(page.id);
            for field in self.form.fields(page) {
                let counts = match field.state {
                    State::Right => false,
                    State::Missing => was_left,
                    State::Wrong { .. } => true,
                };
                if counts {
                    found.push((field.question, field.state));
                }
            }
        }
        found
    }

    /// The checks that have failed and were not left out.
    fn failing(&self) -> impl Iterator<Item = &Found> {
        let checks = self.checks.iter().flatten();
        checks
            .filter(|found| found.outcome == Outcome::Fail && !self.left_out.contains(found.check))
    }

    /// What Start waits for; nothing when it may begin.
    fn waits_for(&self) -> Option<String> {
        let wrong = self.wrong().len();
        if self.form.finished().is_none() {
            return Some(match wrong {
                0 | 1 => "Start waits for 1 answer".to_owned(),
                number => format!("Start waits for {number} answers"),
            });
        }
        match &self.kept {
            Some(Ok((kept, _))) if kept.is_taken => {
                return Some(
                    "Start waits for another name: there is a deployment of that one".to_owned(),
                );
            }
            Some(Err(why)) => return Some(format!("the answers cannot be saved: {why}")),
            _ => {}
        }
        match self.reasons_missing() {
            0 => {}
            1 => return Some("Start waits for the reason of a departure".to_owned()),
            number => return Some(format!("Start waits for the reasons of {number} departures")),
        }
        if self.checks.is_none() {
            return Some("Start waits for the checks".to_owned());
        }
        let failing = self.failing().count();
        if failing > 0 {
            let what = if failing == 1 { "1 check fails" } else { "checks fail" };
            return Some(format!("Start waits: {what}; `x` on its row leaves a check out"));
        }
        match &self.plan {
            // Without a plan nothing is known to be wrong; the run itself makes one in any case.
            Planned::Known(_) => None,
            Planned::Not | Planned::Asking(_) => Some("Start waits for the plan".to_owned()),
        }
    }

    fn hear(&mut self, heard: Heard) {
        let now = self.given.now;
        match heard {
            Heard::Asking { key } => {
                self.live.entry(key).or_insert(Live::Asking(now));
            }
            Heard::Offered { key, offered, at } => {
                let live = match offered {
                    Ok(offered) => Live::Known(offered, at),
                    Err(why) => Live::Unknown(why),
                };
                self.live.insert(key, live);
                self.take_offers();
            }
            Heard::Facts { key, facts } => {
                self.facts.insert(key, facts);
            }
            Heard::Follows(follows) => self.follows = follows,
            Heard::Checked(found) => self.checks = Some(found),
            Heard::CodeWanted(wanted) => self.code = Some(wanted),
            Heard::Planned(plan) => self.plan = Planned::Known(plan),
        }
    }

    /// Hands to the form what the account says for defaults.
    fn take_offers(&mut self) {
        let values: BTreeMap<String, Value> = self
            .live
            .iter()
            .filter_map(|(key, live)| match live {
                Live::Known(offered, _) => Some(((*key).to_owned(), offered.value.clone()?)),
                _ => None,
            })
            .collect();
        let before = self.form.so_far().digest();
        // Only a file of a later form is refused, and such a one was never opened.
        let _never = self.form.hear(values);
        self.is_changed |= self.form.so_far().digest() != before;
    }

    /// The choices of a question: its own words, or what was offered.
    fn offered(&self, question: &Question) -> Option<&Offered> {
        match self.live.get(question.key) {
            Some(Live::Known(offered, _)) => Some(offered),
            _ => None,
        }
    }

    fn draft(&self) -> Draft {
        let name = self.given.blueprint.deployment_name(self.form.so_far());
        // While the first page is open the name is still being typed.
        let is_settled = self.page > 0;
        let mut text = self.form.to_toml();
        if let Some(key) = self.focus.key {
            text = crate::form::left_at(text, key);
        }
        Draft { name: Some(name).filter(|name| !name.is_empty()), is_settled, text }
    }

    fn leave(&mut self, leaving: Leaving) -> Vec<Effect> {
        self.settle_list();
        vec![Effect::Keep(self.draft()), Effect::Leave(leaving)]
    }
}

impl Face for Wizard {
    fn update(&mut self, message: Message) -> Vec<Effect> {
        match message {
            Message::Key(event) => return self.key(&event),
            Message::Paste(text) => self.paste(&text),
            Message::Resize(width, height) => self.given.size = (width, height),
            Message::Tick(now) => {
                self.given.now = now;
                self.answer.take_if(|(_, since)| now.duration_since(*since) > ANSWER);
            }
            Message::Heard(heard) => {
                let anchor = self.review_anchor();
                self.hear(*heard);
                self.keep_review(anchor.as_deref());
            }
            Message::Kept(kept) => {
                let anchor = self.review_anchor();
                self.kept = Some(kept.map(|kept| (kept, self.given.now)));
                self.keep_review(anchor.as_deref());
            }
            Message::Terminated => return self.leave(Leaving::Terminated),
            Message::Update(_) | Message::Log(_) | Message::Answered(_) => {}
        }
        Vec::new()
    }

    fn settle(&mut self) -> Vec<Effect> {
        let mut effects = Vec::new();
        let must_plan = self.shown().is_none()
            && matches!(self.plan, Planned::Not)
            && self.form.finished().is_some();
        if std::mem::take(&mut self.is_changed) || must_plan {
            let missing = self.form.problems().iter().filter(|problem| problem.is_missing());
            let wanted = Wanted::Answers {
                answers: self.form.so_far().clone(),
                missing: missing.filter_map(|problem| problem.key.clone()).collect(),
            };
            effects.push(Effect::Keep(self.draft()));
            effects.push(Effect::Inquire(Box::new(wanted)));
        }
        if must_plan {
            self.plan = Planned::Asking(self.given.now);
            effects.push(Effect::Inquire(Box::new(Wanted::Plan)));
        }
        effects
    }

    fn draw(&self, canvas: &mut Canvas<'_>) {
        self.draw_all(canvas);
    }
}

/// The words of a question that has words to choose from, as a list has them.
fn words(question: &Question) -> Option<Offered> {
    let Kind::Choice(choices) = &question.kind else { return None };
    let row = |choice: &crate::answers::Choice| crate::preflight::offers::Offer {
        value: choice.value.to_owned(),
        columns: vec![choice.value.to_owned(), choice.meaning.to_owned()],
        refused: None,
    };
    Some(Offered {
        heads: vec!["value", ""],
        rows: choices.iter().map(row).collect(),
        ..Offered::default()
    })
}

/// Whether somebody can be asked for the choices of a question.
fn is_live(question: &Question) -> bool {
    question.offers != Offers::Nothing
}
