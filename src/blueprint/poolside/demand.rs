//! What a deployment asks of the account, from answers alone.
//!
//! A test holds types and names against the plan that Terraform makes. Answers may be incomplete:
//! what needs a missing one is left out, and the checks say which answer they wait for.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::delivered;
use super::questions::account::{REGION, STATE_BUCKET, TERRAFORM_STATE};
use super::questions::advanced::cluster::{CLUSTER_SUPPORT_TYPE, KUBERNETES_VERSION};
use super::questions::advanced::database::DATABASE_ENGINE_VERSION;
use super::questions::advanced::nodes::{
    CPU_DESIRED_SIZE, CPU_INSTANCE_TYPE, ENABLE_WEB_NODE_GROUP, WEB_DESIRED_SIZE, WEB_INSTANCE_TYPE,
};
use super::questions::advanced::options::{ENABLE_LOG_AGGREGATION, ENABLE_PARAMETER_STORE};
use super::questions::authentication::{COGNITO_DOMAIN_PREFIX, ENABLE_COGNITO, OIDC_ISSUER};
use super::questions::bundle::{
    CONTAINERS_DIR, EXTERNAL_MODELS_BUCKET_KMS_KEY_ARN, uploads_checkpoints,
};
use super::questions::gpu::{
    GPU_AVAILABILITY_ZONE, GPU_CAPACITY, GPU_CAPACITY_RESERVATION_ID, GPU_DESIRED_SIZE,
    GPU_INSTANCE_TYPE,
};
use super::questions::hostname::{
    ACM_CERTIFICATE_ARN, INGRESS_CONTROLLER, PUBLIC_HOSTNAME, ROUTE53_ZONE_ID,
};
use super::questions::network::{
    AVAILABILITY_ZONE_COUNT, AVAILABILITY_ZONES, ENABLE_NAT_GATEWAY, SERVICE_CIDR,
    SINGLE_NAT_GATEWAY, VPC_CIDR,
};
use super::questions::profile::DEPLOYMENT_NAME;
use super::questions::security::{
    ALLOW_OPEN_ENDPOINT, CLUSTER_ENDPOINT_PUBLIC_ACCESS, CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS,
    CUSTOM_CA_BUNDLE, PERMISSIONS_BOUNDARY_ARN,
};
use super::time::stage_times;
use super::values::Profile;
use crate::answers::{Answers, Question};
use crate::bundle::containers;
use crate::plan::demand::{
    Answered, Capacity, Demand, Endpoint, Gpu, Kubernetes, Limit, Name, Network, Nodes, Quota,
    Reached, Site,
};

/// The add-ons of `terraform/modules/addons`.
const ADDONS: &[&str] = &[
    "vpc-cni",
    "kube-proxy",
    "coredns",
    "metrics-server",
    "snapshot-controller",
    "aws-ebs-csi-driver",
];

/// What the policies of the roles in `terraform/modules/identity` allow and every one of them
/// needs: a boundary that keeps one of these back breaks a workload.
const ROLE_ACTIONS: &[&str] = &[
    "ec2:AttachVolume",
    "ec2:AttachNetworkInterface",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateNetworkInterface",
    "ec2:CreateVolume",
    "ec2:DescribeInstances",
    "ecr:BatchGetImage",
    "ecr:GetAuthorizationToken",
    "ecr:GetDownloadUrlForLayer",
    "eks:DescribeCluster",
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:RegisterTargets",
    "kms:Decrypt",
    "kms:GenerateDataKey",
    "s3:GetObject",
    "s3:ListBucket",
    "s3:PutObject",
    "secretsmanager:GetSecretValue",
];

