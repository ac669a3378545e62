//! Versions of EKS: Kubernetes, platform, add-ons, node images.
//!
//! As seen in public in November 2026; the newest seen is not the default of the same version.

use jiff::civil::Date;

/// Supported Kubernetes versions, oldest first, and their newest patch.
const CLUSTERS: &[(&str, &str)] = &[
    ("1.31", "1.31.14"),
    ("1.32", "1.32.13"),
    ("1.33", "1.33.10"),
    ("1.34", "1.34.6"),
    ("1.35", "1.35.3"),
    ("1.36", "1.36.2"),
];

/// The last days of standard and of extended support, from the calendar of EKS as of August 2026.
const ENDS: &[(&str, [i16; 3], [i16; 3])] = &[
    ("1.31", [2025, 11, 26], [2026, 11, 26]),
    ("1.32", [2026, 3, 23], [2027, 3, 23]),
    ("1.33", [2026, 7, 29], [2027, 7, 29]),
    ("1.34", [2026, 12, 2], [2027, 12, 2]),
    ("1.35", [2027, 3, 27], [2028, 3, 27]),
    ("1.36", [2027, 8, 2], [2028, 8, 2]),
];

/// The add-ons whose versions are known here.
pub(in crate::rehearsal) const ADDONS: &[&str] = &[
    "aws-ebs-csi-driver",
    "aws-efs-csi-driver",
    "coredns",
    "eks-pod-identity-agent",
    "kube-proxy",
    "metrics-server",
    "snapshot-controller",
    "vpc-cni",
];

/// What EKS takes when a cluster names no version.
const DEFAULT: &str = "1.35";

/// Which version of an add-on is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::rehearsal) enum Pick {
    Default,
    Latest,
}

/// The version of a cluster that asks for `asked`.
pub(in crate::rehearsal) fn cluster_version(asked: &str) -> String {
    if asked.is_empty() { DEFAULT.into() } else { asked.into() }
}

pub(in crate::rehearsal) fn platform_version(version: &str) -> String {
    let build = CLUSTERS.iter().rev().position(|(v, _)| *v == version).unwrap_or(0);
    format!("eks.{}", 5 + 9 * build)
}

/// Whether EKS still offers the version.
pub(in crate::rehearsal) fn is_supported(version: &str) -> bool {
    CLUSTERS.iter().any(|(v, _)| *v == version)
}

/// All versions with their newest patch, newest first.
pub(in crate::rehearsal) fn clusters() -> impl Iterator<Item = (&'static str, &'static str)> {
    CLUSTERS.iter().rev().copied()
}

/// The last days of standard and of extended support.
pub(in crate::rehearsal) fn ends(version: &str) -> Option<(Date, Date)> {
    let (_, standard, extended) = ENDS.iter().find(|(known, ..)| *known == version)?;
    let date = |[year, month, day]: [i16; 3]| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    Some((date(*standard)?, date(*extended)?))
}

/// The release of the node image, `1.36.2-20260714`.
pub(in crate::rehearsal) fn release_version(version: &str) -> String {
    let patch = CLUSTERS.iter().find(|(v, _)| *v == version).map(|(_, patch)| *patch);
    format!("{}-20260714", patch.map_or_else(|| format!("{version}.0"), str::to_owned))
}

/// The version of a managed add-on for a Kubernetes version.
pub(in crate::rehearsal) fn addon_version(addon: &str, kubernetes: &str, pick: Pick) -> String {
    let newest = |default: &str, latest: &str| -> String {
        if pick == Pick::Default { default.into() } else { latest.into() }
    };
    match (addon, kubernetes) {
        ("vpc-cni", _) => newest("v1.22.4-eksbuild.3", "v1.23.0-eksbuild.1"),
        ("kube-proxy", "1.33") => newest("v1.33.9-eksbuild.2", "v1.33.10-eksbuild.18"),
        ("kube-proxy", "1.34") => newest("v1.34.5-eksbuild.2", "v1.34.6-eksbuild.29"),
        ("kube-proxy", "1.35") => newest("v1.35.2-eksbuild.4", "v1.35.3-eksbuild.21"),
        ("kube-proxy", "1.36") => newest("v1.36.0-eksbuild.21", "v1.36.0-eksbuild.25"),
        ("kube-proxy", other) => format!("v{other}.0-eksbuild.1"),
        ("coredns", "1.36") => newest("v1.14.3-eksbuild.16", "v1.14.3-eksbuild.23"),
        ("coredns", "1.35") => newest("v1.13.2-eksbuild.11", "v1.14.3-eksbuild.16"),
        ("coredns", _) => newest("v1.12.4-eksbuild.29", "v1.13.2-eksbuild.11"),
        ("metrics-server", _) => newest("v0.8.1-eksbuild.11", "v0.9.0-eksbuild.11"),
        ("snapshot-controller", _) => newest("v8.5.0-eksbuild.5", "v8.6.0-eksbuild.8"),
        ("aws-ebs-csi-driver", _) => newest("v1.65.0-eksbuild.1", "v1.66.0-eksbuild.1"),
        ("aws-efs-csi-driver", _) => newest("v3.4.1-eksbuild.1", "v3.4.2-eksbuild.1"),
        ("eks-pod-identity-agent", _) => newest("v1.3.10-eksbuild.2", "v1.4.0-eksbuild.2"),
        _ => "v1.0.0-eksbuild.1".into(),
    }
}
