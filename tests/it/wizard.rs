//! The wizard: each page as a snapshot, what keys do on it, and the way from the first page to a
//! rehearsal of what was answered, in a terminal.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::Timestamp;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use springboard::blueprint;
use springboard::form::Form;
use springboard::frontend::tui::canvas::Canvas;
use springboard::frontend::tui::face::{Effect, Face, Leaving, Message};
use springboard::frontend::tui::inquiry::{CodeWanted, Found, Heard, Kept, Preview, Wanted};
use springboard::frontend::tui::theme::Theme;
use springboard::frontend::tui::wizard::{Given, Wizard};
use springboard::host::Host;
use springboard::preflight::offers::{Offer, Offered};
use springboard::run::event::Outcome;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

const ANSWERS: &str = r#"
schema_version = 1
blueprint = "poolside"
deployment_name = "acme-prod"
region = "us-west-2"
gpu_capacity_reservation_id = "cr-0123456789abcdef0"
gpu_capacity = "capacity-block"
gpu_availability_zone = "us-west-2c"
availability_zones = ["us-west-2a", "us-west-2c"]
public_hostname = "poolside.acme.example"
acm_certificate_arn = "arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef"
cluster_endpoint_public_access_cidrs = ["8.8.4.4/32", "8.8.8.0/24"]
containers_dir = "/"
charts_dir = "/"
checkpoints_dir = "/"
"#;

fn now() -> Timestamp {
    "2026-09-14T11:41:00Z".parse().unwrap()
}

fn host(vars: &[(&str, &str)]) -> Host {
    let vars = vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Host::fixed(vars, PathBuf::from("/"), PathBuf::from("springboard"))
}

fn given(size: (u16, u16)) -> Given {
    let blueprint = blueprint::ALL[0];
    Given { theme: Theme::PLAIN, size, now: now(), blueprint, is_rehearsal: false }
}

fn form(answers: &str) -> Form {
    let form = Form::new(blueprint::ALL[0].catalogue(), &host(&[])).unwrap();
    if answers.is_empty() { form } else { form.open(Path::new("answers.toml"), answers).unwrap() }
}

fn empty() -> Wizard {
    let mut wizard = Wizard::new(given(SMALL), form(""), None);
    wizard.settle();
    wizard
}

fn at_key(answers: &str, key: &str) -> Wizard {
    let mut wizard = Wizard::new(given(SMALL), form(answers), Some(key));
    wizard.settle();
    wizard
}

fn event(code: KeyCode) -> KeyEvent {
    KeyEvent::new(code, KeyModifiers::NONE)
}

fn press(wizard: &mut Wizard, code: KeyCode) -> Vec<Effect> {
    let mut effects = wizard.update(Message::Key(event(code)));
    effects.extend(wizard.settle());
    effects
}

fn types(wizard: &mut Wizard, text: &str) {
    for letter in text.chars() {
        press(wizard, KeyCode::Char(letter));
    }
}

fn drawn(wizard: &mut Wizard, size: (u16, u16)) -> String {
    wizard.update(Message::Resize(size.0, size.1));
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| wizard.draw(&mut Canvas::new(frame.buffer_mut(), Theme::PLAIN))).unwrap();
    terminal.backend().to_string()
}

fn seen(wizard: &mut Wizard) -> String {
    drawn(wizard, SMALL)
}

/// The file that was kept last.
fn kept(effects: &[Effect]) -> &str {
    let kept = effects.iter().rev().find_map(|effect| match effect {
        Effect::Keep(draft) => Some(draft.text.as_str()),
        _ => None,
    });
    kept.expect("the draft is kept")
}

fn offer(columns: &[&str], refused: Option<&str>) -> Offer {
    Offer {
        value: columns[0].to_owned(),
        columns: columns.iter().map(|column| (*column).to_owned()).collect(),
        refused: refused.map(str::to_owned),
    }
}

fn tells(wizard: &mut Wizard, key: &'static str, offered: Offered) {
    let heard = Heard::Offered { key, offered: Ok(offered), at: now() };
    wizard.update(Message::Heard(Box::new(heard)));
}

