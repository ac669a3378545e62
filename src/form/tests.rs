//! What a form does with what is typed, on a catalogue of its own.

use std::path::PathBuf;

use super::*;
use crate::answers::value::Cidr;
use crate::answers::{Choice, Conflict, Default, Rule, Text};

const KIND: Question = Question {
    key: "kind",
    label: "Kind",
    kind: Kind::Choice(&[
        Choice { value: "small", meaning: "a little" },
        Choice { value: "large", meaning: "a lot" },
    ]),
    default: Default::Text("small"),
    ..Question::PLAIN
};
const RANGE: Question = Question {
    key: "range",
    label: "Range",
    kind: Kind::Text(Text::of::<Cidr>()),
    default: Default::Text("10.0.0.0/16"),
    example: "\"10.0.0.0/16\"",
    ..Question::PLAIN
};
const OTHER: Question = Question { key: "other", label: "Other", ..RANGE };
const ALLOWED: Question = Question {
    key: "allowed",
    label: "Allowed",
    kind: Kind::List { item: Text::of::<Cidr>(), min: 1, max: 3 },
    default: Default::Required,
    applies: |answers| answers.text(&KIND) == Some("large"),
    when: "with large",
    example: "[\"10.0.0.0/16\"]",
    ..Question::PLAIN
};
const FAST: Question =
    Question { key: "fast", label: "Fast", default: Default::Flag(false), ..Question::PLAIN };

static CATALOGUE: Catalogue = Catalogue {
    blueprint: "test",
    pages: &[
        Page { id: "first", title: "First", questions: &[&KIND, &RANGE, &OTHER] },
        Page { id: "second", title: "Second", questions: &[&ALLOWED] },
        Page { id: "third", title: "Third", questions: &[&FAST] },
    ],
    review: None,
    rules: &[Rule {
        id: "apart",
        check: |answers| {
            let (range, other): (Cidr, Cidr) = (answers.parsed(&RANGE)?, answers.parsed(&OTHER)?);
            let is_wrong = range != other && range.overlaps(other);
            is_wrong.then(|| Conflict::new(&[&RANGE, &OTHER], "they overlap"))
        },
    }],
};

fn host(vars: &[(&str, &str)]) -> Host {
    let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Host::fixed(vars, PathBuf::from("/"), PathBuf::from("sb"))
}

fn form() -> Form {
    Form::new(&CATALOGUE, &host(&[])).unwrap()
}

fn text(text: &str) -> Typed {
    Typed::Text(text.into())
}

fn pages(form: &Form) -> Vec<&'static str> {
    form.pages().map(|page| page.id).collect()
}

#[test]
fn an_untouched_form_has_the_defaults_and_only_pages_that_ask() {
    let form = form();
    assert_eq!(pages(&form), ["first", "third"]);
    let field = form.field(&RANGE);
    assert_eq!(field.content, Content::Text("10.0.0.0/16".into()));
    assert_eq!(
        (field.source.as_str(), field.is_open, &field.state),
        ("default", true, &State::Right)
    );
    assert_eq!(form.field(&FAST).content, Content::Flag(false));
    assert!(form.finished().is_some());
}

#[test]
fn an_answer_opens_the_questions_that_follow_from_it() {
    let mut form = form();
    form.enter(&KIND, text("large")).unwrap();
    assert_eq!(pages(&form), ["first", "second", "third"]);
    assert_eq!(form.field(&ALLOWED).state, State::Missing);
    assert!(form.finished().is_none());
    form.enter(&ALLOWED, Typed::Items(vec!["10.1.0.0/16".into(), "x".into()])).unwrap();
    assert!(matches!(form.field(&ALLOWED).state, State::Wrong { .. }));
    form.enter(&ALLOWED, Typed::Items(vec!["10.1.0.0/16".into()])).unwrap();
    assert_eq!(form.field(&ALLOWED).state, State::Right);
    let answers = form.finished().unwrap();
    assert_eq!(answers.list(&ALLOWED), ["10.1.0.0/16"]);
    assert_eq!(form.field(&ALLOWED).source, "you");
}

