//! What AWS answers, in our words: one subject a file.
//!
//! Plain values without behaviour of their own but what follows from their definition. Whoever
//! answers ([`super::Cloud`]) fills them completely; what cannot be known is an `Option`.

mod compute;
mod hosting;
mod identity;
mod kubernetes;
mod names;
mod network;
mod objects;
mod quotas;

pub use compute::{BlockOffer, BlockQuery, InstanceType, Matching, Offering, Reservation};
pub use hosting::{Certificate, CertificateStatus, HostedZone};
pub use identity::{
    Asker, Caller, Decision, DryRun, DryRunOutcome, Layer, ListedPolicy, Origin, Policy, Role,
    Simulation, Verdict, is_same_principal,
};
pub use kubernetes::{Addon, AddonVersion, Cluster, ClusterVersion, NodeGroup, Support};
pub use names::{NameKind, Taken};
pub use network::{NatGateway, Region, Vpc, Zone};
pub use objects::{Condition, Database, Tagged, Untagged};
pub use quotas::{Countable, Family, Quota, QuotaSource};
