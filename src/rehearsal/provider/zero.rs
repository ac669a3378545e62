//! Nothing and zero: in nested blocks the provider's SDK keeps what was not said as zero.
//!
//! True of types written with the SDK, not of those written with the newer framework. Top-level
//! attributes keep null; what is inside a nested block is `""`, `0`, `false` or empty once the
//! object exists ([`in_blocks`]); what is inside an attribute that may be written as blocks
//! (`ingress`, `route`) is so from the plan on ([`in_objects`]).

use super::schema::{Block, Nesting, Type};
use super::value::{Object, Value};

/// Zeros in the nested blocks of an object that exists.
pub(super) fn in_blocks(block: &Block, object: &mut Object) {
    for (name, nested) in &block.blocks {
        // A single block is `timeouts`, which is Terraform's own.
        if nested.nesting == Nesting::Single {
            continue;
        }
        let Some(Value::List(items)) = object.get_mut(name) else { continue };
        for item in items {
            let Value::Map(fields) = item else { continue };
            for (name, attribute) in nested.block.attributes.iter().filter(|(_, a)| !a.write_only) {
                fill(fields, name, &attribute.ty);
            }
            in_blocks(&nested.block, fields);
        }
    }
}

/// Zeros in the objects of a plan's attributes.
pub(super) fn in_objects(block: &Block, object: &mut Object) {
    for (name, attribute) in &block.attributes {
        let (Type::List(inner) | Type::Set(inner)) = &attribute.ty else { continue };
        let (Type::Object(types), Some(Value::List(items))) = (&**inner, object.get_mut(name))
        else {
            continue;
        };
        for item in items {
            if let Value::Map(fields) = item {
                for (name, ty) in types {
                    fill(fields, name, ty);
                }
            }
        }
    }
}

fn fill(fields: &mut Object, name: &str, ty: &Type) {
    if fields.get(name).is_none_or(Value::is_null) {
        fields.insert(name.to_owned(), zero(ty));
    }
}

fn zero(ty: &Type) -> Value {
    match ty {
        Type::Bool => Value::Bool(false),
        Type::Number => Value::Number(0.into()),
        Type::String => "".into(),
        Type::List(_) | Type::Set(_) => Value::List(Vec::new()),
        Type::Map(_) => Value::Map(Object::new()),
        Type::Object(types) => {
            Value::Map(types.iter().map(|(name, ty)| (name.clone(), zero(ty))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rehearsal::provider::schema::catalogue;

    #[test]
    fn what_a_nested_block_does_not_say_is_zero_and_what_the_resource_does_not_say_is_null() {
        let resource = &catalogue().resources["aws_eks_node_group"];
        let config = json!({"update_config": [{"max_unavailable": 1}]});
        let Value::Map(mut object) = Value::from_json(&config).conform(&resource.ty) else {
            panic!("a node group is an object");
        };
        in_blocks(&resource.block, &mut object);
        let json = Value::Map(object).to_json();
        assert_eq!(json["update_config"][0]["max_unavailable_percentage"], 0);
        assert_eq!(json["disk_size"], serde_json::Value::Null);
    }
}
