//! What a change will do: the rules by which the provider plans.
//!
//! An attribute with a default plans as its default; a computed one as unknown on create and as
//! what it was on update; a changed attribute that the service cannot change is a replacement.
//! Nothing here looks at the world. Start at [`plan`].

use super::policy;
use super::schema::{Attribute, Block, Nested, Nesting, Resource, Type};
use super::tags::{self, Defaults};
use super::value::{Object, Value};
use super::zero;

/// What shall become of an object.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) planned: Value,
    /// Paths whose change makes it a replacement.
    pub(super) replace: Vec<Path>,
}

/// A way into a value.
pub(super) type Path = Vec<Segment>;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    Attribute(String),
    Index(usize),
}

/// Plans the creation (`prior` is null) or the change of an object.
pub(super) fn plan(
    type_name: &str,
    resource: &Resource,
    defaults: &Defaults,
    prior: &Value,
    config: &Value,
) -> Plan {
    let before = prior.as_object();
    let Some(config) = config.as_object() else {
        return Plan { planned: Value::Null, replace: Vec::new() };
    };
    let mut planned = plan_block(&resource.block, config, before);
    tags::plan(resource, defaults, config, before, &mut planned);
    customize(type_name, config, &mut planned);
    if !resource.framework {
        zero::in_objects(&resource.block, &mut planned);
    }
    if let Some(before) = before {
        follow_up(type_name, &resource.block, before, &mut planned);
    }
    let replace = before.map(|b| replacements(resource, b, &planned)).unwrap_or_default();
    Plan { planned: Value::Map(planned), replace }
}

fn plan_block(block: &Block, config: &Object, prior: Option<&Object>) -> Object {
    let null = Value::Null;
    let attributes = block.attributes.iter().map(|(name, attribute)| {
        let before = prior.map(|p| p.get(name).unwrap_or(&null));
        let value = plan_attribute(attribute, config.get(name).unwrap_or(&null), before);
        (name.clone(), value)
    });
    let blocks = block.blocks.iter().map(|(name, nested)| {
        let before = prior.map(|p| p.get(name).unwrap_or(&null));
        let value = plan_nested(nested, config.get(name).unwrap_or(&null), before);
        (name.clone(), value)
    });
    attributes.chain(blocks).collect()
}

fn plan_attribute(attribute: &Attribute, config: &Value, prior: Option<&Value>) -> Value {
    if attribute.write_only {
        return Value::Null;
    }
    if !config.is_null() {
        return match prior {
            Some(before) if is_equivalent(attribute, before, config) => before.clone(),
            _ if attribute.normalized => normalized(config),
            _ => config.clone(),
        };
    }
    if let Some(default) = &attribute.default {
        return default.clone().conform(&attribute.ty);
    }
    match prior {
        None if attribute.computed => Value::Unknown,
        Some(before) if attribute.computed => before.clone(),
        // To the provider's SDK nothing and an empty value are the same.
        Some(before) if before.is_zero() => before.clone(),
        _ => Value::Null,
    }
}

/// JSON as the provider keeps it: compact, keys in order, escaped as Go does.
fn normalized(value: &Value) -> Value {
    let text = value.as_str().filter(|t| t.trim_start().starts_with(['{', '[']));
    match text.and_then(|t| serde_json::from_str::<serde_json::Value>(t).ok()) {
        Some(json) => Value::String(policy::escape(&policy::sorted(&json).to_string())),
        None => value.clone(),
    }
}

/// Whether a change means nothing: another order of a set, or the same JSON written otherwise.
fn is_equivalent(attribute: &Attribute, before: &Value, config: &Value) -> bool {
    if config.same(before, &attribute.ty) {
        return true;
    }
    let (true, Some(a), Some(b)) = (attribute.ty == Type::String, before.as_str(), config.as_str())
    else {
        return false;
    };
    let parse = |text: &str| {
        serde_json::from_str::<serde_json::Value>(text).ok().filter(serde_json::Value::is_object)
    };
    matches!((parse(a), parse(b)), (Some(a), Some(b)) if a == b)
}

fn plan_nested(nested: &Nested, config: &Value, prior: Option<&Value>) -> Value {
    match (config, nested.nesting) {
        (Value::Unknown, _) => Value::Unknown,
        (Value::Map(object), _) => {
            Value::Map(plan_block(&nested.block, object, prior.and_then(Value::as_object)))
        }
        (Value::List(items), _) if !items.is_empty() => {
            Value::List(plan_items(nested, items, prior))
        }
        (_, Nesting::Single) => Value::Null,
        _ => match prior {
            None if nested.computed => Value::Unknown,
            Some(before) if nested.computed => before.clone(),
            _ => Value::List(Vec::new()),
        },
    }
}

