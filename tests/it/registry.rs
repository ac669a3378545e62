//! The registry of the world, as other clients see it.

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use springboard::bundle::Digest;
use springboard::rehearsal::registry;

use crate::support::images::{Pieces, docker_archive, gzip};
use crate::support::programs::{client as run, client_output, program};
use crate::support::world::Servers;

async fn refusal(response: reqwest::Response) -> (StatusCode, String, String) {
    let status = response.status();
    let body: Value = response.json().await.unwrap();
    let text = |key: &str| body["errors"][0][key].as_str().unwrap().to_owned();
    (status, text("code"), text("message"))
}

#[tokio::test]
async fn a_repository_that_terraform_did_not_make_does_not_exist() {
    let mut servers = Servers::new("");
    let address = servers.registry().await;
    let url = format!("http://{address}/v2/acme/core-api/blobs/uploads/");
    let response = Client::new().post(url).send().await.unwrap();
    assert_eq!(
        refusal(response).await,
        (
            StatusCode::NOT_FOUND,
            "NAME_UNKNOWN".to_owned(),
            "The repository with name 'acme/core-api' does not exist in the registry with id \
             '123456789012'"
                .to_owned()
        )
    );
}

#[tokio::test]
async fn a_blob_is_pushed_in_chunks_and_its_digest_is_checked() {
    let mut servers = Servers::new("");
    servers.has_repository("acme/core-api");
    let root = format!("http://{}", servers.registry().await);
    let client = Client::new();
    let begin = async || {
        let url = format!("{root}/v2/acme/core-api/blobs/uploads/");
        let response = client.post(url).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::ACCEPTED);
        format!("{root}{}", response.headers()["location"].to_str().unwrap())
    };
    let digest = Digest::of(b"hello world");
    let upload = begin().await;
    let patch = async |range: &str, body: &'static str| {
        client.patch(&upload).header("content-range", range).body(body).send().await.unwrap()
    };
    assert_eq!(patch("0-5", "hello ").await.status(), StatusCode::ACCEPTED);
    assert_eq!(patch("0-5", "hello ").await.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    let put = client.put(format!("{upload}?digest={digest}")).body("world").send().await.unwrap();
    assert_eq!(put.status(), StatusCode::CREATED);
    let blob = client.get(format!("{root}/v2/acme/core-api/blobs/{digest}")).send().await.unwrap();
    assert_eq!(blob.text().await.unwrap(), "hello world");

    let upload = begin().await;
    let put = client.put(format!("{upload}?digest={digest}")).body("other").send().await.unwrap();
    assert_eq!(refusal(put).await.1, "DIGEST_INVALID");
}

#[tokio::test]
async fn a_manifest_needs_its_blobs_and_an_immutable_tag_stays() {
    let mut servers = Servers::new("");
    servers.has_repository("acme/core-api");
    let root = format!("http://{}/v2/acme/core-api", servers.registry().await);
    let client = Client::new();
    let manifest = |text: &str| {
        let digest = Digest::of(text.as_bytes());
        json!({"schemaVersion": 2, "config": {"digest": digest, "size": 1}, "layers": []})
            .to_string()
    };
    let push = async |text: &str| {
        let request = client.put(format!("{root}/manifests/1.0"));
        let kind = "application/vnd.oci.image.manifest.v1+json";
        request.header("content-type", kind).body(manifest(text)).send().await.unwrap()
    };
    assert_eq!(refusal(push("a").await).await.1, "MANIFEST_BLOB_UNKNOWN");
    for text in ["a", "b"] {
        let digest = Digest::of(text.as_bytes());
        let url = format!("{root}/blobs/uploads/?digest={digest}");
        let response = client.post(url).body(text).send().await.unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
    }
    assert_eq!(push("a").await.status(), StatusCode::CREATED);
    assert_eq!(push("a").await.status(), StatusCode::CREATED);
    assert_eq!(
        refusal(push("b").await).await,
        (
            StatusCode::BAD_REQUEST,
            "TAG_INVALID".to_owned(),
            "The image tag '1.0' already exists in the 'acme/core-api' repository and cannot be \
             overwritten because the tag is immutable."
                .to_owned()
        )
    );
    let digest = Digest::of(manifest("a").as_bytes());
    assert_eq!(
        registry::inventory(&servers.world.store),
        json!([{"repository": "acme/core-api", "tag": "1.0", "digest": digest}])
    );
}

