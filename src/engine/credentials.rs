//! The credentials of a run: served to the tools, compared with the plan, watched to the end.
//!
//! No tool is given keys. Each is given a private AWS configuration whose profile has our own
//! `springboard credentials` as its `credential_process` ([`Profile`]), so that a login that was
//! renewed elsewhere is picked up by what runs. Before the start a check holds the end of the login
//! against the [`estimate`]; during the run [`watch`] says when it is near, when it has come and when
//! it was put off.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::sleep;

use super::deployment::{Deployment, make_private};
use super::recorder::RecordError;
use super::session::Session;
use super::surroundings::Surroundings;
use crate::cloud::{CredentialError, Renewal, Served};
use crate::host::write_private;
use crate::plan::Plan;
use crate::preflight::{Estimate, span};
use crate::run::RunState;
use crate::run::event::{EventKind, Failure, Standing};
use crate::run::state::Status;

/// Name of the profile; nobody types it.
const NAME: &str = "springboard";
/// So long before their end it is said that credentials end.
const RUNWAY: Duration = Duration::from_mins(15);
/// A new login is seen so many times within the runway: every twenty seconds.
const LOOKS: u32 = 45;
/// However fast time passes, the login is not asked after more often.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// As our own doors say it.
const ENDED: &str = "the credentials have ended";
/// As the SDK for Go says that its `credential_process` gave none, for whatever reason.
const NONE_CAME: &str = "failed to refresh cached credentials";
/// So many lines are told of that reason.
const CAUSES: usize = 2;

/// The private AWS configuration of a deployment.
#[derive(Debug)]
pub struct Profile<'a> {
    deployment: &'a Deployment,
    login: &'a [String],
    region: &'a str,
}

impl<'a> Profile<'a> {
    /// That of a deployment in these surroundings.
    pub fn of(deployment: &'a Deployment, around: &'a Surroundings, region: &'a str) -> Self {
        Self { deployment, login: &around.login, region }
    }

    /// Writes it; `program` is our own.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(&self, program: &Path) -> io::Result<()> {
        make_private(&self.deployment.aws())?;
        let words = [program.display().to_string(), "credentials".to_owned()];
        let words: Vec<String> = words.into_iter().chain(self.whose()).collect();
        let command = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let region = self.region;
        let text = format!("[profile {NAME}]\nregion = {region}\ncredential_process = {command}\n");
        write_private(&self.config(), text.as_bytes())?;
        write_private(&self.shared(), b"")
    }

    /// Arguments that say whose credentials are meant.
    pub(super) fn whose(&self) -> Vec<String> {
        let root = self.deployment.state_root().display().to_string();
        let fixed =
            ["--deployment".to_owned(), self.deployment.label(), "--state-dir".into(), root];
        fixed.into_iter().chain(self.login.iter().cloned()).collect()
    }

    /// What leads a tool to it.
    pub(super) fn environment(&self) -> BTreeMap<String, String> {
        let path = |path: PathBuf| path.display().to_string();
        let variables = [
            ("AWS_CONFIG_FILE", path(self.config())),
            ("AWS_SHARED_CREDENTIALS_FILE", path(self.shared())),
            ("AWS_PROFILE", NAME.to_owned()),
            ("AWS_SDK_LOAD_CONFIG", "1".to_owned()),
            ("AWS_REGION", self.region.to_owned()),
            ("AWS_DEFAULT_REGION", self.region.to_owned()),
            // Nothing else than the profile may be found.
            ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
        ];
        variables.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    fn config(&self) -> PathBuf {
        self.deployment.aws().join("config")
    }

    fn shared(&self) -> PathBuf {
        self.deployment.aws().join("credentials")
    }
}

/// A word of a command line that both a shell and the SDKs that split by themselves read as one.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:,@%".contains(c);
    if word.chars().all(is_plain) {
        word.to_owned()
    } else if word.contains(['"', '\\', '$', '`']) {
        format!("'{}'", word.replace('\'', r"'\''"))
    } else {
        format!("\"{word}\"")
    }
}

