//! What the provider refuses before any plan: arguments that exclude each other, names that AWS
//! would not take, values that are not allowed, networks and policies that are misspelt.
//!
//! The tables hold what operators run into. Not validated: allowed values of all other arguments,
//! arguments inside nested blocks, formats of ARNs, the grammar of policies beyond being JSON.

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
    ("aws_s3_bucket", "bucket", 0, 63),
    ("aws_security_group", "name", 1, 255),
    ("aws_sqs_queue", "name", 1, 80),
];

/// Type, attribute, the texts that it may be.
#[rustfmt::skip]
const CHOICES: &[(&str, &str, &[&str])] = &[
    ("aws_ecr_repository", "image_tag_mutability", &["MUTABLE", "IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION", "MUTABLE_WITH_EXCLUSION"]),
    ("aws_eks_access_entry", "type", &["EC2", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "HYPERPOD_LINUX", "STANDARD"]),
    ("aws_eks_node_group", "capacity_type", &["ON_DEMAND", "SPOT", "CAPACITY_BLOCK"]),
    ("aws_flow_log", "traffic_type", &["ACCEPT", "REJECT", "ALL"]),
    ("aws_lb", "load_balancer_type", &["application", "network", "gateway"]),
    ("aws_lb_target_group", "protocol", &["GENEVE", "HTTP", "HTTPS", "QUIC", "TCP", "TCP_QUIC", "TCP_UDP", "TLS", "UDP"]),
    ("aws_lb_target_group", "target_type", &["instance", "ip", "lambda", "alb"]),
    ("aws_nat_gateway", "connectivity_type", &["private", "public"]),
    ("aws_placement_group", "strategy", &["cluster", "partition", "spread"]),
    ("aws_route53_record", "type", &["A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SOA", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"]),
    ("aws_security_group_rule", "type", &["ingress", "egress"]),
    ("aws_ssm_parameter", "type", &["String", "StringList", "SecureString"]),
    ("aws_vpc", "instance_tenancy", &["default", "dedicated"]),
    ("aws_vpc_endpoint", "vpc_endpoint_type", &["Interface", "Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork"]),
];

/// Type, attribute, least and most.
const RANGES: &[(&str, &str, i64, i64)] = &[
    ("aws_iam_role", "max_session_duration", 3600, 43200),
    ("aws_kms_key", "deletion_window_in_days", 7, 30),
    ("aws_lb_listener_rule", "priority", 1, 50000),
    ("aws_sqs_queue", "delay_seconds", 0, 900),
    ("aws_sqs_queue", "message_retention_seconds", 60, 1_209_600),
    ("aws_sqs_queue", "visibility_timeout_seconds", 0, 43_200),
];

/// How many days logs may be kept.
const RETENTION: &[i64] = &[
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// Type and attribute of networks; they must be written as their first address.
const NETWORKS: &[(&str, &str)] = &[
    ("aws_route", "destination_cidr_block"),
    ("aws_subnet", "cidr_block"),
    ("aws_vpc", "cidr_block"),
    ("aws_vpc_ipv4_cidr_block_association", "cidr_block"),
    ("aws_vpc_security_group_egress_rule", "cidr_ipv4"),
    ("aws_vpc_security_group_ingress_rule", "cidr_ipv4"),
];

/// Type and attribute of policies that must be JSON objects.
const POLICIES: &[(&str, &str)] = &[
    ("aws_iam_policy", "policy"),
    ("aws_iam_role", "assume_role_policy"),
    ("aws_iam_role_policy", "policy"),
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
    found.extend(forbidden(type_name, config));
    found
}

/// Values that the provider does not allow.
fn forbidden(type_name: &str, config: &Object) -> Vec<Diagnostic> {
    let text = |name: &str| config.get(name).and_then(Value::as_str);
    let number = |name: &str| config.get(name).and_then(|value| value.to_json().as_i64());
    let at = |name: &str, message: String| Diagnostic::error(message, "").at(name);
    let choices =
        CHOICES.iter().filter(|row| row.0 == type_name).filter_map(|(_, name, allowed)| {
            let given = text(name).filter(|given| !allowed.contains(given))?;
            let list: Vec<String> = allowed.iter().map(|a| format!("{a:?}")).collect();
            let list = list.join(" ");
            Some(at(name, format!("expected {name} to be one of [{list}], got {given}")))
        });
    let ranges = RANGES.iter().filter(|row| row.0 == type_name).filter_map(|row| {
        let (_, name, least, most) = *row;
        let given = number(name).filter(|given| !(least..=most).contains(given))?;
        let message = format!("expected {name} to be in the range ({least} - {most}), got {given}");
        Some(at(name, message))
    });
    let networks = NETWORKS
        .iter()
        .filter(|row| row.0 == type_name)
        .filter_map(|(_, name)| Some(at(name, misspelt_network(text(name)?)?)));
    let policies = POLICIES.iter().filter(|row| row.0 == type_name).filter_map(|(_, name)| {
        let given = text(name)?;
        let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(given);
        let message = match (given.is_empty(), is_object) {
            (true, _) => format!("{name:?} is an empty string, which is not a valid JSON value"),
            (_, Err(_)) => format!("{name:?} contains an invalid JSON policy: not a JSON object"),
            _ => return None,
        };
        Some(at(name, message))
    });
    let mut found: Vec<Diagnostic> =
        choices.chain(ranges).chain(networks).chain(policies).collect();
    found.extend(days(type_name, number));
    found
}

/// Days that are no range.
fn days(type_name: &str, number: impl Fn(&str) -> Option<i64>) -> Option<Diagnostic> {
    let (name, message) = match type_name {
        "aws_cloudwatch_log_group" => {
            let name = "retention_in_days";
            let given = number(name).filter(|given| !RETENTION.contains(given))?;
            let list: Vec<String> = RETENTION.iter().map(i64::to_string).collect();
            let list = list.join(" ");
            (name, format!("expected {name} to be one of [{list}], got {given}"))
        }
        "aws_secretsmanager_secret" => {
            let name = "recovery_window_in_days";
            let given = number(name).filter(|given| *given != 0 && !(7..=30).contains(given))?;
            (name, format!("expected {name} to be in the range (7 - 30) or 0, got {given}"))
        }
        _ => return None,
    };
    Some(Diagnostic::error(message, "").at(name))
}

/// What is wrong with a network, in the provider's words.
fn misspelt_network(text: &str) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let Ok(network) = text.parse::<ipnet::Ipv4Net>() else {
        return Some(format!("{text:?} is not a valid CIDR block: invalid CIDR address: {text}"));
    };
    let right = network.trunc();
    (right != network)
        .then(|| format!("{text:?} is not a valid IPv4 CIDR block; did you mean \"{right}\"?"))
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
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rehearsal::provider::schema::catalogue;

    fn told(kind: &str, config: &serde_json::Value) -> Vec<String> {
        let known = &catalogue().resources[kind];
        let config = Value::from_json(config).conform(&known.ty);
        resource(kind, known, &config).into_iter().map(|d| d.summary).collect()
    }

    #[test]
    fn the_tables_name_only_attributes_that_exist() {
        let rows = CHOICES.iter().map(|r| (r.0, r.1));
        let rows = rows.chain(RANGES.iter().map(|r| (r.0, r.1)));
        let rows = rows.chain(LENGTHS.iter().map(|r| (r.0, r.1)));
        for (kind, name) in rows.chain(NETWORKS.iter().copied()).chain(POLICIES.iter().copied()) {
            let block = &catalogue().resources[kind].block;
            assert!(block.attributes.contains_key(name), "{kind}.{name}");
        }
    }

    #[test]
    fn values_that_aws_does_not_know_are_refused_before_any_plan() {
        assert_eq!(
            told("aws_vpc", &json!({"cidr_block": "10.0.0.1/16"})),
            ["\"10.0.0.1/16\" is not a valid IPv4 CIDR block; did you mean \"10.0.0.0/16\"?"]
        );
        assert_eq!(
            told("aws_kms_key", &json!({"deletion_window_in_days": 3})),
            ["expected deletion_window_in_days to be in the range (7 - 30), got 3"]
        );
        assert_eq!(
            told("aws_iam_role", &json!({"assume_role_policy": "x"})),
            ["\"assume_role_policy\" contains an invalid JSON policy: not a JSON object"]
        );
        let retention = told("aws_cloudwatch_log_group", &json!({"retention_in_days": 10}));
        assert!(retention[0].ends_with("3288 3653], got 10"), "{retention:?}");
        assert_eq!(told("aws_cloudwatch_log_group", &json!({"retention_in_days": 14})), [""; 0]);
    }
}
