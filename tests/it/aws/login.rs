//! Every kind of credentials, from the files and services that the AWS CLI reads.
#![expect(clippy::disallowed_methods, reason = "servers of a test run beside it")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::Path as Segment;
use axum::routing::{get, put};
use serde_json::json;
use springboard::cloud::aws::{Aws, AwsLogin, CodeAsker, Settings, network};
use springboard::cloud::{Cloud as _, CloudError, CredentialSource as _, Origin, Renewal};
use springboard::error::Hint as _;
use tokio::net::TcpListener;

use super::{Moto, REGION};

const ROLE: &str = "arn:aws:iam::123456789012:role/Installer";

/// Files of the AWS CLI in a home of their own.
struct Home(tempfile::TempDir);

impl Home {
    fn new(config: &str, credentials: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".aws")).unwrap();
        std::fs::write(dir.path().join(".aws/config"), config).unwrap();
        std::fs::write(dir.path().join(".aws/credentials"), credentials).unwrap();
        Self(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn settings(&self, profile: Option<&str>, variables: &[(&str, &str)]) -> Settings {
        let off = ("AWS_EC2_METADATA_DISABLED", "true");
        let has_instance =
            variables.iter().any(|(name, _)| *name == "AWS_EC2_METADATA_SERVICE_ENDPOINT");
        let off = (!has_instance).then_some(off);
        let all: BTreeMap<_, _> = variables
            .iter()
            .copied()
            .chain(off)
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Settings::read(all, self.path(), profile, REGION)
    }
}

fn login(settings: &Settings, asker: Option<Arc<dyn CodeAsker>>) -> AwsLogin {
    let client = network::client(settings).unwrap();
    AwsLogin::open(settings, &client, asker)
}

/// The key that is served, and whether it ends.
async fn served(settings: &Settings) -> (String, bool) {
    let served = login(settings, None).credentials().await.unwrap();
    (served.keys.access_key_id, served.expires.is_some())
}

#[tokio::test]
async fn a_profile_is_read_from_both_files() {
    let home = Home::new(
        "[profile a]\nregion = us-west-2\n",
        "[a]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n",
    );
    let settings = home.settings(Some("a"), &[("AWS_ACCESS_KEY_ID", "AKIAVARIABLE")]);
    assert_eq!(served(&settings).await, ("AKIAFILE".into(), false));
    let login = login(&settings, None);
    assert_eq!(login.origin(), Origin::File);
    assert_eq!(*login.renewal(), Renewal::Elsewhere("aws configure --profile a".into()));
}

#[tokio::test]
async fn a_file_that_is_written_anew_counts_at_once() {
    let home = Home::new("", "[default]\naws_access_key_id = AKIAOLD\naws_secret_access_key = x\n");
    let settings = home.settings(None, &[]);
    assert_eq!(served(&settings).await.0, "AKIAOLD");
    let anew = "[default]\naws_access_key_id = AKIANEW\naws_secret_access_key = x\n";
    std::fs::write(home.path().join(".aws/credentials"), anew).unwrap();
    assert_eq!(served(&settings).await.0, "AKIANEW");
}

#[tokio::test]
async fn keys_of_variables_come_before_a_profile_that_a_variable_names() {
    let home = Home::new("", "[a]\naws_access_key_id = AKIAFILE\naws_secret_access_key = x\n");
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"), ("AWS_SECRET_ACCESS_KEY", "x")];
    let settings = home.settings(None, &[keys[0], keys[1], ("AWS_PROFILE", "a")]);
    assert_eq!(served(&settings).await.0, "AKIAVARIABLE");
    let login = login(&settings, None);
    assert!(matches!(login.renewal(), Renewal::Never { .. }));
}

#[tokio::test]
async fn a_program_gives_credentials() {
    let document = "{\"Version\":1,\"AccessKeyId\":\"ASIAPROCESS\",\"SecretAccessKey\":\"x\",\
                    \"SessionToken\":\"t\",\"Expiration\":\"2099-01-01T00:00:00Z\"}";
    let home = Home::new("[profile p]\ncredential_process = cat document.json\n", "");
    let path = home.path().join("document.json");
    std::fs::write(&path, document).unwrap();
    let config = format!("[profile p]\ncredential_process = cat {}\n", path.display());
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let settings = home.settings(Some("p"), &[]);
    assert_eq!(served(&settings).await, ("ASIAPROCESS".into(), true));
    assert_eq!(login(&settings, None).origin(), Origin::Process);
}

#[tokio::test]
async fn a_role_is_assumed_with_the_keys_of_another_profile() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let url = moto.url();
    let home = Home::new(
        &format!(
            "[profile role]\nrole_arn = {ROLE}\nsource_profile = base\nrole_session_name = op\n\
             endpoint_url = {url}\n"
        ),
        "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = x\n",
    );
    let settings = home.settings(Some("role"), &[]);
    let client = network::client(&settings).unwrap();
    let login = AwsLogin::open(&settings, &client, None);
    assert_eq!(login.origin(), Origin::Role);
    let cloud = Aws::new(settings, client, Arc::new(login), Some(Origin::Role));
    let caller = cloud.caller().await.unwrap();
    assert_eq!(caller.principal(), ROLE);
    assert!(caller.arn.ends_with(":assumed-role/Installer/op"), "{}", caller.arn);
    assert!(caller.expires.is_some());
}

