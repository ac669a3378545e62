//! A real install, as far as an account on loopback goes: up to the first call of Terraform's own
//! provider.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Value, json};
use springboard::cloud::{Cloud as _, NameKind, Taken};
use springboard::rehearsal::sample_bundle;

use crate::aws::Moto;
use crate::support::programs::{self, capture_with};
use crate::support::sandbox::{Finished, Sandbox};

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// A terraform that notes with what it is called, asks for credentials as an SDK does, and fails.
const TERRAFORM: &str = r#"#!/bin/sh
case "$1" in
  version) echo 'Terraform v1.11.4'; exit 0 ;;
esac
env | sort > "$NOTES/env"
sh -c "$(sed -n 's/^credential_process = //p' "$AWS_CONFIG_FILE")" > "$NOTES/credentials" 2> "$NOTES/error"
echo 'the provider is not here' >&2
exit 1
"#;

pub(crate) fn executable(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// An operator with answers, tools and a place for what the tools note.
pub(crate) fn operator() -> (Sandbox, Vec<String>) {
    let sandbox = Sandbox::new();
    let notes = sandbox.path().join("notes");
    fs::create_dir(&notes).unwrap();
    let terraform = TERRAFORM.replace("$NOTES", &notes.display().to_string());
    executable(&sandbox.path().join("bin/terraform"), &terraform);
    executable(&sandbox.path().join("bin/helm"), "#!/bin/sh\necho 'v4.3.1'\n");
    let sample = include_str!("../../assets/rehearsal/answers/sample-platform-only.toml");
    let answers = sandbox.path().join("answers.toml");
    fs::write(&answers, sample).unwrap();
    let bundle = sample_bundle::write(&sandbox.path().join("bundle")).unwrap();
    let mut args = vec!["install".into(), "--non-interactive".into(), "--answers".into()];
    args.push(answers.display().to_string());
    for (key, folder) in [("containers_dir", &bundle.containers), ("charts_dir", &bundle.charts)] {
        args.extend(["--set".into(), format!("{key}={:?}", folder.display().to_string())]);
    }
    args.extend(left_out());
    (sandbox, args)
}

/// The checks that ask the internet, and one for a certificate that moto does not have.
const NOT_HERE: [&str; 4] = ["endpoints", "tls-interception", "endpoint-allowlist", "certificate"];

fn left_out() -> impl Iterator<Item = String> {
    NOT_HERE.iter().flat_map(|check| ["--skip-check".to_owned(), (*check).to_owned()])
}

fn run(sandbox: &Sandbox, args: &[String], variables: &[(&str, &str)]) -> Finished {
    sandbox.start_with(args, variables).wait()
}

#[test]
fn without_answers_it_says_how_to_write_them() {
    let finished = Sandbox::new().run(&["install"]);
    assert_eq!(finished.code, Some(2));
    assert_eq!(
        finished.err,
        "error: an install needs an answer file (`--answers FILE`)\n\
         hint: `springboard answers new > answers.toml` writes one to fill in; `springboard \
         rehearse --answers answers.toml` tries it first\n"
    );
}

#[test]
fn without_credentials_nothing_is_begun() {
    let (sandbox, args) = operator();
    let finished = run(&sandbox, &args, &[("AWS_EC2_METADATA_DISABLED", "true")]);
    assert_eq!(finished.code, Some(3), "{}", finished.err);
    assert!(
        finished.err.starts_with("error: there are no credentials for AWS\n"),
        "{}",
        finished.err
    );
    assert!(!sandbox.state().join("deployments").exists());
}

#[tokio::test]
async fn it_makes_the_bucket_of_the_state_first() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let (sandbox, args) = operator();
    let url = moto.url();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let finished = run(&sandbox, &args, &[("AWS_ENDPOINT_URL", url.as_str()), keys[0], keys[1]]);
    // The bucket is to be asked over TLS only. So is not moto, and it takes no notice of conditions
    // in policies: it refuses everybody then.
    assert_eq!(finished.code, Some(4), "{}\n{}", finished.out, finished.err);
    let bucket = "acme-tfstate-123456789012";
    assert!(finished.out.contains(&format!("state s3://{bucket} created")), "{}", finished.out);
    assert_eq!(moto.cloud().taken(NameKind::Bucket, bucket).await.unwrap(), Taken::Own);
}