/// How long the stages of a plan take that are left, as far as that is known.
pub fn estimate(plan: &Plan, before: Option<&RunState>, pace: f64) -> Estimate {
    let is_done = |id: &str| {
        let stages = before.map_or(&[][..], |state| &state.stages);
        stages.iter().any(|stage| stage.id == id && stage.status == Status::Done)
    };
    let left = plan.stages.iter().filter(|stage| !is_done(stage.id));
    let times = left.map(|stage| plan.times.get(stage.id).map(|time| time.mul_f64(pace)));
    let times: Vec<Option<Duration>> = times.collect();
    Estimate {
        next: times.iter().flatten().next().copied().unwrap_or_default(),
        known: times.iter().flatten().sum(),
    }
}

/// Masks the keys of the login as it is before the start.
pub(super) async fn learn_now(session: &Session) {
    // One that does not answer is said by the checks.
    if let Ok(served) = session.surroundings.credentials.credentials().await {
        learn(session, &served);
    }
}

/// Says how the login stands whenever that changes. Ends only when the journal cannot be written.
pub(super) async fn watch(session: &Session) -> RecordError {
    let around = &session.surroundings;
    let runway = RUNWAY.mul_f64(around.pace);
    let pause = (runway / LOOKS).max(SHORTEST_PAUSE);
    let mut told = None;
    loop {
        let now = session.host.now();
        let standing = match around.credentials.credentials().await {
            Ok(served) => {
                learn(session, &served);
                let is_near = |at: &Timestamp| left(*at, now) < runway;
                match (somebody_must(around, &served).filter(is_near), told) {
                    (Some(at), _) => Some((Standing::Ending, Some(at))),
                    (None, Some(_)) => Some((Standing::Renewed, served.expires)),
                    (None, None) => None,
                }
            }
            Err(CredentialError::Ended { .. }) => Some((Standing::Ended, None)),
            // Whoever needs them meets the same and says it.
            Err(CredentialError::Cloud(_)) => told,
        };
        if let Some((standing, expires)) = standing.filter(|standing| told != Some(*standing)) {
            let what = said(standing, expires, now, around.credentials.renewal());
            let kind = EventKind::CredentialsChanged { standing, expires, what };
            if let Err(error) = session.recorder.record(kind).await {
                return error;
            }
            let is_over = standing == Standing::Renewed;
            told = (!is_over).then_some((standing, expires));
        }
        sleep(pause).await;
    }
}

/// When somebody has to do something, so that there are credentials.
fn somebody_must(around: &Surroundings, served: &Served) -> Option<Timestamp> {
    let login = &around.credentials;
    match login.renewal() {
        Renewal::Itself { .. } => None,
        Renewal::Elsewhere(_) | Renewal::Never { .. } => {
            served.expires.map(|at| login.login_ends().map_or(at, |ends| ends.max(at)))
        }
    }
}

fn said(
    standing: Standing,
    expires: Option<Timestamp>,
    now: Timestamp,
    renewal: &Renewal,
) -> String {
    let remedy = renewal.remedy();
    let at = |at: Timestamp| at.strftime("%H:%M:%S UTC").to_string();
    let end = expires.map(|expires| format!("in {}, at {}", span(left(expires, now)), at(expires)));
    let end = end.unwrap_or_default();
    match (standing, renewal) {
        (Standing::Ending, Renewal::Elsewhere(_)) => {
            format!("the credentials end {end}; {remedy}: nothing has to be stopped")
        }
        (Standing::Ending, Renewal::Itself { .. }) => {
            format!("the credentials end {end}, and new ones come by themselves")
        }
        (Standing::Ending, Renewal::Never { .. }) => {
            format!("the credentials end {end} and cannot be renewed; what asks AWS then fails")
        }
        (Standing::Ended, Renewal::Elsewhere(_) | Renewal::Itself { .. }) => {
            format!("the credentials have ended; what runs waits for new ones: {remedy}")
        }
        (Standing::Ended, Renewal::Never { .. }) => {
            "the credentials have ended and cannot be renewed; what asks AWS fails".into()
        }
        (Standing::Renewed | Standing::Other, _) => match expires {
            Some(expires) => format!("the credentials were renewed and end at {}", at(expires)),
            None => "the credentials were renewed and do not end".into(),
        },
    }
}

