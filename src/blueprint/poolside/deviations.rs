//! Where an installation departs from the reference architecture v1.2.
//!
//! A departure is allowed; it is stated on the review screen, in the report and in the receipt.
//! What the reference architecture does not speak of is no departure.

use serde::Serialize;

use super::questions::advanced::{database, nodes, options};
use super::questions::gpu::GPU_INSTANCE_TYPE;
use super::questions::hostname::{INGRESS_CONTROLLER, LOAD_BALANCER_SCHEME};
use super::questions::network::{ENABLE_NAT_GATEWAY, SINGLE_NAT_GATEWAY};
use super::questions::security::{
    CLUSTER_ENDPOINT_PUBLIC_ACCESS, CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS,
};
use super::values::Profile;
use crate::answers::{Answers, Question};

/// One departure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// A short name: `one-nat-gateway`.
    pub id: &'static str,
    /// What is different, and what the reference has.
    pub sentence: String,
    /// The key of the answer that causes it; absent where springboard always departs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<&'static str>,
}

/// All departures: those of springboard itself, then those that the answers cause.
pub fn deviations(answers: &Answers) -> Vec<Deviation> {
    let mut found = vec![
        Deviation {
            id: "helm-outside-terraform",
            sentence: "charts are installed by springboard; the reference runs them from Terraform"
                .into(),
            key: None,
        },
        Deviation {
            id: "access-logs-sse-s3",
            sentence: "the access-log bucket is encrypted with keys of S3 (SSE-S3); the reference \
                       encrypts buckets with customer-managed keys"
                .into(),
            key: None,
        },
    ];
    found.extend(network(answers));
    found.extend(nodes(answers));
    found.extend(database(answers));
    found.extend(options(answers));
    found
}

fn when(
    wrong: bool,
    id: &'static str,
    question: &Question,
    sentence: impl Into<String>,
) -> Option<Deviation> {
    wrong.then(|| Deviation { id, sentence: sentence.into(), key: Some(question.key) })
}

fn network(answers: &Answers) -> impl Iterator<Item = Deviation> {
    let has_nat = answers.flag(&ENABLE_NAT_GATEWAY);
    let is_open = answers.flag(&CLUSTER_ENDPOINT_PUBLIC_ACCESS)
        && answers.list(&CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS).iter().any(|r| r == "0.0.0.0/0");
    [
        when(
            has_nat && answers.flag(&SINGLE_NAT_GATEWAY),
            "one-nat-gateway",
            &SINGLE_NAT_GATEWAY,
            "one NAT gateway serves all zones; the reference has one in each zone",
        ),
        when(
            !has_nat,
            "own-egress",
            &ENABLE_NAT_GATEWAY,
            "the way to the internet is your own; the reference has NAT gateways",
        ),
        when(
            is_open,
            "open-endpoint",
            &CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS,
            "the whole internet may reach the Kubernetes API; the reference has an allowlist",
        ),
        when(
            answers.text(&INGRESS_CONTROLLER) == Some("nginx"),
            "nginx-ingress",
            &INGRESS_CONTROLLER,
            "traffic enters through NGINX; the reference has an Application Load Balancer",
        ),
        when(
            answers.text(&LOAD_BALANCER_SCHEME) == Some("internal"),
            "internal-load-balancer",
            &LOAD_BALANCER_SCHEME,
            "the load balancer is internal; in the reference it faces the internet",
        ),
    ]
    .into_iter()
    .flatten()
}

fn nodes(answers: &Answers) -> impl Iterator<Item = Deviation> {
    let cpu_type = answers.text(&nodes::CPU_INSTANCE_TYPE).unwrap_or_default();
    let cpu_nodes = answers.number(&nodes::CPU_DESIRED_SIZE).unwrap_or_default();
    let is_p5 = Profile::of(answers) == Profile::Full
        && answers.text(&GPU_INSTANCE_TYPE) == Some("p5.48xlarge");
    [
        when(
            is_p5,
            "gpu-below-minimum",
            &GPU_INSTANCE_TYPE,
            "GPU nodes are p5.48xlarge (8 x H100); the reference states p5e.48xlarge (8 x H200) \
             as the minimum",
        ),
        when(
            cpu_type != "m5.4xlarge",
            "cpu-instance-type",
            &nodes::CPU_INSTANCE_TYPE,
            format!("CPU nodes are {cpu_type}; the reference has m5.4xlarge"),
        ),
        when(
            cpu_nodes < 3,
            "fewer-cpu-nodes",
            &nodes::CPU_DESIRED_SIZE,
            format!("there are {cpu_nodes} CPU nodes; the reference has 3"),
        ),
        when(
            answers.flag(&nodes::ENABLE_WEB_NODE_GROUP),
            "web-node-group",
            &nodes::ENABLE_WEB_NODE_GROUP,
            "web-facing workloads have nodes of their own; the reference has one group of CPU \
             nodes",
        ),
    ]
    .into_iter()
    .flatten()
}

fn database(answers: &Answers) -> impl Iterator<Item = Deviation> {
    let class = answers.text(&database::DATABASE_INSTANCE_CLASS).unwrap_or_default();
    [
        when(
            class != "db.m7g.xlarge",
            "database-class",
            &database::DATABASE_INSTANCE_CLASS,
            format!("the database is {class}; the reference has db.m7g.xlarge"),
        ),
        when(
            !answers.flag(&database::DATABASE_MULTI_AZ),
            "database-in-one-zone",
            &database::DATABASE_MULTI_AZ,
            "the database is in one zone; the reference has a standby in a second one",
        ),
    ]
    .into_iter()
    .flatten()
}

fn options(answers: &Answers) -> impl Iterator<Item = Deviation> {
    [
        when(
            !answers.flag(&options::ENABLE_MARKETPLACE_METERING),
            "no-metering",
            &options::ENABLE_MARKETPLACE_METERING,
            "the platform may not report usage to the AWS Marketplace; in the reference it may",
        ),
        when(
            answers.flag(&options::ENABLE_BEDROCK),
            "bedrock",
            &options::ENABLE_BEDROCK,
            "the platform may use models of Amazon Bedrock; in the reference it may not",
        ),
        when(
            answers.flag(&options::ENABLE_PARAMETER_STORE),
            "parameter-store",
            &options::ENABLE_PARAMETER_STORE,
            "facts of the deployment are kept in the Parameter Store; the reference keeps none \
             there",
        ),
    ]
    .into_iter()
    .flatten()
}
