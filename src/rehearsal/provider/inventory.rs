//! What exists in AWS, in a form that is equal for equal worlds.
//!
//! Live objects only, each under its type and what it is known by; ids that AWS drew are replaced
//! by references, times, counters and secrets are left out. Start at [`inventory`].

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json};
use sha2::{Digest as _, Sha256};

use super::kinds::{Kind, is_drawn};
use super::scene::TABLE;
use super::schema::{Block, Resource, Type, catalogue};
use crate::rehearsal::Store;

/// Attributes that count or tell time, what Terraform alone knows, and the authority of the
/// cluster, which each world makes anew.
const LEFT_OUT: &[&str] = &[
    "id",
    "arn",
    "timeouts",
    "latest_version",
    "default_version",
    "version_id",
    "etag",
    "certificate_authority",
];

/// A live object on its way into the inventory.
struct Entry {
    type_name: String,
    id: String,
    attributes: Json,
    identity: String,
}

/// All live AWS objects: `TYPE/NAME` to attributes, in order.
pub fn inventory(store: &Store) -> Json {
    let mut entries: Vec<Entry> = store
        .list(TABLE)
        .into_iter()
        .filter(|(_, object)| object["status"].is_null())
        .filter_map(|(_, object)| Entry::read(&object))
        .collect();
    let mut references = References::default();
    for entry in entries.iter().filter(|e| !e.identity.is_empty()) {
        references.add(entry);
    }
    // Objects that nothing names are known by what they are.
    for entry in entries.iter_mut().filter(|e| e.identity.is_empty()) {
        let said = entry.described(&References { known: references.known.clone() });
        let text = said.to_string().replace(&entry.id, "itself");
        entry.identity = hex::encode(&Sha256::digest(text.as_bytes())[..6]);
        references.add(entry);
    }
    let mut objects: BTreeMap<String, Json> = BTreeMap::new();
    for entry in &entries {
        let name = format!("{}/{}", entry.type_name, references.replace(&entry.identity));
        let free = (1..).map(|n| if n == 1 { name.clone() } else { format!("{name}#{n}") });
        let key = free.into_iter().find(|k| !objects.contains_key(k)).unwrap_or(name);
        objects.insert(key, entry.described(&references));
    }
    Json::Object(objects.into_iter().collect())
}

impl Entry {
    fn read(object: &Json) -> Option<Self> {
        let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
        let type_name = text(&object["type"]);
        let resource = catalogue().resources.get(&type_name)?;
        let attributes = object["attributes"].clone();
        let (id, kind) = (text(&object["id"]), Kind::of(&type_name, resource));
        let address = text(&attributes["tags_all"]["springboard:address"]);
        let identity = if is_drawn(&kind.id) {
            match address.as_str() {
                "" => text(&attributes["tags_all"]["Name"]),
                _ => address,
            }
        } else {
            id.clone()
        };
        Some(Self { type_name, id, attributes, identity })
    }

    fn resource(&self) -> Option<&'static Resource> {
        catalogue().resources.get(&self.type_name)
    }

    /// The attributes without what differs between equal worlds.
    fn described(&self, references: &References) -> Json {
        match self.resource() {
            Some(resource) => described(&resource.block, &self.attributes, references),
            None => Json::Null,
        }
    }
}

fn described(block: &Block, object: &Json, references: &References) -> Json {
    let mut out = Map::new();
    for (name, value) in object.as_object().into_iter().flatten() {
        if LEFT_OUT.contains(&name.as_str()) || value.is_null() {
            continue;
        }
        let told = if let Some(attribute) = block.attributes.get(name) {
            if attribute.sensitive {
                continue;
            }
            references.told(value, &attribute.ty)
        } else if let Some(nested) = block.blocks.get(name) {
            let inner = |v: &Json| described(&nested.block, v, references);
            match value {
                Json::Array(items) => {
                    let items = items.iter().map(inner).collect();
                    ordered(items, matches!(nested.ty(), Type::Set(_)))
                }
                other => inner(other),
            }
        } else {
            continue;
        };
        if !told.is_null() {
            out.insert(name.clone(), told);
        }
    }
    Json::Object(out)
}

