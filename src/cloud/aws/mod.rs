//! The account at AWS: [`Cloud`](crate::cloud::Cloud) over the AWS SDK for Rust and over signed
//! requests of our own.
//!
//! The only folder that names the SDK. Credentials, STS, EC2 and Service Quotas go through its
//! crates; the other services through [`api`], because each crate costs build time for a handful
//! of reads: EC2's alone takes as long as everything else of springboard together (138 s of 244 s
//! for a whole cold build on two cores), a crate of the size of IAM's or RDS' 10 s to 30 s.
//!
//! What the SDK does unaided, and what not:
//!
//! | | the SDK | here |
//! |---|---|---|
//! | profiles, `source_profile`, `credential_source`, `credential_process`, SSO, web identity, container, instance | does it, and keeps what it has read of files | in the order of the AWS CLI, read anew for each question ([`login`]) |
//! | keys in variables although `--profile` was named | takes the variables | takes the profile, as the CLI does |
//! | `mfa_serial` of a profile | ignores it; AWS denies | asks for the code ([`login::CodeAsker`]) and assumes the role itself |
//! | `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_…`, `endpoint_url`, `services` | does it for its own clients | the same for our requests ([`Settings::endpoint`]) |
//! | `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY` | not in every version | one client for both ([`network`]), and never for the addresses that give credentials |
//! | `AWS_CA_BUNDLE`, `ca_bundle` | neither | both, beside the certificates of the system |
//! | retries | standard mode | the same, bounded by one limit for the whole question |
//! | pages | paginators | all are followed to the end; so are ours |
//!
//! Kinds of credentials, as the binary was tried with each (`tests/it/aws/{login,kinds}.rs`,
//! `tests/it/mfa.rs`); what is said of them before a run is in [`kinds`]:
//!
//! | kind | given by | tried against | new ones |
//! |---|---|---|---|
//! | keys in variables, in files | nobody | moto | never; by writing the file anew |
//! | role with `source_profile` | STS | moto | by themselves |
//! | role with `mfa_serial` | STS and a code | moto, at a terminal | never: `resume` asks for a code |
//! | web identity, by profile or variables | STS and a token in a file | moto, loopback; also a token that has ended | by themselves, from the file |
//! | SSO with `sso_session` | the portal, by the token that `aws sso login` keeps | loopback (moto has no portal), by `AWS_ENDPOINT_URL_SSO` and `…_SSO_OIDC` | the SDK renews the token; `aws sso login` |
//! | SSO with `sso_start_url` alone | the same | the same; that the token has ended the portal says (`UnauthorizedException`), not the SDK | `aws sso login` |
//! | container, `AWS_CONTAINER_CREDENTIALS_FULL_URI` | an address with a token, in a variable or a file | loopback | by themselves |
//! | container, `…_RELATIVE_URI` | 169.254.170.2, which the SDK does not let anybody change | not tried; all but the address is as above | by themselves |
//! | instance, with the tokens of version 2 | `AWS_EC2_METADATA_SERVICE_ENDPOINT` | loopback | by themselves |
//! | `credential_process` | a program | `cat` | by themselves |
//!
//! Every question has one limit in all ([`Settings::limit`]). An answer that is not one of AWS is
//! [`CloudError::NotUnderstood`]; nothing panics.

mod account;
mod api;
mod counting;
mod ec2;
mod eks;
mod failure;
mod hosting;
mod iam;
mod kinds;
pub mod login;
mod memo;
mod names;
pub mod network;
mod objects;
pub mod registry;
pub mod settings;
mod sts;
mod untagged;
mod xml;

use std::sync::Arc;
use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

pub use login::{AwsLogin, CodeAsker};
pub use network::NetworkError;
pub use settings::Settings;

use api::{Api, Wrong};

use super::{CloudError, CredentialSource, Origin};

/// The account, in one region.
#[derive(Debug, Clone)]
pub struct Aws {
    api: Api,
    ec2: aws_sdk_ec2::Client,
    quotas: aws_sdk_servicequotas::Client,
    sts: aws_sdk_sts::Client,
    origin: Option<Origin>,
}

impl Aws {
    /// The account that these credentials open, asked through this client ([`network::client`]).
    pub fn new(
        settings: Settings,
        client: reqwest::Client,
        keys: Arc<dyn CredentialSource>,
        origin: Option<Origin>,
    ) -> Self {
        let api = Api { client, settings: Arc::new(settings), keys, memo: None };
        Self::by(api, origin)
    }

    fn by(api: Api, origin: Option<Origin>) -> Self {
        let settings = &*api.settings;
        let way = || network::SdkClient::new(&api.client, api.memo.as_ref());
        let keys = || login::SdkKeys(api.keys.clone());
        let sts = sts::client(settings, way(), keys());
        let ec2 = ec2::client(settings, way(), keys());
        let quotas = counting::client(settings, way(), keys());
        Self { api, ec2, quotas, sts, origin }
    }

    /// The same account, as one that remembers what it was told.
    fn with_memo(&self) -> Self {
        let memo = Some(memo::Memo::default());
        Self::by(Api { memo, ..self.api.clone() }, self.origin)
    }

    /// An error of one of our own requests.
    fn wrong(&self, what: &str, wrong: Wrong) -> CloudError {
        self.api.error(what, wrong)
    }

    /// `None` where AWS says one of these codes: there is none of that name.
    fn found<T>(
        &self,
        what: &str,
        outcome: Result<T, Wrong>,
        absent: &[&str],
    ) -> Result<Option<T>, CloudError> {
        match outcome {
            Ok(found) => Ok(Some(found)),
            Err(wrong) if wrong.is(absent) => Ok(None),
            Err(wrong) => Err(self.wrong(what, wrong)),
        }
    }

    /// An answer that lacks what it must have.
    fn lacks(what: &str, field: &str) -> CloudError {
        let source = format!("it has no {field}").into();
        CloudError::NotUnderstood { what: what.to_owned(), source }
    }
}

/// As often as our own requests are tried.
fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(4).with_initial_backoff(Duration::from_millis(200))
}

fn timeouts(settings: &Settings) -> TimeoutConfig {
    let limit = settings.limit();
    TimeoutConfig::builder()
        .operation_timeout(limit)
        .operation_attempt_timeout(limit / 2)
        .connect_timeout(Duration::from_secs(5))
        .build()
}
