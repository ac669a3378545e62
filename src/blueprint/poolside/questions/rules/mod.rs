//! Rules between answers. Each names the keys that it is about, the one to change first.
//!
//! What only the account can say (whether a zone offers a type, whether a certificate is issued)
//! is no rule but a check of the preflight.

mod capacity;
mod network;
mod workload;

use crate::answers::{Conflict, Question, Rule};

/// All rules, in the order of the pages.
pub(super) const RULES: &[Rule] = &[
    Rule { id: "capacity-names-its-reservation", check: capacity::names_its_reservation },
    Rule { id: "gpu-zone-in-region", check: capacity::zone_in_region },
    Rule { id: "gpu-zone-in-network", check: capacity::zone_in_network },
    Rule { id: "gpu-sizes", check: capacity::sizes },
    Rule { id: "vpc-range", check: network::vpc_range },
    Rule { id: "service-range", check: network::service_range },
    Rule { id: "ranges-apart", check: network::ranges_apart },
    Rule { id: "zones", check: network::zones },
    Rule { id: "zones-in-region", check: network::zones_in_region },
    Rule { id: "one-nat-needs-nat", check: network::one_nat_needs_nat },
    Rule { id: "certificate-in-region", check: network::certificate_in_region },
    Rule { id: "tags-once", check: workload::tags_once },
    Rule { id: "closed-endpoint", check: network::closed_endpoint },
    Rule { id: "public-ranges", check: network::public_ranges },
    Rule { id: "cognito-prefix", check: workload::cognito_prefix },
    Rule { id: "boundary-partition", check: workload::boundary_partition },
    Rule { id: "administrators-partition", check: workload::administrators_partition },
    Rule { id: "kubernetes-version", check: workload::kubernetes_version },
    Rule { id: "cpu-architecture", check: workload::cpu_architecture },
    Rule { id: "cpu-sizes", check: workload::cpu_sizes },
    Rule { id: "web-architecture", check: workload::web_architecture },
    Rule { id: "web-sizes", check: workload::web_sizes },
    Rule { id: "log-retention", check: workload::log_retention },
    Rule { id: "database-version", check: workload::database_version },
    Rule { id: "database-storage", check: workload::database_storage },
    Rule { id: "upload-or-bucket", check: workload::upload_or_bucket },
    Rule { id: "bucket-key-in-region", check: workload::bucket_key_in_region },
    Rule { id: "models-in-full", check: workload::models_in_full },
    Rule { id: "models-named", check: workload::models_named },
    Rule { id: "models-in-bucket", check: workload::models_in_bucket },
    Rule { id: "models-fit", check: workload::models_fit },
    Rule { id: "departures-known", check: workload::departures_known },
];

/// A conflict where `wrong` holds.
fn conflict(
    wrong: bool,
    questions: &[&Question],
    text: impl FnOnce() -> String,
) -> Option<Conflict> {
    wrong.then(|| Conflict::new(questions, text()))
}
