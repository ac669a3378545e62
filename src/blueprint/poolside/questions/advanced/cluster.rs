//! The control plane: version and logs.

use super::super::OURS;
use crate::answers::value::KubernetesVersion;
use crate::answers::{Choice, Default, Kind, Offers, Question, Reference, Text};

/// The version of Kubernetes.
pub const KUBERNETES_VERSION: Question = Question {
    key: "kubernetes_version",
    label: "Kubernetes version",
    kind: Kind::Text(Text::of::<KubernetesVersion>()),
    default: Default::Text("1.35"),
    live: Some("the versions that EKS supports that day"),
    offers: Offers::KubernetesVersions,
    why: "EKS supports each version for 14 months, then for 12 more at six times the price.",
    consequence: "Control plane, nodes and add-ons are made for it; it can be raised later, one \
                  minor version at a time.",
    basis: "springboard: in standard support until 2027-03-27",
    example: "\"1.35\"",
    name: Reference::OwnName,
    feeds: Some("kubernetes_version"),
    ..Question::PLAIN
};

/// What happens at the end of standard support.
pub const CLUSTER_SUPPORT_TYPE: Question = Question {
    key: "cluster_support_type",
    label: "After standard support",
    kind: Kind::Choice(&[
        Choice { value: "EXTENDED", meaning: "the version is kept, at extra cost" },
        Choice { value: "STANDARD", meaning: "EKS upgrades the cluster by itself" },
    ]),
    default: Default::Text("EXTENDED"),
    why: "A cluster must not be upgraded by surprise, nor cost six times as much by surprise.",
    consequence: "It decides what EKS does when standard support of the version ends.",
    basis: "the default of EKS",
    example: "\"EXTENDED\"",
    feeds: Some("cluster_support_type"),
    ..Question::PLAIN
};

/// Which logs of the control plane are kept.
pub const CLUSTER_LOG_TYPES: Question = Question {
    key: "cluster_log_types",
    label: "Control-plane logs",
    kind: Kind::Choices(&[
        Choice { value: "api", meaning: "the API server" },
        Choice { value: "audit", meaning: "who did what" },
        Choice { value: "authenticator", meaning: "who was let in" },
        Choice { value: "controllerManager", meaning: "the controllers" },
        Choice { value: "scheduler", meaning: "where pods were placed" },
    ]),
    default: Default::List(&["api", "audit", "authenticator", "controllerManager", "scheduler"]),
    why: "What was not logged cannot be looked up later.",
    consequence: "They go to CloudWatch, which takes money for what is written.",
    basis: OURS,
    example: "[\"api\", \"audit\", \"authenticator\"]",
    feeds: Some("cluster_log_types"),
    ..Question::PLAIN
};

/// The days that logs can be kept for.
pub(crate) const RETENTIONS: [i64; 22] = [
    1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
];

/// How long logs are kept.
pub const LOG_RETENTION_DAYS: Question = Question {
    key: "log_retention_days",
    label: "Logs are kept",
    kind: Kind::Number { min: 1, max: 3653, unit: "days" },
    default: Default::Number(90),
    why: "Rules on how long logs must be kept, or may be, differ.",
    consequence: "Log groups that are made here forget after so many days.",
    basis: OURS,
    example: "90",
    feeds: Some("log_retention_days"),
    ..Question::PLAIN
};
