//! Preflight: what would fail at minute 40, found at minute 0.
//!
//! A [`Check`] is a constant: id, sentence, subject, and a function that gathers facts and has a
//! pure rule judge them. [`CHECKS`] lists those of every blueprint; a blueprint adds its own.
//! [`run()`] asks them all at once; facts that several need are asked once ([`Account`]).
//! Outcome `unknown` never blocks. Knows no blueprint: what is needed comes in as a [`Demand`].
//!
//! [`Demand`]: crate::plan::demand::Demand

mod account;
mod checks;
mod context;
mod finding;
pub mod offers;
pub mod reach;
pub mod report;
mod run;

use futures::future::BoxFuture;

pub use account::{Account, Asked};
pub use checks::CHECKS;
pub use checks::credentials::{Estimate, span};
pub use checks::permissions::permitted;
pub use context::{Context, Seen, StateFolder};
pub use finding::{Finding, Unable, Verdict};
pub use report::{Checked, Report};
pub use run::{Limits, UnknownCheck, choose, run};

/// Something that is verified before anything is begun.
#[derive(Clone, Copy)]
pub struct Check {
    /// Its id, for `--skip-check` and for people.
    pub id: &'static str,
    /// What holds where it passes, one sentence.
    pub sentence: &'static str,
    /// What it is about.
    pub subject: Subject,
    /// Gathers the facts and judges them.
    pub ask: for<'a> fn(&'a Context) -> BoxFuture<'a, Verdict>,
}

impl std::fmt::Debug for Check {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Check").field(&self.id).finish()
    }
}

/// What checks are about, in display order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// External programs and what is set for them.
    Tools,
    /// This host.
    Host,
    /// Who asks.
    Identity,
    /// What may be done.
    Permissions,
    /// How much of it.
    Quotas,
    /// GPU capacity.
    Gpu,
    /// Addresses and ways.
    Network,
    /// Names and leftovers.
    Names,
    /// Host name and certificate.
    Hostname,
    /// What is delivered.
    Bundle,
    /// Kubernetes and its add-ons.
    Kubernetes,
}

impl Subject {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Host => "host",
            Self::Identity => "identity",
            Self::Permissions => "permissions",
            Self::Quotas => "quotas",
            Self::Gpu => "gpu",
            Self::Network => "network",
            Self::Names => "names",
            Self::Hostname => "hostname",
            Self::Bundle => "bundle",
            Self::Kubernetes => "kubernetes",
        }
    }
}