fn ordered(mut items: Vec<Json>, is_set: bool) -> Json {
    if is_set {
        items.sort_by_cached_key(Json::to_string);
    }
    Json::Array(items)
}

/// Drawn ids and ARNs, and what stands for them; the longest first.
#[derive(Default)]
struct References {
    known: Vec<(String, String)>,
}

impl References {
    fn add(&mut self, entry: &Entry) {
        let name = format!("{}/{}", entry.type_name, entry.identity);
        let arn = entry.attributes["arn"].as_str().unwrap_or_default();
        for (drawn, reference) in
            [(arn, format!("<{name} arn>")), (entry.id.as_str(), format!("<{name}>"))]
        {
            // A name is its own reference.
            if drawn.len() >= 8 && drawn != entry.identity {
                self.known.push((drawn.to_owned(), reference));
            }
        }
        self.known.sort_by_key(|(drawn, _)| std::cmp::Reverse(drawn.len()));
    }

    fn replace(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (drawn, reference) in &self.known {
            if text.contains(drawn.as_str()) {
                text = text.replace(drawn.as_str(), reference);
            }
        }
        text
    }

    /// A value with references for ids; null for a time.
    fn told(&self, value: &Json, ty: &Type) -> Json {
        match (value, ty) {
            (Json::String(text), _) if is_time(text) => Json::Null,
            (Json::String(text), _) => self.replace(text).into(),
            (Json::Array(items), Type::List(t) | Type::Set(t)) => {
                let items = items.iter().map(|v| self.told(v, t)).collect();
                ordered(items, matches!(ty, Type::Set(_)))
            }
            (Json::Object(fields), Type::Map(t)) => {
                fields.iter().map(|(k, v)| (k.clone(), self.told(v, t))).collect()
            }
            (Json::Object(fields), Type::Object(types)) => fields
                .iter()
                .filter_map(|(k, v)| Some((k.clone(), self.told(v, types.get(k)?))))
                .collect(),
            (other, _) => other.clone(),
        }
    }
}

/// `2026-11-21T…`, or the same digits alone.
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    let dated = bytes.len() >= 19 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[10] == b'T';
    let bare = bytes.len() == 14 && text.starts_with("20") && bytes.iter().all(u8::is_ascii_digit);
    dated || bare
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_worlds_have_equal_inventories_whatever_ids_were_drawn() {
        let world = |vpc: &str, subnet: &str, at: &str| {
            let dir = tempfile::tempdir().unwrap();
            let store = Store::open(dir.path()).unwrap();
            let put = |kind: &str, id: &str, attributes: Json, status: Json| {
                let object = json!({"type": kind, "id": id, "attributes": attributes, "status": status, "created_at": at});
                store.put("aws", &format!("{kind}/{id}"), object).unwrap();
            };
            let tags = json!({"springboard:address": "aws_vpc.this"});
            put(
                "aws_vpc",
                vpc,
                json!({"id": vpc, "arn": format!("arn:x:{vpc}"), "tags_all": tags}),
                Json::Null,
            );
            put(
                "aws_subnet",
                subnet,
                json!({"id": subnet, "vpc_id": vpc, "cidr_block": "10.0.0.0/20"}),
                Json::Null,
            );
            put(
                "aws_eks_cluster",
                "acme",
                json!({"id": "acme", "name": "acme", "created_at": at}),
                Json::Null,
            );
            put(
                "aws_eks_cluster",
                "half",
                json!({"id": "half", "name": "half"}),
                json!("creating"),
            );
            inventory(&store)
        };
        let one =
            world("vpc-0aaaaaaaaaaaaaaaa", "subnet-0bbbbbbbbbbbbbbbb", "2026-11-21T07:00:00Z");
        let other =
            world("vpc-0cccccccccccccccc", "subnet-0dddddddddddddddd", "2026-11-22T09:00:00Z");
        assert_eq!(one, other);
        assert_eq!(one["aws_eks_cluster/acme"], json!({"name": "acme"}));
        assert_eq!(one.as_object().unwrap().len(), 3);
        let text = one.to_string();
        assert!(text.contains("<aws_vpc/aws_vpc.this>") && !text.contains("vpc-0a"), "{text}");
    }
}
