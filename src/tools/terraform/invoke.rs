//! Command lines and surroundings of terraform and tofu.
//!
//! Owns which arguments and variables each command gets, and the files of ours in the working
//! directory: variables, saved plan, import blocks, lock file. Runs nothing. Start at [`Root`].

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use serde_json::{Map, Value, json};

use crate::host::write_private;
use crate::tools::CommandLine;

/// Values of the root's variables; readable by its owner only.
const VARIABLES: &str = "springboard.auto.tfvars.json";
/// The saved plan, which holds secrets and is removed as soon as it was applied.
const PLAN: &str = "springboard.tfplan";
/// Import blocks for objects that exist without being in the state.
const IMPORTS: &str = "springboard_imports.tf";
/// Says where the state is kept, when that is not beside the root.
const BACKEND: &str = "springboard_backend.tf.json";
/// Where both programs look for the hashes of providers.
const LOCK_FILE: &str = ".terraform.lock.hcl";
/// The hashes under the addresses that tofu uses.
const TOFU_LOCK_FILE: &str = ".terraform.lock.tofu.hcl";
/// Where terraform keeps a state that is kept nowhere else.
const LOCAL_STATE: &str = "terraform.tfstate";
/// What it keeps of the state before it changes it.
const STATE_BACKUP: &str = "terraform.tfstate.backup";
/// What terraform leaves behind when it could not write its state.
const ERRORED_STATE: &str = "errored.tfstate";

/// Which of the two programs carries out the Terraform root.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// HashiCorp's.
    Terraform,
    /// The open fork of it.
    OpenTofu,
}

impl Engine {
    /// Both, in the order in which they are looked for.
    pub const ALL: [Self; 2] = [Self::Terraform, Self::OpenTofu];

    /// The name of the program.
    #[must_use]
    pub fn program(self) -> &'static str {
        match self {
            Self::Terraform => "terraform",
            Self::OpenTofu => "tofu",
        }
    }

    /// The name for people.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::OpenTofu => "OpenTofu",
        }
    }

    /// The folder that it keeps modules and providers in; one each, so that changing the program
    /// does not mix them.
    fn data_dir(self) -> &'static str {
        match self {
            Self::Terraform => ".terraform",
            Self::OpenTofu => ".tofu",
        }
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.program())
    }
}

impl FromStr for Engine {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|engine| engine.program() == name);
        found.ok_or_else(|| format!("`{name}` is neither `terraform` nor `tofu`"))
    }
}

/// A Terraform root in its working directory, and the program that carries it out.
#[derive(Debug, Clone)]
pub struct Root {
    engine: Engine,
    program: PathBuf,
    dir: PathBuf,
    env: BTreeMap<String, String>,
    backend: Option<Value>,
}

impl Root {
    /// `env` is the whole environment that the surroundings give: the path, the way to AWS, in a
    /// rehearsal the attached provider.
    #[must_use]
    pub fn new(
        engine: Engine,
        program: &Path,
        dir: &Path,
        mut env: BTreeMap<String, String>,
    ) -> Self {
        // The operator's own arguments, logs, workspaces and variables would change what we plan.
        env.retain(|name, _| !is_foreign(name));
        let own = [
            ("TF_IN_AUTOMATION", "springboard".to_owned()),
            ("TF_INPUT", "0".to_owned()),
            ("CHECKPOINT_DISABLE", "1".to_owned()),
            ("TF_DATA_DIR", dir.join(engine.data_dir()).to_string_lossy().into_owned()),
        ];
        env.extend(own.map(|(name, value)| (name.to_owned(), value)));
        let (program, dir) = (program.to_owned(), dir.to_owned());
        Self { engine, program, dir, env, backend: None }
    }

    /// The same with its state in S3, by these settings of the backend.
    #[must_use]
    pub fn with_state_in_s3(mut self, settings: &Map<String, Value>) -> Self {
        self.backend = Some(json!({ "terraform": { "backend": { "s3": settings } } }));
        self
    }

    /// Which program it is.
    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The working directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// `init`: modules, providers, backend. `backend` is `KEY=VALUE` for the state's backend.
    #[must_use]
    pub fn init(&self, backend: &[String]) -> CommandLine {
        let mut args = words(&["init", "-json", "-input=false"]);
        args.extend(backend.iter().map(|setting| format!("-backend-config={setting}")));
        self.command(args)
    }

    /// `validate`: one document.
    #[must_use]
    pub fn validate(&self) -> CommandLine {
        self.command(words(&["validate", "-json"]))
    }

    /// `plan` into the saved plan; exit code 2 means that there is something to do.
    #[must_use]
    pub fn plan(&self) -> CommandLine {
        let out = format!("-out={PLAN}");
        self.command(words(&["plan", "-json", "-input=false", "-detailed-exitcode", &out]))
    }

    /// `show` of the saved plan: one document, secrets included, for memory only.
    #[must_use]
    pub fn show_plan(&self) -> CommandLine {
        self.command(words(&["show", "-json", PLAN]))
    }

