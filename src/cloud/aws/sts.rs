//! STS: who asks, and roles that want a code of an MFA device.
//!
//! The SDK reads `mfa_serial` of a profile nowhere and would assume the role without a code, which
//! AWS denies. So we assume such roles ourselves. The session is kept in memory only.

use std::sync::Arc;

use aws_sdk_sts::Client;
use jiff::Timestamp;

use super::failure::of_sdk;
use super::login::{self, CodeAsker};
use super::network::SdkClient;
use super::settings::Settings;
use crate::cloud::sign::Credentials;
use crate::cloud::{CloudError, CredentialError, Renewal, Served};

/// A client of STS with these keys.
pub(super) fn client(
    settings: &Settings,
    client: SdkClient,
    keys: impl aws_credential_types::provider::ProvideCredentials + 'static,
) -> Client {
    let mut config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(settings.region.clone()))
        .http_client(client)
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .identity_cache(aws_sdk_sts::config::IdentityCache::no_cache())
        .retry_config(super::retries())
        .timeout_config(super::timeouts(settings))
        .credentials_provider(keys);
    if let Some(url) = settings.endpoint("STS") {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}

/// A role that is assumed with a code.
#[derive(Debug)]
pub(super) struct WithCode {
    client: Client,
    role: String,
    device: String,
    session: String,
    external: Option<String>,
    seconds: Option<i32>,
    asker: Option<Arc<dyn CodeAsker>>,
    opened: tokio::sync::Mutex<Opened>,
}

/// What became of the session.
#[derive(Debug, Default)]
enum Opened {
    /// Nobody was asked yet.
    #[default]
    NotYet,
    /// It could not be opened: whoever gave no code is not asked again and again.
    Failed,
    Session(Served),
}

impl WithCode {
    /// The role of the profile, if it wants a code.
    pub(super) fn of(
        settings: &Settings,
        http: &reqwest::Client,
        asker: Option<Arc<dyn CodeAsker>>,
    ) -> Option<Self> {
        let role = settings.own("role_arn")?.to_owned();
        let device = settings.own("mfa_serial")?.to_owned();
        let source = settings.own("source_profile")?;
        let keys = login::of_profile(settings, http, source);
        Some(Self {
            client: client(settings, SdkClient::new(http, None), keys),
            role,
            device,
            session: settings.own("role_session_name").unwrap_or("springboard").to_owned(),
            external: settings.own("external_id").map(str::to_owned),
            seconds: settings.own("duration_seconds").and_then(|text| text.parse().ok()),
            asker,
            opened: tokio::sync::Mutex::default(),
        })
    }

    /// The session: opened with a code by whoever asks first. When it has ended it is not opened
    /// again: nobody may be there to be asked, and what is at work has the keys of the old one.
    pub(super) async fn session(&self, renewal: &Renewal) -> Result<Served, CredentialError> {
        let mut opened = self.opened.lock().await;
        match &*opened {
            Opened::Session(served) if served.expires.is_some_and(|at| at <= Timestamp::now()) => {
                return Err(CredentialError::Ended { remedy: renewal.remedy() });
            }
            Opened::Session(served) => return Ok(served.clone()),
            Opened::Failed => return Err(CredentialError::Cloud(self.none("there is no session"))),
            Opened::NotYet => {}
        }
        let served = self.open().await;
        *opened = served.as_ref().map_or(Opened::Failed, |served| Opened::Session(served.clone()));
        served.map_err(CredentialError::Cloud)
    }

    /// There are no credentials, and why.
    fn none(&self, why: &str) -> CloudError {
        CloudError::NoCredentials {
            source: format!("the role {} wants a code of {}: {why}", self.role, self.device).into(),
            remedy:
                "run it at a terminal and without `--non-interactive`, where the code is asked \
                     for; or open a session with a code by other means, export its keys \
                     (`AWS_ACCESS_KEY_ID` and so on) and name no profile"
                    .into(),
        }
    }

    /// Asks for a code, again where AWS does not take it.
    async fn open(&self) -> Result<Served, CloudError> {
        let asker = self.asker.as_ref().ok_or_else(|| self.none("nobody can be asked for it"))?;
        let mut refused: Option<String> = None;
        for left in (0..CODES).rev() {
            let code = asker.code(&self.device, refused.as_deref()).await;
            let code = code.ok_or_else(|| self.none("none was given"))?;
            match self.assume(&code).await {
                Err(CloudError::Refused { message, .. }) if left > 0 && is_of_code(&message) => {
                    refused = Some(message);
                }
                outcome => return outcome,
            }
        }
        Err(self.none("none was accepted"))
    }

    async fn assume(&self, code: &str) -> Result<Served, CloudError> {
        let answer = self
            .client
            .assume_role()
            .role_arn(&self.role)
            .role_session_name(&self.session)
            .serial_number(&self.device)
            .token_code(code.trim())
            .set_external_id(self.external.clone())
            .set_duration_seconds(self.seconds)
            .send()
            .await;
        let renewal = Renewal::Never { remedy: "try again with a new code".into() };
        let what = format!("a session of the role {}", self.role);
        let answer = answer.map_err(|error| of_sdk(&what, &renewal, error))?;
        let keys = answer.credentials.ok_or_else(|| CloudError::NotUnderstood {
            what,
            source: "it has no credentials".into(),
        })?;
        let token = Some(keys.session_token);
        Ok(Served {
            keys: Credentials::new(keys.access_key_id, keys.secret_access_key, token),
            expires: Timestamp::from_second(keys.expiration.secs()).ok(),
        })
    }
}

/// So many codes are asked for.
const CODES: u32 = 3;

/// Whether a refusal is about the code, so that another one helps.
fn is_of_code(message: &str) -> bool {
    message.contains("MultiFactorAuthentication")
}
