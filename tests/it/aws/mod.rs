//! The account at AWS, asked of moto on loopback, and of servers that behave badly.

mod badly;
mod calls;
mod checks;
mod defects;
mod kinds;
mod login;
mod ways;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use springboard::cloud::aws::{Aws, AwsLogin, Settings, network};

use crate::support::programs;
use crate::support::source::root;

const REGION: &str = "us-west-2";

/// An account at moto, for as long as this lives.
pub(crate) struct Moto {
    port: u16,
    process: Child,
    told: ChildStdin,
    says: BufReader<ChildStdout>,
}

impl Moto {
    /// Starts one with what `seed` says (`account.py`); `None` after a line that says that the test
    /// is skipped.
    #[expect(clippy::disallowed_methods, reason = "it is told to end by its standard input")]
    pub(crate) fn start(seed: &Value) -> Option<Self> {
        let python = programs::program("moto-python")?;
        let mut process = Command::new(python)
            .arg(root().join("tests/it/aws/account.py"))
            .arg(seed.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let told = process.stdin.take().unwrap();
        let says = BufReader::new(process.stdout.take().unwrap());
        let mut moto = Self { port: 0, process, told, says };
        moto.port = moto.hear();
        Some(moto)
    }

    /// Makes the account anew, with what `seed` says; much quicker than another moto.
    pub(crate) fn seed(&mut self, seed: &Value) {
        writeln!(self.told, "{seed}").unwrap();
        assert_eq!(self.hear(), self.port, "moto stays where it is");
    }

    /// Waits until it is ready, and hears its port.
    fn hear(&mut self) -> u16 {
        let mut line = String::new();
        self.says.read_line(&mut line).unwrap();
        line.trim().parse().expect("moto says its port once it is ready")
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The account, asked with keys of variables.
    pub(crate) fn cloud(&self) -> Aws {
        cloud(&self.url(), &[])
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _reaped = self.process.wait();
    }
}

/// Variables with keys, and with what is said beside them.
pub(super) fn variables(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    let keys = [
        ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
    ];
    keys.iter().chain(more).map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect()
}

/// Settings with a limit that a test can wait for.
pub(super) fn settings(variables: BTreeMap<String, String>, home: &Path) -> Settings {
    let mut settings = Settings::read(variables, home, None, REGION);
    settings.limit = Some(Duration::from_secs(20));
    settings
}

/// The account behind an address.
pub(super) fn cloud(url: &str, more: &[(&str, &str)]) -> Aws {
    let mut all = vec![("AWS_ENDPOINT_URL", url)];
    all.extend(more);
    opened(settings(variables(&all), Path::new("nowhere")))
}

/// The account that settings lead to.
pub(super) fn opened(settings: Settings) -> Aws {
    let client = network::client(&settings).unwrap();
    let login = AwsLogin::open(&settings, &client, None);
    let origin = login.origin();
    Aws::new(settings, client, Arc::new(login), Some(origin))
}
