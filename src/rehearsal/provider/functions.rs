//! The provider's own functions, `provider::aws::arn_parse` and the others.
//!
//! They look at nothing but their arguments. Start at [`call`].

use std::collections::HashMap;

use super::schema::Type;
use super::value::{Object, Value};
use super::wire;

/// The parts of an ARN, in order.
const PARTS: [&str; 5] = ["partition", "service", "region", "account_id", "resource"];

/// A function: its name, what it is for, its parameters.
const FUNCTIONS: &[(&str, &str, &[&str])] = &[
    ("arn_build", "Builds an ARN from its parts", &PARTS),
    ("arn_parse", "Parses an ARN into its parts", &["arn"]),
    ("trim_iam_role_path", "Trims the path from an IAM role ARN", &["arn"]),
    (
        "user_agent",
        "Formats a User-Agent product for the provider's requests",
        &["product_name", "product_version", "comment"],
    ),
];

/// The names of all functions.
pub(super) fn names() -> impl Iterator<Item = String> {
    FUNCTIONS.iter().map(|(name, _, _)| (*name).to_owned())
}

/// The signatures of all functions.
pub(super) fn signatures() -> HashMap<String, wire::Function> {
    let text = || Type::String.to_json().to_string().into_bytes();
    let signature = |(name, summary, parameters): &(&str, &str, &[&str])| {
        let parameter = |name: &&str| wire::Parameter { name: (*name).to_owned(), r#type: text() };
        let returned = match *name {
            "arn_parse" => parts_type().to_json().to_string().into_bytes(),
            _ => text(),
        };
        let function = wire::Function {
            parameters: parameters.iter().map(parameter).collect(),
            returned: Some(wire::Return { r#type: returned }),
            summary: (*summary).to_owned(),
        };
        ((*name).to_owned(), function)
    };
    FUNCTIONS.iter().map(signature).collect()
}

fn parts_type() -> Type {
    Type::Object(PARTS.iter().map(|part| ((*part).to_owned(), Type::String)).collect())
}

/// Calls a function; the error is a sentence about its arguments.
pub(super) fn call(name: &str, arguments: &[Value]) -> Result<Value, String> {
    let text = |index: usize| arguments.get(index).and_then(Value::as_str).unwrap_or_default();
    match name {
        "arn_build" => {
            let parts: Vec<&str> = (0..PARTS.len()).map(text).collect();
            Ok(Value::String(format!("arn:{}", parts.join(":"))))
        }
        "arn_parse" => {
            let parts = parse(text(0))?;
            let fields = PARTS.iter().zip(parts);
            Ok(Value::Map(fields.map(|(n, p)| ((*n).to_owned(), p.into())).collect::<Object>()))
        }
        "trim_iam_role_path" => trim_role_path(text(0)),
        "user_agent" => {
            let (product, version, comment) = (text(0), text(1), text(2));
            let mut agent = product.to_owned();
            if !version.is_empty() {
                agent = format!("{agent}/{version}");
            }
            if !comment.is_empty() {
                agent = format!("{agent} ({comment})");
            }
            Ok(Value::String(agent))
        }
        other => Err(format!("the provider has no function {other}")),
    }
}

fn parse(arn: &str) -> Result<Vec<&str>, String> {
    if !arn.starts_with("arn:") {
        return Err("arn parsing failed: arn: invalid prefix".into());
    }
    let parts: Vec<&str> = arn.splitn(6, ':').skip(1).collect();
    if parts.len() < PARTS.len() {
        return Err("arn parsing failed: arn: not enough sections".into());
    }
    Ok(parts)
}

/// `arn:aws:iam::123456789012:role/path/name` without the path.
fn trim_role_path(arn: &str) -> Result<Value, String> {
    let parts = parse(arn)?;
    let (service, region, resource) = (parts[1], parts[2], parts[4]);
    if service != "iam" {
        return Err(format!("service must be \"iam\", got \"{service}\""));
    }
    if !region.is_empty() {
        return Err(format!("region must be empty, got \"{region}\""));
    }
    let Some(role) = resource.strip_prefix("role/") else {
        return Err(format!("resource must begin with \"role/\", got \"{resource}\""));
    };
    let name = role.rsplit('/').next().unwrap_or(role);
    Ok(Value::String(format!("arn:{}:iam::{}:role/{name}", parts[0], parts[3])))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_arn_is_taken_apart_and_put_together_again() {
        let arn = "arn:aws:iam::123456789012:role/teams/a/deploy";
        let parts = call("arn_parse", &[arn.into()]).unwrap();
        assert_eq!(
            parts.to_json(),
            json!({"partition": "aws", "service": "iam", "region": "",
                "account_id": "123456789012", "resource": "role/teams/a/deploy"})
        );
        let list: Vec<Value> = PARTS.iter().map(|part| parts.field(part).clone()).collect();
        assert_eq!(call("arn_build", &list).unwrap(), arn.into());
        assert_eq!(
            call("trim_iam_role_path", &[arn.into()]).unwrap(),
            "arn:aws:iam::123456789012:role/deploy".into()
        );
        assert_eq!(
            call("arn_parse", &["x".into()]).unwrap_err(),
            "arn parsing failed: arn: invalid prefix"
        );
    }
}
