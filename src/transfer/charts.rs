//! Charts of third parties from their repositories: in the version that is meant, checked against
//! its digest, kept in a folder.
//!
//! A repository is an `index.yaml` that says where each version is and what its digest is. The
//! digest that springboard knows comes first; where it knows none the one of the index counts, and
//! without either nothing is taken. What is in the folder already is not fetched again, unless it
//! is not what is known.

use std::path::{Path, PathBuf};

use reqwest::Client;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::Url;

use crate::bundle::Pinned;
use crate::error::Hint;
use crate::host::write_private;

/// An index lists every version that there ever was; those of large repositories have some MB.
const LARGEST_INDEX: usize = 64 << 20;
/// A chart is text; one with its dependencies and schemas has a few MB at most.
const LARGEST_CHART: usize = 64 << 20;

/// Fetches a chart into `folder` and returns its package.
///
/// # Errors
/// When the repository does not answer, does not have the version, or gives another package than
/// the one that is meant.
pub async fn fetch(client: &Client, pinned: &Pinned, folder: &Path) -> Result<PathBuf, FetchError> {
    let path = folder.join(pinned.file());
    if let Ok(kept) = std::fs::read(&path)
        && pinned.sha256.is_none_or(|known| known == sha256(&kept))
    {
        return Ok(path);
    }
    let failed = |why| FetchError { pinned: pinned.clone(), why };
    let package = download(client, pinned).await.map_err(failed)?;
    let written = std::fs::create_dir_all(folder).and_then(|()| write_private(&path, &package));
    written.map_err(|source| failed(Why::Unwritable { path: path.clone(), source }))?;
    Ok(path)
}

async fn download(client: &Client, pinned: &Pinned) -> Result<Vec<u8>, Why> {
    let wrong = |text: &str| Why::Address { text: text.to_owned() };
    let base = format!("{}/", pinned.repository.trim_end_matches('/'));
    let base = Url::parse(&base).map_err(|_no_url| wrong(pinned.repository))?;
    let index = base.join("index.yaml").map_err(|_no_url| wrong(pinned.repository))?;
    let index = read(client, index, LARGEST_INDEX).await?;
    let index: Index =
        serde_yaml_ng::from_slice(&index).map_err(|source| Why::NotAnIndex { source })?;
    let versions = index.entries.get(pinned.name).map_or(&[][..], Vec::as_slice);
    let found = versions.iter().find(|one| pinned.is_version(&one.version));
    let found = found.ok_or(Why::NoSuchVersion)?;
    let told = found.digest.as_deref().map(|digest| digest.trim_start_matches("sha256:"));
    let expected = pinned.sha256.or(told).ok_or(Why::NoDigest)?;
    let place = found.urls.first().ok_or(Why::NoSuchVersion)?;
    let place = base.join(place).map_err(|_no_url| wrong(place))?;
    let package = read(client, place, LARGEST_CHART).await?;
    let digest = sha256(&package);
    if digest != expected.to_ascii_lowercase() {
        return Err(Why::OtherDigest { expected: expected.to_owned(), found: digest });
    }
    Ok(package)
}

async fn read(client: &Client, url: Url, largest: usize) -> Result<Vec<u8>, Why> {
    let place = url.to_string();
    let unanswered = |source: reqwest::Error| Why::Unanswered {
        place: place.clone(),
        source: source.without_url(),
    };
    let answer = client.get(url).send().await.and_then(reqwest::Response::error_for_status);
    let mut answer = answer.map_err(unanswered)?;
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await.map_err(unanswered)? {
        body.extend_from_slice(&part);
        if body.len() > largest {
            return Err(Why::TooLarge { place, largest });
        }
    }
    Ok(body)
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// What is read of an index.
#[derive(Debug, Deserialize)]
struct Index {
    entries: std::collections::BTreeMap<String, Vec<Entry>>,
}

#[derive(Debug, Deserialize)]
struct Entry {
    version: String,
    #[serde(default)]
    urls: Vec<String>,
    digest: Option<String>,
}

/// A chart could not be had from its repository.
#[derive(Debug, thiserror::Error)]
#[error("could not fetch the chart `{}` {} from {}", .pinned.name, .pinned.version, .pinned.repository)]
pub struct FetchError {
    /// The chart.
    pub pinned: Pinned,
    /// Why.
    #[source]
    pub why: Why,
}

/// Why a chart could not be had.
#[derive(Debug, thiserror::Error)]
pub enum Why {
    /// An address that is none.
    #[error("`{text}` is no address")]
    Address {
        /// As it is.
        text: String,
    },
    /// No answer, or one that says no.
    #[error("no answer from {place}")]
    Unanswered {
        /// Who was asked.
        place: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// An answer without end.
    #[error("{place} is larger than {largest} bytes")]
    TooLarge {
        /// Who was asked.
        place: String,
        /// How large it may be.
        largest: usize,
    },
    /// The index is none.
    #[error("its index is none")]
    NotAnIndex {
        /// Why.
        #[source]
        source: serde_yaml_ng::Error,
    },
    /// The repository has not that version.
    #[error("the repository does not have that version")]
    NoSuchVersion,
    /// Nobody says what the package must be.
    #[error("the index tells no digest, and none is known here")]
    NoDigest,
    /// The package is another one.
    #[error("the package has the digest {found}, not {expected}")]
    OtherDigest {
        /// The one that is meant.
        expected: String,
        /// Its own.
        found: String,
    },
    /// The disk refuses.
    #[error("could not write `{}`", .path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Hint for FetchError {
    fn hint(&self) -> Option<String> {
        Some(match &self.why {
            Why::OtherDigest { .. } => {
                "something on the way changes it, or its makers did: do not \
                                        go on before it is known which"
                    .to_owned()
            }
            _ => self.pinned.remedy(),
        })
    }
}
