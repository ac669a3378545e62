//! The operator's login: the SDK's provider chain behind our [`CredentialSource`].
//!
//! The chain is put together here in the order of the AWS CLI, because the SDK's own one reads the
//! process' environment by itself and has no MFA. Keys with an end are kept until shortly before
//! it; keys without one are read again each time, so that a file that was written anew counts at
//! once. What kind they are and how new ones are had is in [`kinds`]. Start at [`AwsLogin::open`].

use std::error::Error;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::credentials::ImdsCredentialsProvider;
use aws_config::meta::credentials::CredentialsProviderChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::{StaticConfiguration, WebIdentityTokenCredentialsProvider};
use aws_config::{BehaviorVersion, Region};
use aws_credential_types::Credentials as SdkCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_smithy_async::rt::sleep::TokioSleep;
use jiff::Timestamp;

use super::kinds::{self, keys_of_variables};
use super::network::SdkClient;
use super::settings::Settings;
use super::sts;
use crate::cloud::sign::Credentials;
use crate::cloud::{CloudError, CredentialError, CredentialSource, Origin, Renewal, Served};

/// New keys are asked for so long before the old ones end.
const EARLY: Duration = Duration::from_mins(5);

/// Asks the operator for the code of a device.
#[async_trait]
pub trait CodeAsker: Debug + Send + Sync {
    /// The present code of the device with that serial number or ARN; `None` when nobody answers.
    /// `refused` says why the last one was not accepted.
    async fn code(&self, device: &str, refused: Option<&str>) -> Option<String>;
}

/// The login of the operator.
#[derive(Debug)]
pub struct AwsLogin {
    source: Source,
    origin: Origin,
    renewal: Renewal,
    limit: Duration,
    held: Mutex<Option<Served>>,
}

#[derive(Debug)]
enum Source {
    Fixed(Credentials),
    Found(Box<Found>),
    Mfa(Box<sts::WithCode>),
}

/// Where the SDK looks. Its providers keep what they have read of the files, and some of them also
/// that it was wrong: so there are new ones for each question.
#[derive(Debug)]
struct Found {
    settings: Settings,
    client: reqwest::Client,
}

impl AwsLogin {
    /// Finds where the login is kept; nothing is asked of AWS yet.
    pub fn open(
        settings: &Settings,
        client: &reqwest::Client,
        asker: Option<Arc<dyn CodeAsker>>,
    ) -> Self {
        let (origin, renewal) = (kinds::origin(settings), kinds::renewal(settings));
        let source = if let Some(keys) = keys_of_variables(settings) {
            Source::Fixed(keys)
        } else if let Some(role) = sts::WithCode::of(settings, client, asker) {
            Source::Mfa(Box::new(role))
        } else {
            let (settings, client) = (settings.clone(), client.clone());
            Source::Found(Box::new(Found { settings, client }))
        };
        Self { source, origin, renewal, limit: settings.limit(), held: Mutex::default() }
    }

    /// Whether a session was opened, or would be, with a code of a device: nobody else can open one.
    pub fn needs_code(&self) -> bool {
        matches!(self.source, Source::Mfa(_))
    }

    /// Where the credentials come from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    fn held(&self) -> Option<Served> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        let early = Timestamp::now().saturating_add(EARLY).unwrap_or(Timestamp::MAX);
        held.expires.is_some_and(|expires| expires > early).then_some(held)
    }

    async fn fetch(&self) -> Result<Served, CredentialError> {
        match &self.source {
            Source::Fixed(keys) => Ok(Served { keys: keys.clone(), expires: None }),
            Source::Mfa(role) => role.session(&self.renewal).await,
            Source::Found(found) => {
                let chain = chain(&found.settings, &found.client);
                let asked = tokio::time::timeout(self.limit, chain.provide_credentials()).await;
                let unreachable = |passed: tokio::time::error::Elapsed| {
                    let what = "the credentials".to_owned();
                    CredentialError::Cloud(CloudError::Unreachable { what, source: passed.into() })
                };
                let found = asked.map_err(unreachable)?;
                found.map(|keys| served(&keys)).map_err(|error| self.failed(&error))
            }
        }
    }

    fn failed(&self, error: &CredentialsError) -> CredentialError {
        let words = chain_of(error);
        let remedy = self.renewal.remedy();
        if is_of_ended(&words) {
            return CredentialError::Ended { remedy };
        }
        if let CredentialsError::ProviderTimedOut(_) = error {
            let what = "the credentials".to_owned();
            return CredentialError::Cloud(CloudError::Unreachable { what, source: words.into() });
        }
        // The SDK lists what it has tried over several lines; a reason is one.
        let tried: Vec<&str> = words.lines().map(str::trim).collect();
        let source = tried.join(" ").into();
        CredentialError::Cloud(CloudError::NoCredentials { source, remedy })
    }
}

#[async_trait]
impl CredentialSource for AwsLogin {
    async fn credentials(&self) -> Result<Served, CredentialError> {
        if let Some(held) = self.held().filter(|_| !self.needs_code()) {
            return Ok(held);
        }
        let served = self.fetch().await?;
        *self.held.lock().unwrap_or_else(PoisonError::into_inner) = Some(served.clone());
        Ok(served)
    }

