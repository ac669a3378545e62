//! What an installation costs by the hour and the month, by part, from list prices with a date.
//!
//! An estimate: traffic, requests, logs, stored objects and load balancer capacity units are not
//! counted. A price that is not known is unknown; nothing is guessed from similar ones.

mod prices;

use std::fmt;

use jiff::civil::Date;
use serde::Serialize;

use self::prices::{Price, known};
use super::questions::account::REGION;
use super::questions::advanced::{cluster, database, nodes};
use super::questions::gpu::{GPU_CAPACITY, GPU_DESIRED_SIZE, GPU_INSTANCE_TYPE};
use super::questions::hostname::{INGRESS_CONTROLLER, LOAD_BALANCER_SCHEME};
use super::questions::network::{
    AVAILABILITY_ZONE_COUNT, AVAILABILITY_ZONES, ENABLE_NAT_GATEWAY, SINGLE_NAT_GATEWAY,
};
use super::support::{Support, support_on};
use super::values::Profile;
use crate::answers::{Answers, Question};

/// The hours of a month, as AWS counts them in its own examples.
pub const HOURS_PER_MONTH: i64 = 730;

/// The customer-managed keys: EKS secrets, database, objects, volumes, application.
const KEYS: i64 = 5;

/// An amount in millionths of a dollar, so that sums are exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct MicroDollars(pub i64);

impl fmt::Display for MicroDollars {
    /// In dollars, to the cent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0 + 5_000) / 10_000;
        write!(f, "{}.{:02}", cents / 100, cents % 100)
    }
}

/// What everything costs together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// The parts, the control plane first.
    pub parts: Vec<Part>,
    /// Where the prices come from, and what is not counted.
    pub basis: String,
}

/// What one part costs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    /// A short name: `cpu-nodes`.
    pub id: &'static str,
    /// What it is: `3 x m5.4xlarge`.
    pub what: String,
    /// By the hour, in millionths of a dollar; absent where the price is not known.
    pub per_hour: Option<MicroDollars>,
    /// The date and source of the price, or why it is not known.
    pub source: String,
}

/// What the answers cost on the day `today`.
pub fn estimate(answers: &Answers, today: Date) -> Estimate {
    let mut parts = vec![control_plane(answers, today)];
    parts.extend(all_nodes(answers));
    parts.extend(network(answers));
    parts.extend(database_parts(answers));
    parts.push(Part::priced("keys", format!("{KEYS} keys"), KEYS, "kms-key-month"));
    let region = answers.text(&REGION).unwrap_or_default();
    let elsewhere = match region {
        "us-east-1" => String::new(),
        other => format!("; prices of {other} may differ"),
    };
    let basis = format!(
        "list prices of us-east-1{elsewhere}; not counted: traffic, requests, logs, stored objects"
    );
    Estimate { parts, basis }
}

fn control_plane(answers: &Answers, today: Date) -> Part {
    let version = answers.text(&cluster::KUBERNETES_VERSION).unwrap_or_default();
    let what = format!("EKS {version}");
    match support_on(version, today) {
        Some(Support::Standard) => Part::priced("control-plane", what, 1, "eks-standard"),
        Some(Support::Extended) => {
            Part::priced("control-plane", format!("{what}, extended support"), 1, "eks-extended")
        }
        Some(Support::Ended) | None => Part::unknown(
            "control-plane",
            what,
            "it is not known whether EKS supports this version",
        ),
    }
}

fn all_nodes(answers: &Answers) -> Vec<Part> {
    let group = |id, kind: &Question, size: &Question| {
        let (kind, count) = (answers.text(kind)?, answers.number(size)?);
        Some(Part::priced(id, format!("{count} x {kind}"), count, kind))
    };
    let number = |question: &Question| answers.number(question).unwrap_or_default();
    let mut disks = number(&nodes::CPU_DESIRED_SIZE) * number(&nodes::CPU_DISK_SIZE_GB);
    let mut parts: Vec<Part> = Vec::new();
    parts.extend(group("cpu-nodes", &nodes::CPU_INSTANCE_TYPE, &nodes::CPU_DESIRED_SIZE));
    if answers.flag(&nodes::ENABLE_WEB_NODE_GROUP) {
        disks += number(&nodes::WEB_DESIRED_SIZE) * number(&nodes::WEB_DISK_SIZE_GB);
        parts.extend(group("web-nodes", &nodes::WEB_INSTANCE_TYPE, &nodes::WEB_DESIRED_SIZE));
    }
    if Profile::of(answers) == Profile::Full {
        disks += number(&GPU_DESIRED_SIZE) * number(&nodes::GPU_DISK_SIZE_GB);
        parts.extend(gpu_nodes(answers));
    }
    parts.push(Part::priced("disks", format!("{disks} GB gp3"), disks, "gp3-gb-month"));
    parts
}

