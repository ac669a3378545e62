//! The charts: helm 3 and helm 4 take each of them with the values that are rendered for it, and
//! what comes out is what the simulated cluster is meant to see.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use springboard::blueprint::poolside::values::{
    ChartSource, Choices, Ingress, Inputs, Outputs, Places, Profile, PushedImage, Release, releases,
};
use springboard::bundle::{DeploymentBundle, chart_values};
use springboard::rehearsal::sample_bundle;
use tempfile::TempDir;

use crate::support::programs::{capture, program};
use crate::support::source::root;

/// A folder with the sample bundle.
pub(crate) struct Bundle {
    _dir: TempDir,
    contents: DeploymentBundle,
    pub(crate) images: BTreeMap<String, PushedImage>,
}

impl Bundle {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let sample = sample_bundle::write(dir.path()).unwrap();
        let bundle = DeploymentBundle::open(&sample.root).unwrap();
        let images = bundle.images(None).unwrap();
        let images = images.into_iter().map(|image| {
            let repository =
                format!("123456789012.dkr.ecr.us-west-2.amazonaws.com/acme/{}", image.name);
            let digest = image.digest.to_string();
            (image.name, PushedImage { repository, tag: image.tag, digest })
        });
        Self { images: images.collect(), _dir: dir, contents: bundle }
    }

    pub(crate) fn chart(&self, source: &ChartSource) -> PathBuf {
        let (ours, bundle) = (&root().join("assets/charts"), &self.contents);
        source.locate(&Places { ours, bundle, fetched: Path::new("nowhere") }).unwrap()
    }

    pub(crate) fn values(&self, release: &Release, choices: &Choices) -> Value {
        let outputs = Outputs::from(sample_outputs());
        release.render(&Inputs { outputs: &outputs, choices, images: &self.images }).unwrap()
    }

    /// What helm makes of a release, by `Kind/name`.
    fn objects(
        &self,
        helm: &Path,
        release: &Release,
        choices: &Choices,
    ) -> BTreeMap<String, Value> {
        let text = self.template(helm, release, choices);
        let documents = serde_yaml_ng::Deserializer::from_str(&text);
        let objects = documents.map(|d| serde::Deserialize::deserialize(d).unwrap());
        let objects = objects.filter(|object: &Value| !object.is_null());
        let key = |object: &Value| {
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            format!("{}/{name}", object["kind"].as_str().unwrap())
        };
        objects.map(|object| (key(&object), object)).collect()
    }

    fn template(&self, helm: &Path, release: &Release, choices: &Choices) -> String {
        let chart = self.chart(&release.chart);
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("values.yaml");
        let values = self.values(release, choices);
        std::fs::write(&file, serde_yaml_ng::to_string(&values).unwrap()).unwrap();
        let (chart, file) = (chart.to_str().unwrap(), file.to_str().unwrap());
        let (code, lint) = capture(helm, &["lint", chart, "-f", file], dir.path());
        assert_eq!(code, Some(0), "{}: {lint}", release.name);
        let args = ["template", release.name, chart, "-n", release.namespace, "-f", file];
        let (code, text) = capture(helm, &[&args[..], &["--include-crds"]].concat(), dir.path());
        assert_eq!(code, Some(0), "{}: {text}", release.name);
        text
    }
}

/// The outputs of a foundation, as `terraform output -json` has their values.
pub(crate) fn sample_outputs() -> BTreeMap<String, Value> {
    let role = |name: &str| format!("arn:aws:iam::123456789012:role/acme-{name}");
    let key = |id: u8| format!("arn:aws:kms:us-west-2:123456789012:key/{id:08}");
    let outputs = json!({
        "deployment_name": "acme",
        "region": "us-west-2",
        "public_hostname": "poolside.example.com",
        "acm_certificate_arn": "arn:aws:acm:us-west-2:123456789012:certificate/1",
        "vpc_id": "vpc-0123456789abcdef0",
        "cluster_name": "acme",
        "node_group_names": {"cpu": "acme-cpu", "web": "acme-web"},
        "kms_key_arns": {"volumes": key(1), "application": key(2)},
        "role_arns": {
            "core_api": role("core-api"),
            "external_secrets": role("external-secrets"),
            "inference": role("inference"),
            "load_balancer_controller": role("load-balancer-controller"),
            "log_collector": role("log-collector"),
        },
        "log_group_names": {"workloads": ["/aws/eks/acme/workloads"]},
        "database_address": "acme.c1.us-west-2.rds.amazonaws.com",
        "database_port": 5432,
        "database_name": "poolside",
        "database_master_secret_arn":
            "arn:aws:secretsmanager:us-west-2:123456789012:secret:rds!db-1-AbCdEf",
        "bucket_names": {"data": "acme-data", "models": "acme-models"},
        "models_bucket_name": "acme-models",
    });
    serde_json::from_value(outputs).unwrap()
}

