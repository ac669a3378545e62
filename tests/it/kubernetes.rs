//! The simulated Kubernetes API, asked by the real helm 3, helm 4 and kubectl.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use springboard::cloud::sign::{Credentials, cluster_token};
use springboard::rehearsal::authority::Authority;
use springboard::rehearsal::environment;
use springboard::rehearsal::kubernetes::inventory;
use springboard::run::Secret;
use tempfile::TempDir;

use crate::support::programs::{client, program};
use crate::support::world::Servers;

const ENDPOINT: &str = "AB12CD34.gr7.us-west-2.eks.amazonaws.com";
const ACCOUNT_REGISTRY: &str = "123456789012.dkr.ecr.us-west-2.amazonaws.com";

/// A cluster with nodes, and what clients need to talk to it.
pub(crate) struct Cluster {
    pub(crate) servers: Servers,
    folder: TempDir,
}

impl Cluster {
    /// A live cluster with `nodes` CPU nodes; `scenario` is TOML.
    pub(crate) async fn with(nodes: u32, scenario: &str) -> Self {
        Self::at_scale(nodes, scenario, 0.0).await
    }

    /// The same, where time passes.
    async fn at_scale(nodes: u32, scenario: &str, time_scale: f64) -> Self {
        let mut servers = Servers::at_scale(scenario, time_scale);
        servers.has(
            "aws_eks_cluster",
            "acme",
            &json!({"name": "acme", "endpoint": format!("https://{ENDPOINT}"), "version": "1.35",
                "arn": "arn:aws:eks:us-west-2:123456789012:cluster/acme",
                "bootstrap_self_managed_addons": false,
                "vpc_config": [{"public_access_cidrs": ["8.8.4.0/24"]}]}),
        );
        for addon in ["vpc-cni", "kube-proxy", "coredns", "aws-ebs-csi-driver"] {
            let attributes = json!({"cluster_name": "acme", "addon_name": addon});
            servers.has("aws_eks_addon", &format!("acme:{addon}"), &attributes);
        }
        for (index, zone) in ["a", "b"].iter().enumerate() {
            servers.has(
                "aws_subnet",
                &format!("subnet-{index}"),
                &json!({"id": format!("subnet-{index}"),
                    "availability_zone": format!("us-west-2{zone}"),
                    "cidr_block": format!("10.0.{}.0/20", index * 16)}),
            );
        }
        has_nodes(&servers, "general", nodes, &json!({"instance_types": ["m5.4xlarge"]}));
        let address = servers.kubernetes().await;
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::open(servers.world.dir()).unwrap();
        let kubeconfig = kubeconfig(address, &authority, &token(servers.world.now()));
        std::fs::write(folder.path().join("kubeconfig"), kubeconfig).unwrap();
        Self { servers, folder }
    }

