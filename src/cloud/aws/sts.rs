//! STS: who asks, and roles that want a code of an MFA device.
//!
//! The SDK reads `mfa_serial` of a profile nowhere and would assume the role without a code, which
//! AWS denies. So we assume such roles ourselves. The session is kept in memory only.

use std::sync::Arc;

use aws_sdk_sts::Client;

use super::failure::of_sdk;
use super::login::{self, CodeAsker};
use super::network::SdkClient;
use super::settings::Settings;
use crate::cloud::sign::Credentials;
use crate::cloud::{CloudError, Renewal, Served};

/// A client of STS with these keys.
pub(super) fn client(
    settings: &Settings,
    client: &reqwest::Client,
    keys: impl aws_credential_types::provider::ProvideCredentials + 'static,
) -> Client {
    let mut config = aws_sdk_sts::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(settings.region.clone()))
        .http_client(SdkClient(client.clone()))
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
            client: client(settings, http, keys),
            role,
            device,
            session: settings.own("role_session_name").unwrap_or("springboard").to_owned(),
            external: settings.own("external_id").map(str::to_owned),
            seconds: settings.own("duration_seconds").and_then(|text| text.parse().ok()),
            asker,
        })
    }

    /// Asks for a code and assumes the role.
    pub(super) async fn assume(&self) -> Result<Served, CloudError> {
        let none = |why: &str| CloudError::NoCredentials {
            source: why.into(),
            remedy: "run it at a terminal, where the code of the MFA device can be asked for"
                .into(),
        };
        let asker = self.asker.as_ref().ok_or_else(|| none("nobody can be asked for a code"))?;
        let code = asker.code(&self.device).await.ok_or_else(|| none("no code was given"))?;
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
            expires: jiff::Timestamp::from_second(keys.expiration.secs()).ok(),
        })
    }
}
