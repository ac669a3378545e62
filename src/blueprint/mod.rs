//! Blueprints: what can be installed.

pub mod poolside;