pub(crate) fn full() -> Choices {
    Choices {
        custom_ca: Some(
            "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(),
        ),
        tags: BTreeMap::from([("team".to_owned(), "ml".to_owned())]),
        marketplace_metering: true,
        checkpoints: Some(["laguna-xs-2", "malibu-2.2", "point-1.4"].map(str::to_owned).to_vec()),
        ..Choices::default()
    }
}

pub(crate) fn restricted() -> Choices {
    Choices {
        profile: Profile::PlatformOnly,
        ingress: Ingress::Nginx,
        inbound_cidrs: vec!["10.0.0.0/8".to_owned()],
        log_aggregation: true,
        ..Choices::default()
    }
}

pub(crate) fn all(choices: &Choices) -> Vec<&'static Release> {
    ["prerequisites", "platform", "inference"]
        .iter()
        .flat_map(|stage| releases(stage, choices))
        .collect()
}

fn release(name: &str, choices: &Choices) -> &'static Release {
    all(choices).into_iter().find(|release| release.name == name).unwrap()
}

/// Both versions of helm, as far as they are there.
fn helms() -> Vec<PathBuf> {
    ["helm3", "helm4"].into_iter().filter_map(program).collect()
}

#[test]
fn the_values_of_every_release_suit_the_schema_of_its_chart() {
    let bundle = Bundle::new();
    for choices in [full(), restricted()] {
        for release in all(&choices) {
            let values = bundle.values(release, &choices);
            let checked = chart_values::check(&bundle.chart(&release.chart), &values);
            assert!(checked.is_ok(), "{}: {}", release.name, checked.unwrap_err());
        }
    }
}

#[test]
fn both_helms_take_every_release_and_agree() {
    let bundle = Bundle::new();
    for choices in [full(), restricted()] {
        for release in all(&choices) {
            let made: Vec<_> = helms()
                .iter()
                .map(|helm| bundle.objects(helm, release, &choices))
                .map(without_certificates)
                .collect();
            assert!(made.iter().all(|objects| !objects.is_empty()), "{}", release.name);
            assert!(made.windows(2).all(|pair| pair[0] == pair[1]), "{}", release.name);
        }
    }
}

/// The load balancer controller makes its certificate while it is rendered.
fn without_certificates(mut objects: BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    objects.retain(|name, _| !name.starts_with("Secret/") && !name.contains("Webhook"));
    objects
}

#[test]
fn what_must_outlive_a_release_is_kept() {
    let bundle = Bundle::new();
    let choices = full();
    for helm in helms() {
        let objects = bundle.objects(&helm, release("cluster-base", &choices), &choices);
        let kept: Vec<_> = objects
            .iter()
            .filter(|(_, o)| o["metadata"]["annotations"]["helm.sh/resource-policy"] == "keep")
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(
            kept,
            [
                "Namespace/external-secrets",
                "Namespace/poolside",
                "Namespace/poolside-models",
                "StorageClass/gp3"
            ]
        );
        assert_eq!(
            objects["StorageClass/gp3"]["parameters"],
            json!({
                "type": "gp3",
                "encrypted": "true",
                "kmsKeyId": "arn:aws:kms:us-west-2:123456789012:key/00000001",
                "tagSpecification_1": "springboard:deployment=acme",
                "tagSpecification_2": "team=ml",
            })
        );
    }
}

