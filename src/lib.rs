//! springboard: takes an operator from an empty AWS account to a running deployment.
//!
//! Everything the operator ever sees is a fold over one journal. Answers become a plan, the
//! engine carries the plan out and states what happened as events, each lasting event is on disk
//! before anyone hears of it, and the state of a run is the fold of those events.
//!
//! Modules in dependency order (a guard test holds it):
//!
//! - [`error`], [`host`]: how errors are written; the process and the machine
//! - [`run`]: events, journal, fold: the vocabulary the rest speaks
//! - [`answers`]: the answer file and its values
//! - [`tools`], [`cloud`], [`bundle`]: external programs, AWS, embedded and delivered files
//! - [`cluster`], [`transfer`]: Kubernetes reads; images and checkpoints on their way
//! - [`plan`]: what will be done, and what that demands
//! - [`preflight`]: what is verified before anything is begun
//! - [`form`]: answers while they are being given
//! - [`blueprint`]: what can be installed
//! - [`engine`]: carries a plan out
//! - [`frontend`], [`cli`]: readers of a run; the types of the command line
//! - [`rehearsal`]: the simulated world

pub mod answers;
pub mod blueprint;
pub mod bundle;
pub mod cli;
pub mod cloud;
pub mod cluster;
pub mod engine;
pub mod error;
pub mod form;
pub mod frontend;
pub mod host;
pub mod plan;
pub mod preflight;
pub mod rehearsal;
pub mod run;
pub mod tools;
pub mod transfer;
