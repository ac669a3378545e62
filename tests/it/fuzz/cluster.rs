//! Requests to the simulated Kubernetes API, on the wire.
//!
//! An input is `METHOD PATH CONTENT-TYPE` and a line break, followed by the body.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use serde_json::json;
use springboard::rehearsal::{Scenario, World, kubernetes};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use super::folder;

const ENDPOINT: &str = "AB12CD34.gr7.us-west-2.eks.amazonaws.com";
/// Watches are open for as long as somebody listens.
const PATIENCE: Duration = Duration::from_secs(5);
/// A cluster is made new after so many requests, so that what they made does not pile up.
const REQUESTS: u32 = 200;

/// A cluster that answers.
struct Cluster {
    runtime: Runtime,
    client: reqwest::Client,
    address: SocketAddr,
    token: String,
    asked: u32,
    _folder: tempfile::TempDir,
}

/// One request.
pub(super) fn request(bytes: &[u8]) {
    static CLUSTER: OnceLock<Mutex<Cluster>> = OnceLock::new();
    let cluster = CLUSTER.get_or_init(|| Mutex::new(Cluster::new()));
    let mut cluster = cluster.lock().unwrap();
    cluster.asked += 1;
    if cluster.asked > REQUESTS {
        *cluster = Cluster::new();
    }
    let end = bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len());
    let first = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut words = first.splitn(3, ' ');
    let mut word = || words.next().unwrap_or_default();
    let (method, path, kind) = (word(), word(), word());
    let Ok(method) = reqwest::Method::from_bytes(method.as_bytes()) else { return };
    let Ok(kind) = reqwest::header::HeaderValue::from_str(kind) else { return };
    let address = format!("https://{ENDPOINT}:{}/{}", cluster.address.port(), path);
    let Ok(address) = address.parse::<reqwest::Url>() else { return };
    if address.host_str() != Some(&ENDPOINT.to_lowercase()) || is_endless(&address) {
        return;
    }
    let body = bytes.get(end + 1..).unwrap_or_default().to_vec();
    let asked = cluster.client.request(method, address).bearer_auth(&cluster.token);
    let asked = asked.header("content-type", kind).body(body);
    cluster.runtime.block_on(async {
        // Whatever is asked, there is an answer: a handler that panics closes the connection.
        let answer = asked.send().await.expect("an answer");
        answer.bytes().await.expect("a whole answer");
    });
}

/// A watch ends only when the cluster does.
fn is_endless(address: &reqwest::Url) -> bool {
    let wants = |(name, _): (std::borrow::Cow<'_, str>, _)| name == "watch" || name == "follow";
    address.query_pairs().any(wants) || address.path().contains("watch")
}

impl Cluster {
    fn new() -> Self {
        let folder = folder();
        let world = World::open(folder.path(), Scenario::default(), 0.0).unwrap();
        let cluster = json!({"type": "aws_eks_cluster", "id": "acme", "attributes": {
            "name": "acme", "endpoint": format!("https://{ENDPOINT}"), "version": "1.35",
            "arn": "arn:aws:eks:us-west-2:123456789012:cluster/acme",
            "vpc_config": [{"public_access_cidrs": ["0.0.0.0/0"]}]}});
        world.store.put("aws", "aws_eks_cluster/acme", cluster).unwrap();
        let token = kubernetes::token(&world);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let serving = kubernetes::serve(Arc::clone(&world), listener);
        runtime.spawn(async move { drop(serving.await) });
        let client = reqwest::Client::builder()
            .no_proxy()
            .danger_accept_invalid_certs(true)
            .resolve(&ENDPOINT.to_lowercase(), address)
            .timeout(PATIENCE)
            .build()
            .unwrap();
        Self { runtime, client, address, token, asked: 0, _folder: folder }
    }
}

pub(super) fn seeds() -> Vec<Vec<u8>> {
    let (json, yaml) = ("application/json", "application/yaml");
    let space = r#"{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"web"}}"#;
    let config = r#"{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c","namespace":"default","labels":{"a":"b"}},"data":{"k":"v"}}"#;
    let web = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: default}\n\
               spec:\n  replicas: 2\n  selector: {matchLabels: {app: web}}\n  template:\n    \
               metadata: {labels: {app: web}}\n    spec:\n      containers:\n      - name: web\n        \
               image: public.ecr.aws/nginx:1\n        resources: {requests: {cpu: 100m, memory: 1Gi}}\n";
    let maps = "api/v1/namespaces/default/configmaps";
    let apps = "apis/apps/v1/namespaces/default/deployments";
    let patch = |kind: &str| format!("application/{kind}");
    let merge = r#"{"data":{"k":null,"n":"1"}}"#;
    let steps = r#"[{"op":"add","path":"/data/x","value":"1"},{"op":"remove","path":"/data/k"}]"#;
    let strategic =
        r#"{"spec":{"template":{"spec":{"containers":[{"name":"web","$patch":"delete"}]}}}}"#;
    let secret =
        b"k8s\0\x0a\x0c\x0a\x02v1\x12\x06Secret\x12\x10\x0a\x0e\x0a\x01s\x12\x00\x1a\x07default";
    let of = |method: &str, path: &str, kind: &str, body: &[u8]| {
        [format!("{method} {path} {kind}\n").as_bytes(), body].concat()
    };
    let server_side = format!("{apps}/web?fieldManager=helm&force=true");
    vec![
        of("POST", "api/v1/namespaces", json, space.as_bytes()),
        of("POST", maps, json, config.as_bytes()),
        of("PUT", &format!("{maps}/c"), json, config.as_bytes()),
        of("PATCH", &format!("{maps}/c"), &patch("merge-patch+json"), merge.as_bytes()),
        of("PATCH", &format!("{maps}/c"), &patch("json-patch+json"), steps.as_bytes()),
        of("POST", apps, yaml, web.as_bytes()),
        of("PATCH", &server_side, &patch("apply-patch+yaml"), web.as_bytes()),
        of(
            "PATCH",
            &format!("{apps}/web"),
            &patch("strategic-merge-patch+json"),
            strategic.as_bytes(),
        ),
        of(
            "POST",
            "api/v1/namespaces/default/secrets",
            "application/vnd.kubernetes.protobuf",
            secret,
        ),
        of("GET", "api/v1/pods?labelSelector=a%3Db,c!%3Dd&limit=2", json, b""),
        of("GET", "apis", json, b""),
        of("GET", "openapi/v3", json, b""),
        of("GET", "openapi/v2", json, b""),
        of("DELETE", &format!("{maps}/c"), json, br#"{"propagationPolicy":"Foreground"}"#),
        of("DELETE", maps, json, b""),
        of("GET", &format!("{apps}/web/scale"), json, b""),
    ]
}
