//! Reaching hosts: whether one answers over TLS, who signed its certificate, and which address the
//! internet sees of this host.
//!
//! A probe sends nothing beyond the handshake, so it also goes through with a certificate that
//! nobody should trust: whose it is, is what is asked. It goes through the proxy that the tools
//! will go through. Start at [`Reach`]; [`Internet`] is the real one.

use std::fmt::Debug;
use std::io;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_platform_verifier::Verifier;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use url::Url;
use x509_parser::prelude::{FromDer as _, X509Certificate};

use crate::host::Host;

/// The way to hosts.
#[async_trait]
pub trait Reach: Debug + Send + Sync {
    /// Who signed the certificate that a host presents.
    async fn certificate(&self, host: &str) -> Result<Signed, ReachError>;
    /// The address that the internet sees of this host.
    async fn egress(&self) -> Result<Ipv4Addr, ReachError>;
}

/// Whose certificate a host presents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Organisation of the issuer, or its common name.
    pub issuer: String,
    /// Why this system does not trust it; `None` where it does.
    pub distrust: Option<String>,
}

/// Why a host could not be reached.
#[derive(Debug, Clone, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct ReachError(pub String);

impl From<io::Error> for ReachError {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}

/// How long one host may take.
const LIMIT: Duration = Duration::from_secs(8);
/// Answers with the address that asks, and nothing else.
const MIRROR: &str = "https://checkip.amazonaws.com/";

/// The internet, through the proxy of the environment where there is one.
#[derive(Debug)]
pub struct Internet {
    proxies: Proxies,
    client: reqwest::Client,
}

impl Internet {
    /// As seen from this host.
    pub fn of(host: &Host) -> Self {
        let client = reqwest::Client::builder().timeout(LIMIT).build().unwrap_or_default();
        Self { proxies: Proxies::of(host), client }
    }

    async fn handshake(&self, host: &str) -> Result<Signed, ReachError> {
        let stream = match self.proxies.of_host(host) {
            None => TcpStream::connect((host, 443)).await?,
            Some(proxy) => through(proxy, host).await?,
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let watcher = Arc::new(Watcher::new(&provider)?);
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| ReachError(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(watcher.clone())
            .with_no_client_auth();
        let name =
            ServerName::try_from(host.to_owned()).map_err(|error| ReachError(error.to_string()))?;
        let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
        let connected = connector.connect(name, stream).await;
        let seen = watcher.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match (seen, connected) {
            (Some(signed), _) => Ok(signed),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(_)) => Err(ReachError("it presented no certificate".into())),
        }
    }
}

#[async_trait]
impl Reach for Internet {
    async fn certificate(&self, host: &str) -> Result<Signed, ReachError> {
        let late = || ReachError(format!("no answer within {} s", LIMIT.as_secs()));
        timeout(LIMIT, self.handshake(host)).await.map_err(|_late| late())?
    }

    async fn egress(&self) -> Result<Ipv4Addr, ReachError> {
        let said = |error: reqwest::Error| {
            use std::error::Error as _;
            ReachError(error.source().map_or(error.to_string(), ToString::to_string))
        };
        let answer = self.client.get(MIRROR).send().await.map_err(said)?;
        let text = answer.text().await.map_err(said)?;
        text.trim().parse().map_err(|_no_address| ReachError("the answer is no address".into()))
    }
}

/// Opens a tunnel to port 443 of `host` through a proxy.
async fn through(proxy: &Url, host: &str) -> Result<TcpStream, ReachError> {
    let name = proxy.host_str().ok_or_else(|| ReachError("the proxy has no host name".into()))?;
    let port = proxy.port_or_known_default().unwrap_or(3128);
    let mut stream = TcpStream::connect((name, port))
        .await
        .map_err(|error| ReachError(format!("the proxy {name}:{port}: {error}")))?;
    let mut request = format!("CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n");
    if !proxy.username().is_empty() {
        use base64::Engine as _;
        let pair = format!("{}:{}", proxy.username(), proxy.password().unwrap_or_default());
        let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
        request = format!("{request}Proxy-Authorization: Basic {encoded}\r\n");
    }
    stream.write_all(format!("{request}\r\n").as_bytes()).await?;
    let mut head = Vec::new();
    // Byte by byte: what comes after the head belongs to TLS.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 8192 {
            return Err(ReachError(format!("the proxy {name}:{port} does not answer as one")));
        }
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1).is_some_and(|code| code.starts_with('2')) {
        return Ok(stream);
    }
    Err(ReachError(format!("the proxy {name}:{port} answers {status}")))
}

/// Which proxy is taken for which host.
#[derive(Debug, Clone)]
pub struct Proxies {
    proxy: Option<Url>,
    exceptions: Vec<String>,
}

impl Proxies {
    /// As the environment has them.
    pub fn of(host: &Host) -> Self {
        let either = |one: &str, other: &str| host.var(one).or_else(|| host.var(other));
        let proxy = either("HTTPS_PROXY", "https_proxy").and_then(|text| {
            let whole =
                if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
            Url::parse(&whole).ok()
        });
        let exceptions = either("NO_PROXY", "no_proxy").unwrap_or_default();
        let exceptions = exceptions.split(',').map(|word| word.trim().to_ascii_lowercase());
        Self { proxy, exceptions: exceptions.filter(|word| !word.is_empty()).collect() }
    }