    fn renewal(&self) -> &Renewal {
        &self.renewal
    }

    fn login_ends(&self) -> Option<Timestamp> {
        let Source::Found(found) = &self.source else { return None };
        kinds::login_ends(&found.settings, Timestamp::now())
    }
}

/// Our source as the SDK takes one.
#[derive(Debug, Clone)]
pub(super) struct SdkKeys(pub(super) Arc<dyn CredentialSource>);

impl ProvideCredentials for SdkKeys {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async move {
            let served = self.0.credentials().await;
            let served = served.map_err(CredentialsError::provider_error)?;
            let keys = served.keys;
            Ok(SdkCredentials::new(
                &keys.access_key_id,
                keys.secret_access_key.expose(),
                keys.token().map(str::to_owned),
                served.expires.map(std::time::SystemTime::from),
                "springboard",
            ))
        })
    }
}

/// Keys as the SDK gives them.
pub(super) fn served(keys: &SdkCredentials) -> Served {
    let token = keys.session_token().map(str::to_owned);
    Served {
        keys: Credentials::new(keys.access_key_id(), keys.secret_access_key(), token),
        expires: keys.expiry().and_then(|at| Timestamp::try_from(at).ok()),
    }
}

/// What every provider of the SDK is told.
pub(super) fn provider_config(settings: &Settings, client: &reqwest::Client) -> ProviderConfig {
    ProviderConfig::without_region()
        .with_region(Some(Region::new(settings.region.clone())))
        .with_http_client(SdkClient::new(client, None))
        .with_sleep_impl(TokioSleep::new())
        .with_behavior_version(Some(BehaviorVersion::latest()))
}

/// The credentials of one profile, by the SDK.
#[expect(deprecated, reason = "the file type has no other name that is public")]
pub(super) fn of_profile(
    settings: &Settings,
    client: &reqwest::Client,
    profile: &str,
) -> ProfileFileCredentialsProvider {
    use aws_config::profile::profile_file::{ProfileFileKind, ProfileFiles};
    // A file that is named to the SDK has to be there; those of the AWS CLI need not.
    // Without any it panics, so there is always one without profiles.
    let mut files = ProfileFiles::builder().with_contents(ProfileFileKind::Config, "");
    for (kind, path) in [
        (ProfileFileKind::Config, settings.config_file()),
        (ProfileFileKind::Credentials, settings.credentials_file()),
    ] {
        if path.exists() {
            files = files.with_file(kind, path);
        }
    }
    let files = files.build();
    ProfileFileCredentialsProvider::builder()
        .configure(&provider_config(settings, client))
        .profile_files(files)
        .profile_name(profile)
        .build()
}

fn chain(settings: &Settings, client: &reqwest::Client) -> CredentialsProviderChain {
    let config = provider_config(settings, client);
    let profile = of_profile(settings, client, settings.profile_name());
    let mut chain = CredentialsProviderChain::first_try("Profile", profile);
    if let (Some(file), Some(role)) =
        (settings.variable("AWS_WEB_IDENTITY_TOKEN_FILE"), settings.variable("AWS_ROLE_ARN"))
    {
        let session = settings.variable("AWS_ROLE_SESSION_NAME").unwrap_or("springboard");
        let token = StaticConfiguration {
            web_identity_token_file: file.into(),
            role_arn: role.to_owned(),
            session_name: session.to_owned(),
        };
        let builder = WebIdentityTokenCredentialsProvider::builder();
        let web = builder.configure(&config).static_configuration(token).build();
        chain = chain.or_else("WebIdentity", web);
    }
    let containers = EcsCredentialsProvider::builder().configure(&config).build();
    chain = chain.or_else("Container", containers);
    let is_off = settings.variable("AWS_EC2_METADATA_DISABLED").is_some_and(|v| v == "true");
    if is_off {
        return chain;
    }
    let mut imds = aws_config::imds::Client::builder().configure(&config);
    let endpoint = settings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT");
    if let Some(endpoint) = endpoint.or_else(|| settings.own("ec2_metadata_service_endpoint")) {
        imds = imds
            .endpoint(endpoint)
            .unwrap_or_else(|_wrong| aws_config::imds::Client::builder().configure(&config));
    }
    let instance =
        ImdsCredentialsProvider::builder().configure(&config).imds_client(imds.build()).build();
    chain.or_else("Instance", instance)
}

/// Whether the words of the SDK say that a login was good and is not any more. The portal of IAM
/// Identity Center refuses a token that has ended as `UnauthorizedException`. A certificate that has
/// expired is none of them.
fn is_of_ended(words: &str) -> bool {
    let words = words.to_lowercase();
    let is_ended = words.contains("expired") || words.contains("unauthorizedexception");
    is_ended && !words.contains("certificate")
}

/// An error with all its causes in one line.
pub(super) fn chain_of(error: &dyn Error) -> String {
    let mut words = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        words.push(cause.to_string());
        next = cause.source();
    }
    words.dedup();
    words.join(": ")
}
