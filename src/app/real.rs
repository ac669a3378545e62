//! The surroundings of a real install: everything leads to AWS.
//!
//! External programs are given no keys but those that were given to us in variables; all others
//! they ask of `springboard credentials`, which reads the same files of the AWS CLI again. Only a
//! session that was opened with a code is handed on in variables: nobody else can open it. Proxies
//! and certificates reach them as variables.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use springboard::answers::Answers;
use springboard::blueprint::Blueprint;
use springboard::bundle::Pinned;
use springboard::cli::WhoseCredentials;
use springboard::cloud::aws::registry::RegistryToken;
use springboard::cloud::aws::{Aws, AwsLogin, CodeAsker, Settings, network};
use springboard::cloud::sign::Credentials;
use springboard::cloud::{CredentialSource, Origin, Patient, Served};
use springboard::cluster::Watch;
use springboard::engine::deployment::{Deployment, make_private};
use springboard::engine::surroundings::{RegistryDoor, Surroundings};
use springboard::host::{Host, write_private};
use springboard::preflight::reach::{Exceptions, Internet, Proxies};
use springboard::run::Secret;
use springboard::transfer::charts;
use springboard::transfer::images::{RegistryAccess, RegistryCredentials};
use springboard::transfer::{CredentialsError, Freshness, LoginKeys, Retry, StorageAccess};
use url::Url;

use super::Ending;
use super::credentials::Login;

