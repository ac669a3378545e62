//! Data sources that find objects of the world: by id, name, tag, filter or any attribute.

use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::Question;
use crate::rehearsal::provider::computed;
use crate::rehearsal::provider::kinds::plain;
use crate::rehearsal::provider::limits::mentioning;
use crate::rehearsal::provider::scene::{Scene, TABLE, attributes};
use crate::rehearsal::provider::schema::{Type, catalogue};
use crate::rehearsal::provider::value::{Object, Value};

/// Arguments that choose how to look, not what to find.
const MANNERS: &[&str] = &[
    "most_recent",
    "with_decryption",
    "include_deprecated",
    "region",
    "default",
    "default_for_az",
    "state",
    "status",
    "version_stage",
    "include_all",
    "wait_for_tags",
];

pub(super) fn facts(q: &Question) -> Json {
    let (type_name, plural) = target(&q.scene.type_name);
    let found = find(q, &type_name, if plural { Order::Key } else { Order::YoungestFirst });
    if plural {
        return listed(q, &found);
    }
    let object = match found.first() {
        Some(object) => object.clone(),
        None => imagined(q, &type_name),
    };
    answered(q, &object)
}

/// The resource type that a data source looks for, and whether it wants many.
fn target(data_source: &str) -> (String, bool) {
    let resources = &catalogue().resources;
    let special = match data_source {
        "aws_vpc_security_group_rule" => Some("aws_vpc_security_group_ingress_rule"),
        "aws_service_discovery_dns_namespace" => {
            Some("aws_service_discovery_private_dns_namespace")
        }
        _ => None,
    };
    if let Some(name) = special {
        return (name.into(), false);
    }
    if resources.contains_key(data_source) {
        return (data_source.to_owned(), false);
    }
    let singular = [
        data_source.strip_suffix("ies").map(|s| format!("{s}y")),
        data_source.strip_suffix('s').map(str::to_owned),
    ];
    match singular.into_iter().flatten().find(|s| resources.contains_key(s)) {
        Some(name) => (name, true),
        None => (data_source.to_owned(), false),
    }
}

/// How objects that match are put in order.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Order {
    Key,
    /// Where one is wanted and several match: the current version, the most recent image.
    YoungestFirst,
}

fn find(q: &Question, type_name: &str, order: Order) -> Vec<Value> {
    let prefix = format!("{type_name}/");
    let mut objects = q.scene.world.store.list_prefix(TABLE, &prefix);
    if order == Order::YoungestFirst {
        objects.sort_by(|(_, a), (_, b)| b["created_at"].as_str().cmp(&a["created_at"].as_str()));
    }
    objects
        .iter()
        .filter(|(_, object)| object["failed"].is_null())
        .map(|(_, object)| attributes(object))
        .filter(|object| {
            object.text("region").is_empty() || object.text("region") == q.scene.region
        })
        .filter(|object| matches(q, object))
        .collect()
}

fn matches(q: &Question, object: &Value) -> bool {
    let given = q.config.as_object().into_iter().flatten();
    let by_arguments = given
        .filter(|(name, value)| !value.is_null() && !MANNERS.contains(&name.as_str()))
        .all(|(name, value)| match (name.as_str(), value) {
            ("filter" | "timeouts", _) => true,
            ("tags", tags) => has_tags(object, tags),
            ("name", Value::String(text)) if q.scene.type_name == "aws_route53_zone" => {
                means(object, "name", text.trim_end_matches('.'))
            }
            ("key_id", Value::String(text)) if q.scene.type_name == "aws_kms_key" => {
                means_key(q, object, text)
            }
            ("secret_id", Value::String(text)) => means_secret(q, object, text),
            ("name" | "key_id" | "identifier", Value::String(text)) => means(object, name, text),
            (_, Value::List(items)) if items.is_empty() => true,
            (name, Value::String(text)) => means(object, name, text),
            (name, value) => {
                object.field(name).is_null() || object.field(name).to_json() == value.to_json()
            }
        });
    by_arguments && q.config.field("filter").as_list().iter().all(|f| passes(object, f))
}

