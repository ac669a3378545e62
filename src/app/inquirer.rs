//! Finds things out for a form: what can be chosen from, what checks say, what would be made.
//!
//! Answers change with every key; the account is asked when they have rested for a moment, and only
//! for what depends on what has changed. Whatever is known is told at once.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use springboard::answers::{Answers, Offers};
use springboard::blueprint::{self, Blueprint};
use springboard::engine::deployment::{Deployment, Kind};
use springboard::engine::surroundings::Surroundings;
use springboard::frontend::tui::inquiry::{Found, Heard, Preview, Wanted};
use springboard::frontend::view::names;
use springboard::host::Host;
use springboard::preflight::offers::{self, Asking};
use springboard::preflight::reach::{Internet, Reach};
use springboard::preflight::{
    self, Account, Context, Estimate, Finding, Limits, Seen, StateFolder, Unable,
};
use springboard::tools::process::{CommandLine, HandedOver, hand_over};
use springboard::tools::toolbox::Search;
use tokio::io::AsyncReadExt as _;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::sessions::Sessions;

/// Answers have come to rest when nothing has changed for so long.
const REST: Duration = Duration::from_millis(400);

/// Whom a form's questions are put to.
pub(super) enum Door {
    /// The account that the answers name.
    Account(Sessions),
    /// A simulated world.
    World(Box<Surroundings>),
}

/// Who is asked, and from where.
pub(super) struct Whom {
    pub(super) host: Host,
    pub(super) root: PathBuf,
    pub(super) blueprint: &'static dyn Blueprint,
    pub(super) door: Door,
}

/// What is needed to find things out.
pub(super) struct Inquirer {
    pub(super) whom: Whom,
    pub(super) is_named: bool,
    pub(super) search: Search,
    /// The words of the command that prints a plan, without the answers.
    pub(super) plan: Vec<String>,
    /// Where the draft is kept that a plan is made of.
    pub(super) draft: tokio::sync::watch::Receiver<PathBuf>,
    pub(super) heard: UnboundedSender<Heard>,
}

impl Whom {
    /// How the account and the network are asked with these answers.
    pub(super) fn asking(&self, answers: &Answers) -> Asking {
        let reach: Arc<dyn Reach> = match &self.door {
            Door::World(around) => around.reach.clone(),
            Door::Account(_) => Arc::new(Internet::of(&self.host)),
        };
        Asking {
            account: Arc::new(self.account(answers)),
            reach,
            host: self.host.clone(),
            demand: self.blueprint.demand(answers),
            profile: self.blueprint.aws_profile(answers),
        }
    }

    /// The account anew: what was asked of it for other answers may be another's.
    fn account(&self, answers: &Answers) -> Account {
        match &self.door {
            Door::World(around) => {
                Account::new(around.cloud.clone(), Some(around.credentials.clone()))
            }
            Door::Account(sessions) => {
                let (root, blueprint) = (&self.root, self.blueprint);
                super::preflight::account(root, answers, blueprint, sessions, &self.host)
            }
        }
    }
}

/// What is being asked, and what was.
#[derive(Default)]
struct Known {
    answers: Option<(Answers, Vec<String>)>,
    /// For each question, what its choices were asked for.
    asked: BTreeMap<&'static str, String>,
    running: JoinSet<()>,
    checks: JoinSet<()>,
    plan: JoinSet<()>,
}

