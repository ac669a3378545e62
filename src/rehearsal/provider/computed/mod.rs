//! What AWS fills in: ids, ARNs, endpoints, defaults of the services.
//!
//! Values have the real shape and are the same for the same scenario seed. [`complete`] replaces
//! every unknown of a planned object: by what the services' own files say of the type, else by
//! what the attribute's name and type suggest, so that no type is refused.

mod cluster;
mod database;
mod identity;
mod network;
mod storage;

use serde_json::{Value as Json, json};

use super::kinds;
use super::scene::Scene;
use super::schema::{Attribute, Block, Nesting, Type};
use super::value::{Object, Value};
use super::zero;

/// Name attributes and the prefix attributes that they may be made from.
const NAMES: &[(&str, &str)] = &[
    ("name", "name_prefix"),
    ("bucket", "bucket_prefix"),
    ("identifier", "identifier_prefix"),
    ("cluster_identifier", "cluster_identifier_prefix"),
    ("node_group_name", "node_group_name_prefix"),
    ("key_name", "key_name_prefix"),
];

/// A planned object with everything known that was not.
#[derive(Debug, Clone)]
pub(super) struct Completed {
    pub(super) id: String,
    pub(super) object: Value,
}

/// Fills in what the planned object leaves to AWS. `prior` is the object before an update.
pub(super) fn complete(scene: &Scene, planned: &Value, prior: Option<&Value>) -> Completed {
    let mut object = planned.as_object().cloned().unwrap_or_default();
    fill_names(scene, &mut object);
    identity::prove(scene, &mut object);
    let known_id = prior.map(|p| p.text("id").to_owned()).filter(|id| !id.is_empty());
    let id = match object.get("id") {
        Some(Value::String(id)) if !id.is_empty() => id.clone(),
        _ => known_id.unwrap_or_else(|| scene.fill(&scene.kind.id, &object, "")),
    };
    let arn = match scene.kind.arn.as_str() {
        "" => String::new(),
        template => scene.arn(&scene.fill(template, &object, &id)),
    };
    let mut facts = facts(scene, &object, &id, &arn, prior);
    for (name, value) in [("id", &id), ("arn", &arn)] {
        if !value.is_empty() && facts.get(name).is_none() {
            facts[name] = value.as_str().into();
        }
    }
    let id = facts["id"].as_str().map_or(id, str::to_owned);
    let filler = Filler { scene, arn: &arn };
    let mut object = filler.block(&scene.resource.block, object, &facts);
    if !scene.resource.framework {
        zero::in_blocks(&scene.resource.block, &mut object);
    }
    Completed { id, object: Value::Map(object) }
}

fn fill_names(scene: &Scene, object: &mut Object) {
    for (name, prefix) in NAMES {
        if object.get(*name).is_some_and(Value::is_unknown) {
            let start = match object.get(*prefix) {
                Some(Value::String(p)) => p.clone(),
                _ if *name == "bucket" || object.contains_key(*prefix) => "terraform-".into(),
                _ => continue,
            };
            let tail = kinds::draw(&scene.digits, b"0123456789", 26);
            object.insert((*name).into(), Value::String(format!("{start}{tail}")));
        }
        if object.get(*prefix).is_some_and(Value::is_unknown) {
            object.insert((*prefix).into(), "".into());
        }
    }
    if scene.type_name == "aws_cloudwatch_event_target"
        && object.get("target_id").is_some_and(Value::is_unknown)
    {
        let tail = kinds::draw(&scene.digits, b"0123456789", 26);
        object.insert("target_id".into(), Value::String(format!("terraform-{tail}")));
    }
}

/// What the services say of the type; an object of attribute values.
fn facts(scene: &Scene, object: &Object, id: &str, arn: &str, prior: Option<&Value>) -> Json {
    let view = View { scene, object, id, arn, prior };
    network::facts(&view)
        .or_else(|| cluster::facts(&view))
        .or_else(|| identity::facts(&view))
        .or_else(|| storage::facts(&view))
        .or_else(|| database::facts(&view))
        .unwrap_or_else(|| json!({}))
}

/// What the services' files look at.
pub(super) struct View<'a> {
    pub(super) scene: &'a Scene,
    object: &'a Object,
    id: &'a str,
    arn: &'a str,
    prior: Option<&'a Value>,
}

impl View<'_> {
    fn type_name(&self) -> &str {
        &self.scene.type_name
    }

    fn get(&self, name: &str) -> &Value {
        self.object.get(name).unwrap_or(&Value::Null)
    }

    fn text(&self, name: &str) -> &str {
        self.get(name).as_str().unwrap_or_default()
    }

    fn account(&self) -> &str {
        self.scene.account()
    }

    fn region(&self) -> &str {
        &self.scene.region
    }

    /// A private address in the given network, or in `10.0.0.0/16`.
    fn private_ip(&self, network: &str) -> String {
        let base: Vec<&str> = network.split(['.', '/']).collect();
        let (a, b, c) = match base.as_slice() {
            [a, b, c, ..] => (*a, *b, *c),
            _ => ("10", "0", "0"),
        };
        format!("{a}.{b}.{c}.{}", 10 + self.scene.number("ip", 200))
    }

    fn public_ip(&self) -> String {
        let n = |label| self.scene.number(label, 250) + 1;
        format!("52.{}.{}.{}", n("ip2"), n("ip3"), n("ip4"))
    }
}

/// Replaces what is unknown in a block by facts, or by guesses.
pub(super) struct Filler<'a> {
    pub(super) scene: &'a Scene,
    pub(super) arn: &'a str,
}