/// Tells what an account would.
fn account(wizard: &mut Wizard) {
    let facts = [
        ("account", "123456789012"),
        ("principal", "arn:aws:iam::123456789012:role/Installer"),
        ("credentials", "end 19:32 UTC (in 7 h 51 min)"),
    ];
    let facts = facts.map(|(what, fact)| (what.to_owned(), fact.to_owned())).to_vec();
    let heard = Heard::Facts { key: "aws_profile", facts: Ok(facts) };
    wizard.update(Message::Heard(Box::new(heard)));
    let regions = Offered {
        heads: vec!["region"],
        rows: vec![
            offer(&["us-east-1"], None),
            offer(&["us-east-2"], None),
            offer(&["us-west-2"], None),
            offer(&["us-gov-west-1"], Some("not enabled for this account")),
        ],
        value: None,
        note: String::new(),
    };
    tells(wizard, "region", regions);
    let reservations = Offered {
        heads: vec!["reservation", "way", "zone id", "free", "when"],
        rows: vec![
            offer(
                &["cr-0123456789abcdef0", "block", "usw2-az3", "1 of 2", "to 27 Sep 11:30 UTC"],
                None,
            ),
            offer(
                &["cr-08f1aaaaaaaaa93ac", "reservation", "usw2-az1", "0 of 1", "no end"],
                Some("none is free"),
            ),
        ],
        value: None,
        note: "1 of 2 can be used".into(),
    };
    tells(wizard, "gpu_capacity_reservation_id", reservations);
    let address = Offered {
        rows: vec![offer(&["203.0.113.24/32", "this host, as AWS sees it"], None)],
        note: "this host leaves through 203.0.113.24".into(),
        ..Offered::default()
    };
    tells(wizard, "cluster_endpoint_public_access_cidrs", address);
    let heard = Heard::Asking { key: "availability_zones" };
    wizard.update(Message::Heard(Box::new(heard)));
}

fn checks(wizard: &mut Wizard, outcome: Outcome) {
    let found = |check, subject, outcome, found: &str, remedy: Option<&str>| Found {
        check,
        subject,
        outcome,
        found: found.into(),
        remedy: remedy.map(str::to_owned),
    };
    let found = vec![
        found("terraform", "tools", Outcome::Pass, "1.11.4", None),
        found("gpu-window", "gpu", Outcome::Warn, "the block ends in 13 days", None),
        found(
            "quota-elastic-ip",
            "quotas",
            outcome,
            "2 addresses needed, 1 of 5 is left",
            Some("aws service-quotas request-service-quota-increase"),
        ),
    ];
    wizard.update(Message::Heard(Box::new(Heard::Checked(found))));
}

/// Tells what follows from the answers, and what folders would hold.
fn follows(wizard: &mut Wizard) {
    let today = "2026-09-14".parse().unwrap();
    let mut follows = blueprint::ALL[0].consequences(form(ANSWERS).so_far(), today);
    let fact = |what: &str, how: &str| (what.to_owned(), how.to_owned());
    follows.insert(
        "charts_dir",
        vec![fact("chart", "poolside-deployment 2.2.0"), fact("chart", "inference-stack 1.4.1")],
    );
    let models = [fact("model", "malibu-2.2, 231.0 GB, 4 GPUs"), fact("to upload", "231.0 GB")];
    follows.insert("checkpoints_dir", models.to_vec());
    wizard.update(Message::Heard(Box::new(Heard::Follows(follows))));
}

fn plan(wizard: &mut Wizard) {
    let preview = Preview {
        parts: vec![("Network".into(), 28), ("Cluster".into(), 13)],
        stages: vec![
            ("foundation".into(), "Creating the network and the cluster".into()),
            ("platform".into(), "Installing the platform".into()),
        ],
    };
    wizard.update(Message::Heard(Box::new(Heard::Planned(Ok(preview)))));
}

fn saved(wizard: &mut Wizard, is_taken: bool) {
    let file = "~/.local/state/springboard/deployments/acme-prod/answers.toml".to_owned();
    wizard.update(Message::Kept(Ok(Kept { file, is_taken })));
}

#[test]
fn every_page_is_as_it_was_drawn() {
    for size in [SMALL, LARGE] {
        let snapshot = |name: &str, wizard: &mut Wizard| {
            let screen = drawn(wizard, size);
            insta::assert_snapshot!(format!("wizard-{name}-{}x{}", size.0, size.1), screen);
        };
        let mut wizard = Wizard::new(given(size), form(ANSWERS), None);
        account(&mut wizard);
        checks(&mut wizard, Outcome::Fail);
        follows(&mut wizard);
        saved(&mut wizard, false);
        for page in blueprint::ALL[0].catalogue().pages {
            snapshot(page.id, &mut wizard);
            press(&mut wizard, KeyCode::PageDown);
        }
        plan(&mut wizard);
        snapshot("review-top", &mut wizard);
        press(&mut wizard, KeyCode::End);
        snapshot("review-end", &mut wizard);
        let mut wizard = Wizard::new(given(size), form(ANSWERS), Some("region"));
        account(&mut wizard);
        types(&mut wizard, "us-");
        press(&mut wizard, KeyCode::Down);
        snapshot("picker", &mut wizard);
        let overlapping = format!("{ANSWERS}\nservice_cidr = \"10.0.0.0/16\"\n");
        let mut wizard = Wizard::new(given(size), form(&overlapping), Some("service_cidr"));
        snapshot("field-error", &mut wizard);
    }
}

