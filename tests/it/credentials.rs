//! Credentials are served, not copied: a login that ends in the middle stops nothing when it is
//! renewed elsewhere, and loses nothing when it is not.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use serde_json::Value;
use springboard::bundle::Checkpoint;
use springboard::error::render;
use springboard::rehearsal::World;
use springboard::rehearsal::login::Login;
use springboard::transfer::checkpoints::{Destination, DigestCache, upload};
use springboard::transfer::{
    CancellationToken, CredentialsError, Freshness, Reporter, Retry, StorageAccess,
    StorageCredentials, StorageKeys,
};

use crate::support::attached::Attached;
use crate::support::images::tar_of;
use crate::support::programs::{capture_with, engines, spawn_with};
use crate::support::sandbox::Sandbox;
use crate::support::stage::Stage;
use crate::support::world::Servers;

/// The embedded scenario, fast enough for a test: the login ends after some seconds.
fn rehearse(stage: &Stage, answer: &str) -> Vec<String> {
    let mut words = stage.rehearse(&["--scenario", "credentials-end", "--set", answer]);
    let scale = words.iter().position(|word| word == "0").unwrap();
    "0.02".clone_into(&mut words[scale]);
    words
}

const LOGIN: [&str; 4] = ["world", "login", "--deployment", "acme"];
const ENDED: &str = "run the credentials have ended; what runs waits for new ones: log in again in \
                     another terminal (`springboard world login --deployment acme`)";

/// How the events say that the credentials stand, in order.
fn standings(events: &[Value]) -> Vec<&str> {
    let changes = events.iter().filter(|event| event["kind"] == "credentials_changed");
    changes.map(|event| event["standing"].as_str().unwrap()).collect()
}

fn position(events: &[Value], holds: impl Fn(&Value) -> bool) -> usize {
    events.iter().position(holds).unwrap()
}

#[test]
fn a_login_that_is_renewed_elsewhere_in_time_makes_nothing_fail() {
    let Some(stage) = Stage::new("terraform", "helm4") else { return };
    let mut running = stage.sandbox.start(&rehearse(&stage, "terraform_state=local"));
    running.wait_for(ENDED);
    let status = stage.sandbox.run(&["status", "acme"]).expect_code(0).out;
    assert!(status.contains("  the credentials have ended; what runs waits for a new login\n"));
    let renewed = stage.sandbox.run(&LOGIN).expect_code(0).out;
    assert!(renewed.starts_with("logged in again; the credentials end at 2"), "{renewed}");
    let out = running.wait().expect_code(0).out;
    assert!(out.contains("preflight credentials warn: arn:aws:sts::123456789012:"), "{out}");
    assert!(out.contains("when asked: nothing has to be stopped"), "{out}");

    let events = stage.events();
    assert_eq!(standings(&events), ["ending", "ended", "renewed"]);
    assert!(!events.iter().any(|event| event["kind"] == "step_failed"));
    let began = |event: &Value| event["kind"] == "step_started" && event["stage"] == "foundation";
    let done = |event: &Value| event["kind"] == "step_finished" && event["stage"] == "foundation";
    let ended = position(&events, |event| event["standing"] == "ended");
    assert!(position(&events, began) < ended && ended < position(&events, done));
    assert_nothing_secret_is_kept(&stage);
}

#[test]
fn a_login_that_nobody_renews_fails_the_step_and_resume_makes_nothing_twice() {
    let Some(stage) = Stage::new("tofu", "helm3") else { return };
    let failed = stage.sandbox.run(&rehearse(&stage, "terraform_state=s3")).expect_code(4);
    let sentence = "error: the credentials have ended, and no new login came in time\n";
    assert!(failed.err.contains(sentence), "{}", failed.err);
    let hint = "hint: log in again in another terminal (`springboard world login --deployment \
                acme`), then resume; what was made is kept";
    assert!(failed.err.contains(hint), "{}", failed.err);
    // What the SDK says of it stays in the log of the step, whoever met the end first.
    assert!(!failed.err.contains("credential_process"), "{}", failed.err);

    let early = stage.sandbox.run(&stage.resume()).expect_code(3);
    assert!(early.err.starts_with("error: the credentials have ended\n"), "{}", early.err);
    stage.sandbox.run(&LOGIN).expect_code(0);
    stage.sandbox.run(&stage.resume()).expect_code(0);
    let root = stage.sandbox.state().join("rehearsals/acme/terraform/poolside");
    assert!(!root.join("errored.tfstate").exists());

    let events = stage.events();
    let database = "module.database.aws_db_instance.this";
    let again = events.iter().filter(|event| {
        event["kind"] == "object_started"
            && event["address"] == database
            && event["action"] != "read"
    });
    assert_eq!(again.count(), 1);
    let replaced = events.iter().filter(|event| event["kind"] == "plan_made").any(|plan| {
        plan["resources"].as_object().unwrap().values().any(|action| action == "replace")
    });
    assert!(!replaced);
}

