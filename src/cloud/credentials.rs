//! Where credentials come from, until when they last, and how a new login is waited for.
//!
//! [`CredentialSource`] is what AWS is asked with: nobody keeps keys longer than one request, so
//! that a login that was renewed elsewhere is picked up by whatever runs. Does not know where a
//! login is kept. Start at [`CredentialSource`]; [`Patient`] waits where a login has ended.

use std::fmt::Debug;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::json;

use super::CloudError;
use super::sign::Credentials;
use crate::error::Hint;
use crate::run::Secret;

/// Gives the credentials of the operator's login, as they are now.
#[async_trait]
pub trait CredentialSource: Debug + Send + Sync {
    /// Credentials that are valid now.
    async fn credentials(&self) -> Result<Served, CredentialError>;
    /// How new ones are had when these have ended.
    fn renewal(&self) -> &Renewal;
    /// When the login ends that gives new credentials until then; [`Timestamp::MAX`] where nobody
    /// knows, `None` where there is no such login beside the credentials.
    fn login_ends(&self) -> Option<Timestamp> {
        None
    }
}

/// Credentials and their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// What requests are signed with.
    pub keys: Credentials,
    /// When they end; `None` when they do not.
    pub expires: Option<Timestamp>,
}

/// How credentials are renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewal {
    /// By this command in another terminal, whatever runs meanwhile.
    Elsewhere(String),
    /// By nobody's doing: whoever gave these gives new ones in time.
    Itself {
        /// What is looked after where none come.
        remedy: String,
    },
    /// Not at all: keys that were given once. New ones need a new run.
    Never {
        /// What is done to give new ones.
        remedy: String,
    },
}

impl Renewal {
    /// What the operator does to get new credentials, as a clause.
    #[must_use]
    pub fn remedy(&self) -> String {
        match self {
            Self::Elsewhere(command) => format!("log in again in another terminal (`{command}`)"),
            Self::Itself { remedy } | Self::Never { remedy } => remedy.clone(),
        }
    }
}

impl Served {
    /// The document that SDKs read from a `credential_process`.
    #[must_use]
    pub fn process_document(&self) -> Secret {
        let keys = &self.keys;
        let mut document = json!({
            "Version": 1,
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret_access_key.expose(),
        });
        if let Some(token) = &keys.session_token {
            document["SessionToken"] = token.expose().into();
        }
        if let Some(expires) = self.expires {
            document["Expiration"] = format!("{expires:.3}").into();
        }
        Secret::new(document.to_string())
    }

    /// What must not be seen of them.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        std::iter::once(&self.keys.secret_access_key).chain(&self.keys.session_token)
    }
}

/// Waits for a new login where the old one has ended, as long as the SDKs wait for us.
#[derive(Debug, Clone)]
pub struct Patient {
    source: Arc<dyn CredentialSource>,
    limit: Duration,
    pause: Duration,
    mark: PathBuf,
}

/// How long credentials may take until they are used.
const ON_THE_WAY: Duration = Duration::from_secs(3);
/// Between two looks for a new login.
const PAUSE: Duration = Duration::from_millis(250);

impl Patient {
    /// SDKs give a `credential_process` one minute; some of it is left for the way.
    pub const LIMIT: Duration = Duration::from_secs(50);

    /// Waits at most `limit`, counted from the first who asked in vain: all who ask share the file
    /// `mark`. Once it has passed nobody waits any more, else a tool that asks for each of its
    /// objects would wait for each of them.
    #[must_use]
    pub fn new(source: Arc<dyn CredentialSource>, limit: Duration, mark: PathBuf) -> Self {
        Self { source, limit, pause: PAUSE, mark }
    }

    /// When the waiting ends.
    fn deadline(&self) -> Timestamp {
        let told = std::fs::read_to_string(&self.mark).ok();
        let since = told.and_then(|text| text.trim().parse::<Timestamp>().ok());
        let since = since.unwrap_or_else(|| {
            let now = Timestamp::now();
            // Whoever cannot write it waits for itself alone.
            let _alone = std::fs::write(&self.mark, now.to_string());
            now
        });
        since.saturating_add(self.limit).unwrap_or(since)
    }

    fn forget(&self) {
        if self.mark.exists() {
            let _gone_already = std::fs::remove_file(&self.mark);
        }
    }
}

#[async_trait]
impl CredentialSource for Patient {
    async fn credentials(&self) -> Result<Served, CredentialError> {
        let mut answer = self.source.credentials().await;
        let may_come = !matches!(self.source.renewal(), Renewal::Never { .. });
        if may_come && is_short(&answer) {
            let deadline = self.deadline();
            while is_short(&answer) && Timestamp::now() < deadline {
                tokio::time::sleep(self.pause).await;
                answer = self.source.credentials().await;
            }
        }
        if !is_short(&answer) {
            self.forget();
        }
        answer
    }

