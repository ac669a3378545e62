//! The way out: one HTTP client for the SDK and for our own requests, with proxies and certificates.
//!
//! The SDK's own client reads no `AWS_CA_BUNDLE` and no `ca_bundle`; ours does, and it speaks with
//! the one TLS stack of springboard. So the SDK is given a connector over our client, and its
//! default one is not built at all.

use std::path::PathBuf;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;

use super::memo::{Memo, told};
use super::settings::Settings;
use crate::error::Hint;

/// Addresses that are never behind a proxy: this host, and what gives an instance or a container
/// its credentials.
const NEVER_PROXIED: &str =
    "localhost,127.0.0.0/8,::1,169.254.169.254,169.254.170.2,169.254.170.23,fd00:ec2::/32";
/// A host that is there takes a connection within this time.
const CONNECT: Duration = Duration::from_secs(5);

/// A client for all requests to AWS.
///
/// # Errors
/// When a proxy or the bundle of certificates cannot be used.
pub fn client(settings: &Settings) -> Result<reqwest::Client, NetworkError> {
    let mut builder = reqwest::Client::builder().no_proxy().connect_timeout(CONNECT);
    let except = format!("{NEVER_PROXIED},{}", settings.no_proxy.as_deref().unwrap_or_default());
    let except = || reqwest::NoProxy::from_string(except.trim_end_matches(','));
    let refused = |source| NetworkError::Proxy { source };
    if let Some(proxy) = &settings.https_proxy {
        let proxy = reqwest::Proxy::https(proxy).map_err(refused)?;
        builder = builder.proxy(proxy.no_proxy(except()));
    }
    if let Some(proxy) = &settings.http_proxy {
        let proxy = reqwest::Proxy::http(proxy).map_err(refused)?;
        builder = builder.proxy(proxy.no_proxy(except()));
    }
    if let Some(path) = &settings.ca_bundle {
        builder = builder.tls_certs_merge(certificates(path)?);
    }
    builder.build().map_err(|source| NetworkError::Client { source })
}

/// The certificates of a bundle; the system's own count beside them.
fn certificates(path: &PathBuf) -> Result<Vec<reqwest::Certificate>, NetworkError> {
    let unreadable =
        |source: std::io::Error| NetworkError::Bundle { path: path.clone(), source: source.into() };
    let pem = std::fs::read(path).map_err(unreadable)?;
    let wrong =
        |source: reqwest::Error| NetworkError::Bundle { path: path.clone(), source: source.into() };
    let found = reqwest::Certificate::from_pem_bundle(&pem).map_err(wrong)?;
    if found.is_empty() {
        return Err(unreadable(std::io::Error::other("there is no certificate in it")));
    }
    Ok(found)
}

/// Our client as the SDK takes one.
#[derive(Debug, Clone)]
pub(super) struct SdkClient {
    client: reqwest::Client,
    memo: Option<Memo>,
}

impl SdkClient {
    /// One that remembers what it was told, if there is where.
    pub(super) fn new(client: &reqwest::Client, memo: Option<&Memo>) -> Self {
        Self { client: client.clone(), memo: memo.cloned() }
    }
}

impl HttpClient for SdkClient {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let limit = settings
            .read_timeout()
            .map(|read| read.saturating_add(settings.connect_timeout().unwrap_or_default()));
        SharedHttpConnector::new(Connector { way: self.clone(), limit })
    }
}

#[derive(Debug)]
struct Connector {
    way: SdkClient,
    limit: Option<Duration>,
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let (way, limit) = (self.way.clone(), self.limit);
        HttpConnectorFuture::new(async move {
            let exchange = exchange(way, request);
            match limit {
                None => exchange.await,
                Some(limit) => tokio::time::timeout(limit, exchange)
                    .await
                    .map_err(|passed| ConnectorError::timeout(passed.into()))?,
            }
        })
    }
}

async fn exchange(way: SdkClient, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let request = request.try_into_http1x().map_err(|error| user(error.into()))?;
    let (parts, body) = request.into_parts();
    // Nothing that is asked here is streamed.
    let body = body.bytes().map(bytes::Bytes::copy_from_slice).unwrap_or_default();
    let request = http::Request::from_parts(parts, body);
    let request = reqwest::Request::try_from(request).map_err(|error| user(error.into()))?;
    let answer = told(&way.client, way.memo.as_ref(), request).await.map_err(failed)?;
    let mut response = http::Response::builder().status(answer.status);
    if let Some(headers) = response.headers_mut() {
        headers.extend(answer.headers);
    }
    let response = response.body(SdkBody::from(answer.body)).map_err(|error| user(error.into()))?;
    HttpResponse::try_from(response).map_err(|error| user(error.into()))
}

fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

/// Why there is no way to AWS.
#[derive(Debug, thiserror::Error)]
pub enum NetworkError {
    /// The address of a proxy.
    #[error("the proxy of `HTTPS_PROXY` or `HTTP_PROXY` cannot be used")]
    Proxy {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The bundle of certificates.
    #[error("the certificates in `{}` cannot be used", .path.display())]
    Bundle {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The client itself.
    #[error("could not prepare connections")]
    Client {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
}

impl Hint for NetworkError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Proxy { .. } => Some(
                "give it as `http://HOST:PORT`, with a user and a password before it where needed"
                    .into(),
            ),
            Self::Bundle { .. } => Some(
                "name a file with certificates in PEM by `AWS_CA_BUNDLE` or `ca_bundle`".into(),
            ),
            Self::Client { .. } => None,
        }
    }
}
