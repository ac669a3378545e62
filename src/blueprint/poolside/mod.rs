//! Poolside on AWS, modelled on the reference architecture v1.2.
//!
//! Owns everything that knows Poolside: what is asked ([`questions`]), what goes to Terraform
//! ([`variables`]) and to the charts ([`values`]), where the answers depart from the reference
//! ([`deviations`]), what the result costs ([`cost`]) and how long it takes ([`time`]). Start at
//! [`questions::CATALOGUE`].

mod choices;
pub mod cost;
pub mod deviations;
pub mod questions;
pub mod support;
pub mod time;
pub mod values;
pub mod variables;

pub use choices::ChoicesError;
