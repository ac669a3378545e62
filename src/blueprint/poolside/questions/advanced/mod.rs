//! Page: advanced. All of it may stay as it is.

pub mod cluster;
pub mod database;
pub mod nodes;
pub mod options;

use crate::answers::Page;

/// The page.
pub const PAGE: Page = Page {
    id: "advanced",
    title: "Advanced",
    questions: &[
        &cluster::KUBERNETES_VERSION,
        &cluster::CLUSTER_SUPPORT_TYPE,
        &cluster::CLUSTER_LOG_TYPES,
        &cluster::LOG_RETENTION_DAYS,
        &nodes::CPU_INSTANCE_TYPE,
        &nodes::CPU_DESIRED_SIZE,
        &nodes::CPU_MIN_SIZE,
        &nodes::CPU_MAX_SIZE,
        &nodes::CPU_DISK_SIZE_GB,
        &nodes::CPU_AMI_ID,
        &nodes::GPU_DISK_SIZE_GB,
        &nodes::GPU_AMI_ID,
        &nodes::ENABLE_WEB_NODE_GROUP,
        &nodes::WEB_INSTANCE_TYPE,
        &nodes::WEB_DESIRED_SIZE,
        &nodes::WEB_MIN_SIZE,
        &nodes::WEB_MAX_SIZE,
        &nodes::WEB_DISK_SIZE_GB,
        &database::DATABASE_INSTANCE_CLASS,
        &database::DATABASE_MULTI_AZ,
        &database::DATABASE_ENGINE_VERSION,
        &database::DATABASE_ALLOCATED_STORAGE_GB,
        &database::DATABASE_MAX_ALLOCATED_STORAGE_GB,
        &database::DATABASE_BACKUP_RETENTION_DAYS,
        &options::ENABLE_LOG_AGGREGATION,
        &options::ENABLE_MARKETPLACE_METERING,
        &options::ENABLE_BEDROCK,
        &options::ENABLE_PARAMETER_STORE,
    ],
};
