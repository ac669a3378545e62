//! Nodes: types, numbers, disks, images.

use super::super::profile::{WITH_FULL, is_full};
use super::super::{OLDER, OURS, REFERENCE};
use crate::answers::value::{AmiId, InstanceType};
use crate::answers::{Answers, Default, Kind, Question, Reference, Text, Value};

const COUNT: Kind = Kind::Number { min: 1, max: 450, unit: "nodes" };
const DISK: Kind = Kind::Number { min: 50, max: 16384, unit: "GB" };

/// The type of the CPU nodes.
pub const CPU_INSTANCE_TYPE: Question = Question {
    key: "cpu_instance_type",
    label: "CPU instance type",
    kind: Kind::Text(Text::of::<InstanceType>()),
    default: Default::Text("m5.4xlarge"),
    why: "The platform, the controllers and the add-ons run on these nodes.",
    consequence: "Smaller ones may not have room for all pods of the platform.",
    basis: REFERENCE,
    example: "\"m5.4xlarge\"",
    name: Reference::OwnName,
    feeds: Some("cpu_instance_type"),
    ..Question::PLAIN
};

/// How many CPU nodes.
pub const CPU_DESIRED_SIZE: Question = Question {
    key: "cpu_desired_size",
    label: "CPU nodes",
    kind: COUNT,
    default: Default::Number(3),
    why: "No node is added by itself: so many there are.",
    consequence: "Fewer than three survive the loss of a zone badly.",
    basis: REFERENCE,
    example: "3",
    name: Reference::OwnName,
    feeds: Some("cpu_desired_size"),
    ..Question::PLAIN
};

/// At least so many CPU nodes.
pub const CPU_MIN_SIZE: Question = Question {
    key: "cpu_min_size",
    label: "CPU nodes at least",
    kind: COUNT,
    default: Default::Derived {
        value: |answers| Some(Value::Number(answers.number(&CPU_DESIRED_SIZE)?.min(3))),
        how: "as many as cpu_desired_size, at most 3",
    },
    why: "Whoever scales the group later must not take away what the platform needs.",
    consequence: "The node group never has fewer.",
    basis: OLDER,
    example: "3",
    name: Reference::OwnName,
    feeds: Some("cpu_min_size"),
    ..Question::PLAIN
};

/// At most so many CPU nodes.
pub const CPU_MAX_SIZE: Question = Question {
    key: "cpu_max_size",
    label: "CPU nodes at most",
    kind: COUNT,
    default: Default::Derived {
        value: |answers| Some(Value::Number(answers.number(&CPU_DESIRED_SIZE)?.max(10))),
        how: "as many as cpu_desired_size, at least 10",
    },
    why: "It bounds what the group can cost, and what the quota has to allow.",
    consequence: "The node group never has more.",
    basis: OLDER,
    example: "10",
    name: Reference::OwnName,
    feeds: Some("cpu_max_size"),
    ..Question::PLAIN
};

/// The disk of a CPU node.
pub const CPU_DISK_SIZE_GB: Question = Question {
    key: "cpu_disk_size_gb",
    label: "Disk of a CPU node",
    kind: DISK,
    default: Default::Number(200),
    why: "Images and scratch files of pods lie on the disk of their node.",
    consequence: "Each node has an encrypted gp3 volume of this size.",
    basis: OLDER,
    example: "200",
    feeds: Some("cpu_disk_size_gb"),
    ..Question::PLAIN
};

/// An image of your own for the CPU nodes.
pub const CPU_AMI_ID: Question = Question {
    key: "cpu_ami_id",
    label: "CPU image",
    kind: Kind::Text(Text::of::<AmiId>()),
    default: Default::Optional("the Amazon Linux 2023 image that EKS recommends for the version"),
    why: "Some accounts allow only images that they have hardened themselves.",
    consequence: "CPU and web nodes start from it; it has to be Amazon Linux 2023 for EKS.",
    example: "\"ami-0123456789abcdef0\"",
    name: Reference::OwnName,
    feeds: Some("cpu_ami_id"),
    ..Question::PLAIN
};

