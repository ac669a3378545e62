//! Which external programs there are, and whether they will do.
//!
//! Owns the table of wanted versions, the search along the path, and the sentences when something
//! is missing. Starts a program only to ask for its version. Start at [`Search::find`].

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::process::{CommandLine, ProcessError, capture};
use super::terraform::Engine;
use crate::error::Hint;
use crate::host::Host;

/// A program that asks for its version longer than this is not usable.
const PATIENCE: Duration = Duration::from_secs(30);

/// One wanted program.
struct Wanted {
    name: &'static str,
    title: &'static str,
    at_least: Version,
}

/// What is wanted of each program. Source: ours; Terraform and OpenTofu because of locks in S3
/// (both since 1.10), helm because of `--template` and what both of its majors have in common.
const WANTED: [Wanted; 3] = [
    Wanted { name: "terraform", title: "Terraform", at_least: Version(1, 10, 0) },
    Wanted { name: "tofu", title: "OpenTofu", at_least: Version(1, 10, 0) },
    Wanted { name: "helm", title: "Helm", at_least: Version(3, 14, 0) },
];

fn wanted(name: &str) -> &'static Wanted {
    WANTED.iter().find(|wanted| wanted.name == name).expect("every name comes from the table")
}

/// A version without what follows its three numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32, pub u32);

impl Version {
    /// Reads `v1.12.6-dev` and the like; a program that was built from source may say `v4.3` only.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim().trim_start_matches('v');
        let numbers = text.split(['-', '+', ' ']).next()?;
        let mut numbers = numbers.split('.').map(str::parse);
        let mut next = || numbers.next()?.ok();
        // A build from source may call itself `v4.3`.
        Some(Self(next()?, next()?, next().unwrap_or(0)))
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

/// A program that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// Its name, for example `helm`.
    pub name: &'static str,
    /// Where it is.
    pub path: PathBuf,
    /// Its version.
    pub version: Version,
}

/// The programs of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolbox {
    /// Which of the two the first one is.
    pub engine: Engine,
    /// terraform or tofu.
    pub terraform: Tool,
    /// helm, 3 or 4.
    pub helm: Tool,
}

impl Toolbox {
    /// Name to version, for the journal.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<String, String> {
        [&self.terraform, &self.helm]
            .map(|tool| (tool.name.to_owned(), tool.version.to_string()))
            .into()
    }
}

/// One line of the command `tools`.
#[derive(Debug)]
pub struct Finding {
    /// The program.
    pub name: &'static str,
    /// What is wanted of it.
    pub wanted: String,
    /// The program, or why it will not do.
    pub found: Result<Tool, ToolboxError>,
}

/// Where and for what to look.
#[derive(Debug, Clone)]
pub struct Search {
    /// The folders to look in, as in `PATH`.
    pub path: String,
    /// What a relative path begins at.
    pub current_dir: PathBuf,
    /// Needed by programs that keep files at home.
    pub home: PathBuf,
    /// `--engine`.
    pub engine: Option<Engine>,
    /// `--terraform`.
    pub terraform: Option<PathBuf>,
    /// `--helm`.
    pub helm: Option<PathBuf>,
}

impl Search {
    /// Looks along the path of `host`, for whatever is there.
    #[must_use]
    pub fn of(host: &Host) -> Self {
        Self {
            path: host.var("PATH").unwrap_or_default().to_owned(),
            current_dir: host.current_dir().to_owned(),
            home: host.home(),
            engine: None,
            terraform: None,
            helm: None,
        }
    }

    /// The programs of a run: the engine that was asked for or the first that will do, and helm.
    ///
    /// # Errors
    /// When one is missing, cannot be run, or is too old.
    pub async fn find(&self) -> Result<Toolbox, ToolboxError> {
        let (engine, helm) = tokio::join!(self.find_engine(), self.find_helm());
        let (engine, terraform) = engine?;
        Ok(Toolbox { engine, terraform, helm: helm? })
    }

