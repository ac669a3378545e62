//! The engine: carries a plan out and states what happened.
//!
//! Knows no terminal and no blueprint. A run's truth is its journal ([`recorder`]); what is in the
//! world is asked anew before every step. Start at
//! [`session::Session`]; [`deployment::Deployment`] is what is on disk, [`claim::Claim`] who may work
//! on it.

mod adoption;
pub mod claim;
pub mod credentials;
pub mod deployment;
mod gates;
pub mod recorder;
mod recovery;
pub mod requests;
pub mod session;
pub mod socket;
mod steps;
pub mod stop;
pub mod surroundings;
