//! What the provider refuses before any plan: arguments that exclude each other, names that AWS
//! would not take.
//!
//! Not validated: allowed values of most arguments, formats of ARNs and JSON documents.

use super::schema::Resource;
use super::value::{Object, Value};
use super::wire::Diagnostic;

/// Type, attribute, least and most characters.
#[rustfmt::skip]
const LENGTHS: &[(&str, &str, usize, usize)] = &[
    ("aws_cognito_user_pool_domain", "domain", 1, 63),
    ("aws_db_instance", "identifier", 1, 63),
    ("aws_db_parameter_group", "name", 1, 255),
    ("aws_db_subnet_group", "name", 1, 255),
    ("aws_ecr_repository", "name", 2, 256),
    ("aws_eks_cluster", "name", 1, 100),
    ("aws_eks_node_group", "node_group_name", 1, 63),
    ("aws_iam_instance_profile", "name", 1, 128),
    ("aws_iam_policy", "name", 1, 128),
    ("aws_iam_role", "name", 1, 64),
    ("aws_iam_role", "name_prefix", 1, 38),
    ("aws_iam_user", "name", 1, 64),
    ("aws_kms_alias", "name", 7, 256),
    ("aws_launch_template", "name", 3, 128),
    ("aws_lb", "name", 1, 32),
    ("aws_lb_target_group", "name", 1, 32),
    ("aws_s3_bucket", "bucket", 3, 63),
    ("aws_security_group", "name", 1, 255),
    ("aws_sqs_queue", "name", 1, 80),
];

/// The refusals of a resource's configuration.
pub(super) fn resource(type_name: &str, resource: &Resource, config: &Value) -> Vec<Diagnostic> {
    let Some(config) = config.as_object() else { return Vec::new() };
    let mut found = excluded(resource, config);
    found.extend(LENGTHS.iter().filter(|row| row.0 == type_name).filter_map(|row| {
        let (_, attribute, least, most) = *row;
        let text = config.get(attribute)?.as_str()?;
        let message = format!(
            "expected length of {attribute} to be in the range ({least} - {most}), got {text}"
        );
        (!(least..=most).contains(&text.chars().count()))
            .then(|| Diagnostic::error(message, "").at(attribute))
    }));
    found.extend(malformed(type_name, config));
    found
}

fn is_given(config: &Object, name: &str) -> bool {
    match config.get(name.split('.').next().unwrap_or(name)) {
        None | Some(Value::Null) => false,
        Some(Value::List(items)) => !items.is_empty(),
        Some(_) => true,
    }
}

fn excluded(resource: &Resource, config: &Object) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for (name, attribute) in &resource.block.attributes {
        if is_given(config, name)
            && let Some(other) = attribute.conflicts_with.iter().find(|o| is_given(config, o))
        {
            let text = format!("\"{name}\": conflicts with {other}");
            found.push(Diagnostic::error("Conflicting configuration arguments", text).at(name));
        }
        let choices = &attribute.exactly_one_of;
        if choices.is_empty() || choices.iter().any(|c| c.contains('.')) {
            continue;
        }
        let list = choices.join(",");
        let given: Vec<&str> =
            choices.iter().map(String::as_str).filter(|c| is_given(config, c)).collect();
        if given.is_empty() {
            let text = format!("\"{name}\": one of `{list}` must be specified");
            found.push(Diagnostic::error("Invalid combination of arguments", text).at(name));
        } else if given.len() > 1 && given.contains(&name.as_str()) {
            let text = format!(
                "\"{name}\": only one of `{list}` can be specified, but `{}` were specified.",
                given.join(",")
            );
            found.push(Diagnostic::error("Invalid combination of arguments", text).at(name));
        }
    }
    found
}

fn malformed(type_name: &str, config: &Object) -> Option<Diagnostic> {
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let word = |s: &str, more: &str| {
        !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || more.contains(c))
    };
    match type_name {
        "aws_eks_cluster" => {
            let name = text("name")?;
            let right = word(name, "-_") && name.starts_with(|c: char| c.is_ascii_alphanumeric());
            (!right).then(|| {
                let pattern = "^[0-9A-Za-z][0-9A-Za-z_-]*$";
                let message = format!("invalid value for name (must match {pattern}), got {name}");
                Diagnostic::error(message, "").at("name")
            })
        }
        "aws_kms_alias" => {
            let name = text("name")?;
            (!name.starts_with("alias/")).then(|| {
                let message =
                    "name must begin with 'alias/' and be comprised of only [a-zA-Z0-9/_-]";
                Diagnostic::error(message, "").at("name")
            })
        }
        "aws_iam_role" => {
            let name = text("name")?;
            (!word(name, "+=,.@-_")).then(|| {
                let message =
                    format!("invalid value for name (must match [\\w+=,.@-]), got {name}");
                Diagnostic::error(message, "").at("name")
            })
        }
        "aws_s3_bucket" => {
            let name = text("bucket")?;
            let right = name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c));
            (!right).then(|| {
                let message =
                    "only lowercase alphanumeric characters and hyphens allowed in \"bucket\"";
                Diagnostic::error(message, "").at("bucket")
            })
        }
        _ => None,
    }
}
