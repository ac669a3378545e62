//! The object storage of the world, as other clients see it.

use std::fs;
use std::path::PathBuf;

use reqwest::{Client, StatusCode};
use serde_json::json;
use springboard::bundle::Digest;
use springboard::rehearsal::storage;

use crate::support::programs::{client as run, client_output, program};
use crate::support::world::Servers;

/// The aws CLI against the world.
struct Aws {
    program: PathBuf,
    endpoint: String,
    secret: &'static str,
}

impl Aws {
    async fn new(servers: &mut Servers) -> Option<Self> {
        let program = program("aws")?;
        let endpoint = format!("http://{}", servers.storage().await);
        Some(Self { program, endpoint, secret: storage::SECRET_KEY })
    }

    fn vars(&self) -> [(&str, &str); 5] {
        [
            ("AWS_ACCESS_KEY_ID", storage::ACCESS_KEY),
            ("AWS_SECRET_ACCESS_KEY", self.secret),
            ("AWS_DEFAULT_REGION", "us-west-2"),
            ("AWS_ENDPOINT_URL", &self.endpoint),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ]
    }

    async fn says(&self, args: &[&str]) -> String {
        client_output(&self.program, args, &self.vars()).await.trim().to_owned()
    }

    async fn fails(&self, args: &[&str]) -> String {
        let output = run(&self.program, args, &self.vars()).await;
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    }
}

#[tokio::test]
async fn the_aws_cli_copies_lists_and_removes() {
    let mut servers = Servers::new("");
    servers.has_bucket("acme-data");
    let Some(aws) = Aws::new(&mut servers).await else { return };
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name).display().to_string();
    fs::write(path("small"), "hello").unwrap();
    let large: Vec<u8> = (0..9_u32 << 18).flat_map(u32::to_le_bytes).collect();
    fs::write(path("large"), &large).unwrap();
    let to = "s3://acme-data/models/a b/small";
    aws.says(&["s3", "cp", "--metadata", "sha256=abc", &path("small"), to]).await;
    aws.says(&["s3", "cp", &path("large"), "s3://acme-data/models/large"]).await;
    let listed = aws.says(&["s3", "ls", "s3://acme-data/models/"]).await;
    let names: Vec<_> =
        listed.lines().map(|line| line.split_whitespace().last().unwrap()).collect();
    assert_eq!(names, ["b/", "large"]);
    assert!(listed.contains("9437184 large"), "{listed}");
    aws.says(&["s3", "cp", to, &path("back")]).await;
    assert_eq!(fs::read_to_string(path("back")).unwrap(), "hello");
    let head = ["s3api", "head-object", "--bucket", "acme-data", "--key", "models/a b/small"];
    let head = aws.says(&[&head[..], &["--query", "Metadata.sha256"]].concat()).await;
    assert_eq!(head, "\"abc\"");
    let gone = aws.fails(&["s3", "cp", "s3://acme-data/models/large", &path("no")]).await;
    assert!(gone.contains("keeps only size and digest of large objects"), "{gone}");
    aws.says(&["s3", "rm", "--recursive", "s3://acme-data/models/a b/"]).await;
    assert_eq!(aws.says(&["s3", "ls", "--recursive", "s3://acme-data"]).await.lines().count(), 1);
    let inventory = storage::inventory(&servers.world.store);
    assert_eq!(inventory["unfinished_uploads"], json!([]));
    assert_eq!(inventory["objects"][0]["size"], json!(large.len()));
}

#[tokio::test]
async fn the_aws_cli_is_refused_with_a_wrong_secret_and_without_a_bucket() {
    let mut servers = Servers::new("");
    servers.has_bucket("acme-data");
    let Some(mut aws) = Aws::new(&mut servers).await else { return };
    let error = aws.fails(&["s3", "ls", "s3://acme-models"]).await;
    assert!(error.contains("(NoSuchBucket)"), "{error}");
    aws.secret = "guessed";
    let error = aws.fails(&["s3", "ls", "s3://acme-data"]).await;
    assert!(error.contains("(SignatureDoesNotMatch)"), "{error}");
}

#[tokio::test]
async fn an_object_is_put_once_where_the_client_says_so() {
    let mut servers = Servers::new("");
    servers.has_bucket("acme-data");
    let root = format!("http://{}/acme-data", servers.storage().await);
    let client = Client::new();
    let put = async |text: &'static str| {
        let request = client.put(format!("{root}/k")).header("if-none-match", "*");
        request.body(text).send().await.unwrap().status()
    };
    assert_eq!(put("one").await, StatusCode::OK);
    assert_eq!(put("two").await, StatusCode::PRECONDITION_FAILED);
    let text = client.get(format!("{root}/k")).send().await.unwrap().text().await.unwrap();
    assert_eq!(text, "one");
    let request = client.get(format!("{root}/k")).header("range", "bytes=1-");
    assert_eq!(request.send().await.unwrap().text().await.unwrap(), "ne");
    let digest = Digest::of(b"one");
    assert_eq!(
        storage::inventory(&servers.world.store),
        json!({"objects": [{"bucket": "acme-data", "key": "k", "size": 3, "digest": digest}],
               "unfinished_uploads": []})
    );
}

#[tokio::test]
async fn lists_come_in_pages_and_are_folded_at_the_delimiter() {
    let mut servers = Servers::new("");
    servers.has_bucket("acme-data");
    let root = format!("http://{}/acme-data", servers.storage().await);
    let client = Client::new();
    for key in ["a/1", "a/2", "b", "c/1", "d"] {
        client.put(format!("{root}/{key}")).body("x").send().await.unwrap();
    }
    let mut shown = Vec::new();
    let mut token = String::new();
    loop {
        let url = format!("{root}?list-type=2&delimiter=/&max-keys=2{token}");
        let text = client.get(url).send().await.unwrap().text().await.unwrap();
        let all = |tag: &str| -> Vec<String> {
            let open = format!("<{tag}>");
            let values = text.split(&open).skip(1).map(|rest| rest.split('<').next().unwrap());
            values.filter(|value| !value.is_empty()).map(str::to_owned).collect()
        };
        shown.push([all("Key"), all("Prefix")].concat());
        match all("NextContinuationToken").first() {
            Some(next) => token = format!("&continuation-token={next}"),
            None => break,
        }
    }
    assert_eq!(shown, [vec!["b", "a/"], vec!["d", "c/"]]);
}

#[tokio::test]
async fn a_wrong_checksum_and_a_fault_are_refused_as_s3_does() {
    let mut servers = Servers::new(
        "[[fault]]\nat = \"checkpoints\"\nwhen = \"upload\"\nerror = \"SlowDown: Please reduce your request rate.\"\n",
    );
    servers.has_bucket("acme-data");
    let root = format!("http://{}/acme-data", servers.storage().await);
    let put = async || {
        let request = Client::new().put(format!("{root}/k"));
        let sum = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let request = request.header("x-amz-checksum-sha256", sum).body("not empty");
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    };
    let (status, text) = put().await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("<Code>SlowDown</Code><Message>Please reduce"), "{text}");
    let (status, text) = put().await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("<Code>BadDigest</Code>"), "{text}");
}
