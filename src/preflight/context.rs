//! What checks are asked with: answers, what the plan demands, this host, the account, the network.

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::join_all;
use tokio::sync::OnceCell;

use super::Account;
use super::Estimate;
use super::reach::{Reach, ReachError, Signed, Target};
use crate::answers::Answers;
use crate::host::Host;
use crate::plan::demand::Demand;
use crate::tools::toolbox::{Search, Toolbox};

/// Everything that a check may look at.
#[derive(Debug)]
pub struct Context {
    /// The process and the machine.
    pub host: Host,
    /// Where everything that must last is kept.
    pub state: StateFolder,
    /// The answers, perhaps not all of them.
    pub answers: Answers,
    /// Keys of the answers that are missing.
    pub missing: Vec<String>,
    /// What the plan will ask for.
    pub demand: Demand,
    /// Where external programs are looked for.
    pub search: Search,
    /// The programs, where they were found already.
    pub toolbox: Option<Toolbox>,
    /// The account.
    pub account: Arc<Account>,
    /// The way to the network.
    pub reach: Arc<dyn Reach>,
    /// How long the run takes.
    pub estimate: Estimate,
    /// Whether the run goes on with an earlier one, whose state knows what it made.
    pub continues: bool,
    /// What hosts have shown, once they were asked.
    pub seen: Seen,
}

/// What hosts have shown: asked once, for all checks.
#[derive(Debug, Default)]
pub struct Seen(OnceCell<Vec<Shown>>);

/// A host, and the certificate that it presents where it needs one.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    pub(super) target: Target,
    pub(super) purpose: &'static str,
    pub(super) outcome: Result<Option<Signed>, ReachError>,
}

impl Context {
    /// What the hosts that the plan calls have shown, in their order.
    pub(super) async fn shown(&self) -> &[Shown] {
        let ask = async || {
            let hosts = self.demand.hosts.iter().map(|reached| async {
                let elsewhere = reached.service.and_then(|service| self.account.endpoint(service));
                let elsewhere = elsewhere.as_ref().and_then(Target::of);
                let target = elsewhere.unwrap_or_else(|| Target::https(&reached.host));
                let outcome = self.reach.shown(&target).await;
                Shown { target, purpose: reached.purpose, outcome }
            });
            join_all(hosts).await
        };
        self.seen.0.get_or_init(ask).await
    }
}

/// The folder of everything that must last.
#[derive(Debug, Clone)]
pub struct StateFolder {
    /// Its path.
    pub path: PathBuf,
    /// Whether the operator named it, instead of leaving it to us.
    pub is_named: bool,
    /// Whether what is kept in it is a rehearsal.
    pub is_rehearsal: bool,
}
