//! Where an installation departs from the reference architecture v1.2.
//!
//! A departure is allowed; it is stated on the review and in the report, with the reason for it.
//! What the reference architecture does not speak of is no departure.

use super::questions::CATALOGUE;
use super::questions::advanced::{database, nodes, options};
use super::questions::gpu::GPU_INSTANCE_TYPE;
use super::questions::hostname::{INGRESS_CONTROLLER, LOAD_BALANCER_SCHEME};
use super::questions::network::{ENABLE_NAT_GATEWAY, SINGLE_NAT_GATEWAY};
use super::questions::review::reason;
use super::questions::security::{
    CLUSTER_ENDPOINT_PUBLIC_ACCESS, CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS,
};
use super::values::Profile;
use crate::answers::{Answers, Question};
use crate::blueprint::Deviation;

/// All departures: those of springboard itself, then those that the answers cause, each with the
/// reason that was given.
pub fn deviations(answers: &Answers) -> Vec<Deviation> {
    let own =
        |id, sentence: &str| Deviation { id, sentence: sentence.into(), key: None, reason: None };
    let mut found = vec![
        own(
            "helm-outside-terraform",
            "charts are installed by springboard; the reference runs them from Terraform",
        ),
        own(
            "access-logs-sse-s3",
            "the access-log bucket is encrypted with keys of S3 (SSE-S3); the reference encrypts \
             buckets with customer-managed keys",
        ),
    ];
    found.extend(answered(answers).map(|mut deviation| {
        deviation.reason = reason(answers, deviation.id);
        deviation
    }));
    found
}

/// The departures that the answers cause.
pub fn answered(answers: &Answers) -> impl Iterator<Item = Deviation> {
    possible(answers).filter(|(is_so, _)| *is_so).map(|(_, deviation)| deviation)
}

/// The names of all departures that answers can cause.
pub fn known() -> Vec<&'static str> {
    possible(&Answers::none(&CATALOGUE)).map(|(_, deviation)| deviation.id).collect()
}

/// What answers can depart in, and whether these do.
fn possible(answers: &Answers) -> impl Iterator<Item = (bool, Deviation)> {
    let parts = [network(answers), nodes(answers), database(answers), options(answers)];
    parts.into_iter().flatten()
}

fn when(
    is_so: bool,
    id: &'static str,
    question: &Question,
    sentence: impl Into<String>,
) -> (bool, Deviation) {
    let sentence = sentence.into();
    (is_so, Deviation { id, sentence, key: Some(question.key), reason: None })
}

fn network(answers: &Answers) -> Vec<(bool, Deviation)> {
    let has_nat = answers.flag(&ENABLE_NAT_GATEWAY);
    let is_open = answers.flag(&CLUSTER_ENDPOINT_PUBLIC_ACCESS)
        && answers.list(&CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS).iter().any(|r| r == "0.0.0.0/0");
    vec![
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
}

fn nodes(answers: &Answers) -> Vec<(bool, Deviation)> {
    let cpu_type = answers.text(&nodes::CPU_INSTANCE_TYPE).unwrap_or_default();
    let cpu_nodes = answers.number(&nodes::CPU_DESIRED_SIZE).unwrap_or_default();
    let is_p5 = Profile::of(answers) == Profile::Full
        && answers.text(&GPU_INSTANCE_TYPE) == Some("p5.48xlarge");
    vec![
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
}

fn database(answers: &Answers) -> Vec<(bool, Deviation)> {
    let class = answers.text(&database::DATABASE_INSTANCE_CLASS).unwrap_or_default();
    vec![
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
}

fn options(answers: &Answers) -> Vec<(bool, Deviation)> {
    vec![
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
}
