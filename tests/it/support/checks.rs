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
use springboard::preflight::{
    self, Account, Context, Estimate, Limits, Report, Seen, StateFolder, Subject, report,
};
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

/// An internet as it should be.
#[derive(Debug)]
pub(crate) struct Open;

#[async_trait]
impl Reach for Open {
    async fn shown(&self, _target: &Target) -> Result<Option<Signed>, ReachError> {
        Ok(Some(Signed { issuer: "Amazon".into(), distrust: None }))
    }
    async fn egress(&self) -> Result<Ipv4Addr, ReachError> {
        Ok(Ipv4Addr::new(8, 8, 4, 4))
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
        account: account.into(),
        reach,
        estimate: Estimate::default(),
        continues: false,
        seen: Seen::default(),
        host,
    };
    let checks = blueprint::checks(blueprint);
    preflight::run(&checks, &context, &BTreeSet::new(), limits).await
}

/// Id to outcome.
pub(crate) fn outcomes(report: &Report) -> BTreeMap<&'static str, &'static str> {
    outcomes_of(report, |_| true)
}

/// The same of some subjects.
pub(crate) fn outcomes_of(
    report: &Report,
    is_meant: impl Fn(Subject) -> bool,
) -> BTreeMap<&'static str, &'static str> {
    let checked = report.checked.iter().filter(|one| is_meant(one.check.subject));
    checked.map(|one| (one.check.id, report::word(one.finding.outcome))).collect()
}
