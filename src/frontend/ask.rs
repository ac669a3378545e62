//! The wizard in plain lines: asks the questions of a form one after another.
//!
//! For screen readers, for terminals that cannot do more, and for whoever likes lines. Asks the
//! same questions in the same order as the screens, from the same form. An empty line takes what
//! stands there, `?` explains, `<` goes back. Reads and prints through [`Dialogue`] only.

use std::io;

use std::collections::BTreeMap;

use async_trait::async_trait;

use crate::answers::{
    Catalogue, InvalidAnswers, Kind, Offers, Page, Question, Typed, Value, explain,
};
use crate::blueprint::Facts;
use crate::form::{Content, Field, Form, State};
use crate::preflight::offers::Offered;

/// Somebody at a terminal who reads lines and types lines.
pub trait Dialogue {
    /// Shows a line.
    fn show(&mut self, line: &str);
    /// Shows a prompt and waits for a line; `None` at the end of the input.
    ///
    /// # Errors
    /// When the terminal is gone.
    fn read(&mut self, prompt: &str) -> io::Result<Option<String>>;
}

/// Who keeps what was said, and knows what can be chosen from.
#[async_trait]
pub trait Helper: Send {
    /// A page is left, or everything: keeps the form.
    fn keep(&mut self, form: &Form);
    /// What can be chosen from for a question, or why that is not known.
    async fn offered(&mut self, form: &Form, question: &Question) -> Result<Offered, String>;
    /// What follows from what was answered so far, for a question.
    fn follows(&self, form: &Form, question: &Question) -> Facts;
}

/// How the asking ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// Everything is answered, and nothing is wrong.
    Finished,
    /// The input ended before that; what was typed is in the form.
    Left,
}

/// Why the asking broke off.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The terminal is gone.
    #[error("could not read from the terminal")]
    Terminal(#[from] io::Error),
    /// The answers cannot be read.
    #[error(transparent)]
    Answers(#[from] InvalidAnswers),
}

impl crate::error::Hint for AskError {}

/// Asks everything that is asked in this case.
///
/// # Errors
/// When the terminal is gone.
pub async fn ask(
    form: &mut Form,
    catalogue: &'static Catalogue,
    dialogue: &mut (dyn Dialogue + Send),
    helper: &mut dyn Helper,
) -> Result<Asked, AskError> {
    let mut heard = BTreeMap::new();
    dialogue.show("An empty line takes what stands in brackets, `?` explains, `<` goes back.");
    let mut asked: Vec<&'static Question> = Vec::new();
    let mut again: Vec<&'static Question> = Vec::new();
    loop {
        let next = again.pop().or_else(|| next_question(form, catalogue, &asked));
        let Some(question) = next else {
            match mistaken(form, catalogue) {
                Some(questions) => again = questions,
                None => return Ok(Asked::Finished),
            }
            continue;
        };
        let page = catalogue.page_of(question.key);
        let is_new_page = asked.last().is_none_or(|last| !same_page(catalogue, last, page));
        if let (true, Some(page)) = (is_new_page, page) {
            helper.keep(form);
            dialogue.show(&heading(form, page));
        }
        let offered = offered(form, question, &mut heard, helper).await?;
        match put(form, catalogue, question, &offered, dialogue)? {
            Step::Answered => {
                for (what, how) in helper.follows(form, question) {
                    dialogue.show(&format!("  {what}: {how}"));
                }
                asked.retain(|known| known.key != question.key);
                asked.push(question);
            }
            Step::Back => {
                again.push(question);
                again.extend(asked.pop());
            }
            Step::Left => {
                helper.keep(form);
                return Ok(Asked::Left);
            }
        }
    }
}

/// The first question that is asked in this case and was not put yet.
fn next_question(
    form: &Form,
    catalogue: &'static Catalogue,
    asked: &[&Question],
) -> Option<&'static Question> {
    let is_new = |question: &&'static Question| asked.iter().all(|known| known.key != question.key);
    // What belongs to the review is asked there.
    let questions = catalogue.pages.iter().flat_map(|page| page.questions.iter().copied());
    questions.filter(is_new).find(|q| form.so_far().applies(q) && form.field(q).is_open)
}

