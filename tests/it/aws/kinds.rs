//! Every kind of credentials that has a giver, as the binary finds it: a preflight says what kind
//! it is, when it ends and how new ones are had; the tools of an install are served the same.
//!
//! Moto has no portal of IAM Identity Center and gives neither containers nor instances their
//! credentials: [`Giver`] does, on loopback. A relative address of container credentials always
//! leads to 169.254.170.2 and cannot be tried; everything after the address is the same.
#![expect(clippy::disallowed_methods, reason = "a server of a test runs beside it")]

use std::collections::BTreeMap;
use std::fs;

use axum::Router;
use axum::extract::Query;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post, put};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::Moto;
use crate::install::operator;
use crate::support::sandbox::Sandbox;

type Fields = BTreeMap<String, String>;

/// Whoever gives credentials, and an STS that says whose keys it was asked with. Everything else
/// is denied.
struct Giver {
    url: String,
}

const GOOD: &str = "good-token";
const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

fn later(hours: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(hours)
}

/// As containers and instances are given them.
fn given(key: &str) -> String {
    json!({
        "Code": "Success", "Type": "AWS-HMAC", "LastUpdated": "2026-11-21T00:00:00Z",
        "AccessKeyId": key, "SecretAccessKey": SECRET, "Token": "t",
        "Expiration": later(3).strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    })
    .to_string()
}

/// Role credentials of the portal.
async fn portal(headers: HeaderMap, Query(asked): Query<Fields>) -> Response {
    let token = headers.get("x-amz-sso_bearer_token").and_then(|value| value.to_str().ok());
    if token != Some(GOOD) {
        let error = [("x-amzn-errortype", "UnauthorizedException")];
        let said = json!({ "message": "Session token not found or invalid" }).to_string();
        return (StatusCode::UNAUTHORIZED, error, said).into_response();
    }
    assert_eq!((asked["account_id"].as_str(), asked["role_name"].as_str()), ("1", "Installer"));
    let found = json!({ "roleCredentials": {
        "accessKeyId": "ASIASSO", "secretAccessKey": SECRET, "sessionToken": "t",
        "expiration": later(3).as_millisecond(),
    }});
    found.to_string().into_response()
}

/// A new token for a refresh token.
async fn token(body: String) -> String {
    let asked: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (&asked["grantType"], &asked["refreshToken"]),
        (&json!("refresh_token"), &json!("again"))
    );
    json!({ "accessToken": GOOD, "expiresIn": 28800, "tokenType": "Bearer" }).to_string()
}

async fn container(headers: HeaderMap) -> Response {
    if headers.get("authorization").is_some_and(|value| value == GOOD) {
        return given("ASIACONTAINER").into_response();
    }
    (StatusCode::UNAUTHORIZED, json!({ "code": "no", "message": "no" }).to_string()).into_response()
}

async fn instance(headers: HeaderMap) -> Response {
    if headers.get("x-aws-ec2-metadata-token").is_some_and(|value| value == "session") {
        return given("ASIAINSTANCE").into_response();
    }
    StatusCode::UNAUTHORIZED.into_response()
}

async fn sts(headers: HeaderMap, body: String) -> Response {
    let asked: Fields = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let said = |code: &str, message: &str| {
        format!(
            "<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        )
    };
    match asked.get("Action").map_or("", String::as_str) {
        "GetCallerIdentity" => {
            let signed = headers["authorization"].to_str().unwrap();
            let key = signed.split("Credential=").nth(1).unwrap().split('/').next().unwrap();
            format!(
                "<GetCallerIdentityResponse><GetCallerIdentityResult>\
                 <Arn>arn:aws:sts::123456789012:assumed-role/{key}/op</Arn><UserId>u</UserId>\
                 <Account>123456789012</Account></GetCallerIdentityResult>\
                 </GetCallerIdentityResponse>"
            )
            .into_response()
        }
        "AssumeRoleWithWebIdentity" if asked["WebIdentityToken"] == GOOD => format!(
            "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>ASIAWEB</AccessKeyId><SecretAccessKey>{SECRET}</SecretAccessKey>\
             <SessionToken>t</SessionToken><Expiration>{}</Expiration></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
            later(3)
        )
        .into_response(),
        "AssumeRoleWithWebIdentity" => {
            let said =
                said("ExpiredTokenException", "Token expired: current date/time is after it");
            (StatusCode::BAD_REQUEST, said).into_response()
        }
        _ => (StatusCode::FORBIDDEN, said("AccessDenied", "no")).into_response(),
    }
}

impl Giver {
    async fn start() -> Self {
        let roles = "/latest/meta-data/iam/security-credentials/";
        let ttl = || async { ([("x-aws-ec2-metadata-token-ttl-seconds", "21600")], "session") };
        let router = Router::new()
            .route("/federation/credentials", get(portal))
            .route("/token", post(token))
            .route("/container", get(container))
            .route("/latest/api/token", put(ttl))
            .route(roles, get(|| async { "installer" }))
            .route(&format!("{roles}{{role}}"), get(instance))
            .route("/", post(sts))
            .fallback(|| async {
                (StatusCode::FORBIDDEN, "<Error><Code>AccessDenied</Code></Error>")
            });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url }
    }
}

