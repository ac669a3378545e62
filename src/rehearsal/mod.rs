//! The simulated world: an AWS account, a Kubernetes cluster, a registry and S3 on loopback.
//!
//! The only module that knows that it is a rehearsal. The world is a process of its own that
//! outlives the engine and keeps everything it made on disk. Start at [`world::World`], which
//! all servers share: the [`store`] holds what exists, the [`scenario`] says what the account
//! looks like, how long things take and what goes wrong.

pub mod account;
pub mod authority;
pub mod control;
pub mod drift;
pub mod environment;
mod estate;
pub mod fault;
mod http;
pub mod inventory;
pub mod kubernetes;
pub mod login;
pub mod process;
pub mod provider;
pub mod registry;
pub mod sample_bundle;
pub mod scenario;
pub mod scenarios;
pub mod span;
pub mod storage;
pub mod store;
mod victims;
mod waits;
pub mod world;

pub use scenario::Scenario;
pub use store::Store;
pub use world::World;