/// The demand of a deployment with these answers.
pub(super) fn demand(answers: &Answers) -> Demand {
    let (zone_count, nat_gateways) = zones(answers);
    let text = |question: &Question| answers.text(question).map(str::to_owned);
    let asked = |question: &'static Question| {
        Answered::new(question.key, text(question).filter(|_| answers.applies(question)))
    };
    Demand {
        deployment: asked(&DEPLOYMENT_NAME),
        region: asked(&REGION),
        kubernetes: Kubernetes {
            version: asked(&KUBERNETES_VERSION),
            extended_support: text(&CLUSTER_SUPPORT_TYPE).as_deref() == Some("EXTENDED"),
            addons: ADDONS,
        },
        network: Network {
            vpc: Answered::new(VPC_CIDR.key, answers.parsed(&VPC_CIDR)),
            services: Answered::new(SERVICE_CIDR.key, answers.parsed(&SERVICE_CIDR)),
            zones: answers.list(&AVAILABILITY_ZONES).to_vec(),
            zones_key: AVAILABILITY_ZONES.key,
            zone_count,
            nat_gateways,
            // Below, the workers of three zones would have less than a /25 each.
            longest_prefix: 22,
        },
        endpoint: Endpoint {
            public: answers.flag(&CLUSTER_ENDPOINT_PUBLIC_ACCESS),
            key: CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS.key,
            allowlist: answers.parsed_list(&CLUSTER_ENDPOINT_PUBLIC_ACCESS_CIDRS),
            open_on_purpose: answers.flag(&ALLOW_OPEN_ENDPOINT),
            open_key: ALLOW_OPEN_ENDPOINT.key,
        },
        gpu: gpu(answers),
        nodes: nodes(answers),
        quotas: quotas(answers, zone_count, nat_gateways),
        types: types(answers),
        names: names(answers),
        state_bucket: state_bucket(answers),
        boundary: asked(&PERMISSIONS_BOUNDARY_ARN),
        role_actions: ROLE_ACTIONS,
        own_arns: own_arns(answers),
        site: Site {
            hostname: asked(&PUBLIC_HOSTNAME),
            certificate: asked(&ACM_CERTIFICATE_ARN),
            needs_certificate: answers.applies(&ACM_CERTIFICATE_ARN),
            hosted_zone: text(&ROUTE53_ZONE_ID).filter(|_| answers.applies(&ROUTE53_ZONE_ID)),
            hosted_zone_key: ROUTE53_ZONE_ID.key,
        },
        hosts: hosts(answers),
        duration: Duration::from_secs(
            stage_times(answers).iter().filter_map(|time| time.seconds).sum(),
        ),
        custom_ca: text(&CUSTOM_CA_BUNDLE),
    }
}

fn is_full(answers: &Answers) -> bool {
    Profile::of(answers) == Profile::Full
}

fn uses_alb(answers: &Answers) -> bool {
    answers.text(&INGRESS_CONTROLLER) != Some("nginx")
}

fn count(answers: &Answers, question: &Question) -> u32 {
    answers.number(question).and_then(|number| u32::try_from(number).ok()).unwrap_or(0)
}

/// The number of zones, and of NAT gateways in all of them.
fn zones(answers: &Answers) -> (usize, usize) {
    let named = answers.list(&AVAILABILITY_ZONES).len();
    let wanted = usize::try_from(count(answers, &AVAILABILITY_ZONE_COUNT)).unwrap_or(0);
    let zones = if named > 0 { named } else { wanted };
    let gateways = match (answers.flag(&ENABLE_NAT_GATEWAY), answers.flag(&SINGLE_NAT_GATEWAY)) {
        (false, _) => 0,
        (true, true) => 1,
        (true, false) => zones,
    };
    (zones, gateways)
}

fn gpu(answers: &Answers) -> Option<Gpu> {
    let capacity = match answers.text(&GPU_CAPACITY) {
        Some("reservation") => Capacity::Reservation,
        Some("capacity-block") => Capacity::Block,
        _ => Capacity::OnDemand,
    };
    let deployment = answers.text(&DEPLOYMENT_NAME).unwrap_or_default();
    is_full(answers).then(|| Gpu {
        group: format!("{deployment}-gpu"),
        instance_type: answers.text(&GPU_INSTANCE_TYPE).unwrap_or_default().to_owned(),
        nodes: count(answers, &GPU_DESIRED_SIZE),
        reservation: answers.text(&GPU_CAPACITY_RESERVATION_ID).map(str::to_owned),
        reservation_key: GPU_CAPACITY_RESERVATION_ID.key,
        capacity,
        capacity_key: GPU_CAPACITY.key,
        zone: answers.text(&GPU_AVAILABILITY_ZONE).map(str::to_owned),
        zone_key: GPU_AVAILABILITY_ZONE.key,
    })
}