/// A key is meant by its id and ARN, and by the name and ARN of an alias.
fn means_key(q: &Question, object: &Value, text: &str) -> bool {
    let is_alias = |alias: &Value| ["arn", "name"].iter().any(|n| alias.text(n) == text);
    let mut aliases = mentioning(&q.scene, "aws_kms_alias", text).filter(is_alias);
    means(object, "key_id", text)
        || aliases.any(|alias| means(object, "key_id", alias.text("target_key_id")))
}

/// A secret is meant by its name as well as by its ARN.
fn means_secret(q: &Question, object: &Value, text: &str) -> bool {
    let same = |secret: &Value| ["arn", "name", "id"].iter().any(|n| secret.text(n) == text);
    let mut secrets = mentioning(&q.scene, "aws_secretsmanager_secret", text).filter(same);
    let own = object.text("secret_id");
    own == text || secrets.any(|secret| ["arn", "name", "id"].iter().any(|n| secret.text(n) == own))
}

/// Whether an argument's text means the object: its own attribute, its id or its ARN.
fn means(object: &Value, name: &str, text: &str) -> bool {
    let own = object.field(name);
    if plain(own) == text {
        return true;
    }
    let reference = name == "id"
        || name.ends_with("_id")
        || name.ends_with("arn")
        || name == "name"
        || name.ends_with("_identifier")
        || name.ends_with("_name");
    if own.is_null() || name == "key_id" || name == "id" {
        let known = ["id", "arn", "name"].iter().any(|n| object.text(n) == text);
        return known || !reference;
    }
    false
}

fn has_tags(object: &Value, tags: &Value) -> bool {
    tags.as_object().into_iter().flatten().all(|(key, value)| {
        object.field("tags_all").field(key) == value || object.field("tags").field(key) == value
    })
}

fn passes(object: &Value, filter: &Value) -> bool {
    let (name, values) = (filter.text("name"), filter.texts("values"));
    let fits = |text: &str| values.iter().any(|pattern| wildcard(pattern, text));
    if let Some(key) = name.strip_prefix("tag:") {
        let tag = |map: &str| object.field(map).text(key).to_owned();
        return fits(&tag("tags_all")) || fits(&tag("tags"));
    }
    if name == "tag-key" {
        let keys = object.field("tags_all").as_object();
        return keys.is_some_and(|tags| tags.keys().any(|k| fits(k)));
    }
    let attribute = match name {
        "group-name" => "name".to_owned(),
        "cidr" | "cidr-block" | "cidrBlock" => "cidr_block".into(),
        other => other.replace('-', "_"),
    };
    match object.field(&attribute) {
        Value::Null if name.ends_with("-id") => {
            // `vpc-id` of a VPC is its own id; of anything else it would be its attribute.
            fits(object.text("id"))
                && values.iter().all(|v| v.starts_with(name.trim_end_matches("-id")))
                || name == "group-id" && fits(object.text("id"))
        }
        Value::Null => true,
        value => fits(&plain(value)),
    }
}

/// AWS filters know `*` and `?`.
fn wildcard(pattern: &str, text: &str) -> bool {
    match (pattern.chars().next(), text.chars().next()) {
        (None, None) => true,
        (Some('*'), _) => {
            wildcard(&pattern[1..], text)
                || text.chars().next().is_some_and(|c| wildcard(pattern, &text[c.len_utf8()..]))
        }
        (Some('?'), Some(c)) => wildcard(&pattern[1..], &text[c.len_utf8()..]),
        (Some(p), Some(c)) if p == c => wildcard(&pattern[p.len_utf8()..], &text[c.len_utf8()..]),
        _ => false,
    }
}

