//! List prices of AWS in us-east-1, On-Demand, Linux, each with its date and source.

/// A price.
#[derive(Debug)]
pub(super) struct Price {
    /// What it is for: an instance type, or a name of ours.
    pub(super) item: &'static str,
    /// In millionths of a dollar.
    pub(super) amount: i64,
    /// Whether it is for a month; else it is for an hour.
    pub(super) per_month: bool,
    /// When it was looked up.
    pub(super) date: &'static str,
    /// Where.
    pub(super) source: &'static str,
}

/// The price of `item`, if it is known.
pub(super) fn known(item: &str) -> Option<&'static Price> {
    PRICES.iter().find(|price| price.item == item)
}

const fn hour(item: &'static str, amount: i64, date: &'static str, source: &'static str) -> Price {
    Price { item, amount, per_month: false, date, source }
}

const fn month(item: &'static str, amount: i64, date: &'static str, source: &'static str) -> Price {
    Price { item, amount, per_month: true, date, source }
}

/// The tables of Karpenter, which are made from the price API of AWS.
const KARPENTER: &str = "price API of AWS as kept by Karpenter";
/// The expected outputs in the tests of Infracost, which are made from the price API of AWS.
const INFRACOST: &str = "price API of AWS as kept by Infracost";
const RDS: &str = "a public cost estimate that agrees with Poolside's cost baseline";

// p5e.48xlarge is in no On-Demand price list that was found, so it is not here.
const PRICES: &[Price] = &[
    hour("eks-standard", 100_000, "2026-08-21", INFRACOST),
    hour("eks-extended", 600_000, "2026-08-21", INFRACOST),
    hour("m5.4xlarge", 768_000, "2026-07-20", KARPENTER),
    hour("p5.48xlarge", 55_040_000, "2026-07-20", KARPENTER),
    hour("p5en.48xlarge", 63_296_000, "2026-07-20", KARPENTER),
    hour("nat-gateway", 45_000, "2026-08-21", INFRACOST),
    hour("alb", 22_500, "2026-08-21", INFRACOST),
    hour("public-ipv4", 5_000, "2024-02-01", "AWS News Blog"),
    hour("db.m7g.xlarge-multi-az", 674_000, "2026-04", RDS),
    month("rds-gb-month-multi-az", 230_000, "2026-04", RDS),
    month("gp3-gb-month", 80_000, "2026-08-21", INFRACOST),
    month("kms-key-month", 1_000_000, "2026-08-21", INFRACOST),
];