#[test]
fn a_name_is_looked_at_with_every_letter_and_enter_stays_on_what_is_wrong() {
    let mut wizard = at_key("", "deployment_name");
    types(&mut wizard, "ac");
    assert!(!seen(&mut wizard).contains("x error"));
    types(&mut wizard, "_");
    assert!(seen(&mut wizard).contains("x error"));
    press(&mut wizard, KeyCode::Enter);
    assert!(seen(&mut wizard).contains("> Deployment name"));
    press(&mut wizard, KeyCode::Backspace);
    // What is a key elsewhere is a letter here.
    types(&mut wizard, "q");
    assert!(seen(&mut wizard).contains("[acq "));
    press(&mut wizard, KeyCode::Enter);
    assert!(seen(&mut wizard).contains("> Continue to Account and region"));
}

#[test]
fn the_cursor_moves_in_a_text_and_a_second_ctrl_u_puts_the_default_back() {
    let mut wizard = at_key("", "vpc_cidr");
    press(&mut wizard, KeyCode::Home);
    types(&mut wizard, "1");
    press(&mut wizard, KeyCode::Right);
    press(&mut wizard, KeyCode::Backspace);
    assert!(seen(&mut wizard).contains("[10.0.0.0/16 "), "{}", seen(&mut wizard));
    let empty = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
    wizard.update(Message::Key(empty));
    assert!(seen(&mut wizard).contains("> VPC range              [       "));
    wizard.update(Message::Key(empty));
    let screen = seen(&mut wizard);
    assert!(screen.contains("[10.0.0.0/16 ") && screen.contains("] default"), "{screen}");
}

#[test]
fn what_is_pasted_into_a_list_is_parted_and_doubles_are_named() {
    let mut wizard = at_key("", "cluster_endpoint_public_access_cidrs");
    wizard.update(Message::Paste("8.8.4.4/32, 8.8.8.8/32\n8.8.4.4/32".into()));
    assert!(seen(&mut wizard).contains("3 entries"));
    press(&mut wizard, KeyCode::Enter);
    press(&mut wizard, KeyCode::Enter);
    let screen = seen(&mut wizard);
    assert!(screen.contains("2 entries"), "{screen}");
    assert!(screen.contains("8.8.4.4/32 was there already; it is kept once"), "{screen}");
    // Several lines into a field of one are refused as a whole.
    let mut wizard = at_key("", "public_hostname");
    wizard.update(Message::Paste("a.example\nb.example".into()));
    let screen = seen(&mut wizard);
    assert!(screen.contains("nothing was pasted") && !screen.contains("a.example"), "{screen}");
}

#[test]
fn what_is_offered_for_a_list_is_taken_with_right() {
    let mut wizard = at_key("", "cluster_endpoint_public_access_cidrs");
    account(&mut wizard);
    assert!(seen(&mut wizard).contains("Right offers"));
    press(&mut wizard, KeyCode::Right);
    let screen = seen(&mut wizard);
    assert!(screen.contains("1                    [203.0.113.24/32"), "{screen}");
}

#[test]
fn a_choice_that_cannot_be_made_says_why_and_another_is_taken() {
    let mut wizard = at_key("", "gpu_capacity_reservation_id");
    account(&mut wizard);
    types(&mut wizard, "az1");
    press(&mut wizard, KeyCode::Enter);
    let screen = seen(&mut wizard);
    assert!(screen.contains("cr-08f1aaaaaaaaa93ac cannot be chosen: none is free"), "{screen}");
    for _ in 0..3 {
        press(&mut wizard, KeyCode::Backspace);
    }
    let effects = press(&mut wizard, KeyCode::Enter);
    assert!(kept(&effects).contains("\ngpu_capacity_reservation_id = \"cr-0123456789abcdef0\""));
    assert!(seen(&mut wizard).contains("<cr-0123456789abcdef0  block"));
    // What the account does not list can be answered all the same.
    types(&mut wizard, "cr-11111111111111111");
    let effects = press(&mut wizard, KeyCode::Enter);
    assert!(kept(&effects).contains("\"cr-11111111111111111\""));
}

