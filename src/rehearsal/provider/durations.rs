//! How long AWS takes for what: typical times of public Terraform logs, per type and action.
//!
//! "Creation complete after" of 2021 to 2026 logs, median of the samples; where no log was found
//! the value is a guess and says so. The scenario may override each create by its type.

use std::time::Duration;

use super::value::Value;

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Create,
    Read,
    Update,
    Delete,
}

impl Action {
    /// As faults and the list of API actions name it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }

    /// As errors name it.
    pub(super) fn doing(self) -> &'static str {
        match self {
            Self::Create => "creating",
            Self::Read => "reading",
            Self::Update => "updating",
            Self::Delete => "deleting",
        }
    }
}

/// Seconds to create, update, delete. Samples in brackets.
#[rustfmt::skip]
const TYPICAL: &[(&str, u64, u64, u64)] = &[
    ("aws_db_instance", 445, 180, 285),             // one zone: 5:02 to 8:32 [8], delete 4:45 [1]
    ("aws_docdb_cluster", 200, 60, 200),            // create and delete 376 to 449 s in acceptance tests
    ("aws_docdb_cluster_instance", 380, 60, 200),   // no log; as Aurora's
    ("aws_efs_file_system", 12, 5, 5),              // [1]
    ("aws_efs_mount_target", 80, 5, 20),            // more than 1:00 [1]
    ("aws_eip", 1, 1, 9),                           // release 0:09 [1]
    ("aws_eks_addon", 30, 30, 10),                  // see `addon`
    ("aws_eks_cluster", 615, 480, 170),             // 7:53 to 12:45 [18], delete 1:09 to 8:42 [10]
    ("aws_eks_fargate_profile", 90, 60, 120),       // no log; a guess
    ("aws_eks_node_group", 135, 240, 380),          // CPU: 1:28 to 6:45 [14], delete 4:12 to 8:21 [4]
    ("aws_elasticache_replication_group", 480, 240, 300), // 5:58 to 9:15 [4]
    ("aws_iam_openid_connect_provider", 1, 1, 1),   // 0:00 to 0:02 [10]
    ("aws_iam_role", 1, 1, 1),                      // 0:01 to 0:03 [10]
    ("aws_internet_gateway", 1, 1, 15),
    ("aws_kms_key", 22, 5, 1),                      // 0:12 to 0:29 [9]
    ("aws_launch_template", 2, 1, 1),               // 0:01 to 0:07 [10]
    ("aws_lb", 150, 10, 30),                        // no log; a guess
    ("aws_mq_broker", 900, 300, 300),               // no log; a guess
    ("aws_nat_gateway", 105, 5, 56),                // 1:24 to 2:05 [19], delete 0:37 to 1:19 [8]
    ("aws_rds_cluster", 43, 60, 120),               // [1]
    ("aws_rds_cluster_instance", 381, 60, 300),     // 6:21 [1]
    ("aws_s3_bucket", 2, 1, 1),                     // 0:01 to 0:06 [5]
    ("aws_vpc", 12, 2, 1),                          // 0:06 to 0:18 [2]
    ("aws_vpc_endpoint", 6, 5, 8),                  // gateway: 0:03 to 0:07 [10]
];

/// The typical time of an action at a type.
pub(super) fn typical(type_name: &str, action: Action, object: &Value) -> Duration {
    let seconds = match (type_name, action) {
        (_, Action::Read) => 0,
        ("aws_eks_addon", Action::Create) => addon(object.text("addon_name")),
        ("aws_eks_node_group", Action::Create) if is_gpu(object) => 240,
        ("aws_db_instance", Action::Create) if object.field("multi_az").as_bool() == Some(true) => {
            // Stated as 15 to 20 min; RDS converts after creation.
            900
        }
        ("aws_vpc_endpoint", Action::Create) if object.text("vpc_endpoint_type") == "Interface" => {
            75
        }
        _ => match TYPICAL.binary_search_by(|row| row.0.cmp(type_name)) {
            Ok(at) => {
                let (_, create, update, delete) = TYPICAL[at];
                match action {
                    Action::Create => create,
                    Action::Update => update,
                    _ => delete,
                }
            }
            Err(_) => 1,
        },
    };
    Duration::from_secs(seconds)
}

/// How long it takes until a failure of the kind that comes minutes later is reported.
pub(super) fn until_failure(code: &str) -> Duration {
    Duration::from_secs(match code {
        // `health.issues` stays empty for 33 to 38 min; nodes that do not join: 15 to 20 min.
        "NodeCreationFailure" => 18 * 60,
        "ConfigurationConflict" => 60,
        _ => 35 * 60,
    })
}

fn addon(name: &str) -> u64 {
    match name {
        "coredns" => 15,
        "kube-proxy" => 24,
        "aws-ebs-csi-driver" => 54,
        "metrics-server" => 50,
        "eks-pod-identity-agent" => 25,
        // No log found for snapshot-controller and EFS.
        "snapshot-controller" | "aws-efs-csi-driver" => 35,
        _ => 30,
    }
}

fn is_gpu(node_group: &Value) -> bool {
    let gpu =
        |text: &str| text.starts_with('p') || text.starts_with('g') || text.contains("NVIDIA");
    node_group.texts("instance_types").iter().any(|t| gpu(t))
        || gpu(node_group.text("ami_type"))
        || node_group.text("capacity_type") == "CAPACITY_BLOCK"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_by_type() {
        for pair in TYPICAL.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} comes before {}", pair[0].0, pair[1].0);
        }
    }
}
