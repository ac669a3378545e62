//! All checks of the account against moto that is ready, and against servers that are no help.
#![expect(clippy::disallowed_methods, reason = "servers of a test run beside it")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde_json::json;
use springboard::preflight::{Account, Limits, Report, Subject};
use springboard::run::event::Outcome;
use tokio::net::TcpListener;

use super::defects::ready;
use super::{Moto, opened, settings, variables};
use crate::support::checks::{self, Open};

/// What the account at that address says to all checks.
pub(super) async fn report(url: &str, sets: &[&str], limits: (Duration, Duration)) -> Report {
    let (each, overall) = limits;
    let mut settings = settings(variables(&[("AWS_ENDPOINT_URL", url)]), Path::new("nowhere"));
    settings.limit = Some(each);
    let account = Account::new(Arc::new(opened(settings)), None).within(each);
    checks::asked(account, Arc::new(Open), sets, Limits { overall }).await
}

/// Long enough for a slow machine.
pub(super) const PATIENT: (Duration, Duration) = (Duration::from_mins(1), Duration::from_mins(2));

/// What is known without the account.
const WITHOUT: [Subject; 4] = [Subject::Tools, Subject::Host, Subject::Bundle, Subject::Network];

/// The checks that say something although only the account could tell.
fn told(report: &Report) -> Vec<&'static str> {
    let of_account = report.checked.iter().filter(|one| !WITHOUT.contains(&one.check.subject));
    let told = of_account
        .filter(|one| !matches!(one.finding.outcome, Outcome::Unknown | Outcome::Skipped));
    told.map(|one| one.check.id).collect()
}

/// Told by the answers alone.
const BY_ANSWERS: [&str; 2] = ["quota-gpu-vcpu", "models-fit"];

/// What the checks of the account say, each sentence once.
fn reasons(report: &Report) -> BTreeSet<&str> {
    let of_account = report.checked.iter().filter(|one| !WITHOUT.contains(&one.check.subject));
    let unknown = of_account.filter(|one| one.finding.outcome == Outcome::Unknown);
    let found = unknown.map(|one| one.finding.found.as_str());
    found.filter(|words| !words.starts_with("waits for ")).collect()
}

#[tokio::test]
async fn every_check_of_the_account_passes_in_one_that_is_ready() {
    let Some(moto) = Moto::start(&ready()) else { return };
    let report = report(&moto.url(), &[], PATIENT).await;
    let bad: Vec<_> = report
        .checked
        .iter()
        .filter(|one| !WITHOUT.contains(&one.check.subject) && one.check.id != "models-fit")
        .filter(|one| !matches!(one.finding.outcome, Outcome::Pass | Outcome::Skipped))
        .map(|one| (one.check.id, &one.finding))
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
}

#[tokio::test]
async fn no_question_is_put_twice() {
    let dir = tempfile::tempdir().unwrap();
    let notes = dir.path().join("notes");
    let mut seed = ready();
    seed["notes"] = json!(notes);
    // Moto gets ready for EC2 when it is first asked, and what waits too long is asked again.
    seed["make"].as_array_mut().unwrap().push(json!(["ec2", "describe_vpcs", {}]));
    let Some(moto) = Moto::start(&seed) else { return };
    let put = async || {
        std::fs::write(&notes, "").unwrap();
        report(
            &moto.url(),
            &["permissions_boundary_arn=arn:aws:iam::123456789012:policy/B"],
            PATIENT,
        )
        .await;
        let mut times = BTreeMap::<String, u32>::new();
        for question in std::fs::read_to_string(&notes).unwrap().lines() {
            *times.entry(question.to_owned()).or_default() += 1;
        }
        times
    };
    let first = put().await;
    assert!(first.contains_key("[\"s3api\", \"list-buckets\", {}]"), "{first:#?}");
    let often: Vec<_> = first.iter().filter(|(_, times)| **times > 1).collect();
    assert_eq!(often, [], "of {}", first.len());
    // What is remembered is forgotten with the checks.
    assert_eq!(put().await.len(), first.len());
}

#[tokio::test]
async fn an_account_that_denies_everything_is_told_as_such_and_blocks_nothing_it_cannot_know() {
    let mut seed = ready();
    seed["deny"] = json!(["*"]);
    let Some(moto) = Moto::start(&seed) else { return };
    let report = report(&moto.url(), &[], PATIENT).await;
    // Who asks is always told. EC2 itself says what it would not do, and that is certain.
    let mut told = told(&report);
    told.retain(|id| !BY_ANSWERS.contains(id));
    assert_eq!(told, ["account", "account-of-answers", "permissions-dry-run"]);
    let outcomes = checks::outcomes(&report);
    assert_eq!(outcomes["permissions-dry-run"], "fail");
    assert_eq!(outcomes["permissions"], "unknown");
    let refused = |words: &&str| words.starts_with("AWS refuses to tell ");
    assert!(reasons(&report).iter().all(refused), "{:#?}", reasons(&report));
}

#[tokio::test]
async fn an_account_that_is_too_busy_blocks_nothing() {
    let mut seed = ready();
    seed["throttle"] = json!(["*"]);
    let Some(moto) = Moto::start(&seed) else { return };
    let report = report(&moto.url(), &[], PATIENT).await;
    let mut told = told(&report);
    told.retain(|id| !BY_ANSWERS.contains(id));
    assert_eq!(told, [""; 0]);
    assert_eq!(reasons(&report).len(), 1, "{:#?}", reasons(&report));
    assert!(reasons(&report).iter().all(|words| words.contains("asked too often")));
}

#[tokio::test]
async fn what_throttles_all_but_who_asks_blocks_nothing() {
    let mut seed = ready();
    seed["throttle"] = json!(["ec2:*", "iam:*", "s3:*", "rds:*", "eks:*", "servicequotas:*"]);
    let Some(moto) = Moto::start(&seed) else { return };
    let report = report(&moto.url(), &[], PATIENT).await;
    let failed = report.failed().filter(|one| !WITHOUT.contains(&one.check.subject));
    assert_eq!(failed.map(|one| one.check.id).collect::<Vec<_>>(), [""; 0]);
    assert_eq!(checks::outcomes(&report)["certificate"], "pass");
    assert_eq!(checks::outcomes(&report)["zones"], "unknown");
}

#[tokio::test]
async fn an_account_that_answers_garbage_blocks_nothing() {
    for (status, body) in [
        (StatusCode::OK, "<html>Sign in to the proxy</html>"),
        (StatusCode::OK, "\u{0}\u{1}"),
        (StatusCode::BAD_GATEWAY, "<html>Bad gateway</html>"),
    ] {
        let router = Router::new().fallback(move || async move { (status, body).into_response() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let report = report(&url, &[], PATIENT).await;
        let mut told = told(&report);
        told.retain(|id| !BY_ANSWERS.contains(id));
        assert_eq!(told, [""; 0], "{body}");
        assert_eq!(reasons(&report).len(), 1, "{:#?}", reasons(&report));
    }
}

#[tokio::test]
async fn endpoints_that_all_hang_end_at_the_overall_deadline() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let overall = Duration::from_secs(3);
    let report = report(&url, &[], (Duration::from_mins(1), overall)).await;
    drop(listener);
    assert!(report.elapsed >= overall && report.elapsed < overall * 4, "{:?}", report.elapsed);
    let mut told = told(&report);
    told.retain(|id| !BY_ANSWERS.contains(id));
    assert_eq!(told, [""; 0]);
    let expected = BTreeSet::from(["no answer within 3 s, the time for all checks"]);
    assert_eq!(reasons(&report), expected);
}