    /// Every program that could be used, for the command `tools`.
    pub async fn look(&self) -> Vec<Finding> {
        // `--terraform` names the program of the chosen engine, whichever it is.
        let given = |is_its: bool| self.terraform.as_deref().filter(|_| is_its);
        let is_tofu = self.engine == Some(Engine::OpenTofu) || self.names_tofu();
        let (terraform, tofu, helm) = tokio::join!(
            self.find_tool("terraform", given(!is_tofu)),
            self.find_tool("tofu", given(is_tofu)),
            self.find_tool("helm", self.helm.as_deref())
        );
        let finding = |name, found| Finding {
            name,
            wanted: format!("{} or newer", wanted(name).at_least),
            found,
        };
        vec![finding("terraform", terraform), finding("tofu", tofu), finding("helm", helm)]
    }

    /// helm.
    ///
    /// # Errors
    /// When it is missing, cannot be run, or is too old.
    pub async fn find_helm(&self) -> Result<Tool, ToolboxError> {
        self.find_tool("helm", self.helm.as_deref()).await
    }

    /// Where a program is that is only a convenience; it is not started.
    pub fn place_of(&self, program: &str) -> Option<PathBuf> {
        which::which_in(program, Some(&self.path), &self.current_dir).ok()
    }

    /// The engine that was asked for, or the first that will do.
    ///
    /// # Errors
    /// When there is none, it cannot be run, or is too old.
    pub async fn find_engine(&self) -> Result<(Engine, Tool), ToolboxError> {
        let candidates = match (self.engine, &self.terraform) {
            (Some(engine), _) => vec![engine],
            // A path says which program it is by its own words.
            (None, Some(path)) => vec![self.engine_at(path).await?],
            (None, None) => Engine::ALL.to_vec(),
        };
        let mut first_problem = None;
        for engine in candidates {
            match self.find_tool(engine.program(), self.terraform.as_deref()).await {
                Ok(tool) => return Ok((engine, tool)),
                // One that is there but will not do says more than one that is missing.
                Err(problem) if first_problem.is_none() || !problem.is_missing() => {
                    first_problem = Some(problem);
                }
                Err(_missing_too) => {}
            }
        }
        Err(first_problem.expect("there is at least one candidate"))
    }

    async fn engine_at(&self, path: &Path) -> Result<Engine, ToolboxError> {
        let path = self.resolve("terraform", path)?;
        let said = self.version_of("terraform", &path).await?;
        let is_tofu = said.lines().any(|line| line.starts_with("OpenTofu v"));
        Ok(if is_tofu { Engine::OpenTofu } else { Engine::Terraform })
    }

    async fn find_tool(
        &self,
        name: &'static str,
        given: Option<&Path>,
    ) -> Result<Tool, ToolboxError> {
        let path = self.resolve(name, given.unwrap_or(Path::new(name)))?;
        let said = self.version_of(name, &path).await?;
        let wanted = wanted(name);
        let Some(version) = version_in(wanted, &said) else {
            let said = said.lines().next().unwrap_or_default().to_owned();
            return Err(ToolboxError::Unknown { title: wanted.title, path, said });
        };
        if version < wanted.at_least {
            let (title, at_least) = (wanted.title, wanted.at_least);
            return Err(ToolboxError::TooOld { title, path, version, at_least });
        }
        Ok(Tool { name, path, version })
    }

    /// Whether `--terraform` was given for a program that is called `tofu`.
    fn names_tofu(&self) -> bool {
        let name = self.terraform.as_deref().and_then(Path::file_name);
        name.is_some_and(|name| name.to_string_lossy().starts_with("tofu"))
    }

    fn resolve(&self, name: &'static str, path: &Path) -> Result<PathBuf, ToolboxError> {
        which::which_in(path, Some(&self.path), &self.current_dir).map_err(|_not_found| {
            let title = wanted(name).title;
            if path == Path::new(name) {
                ToolboxError::Missing { name, title }
            } else {
                ToolboxError::NotThere { title, path: path.to_owned() }
            }
        })
    }