fn nodes(answers: &Answers) -> Vec<Nodes> {
    let deployment = answers.text(&DEPLOYMENT_NAME).unwrap_or_default();
    let group = |name: &str, kind: &Question, size: &Question| Nodes {
        group: format!("{deployment}-{name}"),
        instance_type: answers.text(kind).unwrap_or_default().to_owned(),
        count: count(answers, size),
    };
    let mut groups = vec![group("cpu", &CPU_INSTANCE_TYPE, &CPU_DESIRED_SIZE)];
    if answers.flag(&ENABLE_WEB_NODE_GROUP) {
        groups.push(group("web", &WEB_INSTANCE_TYPE, &WEB_DESIRED_SIZE));
    }
    groups
}

fn quotas(answers: &Answers, zones: usize, gateways: usize) -> Vec<Quota> {
    let quota = |limit, amount: usize, why: String, instead| Quota {
        limit,
        amount: u32::try_from(amount).unwrap_or(u32::MAX),
        why,
        instead,
    };
    let one = |limit, why: &str| quota(limit, 1, why.to_owned(), None);
    let buckets = names(answers).iter().filter(|name| name.kind == "aws_s3_bucket").count();
    let roles = names(answers).iter().filter(|name| name.kind == "aws_iam_role").count();
    let mut quotas = vec![
        one(Limit::Vpcs, "the network is a VPC of its own"),
        one(Limit::InternetGateways, "the network has one internet gateway"),
        one(Limit::Clusters, "one cluster is made"),
        one(Limit::Databases, "one database is made"),
        quota(Limit::Keys, KEYS.len(), "one key for each use".to_owned(), None),
        quota(Limit::Buckets, buckets, format!("{buckets} buckets are made"), None),
        quota(Limit::Roles, roles, format!("{roles} roles are made"), None),
    ];
    if gateways > 0 {
        let instead = Some("one NAT gateway for all zones (`single_nat_gateway`)");
        let instead = instead.filter(|_| gateways > 1);
        let why = format!("{gateways} NAT gateways in {zones} zones; each needs one");
        quotas.push(quota(Limit::Addresses, gateways, why.clone(), instead));
        quotas.push(quota(Limit::NatGateways, gateways, why, instead));
    }
    if uses_alb(answers) {
        quotas.push(one(Limit::LoadBalancers, "the platform is reached through one load balancer"));
    }
    quotas
}

/// The keys of `terraform/modules/encryption`, by their use.
const KEYS: [&str; 5] = ["cluster", "database", "storage", "volumes", "application"];

/// The types that every deployment has.
const TYPES: &[&str] = &[
    "aws_cloudwatch_log_group",
    "aws_db_instance",
    "aws_db_parameter_group",
    "aws_db_subnet_group",
    "aws_default_security_group",
    "aws_ecr_lifecycle_policy",
    "aws_ecr_repository",
    "aws_eks_addon",
    "aws_eks_cluster",
    "aws_eks_node_group",
    "aws_iam_openid_connect_provider",
    "aws_iam_role",
    "aws_iam_role_policy",
    "aws_iam_role_policy_attachment",
    "aws_internet_gateway",
    "aws_kms_alias",
    "aws_kms_key",
    "aws_launch_template",
    "aws_route",
    "aws_route_table",
    "aws_route_table_association",
    "aws_s3_bucket",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_logging",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_policy",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
    "aws_security_group",
    "aws_subnet",
    "aws_vpc",
    "aws_vpc_endpoint",
    "aws_vpc_security_group_ingress_rule",
];

