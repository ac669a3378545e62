//! The embedded Terraform in a folder of its own, with the simulated provider attached.

use std::path::{Path, PathBuf};

use serde_json::Value;
use springboard::bundle::embedded;

use super::objects::{self, Object};
use crate::support::attached::Attached;
use crate::support::programs::capture_with;

/// One engine at one root in one world.
pub(super) struct Workshop(Attached);

impl Workshop {
    pub(super) fn new(name: &'static str, engine: &Path) -> Self {
        let attached = Attached::new(name, engine, "", 0.0);
        embedded::write_to("terraform", &attached.dir().join("terraform")).unwrap();
        let workshop = Self(attached);
        if name == "tofu" {
            let lock = workshop.root().join(".terraform.lock.tofu.hcl");
            std::fs::copy(lock, workshop.root().join(".terraform.lock.hcl")).unwrap();
        }
        workshop
    }

    fn root(&self) -> PathBuf {
        self.0.dir().join("terraform/poolside")
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
        document.unwrap_or_else(|error| panic!("{} {args:?} printed no JSON: {error}", self.0.name))
    }

    /// Runs a command that must succeed.
    pub(super) fn run(&self, args: &[&str]) -> String {
        let env = self.0.environment();
        let (code, text) = capture_with(&self.0.engine, args, &self.root(), &env);
        assert_eq!(code, Some(0), "{} {args:?}:\n{text}", self.0.name);
        text
    }

    fn write(&self, variables: &Value) {
        let file = self.root().join("answers.auto.tfvars.json");
        std::fs::write(file, variables.to_string()).unwrap();
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
