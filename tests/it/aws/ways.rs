//! Proxies and certificates on the way to AWS.
#![expect(clippy::disallowed_methods, reason = "servers of a test run beside it")]

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::response::IntoResponse as _;
use futures::FutureExt as _;
use futures::future::ready;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use springboard::cloud::{Cloud as _, CloudError};
use springboard::cluster::{Cluster, ClusterError, Door, Proxy};
use springboard::run::Secret;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use super::{opened, settings, variables};

/// A proxy that opens tunnels, and what it was asked to open them to. Names lead to `target`.
struct Tunnels {
    url: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Tunnels {
    async fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://op:secret@{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = asked.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let log = log.clone();
                tokio::spawn(async move { tunnel(stream, target, &log).await });
            }
        });
        Self { url, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn tunnel(stream: TcpStream, target: SocketAddr, log: &Mutex<Vec<String>>) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut first = String::new();
    stream.read_line(&mut first).await?;
    let (mut line, mut is_known) = (String::new(), false);
    while stream.read_line(&mut line).await? > 2 {
        // `op:secret`
        is_known |= line.trim_end() == "proxy-authorization: Basic b3A6c2VjcmV0"
            || line.trim_end() == "Proxy-Authorization: Basic b3A6c2VjcmV0";
        line.clear();
    }
    if !is_known {
        stream.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await?;
        return Ok(());
    }
    log.lock().unwrap().push(first.split(' ').nth(1).unwrap_or_default().to_owned());
    let mut far = TcpStream::connect(target).await?;
    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await?;
    tokio::io::copy_bidirectional(&mut stream, &mut far).await.map(|_| ())
}

/// An IAM behind TLS, and the certificate of whoever signed its own.
async fn iam(name: &str) -> (SocketAddr, String) {
    let authority = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = params.self_signed(&authority).unwrap();
    let issuer = Issuer::new(params, authority);
    let key = KeyPair::generate().unwrap();
    let leaf = CertificateParams::new(vec![name.to_owned()]).unwrap();
    let leaf = leaf.signed_by(&key, &issuer).unwrap();
    let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![leaf.der().clone()], der)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let role =
        "<R><GetRoleResult><Role><Arn>arn:aws:iam::1:role/a</Arn></Role></GetRoleResult></R>";
    let vpcs = "<DescribeVpcsResponse><vpcSet/></DescribeVpcsResponse>";
    let router = Router::new().fallback(move |body: String| async move {
        if body.contains("Action=GetRole") { role.into_response() } else { vpcs.into_response() }
    });
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, router) = (acceptor.clone(), router.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let service = TowerToHyperService::new(router);
                let server = http1::Builder::new();
                let _ended = server.serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    (address, root.pem())
}

#[tokio::test]
async fn both_kinds_of_requests_go_through_the_proxy_and_trust_the_bundle() {
    let (far, pem) = iam("aws.acme.example").await;
    let proxy = Tunnels::start(far).await;
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle.pem");
    std::fs::write(&bundle, pem).unwrap();
    let variables = |trusted: bool| {
        let mut variables = variables(&[
            ("AWS_ENDPOINT_URL", "https://aws.acme.example"),
            ("HTTPS_PROXY", &proxy.url),
        ]);
        if trusted {
            variables.insert("AWS_CA_BUNDLE".into(), bundle.display().to_string());
        }
        settings(variables, Path::new("nowhere"))
    };
    let cloud = opened(variables(true));
    assert_eq!(cloud.role("a").await.unwrap().unwrap().arn, "arn:aws:iam::1:role/a");
    // Through the SDK.
    assert_eq!(cloud.vpcs().await.unwrap(), []);
    assert!(proxy.asked().iter().all(|asked| asked == "aws.acme.example:443"));
    assert!(!proxy.asked().is_empty());
    let stranger = opened(variables(false)).role("a").await.unwrap_err();
    let CloudError::Unreachable { source, .. } = stranger else { panic!("{stranger:?}") };
    let mut words = source.to_string();
    let mut next = source.source();
    while let Some(cause) = next {
        words.push_str(&cause.to_string());
        next = cause.source();
    }
    assert!(words.contains("certificate"), "{words}");
}

#[tokio::test]
async fn our_own_reads_of_a_cluster_go_the_way_of_the_tools() {
    const HOST: &str = "ab12cd34.gr7.us-west-2.eks.acme.example";
    let (far, pem) = iam(HOST).await;
    let proxy = Tunnels::start(far).await;
    let asked = async |authority: &str, variables: &[(&str, &str)]| {
        let environment = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        let door = Door {
            endpoint: format!("https://{HOST}"),
            certificate_authority: authority.to_owned(),
            address: None,
            proxy: Proxy::of(&environment.collect()),
            tokens: Arc::new(|| ready(Ok(Secret::new("token"))).boxed()),
        };
        Cluster::open(&door).unwrap().ready().await
    };
    let bare = proxy.url.trim_start_matches("http://");
    for way in [
        ("HTTPS_PROXY", proxy.url.as_str()),
        ("https_proxy", proxy.url.as_str()),
        ("HTTPS_PROXY", bare),
    ] {
        asked(&pem, &[way, ("NO_PROXY", "localhost,.other.example")]).await.unwrap();
    }
    assert_eq!(proxy.asked(), [""; 3].map(|_| format!("{HOST}:443")));
    // Reached directly: the name leads nowhere.
    let way = ("HTTPS_PROXY", proxy.url.as_str());
    for exceptions in [".eks.acme.example", "*.eks.acme.example", "acme.example", HOST, "*"] {
        let error = asked(&pem, &[way, ("no_proxy", exceptions)]).await.unwrap_err();
        assert!(matches!(error, ClusterError::Unreachable { .. }), "{exceptions}: {error:?}");
    }
    assert_eq!(proxy.asked().len(), 3);
    // Nobody but the authority of the cluster is trusted, whoever answers behind the proxy.
    let (_, stranger) = iam(HOST).await;
    let error = asked(&stranger, &[way]).await.unwrap_err();
    assert!(matches!(error, ClusterError::Unreachable { .. }), "{error:?}");
    assert_eq!(proxy.asked().len(), 4);
}

#[tokio::test]
async fn what_is_named_in_no_proxy_is_reached_directly() {
    let (far, pem) = iam("localhost").await;
    // Where nothing listens, so that whoever goes there fails.
    let nowhere = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let bundle = dir.path().join("bundle.pem");
    std::fs::write(&bundle, pem).unwrap();
    let cloud = opened(settings(
        variables(&[
            ("AWS_ENDPOINT_URL", &format!("https://localhost:{}", far.port())),
            ("HTTPS_PROXY", &format!("http://{nowhere}")),
            ("AWS_CA_BUNDLE", bundle.to_str().unwrap()),
        ]),
        Path::new("nowhere"),
    ));
    assert!(cloud.role("a").await.unwrap().is_some());
}
