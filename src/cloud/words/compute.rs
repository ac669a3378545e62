//! Instances: types, where they are offered, what is reserved.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An instance type that a zone has.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Offering {
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// Id of the zone.
    pub zone_id: String,
}

/// An instance type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceType {
    /// For example `p5e.48xlarge`.
    pub name: String,
    /// vCPUs, which quotas count.
    pub vcpus: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// GPUs.
    pub gpus: u32,
    /// For example `H200`.
    pub gpu: Option<String>,
}

/// A capacity reservation or Capacity Block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// `cr-…`
    pub id: String,
    /// Whether it is a Capacity Block.
    pub block: bool,
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// Name of its zone.
    pub zone: String,
    /// Id of its zone.
    pub zone_id: String,
    /// Instances in all.
    pub total: u32,
    /// Instances that are free.
    pub available: u32,
    /// `active`, `scheduled`, `expired`, …
    pub state: String,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends; `None` when only whoever cancels it ends it.
    pub end: Option<Timestamp>,
    /// For example `Linux/UNIX`.
    pub platform: String,
    /// `default` or `dedicated`.
    pub tenancy: String,
    /// Who gets into it.
    pub matching: Matching,
    /// The account that pays for it.
    pub owner: String,
}

/// Who gets into a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Matching {
    /// Every instance of its type, platform and zone.
    Open,
    /// Only what names it.
    Targeted,
}

/// What Capacity Block is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockQuery {
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// Instances.
    pub count: u32,
    /// For how long.
    pub hours: u32,
}

/// A Capacity Block that could be bought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockOffer {
    /// `cb-…`
    pub id: String,
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// Name of its zone.
    pub zone: String,
    /// Instances.
    pub count: u32,
    /// For how long.
    pub hours: u32,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
    /// What it costs, paid before it begins: `800.0`.
    pub price: String,
    /// In which currency.
    pub currency: String,
}
