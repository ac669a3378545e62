//! Our own reads of a cluster, from the simulated Kubernetes API.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::ready;
use serde_json::{Value, json};
use springboard::cloud::sign::{Credentials, cluster_token};
use springboard::cluster::readiness::node_is_ready;
use springboard::cluster::{Cluster, ClusterError, Door, Hooks, Readiness, Verdict, Workloads};
use springboard::rehearsal::authority::Authority;
use springboard::rehearsal::environment;
use springboard::run::Secret;

use crate::support::world::Servers;

const ENDPOINT: &str = "https://AB12CD34.gr7.us-west-2.eks.amazonaws.com";
const IMAGE: &str = "123456789012.dkr.ecr.us-west-2.amazonaws.com/acme/core-api:1.0";

/// A live cluster that answers addresses within `allowed`, with one node.
async fn cluster(allowed: &str) -> (Servers, SocketAddr) {
    let mut servers = Servers::new("");
    servers.has(
        "aws_eks_cluster",
        "acme",
        &json!({"name": "acme", "endpoint": ENDPOINT, "version": "1.35",
            "arn": "arn:aws:eks:us-west-2:123456789012:cluster/acme",
            "vpc_config": [{"public_access_cidrs": [allowed]}]}),
    );
    for addon in ["vpc-cni", "kube-proxy", "coredns"] {
        let attributes = json!({"cluster_name": "acme", "addon_name": addon});
        servers.has("aws_eks_addon", &format!("acme:{addon}"), &attributes);
    }
    let subnet = json!({"id": "subnet-0", "availability_zone": "us-west-2a",
        "cidr_block": "10.0.0.0/20"});
    servers.has("aws_subnet", "subnet-0", &subnet);
    servers.has(
        "aws_eks_node_group",
        "acme:general",
        &json!({"cluster_name": "acme", "node_group_name": "general",
            "scaling_config": [{"desired_size": 1}], "subnet_ids": ["subnet-0"],
            "instance_types": ["m5.4xlarge"]}),
    );
    let address = servers.kubernetes().await;
    (servers, address)
}

/// The way to it, with tokens that we sign ourselves.
fn door(servers: &Servers, address: SocketAddr) -> Door {
    let authority = Authority::open(servers.world.dir()).unwrap();
    let world = servers.world.clone();
    let credentials = Credentials {
        access_key_id: environment::ACCESS_KEY_ID.into(),
        secret_access_key: Secret::new(environment::SECRET_ACCESS_KEY),
        session_token: None,
    };
    Door {
        endpoint: ENDPOINT.into(),
        certificate_authority: authority.certificate_pem().into(),
        address: Some(address),
        proxy: None,
        tokens: Arc::new(move || {
            let token = cluster_token(&credentials, "us-west-2", "acme", world.now());
            ready(token.map_err(|error| error.to_string())).boxed()
        }),
    }
}

/// Makes an object as helm would have made it.
async fn has(servers: &Servers, door: &Door, address: SocketAddr, path: &str, object: &Value) {
    let host = ENDPOINT.trim_start_matches("https://");
    let authority = Authority::open(servers.world.dir()).unwrap();
    let authority = reqwest::Certificate::from_pem(authority.certificate_pem().as_bytes()).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([authority])
        .resolve(host, address)
        .no_proxy()
        .build()
        .unwrap();
    let url = format!("{ENDPOINT}:{}{path}", address.port());
    let token = (door.tokens)().await.unwrap();
    let answer = client.post(url).bearer_auth(token.expose()).json(object).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

fn deployment(image: &str, more: &Value) -> Value {
    let mut spec = json!({"containers": [{"name": "api", "image": image}]});
    for (name, value) in more.as_object().unwrap() {
        spec[name] = value.clone();
    }
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "core-api",
            "annotations": {"meta.helm.sh/release-name": "platform"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "core-api"}},
            "template": {"metadata": {"labels": {"app": "core-api"}}, "spec": spec},
        },
    })
}

/// Looks until the only workload of the release stands as wanted.
async fn wait_for(cluster: &Cluster, wanted: impl Fn(&Verdict) -> bool) -> Readiness {
    let looking = async {
        loop {
            let workloads = Workloads::read(cluster, "default").await.unwrap();
            let mut readiness = workloads.of_release("platform", Hooks::Counted).readiness();
            assert!(readiness.len() <= 1, "{readiness:?}");
            if let Some(found) = readiness.pop().filter(|found| wanted(&found.verdict)) {
                return found;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), looking).await.unwrap()
}

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_is_hopeless_until_it_is_pushed() {
    let (servers, address) = cluster("0.0.0.0/0").await;
    let door = door(&servers, address);
    let cluster = Cluster::open(&door).unwrap();
    cluster.ready().await.unwrap();
    has(&servers, &door, address, DEPLOYMENTS, &deployment(IMAGE, &json!({}))).await;
    let found = wait_for(&cluster, |verdict| matches!(verdict, Verdict::Hopeless(_))).await;
    assert_eq!(found.object, "deployment/core-api");
    let reason = found.verdict.reason().unwrap().to_owned();
    assert!(reason.starts_with("0 of 1 ready, pod core-api-"), "{reason}");
    assert!(reason.contains("Pull") && reason.contains(&format!("{IMAGE}: not found")), "{reason}");

    let digest = json!({"digest": "sha256:00"});
    servers.world.store.put("registry", "acme/core-api:1.0", digest).unwrap();
    wait_for(&cluster, |verdict| *verdict == Verdict::Ready).await;
    let nodes = cluster.list("/api/v1/nodes").await.unwrap();
    assert_eq!(nodes.iter().filter(|node| node_is_ready(node)).count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_no_node_can_take_is_hopeless_in_the_words_of_the_scheduler() {
    let (servers, address) = cluster("0.0.0.0/0").await;
    let door = door(&servers, address);
    let cluster = Cluster::open(&door).unwrap();
    let elsewhere = json!({"nodeSelector": {"group": "gpu"}});
    has(&servers, &door, address, DEPLOYMENTS, &deployment(IMAGE, &elsewhere)).await;
    let found = wait_for(&cluster, |verdict| matches!(verdict, Verdict::Hopeless(_))).await;
    let reason = found.verdict.reason().unwrap();
    assert!(reason.contains("Unschedulable: 0/1 nodes are available"), "{reason}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_there_is_no_error_and_what_is_refused_is_one() {
    let (servers, address) = cluster("0.0.0.0/0").await;
    let cluster = Cluster::open(&door(&servers, address)).unwrap();
    assert_eq!(cluster.find(&format!("{DEPLOYMENTS}/none")).await.unwrap(), None);
    assert_eq!(cluster.list("/apis/no.such.group/v1/things").await.unwrap(), Vec::<Value>::new());
    let stranger = Door {
        tokens: Arc::new(|| ready(Ok(Secret::new("k8s-aws-v1.nonsense"))).boxed()),
        ..door(&servers, address)
    };
    let error = Cluster::open(&stranger).unwrap().ready().await.unwrap_err();
    assert!(matches!(error, ClusterError::Refused { status: 401, .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_that_does_not_answer_this_host_says_so() {
    let (servers, address) = cluster("198.51.100.0/24").await;
    let mut door = door(&servers, address);
    // Nobody listens there: an endpoint that lets the connection hang takes as long as the limit.
    door.address = Some(SocketAddr::from(([127, 0, 0, 1], 1)));
    let error = Cluster::open(&door).unwrap().ready().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the Kubernetes API at ab12cd34.gr7.us-west-2.eks.amazonaws.com cannot be reached from \
         this host"
    );
}
