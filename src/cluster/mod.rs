//! Kubernetes reads: readiness with reasons, and the kubeconfig for those who change something.
//!
//! Start at [`kubeconfig`] for the file that helm gets.

pub mod kubeconfig;

pub use kubeconfig::Kubeconfig;
