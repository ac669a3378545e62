//! Page: profile and name.

use super::super::values::Profile;
use super::REFERENCE;
use crate::answers::value::DeploymentName;
use crate::answers::{Answers, Choice, Default, Kind, Page, Question, Reference, Text};

/// The page.
pub const PAGE: Page =
    Page { id: "profile", title: "Profile and name", questions: &[&PROFILE, &DEPLOYMENT_NAME] };

/// What is installed.
pub const PROFILE: Question = Question {
    key: "profile",
    label: "Profile",
    kind: Kind::Choice(&[
        Choice { value: "full", meaning: "the platform and models that run in the cluster" },
        Choice {
            value: "platform-only",
            meaning: "the platform alone; models are served elsewhere",
        },
    ]),
    default: Default::Text("full"),
    why: "It decides whether models run in this cluster, on GPUs, or somewhere else.",
    consequence: "With `full` there are GPU nodes, a place for checkpoints and an inference role; \
                  they are most of the cost.",
    basis: REFERENCE,
    example: "\"full\"",
    name: Reference::OwnName,
    feeds: Some("profile"),
    ..Question::PLAIN
};

/// What everything made is called.
pub const DEPLOYMENT_NAME: Question = Question {
    key: "deployment_name",
    label: "Deployment name",
    kind: Kind::Text(Text::of::<DeploymentName>()),
    why: "It begins the name of everything made: cluster, database, roles, image repositories, \
          buckets.",
    consequence: "It stays as it is: another name is another deployment.",
    example: "\"acme-prod\"",
    name: Reference::Confirmed,
    feeds: Some("deployment_name"),
    ..Question::PLAIN
};

impl Profile {
    /// The profile that was answered; `full` where none was.
    pub fn of(answers: &Answers) -> Self {
        match answers.text(&PROFILE) {
            Some("platform-only") => Self::PlatformOnly,
            _ => Self::Full,
        }
    }
}

/// Whether models run in this cluster.
pub(super) fn is_full(answers: &Answers) -> bool {
    Profile::of(answers) == Profile::Full
}

/// [`is_full`] in words.
pub(super) const WITH_FULL: &str = "with the profile `full`";
