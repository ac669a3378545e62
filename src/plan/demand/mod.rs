//! Demand: what a plan will ask of the account, the network and this host, before anything is made.
//!
//! Made by a blueprint from answers alone, also from incomplete ones: what cannot be said yet names
//! the answer that it waits for ([`Answered`]). What follows from resource types, the permissions
//! and the policy, is worked out here ([`actions`], [`policy`]), for the types that answers lead to
//! and again for those of a plan that Terraform has made. Asks nothing and judges nothing.

pub mod actions;
pub mod policy;

use std::collections::BTreeSet;
use std::time::Duration;

use crate::answers::value::Cidr;

/// Everything that will be asked for.
#[derive(Debug, Clone, Default)]
pub struct Demand {
    /// Name of the deployment.
    pub deployment: Answered<String>,
    /// The region.
    pub region: Answered<String>,
    /// The Kubernetes cluster.
    pub kubernetes: Kubernetes,
    /// The network that will be made.
    pub network: Network,
    /// Who may reach the Kubernetes API.
    pub endpoint: Endpoint,
    /// The GPU nodes; `None` where there are none.
    pub gpu: Option<Gpu>,
    /// The other node groups.
    pub nodes: Vec<Nodes>,
    /// What counts against quotas.
    pub quotas: Vec<Quota>,
    /// Resource types that will be made.
    pub types: BTreeSet<&'static str>,
    /// Names that are fixed beforehand.
    pub names: Vec<Name>,
    /// The bucket of the state, which may exist; `{account}` stands for the id of the account.
    pub state_bucket: Option<String>,
    /// The permissions boundary of every role.
    pub boundary: Answered<String>,
    /// What the roles of workloads will be allowed: a boundary has to let it through.
    pub role_actions: &'static [&'static str],
    /// Answers that are ARNs of things of this very account.
    pub own_arns: Vec<(&'static str, String)>,
    /// The public name and its certificate.
    pub site: Site,
    /// Addresses that this host has to reach.
    pub hosts: Vec<Reached>,
    /// How long the run takes, as far as that is known.
    pub duration: Duration,
    /// A file of further CA certificates.
    pub custom_ca: Option<String>,
}

/// An answer and its key; checks that need it say that they wait for that key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answered<T> {
    /// Key of the question.
    pub key: &'static str,
    /// The answer, where there is one.
    pub value: Option<T>,
}

impl<T> Default for Answered<T> {
    fn default() -> Self {
        Self { key: "", value: None }
    }
}

impl<T> Answered<T> {
    /// The answer to the question of that key.
    pub fn new(key: &'static str, value: Option<T>) -> Self {
        Self { key, value }
    }

    /// The answer, or the key that is waited for.
    ///
    /// # Errors
    /// When there is no answer yet.
    pub fn known(&self) -> Result<&T, &'static str> {
        self.value.as_ref().ok_or(self.key)
    }
}

/// The Kubernetes cluster.
#[derive(Debug, Clone, Default)]
pub struct Kubernetes {
    /// Its version, for example `1.35`.
    pub version: Answered<String>,
    /// Whether extended support is accepted.
    pub extended_support: bool,
    /// Its managed add-ons.
    pub addons: &'static [&'static str],
}

/// The network that will be made.
#[derive(Debug, Clone, Default)]
pub struct Network {
    /// Addresses of the VPC.
    pub vpc: Answered<Cidr>,
    /// Addresses of Kubernetes services.
    pub services: Answered<Cidr>,
    /// The zones that were named; empty: they are chosen.
    pub zones: Vec<String>,
    /// Key of the question for the zones.
    pub zones_key: &'static str,
    /// How many zones.
    pub zone_count: usize,
    /// NAT gateways in all: one in each zone, one for all zones, or none.
    pub nat_gateways: usize,
    /// The smallest VPC that the subnets fit into, as the length of its prefix.
    pub longest_prefix: u8,
}

/// Who may reach the Kubernetes API from outside of the VPC.
#[derive(Debug, Clone, Default)]
pub struct Endpoint {
    /// Whether anybody may.
    pub public: bool,
    /// Key of the allowlist.
    pub key: &'static str,
    /// The allowlist.
    pub allowlist: Vec<Cidr>,
    /// Whether the whole internet is meant where it is on it.
    pub open_on_purpose: bool,
    /// Key of that answer.
    pub open_key: &'static str,
}

/// The GPU nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gpu {
    /// What the node group is called in the account.
    pub group: String,
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// How many nodes.
    pub nodes: u32,
    /// The reservation or Capacity Block.
    pub reservation: Option<String>,
    /// Key of that answer.
    pub reservation_key: &'static str,
    /// How the capacity is held, as answered.
    pub capacity: Capacity,
    /// Key of that answer.
    pub capacity_key: &'static str,
    /// Name of the zone, where one was answered.
    pub zone: Option<String>,
    /// Key of that answer.
    pub zone_key: &'static str,
}