#[test]
fn keys_that_end_before_the_first_stage_could_are_refused_before_the_start() {
    let Some(stage) = Stage::new("tofu", "helm4") else { return };
    let scenario = stage.sandbox.path().join("static.toml");
    let text = "answers = \"sample-platform-only\"\n[account]\ncredentials = \"static\"\n\
                credentials_expire_in = \"14m\"\n";
    fs::write(&scenario, text).unwrap();
    let words = ["rehearse", "--non-interactive", "--scenario", scenario.to_str().unwrap()];
    let words: Vec<String> =
        words.iter().map(|word| (*word).to_owned()).chain(stage.flags.iter().cloned()).collect();
    let refused = stage.sandbox.run(&words).expect_code(3);
    assert!(refused.err.contains("and cannot be renewed; the first stage takes at least"));
    assert!(refused.err.contains("hint: give new keys (`springboard world login"));
    let kinds: Vec<_> = stage.events().iter().map(|event| event["kind"].clone()).collect();
    assert!(!kinds.contains(&"rollout_started".into()), "{kinds:?}");
}

#[test]
fn the_credentials_of_a_deployment_are_printed_as_sdks_read_them() {
    let sandbox = Sandbox::new();
    let dir = sandbox.state().join("rehearsals/acme/world");
    let start = ["world", "start", "--scenario", "credentials-end", "--time-scale", "1", "--dir"];
    let start: Vec<&str> = start.into_iter().chain([dir.to_str().unwrap()]).collect();
    sandbox.run(&start).expect_code(0);
    let asks = ["credentials", "--deployment", "rehearsal/acme"];
    let served =
        || -> Value { serde_json::from_str(&sandbox.run(&asks).expect_code(0).out).unwrap() };
    let first = served();
    assert_eq!(first["Version"], 1);
    assert!(first["AccessKeyId"].as_str().unwrap().starts_with("ASIA"));
    assert!(first["SessionToken"].is_string() && first["Expiration"].is_string());
    assert_eq!(served(), first);
    sandbox.run(&LOGIN).expect_code(0);
    let second = served();
    for key in ["AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"] {
        assert_ne!(second[key], first[key], "{key}");
    }
}

const ROOT: &str = r#"
terraform {
  backend "s3" {
    bucket                      = "acme-state"
    key                         = "terraform.tfstate"
    region                      = "us-west-2"
    use_lockfile                = true
    use_path_style              = true
    skip_credentials_validation = true
    skip_requesting_account_id  = true
  }
}
resource "aws_db_instance" "this" {
  identifier                  = "acme"
  instance_class              = "db.t3.micro"
  engine                      = "postgres"
  allocated_storage           = 20
  username                    = "op"
  manage_master_user_password = true
  skip_final_snapshot         = true
}
"#;

/// A world whose login ends while the database is made.
const SHORT: &str = "[account]\ncredentials_expire_in = \"5m\"\n\
                     [durations]\naws_db_instance = \"10m\"\n";

#[tokio::test]
async fn a_state_in_s3_is_written_with_the_login_that_is_valid_then() {
    for (_, engine) in engines() {
        let sandbox = Sandbox::new();
        let at = |name: &str| sandbox.path().join(name).to_str().unwrap().to_owned();
        let world = at("state/springboard/rehearsals/acme/world");
        fs::write(at("short.toml"), SHORT).unwrap();
        let start = ["world", "start", "--dir", &world, "--scenario", &at("short.toml")];
        sandbox.run(&[&start[..], &["--time-scale", "0.02"]].concat()).expect_code(0);
        let env = sandbox.run(&["world", "env", "--json", "--dir", &world]).expect_code(0).out;
        let mut env: BTreeMap<String, String> = serde_json::from_str(&env).unwrap();
        let bucket = format!("{}/acme-state", env["AWS_ENDPOINT_URL_S3"]);
        let client = reqwest::Client::new();
        client.put(&bucket).send().await.unwrap().error_for_status().unwrap();

        let ours = env!("CARGO_BIN_EXE_springboard");
        let served = format!("{ours} credentials --deployment acme --state-dir");
        let served = format!("{served} {}", sandbox.state().display());
        fs::write(at("config"), format!("[profile sb]\ncredential_process = {served}\n")).unwrap();
        fs::write(at("credentials"), "").unwrap();
        for (name, value) in [
            ("AWS_CONFIG_FILE", at("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", at("credentials")),
            ("AWS_PROFILE", "sb".to_owned()),
            ("AWS_ACCESS_KEY_ID", String::new()),
            ("AWS_SECRET_ACCESS_KEY", String::new()),
        ] {
            env.insert(name.to_owned(), value);
        }
        let env: Vec<_> = env.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        fs::write(at("main.tf"), ROOT).unwrap();
        let folder = sandbox.path();
        let (code, said) = capture_with(&engine, &["init", "-no-color"], folder, &env);
        assert_eq!(code, Some(0), "{said}");
        let apply = ["apply", "-auto-approve", "-input=false", "-no-color"];
        let mut running = spawn_with(&engine, &apply, folder, &env);
        let awaited = sandbox.state().join("rehearsals/acme/login-awaited");
        while !awaited.exists() {
            assert!(running.try_wait().unwrap().is_none());
            tokio::task::yield_now().await;
        }
        sandbox.run(&LOGIN).expect_code(0);
        let ended = running.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&ended.stdout);
        assert!(said.contains("1 added, 0 changed, 0 destroyed"), "{said}");
        let state = client.get(format!("{bucket}/terraform.tfstate")).send().await.unwrap();
        assert!(state.text().await.unwrap().contains("aws_db_instance"));
        let lock = client.get(format!("{bucket}/terraform.tfstate.tflock")).send().await.unwrap();
        assert_eq!(lock.status(), 404);
        assert!(!folder.join("errored.tfstate").exists());
    }
}