#[test]
fn what_is_wrong_stays_as_it_was_typed_and_can_be_put_back() {
    let mut form = form();
    form.enter(&RANGE, text("10.0.0/16")).unwrap();
    let field = form.field(&RANGE);
    assert_eq!(field.content, Content::Text("10.0.0/16".into()));
    assert!(matches!(field.state, State::Wrong { ref with, .. } if with.is_empty()));
    form.reset(&RANGE).unwrap();
    assert_eq!(form.field(&RANGE).state, State::Right);
    assert_eq!(form.field(&RANGE).source, "default");
}

#[test]
fn a_rule_between_two_marks_both_and_mending_either_clears_both() {
    let mut form = form();
    form.enter(&OTHER, text("10.0.1.0/24")).unwrap();
    for (question, other) in [(&RANGE, "other"), (&OTHER, "range")] {
        let State::Wrong { why, with } = form.field(question).state else { panic!("{other}") };
        assert!(why.starts_with("they overlap"), "{why}");
        assert_eq!(with, [other]);
    }
    form.enter(&RANGE, text("10.1.0.0/16")).unwrap();
    assert_eq!(form.field(&RANGE).state, State::Right);
    assert_eq!(form.field(&OTHER).state, State::Right);
}

#[test]
fn what_comes_from_outside_cannot_be_typed_over() {
    let host = host(&[("SPRINGBOARD_ANSWER_FAST", "true")]);
    let form = Form::new(&CATALOGUE, &host).unwrap();
    let mut form = form.sets(&["kind=large".to_owned()]).unwrap();
    form.enter(&KIND, text("small")).unwrap();
    form.enter(&FAST, text("false")).unwrap();
    let (kind, fast) = (form.field(&KIND), form.field(&FAST));
    assert_eq!(kind.content, Content::Text("large".into()));
    assert_eq!((kind.source.as_str(), kind.is_open), ("--set", false));
    assert_eq!(fast.content, Content::Flag(true));
    assert_eq!((fast.source.as_str(), fast.is_open), ("SPRINGBOARD_ANSWER_FAST", false));
}

#[test]
fn what_the_account_says_is_a_default_until_something_is_typed() {
    let mut form = form();
    let said = BTreeMap::from([("range".to_owned(), Value::from("10.9.0.0/16"))]);
    form.hear(said).unwrap();
    let field = form.field(&RANGE);
    assert_eq!(field.content, Content::Text("10.9.0.0/16".into()));
    assert_eq!(field.source, "live default");
    form.enter(&RANGE, text("10.8.0.0/16")).unwrap();
    assert_eq!(form.field(&RANGE).source, "you");
}

#[test]
fn a_draft_keeps_what_is_right_and_what_is_not() {
    let mut form = form();
    form.enter(&KIND, text("large")).unwrap();
    form.enter(&RANGE, text("10.0.0/\"16")).unwrap();
    form.enter(&ALLOWED, Typed::Items(vec!["10.1.0.0/16".into(), "x".into()])).unwrap();
    let kept = form.to_toml();
    assert!(kept.contains("kind = \"large\"\n"), "{kept}");
    let again = Form::new(&CATALOGUE, &host(&[])).unwrap();
    let again = again.open(Path::new("answers.toml"), &kept).unwrap();
    for question in [&KIND, &RANGE, &OTHER, &ALLOWED, &FAST] {
        let (field, before) = (again.field(question), form.field(question));
        assert_eq!(field.content, before.content, "{}\n{kept}", question.key);
        assert_eq!(field.state, before.state, "{}\n{kept}", question.key);
    }
    // Whoever reads it as an answer file sees no more than the defaults in their place.
    let answers = Loader::new(&CATALOGUE, &host(&[])).text(Path::new("a"), kept).draft().unwrap().0;
    assert_eq!(answers.text(&RANGE), Some("10.0.0.0/16"));
}

#[test]
fn a_finished_form_gives_a_file_that_loads_to_the_same_answers() {
    let mut form = form();
    form.enter(&KIND, text("large")).unwrap();
    form.enter(&ALLOWED, Typed::Items(vec!["10.1.0.0/16".into()])).unwrap();
    let loaded = Loader::new(&CATALOGUE, &host(&[])).text(Path::new("a"), form.to_toml()).load();
    assert!(loaded.unwrap().same_values(form.finished().unwrap()));
}