#[test]
fn a_rule_between_two_answers_marks_both_and_mending_one_clears_both() {
    let overlapping = format!("{ANSWERS}\nservice_cidr = \"10.0.0.0/16\"\n");
    let mut wizard = at_key(&overlapping, "service_cidr");
    let screen = seen(&mut wizard);
    assert_eq!(screen.matches("x error").count(), 2, "{screen}");
    assert!(screen.contains("see `vpc_cidr`"), "{screen}");
    let empty = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
    wizard.update(Message::Key(empty));
    types(&mut wizard, "172.20.0.0/16");
    let screen = seen(&mut wizard);
    assert_eq!(screen.matches("x error").count(), 0, "{screen}");
}

#[test]
fn a_draft_keeps_what_is_wrong_and_opens_where_it_was_left() {
    let mut wizard = at_key("", "vpc_cidr");
    let empty = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
    wizard.update(Message::Key(empty));
    types(&mut wizard, "10.0.0.0/99");
    let effects = wizard.update(Message::Terminated);
    let text = kept(&effects).to_owned();
    assert_eq!(effects.last(), Some(&Effect::Leave(Leaving::Terminated)));
    let left = springboard::form::focus_of(&text);
    assert_eq!(left, Some("vpc_cidr"));
    let mut again = at_key(&text, left.unwrap());
    let screen = seen(&mut again);
    assert!(screen.contains("> VPC range              [10.0.0.0/99"), "{screen}");
}

#[test]
fn what_is_set_beforehand_cannot_be_typed_over() {
    let vars = host(&[("SPRINGBOARD_ANSWER_REGION", "us-east-2")]);
    let form = Form::new(blueprint::ALL[0].catalogue(), &vars).unwrap();
    let mut wizard = Wizard::new(given(SMALL), form, Some("region"));
    types(&mut wizard, "x");
    let screen = seen(&mut wizard);
    assert!(screen.contains("Region                 us-east-2  "), "{screen}");
    assert!(screen.contains("us-east-2                               env "), "{screen}");
}

#[test]
fn start_says_what_it_waits_for_until_nothing_is_left() {
    let mut wizard = at_key("", "region");
    types(&mut wizard, "us-west-2");
    for _ in 0..9 {
        press(&mut wizard, KeyCode::PageDown);
    }
    press(&mut wizard, KeyCode::End);
    assert!(seen(&mut wizard).contains("Start waits for"), "{}", seen(&mut wizard));

    let mut wizard = at_key(ANSWERS, "region");
    let mut effects = Vec::new();
    for _ in 0..9 {
        effects.extend(press(&mut wizard, KeyCode::PageDown));
    }
    assert!(effects.contains(&Effect::Inquire(Box::new(Wanted::Plan))));
    press(&mut wizard, KeyCode::End);
    let waits = |wizard: &mut Wizard, why: &str| {
        let effects = press(wizard, KeyCode::Enter);
        assert!(effects.is_empty(), "{effects:?}");
        assert!(seen(wizard).contains(why), "{}", seen(wizard));
    };
    waits(&mut wizard, "Start waits for the checks");
    checks(&mut wizard, Outcome::Fail);
    press(&mut wizard, KeyCode::End);
    waits(&mut wizard, "Start waits: 1 check fails");
    saved(&mut wizard, true);
    waits(&mut wizard, "Start waits for another name");
    saved(&mut wizard, false);
    // The failing check is left out on its row.
    while !seen(&mut wizard).contains("> x fail") {
        press(&mut wizard, KeyCode::Up);
    }
    press(&mut wizard, KeyCode::Char('x'));
    press(&mut wizard, KeyCode::End);
    waits(&mut wizard, "Start waits for the plan");
    plan(&mut wizard);
    press(&mut wizard, KeyCode::End);
    let effects = press(&mut wizard, KeyCode::Enter);
    let left_out = vec!["quota-elastic-ip".to_owned()];
    assert_eq!(effects.last(), Some(&Effect::Leave(Leaving::Begin { left_out })));
    assert!(kept(&effects).contains("deployment_name = \"acme-prod\""));
}

