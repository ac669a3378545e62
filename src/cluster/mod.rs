//! Kubernetes reads: readiness with reasons, and the kubeconfig for those who change something.
//!
//! Asks the API of a cluster over its own certificate authority; changes nothing (helm does).
//! Start at [`Cluster`] for asking, [`Workloads`] and [`readiness`] for what the answers mean,
//! [`Watch`] for waiting, [`kubeconfig`] for the file that helm gets.

mod client;
pub mod kubeconfig;
mod pod;
pub mod readiness;
mod scheduling;
mod watch;
mod workloads;

pub use client::{Cluster, ClusterError, Door, Proxy, Tokens};
pub use kubeconfig::Kubeconfig;
pub use readiness::{Readiness, Verdict};
pub use watch::Watch;
pub use workloads::{Hooks, Workloads};
