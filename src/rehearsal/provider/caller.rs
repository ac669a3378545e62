//! Who asks: the credentials of the tool at the other end of a connection, found as the AWS SDK
//! of a real plug-in finds them.
//!
//! A real plug-in is a child of the tool and has its environment. The simulated one is attached,
//! so it looks the environment of the connected process up, and takes keys from there, from a
//! profile, or from the program that a profile names (`credential_process`). Only on Linux can it
//! be looked up: elsewhere, and for the processes of others, credentials are not simulated. Logins
//! by SSO, roles and instances are not simulated. Start at [`Caller::admitted`].

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use jiff::Timestamp;
use serde::Deserialize;

use super::operations::Operation;
use super::refusal::Refusal;
use super::value::Value;
use crate::cloud::Served;
use crate::cloud::sign::Credentials;
use crate::rehearsal::World;
use crate::rehearsal::login::{self, Stranger};
use crate::tools::process::{CommandLine, capture};

/// How long the SDK waits for a `credential_process`.
const PROCESS_LIMIT: Duration = Duration::from_mins(1);
/// Keys are asked for anew when they end within so much of the world's time.
const NEAR_END: Duration = Duration::from_secs(10);

/// A tool that is connected.
pub(super) struct Caller {
    environment: BTreeMap<String, String>,
    dir: PathBuf,
    wanted: Mutex<Wanted>,
    held: Mutex<Option<Retrieval>>,
}

/// Keys on their way, or there; all who need them wait for the same answer.
type Retrieval = Shared<BoxFuture<'static, Result<Arc<Served>, Trouble>>>;

/// What the provider's configuration says of credentials.
#[derive(Clone, Default)]
struct Wanted {
    keys: Option<Credentials>,
    profile: Option<String>,
    config_files: Vec<String>,
    credentials_files: Vec<String>,
}

/// Why a tool has no credentials that AWS lets in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// There are none; what the SDK says of it.
    None(String),
    /// AWS does not let them in.
    Refused(Stranger),
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The environment and what is held are secrets.
        f.debug_struct("Caller").field("dir", &self.dir).finish_non_exhaustive()
    }
}

impl Caller {
    /// The tool with that process id; `None` where its environment cannot be looked up.
    pub(super) fn of(pid: i32) -> Option<Self> {
        let process = PathBuf::from(format!("/proc/{pid}"));
        let environment = std::fs::read(process.join("environ")).ok()?;
        let dir = std::fs::read_link(process.join("cwd")).ok()?;
        let variable = |entry: &[u8]| {
            let (name, value) = std::str::from_utf8(entry).ok()?.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        };
        Some(Self::new(environment.split(|byte| *byte == 0).filter_map(variable).collect(), dir))
    }

    fn new(environment: BTreeMap<String, String>, dir: PathBuf) -> Self {
        Self { environment, dir, wanted: Mutex::default(), held: Mutex::default() }
    }

    /// Notes what the provider's configuration says.
    pub(super) fn configure(&self, config: &Value) {
        let texts = |name: &str| config.texts(name).into_iter().map(str::to_owned).collect();
        let filled =
            |name: &str| Some(config.text(name).to_owned()).filter(|text| !text.is_empty());
        let keys = filled("access_key")
            .map(|id| Credentials::new(id, config.text("secret_key"), filled("token")));
        *lock(&self.wanted) = Wanted {
            keys,
            profile: filled("profile"),
            config_files: texts("shared_config_files"),
            credentials_files: texts("shared_credentials_files"),
        };
        *lock(&self.held) = None;
    }

    /// Whether AWS lets the tool in now.
    pub(super) async fn admitted(&self, world: &Arc<World>) -> Result<(), Trouble> {
        let served = self.credentials(world).await?;
        let token = served.keys.token();
        login::admit(world, &served.keys.access_key_id, token).map_err(Trouble::Refused)
    }

    fn credentials(&self, world: &World) -> Retrieval {
        let margin = world.scaled(NEAR_END);
        let mut held = lock(&self.held);
        let usable = held.clone().filter(|held| match held.peek() {
            None => true,
            Some(Ok(served)) => is_usable(served, world.now(), margin),
            Some(Err(_)) => false,
        });
        let retrieval = usable.unwrap_or_else(|| self.source().retrieve().boxed().shared());
        *held = Some(retrieval.clone());
        retrieval
    }