#[test]
fn what_the_account_says_is_the_default_and_is_asked_for_anew_when_that_changes() {
    let mut wizard = empty();
    let free = Offered { value: Some("10.7.0.0/16".into()), ..Offered::default() };
    tells(&mut wizard, "vpc_cidr", free);
    let asked = wizard.settle();
    let has_new = asked.iter().any(|effect| match effect {
        Effect::Inquire(wanted) => match &**wanted {
            Wanted::Answers { answers, .. } => {
                let question = answers.catalogue().question("vpc_cidr").unwrap();
                answers.text(question) == Some("10.7.0.0/16")
            }
            _ => false,
        },
        _ => false,
    });
    assert!(has_new, "{asked:?}");
    // The same once more changes nothing, so nothing is asked.
    let free = Offered { value: Some("10.7.0.0/16".into()), ..Offered::default() };
    tells(&mut wizard, "vpc_cidr", free);
    assert_eq!(wizard.settle(), []);
}

#[test]
fn every_question_can_be_reached_with_tab_alone() {
    let mut wizard = empty();
    let mut found = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let screen = seen(&mut wizard);
        let catalogue = blueprint::ALL[0].catalogue();
        let key = screen.lines().find_map(|line| line.split("Key      ").nth(1));
        let key = key.and_then(|rest| rest.split_whitespace().next()).map(|k| k.trim_matches('"'));
        found.extend(key.and_then(|key| catalogue.question(key)).map(|question| question.key));
        let is_end = screen.contains("> Continue");
        if screen.contains("Review") && screen.contains("10/10") {
            break;
        }
        press(&mut wizard, if is_end { KeyCode::Enter } else { KeyCode::Tab });
    }
    let form = form("");
    let asked: Vec<_> = form.pages().flat_map(|page| form.fields(page)).collect();
    let lost: Vec<_> =
        asked.iter().map(|field| field.question.key).filter(|key| !found.contains(key)).collect();
    assert!(lost.is_empty(), "never in focus: {lost:?}");
}

#[test]
fn every_label_fits_its_column() {
    let long: Vec<_> = blueprint::ALL
        .iter()
        .flat_map(|blueprint| blueprint.catalogue().questions())
        .filter(|question| question.label.chars().count() > 22)
        .map(|question| question.label)
        .collect();
    assert!(long.is_empty(), "over 22 columns: {long:?}");
}

#[test]
fn pages_follow_the_answers() {
    let mut counts = BTreeMap::new();
    for profile in ["full", "platform-only"] {
        let mut wizard = at_key(&format!("{ANSWERS}\nprofile = \"{profile}\"\n"), "region");
        let screen = seen(&mut wizard);
        let number = screen.lines().find_map(|line| line.split("2/").nth(1));
        counts.insert(profile, number.and_then(|rest| rest.split(' ').next()).map(str::to_owned));
    }
    assert_eq!(counts["full"].as_deref(), Some("10"));
    assert_eq!(counts["platform-only"].as_deref(), Some("9"));
}

#[test]
fn a_departure_wants_a_reason_which_is_typed_on_the_review_and_kept() {
    let departing = format!("{ANSWERS}\ndatabase_multi_az = false\n");
    let mut wizard = at_key(&departing, "region");
    for _ in 0..9 {
        press(&mut wizard, KeyCode::PageDown);
    }
    checks(&mut wizard, Outcome::Pass);
    saved(&mut wizard, false);
    plan(&mut wizard);
    assert!(seen(&mut wizard).contains("1 reason is missing"), "{}", seen(&mut wizard));
    press(&mut wizard, KeyCode::End);
    assert!(press(&mut wizard, KeyCode::Enter).is_empty());
    assert!(seen(&mut wizard).contains("Start waits for the reason of a departure"));
    while !seen(&mut wizard).contains(">   Reason") {
        press(&mut wizard, KeyCode::Up);
    }
    assert!(seen(&mut wizard).contains("x missing"), "{}", seen(&mut wizard));
    // Letters that are keys elsewhere are letters here; Left and Right move in the text.
    types(&mut wizard, "a trial, no quorum");
    press(&mut wizard, KeyCode::Home);
    press(&mut wizard, KeyCode::Right);
    press(&mut wizard, KeyCode::Char('t'));
    let effects = press(&mut wizard, KeyCode::Backspace);
    let draft = kept(&effects).to_owned();
    for size in [SMALL, LARGE] {
        let screen = drawn(&mut wizard, size);
        insta::assert_snapshot!(format!("wizard-review-reason-{}x{}", size.0, size.1), screen);
    }
    assert!(draft.contains("[deviations.database-in-one-zone]\nreason = \"a trial, no quorum\""));
    // Enter goes on to what comes next, in sight; out of the text End is the last row again.
    press(&mut wizard, KeyCode::Enter);
    let next = seen(&mut wizard);
    assert!(next.contains("> ! warn    gpu-window"), "{next}");
    press(&mut wizard, KeyCode::End);
    let effects = press(&mut wizard, KeyCode::Enter);
    assert!(matches!(effects.last(), Some(Effect::Leave(Leaving::Begin { .. }))), "{effects:?}");
    // The draft has it, and Ctrl-U takes it out again.
    let mut again = at_key(&draft, "region");
    for _ in 0..9 {
        press(&mut again, KeyCode::PageDown);
    }
    assert!(!seen(&mut again).contains("is missing"));
    while !seen(&mut again).contains(">   Reason") {
        press(&mut again, KeyCode::Tab);
        press(&mut again, KeyCode::Down);
    }
    assert!(seen(&mut again).contains("[a trial, no quorum "), "{}", seen(&mut again));
    let empty = KeyEvent::new(KeyCode::Char('u'), KeyModifiers::CONTROL);
    again.update(Message::Key(empty));
    assert!(!kept(&again.settle()).contains("[deviations"));
    assert!(seen(&mut again).contains("1 reason is missing"));
}

