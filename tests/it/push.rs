//! Images on their way to the registry of the world.

use std::fs;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::json;
use springboard::bundle::{Image, containers};
use springboard::error::render;
use springboard::rehearsal::registry;
use springboard::run::Secret;
use springboard::transfer::images::{
    PushError, Pushed, RegistryAccess, RegistryCredentials, push_all, verify,
};
use springboard::transfer::{
    CancellationToken, CredentialsError, Freshness, How, Progress, Reporter, Retry,
};
use tempfile::TempDir;
use tokio::sync::mpsc;

use crate::support::images::{
    Pieces, docker_archive, gzip, multi_arch_members, oci_members, tar_of_owned, write_folder,
};
use crate::support::programs::{client_output, program};
use crate::support::world::Servers;

/// Gives a token that the registry takes; counts how often a new one was asked for.
#[derive(Debug, Default)]
struct Tokens(AtomicU32);

#[async_trait::async_trait]
impl RegistryCredentials for Tokens {
    async fn basic(&self, freshness: Freshness) -> Result<Option<Secret>, CredentialsError> {
        if freshness == Freshness::Renewed {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
        // `AWS:token`
        Ok(Some(Secret::new("QVdTOnRva2Vu")))
    }
}

fn access(address: SocketAddr) -> RegistryAccess {
    RegistryAccess {
        client: reqwest::Client::new(),
        host: "123456789012.dkr.ecr.us-west-2.amazonaws.com".into(),
        base_url: format!("http://{address}/").parse().unwrap(),
        credentials: Arc::new(Tokens::default()),
        retry: Retry { attempts: 3, first_wait: Duration::ZERO, longest_wait: Duration::ZERO },
    }
}

/// Images in four forms, two of which share a layer.
fn bundle() -> (TempDir, Vec<Image>) {
    let dir = tempfile::tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let (api, web) = (Pieces::new(&["base", "api"]), Pieces::new(&["base", "web"]));
    fs::write(path("api.tar"), docker_archive(&[(&["core-api:1"], &api)])).unwrap();
    let name = json!({"org.opencontainers.image.ref.name": "1"});
    fs::write(path("web-assistant.tar.gz"), gzip(&tar_of_owned(&oci_members(&web, &name))))
        .unwrap();
    write_folder(&path("envoy"), &oci_members(&Pieces::new(&["envoy"]), &name));
    let (amd, arm) = (Pieces::new(&["amd"]), Pieces::new(&["arm"]));
    let both = multi_arch_members(&[&amd, &arm], "vllm:1");
    fs::write(path("vllm.tar"), tar_of_owned(&both)).unwrap();
    let images = containers::read(dir.path()).unwrap();
    (dir, images)
}

fn repository_of(image: &Image) -> String {
    format!("acme/{}", image.name)
}

async fn push(images: &[Image], access: &RegistryAccess) -> Result<Vec<Pushed>, PushError> {
    push_all(images, access, repository_of, &Reporter::silent(), &CancellationToken::new()).await
}

fn servers(scenario: &str) -> Servers {
    let servers = Servers::new(scenario);
    for name in ["core-api", "web-assistant", "envoy", "vllm"] {
        servers.has_repository(&format!("acme/{name}"));
    }
    servers
}

#[tokio::test]
async fn images_of_every_form_arrive_with_their_digests_and_a_second_push_sends_nothing() {
    let mut servers = servers("");
    let access = access(servers.registry().await);
    let (_dir, images) = bundle();
    let pushed = push(&images, &access).await.unwrap();
    let shown: Vec<_> = pushed
        .iter()
        .map(|p| json!({"repository": p.repository, "tag": p.tag, "digest": p.digest}))
        .collect();
    let inventory = registry::inventory(&servers.world.store);
    let tagged: Vec<_> =
        inventory.as_array().unwrap().iter().filter(|i| !i["tag"].is_null()).cloned().collect();
    assert_eq!(tagged, shown);
    assert_eq!(inventory.as_array().unwrap().len(), 6, "two platforms without a tag");
    // The layer that both share was mounted.
    let base = Pieces::new(&["base"]).layers[0].len() as u64;
    let web = pushed.iter().find(|p| p.repository == "acme/web-assistant").unwrap();
    assert_eq!(web.sent, web.size - base);
    verify(&images, &access, repository_of).await.unwrap();

    let again = push(&images, &access).await.unwrap();
    assert!(again.iter().all(|p| p.sent == 0 && p.how == How::AlreadyThere));
}

#[tokio::test]
async fn crane_pulls_what_was_pushed() {
    let Some(crane) = program("crane") else { return };
    let mut servers = servers("");
    let address = servers.registry().await;
    let (dir, images) = bundle();
    push(&images, &access(address)).await.unwrap();
    for image in images.iter().filter(|image| image.manifests().len() == 1) {
        let reference = format!("{address}/acme/{}", image.label());
        let digest = client_output(&crane, &["digest", &reference], &[]).await;
        assert_eq!(digest.trim(), image.digest.as_str());
        let out = dir.path().join(format!("pulled-{}.tar", image.name)).display().to_string();
        client_output(&crane, &["pull", &reference, &out], &[]).await;
        client_output(&crane, &["validate", "--tarball", &out], &[]).await;
        client_output(&crane, &["validate", "--fast", "--remote", &reference], &[]).await;
    }
}

#[tokio::test]
async fn progress_ends_at_the_size_of_the_image() {
    let mut servers = servers("");
    let access = access(servers.registry().await);
    let (_dir, images) = bundle();
    let (sender, mut receiver) = mpsc::channel(1000);
    let image = &images[..1];
    let token = CancellationToken::new();
    push_all(image, &access, repository_of, &Reporter::new(sender), &token).await.unwrap();
    let mut heard = Vec::new();
    while let Some(progress) = receiver.recv().await {
        heard.push(progress);
    }
    let (object, size) = (image[0].label(), image[0].size);
    assert_eq!(heard[0], Progress::Started { object: object.clone(), size });
    let last = Progress::Finished { object: object.clone(), size, how: How::Sent };
    assert_eq!(heard[heard.len() - 1], last);
    let all = Progress::Bytes { object, done: size, total: size };
    assert!(heard.contains(&all), "{heard:?}");
}

#[tokio::test]
async fn another_image_under_an_immutable_tag_is_refused_before_anything_is_sent() {
    let mut servers = servers("");
    let access = access(servers.registry().await);
    let (dir, images) = bundle();
    push(&images, &access).await.unwrap();
    let other = docker_archive(&[(&["core-api:1"], &Pieces::new(&["other"]))]);
    fs::write(dir.path().join("api.tar"), other).unwrap();
    let images = containers::read(dir.path()).unwrap();
    let blobs = servers.world.store.list("registry-blobs").len();
    let error = render(&push(&images, &access).await.unwrap_err());
    assert!(error.starts_with("error: the tag `acme/core-api:1` points to another image (sha256:"));
    assert!(error.contains("\nhint: tags are immutable; "), "{error}");
    assert_eq!(servers.world.store.list("registry-blobs").len(), blobs);
}

#[tokio::test]
async fn a_missing_repository_is_said_in_the_words_of_the_registry() {
    let mut servers = Servers::new("");
    let access = access(servers.registry().await);
    let (_dir, images) = bundle();
    assert_eq!(
        render(&push(&images, &access).await.unwrap_err()),
        "error: the repository `acme/core-api` does not exist: The repository with name \
         'acme/core-api' does not exist in the registry with id '123456789012'\n\
         hint: the stage `foundation` makes the repositories from the list of images; run it again"
    );
}

#[tokio::test]
async fn passing_troubles_are_outlived_and_lasting_ones_are_not() {
    let fault = |times: u32, what: &str| {
        format!("[[fault]]\nat = \"acme/core-api\"\nwhen = \"push\"\ntimes = {times}\n{what}\n")
    };
    let dropped = fault(2, "drop = \"connection\"");
    let throttled = fault(2, "error = \"ThrottlingException: Rate exceeded\"");
    for scenario in [dropped, throttled] {
        let mut servers = servers(&scenario);
        let access = access(servers.registry().await);
        let (_dir, images) = bundle();
        let pushed = push(&images, &access).await.unwrap();
        assert_eq!(pushed[0].sent, pushed[0].size);
    }
    let mut servers = servers(&fault(0, "drop = \"connection\""));
    let access = access(servers.registry().await);
    let (_dir, images) = bundle();
    let error = render(&push(&images, &access).await.unwrap_err());
    assert!(
        error.starts_with(
            "error: no answer from the registry 123456789012.dkr.ecr.us-west-2.amazonaws.com to \
             the upload of a layer to `acme/core-api` in 3 tries\n"
        ),
        "{error}"
    );
    assert!(error.contains("often means a missing permission (ecr:UploadLayerPart)"), "{error}");
}

#[tokio::test]
async fn an_expired_token_is_renewed_once() {
    let expired = "[[fault]]\nat = \"acme/core-api\"\nwhen = \"push\"\n\
        error = \"Your authorization token has expired. Reauthenticate and try again.\"\n";
    let mut servers = servers(expired);
    let tokens = Arc::new(Tokens::default());
    let access = RegistryAccess { credentials: tokens.clone(), ..access(servers.registry().await) };
    let (_dir, images) = bundle();
    push(&images, &access).await.unwrap();
    assert_eq!(tokens.0.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_stopped_push_goes_on_where_it_was() {
    let mut servers = servers("");
    let access = access(servers.registry().await);
    let (_dir, images) = bundle();
    let (sender, mut receiver) = mpsc::channel(1);
    let token = CancellationToken::new();
    let stop = token.clone();
    let listen = async move {
        while let Some(progress) = receiver.recv().await {
            if matches!(progress, Progress::Finished { .. }) {
                stop.cancel();
            }
        }
    };
    let reporter = Reporter::new(sender);
    let push_some = async {
        let ended = push_all(&images, &access, repository_of, &reporter, &token).await;
        drop(reporter);
        ended
    };
    let (ended, ()) = tokio::join!(push_some, listen);
    assert!(matches!(ended, Err(PushError::Stopped)));
    let pushed = push(&images, &access).await.unwrap();
    let hows: Vec<_> = pushed.iter().map(|p| p.how).collect();
    assert_eq!(hows[0], How::AlreadyThere);
    assert_eq!(hows[hows.len() - 1], How::Sent);
}

#[tokio::test]
async fn a_layer_that_was_changed_after_it_was_read_is_named_as_damaged() {
    let mut servers = servers("");
    let access = access(servers.registry().await);
    let (dir, images) = bundle();
    let path = dir.path().join("api.tar");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|window| window == b"base").unwrap();
    bytes[at] = b'B';
    fs::write(&path, bytes).unwrap();
    let error = push(&images, &access).await.unwrap_err();
    assert!(matches!(&error, PushError::Damaged { path: named, .. } if *named == path), "{error}");
}