/// Lists of ids, names and ARNs, whatever the data source calls them.
fn listed(q: &Question, found: &[Value]) -> Json {
    let mut facts = Map::new();
    for (name, attribute) in &q.scene.resource.block.attributes {
        if !attribute.computed || !matches!(attribute.ty, Type::List(_) | Type::Set(_)) {
            continue;
        }
        let singular = name.strip_suffix('s').unwrap_or(name);
        let own = singular.rsplit('_').next().unwrap_or(singular);
        let texts: Vec<String> = found
            .iter()
            .map(|object| {
                match [singular, own].iter().map(|n| plain(object.field(n))).find(|t| !t.is_empty())
                {
                    Some(text) => text,
                    None => object.text("id").to_owned(),
                }
            })
            .collect();
        facts.insert(name.clone(), texts.into());
    }
    facts.insert("id".into(), q.scene.region.as_str().into());
    Json::Object(facts)
}

/// An object that is not of this world, as the arguments describe it.
fn imagined(q: &Question, type_name: &str) -> Value {
    let Some((name, resource)) = catalogue().resources.get_key_value(type_name) else {
        return q.config.clone();
    };
    let mut planned = Object::new();
    for (attribute, facts) in &resource.block.attributes {
        let given = q.config.field(attribute);
        let value = match given {
            Value::Null if facts.computed || facts.required => Value::Unknown,
            Value::Null => facts.default.clone().unwrap_or(Value::Null),
            given => given.clone(),
        };
        planned.insert(attribute.clone(), value);
    }
    planned.insert("region".into(), Value::string(&q.scene.region));
    for (block, nested) in &resource.block.blocks {
        planned.insert(block.clone(), if nested.computed { Value::Unknown } else { Value::Null });
    }
    for filter in q.config.field("filter").as_list() {
        let attribute = filter.text("name").replace('-', "_");
        if let (Some(value), true) =
            (filter.texts("values").first(), planned.contains_key(&attribute))
        {
            planned.insert(attribute, Value::string(*value));
        }
    }
    if type_name == "aws_vpc" && planned["cidr_block"].is_unknown() {
        planned.insert("cidr_block".into(), "10.0.0.0/16".into());
    }
    let planned = Value::Map(planned);
    let scene =
        Scene::new(Arc::clone(&q.scene.world), name, resource, &q.scene.region, &q.config.clone());
    let made = computed::complete(&scene, &planned, None);
    let mut object = made.object.as_object().cloned().unwrap_or_default();
    for (attribute, asked) in [("id", q.text("id")), ("arn", q.text("arn"))] {
        if !asked.is_empty() {
            object.insert(attribute.into(), asked.into());
        }
    }
    Value::Map(object)
}

/// The attributes of a found object under the names of the data source.
fn answered(q: &Question, object: &Value) -> Json {
    let mut facts = Map::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        if !value.is_null() {
            facts.insert(name.clone(), value.to_json());
        }
    }
    if let Some(tags) = facts.get("tags_all").cloned()
        && q.has("tags")
    {
        facts.insert("tags".into(), tags);
    }
    let id = object.text("id");
    for name in q.scene.resource.block.attributes.keys() {
        if facts.contains_key(name) || q.type_of(name) != Some(&Type::String) {
            continue;
        }
        let own = q.scene.type_name.trim_start_matches("aws_");
        if name.strip_suffix("_id").is_some_and(|n| own.ends_with(n)) {
            facts.insert(name.clone(), id.into());
        }
    }
    if q.scene.type_name == "aws_kms_key" {
        facts.insert("key_usage".into(), json!("ENCRYPT_DECRYPT"));
        facts.insert("key_state".into(), json!("Enabled"));
        facts.insert("enabled".into(), json!(true));
    }
    if q.scene.type_name == "aws_ecr_repository"
        || q.scene.type_name == "aws_secretsmanager_secret_version"
    {
        facts.entry("secret_string").or_insert_with(|| json!(""));
    }
    Json::Object(facts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_know_wildcards() {
        assert!(wildcard("acme-*-private", "acme-us-private"));
        assert!(wildcard("a?c*", "abc"));
        assert!(!wildcard("a?c", "ac"));
    }

    #[test]
    fn plural_data_sources_look_for_their_singular() {
        assert_eq!(target("aws_subnets"), ("aws_subnet".into(), true));
        assert_eq!(target("aws_ecr_repositories"), ("aws_ecr_repository".into(), true));
        assert_eq!(target("aws_vpc"), ("aws_vpc".into(), false));
    }
}
