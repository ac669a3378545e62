//! Options that are on or off.

use super::super::{OURS, REFERENCE};
use crate::answers::{Default, Question, Reference};

/// Whether logs of pods are gathered.
pub const ENABLE_LOG_AGGREGATION: Question = Question {
    key: "enable_log_aggregation",
    label: "Log aggregation",
    default: Default::Flag(false),
    why: "Logs of pods are gone with the pod, unless they are gathered.",
    consequence: "With `true` a log group and a role for a collector in the cluster are made.",
    basis: REFERENCE,
    example: "false",
    name: Reference::OwnName,
    feeds: Some("enable_log_aggregation"),
    ..Question::PLAIN
};

/// Whether the platform may report usage.
pub const ENABLE_MARKETPLACE_METERING: Question = Question {
    key: "enable_marketplace_metering",
    label: "Marketplace metering",
    default: Default::Flag(true),
    why: "Usage that is billed through the AWS Marketplace is reported by the platform.",
    consequence: "With `true` the role of core-api may call aws-marketplace:MeterUsage.",
    basis: REFERENCE,
    example: "true",
    feeds: Some("enable_marketplace_metering"),
    ..Question::PLAIN
};

/// Whether the platform may use Bedrock.
pub const ENABLE_BEDROCK: Question = Question {
    key: "enable_bedrock",
    label: "Bedrock",
    default: Default::Flag(false),
    why: "The platform can use models of Amazon Bedrock beside its own.",
    consequence: "With `true` the role of core-api may list and invoke them.",
    basis: REFERENCE,
    example: "false",
    feeds: Some("enable_bedrock"),
    ..Question::PLAIN
};

/// Whether the facts of the deployment are kept in the account.
pub const ENABLE_PARAMETER_STORE: Question = Question {
    key: "enable_parameter_store",
    label: "Parameter Store",
    default: Default::Flag(false),
    why: "Other automation may want to know what was made.",
    consequence: "With `true` the facts of the deployment are written under /DEPLOYMENT/.",
    basis: OURS,
    example: "false",
    feeds: Some("enable_parameter_store"),
    ..Question::PLAIN
};
