//! The world without the installer: one engine, one root of somebody's own, `springboard world`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use springboard::rehearsal::control;

use super::programs::{capture_with, program};
use super::sandbox::{Finished, Sandbox};

/// A world that runs, and a root in it.
pub(crate) struct Account {
    pub(crate) sandbox: Sandbox,
    engine: PathBuf,
    environment: BTreeMap<String, String>,
}

impl Account {
    /// The world of that scenario; nothing where the engine is missing.
    pub(crate) fn new(engine: &str, scenario: &str, time_scale: &str) -> Option<Self> {
        let engine = program(engine)?;
        let sandbox = Sandbox::new();
        let start = ["world", "start", "--scenario", scenario, "--time-scale", time_scale];
        sandbox.run(&start).expect_code(0);
        fs::create_dir(sandbox.path().join("root")).unwrap();
        fs::write(sandbox.path().join("settings.tfrc"), "").unwrap();
        let mut account = Self { sandbox, engine, environment: BTreeMap::new() };
        account.look();
        Some(account)
    }

    /// Asks the world anew how it is reached.
    pub(crate) fn look(&mut self) {
        let told = self.sandbox.run(&["world", "env", "--json"]).expect_code(0).out;
        self.environment = serde_json::from_str(&told).unwrap();
        let settings = self.sandbox.path().join("settings.tfrc").display().to_string();
        // The tester's own settings (mirrors, overrides) stay out.
        for (name, value) in [("TF_CLI_CONFIG_FILE", &*settings), ("CHECKPOINT_DISABLE", "1")] {
            self.environment.insert(name.to_owned(), value.to_owned());
        }
    }

    /// Writes the root.
    pub(crate) fn write(&self, text: &str) {
        fs::write(self.sandbox.path().join("root/main.tf"), text).unwrap();
        self.engine(&["init", "-input=false", "-no-color"]);
    }

    /// Runs the engine in the root: its exit code and what it said, without frames and line breaks.
    pub(crate) fn engine(&self, args: &[&str]) -> (Option<i32>, String) {
        let variables: Vec<(&str, &str)> =
            self.environment.iter().map(|(name, value)| (&**name, &**value)).collect();
        let folder = self.sandbox.path().join("root");
        let (code, said) = capture_with(&self.engine, args, &folder, &variables);
        let said = said.replace(['│', '╷', '╵'], " ");
        (code, said.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Applies the root.
    pub(crate) fn apply(&self, variables: &[&str]) -> (Option<i32>, String) {
        let mut args = vec!["apply", "-auto-approve", "-input=false", "-no-color"];
        args.extend(variables);
        self.engine(&args)
    }

    /// Applies the root, which must work.
    pub(crate) fn applies(&self, variables: &[&str]) -> String {
        let (code, said) = self.apply(variables);
        assert_eq!(code, Some(0), "{said}");
        said
    }

    /// Applies the root, which must fail and say so.
    pub(crate) fn fails(&self, variables: &[&str], saying: &str) -> String {
        let (code, said) = self.apply(variables);
        assert_eq!(code, Some(1), "{said}");
        assert!(said.contains(saying), "expected `{saying}` in:\n{said}");
        said
    }

    /// `springboard world …`, which must work.
    pub(crate) fn world(&self, args: &[&str]) -> String {
        let args = [&["world"], args].concat();
        let Finished { out, .. } = self.sandbox.run(&args).expect_code(0);
        out
    }

    /// The account is as in another scenario from now on.
    pub(crate) fn becomes(&mut self, scenario: &str) {
        self.world(&["change", "--scenario", scenario]);
        self.look();
    }

    /// Asks the account as the engine does.
    pub(crate) fn ask(&self, question: &str) -> Value {
        let address = fs::read(self.sandbox.state().join("world/world.json")).unwrap();
        let address: Value = serde_json::from_slice(&address).unwrap();
        let socket = PathBuf::from(address["control"].as_str().unwrap());
        let path = format!("/account/us-west-2/{question}");
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(control::request(&socket, "GET", &path, None)).unwrap()
    }
}