#[test]
fn whatever_speaks_to_aws_trusts_the_custom_certificates() {
    let bundle = Bundle::new();
    let Some(helm) = program("helm4") else { return };
    let choices = full();
    let base = bundle.template(&helm, release("cluster-base", &choices), &choices);
    assert_eq!(base.matches("kind: ConfigMap").count(), 4);
    for (name, deployment) in [
        ("aws-load-balancer-controller", "aws-load-balancer-controller"),
        ("external-secrets", "external-secrets"),
        ("poolside", "core-api"),
        ("inference-stack", "inference-malibu"),
    ] {
        let objects = bundle.objects(&helm, release(name, &choices), &choices);
        let spec = &objects[&format!("Deployment/{deployment}")]["spec"]["template"]["spec"];
        let container = &spec["containers"][0];
        let folder = container["volumeMounts"]
            .as_array()
            .unwrap()
            .iter()
            .find(|mount| {
                let volumes = spec["volumes"].as_array().unwrap();
                volumes.iter().any(|volume| {
                    volume["name"] == mount["name"] && volume["configMap"]["name"] == "custom-ca"
                })
            })
            .map(|mount| mount["mountPath"].as_str().unwrap());
        let trusts = container["env"].as_array().unwrap().iter().any(|variable| {
            variable["name"] == "SSL_CERT_DIR"
                && variable["value"].as_str().unwrap().split(':').any(|part| Some(part) == folder)
        });
        assert!(trusts, "{name}");
    }
}

#[test]
fn every_service_account_with_a_role_has_the_name_that_the_role_trusts() {
    let bundle = Bundle::new();
    let Some(helm) = program("helm4") else { return };
    let mut found = Vec::new();
    for choices in [full(), restricted()] {
        for release in all(&choices) {
            for (_, object) in bundle.objects(&helm, release, &choices) {
                let role = &object["metadata"]["annotations"]["eks.amazonaws.com/role-arn"];
                if let Some(role) = role.as_str().and_then(|role| role.rsplit('/').next()) {
                    let name = object["metadata"]["name"].as_str().unwrap();
                    let namespace = object["metadata"]["namespace"].as_str().unwrap();
                    found.push(format!("{namespace}:{name} {role}"));
                }
            }
        }
    }
    found.sort();
    found.dedup();
    assert_eq!(
        found,
        [
            "external-secrets:external-secrets acme-external-secrets",
            "kube-system:aws-for-fluent-bit acme-log-collector",
            "kube-system:aws-load-balancer-controller acme-load-balancer-controller",
            "poolside-models:inference acme-inference",
            "poolside:core-api-sa acme-core-api",
        ]
    );
}

#[test]
fn the_database_login_has_the_same_name_where_it_is_made_and_where_it_is_read() {
    let bundle = Bundle::new();
    let Some(helm) = program("helm4") else { return };
    let choices = full();
    let store = bundle.objects(&helm, release("external-secrets-store", &choices), &choices);
    let made = &store["ExternalSecret/poolside-database"]["spec"];
    let keys: Vec<_> =
        made["data"].as_array().unwrap().iter().map(|item| &item["secretKey"]).collect();
    let platform = bundle.objects(&helm, release("poolside", &choices), &choices);
    let container = &platform["Deployment/core-api"]["spec"]["template"]["spec"]["containers"][0];
    let read: Vec<_> = container["env"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| &variable["valueFrom"]["secretKeyRef"])
        .filter(|reference| !reference.is_null())
        .collect();
    assert_eq!(keys, ["username", "password"]);
    assert!(read.iter().all(|reference| reference["name"] == made["target"]["name"]));
    assert_eq!(read.iter().map(|reference| &reference["key"]).collect::<Vec<_>>(), keys);
}

#[test]
fn every_image_of_poolside_comes_from_the_registry_of_the_account_by_digest() {
    let bundle = Bundle::new();
    let Some(helm) = program("helm4") else { return };
    let choices = full();
    for name in ["poolside", "inference-stack"] {
        for (object, value) in bundle.objects(&helm, release(name, &choices), &choices) {
            let containers = &value["spec"]["template"]["spec"]["containers"];
            for container in containers.as_array().unwrap_or(&Vec::new()) {
                let image = container["image"].as_str().unwrap();
                assert!(
                    image.starts_with("123456789012.dkr.ecr.us-west-2.amazonaws.com/acme/")
                        && image.contains("@sha256:"),
                    "{object}: {image}"
                );
            }
        }
    }
}