#[tokio::test]
async fn a_token_of_another_provider_opens_a_role() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let home = Home::new("", "");
    let token = home.path().join("token");
    std::fs::write(&token, "eyJhbGciOiJub25lIn0.e30.").unwrap();
    let config = format!(
        "[profile web]\nrole_arn = {ROLE}\nweb_identity_token_file = {}\nendpoint_url = {}\n",
        token.display(),
        moto.url()
    );
    std::fs::write(home.path().join(".aws/config"), config).unwrap();
    let settings = home.settings(Some("web"), &[]);
    let (key, ends) = served(&settings).await;
    assert!(key.starts_with("ASIA") && ends, "{key}");
    assert_eq!(login(&settings, None).origin(), Origin::WebIdentity);
}

/// The operator at a terminal.
#[derive(Debug)]
struct Operator(Option<&'static str>);

#[async_trait]
impl CodeAsker for Operator {
    async fn code(&self, device: &str, _refused: Option<&str>) -> Option<String> {
        assert_eq!(device, "arn:aws:iam::123456789012:mfa/op");
        self.0.map(str::to_owned)
    }
}

#[tokio::test]
async fn a_role_that_wants_a_code_is_assumed_with_one() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let url = moto.url();
    let home = Home::new(
        &format!(
            "[profile mfa]\nrole_arn = {ROLE}\nsource_profile = base\n\
             mfa_serial = arn:aws:iam::123456789012:mfa/op\nendpoint_url = {url}\n"
        ),
        "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = x\n",
    );
    let settings = home.settings(Some("mfa"), &[]);
    let served = login(&settings, Some(Arc::new(Operator(Some("123456"))))).credentials().await;
    assert!(served.unwrap().keys.access_key_id.starts_with("ASIA"));
    for asker in [None, Some(Arc::new(Operator(None)) as Arc<dyn CodeAsker>)] {
        let error: CloudError = login(&settings, asker).credentials().await.unwrap_err().into();
        assert!(matches!(error, CloudError::NoCredentials { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn a_session_that_has_ended_is_not_opened_again_and_says_so() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let home = Home::new(
        &format!(
            "[profile mfa]\nrole_arn = {ROLE}\nsource_profile = base\nduration_seconds = 1\n\
             mfa_serial = arn:aws:iam::123456789012:mfa/op\nendpoint_url = {}\n",
            moto.url()
        ),
        "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = x\n",
    );
    let settings = home.settings(Some("mfa"), &[]);
    let asker = Arc::new(Counted::default());
    let login = login(&settings, Some(asker.clone()));
    login.credentials().await.unwrap();
    // A second at most: nothing is asked of anybody meanwhile.
    let error = loop {
        match login.credentials().await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.to_string(), "the credentials have ended");
    assert!(error.hint().unwrap().starts_with("have the MFA device at hand at a terminal"));
    assert_eq!(asker.0.load(Ordering::Relaxed), 1);
}

/// An operator who counts how often a code is asked for.
#[derive(Debug, Default)]
struct Counted(AtomicU32);

#[async_trait]
impl CodeAsker for Counted {
    async fn code(&self, _device: &str, _refused: Option<&str>) -> Option<String> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Some("123456".into())
    }
}

#[tokio::test]
async fn an_instance_gives_the_keys_of_its_role() {
    let role = "/latest/meta-data/iam/security-credentials/{role}";
    let document = json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-21T00:00:00Z",
        "AccessKeyId": "ASIAINSTANCE", "SecretAccessKey": "x", "Token": "t",
        "Expiration": "2099-01-01T00:00:00Z",
    });
    let answer = document.to_string();
    let token = || async { ([("x-aws-ec2-metadata-token-ttl-seconds", "21600")], "token") };
    let router = Router::new()
        .route("/latest/api/token", put(token))
        .route("/latest/meta-data/iam/security-credentials/", get(|| async { "installer" }))
        .route(role, get(move |Segment(_): Segment<String>| async move { answer }));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let home = Home::new("", "");
    let settings = home.settings(None, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &url)]);
    assert_eq!(served(&settings).await, ("ASIAINSTANCE".into(), true));
}

#[tokio::test]
async fn without_credentials_it_says_what_to_do() {
    let home = Home::new(
        "[profile s]\nsso_start_url = https://acme.example\nsso_region = us-west-2\n\
                          sso_account_id = 123456789012\nsso_role_name = Installer\n",
        "",
    );
    let settings = home.settings(Some("s"), &[("HOME", home.path().to_str().unwrap())]);
    let login = login(&settings, None);
    assert_eq!(login.origin(), Origin::Sso);
    assert_eq!(
        login.renewal().remedy(),
        "log in again in another terminal (`aws sso login --profile s`)"
    );
    let error: CloudError = login.credentials().await.unwrap_err().into();
    assert!(
        matches!(error, CloudError::NoCredentials { .. } | CloudError::Ended { .. }),
        "{error:?}"
    );
}
