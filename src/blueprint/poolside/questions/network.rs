//! Page: network.

use super::{OURS, REFERENCE};
use crate::answers::value::{Cidr, ZoneName};
use crate::answers::{Answers, Default, Kind, Offers, Page, Question, Reference, Text};

/// The page.
pub const PAGE: Page = Page {
    id: "network",
    title: "Network",
    questions: &[
        &VPC_CIDR,
        &SERVICE_CIDR,
        &AVAILABILITY_ZONES,
        &AVAILABILITY_ZONE_COUNT,
        &ENABLE_NAT_GATEWAY,
        &SINGLE_NAT_GATEWAY,
    ],
};

/// The addresses of the network.
pub const VPC_CIDR: Question = Question {
    key: "vpc_cidr",
    label: "VPC range",
    kind: Kind::Text(Text::of::<Cidr>()),
    default: Default::Text("10.0.0.0/16"),
    live: Some("the first /16 that no VPC of the region overlaps"),
    offers: Offers::FreeRange,
    why: "The VPC is dedicated; networks that are connected to it must not overlap.",
    consequence: "The three tiers of subnets are cut from it; it cannot change later.",
    basis: OURS,
    example: "\"10.40.0.0/16\"",
    name: Reference::OwnName,
    feeds: Some("vpc_cidr"),
    ..Question::PLAIN
};

/// The addresses of Kubernetes services.
pub const SERVICE_CIDR: Question = Question {
    key: "service_cidr",
    label: "Service range",
    kind: Kind::Text(Text::of::<Cidr>()),
    default: Default::Derived {
        value: |answers| Some(free_service_range(answers).into()),
        how: "172.20.0.0/16, or 10.100.0.0/16 where the VPC overlaps that",
    },
    why: "Kubernetes services get addresses of their own, inside the cluster only.",
    consequence: "Pods cannot reach anything outside that has an address in this range; it cannot \
                  change later.",
    basis: "the ranges that EKS itself takes",
    example: "\"172.20.0.0/16\"",
    feeds: Some("service_cidr"),
    ..Question::PLAIN
};

fn free_service_range(answers: &Answers) -> &'static str {
    let usual = "172.20.0.0/16";
    let overlaps = answers
        .parsed::<Cidr>(&VPC_CIDR)
        .zip(usual.parse().ok())
        .is_some_and(|(vpc, usual)| vpc.overlaps(usual));
    if overlaps { "10.100.0.0/16" } else { usual }
}

/// The zones of the network.
pub const AVAILABILITY_ZONES: Question = Question {
    key: "availability_zones",
    label: "Zones",
    kind: Kind::List { item: Text::of::<ZoneName>(), min: 0, max: 3 },
    default: Default::List(&[]),
    live: Some("the zones of the region that can host EKS, the zone of the GPUs among them"),
    offers: Offers::Zones,
    why: "The network and the control plane lie in two or three zones.",
    consequence: "Where none are named they are chosen, the zone of the GPUs among them; they \
                  cannot change later.",
    basis: OURS,
    example: "[\"us-west-2a\", \"us-west-2c\"]",
    name: Reference::OwnName,
    feeds: Some("availability_zones"),
    ..Question::PLAIN
};

/// How many zones are chosen.
pub const AVAILABILITY_ZONE_COUNT: Question = Question {
    key: "availability_zone_count",
    label: "Number of zones",
    kind: Kind::Number { min: 2, max: 3, unit: "zones" },
    default: Default::Number(2),
    applies: |answers| answers.list(&AVAILABILITY_ZONES).is_empty(),
    when: "where no zones are named",
    why: "A third zone survives more and costs a third NAT gateway.",
    consequence: "So many zones are chosen.",
    basis: "the cost baseline of the reference architecture v1.2, which has two NAT gateways",
    example: "2",
    feeds: Some("availability_zone_count"),
    ..Question::PLAIN
};

/// Whether there are NAT gateways.
pub const ENABLE_NAT_GATEWAY: Question = Question {
    key: "enable_nat_gateway",
    label: "NAT gateways",
    default: Default::Flag(true),
    why: "Nodes in private subnets need a way to the internet and to the endpoints of AWS.",
    consequence: "With `false` you provide that way yourself before nodes are made; without it \
                  they do not join.",
    basis: REFERENCE,
    example: "true",
    feeds: Some("enable_nat_gateway"),
    ..Question::PLAIN
};

/// Whether one NAT gateway serves all zones.
pub const SINGLE_NAT_GATEWAY: Question = Question {
    key: "single_nat_gateway",
    label: "One NAT gateway",
    default: Default::Flag(false),
    applies: |answers| answers.flag(&ENABLE_NAT_GATEWAY),
    when: "with `enable_nat_gateway`",
    why: "One shared gateway is cheaper than one in each zone.",
    consequence: "With `true` a failure of its zone cuts off the others.",
    basis: REFERENCE,
    example: "false",
    name: Reference::Confirmed,
    feeds: Some("single_nat_gateway"),
    ..Question::PLAIN
};