#[test]
fn there_is_a_server_for_each_model_and_the_proxy_knows_their_names() {
    let bundle = Bundle::new();
    let Some(helm) = program("helm4") else { return };
    let choices = full();
    let objects = bundle.objects(&helm, release("inference-stack", &choices), &choices);
    let container = |name: &str| {
        objects[&format!("Deployment/{name}")]["spec"]["template"]["spec"]["containers"][0].clone()
    };
    let servers = ["inference-laguna-xs", "inference-malibu", "inference-point"];
    assert_eq!(
        servers.map(|name| container(name)["resources"]["limits"]["nvidia.com/gpu"].clone()),
        [json!(1), json!(4), json!(2)]
    );
    assert_eq!(
        container("inference-stack-envoy")["env"],
        json!([{"name": "MODEL_NAMES", "value": "laguna-xs,malibu,point"}])
    );
    assert_eq!(
        container("inference-malibu")["args"][0],
        "--model=s3://acme-models/models/checkpoints/malibu-2.2"
    );
}

#[test]
fn the_ingress_is_public_and_ends_tls_with_the_certificate() {
    let bundle = Bundle::new();
    let Some(helm) = program("helm4") else { return };
    let choices = full();
    let objects = bundle.objects(&helm, release("poolside", &choices), &choices);
    assert_eq!(
        objects["Ingress/poolside"]["metadata"]["annotations"],
        json!({
            "alb.ingress.kubernetes.io/certificate-arn":
                "arn:aws:acm:us-west-2:123456789012:certificate/1",
            "alb.ingress.kubernetes.io/listen-ports": "[{\"HTTP\":80},{\"HTTPS\":443}]",
            "alb.ingress.kubernetes.io/load-balancer-attributes":
                "idle_timeout.timeout_seconds=600",
            "alb.ingress.kubernetes.io/scheme": "internet-facing",
            "alb.ingress.kubernetes.io/ssl-policy": "ELBSecurityPolicy-TLS13-1-2-2021-06",
            "alb.ingress.kubernetes.io/ssl-redirect": "443",
            "alb.ingress.kubernetes.io/target-type": "ip",
        })
    );
}

#[test]
fn every_output_that_values_are_made_from_is_an_output_of_the_terraform_root() {
    let declared = std::fs::read_to_string(root().join("terraform/poolside/outputs.tf")).unwrap();
    for name in sample_outputs().keys() {
        assert!(declared.contains(&format!("output \"{name}\" {{")), "{name}");
    }
}

#[test]
fn every_stand_in_says_that_it_is_one() {
    let charts = root().join("assets/rehearsal/charts");
    for entry in std::fs::read_dir(charts).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let text = std::fs::read_to_string(path.join("Chart.yaml")).unwrap();
            let chart: Value = serde_yaml_ng::from_str(&text).unwrap();
            assert_eq!(chart["annotations"]["springboard/stand-in"], "true", "{}", path.display());
            assert!(chart["description"].as_str().unwrap().starts_with("Stand-in"));
        }
    }
}

#[test]
fn the_sample_bundle_is_a_bundle_with_images_in_every_form() {
    let bundle = Bundle::new();
    let images: Vec<_> =
        bundle.images.values().map(|i| format!("{}:{}", i.repository, i.tag)).collect();
    let prefix = "123456789012.dkr.ecr.us-west-2.amazonaws.com/acme/";
    assert_eq!(
        images,
        [
            "atlas:2.3.0",
            "core-api:2.3.0",
            "envoy:v1.35.3",
            "models-reconciliation-loop:2.3.0",
            "web-assistant:2.3.0",
        ]
        .map(|image| format!("{prefix}{image}"))
    );
    assert_eq!(
        bundle.contents.charts.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
        [
            "aws-for-fluent-bit",
            "aws-load-balancer-controller",
            "external-secrets",
            "gpu-operator",
            "inference-stack",
            "ingress-nginx",
            "poolside-deployment",
        ]
    );
}