fn types(answers: &Answers) -> BTreeSet<&'static str> {
    let mut types: BTreeSet<&'static str> = TYPES.iter().copied().collect();
    if answers.flag(&ENABLE_NAT_GATEWAY) {
        types.extend(["aws_eip", "aws_nat_gateway"]);
    }
    if answers.flag(&ENABLE_COGNITO) {
        types.extend([
            "aws_cognito_user_pool",
            "aws_cognito_user_pool_client",
            "aws_cognito_user_pool_domain",
        ]);
    }
    if answers.flag(&ENABLE_PARAMETER_STORE) {
        types.insert("aws_ssm_parameter");
    }
    let admins = &super::questions::security::CLUSTER_ADMIN_PRINCIPAL_ARNS;
    if !answers.list(admins).is_empty() {
        types.extend(["aws_eks_access_entry", "aws_eks_access_policy_association"]);
    }
    types
}

fn names(answers: &Answers) -> Vec<Name> {
    let Some(deployment) = answers.text(&DEPLOYMENT_NAME) else { return Vec::new() };
    let mut names = Vec::new();
    let mut add = |kind: &'static str, name: String| names.push(Name { kind, name });
    for role in roles(answers) {
        add("aws_iam_role", format!("{deployment}-{role}"));
    }
    add("aws_cloudwatch_log_group", format!("/aws/eks/{deployment}/cluster"));
    for log in ["postgresql", "upgrade"] {
        add("aws_cloudwatch_log_group", format!("/aws/rds/instance/{deployment}/{log}"));
    }
    if answers.flag(&ENABLE_LOG_AGGREGATION) {
        add("aws_cloudwatch_log_group", format!("/aws/eks/{deployment}/workloads"));
    }
    for key in KEYS {
        add("aws_kms_alias", format!("alias/{deployment}-{key}"));
    }
    for bucket in ["data", "access-logs"] {
        add("aws_s3_bucket", format!("{deployment}-{bucket}"));
    }
    if uploads_checkpoints(answers) {
        add("aws_s3_bucket", format!("{deployment}-models"));
    }
    for image in images(answers) {
        add("aws_ecr_repository", format!("{deployment}/{image}"));
    }
    add("aws_db_instance", deployment.to_owned());
    add("aws_db_subnet_group", deployment.to_owned());
    if let Some(version) = answers.text(&DATABASE_ENGINE_VERSION) {
        let major = version.split('.').next().unwrap_or(version);
        add("aws_db_parameter_group", format!("{deployment}-postgres{major}"));
    }
    add("aws_eks_cluster", deployment.to_owned());
    for group in groups(answers) {
        add("aws_launch_template", format!("{deployment}-{group}"));
    }
    if answers.flag(&ENABLE_COGNITO) {
        let prefix = answers.text(&COGNITO_DOMAIN_PREFIX).unwrap_or(deployment);
        add("aws_cognito_user_pool_domain", prefix.to_owned());
    }
    names
}

/// The node groups, by the last part of their names.
fn groups(answers: &Answers) -> Vec<&'static str> {
    let mut groups = vec!["cpu"];
    if is_full(answers) {
        groups.push("gpu");
    }
    if answers.flag(&ENABLE_WEB_NODE_GROUP) {
        groups.push("web");
    }
    groups
}

/// The roles, by the last part of their names.
fn roles(answers: &Answers) -> Vec<String> {
    let mut roles = vec!["cluster", "core-api", "ebs-csi", "external-secrets", "vpc-cni"];
    if is_full(answers) {
        roles.push("inference");
    }
    if uses_alb(answers) {
        roles.push("load-balancer-controller");
    }
    if answers.flag(&ENABLE_LOG_AGGREGATION) {
        roles.push("log-collector");
    }
    let nodes = groups(answers).into_iter().map(|group| format!("{group}-node"));
    roles.into_iter().map(str::to_owned).chain(nodes).collect()
}

