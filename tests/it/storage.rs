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

/// Requests to one bucket without signatures.
struct Wire {
    client: Client,
    root: String,
}

impl Wire {
    async fn new(servers: &mut Servers, bucket: &str) -> Self {
        let root = format!("http://{}/{bucket}", servers.storage().await);
        Self { client: Client::new(), root }
    }

    /// Status, headers and text of an answer; `path` begins with `/` or `?`.
    async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<reqwest::Body>,
    ) -> (u16, reqwest::header::HeaderMap, String) {
        let method = method.parse().unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.root)).body(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        (status, headers, answer.text().await.unwrap())
    }

    async fn puts(&self, path: &str, body: &'static str) -> String {
        let (status, headers, text) = self.send("PUT", path, &[], body).await;
        assert!([200, 204].contains(&status), "{path}: {status} {text}");
        headers.get("x-amz-version-id").map_or("", |id| id.to_str().unwrap()).to_owned()
    }

    async fn gets(&self, path: &str) -> (u16, String) {
        let (status, _, text) = self.send("GET", path, &[], "").await;
        (status, text)
    }
}

/// The texts of all elements of that name.
fn elements(xml: &str, name: &str) -> Vec<String> {
    let open = format!("<{name}>");
    xml.split(&open).skip(1).map(|rest| rest.split('<').next().unwrap().to_owned()).collect()
}

const VERSIONING: &str =
    "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>";

