//! The screens: each as a snapshot at 80×24 and at 120×40, in ASCII and without colours; what is
//! said with glyphs and colours is said with words too; every key that is shown does something.

use std::collections::BTreeMap;
use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use jiff::{SignedDuration, Timestamp};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use springboard::answers::Answers;
use springboard::blueprint;
use springboard::engine::requests::Request;
use springboard::engine::socket::{Keys, Sender};
use springboard::frontend::pulse::Pulse;
use springboard::frontend::tui::app::{App, Given, Viewing};
use springboard::frontend::tui::canvas::Canvas;
use springboard::frontend::tui::face::{Effect, Face, Leaving, Message};
use springboard::frontend::tui::keymap::{KEYMAP, Key};
use springboard::frontend::tui::log_lines::LogLine;
use springboard::frontend::tui::screens::home::{Home, Known, Scenario};
use springboard::frontend::tui::theme::{Colours, Glyphs, Ground, Theme};
use springboard::frontend::view::mark::Mark;
use springboard::frontend::view::outcome::After;
use springboard::frontend::view::times::Times;
use springboard::frontend::viewer::{End, Update};
use springboard::run::event::{
    Failure, Outcome, Progress, RunStatus, StageOutline, Standing, StepOutline,
};
use springboard::run::journal::{self, FORMAT};
use springboard::run::{Action, Event, EventKind, Header, Snippet};

use crate::support::source::root;

const SMALL: (u16, u16) = (80, 24);
const LARGE: (u16, u16) = (120, 40);

fn at(second: i64) -> Timestamp {
    "2026-09-14T12:10:02Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(second)
}

/// A run as it is told.
struct Story {
    app: App,
    /// The same for whoever reads lines.
    pulse: Pulse,
    now: Timestamp,
    seq: u64,
}

impl Story {
    fn new(size: (u16, u16), theme: Theme, viewing: Viewing, label: &str) -> Self {
        let shipped =
            [("aws_eks_cluster", 660), ("aws_db_instance", 900), ("stage/foundation", 1_140)];
        let shipped = shipped.map(|(what, seconds)| (what.to_owned(), seconds * 1_000));
        let times = Times { shipped: BTreeMap::from(shipped), ..Times::default() };
        let app = App::new(Given {
            theme,
            size,
            now: at(0),
            viewing,
            times: times.clone(),
            folder: "~/.local/state/springboard/deployments/acme-prod".into(),
            after: None,
        });
        let mut story = Self { app, pulse: Pulse::new(times), now: at(0), seq: 0 };
        let header = Header {
            format: FORMAT,
            springboard: "0.1.0".into(),
            run: "0h2k".into(),
            continues: None,
            deployment: label.into(),
            blueprint: "poolside".into(),
            answers: String::new(),
            bundle: String::new(),
            at: at(0),
        };
        story.told(Update::Begun(header));
        story.told(Update::CaughtUp);
        story
    }

    fn told(&mut self, update: Update) {
        match &update {
            Update::Begun(header) => self.pulse.begin(header.clone()),
            Update::Event(event) => self.pulse.event(event),
            Update::Progress(progress) => self.pulse.progress(progress, self.now),
            _ => {}
        }
        self.app.update(Message::Update(Box::new(update)));
    }

    fn happens(&mut self, second: i64, kind: EventKind) {
        self.seq += 1;
        self.now(second);
        self.told(Update::Event(Event { seq: self.seq, at: at(second), kind }));
    }

    fn now(&mut self, second: i64) {
        self.now = at(second);
        self.app.update(Message::Tick(at(second)));
    }

    fn presses(&mut self, keys: &str) -> Vec<Effect> {
        self.app.settle();
        keys.chars().flat_map(|letter| press(&mut self.app, code(letter))).collect()
    }

