//! Asking the Kubernetes API: one GET at a time, with a time limit.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::{Certificate, Client, StatusCode};
use serde_json::Value;
use url::Url;

use crate::error::Hint;
use crate::run::Secret;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(15);
/// Objects of a list that are asked for at once.
const PAGE: u32 = 500;

/// Makes a token whenever one is needed; tokens live for minutes only.
pub type Tokens = Arc<dyn Fn() -> BoxFuture<'static, Result<Secret, String>> + Send + Sync>;

/// The way to a cluster.
#[derive(Clone)]
pub struct Door {
    /// `https://….eks.amazonaws.com`, as AWS names it.
    pub endpoint: String,
    /// Certificate authority of the cluster, PEM.
    pub certificate_authority: String,
    /// Where it is reached, when that is not where its name says.
    pub address: Option<SocketAddr>,
    /// What it is reached through, when its name alone says where it is.
    pub proxy: Option<Proxy>,
    /// Makes tokens.
    pub tokens: Tokens,
}

/// A proxy, and what it is not for: as helm finds both in its environment.
#[derive(Clone)]
pub struct Proxy {
    url: String,
    exceptions: String,
}

impl Proxy {
    /// The proxy of the environment that tools are given.
    pub fn of(environment: &BTreeMap<String, String>) -> Option<Self> {
        let either = |upper: &str, lower: &str| {
            let found = [upper, lower].map(|name| environment.get(name));
            found.into_iter().flatten().find(|value| !value.is_empty()).cloned()
        };
        let url = either("HTTPS_PROXY", "https_proxy")?;
        // Programs in Go take an address without a scheme too.
        let url = if url.contains("://") { url } else { format!("http://{url}") };
        // They also read `*.acme.example` as `.acme.example`; our client knows that form only.
        let exceptions = either("NO_PROXY", "no_proxy").unwrap_or_default();
        let words = exceptions.split(',').map(str::trim);
        let words = words.map(|word| if word.starts_with("*.") { &word[1..] } else { word });
        Some(Self { url, exceptions: words.collect::<Vec<_>>().join(",") })
    }

    fn of_client(&self) -> Result<reqwest::Proxy, reqwest::Error> {
        let exceptions = reqwest::NoProxy::from_string(&self.exceptions);
        Ok(reqwest::Proxy::https(&self.url)?.no_proxy(exceptions))
    }
}

impl fmt::Debug for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Door")
            .field("endpoint", &self.endpoint)
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// A cluster that can be asked.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    base: Url,
    tokens: Tokens,
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cluster").field("base", &self.base.as_str()).finish_non_exhaustive()
    }
}

impl Cluster {
    /// Opens the door; nothing is asked yet.
    ///
    /// # Errors
    /// When endpoint or certificate are not right.
    pub fn open(door: &Door) -> Result<Self, ClusterError> {
        let invalid = |what: &'static str| ClusterError::Door { what };
        let mut base: Url =
            door.endpoint.parse().map_err(|_not_a_url| invalid("the endpoint is not a URL"))?;
        let host = base.host_str().ok_or_else(|| invalid("the endpoint has no host"))?.to_owned();
        let authority = Certificate::from_pem(door.certificate_authority.as_bytes())
            .map_err(|_not_pem| invalid("the certificate authority is not PEM"))?;
        let unusable = |source| ClusterError::Client { source };
        // As helm does with the kubeconfig: nobody but the cluster's own authority is trusted, also
        // through a proxy that opens TLS for everything else.
        let client = Client::builder().timeout(LIMIT).tls_certs_only([authority]).https_only(true);
        let mut client = client.no_proxy();
        if let Some(address) = door.address {
            base.set_port(Some(address.port()))
                .map_err(|()| invalid("the endpoint cannot have a port"))?;
            client = client.resolve(&host, address);
        } else if let Some(proxy) = &door.proxy {
            client = client.proxy(proxy.of_client().map_err(unusable)?);
        }
        let client = client.build().map_err(unusable)?;
        Ok(Self { client, base, tokens: door.tokens.clone() })
    }

    /// Whether the API is ready to serve.
    ///
    /// # Errors
    /// When it is not, or cannot be reached from this host.
    pub async fn ready(&self) -> Result<(), ClusterError> {
        self.text("/readyz").await.map(|_ok| ())
    }

    /// Asks for one path.
    ///
    /// # Errors
    /// When the API does not answer, refuses, or answers something else than JSON.
    pub async fn get(&self, path: &str) -> Result<Value, ClusterError> {
        let body = self.successful(path).await?;
        serde_json::from_slice(&body)
            .map_err(|source| ClusterError::NotJson { path: path.to_owned(), source })
    }

