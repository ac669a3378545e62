//! Page: GPU capacity. It comes before the network, because the zone that has the GPUs decides
//! the zones of the network.

use super::profile::{WITH_FULL, is_full};
use super::{OURS, REFERENCE};
use crate::answers::value::{ReservationId, ZoneName};
use crate::answers::{
    Answers, Choice, Default, Kind, Offers, Page, Question, Reference, Text, Value,
};

/// The page.
pub const PAGE: Page = Page {
    id: "gpu",
    title: "GPU capacity",
    questions: &[
        &GPU_INSTANCE_TYPE,
        &GPU_CAPACITY_RESERVATION_ID,
        &GPU_CAPACITY,
        &GPU_AVAILABILITY_ZONE,
        &GPU_DESIRED_SIZE,
        &GPU_MIN_SIZE,
        &GPU_MAX_SIZE,
    ],
};

/// What questions of this page have in common.
const GPU: Question =
    Question { applies: is_full, when: WITH_FULL, name: Reference::OwnName, ..Question::PLAIN };

/// The type of the GPU nodes.
pub const GPU_INSTANCE_TYPE: Question = Question {
    key: "gpu_instance_type",
    label: "GPU instance type",
    kind: Kind::Choice(&[
        Choice { value: "p5e.48xlarge", meaning: "8 x H200; hardly ever offered On-Demand" },
        Choice { value: "p5en.48xlarge", meaning: "8 x H200; also On-Demand in some regions" },
        Choice { value: "p5.48xlarge", meaning: "8 x H100; below the stated minimum" },
    ]),
    default: Default::Text("p5e.48xlarge"),
    why: "Models are served on nodes of eight GPUs of this type.",
    consequence: "It has to fit the reservation, if there is one, and to be offered in the zone.",
    basis: REFERENCE,
    example: "\"p5e.48xlarge\"",
    feeds: Some("gpu_instance_type"),
    ..GPU
};

/// Capacity that was set aside.
pub const GPU_CAPACITY_RESERVATION_ID: Question = Question {
    key: "gpu_capacity_reservation_id",
    label: "Capacity reservation",
    kind: Kind::Text(Text::of::<ReservationId>()),
    default: Default::Optional("plain On-Demand capacity, which may not be there"),
    live: Some("a reservation or Capacity Block of the account that fits"),
    offers: Offers::Reservations,
    why: "GPUs of these types are scarce: without capacity set aside, nodes may not start.",
    consequence: "GPU nodes start in the zone of the reservation only, and that zone joins the \
                  network.",
    example: "\"cr-0123456789abcdef0\"",
    feeds: Some("gpu_capacity_reservation_id"),
    ..GPU
};

/// How the capacity is held.
pub const GPU_CAPACITY: Question = Question {
    key: "gpu_capacity",
    label: "Kind of GPU capacity",
    kind: Kind::Choice(&[
        Choice { value: "on-demand", meaning: "what is free at the moment; no promise" },
        Choice { value: "reservation", meaning: "an On-Demand Capacity Reservation" },
        Choice { value: "capacity-block", meaning: "a Capacity Block with fixed dates" },
    ]),
    default: Default::Derived {
        value: |answers| Some(presumed_capacity(answers).into()),
        how: "`reservation` where a capacity reservation is named, else `on-demand`",
    },
    live: Some("the kind of the capacity reservation"),
    offers: Offers::ReservationKind,
    why: "A Capacity Block is launched into in another way than a reservation.",
    consequence: "A block ends on its date: EKS empties the node group 40 minutes before.",
    basis: OURS,
    example: "\"capacity-block\"",
    feeds: Some("gpu_capacity"),
    ..GPU
};

fn presumed_capacity(answers: &Answers) -> &'static str {
    match answers.text(&GPU_CAPACITY_RESERVATION_ID) {
        Some(_) => "reservation",
        None => "on-demand",
    }
}

/// Where the GPU nodes run.
pub const GPU_AVAILABILITY_ZONE: Question = Question {
    key: "gpu_availability_zone",
    label: "Zone of the GPU nodes",
    kind: Kind::Text(Text::of::<ZoneName>()),
    default: Default::Optional("the zone of the reservation; any zone of the network without one"),
    live: Some("the zone of the capacity reservation"),
    offers: Offers::GpuZone,
    why: "A node group that is given a zone without the instance type cannot start.",
    consequence: "The zone joins the network, and GPU nodes run only there.",
    example: "\"us-west-2c\"",
    name: Reference::Addition,
    feeds: Some("gpu_availability_zone"),
    ..GPU
};

/// How many GPU nodes.
pub const GPU_DESIRED_SIZE: Question = Question {
    key: "gpu_desired_size",
    label: "GPU nodes",
    kind: Kind::Number { min: 0, max: 64, unit: "nodes" },
    default: Default::Number(1),
    why: "Each node has eight GPUs; the models have to fit on them.",
    consequence: "Each node takes 192 vCPU of the quota, or one instance of the reservation.",
    basis: REFERENCE,
    example: "1",
    feeds: Some("gpu_desired_size"),
    ..GPU
};

/// At least so many GPU nodes.
pub const GPU_MIN_SIZE: Question = Question {
    key: "gpu_min_size",
    label: "GPU nodes at least",
    kind: Kind::Number { min: 0, max: 64, unit: "nodes" },
    default: Default::Number(0),
    why: "A group that may shrink to nothing can be emptied before an update.",
    consequence: "The node group never has fewer.",
    basis: OURS,
    example: "0",
    feeds: Some("gpu_min_size"),
    ..GPU
};

/// At most so many GPU nodes.
pub const GPU_MAX_SIZE: Question = Question {
    key: "gpu_max_size",
    label: "GPU nodes at most",
    kind: Kind::Number { min: 1, max: 64, unit: "nodes" },
    default: Default::Derived {
        value: |answers| Some(Value::Number(answers.number(&GPU_DESIRED_SIZE)?.max(1))),
        how: "as many as gpu_desired_size, at least 1",
    },
    why: "It bounds what the most expensive part of the installation can cost.",
    consequence: "The node group never has more.",
    basis: OURS,
    example: "2",
    feeds: Some("gpu_max_size"),
    ..GPU
};
