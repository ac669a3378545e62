//! All checks, asked of an account in this process: no program, no internet, the sample answers.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use springboard::answers::Loader;
use springboard::blueprint;
use springboard::host::Host;
use springboard::preflight::reach::{Reach, ReachError, Signed, Target};
use springboard::preflight::{self, Account, Context, Estimate, Limits, Report, Seen, StateFolder};
use springboard::tools::toolbox::Search;

/// An internet that is silent.
#[derive(Debug)]
pub(crate) struct Silent;

#[async_trait]
impl Reach for Silent {
    async fn shown(&self, _target: &Target) -> Result<Option<Signed>, ReachError> {
        std::future::pending().await
    }
    async fn egress(&self) -> Result<Ipv4Addr, ReachError> {
        std::future::pending().await
    }
}

/// Asks everything of that account, with the sample answers of a full install and these set over
/// them.
pub(crate) async fn asked(
    account: Account,
    reach: Arc<dyn Reach>,
    sets: &[&str],
    limits: Limits,
) -> Report {
    let blueprint = blueprint::ALL[0];
    let host = Host::fixed(BTreeMap::new(), PathBuf::from("/"), PathBuf::new());
    let text = blueprint.sample_answers("sample-full").unwrap();
    let sets: Vec<String> = sets.iter().map(|set| (*set).to_owned()).collect();
    let loader = Loader::new(blueprint.catalogue(), &host).sets(&sets);
    let drafted = loader.text(Path::new("sample"), text).draft();
    let (answers, _missing) = drafted.unwrap();
    let context = Context {
        state: StateFolder { path: "/".into(), is_named: true, is_rehearsal: true },
        demand: blueprint.demand(&answers),
        answers,
        missing: Vec::new(),
        search: Search::of(&host),
        toolbox: None,
        account,
        reach,
        estimate: Estimate::default(),
        continues: false,
        seen: Seen::default(),
        host,
    };
    let checks = blueprint::checks(blueprint);
    preflight::run(&checks, &context, &BTreeSet::new(), limits).await
}
