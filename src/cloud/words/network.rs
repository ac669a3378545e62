//! Places and networks.

use std::collections::BTreeMap;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

/// A region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Region {
    /// For example `us-west-2`.
    pub name: String,
    /// Whether the account has it: some regions have to be opted into.
    pub enabled: bool,
}

/// An availability zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Name in this account, for example `us-west-2a`.
    pub name: String,
    /// Id that means the same place in every account, for example `usw2-az1`.
    pub id: String,
    /// `available`, `information`, `impaired`, `unavailable` or `constrained`.
    pub state: String,
}

/// A VPC.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    /// `vpc-…`
    pub id: String,
    /// Its tag `Name`.
    pub name: Option<String>,
    /// All its ranges.
    pub cidrs: Vec<IpNet>,
    /// Whether it is the one that AWS makes in every region.
    pub is_default: bool,
    /// All its tags.
    pub tags: BTreeMap<String, String>,
}

/// A NAT gateway that counts against its quota.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NatGateway {
    /// `nat-…`
    pub id: String,
    /// Id of its zone; `None` where its subnet cannot be seen.
    pub zone_id: Option<String>,
}
