//! An account that does not answer, or answers in a bad way: nothing hangs, nothing fails for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use springboard::cloud::{
    Addon, Caller, Cloud, CloudError, Cluster, Condition, Database, NodeGroup, Reservation, Tagged,
    Untagged, Zone,
};
use springboard::preflight::{Account, Limits, Report};
use springboard::run::event::Outcome;

use crate::support::checks;

/// What an account does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Hangs,
    Refuses,
    Throttles,
    AnswersGarbage,
    /// Says who asks, and is silent on everything else.
    KnowsTheCallerOnly,
}

#[derive(Debug)]
struct Bad(Manner);

impl Bad {
    async fn answer<T>(&self, what: &str) -> Result<T, CloudError> {
        let what = what.to_owned();
        let message = "AccessDenied".to_owned();
        match self.0 {
            Manner::Hangs | Manner::KnowsTheCallerOnly => std::future::pending().await,
            Manner::Refuses => Err(CloudError::Refused { what, message }),
            Manner::Throttles => Err(CloudError::Throttled { what, message: "Throttling".into() }),
            Manner::AnswersGarbage => Err(CloudError::NotUnderstood {
                what,
                source: Box::new(std::io::Error::other("expected value at line 1 column 1")),
            }),
        }
    }
}

#[async_trait]
impl Cloud for Bad {
    async fn caller(&self) -> Result<Caller, CloudError> {
        if self.0 == Manner::KnowsTheCallerOnly {
            return Ok(Caller {
                account: "123456789012".into(),
                arn: "arn:aws:iam::123456789012:role/Installer".into(),
                expires: None,
                origin: None,
            });
        }
        self.answer("who asks").await
    }
    async fn zones(&self) -> Result<Vec<Zone>, CloudError> {
        self.answer("the zones").await
    }
    async fn reservation(&self, _id: &str) -> Result<Option<Reservation>, CloudError> {
        self.answer("the reservation").await
    }
    async fn cluster(&self, _name: &str) -> Result<Option<Cluster>, CloudError> {
        self.answer("the cluster").await
    }
    async fn node_groups(&self, _cluster: &str) -> Result<Vec<NodeGroup>, CloudError> {
        self.answer("the node groups").await
    }
    async fn addons(&self, _cluster: &str) -> Result<Vec<Addon>, CloudError> {
        self.answer("the add-ons").await
    }
    async fn database(&self, _identifier: &str) -> Result<Option<Database>, CloudError> {
        self.answer("the database").await
    }
    async fn condition(&self, _kind: &str, _id: &str) -> Result<Condition, CloudError> {
        self.answer("an object").await
    }
    async fn tagged(&self, _deployment: &str) -> Result<Vec<Tagged>, CloudError> {
        self.answer("the objects").await
    }
    async fn untagged(
        &self,
        _kind: &str,
        _key: &BTreeMap<String, String>,
    ) -> Result<Option<Untagged>, CloudError> {
        self.answer("an object").await
    }
}

fn asked(manner: Manner) -> Report {
    let account = Account::new(Arc::new(Bad(manner)), None).within(Duration::from_millis(100));
    let limits = Limits { overall: Duration::from_secs(2) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(checks::asked(account, Arc::new(checks::Silent), &[], limits))
}

/// The checks that say something else than `unknown` although only the account could tell.
fn told(report: &Report) -> Vec<&'static str> {
    use springboard::preflight::Subject;

    let subjects = [Subject::Permissions, Subject::Quotas, Subject::Names, Subject::Hostname];
    let of_account = report.checked.iter().filter(|one| subjects.contains(&one.check.subject));
    let told = of_account
        .filter(|one| !matches!(one.finding.outcome, Outcome::Unknown | Outcome::Skipped));
    told.map(|one| one.check.id).collect()
}

#[test]
fn an_account_that_hangs_makes_its_checks_unknown_for_one_reason_in_time() {
    let report = asked(Manner::Hangs);
    assert!(report.elapsed < Duration::from_secs(10), "{:?}", report.elapsed);
    // Whoever has reserved GPUs needs no quota, and that is no matter of the account.
    assert_eq!(told(&report), ["quota-gpu-vcpu"]);
    let reasons: BTreeSet<&str> = report
        .checked
        .iter()
        .filter(|one| one.finding.found.contains("AWS"))
        .map(|one| one.finding.found.as_str())
        .collect();
    assert_eq!(reasons, BTreeSet::from(["AWS did not say who asks within 0.1 s"]));
}

#[test]
fn an_internet_that_hangs_ends_at_the_overall_deadline() {
    let report = asked(Manner::Refuses);
    let found = |id: &str| {
        let one = report.checked.iter().find(|one| one.check.id == id).unwrap();
        (one.finding.outcome, one.finding.found.clone())
    };
    for id in ["endpoints", "tls-interception", "endpoint-allowlist"] {
        let (outcome, words) = found(id);
        assert_eq!(outcome, Outcome::Unknown);
        assert_eq!(words, "no answer within 2 s, the time for all checks");
    }
}

#[test]
fn an_account_that_refuses_throttles_or_answers_garbage_blocks_nothing() {
    for (manner, words) in [
        (Manner::Refuses, "AWS refuses to tell who asks"),
        (Manner::Throttles, "AWS is asked too often"),
        (Manner::AnswersGarbage, "is not one of AWS: expected value"),
        (Manner::KnowsTheCallerOnly, "AWS did not say the zones within 0.1 s"),
    ] {
        let report = asked(manner);
        assert_eq!(told(&report), ["quota-gpu-vcpu"], "{manner:?}");
        let zones = report.checked.iter().find(|one| one.check.id == "zones").unwrap();
        assert!(zones.finding.found.contains(words), "{manner:?}: {}", zones.finding.found);
    }
}