impl Inquirer {
    /// Finds things out until nobody wants any more.
    pub(super) async fn run(self, mut wanted: UnboundedReceiver<Wanted>) {
        let mut known = Known::default();
        let mut rests: Option<Instant> = None;
        loop {
            let at = rests.unwrap_or_else(Instant::now);
            tokio::select! {
                next = wanted.recv() => match next {
                    None => return,
                    Some(Wanted::Answers { answers, missing }) => {
                        known.answers = Some((answers, missing));
                        rests = Some(Instant::now() + REST);
                    }
                    Some(Wanted::Again) => {
                        known.asked.clear();
                        rests = Some(Instant::now());
                    }
                    Some(Wanted::Plan) => self.plan(&mut known),
                    Some(Wanted::Code(code)) => {
                        if let Door::Account(sessions) = &self.whom.door {
                            sessions.take(code);
                        }
                        known.asked.clear();
                        rests = Some(Instant::now());
                    }
                },
                () = sleep_until(at), if rests.is_some() => {
                    rests = None;
                    self.ask(&mut known);
                }
            }
        }
    }

    fn ask(&self, known: &mut Known) {
        let Some((answers, missing)) = known.answers.clone() else { return };
        // What has ended is not kept until the form is left.
        while known.running.try_join_next().is_some() {}
        let asking = self.whom.asking(&answers);
        for question in answers.catalogue().questions().filter(|q| answers.applies(q)) {
            if question.offers == Offers::Nothing {
                continue;
            }
            let depends = offers::depends(question.offers, &asking);
            if known.asked.get(question.key) == Some(&depends) {
                continue;
            }
            known.asked.insert(question.key, depends);
            let (asking, heard, host) =
                (asking.clone(), self.heard.clone(), self.whom.host.clone());
            let (key, offers) = (question.key, question.offers);
            known.running.spawn(async move {
                // Nobody listens any more once the form is left.
                let _left = heard.send(Heard::Asking { key });
                let offered = offers::ask(offers, &asking).await.map_err(words);
                let _left = heard.send(Heard::Offered { key, offered, at: host.now() });
                if offers == Offers::AwsProfiles {
                    let facts = offers::identity(&asking).await.map_err(words);
                    let _left = heard.send(Heard::Facts { key, facts });
                }
            });
        }
        let (heard, blueprint) = (self.heard.clone(), self.whom.blueprint);
        let (of, today) = (answers.clone(), self.whom.host.today());
        // Folders are read, perhaps on a slow disk.
        known.running.spawn_blocking(move || {
            let _left = heard.send(Heard::Follows(blueprint.consequences(&of, today)));
        });
        // What ran for earlier answers says nothing about these.
        known.checks.abort_all();
        let context = self.context(&asking, answers, missing);
        let (heard, catalogue) = (self.heard.clone(), blueprint::checks(self.whom.blueprint));
        known.checks.spawn(async move {
            let none = std::collections::BTreeSet::new();
            let report = preflight::run(&catalogue, &context, &none, Limits::default()).await;
            let found = report.checked.into_iter().map(|checked| Found {
                check: checked.check.id,
                subject: checked.check.subject.word(),
                outcome: checked.finding.outcome,
                found: checked.finding.found,
                remedy: checked.finding.remedy,
            });
            let _left = heard.send(Heard::Checked(found.collect()));
        });
    }

    fn context(&self, asking: &Asking, answers: Answers, missing: Vec<String>) -> Context {
        let pace = match &self.whom.door {
            Door::World(around) => around.pace,
            Door::Account(_) => 1.0,
        };
        let known = asking.demand.duration.mul_f64(pace);
        Context {
            host: self.whom.host.clone(),
            state: StateFolder {
                path: self.whom.root.clone(),
                is_named: self.is_named,
                is_rehearsal: matches!(self.whom.door, Door::World(_)),
            },
            account: asking.account.clone(),
            answers,
            missing,
            demand: asking.demand.clone(),
            search: self.search.clone(),
            toolbox: None,
            reach: asking.reach.clone(),
            estimate: Estimate { next: known, known },
            continues: false,
            seen: Seen::default(),
        }
    }

    /// Has a process of its own make the plan: it cleans up behind itself also when the form is left.
    fn plan(&self, known: &mut Known) {
        let command = plan_command(&self.plan, &self.draft.borrow(), &self.whom.host);
        let (heard, log) = (self.heard.clone(), plan_log(&self.whom.root));
        known.plan.abort_all();
        known.plan.spawn(async move {
            let planned = planned(&command, &log).await;
            let _left = heard.send(Heard::Planned(planned));
        });
    }
}

