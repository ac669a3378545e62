//! Poolside on AWS, modelled on the reference architecture v1.2.

pub mod values;
