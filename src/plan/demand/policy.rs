//! The policy document that an administrator would have to grant.
//!
//! One statement a service, over everything that the types of a plan call, what it takes to find
//! out whether all is ready, and what the engine itself does without Terraform.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Demand;
use super::actions::Actions;

/// What the checks and gates ask.
const ASKED: &[&str] = &[
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "autoscaling:DescribeScalingActivities",
    "cognito-idp:DescribeUserPoolDomain",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeCapacityReservations",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeNatGateways",
    "ec2:DescribeRegions",
    "ec2:DescribeVpcs",
    "ecr:DescribeRepositories",
    "eks:DescribeAddonVersions",
    "eks:DescribeClusterVersions",
    "eks:ListAddons",
    "eks:ListClusters",
    "eks:ListNodegroups",
    "elasticloadbalancing:DescribeLoadBalancers",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
    "iam:GetRole",
    "iam:ListPolicies",
    "iam:SimulatePrincipalPolicy",
    "kms:ListAliases",
    "kms:ListKeys",
    "logs:DescribeLogGroups",
    "rds:DescribeDBInstances",
    "rds:DescribeDBSubnetGroups",
    "route53:GetHostedZone",
    "route53:ListHostedZones",
    "s3:ListAllMyBuckets",
    "secretsmanager:DescribeSecret",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
    "tag:GetResources",
];

/// What the engine does beside Terraform: the state, images, checkpoints.
pub const OWN: &[&str] = &[
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:AbortMultipartUpload",
    "s3:CreateBucket",
    "s3:DeleteObject",
    "s3:GetBucketLocation",
    "s3:GetBucketVersioning",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:ListMultipartUploadParts",
    "s3:PutBucketPolicy",
    "s3:PutBucketPublicAccessBlock",
    "s3:PutBucketVersioning",
    "s3:PutEncryptionConfiguration",
    "s3:PutObject",
];

/// The longest policy of a user, role or group that IAM stores as one managed policy, without
/// blanks.
pub const LONGEST: usize = 6144;

/// Everything that is called for `demand`.
pub fn actions(demand: &Demand) -> BTreeSet<String> {
    let of_types = Actions::of(demand.types.iter().copied());
    let fixed = ASKED.iter().chain(OWN).map(|action| (*action).to_owned());
    of_types.all().into_iter().map(str::to_owned).chain(fixed).collect()
}

/// The document. Roles are passed to EKS alone and, where a boundary is asked for, made with it only.
pub fn document(demand: &Demand) -> Value {
    let mut services: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for action in actions(demand) {
        if let Some((service, _)) = action.split_once(':') {
            services.entry(service.to_owned()).or_default().push(action);
        }
    }
    let mut statements = Vec::new();
    let boundary = demand.boundary.value.as_deref();
    for (service, mut actions) in services {
        let mut apart = |wanted: &str| {
            let place = actions.iter().position(|action| action == wanted)?;
            Some(actions.remove(place))
        };
        if let Some(pass) = apart("iam:PassRole") {
            let services = ["eks.amazonaws.com", "ec2.amazonaws.com"];
            let to = json!({ "StringEquals": { "iam:PassedToService": services } });
            statements.push(statement("PassRoles", &[pass], Some(to)));
        }
        if let Some((create, arn)) = boundary.and_then(|arn| Some((apart("iam:CreateRole")?, arn)))
        {
            let only = json!({ "StringEquals": { "iam:PermissionsBoundary": arn } });
            statements.push(statement("CreateRolesWithTheBoundary", &[create], Some(only)));
        }
        let id = service.split('-').map(capitalised).collect::<String>();
        statements.push(statement(&id, &actions, None));
    }
    json!({ "Version": "2012-10-17", "Statement": statements })
}

fn statement(id: &str, actions: &[String], condition: Option<Value>) -> Value {
    let mut statement = json!({ "Sid": id, "Effect": "Allow", "Action": actions, "Resource": "*" });
    if let Some(condition) = condition {
        statement["Condition"] = condition;
    }
    statement
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string())
        + letters.as_str()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::demand::Answered;

    #[test]
    fn roles_are_passed_to_eks_only_and_made_with_the_boundary_only() {
        let arn = "arn:aws:iam::123456789012:policy/B".to_owned();
        let demand = Demand {
            types: BTreeSet::from(["aws_iam_role", "aws_eks_cluster"]),
            boundary: Answered::new("b", Some(arn.clone())),
            ..Demand::default()
        };
        let document = document(&demand);
        let of = |id: &str| {
            let statements = document["Statement"].as_array().unwrap();
            statements.iter().find(|s| s["Sid"] == id).unwrap().clone()
        };
        assert_eq!(of("PassRoles")["Action"], json!(["iam:PassRole"]));
        let only = &of("CreateRolesWithTheBoundary")["Condition"];
        assert_eq!(only["StringEquals"]["iam:PermissionsBoundary"], arn);
        let iam = of("Iam")["Action"].to_string();
        assert!(iam.contains("iam:AttachRolePolicy") && !iam.contains("iam:CreateRole\""), "{iam}");
        assert!(of("CognitoIdp")["Action"].to_string().contains("DescribeUserPoolDomain"));
    }
}