/// What an operator has.
#[derive(Default)]
struct Kind<'a> {
    /// The file of profiles; the one called `op` is named.
    profile: Option<&'a str>,
    /// What the CLI keeps of a login: the name, and its JSON.
    cached: Option<(&'a str, Value)>,
    variables: Vec<(&'a str, &'a str)>,
}

/// What a preflight finds of it: outcome, finding, remedy.
fn found(giver: &Giver, kind: &Kind<'_>) -> (String, String, String) {
    let sandbox = Sandbox::new();
    let words = prepared(&sandbox, kind);
    let mut all = vec!["preflight", "--output", "json", "--set", "region=us-west-2"];
    all.extend(words);
    for check in ["endpoints", "tls-interception", "endpoint-allowlist"] {
        all.extend(["--skip-check", check]);
    }
    let mut variables = vec![("AWS_ENDPOINT_URL", giver.url.as_str())];
    variables.extend(&kind.variables);
    let finished = sandbox.start_with(&all, &variables).wait();
    let document: Value = serde_json::from_str(&finished.out)
        .unwrap_or_else(|error| panic!("{error}: {}\n{}", finished.out, finished.err));
    let checks = document["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["id"] == "credentials").unwrap();
    let text = |key: &str| check[key].as_str().unwrap_or_default().to_owned();
    (text("outcome"), text("found"), text("remedy"))
}

/// Writes the files of a kind, and names its profile.
fn prepared(sandbox: &Sandbox, kind: &Kind<'_>) -> [&'static str; 2] {
    let cache = sandbox.path().join("home/.aws/sso/cache");
    fs::create_dir_all(&cache).unwrap();
    if let Some((name, token)) = &kind.cached {
        fs::write(cache.join(format!("{name}.json")), token.to_string()).unwrap();
    }
    let Some(profile) = kind.profile else { return ["--set", "region=us-west-2"] };
    fs::write(sandbox.path().join("home/.aws/config"), profile).unwrap();
    ["--set", "aws_profile=op"]
}

/// `printf corp | sha1sum`, and the same of the address.
const BY_SESSION: &str = "ee0bfd2552fbd840c02cc48b6e823320543c450f";
const BY_ADDRESS: &str = "f7c9b39d0b4c7a7d82c79307585f77e1c5e74378";
const SESSION: &str = "[profile op]\nsso_session = corp\nsso_account_id = 1\n\
    sso_role_name = Installer\n[sso-session corp]\nsso_region = us-west-2\n\
    sso_start_url = https://corp.example/start\n";
const LEGACY: &str = "[profile op]\nsso_start_url = https://corp.example/start\n\
    sso_region = us-west-2\nsso_account_id = 1\nsso_role_name = Installer\n";

fn cached(access: &str, ends: Timestamp) -> Value {
    json!({ "accessToken": access, "expiresAt": ends, "region": "us-west-2",
        "startUrl": "https://corp.example/start" })
}

/// That one kind passes, and what is said of it.
fn passes(giver: &Giver, kind: &Kind<'_>, key: &str, words: &str, then: &str) {
    let (outcome, found, _) = found(giver, kind);
    let who = format!("arn:aws:sts::123456789012:assumed-role/{key}/op ({words}); ");
    // Some minutes may have passed.
    let ends = format!("{who}the credentials end in 2 h 5");
    assert!(found.starts_with(&ends), "{outcome}: {found}");
    assert!(found.ends_with(then), "{outcome}: {found}");
    assert_eq!(outcome, "pass", "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_identity_center_is_used_in_both_forms_and_its_end_is_told() {
    let giver = Giver::start().await;
    let words = "a login by IAM Identity Center";
    let token = cached(GOOD, later(8));
    for (profile, name) in [(SESSION, BY_SESSION), (LEGACY, BY_ADDRESS)] {
        let kind =
            Kind { profile: Some(profile), cached: Some((name, token.clone())), ..Kind::default() };
        let (outcome, found, _) = found(&giver, &kind);
        let login = "min, the login that gives new ones in 7 h 5";
        assert!(outcome == "pass" && found.contains(login), "{outcome}: {found}");
        passes(&giver, &kind, "ASIASSO", words, "min and can be renewed");
    }
    // A session that the SDK may renew is renewed, and nobody knows how often.
    let mut ended = cached("old-token", later(-1));
    for (key, value) in [("clientId", "c"), ("clientSecret", "s"), ("refreshToken", "again")] {
        ended[key] = json!(value);
    }
    ended["registrationExpiresAt"] = json!(later(1000));
    let kind =
        Kind { profile: Some(SESSION), cached: Some((BY_SESSION, ended)), ..Kind::default() };
    let then = "the login gives new ones as long as it lasts and can be renewed";
    passes(&giver, &kind, "ASIASSO", words, then);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_at_identity_center_that_has_ended_says_to_log_in_again() {
    let giver = Giver::start().await;
    for (profile, name) in [(SESSION, BY_SESSION), (LEGACY, BY_ADDRESS)] {
        let token = cached("old-token", later(-1));
        let kind = Kind { profile: Some(profile), cached: Some((name, token)), ..Kind::default() };
        let remedy = "log in again in another terminal (`aws sso login --profile op`)";
        let expected = ("fail", "the credentials have ended", remedy);
        let (outcome, found, remedy) = found(&giver, &kind);
        assert_eq!((outcome.as_str(), found.as_str(), remedy.as_str()), expected, "{profile}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gives_credentials_by_itself_is_told_as_such() {
    let giver = Giver::start().await;
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (good, old) = (write("good", GOOD), write("old", "old-token"));
    let container = format!("{}/container", giver.url);
    let role = ("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/Installer");
    let by_file = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE";
    let off = ("AWS_EC2_METADATA_DISABLED", "true");
    let full = ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str());
    let kind = |variables| Kind { variables, ..Kind::default() };
    let then = "min, and new ones come by themselves";
    let words = "the role of this container";
    let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", GOOD);
    passes(&giver, &kind(vec![full, token, off]), "ASIACONTAINER", words, then);
    let token = (by_file, good.as_str());
    passes(&giver, &kind(vec![full, token, off]), "ASIACONTAINER", words, then);
    let metadata = ("AWS_EC2_METADATA_SERVICE_ENDPOINT", giver.url.as_str());
    passes(&giver, &kind(vec![metadata]), "ASIAINSTANCE", "the role of this instance", then);
    let token = ("AWS_WEB_IDENTITY_TOKEN_FILE", good.as_str());
    let words = "a role opened by a web identity";
    passes(&giver, &kind(vec![role, token, off]), "ASIAWEB", words, then);
    let token = ("AWS_WEB_IDENTITY_TOKEN_FILE", old.as_str());
    let (outcome, found, remedy) = found(&giver, &kind(vec![role, token, off]));
    assert_eq!((outcome.as_str(), found.as_str()), ("fail", "the credentials have ended"));
    assert_eq!(remedy, format!("put a new token into `{old}`"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tools_are_served_what_a_container_and_an_instance_are_given() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let giver = Giver::start().await;
    let container = format!("{}/container", giver.url);
    let of_container = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", container.as_str()),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", GOOD),
    ];
    let of_instance = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", giver.url.as_str())];
    for (key, variables) in
        [("ASIACONTAINER", &of_container[..]), ("ASIAINSTANCE", &of_instance[..])]
    {
        let (sandbox, mut args) = operator();
        args.extend(["--set", "terraform_state=local"].map(str::to_owned));
        let url = moto.url();
        let mut all = vec![("AWS_ENDPOINT_URL", url.as_str())];
        all.extend(variables);
        // The terraform of this operator fails.
        let finished = sandbox.start_with(&args, &all).wait().expect_code(4);
        let note =
            |name: &str| fs::read_to_string(sandbox.path().join("notes").join(name)).unwrap();
        assert_eq!(note("error"), "", "{key}");
        let served: Value = serde_json::from_str(&note("credentials")).unwrap();
        assert_eq!(served["AccessKeyId"], key);
        assert!(!finished.out.contains(SECRET), "{}", finished.out);
    }
}
