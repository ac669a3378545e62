//! How long the stages take, before this host has learned it from a run of its own.
//!
//! Only what public logs of Terraform show is stated; transfers depend on the line, and GPU nodes
//! of these types are in no log that was found, so they are unknown.

use std::collections::BTreeMap;

use serde::Serialize;

use super::questions::advanced::database::DATABASE_MULTI_AZ;
use super::questions::network::ENABLE_NAT_GATEWAY;
use super::values::Profile;
use crate::answers::Answers;

/// How long a stage takes, about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StageTime {
    /// The stage.
    pub stage: &'static str,
    /// About how many seconds; absent where nothing is known.
    pub seconds: Option<u64>,
    /// What that rests on.
    pub basis: &'static str,
}

const NAT_GATEWAY: u64 = 105;
const KEY: u64 = 22;
const CLUSTER: u64 = 615;
const VPC_CNI: u64 = 30;
const CPU_NODES: u64 = 135;
const ADD_ONS: u64 = 55;
const DATABASE_TWO_ZONES: u64 = 900;
const DATABASE_ONE_ZONE: u64 = 445;

/// How long each stage takes, in their order.
pub fn stage_times(answers: &Answers) -> Vec<StageTime> {
    let unknown = |stage, basis| StageTime { stage, seconds: None, basis };
    let mut times = vec![
        foundation(answers),
        unknown("images", "depends on the size of the images and on the line"),
        unknown("prerequisites", "no measurement is known"),
        unknown("platform", "no measurement is known"),
    ];
    if Profile::of(answers) == Profile::Full {
        times.push(unknown("gpu", "no public log of these instance types was found"));
        times
            .push(unknown("checkpoints", "depends on the size of the checkpoints and on the line"));
        times.push(unknown("inference", "depends on the size of the models"));
    }
    times.push(unknown("converge", "no measurement is known"));
    times
}

/// How long single resources take, by type, and the stages of which that is known.
pub fn usual_times(answers: &Answers) -> BTreeMap<String, u64> {
    let database =
        if answers.flag(&DATABASE_MULTI_AZ) { DATABASE_TWO_ZONES } else { DATABASE_ONE_ZONE };
    let resources = [
        ("aws_nat_gateway", NAT_GATEWAY),
        ("aws_kms_key", KEY),
        ("aws_eks_cluster", CLUSTER),
        ("aws_eks_node_group", CPU_NODES),
        ("aws_eks_addon", ADD_ONS),
        ("aws_db_instance", database),
    ];
    let resources = resources.into_iter().map(|(kind, seconds)| (kind.to_owned(), seconds));
    let stages = stage_times(answers).into_iter();
    let stages = stages.filter_map(|time| Some((format!("stage/{}", time.stage), time.seconds?)));
    resources.chain(stages).collect()
}

/// The longest chain of what waits for each other.
fn foundation(answers: &Answers) -> StageTime {
    let nat = if answers.flag(&ENABLE_NAT_GATEWAY) { NAT_GATEWAY } else { 0 };
    // Nodes need a way out, so they wait for the gateways as well as for the cluster.
    let nodes = (KEY + CLUSTER + VPC_CNI).max(nat) + CPU_NODES + ADD_ONS;
    let (database, basis) = if answers.flag(&DATABASE_MULTI_AZ) {
        (
            DATABASE_TWO_ZONES,
            "typical times in public Terraform logs of 2021 to 2026; about 15 min for a database \
             in two zones is unconfirmed",
        )
    } else {
        (DATABASE_ONE_ZONE, "typical times in public Terraform logs of 2021 to 2026")
    };
    let seconds = Some(nodes.max(KEY + database));
    StageTime { stage: "foundation", seconds, basis }
}