#[test]
fn a_rehearsal_wants_no_reasons() {
    let departing = format!("{ANSWERS}\ndatabase_multi_az = false\n");
    let rehearsed = Given { is_rehearsal: true, ..given(SMALL) };
    let mut wizard = Wizard::new(rehearsed, form(&departing), None);
    for _ in 0..9 {
        press(&mut wizard, KeyCode::PageDown);
    }
    assert!(!seen(&mut wizard).contains("is missing"), "{}", seen(&mut wizard));
}

#[test]
fn a_reason_for_what_is_no_departure_is_shown_and_dropped() {
    let unknown = format!(
        "{ANSWERS}\ndatabase_multi_az = false\n[deviations.database-in-no-zone]\nreason = \"x\"\n"
    );
    let mut wizard = at_key(&unknown, "region");
    for _ in 0..9 {
        press(&mut wizard, KeyCode::PageDown);
    }
    let screen = seen(&mut wizard);
    assert!(screen.contains("Departures: there is no departure `da"), "{screen}");
    press(&mut wizard, KeyCode::Home);
    press(&mut wizard, KeyCode::Down);
    let effects = press(&mut wizard, KeyCode::Enter);
    assert!(!kept(&effects).contains("no-zone"), "{effects:?}");
    assert!(!seen(&mut wizard).contains("To mend first"), "{}", seen(&mut wizard));
}

#[test]
fn a_code_is_wanted_on_the_status_line_typed_unseen_and_in_no_draft() {
    let mut wizard = at_key(ANSWERS, "deployment_name");
    let device = "arn:aws:iam::123456789012:mfa/op".to_owned();
    let wanted = |refused: Option<&str>| {
        let refused = refused.map(str::to_owned);
        let wanted = CodeWanted { device: device.clone(), refused };
        Message::Heard(Box::new(Heard::CodeWanted(wanted)))
    };
    wizard.update(wanted(None));
    // Whoever types a name goes on with it.
    types(&mut wizard, "1");
    let screen = seen(&mut wizard);
    assert!(screen.contains("AWS wants a code of your MFA device; Esc, then c,"), "{screen}");
    press(&mut wizard, KeyCode::Esc);
    press(&mut wizard, KeyCode::Char('c'));
    types(&mut wizard, "73 59q18");
    for size in [SMALL, LARGE] {
        let screen = drawn(&mut wizard, size);
        assert!(!screen.contains("7359"), "{screen}");
        insta::assert_snapshot!(format!("wizard-code-{}x{}", size.0, size.1), screen);
    }
    let effects = press(&mut wizard, KeyCode::Enter);
    let code = springboard::run::Secret::new("7359q18");
    assert_eq!(effects[0], Effect::Inquire(Box::new(Wanted::Code(code))));
    assert!(!format!("{effects:?}").contains("7359"), "{effects:?}");
    wizard.update(wanted(Some("MultiFactorAuthentication failed")));
    wizard.update(Message::Tick("2026-09-14T11:41:09Z".parse().unwrap()));
    let screen = seen(&mut wizard);
    assert!(
        screen.contains("AWS did not take that code; Esc, then c, to type another"),
        "{screen}"
    );
    let effects = wizard.update(Message::Terminated);
    assert!(!kept(&effects).contains("7359"), "{}", kept(&effects));
}
