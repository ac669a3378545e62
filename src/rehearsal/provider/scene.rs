//! One object in front of the world: who asks, where, and what else exists.

use std::sync::Arc;

use serde_json::Value as Json;

use super::kinds::{Filling, Kind};
use super::places;
use super::schema::Resource;
use super::value::{Object, Value};
use crate::rehearsal::World;

/// The table of AWS objects.
pub(super) const TABLE: &str = "aws";

/// The place of an object: its type, its region, the account around it.
#[derive(Debug, Clone)]
pub(super) struct Scene {
    pub(super) world: Arc<World>,
    pub(super) type_name: String,
    pub(super) resource: &'static Resource,
    pub(super) kind: Kind,
    pub(super) region: String,
    /// Hex digits that belong to this object alone.
    pub(super) digits: String,
}

impl Scene {
    pub(super) fn new(
        world: Arc<World>,
        type_name: &str,
        resource: &'static Resource,
        region: &str,
        object: &Value,
    ) -> Self {
        let kind = Kind::of(type_name, resource);
        let own = object.text("region");
        let region = if own.is_empty() { region } else { own }.to_owned();
        let label = label(type_name, &region, &kind, object);
        let digits = world.hex(&label, 64);
        Self { world, type_name: type_name.to_owned(), resource, kind, region, digits }
    }

    /// The same place for another object of the same description.
    #[must_use]
    pub(super) fn another(&self, count: usize) -> Self {
        let digits = self.world.hex(&format!("{}#{count}", self.digits), 64);
        Self { digits, ..self.clone() }
    }

    pub(super) fn account(&self) -> &str {
        &self.world.scenario.account.id
    }

    pub(super) fn partition(&self) -> &'static str {
        places::partition(&self.region)
    }

    /// Fills a template of [`super::kinds`].
    pub(super) fn fill(&self, template: &str, object: &Object, id: &str) -> String {
        Filling {
            object,
            account: self.account(),
            region: &self.region,
            partition: self.partition(),
            id,
            digits: &self.digits,
        }
        .fill(template)
    }

    /// An id of another kind that belongs to this object: `eni`, `rtb`, ….
    pub(super) fn related(&self, prefix: &str) -> String {
        let digits = self.world.hex(&format!("{}/{prefix}", self.digits), 16);
        format!("{prefix}-0{digits}")
    }

    /// A number below `bound` that belongs to this object.
    pub(super) fn number(&self, label: &str, bound: u64) -> u64 {
        self.world.number(&format!("{}/{label}", self.digits)) % bound
    }

    /// `arn:aws:` and so on.
    pub(super) fn arn(&self, rest: &str) -> String {
        format!("arn:{}:{rest}", self.partition())
    }

    /// The present moment as most services print it.
    pub(super) fn now(&self) -> String {
        self.world.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Attributes of an object in the world.
    pub(super) fn find(&self, type_name: &str, id: &str) -> Option<Value> {
        find(&self.world, type_name, id, &self.region).map(|(_, object)| attributes(&object))
    }

    /// The key of this type's object with that id; other regions than the first have their own.
    pub(super) fn key(&self, id: &str) -> String {
        key_for(&self.world, &self.type_name, id, &self.region)
    }
}

/// The attributes of an object of the world.
pub(super) fn attributes(object: &Json) -> Value {
    Value::from_json(&object["attributes"])
}

/// Key and object of that type and id, in the region or in none.
pub(super) fn find(
    world: &World,
    type_name: &str,
    id: &str,
    region: &str,
) -> Option<(String, Json)> {
    if id.is_empty() {
        return None;
    }
    let plain = format!("{type_name}/{id}");
    let regional = format!("{plain}@{region}");
    if let Some(object) = world.store.get(TABLE, &regional) {
        return Some((regional, object));
    }
    let object = world.store.get(TABLE, &plain)?;
    let there = object["attributes"]["region"].as_str().unwrap_or(region);
    (there == region || type_name == "aws_s3_bucket").then_some((plain, object))
}

fn key_for(world: &World, type_name: &str, id: &str, region: &str) -> String {
    let plain = format!("{type_name}/{id}");
    match world.store.get(TABLE, &plain) {
        Some(object)
            if object["attributes"]["region"].as_str().is_some_and(|r| r != region)
                && type_name != "aws_s3_bucket" =>
        {
            format!("{plain}@{region}")
        }
        _ => plain,
    }
}

/// What tells this object from all others: its address tag, its natural key, or all it says.
fn label(type_name: &str, region: &str, kind: &Kind, object: &Value) -> String {
    let tagged = object.field("tags").text("springboard:address");
    let key = kind.natural_key(object).unwrap_or_default();
    if !tagged.is_empty() || !key.is_empty() {
        return format!("{type_name}/{region}/{tagged}/{key}");
    }
    format!("{type_name}/{region}/{}", object.to_json())
}
