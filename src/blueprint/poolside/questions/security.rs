//! Page: security.

use super::{OURS, REFERENCE};
use crate::answers::value::{Cidr, PemBundle, PolicyArn, PrincipalArn};
use crate::answers::{Answers, Default, Kind, Offers, Page, Question, Reference, Text};

/// The page.
pub const PAGE: Page = Page {
    id: "security",
    title: "Security",
    questions: &[
        &CLUSTER_ENDPOINT_PUBLIC_ACCESS,
        &CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS,
        &ALLOW_OPEN_ENDPOINT,
        &CLUSTER_ADMIN_PRINCIPAL_ARNS,
        &PERMISSIONS_BOUNDARY_ARN,
        &CUSTOM_CA_BUNDLE,
        &DELETION_PROTECTION,
        &KMS_DELETION_WINDOW_DAYS,
    ],
};

fn has_public_endpoint(answers: &Answers) -> bool {
    answers.flag(&CLUSTER_ENDPOINT_PUBLIC_ACCESS)
}

const WITH_PUBLIC_ENDPOINT: &str = "with `cluster_endpoint_public_access`";

/// Whether the Kubernetes API can be reached from outside of the VPC.
pub const CLUSTER_ENDPOINT_PUBLIC_ACCESS: Question = Question {
    key: "cluster_endpoint_public_access",
    label: "Public endpoint",
    default: Default::Flag(true),
    why: "The Kubernetes API has a private endpoint in any case, and a public one if wanted.",
    consequence: "With `false` springboard has to run inside the VPC.",
    basis: REFERENCE,
    example: "true",
    feeds: Some("cluster_endpoint_public_access"),
    ..Question::PLAIN
};

/// Who reaches the Kubernetes API from outside.
pub const CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS: Question = Question {
    key: "cluster_endpoint_public_access_cidrs",
    label: "API allowlist",
    kind: Kind::List { item: Text::of::<Cidr>(), min: 1, max: 40 },
    applies: has_public_endpoint,
    when: WITH_PUBLIC_ENDPOINT,
    live: Some("the address that this host has as AWS sees it, offered with length 32"),
    offers: Offers::OwnAddress,
    why: "Only these addresses reach the Kubernetes API from the internet.",
    consequence: "This host has to be among them, because Helm runs from here; others get a \
                  timeout.",
    example: "[\"8.8.4.0/24\"]",
    name: Reference::Confirmed,
    feeds: Some("cluster_endpoint_public_access_cidrs"),
    ..Question::PLAIN
};

/// Whether the whole internet may be on the allowlist.
pub const ALLOW_OPEN_ENDPOINT: Question = Question {
    key: "allow_open_endpoint",
    label: "Accept open endpoint",
    default: Default::Flag(false),
    applies: has_public_endpoint,
    when: WITH_PUBLIC_ENDPOINT,
    why: "0.0.0.0/0 on the allowlist is refused, unless it is wanted.",
    consequence: "With `true` the whole internet may reach the Kubernetes API.",
    basis: OURS,
    example: "false",
    feeds: Some("allow_open_endpoint"),
    ..Question::PLAIN
};

/// Who administers the cluster.
pub const CLUSTER_ADMIN_PRINCIPAL_ARNS: Question = Question {
    key: "cluster_admin_principal_arns",
    label: "Cluster administrators",
    kind: Kind::List { item: Text::of::<PrincipalArn>(), min: 0, max: 100 },
    default: Default::List(&[]),
    offers: Offers::OwnPrincipal,
    why: "Access to the cluster is given by entries for IAM roles and users.",
    consequence: "They administer the cluster, beside the principal that makes it.",
    basis: OURS,
    example: "[\"arn:aws:iam::123456789012:role/Admins\"]",
    name: Reference::OwnName,
    feeds: Some("cluster_admin_principal_arns"),
    ..Question::PLAIN
};

/// What bounds every role.
pub const PERMISSIONS_BOUNDARY_ARN: Question = Question {
    key: "permissions_boundary_arn",
    label: "Permissions boundary",
    kind: Kind::Text(Text::of::<PolicyArn>()),
    default: Default::Optional("roles without a boundary"),
    offers: Offers::Boundaries,
    why: "Some accounts allow new roles only with a permissions boundary.",
    consequence: "It is on every role that is made; one that is too narrow shows late, as pods \
                  that are denied.",
    example: "\"arn:aws:iam::123456789012:policy/Boundary\"",
    name: Reference::OwnName,
    feeds: Some("permissions_boundary_arn"),
    ..Question::PLAIN
};

/// Certificates to trust beside the usual ones.
pub const CUSTOM_CA_BUNDLE: Question = Question {
    key: "custom_ca_bundle",
    label: "CA bundle",
    kind: Kind::Text(Text::of::<PemBundle>()),
    default: Default::Optional("the certificates that the system trusts"),
    live: Some("the file that SSL_CERT_FILE or AWS_CA_BUNDLE names"),
    offers: Offers::CaFile,
    why: "A proxy that opens TLS, or a private certificate authority, has to be trusted.",
    consequence: "The tools on this host and the workloads in the cluster trust it too.",
    example: "\"/etc/ssl/certs/acme-root.pem\"",
    name: Reference::OwnName,
    ..Question::PLAIN
};

/// Whether cluster and database refuse to be deleted.
pub const DELETION_PROTECTION: Question = Question {
    key: "deletion_protection",
    label: "Deletion protection",
    default: Default::Flag(true),
    why: "A slip must not delete the cluster or the database.",
    consequence: "With `true` it has to be switched off before either can be deleted.",
    basis: OURS,
    example: "true",
    feeds: Some("deletion_protection"),
    ..Question::PLAIN
};

/// How long a deleted key can be brought back.
pub const KMS_DELETION_WINDOW_DAYS: Question = Question {
    key: "kms_deletion_window_days",
    label: "Key deletion window",
    kind: Kind::Number { min: 7, max: 30, unit: "days" },
    default: Default::Number(30),
    why: "What a deleted key encrypted is lost with it.",
    consequence: "For so many days a deleted key can be brought back.",
    basis: "the longest that KMS allows",
    example: "30",
    feeds: Some("kms_deletion_window_days"),
    ..Question::PLAIN
};
