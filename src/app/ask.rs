//! Filling in the form in plain lines: the questions, what the account offers for them, and the review
//! before anything is begun.

use std::io::{self, Write as _};
use std::path::Path;

use async_trait::async_trait;
use springboard::answers::{Answers, Offers, Question, Typed};
use springboard::blueprint::{self, Blueprint, Facts, with_reason};
use springboard::form::{Form, State};
use springboard::frontend::ask::{Asked, Dialogue, Helper, ask};
use springboard::frontend::printer::Printer;
use springboard::frontend::tui::inquiry::{Draft, Keeper as _};
use springboard::frontend::words::count;
use springboard::host::Host;
use springboard::preflight::offers::{self, Asking, Offered};

use super::codes::Codes;
use super::inquirer::{Door, Whom, plan_command, plan_log, planned, words};
use super::sessions::Sessions;
use super::wizard::{Drafts, FilledIn, Purpose, kept_words, opened, plan_words};
use super::{Ending, screen};

/// Fills in the form in plain lines and reviews it; nothing when it was left.
pub(super) async fn in_lines(
    purpose: &Purpose,
    host: &Host,
    printer: &mut Printer,
) -> Result<Option<FilledIn>, Ending> {
    let blueprint = blueprint::ALL[0];
    let (mut form, _) = opened(purpose, None, host)?;
    let drafts = Drafts::new(purpose, host);
    let place = drafts.place.subscribe();
    let root = purpose.root.clone();
    let whom = Whom {
        host: host.clone(),
        root,
        blueprint,
        door: Door::Account(Sessions::of_lines(Codes::here(host))),
    };
    let mut helper = Aide { drafts, whom, asked: None, failed: None };
    let mut lines = Lines { printer };
    let asked = ask(&mut form, blueprint.catalogue(), &mut lines, &mut helper).await;
    helper.keep(&form);
    let asked = asked.map_err(|error| Ending::plain(1, springboard::error::render(&error)))?;
    if let Some(why) = helper.failed {
        return Err(Ending::plain(3, format!("error: the draft cannot be saved\n  cause: {why}")));
    }
    let answers = place.borrow().clone();
    let is_explained = asked == Asked::Finished && explain(&mut form, blueprint, &mut lines)?;
    helper.keep(&form);
    let is_wanted = is_explained && {
        let finished = form.so_far().clone();
        review(purpose, &answers, &finished, host, &mut lines).await?
    };
    if is_wanted {
        return Ok(Some(FilledIn { answers, left_out: Vec::new() }));
    }
    printer.note(&kept_words(&answers, host));
    Ok(None)
}

/// Keeps the draft of a form in lines, and asks the account for it.
struct Aide {
    drafts: Drafts,
    whom: Whom,
    /// Whom was asked last, and for what: facts stay known as long as that is the same.
    asked: Option<(String, Asking)>,
    failed: Option<String>,
}

#[async_trait]
impl Helper for Aide {
    fn keep(&mut self, form: &Form) {
        let name = self.whom.blueprint.deployment_name(form.so_far());
        let name = Some(name).filter(|name| !name.is_empty());
        let draft = Draft { is_settled: name.is_some(), name, text: form.to_toml() };
        self.failed = self.drafts.keep(&draft).err();
    }

    fn follows(&self, form: &Form, question: &Question) -> Facts {
        let mut all = self.whom.blueprint.consequences(form.so_far(), self.whom.host.today());
        all.remove(question.key).unwrap_or_default()
    }

    async fn offered(&mut self, form: &Form, question: &Question) -> Result<Offered, String> {
        let asking = self.whom.asking(form.so_far());
        let depends = offers::depends(Offers::GpuZone, &asking);
        let known = self.asked.take().filter(|(before, _)| *before == depends);
        let account = known.map(|(_, before)| before.account);
        let asking = Asking { account: account.unwrap_or(asking.account.clone()), ..asking };
        let (_, asking) = self.asked.insert((depends, asking));
        offers::ask(question.offers, asking).await.map_err(words)
    }
}

/// Asks why the answers depart from the reference; `false` when the input ends before all is said.
fn explain(
    form: &mut Form,
    blueprint: &'static dyn Blueprint,
    lines: &mut Lines<'_>,
) -> Result<bool, Ending> {
    loop {
        let departures = blueprint.deviations(form.so_far());
        let Some(departure) = departures.iter().find(|departure| departure.wants_reason()) else {
            return Ok(true);
        };
        lines.show(&format!("\n{departure}"));
        let Some(said) = lines.read("Reason > ").map_err(|error| terminal(&error))? else {
            return Ok(false);
        };
        if said.trim().is_empty() {
            lines
                .show("missing: a sentence that says why; it stands in the plan and in the report");
            continue;
        }
        let typed = with_reason(blueprint, form.so_far(), departure.id, said.trim());
        form.enter(blueprint.reasons(), Typed::Text(typed))
            .map_err(|error| Ending::usage(&error))?;
        if let State::Wrong { why, .. } = form.field(blueprint.reasons()).state {
            lines.show(&format!("error: {why}"));
            let without = with_reason(blueprint, form.so_far(), departure.id, "");
            form.enter(blueprint.reasons(), Typed::Text(without))
                .map_err(|error| Ending::usage(&error))?;
        }
    }
}

fn terminal(error: &io::Error) -> Ending {
    Ending::plain(1, format!("error: could not read from the terminal\n  cause: {error}"))
}

/// What will be made, what it costs and how long it takes; whether that is wanted.
async fn review(
    purpose: &Purpose,
    file: &Path,
    answers: &Answers,
    host: &Host,
    lines: &mut Lines<'_>,
) -> Result<bool, Ending> {
    lines.show("\nReview");
    lines.show("Terraform is asked what it would make; that may take some minutes");
    let command = plan_command(&plan_words(purpose), file, host);
    match planned(&command, &plan_log(&purpose.root)).await {
        Ok(preview) => {
            for (part, number) in preview.parts {
                lines.show(&format!("make {part}: {}", count(number as u64, "resource")));
            }
            for (stage, does) in preview.stages {
                lines.show(&format!("stage {stage}: {does}"));
            }
        }
        Err(why) => lines.show(&format!("there is no plan: {why}")),
    }
    let described = blueprint::ALL[0].describe(answers, host.today());
    for line in
        described.lines.into_iter().chain(described.deviations.iter().map(ToString::to_string))
    {
        lines.show(&line);
    }
    for (question, _, source) in answers.entries() {
        lines.show(&format!("answer {}: from {source}", question.key));
    }
    lines.show(&format!("All answers are in {}", screen::as_written(file, host)));
    loop {
        let said =
            lines.read("Begin the install? yes or no [no] > ").map_err(|error| terminal(&error))?;
        match said.as_deref().map(str::trim) {
            Some("yes") => return Ok(true),
            None | Some("" | "n" | "no") => return Ok(false),
            Some(_) => lines.show("`yes` begins it, `no` keeps the draft"),
        }
    }
}

/// Somebody at the terminal, in lines.
struct Lines<'a> {
    printer: &'a mut Printer,
}

impl Dialogue for Lines<'_> {
    fn show(&mut self, line: &str) {
        self.printer.line(line);
    }

    fn read(&mut self, prompt: &str) -> io::Result<Option<String>> {
        let mut out = io::stderr();
        out.write_all(prompt.as_bytes())?;
        out.flush()?;
        let mut line = String::new();
        match io::stdin().read_line(&mut line)? {
            0 => Ok(None),
            _ => Ok(Some(line)),
        }
    }
}