    /// Where the SDK finds credentials: the configuration, the environment, a profile.
    fn source(&self) -> Source {
        let wanted = lock(&self.wanted).clone();
        let variable =
            |name: &str| self.environment.get(name).filter(|value| !value.is_empty()).cloned();
        if let Some(keys) = wanted.keys {
            return Source::Keys(keys);
        }
        if wanted.profile.is_none()
            && let (Some(id), Some(secret)) =
                (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"))
        {
            return Source::Keys(Credentials::new(id, secret, variable("AWS_SESSION_TOKEN")));
        }
        let profile = wanted.profile.or_else(|| variable("AWS_PROFILE"));
        let profile = profile.unwrap_or_else(|| "default".to_owned());
        let home = variable("HOME").map(PathBuf::from).unwrap_or_default();
        let files = |given: Vec<String>, name: &str, usual: &str| {
            let given = if given.is_empty() { variable(name).into_iter().collect() } else { given };
            let paths: Vec<PathBuf> = given.into_iter().map(|path| self.dir.join(path)).collect();
            if paths.is_empty() { vec![home.join(usual)] } else { paths }
        };
        let mut settings = BTreeMap::new();
        for path in files(wanted.config_files, "AWS_CONFIG_FILE", ".aws/config") {
            settings.extend(section(&path, &[&format!("profile {profile}"), &profile]));
        }
        let name = "AWS_SHARED_CREDENTIALS_FILE";
        for path in files(wanted.credentials_files, name, ".aws/credentials") {
            settings.extend(section(&path, &[&profile]));
        }
        let mut setting = |name: &str| settings.remove(name);
        match (setting("aws_access_key_id"), setting("aws_secret_access_key")) {
            (Some(id), Some(secret)) => {
                Source::Keys(Credentials::new(id, secret, setting("aws_session_token")))
            }
            _ => match setting("credential_process") {
                Some(command) => Source::Process(CommandLine {
                    program: "/bin/sh".into(),
                    args: vec!["-c".into(), command],
                    env: self.environment.clone(),
                    dir: self.dir.clone(),
                }),
                None => Source::Nothing,
            },
        }
    }
}

fn is_usable(served: &Served, now: Timestamp, margin: Duration) -> bool {
    let until = now.saturating_add(margin).unwrap_or(Timestamp::MAX);
    served.expires.is_none_or(|expires| expires > until)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where credentials come from.
enum Source {
    Keys(Credentials),
    Process(CommandLine),
    Nothing,
}

impl Source {
    async fn retrieve(self) -> Result<Arc<Served>, Trouble> {
        match self {
            Self::Keys(keys) => Ok(Arc::new(Served { keys, expires: None })),
            Self::Process(command) => run(&command).await.map(Arc::new).map_err(|words| {
                Trouble::None(format!(
                    "failed to refresh cached credentials, process provider error: {words}"
                ))
            }),
            Self::Nothing => Err(Trouble::None(
                "failed to refresh cached credentials, no EC2 IMDS role found, operation error \
                 ec2imds: GetMetadata, canceled, context deadline exceeded"
                    .to_owned(),
            )),
        }
    }
}

/// What a `credential_process` prints.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Printed {
    version: u32,
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
    expiration: Option<Timestamp>,
}

/// Runs a `credential_process`; the error is in the SDK's words.
async fn run(command: &CommandLine) -> Result<Served, String> {
    let ended = capture(command, PROCESS_LIMIT)
        .await
        .map_err(|_late| "credential process timed out: signal: killed".to_owned())?;
    match ended.exit {
        Some(0) => {}
        Some(code) => return Err(format!("error in credential_process: exit status {code}")),
        None => return Err("error in credential_process: signal: killed".to_owned()),
    }
    let printed: Printed = serde_json::from_slice(&ended.stdout)
        .map_err(|error| format!("parse failed of process output: {error}"))?;
    if printed.version != 1 {
        return Err("wrong version in process output (not 1)".to_owned());
    }
    let keys =
        Credentials::new(printed.access_key_id, printed.secret_access_key, printed.session_token);
    Ok(Served { keys, expires: printed.expiration })
}

/// The settings of the first of these sections that a file has.
fn section(path: &Path, names: &[&str]) -> BTreeMap<String, String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let read = |name: &str| -> BTreeMap<String, String> {
        let header = format!("[{name}]");
        let lines = text.lines().skip_while(|line| line.trim() != header).skip(1);
        let lines = lines.take_while(|line| !line.trim_start().starts_with('['));
        let setting = |line: &str| {
            let (name, value) = line.split_once('=')?;
            let is_comment = name.trim_start().starts_with(['#', ';']);
            (!is_comment).then(|| (name.trim().to_owned(), value.trim().to_owned()))
        };
        lines.filter_map(setting).collect()
    };
    names.iter().map(|name| read(name)).find(|found| !found.is_empty()).unwrap_or_default()
}

impl Trouble {
    /// What the call that met it is answered with.
    pub(super) fn refusal(&self, operation: &Operation) -> Refusal {
        match self {
            Self::None(words) => Refusal::unsigned(words),
            Self::Refused(stranger) => refused(*stranger, &operation.service),
        }
    }
}

