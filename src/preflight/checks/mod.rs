//! The checks of every blueprint, one subject a file.

pub(super) mod credentials;
mod environment;
mod gpu;
mod host;
mod hostname;
mod identity;
mod kubernetes;
mod names;
mod network;
pub(super) mod permissions;
mod quotas;
mod reachability;
mod tools;

pub(in crate::preflight) use network::CANNOT_HOST_EKS;

use super::Check;

/// The catalogue, in display order; ids are those of `--skip-check`.
pub const CHECKS: &[&Check] = &[
    &tools::ENGINE,
    &tools::HELM,
    &tools::KUBECTL,
    &tools::AWS,
    &environment::TERRAFORM_ARGUMENTS,
    &environment::TERRAFORM_PLACE,
    &environment::TERRAFORM_LOG,
    &environment::TERRAFORM_CONFIGURATION,
    &environment::TERRAFORM_VARIABLES,
    &environment::HELM_VARIABLES,
    &host::STATE_FOLDER,
    &host::DISK,
    &host::MEMORY,
    &host::OPEN_FILES,
    &host::CLOCK,
    &host::ANSWERS,
    &identity::ACCOUNT,
    &identity::REGION,
    &identity::OWN_ARNS,
    &credentials::CREDENTIALS,
    &permissions::PERMISSIONS,
    &permissions::DRY_RUN,
    &permissions::BOUNDARY_WANTED,
    &permissions::BOUNDARY_EXISTS,
    &permissions::BOUNDARY_WIDTH,
    &quotas::P_VCPUS,
    &quotas::STANDARD_VCPUS,
    &quotas::ADDRESSES,
    &quotas::VPCS,
    &quotas::INTERNET_GATEWAYS,
    &quotas::NAT_GATEWAYS,
    &quotas::LOAD_BALANCERS,
    &quotas::CLUSTERS,
    &quotas::DATABASES,
    &quotas::KEYS,
    &quotas::BUCKETS,
    &quotas::ROLES,
    &gpu::RESERVATION,
    &gpu::CAPACITY,
    &gpu::WINDOW,
    &gpu::ZONE,
    &network::VPC_RANGE,
    &network::VPC_OVERLAP,
    &network::SERVICE_RANGE,
    &network::ZONES,
    &network::ALLOWLIST,
    &network::OPEN_ENDPOINT,
    &reachability::ENDPOINTS,
    &reachability::INTERCEPTION,
    &reachability::PROXY,
    &reachability::CUSTOM_CA,
    &names::ROLES,
    &names::LOG_GROUPS,
    &names::KEY_ALIASES,
    &names::BUCKETS,
    &names::REPOSITORIES,
    &names::DATABASE,
    &names::CLUSTER,
    &names::LAUNCH_TEMPLATES,
    &names::USER_POOL_DOMAIN,
    &names::SECRETS,
    &hostname::CERTIFICATE,
    &hostname::NAMES,
    &hostname::END,
    &hostname::ZONE,
    &kubernetes::VERSION,
    &kubernetes::ADDONS,
    &kubernetes::INSTANCE_TYPES,
];
