//! The state of the real terraform and tofu in the world's storage, with the lock of their own.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde_json::{Value, json};
use springboard::rehearsal::{inventory, storage};

use crate::support::attached::Attached;
use crate::support::programs::{capture_with, engines};

const STATE: &str = "acme-state/acme/terraform.tfstate";

/// The settings that the backend needs in the world, which has no STS and no IAM. The region is
/// known and the credentials are given, so that those checks need no skipping.
const SKIPPED: [&str; 2] = ["skip_credentials_validation", "skip_requesting_account_id"];

/// An engine whose state is in a bucket of the world.
struct Desk {
    attached: Attached,
    storage: SocketAddr,
    folder: PathBuf,
}

impl Desk {
    fn new(attached: Attached, skipped: &[&str]) -> Self {
        let storage = attached.serve_storage();
        let folder = attached.dir().join("root");
        fs::create_dir(&folder).unwrap();
        let skips = skipped.join(" = true\n    ");
        let text = format!(
            "terraform {{\n  backend \"s3\" {{\n    bucket         = \"acme-state\"\n    \
             key            = \"acme/terraform.tfstate\"\n    region         = \"us-west-2\"\n    \
             use_lockfile   = true\n    use_path_style = true\n    max_retries    = 0\n    \
             {skips} = true\n  }}\n}}\n\
             resource \"aws_ecr_repository\" \"this\" {{\n  name = \"acme/x\"\n}}\n"
        );
        fs::write(folder.join("main.tf"), text).unwrap();
        Self { attached, storage, folder }
    }

    fn run(&self, args: &[&str]) -> (Option<i32>, String) {
        let endpoint = format!("http://{}", self.storage);
        // Nothing listens there: what asks STS or IAM all the same is seen to fail.
        let nobody = "http://127.0.0.1:9";
        let mut vars = self.attached.environment().to_vec();
        vars.extend([
            ("AWS_ENDPOINT_URL_S3", endpoint.as_str()),
            ("AWS_ENDPOINT_URL_STS", nobody),
            ("AWS_ENDPOINT_URL_IAM", nobody),
            ("AWS_ACCESS_KEY_ID", storage::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", storage::SECRET_KEY),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]);
        capture_with(&self.attached.engine, args, &self.folder, &vars)
    }

    fn expect(&self, code: i32, args: &[&str]) -> String {
        let (got, text) = self.run(args);
        assert_eq!(got, Some(code), "{} {args:?}:\n{text}", self.attached.name);
        text
    }

    fn object(&self, key: &str) -> Option<Value> {
        self.attached.world.store.get("storage", key)
    }

    fn put(&self, key: &str, text: &'static str) {
        let url = format!("http://{}/{key}", self.storage);
        self.attached.wait_for(async move {
            reqwest::Client::new().put(url).body(text).send().await.unwrap()
        });
    }

    fn make_bucket(&self) {
        let url = format!("http://{}/acme-state", self.storage);
        self.attached.wait_for(async move {
            let client = reqwest::Client::new();
            client.put(&url).send().await.unwrap().error_for_status().unwrap();
            let on = "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";
            let request = client.put(format!("{url}?versioning")).body(on);
            request.send().await.unwrap().error_for_status().unwrap();
        });
    }
}

#[test]
fn a_state_in_s3_is_written_read_and_locked_by_its_own_file() {
    for (name, engine) in engines() {
        let desk = Desk::new(Attached::new(name, &engine, "", 0.0), &SKIPPED);
        let (_, text) = desk.run(&["init", "-input=false", "-no-color"]);
        assert!(text.contains("NoSuchBucket") || text.contains("does not exist"), "{text}");
        desk.make_bucket();
        desk.expect(0, &["init", "-input=false", "-no-color"]);
        desk.expect(0, &["apply", "-auto-approve", "-input=false", "-no-color"]);
        assert!(desk.object(STATE).is_some());
        assert_eq!(desk.object(&format!("{STATE}.tflock")), None);
        let plan = ["plan", "-input=false", "-no-color", "-detailed-exitcode"];
        desk.expect(0, &plan);

        let lock = r#"{"ID":"f00","Operation":"OperationTypeApply","Info":"","Who":"op@host","Version":"1.11.4","Created":"2026-11-21T08:00:00Z","Path":"acme-state/acme/terraform.tfstate"}"#;
        desk.put(&format!("{STATE}.tflock"), lock);
        let refused = desk.expect(1, &plan);
        assert!(refused.contains("Error acquiring the state lock"), "{refused}");
        assert!(refused.contains("PreconditionFailed"), "{refused}");
        assert!(refused.contains("op@host"), "{refused}");
        assert_eq!(
            inventory::of(&desk.attached.world.store)["storage"]["objects"],
            json!([
                {"bucket": "acme-state", "key": "acme/terraform.tfstate", "terraform": "state"},
                {"bucket": "acme-state", "key": "acme/terraform.tfstate.tflock", "terraform": "lock"},
            ])
        );
        desk.expect(0, &["force-unlock", "-force", "f00"]);
        desk.expect(0, &plan);
        desk.expect(0, &["destroy", "-auto-approve", "-input=false", "-no-color"]);
    }
}

#[test]
fn without_its_skips_the_backend_asks_sts_and_iam_at_init() {
    for (name, engine) in engines() {
        let init = |skipped: &str| {
            let desk = Desk::new(Attached::new(name, &engine, "", 0.0), &[skipped]);
            desk.make_bucket();
            desk.run(&["init", "-input=false", "-no-color"])
        };
        let [validation, account] = SKIPPED;
        let (code, text) = init(account);
        assert!(code == Some(1) && text.contains("STS"), "{name}: {text}");
        // OpenTofu asks for the account only once the credentials were validated.
        let (code, text) = init(validation);
        let expected = if name == "tofu" { Some(0) } else { Some(1) };
        assert_eq!(code, expected, "{name}: {text}");
    }
}
