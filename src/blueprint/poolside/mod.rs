//! Poolside on AWS, modelled on the reference architecture v1.2.
//!
//! Owns everything that knows Poolside. Start at [`questions::CATALOGUE`].

pub mod questions;
pub mod values;