/// Every service has its own words for keys that it does not let in.
fn refused(stranger: Stranger, service: &str) -> Refusal {
    let is_expired = stranger == Stranger::Expired;
    let (code, status, message) = match (service, is_expired) {
        ("EC2", true) => ("RequestExpired", 400, "Request has expired."),
        ("EC2", false) => {
            let text = "AWS was not able to validate the provided access credentials";
            ("AuthFailure", 401, text)
        }
        ("S3", true) => ("ExpiredToken", 400, "The provided token has expired."),
        ("S3", false) => {
            let text = "The AWS Access Key Id you provided does not exist in our records.";
            ("InvalidAccessKeyId", 403, text)
        }
        (service, true) if is_query(service) => ("ExpiredToken", 403, EXPIRED),
        (service, false) if is_query(service) => ("InvalidClientTokenId", 403, INVALID),
        (service, true) => ("ExpiredTokenException", status_of(service), EXPIRED),
        (service, false) => ("UnrecognizedClientException", status_of(service), INVALID),
    };
    Refusal::new(code, status, message)
}

const EXPIRED: &str = "The security token included in the request is expired";
const INVALID: &str = "The security token included in the request is invalid.";

/// Whether a service speaks the older protocol, with its own codes.
fn is_query(service: &str) -> bool {
    let older = [
        "IAM",
        "STS",
        "RDS",
        "Auto Scaling",
        "Elastic Load Balancing v2",
        "CloudWatch",
        "SNS",
        "ElastiCache",
    ];
    older.contains(&service)
}

fn status_of(service: &str) -> u16 {
    if service == "EKS" { 403 } else { 400 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::Scenario;

    fn world(account: &str) -> (tempfile::TempDir, Arc<World>) {
        let dir = tempfile::tempdir().unwrap();
        let scenario = Scenario::parse(&format!("[account]\n{account}\n")).unwrap();
        let world = World::open(dir.path(), scenario, 1.0).unwrap();
        (dir, world)
    }

    /// A caller whose profile runs a program that prints what is in a file beside it.
    fn caller(dir: &Path, served: &Served) -> Caller {
        std::fs::write(dir.join("keys"), served.process_document().expose()).unwrap();
        let config = "[profile other]\naws_access_key_id = x\n\n[profile sb]\n# ours\n\
                      credential_process = echo asked >> asked; cat keys\n";
        std::fs::write(dir.join("config"), config).unwrap();
        let environment =
            [("AWS_CONFIG_FILE", "config"), ("AWS_PROFILE", "sb"), ("PATH", "/bin:/usr/bin")];
        let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Caller::new(environment.into(), dir.to_owned())
    }

    fn current(world: &World) -> Served {
        let login = login::Login::current(world);
        Served { keys: login.keys(world), expires: login.expires }
    }

    #[tokio::test]
    async fn a_profile_is_asked_once_and_again_when_its_keys_end() {
        let (dir, world) = world("credentials_expire_in = \"1h\"");
        let caller = caller(dir.path(), &current(&world));
        for _ in 0..3 {
            assert_eq!(caller.admitted(&world).await, Ok(()));
        }
        let asked = || std::fs::read_to_string(dir.path().join("asked")).unwrap();
        assert_eq!(asked(), "asked\n");
        let soon = world.now().saturating_add(Duration::from_secs(2)).unwrap();
        let ending = Served { expires: Some(soon), ..current(&world) };
        std::fs::write(dir.path().join("keys"), ending.process_document().expose()).unwrap();
        caller.configure(&Value::Null);
        for _ in 0..2 {
            assert_eq!(caller.admitted(&world).await, Ok(()));
        }
        assert_eq!(asked(), "asked\nasked\nasked\n");
    }

    #[tokio::test]
    async fn what_a_process_says_wrongly_is_said_as_the_sdk_says_it() {
        let (dir, world) = world("credentials_expire_in = \"-1s\"");
        let stale = Served { expires: None, ..current(&world) };
        let caller = caller(dir.path(), &stale);
        assert_eq!(caller.admitted(&world).await, Err(Trouble::Refused(Stranger::Expired)));
        std::fs::remove_file(dir.path().join("keys")).unwrap();
        caller.configure(&Value::Null);
        let words = "failed to refresh cached credentials, process provider error: error in \
                     credential_process: exit status 1";
        assert_eq!(caller.admitted(&world).await, Err(Trouble::None(words.to_owned())));
    }

    #[test]
    fn every_service_says_it_in_its_own_words() {
        let said = |stranger, service| {
            let refusal = refused(stranger, service);
            format!("{} {}: {}", refusal.status, refusal.code, refusal.message)
        };
        assert_eq!(said(Stranger::Expired, "EC2"), "400 RequestExpired: Request has expired.");
        assert_eq!(
            said(Stranger::Expired, "EKS"),
            "403 ExpiredTokenException: The security token included in the request is expired"
        );
        assert_eq!(
            said(Stranger::Unknown, "IAM"),
            "403 InvalidClientTokenId: The security token included in the request is invalid."
        );
    }
}
