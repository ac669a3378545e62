//! A folder in which a real engine works against the simulated provider.

use std::path::{Path, PathBuf};

use super::attached::Attached;
use super::programs::{capture_with, engines, spawn_with};

/// A world with its provider, and a folder in which an engine works.
pub(crate) struct Bench(pub(crate) Attached);

impl Bench {
    fn new(name: &'static str, engine: &Path, scenario: &str, time_scale: f64) -> Self {
        let attached = Attached::new(name, engine, scenario, time_scale);
        std::fs::create_dir(attached.dir().join("root")).unwrap();
        Self(attached)
    }

    /// The folder in which the engine works.
    pub(crate) fn root(&self) -> PathBuf {
        self.0.dir().join("root")
    }

    /// Writes the root module.
    pub(crate) fn write(&self, text: &str) {
        std::fs::write(self.root().join("main.tf"), text).unwrap();
    }

    /// Writes the root module in Terraform's JSON.
    pub(crate) fn write_json(&self, root: &serde_json::Value) {
        std::fs::write(self.root().join("main.tf.json"), root.to_string()).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        self.run_in(&self.root(), args)
    }

    pub(crate) fn run_in(&self, folder: &Path, args: &[&str]) -> (Option<i32>, String) {
        capture_with(&self.0.engine, args, folder, &self.0.environment())
    }

    /// Starts a command and does not wait for it.
    pub(crate) fn start(&self, args: &[&str]) -> Started {
        Started(spawn_with(&self.0.engine, args, &self.root(), &self.0.environment()))
    }

    /// Runs a command that must end with that exit code.
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> String {
        let (got, text) = self.run(args);
        assert_eq!(got, Some(code), "{} {args:?}:\n{text}", self.0.name);
        text
    }

    pub(crate) fn apply(&self) -> String {
        self.expect(0, &["init", "-input=false", "-no-color"]);
        self.expect(0, &["apply", "-auto-approve", "-input=false", "-no-color"])
    }

    pub(crate) fn plan(&self, code: i32) -> String {
        self.expect(code, &["plan", "-input=false", "-no-color", "-detailed-exitcode"])
    }

    /// The plan of the root as `show -json` has it.
    pub(crate) fn planned(&self) -> serde_json::Value {
        self.expect(0, &["plan", "-input=false", "-no-color", "-out=plan"]);
        serde_json::from_str(&self.expect(0, &["show", "-json", "plan"])).unwrap()
    }

    pub(crate) fn state(&self) -> serde_json::Value {
        let text = std::fs::read_to_string(self.root().join("terraform.tfstate")).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) fn attributes(&self, kind: &str, name: &str) -> serde_json::Value {
        let state = self.state();
        let resources = state["resources"].as_array().unwrap();
        let resource = resources.iter().find(|r| r["type"] == kind && r["name"] == name).unwrap();
        resource["instances"][0]["attributes"].clone()
    }
}

/// A command that runs.
pub(crate) struct Started(std::process::Child);

impl Started {
    /// Asks it to stop, once; what it said until it ended.
    pub(crate) fn interrupt(self) -> String {
        self.signal(rustix::process::Signal::INT);
        let output = self.0.wait_with_output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    }

    pub(crate) fn kill(mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    fn signal(&self, signal: rustix::process::Signal) {
        rustix::process::kill_process(rustix::process::Pid::from_child(&self.0), signal).unwrap();
    }
}

/// A bench for each engine that is there.
pub(crate) fn benches(scenario: &str, time_scale: f64) -> Vec<Bench> {
    engines()
        .into_iter()
        .map(|(name, path)| Bench::new(name, &path, scenario, time_scale))
        .collect()
}
