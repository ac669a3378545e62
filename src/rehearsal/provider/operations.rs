//! Which API calls a type makes: for faults at an action, denials, and the words of errors.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value as Json;

use super::durations::Action;
use super::schema::embedded_json;

const ACTIONS: &[u8] = include_bytes!("../../../assets/rehearsal/aws/actions-5.46.json.gz");

/// An API call as errors name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) service: String,
    pub(super) name: String,
}

/// What a type calls on one action.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls {
    /// Everything that may be called, `eks:CreateCluster` and so on.
    pub(super) possible: Vec<String>,
    /// What is called in any case.
    pub(super) certain: Vec<String>,
}

/// The calls of a resource type.
pub(super) fn of_resource(type_name: &str, action: Action) -> Calls {
    calls("resources", type_name, action)
}

/// The calls of a data source type.
pub(super) fn of_data_source(type_name: &str) -> Calls {
    calls("data_sources", type_name, Action::Read)
}

fn calls(section: &str, type_name: &str, action: Action) -> Calls {
    static FACTS: LazyLock<Json> = LazyLock::new(|| embedded_json(ACTIONS));
    let entry = &FACTS[section][type_name];
    let list = |json: &Json| -> Vec<String> {
        json.as_array().into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect()
    };
    let (possible, certain) = (list(&entry[action.name()]), list(&entry["always"][action.name()]));
    if possible.is_empty() {
        let guess = guessed(type_name, action);
        return Calls { possible: vec![guess.clone()], certain: vec![guess] };
    }
    Calls { possible, certain }
}

/// Types younger than the list of actions: the call that their name suggests.
fn guessed(type_name: &str, action: Action) -> String {
    let short = type_name.strip_prefix("aws_").unwrap_or(type_name);
    let (prefix, words) = match short.split_once('_') {
        Some(("vpc" | "nat" | "ebs" | "eip" | "network" | "ec2", _)) | None => ("ec2", short),
        Some(("cognito", rest)) => ("cognito-idp", rest),
        Some(("cloudwatch", rest)) => ("logs", rest.strip_prefix("log_").unwrap_or(rest)),
        Some((service, rest)) => (service, rest),
    };
    let verb = match action {
        Action::Create => "Create",
        Action::Read => "Describe",
        Action::Update => "Update",
        Action::Delete => "Delete",
    };
    let name: String = words
        .split('_')
        .map(|word| {
            let mut chars = word.chars();
            chars
                .next()
                .map(|c| c.to_uppercase().chain(chars).collect::<String>())
                .unwrap_or_default()
        })
        .collect();
    match (type_name, action) {
        ("aws_vpc_security_group_ingress_rule", Action::Create) => {
            "ec2:AuthorizeSecurityGroupIngress".into()
        }
        ("aws_vpc_security_group_egress_rule", Action::Create) => {
            "ec2:AuthorizeSecurityGroupEgress".into()
        }
        _ => format!("{prefix}:{verb}{name}"),
    }
}

/// The call that does the work of an action, for the words of an error.
pub(super) fn main_call(calls: &Calls, action: Action) -> Operation {
    let verbs: &[&str] = match action {
        Action::Create => &[
            "Create",
            "Run",
            "Allocate",
            "Request",
            "Register",
            "Put",
            "Attach",
            "Associate",
            "Authorize",
            "Import",
            "Add",
            "Set",
            "Enable",
            "Modify",
            "Update",
        ],
        Action::Read => &["Describe", "Get", "List"],
        Action::Update => &["Update", "Modify", "Put", "Set", "Tag", "Create"],
        Action::Delete => &[
            "Delete",
            "Terminate",
            "Release",
            "Schedule",
            "Detach",
            "Disassociate",
            "Revoke",
            "Remove",
            "Put",
        ],
    };
    let search = |list: &[String]| {
        verbs.iter().find_map(|verb| {
            list.iter()
                .find(|call| call.split(':').nth(1).is_some_and(|n| n.starts_with(verb)))
                .cloned()
        })
    };
    let call = search(&calls.certain)
        .or_else(|| search(&calls.possible))
        .or_else(|| calls.possible.first().cloned())
        .unwrap_or_default();
    operation(&call)
}

/// `eks:CreateCluster` as errors name it.
pub(super) fn operation(call: &str) -> Operation {
    static TITLES: LazyLock<HashMap<&str, &str>> = LazyLock::new(|| {
        HashMap::from([
            ("acm", "ACM"),
            ("autoscaling", "Auto Scaling"),
            ("budgets", "Budgets"),
            ("ce", "Cost Explorer"),
            ("cloudwatch", "CloudWatch"),
            ("ecr", "ECR"),
            ("cognito-idp", "Cognito Identity Provider"),
            ("cognito-identity", "Cognito Identity"),
            ("ec2", "EC2"),
            ("eks", "EKS"),
            ("elasticache", "ElastiCache"),
            ("elasticfilesystem", "EFS"),
            ("elasticloadbalancing", "Elastic Load Balancing v2"),
            ("events", "EventBridge"),
            ("fsx", "FSx"),
            ("iam", "IAM"),
            ("kms", "KMS"),
            ("logs", "CloudWatch Logs"),
            ("mq", "mq"),
            ("rds", "RDS"),
            ("route53", "Route 53"),
            ("s3", "S3"),
            ("secretsmanager", "Secrets Manager"),
            ("servicediscovery", "ServiceDiscovery"),
            ("servicequotas", "Service Quotas"),
            ("sns", "SNS"),
            ("sqs", "SQS"),
            ("ssm", "SSM"),
            ("sts", "STS"),
        ])
    });
    let (prefix, name) = call.split_once(':').unwrap_or((call, call));
    Operation {
        service: TITLES.get(prefix).map_or_else(|| prefix.to_uppercase(), |t| (*t).to_owned()),
        name: name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_call_that_does_the_work() {
        for (type_name, expected) in [
            ("aws_eks_cluster", "CreateCluster"),
            ("aws_iam_role", "CreateRole"),
            ("aws_vpc", "CreateVpc"),
            ("aws_eip", "AllocateAddress"),
            ("aws_eks_pod_identity_association", "CreatePodIdentityAssociation"),
        ] {
            let calls = of_resource(type_name, Action::Create);
            assert_eq!(main_call(&calls, Action::Create).name, expected);
        }
        assert_eq!(operation("logs:CreateLogGroup").service, "CloudWatch Logs");
    }
}
