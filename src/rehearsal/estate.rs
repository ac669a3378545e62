//! What the account of a scenario has before anything is made: reservations, offerings,
//! certificates, zones.

use serde::{Deserialize, Serialize};

use super::scenario::default_region;
use super::span::Span;
use crate::cloud::{CertificateStatus, Matching};

/// A capacity reservation or Capacity Block.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reservation {
    /// `cr-…`
    pub id: String,
    /// `capacity-block` or `default`.
    #[serde(rename = "type", default)]
    pub kind: ReservationKind,
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// For example `usw2-az3`.
    pub zone_id: String,
    /// Instances in all.
    pub total: u32,
    /// Instances that are free.
    pub available: u32,
    /// When it begins, relative to the start of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start: Option<Span>,
    /// When it ends, relative to the start of the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<Span>,
    /// What it is for; only `Linux/UNIX` is of use.
    #[serde(default = "linux")]
    pub platform: String,
    /// `default` or `dedicated`; only the first is of use.
    #[serde(default = "ordinary")]
    pub tenancy: String,
    /// Who gets into it. A world does not put instances into an open one that do not name it.
    #[serde(default = "targeted")]
    pub matching: Matching,
    /// Another account that shares it with this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// How capacity is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReservationKind {
    /// An On-Demand Capacity Reservation.
    #[default]
    Default,
    /// A Capacity Block, with fixed dates.
    CapacityBlock,
}

/// An instance type that only some zones have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Offering {
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// The zones that have it, for example `usw2-az3`.
    pub zone_ids: Vec<String>,
}

/// A certificate of ACM.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Certificate {
    /// The last part of its ARN.
    pub id: String,
    /// Where it is.
    #[serde(default = "default_region")]
    pub region: String,
    /// All names that it covers, the main one first.
    pub names: Vec<String>,
    /// `ISSUED`, `PENDING_VALIDATION`, `EXPIRED` or `REVOKED`.
    #[serde(default = "issued")]
    pub status: CertificateStatus,
    /// When it ends; a year from now where nothing is said.
    #[serde(default = "a_year")]
    pub end: Span,
}

/// A hosted zone of Route 53.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostedZone {
    /// `Z…`
    pub id: String,
    /// Its domain.
    pub name: String,
    /// Whether only VPCs see it.
    #[serde(default)]
    pub private: bool,
}

impl Reservation {
    /// The one of an ordinary account.
    pub(super) fn usual() -> Self {
        Self {
            id: "cr-0123456789abcdef0".into(),
            kind: ReservationKind::Default,
            instance_type: "p5e.48xlarge".into(),
            zone_id: "usw2-az3".into(),
            total: 2,
            available: 2,
            start: None,
            end: None,
            platform: linux(),
            tenancy: ordinary(),
            matching: targeted(),
            owner: None,
        }
    }
}

impl Certificate {
    /// The one of an ordinary account.
    pub(super) fn usual() -> Self {
        Self {
            id: "01234567-89ab-cdef-0123-456789abcdef".into(),
            region: default_region(),
            names: vec!["acme.example".into(), "*.acme.example".into()],
            status: CertificateStatus::Issued,
            end: a_year(),
        }
    }
}

impl HostedZone {
    /// The one of an ordinary account.
    pub(super) fn usual() -> Self {
        Self { id: "Z0123456789ABCDEFGHIJ".into(), name: "acme.example".into(), private: false }
    }
}

fn linux() -> String {
    "Linux/UNIX".into()
}

fn ordinary() -> String {
    "default".into()
}

fn targeted() -> Matching {
    Matching::Targeted
}

fn issued() -> CertificateStatus {
    CertificateStatus::Issued
}

fn a_year() -> Span {
    Span::days(365)
}
