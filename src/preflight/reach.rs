//! Reaching hosts: whether one answers over TLS, who signed its certificate, and which address the
//! internet sees of this host.
//!
//! A probe sends nothing beyond the handshake, so it also goes through with a certificate that
//! nobody should trust: whose it is, is what is asked. It goes through the proxy that the tools
//! will go through. Start at [`Reach`]; [`Internet`] is the real one.

use std::fmt::Debug;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
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
    /// Who signed the certificate that a host presents; `None` of one that is reached without TLS.
    async fn shown(&self, target: &Target) -> Result<Option<Signed>, ReachError>;
    /// The address that the internet sees of this host.
    async fn egress(&self) -> Result<Ipv4Addr, ReachError>;
}

/// Where something is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its host name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it presents a certificate.
    pub is_tls: bool,
}

impl Target {
    /// A host at the port of HTTPS.
    pub fn https(host: &str) -> Self {
        Self { host: host.to_owned(), port: 443, is_tls: true }
    }

    /// Where a URL leads; `None` of one without a host.
    pub fn of(url: &Url) -> Option<Self> {
        let host = url.host_str()?.trim_matches(['[', ']']).to_owned();
        Some(Self { host, port: url.port_or_known_default()?, is_tls: url.scheme() == "https" })
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.port, self.is_tls) {
            (443, true) | (80, false) => f.write_str(&self.host),
            (port, _) => write!(f, "{}:{port}", self.host),
        }
    }
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

    async fn handshake(&self, target: &Target) -> Result<Signed, ReachError> {
        let host = target.host.as_str();
        let stream = match self.proxies.of_host(host) {
            None => TcpStream::connect((host, target.port)).await?,
            Some(proxy) => through(proxy, target).await?,
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
    async fn shown(&self, target: &Target) -> Result<Option<Signed>, ReachError> {
        let late = || ReachError(format!("no answer within {} s", LIMIT.as_secs()));
        let shown = async {
            if target.is_tls {
                return self.handshake(target).await.map(Some);
            }
            match self.proxies.of_plain_host(&target.host) {
                None => TcpStream::connect((target.host.as_str(), target.port)).await?,
                Some(proxy) => connected(proxy).await?,
            };
            Ok(None)
        };
        timeout(LIMIT, shown).await.map_err(|_late| late())?
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

/// Where a proxy is.
fn place(proxy: &Url) -> Result<(&str, u16), ReachError> {
    let name = proxy.host_str().ok_or_else(|| ReachError("the proxy has no host name".into()))?;
    Ok((name, proxy.port_or_known_default().unwrap_or(3128)))
}

async fn connected(proxy: &Url) -> Result<TcpStream, ReachError> {
    let (name, port) = place(proxy)?;
    let stream = TcpStream::connect((name, port)).await;
    stream.map_err(|error| ReachError(format!("the proxy {name}:{port}: {error}")))
}

/// Opens a tunnel through a proxy.
async fn through(proxy: &Url, target: &Target) -> Result<TcpStream, ReachError> {
    let (name, port) = place(proxy)?;
    let mut stream = connected(proxy).await?;
    let far = format!("{}:{}", target.host, target.port);
    let mut request = format!("CONNECT {far} HTTP/1.1\r\nHost: {far}\r\n");
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
    https: Option<Url>,
    http: Option<Url>,
    exceptions: Vec<String>,
    unusable: Option<(&'static str, String)>,
}

impl Proxies {
    /// As the environment has them.
    pub fn of(host: &Host) -> Self {
        let mut unusable = None;
        let mut proxy = |name: &'static str| {
            let text = either(host, name)?;
            let whole =
                if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
            let url = Url::parse(&whole).ok().filter(Url::has_host);
            if url.is_none() {
                unusable = Some((name, text.to_owned()));
            }
            url
        };
        let (https, http) = (proxy("HTTPS_PROXY"), proxy("HTTP_PROXY"));
        let exceptions = either(host, "NO_PROXY").unwrap_or_default();
        let exceptions = words(exceptions).map(str::to_ascii_lowercase);
        Self { https, http, exceptions: exceptions.collect(), unusable }
    }

    /// The proxy, where there is one.
    pub fn proxy(&self) -> Option<&Url> {
        self.https.as_ref()
    }

    /// Whether anything goes through a proxy.
    pub fn is_set(&self) -> bool {
        self.https.is_some() || self.http.is_some()
    }

    /// A variable whose value is no address, and that value.
    pub fn unusable(&self) -> Option<(&'static str, &str)> {
        self.unusable.as_ref().map(|(name, text)| (*name, text.as_str()))
    }

    /// The proxy for that host; `None` where it is reached directly.
    pub fn of_host(&self, host: &str) -> Option<&Url> {
        self.https.as_ref().filter(|_| !self.is_direct(host))
    }

    /// The same without TLS.
    fn of_plain_host(&self, host: &str) -> Option<&Url> {
        self.http.as_ref().filter(|_| !self.is_direct(host))
    }

    fn is_direct(&self, host: &str) -> bool {
        is_loopback(host) || self.excepts(host)
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

fn either<'a>(host: &'a Host, name: &str) -> Option<&'a str> {
    host.var(name).or_else(|| host.var(&name.to_ascii_lowercase()))
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(',').map(str::trim).filter(|word| !word.is_empty())
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// What is never behind a proxy: this host, and what gives an instance or a container its
/// credentials.
const NEAR: [&str; 6] =
    ["localhost", "127.0.0.1", "::1", "169.254.169.254", "169.254.170.2", "169.254.170.23"];
/// The endpoints of clusters, which are addresses of the VPC where they are not public.
const CLUSTERS: &str = ".eks.amazonaws.com";
/// Interface endpoints of AWS, by their own names.
const ENDPOINTS: &str = ".vpce.amazonaws.com";

/// What the tools are told to reach without a proxy: the operator's own exceptions, and what they
/// must not lack.
#[derive(Debug, Clone)]
pub struct Exceptions {
    proxies: Proxies,
    own: String,
    added: Vec<String>,
}

impl Exceptions {
    /// In that environment; `inside` where the endpoint of the cluster is not public.
    pub fn of(host: &Host, inside: bool) -> Self {
        let proxies = Proxies::of(host);
        let endpoints = host.vars().iter().filter(|(name, _)| name.starts_with("AWS_ENDPOINT_URL"));
        let endpoints = endpoints.filter_map(|(_, text)| Target::of(&Url::parse(text).ok()?));
        let own = either(host, "NO_PROXY").unwrap_or_default().trim_matches(',').to_owned();
        let mut exceptions = Self { proxies, own, added: Vec::new() };
        exceptions.add(NEAR.map(str::to_owned));
        exceptions.add(inside.then(|| CLUSTERS.to_owned()));
        exceptions.add(endpoints.map(|target| target.host).filter(|host| is_private(host)));
        exceptions
    }

    /// With endpoints that others than the variables say.
    #[must_use]
    pub fn and(mut self, endpoints: impl IntoIterator<Item = Url>) -> Self {
        let hosts = endpoints.into_iter().filter_map(|url| Some(Target::of(&url)?.host));
        self.add(hosts.filter(|host| is_private(host)));
        self
    }

    fn add(&mut self, names: impl IntoIterator<Item = String>) {
        for name in names {
            let bare = name.trim_start_matches('.');
            if !self.proxies.excepts(bare) && !self.added.contains(&name) {
                self.added.push(name);
            }
        }
    }

    /// What is added to the operator's own.
    pub fn added(&self) -> String {
        self.added.join(",")
    }

    /// The value of `NO_PROXY`.
    pub fn value(&self) -> String {
        let both = [self.own.clone(), self.added()];
        both.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(",")
    }
}

/// Whether a host is one of a private network, so that no proxy of the way out leads there.
fn is_private(host: &str) -> bool {
    host.ends_with(ENDPOINTS)
        || match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => address.is_private() || address.is_loopback(),
            Ok(IpAddr::V6(address)) => address.is_unique_local() || address.is_loopback(),
            Err(_a_name) => false,
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

    #[test]
    fn the_exceptions_of_the_tools_are_the_operators_and_what_they_lack() {
        let value = |exceptions: &str, endpoint: &str, inside| {
            let vars = [("NO_PROXY", exceptions), ("AWS_ENDPOINT_URL_EC2", endpoint)];
            let vars = vars.map(|(name, value)| (name.to_owned(), value.to_owned()));
            let host = Host::fixed(BTreeMap::from(vars), PathBuf::new(), PathBuf::new());
            Exceptions::of(&host, inside).value()
        };
        let near = "localhost,127.0.0.1,::1,169.254.169.254,169.254.170.2,169.254.170.23";
        assert_eq!(value("", "", false), near);
        assert_eq!(value(near, "", true), format!("{near},.eks.amazonaws.com"));
        let own = format!(".acme.example,{near}");
        for (endpoint, added) in [
            (
                "https://vpce-1-a.ec2.us-west-2.vpce.amazonaws.com",
                ",vpce-1-a.ec2.us-west-2.vpce.amazonaws.com",
            ),
            ("http://10.1.2.3:4566", ",10.1.2.3"),
            ("https://ec2.acme.example", ""),
            ("https://ec2.us-west-2.amazonaws.com", ""),
        ] {
            assert_eq!(value(".acme.example", endpoint, false), format!("{own}{added}"));
        }
        assert_eq!(value("*", "http://10.1.2.3", true), "*");
        let host = Host::fixed(BTreeMap::new(), PathBuf::new(), PathBuf::new());
        let of_profile =
            ["http://10.1.2.3:4566", "http://127.0.0.1:5000", "https://ec2.acme.example"];
        let exceptions =
            Exceptions::of(&host, false).and(of_profile.map(|url| url.parse().unwrap()));
        assert_eq!(exceptions.value(), format!("{near},10.1.2.3"));
    }

    #[tokio::test]
    async fn a_host_that_refuses_is_told_as_one() {
        // Nobody listens on the first port of loopback.
        let nobody = proxies("127.0.0.1:1", "");
        let proxy = nobody.of_host("a.example").unwrap();
        let error = through(proxy, &Target::https("a.example")).await.unwrap_err();
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
        let target = Target::https("a.example");
        let (request, tunnel) =
            tokio::join!(answers, through(proxy.of_host("a.example").unwrap(), &target));
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
