//! `springboard status` and `springboard runs`: what the journals say, without a run.

use jiff::Timestamp;
use serde_json::{Value, json};
use springboard::cli::{RunsArgs, StatusArgs};
use springboard::engine::deployment::Deployment;
use springboard::error::Hint;
use springboard::frontend::json::{document, pretty};
use springboard::frontend::printer::Printer;
use springboard::frontend::{Output, line, words};
use springboard::host::Host;
use springboard::run::RunState;
use springboard::run::event::{RunStatus, Standing};
use springboard::run::journal;
use springboard::run::state::Status;

use super::{Ending, named, state_root, watch};

pub(crate) async fn status(
    args: &StatusArgs,
    host: &Host,
    printer: &mut Printer,
) -> Result<Ending, Ending> {
    let root = state_root(args.common.state_dir.as_ref(), host);
    let Some(name) = &args.deployment else {
        return all(&root, args.common.output, printer);
    };
    let deployment = Deployment::find(&root, name).map_err(|error| Ending::usage(&error))?;
    if args.follow {
        return watch::follow(args, &deployment, host, printer).await;
    }
    let state = deployment.state().map_err(|error| Ending::plain_error(&error))?;
    let facts = Facts { deployment: &deployment, state: state.as_ref() };
    match args.common.output {
        Output::Json => printer.line(&document(&facts.json())),
        Output::Line | Output::Tui => {
            for line in facts.lines() {
                printer.line(&line);
            }
        }
    }
    Ok(Ending::DONE)
}

fn all(root: &std::path::Path, output: Output, printer: &mut Printer) -> Result<Ending, Ending> {
    let found = Deployment::all(root).map_err(|e| Ending::plain(1, format!("error: {e}")))?;
    let mut documents = Vec::new();
    for deployment in &found {
        let state = deployment.state();
        let word = match &state {
            Ok(state) => Facts { deployment, state: state.as_ref() }.word(),
            Err(error) => format!("unreadable: {error}"),
        };
        documents.push(json!({ "deployment": deployment.label(), "state": word }));
        if output == Output::Line {
            printer.line(&format!("{:<32} {word}", deployment.label()));
        }
    }
    if output == Output::Json {
        printer.line(&pretty(&documents));
    } else if found.is_empty() {
        printer.line("no deployment on this host; `springboard rehearse` shows a whole install");
    }
    Ok(Ending::DONE)
}

pub(crate) fn runs(args: &RunsArgs, host: &Host, printer: &mut Printer) -> Result<Ending, Ending> {
    let deployment = named(args.common.state_dir.as_ref(), &args.deployment, host)?;
    let ids = deployment.runs().map_err(|e| Ending::plain(1, format!("error: {e}")))?;
    let mut documents = Vec::new();
    for id in ids {
        let path = deployment.run(&id).join("journal.jsonl");
        let (header, events) = journal::read(&path).map_err(|error| Ending::plain_error(&error))?;
        let mut state = RunState::default();
        state.begin_run(header.clone());
        for event in &events {
            state.apply(event);
        }
        let word = run_word(&state);
        let began = header.at.strftime("%Y-%m-%d %H:%M:%S").to_string();
        let took = state
            .at
            .map_or(0, |end| u64::try_from(end.duration_since(header.at).as_millis()).unwrap_or(0));
        if args.common.output == Output::Line {
            let continues = header.continues.as_ref().map(|c| format!(", continues {c}"));
            let continues = continues.unwrap_or_default();
            printer.line(&format!("{id} {began} {} {word}{continues}", words::elapsed(took)));
        }
        documents.push(json!({
            "run": id, "at": header.at, "state": word, "continues": header.continues,
            "elapsed_ms": took,
        }));
    }
    if args.common.output == Output::Json {
        printer.line(&pretty(&documents));
    }
    Ok(Ending::DONE)
}

/// What is known of one deployment.
struct Facts<'a> {
    deployment: &'a Deployment,
    state: Option<&'a RunState>,
}

impl Facts<'_> {
    fn word(&self) -> String {
        let Some(state) = self.state else { return "draft".into() };
        match self.deployment.owner() {
            Some(owner) => format!("running, run {} by process {}", owner.run, owner.pid),
            None if self.deployment.is_tool_at_work() => {
                let what = state.command.as_ref().map_or("a tool", |c| c.purpose.as_str());
                format!("interrupted, {what} of it is still at work; resume takes it over")
            }
            None => run_word(state),
        }
    }

    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("{} {}", self.deployment.label(), self.word())];
        let Some(state) = self.state else { return lines };
        for stage in &state.stages {
            let time = stage.elapsed_ms.filter(|_| stage.status == Status::Done);
            let time = time.map(words::elapsed);
            lines.push(format!(
                "  {:<14} {}",
                stage.id,
                time.as_deref().unwrap_or(stage.status.word())
            ));
            for step in stage.steps.iter().filter(|s| s.status == Status::Running) {
                for (address, (action, _)) in &step.in_flight {
                    lines.push(format!("    {address} {}", words::doing(*action)));
                }
                for (object, reason) in &step.waiting {
                    lines.push(format!("    {object} waiting: {reason}"));
                }
            }
        }
        let said = state.credentials.filter(|_| state.status.is_none());
        lines.extend(said.map(|(standing, expires)| credentials(standing, expires)));
        if let Some(failure) = &state.failure {
            lines.extend(line::failure(failure).lines().map(str::to_owned));
        }
        lines
    }

    fn json(&self) -> Value {
        let stages: Vec<Value> = self.state.map_or(Vec::new(), |state| {
            let step = |s: &springboard::run::state::StepState| {
                json!({ "id": s.id, "state": s.status.word(), "elapsed_ms": s.elapsed_ms })
            };
            let stage = |s: &springboard::run::state::StageState| {
                let steps: Vec<_> = s.steps.iter().map(step).collect();
                json!({ "id": s.id, "state": s.status.word(), "elapsed_ms": s.elapsed_ms, "steps": steps })
            };
            state.stages.iter().map(stage).collect()
        });
        json!({
            "deployment": self.deployment.label(),
            "state": self.word(),
            "run": self.state.and_then(|s| s.header.as_ref()).map(|h| h.run.clone()),
            "stages": stages,
            "outputs": self.state.map(|s| s.outputs.clone()),
            "failure": self.state.and_then(|s| s.failure.clone()),
        })
    }
}

/// How the credentials of a run stand that is at work.
fn credentials(standing: Standing, expires: Option<Timestamp>) -> String {
    let at = expires.map(|at| at.strftime(" at %H:%M:%S UTC").to_string()).unwrap_or_default();
    let word = match standing {
        Standing::Ended => "have ended; what runs waits for a new login",
        Standing::Ending => "end",
        Standing::Renewed | Standing::Other if expires.is_none() => "were renewed and do not end",
        Standing::Renewed | Standing::Other => "were renewed and end",
    };
    format!("  the credentials {word}{at}")
}

fn run_word(state: &RunState) -> String {
    match state.status {
        Some(RunStatus::Done) => "done",
        Some(RunStatus::NotReady) => "not ready",
        Some(RunStatus::Failed) => "failed",
        Some(RunStatus::Stopped) => "stopped",
        Some(RunStatus::Refused) => "refused",
        None => "interrupted",
    }
    .to_owned()
}

impl Ending {
    /// A file of ours that cannot be read.
    pub(crate) fn plain_error(error: &dyn Hint) -> Self {
        Self { code: 1, text: Some(springboard::error::render(error)) }
    }
}
