//! The questions that a preflight asks of a world, as they go over its control socket.

use serde::{Deserialize, Serialize};

use crate::cloud::{BlockQuery, Countable, DryRun, NameKind, Simulation};

/// A question; the answer is the JSON of what the method of `Cloud` of the same name gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(in crate::rehearsal) enum Question {
    Clock,
    Regions,
    Offerings(Vec<String>),
    InstanceTypes(Vec<String>),
    Reservations,
    BlockOffers(BlockQuery),
    Quota { service: String, code: String },
    Count(Countable),
    Vpcs,
    NatGateways,
    Simulate(Simulation),
    DryRun(DryRun),
    Role(String),
    Policy(String),
    Policies,
    Taken { kind: NameKind, name: String },
    Certificates,
    HostedZones,
    ClusterVersions,
    AddonVersions { addon: String, kubernetes: String },
    Parameter(String),
}

impl Question {
    /// What is asked for, in words.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Clock => "the time".into(),
            Self::Regions => "the regions".into(),
            Self::Offerings(_) => "the offerings".into(),
            Self::InstanceTypes(_) => "the instance types".into(),
            Self::Reservations => "the reservations".into(),
            Self::BlockOffers(_) => "the Capacity Blocks on offer".into(),
            Self::Quota { service, code } => format!("the quota {service}/{code}"),
            Self::Count(what) => what.words().into(),
            Self::Vpcs => "the VPCs".into(),
            Self::NatGateways => "the NAT gateways".into(),
            Self::Simulate(_) => "the permissions".into(),
            Self::DryRun(call) => format!("a dry run of {}", call.action()),
            Self::Role(name) => format!("the role {name}"),
            Self::Policy(arn) => format!("the policy {arn}"),
            Self::Policies => "the policies of the account".into(),
            Self::Taken { kind, name } => format!("the {} {name}", kind.words()),
            Self::Certificates => "the certificates".into(),
            Self::HostedZones => "the hosted zones".into(),
            Self::ClusterVersions => "the Kubernetes versions".into(),
            Self::AddonVersions { addon, .. } => format!("the versions of {addon}"),
            Self::Parameter(name) => format!("the parameter {name}"),
        }
    }

    /// The API action that it needs at AWS; none where the answer is in every reply.
    pub(super) fn action(&self) -> Option<&'static str> {
        Some(match self {
            // A dry run that is denied is an answer.
            Self::Clock | Self::DryRun(_) => return None,
            Self::Regions => "ec2:DescribeRegions",
            Self::Offerings(_) => "ec2:DescribeInstanceTypeOfferings",
            Self::InstanceTypes(_) => "ec2:DescribeInstanceTypes",
            Self::Reservations => "ec2:DescribeCapacityReservations",
            Self::BlockOffers(_) => "ec2:DescribeCapacityBlockOfferings",
            Self::Quota { .. } => "servicequotas:GetServiceQuota",
            Self::Count(what) => counting(*what),
            Self::Vpcs => "ec2:DescribeVpcs",
            Self::NatGateways => "ec2:DescribeNatGateways",
            Self::Simulate(_) => "iam:SimulatePrincipalPolicy",
            Self::Role(_) => "iam:GetRole",
            Self::Policy(_) => "iam:GetPolicy",
            Self::Policies => "iam:ListPolicies",
            Self::Taken { kind, .. } => looking_up(*kind),
            Self::Certificates => "acm:ListCertificates",
            Self::HostedZones => "route53:ListHostedZones",
            Self::ClusterVersions => "eks:DescribeClusterVersions",
            Self::AddonVersions { .. } => "eks:DescribeAddonVersions",
            Self::Parameter(_) => "ssm:GetParameter",
        })
    }
}

fn counting(what: Countable) -> &'static str {
    match what {
        Countable::Addresses => "ec2:DescribeAddresses",
        Countable::InternetGateways => "ec2:DescribeInternetGateways",
        Countable::ApplicationLoadBalancers | Countable::NetworkLoadBalancers => {
            "elasticloadbalancing:DescribeLoadBalancers"
        }
        Countable::Clusters => "eks:ListClusters",
        Countable::Databases => "rds:DescribeDBInstances",
        Countable::Keys => "kms:ListKeys",
        Countable::Buckets => "s3:ListAllMyBuckets",
        Countable::Roles => "iam:GetAccountSummary",
        Countable::Vcpus(_) => "ec2:DescribeInstances",
    }
}

fn looking_up(kind: NameKind) -> &'static str {
    match kind {
        NameKind::Role => "iam:GetRole",
        NameKind::InstanceProfile => "iam:GetInstanceProfile",
        NameKind::Policy => "iam:GetPolicy",
        NameKind::LogGroup => "logs:DescribeLogGroups",
        NameKind::KeyAlias => "kms:ListAliases",
        NameKind::Secret => "secretsmanager:DescribeSecret",
        NameKind::Bucket => "s3:ListBucket",
        NameKind::Repository => "ecr:DescribeRepositories",
        NameKind::DatabaseSubnetGroup => "rds:DescribeDBSubnetGroups",
        NameKind::DatabaseParameterGroup => "rds:DescribeDBParameterGroups",
        NameKind::Database => "rds:DescribeDBInstances",
        NameKind::Cluster => "eks:DescribeCluster",
        NameKind::LaunchTemplate => "ec2:DescribeLaunchTemplates",
        NameKind::UserPoolDomain => "cognito-idp:DescribeUserPoolDomain",
    }
}