/// What moto answers to a call of boto3 that reads a bucket.
fn told_of_bucket(moto: &Moto, call: &str, bucket: &str) -> Value {
    let python = programs::program("moto-python").unwrap();
    let program = format!(
        "import boto3, json; s3 = boto3.client('s3', region_name='us-west-2', \
         endpoint_url='{}', aws_access_key_id='a', aws_secret_access_key='b'); \
         print(json.dumps(default=str, obj=s3.{call}(Bucket='{bucket}')))",
        moto.url()
    );
    let (code, text) = capture_with(&python, &["-c", &program], Path::new("/"), &[]);
    assert_eq!(code, Some(0), "{text}");
    serde_json::from_str(&text).unwrap()
}

#[tokio::test]
async fn the_bucket_of_the_state_is_usable_by_those_who_come_over_tls() {
    let Some(moto) = Moto::start(&json!({ "tls": true })) else { return };
    let (sandbox, args) = operator();
    let url = moto.url();
    let keys = [("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"), ("AWS_SECRET_ACCESS_KEY", SECRET)];
    let finished = run(&sandbox, &args, &[("AWS_ENDPOINT_URL", url.as_str()), keys[0], keys[1]]);
    // The terraform of this operator fails; it is asked only once the lock was seen to hold.
    assert_eq!(finished.code, Some(4), "{}\n{}", finished.out, finished.err);
    assert!(sandbox.path().join("notes/env").exists(), "{}\n{}", finished.out, finished.err);
    let bucket = "acme-tfstate-123456789012";
    let told = |call: &str| told_of_bucket(&moto, call, bucket);
    let policy: Value =
        serde_json::from_str(told("get_bucket_policy")["Policy"].as_str().unwrap()).unwrap();
    let statement = &policy["Statement"][0];
    assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")));
    assert_eq!(statement["Condition"], json!({ "Bool": { "aws:SecureTransport": "false" } }));
    let arn = format!("arn:aws:s3:::{bucket}");
    assert_eq!(statement["Resource"], json!([arn, format!("{arn}/*")]));
    assert_eq!(told("get_bucket_versioning")["Status"], "Enabled");
    let rules = &told("get_bucket_encryption")["ServerSideEncryptionConfiguration"]["Rules"];
    assert_eq!(rules[0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"], "AES256");
    let closed = &told("get_public_access_block")["PublicAccessBlockConfiguration"];
    assert!(closed.as_object().unwrap().values().all(|is_closed| *is_closed == true), "{closed}");
}

#[tokio::test]
async fn terraform_is_served_the_credentials_of_a_file() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let (sandbox, mut args) = operator();
    args.extend(["--set", "terraform_state=local"].map(str::to_owned));
    let config = sandbox.path().join("home/.aws");
    fs::create_dir(&config).unwrap();
    let keys =
        format!("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = {SECRET}\n");
    fs::write(config.join("credentials"), keys).unwrap();
    let url = moto.url();
    let variables = [("AWS_ENDPOINT_URL", url.as_str()), ("AWS_EC2_METADATA_DISABLED", "true")];
    let finished = run(&sandbox, &args, &variables);
    assert_eq!(finished.code, Some(4), "{}\n{}", finished.out, finished.err);
    let note = |name: &str| fs::read_to_string(sandbox.path().join("notes").join(name)).unwrap();
    assert_eq!(note("error"), "");
    let served: Value = serde_json::from_str(&note("credentials")).unwrap();
    let keys = (&served["AccessKeyId"], &served["SecretAccessKey"]);
    assert_eq!(keys, (&json!("AKIAFILE"), &json!(SECRET)));
    let environment = note("env");
    assert!(environment.contains(&format!("AWS_ENDPOINT_URL={url}\n")), "{environment}");
    // Keys of files are asked for, not handed on.
    assert!(!environment.contains(SECRET), "{environment}");
    let status = sandbox.run(&["status", "acme"]);
    assert_eq!(status.code, Some(0), "{}", status.err);
    let again = run(&sandbox, &args, &variables);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("`springboard resume acme`"), "{}", again.err);
    let resume = ["resume", "acme", "--non-interactive"].map(str::to_owned).into_iter();
    let resumed = run(&sandbox, &resume.chain(left_out()).collect::<Vec<_>>(), &variables);
    assert_eq!(resumed.code, Some(4), "{}", resumed.err);
}