#[test]
fn a_tool_with_keys_that_have_ended_is_told_so_as_by_the_real_provider() {
    for (name, engine) in engines() {
        let ended = "[account]\ncredentials_expire_in = \"-1s\"\n";
        let attached = Attached::new(name, &engine, ended, 1.0);
        let root = "resource \"aws_vpc\" \"this\" {\n  cidr_block = \"10.0.0.0/16\"\n}\n";
        fs::write(attached.dir().join("main.tf"), root).unwrap();
        let keys = Login::current(&attached.world).keys(&attached.world);
        let mut environment = attached.environment().to_vec();
        environment.extend([
            ("AWS_ACCESS_KEY_ID", keys.access_key_id.as_str()),
            ("AWS_SECRET_ACCESS_KEY", keys.secret_access_key.expose()),
            ("AWS_SESSION_TOKEN", keys.token().unwrap()),
        ]);
        let plan = ["plan", "-no-color", "-input=false"];
        let (code, said) = capture_with(&engine, &plan, attached.dir(), &environment);
        assert_eq!(code, Some(1), "{said}");
        let said = said.replace(['\n', '│'], " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        let words = "validating provider credentials: retrieving caller identity from STS: \
                     operation error STS: GetCallerIdentity, https response error StatusCode: 403,";
        assert!(said.contains(words), "{said}");
        let words = "api error ExpiredToken: The security token included in the request is expired";
        assert!(said.contains(words), "{said}");
    }
}

/// The first keys of a world; new ones only when they were refused.
#[derive(Debug)]
struct Renewing(Arc<World>);

#[async_trait::async_trait]
impl StorageCredentials for Renewing {
    async fn keys(&self, freshness: Freshness) -> Result<StorageKeys, CredentialsError> {
        let login = match freshness {
            Freshness::Any => Login::numbered(&self.0, 0).unwrap(),
            Freshness::Renewed => Login::current(&self.0),
        };
        let keys = login.keys(&self.0);
        Ok(StorageKeys {
            access_key: keys.access_key_id,
            secret_key: keys.secret_access_key,
            session_token: keys.session_token,
        })
    }
}

#[tokio::test]
async fn an_upload_goes_on_with_the_keys_of_a_new_login() {
    let mut servers = Servers::at_scale("[account]\ncredentials_expire_in = \"-1s\"\n", 1.0);
    servers.has_bucket("acme-models");
    let endpoint = format!("http://{}/", servers.storage().await);
    let access = StorageAccess {
        client: reqwest::Client::new(),
        endpoint: endpoint.parse().unwrap(),
        region: "us-west-2".into(),
        credentials: Arc::new(Renewing(servers.world.clone())),
        retry: Retry::default(),
        now: jiff::Timestamp::now,
    };
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("malibu-2.2.tar");
    fs::write(&path, tar_of(&[("config.json", b"{}")])).unwrap();
    let size = fs::metadata(&path).unwrap().len();
    let checkpoint = Checkpoint { stem: "malibu-2.2".into(), path, size };
    let (to, cancel) = (Destination::new(access, "acme-models"), CancellationToken::new());
    let cache = DigestCache::open(&dir.path().join("digests.json"));
    let again = async || upload(&checkpoint, &to, &cache, &Reporter::silent(), &cancel).await;
    let refused = render(&again().await.unwrap_err());
    // What is asked first is a HEAD, and the answer to one has no words.
    assert!(refused.contains("(400): 400 Bad Request"), "{refused}");
    Login::renew(&servers.world).unwrap();
    assert_eq!(again().await.unwrap().members, 1);
}

/// Keys were served many times and are in no file of the run, the private profile included.
fn assert_nothing_secret_is_kept(stage: &Stage) {
    let asks = ["credentials", "--deployment", "rehearsal/acme"];
    let served: Value = serde_json::from_str(&stage.sandbox.run(&asks).expect_code(0).out).unwrap();
    let folder = stage.sandbox.state().join("rehearsals/acme");
    let config = fs::read_to_string(folder.join("aws/config")).unwrap();
    assert!(config.contains("credential_process = ") && config.contains("rehearsal/acme"));
    for key in ["SecretAccessKey", "SessionToken"] {
        let secret = served[key].as_str().unwrap();
        let mut open = vec![stage.sandbox.state()];
        while let Some(folder) = open.pop() {
            for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
                if path.is_dir() && !path.is_symlink() {
                    open.push(path);
                } else if let Ok(text) = fs::read(&path) {
                    let text = String::from_utf8_lossy(&text);
                    assert!(!text.contains(secret), "{key} is in {}", path.display());
                }
            }
        }
    }
}