/// The images of the bundle, as far as it can be read; a check of its own says where it cannot.
fn images(answers: &Answers) -> BTreeSet<String> {
    let folder = answers.text(&CONTAINERS_DIR).map(Path::new);
    let images = folder.and_then(|folder| containers::read(folder).ok()).unwrap_or_default();
    images.into_iter().map(|image| image.name).collect()
}

fn state_bucket(answers: &Answers) -> Option<String> {
    let deployment = answers.text(&DEPLOYMENT_NAME)?;
    if answers.text(&TERRAFORM_STATE) == Some("local") {
        return None;
    }
    let named = answers.text(&STATE_BUCKET).map(str::to_owned);
    Some(named.unwrap_or_else(|| format!("{deployment}-tfstate-{{account}}")))
}

fn own_arns(answers: &Answers) -> Vec<(&'static str, String)> {
    let questions =
        [&ACM_CERTIFICATE_ARN, &PERMISSIONS_BOUNDARY_ARN, &EXTERNAL_MODELS_BUCKET_KMS_KEY_ARN];
    let arn = |question: &&'static Question| {
        let arn = answers.text(question).filter(|_| answers.applies(question))?;
        Some((question.key, arn.to_owned()))
    };
    questions.iter().filter_map(arn).collect()
}

/// Services of AWS that are called in the region: their host, and how `AWS_ENDPOINT_URL_…` spells
/// them.
const SERVICES: &[(&str, &str, &str)] = &[
    ("ec2", "EC2", "the network and the nodes"),
    ("eks", "EKS", "the cluster"),
    ("rds", "RDS", "the database"),
    ("kms", "KMS", "the keys"),
    ("s3", "S3", "buckets, checkpoints and the Terraform state"),
    ("api.ecr", "ECR", "image repositories"),
    ("logs", "CLOUDWATCH_LOGS", "log groups"),
    ("sts", "STS", "the login"),
    ("servicequotas", "SERVICE_QUOTAS", "the checks of quotas"),
];

fn hosts(answers: &Answers) -> Vec<Reached> {
    let Some(region) = answers.text(&REGION) else { return Vec::new() };
    let suffix = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
    let of_aws = |host, service, purpose| Reached { host, purpose, service: Some(service) };
    let reached = |host: String, purpose| Reached { host, purpose, service: None };
    let mut hosts: Vec<Reached> = SERVICES
        .iter()
        .map(|(host, service, purpose)| {
            of_aws(format!("{host}.{region}.{suffix}"), service, purpose)
        })
        .collect();
    // IAM is global, with a host of its own in each partition.
    let iam = match region {
        _ if region.starts_with("cn-") => "iam.cn-north-1.amazonaws.com.cn",
        _ if region.starts_with("us-gov-") => "iam.us-gov.amazonaws.com",
        _ => "iam.amazonaws.com",
    };
    hosts.push(of_aws(iam.to_owned(), "IAM", "roles"));
    if answers.flag(&ENABLE_COGNITO) {
        let host = format!("cognito-idp.{region}.{suffix}");
        hosts.push(of_aws(host, "COGNITO_IDENTITY_PROVIDER", "the user pool"));
    }
    hosts.push(reached("registry.terraform.io".to_owned(), "the AWS provider of terraform"));
    hosts.push(reached("releases.hashicorp.com".to_owned(), "the AWS provider of terraform"));
    let repositories = delivered::missing_charts(answers).into_iter();
    let repositories = repositories.filter_map(|pinned| url::Url::parse(pinned.repository).ok());
    let repositories: BTreeSet<String> =
        repositories.filter_map(|url| Some(url.host_str()?.to_owned())).collect();
    hosts.extend(repositories.into_iter().map(|host| reached(host, "charts of third parties")));
    let issuer = answers.text(&OIDC_ISSUER).filter(|_| !answers.flag(&ENABLE_COGNITO));
    let issuer = issuer.and_then(|issuer| url::Url::parse(issuer).ok());
    if let Some(host) = issuer.as_ref().and_then(url::Url::host_str) {
        hosts.push(reached(host.to_owned(), "the login of users"));
    }
    hosts
}