/// The questions whose answers are not right together, the first of them last.
fn mistaken(form: &Form, catalogue: &'static Catalogue) -> Option<Vec<&'static Question>> {
    let problem = form.problems().iter().find(|problem| problem.key.is_some())?;
    let keys = problem.with.iter().rev().chain(&problem.key);
    let questions = keys.filter_map(|key| catalogue.question(key));
    let open: Vec<_> = questions.filter(|question| form.field(question).is_open).collect();
    (!open.is_empty()).then_some(open)
}

fn same_page(catalogue: &'static Catalogue, question: &Question, page: Option<&Page>) -> bool {
    catalogue.page_of(question.key).map(|page| page.id) == page.map(|page| page.id)
}

fn heading(form: &Form, page: &Page) -> String {
    let pages: Vec<&str> = form.pages().map(|page| page.id).collect();
    let at = pages.iter().position(|id| *id == page.id).map_or(1, |at| at + 1);
    format!("\n{} (page {at} of {})", page.title, pages.len())
}

/// What can be chosen from; what it has for a default is the default from now on.
async fn offered(
    form: &mut Form,
    question: &Question,
    heard: &mut BTreeMap<String, Value>,
    helper: &mut dyn Helper,
) -> Result<Offered, AskError> {
    if question.offers == Offers::Nothing {
        return Ok(Offered::default());
    }
    match helper.offered(form, question).await {
        Ok(offered) => {
            match &offered.value {
                Some(value) => heard.insert(question.key.to_owned(), value.clone()),
                None => heard.remove(question.key),
            };
            form.hear(heard.clone())?;
            Ok(offered)
        }
        Err(why) => {
            let note = format!("nobody could be asked, type freely: {why}");
            Ok(Offered { note, ..Offered::default() })
        }
    }
}

enum Step {
    Answered,
    Back,
    Left,
}

/// Puts one question until its answer is right in itself.
fn put(
    form: &mut Form,
    catalogue: &'static Catalogue,
    question: &'static Question,
    offered: &Offered,
    dialogue: &mut (dyn Dialogue + Send),
) -> Result<Step, AskError> {
    dialogue.show(&format!("\n{} ({}): {}", question.label, question.key, question.why));
    for line in choices(question).into_iter().chain(rows(offered)) {
        dialogue.show(&line);
    }
    let field = form.field(question);
    if let State::Wrong { why, .. } = &field.state {
        dialogue.show(&format!("error: {}: {why}", question.key));
    }
    loop {
        let standing = standing(&form.field(question));
        let Some(line) = dialogue.read(&format!("[{standing}] > "))? else {
            return Ok(Step::Left);
        };
        match line.trim() {
            "?" => match explain(catalogue, question.key, Some(form.so_far())) {
                Ok(explained) => dialogue.show(explained.to_string().trim_end()),
                Err(_unknown) => unreachable!("the question is one of the catalogue"),
            },
            "<" => return Ok(Step::Back),
            typed => {
                if !typed.is_empty() {
                    form.enter(question, meant(question, offered, typed))?;
                }
                match form.field(question).state {
                    State::Right => return Ok(Step::Answered),
                    // What is wrong between several is settled when all of them are answered.
                    State::Wrong { with, .. } if !with.is_empty() => return Ok(Step::Answered),
                    State::Wrong { why, .. } => dialogue.show(&format!("error: {why}")),
                    State::Missing => {
                        dialogue.show(&format!("missing: {}", question.allowed()));
                    }
                }
            }
        }
    }
}

/// The words to choose from, with numbers.
fn choices(question: &Question) -> Vec<String> {
    let (Kind::Choice(choices) | Kind::Choices(choices)) = &question.kind else {
        return Vec::new();
    };
    let numbered = choices.iter().enumerate();
    numbered.map(|(at, c)| format!("  {} {}: {}", at + 1, c.value, c.meaning)).collect()
}

/// What was offered, with numbers; what cannot be chosen has its reason instead.
fn rows(offered: &Offered) -> Vec<String> {
    let mut lines = Vec::new();
    for (at, row) in offered.rows.iter().enumerate() {
        lines.push(match &row.refused {
            None => format!("  {} {}", at + 1, row.columns.join("  ").trim_end()),
            Some(why) => format!("  - {}: not possible: {why}", row.value),
        });
    }
    lines.extend(Some(format!("  {}", offered.note)).filter(|_| !offered.note.is_empty()));
    lines
}

/// What an empty line takes.
fn standing(field: &Field) -> String {
    match &field.content {
        Content::Text(text) => text.clone(),
        Content::Items(items) => items.join(", "),
        Content::Flag(true) => "yes".to_owned(),
        Content::Flag(false) => "no".to_owned(),
    }
}

/// What was typed, as a form takes it: numbers stand for choices, commas part several values, and a
/// sole `-` empties.
fn meant(question: &Question, offered: &Offered, typed: &str) -> Typed {
    let numbered = |word: &str| {
        let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        let meant = number.and_then(|at| match &question.kind {
            Kind::Choice(choices) | Kind::Choices(choices) => {
                choices.get(at).map(|choice| choice.value)
            }
            // A number is a number.
            Kind::Number { .. } => None,
            _ => offered.rows.get(at).filter(|row| row.refused.is_none()).map(|row| &*row.value),
        });
        meant.unwrap_or(word).to_owned()
    };
    match &question.kind {
        Kind::List { .. } | Kind::Choices(_) => {
            let items = typed.split([',', ' ']).map(str::trim).filter(|item| !item.is_empty());
            Typed::Items(items.filter(|item| *item != "-").map(numbered).collect())
        }
        Kind::Flag => Typed::Text(match typed.to_ascii_lowercase().as_str() {
            "y" | "yes" => "true".to_owned(),
            "n" | "no" => "false".to_owned(),
            other => other.to_owned(),
        }),
        Kind::Text(_) | Kind::Choice(_) if typed == "-" => Typed::Text(String::new()),
        _ => Typed::Text(numbered(typed)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::path::PathBuf;

    use super::*;
    use crate::blueprint;
    use crate::host::Host;
    use crate::preflight::offers::Offer;

    /// Answers what is asked by its key, else with an empty line; keeps all that was shown.
    struct Script {
        lines: BTreeMap<&'static str, VecDeque<&'static str>>,
        key: String,
        shown: String,
        left: usize,
    }

    impl Script {
        fn new(lines: &[(&'static str, &[&'static str])]) -> Self {
            let lines = lines.iter().map(|(k, l)| (*k, l.iter().copied().collect())).collect();
            Self { lines, key: String::new(), shown: String::new(), left: 500 }
        }
    }

    impl Dialogue for Script {
        fn show(&mut self, line: &str) {
            if let Some((_, rest)) = line.split_once(" (")
                && let Some((key, _)) = rest.split_once("): ")
            {
                key.clone_into(&mut self.key);
            }
            self.shown.push_str(line);
            self.shown.push('\n');
        }

        fn read(&mut self, prompt: &str) -> io::Result<Option<String>> {
            self.shown.push_str(prompt);
            self.left = self.left.checked_sub(1).expect("the questions come to an end");
            let line = self.lines.get_mut(self.key.as_str()).and_then(VecDeque::pop_front);
            Ok(match line {
                Some("(end)") => None,
                line => Some(line.unwrap_or_default().to_owned()),
            })
        }
    }

    /// Counts what is kept; an account with two regions, of which one can be chosen.
    #[derive(Default)]
    struct Account(usize);

    #[async_trait]
    impl Helper for Account {
        fn keep(&mut self, _form: &Form) {
            self.0 += 1;
        }

        async fn offered(&mut self, _: &Form, question: &Question) -> Result<Offered, String> {
            if question.offers != Offers::Regions {
                return Err("there are no credentials".into());
            }
            let row = |value: &str, refused: Option<&str>| Offer {
                value: value.into(),
                columns: vec![value.into()],
                refused: refused.map(str::to_owned),
            };
            let rows = vec![row("us-east-2", None), row("af-south-1", Some("not enabled"))];
            Ok(Offered { rows, value: Some("us-east-2".into()), ..Offered::default() })
        }

        fn follows(&self, _: &Form, question: &Question) -> Facts {
            let is_name = question.key == "deployment_name";
            is_name.then(|| ("role".to_owned(), "acme-cluster".to_owned())).into_iter().collect()
        }
    }

    async fn asked(script: &mut Script) -> (Form, Asked, usize) {
        let catalogue = blueprint::ALL[0].catalogue();
        let host = Host::fixed(BTreeMap::new(), PathBuf::from("/"), PathBuf::from("sb"));
        let mut form = Form::new(catalogue, &host).unwrap();
        let mut account = Account::default();
        let ended = ask(&mut form, catalogue, script, &mut account).await.unwrap();
        (form, ended, account.0)
    }

    const REST: &[(&str, &[&str])] = &[
        ("profile", &["2"]),
        ("deployment_name", &["", "acme"]),
        ("region", &["us-west-2"]),
        ("public_hostname", &["ai.acme.example"]),
        (
            "acm_certificate_arn",
            &[
                "arn:aws:acm:us-west-2:123456789012:certificate/1234abcd-12ab-34cd-56ef-1234567890ab",
            ],
        ),
        ("cluster_endpoint_public_access_cidrs", &["8.8.4.4/32, 8.8.8.8/32"]),
        ("containers_dir", &["/"]),
        ("charts_dir", &["/"]),
        ("admin_principal_arns", &["arn:aws:iam::123456789012:role/Admin"]),
    ];

    #[tokio::test]
    async fn a_platform_is_answered_with_what_must_be_said_and_the_defaults() {
        let mut script = Script::new(REST);
        let (form, ended, kept) = asked(&mut script).await;
        assert_eq!(ended, Asked::Finished, "{}", script.shown);
        let answers = form.finished().expect("nothing is wrong");
        let catalogue = answers.catalogue();
        let question = |key: &str| catalogue.question(key).unwrap();
        assert_eq!(answers.text(question("profile")), Some("platform-only"));
        assert_eq!(
            answers.list(question("cluster_endpoint_public_access_cidrs")),
            ["8.8.4.4/32", "8.8.8.8/32"]
        );
        // What follows from an answer is said after it.
        assert!(script.shown.contains("  role: acme-cluster\n"), "{}", script.shown);
        // An empty line where something must be said asks again.
        assert!(script.shown.contains("missing: "), "{}", script.shown);
        assert!(kept >= form.pages().count());
    }

    #[tokio::test]
    async fn two_answers_that_do_not_go_together_are_both_asked_again() {
        let mut lines = REST.to_vec();
        lines.push(("vpc_cidr", &["10.100.0.0/16", "10.50.0.0/16"]));
        lines.push(("service_cidr", &["10.100.0.0/16", ""]));
        let mut script = Script::new(&lines);
        let (form, ended, _) = asked(&mut script).await;
        assert_eq!(ended, Asked::Finished, "{}", script.shown);
        let said = "the service range `10.100.0.0/16` overlaps the VPC range";
        assert!(script.shown.contains(said), "{}", script.shown);
        assert!(form.finished().is_some());
    }

    #[tokio::test]
    async fn one_can_go_back_be_told_more_and_leave() {
        let lines: &[(&str, &[&str])] = &[
            ("profile", &["platform-only", "full"]),
            ("deployment_name", &["?", "Acme!", "<", "acme", "(end)"]),
            ("region", &["(end)"]),
        ];
        let mut script = Script::new(lines);
        let (form, ended, _) = asked(&mut script).await;
        assert_eq!(ended, Asked::Left);
        let text = |key: &str| {
            let question = form.so_far().catalogue().question(key).unwrap();
            form.so_far().text(question).map(str::to_owned)
        };
        assert_eq!(text("profile").as_deref(), Some("full"));
        assert_eq!(text("deployment_name").as_deref(), Some("acme"));
        assert!(script.shown.contains("  environment  SPRINGBOARD_ANSWER_DEPLOYMENT_NAME"));
        assert!(script.shown.contains("error: "), "{}", script.shown);
    }

    const NAME: (&str, &[&str]) = ("deployment_name", &["acme"]);

    #[tokio::test]
    async fn what_the_account_has_is_offered_by_number_and_is_the_default() {
        let mut script = Script::new(&[NAME, ("region", &[""]), ("state_bucket", &["(end)"])]);
        let (form, ..) = asked(&mut script).await;
        let region = form.so_far().catalogue().question("region").unwrap();
        assert_eq!(form.so_far().text(region), Some("us-east-2"));
        assert!(script.shown.contains("  1 us-east-2\n"), "{}", script.shown);
        assert!(script.shown.contains("  - af-south-1: not possible: not enabled\n"));
        assert!(script.shown.contains("nobody could be asked, type freely: there are no"));
        let mut script = Script::new(&[NAME, ("region", &["1"]), ("state_bucket", &["(end)"])]);
        let (form, ..) = asked(&mut script).await;
        assert_eq!(form.so_far().text(region), Some("us-east-2"));
        // What cannot be chosen has no number.
        let mut script = Script::new(&[NAME, ("region", &["2", "(end)"])]);
        let (form, ..) = asked(&mut script).await;
        assert_ne!(form.so_far().text(region), Some("af-south-1"));
    }
}
