//! Page: account and region.

use crate::answers::value::{AwsProfile, Region};
use crate::answers::{Default, Kind, Page, Question, Reference, Text};

/// The page.
pub const PAGE: Page =
    Page { id: "account", title: "Account and region", questions: &[&AWS_PROFILE, &REGION] };

/// Whose credentials are used.
pub const AWS_PROFILE: Question = Question {
    key: "aws_profile",
    label: "AWS profile",
    kind: Kind::Text(Text::of::<AwsProfile>()),
    default: Default::Optional("the environment decides, as for the aws command line"),
    why: "It names the credentials, and with them the account, that everything is made with.",
    consequence: "Terraform, Helm and springboard itself all act as this principal.",
    example: "\"acme-installer\"",
    ..Question::PLAIN
};

/// Where everything is made.
pub const REGION: Question = Question {
    key: "region",
    label: "Region",
    kind: Kind::Text(Text::of::<Region>()),
    live: Some("the region that the AWS profile names"),
    why: "Everything is made in one region, and GPUs are not in every region.",
    consequence: "Zones, capacity and certificates are those of this region; it cannot change \
                  later.",
    example: "\"us-west-2\"",
    name: Reference::Confirmed,
    feeds: Some("region"),
    ..Question::PLAIN
};