#[tokio::test]
async fn a_bucket_over_the_wire_is_a_bucket_of_terraform() {
    let mut servers = Servers::new("");
    let bucket = Wire::new(&mut servers, "acme-state").await;
    assert_eq!(bucket.send("HEAD", "", &[], "").await.0, 404);
    let place = "<CreateBucketConfiguration><LocationConstraint>us-west-2</LocationConstraint></CreateBucketConfiguration>";
    assert_eq!(bucket.send("PUT", "", &[], place).await.0, 200);
    let (status, _, text) = bucket.send("PUT", "", &[], place).await;
    assert_eq!((status, elements(&text, "Code")), (409, vec!["BucketAlreadyOwnedByYou".into()]));
    let (status, headers, _) = bucket.send("HEAD", "", &[], "").await;
    assert_eq!((status, headers["x-amz-bucket-region"].to_str().unwrap()), (200, "us-west-2"));
    bucket.puts("?versioning", VERSIONING).await;
    bucket.puts("?publicAccessBlock", "<PublicAccessBlockConfiguration><BlockPublicAcls>true</BlockPublicAcls><BlockPublicPolicy>true</BlockPublicPolicy><IgnorePublicAcls>true</IgnorePublicAcls><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>").await;
    bucket.puts("?encryption", "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled></Rule></ServerSideEncryptionConfiguration>").await;
    bucket.puts("?tagging", "<Tagging><TagSet><Tag><Key>springboard:deployment</Key><Value>acme</Value></Tag></TagSet></Tagging>").await;
    bucket.puts("?policy", r#"{"Version":"2012-10-17","Statement":[]}"#).await;
    bucket.puts("?ownershipControls", "<OwnershipControls><Rule><ObjectOwnership>BucketOwnerEnforced</ObjectOwnership></Rule></OwnershipControls>").await;
    let of = |kind: &str| {
        let object = servers.world.store.get("aws", &format!("{kind}/acme-state")).unwrap();
        object["attributes"].clone()
    };
    let made = of("aws_s3_bucket");
    assert_eq!(made["arn"], "arn:aws:s3:::acme-state");
    assert_eq!(made["bucket_regional_domain_name"], "acme-state.s3.us-west-2.amazonaws.com");
    assert_eq!(made["tags_all"], json!({"springboard:deployment": "acme"}));
    let versioning = of("aws_s3_bucket_versioning");
    assert_eq!(versioning["versioning_configuration"][0]["status"], "Enabled");
    let encryption = of("aws_s3_bucket_server_side_encryption_configuration");
    assert_eq!(encryption["rule"][0]["bucket_key_enabled"], true);
    assert_eq!(of("aws_s3_bucket_public_access_block")["block_public_acls"], true);
    let inventory = springboard::rehearsal::inventory::of(&servers.world.store);
    assert_eq!(inventory["aws"]["aws_s3_bucket/acme-state"]["bucket"], "acme-state");

    for (query, word) in [
        ("versioning", "<Status>Enabled</Status>"),
        ("encryption", "<SSEAlgorithm>aws:kms</SSEAlgorithm>"),
        ("publicAccessBlock", "<RestrictPublicBuckets>true</RestrictPublicBuckets>"),
        ("tagging", "<Value>acme</Value>"),
        ("policy", "2012-10-17"),
        ("ownershipControls", "BucketOwnerEnforced"),
        ("location", "us-west-2"),
    ] {
        let (status, text) = bucket.gets(&format!("?{query}")).await;
        assert!(status == 200 && text.contains(word), "{query}: {status} {text}");
    }
    assert_eq!(bucket.send("DELETE", "?policy", &[], "").await.0, 204);
    let (status, text) = bucket.gets("?policy").await;
    assert_eq!((status, elements(&text, "Code")), (404, vec!["NoSuchBucketPolicy".into()]));
    bucket.puts("/k", "x").await;
    assert_eq!(bucket.send("DELETE", "/k", &[], "").await.0, 204);
    let (status, _, text) = bucket.send("DELETE", "", &[], "").await;
    assert_eq!(status, 409);
    assert!(text.contains("You must delete all versions in the bucket."), "{text}");
}

#[tokio::test]
async fn a_bucket_that_is_removed_takes_its_settings_with_it() {
    let mut servers = Servers::new("");
    let bucket = Wire::new(&mut servers, "acme-state").await;
    bucket.puts("", "").await;
    bucket.puts("?versioning", VERSIONING).await;
    assert_eq!(bucket.send("DELETE", "", &[], "").await.0, 204);
    assert_eq!(servers.world.store.list("aws"), []);
}

#[tokio::test]
async fn versions_are_kept_marked_listed_and_removed() {
    let mut servers = Servers::new("");
    let bucket = Wire::new(&mut servers, "acme-data").await;
    bucket.puts("", "").await;
    assert_eq!(bucket.puts("/k", "null").await, "");
    bucket.puts("?versioning", VERSIONING).await;
    let one = bucket.puts("/k", "one").await;
    let two = bucket.puts("/k", "two").await;
    assert!(one != two && one.len() == 32);
    assert_eq!(bucket.gets("/k").await, (200, "two".into()));
    assert_eq!(bucket.gets(&format!("/k?versionId={one}")).await, (200, "one".into()));
    assert_eq!(bucket.gets("/k?versionId=null").await, (200, "null".into()));
    let (status, headers, _) = bucket.send("DELETE", "/k", &[], "").await;
    assert_eq!((status, headers["x-amz-delete-marker"].to_str().unwrap()), (204, "true"));
    let marker = headers["x-amz-version-id"].to_str().unwrap().to_owned();
    let (status, headers, _) = bucket.send("GET", "/k", &[], "").await;
    assert_eq!((status, headers["x-amz-delete-marker"].to_str().unwrap()), (404, "true"));
    assert_eq!(bucket.gets(&format!("/k?versionId={marker}")).await.0, 405);
    let (_, listed) = bucket.gets("?list-type=2").await;
    assert_eq!(elements(&listed, "Key"), [""; 0]);
    bucket.puts("/l", "x").await;
    let (_, listed) = bucket.gets("?versions&max-keys=3").await;
    assert_eq!(elements(&listed, "IsTruncated"), ["true"]);
    let mut shown = elements(&listed, "VersionId");
    shown.sort();
    let mut expected = vec![two.clone(), one.clone(), marker.clone()];
    expected.sort();
    assert_eq!(shown, expected);
    let (key, version) =
        (&elements(&listed, "NextKeyMarker")[0], &elements(&listed, "NextVersionIdMarker")[0]);
    let next = format!("?versions&key-marker={key}&version-id-marker={version}");
    let (_, listed) = bucket.gets(&next).await;
    assert_eq!(elements(&listed, "Key"), ["k", "l"]);
    assert_eq!(elements(&listed, "IsLatest"), ["false", "true"]);

    let path = format!("/k?versionId={marker}");
    assert_eq!(bucket.send("DELETE", &path, &[], "").await.0, 204);
    assert_eq!(bucket.gets("/k").await, (200, "two".into()));
    let path = format!("/k?versionId={two}");
    assert_eq!(bucket.send("DELETE", &path, &[], "").await.0, 204);
    assert_eq!(bucket.gets("/k").await, (200, "one".into()));
    let (status, text) = bucket.gets(&format!("/k?versionId={two}")).await;
    assert_eq!((status, elements(&text, "Code")), (404, vec!["NoSuchVersion".into()]));
}

#[tokio::test]
async fn writes_happen_only_where_their_conditions_hold() {
    let mut servers = Servers::new("");
    servers.has_bucket("acme-data");
    let bucket = Wire::new(&mut servers, "acme-data").await;
    let missing = bucket.send("PUT", "/k", &[("if-match", "\"abc\"")], "x").await;
    assert_eq!((missing.0, elements(&missing.2, "Code")), (404, vec!["NoSuchKey".into()]));
    let (_, headers, _) = bucket.send("PUT", "/k", &[("if-none-match", "*")], "one").await;
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(bucket.send("PUT", "/k", &[("if-none-match", "*")], "two").await.0, 412);
    assert_eq!(bucket.send("PUT", "/k", &[("if-match", "\"abc\"")], "two").await.0, 412);
    assert_eq!(bucket.send("DELETE", "/k", &[("if-match", "\"abc\"")], "").await.0, 412);
    assert_eq!(bucket.send("PUT", "/k", &[("if-match", &tag)], "two").await.0, 200);
    assert_eq!(bucket.send("GET", "/k", &[("if-match", &tag)], "").await.0, 412);
    let (status, headers, text) = bucket.send("GET", "/k", &[("if-none-match", &tag)], "").await;
    assert_eq!((status, text.as_str()), (200, "two"));
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(bucket.send("GET", "/k", &[("if-none-match", &tag)], "").await.0, 304);
    assert_eq!(bucket.send("DELETE", "/k", &[("if-match", &tag)], "").await.0, 204);
    assert_eq!(bucket.gets("/k").await.0, 404);
}
