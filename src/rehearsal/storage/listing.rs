//! Lists of objects, folded at a delimiter, page by page.

use std::collections::BTreeSet;

use s3s::S3Result;
use s3s::dto::{CommonPrefix, Object as Listed};

use super::Storage;
use super::objects::Object;

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
        ..Listed::default()
    }
}