    /// Asks for one object; `None` when it does not exist.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn find(&self, path: &str) -> Result<Option<Value>, ClusterError> {
        match self.get(path).await {
            Ok(object) => Ok(Some(object)),
            Err(ClusterError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Asks for all items of a list; a kind that the cluster does not know has none.
    ///
    /// # Errors
    /// As [`Cluster::get`].
    pub async fn list(&self, path: &str) -> Result<Vec<Value>, ClusterError> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let first = format!("{path}{joint}limit={PAGE}");
        let mut page = first.clone();
        let mut items = Vec::new();
        while let Some(mut list) = self.find(&page).await? {
            if let Some(Value::Array(more)) = list.get_mut("items").map(Value::take) {
                items.extend(more);
            }
            let next = list.pointer("/metadata/continue").and_then(Value::as_str);
            let Some(next) = next.filter(|next| !next.is_empty()) else { break };
            let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
            page = format!("{first}&continue={next}");
        }
        Ok(items)
    }

    /// Asks a service in the cluster, by way of the API.
    ///
    /// # Errors
    /// As [`Cluster::get`]; 503 says that no pod answers.
    pub async fn service(
        &self,
        namespace: &str,
        service: &str,
        port: &str,
        path: &str,
    ) -> Result<Value, ClusterError> {
        let path = path.trim_start_matches('/');
        self.get(&format!("/api/v1/namespaces/{namespace}/services/{service}:{port}/proxy/{path}"))
            .await
    }

    /// The last lines of a container, of its run before the present one where it restarted.
    ///
    /// # Errors
    /// When the API does not answer or refuses, for example because nothing has run yet.
    pub async fn log(
        &self,
        namespace: &str,
        pod: &str,
        container: &str,
        lines: u32,
    ) -> Result<String, ClusterError> {
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&tailLines={lines}"
        );
        match self.text(&format!("{path}&previous=true")).await {
            Err(ClusterError::Refused { status: 400, .. }) => self.text(&path).await,
            said => said,
        }
    }

    async fn text(&self, path: &str) -> Result<String, ClusterError> {
        let body = self.successful(path).await?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }

    async fn successful(&self, path: &str) -> Result<Vec<u8>, ClusterError> {
        let (status, body) = self.ask(path).await?;
        if status.is_success() {
            return Ok(body);
        }
        let told = serde_json::from_slice::<Value>(&body).ok();
        let told = told.and_then(|told| Some(told.get("message")?.as_str()?.to_owned()));
        let message = told.unwrap_or_else(|| String::from_utf8_lossy(&body).trim().to_owned());
        let path = path.to_owned();
        Err(ClusterError::Refused { path, status: status.as_u16(), message })
    }

    async fn ask(&self, path: &str) -> Result<(StatusCode, Vec<u8>), ClusterError> {
        let unreachable = |source: reqwest::Error| ClusterError::Unreachable {
            host: self.base.host_str().unwrap_or_default().to_owned(),
            source: source.without_url(),
        };
        let url = self
            .base
            .join(path)
            .map_err(|_not_a_path| ClusterError::Door { what: "the path is not one" })?;
        let token = (self.tokens)().await.map_err(|message| ClusterError::Token { message })?;
        let request = self.client.get(url).bearer_auth(token.expose());
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        Ok((status, body.to_vec()))
    }
}

/// Why a cluster does not answer.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// The way to it is not right.
    #[error("the cluster cannot be asked: {what}")]
    Door {
        /// What is wrong.
        what: &'static str,
    },
    /// No client could be made.
    #[error("could not prepare to ask the cluster")]
    Client {
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// No token could be made.
    #[error("could not sign a token for the cluster: {message}")]
    Token {
        /// Why.
        message: String,
    },
    /// It cannot be reached.
    #[error("the Kubernetes API at {host} cannot be reached from this host")]
    Unreachable {
        /// The host name of its endpoint.
        host: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// It answered with an error.
    #[error("the Kubernetes API answered {status} to {path}: {message}")]
    Refused {
        /// What was asked for.
        path: String,
        /// HTTP status.
        status: u16,
        /// Its words.
        message: String,
    },
    /// It answered something strange.
    #[error("the Kubernetes API did not answer JSON to {path}")]
    NotJson {
        /// What was asked for.
        path: String,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
}

impl Hint for ClusterError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => Some(
                "see whether this host's address is in `cluster_endpoint_public_access_cidrs`"
                    .into(),
            ),
            Self::Refused { status: 401 | 403, .. } => {
                Some("see whether this principal is in `cluster_admin_principal_arns`".into())
            }
            _ => None,
        }
    }
}