    /// Runs a program in the cluster's folder: whether it succeeded, and all that it said.
    pub(crate) async fn run(&self, program: &Path, args: &[&str]) -> (bool, String) {
        let kubeconfig = self.folder.path().join("kubeconfig");
        let vars = [("KUBECONFIG", kubeconfig.to_str().unwrap())];
        let output = client(program, args, &vars).await;
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// Runs a program that must succeed.
    pub(crate) async fn runs(&self, program: &Path, args: &[&str]) -> String {
        let (is_good, text) = self.run(program, args).await;
        assert!(is_good, "{args:?}: {text}");
        text
    }

    /// One object, as the world keeps it.
    pub(crate) fn object(&self, key: &str) -> Option<Value> {
        self.servers.world.store.get("kubernetes", key)
    }

    /// Waits until `holds` for the objects below `prefix`.
    pub(crate) async fn wait_for(
        &self,
        prefix: &str,
        holds: impl Fn(&[Value]) -> bool,
    ) -> Vec<Value> {
        let mut changes = self.servers.world.store.changes();
        let found = tokio::time::timeout(Duration::from_secs(30), async {
            loop {
                changes.mark_unchanged();
                let objects: Vec<Value> = self
                    .servers
                    .world
                    .store
                    .list_prefix("kubernetes", prefix)
                    .into_iter()
                    .map(|(_, object)| object)
                    .collect();
                if holds(&objects) {
                    return objects;
                }
                changes.changed().await.unwrap();
            }
        });
        found.await.unwrap_or_else(|_| {
            let there = self.servers.world.store.list_prefix("kubernetes", prefix);
            panic!("waited too long for {prefix}: {there:#?}")
        })
    }

    /// Writes a chart with these templates.
    fn chart(&self, name: &str, templates: &[(&str, &str)]) -> PathBuf {
        let folder = self.folder.path().join(name);
        std::fs::create_dir_all(folder.join("templates")).unwrap();
        let about = format!("apiVersion: v2\nname: {name}\nversion: 1.0.0\n");
        std::fs::write(folder.join("Chart.yaml"), about).unwrap();
        std::fs::write(folder.join("values.yaml"), VALUES).unwrap();
        for (file, text) in templates {
            std::fs::write(folder.join("templates").join(file), text).unwrap();
        }
        folder
    }
}

pub(crate) fn has_nodes(servers: &Servers, group: &str, count: u32, more: &Value) {
    let mut attributes = json!({"cluster_name": "acme", "node_group_name": group,
        "scaling_config": [{"desired_size": count}], "subnet_ids": ["subnet-0", "subnet-1"],
        "labels": {"group": group}});
    for (key, value) in more.as_object().unwrap() {
        attributes[key] = value.clone();
    }
    servers.has("aws_eks_node_group", &format!("acme:{group}"), &attributes);
}

/// A token as the installer signs it.
fn token(now: jiff::Timestamp) -> String {
    let credentials = Credentials {
        access_key_id: environment::ACCESS_KEY_ID.into(),
        secret_access_key: Secret::new(environment::SECRET_ACCESS_KEY),
        session_token: None,
    };
    cluster_token(&credentials, "us-west-2", "acme", now).unwrap().expose().to_owned()
}

fn kubeconfig(address: SocketAddr, authority: &Authority, token: &str) -> String {
    let authority = STANDARD.encode(authority.certificate_pem());
    format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: acme\n\
         clusters: [{{name: acme, cluster: {{server: \"https://{address}\", \
         tls-server-name: {ENDPOINT}, certificate-authority-data: {authority}}}}}]\n\
         users: [{{name: acme, user: {{token: {token}}}}}]\n\
         contexts: [{{name: acme, context: {{cluster: acme, user: acme}}}}]\n"
    )
}

fn helms() -> Vec<PathBuf> {
    ["helm3", "helm4"].into_iter().filter_map(program).collect()
}

const VALUES: &str = "image: 602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.10\n\
                      replicas: 2\nresources: {}\ntolerations: []\n";

const WEB: &str = r"
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  labels: { app: web }
spec:
  replicas: {{ .Values.replicas }}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      tolerations: {{ toYaml .Values.tolerations | nindent 8 }}
      containers:
        - name: web
          image: {{ .Values.image }}
          ports: [{ name: http, containerPort: 8080 }]
          resources: {{ toYaml .Values.resources | nindent 12 }}
          env: [{ name: MODEL_NAMES, value: 'laguna, malibu' }]
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: http }]
---
apiVersion: v1
kind: ConfigMap
metadata: { name: web }
data: { replicas: '{{ .Values.replicas }}' }
";

const HOOK: &str = r#"
apiVersion: batch/v1
kind: Job
metadata:
  name: migrate
  annotations: { "helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-delete-policy": before-hook-creation }
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{ name: migrate, image: '{{ .Values.image }}' }]
"#;

const DATA: &str = r"
apiVersion: apps/v1
kind: StatefulSet
metadata: { name: data }
spec:
  serviceName: data
  replicas: 2
  selector: { matchLabels: { app: data } }
  template:
    metadata: { labels: { app: data } }
    spec:
      containers: [{ name: data, image: '{{ .Values.image }}', volumeMounts: [{ name: disk, mountPath: /data }] }]
  volumeClaimTemplates:
    - metadata: { name: disk }
      spec:
        accessModes: [ReadWriteOnce]
        storageClassName: gp2
        resources: { requests: { storage: 1Gi } }
---
apiVersion: apps/v1
kind: DaemonSet
metadata: { name: agent }
spec:
  selector: { matchLabels: { app: agent } }
  template:
    metadata: { labels: { app: agent } }
    spec: { containers: [{ name: agent, image: '{{ .Values.image }}' }] }
";

#[tokio::test(flavor = "multi_thread")]
async fn either_helm_installs_upgrades_rolls_back_and_uninstalls() {
    for helm in helms() {
        let cluster = Cluster::with(2, "").await;
        let chart =
            cluster.chart("web", &[("web.yaml", WEB), ("hook.yaml", HOOK), ("data.yaml", DATA)]);
        let chart = chart.to_str().unwrap();
        let deploy = [
            "upgrade",
            "--install",
            "web",
            chart,
            "-n",
            "shop",
            "--create-namespace",
            "--wait",
            "--timeout",
            "60s",
        ];
        cluster.runs(&helm, &deploy).await;
        let web = cluster.object("apps/deployments/shop/web").unwrap();
        assert_eq!(web["status"]["readyReplicas"], 2);
        let agent = cluster.object("apps/daemonsets/shop/agent").unwrap();
        assert_eq!(agent["status"]["numberReady"], 2);
        let claim = cluster.object("core/persistentvolumeclaims/shop/disk-data-1").unwrap();
        assert_eq!(claim["status"]["phase"], "Bound");

        let more = [&deploy[..], &["--set", "replicas=3"]].concat();
        cluster.runs(&helm, &more).await;
        let web = cluster.object("apps/deployments/shop/web").unwrap();
        assert_eq!(web["status"]["readyReplicas"], 3);

        cluster
            .runs(&helm, &["rollback", "web", "1", "-n", "shop", "--wait", "--timeout", "60s"])
            .await;
        let map = cluster.object("core/configmaps/shop/web").unwrap();
        assert_eq!(map["data"]["replicas"], "2");
        let releases = inventory(&cluster.servers.world.store)["releases"].clone();
        assert_eq!(releases[0]["chart"], "web-1.0.0");
        assert_eq!(releases[0]["status"], "deployed");

        cluster
            .runs(&helm, &["uninstall", "web", "-n", "shop", "--wait", "--timeout", "60s"])
            .await;
        cluster.wait_for("core/pods/shop/web", <[Value]>::is_empty).await;
        assert_eq!(cluster.object("apps/deployments/shop/web"), None);
    }
}

fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|c| c["type"] == kind)
}