    fn outline(&mut self) {
        let check = |check: &str, finding: &str| EventKind::CheckFinished {
            check: check.into(),
            outcome: Outcome::Pass,
            finding: finding.into(),
            why: None,
            remedy: None,
        };
        self.happens(1, check("terraform", "1.11.4 at /usr/local/bin/terraform"));
        self.happens(2, check("credentials", "arn:aws:iam::123456789012:role/Installer"));
        let steps = |ids: &[(&str, &str)]| {
            let step = |(id, title): &(&str, &str)| StepOutline {
                id: (*id).into(),
                title: (*title).into(),
            };
            ids.iter().map(step).collect::<Vec<_>>()
        };
        let stage =
            |id: &str, of: &[(&str, &str)]| StageOutline { id: id.into(), steps: steps(of) };
        let stages = vec![
            stage(
                "foundation",
                &[("foundation", "Creating the network, the cluster and the database")],
            ),
            stage("images", &[("images", "Pushing the images")]),
            stage("platform", &[("platform", "Installing the platform")]),
            stage("gpu", &[("gpu", "Creating the GPU nodes")]),
            stage("converge", &[("converge", "Verifying that nothing is left to change")]),
        ];
        let tools = BTreeMap::from([("terraform".into(), "1.11.4".into())]);
        self.happens(6, EventKind::RolloutStarted { stages, tools });
    }

    fn enters(&mut self, second: i64, stage: &str) {
        self.happens(second, EventKind::StageStarted { stage: stage.into() });
        let (stage, step) = (stage.into(), stage.into());
        self.happens(second, EventKind::StepStarted { stage, step, attempt: 1 });
    }

    fn passes(&mut self, from: i64, until: i64, stage: &str) {
        self.enters(from, stage);
        let elapsed_ms = u64::try_from((until - from) * 1_000).unwrap();
        let (id, step) = (stage.to_owned(), stage.to_owned());
        let done = EventKind::StepFinished { stage: id, step, unchanged: false, elapsed_ms };
        self.happens(until, done);
        self.happens(until, EventKind::StageFinished { stage: stage.into(), elapsed_ms });
    }

    fn starts(&mut self, second: i64, stage: &str, address: &str) {
        let (stage, step, address) = (stage.into(), stage.into(), address.into());
        let kind = EventKind::ObjectStarted { stage, step, address, action: Action::Create };
        self.happens(second, kind);
    }

    fn makes(&mut self, second: i64, stage: &str, address: &str, elapsed_ms: u64) {
        let (stage, step, address) = (stage.into(), stage.into(), address.into());
        self.happens(
            second,
            EventKind::ObjectFinished {
                stage,
                step,
                address,
                action: Action::Create,
                id: Some("id-0123".into()),
                elapsed_ms,
                bytes: None,
            },
        );
    }

    fn foundation(&mut self) {
        self.outline();
        self.enters(27, "foundation");
        let log = "logs/foundation-foundation.log";
        self.happens(
            36,
            EventKind::CommandStarted {
                stage: "foundation".into(),
                step: "foundation".into(),
                purpose: "apply".into(),
                command: vec!["terraform".into(), "apply".into()],
                log: log.into(),
            },
        );
        let done = [
            "module.network.aws_vpc.this",
            "module.network.aws_subnet.public[\"us-west-2a\"]",
            "module.encryption.aws_kms_key.this[\"cluster\"]",
        ];
        let flying =
            ["module.cluster.aws_eks_cluster.this", "module.database.aws_db_instance.this"];
        let queued =
            ["module.cpu_nodes.aws_eks_node_group.this", "module.cluster.aws_eks_addon.dns"];
        let all = done.iter().chain(&flying).chain(&queued);
        self.happens(
            36,
            EventKind::PlanMade {
                stage: "foundation".into(),
                step: "foundation".into(),
                add: 7,
                change: 0,
                remove: 0,
                import: 0,
                resources: all.map(|address| ((*address).to_owned(), Action::Create)).collect(),
            },
        );
        for address in done {
            self.starts(39, "foundation", address);
            self.makes(51, "foundation", address, 12_000);
        }
        self.starts(72, "foundation", flying[0]);
        self.starts(100, "foundation", flying[1]);
        self.now(592);
    }

    fn helm(&mut self) {
        self.outline();
        self.passes(27, 1_147, "foundation");
        self.passes(1_147, 1_499, "images");
        self.enters(1_710, "platform");
        let waits = |object: &str, reason: &str| EventKind::Waiting {
            stage: "platform".into(),
            step: "platform".into(),
            object: object.into(),
            reason: reason.into(),
        };
        self.starts(1_711, "platform", "poolside/poolside");
        self.happens(
            1_720,
            waits("deployment/core-api", "1 of 2 ready, pod core-api-9kq2m starting"),
        );
        self.happens(1_725, waits("ingress/poolside", "has no address of a load balancer yet"));
        self.now(1_878);
    }