    /// `apply` of the saved plan.
    #[must_use]
    pub fn apply(&self) -> CommandLine {
        self.command(words(&["apply", "-json", "-input=false", PLAN]))
    }

    /// `show` of the state: one document, secrets included, for memory only.
    #[must_use]
    pub fn show_state(&self) -> CommandLine {
        self.command(words(&["show", "-json"]))
    }

    /// `output`: one document, secrets included, for memory only.
    #[must_use]
    pub fn output(&self) -> CommandLine {
        self.command(words(&["output", "-json"]))
    }

    /// Declares a tainted object healthy.
    #[must_use]
    pub fn untaint(&self, address: &str) -> CommandLine {
        self.command(words(&["untaint", address]))
    }

    /// Makes a state file that could not be written the state.
    #[must_use]
    pub fn state_push(&self, path: &Path) -> CommandLine {
        self.command(words(&["state", "push", &path.to_string_lossy()]))
    }

    /// `pull` of the state: one document, secrets included, for memory only; nothing where there
    /// is none.
    #[must_use]
    pub fn state_pull(&self) -> CommandLine {
        self.command(words(&["state", "pull"]))
    }

    /// Releases a lock whose holder is known to be dead.
    #[must_use]
    pub fn force_unlock(&self, lock_id: &str) -> CommandLine {
        self.command(words(&["force-unlock", "-force", lock_id]))
    }

    /// The version: one document.
    #[must_use]
    pub fn version(&self) -> CommandLine {
        self.command(words(&["version", "-json"]))
    }

    /// Writes the values of the variables, readable by their owner only.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_variables(&self, values: &Map<String, Value>) -> io::Result<()> {
        let text = format!("{:#}\n", Value::from(values.clone()));
        write_private(&self.dir.join(VARIABLES), text.as_bytes())
    }

    /// Says where the state is kept.
    ///
    /// # Errors
    /// When the file cannot be written or removed.
    pub fn write_backend(&self) -> io::Result<()> {
        let path = self.dir.join(BACKEND);
        match &self.backend {
            Some(backend) => write_private(&path, format!("{backend:#}\n").as_bytes()),
            None => remove(&path),
        }
    }

    /// Where the state was kept before, when that was elsewhere than it is to be now: in words.
    #[must_use]
    pub fn other_state_place(&self) -> Option<String> {
        let place = |backend: &Value| {
            let text = |name: &str| {
                backend.pointer(&format!("/terraform/backend/s3/{name}")).and_then(Value::as_str)
            };
            format!("s3://{}/{}", text("bucket").unwrap_or("?"), text("key").unwrap_or("?"))
        };
        let written = std::fs::read(self.dir.join(BACKEND)).ok();
        let before = written.and_then(|text| serde_json::from_slice::<Value>(&text).ok());
        match (&before, &self.backend) {
            (Some(before), Some(now)) if place(before) == place(now) => None,
            (Some(before), _) => Some(place(before)),
            (None, Some(_)) => {
                let local = self.dir.join(LOCAL_STATE);
                let is_kept = std::fs::metadata(&local).is_ok_and(|file| file.len() > 0);
                is_kept.then(|| local.display().to_string())
            }
            (None, None) => None,
        }
    }

    /// Writes import blocks for `objects` (address to id), or removes the file when there are
    /// none.
    ///
    /// # Errors
    /// When the file cannot be written or removed.
    pub fn write_imports(&self, objects: &BTreeMap<String, String>) -> io::Result<()> {
        let path = self.dir.join(IMPORTS);
        if objects.is_empty() {
            return remove(&path);
        }
        write_private(&path, import_blocks(objects).as_bytes())
    }

    /// Puts the provider hashes for this program where it looks for them. Terraform's are
    /// delivered there.
    ///
    /// # Errors
    /// When the file cannot be copied.
    pub fn place_lock_file(&self) -> io::Result<()> {
        let delivered = self.dir.join(TOFU_LOCK_FILE);
        if self.engine == Engine::OpenTofu && delivered.exists() {
            std::fs::copy(delivered, self.dir.join(LOCK_FILE))?;
        }
        Ok(())
    }

    /// Removes the saved plan.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn remove_plan(&self) -> io::Result<()> {
        remove(&self.dir.join(PLAN))
    }

    /// The state that terraform could not write, where there is one.
    #[must_use]
    pub fn errored_state(&self) -> Option<PathBuf> {
        Some(self.dir.join(ERRORED_STATE)).filter(|path| path.exists())
    }

    /// The state file, where the state is kept beside the root.
    #[must_use]
    pub fn local_state(&self) -> Option<PathBuf> {
        Some(self.dir.join(LOCAL_STATE)).filter(|_| self.backend.is_none())
    }

    /// The state as it was before the command that changed it last, where there is one.
    #[must_use]
    pub fn state_backup(&self) -> Option<PathBuf> {
        Some(self.dir.join(STATE_BACKUP)).filter(|path| path.exists())
    }

    fn command(&self, args: Vec<String>) -> CommandLine {
        CommandLine {
            program: self.program.clone(),
            args,
            env: self.env.clone(),
            dir: self.dir.clone(),
        }
    }
}

