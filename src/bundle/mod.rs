//! What travels inside the binary, and the operator's deployment bundle.
//!
//! Owns [`embedded`] (our Terraform and assets) and the reading of what the operator was
//! delivered: container images in whatever form ([`containers`]), Helm charts ([`charts`]) and
//! model checkpoints ([`checkpoints`]). Reads only; nothing is unpacked and nothing is sent
//! (`transfer` does that). Start at [`DeploymentBundle::open`].

pub mod chart_values;
pub mod charts;
pub mod checkpoints;
pub mod containers;
mod deployment;
mod digest;
pub mod embedded;
mod pinned;
mod tar_index;

pub use charts::Chart;
pub use checkpoints::Checkpoint;
pub use containers::Image;
pub use deployment::{BundleError, DeploymentBundle};
pub use digest::Digest;
pub use pinned::Pinned;