fn waiting_reason(pod: &Value) -> &str {
    pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str().unwrap_or("")
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_was_never_pushed_holds_its_pod_until_it_is() {
    for helm in helms() {
        let cluster = Cluster::with(1, "").await;
        let chart = cluster.chart("web", &[("web.yaml", WEB)]);
        let image = format!("image={ACCOUNT_REGISTRY}/acme/core-api:1.0");
        let install = [
            "install",
            "web",
            chart.to_str().unwrap(),
            "--set",
            &image,
            "--wait",
            "--timeout",
            "3s",
        ];
        let (is_good, said) = cluster.run(&helm, &install).await;
        assert!(!is_good, "{said}");
        let pods = cluster
            .wait_for("core/pods/default/", |pods| {
                pods.len() == 2 && pods.iter().all(|p| waiting_reason(p) == "ImagePullBackOff")
            })
            .await;
        let message = &pods[0]["status"]["containerStatuses"][0]["state"]["waiting"]["message"];
        let wanted = format!("{ACCOUNT_REGISTRY}/acme/core-api:1.0: not found");
        assert!(message.as_str().unwrap().ends_with(&wanted), "{message}");
        let events = cluster.servers.world.store.list_prefix("kubernetes", "core/events/default/");
        assert!(events.iter().any(|(_, event)| event["reason"] == "Failed"
            && event["message"].as_str().unwrap().starts_with("Failed to pull image")));

        let pushed = json!({"digest": "sha256:00"});
        cluster.servers.world.store.put("registry", "acme/core-api:1.0", pushed).unwrap();
        cluster
            .wait_for("apps/deployments/default/web", |d| d[0]["status"]["readyReplicas"] == 2)
            .await;
        let again = [
            "upgrade",
            "--install",
            "web",
            chart.to_str().unwrap(),
            "--set",
            &image,
            "--wait",
            "--timeout",
            "60s",
        ];
        cluster.runs(&helm, &again).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_fits_nowhere_waits_with_the_sentence_of_the_scheduler() {
    let Some(helm) = program("helm4") else { return };
    let cluster = Cluster::with(3, "").await;
    let chart = cluster.chart("web", &[("web.yaml", WEB)]);
    let install = [
        "install",
        "web",
        chart.to_str().unwrap(),
        "--set",
        "replicas=1",
        "--set-json",
        r#"resources={"limits":{"nvidia.com/gpu":4}}"#,
        "--set-json",
        r#"tolerations=[{"key":"nvidia.com/gpu","operator":"Exists"}]"#,
    ];
    cluster.runs(&helm, &install).await;
    let pods = cluster
        .wait_for("core/pods/default/", |pods| {
            pods.first().is_some_and(|pod| condition(pod, "PodScheduled").is_some())
        })
        .await;
    let scheduled = condition(&pods[0], "PodScheduled").unwrap();
    assert_eq!(scheduled["reason"], "Unschedulable");
    assert_eq!(
        scheduled["message"],
        "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are \
         available: 3 Preemption is not helpful for scheduling."
    );

    // A GPU node alone is not enough: its GPUs are allocatable once a device plugin runs there.
    let gpu = json!({"instance_types": ["p5e.48xlarge"], "ami_type": "AL2023_x86_64_NVIDIA",
        "labels": {"springboard/node-group": "gpu"},
        "taint": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}]});
    has_nodes(&cluster.servers, "gpu", 1, &gpu);
    cluster
        .wait_for("core/pods/default/", |pods| {
            let scheduled = condition(&pods[0], "PodScheduled").unwrap();
            scheduled["message"].as_str().unwrap_or("").starts_with("0/4 nodes are available: 4")
        })
        .await;
    cluster.servers.has("aws_nat_gateway", "nat-1", &json!({"id": "nat-1"}));
    let operator = stand_in("gpu-operator");
    let values = ["--set", "driver.enabled=false", "--set", "toolkit.enabled=false"];
    let install = [
        "install",
        "gpu-operator",
        operator.to_str().unwrap(),
        "-n",
        "gpu-operator",
        "--create-namespace",
        "--wait",
        "--timeout",
        "60s",
    ];
    cluster.runs(&helm, &[&install[..], &values[..]].concat()).await;
    cluster
        .wait_for("apps/deployments/default/web", |d| d[0]["status"]["readyReplicas"] == 1)
        .await;
    let policies = cluster.wait_for("nvidia.com/clusterpolicies/", |p| {
        p.first().is_some_and(|p| p["status"]["state"] == "ready")
    });
    policies.await;
}

fn stand_in(chart: &str) -> PathBuf {
    crate::support::source::root().join("assets/rehearsal/charts").join(chart)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_refuses_until_its_service_answers_and_a_secret_is_synced_after() {
    let Some(helm) = program("helm4") else { return };
    let cluster = Cluster::with(2, "").await;
    let arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-1-a1b2c3";
    let store = crate::support::source::root().join("assets/charts/external-secrets-store");
    let operator = stand_in("external-secrets");
    // Without a way out the operator's images cannot be pulled, and its webhook never answers.
    let install = [
        "install",
        "external-secrets",
        operator.to_str().unwrap(),
        "-n",
        "secrets",
        "--create-namespace",
    ];
    cluster.runs(&helm, &install).await;
    let arn_value = format!("database.secretArn={arn}");
    let deploy = [
        "upgrade",
        "--install",
        "store",
        store.to_str().unwrap(),
        "-n",
        "secrets",
        "--set",
        "region=us-west-2",
        "--set",
        &arn_value,
    ];
    let (is_good, said) = cluster.run(&helm, &deploy).await;
    assert!(!is_good, "{said}");
    let wanted = "no endpoints available for service \"external-secrets-webhook\"";
    assert!(said.contains("failed calling webhook") && said.contains(wanted), "{said}");

    cluster.servers.has("aws_nat_gateway", "nat-1", &json!({"id": "nat-1"}));
    cluster
        .wait_for("core/endpoints/secrets/external-secrets-webhook", |e| {
            e.first().is_some_and(|e| !e["subsets"][0]["addresses"].is_null())
        })
        .await;
    cluster.runs(&helm, &deploy).await;
    let secrets = "external-secrets.io/externalsecrets/secrets/";
    let failed = cluster
        .wait_for(secrets, |e| e.first().is_some_and(|e| condition(e, "Ready").is_some()))
        .await;
    assert_eq!(condition(&failed[0], "Ready").unwrap()["reason"], "SecretSyncedError");

    cluster.servers.has(
        "aws_db_instance",
        "acme",
        &json!({"username": "poolside", "master_user_secret": [{"secret_arn": arn}]}),
    );
    let synced =
        cluster.wait_for(secrets, |e| condition(&e[0], "Ready").unwrap()["status"] == "True").await;
    let name = synced[0]["spec"]["target"]["name"].as_str().unwrap();
    let secret = cluster.object(&format!("core/secrets/secrets/{name}")).unwrap();
    assert!(secret["data"].as_object().unwrap().values().any(|v| v == "cG9vbHNpZGU="));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_world_that_is_opened_again_has_the_same_cluster() {
    let Some(helm) = program("helm4") else { return };
    let mut cluster = Cluster::with(1, "").await;
    let chart = cluster.chart("web", &[("web.yaml", WEB)]);
    cluster.runs(&helm, &["install", "web", chart.to_str().unwrap(), "--wait"]).await;
    let before = inventory(&cluster.servers.world.store);
    let uid = cluster.object("apps/deployments/default/web").unwrap()["metadata"]["uid"].clone();
    let address = cluster.servers.restart_kubernetes().await;
    let authority = Authority::open(cluster.servers.world.dir()).unwrap();
    let text = kubeconfig(address, &authority, &token(cluster.servers.world.now()));
    std::fs::write(cluster.folder.path().join("kubeconfig"), text).unwrap();
    let upgrade = ["upgrade", "web", chart.to_str().unwrap(), "--wait", "--timeout", "60s"];
    cluster.runs(&helm, &upgrade).await;
    assert_eq!(inventory(&cluster.servers.world.store), before);
    let after = cluster.object("apps/deployments/default/web").unwrap();
    assert_eq!(after["metadata"]["uid"], uid);
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_gets_describes_applies_and_waits() {
    let Some(kubectl) = program("kubectl") else { return };
    let cluster = Cluster::with(2, "").await;
    let web = WEB
        .replace("{{ .Values.replicas }}", "2")
        .replace("{{ .Values.image }}", "602401143452.dkr.ecr.us-west-2.amazonaws.com/pause:1")
        .replace("{{ toYaml .Values.tolerations | nindent 8 }}", "[]")
        .replace("{{ toYaml .Values.resources | nindent 12 }}", "{}");
    let file = cluster.folder.path().join("web.yaml");
    std::fs::write(&file, web).unwrap();
    let file = file.to_str().unwrap();
    cluster.runs(&kubectl, &["apply", "-f", file]).await;
    let rolled =
        cluster.runs(&kubectl, &["rollout", "status", "deploy/web", "--timeout=30s"]).await;
    assert!(rolled.contains("successfully rolled out"), "{rolled}");
    let again = cluster.runs(&kubectl, &["apply", "-f", file]).await;
    assert!(again.contains("deployment.apps/web unchanged"), "{again}");
    let server_side = ["apply", "--server-side", "--force-conflicts", "-f", file];
    cluster.runs(&kubectl, &server_side).await;
    let nodes = cluster.runs(&kubectl, &["get", "nodes"]).await;
    assert_eq!(nodes.matches(" Ready ").count(), 2, "{nodes}");
    let described =
        cluster.runs(&kubectl, &["describe", "pods", "-l", "app=web", "--show-events"]).await;
    assert!(described.contains("Successfully assigned default/web-"), "{described}");
    let logs = cluster.runs(&kubectl, &["logs", "deploy/web"]).await;
    assert!(logs.contains("web is ready"), "{logs}");
    let models = ["get", "--raw", "/api/v1/namespaces/default/services/web:80/proxy/v1/models"];
    let models: Value = serde_json::from_str(&cluster.runs(&kubectl, &models).await).unwrap();
    assert_eq!(models["data"][1]["id"], "malibu");
    let change =
        ["patch", "deploy", "web", "-p", r#"{"spec":{"selector":{"matchLabels":{"a":"b"}}}}"#];
    let (is_good, said) = cluster.run(&kubectl, &change).await;
    assert!(!is_good && said.contains("field is immutable"), "{said}");
    cluster.runs(&kubectl, &["scale", "deploy/web", "--replicas=1"]).await;
    cluster.runs(&kubectl, &["delete", "-f", file, "--timeout=30s"]).await;
    cluster.runs(&kubectl, &["create", "namespace", "gone"]).await;
    cluster.runs(&kubectl, &["delete", "namespace", "gone", "--timeout=30s"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_only_a_known_caller_from_an_allowed_address() {
    let Some(kubectl) = program("kubectl") else { return };
    let cluster = Cluster::with(0, "").await;
    cluster.runs(&kubectl, &["version"]).await;
    let file = cluster.folder.path().join("kubeconfig");
    let good = std::fs::read_to_string(&file).unwrap();
    let bad = good.replace("token: k8s-aws-v1.", "token: k8s-aws-v2.");
    std::fs::write(&file, bad).unwrap();
    let (is_good, said) = cluster.run(&kubectl, &["get", "nodes"]).await;
    assert!(!is_good && said.contains("provide credentials"), "{said}");
    let cluster = Cluster::with(0, "[host]\negress_ip = \"203.0.113.7\"\n").await;
    let (is_good, said) = cluster.run(&kubectl, &["get", "--raw", "/readyz"]).await;
    assert!(!is_good, "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_the_scenario_refuse_fail_to_pull_and_crash() {
    let Some(helm) = program("helm4") else { return };
    let scenario = "[[fault]]\nat = \"web\"\nwhen = \"create\"\nerror = \"etcd is full\"\n\
                    [[fault]]\nat = \"deployments/default/web\"\nwhen = \"image-pull\"\nerror = \"toomanyrequests\"\n\
                    [[fault]]\nat = \"Pod\"\nwhen = \"ready\"\nerror = \"out of memory\"\n";
    let cluster = Cluster::with(1, scenario).await;
    let chart = cluster.chart("web", &[("web.yaml", WEB)]);
    let deploy = [
        "upgrade",
        "--install",
        "web",
        chart.to_str().unwrap(),
        "--wait",
        "--timeout",
        "60s",
        "--set",
        "replicas=1",
    ];
    let (is_good, said) = cluster.run(&helm, &deploy).await;
    assert!(!is_good && said.contains("etcd is full"), "{said}");
    cluster.runs(&helm, &deploy).await;
    let events = cluster.servers.world.store.list_prefix("kubernetes", "core/events/");
    let said = |part: &str| {
        events.iter().any(|(_, e)| e["message"].as_str().is_some_and(|m| m.contains(part)))
    };
    assert!(said("toomanyrequests") && said("Back-off restarting failed container"));
}

/// The login of the database, the disks of the repository cache, the namespace of the models.
const BASE: &str = r#"
apiVersion: v1
kind: Secret
metadata: { name: poolside-database }
stringData: { username: poolside, password: secret }
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata:
  name: gp3
  annotations: { storageclass.kubernetes.io/is-default-class: "true" }
provisioner: ebs.csi.aws.com
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: v1
kind: Namespace
metadata: { name: poolside-models }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_comes_up_as_time_passes() {
    for helm in helms() {
        let cluster = Cluster::at_scale(3, "", 0.01).await;
        cluster.servers.has("aws_nat_gateway", "nat-1", &json!({"id": "nat-1"}));
        let wait = ["--wait", "--timeout", "60s", "--create-namespace"];
        let controller = stand_in("aws-load-balancer-controller");
        let install = [
            "install",
            "aws-load-balancer-controller",
            controller.to_str().unwrap(),
            "-n",
            "kube-system",
            "--set",
            "clusterName=acme",
            "--set",
            "region=us-west-2",
            "--set",
            "vpcId=vpc-1",
        ];
        cluster.runs(&helm, &[&install[..], &wait[..]].concat()).await;
        let base = cluster.chart("base", &[("base.yaml", BASE)]);
        let install = ["install", "base", base.to_str().unwrap(), "-n", "poolside"];
        cluster.runs(&helm, &[&install[..], &wait[..]].concat()).await;

        let platform = stand_in("poolside-deployment");
        let mut values = json!({"global": {"publicHostname": "poolside.example.com",
            "region": "us-west-2", "deploymentName": "acme", "storage": {"bucket": "acme-data"},
            "encryption": {"kmsKeyArn": "arn:aws:kms:us-west-2:123456789012:key/1"},
            "database": {"host": "acme.example.com"}}});
        let digest = format!("sha256:{}", "0".repeat(64));
        for image in ["core-api", "web-assistant", "models-reconciliation-loop"] {
            let repository = format!("{ACCOUNT_REGISTRY}/acme/{image}");
            values["images"][image] =
                json!({"repository": repository, "tag": "1.0", "digest": digest});
            let pushed = format!("acme/{image}@{digest}");
            cluster.servers.world.store.put("registry", &pushed, json!({})).unwrap();
        }
        let file = cluster.folder.path().join("values.json");
        std::fs::write(&file, values.to_string()).unwrap();
        let install = [
            "install",
            "poolside",
            platform.to_str().unwrap(),
            "-n",
            "poolside",
            "-f",
            file.to_str().unwrap(),
        ];
        cluster.runs(&helm, &[&install[..], &wait[..]].concat()).await;
        let ingress = cluster
            .wait_for("networking.k8s.io/ingresses/poolside/", |ingresses| {
                ingresses[0]["status"]["loadBalancer"]["ingress"].is_array()
            })
            .await;
        let hostname = ingress[0]["status"]["loadBalancer"]["ingress"][0]["hostname"].as_str();
        assert!(hostname.unwrap().ends_with(".us-west-2.elb.amazonaws.com"), "{hostname:?}");
        let pods = cluster.servers.world.store.list_prefix("kubernetes", "core/pods/poolside/");
        let zones = pods.iter().map(|(_, pod)| pod["spec"]["nodeName"].clone());
        assert!(zones.collect::<std::collections::HashSet<_>>().len() > 1);
    }
}
