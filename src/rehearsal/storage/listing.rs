//! Lists of objects, folded at a delimiter, page by page.

use std::collections::BTreeSet;

use s3s::S3Result;
use s3s::dto::{CommonPrefix, EncodingType, Object as Listed, ObjectStorageClass};

use super::Storage;
use super::answers::written;
use super::objects::Object;
use super::versions::Entry;

/// What is asked for.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub(super) bucket: &'a str,
    pub(super) prefix: &'a str,
    pub(super) delimiter: &'a str,
    /// Names up to this one have been listed.
    pub(super) after: &'a str,
    pub(super) most: Option<i32>,
}

/// One page.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) objects: Vec<Listed>,
    pub(super) prefixes: Vec<CommonPrefix>,
    /// The last name on it, when there are more.
    pub(super) next: Option<String>,
}

impl Page {
    pub(super) fn count(&self) -> i32 {
        i32::try_from(self.objects.len() + self.prefixes.len()).unwrap_or(i32::MAX)
    }

    /// With the names as the client wants them written.
    pub(super) fn encoded(mut self, encoding: Option<&EncodingType>) -> Self {
        for object in &mut self.objects {
            object.key = object.key.take().map(|key| written(&key, encoding));
        }
        for prefix in &mut self.prefixes {
            prefix.prefix = prefix.prefix.take().map(|prefix| written(&prefix, encoding));
        }
        self
    }
}

/// One page of versions.
#[derive(Debug, Default)]
pub(super) struct Versions {
    pub(super) found: Vec<Found>,
    /// The last key and version on it, when there are more.
    pub(super) next: Option<(String, Option<String>)>,
}

/// One line of a list of versions.
#[derive(Debug)]
pub(super) enum Found {
    Prefix(String),
    Version { key: String, is_latest: bool, entry: Entry },
}

impl Storage {
    pub(super) fn page(&self, wanted: &Wanted<'_>) -> S3Result<Page> {
        self.require_bucket(wanted.bucket)?;
        let most = wanted.most.and_then(|n| usize::try_from(n).ok()).unwrap_or(1000).min(1000);
        let root = format!("{}/", wanted.bucket);
        let start = format!("{root}{}", wanted.prefix);
        let mut page = Page::default();
        let mut prefixes = BTreeSet::new();
        let mut last = String::new();
        for (name, value) in self.world.store.list_prefix("storage", &start) {
            let key = &name[root.len()..];
            let folded = fold(key, wanted);
            let shown = folded.as_deref().unwrap_or(key);
            if shown <= wanted.after || prefixes.contains(shown) {
                continue;
            }
            if page.objects.len() + prefixes.len() == most {
                page.next = Some(last);
                break;
            }
            shown.clone_into(&mut last);
            match (folded, serde_json::from_value::<Object>(value)) {
                (Some(prefix), _) => {
                    prefixes.insert(prefix);
                }
                (None, Ok(object)) => page.objects.push(listed(key, &object)),
                (None, Err(_)) => {}
            }
        }
        page.prefixes =
            prefixes.into_iter().map(|prefix| CommonPrefix { prefix: Some(prefix) }).collect();
        Ok(page)
    }

    /// The versions after the key `wanted.after`, or after that version of it.
    pub(super) fn page_of_versions(
        &self,
        wanted: &Wanted<'_>,
        after: Option<&str>,
    ) -> S3Result<Versions> {
        self.require_bucket(wanted.bucket)?;
        let most = wanted.most.and_then(|n| usize::try_from(n).ok()).unwrap_or(1000).min(1000);
        let mut lines: Vec<Found> = Vec::new();
        let mut last_prefix = None;
        for (key, entries) in self.all_versions(wanted.bucket, wanted.prefix)? {
            if let Some(prefix) = fold(&key, wanted) {
                if prefix.as_str() > wanted.after && last_prefix.as_ref() != Some(&prefix) {
                    lines.push(Found::Prefix(prefix.clone()));
                    last_prefix = Some(prefix);
                }
                continue;
            }
            let from = match after {
                Some(version) if key == wanted.after => {
                    entries.iter().position(|e| e.version() == version).map_or(0, |at| at + 1)
                }
                _ if key.as_str() <= wanted.after => continue,
                _ => 0,
            };
            let of_key = entries
                .into_iter()
                .enumerate()
                .skip(from)
                .map(|(at, entry)| Found::Version { key: key.clone(), is_latest: at == 0, entry });
            lines.extend(of_key);
        }
        let has_more = lines.len() > most;
        lines.truncate(most);
        let next = lines.last().filter(|_| has_more).map(|line| match line {
            Found::Prefix(prefix) => (prefix.clone(), None),
            Found::Version { key, entry, .. } => (key.clone(), Some(entry.version().to_owned())),
        });
        Ok(Versions { found: lines, next })
    }
}

/// The common prefix that stands for the key, where it has the delimiter after the prefix.
fn fold(key: &str, wanted: &Wanted<'_>) -> Option<String> {
    if wanted.delimiter.is_empty() {
        return None;
    }
    let rest = &key[wanted.prefix.len()..];
    let end = rest.find(wanted.delimiter)? + wanted.delimiter.len();
    Some(key[..wanted.prefix.len() + end].to_owned())
}

fn listed(key: &str, object: &Object) -> Listed {
    Listed {
        key: Some(key.to_owned()),
        size: Some(object.length()),
        e_tag: Some(object.etag()),
        last_modified: Some(object.modified()),
        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
        ..Listed::default()
    }
}