/// The command that prints the plan of an answer file.
pub(super) fn plan_command(words: &[String], answers: &Path, host: &Host) -> CommandLine {
    let mut args = words.to_vec();
    args.extend(["--answers".to_owned(), answers.display().to_string()]);
    CommandLine {
        program: host.program().to_owned(),
        args,
        env: host.vars().clone(),
        dir: host.current_dir().to_owned(),
    }
}

/// Where the command that makes a plan says what goes wrong.
pub(super) fn plan_log(root: &Path) -> PathBuf {
    root.join("plan.log")
}

/// Lets the command end by itself whatever becomes of this: it has a world to end.
pub(super) async fn planned(command: &CommandLine, log: &Path) -> Result<Preview, String> {
    let _made_anew = std::fs::remove_file(log);
    let failed = |error: std::io::Error| format!("it could not be asked for: {error}");
    let started = hand_over(command, b"", log).await.map_err(failed)?;
    // It reads nothing, and is answered nothing.
    let HandedOver { mut said, mut child, .. } = started;
    let mut document = Vec::new();
    said.read_to_end(&mut document).await.map_err(failed)?;
    if child.wait().await.map_err(failed)?.success() {
        return serde_json::from_slice(&document)
            .map(|document| preview(&document))
            .map_err(|error| format!("what `springboard plan` said could not be read: {error}"));
    }
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let error = text.lines().find_map(|line| line.strip_prefix("error: "));
    Err(error.unwrap_or("`springboard plan` ended without a word").to_owned())
}

/// Why nothing is known, in words.
pub(super) fn words(unable: Unable) -> String {
    Finding::from(unable).found
}

/// What is shown of a plan: its resources by part, its other stages by what they do.
fn preview(document: &Value) -> Preview {
    let mut parts: Vec<(String, usize)> = Vec::new();
    for address in document["resources"].as_object().into_iter().flat_map(|all| all.keys()) {
        let part = names::part(address);
        match parts.iter_mut().find(|(known, _)| *known == part) {
            Some((_, number)) => *number += 1,
            None => parts.push((part, 1)),
        }
    }
    let steps = |stage: &Value| {
        let steps = stage["steps"].as_array().into_iter().flatten();
        steps.filter_map(|step| step["title"].as_str()).collect::<Vec<_>>().join("; ")
    };
    let stages = document["stages"].as_array().into_iter().flatten();
    let stages = stages.filter_map(|stage| Some((stage["id"].as_str()?.to_owned(), steps(stage))));
    Preview { parts, stages: stages.collect() }
}

/// A world of its own for a form: nothing may be left in that of a rehearsal.
pub(super) struct Scratch {
    deployment: Deployment,
}

impl Scratch {
    pub(super) async fn open(
        root: &std::path::Path,
        scenario: &str,
        region: &str,
        host: &Host,
    ) -> Result<(Self, Surroundings), super::Ending> {
        let folder = root.join("wizard").join(std::process::id().to_string());
        let deployment = Deployment::named(&folder, Kind::Rehearsal, "draft");
        deployment.make().map_err(|error| super::Ending::not_ready(&error))?;
        let scale = super::world::DEFAULT_TIME_SCALE;
        let address = super::world::start(host, &deployment.world(), scenario, scale).await?;
        let login = super::credentials::Login::rehearsed(&deployment, &address, None, host).await?;
        let around = super::rehearsal::surroundings(&address, region, login);
        Ok((Self { deployment }, around))
    }

    pub(super) async fn close(self) {
        if let Err(error) = super::world::stop(&self.deployment.world()).await {
            tracing::warn!(%error, "the world of the form did not end");
        }
        let _left_for_the_next = std::fs::remove_dir_all(self.deployment.state_root());
    }
}
