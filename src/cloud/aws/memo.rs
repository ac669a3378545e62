//! What was answered, for as long as the checks last: the same question is put once.
//!
//! Checks ask for one name after the other, and AWS has one list for many of them. A question is a
//! whole request without its signature; who puts one that is on its way already waits for the
//! answer to that. Kept are answers only, also that there is no such thing: what is refused or
//! fails is asked again, so that tries again are tries.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

/// What was answered to which question.
#[derive(Clone, Default)]
pub(super) struct Memo(Arc<Mutex<HashMap<Question, Entry>>>);

type Entry = Arc<tokio::sync::Mutex<Option<Told>>>;

/// A request, as far as the answer depends on it.
#[derive(PartialEq, Eq, Hash)]
struct Question {
    method: Method,
    url: String,
    target: Option<HeaderValue>,
    body: Bytes,
}

/// An answer, good or not.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Told {
    fn is_worth_keeping(&self) -> bool {
        self.status.is_success() || self.status == StatusCode::NOT_FOUND
    }
}

impl Memo {
    fn entry(&self, request: &reqwest::Request) -> Entry {
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let question = Question {
            method: request.method().clone(),
            url: request.url().to_string(),
            target: request.headers().get("x-amz-target").cloned(),
            body: Bytes::copy_from_slice(body),
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.entry(question).or_default().clone()
    }
}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Answers may be long, and are nobody's business.
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

/// Puts a question, or tells what was answered to it before.
pub(super) async fn told(
    client: &reqwest::Client,
    memo: Option<&Memo>,
    request: reqwest::Request,
) -> reqwest::Result<Told> {
    let Some(memo) = memo else { return ask(client, request).await };
    let entry = memo.entry(&request);
    let mut known = entry.lock().await;
    if let Some(told) = &*known {
        return Ok(told.clone());
    }
    let told = ask(client, request).await?;
    *known = Some(told.clone()).filter(Told::is_worth_keeping);
    Ok(told)
}

async fn ask(client: &reqwest::Client, request: reqwest::Request) -> reqwest::Result<Told> {
    let answer = client.execute(request).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    Ok(Told { status, headers, body: answer.bytes().await? })
}