    fn fails(&mut self) {
        self.helm();
        let failure = Failure {
            what: "the release poolside did not become ready".into(),
            causes: vec![
                "deployment/core-api: 1 of 2 ready".into(),
                "pod core-api-9kq2m: 0 of 3 nodes have 16 GiB of memory left".into(),
            ],
            hint: Some("make the CPU nodes larger or more, then resume".into()),
        };
        self.happens(
            1_900,
            EventKind::StepFailed {
                stage: "platform".into(),
                step: "platform".into(),
                failure: failure.clone(),
                elapsed_ms: 190_000,
            },
        );
        self.ends(1_901, RunStatus::Failed, Some(failure));
    }

    fn ends(&mut self, second: i64, status: RunStatus, failure: Option<Failure>) {
        let elapsed_ms = u64::try_from(second * 1_000).unwrap();
        self.happens(second, EventKind::RunFinished { status, failure, elapsed_ms });
        self.told(Update::Ended(End::Finished(status)));
    }

    fn log(&mut self) {
        let line = |second, address: Option<&str>, text: &str| LogLine {
            at: at(second),
            step: "foundation".into(),
            address: address.map(str::to_owned),
            text: text.into(),
        };
        let mut lines = vec![line(36, None, "apply: terraform apply -json springboard.tfplan")];
        for second in 40..90 {
            let address = "module.cluster.aws_eks_cluster.this";
            let text = format!("{address}: Still creating... [{}s elapsed]", second - 30);
            lines.push(line(second, Some(address), &text));
        }
        lines.push(line(95, None, "Warning: something that is searched for"));
        self.app.update(Message::Log(lines));
    }
}

fn code(letter: char) -> KeyEvent {
    let (code, modifiers) = match letter {
        '\n' => (KeyCode::Enter, KeyModifiers::NONE),
        '\u{1b}' => (KeyCode::Esc, KeyModifiers::NONE),
        '\u{3}' => (KeyCode::Char('c'), KeyModifiers::CONTROL),
        letter => (KeyCode::Char(letter), KeyModifiers::NONE),
    };
    KeyEvent::new(code, modifiers)
}

fn press(face: &mut dyn Face, key: KeyEvent) -> Vec<Effect> {
    let mut effects = face.update(Message::Key(key));
    effects.extend(face.settle());
    effects
}

