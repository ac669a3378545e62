//! What the images will be called in the registry.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{Found, Image};
use crate::bundle::deployment::BundleError;

/// A name in the bundle: path without registry, and tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// As it stands in the bundle.
    pub(super) full: String,
    /// Parts of the path, without the registry; at least one.
    path: Vec<String>,
    tag: String,
}

impl Reference {
    /// `registry.example:5000/poolside/core-api:1.2.3`, with every part but the name optional.
    pub(super) fn parse(full: &str) -> Self {
        let name = full.split('@').next().unwrap_or(full);
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (name, "latest"),
        };
        let mut path: Vec<String> = name.split('/').map(str::to_owned).collect();
        let first = &path[0];
        let is_registry = first.contains(['.', ':']) || first == "localhost";
        if path.len() > 1 && is_registry {
            path.remove(0);
        }
        Self { full: full.to_owned(), path, tag: tag.to_owned() }
    }

    /// The last resort: `core-api-1.2.3.tar` and `core-api_1.2.3.tar` are `core-api:1.2.3`.
    pub(super) fn of_file(path: &Path, tag: Option<&str>) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let stem = [".gz", ".zst", ".tgz", ".tar", ".oci"]
            .iter()
            .fold(name.as_ref(), |stem, end| stem.strip_suffix(end).unwrap_or(stem));
        let known = tag.and_then(|tag| stem.strip_suffix(tag)?.strip_suffix(['-', '_']));
        let (name, tag) = match (tag, known) {
            (Some(tag), Some(name)) => (name, tag),
            (Some(tag), None) => (stem, tag),
            (None, _) => split_version(stem),
        };
        let path = vec![repository_part(name)];
        Self { full: format!("{name}:{tag}"), path, tag: tag.to_owned() }
    }

    fn last_parts(&self, count: usize) -> String {
        self.path[self.path.len().saturating_sub(count)..].join("/")
    }
}

/// `core-api-1.2.3` and `core-api_v1` end in a version; `core-api` does not.
fn split_version(stem: &str) -> (&str, &str) {
    let cuts = stem.char_indices().filter(|(_, c)| matches!(c, '-' | '_'));
    for (at, _) in cuts {
        let (name, version) = (&stem[..at], &stem[at + 1..]);
        let digits = version.strip_prefix('v').unwrap_or(version);
        if !name.is_empty() && digits.starts_with(|c: char| c.is_ascii_digit()) {
            return (name, version);
        }
    }
    (stem, "latest")
}

/// A file name as a part of a repository name: lower case, digits, and single separators.
fn repository_part(name: &str) -> String {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let lower = name.to_ascii_lowercase();
    let text: String = lower.chars().map(|c| if allowed(c) { c } else { '-' }).collect();
    text.trim_matches(['.', '_', '-']).to_owned()
}

/// Gives every image the shortest end of its path that no other path shares; the same image found
/// twice counts once.
pub(super) fn settle(found: Vec<Found>) -> Result<Vec<Image>, BundleError> {
    let paths: BTreeSet<Vec<String>> = found.iter().map(|f| f.reference.path.clone()).collect();
    let mut images: BTreeMap<(String, String), Image> = BTreeMap::new();
    for found in found {
        let name = short_name(&found.reference, &paths);
        let image = image(name, found)?;
        let key = (image.name.clone(), image.tag.clone());
        match images.get(&key) {
            Some(there) if there.digest != image.digest => {
                return Err(BundleError::TwoImages {
                    label: image.label(),
                    first: there.source.clone(),
                    second: image.source,
                });
            }
            Some(_) => {}
            None => {
                images.insert(key, image);
            }
        }
    }
    Ok(images.into_values().collect())
}

fn short_name(reference: &Reference, paths: &BTreeSet<Vec<String>>) -> String {
    // `core-api` and `poolside/core-api` are taken for the same repository.
    let is_other =
        |path: &Vec<String>| !path.ends_with(&reference.path) && !reference.path.ends_with(path);
    let is_shared = |count: usize| {
        let end = &reference.path[reference.path.len() - count..];
        paths.iter().any(|path| path.ends_with(end) && is_other(path))
    };
    let count = (1..reference.path.len()).find(|count| !is_shared(*count));
    reference.last_parts(count.unwrap_or(reference.path.len()))
}

fn image(name: String, found: Found) -> Result<Image, BundleError> {
    let is_name = !name.is_empty()
        && name.len() <= 200
        && name.split('/').all(|part| part == repository_part(part) && !part.is_empty());
    let tag = &found.reference.tag;
    let is_tag = !tag.is_empty()
        && tag.len() <= 128
        && !tag.starts_with(['.', '-'])
        && tag.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let top = found.manifests.last().filter(|_| is_name && is_tag);
    let Some(top) = top else {
        return Err(BundleError::NotAName { name: found.reference.full, path: found.source });
    };
    let digest = top.digest.clone();
    let mut image = Image {
        name,
        tag: found.reference.tag,
        full_name: found.reference.full,
        source: found.source,
        digest,
        size: 0,
        manifests: found.manifests,
    };
    image.size = image.blobs().iter().map(|blob| blob.size).sum();
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_a_path_without_registry_and_a_tag() {
        let parts = |text: &str| {
            let reference = Reference::parse(text);
            (reference.path.join("/"), reference.tag)
        };
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            parts("registry.example:5000/poolside/core-api:1.2"),
            pair("poolside/core-api", "1.2")
        );
        assert_eq!(parts("localhost/core-api"), pair("core-api", "latest"));
        assert_eq!(parts("poolside/core-api:1@sha256:00"), pair("poolside/core-api", "1"));
        assert_eq!(parts("host.example:5000/core-api"), pair("core-api", "latest"));
    }

    #[test]
    fn a_file_name_is_the_last_resort() {
        let named = |file: &str, tag: Option<&str>| {
            let reference = Reference::of_file(Path::new(file), tag);
            format!("{}:{}", reference.path.join("/"), reference.tag)
        };
        assert_eq!(named("/b/core-api-1.2.3.tar.gz", None), "core-api:1.2.3");
        assert_eq!(named("core-api_v2.tar", None), "core-api:v2");
        assert_eq!(named("core-api.tgz", None), "core-api:latest");
        assert_eq!(named("core-api-2026-a.tar", Some("2026-a")), "core-api:2026-a");
        assert_eq!(named("Web UI.tar", Some("7")), "web-ui:7");
    }
}
