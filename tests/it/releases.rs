//! Every release of a deployment, installed one after the other by the real helm into the
//! simulated cluster, as the stages do it.

use serde_json::{Value, json};
use springboard::blueprint::poolside::values::{Choices, Profile};

use crate::charts::{Bundle, all, full, restricted, sample_outputs};
use crate::kubernetes::{Cluster, has_nodes};
use crate::support::programs::program;

/// What the foundation leaves behind, and the images that were pushed.
async fn foundation(bundle: &Bundle, choices: &Choices) -> Cluster {
    let cluster = Cluster::with(3, "").await;
    let servers = &cluster.servers;
    servers.has("aws_nat_gateway", "nat-1", &json!({"id": "nat-1"}));
    let secret = &sample_outputs()["database_master_secret_arn"];
    let database = json!({"username": "poolside", "master_user_secret": [{"secret_arn": secret}]});
    servers.has("aws_db_instance", "acme", &database);
    has_nodes(
        servers,
        "web",
        1,
        &json!({"instance_types": ["m5.xlarge"], "labels": {"springboard/node-group": "web"}}),
    );
    if choices.profile == Profile::Full {
        has_nodes(
            servers,
            "gpu",
            1,
            &json!({
                "instance_types": ["p5e.48xlarge"],
                "ami_type": "AL2023_x86_64_NVIDIA",
                "labels": {"springboard/node-group": "gpu"},
                "taint": [{"key": "nvidia.com/gpu", "value": "true", "effect": "NO_SCHEDULE"}],
            }),
        );
    }
    for image in bundle.images.values() {
        let path = image.repository.split_once('/').unwrap().1;
        let pushed = json!({"digest": image.digest});
        for key in [format!("{path}:{}", image.tag), format!("{path}@{}", image.digest)] {
            servers.world.store.put("registry", &key, pushed.clone()).unwrap();
        }
    }
    cluster
}

const CERTIFICATE: &str = "core/secrets/kube-system/aws-load-balancer-tls";

fn ready_replicas(deployments: &[Value]) -> bool {
    deployments.iter().all(|d| d["status"]["readyReplicas"] == d["spec"]["replicas"])
}

#[tokio::test(flavor = "multi_thread")]
async fn every_release_becomes_ready_in_the_simulated_cluster() {
    // Each of the two with another deployment: what they make of the charts is the same.
    for (name, choices) in [("helm3", restricted()), ("helm4", full())] {
        if let Some(helm) = program(name) {
            let bundle = Bundle::new();
            let cluster = foundation(&bundle, &choices).await;
            let folder = tempfile::tempdir().unwrap();
            for release in all(&choices) {
                let chart = bundle.chart(&release.chart);
                let values = folder.path().join(format!("{}.yaml", release.name));
                let text = serde_yaml_ng::to_string(&bundle.values(release, &choices)).unwrap();
                std::fs::write(&values, text).unwrap();
                let mut install = vec![
                    "upgrade",
                    "--install",
                    release.name,
                    chart.to_str().unwrap(),
                    "-n",
                    release.namespace,
                    "-f",
                    values.to_str().unwrap(),
                    "--wait",
                    "--timeout",
                    "60s",
                ];
                if release.creates_namespace {
                    install.push("--create-namespace");
                }
                cluster.runs(&helm, &install).await;
                // An upgrade that changes nothing must not change the certificate either.
                if let Some(before) = cluster.object(CERTIFICATE)
                    && release.name == "aws-load-balancer-controller"
                {
                    cluster.runs(&helm, &install).await;
                    assert_eq!(before["data"], cluster.object(CERTIFICATE).unwrap()["data"]);
                }
            }
            cluster.wait_for("apps/deployments/", ready_replicas).await;
            cluster
                .wait_for("networking.k8s.io/ingresses/poolside/", |ingresses| {
                    ingresses[0]["status"]["loadBalancer"]["ingress"][0]["hostname"].is_string()
                })
                .await;
            let login = cluster.object("core/secrets/poolside/poolside-database").unwrap();
            let keys: Vec<_> = login["data"].as_object().unwrap().keys().collect();
            assert_eq!(keys, ["username", "password"]);
        }
    }
}
