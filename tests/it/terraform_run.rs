//! The real terraform and tofu under `tool-run`, with nothing but the built-in `terraform_data`.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::json;
use springboard::run::{Action, EventKind, Redactor, Secret};
use springboard::tools::terraform::{
    Command, Engine, PlanJson, Root, State, Told, Translator, read_outputs,
};
use springboard::tools::{CommandLine, Ended, Heard, Invocation, capture, start};
use tempfile::TempDir;

use crate::support::programs::engines;

const CONFIGURATION: &str = r#"
variable "size" {
  type = number
}
variable "password" {
  type      = string
  sensitive = true
}
resource "terraform_data" "this" {
  triggers_replace = var.size
  input            = var.password
  provisioner "local-exec" {
    command = "echo $PASSWORD; exit ${var.size == 13 ? 1 : 0}"
    environment = { PASSWORD = nonsensitive(var.password) }
  }
}
output "password" {
  value     = var.password
  sensitive = true
}
"#;

/// A working directory with a root and the log of its step.
struct Work {
    dir: TempDir,
    root: Root,
    redactor: Redactor,
}

impl Work {
    fn new(engine: &str, program: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("main.tf"), CONFIGURATION).unwrap();
        let env = BTreeMap::from([("PATH".into(), "/usr/bin:/bin".into())]);
        let root = Root::new(engine.parse::<Engine>().unwrap(), program, dir.path(), env);
        let redactor = Redactor::default();
        redactor.learn(&Secret::new("planted-secret"));
        Self { dir, root, redactor }
    }

    fn set_size(&self, size: u32) {
        let values = json!({"size": size, "password": "planted-secret"});
        self.root.write_variables(values.as_object().unwrap()).unwrap();
    }

    async fn run(&self, command: CommandLine, meaning: Command) -> (Vec<EventKind>, Told, Ended) {
        let invocation = Invocation {
            purpose: command.args[0].clone(),
            command,
            log: self.dir.path().join("step.log"),
            recovery: self.dir.path().join("recovered.tfstate"),
            redactor: self.redactor.clone(),
            lock: None,
        };
        let own = Path::new(env!("CARGO_BIN_EXE_springboard"));
        let mut running = start(&invocation, own).await.unwrap();
        let mut translator = Translator::new("foundation", "apply", meaning);
        let mut heard = Vec::new();
        while let Some(line) = running.next_line().await.unwrap() {
            heard.extend(translator.line(&line));
        }
        let ended = running.wait().await.unwrap();
        heard.extend(translator.finish(&ended, Timestamp::now()));
        let events = heard.into_iter().filter_map(|heard| match heard {
            Heard::Event(event) => Some(event),
            Heard::Progress(_) => None,
        });
        (events.collect(), translator.told().clone(), ended)
    }

    async fn document(&self, command: CommandLine) -> Vec<u8> {
        capture(&command, Duration::from_mins(1)).await.unwrap().stdout
    }

    /// `plan` and `apply`; the events of the apply.
    async fn pass(&self) -> (Vec<EventKind>, Told, Ended) {
        let (_, _, planned) = self.run(self.root.plan(), Command::Plan).await;
        assert_eq!(planned.code(), Some(2));
        let applied = self.run(self.root.apply(), Command::Apply).await;
        self.root.remove_plan().unwrap();
        applied
    }
}

#[tokio::test]
async fn a_pass_is_planned_shown_applied_and_planned_empty() {
    for (engine, program) in engines() {
        let work = Work::new(engine, &program);
        work.set_size(1);
        let (_, _, initialised) = work.run(work.root.init(&[]), Command::Other).await;
        assert!(initialised.is_success());
        let (events, _, ended) = work.run(work.root.plan(), Command::Plan).await;
        assert_eq!(ended.code(), Some(2));
        let [EventKind::PlanMade { add: 1, resources, .. }] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!(resources["terraform_data.this"], Action::Create);
        let plan = PlanJson::read(&work.document(work.root.show_plan()).await).unwrap();
        assert_eq!(plan.changes().count(), 1);
        let (events, told, ended) = work.run(work.root.apply(), Command::Apply).await;
        assert!(told.is_applied(&ended), "{told:?}");
        assert!(matches!(
            &events[..],
            [EventKind::ObjectStarted { .. }, EventKind::ObjectFinished { id: Some(_), .. }]
        ));
        let state = State::read(&work.document(work.root.show_state()).await).unwrap();
        assert!(state.resource("terraform_data.this").is_some());
        let outputs = read_outputs(&work.document(work.root.output()).await).unwrap();
        assert_eq!(outputs["password"].secret(), Some(&Secret::new("planted-secret")));
        let (events, _, ended) = work.run(work.root.plan(), Command::Plan).await;
        assert_eq!((events.len(), ended.code()), (1, Some(0)));
        let log = std::fs::read_to_string(work.dir.path().join("step.log")).unwrap();
        assert!(!log.contains("planted-secret") && log.contains("(redacted)"));
    }
}

#[tokio::test]
async fn what_failed_is_tainted_and_can_be_declared_healthy() {
    for (engine, program) in engines() {
        let work = Work::new(engine, &program);
        work.set_size(13);
        work.run(work.root.init(&[]), Command::Other).await;
        let (events, told, ended) = work.pass().await;
        assert_eq!(ended.code(), Some(1));
        assert_eq!(told.failed, ["terraform_data.this"]);
        assert!(events.iter().any(|event| matches!(
            event,
            EventKind::Diagnostic { address: Some(address), .. } if address == "terraform_data.this"
        )));
        let tainted = |state: &State| state.tainted().count();
        let state = State::read(&work.document(work.root.show_state()).await).unwrap();
        assert_eq!(tainted(&state), 1);
        let (_, _, untainted) =
            work.run(work.root.untaint("terraform_data.this"), Command::Other).await;
        assert!(untainted.is_success());
        let state = State::read(&work.document(work.root.show_state()).await).unwrap();
        assert_eq!(tainted(&state), 0);
    }
}

#[tokio::test]
async fn an_object_that_exists_already_is_taken_in() {
    for (engine, program) in engines() {
        let work = Work::new(engine, &program);
        work.set_size(1);
        work.run(work.root.init(&[]), Command::Other).await;
        let objects = BTreeMap::from([("terraform_data.this".into(), "given-id".into())]);
        work.root.write_imports(&objects).unwrap();
        let (events, _, _) = work.run(work.root.plan(), Command::Plan).await;
        let [EventKind::PlanMade { import: 1, .. }] = &events[..] else { panic!("{events:?}") };
    }
}
