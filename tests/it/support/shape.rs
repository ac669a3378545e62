//! The shape of values as the provider's schema has it: what is a set, and so has no order.

use std::collections::BTreeMap;
use std::io::Read as _;

use serde_json::Value;

use super::source::root;

/// A type, as far as comparing needs it.
pub(crate) enum Shape {
    Plain,
    List(Box<Shape>),
    Set(Box<Shape>),
    Map(Box<Shape>),
    Object(BTreeMap<String, Shape>),
}

impl Shape {
    /// The shapes of all resource types of the embedded schema.
    pub(crate) fn of_resources() -> BTreeMap<String, Self> {
        let schema = provider_schema();
        let types = schema["resource_schemas"].as_object().unwrap();
        types
            .iter()
            .map(|(name, schema)| (name.clone(), Self::of_block(&schema["block"])))
            .collect()
    }

    fn of_block(block: &Value) -> Self {
        let of = |section: &str| block[section].as_object().cloned().unwrap_or_default();
        let attributes = of("attributes").into_iter().map(|(n, a)| (n, Self::of_type(&a["type"])));
        let blocks = of("block_types").into_iter().map(|(name, nested)| {
            let inner = Box::new(Self::of_block(&nested["block"]));
            let shape = match nested["nesting_mode"].as_str() {
                Some("set") => Self::Set(inner),
                Some("list") => Self::List(inner),
                _ => *inner,
            };
            (name, shape)
        });
        Self::Object(attributes.chain(blocks).collect())
    }

    fn of_type(json: &Value) -> Self {
        let inner = || Box::new(Self::of_type(&json[1]));
        match json[0].as_str() {
            Some("list") => Self::List(inner()),
            Some("set") => Self::Set(inner()),
            Some("map") => Self::Map(inner()),
            Some("object") => {
                let fields = json[1].as_object().unwrap();
                Self::Object(fields.iter().map(|(n, t)| (n.clone(), Self::of_type(t))).collect())
            }
            _ => Self::Plain,
        }
    }

    pub(crate) fn field(&self, name: &str) -> Option<&Self> {
        match self {
            Self::Object(fields) => fields.get(name),
            _ => None,
        }
    }

    /// Whether a value of this shape is the wanted one. Attributes of objects that the wanted one
    /// does not name are younger than it and do not count; `s12-name` was made up by whoever
    /// observed it and stands for any text.
    pub(crate) fn agrees(&self, wanted: &Value, ours: &Value) -> bool {
        match (self, wanted, ours) {
            (Self::Set(inner), Value::Array(wanted), Value::Array(ours)) => {
                let mut left: Vec<&Value> = ours.iter().collect();
                let mut take = |wanted: &Value| {
                    let at = left.iter().position(|ours| inner.agrees(wanted, ours));
                    at.map(|at| left.swap_remove(at)).is_some()
                };
                wanted.len() == ours.len() && wanted.iter().all(&mut take)
            }
            (Self::List(inner), Value::Array(wanted), Value::Array(ours)) => {
                let mut pairs = wanted.iter().zip(ours);
                wanted.len() == ours.len() && pairs.all(|(w, o)| inner.agrees(w, o))
            }
            (Self::Map(inner), Value::Object(wanted), Value::Object(ours)) => {
                let same =
                    |(k, w): (&String, &Value)| ours.get(k).is_some_and(|o| inner.agrees(w, o));
                wanted.len() == ours.len() && wanted.iter().all(same)
            }
            (Self::Object(fields), Value::Object(wanted), Value::Object(ours)) => {
                wanted.iter().all(|(name, wanted)| {
                    let shape = fields.get(name).unwrap_or(&Self::Plain);
                    shape.agrees(wanted, ours.get(name).unwrap_or(&Value::Null))
                })
            }
            (_, Value::String(text), Value::String(_)) if is_made_up(text) => true,
            _ => wanted == ours,
        }
    }
}

fn is_made_up(text: &str) -> bool {
    let number = text.strip_prefix('s').and_then(|rest| rest.split_once('-'));
    number
        .is_some_and(|(digits, _)| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
}

/// The schema of the provider as the repository embeds it.
pub(crate) fn provider_schema() -> Value {
    let all = embedded("schema-6.47.0");
    all["provider_schemas"]["registry.terraform.io/hashicorp/aws"].clone()
}

/// What no schema says of the resource types.
pub(crate) fn behaviour() -> Value {
    embedded("behaviour-5.46")
}

fn embedded(name: &str) -> Value {
    let file = root().join(format!("assets/rehearsal/aws/{name}.json.gz"));
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap())
        .read_to_end(&mut text)
        .unwrap();
    serde_json::from_slice(&text).unwrap()
}

#[test]
fn sets_have_no_order_and_lists_have() {
    let (a, b) = (serde_json::json!(["x", "y"]), serde_json::json!(["y", "x"]));
    assert!(Shape::Set(Box::new(Shape::Plain)).agrees(&a, &b));
    assert!(!Shape::List(Box::new(Shape::Plain)).agrees(&a, &b));
    assert!(!Shape::Set(Box::new(Shape::Plain)).agrees(&serde_json::json!(["x", "x"]), &a));
}