/// A scene: its name and how the run came to it.
type Scene = (&'static str, fn(&mut Story));

const SCENES: &[Scene] = &[
    ("rollout-foundation", Story::foundation),
    ("rollout-flat", |story| {
        story.foundation();
        story.presses("vjjj");
        story.now(600);
    }),
    ("rollout-helm", Story::helm),
    ("transfer", |story| {
        story.outline();
        story.passes(27, 1_147, "foundation");
        story.enters(1_147, "images");
        for (object, done, total) in
            [("inference", 3_400_000_000, 8_000_000_000), ("envoy", 158_000_000, 201_000_000)]
        {
            story.starts(1_150, "images", object);
            for (second, done) in [(1_200, done / 2), (1_208, done)] {
                story.now(second);
                story.told(Update::Progress(Progress::Bytes {
                    stage: "images".into(),
                    step: "images".into(),
                    object: object.into(),
                    done,
                    total: Some(total),
                }));
            }
        }
        story.makes(1_209, "images", "core-api", 8_000);
        story.now(1_210);
    }),
    ("details", |story| {
        story.foundation();
        story.happens(
            600,
            EventKind::Diagnostic {
                stage: "foundation".into(),
                step: "foundation".into(),
                severity: springboard::run::Severity::Warning,
                summary: "Deprecated attribute".into(),
                detail: "The attribute is deprecated.\nUse another.".into(),
                address: Some("module.cluster.aws_eks_cluster.this".into()),
                snippet: Some(Snippet {
                    file: "modules/cluster/main.tf".into(),
                    line: 42,
                    context: Some("resource \"aws_eks_cluster\" \"this\"".into()),
                    code: "  platform = var.platform".into(),
                }),
            },
        );
        story.presses("g\n");
    }),
    ("preflight", |story| {
        story.foundation();
        story.presses("h");
        story.now(600);
    }),
    ("failure", Story::fails),
    ("support", |story| {
        story.fails();
        story.presses("5\n");
    }),
    ("interrupted", |story| {
        story.foundation();
        story.told(Update::Ended(End::Lost { is_tool_at_work: true }));
    }),
    ("stopped", |story| {
        story.foundation();
        story.happens(600, EventKind::StopRequested { now: true, by: None });
        let (stage, step) = ("foundation".into(), "foundation".into());
        story.happens(640, EventKind::StepStopped { stage, step, elapsed_ms: 613_000 });
        story.ends(641, RunStatus::Stopped, None);
    }),
    ("stop-menu", |story| {
        story.foundation();
        story.presses("s");
    }),
    ("stop-now", |story| {
        story.foundation();
        story.presses("s4");
    }),
    ("confirm-guarded", |story| {
        story.foundation();
        let object = "module.database.aws_db_instance.this";
        let failure = Failure {
            what: format!("the plan would delete or replace {object}"),
            causes: Vec::new(),
            hint: Some(format!("if that is meant, resume with `--confirm '{object}'`")),
        };
        story.happens(
            600,
            EventKind::RefusedToDelete {
                stage: "foundation".into(),
                step: "foundation".into(),
                objects: vec![object.into()],
            },
        );
        story.ends(601, RunStatus::Refused, Some(failure));
        story.presses("\nmodule.database");
    }),
    ("credentials", |story| {
        story.helm();
        story.happens(
            1_880,
            EventKind::CredentialsChanged {
                standing: Standing::Ending,
                expires: Some(at(2_540)),
                what: "The credentials end in 11 minutes; log in again in another terminal".into(),
            },
        );
    }),
    ("log", |story| {
        story.foundation();
        story.presses("o");
        story.log();
        story.presses("f");
        story.now(600);
    }),
    ("log-search", |story| {
        story.foundation();
        story.presses("o");
        story.log();
        story.presses("/searched");
    }),
    ("help", |story| {
        story.foundation();
        story.presses("?");
    }),
    ("help-narrowed", |story| {
        story.foundation();
        story.presses("?log");
    }),
    ("finish", |story| {
        let path = root().join("tests/fixtures/screens/good-day.jsonl");
        recorded(story, &path);
        let blueprint = blueprint::ALL[0];
        let host = ("public_hostname".to_owned(), "poolside.acme.example".into());
        let answers = Answers::presumed(blueprint.catalogue(), &BTreeMap::from([host]));
        story.app.given.after = Some(After { blueprint, answers });
    }),
    ("read-only", |story| {
        story.foundation();
        let holder = Sender { user: "op".into(), terminal: Some("/dev/pts/0".into()), process: 1 };
        story.told(Update::Keys(Keys { holder: Some(holder), is_ours: false }));
    }),
];

/// Tells a recorded run.
fn recorded(story: &mut Story, path: &Path) {
    let (header, events) = journal::read(path).unwrap();
    story.told(Update::Begun(header));
    story.told(Update::CaughtUp);
    for event in events {
        story.app.update(Message::Tick(event.at));
        story.told(Update::Event(event));
    }
    story.told(Update::Ended(End::Finished(RunStatus::Done)));
}

fn told(scene: fn(&mut Story), size: (u16, u16), theme: Theme) -> Story {
    let mut story = Story::new(size, theme, Viewing::Hosted, "acme-prod");
    scene(&mut story);
    story
}

/// What a terminal of that size shows.
fn drawn(face: &mut dyn Face, size: (u16, u16), theme: Theme) -> String {
    face.settle();
    let mut terminal = Terminal::new(TestBackend::new(size.0, size.1)).unwrap();
    terminal.draw(|frame| face.draw(&mut Canvas::new(frame.buffer_mut(), theme))).unwrap();
    terminal.backend().to_string()
}

fn deployments() -> Vec<Known> {
    let known = |label: &str, mark, stage: &str, second| Known {
        label: label.into(),
        mark,
        stage: stage.into(),
        last: Some(at(second)),
        facts: vec![
            ("Now".into(), "Creating the EKS cluster and the database".into()),
            ("Run".into(), "0h2k, started 12:10:02 UTC by op on bastion-1".into()),
        ],
    };
    vec![
        known("acme-prod", Mark::Running, "foundation 3/10", 588),
        known("acme-stage", Mark::Failed, "gpu 7/10", -172_800),
        known("rehearsal/trial", Mark::Done, "converge 10/10", -432_000),
    ]
}

fn home(deployments: Vec<Known>, size: (u16, u16)) -> Home {
    let scenario = |name: &str, lesson: &str| Scenario { name: name.into(), lesson: lesson.into() };
    let scenarios = vec![
        scenario("good-day", "everything works"),
        scenario("gpu-capacity-missing", "no GPU is free in the zone"),
    ];
    let found = vec!["+ terraform  1.11.4   /usr/local/bin/terraform".to_owned()];
    Home::new(size, at(592), deployments, scenarios, found)
}

#[test]
fn every_screen_is_as_it_was_drawn() {
    for (name, scene) in SCENES {
        for size in [SMALL, LARGE] {
            let mut story = told(*scene, size, Theme::PLAIN);
            let screen = drawn(&mut story.app, size, Theme::PLAIN);
            insta::assert_snapshot!(format!("{name}-{}x{}", size.0, size.1), screen);
        }
    }
    for size in [SMALL, LARGE] {
        let mut three = home(deployments(), size);
        let screen = drawn(&mut three, size, Theme::PLAIN);
        insta::assert_snapshot!(format!("home-three-{}x{}", size.0, size.1), screen);
        press(&mut three, code('t'));
        let screen = drawn(&mut three, size, Theme::PLAIN);
        insta::assert_snapshot!(format!("home-scenarios-{}x{}", size.0, size.1), screen);
        let screen = drawn(&mut home(Vec::new(), size), size, Theme::PLAIN);
        insta::assert_snapshot!(format!("home-first-{}x{}", size.0, size.1), screen);
    }
}

#[test]
fn what_a_screen_shows_all_the_time_is_said_in_lines_from_time_to_time() {
    let mut said: Vec<String> = Vec::new();
    for name in ["rollout-foundation", "rollout-helm", "transfer"] {
        let (_, scene) = SCENES.iter().find(|(scene, _)| *scene == name).unwrap();
        let mut story = told(*scene, SMALL, Theme::PLAIN);
        let mut later = |seconds| {
            let lines = story.pulse.lines(story.now + SignedDuration::from_secs(seconds));
            lines.into_iter().map(|(stage, text)| format!("  {stage} {text}")).collect::<Vec<_>>()
        };
        let (first, again, after_a_minute) = (later(0), later(59), later(60));
        assert!(again.is_empty(), "{name}: {again:?}");
        said.push(name.to_owned());
        said.extend(first);
        said.push("a minute later".to_owned());
        said.extend(after_a_minute);
    }
    insta::assert_snapshot!(said.join("\n"));
    // Of a run that has ended nothing goes on.
    let mut story = told(Story::fails, SMALL, Theme::PLAIN);
    assert_eq!(story.pulse.lines(at(9_000)), []);
}

#[test]
fn a_large_screen_has_the_small_one_in_its_corner() {
    for name in ["rollout-foundation", "rollout-helm", "transfer"] {
        let (_, scene) = SCENES.iter().find(|(known, _)| *known == name).unwrap();
        let rows = |size| {
            let screen = drawn(&mut told(*scene, size, Theme::PLAIN).app, size, Theme::PLAIN);
            // The stages and the title; what follows the row in focus is beside on the large one.
            screen
                .lines()
                .take(12)
                .map(|row| row.chars().take(52).collect())
                .collect::<Vec<String>>()
        };
        assert_eq!(rows(SMALL), rows(LARGE), "{name}");
    }
}

#[test]
fn the_ascii_screen_is_the_unicode_one_with_its_glyphs_replaced() {
    let unicode = Theme { glyphs: Glyphs::Unicode, ..Theme::PLAIN };
    for (name, scene) in SCENES {
        let ascii = drawn(&mut told(*scene, SMALL, Theme::PLAIN).app, SMALL, Theme::PLAIN);
        let drawn = drawn(&mut told(*scene, SMALL, unicode).app, SMALL, unicode);
        let replaced: String = drawn
            .chars()
            .map(|glyph| match glyph {
                '►' => '>',
                '•' => '*',
                '○' => '~',
                '×' => 'x',
                '»' => '=',
                '─' => '-',
                '│' => '|',
                '√' | '┌' | '┐' | '└' | '┘' => '+',
                '■' | '█' => '#',
                '·' | '░' => '.',
                other => other,
            })
            .collect();
        assert_eq!(replaced, ascii, "{name}");
    }
}

#[test]
fn no_fact_is_lost_without_colours() {
    let coloured = Theme { ground: Ground::Dark, colours: Colours::Plain, ..Theme::PLAIN };
    for (name, scene) in SCENES {
        let plain = drawn(&mut told(*scene, SMALL, Theme::PLAIN).app, SMALL, Theme::PLAIN);
        assert_eq!(drawn(&mut told(*scene, SMALL, coloured).app, SMALL, coloured), plain, "{name}");
    }
}

#[test]
fn every_key_that_is_shown_does_something() {
    for (name, scene) in SCENES {
        let offered = told(*scene, SMALL, Theme::PLAIN).app.chrome().keys;
        if told(*scene, SMALL, Theme::PLAIN).app.popup.is_some() {
            continue;
        }
        for (command, word) in offered {
            let binding = KEYMAP.iter().find(|binding| binding.command == command).unwrap();
            let event = match binding.keys[0] {
                Key::Letter(letter) => KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE),
                Key::Control(letter) => KeyEvent::new(KeyCode::Char(letter), KeyModifiers::CONTROL),
                Key::Named(code) => KeyEvent::new(code, KeyModifiers::NONE),
            };
            let mut story = told(*scene, SMALL, Theme::PLAIN);
            story.app.settle();
            let before = format!("{:?}", story.app);
            let effects = press(&mut story.app, event);
            // A row that is in focus already, and a first match that is the only one, stay.
            let stays = matches!(word, "go to");
            let is_changed = format!("{:?}", story.app) != before;
            assert!(stays || is_changed || !effects.is_empty(), "{name}: {command:?} does nothing");
        }
    }
}