    fn renewal(&self) -> &Renewal {
        self.source.renewal()
    }

    fn login_ends(&self) -> Option<Timestamp> {
        self.source.login_ends()
    }
}

/// Whether there is nothing that could be used: what ends on its way to whoever asked is as good as
/// ended.
fn is_short(answer: &Result<Served, CredentialError>) -> bool {
    let soon = Timestamp::now().saturating_add(ON_THE_WAY).unwrap_or(Timestamp::MAX);
    match answer {
        Ok(served) => served.expires.is_some_and(|expires| expires <= soon),
        Err(error) => matches!(error, CredentialError::Ended { .. }),
    }
}

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub enum CredentialError {
    /// The login has ended.
    #[error("the credentials have ended")]
    Ended {
        /// What the operator does.
        remedy: String,
    },
    /// They could not be asked for.
    #[error(transparent)]
    Cloud(CloudError),
}

impl Hint for CredentialError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Ended { remedy } => Some(remedy.clone()),
            Self::Cloud(error) => error.hint(),
        }
    }
}

impl From<CredentialError> for CloudError {
    fn from(error: CredentialError) -> Self {
        match error {
            CredentialError::Ended { remedy } => Self::Ended { remedy },
            CredentialError::Cloud(error) => error,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    /// A login that is renewed after so many questions.
    #[derive(Debug)]
    struct Login {
        renewal: Renewal,
        asked: AtomicU32,
        renewed_at: u32,
    }

    fn login(renewal: Renewal, renewed_at: u32) -> Arc<Login> {
        Arc::new(Login { renewal, asked: AtomicU32::new(0), renewed_at })
    }

    fn served() -> Served {
        Served {
            keys: Credentials::new("ASIAEXAMPLE", "secret/key", Some("token+".to_owned())),
            expires: Some("2026-11-21T07:00:00Z".parse().unwrap()),
        }
    }

    #[async_trait]
    impl CredentialSource for Login {
        async fn credentials(&self) -> Result<Served, CredentialError> {
            let asked = self.asked.fetch_add(1, Ordering::Relaxed);
            if asked < self.renewed_at {
                return Err(CredentialError::Ended { remedy: self.renewal.remedy() });
            }
            // The keys alone matter here: they do not end.
            Ok(Served { expires: None, ..served() })
        }

        fn renewal(&self) -> &Renewal {
            &self.renewal
        }
    }

    fn elsewhere() -> Renewal {
        Renewal::Elsewhere("aws sso login".into())
    }

    #[test]
    fn the_document_is_what_sdks_read() {
        assert_eq!(
            served().process_document().expose(),
            "{\"Version\":1,\"AccessKeyId\":\"ASIAEXAMPLE\",\"SecretAccessKey\":\"secret/key\",\
             \"SessionToken\":\"token+\",\"Expiration\":\"2026-11-21T07:00:00.000Z\"}"
        );
    }

    #[tokio::test]
    async fn a_login_that_is_renewed_in_time_is_no_failure() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("mark");
        let patient = Patient::new(login(elsewhere(), 3), Patient::LIMIT, mark.clone());
        let patient = Patient { pause: Duration::ZERO, ..patient };
        assert_eq!(patient.credentials().await.unwrap().keys, served().keys);
        assert!(!mark.exists());
    }

    #[tokio::test]
    async fn once_the_wait_was_in_vain_nobody_waits_again() {
        let dir = tempfile::tempdir().unwrap();
        let mark = dir.path().join("mark");
        std::fs::write(&mark, "2026-11-21T07:00:00Z").unwrap();
        let source = login(elsewhere(), u32::MAX);
        let patient = Patient::new(source.clone(), Patient::LIMIT, mark);
        let error = patient.credentials().await.unwrap_err();
        assert_eq!(source.asked.load(Ordering::Relaxed), 1);
        let hint = "log in again in another terminal (`aws sso login`)";
        assert_eq!(error.hint().as_deref(), Some(hint));
    }

    #[tokio::test]
    async fn keys_that_cannot_be_renewed_are_not_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let never = Renewal::Never { remedy: "export new keys".into() };
        let source = login(never, u32::MAX);
        let patient = Patient::new(source.clone(), Patient::LIMIT, dir.path().join("mark"));
        assert!(patient.credentials().await.is_err());
        assert_eq!(source.asked.load(Ordering::Relaxed), 1);
    }
}
