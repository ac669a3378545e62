//! How much of something an account may have, and how much it has.

use serde::{Deserialize, Serialize};

/// A quota of the account in the region.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quota {
    /// `ec2`
    pub service: String,
    /// `L-417A185B`
    pub code: String,
    /// As AWS calls it; empty where it does not say.
    pub name: String,
    /// The limit.
    pub value: f64,
    /// Where the value comes from.
    pub source: QuotaSource,
    /// Whether more can be asked for.
    pub adjustable: bool,
}

/// Where the value of a quota comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuotaSource {
    /// It is the account's own.
    Applied,
    /// The account has none of its own: it is what AWS gives everybody.
    Default,
}

/// What is counted against a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Countable {
    /// Elastic IP addresses.
    Addresses,
    /// Internet gateways.
    InternetGateways,
    /// Application load balancers.
    ApplicationLoadBalancers,
    /// Network load balancers.
    NetworkLoadBalancers,
    /// EKS clusters.
    Clusters,
    /// Database instances.
    Databases,
    /// KMS keys of the customer.
    Keys,
    /// S3 buckets, in all regions.
    Buckets,
    /// IAM roles, in all regions.
    Roles,
    /// vCPUs of running On-Demand instances that are not in a Capacity Block, and of On-Demand
    /// reservations, used or not: all that is counted against the quota of the family.
    Vcpus(Family),
}

/// The families of instance types that have a quota of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// A, C, D, H, I, M, R, T and Z.
    Standard,
    /// G and VT.
    G,
    /// P.
    P,
}

impl Family {
    /// The family of an instance type; `None` for one with yet another quota.
    ///
    /// The names of the quotas in AWS' own list say which letters they are for.
    #[must_use]
    pub fn of(instance_type: &str) -> Option<Self> {
        let letters = instance_type.split(|c: char| c.is_ascii_digit()).next().unwrap_or_default();
        match letters {
            "p" => Some(Self::P),
            "g" | "gr" | "vt" => Some(Self::G),
            "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z" => {
                Some(Self::Standard)
            }
            _ => None,
        }
    }

    /// Service and code of its quota of running On-Demand instances, in vCPUs.
    #[must_use]
    pub fn quota(self) -> (&'static str, &'static str) {
        let code = match self {
            Self::Standard => "L-1216C47A",
            Self::G => "L-DB2E81BA",
            Self::P => "L-417A185B",
        };
        ("ec2", code)
    }
}

impl Countable {
    /// As one says it in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Addresses => "the Elastic IP addresses",
            Self::InternetGateways => "the internet gateways",
            Self::ApplicationLoadBalancers => "the application load balancers",
            Self::NetworkLoadBalancers => "the network load balancers",
            Self::Clusters => "the EKS clusters",
            Self::Databases => "the databases",
            Self::Keys => "the KMS keys",
            Self::Buckets => "the buckets",
            Self::Roles => "the roles",
            Self::Vcpus(Family::Standard) => "the vCPUs of standard instances",
            Self::Vcpus(Family::G) => "the vCPUs of G instances",
            Self::Vcpus(Family::P) => "the vCPUs of P instances",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_counted_against_the_quota_of_their_family() {
        for (name, family) in [
            ("p5e.48xlarge", Some(Family::P)),
            ("p6-b200.48xlarge", Some(Family::P)),
            ("g6e.12xlarge", Some(Family::G)),
            ("m5.4xlarge", Some(Family::Standard)),
            ("im4gn.large", Some(Family::Standard)),
            ("x2iedn.xlarge", None),
            ("inf2.xlarge", None),
        ] {
            assert_eq!(Family::of(name), family, "{name}");
        }
    }
}
