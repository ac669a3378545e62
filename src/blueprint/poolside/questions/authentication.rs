//! Page: authentication. Neither way needs a secret here: the Console asks for it at first login.

use super::REFERENCE;
use super::profile::DEPLOYMENT_NAME;
use crate::answers::value::{DomainPrefix, IssuerUrl};
use crate::answers::{Default, Kind, Page, Question, Reference, Text};

/// The page.
pub const PAGE: Page = Page {
    id: "authentication",
    title: "Authentication",
    questions: &[&ENABLE_COGNITO, &COGNITO_DOMAIN_PREFIX, &OIDC_ISSUER],
};

/// Who keeps the users.
pub const ENABLE_COGNITO: Question = Question {
    key: "enable_cognito",
    label: "Amazon Cognito",
    default: Default::Flag(false),
    why: "Users log in with your identity provider (OIDC), or with a user pool made here.",
    consequence: "With `true` a user pool, a client and a domain are made. Either way the Console \
                  asks for URL, client id and secret at first login.",
    basis: REFERENCE,
    example: "false",
    name: Reference::Confirmed,
    feeds: Some("enable_cognito"),
    ..Question::PLAIN
};

/// Where Cognito's own login page is.
pub const COGNITO_DOMAIN_PREFIX: Question = Question {
    key: "cognito_domain_prefix",
    label: "Domain prefix",
    kind: Kind::Text(Text::of::<DomainPrefix>()),
    default: Default::Derived {
        value: |answers| answers.text(&DEPLOYMENT_NAME).map(Into::into),
        how: "the deployment name",
    },
    applies: |answers| answers.flag(&ENABLE_COGNITO),
    when: "with `enable_cognito`",
    why: "The domain of the login page is unique in the region, over all accounts.",
    consequence: "The login page is at PREFIX.auth.REGION.amazoncognito.com.",
    basis: super::OURS,
    example: "\"acme-prod-login\"",
    feeds: Some("cognito_domain_prefix"),
    ..Question::PLAIN
};

/// Your identity provider, to look at before the start.
pub const OIDC_ISSUER: Question = Question {
    key: "oidc_issuer",
    label: "Issuer to check",
    kind: Kind::Text(Text::of::<IssuerUrl>()),
    default: Default::Optional("your identity provider is not looked at before first login"),
    applies: |answers| !answers.flag(&ENABLE_COGNITO),
    when: "without `enable_cognito`",
    why: "A wrong issuer would otherwise show at first login only.",
    consequence: "It is looked at, and goes into nothing that is made.",
    example: "\"https://idp.acme.example/realms/main\"",
    ..Question::PLAIN
};
