//! EKS: clusters, their parts, and which versions there are.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// `CREATING`, `ACTIVE`, …
    pub status: String,
    /// Kubernetes version, for example `1.35`.
    pub version: String,
}

/// A node group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeGroup {
    /// Its name.
    pub name: String,
    /// `CREATING`, `ACTIVE`, …
    pub status: String,
    /// How many nodes it wants.
    pub desired: u32,
    /// What AWS says is wrong with it.
    pub issues: Vec<String>,
}

/// A managed add-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addon {
    /// Its name, for example `vpc-cni`.
    pub name: String,
    /// `CREATING`, `ACTIVE`, …
    pub status: String,
    /// Its version.
    pub version: String,
}

/// A Kubernetes version of EKS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterVersion {
    /// For example `1.35`.
    pub version: String,
    /// Whether new clusters get it when they name none.
    pub is_default: bool,
    /// How it is supported today.
    pub support: Support,
    /// The last day of standard support.
    pub end_of_standard: Option<Date>,
    /// The last day of extended support.
    pub end_of_extended: Option<Date>,
}

/// How a version is supported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// At the ordinary price.
    Standard,
    /// At a higher price.
    Extended,
    /// Not any more.
    Ended,
}

impl ClusterVersion {
    /// How it will be supported on a day.
    #[must_use]
    pub fn support_on(&self, day: Date) -> Support {
        match (self.end_of_standard, self.end_of_extended) {
            (Some(end), _) if day <= end => Support::Standard,
            (_, Some(end)) if day > end => Support::Ended,
            (Some(_), _) => Support::Extended,
            (None, _) => self.support,
        }
    }
}

/// A version of a managed add-on that goes with a Kubernetes version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddonVersion {
    /// For example `v1.22.4-eksbuild.3`.
    pub version: String,
    /// Whether it is the one that EKS picks.
    pub is_default: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn support_on_a_day_goes_by_the_ends() {
        let date = |text: &str| text.parse::<Date>().unwrap();
        let version = ClusterVersion {
            version: "1.34".into(),
            is_default: false,
            support: Support::Standard,
            end_of_standard: Some(date("2026-12-02")),
            end_of_extended: Some(date("2027-12-02")),
        };
        for (day, support) in [
            ("2026-12-02", Support::Standard),
            ("2026-12-03", Support::Extended),
            ("2027-12-03", Support::Ended),
        ] {
            assert_eq!(version.support_on(date(day)), support, "{day}");
        }
        let untold = ClusterVersion { end_of_standard: None, end_of_extended: None, ..version };
        assert_eq!(untold.support_on(date("2027-01-01")), Support::Standard);
    }
}