/// How GPU capacity is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Capacity {
    /// What is free at the moment.
    #[default]
    OnDemand,
    /// An On-Demand Capacity Reservation.
    Reservation,
    /// A Capacity Block with fixed dates.
    Block,
}

impl Capacity {
    /// As it is answered.
    pub fn word(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Reservation => "reservation",
            Self::Block => "capacity-block",
        }
    }
}

/// A node group without GPUs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Nodes {
    /// What it is called in the account.
    pub group: String,
    /// For example `m5.4xlarge`.
    pub instance_type: String,
    /// How many nodes.
    pub count: u32,
}

/// What a plan takes of one quota.
#[derive(Debug, Clone, PartialEq)]
pub struct Quota {
    /// Which.
    pub limit: Limit,
    /// How much of it is taken.
    pub amount: u32,
    /// By what, for the operator: `2 NAT gateways, one in each zone; each needs one`.
    pub why: String,
    /// What could be answered otherwise to take less, where something can.
    pub instead: Option<&'static str>,
}

/// The quotas that plans are held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// vCPUs of running On-Demand P instances.
    PVcpus,
    /// vCPUs of running On-Demand A, C, D, H, I, M, R, T and Z instances.
    StandardVcpus,
    /// Elastic IP addresses.
    Addresses,
    /// VPCs.
    Vpcs,
    /// Internet gateways.
    InternetGateways,
    /// NAT gateways in one zone.
    NatGateways,
    /// Application load balancers.
    LoadBalancers,
    /// EKS clusters.
    Clusters,
    /// RDS instances.
    Databases,
    /// Customer-managed KMS keys.
    Keys,
    /// S3 buckets.
    Buckets,
    /// IAM roles.
    Roles,
}

/// A name that will be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Resource type as Terraform calls it.
    pub kind: &'static str,
    /// The name.
    pub name: String,
}

/// The public name of what is installed.
#[derive(Debug, Clone, Default)]
pub struct Site {
    /// The host name.
    pub hostname: Answered<String>,
    /// ARN of its certificate.
    pub certificate: Answered<String>,
    /// Whether a certificate is needed at all.
    pub needs_certificate: bool,
    /// Id of the hosted zone of Route 53.
    pub hosted_zone: Option<String>,
    /// Key of that answer.
    pub hosted_zone_key: &'static str,
}

/// An address that this host has to reach over HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Host name.
    pub host: String,
    /// What it is needed for.
    pub purpose: &'static str,
    /// The service of AWS, as `AWS_ENDPOINT_URL_…` spells it: it may be somewhere else here.
    pub service: Option<&'static str>,
}

impl Demand {
    /// The names of one resource type.
    pub fn names_of<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = &'a str> {
        self.names.iter().filter(move |name| name.kind == kind).map(|name| name.name.as_str())
    }

    /// What is taken of one quota.
    pub fn of(&self, limit: Limit) -> Option<&Quota> {
        self.quotas.iter().find(|quota| quota.limit == limit)
    }
}

impl Limit {
    /// Code of the service at Service Quotas.
    pub fn service(self) -> &'static str {
        self.row().0
    }

    /// Code of the quota.
    pub fn code(self) -> &'static str {
        self.row().1
    }

    /// What is counted, in the plural.
    pub fn what(self) -> &'static str {
        self.row().2
    }

    /// Resource type whose objects count, where they count one each.
    pub fn kind(self) -> Option<&'static str> {
        Some(self.row().3).filter(|kind| !kind.is_empty())
    }

    /// The codes are those that Service Quotas lists for each service.
    #[rustfmt::skip]
    fn row(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Self::PVcpus => ("ec2", "L-417A185B", "vCPUs of On-Demand P instances", ""),
            Self::StandardVcpus => ("ec2", "L-1216C47A", "vCPUs of On-Demand Standard instances", ""),
            Self::Addresses => ("ec2", "L-0263D0A3", "Elastic IP addresses", "aws_eip"),
            Self::Vpcs => ("vpc", "L-F678F1CE", "VPCs", "aws_vpc"),
            Self::InternetGateways => ("vpc", "L-A4707A72", "internet gateways", "aws_internet_gateway"),
            Self::NatGateways => ("vpc", "L-FE5A380F", "NAT gateways in one zone", "aws_nat_gateway"),
            Self::LoadBalancers => ("elasticloadbalancing", "L-53DA6B97", "application load balancers", "aws_lb"),
            Self::Clusters => ("eks", "L-1194D53C", "EKS clusters", "aws_eks_cluster"),
            Self::Databases => ("rds", "L-7B6409FD", "DB instances", "aws_db_instance"),
            Self::Keys => ("kms", "L-C2F1777E", "customer-managed keys", "aws_kms_key"),
            Self::Buckets => ("s3", "L-DC2B2D3D", "S3 buckets", "aws_s3_bucket"),
            Self::Roles => ("iam", "L-FE177D64", "IAM roles", "aws_iam_role"),
        }
    }
}