    async fn version_of(&self, name: &'static str, path: &Path) -> Result<String, ToolboxError> {
        let args: &[&str] =
            if name == "helm" { &["version", "--template", "{{.Version}}"] } else { &["version"] };
        let env = [
            ("PATH", self.path.clone()),
            ("HOME", self.home.to_string_lossy().into_owned()),
            ("CHECKPOINT_DISABLE", "1".to_owned()),
        ];
        let command = CommandLine {
            program: path.to_owned(),
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            env: env.map(|(name, value)| (name.to_owned(), value)).into(),
            dir: self.current_dir.clone(),
        };
        let title = wanted(name).title;
        let unusable = |source| ToolboxError::Unusable { title, path: path.to_owned(), source };
        let captured = capture(&command, PATIENCE).await.map_err(unusable)?;
        if captured.exit == Some(0) {
            return Ok(String::from_utf8_lossy(&captured.stdout).into_owned());
        }
        let said = captured.stderr.lines().next().unwrap_or_default().to_owned();
        Err(ToolboxError::Unknown { title, path: path.to_owned(), said })
    }
}

/// The version in what the program said; terraform and tofu say their name before it.
fn version_in(wanted: &Wanted, said: &str) -> Option<Version> {
    if wanted.name == "helm" {
        return Version::parse(said);
    }
    let prefix = format!("{} v", wanted.title);
    said.lines().find_map(|line| line.strip_prefix(&prefix)).and_then(Version::parse)
}

/// Why a program will not do.
#[derive(Debug, thiserror::Error)]
pub enum ToolboxError {
    /// It is nowhere on the path.
    #[error("{title} is missing: there is no `{name}` on the PATH")]
    Missing {
        /// The program.
        name: &'static str,
        /// Its name for people.
        title: &'static str,
    },
    /// It is not where it was said to be.
    #[error("{title} is missing: there is no program at `{}`", .path.display())]
    NotThere {
        /// Its name for people.
        title: &'static str,
        /// Where it should have been.
        path: PathBuf,
    },
    /// It cannot be run.
    #[error("{title} at `{}` cannot be used", .path.display())]
    Unusable {
        /// Its name for people.
        title: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Why.
        #[source]
        source: ProcessError,
    },
    /// It does not say its version.
    #[error("`{}` does not say which version of {title} it is: {said:?}", .path.display())]
    Unknown {
        /// Its name for people.
        title: &'static str,
        /// Where it is.
        path: PathBuf,
        /// What it said instead.
        said: String,
    },
    /// It is too old.
    #[error("{title} {version} at `{}` is too old, {at_least} or newer is needed", .path.display())]
    TooOld {
        /// Its name for people.
        title: &'static str,
        /// Where it is.
        path: PathBuf,
        /// Its version.
        version: Version,
        /// The oldest that will do.
        at_least: Version,
    },
}

impl ToolboxError {
    /// Whether the program is not there at all.
    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. } | Self::NotThere { .. })
    }

    fn title(&self) -> &'static str {
        match self {
            Self::Missing { title, .. }
            | Self::NotThere { title, .. }
            | Self::Unusable { title, .. }
            | Self::Unknown { title, .. }
            | Self::TooOld { title, .. } => title,
        }
    }
}