    /// The proxy, where there is one.
    pub fn proxy(&self) -> Option<&Url> {
        self.proxy.as_ref()
    }

    /// The proxy for that host; `None` where it is reached directly.
    pub fn of_host(&self, host: &str) -> Option<&Url> {
        self.proxy.as_ref().filter(|_| !self.excepts(host))
    }

    /// Whether a host is reached without the proxy.
    pub fn excepts(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        let address: Option<Ipv4Addr> = host.parse().ok();
        self.exceptions.iter().any(|word| {
            if word == "*" {
                return true;
            }
            let range = word.parse::<ipnet::Ipv4Net>().ok();
            if let (Some(range), Some(address)) = (range, address) {
                return range.contains(&address);
            }
            let domain = word.trim_start_matches("*.").trim_start_matches('.');
            host == domain || host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
        })
    }
}

/// Accepts every certificate and remembers whose it was and whether this system trusts it.
#[derive(Debug)]
struct Watcher {
    system: Verifier,
    seen: Mutex<Option<Signed>>,
}

impl Watcher {
    fn new(provider: &Arc<CryptoProvider>) -> Result<Self, ReachError> {
        let system =
            Verifier::new(provider.clone()).map_err(|error| ReachError(error.to_string()))?;
        Ok(Self { system, seen: Mutex::default() })
    }
}

impl ServerCertVerifier for Watcher {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let judged =
            self.system.verify_server_cert(end_entity, intermediates, server_name, ocsp, now);
        let signed = Signed {
            issuer: issuer(end_entity).unwrap_or_else(|| "an issuer without a name".into()),
            distrust: judged.err().map(|error| error.to_string()),
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(signed);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.system.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.system.supported_verify_schemes()
    }
}

/// The organisation of the issuer, or its common name.
fn issuer(certificate: &[u8]) -> Option<String> {
    let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
    let name = parsed.issuer();
    let organisation = name.iter_organization().next();
    let attribute = organisation.or_else(|| name.iter_common_name().next())?;
    Some(attribute.as_str().ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::PathBuf;

    use super::*;

    fn proxies(proxy: &str, exceptions: &str) -> Proxies {
        let vars = BTreeMap::from([
            ("HTTPS_PROXY".to_owned(), proxy.to_owned()),
            ("no_proxy".to_owned(), exceptions.to_owned()),
        ]);
        Proxies::of(&Host::fixed(vars, PathBuf::new(), PathBuf::new()))
    }

    #[test]
    fn a_proxy_is_taken_for_all_but_the_exceptions() {
        let all =
            proxies("proxy.acme.example:8080", "localhost, .internal,10.0.0.0/8,169.254.169.254");
        assert_eq!(all.proxy().unwrap().as_str(), "http://proxy.acme.example:8080/");
        for (host, excepted) in [
            ("ec2.us-west-2.amazonaws.com", false),
            ("localhost", true),
            ("x.internal", true),
            ("xinternal", false),
            ("10.1.2.3", true),
            ("169.254.169.254", true),
            ("11.1.2.3", false),
        ] {
            assert_eq!(all.excepts(host), excepted, "{host}");
            assert_eq!(all.of_host(host).is_none(), excepted, "{host}");
        }
        assert!(proxies("", "").of_host("a.example").is_none());
        assert!(proxies("p:1", "*").of_host("a.example").is_none());
    }

    #[tokio::test]
    async fn a_host_that_refuses_is_told_as_one() {
        // Nobody listens on the first port of loopback.
        let nobody = proxies("127.0.0.1:1", "");
        let proxy = nobody.of_host("a.example").unwrap();
        let error = through(proxy, "a.example").await.unwrap_err();
        assert!(error.0.starts_with("the proxy 127.0.0.1:1: "), "{error}");
    }

    #[tokio::test]
    async fn a_proxy_that_says_no_is_told_with_its_words() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let proxy = proxies(&format!("u:p@{address}"), "");
        let answers = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap();
            stream.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
            String::from_utf8_lossy(&request[..read]).into_owned()
        };
        let (request, tunnel) =
            tokio::join!(answers, through(proxy.of_host("a.example").unwrap(), "a.example"));
        assert!(request.starts_with("CONNECT a.example:443 HTTP/1.1\r\n"), "{request}");
        assert!(request.contains("Proxy-Authorization: Basic dTpw\r\n"), "{request}");
        assert!(tunnel.unwrap_err().0.ends_with("answers HTTP/1.1 403 Forbidden"));
    }

    #[test]
    fn the_issuer_is_named_by_its_organisation() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        let name = &mut parameters.distinguished_name;
        name.push(rcgen::DnType::OrganizationName, "Acme Root CA");
        let certificate = parameters.self_signed(&key).unwrap();
        assert_eq!(issuer(certificate.der()).as_deref(), Some("Acme Root CA"));
        assert_eq!(issuer(b"nothing"), None);
    }
}
