//! The embedded Terraform in a folder of its own, with the simulated provider attached.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use springboard::bundle::embedded;
use springboard::rehearsal::{Scenario, World, provider};
use tokio::net::UnixListener;
use tokio::runtime::Runtime;

use super::objects::{self, Object};
use crate::support::programs::capture_with;

/// One engine at one root in one world.
pub(super) struct Workshop {
    /// First, so that nothing serves any more when the folder goes.
    _runtime: Runtime,
    dir: tempfile::TempDir,
    engine: PathBuf,
    name: &'static str,
}

impl Workshop {
    pub(super) fn new(name: &'static str, engine: &Path) -> Self {
        // The path of a Unix socket must be short.
        let dir = tempfile::Builder::new().prefix("sb").tempdir_in("/tmp").unwrap();
        embedded::write_to("terraform", &dir.path().join("terraform")).unwrap();
        let world = World::open(&dir.path().join("world"), Scenario::default(), 0.0).unwrap();
        let runtime = Runtime::new().unwrap();
        let listener = {
            let _inside = runtime.enter();
            UnixListener::bind(dir.path().join("p.sock")).unwrap()
        };
        runtime.spawn(provider::serve(Arc::clone(&world), listener));
        // The tester's own settings (mirrors, overrides) stay out.
        std::fs::write(dir.path().join("settings.tfrc"), "").unwrap();
        let workshop = Self { _runtime: runtime, dir, engine: engine.to_owned(), name };
        if name == "tofu" {
            let lock = workshop.root().join(".terraform.lock.tofu.hcl");
            std::fs::copy(lock, workshop.root().join(".terraform.lock.hcl")).unwrap();
        }
        workshop
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("terraform/poolside")
    }

    /// Prepares the folder; the lock file must be good as it is.
    pub(super) fn init(&self) {
        self.run(&["init", "-input=false", "-no-color", "-lockfile=readonly"]);
    }

    pub(super) fn apply(&self, variables: &Value) {
        self.write(variables);
        self.run(&["apply", "-auto-approve", "-input=false", "-no-color"]);
    }

    /// What a plan would do: action and address; what it leaves alone is not in it.
    pub(super) fn planned_actions(&self, variables: &Value) -> Vec<String> {
        self.write(variables);
        self.run(&["plan", "-input=false", "-no-color", "-out=plan"]);
        let plan = self.json(&["show", "-json", "plan"]);
        let changes = plan["resource_changes"].as_array().unwrap();
        let action = |change: &Value| {
            let actions: Vec<_> =
                change["change"]["actions"].as_array().unwrap().iter().map(text).collect();
            format!("{} {}", actions.join("+"), text(&change["address"]))
        };
        let quiet = ["no-op ", "read "];
        changes.iter().map(action).filter(|a| !quiet.iter().any(|q| a.starts_with(q))).collect()
    }

    /// Everything in the state, sorted by address.
    pub(super) fn objects(&self) -> Vec<Object> {
        objects::of_state(&self.json(&["show", "-json"]))
    }

    /// Standard output of a command that prints one JSON document.
    pub(super) fn json(&self, args: &[&str]) -> Value {
        let text = self.run(args);
        let document = serde_json::from_str(&text);
        document.unwrap_or_else(|error| panic!("{} {args:?} printed no JSON: {error}", self.name))
    }

    /// Runs a command that must succeed.
    pub(super) fn run(&self, args: &[&str]) -> String {
        let attached = json!({ self.provider(): {
            "Protocol": "grpc", "ProtocolVersion": 6, "Pid": std::process::id(), "Test": true,
            "Addr": { "Network": "unix", "String": self.dir.path().join("p.sock") },
        }})
        .to_string();
        let settings = self.dir.path().join("settings.tfrc");
        let env = [
            ("TF_CLI_CONFIG_FILE", settings.to_str().unwrap()),
            ("TF_REATTACH_PROVIDERS", attached.as_str()),
            ("CHECKPOINT_DISABLE", "1"),
            ("TF_IN_AUTOMATION", "1"),
            // The engines spend a third of their time on collecting garbage that fits in memory.
            ("GOGC", "400"),
        ];
        let (code, text) = capture_with(&self.engine, args, &self.root(), &env);
        assert_eq!(code, Some(0), "{} {args:?}:\n{text}", self.name);
        text
    }

    fn provider(&self) -> &'static str {
        match self.name {
            "terraform" => "registry.terraform.io/hashicorp/aws",
            _ => "registry.opentofu.org/hashicorp/aws",
        }
    }

    fn write(&self, variables: &Value) {
        let file = self.root().join("answers.auto.tfvars.json");
        std::fs::write(file, variables.to_string()).unwrap();
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
