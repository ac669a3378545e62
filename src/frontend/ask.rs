//! The wizard in plain lines: asks the questions of a form one after another.
//!
//! For screen readers, for terminals that cannot do more, and for whoever likes lines. Asks the
//! same questions in the same order as the screens, from the same form. An empty line takes what
//! stands there, `?` explains, `<` goes back. Reads and prints through [`Dialogue`] only.

use std::io;

use crate::answers::{Catalogue, InvalidAnswers, Kind, Page, Question, Typed, explain};
use crate::form::{Content, Field, Form, State};

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

/// Asks everything that is asked in this case. `keep` is called with the form when a page is left.
///
/// # Errors
/// When the terminal is gone.
pub fn ask(
    form: &mut Form,
    catalogue: &'static Catalogue,
    dialogue: &mut dyn Dialogue,
    keep: &mut dyn FnMut(&Form),
) -> Result<Asked, AskError> {
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
            keep(form);
            dialogue.show(&heading(form, page));
        }
        match put(form, catalogue, question, dialogue)? {
            Step::Answered => {
                asked.retain(|known| known.key != question.key);
                asked.push(question);
            }
            Step::Back => {
                again.push(question);
                again.extend(asked.pop());
            }
            Step::Left => {
                keep(form);
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
    catalogue.questions().filter(is_new).find(|q| form.so_far().applies(q) && form.field(q).is_open)
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
    dialogue: &mut dyn Dialogue,
) -> Result<Step, AskError> {
    dialogue.show(&format!("\n{} ({}): {}", question.label, question.key, question.why));
    for line in choices(question) {
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
                    form.enter(question, meant(question, typed))?;
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
fn meant(question: &Question, typed: &str) -> Typed {
    let numbered = |word: &str| match &question.kind {
        Kind::Choice(choices) | Kind::Choices(choices) => {
            let number = word.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            number.and_then(|at| choices.get(at)).map_or(word, |choice| choice.value).to_owned()
        }
        _ => word.to_owned(),
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
    use std::collections::{BTreeMap, VecDeque};
    use std::path::PathBuf;

    use super::*;
    use crate::blueprint;
    use crate::host::Host;

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

    fn asked(script: &mut Script) -> (Form, Asked, usize) {
        let catalogue = blueprint::ALL[0].catalogue();
        let host = Host::fixed(BTreeMap::new(), PathBuf::from("/"), PathBuf::from("sb"));
        let mut form = Form::new(catalogue, &host).unwrap();
        let mut kept = 0;
        let ended = ask(&mut form, catalogue, script, &mut |_| kept += 1).unwrap();
        (form, ended, kept)
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

    #[test]
    fn a_platform_is_answered_with_what_must_be_said_and_the_defaults() {
        let mut script = Script::new(REST);
        let (form, ended, kept) = asked(&mut script);
        assert_eq!(ended, Asked::Finished, "{}", script.shown);
        let answers = form.finished().expect("nothing is wrong");
        let catalogue = answers.catalogue();
        let question = |key: &str| catalogue.question(key).unwrap();
        assert_eq!(answers.text(question("profile")), Some("platform-only"));
        assert_eq!(
            answers.list(question("cluster_endpoint_public_access_cidrs")),
            ["8.8.4.4/32", "8.8.8.8/32"]
        );
        // An empty line where something must be said asks again.
        assert!(script.shown.contains("missing: "), "{}", script.shown);
        assert!(kept >= form.pages().count());
    }

    #[test]
    fn two_answers_that_do_not_go_together_are_both_asked_again() {
        let mut lines = REST.to_vec();
        lines.push(("vpc_cidr", &["10.100.0.0/16", "10.50.0.0/16"]));
        lines.push(("service_cidr", &["10.100.0.0/16", ""]));
        let mut script = Script::new(&lines);
        let (form, ended, _) = asked(&mut script);
        assert_eq!(ended, Asked::Finished, "{}", script.shown);
        let said = "the service range `10.100.0.0/16` overlaps the VPC range";
        assert!(script.shown.contains(said), "{}", script.shown);
        assert!(form.finished().is_some());
    }

    #[test]
    fn one_can_go_back_be_told_more_and_leave() {
        let lines: &[(&str, &[&str])] = &[
            ("profile", &["platform-only", "full"]),
            ("deployment_name", &["?", "Acme!", "<", "acme", "(end)"]),
            ("region", &["(end)"]),
        ];
        let mut script = Script::new(lines);
        let (form, ended, _) = asked(&mut script);
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
}
