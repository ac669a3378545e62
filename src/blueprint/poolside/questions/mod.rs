//! What the blueprint asks: one file a page of the wizard, in the order of the pages.
//!
//! Keys that the reference architecture names keep that name; the others are working names. The
//! order matters: a default may be made from earlier answers, and whether a question is asked
//! depends on earlier answers only. Rules between answers are in `rules`.

pub mod account;
pub mod advanced;
pub mod authentication;
pub mod bundle;
pub mod gpu;
pub mod hostname;
pub mod network;
pub mod profile;
pub mod review;
mod rules;
pub mod security;

use crate::answers::Catalogue;

/// All questions of the blueprint.
pub static CATALOGUE: Catalogue = Catalogue {
    blueprint: "poolside",
    pages: &[
        profile::PAGE,
        account::PAGE,
        gpu::PAGE,
        network::PAGE,
        hostname::PAGE,
        authentication::PAGE,
        security::PAGE,
        advanced::PAGE,
        bundle::PAGE,
    ],
    review: Some(&review::PAGE),
    rules: rules::RULES,
};

/// The page that a default comes from.
const REFERENCE: &str = "the reference architecture v1.2";
/// Where a default comes from that Poolside's older documentation states.
const OLDER: &str = "Poolside's older documentation for AWS";
/// Where a default comes from that no source states.
const OURS: &str = "springboard; no source states one";
