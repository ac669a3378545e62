//! The schema of the provider and the behaviour that no schema says.
//!
//! Reads the embedded facts once: `schema-6.47.0` (the true schema, 314 resource and 188 data
//! source types), `behaviour-5.46` (defaults, replacement, conflicts, read out of the provider)
//! and `behaviour-supplement` (what those two leave out: blocks that the provider computes, types
//! younger than 5.46). Where they differ the schema wins. Start at [`catalogue`].

use std::collections::{BTreeMap, HashMap};
use std::io::Read as _;
use std::sync::LazyLock;

use bytes::Bytes;
use prost::Message as _;
use serde_json::Value as Json;

use super::functions;
use super::value::Value;
use super::wire;

const SCHEMA: &[u8] = include_bytes!("../../../assets/rehearsal/aws/schema-6.47.0.json.gz");
const BEHAVIOUR: &[u8] = include_bytes!("../../../assets/rehearsal/aws/behaviour-5.46.json.gz");
const SUPPLEMENT: &str = include_str!("../../../assets/rehearsal/aws/behaviour-supplement.json");

/// The ephemeral resources that look up what a data source of the same name does. The embedded
/// schema has none, so theirs are made from the data sources.
const EPHEMERAL: &[&str] = &[
    "aws_ecr_authorization_token",
    "aws_eks_cluster_auth",
    "aws_kms_secrets",
    "aws_secretsmanager_random_password",
    "aws_secretsmanager_secret_version",
    "aws_ssm_parameter",
];

/// A type of Terraform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Type {
    Bool,
    Number,
    String,
    List(Box<Type>),
    Set(Box<Type>),
    Map(Box<Type>),
    Object(BTreeMap<String, Type>),
}

/// An attribute and how the provider treats it.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "the schema's own flags, each independent")]
pub(super) struct Attribute {
    pub(super) ty: Type,
    pub(super) required: bool,
    pub(super) optional: bool,
    pub(super) computed: bool,
    pub(super) sensitive: bool,
    pub(super) write_only: bool,
    /// A change is a replacement.
    pub(super) force_new: bool,
    /// The provider keeps another spelling of the value, for JSON the canonical one.
    pub(super) normalized: bool,
    pub(super) default: Option<Value>,
    pub(super) conflicts_with: Vec<String>,
    pub(super) exactly_one_of: Vec<String>,
}

/// How often a nested block occurs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Nesting {
    Single,
    List,
    Set,
}

/// A nested block.
#[derive(Debug, Clone)]
pub(super) struct Nested {
    pub(super) block: Block,
    pub(super) nesting: Nesting,
    min_items: i64,
    max_items: i64,
    /// Filled by the provider when the configuration has none.
    pub(super) computed: bool,
    pub(super) force_new: bool,
}

/// A block: attributes and nested blocks.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub(super) attributes: BTreeMap<String, Attribute>,
    pub(super) blocks: BTreeMap<String, Nested>,
}

/// A resource or data source type.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    version: i64,
    pub(super) block: Block,
    pub(super) ty: Type,
    /// Written with the newer plugin framework, which treats nothing and null differently.
    pub(super) framework: bool,
}

/// Everything the provider knows of its types.
#[derive(Debug)]
pub(super) struct Catalogue {
    provider: Resource,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) data_sources: BTreeMap<String, Resource>,
    /// Values that are read anew in each run and never kept.
    pub(super) ephemeral: BTreeMap<String, Resource>,
    encoded: LazyLock<Bytes, Box<dyn FnOnce() -> Bytes + Send>>,
}

/// The catalogue, read at the first use.
pub(super) fn catalogue() -> &'static Catalogue {
    static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(Catalogue::embedded);
    &CATALOGUE
}

/// Embedded JSON that was compressed at build time.
pub(super) fn embedded_json(compressed: &[u8]) -> Json {
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(compressed)
        .read_to_end(&mut text)
        .expect("the embedded facts are whole, a test reads them");
    serde_json::from_slice(&text).expect("the embedded facts are JSON, a test reads them")
}

impl Catalogue {
    fn embedded() -> Self {
        let schema = embedded_json(SCHEMA);
        let schema = &schema["provider_schemas"]["registry.terraform.io/hashicorp/aws"];
        let behaviour = embedded_json(BEHAVIOUR);
        let supplement: Json =
            serde_json::from_str(SUPPLEMENT).expect("the supplement is JSON, a test reads it");
        let read = |section: &str| -> BTreeMap<String, Resource> {
            entries(&schema[section])
                .map(|(name, json)| (name.clone(), Resource::read(json, &Json::Null, &Json::Null)))
                .collect()
        };
        let resources = entries(&schema["resource_schemas"])
            .map(|(name, json)| {
                let resource = Resource::read(json, &behaviour[name], &supplement[name]);
                (name.clone(), resource)
            })
            .collect();
        let data_sources = read("data_source_schemas");
        Self {
            provider: Resource::read(&schema["provider"], &Json::Null, &Json::Null),
            resources,
            ephemeral: EPHEMERAL
                .iter()
                .filter_map(|name| {
                    Some(((*name).to_owned(), data_sources.get(*name)?.ephemeral(name)))
                })
                .collect(),
            data_sources,
            encoded: LazyLock::new(Box::new(|| catalogue().encode())),
        }
    }