#[test]
fn on_a_terminal_that_is_too_small_one_line_says_so_and_q_works() {
    let mut story = told(Story::foundation, (79, 24), Theme::PLAIN);
    let screen = drawn(&mut story.app, (79, 24), Theme::PLAIN);
    let lines: Vec<_> = screen.lines().map(|line| line.trim_matches(['"', ' '])).collect();
    let said = "springboard needs 80x24, this terminal is 79x24; the run goes on. q quits";
    assert_eq!(lines[0], said);
    assert!(lines[1..].iter().all(|line| line.is_empty()));
    assert_eq!(story.presses("s"), []);
    assert_eq!(story.app.popup, None);
    assert_eq!(story.presses("q"), [Effect::Leave(Leaving::Quit)]);
    story.app.update(Message::Resize(80, 24));
    assert!(drawn(&mut story.app, SMALL, Theme::PLAIN).contains("EKS cluster"));
}

#[test]
fn a_stop_is_never_one_key_nor_a_plain_enter() {
    let mut story = told(Story::foundation, SMALL, Theme::PLAIN);
    assert_eq!(story.presses("s\n"), []);
    assert_eq!(story.presses("\u{3}\n"), []);
    assert_eq!(story.presses("s3\n"), [Effect::Ask(Request::StopAfterStage)]);
    assert_eq!(story.presses("s4\n"), [Effect::Ask(Request::StopNow)]);
    story.happens(600, EventKind::StopRequested { now: true, by: None });
    assert_eq!(story.presses("s3\nacme\n"), []);
    assert_eq!(story.presses("\u{1b}s3\nacme-prod\n"), [Effect::Ask(Request::Force)]);
}

