//! Servers that behave badly: they throttle, talk nonsense, or say nothing at all.
#![expect(clippy::disallowed_methods, reason = "servers of a test run beside it")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use springboard::cloud::{Cloud, CloudError, Countable, DryRun, NameKind};
use tokio::net::TcpListener;

use super::{opened, settings, variables};

/// A server that answers everything by `answer`, which is told how often it was asked before.
async fn serving(
    answer: impl Fn(u32) -> Response + Clone + Send + Sync + 'static,
) -> (SocketAddr, Arc<AtomicU32>) {
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let router = Router::new().fallback(move || {
        let response = answer(counter.fetch_add(1, Ordering::SeqCst));
        async move { response }
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    (address, asked)
}

fn cloud(address: SocketAddr, limit: Duration) -> springboard::cloud::aws::Aws {
    let url = format!("http://{address}");
    let mut settings =
        settings(variables(&[("AWS_ENDPOINT_URL", &url)]), std::path::Path::new("nowhere"));
    settings.limit = Some(limit);
    opened(settings)
}

/// One question of each protocol, through the SDK and past it.
async fn all(cloud: &dyn Cloud) -> Vec<(&'static str, CloudError)> {
    vec![
        ("EC2", cloud.vpcs().await.unwrap_err()),
        ("quotas", cloud.quota("ec2", "L-1").await.unwrap_err()),
        ("STS", cloud.caller().await.unwrap_err()),
        ("IAM", cloud.role("acme").await.unwrap_err()),
        ("ACM", cloud.certificates().await.unwrap_err()),
        ("EKS", cloud.cluster("acme").await.unwrap_err()),
        ("Route 53", cloud.hosted_zones().await.unwrap_err()),
        ("S3", cloud.count(Countable::Buckets).await.unwrap_err()),
        ("logs", cloud.taken(NameKind::LogGroup, "acme").await.unwrap_err()),
        ("dry run", cloud.dry_run(&DryRun::AllocateAddress).await.unwrap_err()),
    ]
}

#[tokio::test]
async fn garbage_is_never_taken_for_an_answer() {
    for body in ["<html>Sign in to the proxy</html>", "{}", "", "\u{0}\u{1}garbage"] {
        let (address, _) = serving(move |_| body.into_response()).await;
        let cloud = cloud(address, Duration::from_secs(20));
        for (service, error) in all(&cloud).await {
            // EC2 that answers nothing says that nothing is there; everything else is noticed.
            assert!(matches!(error, CloudError::NotUnderstood { .. }), "{service}: {error:?}");
        }
    }
}

fn throttled() -> Response {
    let body = "<ErrorResponse><Error><Code>Throttling</Code><Message>Rate exceeded</Message>\
                </Error></ErrorResponse>";
    (StatusCode::BAD_REQUEST, body).into_response()
}

#[tokio::test]
async fn throttling_is_waited_out() {
    let role =
        "<R><GetRoleResult><Role><Arn>arn:aws:iam::1:role/a</Arn></Role></GetRoleResult></R>";
    let answer = move |asked| if asked < 2 { throttled() } else { role.into_response() };
    let (address, asked) = serving(answer).await;
    let role = cloud(address, Duration::from_secs(20)).role("a").await.unwrap();
    assert_eq!(role.unwrap().arn, "arn:aws:iam::1:role/a");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn throttling_without_end_is_told_as_such() {
    let (address, asked) = serving(|_| throttled()).await;
    let error = cloud(address, Duration::from_secs(20)).role("a").await.unwrap_err();
    assert!(matches!(error, CloudError::Throttled { .. }), "{error:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn what_is_refused_is_not_asked_again() {
    let refused = |_| {
        (StatusCode::FORBIDDEN, "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}")
            .into_response()
    };
    let (address, asked) = serving(refused).await;
    let error = cloud(address, Duration::from_secs(20)).certificates().await.unwrap_err();
    assert!(matches!(error, CloudError::Refused { .. }), "{error:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn keys_that_have_ended_are_told_as_such() {
    let ended = |_| {
        (StatusCode::FORBIDDEN, "{\"__type\":\"ExpiredTokenException\",\"message\":\"ended\"}")
            .into_response()
    };
    let (address, _) = serving(ended).await;
    let error = cloud(address, Duration::from_secs(20)).certificates().await.unwrap_err();
    assert!(matches!(error, CloudError::Ended { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_says_nothing_is_left_when_the_limit_has_passed() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let limit = Duration::from_secs(2);
    let cloud = cloud(address, limit);
    let began = jiff::Timestamp::now();
    let (vpcs, role) = tokio::join!(cloud.vpcs(), cloud.role("a"));
    let clock = cloud.clock().await;
    let took = jiff::Timestamp::now().duration_since(began);
    for error in [vpcs.unwrap_err(), role.unwrap_err(), clock.unwrap_err()] {
        assert!(matches!(error, CloudError::Unreachable { .. }), "{error:?}");
    }
    assert!(took < jiff::SignedDuration::from_secs(12), "{took}");
    drop(listener);
}