fn is_foreign(name: &str) -> bool {
    const FOREIGN: [&str; 8] = [
        "TF_CLI_ARGS",
        "TF_VAR_",
        "TF_LOG",
        "TF_WORKSPACE",
        "TF_DATA_DIR",
        "TF_ENCRYPTION",
        "TF_STATE_PERSIST_INTERVAL",
        "TF_REGISTRY_CLIENT_TIMEOUT",
    ];
    FOREIGN.iter().any(|foreign| name.starts_with(foreign))
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
}

fn import_blocks(objects: &BTreeMap<String, String>) -> String {
    let block = |(address, id): (&String, &String)| {
        format!("import {{\n  to = {address}\n  id = {}\n}}\n", quoted(id))
    };
    objects.iter().map(block).collect::<Vec<_>>().join("\n")
}

/// A string of the configuration language: as in JSON, but `${` and `%{` would be expressions.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace("${", "$${").replace("%{", "%%{")
}

fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn root(dir: &Path, engine: Engine, env: &[(&str, &str)]) -> Root {
        let env = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        Root::new(engine, Path::new("/usr/bin/terraform"), dir, env)
    }

    #[test]
    fn the_operators_own_arguments_are_not_passed_on() {
        let given = [
            ("PATH", "/bin"),
            ("TF_CLI_ARGS", "-x"),
            ("TF_CLI_ARGS_plan", "-refresh=false"),
            ("TF_LOG", "trace"),
            ("TF_VAR_region", "x"),
            ("TF_WORKSPACE", "other"),
            ("TF_REATTACH_PROVIDERS", "{}"),
            ("TF_PLUGIN_CACHE_DIR", "/cache"),
        ];
        let command = root(Path::new("/d"), Engine::OpenTofu, &given).plan();
        let env: Vec<_> = command.env.iter().map(|(n, v)| format!("{n}={v}")).collect();
        assert_eq!(
            env,
            [
                "CHECKPOINT_DISABLE=1",
                "PATH=/bin",
                "TF_DATA_DIR=/d/.tofu",
                "TF_INPUT=0",
                "TF_IN_AUTOMATION=springboard",
                "TF_PLUGIN_CACHE_DIR=/cache",
                "TF_REATTACH_PROVIDERS={}",
            ]
        );
    }

    #[test]
    fn the_commands_are_these() {
        let root = root(Path::new("/d"), Engine::Terraform, &[]);
        let line = |command: CommandLine| command.args.join(" ");
        let backend = ["bucket=b".to_owned()];
        assert_eq!(line(root.init(&backend)), "init -json -input=false -backend-config=bucket=b");
        assert_eq!(
            line(root.plan()),
            "plan -json -input=false -detailed-exitcode -out=springboard.tfplan"
        );
        assert_eq!(line(root.show_plan()), "show -json springboard.tfplan");
        assert_eq!(line(root.apply()), "apply -json -input=false springboard.tfplan");
        assert_eq!(
            line(root.state_push(Path::new("errored.tfstate"))),
            "state push errored.tfstate"
        );
    }

    #[test]
    fn variables_are_readable_by_their_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let root = root(dir.path(), Engine::Terraform, &[]);
        let values = serde_json::json!({"region": "us-west-2"});
        root.write_variables(values.as_object().unwrap()).unwrap();
        let path = dir.path().join(VARIABLES);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_to_string(path).unwrap(), "{\n  \"region\": \"us-west-2\"\n}\n");
    }

    #[test]
    fn import_blocks_come_and_go() {
        let dir = tempfile::tempdir().unwrap();
        let root = root(dir.path(), Engine::Terraform, &[]);
        let objects = BTreeMap::from([("module.a[\"x\"].aws_vpc.this".into(), "v-${1}\"".into())]);
        root.write_imports(&objects).unwrap();
        assert_eq!(
            std::fs::read_to_string(dir.path().join(IMPORTS)).unwrap(),
            "import {\n  to = module.a[\"x\"].aws_vpc.this\n  id = \"v-$${1}\\\"\"\n}\n"
        );
        for _ in 0..2 {
            root.write_imports(&BTreeMap::new()).unwrap();
            assert!(!dir.path().join(IMPORTS).exists());
        }
    }

    #[test]
    fn each_program_finds_its_own_lock_file() {
        for (engine, expected) in [(Engine::Terraform, "tf"), (Engine::OpenTofu, "tofu")] {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(LOCK_FILE), "tf").unwrap();
            std::fs::write(dir.path().join(TOFU_LOCK_FILE), "tofu").unwrap();
            root(dir.path(), engine, &[]).place_lock_file().unwrap();
            let placed = std::fs::read_to_string(dir.path().join(LOCK_FILE)).unwrap();
            assert_eq!(placed, expected);
        }
    }

    #[test]
    fn an_engine_is_named_by_its_program() {
        assert_eq!("tofu".parse(), Ok(Engine::OpenTofu));
        assert_eq!(
            "pulumi".parse::<Engine>(),
            Err("`pulumi` is neither `terraform` nor `tofu`".into())
        );
    }
}
