//! The one integration-test binary; one module a theme.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
#[cfg(feature = "aws")]
mod aws;
mod bundle;
mod charts;
mod checkpoints;
mod cli;
mod cluster;
mod credentials;
mod endings;
mod every_type;
mod fetched;
mod fuzz;
#[cfg(feature = "aws")]
mod gates;
mod guards;
mod helm;
#[cfg(feature = "aws")]
mod install;
mod interleaving;
mod kill;
mod kubectl;
mod kubernetes;
mod leftovers;
mod lifecycle;
#[cfg(feature = "aws")]
mod mfa;
mod observed;
mod preflight;
mod provider;
mod push;
mod recovery;
mod registry;
mod rehearse;
mod releases;
mod replay;
mod report;
mod roots;
mod scenarios;
mod screens;
mod secrets;
mod state_in_s3;
mod storage;
mod support;
mod terminal;
mod terraform;
mod terraform_run;
mod terraform_stream;
mod tools;
mod viewers;
mod wizard;
