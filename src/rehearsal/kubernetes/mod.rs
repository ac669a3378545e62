//! The simulated Kubernetes API of the simulated cluster.
//!
//! Appears when a live `aws_eks_cluster` is in the world, speaks TLS with the cluster's CA, and
//! runs workloads the way a cluster would: pods are scheduled on the nodes that node groups give,
//! pull their images from the world's registry, and become ready. Unmodified helm 3, helm 4 and
//! kubectl talk to it. Objects live in the store's table `kubernetes`, key
//! `GROUP/PLURAL/NAMESPACE/NAME` (group `core` for the core group, empty namespace for
//! cluster-scoped kinds).
//!
//! Start at [`serve`] for the way in, `api` for what happens to a request, `objects` for where
//! things are kept, `controllers` for what a cluster does by itself. What is not simulated:
//! schemas of built-in kinds (unknown fields are accepted), patterns and rules in the schemas of
//! custom resources, authorisation (a valid token may do everything), API versions other than those
//! in `kind`, calling a webhook (one that answers allows), preemption, cron jobs and autoscaling.

mod access;
mod admission;
mod api;
mod controllers;
mod delete;
mod discovery;
mod failure;
mod inventory;
mod kind;
mod mishaps;
mod objects;
mod openapi;
mod ownership;
mod patch;
mod protobuf;
mod quantity;
mod read;
mod request;
mod selector;
mod server;
mod subresource;
mod table;
mod value;
mod watch;
mod write;

pub use access::token;
pub use inventory::inventory;
pub use server::serve;
