//! Command lines and surroundings of helm.
//!
//! Owns which arguments and variables each command gets, and the values file. Runs nothing. Start
//! at [`Helm`].

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::tools::{CommandLine, Tool};

/// Revisions that a release keeps.
const KEPT_REVISIONS: u32 = 10;

/// A release as it shall be.
#[derive(Debug, Clone)]
pub struct Release {
    /// Its name.
    pub name: String,
    /// The namespace it lives in.
    pub namespace: String,
    /// The chart: a folder or an archive.
    pub chart: PathBuf,
    /// The file of its values.
    pub values: PathBuf,
    /// How long its objects may take to become ready.
    pub timeout: Duration,
    /// What helm notes about the revision when it stands; later read from its history.
    pub description: String,
}

/// helm, with a cluster to talk to and folders of its own.
#[derive(Debug, Clone)]
pub struct Helm {
    program: PathBuf,
    major: u32,
    dir: PathBuf,
    env: BTreeMap<String, String>,
}

impl Helm {
    /// `dir` is where helm keeps its cache, settings and plugins (none of the operator's); `env`
    /// is the whole environment that the surroundings give.
    #[must_use]
    pub fn new(
        tool: &Tool,
        dir: &Path,
        kubeconfig: &Path,
        mut env: BTreeMap<String, String>,
    ) -> Self {
        // The operator's namespace, plugins, repositories or cluster would change what we do.
        env.retain(|name, _| !name.starts_with("HELM_") && !name.starts_with("KUBE"));
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let own = [
            ("HELM_CACHE_HOME", path(&dir.join("cache"))),
            ("HELM_CONFIG_HOME", path(&dir.join("config"))),
            ("HELM_DATA_HOME", path(&dir.join("data"))),
            ("KUBECONFIG", path(kubeconfig)),
            ("NO_COLOR", "1".to_owned()),
        ];
        env.extend(own.map(|(name, value)| (name.to_owned(), value)));
        Self { program: tool.path.clone(), major: tool.version.0, dir: dir.to_owned(), env }
    }

    /// Installs the release or brings it up to date, and waits until its objects are ready.
    ///
    /// Without `-o json`: that prints values and rendered Secrets, and this goes to a log. Without
    /// rolling back: on a first install it would remove the release and with it the evidence.
    #[must_use]
    pub fn upgrade(&self, release: &Release) -> CommandLine {
        let mut args = words(&["upgrade", "--install", &release.name]);
        args.push(text(&release.chart));
        args.extend(words(&["-n", &release.namespace, "--create-namespace"]));
        args.extend(["-f".into(), text(&release.values)]);
        args.extend(self.waiting(release.timeout));
        args.push(format!("--history-max={KEPT_REVISIONS}"));
        args.push(format!("--description={}", release.description));
        self.command(args)
    }

    /// The revisions of a release: one document without values.
    #[must_use]
    pub fn history(&self, name: &str, namespace: &str) -> CommandLine {
        self.command(words(&["history", name, "-n", namespace, "-o", "json"]))
    }

    /// Goes back to a revision and waits.
    #[must_use]
    pub fn rollback(&self, name: &str, namespace: &str, to: u32, timeout: Duration) -> CommandLine {
        let mut args = words(&["rollback", name, &to.to_string(), "-n", namespace]);
        args.extend(self.waiting(timeout));
        self.command(args)
    }

    /// Removes a release and waits.
    #[must_use]
    pub fn uninstall(&self, name: &str, namespace: &str, timeout: Duration) -> CommandLine {
        let mut args = words(&["uninstall", name, "-n", namespace]);
        args.extend(self.waiting(timeout));
        self.command(args)
    }

    /// Renders the chart with its values, without a cluster; the output holds secrets.
    #[must_use]
    pub fn template(&self, release: &Release, kubernetes: &str) -> CommandLine {
        let mut args = words(&["template", &release.name]);
        args.push(text(&release.chart));
        args.extend(words(&["-n", &release.namespace, "--include-crds"]));
        args.extend(["-f".into(), text(&release.values)]);
        args.push(format!("--kube-version={kubernetes}"));
        self.command(args)
    }

    /// Checks the chart with its values.
    #[must_use]
    pub fn lint(&self, release: &Release) -> CommandLine {
        let mut args = words(&["lint"]);
        args.extend([text(&release.chart), "-f".into(), text(&release.values)]);
        self.command(args)
    }

    /// Helm 4 knows several ways to wait; naming one keeps it the same in every 4.x.
    fn waiting(&self, timeout: Duration) -> [String; 2] {
        let wait = if self.major >= 4 { "--wait=watcher" } else { "--wait" };
        [wait.to_owned(), format!("--timeout={}s", timeout.as_secs())]
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

impl Release {
    /// Writes the values where the release looks for them, readable by their owner only.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write_values(&self, values: &Value) -> io::Result<()> {
        let yaml = serde_yaml_ng::to_string(values).map_err(io::Error::other)?;
        let mut options = File::options();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(&self.values)?.write_all(yaml.as_bytes())
    }

    /// How events name it.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn words(args: &[&str]) -> Vec<String> {
    args.iter().map(|&arg| arg.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use serde_json::json;

    use super::*;
    use crate::tools::Version;

    fn helm(major: u32) -> Helm {
        let tool = Tool { name: "helm", path: "/bin/helm".into(), version: Version(major, 0, 0) };
        let env = [("PATH", "/bin"), ("HELM_NAMESPACE", "x"), ("KUBECONFIG", "/theirs")];
        let env = env.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Helm::new(&tool, Path::new("/d/helm"), Path::new("/d/kubeconfig"), env)
    }

    fn release(dir: &Path) -> Release {
        Release {
            name: "base".into(),
            namespace: "kube-system".into(),
            chart: "/c/base".into(),
            values: dir.join("values.yaml"),
            timeout: Duration::from_mins(15),
            description: "springboard 1a2b".into(),
        }
    }

    #[test]
    fn a_release_is_deployed_by_one_repeatable_command() {
        let release = release(Path::new("/d"));
        let line = |major| helm(major).upgrade(&release).args.join(" ");
        let deploy = |wait: &str| {
            format!(
                "upgrade --install base /c/base -n kube-system --create-namespace \
                 -f /d/values.yaml {wait} --timeout=900s --history-max=10 \
                 --description=springboard 1a2b"
            )
        };
        assert_eq!(line(3), deploy("--wait"));
        assert_eq!(line(4), deploy("--wait=watcher"));
        let line = helm(4).rollback("base", "kube-system", 2, release.timeout).args.join(" ");
        assert_eq!(line, "rollback base 2 -n kube-system --wait=watcher --timeout=900s");
    }

    #[test]
    fn nothing_of_the_operators_helm_is_used() {
        let env = helm(3).history("base", "kube-system").env;
        let env: Vec<_> = env.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(
            env,
            [
                "HELM_CACHE_HOME=/d/helm/cache",
                "HELM_CONFIG_HOME=/d/helm/config",
                "HELM_DATA_HOME=/d/helm/data",
                "KUBECONFIG=/d/kubeconfig",
                "NO_COLOR=1",
                "PATH=/bin",
            ]
        );
    }

    #[test]
    fn values_are_readable_by_their_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let release = release(dir.path());
        release.write_values(&json!({"password": "yes", "list": [1, {"a": null}]})).unwrap();
        let mode = std::fs::metadata(&release.values).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(
            std::fs::read_to_string(&release.values).unwrap(),
            "password: yes\nlist:\n- 1\n- a: null\n"
        );
    }
}