#[tokio::test]
async fn the_endpoints_of_the_profile_reach_the_tools() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let (sandbox, mut args) = operator();
    args.extend(["--set", "terraform_state=local"].map(str::to_owned));
    let folder = sandbox.path().join("home/.aws");
    fs::create_dir(&folder).unwrap();
    let url = moto.url();
    let of_s3 = url.replace("127.0.0.1", "localhost");
    let config = format!(
        "[default]\nendpoint_url = {url}\nservices = near\n\
         [services near]\ns3 =\n  endpoint_url = {of_s3}\n"
    );
    fs::write(folder.join("config"), config).unwrap();
    let keys =
        format!("[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = {SECRET}\n");
    fs::write(folder.join("credentials"), keys).unwrap();
    let variables = [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL_RDS", url.as_str()),
        ("HTTPS_PROXY", "http://proxy.acme.example:8080"),
    ];
    let finished = run(&sandbox, &args, &variables);
    assert_eq!(finished.code, Some(4), "{}\n{}", finished.out, finished.err);
    let environment = fs::read_to_string(sandbox.path().join("notes/env")).unwrap();
    let endpoints = environment.lines().filter(|line| line.starts_with("AWS_ENDPOINT_URL"));
    let expected = [
        format!("AWS_ENDPOINT_URL={url}"),
        format!("AWS_ENDPOINT_URL_RDS={url}"),
        format!("AWS_ENDPOINT_URL_S3={of_s3}"),
    ];
    assert_eq!(endpoints.collect::<Vec<_>>(), expected);
    let served = fs::read_to_string(sandbox.path().join("notes/credentials")).unwrap();
    assert!(served.contains("AKIAFILE"), "{served}");
}

#[tokio::test]
async fn keys_of_variables_reach_terraform_as_they_came() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let (sandbox, mut args) = operator();
    args.extend(["--set", "terraform_state=local"].map(str::to_owned));
    let url = moto.url();
    let finished = run(
        &sandbox,
        &args,
        &[
            ("AWS_ENDPOINT_URL", &url),
            ("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
        ],
    );
    assert_eq!(finished.code, Some(4), "{}\n{}", finished.out, finished.err);
    let served = fs::read_to_string(sandbox.path().join("notes/credentials")).unwrap();
    let served: Value = serde_json::from_str(&served).unwrap();
    let keys = (&served["AccessKeyId"], &served["SecretAccessKey"]);
    assert_eq!(keys, (&json!("AKIAVARIABLE"), &json!(SECRET)));
    assert!(!finished.out.contains(SECRET) && !finished.err.contains(SECRET));
}

#[tokio::test]
async fn the_tools_are_told_of_the_proxy_of_what_it_is_not_for_and_whom_to_trust() {
    let Some(moto) = Moto::start(&json!({})) else { return };
    let (sandbox, mut args) = operator();
    let authority = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut made = rcgen::CertificateParams::new(Vec::new()).unwrap();
        made.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let path = sandbox.path().join(name);
        let pem = made.self_signed(&key).unwrap().pem();
        fs::write(&path, &pem).unwrap();
        (path.display().to_string(), pem.trim().to_owned())
    };
    let (variable, of_variable) = authority("variable.pem");
    let (answered, of_answer) = authority("answer.pem");
    args.extend([
        "--set".to_owned(),
        "terraform_state=local".to_owned(),
        "--set".to_owned(),
        format!("custom_ca_bundle={answered:?}"),
    ]);
    let url = moto.url();
    let variables = [
        ("AWS_ENDPOINT_URL", url.as_str()),
        ("AWS_ACCESS_KEY_ID", "AKIAVARIABLE"),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("HTTPS_PROXY", "http://proxy.acme.example:8080"),
        ("NO_PROXY", ".acme.example"),
        ("AWS_CA_BUNDLE", &variable),
    ];
    let finished = run(&sandbox, &args, &variables);
    assert_eq!(finished.code, Some(4), "{}\n{}", finished.out, finished.err);
    let environment = fs::read_to_string(sandbox.path().join("notes/env")).unwrap();
    let value = |name: &str| {
        let mut lines = environment.lines();
        let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        found.unwrap_or_else(|| panic!("{name} is missing:\n{environment}")).to_owned()
    };
    assert_eq!(value("HTTPS_PROXY"), "http://proxy.acme.example:8080");
    let exceptions = ".acme.example,localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,\
                      169.254.170.23";
    assert_eq!((value("NO_PROXY").as_str(), value("no_proxy").as_str()), (exceptions, exceptions));
    assert_eq!(value("AWS_CA_BUNDLE"), value("SSL_CERT_FILE"));
    let trusted = fs::read_to_string(value("SSL_CERT_FILE")).unwrap();
    assert!(trusted.contains(&of_variable) && trusted.contains(&of_answer), "{trusted}");
}