fn learn(session: &Session, served: &Served) {
    for secret in served.secrets() {
        session.redactor.learn(secret);
    }
}

/// The failure of a step in words of the login, where that is why it failed.
pub(super) async fn explained(around: &Surroundings, failure: &Failure) -> Option<Failure> {
    let said = || std::iter::once(&failure.what).chain(&failure.causes);
    let now = around.credentials.credentials().await;
    let has_ended = matches!(now, Err(CredentialError::Ended { .. }));
    let is_certain = has_ended || said().any(|text| names_the_end(text));
    if !is_certain && !said().any(|text| text.contains(NONE_CAME)) {
        return None;
    }
    let renewal = around.credentials.renewal();
    let what = match renewal {
        Renewal::Elsewhere(_) => "the credentials have ended, and no new login came in time",
        Renewal::Itself { .. } => "the credentials have ended, and no new ones came",
        Renewal::Never { .. } => "the credentials have ended and cannot be renewed in a run",
    };
    // What an SDK says of it is long, and whatever was in flight says the same. Where it has another
    // reason than the end, that is in the first lines.
    let more = if is_certain { 0 } else { CAUSES };
    let causes = Some(&failure.what).into_iter().chain(failure.causes.iter().take(more));
    let causes = causes.filter(|cause| *cause != ENDED).cloned().collect();
    let hint = Some(format!("{}, then resume; what was made is kept", renewal.remedy()));
    Some(Failure { what: what.into(), causes, hint })
}

/// Whether a text of AWS, of an SDK or of ours says that credentials have ended.
fn names_the_end(text: &str) -> bool {
    let words = ["ExpiredToken", "RequestExpired", ENDED];
    words.iter().any(|word| text.contains(word))
}

fn left(expires: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(expires.duration_since(now).max(SignedDuration::ZERO)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::super::deployment::Kind;
    use super::*;

    #[test]
    fn the_command_of_the_profile_is_read_the_same_by_all() {
        assert_eq!(quoted("/opt/springboard-0.1"), "/opt/springboard-0.1");
        assert_eq!(quoted("/opt/my tools/springboard"), "\"/opt/my tools/springboard\"");
        assert_eq!(quoted("/opt/$HOME's"), r"'/opt/$HOME'\''s'");
    }

    #[test]
    fn the_profile_names_our_own_program_and_holds_no_secret() {
        use std::os::unix::fs::PermissionsExt as _;

        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("a b");
        let deployment = Deployment::named(&root, Kind::Rehearsal, "acme");
        let login = ["--login".to_owned(), "2".to_owned()];
        let profile = Profile { deployment: &deployment, login: &login, region: "eu-west-1" };
        profile.write(Path::new("/opt/springboard")).unwrap();
        let path = deployment.aws().join("config");
        assert_eq!(
            std::fs::read_to_string(&path).unwrap(),
            format!(
                "[profile springboard]\nregion = eu-west-1\ncredential_process = /opt/springboard \
                 credentials --deployment rehearsal/acme --state-dir \"{}\" --login 2\n",
                root.display()
            )
        );
        for file in ["config", "credentials"] {
            let file = std::fs::metadata(deployment.aws().join(file)).unwrap();
            assert_eq!(file.permissions().mode() & 0o777, 0o600);
        }
        assert_eq!(profile.environment()["AWS_CONFIG_FILE"], path.display().to_string());
    }
}