impl Hint for ToolboxError {
    fn hint(&self) -> Option<String> {
        Some(match self.title() {
            "Helm" => "install Helm 3.14 or newer, or name it with `--helm PATH`".into(),
            _ => "install Terraform or OpenTofu 1.10 or newer, or name it with `--terraform PATH`"
                .into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    /// A folder of programs that say this.
    fn programs(programs: &[(&str, &str)]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for (name, said) in programs {
            let path = dir.path().join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{said}\n")).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        dir
    }

    fn search(dir: &Path) -> Search {
        Search {
            path: dir.to_string_lossy().into_owned(),
            current_dir: dir.to_owned(),
            home: dir.to_owned(),
            engine: None,
            terraform: None,
            helm: None,
        }
    }

    const TERRAFORM: (&str, &str) = ("terraform", "echo 'Terraform v1.11.4'; echo on linux_amd64");
    const TOFU: (&str, &str) = ("tofu", "echo warning; echo 'OpenTofu v1.12.6-dev'");
    const HELM: (&str, &str) = ("helm", "printf v4.3.1");

    /// The engine that is found, or the sentence.
    async fn engine(search: &Search) -> Result<Engine, String> {
        // A file just written cannot be run while another thread of this process forks.
        loop {
            match search.find().await {
                Ok(toolbox) => return Ok(toolbox.engine),
                Err(ToolboxError::Unusable {
                    source: ProcessError::Start { source, .. }, ..
                }) if source.kind() == std::io::ErrorKind::ExecutableFileBusy => {}
                Err(error) => {
                    let dir = format!("{}/", search.current_dir.display());
                    return Err(error.to_string().replace(&dir, ""));
                }
            }
        }
    }

    #[tokio::test]
    async fn terraform_comes_first_and_a_choice_wins() {
        let dir = programs(&[TERRAFORM, TOFU, HELM]);
        let mut search = search(dir.path());
        assert_eq!(engine(&search).await, Ok(Engine::Terraform));
        search.engine = Some(Engine::OpenTofu);
        assert_eq!(engine(&search).await, Ok(Engine::OpenTofu));
        search.engine = None;
        search.terraform = Some(dir.path().join("tofu"));
        assert_eq!(engine(&search).await, Ok(Engine::OpenTofu));
    }

    #[tokio::test]
    async fn the_one_that_is_there_is_used() {
        let dir = programs(&[TOFU, HELM]);
        assert_eq!(engine(&search(dir.path())).await, Ok(Engine::OpenTofu));
        let dir = programs(&[("terraform", "echo 'Terraform v1.5.7'"), TOFU, HELM]);
        assert_eq!(engine(&search(dir.path())).await, Ok(Engine::OpenTofu));
    }

    #[tokio::test]
    async fn each_problem_has_its_sentence() {
        let old = ("terraform", "echo 'Terraform v1.5.7'");
        let broken = ("terraform", "echo 'no such thing' >&2; exit 1");
        let old_helm = ("helm", "printf v3.9.0");
        for (given, sentence) in [
            (vec![HELM], "Terraform is missing: there is no `terraform` on the PATH"),
            (vec![TERRAFORM], "Helm is missing: there is no `helm` on the PATH"),
            (
                vec![old, HELM],
                "Terraform 1.5.7 at `terraform` is too old, 1.10.0 or newer is needed",
            ),
            (
                vec![broken, HELM],
                "`terraform` does not say which version of Terraform it is: \"no such thing\"",
            ),
            (
                vec![TERRAFORM, old_helm],
                "Helm 3.9.0 at `helm` is too old, 3.14.0 or newer is needed",
            ),
        ] {
            let dir = programs(&given);
            assert_eq!(engine(&search(dir.path())).await, Err(sentence.to_owned()));
        }
    }

    #[tokio::test]
    async fn a_path_that_leads_nowhere_is_named() {
        let dir = programs(&[HELM]);
        let mut search = search(dir.path());
        search.terraform = Some(dir.path().join("gone"));
        let sentence = "Terraform is missing: there is no program at `gone`";
        assert_eq!(engine(&search).await, Err(sentence.to_owned()));
    }

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(Version::parse("v1.12.6-dev"), Some(Version(1, 12, 6)));
        assert_eq!(Version::parse("v4.3.1+g12"), Some(Version(4, 3, 1)));
        assert_eq!(Version::parse("v4.3"), Some(Version(4, 3, 0)));
        assert_eq!(Version::parse("latest"), None);
        assert!(Version(1, 10, 0) > Version(1, 9, 99));
    }
}
