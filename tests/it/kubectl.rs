//! The simulated Kubernetes API as operators meet it: through the real kubectl.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::kubernetes::Cluster;
use crate::support::programs::program;

const IMAGE: &str = "602401143452.dkr.ecr.us-west-2.amazonaws.com/eks/pause:3.10";

/// A cluster and kubectl.
struct Desk {
    cluster: Cluster,
    kubectl: PathBuf,
}

impl Desk {
    async fn new(nodes: u32) -> Option<Self> {
        let kubectl = program("kubectl")?;
        Some(Self { cluster: Cluster::with(nodes, "").await, kubectl })
    }

    async fn says(&self, args: &[&str]) -> String {
        self.cluster.runs(&self.kubectl, args).await
    }

    async fn refuses(&self, args: &[&str]) -> String {
        let (is_good, text) = self.cluster.run(&self.kubectl, args).await;
        assert!(!is_good, "{args:?}: {text}");
        text
    }

    /// Writes objects into a file for `kubectl -f`.
    fn file(&self, name: &str, objects: &[Value]) -> String {
        let path = self.cluster.servers.world.dir().join(name);
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        std::fs::write(&path, list.to_string()).unwrap();
        path.to_str().unwrap().to_owned()
    }

    async fn apply(&self, objects: &[Value]) -> String {
        self.says(&["apply", "-f", &self.file("objects.json", objects)]).await
    }

    /// The titles of the columns that `kubectl get` prints.
    async fn titles(&self, what: &[&str]) -> Vec<String> {
        let text = self.says(&[&["get"], what].concat()).await;
        let first = text.lines().next().unwrap().to_owned();
        first.split("  ").map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect()
    }
}

fn deployment(name: &str, replicas: u32, spec: &Value) -> Value {
    let mut spec = spec.clone();
    spec["containers"] = json!([{"name": "web", "image": IMAGE}]);
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": spec}}})
}

fn pod(name: &str, container: &Value) -> Value {
    let mut container = container.clone();
    container["name"] = json!("main");
    container["image"] = json!(IMAGE);
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"containers": [container]}})
}

fn definition() -> Value {
    json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {"group": "example.com", "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget"},
            "versions": [{"name": "v1", "served": true, "storage": true,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Size", "type": "integer", "jsonPath": ".spec.size"},
                    {"name": "Mode", "type": "string", "jsonPath": ".spec.mode"}],
                "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                    "spec": {"type": "object", "required": ["size"], "properties": {
                        "size": {"type": "integer", "minimum": 1},
                        "mode": {"type": "string", "enum": ["slow", "fast"], "default": "slow"}}},
                    "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}}}]}})
}

fn widget(name: &str, spec: &Value) -> Value {
    json!({"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": name},
        "spec": spec})
}

#[tokio::test]
async fn get_has_the_columns_of_the_real_server() {
    let Some(desk) = Desk::new(2).await else { return };
    desk.apply(&[deployment("web", 2, &json!({}))]).await;
    desk.says(&["rollout", "status", "deployment/web", "--timeout=60s"]).await;
    for (what, titles) in [
        (&["pods"][..], &["NAME", "READY", "STATUS", "RESTARTS", "AGE"][..]),
        (
            &["pods", "-o", "wide"],
            &[
                "NAME",
                "READY",
                "STATUS",
                "RESTARTS",
                "AGE",
                "IP",
                "NODE",
                "NOMINATED NODE",
                "READINESS GATES",
            ],
        ),
        (&["nodes"], &["NAME", "STATUS", "ROLES", "AGE", "VERSION"]),
        (&["deployments"], &["NAME", "READY", "UP-TO-DATE", "AVAILABLE", "AGE"]),
        (&["services"], &["NAME", "TYPE", "CLUSTER-IP", "EXTERNAL-IP", "PORT(S)", "AGE"]),
        (&["events"], &["LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"]),
        (
            &["storageclasses"],
            &[
                "NAME",
                "PROVISIONER",
                "RECLAIMPOLICY",
                "VOLUMEBINDINGMODE",
                "ALLOWVOLUMEEXPANSION",
                "AGE",
            ],
        ),
    ] {
        assert_eq!(desk.titles(what).await, titles, "{what:?}");
    }
}