fn gpu_nodes(answers: &Answers) -> Option<Part> {
    let (kind, count) = (answers.text(&GPU_INSTANCE_TYPE)?, answers.number(&GPU_DESIRED_SIZE)?);
    let what = format!("{count} x {kind}");
    if answers.text(&GPU_CAPACITY) == Some("capacity-block") {
        let why = "a Capacity Block is paid for in advance, at a price of its own";
        return Some(Part::unknown("gpu-nodes", what, why));
    }
    Some(Part::priced("gpu-nodes", what, count, kind))
}

fn network(answers: &Answers) -> Vec<Part> {
    let named = i64::try_from(answers.list(&AVAILABILITY_ZONES).len()).unwrap_or_default();
    let zones = match named {
        0 => answers.number(&AVAILABILITY_ZONE_COUNT).unwrap_or(2),
        named => named,
    };
    let gateways = match (answers.flag(&ENABLE_NAT_GATEWAY), answers.flag(&SINGLE_NAT_GATEWAY)) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => zones,
    };
    let mut parts = Vec::new();
    let mut addresses = gateways;
    if gateways > 0 {
        let what = format!("{gateways} NAT gateways").replace("1 NAT gateways", "1 NAT gateway");
        parts.push(Part::priced("nat", what, gateways, "nat-gateway"));
    }
    if answers.text(&INGRESS_CONTROLLER) == Some("alb") {
        // An internal load balancer has private addresses, which cost nothing.
        if answers.text(&LOAD_BALANCER_SCHEME) != Some("internal") {
            addresses += zones;
        }
        parts.push(Part::priced("load-balancer", "1 load balancer".into(), 1, "alb"));
    } else {
        let what = "the load balancer of NGINX".into();
        parts.push(Part::unknown("load-balancer", what, "no price is known here"));
    }
    if addresses > 0 {
        let what = format!("{addresses} public addresses");
        parts.push(Part::priced("addresses", what, addresses, "public-ipv4"));
    }
    parts
}

fn database_parts(answers: &Answers) -> Vec<Part> {
    let class = answers.text(&database::DATABASE_INSTANCE_CLASS).unwrap_or_default();
    let storage = answers.number(&database::DATABASE_ALLOCATED_STORAGE_GB).unwrap_or_default();
    let (zones, suffix) = if answers.flag(&database::DATABASE_MULTI_AZ) {
        ("two zones", "multi-az")
    } else {
        ("one zone", "single-az")
    };
    vec![
        Part::priced("database", format!("{class} in {zones}"), 1, &format!("{class}-{suffix}")),
        Part::priced(
            "database-storage",
            format!("{storage} GB in {zones}"),
            storage,
            &format!("rds-gb-month-{suffix}"),
        ),
    ]
}

impl Part {
    fn priced(id: &'static str, what: String, count: i64, item: &str) -> Self {
        match known(item) {
            Some(Price { item: _, amount, per_month, date, source }) => {
                let hours = if *per_month { HOURS_PER_MONTH } else { 1 };
                let per_hour = Some(MicroDollars(count * amount / hours));
                Self { id, what, per_hour, source: format!("{source}, {date}") }
            }
            None => Self::unknown(id, what, "no price is known here"),
        }
    }

    fn unknown(id: &'static str, what: String, why: &str) -> Self {
        Self { id, what, per_hour: None, source: why.to_owned() }
    }

    /// By the month.
    pub fn per_month(&self) -> Option<MicroDollars> {
        self.per_hour.map(|MicroDollars(hour)| MicroDollars(hour * HOURS_PER_MONTH))
    }
}

impl Estimate {
    /// The parts with a known price together, by the hour.
    pub fn per_hour(&self) -> MicroDollars {
        MicroDollars(self.parts.iter().filter_map(|part| part.per_hour).map(|p| p.0).sum())
    }

    /// The parts with a known price together, by the month.
    pub fn per_month(&self) -> MicroDollars {
        MicroDollars(self.per_hour().0 * HOURS_PER_MONTH)
    }

    /// The parts whose price is not known.
    pub fn unknown(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| part.per_hour.is_none())
    }
}

impl fmt::Display for Estimate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.parts {
            let (hour, month) = match (part.per_hour, part.per_month()) {
                (Some(hour), Some(month)) => (format!("{hour} $/h"), format!("{month} $/month")),
                _ => ("unknown".to_owned(), String::new()),
            };
            writeln!(f, "{:<34} {hour:>12} {month:>18}  {}", part.what, part.source)?;
        }
        let (hour, month) = (self.per_hour(), self.per_month());
        let and = match self.unknown().count() {
            0 => String::new(),
            1 => " and 1 part whose price is unknown".to_owned(),
            n => format!(" and {n} parts whose price is unknown"),
        };
        writeln!(f, "together about {hour} $/h, {month} $ a month of {HOURS_PER_MONTH} h{and}")?;
        write!(f, "{}", self.basis)
    }
}