#[tokio::test]
async fn only_the_user_of_ecr_may_log_in() {
    let mut servers = Servers::new("");
    let url = format!("http://{}/v2/", servers.registry().await);
    let status = async |user: &str| {
        let request = Client::new().get(&url).basic_auth(user, Some("token"));
        request.send().await.unwrap().status()
    };
    assert_eq!(status("AWS").await, StatusCode::OK);
    assert_eq!(status("root").await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_scenario_denies_breaks_and_hangs_up() {
    let mut servers = Servers::new(
        "[[fault]]\nat = \"acme/a\"\nwhen = \"push\"\nerror = \"ThrottlingException: slow down\"\n\
         [[fault]]\nat = \"acme/b\"\nwhen = \"push\"\ndrop = \"connection\"\n\
         [[deny]]\naction = \"ecr:PutImage\"\n",
    );
    servers.has_repository("acme/a");
    servers.has_repository("acme/b");
    let root = format!("http://{}/v2", servers.registry().await);
    let client = Client::new();
    let digest = Digest::of(b"x");
    let post = async |name: &str| {
        let url = format!("{root}/acme/{name}/blobs/uploads/?digest={digest}");
        client.post(url).body("x").send().await
    };
    let throttled = post("a").await.unwrap();
    assert_eq!(throttled.status(), StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(post("a").await.unwrap().status(), StatusCode::CREATED);
    assert!(post("b").await.is_err());
    assert_eq!(post("b").await.unwrap().status(), StatusCode::CREATED);
    let put = client.put(format!("{root}/acme/a/manifests/1")).body("{}").send().await.unwrap();
    let (status, code, text) = refusal(put).await;
    assert_eq!((status, code.as_str()), (StatusCode::FORBIDDEN, "DENIED"));
    assert!(text.ends_with("because no identity-based policy allows the ecr:PutImage action"));
}

#[tokio::test]
async fn crane_pushes_lists_and_pulls() {
    let Some(crane) = program("crane") else { return };
    let mut servers = Servers::new("");
    servers.has_repository("acme/core-api");
    let address = servers.registry().await;
    let dir = tempfile::tempdir().unwrap();
    let layers = vec![gzip(&Pieces::new(&["one"]).layers[0])];
    let archive = docker_archive(&[(&["core-api:1"], &Pieces::of_layers(layers))]);
    let path = |name: &str| dir.path().join(name).display().to_string();
    std::fs::write(path("in.tar"), archive).unwrap();
    let image = format!("{address}/acme/core-api:1");
    client_output(&crane, &["push", &path("in.tar"), &image], &[]).await;
    let repository = format!("{address}/acme/core-api");
    assert_eq!(client_output(&crane, &["ls", &repository], &[]).await.trim(), "1");
    let digest = client_output(&crane, &["digest", &image], &[]).await;
    client_output(&crane, &["pull", "--format=oci", &image, &path("out")], &[]).await;
    let index = std::fs::read_to_string(path("out/index.json")).unwrap();
    assert!(index.contains(digest.trim()), "{index}");
    let catalogue = client_output(&crane, &["catalog", &address.to_string()], &[]).await;
    assert_eq!(catalogue.trim(), "acme/core-api");
    let unknown = run(&crane, &["push", &path("in.tar"), &format!("{address}/none:1")], &[]).await;
    let error = String::from_utf8_lossy(&unknown.stderr);
    assert!(
        error.contains("NAME_UNKNOWN: The repository with name 'none' does not exist"),
        "{error}"
    );
}

#[tokio::test]
async fn a_large_blob_leaves_its_size_but_no_bytes() {
    let mut servers = Servers::new("");
    servers.has_repository("acme/core-api");
    let root = format!("http://{}/v2/acme/core-api", servers.registry_keeping(10).await);
    let digest = Digest::of(b"more than ten bytes");
    let url = format!("{root}/blobs/uploads/?digest={digest}");
    let client = Client::new();
    let post = client.post(url).body("more than ten bytes").send().await.unwrap();
    assert_eq!(post.status(), StatusCode::CREATED);
    let url = format!("{root}/blobs/{digest}");
    assert_eq!(client.head(&url).send().await.unwrap().headers()["content-length"], "19");
    let (status, _, text) = refusal(client.get(&url).send().await.unwrap()).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(text.starts_with("the simulated world keeps only size and digest of blobs over 10"));
}

#[tokio::test]
async fn tags_come_in_pages_that_lead_to_the_next_one() {
    let mut servers = Servers::new("");
    servers.has_repository("acme/a");
    for tag in ["1.0", "1.1", "2.0"] {
        let value = json!({"digest": Digest::of(b"x")});
        servers.world.store.put("registry", &format!("acme/a:{tag}"), value).unwrap();
    }
    let root = format!("http://{}", servers.registry().await);
    let mut next = Some("/v2/acme/a/tags/list?n=2".to_owned());
    let mut pages = Vec::new();
    while let Some(path) = next {
        let answer = Client::new().get(format!("{root}{path}")).send().await.unwrap();
        let link = answer.headers().get("link").map(|link| link.to_str().unwrap().to_owned());
        next = link.map(|link| link[1..link.find('>').unwrap()].to_owned());
        let text = answer.text().await.unwrap();
        pages.push(serde_json::from_str::<serde_json::Value>(&text).unwrap()["tags"].clone());
    }
    assert_eq!(pages, [json!(["1.0", "1.1"]), json!(["2.0"])]);
}