#[tokio::test]
async fn a_custom_resource_is_checked_completed_and_shown_as_its_definition_says() {
    let Some(desk) = Desk::new(1).await else { return };
    desk.apply(&[definition()]).await;
    desk.says(&["wait", "--for=condition=Established", "crd/widgets.example.com"]).await;
    desk.apply(&[widget("good", &json!({"size": 3}))]).await;
    let shown = desk.says(&["get", "widgets", "--no-headers"]).await;
    assert_eq!(shown.split_whitespace().collect::<Vec<_>>(), ["good", "3", "slow"]);
    let explained = desk.says(&["explain", "widgets.spec"]).await;
    assert!(explained.contains("size\t<integer> -required-"), "{explained}");
    let wrong = desk.file("wrong.json", &[widget("wrong", &json!({"size": "big", "mode": "x"}))]);
    let said = desk.refuses(&["apply", "-f", &wrong]).await;
    assert!(
        said.contains("spec.size in body must be of type integer: \"string\"")
            && said.contains(
                "spec.mode: Unsupported value: \"x\": supported values: \"slow\", \"fast\""
            ),
        "{said}"
    );
    let more = desk.file("more.json", &[widget("more", &json!({"size": 1, "color": "red"}))]);
    let said = desk.refuses(&["apply", "-f", &more]).await;
    assert!(said.contains("strict decoding error: unknown field \"spec.color\""), "{said}");
    desk.says(&["apply", "--validate=false", "-f", &more]).await;
    let kept = desk.cluster.object("example.com/widgets/default/more").unwrap();
    assert_eq!(kept["spec"], json!({"size": 1, "mode": "slow"}));
}

#[tokio::test]
async fn pods_that_keep_their_zone_to_themselves_fill_the_zones_and_no_more() {
    let Some(desk) = Desk::new(4).await else { return };
    let apart = json!({"affinity": {"podAntiAffinity": {
        "requiredDuringSchedulingIgnoredDuringExecution": [
            {"topologyKey": "topology.kubernetes.io/zone",
                "labelSelector": {"matchLabels": {"app": "web"}}}]}}});
    desk.apply(&[deployment("web", 3, &apart)]).await;
    let has_sentence = |pod: &Value| {
        pod["status"]["conditions"][0]["message"]
            .as_str()
            .is_some_and(|text| text.starts_with("0/4 nodes are available: 4 node(s) didn't match pod anti-affinity rules. preemption: "))
    };
    let pods = desk
        .cluster
        .wait_for("core/pods/default/", |pods| {
            pods.len() == 3
                && pods.iter().filter(|pod| pod["status"]["phase"] == "Running").count() == 2
                && pods.iter().any(has_sentence)
        })
        .await;
    let nodes: Vec<&str> = pods.iter().filter_map(|pod| pod["spec"]["nodeName"].as_str()).collect();
    assert_eq!(nodes.len(), 2);
    assert_ne!(nodes[0], nodes[1]);
}

#[tokio::test]
async fn replicas_go_to_different_nodes() {
    let Some(desk) = Desk::new(3).await else { return };
    desk.apply(&[deployment("web", 3, &json!({}))]).await;
    desk.says(&["rollout", "status", "deployment/web", "--timeout=60s"]).await;
    let jsonpath = "jsonpath={.items[*].spec.nodeName}";
    let nodes = desk.says(&["get", "pods", "-o", jsonpath]).await;
    let mut nodes: Vec<_> = nodes.split_whitespace().collect();
    nodes.sort_unstable();
    nodes.dedup();
    assert_eq!(nodes.len(), 3);
}