/// Variables of the AWS CLI that say where credentials are and how AWS is reached.
const PASSED_ON: &[&str] = &[
    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_EC2_METADATA_DISABLED",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT",
    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
    "AWS_EC2_METADATA_V1_DISABLED",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
];
/// Keys in variables: they are all there is, so they are handed on as they came.
const KEYS: &[&str] = &["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"];
/// Arguments of `springboard credentials` that name a profile.
const PROFILES: [&str; 2] = ["--aws-profile", "--aws-default-profile"];
/// A password of the registry is renewed so long before it ends.
const EARLY: Duration = Duration::from_mins(30);
/// Where systems keep the certificates that they trust.
const SYSTEM_CERTIFICATES: &[&str] = &[
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The way to an account.
pub(crate) struct Way {
    settings: Settings,
    client: reqwest::Client,
    /// Where credentials come from.
    origin: Origin,
    /// Whether the session is opened with a code.
    needs_code: bool,
    /// Certificates that the answers name, which count beside those of the environment.
    answered_ca: Option<PathBuf>,
    /// The login.
    pub(crate) login: Login,
}

impl Way {
    /// The way to the account of a deployment; nothing is asked yet.
    pub(crate) fn open(
        deployment: &Deployment,
        answers: &Answers,
        blueprint: &dyn Blueprint,
        asker: Option<Arc<dyn CodeAsker>>,
        host: &Host,
    ) -> Result<Self, Ending> {
        let profile = blueprint.aws_profile(answers);
        let region = blueprint.region(answers);
        // Before the region is answered, who asks can be told anywhere.
        let around = host.var("AWS_REGION").or(host.var("AWS_DEFAULT_REGION"));
        let region = if region.is_empty() { around.unwrap_or("us-east-1") } else { &region };
        let mut settings =
            Settings::read(host.vars().clone(), &host.home(), profile.as_deref(), region);
        let demand = blueprint.demand(answers);
        let answered_ca = demand.custom_ca.map(PathBuf::from).filter(|path| path.exists());
        // One that does not exist is told by its check.
        settings.ca_bundle = settings.ca_bundle.or_else(|| answered_ca.clone());
        // What asks AWS from here goes the way of the tools.
        if Proxies::of(host).is_set() {
            let of_profile = settings.endpoints_of_profile();
            let endpoints = of_profile.values().filter_map(|url| Url::parse(url).ok());
            let exceptions = Exceptions::of(host, !demand.endpoint.public).and(endpoints);
            settings.no_proxy = Some(exceptions.value());
        }
        let arguments = arguments(&settings);
        let way = Self::through(settings, arguments, asker, deployment)?;
        Ok(Self { answered_ca, ..way })
    }

    /// The way that [`arguments`] describe.
    pub(crate) fn of_arguments(
        whose: &WhoseCredentials,
        deployment: &Deployment,
        host: &Host,
    ) -> Result<Self, Ending> {
        // Our own process runs with the private configuration; what is meant are the operator's files.
        let mut variables = host.vars().clone();
        for (name, path) in [
            ("AWS_CONFIG_FILE", &whose.aws_config_file),
            ("AWS_SHARED_CREDENTIALS_FILE", &whose.aws_credentials_file),
        ] {
            variables.remove(name);
            variables.extend(path.as_ref().map(|p| (name.to_owned(), p.display().to_string())));
        }
        for name in ["AWS_PROFILE", "AWS_DEFAULT_PROFILE"] {
            variables.remove(name);
        }
        let by_variable = whose.aws_default_profile.as_ref();
        variables.extend(by_variable.map(|name| ("AWS_PROFILE".to_owned(), name.clone())));
        let region = whose.aws_region.as_deref().unwrap_or_default();
        let profile = whose.aws_profile.as_deref();
        let settings = Settings::read(variables, &host.home(), profile, region);
        Self::through(settings, Vec::new(), None, deployment)
    }

    fn through(
        settings: Settings,
        arguments: Vec<String>,
        asker: Option<Arc<dyn CodeAsker>>,
        deployment: &Deployment,
    ) -> Result<Self, Ending> {
        let client = network::client(&settings).map_err(|error| Ending::not_ready(&error))?;
        let login = AwsLogin::open(&settings, &client, asker);
        let (origin, needs_code) = (login.origin(), login.needs_code());
        // Whoever cannot ask for a code is given the session in variables, and is to take that.
        let arguments = if needs_code { without_profile(&arguments) } else { arguments };
        let now: Arc<dyn CredentialSource> = Arc::new(login);
        let awaited = deployment.login_awaited();
        let patient = Arc::new(Patient::new(now.clone(), Patient::LIMIT, awaited));
        let login = Login { now, patient, arguments };
        Ok(Self { settings, client, origin, needs_code, answered_ca: None, login })
    }

    /// Fetches charts that the bundle does not have; those that are there stay.
    pub(crate) async fn fetch_charts(
        &self,
        missing: &[&'static Pinned],
        deployment: &Deployment,
    ) -> Result<(), Ending> {
        let folder = deployment.fetched_charts();
        let fetched = missing.iter().map(|pinned| charts::fetch(&self.client, pinned, &folder));
        let fetched = futures::future::try_join_all(fetched).await;
        fetched.map(drop).map_err(|error| Ending::not_ready(&error))
    }

    /// Whether the session is opened with a code of an MFA device.
    pub(crate) fn needs_code(&self) -> bool {
        self.needs_code
    }

    /// The account, asked with credentials that are waited for.
    pub(crate) fn cloud(&self) -> Aws {
        let keys = self.login.patient.clone();
        Aws::new(self.settings.clone(), self.client.clone(), keys, Some(self.origin))
    }

    /// The account, asked with credentials as they are.
    pub(crate) fn cloud_now(&self) -> Aws {
        let keys = self.login.now.clone();
        Aws::new(self.settings.clone(), self.client.clone(), keys, Some(self.origin))
    }

    /// Everything between the engine and AWS.
    pub(crate) async fn surroundings(
        self,
        deployment: &Deployment,
        host: &Host,
    ) -> Result<Surroundings, Ending> {
        let mut environment = self.environment(deployment, host)?;
        if self.needs_code {
            let served = self.login.now.credentials().await;
            environment.extend(handed_on(&served.map_err(|error| Ending::not_ready(&error))?));
        }
        let cloud = Arc::new(self.cloud());
        let retry = Retry::default();
        let (client, settings) = (self.client.clone(), &self.settings);
        let storage = StorageAccess {
            client: client.clone(),
            endpoint: settings.endpoint("S3").unwrap_or_else(|| of_s3(&settings.region)),
            region: settings.region.clone(),
            credentials: Arc::new(LoginKeys(self.login.patient.clone())),
            retry,
            now: Timestamp::now,
        };
        let password =
            Arc::new(RegistryPassword { account: cloud.clone(), held: Mutex::default() });
        Ok(Surroundings {
            cloud,
            environment,
            terraform: BTreeMap::new(),
            backend: backend(settings),
            kubernetes: None,
            credentials: self.login.now,
            patient: self.login.patient,
            login: self.login.arguments,
            registry: RegistryDoor::new(move |registry| RegistryAccess {
                client: client.clone(),
                host: registry.to_owned(),
                base_url: https(registry),
                credentials: password.clone(),
                retry,
            }),
            storage,
            reach: Arc::new(Internet::of(host)),
            patience: Watch::PATIENCE,
            pace: 1.0,
            listener: None,
        })
    }

    /// What external programs are told of the way to AWS.
    fn environment(
        &self,
        deployment: &Deployment,
        host: &Host,
    ) -> Result<BTreeMap<String, String>, Ending> {
        let is_passed = |name: &str| {
            PASSED_ON.contains(&name)
                || name.starts_with("AWS_ENDPOINT_URL")
                || (self.origin == Origin::Environment && KEYS.contains(&name))
        };
        let vars = host.vars().iter();
        let passed = vars.filter(|(name, _)| is_passed(name));
        let mut environment: BTreeMap<_, _> =
            passed.map(|(name, value)| (name.clone(), value.clone())).collect();
        // Tools have a profile of their own.
        environment.extend(self.settings.endpoints_of_profile());
        // Tools are told to ask no instance. Where the credentials are those of one, whoever serves
        // them runs in the environment of the tool and has to ask.
        if self.settings.asks_the_instance(self.origin) {
            environment.insert("AWS_EC2_METADATA_DISABLED".into(), "false".into());
        }
        if Proxies::of(host).is_set() {
            for name in ["NO_PROXY", "no_proxy"] {
                let exceptions = self.settings.no_proxy.clone().unwrap_or_default();
                environment.insert(name.to_owned(), exceptions);
            }
        }
        let bundles: BTreeSet<&Path> = [&self.settings.ca_bundle, &self.answered_ca]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
            .collect();
        if !bundles.is_empty() {
            let merged = merged(deployment, &bundles, host).map_err(|source| {
                let what = format!("error: could not write the certificates\n  cause: {source}");
                Ending::plain(3, what)
            })?;
            for name in ["AWS_CA_BUNDLE", "SSL_CERT_FILE"] {
                environment.insert(name.to_owned(), merged.display().to_string());
            }
        }
        Ok(environment)
    }
}

/// What tells `springboard credentials` where the operator's credentials are: its environment is
/// that of a tool, which knows the private configuration only.
fn arguments(settings: &Settings) -> Vec<String> {
    let mut arguments = vec!["--aws-region".to_owned(), settings.region.clone()];
    let named = settings.named_profile();
    let by_variable = settings.profile.as_deref().filter(|_| named.is_none());
    for (flag, value) in PROFILES.into_iter().zip([named, by_variable]) {
        if let Some(value) = value {
            arguments.extend([flag.to_owned(), value.to_owned()]);
        }
    }
    for (flag, path) in [
        ("--aws-config-file", settings.config_file()),
        ("--aws-credentials-file", settings.credentials_file()),
    ] {
        arguments.extend([flag.to_owned(), path.display().to_string()]);
    }
    arguments
}

/// The same for whom the keys in variables are meant.
fn without_profile(arguments: &[String]) -> Vec<String> {
    let is_of_profile = |flag: &String| PROFILES.contains(&flag.as_str());
    let pairs = arguments.chunks(2).filter(|pair| !pair.first().is_some_and(is_of_profile));
    pairs.flatten().cloned().collect()
}

/// Keys of a session as variables.
fn handed_on(served: &Served) -> impl Iterator<Item = (String, String)> {
    let Credentials { access_key_id, secret_access_key, .. } = &served.keys;
    let values = [access_key_id.as_str(), secret_access_key.expose()];
    let values = values.into_iter().chain(served.keys.token()).map(str::to_owned);
    KEYS.iter().map(|name| (*name).to_owned()).zip(values.collect::<Vec<_>>())
}

/// The bundles of the operator beside the certificates of the system, in one file: programs in Go
/// read one file only.
fn merged(
    deployment: &Deployment,
    bundles: &BTreeSet<&Path>,
    host: &Host,
) -> std::io::Result<PathBuf> {
    let own = host.var("SSL_CERT_FILE").map(PathBuf::from);
    let mut system = own.into_iter().chain(SYSTEM_CERTIFICATES.iter().map(PathBuf::from));
    let mut text = system.find_map(|path| std::fs::read(path).ok()).unwrap_or_default();
    for bundle in bundles {
        text.push(b'\n');
        text.extend(std::fs::read(bundle)?);
    }
    make_private(&deployment.aws())?;
    let path = deployment.aws().join("certificates.pem");
    write_private(&path, &text)?;
    Ok(path)
}

/// An S3 that is not where it always is takes buckets in paths.
fn backend(settings: &Settings) -> serde_json::Map<String, serde_json::Value> {
    let is_elsewhere = settings.endpoint("S3").is_some();
    is_elsewhere.then(|| ("use_path_style".to_owned(), true.into())).into_iter().collect()
}

fn of_s3(region: &str) -> Url {
    let suffix = springboard::cloud::sign::dns_suffix(region);
    https(&format!("s3.{region}.{suffix}"))
}

fn https(host: &str) -> Url {
    let url = Url::parse(&format!("https://{host}/"));
    // What is no host name is refused when it is asked, with its name.
    url.unwrap_or_else(|_| Url::parse("https://invalid/").expect("this is a URL"))
}

/// The password of ECR, kept until shortly before it ends.
#[derive(Debug)]
struct RegistryPassword {
    account: Arc<Aws>,
    held: Mutex<Option<RegistryToken>>,
}

#[async_trait]
impl RegistryCredentials for RegistryPassword {
    async fn basic(&self, freshness: Freshness) -> Result<Option<Secret>, CredentialsError> {
        let held = || self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let early = Timestamp::now().saturating_add(EARLY).unwrap_or(Timestamp::MAX);
        let is_good = |token: &RegistryToken| token.expires.is_none_or(|ends| ends > early);
        let known = held().clone().filter(|token| freshness == Freshness::Any && is_good(token));
        if let Some(token) = known {
            return Ok(Some(token.basic));
        }
        let token = self.account.registry_token().await;
        let token = token.map_err(|error| CredentialsError(error.to_string()))?;
        *held() = Some(token.clone());
        Ok(Some(token.basic))
    }
}
