//! Charts of third parties, fetched from a repository on loopback.
#![expect(clippy::disallowed_methods, reason = "servers of a test run beside it")]

use std::collections::BTreeMap;
use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse as _;
use sha2::{Digest as _, Sha256};
use springboard::blueprint::{self, Blueprint};
use springboard::bundle::Pinned;
use springboard::error::Hint as _;
use springboard::host::Host;
use springboard::rehearsal::sample_bundle;
use springboard::transfer::charts::{FetchError, Why, fetch};
use tokio::net::TcpListener;

const PACKAGE: &[u8] = b"a package";

/// A repository, and how often it was asked.
struct Repository {
    url: &'static str,
    asked: Arc<AtomicU32>,
}

impl Repository {
    /// One below a path, as most are, with this entry of the version 2.9.0.
    async fn start(entry: &str) -> Self {
        let index = format!(
            "apiVersion: v1\nentries:\n  other: []\n  external-secrets:\n  - version: 3.0.0\n    \
             urls: [new.tgz]\n    digest: \"0\"\n  - version: v2.9.0\n{entry}"
        );
        let asked = Arc::new(AtomicU32::new(0));
        let counter = asked.clone();
        let router = Router::new().fallback(move |place: Uri| {
            counter.fetch_add(1, Ordering::SeqCst);
            let index = index.clone();
            async move {
                match place.path() {
                    "/charts/index.yaml" => index.into_response(),
                    "/charts/es.tgz" | "/elsewhere/es.tgz" => PACKAGE.into_response(),
                    _ => StatusCode::NOT_FOUND.into_response(),
                }
            }
        });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/charts", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url: url.leak(), asked }
    }

    fn pinned(&self, sha256: Option<&'static str>) -> Pinned {
        Pinned { name: "external-secrets", version: "2.9.0", repository: self.url, sha256 }
    }
}

fn digest() -> &'static str {
    hex::encode(Sha256::digest(PACKAGE)).leak()
}

async fn fetched(pinned: &Pinned, folder: &Path) -> Result<Vec<u8>, FetchError> {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    fetch(&client, pinned, folder).await.map(|path| {
        assert_eq!(path, folder.join("external-secrets-2.9.0.tgz"));
        std::fs::read(path).unwrap()
    })
}

#[tokio::test]
async fn a_chart_is_fetched_once_from_where_the_index_says() {
    for place in ["es.tgz", "/elsewhere/es.tgz"] {
        let digest = digest();
        let entry = format!("    urls: [{place}]\n    digest: {digest}\n");
        let repository = Repository::start(&entry).await;
        let folder = tempfile::tempdir().unwrap();
        for pinned in [repository.pinned(None), repository.pinned(Some(digest))] {
            assert_eq!(fetched(&pinned, folder.path()).await.unwrap(), PACKAGE);
        }
        assert_eq!(repository.asked.load(Ordering::SeqCst), 2, "the index and the package");
    }
}

#[tokio::test]
async fn a_package_that_is_not_the_one_that_is_meant_is_not_kept() {
    let other = "ab".repeat(32);
    let entry = |digest: &str| format!("    urls: [es.tgz]\n    digest: sha256:{digest}\n");
    let lying = Repository::start(&entry(&other)).await;
    // What is known here counts more than what the index says.
    let replaced = Repository::start(&entry(digest())).await;
    let known: &'static str = other.clone().leak();
    for pinned in [lying.pinned(None), replaced.pinned(Some(known))] {
        let folder = tempfile::tempdir().unwrap();
        let error = fetched(&pinned, folder.path()).await.unwrap_err();
        let said = error.source().unwrap().to_string();
        assert_eq!(said, format!("the package has the digest {}, not {other}", digest()));
        assert!(error.hint().unwrap().contains("do not go on"), "{:?}", error.hint());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
    // Nor is one taken that somebody has put in its place meanwhile.
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("external-secrets-2.9.0.tgz"), "another").unwrap();
    let pinned = replaced.pinned(Some(digest()));
    assert_eq!(fetched(&pinned, folder.path()).await.unwrap(), PACKAGE);
}

#[tokio::test]
async fn what_a_repository_lacks_is_told_with_the_way_to_bring_it() {
    let folder = tempfile::tempdir().unwrap();
    let without_digest = Repository::start("    urls: [es.tgz]\n").await;
    let error = fetched(&without_digest.pinned(None), folder.path()).await.unwrap_err();
    assert!(matches!(error.why, Why::NoDigest), "{error:?}");
    let lost = Repository::start("    urls: [lost.tgz]\n    digest: \"0\"\n").await;
    let error = fetched(&lost.pinned(None), folder.path()).await.unwrap_err();
    assert!(matches!(error.why, Why::Unanswered { .. }), "{error:?}");
    let version = Pinned { version: "1.0.0", ..lost.pinned(None) };
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let error = fetch(&client, &version, folder.path()).await.unwrap_err();
    assert!(matches!(error.why, Why::NoSuchVersion), "{error:?}");
    let said = format!("could not fetch the chart `external-secrets` 1.0.0 from {}", lost.url);
    assert_eq!(error.to_string(), said);
    assert!(error.hint().unwrap().contains("helm pull external-secrets --repo"), "{error:?}");
}

#[test]
fn only_what_the_bundle_lacks_is_fetched() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = sample_bundle::write(dir.path()).unwrap();
    let blueprint: &dyn Blueprint = blueprint::ALL[0];
    let host = Host::fixed(BTreeMap::new(), "/".into(), "".into());
    let missing = || -> Vec<&str> {
        let text = blueprint.sample_answers("sample-full").unwrap();
        let set = format!("charts_dir={:?}", bundle.charts.display().to_string());
        let loader = springboard::answers::Loader::new(blueprint.catalogue(), &host);
        let loader = loader.sets(&[set]).text(Path::new("sample"), text);
        let (answers, _missing) = loader.draft().unwrap();
        blueprint.missing_charts(&answers).iter().map(|pinned| pinned.name).collect()
    };
    assert_eq!(missing(), [""; 0]);
    let mut removed = 0;
    for entry in std::fs::read_dir(&bundle.charts).unwrap().map(|entry| entry.unwrap().path()) {
        let name = entry.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("external-secrets") {
            removed += 1;
            if entry.is_dir() {
                std::fs::remove_dir_all(entry).unwrap();
            } else {
                std::fs::remove_file(entry).unwrap();
            }
        }
    }
    assert_eq!(removed, 1);
    assert_eq!(missing(), ["external-secrets"]);
}