fn plan_items(nested: &Nested, items: &[Value], prior: Option<&Value>) -> Vec<Value> {
    let before = prior.map(Value::as_list).unwrap_or_default();
    let plan_item = |(index, item): (usize, &Value)| {
        let Some(object) = item.as_object() else { return item.clone() };
        let match_in_set = || {
            before
                .iter()
                .find(|b| b.as_object().is_some_and(|b| is_element(&nested.block, object, b)))
        };
        let previous = match nested.nesting {
            Nesting::Set => match_in_set(),
            _ => before.get(index),
        };
        Value::Map(plan_block(&nested.block, object, previous.and_then(Value::as_object)))
    };
    items.iter().enumerate().map(plan_item).collect()
}

/// Whether an element of a set is what the configuration of one became.
fn is_element(block: &Block, config: &Object, prior: &Object) -> bool {
    let null = Value::Null;
    let attributes = block.attributes.iter().all(|(name, attribute)| {
        let (c, p) = (config.get(name).unwrap_or(&null), prior.get(name).unwrap_or(&null));
        match c {
            Value::Null => {
                attribute.computed
                    || p.is_zero()
                    || attribute.default.as_ref().is_some_and(|d| d.same(p, &attribute.ty))
            }
            _ => c.same(p, &attribute.ty),
        }
    });
    attributes
        && block.blocks.iter().all(|(name, nested)| {
            let (c, p) = (config.get(name).unwrap_or(&null), prior.get(name).unwrap_or(&null));
            nested.computed || c.as_list().len() == p.as_list().len()
        })
}

/// What single types make of their plan beyond the rules.
fn customize(type_name: &str, config: &Object, planned: &mut Object) {
    let null = Value::Null;
    let given = |name: &str| config.get(name).unwrap_or(&null);
    match type_name {
        "aws_lb" | "aws_alb" => {
            // Arguments of other kinds of load balancer are not planned.
            let kind = planned.get("load_balancer_type").and_then(Value::as_str);
            let silent: &[&str] = match kind {
                Some("application") => {
                    &["dns_record_client_routing_policy", "enable_cross_zone_load_balancing"]
                }
                _ => &[],
            };
            for name in silent.iter().filter(|n| given(n).is_null()) {
                planned.insert((*name).to_owned(), Value::Null);
            }
        }
        "aws_iam_role_policy" | "aws_iam_user_policy" | "aws_iam_group_policy" => {
            if let Some(Value::String(text)) = planned.get_mut("policy") {
                *text = policy::version_first(text);
            }
        }
        "aws_acm_certificate" => certificate(given, planned),
        _ => {}
    }
}

/// The names of a certificate are known before it exists, what proves them is not.
fn certificate<'c>(given: impl Fn(&str) -> &'c Value, planned: &mut Object) {
    let Some(domain) = given("domain_name").as_str() else { return };
    if !planned.get("domain_validation_options").is_some_and(Value::is_unknown) {
        return;
    }
    let mut names = vec![Value::string(domain)];
    for other in given("subject_alternative_names").as_list() {
        if !names.contains(other) {
            names.push(other.clone());
        }
    }
    if !names.iter().all(Value::is_wholly_known) {
        return;
    }
    let proof = |name: &Value| {
        let unknown = ["resource_record_name", "resource_record_type", "resource_record_value"];
        let fields = unknown.into_iter().map(|field| (field.to_owned(), Value::Unknown));
        let domain = ("domain_name".to_owned(), name.clone());
        Value::Map(fields.chain([domain]).collect())
    };
    if given("validation_method").as_str() == Some("DNS") {
        let options = names.iter().map(proof).collect();
        planned.insert("domain_validation_options".into(), Value::List(options));
    }
    if planned.get("subject_alternative_names").is_some_and(Value::is_unknown) {
        planned.insert("subject_alternative_names".into(), Value::List(names));
    }
}