/// The disk of a GPU node.
pub const GPU_DISK_SIZE_GB: Question = Question {
    key: "gpu_disk_size_gb",
    label: "Disk of a GPU node",
    kind: Kind::Number { min: 100, max: 16384, unit: "GB" },
    default: Default::Number(200),
    applies: is_full,
    when: WITH_FULL,
    why: "The images of inference are large, and lie on the disk of their node.",
    consequence: "Each node has an encrypted gp3 volume of this size.",
    basis: OLDER,
    example: "200",
    feeds: Some("gpu_disk_size_gb"),
    ..Question::PLAIN
};

/// An image of your own for the GPU nodes.
pub const GPU_AMI_ID: Question = Question {
    key: "gpu_ami_id",
    label: "GPU image",
    kind: Kind::Text(Text::of::<AmiId>()),
    default: Default::Optional(
        "the Amazon Linux 2023 NVIDIA image that EKS recommends for the version",
    ),
    applies: is_full,
    when: WITH_FULL,
    why: "Some accounts allow only images that they have hardened themselves.",
    consequence: "GPU nodes start from it; it has to bring NVIDIA's driver and container toolkit.",
    example: "\"ami-0123456789abcdef0\"",
    name: Reference::OwnName,
    feeds: Some("gpu_ami_id"),
    ..Question::PLAIN
};

/// Whether web-facing workloads have nodes of their own.
pub const ENABLE_WEB_NODE_GROUP: Question = Question {
    key: "enable_web_node_group",
    label: "Nodes for the web",
    default: Default::Flag(false),
    why: "Workloads that face users can be kept apart from the rest.",
    consequence: "With `true` there is a third node group, for them alone.",
    basis: OURS,
    example: "false",
    feeds: Some("enable_web_node_group"),
    ..Question::PLAIN
};

/// What questions about web nodes have in common.
const WEB: Question = Question {
    applies: has_web_nodes,
    when: "with `enable_web_node_group`",
    basis: OURS,
    ..Question::PLAIN
};

fn has_web_nodes(answers: &Answers) -> bool {
    answers.flag(&ENABLE_WEB_NODE_GROUP)
}

/// The type of the web nodes.
pub const WEB_INSTANCE_TYPE: Question = Question {
    key: "web_instance_type",
    label: "Web instance type",
    kind: Kind::Text(Text::of::<InstanceType>()),
    default: Default::Text("m5.xlarge"),
    why: "The web-facing workloads run on these nodes.",
    consequence: "Smaller ones may not have room for all of their pods.",
    example: "\"m5.xlarge\"",
    feeds: Some("web_instance_type"),
    ..WEB
};

/// How many web nodes.
pub const WEB_DESIRED_SIZE: Question = Question {
    key: "web_desired_size",
    label: "Web nodes",
    kind: COUNT,
    default: Default::Number(2),
    why: "No node is added by itself: so many there are.",
    consequence: "With one, users notice when it is replaced.",
    example: "2",
    feeds: Some("web_desired_size"),
    ..WEB
};

/// At least so many web nodes.
pub const WEB_MIN_SIZE: Question = Question {
    key: "web_min_size",
    label: "Web nodes at least",
    kind: COUNT,
    default: Default::Derived {
        value: |answers| Some(Value::Number(answers.number(&WEB_DESIRED_SIZE)?.min(2))),
        how: "as many as web_desired_size, at most 2",
    },
    why: "Whoever scales the group later must not take away what users need.",
    consequence: "The node group never has fewer.",
    example: "2",
    feeds: Some("web_min_size"),
    ..WEB
};

/// At most so many web nodes.
pub const WEB_MAX_SIZE: Question = Question {
    key: "web_max_size",
    label: "Web nodes at most",
    kind: COUNT,
    default: Default::Derived {
        value: |answers| Some(Value::Number(answers.number(&WEB_DESIRED_SIZE)?.max(4))),
        how: "as many as web_desired_size, at least 4",
    },
    why: "It bounds what the group can cost, and what the quota has to allow.",
    consequence: "The node group never has more.",
    example: "4",
    feeds: Some("web_max_size"),
    ..WEB
};

/// The disk of a web node.
pub const WEB_DISK_SIZE_GB: Question = Question {
    key: "web_disk_size_gb",
    label: "Disk of a web node",
    kind: DISK,
    default: Default::Number(100),
    why: "Images and scratch files of pods lie on the disk of their node.",
    consequence: "Each node has an encrypted gp3 volume of this size.",
    example: "100",
    feeds: Some("web_disk_size_gb"),
    ..WEB
};