    pub(super) fn provider(&self) -> &Resource {
        &self.provider
    }

    /// The answer to `GetProviderSchema`, encoded once.
    pub(super) fn encoded(&self) -> Bytes {
        self.encoded.clone()
    }

    fn encode(&self) -> Bytes {
        let all = |types: &BTreeMap<String, Resource>| -> HashMap<String, wire::Schema> {
            types.iter().map(|(name, resource)| (name.clone(), resource.to_wire())).collect()
        };
        let response = wire::GetProviderSchemaResponse {
            provider: Some(self.provider.to_wire()),
            resource_schemas: all(&self.resources),
            data_source_schemas: all(&self.data_sources),
            ephemeral_resource_schemas: all(&self.ephemeral),
            functions: functions::signatures(),
            server_capabilities: Some(capabilities()),
            ..Default::default()
        };
        response.encode_to_vec().into()
    }
}

/// What the simulated provider can do beyond the basics.
pub(super) fn capabilities() -> wire::ServerCapabilities {
    wire::ServerCapabilities { get_provider_schema_optional: true, ..Default::default() }
}

impl Resource {
    fn read(json: &Json, behaviour: &Json, supplement: &Json) -> Self {
        let mut block = Block::read(&json["block"], &behaviour["attributes"]);
        block.amend(&supplement["attributes"]);
        let ty = block.object_type();
        let framework = supplement["framework"].as_bool().unwrap_or(false);
        Self { version: json["version"].as_i64().unwrap_or(0), block, ty, framework }
    }

    /// The data source as an ephemeral resource: it has no id, and a parameter is named by its ARN.
    fn ephemeral(&self, name: &str) -> Self {
        let mut block = self.block.clone();
        block.attributes.remove("id");
        if name == "aws_ssm_parameter" {
            let mut set = |attribute: &str, required: bool| {
                if let Some(attribute) = block.attributes.get_mut(attribute) {
                    (attribute.required, attribute.optional) = (required, false);
                    attribute.computed = !required;
                }
            };
            set("arn", true);
            set("name", false);
        }
        Self { version: 0, ty: block.object_type(), block, framework: true }
    }

    fn to_wire(&self) -> wire::Schema {
        wire::Schema { version: self.version, block: Some(self.block.to_wire()) }
    }
}

impl Block {
    fn read(json: &Json, behaviour: &Json) -> Self {
        let attributes = entries(&json["attributes"])
            .map(|(name, a)| (name.clone(), Attribute::read(a, &behaviour[name])))
            .collect();
        let blocks = entries(&json["block_types"])
            .map(|(name, b)| (name.clone(), Nested::read(b, &behaviour[name])))
            .collect();
        Self { attributes, blocks }
    }

    /// Takes over what the supplement says of attributes and blocks.
    fn amend(&mut self, supplement: &Json) {
        for (name, facts) in entries(supplement) {
            if let Some(attribute) = self.attributes.get_mut(name) {
                attribute.force_new = flag_or(facts, "force_new", attribute.force_new);
                if let Some(default) = facts.get("default") {
                    attribute.default =
                        Some(default).filter(|d| !d.is_null()).map(Value::from_json);
                }
            }
            if let Some(nested) = self.blocks.get_mut(name) {
                nested.computed = flag_or(facts, "computed", nested.computed);
                nested.force_new = flag_or(facts, "force_new", nested.force_new);
                nested.block.amend(&facts["block"]);
            }
        }
    }

    /// The type of one object of this block.
    pub(super) fn object_type(&self) -> Type {
        let attributes = self.attributes.iter().map(|(name, a)| (name.clone(), a.ty.clone()));
        let blocks = self.blocks.iter().map(|(name, nested)| (name.clone(), nested.ty()));
        Type::Object(attributes.chain(blocks).collect())
    }

    fn to_wire(&self) -> wire::Block {
        let attributes = self.attributes.iter().map(|(name, a)| wire::Attribute {
            name: name.clone(),
            r#type: a.ty.to_json().to_string().into_bytes(),
            required: a.required,
            optional: a.optional,
            computed: a.computed,
            sensitive: a.sensitive,
            write_only: a.write_only,
        });
        let blocks = self.blocks.iter().map(|(name, nested)| wire::NestedBlock {
            type_name: name.clone(),
            block: Some(nested.block.to_wire()),
            nesting: nested.nesting.to_wire(),
            min_items: nested.min_items,
            max_items: nested.max_items,
        });
        wire::Block { version: 0, attributes: attributes.collect(), block_types: blocks.collect() }
    }
}