impl Filler<'_> {
    pub(super) fn block(&self, block: &Block, object: Object, facts: &Json) -> Object {
        object
            .into_iter()
            .map(|(name, value)| {
                let fact = &facts[&name];
                let filled = if let Some(attribute) = block.attributes.get(&name) {
                    self.attribute(&name, attribute, value, fact)
                } else if let Some(nested) = block.blocks.get(&name) {
                    match value {
                        Value::Unknown if !fact.is_null() => {
                            let blank = Self::blank(&nested.block, fact);
                            blank.conform(&nested.ty())
                        }
                        Value::Unknown if nested.nesting == Nesting::Single => Value::Null,
                        Value::Unknown => Value::List(Vec::new()),
                        Value::List(items) => Value::List(
                            items
                                .into_iter()
                                .map(|item| match item {
                                    Value::Map(o) => {
                                        Value::Map(self.block(&nested.block, o, &fact[0]))
                                    }
                                    other => other,
                                })
                                .collect(),
                        ),
                        Value::Map(o) => Value::Map(self.block(&nested.block, o, fact)),
                        other => other,
                    }
                } else {
                    value
                };
                (name, filled)
            })
            .collect()
    }

    /// Blocks that AWS made up whole: what the facts leave out is null or empty.
    fn blank(block: &Block, facts: &Json) -> Value {
        let item = |fact: &Json| {
            let attributes =
                block.attributes.keys().map(|name| (name.clone(), Value::from_json(&fact[name])));
            let blocks = block.blocks.iter().map(|(name, nested)| {
                let inner = match (&fact[name], nested.nesting) {
                    (Json::Null, Nesting::Single) => Value::Null,
                    (Json::Null, _) => Value::List(Vec::new()),
                    (fact, _) => Self::blank(&nested.block, fact),
                };
                (name.clone(), inner)
            });
            Value::Map(attributes.chain(blocks).collect())
        };
        match facts {
            Json::Array(items) => Value::List(items.iter().map(item).collect()),
            other => item(other),
        }
    }

    fn attribute(&self, name: &str, attribute: &Attribute, value: Value, fact: &Json) -> Value {
        if attribute.write_only {
            return Value::Null;
        }
        match value {
            Value::Unknown if fact.is_null() => self.guess(name, &attribute.ty, attribute.optional),
            // A data source may have another form of what its resource has under that name.
            Value::Unknown => {
                match (Value::from_json(fact).conform(&attribute.ty), &attribute.ty) {
                    (value, ty) if value.fits(ty) => value,
                    (Value::List(items), Type::String) => {
                        let texts: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
                        Value::String(texts.join(","))
                    }
                    _ => self.guess(name, &attribute.ty, attribute.optional),
                }
            }
            known if known.is_wholly_known() => known,
            partly => self.settle(name, partly, &attribute.ty),
        }
    }

    /// A value in which only parts are unknown.
    fn settle(&self, name: &str, value: Value, ty: &Type) -> Value {
        match (value, ty) {
            (Value::Unknown, ty) => self.guess(name, ty, true),
            (Value::List(items), Type::List(t) | Type::Set(t)) => {
                Value::List(items.into_iter().map(|v| self.settle(name, v, t)).collect())
            }
            (Value::Map(m), Type::Map(t)) => {
                Value::Map(m.into_iter().map(|(k, v)| (k, self.settle(name, v, t))).collect())
            }
            (Value::Map(m), Type::Object(fields)) => Value::Map(
                m.into_iter()
                    .map(|(k, v)| {
                        let settled = match fields.get(&k) {
                            Some(t) => self.settle(&k, v, t),
                            None => v,
                        };
                        (k, settled)
                    })
                    .collect(),
            ),
            (known, _) => known,
        }
    }

    fn guess(&self, name: &str, ty: &Type, optional: bool) -> Value {
        match ty {
            Type::Bool => Value::Bool(false),
            Type::Number => Value::Number(0.into()),
            Type::List(_) | Type::Set(_) => Value::List(Vec::new()),
            Type::Map(_) => Value::Map(Object::new()),
            Type::Object(fields) => Value::Map(
                fields.iter().map(|(k, t)| (k.clone(), self.guess(k, t, optional))).collect(),
            ),
            Type::String => Value::String(guess_text(self.scene, name, self.arn, optional)),
        }
    }
}

/// A text that fits the name of an attribute.
pub(super) fn guess_text(scene: &Scene, name: &str, arn: &str, optional: bool) -> String {
    let domain = || format!("{}.{}.amazonaws.com", &scene.digits[..12], scene.region);
    match name {
        "owner_id" | "registry_id" | "account_id" | "aws_account_id" | "owner_account_id"
        | "owner" => scene.account().to_owned(),
        "region" => scene.region.clone(),
        "arn" | "access_entry_arn" | "association_arn" => arn.to_owned(),
        "availability_zone" => format!("{}a", scene.region),
        "engine_version_actual" => "1.0".into(),
        "tenancy" => "default".into(),
        _ if optional => String::new(),
        "status" | "state" => "ACTIVE".into(),
        "endpoint" | "dns_name" | "address" | "hostname" | "domain_name" => domain(),
        "version" => "1".into(),
        _ if name.ends_with("_arn") => arn.to_owned(),
        _ if name.ends_with("_at") || name.ends_with("_date") || name.ends_with("_time") => {
            scene.now()
        }
        _ if name.ends_with("_ip") || name.ends_with("ip_address") => {
            format!("10.0.{}.{}", scene.number(name, 250), scene.number("host", 250) + 4)
        }
        _ if name.ends_with("_id") => {
            format!("{}-0{}", name.trim_end_matches("_id").replace('_', "-"), &scene.digits[..16])
        }
        _ => String::new(),
    }
}