#[tokio::test]
async fn quotas_limits_and_priorities_are_said_in_the_words_of_the_server() {
    let Some(desk) = Desk::new(1).await else { return };
    let quota = json!({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"},
        "spec": {"hard": {"requests.memory": "2Gi", "pods": "5"}}});
    desk.apply(&[quota]).await;
    let create = async |name: &str, object: Value| {
        desk.refuses(&["create", "-f", &desk.file(name, &[object])]).await
    };
    let said = create("silent.json", pod("silent", &json!({}))).await;
    assert!(
        said.contains(
            "pods \"silent\" is forbidden: failed quota: q: must specify requests.memory for: main"
        ),
        "{said}"
    );
    let large = json!({"resources": {"requests": {"memory": "3Gi"}}});
    let said = create("large.json", pod("large", &large)).await;
    assert!(
        said.contains(
            "exceeded quota: q, requested: requests.memory=3Gi, used: requests.memory=0, limited: requests.memory=2Gi"
        ),
        "{said}"
    );
    let range = json!({"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "l"},
        "spec": {"limits": [{"type": "Container", "max": {"memory": "1Gi"},
            "default": {"memory": "512Mi"}, "defaultRequest": {"memory": "256Mi"}}]}});
    desk.apply(&[range]).await;
    let most = json!({"resources": {"limits": {"memory": "2Gi"}}});
    let said = create("most.json", pod("most", &most)).await;
    assert!(said.contains("maximum memory usage per Container is 1Gi, but limit is 2Gi"), "{said}");
    let mut urgent = pod("urgent", &json!({}));
    urgent["spec"]["priorityClassName"] = json!("urgent");
    let said = create("urgent.json", urgent).await;
    assert!(said.contains("no PriorityClass with name urgent was found"), "{said}");
    desk.apply(&[pod("fits", &json!({}))]).await;
    let used = desk
        .cluster
        .wait_for("core/resourcequotas/default/", |quotas| {
            quotas[0]["status"]["used"]["requests.memory"] == "256Mi"
        })
        .await;
    assert_eq!(used[0]["status"]["used"]["pods"], "1");
}

#[tokio::test]
async fn who_asks_what_is_allowed_and_what_is_not_simulated_is_answered() {
    let Some(desk) = Desk::new(1).await else { return };
    desk.apply(&[pod("main", &json!({}))]).await;
    desk.says(&["wait", "--for=condition=Ready", "pod/main", "--timeout=60s"]).await;
    assert_eq!(desk.says(&["auth", "can-i", "create", "pods"]).await, "yes\n");
    assert!(desk.says(&["auth", "whoami"]).await.contains("Username"));
    let said = desk.refuses(&["logs", "main", "--previous"]).await;
    assert!(
        said.contains("previous terminated container \"main\" in pod \"main\" not found"),
        "{said}"
    );
    let said = desk.refuses(&["top", "pods"]).await;
    assert!(said.contains("Metrics API not available"), "{said}");
    let said = desk.refuses(&["exec", "main", "--", "ls"]).await;
    assert!(said.contains("exec is not possible in a rehearsal"), "{said}");
}

#[tokio::test]
async fn long_lists_come_in_pieces() {
    let Some(desk) = Desk::new(1).await else { return };
    let map = |n: u32| json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("map-{n}")}});
    desk.apply(&(0..5).map(map).collect::<Vec<_>>()).await;
    let root = "/api/v1/namespaces/default/configmaps?limit=4";
    let piece = async |url: &str| -> Value {
        serde_json::from_str(&desk.says(&["get", "--raw", url]).await).unwrap()
    };
    let names = |piece: &Value| -> Vec<String> {
        let items = piece["items"].as_array().unwrap().iter();
        items.map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    let first = piece(root).await;
    assert_eq!(names(&first), ["kube-root-ca.crt", "map-0", "map-1", "map-2"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 2);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = piece(&format!("{root}&continue={token}")).await;
    assert_eq!(names(&second), ["map-3", "map-4"]);
    assert_eq!(second["metadata"]["continue"], Value::Null);
    let (first, second) = (&first["metadata"], &second["metadata"]);
    assert_eq!(first["resourceVersion"], second["resourceVersion"]);
}
