//! Tags and region: what every resource inherits from the provider's configuration.

use std::collections::BTreeMap;

use super::schema::Resource;
use super::value::{Object, Value};

/// What `provider "aws"` says, as far as resources inherit it.
#[derive(Debug, Clone)]
pub(super) struct Defaults {
    pub(super) region: String,
    pub(super) tags: BTreeMap<String, String>,
    /// Keys and key prefixes that the provider shall not see.
    pub(super) ignored_keys: Vec<String>,
    pub(super) ignored_prefixes: Vec<String>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            region: "us-west-2".into(),
            tags: BTreeMap::new(),
            ignored_keys: Vec::new(),
            ignored_prefixes: Vec::new(),
        }
    }
}

impl Defaults {
    /// Reads the configuration of the provider; a region that is not given comes from `fallback`.
    pub(super) fn read(config: &Value, fallback: &str) -> Self {
        let blocks = |name: &str| config.field(name).as_list().to_vec();
        let tags = blocks("default_tags")
            .iter()
            .filter_map(|block| block.field("tags").as_object())
            .flatten()
            .filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())))
            .collect();
        let ignored = |name: &str| -> Vec<String> {
            blocks("ignore_tags").iter().flat_map(|b| owned(&b.texts(name))).collect()
        };
        let region = config.text("region");
        Self {
            region: if region.is_empty() { fallback } else { region }.to_owned(),
            tags,
            ignored_keys: ignored("keys"),
            ignored_prefixes: ignored("key_prefixes"),
        }
    }

    fn ignores(&self, key: &str) -> bool {
        self.ignored_keys.iter().any(|k| k == key)
            || self.ignored_prefixes.iter().any(|p| key.starts_with(p))
    }

    /// Tags of a resource merged with the default ones.
    fn merged(&self, own: &Value) -> Object {
        let mut all: Object =
            self.tags.iter().map(|(k, v)| (k.clone(), Value::string(v))).collect();
        for (key, value) in own.as_object().into_iter().flatten() {
            if !value.is_null() {
                all.insert(key.clone(), value.clone());
            }
        }
        all.retain(|key, _| !self.ignores(key));
        all
    }
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|t| (*t).to_owned()).collect()
}

/// Puts `tags_all` and `region` of a planned object right.
pub(super) fn plan(
    resource: &Resource,
    defaults: &Defaults,
    config: &Object,
    before: Option<&Object>,
    planned: &mut Object,
) {
    let attributes = &resource.block.attributes;
    let null = Value::Null;
    if attributes.contains_key("tags_all") {
        let own = config.get("tags").unwrap_or(&null);
        let all = if own.is_wholly_known() {
            let merged = defaults.merged(own);
            let had = before.and_then(|b| b.get("tags_all")).and_then(Value::as_object);
            let has_some = !merged.is_empty() || resource.framework;
            // What will be left when all tags go is for the service to say.
            if has_some || had.is_some_and(Object::is_empty) {
                Value::Map(merged)
            } else {
                Value::Unknown
            }
        } else {
            Value::Unknown
        };
        planned.insert("tags_all".into(), all);
    }
    if let Some(region) = attributes.get("region")
        && region.optional
        && config.get("region").unwrap_or(&null).is_null()
    {
        planned.insert("region".into(), Value::string(&defaults.region));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_tags_win_over_default_tags_and_ignored_ones_are_not_seen() {
        let defaults = Defaults {
            tags: BTreeMap::from([("a".into(), "default".into()), ("b".into(), "default".into())]),
            ignored_prefixes: vec!["karpenter".into()],
            ..Defaults::default()
        };
        let own = Value::from_json(&serde_json::json!({"a": "own", "karpenter/x": "1", "n": null}));
        let merged = Value::Map(defaults.merged(&own)).to_json();
        assert_eq!(merged, serde_json::json!({"a": "own", "b": "default"}));
    }
}