impl Attribute {
    fn read(json: &Json, behaviour: &Json) -> Self {
        let flag = |name| json[name].as_bool().unwrap_or(false);
        Self {
            ty: Type::read(&json["type"]),
            required: flag("required"),
            optional: flag("optional"),
            computed: flag("computed"),
            sensitive: flag("sensitive"),
            write_only: flag("write_only"),
            force_new: flag_or(behaviour, "force_new", false),
            normalized: flag_or(behaviour, "state_func", false),
            default: behaviour.get("default").filter(|d| !d.is_null()).map(Value::from_json),
            conflicts_with: names(&behaviour["conflicts_with"]),
            exactly_one_of: names(&behaviour["exactly_one_of"]),
        }
    }
}

impl Nested {
    fn read(json: &Json, behaviour: &Json) -> Self {
        let nesting = match json["nesting_mode"].as_str() {
            Some("set") => Nesting::Set,
            Some("list") => Nesting::List,
            _ => Nesting::Single,
        };
        Self {
            block: Block::read(&json["block"], &behaviour["block"]),
            nesting,
            min_items: json["min_items"].as_i64().unwrap_or(0),
            max_items: json["max_items"].as_i64().unwrap_or(0),
            computed: false,
            force_new: flag_or(behaviour, "force_new", false),
        }
    }

    /// Whether the configuration must have it.
    #[cfg(test)]
    pub(super) fn is_required(&self) -> bool {
        self.min_items > 0
    }

    /// The type of the whole nested block.
    pub(super) fn ty(&self) -> Type {
        let object = self.block.object_type();
        match self.nesting {
            Nesting::Single => object,
            Nesting::List => Type::List(Box::new(object)),
            Nesting::Set => Type::Set(Box::new(object)),
        }
    }
}

impl Nesting {
    fn to_wire(self) -> i32 {
        match self {
            Self::Single => 1,
            Self::List => 2,
            Self::Set => 3,
        }
    }
}

impl Type {
    fn read(json: &Json) -> Self {
        let inner = || Box::new(Self::read(&json[1]));
        match json.as_str().or_else(|| json[0].as_str()) {
            Some("bool") => Self::Bool,
            Some("number") => Self::Number,
            Some("list") => Self::List(inner()),
            Some("set") => Self::Set(inner()),
            Some("map") => Self::Map(inner()),
            Some("object") => Self::Object(
                entries(&json[1]).map(|(name, t)| (name.clone(), Self::read(t))).collect(),
            ),
            _ => Self::String,
        }
    }

    pub(super) fn to_json(&self) -> Json {
        match self {
            Self::Bool => "bool".into(),
            Self::Number => "number".into(),
            Self::String => "string".into(),
            Self::List(t) => serde_json::json!(["list", t.to_json()]),
            Self::Set(t) => serde_json::json!(["set", t.to_json()]),
            Self::Map(t) => serde_json::json!(["map", t.to_json()]),
            Self::Object(fields) => {
                let fields: serde_json::Map<String, Json> =
                    fields.iter().map(|(name, t)| (name.clone(), t.to_json())).collect();
                serde_json::json!(["object", fields])
            }
        }
    }
}

fn entries(json: &Json) -> impl Iterator<Item = (&String, &Json)> {
    json.as_object().into_iter().flatten()
}

fn flag_or(json: &Json, name: &str, otherwise: bool) -> bool {
    json[name].as_bool().unwrap_or(otherwise)
}

fn names(json: &Json) -> Vec<String> {
    json.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_facts_hold_every_type_with_its_behaviour() {
        let catalogue = catalogue();
        assert_eq!(catalogue.resources.len(), 314);
        assert_eq!(catalogue.data_sources.len(), 188);
        let cluster = &catalogue.resources["aws_eks_cluster"].block;
        assert!(cluster.attributes["name"].force_new);
        let vpc_config = &cluster.blocks["vpc_config"].block;
        assert_eq!(
            vpc_config.attributes["endpoint_public_access"].default,
            Some(Value::Bool(true))
        );
        assert!(cluster.blocks["access_config"].computed);
    }

    #[test]
    fn the_supplement_names_only_what_exists() {
        let supplement: Json = serde_json::from_str(SUPPLEMENT).unwrap();
        for (name, facts) in entries(&supplement) {
            let Some(resource) = catalogue().resources.get(name) else {
                panic!("{name} is no resource type");
            };
            for (attribute, _) in entries(&facts["attributes"]) {
                let block = &resource.block;
                assert!(
                    block.attributes.contains_key(attribute)
                        || block.blocks.contains_key(attribute),
                    "{name} has no {attribute}"
                );
            }
        }
    }
}