/// Computed attributes that follow others: known before the change, unknown through it.
fn follow_up(type_name: &str, block: &Block, before: &Object, planned: &mut Object) {
    let changed: Vec<&str> = changed_names(block, before, planned);
    let any_of = |names: &[&str]| changed.iter().any(|c| names.contains(c));
    let unknown: &[&str] = match type_name {
        "aws_launch_template" => {
            let silent = [
                "name",
                "name_prefix",
                "description",
                "default_version",
                "tags_all",
                "latest_version",
                "update_default_version",
            ];
            if changed.iter().all(|c| silent.contains(c)) {
                &[]
            } else if planned.get("update_default_version") == Some(&Value::Bool(true)) {
                &["latest_version", "default_version"]
            } else {
                &["latest_version"]
            }
        }
        "aws_s3_object"
            if any_of(&["content", "content_base64", "source", "etag", "source_hash"]) =>
        {
            &["version_id"]
        }
        "aws_ssm_parameter" if any_of(&["value", "insecure_value"]) => &["version"],
        "aws_eks_cluster" if any_of(&["version"]) => &["platform_version"],
        "aws_eks_node_group" if any_of(&["version"]) => &["release_version"],
        "aws_secretsmanager_secret_version" if any_of(&["secret_string", "secret_binary"]) => {
            &["version_id", "id"]
        }
        _ => &[],
    };
    for name in unknown {
        planned.insert((*name).to_owned(), Value::Unknown);
    }
}

fn changed_names<'b>(block: &'b Block, before: &Object, planned: &Object) -> Vec<&'b str> {
    let null = Value::Null;
    let differs = |name: &String, ty: &Type| {
        !before.get(name).unwrap_or(&null).same(planned.get(name).unwrap_or(&null), ty)
    };
    let attributes = block.attributes.iter().filter(|(n, a)| differs(n, &a.ty)).map(|(n, _)| n);
    let blocks = block.blocks.iter().filter(|(n, b)| differs(n, &b.ty())).map(|(n, _)| n);
    attributes.chain(blocks).map(String::as_str).filter(|n| *n != "timeouts").collect()
}

fn replacements(resource: &Resource, before: &Object, planned: &Object) -> Vec<Path> {
    let mut paths = Vec::new();
    replaced_in(&resource.block, before, planned, &[], &mut paths);
    if let (Some(Value::String(old)), Some(Value::String(new))) =
        (before.get("region"), planned.get("region"))
        && resource.block.attributes.contains_key("region")
        && old != new
    {
        paths.push(vec![Segment::Attribute("region".into())]);
    }
    paths
}

fn replaced_in(
    block: &Block,
    before: &Object,
    planned: &Object,
    at: &[Segment],
    out: &mut Vec<Path>,
) {
    let null = Value::Null;
    let step = |name: &str| [at, &[Segment::Attribute(name.to_owned())]].concat();
    for (name, attribute) in block.attributes.iter().filter(|(_, a)| a.force_new) {
        let (b, p) = (before.get(name).unwrap_or(&null), planned.get(name).unwrap_or(&null));
        if !b.same(p, &attribute.ty) {
            out.push(step(name));
        }
    }
    for (name, nested) in &block.blocks {
        let (b, p) = (before.get(name).unwrap_or(&null), planned.get(name).unwrap_or(&null));
        match nested.nesting {
            Nesting::Single => {
                if let (Some(b), Some(p)) = (b.as_object(), p.as_object()) {
                    replaced_in(&nested.block, b, p, &step(name), out);
                }
            }
            Nesting::List => replaced_in_list(nested, b, p, &step(name), out),
            // A path cannot point into a set, so the whole set is named.
            Nesting::Set => {
                if !b.same(p, &nested.ty()) && (nested.force_new || has_force_new(&nested.block)) {
                    out.push(step(name));
                }
            }
        }
    }
}

fn replaced_in_list(nested: &Nested, b: &Value, p: &Value, at: &[Segment], out: &mut Vec<Path>) {
    let (before, planned) = (b.as_list(), p.as_list());
    if p.is_unknown() || before.len() != planned.len() {
        if nested.force_new || has_force_new(&nested.block) && !p.is_unknown() {
            out.push(at.to_vec());
        }
        return;
    }
    for (index, (b, p)) in before.iter().zip(planned).enumerate() {
        if let (Some(b), Some(p)) = (b.as_object(), p.as_object()) {
            replaced_in(&nested.block, b, p, &[at, &[Segment::Index(index)]].concat(), out);
        }
    }
}

fn has_force_new(block: &Block) -> bool {
    block.attributes.values().any(|a| a.force_new)
        || block.blocks.values().any(|n| n.force_new || has_force_new(&n.block))
}