#[test]
fn only_the_exact_name_confirms_and_enter_on_the_empty_field_goes_back() {
    let (_, scene) = SCENES.iter().find(|(name, _)| *name == "confirm-guarded").unwrap();
    let mut story = told(*scene, SMALL, Theme::PLAIN);
    assert_eq!(story.presses("\n"), []);
    assert!(story.app.popup.is_some());
    let confirmed = vec!["module.database.aws_db_instance.this".to_owned()];
    let resume = Effect::Leave(Leaving::Resume { confirmed });
    assert_eq!(story.presses(".aws_db_instance.this\n"), [resume]);
    let mut story = told(*scene, SMALL, Theme::PLAIN);
    story.app.popup = None;
    assert_eq!(story.presses("\n\n"), []);
    assert_eq!(story.app.popup, None);
}

#[test]
fn a_second_viewer_is_told_who_has_the_keys_and_stops_nothing() {
    let (_, scene) = SCENES.iter().find(|(name, _)| *name == "read-only").unwrap();
    let mut story = told(*scene, SMALL, Theme::PLAIN);
    assert_eq!(story.presses("s"), []);
    assert_eq!(story.app.popup, None);
    let screen = drawn(&mut story.app, SMALL, Theme::PLAIN);
    assert!(screen.contains("op on pts/0 has the keys; `w` takes them"), "{screen}");
    assert_eq!(story.presses("w"), [Effect::TakeKeys]);
}
