//! Page: host name and certificate.

use super::{OURS, REFERENCE};
use crate::answers::value::{CertificateArn, Cidr, HostedZoneId, Hostname};
use crate::answers::{Answers, Choice, Default, Kind, Offers, Page, Question, Reference, Text};

/// The page.
pub const PAGE: Page = Page {
    id: "hostname",
    title: "Host name and certificate",
    questions: &[
        &PUBLIC_HOSTNAME,
        &INGRESS_CONTROLLER,
        &ACM_CERTIFICATE_ARN,
        &LOAD_BALANCER_SCHEME,
        &LOAD_BALANCER_INBOUND_CIDRS,
        &ROUTE53_ZONE_ID,
    ],
};

/// The name that users open.
pub const PUBLIC_HOSTNAME: Question = Question {
    key: "public_hostname",
    label: "Host name",
    kind: Kind::Text(Text::of::<Hostname>()),
    why: "Users open the platform under this name; it is in the ingress and in the redirect URI.",
    consequence: "Changing it later means a new redirect URI at the identity provider.",
    example: "\"poolside.acme.example\"",
    name: Reference::Confirmed,
    feeds: Some("public_hostname"),
    ..Question::PLAIN
};

/// How traffic enters.
pub const INGRESS_CONTROLLER: Question = Question {
    key: "ingress_controller",
    label: "Ingress",
    kind: Kind::Choice(&[
        Choice { value: "alb", meaning: "an Application Load Balancer, made by its controller" },
        Choice {
            value: "nginx",
            meaning: "NGINX in the cluster, for networks where that controller cannot run",
        },
    ]),
    default: Default::Text("alb"),
    why: "Traffic from users has to enter the cluster somewhere.",
    consequence: "With `alb` the load balancer ends TLS with a certificate of ACM; with `nginx` \
                  NGINX does, with one that you bring into the cluster.",
    basis: REFERENCE,
    example: "\"alb\"",
    feeds: Some("ingress_controller"),
    ..Question::PLAIN
};

/// Whether traffic enters by an Application Load Balancer.
pub(super) fn enters_by_alb(answers: &Answers) -> bool {
    answers.text(&INGRESS_CONTROLLER) == Some("alb")
}

/// The certificate that users see.
pub const ACM_CERTIFICATE_ARN: Question = Question {
    key: "acm_certificate_arn",
    label: "Certificate",
    kind: Kind::Text(Text::of::<CertificateArn>()),
    live: Some("the issued certificate that covers the host name and ends last"),
    applies: enters_by_alb,
    when: "with `ingress_controller = \"alb\"`",
    offers: Offers::Certificates,
    why: "The load balancer ends TLS with it; users see it in the browser.",
    consequence: "It has to be issued, in the region, and to cover the host name.",
    example: "\"arn:aws:acm:us-west-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef\"",
    name: Reference::OwnName,
    feeds: Some("acm_certificate_arn"),
    ..Question::PLAIN
};

/// Who can reach the load balancer at all.
pub const LOAD_BALANCER_SCHEME: Question = Question {
    key: "load_balancer_scheme",
    label: "Load balancer",
    kind: Kind::Choice(&[
        Choice { value: "internet-facing", meaning: "it has public addresses" },
        Choice { value: "internal", meaning: "only the VPC and what is connected to it reach it" },
    ]),
    default: Default::Text("internet-facing"),
    why: "Users come over the internet, or over a network of yours.",
    consequence: "With `internal` a network of yours has to be connected to the VPC.",
    basis: REFERENCE,
    example: "\"internet-facing\"",
    ..Question::PLAIN
};

/// Where users may come from.
pub const LOAD_BALANCER_INBOUND_CIDRS: Question = Question {
    key: "load_balancer_inbound_cidrs",
    label: "Users come from",
    kind: Kind::List { item: Text::of::<Cidr>(), min: 0, max: 40 },
    default: Default::List(&[]),
    why: "Only these ranges reach the platform; none named means all.",
    consequence: "Pods that open the platform by its public name come from the addresses of the \
                  NAT gateways, which have to be among them.",
    basis: OURS,
    example: "[\"8.8.4.0/24\"]",
    ..Question::PLAIN
};

/// Where the DNS record belongs.
pub const ROUTE53_ZONE_ID: Question = Question {
    key: "route53_zone_id",
    label: "Hosted zone",
    kind: Kind::Text(Text::of::<HostedZoneId>()),
    default: Default::Optional("the record is made wherever your DNS is kept"),
    live: Some("the hosted zone of the account that holds the host name"),
    offers: Offers::HostedZones,
    why: "The host name needs a record that points to the load balancer.",
    consequence: "What is to be done at the end names this zone of Route 53.",
    example: "\"Z0123456789ABCDEFGHIJ\"",
    ..Question::PLAIN
};
