//! Page: account and region.

use std::collections::BTreeMap;

use super::OURS;
use crate::answers::value::{AwsProfile, BucketName, Region, Tag};
use crate::answers::{Answers, Choice, Default, Kind, Offers, Page, Question, Reference, Text};

/// The page.
pub const PAGE: Page = Page {
    id: "account",
    title: "Account and region",
    questions: &[&AWS_PROFILE, &REGION, &TERRAFORM_STATE, &STATE_BUCKET, &TAGS],
};

/// Whose credentials are used.
pub const AWS_PROFILE: Question = Question {
    key: "aws_profile",
    label: "AWS profile",
    kind: Kind::Text(Text::of::<AwsProfile>()),
    default: Default::Optional("the environment decides, as for the aws command line"),
    offers: Offers::AwsProfiles,
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
    offers: Offers::Regions,
    why: "Everything is made in one region, and GPUs are not in every region.",
    consequence: "Zones, capacity and certificates are those of this region; it cannot change \
                  later.",
    example: "\"us-west-2\"",
    name: Reference::Confirmed,
    feeds: Some("region"),
    ..Question::PLAIN
};

/// Where the Terraform state is kept.
pub const TERRAFORM_STATE: Question = Question {
    key: "terraform_state",
    label: "Terraform state",
    kind: Kind::Choice(&[
        Choice { value: "s3", meaning: "an S3 bucket in this account, versioned and locked" },
        Choice { value: "local", meaning: "a file on this host only" },
    ]),
    default: Default::Text("s3"),
    why: "The state says what was made; with it lost, nothing can be changed or removed any more.",
    consequence: "With `s3` a bucket is made or found first; it cannot change later.",
    basis: OURS,
    example: "\"s3\"",
    ..Question::PLAIN
};

/// The bucket of the state.
pub const STATE_BUCKET: Question = Question {
    key: "state_bucket",
    label: "State bucket",
    kind: Kind::Text(Text::of::<BucketName>()),
    default: Default::Optional("made from the deployment name and the account"),
    applies: |answers| answers.text(&TERRAFORM_STATE) != Some("local"),
    when: "with the Terraform state in S3",
    why: "Names of buckets are the same for everybody; yours may have to follow a rule.",
    consequence: "The state is kept in it under the name of the deployment.",
    example: "\"acme-tfstate\"",
    ..Question::PLAIN
};

/// Tags for everything that can have tags.
pub const TAGS: Question = Question {
    key: "tags",
    label: "Tags",
    kind: Kind::List { item: Text::of::<Tag>(), min: 0, max: 40 },
    default: Default::List(&[]),
    why: "Some accounts demand tags on everything, for costs or for permissions.",
    consequence: "Everything that can have tags gets them, beside the tags of springboard.",
    basis: OURS,
    example: "[\"cost-centre=4711\", \"owner=ada\"]",
    ..Question::PLAIN
};

/// The tags by key.
pub fn tags(answers: &Answers) -> BTreeMap<String, String> {
    let tags: Vec<Tag> = answers.parsed_list(&TAGS);
    let pair = |tag: &Tag| {
        let (key, value) = tag.parts();
        (key.to_owned(), value.to_owned())
    };
    tags.iter().map(pair).collect()
}
