//! What each resource type is to AWS: its title in errors, the form of its id and ARN, and what
//! makes two of them the same thing.
//!
//! Data, and the template language that the data is written in. Types that are not in [`KINDS`]
//! get all of it from their name and schema ([`Kind::of`]). Templates: `{name}` is the attribute
//! of that name (or the first element of a list), `{account}`, `{region}`, `{partition}` are the
//! caller's, `{uuid}`, `{hexN}`, `{digitsN}`, `{lowerN}`, `{upperN}` are drawn from the seed.

use super::schema::Resource;
use super::value::{Object, Value};

/// The id, ARN and natural key of a resource type.
#[derive(Debug, Clone)]
pub(super) struct Kind {
    /// As in "creating EKS Cluster (acme)".
    pub(super) title: String,
    pub(super) id: String,
    /// Without `arn:{partition}:`; empty where the type has none.
    pub(super) arn: String,
    /// Attributes that together may exist only once.
    pub(super) key: Vec<String>,
}

/// Type, title, id template, ARN template, natural key (comma separated).
type Row = (&'static str, &'static str, &'static str, &'static str, &'static str);

#[rustfmt::skip]
const KINDS: &[Row] = &[
    ("aws_acm_certificate", "ACM Certificate", "arn:{partition}:acm:{region}:{account}:certificate/{uuid}", "acm:{region}:{account}:certificate/{uuid}", ""),
    ("aws_autoscaling_group", "Auto Scaling Group", "{name}", "autoscaling:{region}:{account}:autoScalingGroup:{uuid}:autoScalingGroupName/{name}", "name"),
    ("aws_autoscaling_group_tag", "Auto Scaling Group Tag", "{autoscaling_group_name},{tag.key}", "", ""),
    ("aws_autoscaling_policy", "Auto Scaling Policy", "{name}", "autoscaling:{region}:{account}:scalingPolicy:{uuid}:autoScalingGroupName/{autoscaling_group_name}:policyName/{name}", "autoscaling_group_name,name"),
    ("aws_budgets_budget", "Budget", "{account}:{name}", "budgets::{account}:budget/{name}", "name"),
    ("aws_cloudwatch_event_rule", "EventBridge Rule", "{name}", "events:{region}:{account}:rule/{name}", "name,event_bus_name"),
    ("aws_cloudwatch_event_target", "EventBridge Target", "{rule}-{target_id}", "", "rule,target_id,event_bus_name"),
    ("aws_cloudwatch_log_group", "CloudWatch Logs Log Group", "{name}", "logs:{region}:{account}:log-group:{name}", "name"),
    ("aws_cloudwatch_log_metric_filter", "CloudWatch Logs Metric Filter", "{name}", "", "log_group_name,name"),
    ("aws_cloudwatch_log_stream", "CloudWatch Logs Log Stream", "{name}", "logs:{region}:{account}:log-group:{log_group_name}:log-stream:{name}", "log_group_name,name"),
    ("aws_cloudwatch_metric_alarm", "CloudWatch Metric Alarm", "{alarm_name}", "cloudwatch:{region}:{account}:alarm:{alarm_name}", ""),
    ("aws_cognito_resource_server", "Cognito Resource Server", "{user_pool_id}|{identifier}", "", "user_pool_id,identifier"),
    ("aws_cognito_user", "Cognito User", "{user_pool_id}/{username}", "", "user_pool_id,username"),
    ("aws_cognito_user_group", "Cognito User Group", "{user_pool_id}/{name}", "", "user_pool_id,name"),
    ("aws_cognito_user_pool", "Cognito User Pool", "{region}_{mixed9}", "cognito-idp:{region}:{account}:userpool/{id}", ""),
    ("aws_cognito_user_pool_client", "Cognito User Pool Client", "{lower26}", "", ""),
    ("aws_cognito_user_pool_domain", "Cognito User Pool Domain", "{domain}", "", "domain"),
    ("aws_db_event_subscription", "RDS Event Subscription", "{name}", "rds:{region}:{account}:es:{name}", "name"),
    ("aws_db_instance", "RDS DB Instance", "db-{upper26}", "rds:{region}:{account}:db:{identifier}", "identifier"),
    ("aws_db_option_group", "RDS DB Option Group", "{name}", "rds:{region}:{account}:og:{name}", "name"),
    ("aws_db_parameter_group", "RDS DB Parameter Group", "{name}", "rds:{region}:{account}:pg:{name}", "name"),
    ("aws_db_proxy", "RDS DB Proxy", "{name}", "rds:{region}:{account}:db-proxy:prx-0{hex16}", "name"),
    ("aws_db_snapshot", "RDS DB Snapshot", "{db_snapshot_identifier}", "rds:{region}:{account}:snapshot:{db_snapshot_identifier}", "db_snapshot_identifier"),
    ("aws_db_subnet_group", "RDS DB Subnet Group", "{name}", "rds:{region}:{account}:subgrp:{name}", "name"),
    ("aws_default_security_group", "EC2 Default Security Group", "sg-0{hex16}", "ec2:{region}:{account}:security-group/{id}", ""),
    ("aws_docdb_cluster", "DocumentDB Cluster", "{cluster_identifier}", "rds:{region}:{account}:cluster:{cluster_identifier}", "cluster_identifier"),
    ("aws_docdb_cluster_instance", "DocumentDB Cluster Instance", "{identifier}", "rds:{region}:{account}:db:{identifier}", "identifier"),
    ("aws_docdb_cluster_parameter_group", "DocumentDB Cluster Parameter Group", "{name}", "rds:{region}:{account}:cluster-pg:{name}", "name"),
    ("aws_docdb_subnet_group", "DocumentDB Subnet Group", "{name}", "rds:{region}:{account}:subgrp:{name}", "name"),
    ("aws_ebs_volume", "EBS Volume", "vol-0{hex16}", "ec2:{region}:{account}:volume/{id}", ""),
    ("aws_ec2_capacity_reservation", "EC2 Capacity Reservation", "cr-0{hex16}", "ec2:{region}:{account}:capacity-reservation/{id}", ""),
    ("aws_ec2_managed_prefix_list", "EC2 Managed Prefix List", "pl-0{hex16}", "ec2:{region}:{account}:prefix-list/{id}", ""),
    ("aws_ec2_tag", "EC2 Tag", "{resource_id},{key}", "", "resource_id,key"),
    ("aws_ecr_lifecycle_policy", "ECR Lifecycle Policy", "{repository}", "", "repository"),
    ("aws_ecr_pull_through_cache_rule", "ECR Pull Through Cache Rule", "{ecr_repository_prefix}", "", "ecr_repository_prefix"),
    ("aws_ecr_repository", "ECR Repository", "{name}", "ecr:{region}:{account}:repository/{name}", "name"),
    ("aws_ecr_repository_policy", "ECR Repository Policy", "{repository}", "", "repository"),
    ("aws_efs_access_point", "EFS Access Point", "fsap-0{hex16}", "elasticfilesystem:{region}:{account}:access-point/{id}", ""),
    ("aws_efs_backup_policy", "EFS Backup Policy", "{file_system_id}", "", "file_system_id"),
    ("aws_efs_file_system", "EFS File System", "fs-0{hex16}", "elasticfilesystem:{region}:{account}:file-system/{id}", "creation_token"),
    ("aws_efs_file_system_policy", "EFS File System Policy", "{file_system_id}", "", "file_system_id"),
    ("aws_efs_mount_target", "EFS Mount Target", "fsmt-0{hex16}", "", "file_system_id,subnet_id"),
    ("aws_egress_only_internet_gateway", "EC2 Egress-only Internet Gateway", "eigw-0{hex16}", "ec2:{region}:{account}:egress-only-internet-gateway/{id}", ""),
    ("aws_eip", "EC2 EIP", "eipalloc-0{hex16}", "ec2:{region}:{account}:elastic-ip/{id}", ""),
    ("aws_eip_association", "EC2 EIP Association", "eipassoc-0{hex16}", "", ""),
    ("aws_eks_access_entry", "EKS Access Entry", "{cluster_name}:{principal_arn}", "eks:{region}:{account}:access-entry/{cluster_name}/role/{account}/{principal_arn.last}/{uuid}", "cluster_name,principal_arn"),
    ("aws_eks_access_policy_association", "EKS Access Policy Association", "{cluster_name}#{principal_arn}#{policy_arn}", "", "cluster_name,principal_arn,policy_arn"),
    ("aws_eks_addon", "EKS Add-On", "{cluster_name}:{addon_name}", "eks:{region}:{account}:addon/{cluster_name}/{addon_name}/{uuid}", "cluster_name,addon_name"),
    ("aws_eks_cluster", "EKS Cluster", "{name}", "eks:{region}:{account}:cluster/{name}", "name"),
    ("aws_eks_fargate_profile", "EKS Fargate Profile", "{cluster_name}:{fargate_profile_name}", "eks:{region}:{account}:fargateprofile/{cluster_name}/{fargate_profile_name}/{uuid}", "cluster_name,fargate_profile_name"),
    ("aws_eks_identity_provider_config", "EKS Identity Provider Config", "{cluster_name}:{oidc.identity_provider_config_name}", "eks:{region}:{account}:identityproviderconfig/{cluster_name}/oidc/{oidc.identity_provider_config_name}/{uuid}", ""),
    ("aws_eks_node_group", "EKS Node Group", "{cluster_name}:{node_group_name}", "eks:{region}:{account}:nodegroup/{cluster_name}/{node_group_name}/{uuid}", "cluster_name,node_group_name"),
    ("aws_eks_pod_identity_association", "EKS Pod Identity Association", "a-{lower17}", "eks:{region}:{account}:podidentityassociation/{cluster_name}/{id}", "cluster_name,namespace,service_account"),
    ("aws_elasticache_cluster", "ElastiCache Cluster", "{cluster_id}", "elasticache:{region}:{account}:cluster:{cluster_id}", "cluster_id"),
    ("aws_elasticache_parameter_group", "ElastiCache Parameter Group", "{name}", "elasticache:{region}:{account}:parametergroup:{name}", "name"),
    ("aws_elasticache_replication_group", "ElastiCache Replication Group", "{replication_group_id}", "elasticache:{region}:{account}:replicationgroup:{replication_group_id}", "replication_group_id"),
    ("aws_elasticache_subnet_group", "ElastiCache Subnet Group", "{name}", "elasticache:{region}:{account}:subnetgroup:{name}", "name"),
    ("aws_elasticache_user", "ElastiCache User", "{user_id}", "elasticache:{region}:{account}:user:{user_id}", "user_id"),
    ("aws_elasticache_user_group", "ElastiCache User Group", "{user_group_id}", "elasticache:{region}:{account}:usergroup:{user_group_id}", "user_group_id"),
    ("aws_flow_log", "EC2 Flow Log", "fl-0{hex16}", "ec2:{region}:{account}:vpc-flow-log/{id}", ""),
    ("aws_iam_access_key", "IAM Access Key", "AKIA{upper16}", "", ""),
    ("aws_iam_account_alias", "IAM Account Alias", "{account_alias}", "", ""),
    ("aws_iam_group", "IAM Group", "{name}", "iam::{account}:group{path}{name}", "name"),
    ("aws_iam_group_policy", "IAM Group Policy", "{group}:{name}", "", "group,name"),
    ("aws_iam_group_policy_attachment", "IAM Group Policy Attachment", "{group}/{policy_arn}", "", "group,policy_arn"),
    ("aws_iam_instance_profile", "IAM Instance Profile", "{name}", "iam::{account}:instance-profile{path}{name}", "name"),
    ("aws_iam_openid_connect_provider", "IAM OIDC Provider", "arn:{partition}:iam::{account}:oidc-provider/{url.bare}", "iam::{account}:oidc-provider/{url.bare}", "url"),
    ("aws_iam_policy", "IAM Policy", "arn:{partition}:iam::{account}:policy{path}{name}", "iam::{account}:policy{path}{name}", "name"),
    ("aws_iam_role", "IAM Role", "{name}", "iam::{account}:role{path}{name}", "name"),
    ("aws_iam_role_policy", "IAM Role Policy", "{role}:{name}", "", "role,name"),
    ("aws_iam_role_policy_attachment", "IAM Role Policy Attachment", "{role}/{policy_arn}", "", "role,policy_arn"),
    ("aws_iam_saml_provider", "IAM SAML Provider", "arn:{partition}:iam::{account}:saml-provider/{name}", "iam::{account}:saml-provider/{name}", "name"),
    ("aws_iam_service_linked_role", "IAM Service Linked Role", "arn:{partition}:iam::{account}:role/aws-service-role/{aws_service_name}/{name}", "iam::{account}:role/aws-service-role/{aws_service_name}/{name}", "aws_service_name,custom_suffix"),
    ("aws_iam_user", "IAM User", "{name}", "iam::{account}:user{path}{name}", "name"),
    ("aws_iam_user_policy", "IAM User Policy", "{user}:{name}", "", "user,name"),
    ("aws_iam_user_policy_attachment", "IAM User Policy Attachment", "{user}/{policy_arn}", "", "user,policy_arn"),
    ("aws_instance", "EC2 Instance", "i-0{hex16}", "ec2:{region}:{account}:instance/{id}", ""),
    ("aws_internet_gateway", "EC2 Internet Gateway", "igw-0{hex16}", "ec2:{region}:{account}:internet-gateway/{id}", ""),
    ("aws_internet_gateway_attachment", "EC2 Internet Gateway Attachment", "{internet_gateway_id}:{vpc_id}", "", "internet_gateway_id,vpc_id"),
    ("aws_key_pair", "EC2 Key Pair", "{key_name}", "ec2:{region}:{account}:key-pair/{key_name}", "key_name"),
    ("aws_kms_alias", "KMS Alias", "{name}", "kms:{region}:{account}:{name}", "name"),
    ("aws_kms_key", "KMS Key", "{uuid}", "kms:{region}:{account}:key/{id}", ""),
    ("aws_kms_key_policy", "KMS Key Policy", "{key_id.last}", "", "key_id"),
    ("aws_kms_replica_key", "KMS Replica Key", "mrk-{hex32}", "kms:{region}:{account}:key/{id}", ""),
    ("aws_launch_template", "EC2 Launch Template", "lt-0{hex16}", "ec2:{region}:{account}:launch-template/{id}", "name"),
    ("aws_lb", "ELBv2 Load Balancer", "arn:{partition}:elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex16}", "elasticloadbalancing:{region}:{account}:loadbalancer/app/{name}/{hex16}", "name"),
    ("aws_lb_listener", "ELBv2 Listener", "arn:{partition}:elasticloadbalancing:{region}:{account}:listener/{load_balancer_arn.tail}/{hex16}", "elasticloadbalancing:{region}:{account}:listener/{load_balancer_arn.tail}/{hex16}", "load_balancer_arn,port"),
    ("aws_lb_listener_rule", "ELBv2 Listener Rule", "arn:{partition}:elasticloadbalancing:{region}:{account}:listener-rule/{listener_arn.tail}/{hex16}", "elasticloadbalancing:{region}:{account}:listener-rule/{listener_arn.tail}/{hex16}", "listener_arn,priority"),
    ("aws_lb_target_group", "ELBv2 Target Group", "arn:{partition}:elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex16}", "elasticloadbalancing:{region}:{account}:targetgroup/{name}/{hex16}", "name"),
    ("aws_mq_broker", "MQ Broker", "b-{uuid}", "mq:{region}:{account}:broker:{broker_name}:b-{uuid}", "broker_name"),
    ("aws_nat_gateway", "EC2 NAT Gateway", "nat-0{hex16}", "", ""),
    ("aws_network_acl", "EC2 Network ACL", "acl-0{hex16}", "ec2:{region}:{account}:network-acl/{id}", ""),
    ("aws_network_acl_rule", "EC2 Network ACL Rule", "nacl-{digits10}", "", "network_acl_id,rule_number,egress"),
    ("aws_network_interface", "EC2 Network Interface", "eni-0{hex16}", "ec2:{region}:{account}:network-interface/{id}", ""),
    ("aws_placement_group", "EC2 Placement Group", "{name}", "ec2:{region}:{account}:placement-group/{name}", "name"),
    ("aws_rds_cluster", "RDS Cluster", "{cluster_identifier}", "rds:{region}:{account}:cluster:{cluster_identifier}", "cluster_identifier"),
    ("aws_rds_cluster_instance", "RDS Cluster Instance", "{identifier}", "rds:{region}:{account}:db:{identifier}", "identifier"),
    ("aws_rds_cluster_parameter_group", "RDS Cluster Parameter Group", "{name}", "rds:{region}:{account}:cluster-pg:{name}", "name"),
    ("aws_route", "EC2 Route", "r-{route_table_id}{digits10}", "", "route_table_id,destination_cidr_block,destination_ipv6_cidr_block,destination_prefix_list_id"),
    ("aws_route53_record", "Route 53 Record", "{zone_id}_{name}_{type}", "", "zone_id,name,type,set_identifier"),
    ("aws_route53_zone", "Route 53 Hosted Zone", "Z{upper20}", "route53:::hostedzone/{id}", ""),
    ("aws_route_table", "EC2 Route Table", "rtb-0{hex16}", "ec2:{region}:{account}:route-table/{id}", ""),
    ("aws_route_table_association", "EC2 Route Table Association", "rtbassoc-0{hex16}", "", "subnet_id,gateway_id"),
    ("aws_s3_bucket", "S3 Bucket", "{bucket}", "s3:::{bucket}", "bucket"),
    ("aws_s3_bucket_acl", "S3 Bucket ACL", "{bucket}", "", "bucket"),
    ("aws_s3_bucket_object", "S3 Object", "{bucket}/{key}", "s3:::{bucket}/{key}", ""),
    ("aws_s3_object", "S3 Object", "{bucket}/{key}", "s3:::{bucket}/{key}", ""),
    ("aws_secretsmanager_secret", "Secrets Manager Secret", "arn:{partition}:secretsmanager:{region}:{account}:secret:{name}-{mixed6}", "secretsmanager:{region}:{account}:secret:{name}-{mixed6}", "name"),
    ("aws_secretsmanager_secret_version", "Secrets Manager Secret Version", "{secret_id}|terraform-{hex32}", "", ""),
    ("aws_security_group", "EC2 Security Group", "sg-0{hex16}", "ec2:{region}:{account}:security-group/{id}", "vpc_id,name"),
    ("aws_security_group_rule", "EC2 Security Group Rule", "sgrule-{digits10}", "", ""),
    ("aws_service_discovery_http_namespace", "Service Discovery HTTP Namespace", "ns-{lower16}", "servicediscovery:{region}:{account}:namespace/{id}", ""),
    ("aws_service_discovery_private_dns_namespace", "Service Discovery Private DNS Namespace", "ns-{lower16}", "servicediscovery:{region}:{account}:namespace/{id}", ""),
    ("aws_service_discovery_service", "Service Discovery Service", "srv-{lower16}", "servicediscovery:{region}:{account}:service/{id}", "namespace_id,name"),
    ("aws_sns_topic", "SNS Topic", "arn:{partition}:sns:{region}:{account}:{name}", "sns:{region}:{account}:{name}", ""),
    ("aws_sns_topic_policy", "SNS Topic Policy", "{arn}", "", ""),
    ("aws_sns_topic_subscription", "SNS Topic Subscription", "{topic_arn}:{uuid}", "{topic_arn.resource}:{uuid}", ""),
    ("aws_sqs_queue", "SQS Queue", "https://sqs.{region}.amazonaws.com/{account}/{name}", "sqs:{region}:{account}:{name}", ""),
    ("aws_sqs_queue_policy", "SQS Queue Policy", "{queue_url}", "", ""),
    ("aws_sqs_queue_redrive_allow_policy", "SQS Queue Redrive Allow Policy", "{queue_url}", "", ""),
    ("aws_sqs_queue_redrive_policy", "SQS Queue Redrive Policy", "{queue_url}", "", ""),
    ("aws_ssm_parameter", "SSM Parameter", "{name}", "ssm:{region}:{account}:parameter/{name.unslashed}", "name"),
    ("aws_subnet", "EC2 Subnet", "subnet-0{hex16}", "ec2:{region}:{account}:subnet/{id}", ""),
    ("aws_vpc", "EC2 VPC", "vpc-0{hex16}", "ec2:{region}:{account}:vpc/{id}", ""),
    ("aws_vpc_dhcp_options", "EC2 DHCP Options Set", "dopt-0{hex16}", "ec2:{region}:{account}:dhcp-options/{id}", ""),
    ("aws_vpc_endpoint", "EC2 VPC Endpoint", "vpce-0{hex16}", "ec2:{region}:{account}:vpc-endpoint/{id}", ""),
    ("aws_vpc_endpoint_route_table_association", "EC2 VPC Endpoint Route Table Association", "a-{vpc_endpoint_id}{digits10}", "", "vpc_endpoint_id,route_table_id"),
    ("aws_vpc_ipv4_cidr_block_association", "EC2 VPC IPv4 CIDR Block Association", "vpc-cidr-assoc-0{hex16}", "", "vpc_id,cidr_block"),
    ("aws_vpc_peering_connection", "EC2 VPC Peering Connection", "pcx-0{hex16}", "", ""),
    ("aws_vpc_security_group_egress_rule", "VPC Security Group Rule", "sgr-0{hex16}", "ec2:{region}:{account}:security-group-rule/{id}", "security_group_id,ip_protocol,from_port,to_port,cidr_ipv4,cidr_ipv6,prefix_list_id,referenced_security_group_id"),
    ("aws_vpc_security_group_ingress_rule", "VPC Security Group Rule", "sgr-0{hex16}", "ec2:{region}:{account}:security-group-rule/{id}", "security_group_id,ip_protocol,from_port,to_port,cidr_ipv4,cidr_ipv6,prefix_list_id,referenced_security_group_id"),
];

impl Kind {
    /// What is known of the type, or what its name and schema suggest.
    pub(super) fn of(type_name: &str, resource: &Resource) -> Self {
        let type_name = match type_name.strip_prefix("aws_alb") {
            Some(rest) => format!("aws_lb{rest}"),
            None => type_name.to_owned(),
        };
        if let Ok(at) = KINDS.binary_search_by(|row| row.0.cmp(&type_name)) {
            let (_, title, id, arn, key) = KINDS[at];
            let key = key.split(',').filter(|k| !k.is_empty()).map(str::to_owned).collect();
            return Self { title: title.into(), id: id.into(), arn: arn.into(), key };
        }
        Self::derived(&type_name, resource)
    }

    fn derived(type_name: &str, resource: &Resource) -> Self {
        let has = |name: &str| resource.block.attributes.get(name).is_some_and(|a| a.required);
        let short = type_name.strip_prefix("aws_").unwrap_or(type_name);
        let (service, rest) = short.split_once('_').unwrap_or((short, short));
        let id = if type_name.starts_with("aws_s3_bucket_") && has("bucket") {
            "{bucket}".to_owned()
        } else if has("name") {
            "{name}".to_owned()
        } else {
            let last = short.rsplit('_').next().unwrap_or(short);
            format!("{}-0{{hex16}}", last.chars().take(6).collect::<String>())
        };
        let resource_part = rest.replace('_', "-");
        Self {
            title: title(short),
            arn: format!("{service}:{{region}}:{{account}}:{resource_part}/{{id.last}}"),
            key: if id == "{bucket}" { vec!["bucket".into()] } else { Vec::new() },
            id,
        }
    }

    /// The natural key of an object as one text; `None` where the type has none or the object
    /// leaves it to AWS.
    pub(super) fn natural_key(&self, object: &Value) -> Option<String> {
        let parts: Vec<String> = self.key.iter().map(|k| plain(object.field(k))).collect();
        if parts.iter().all(String::is_empty) { None } else { Some(parts.join("|")) }
    }

    /// The natural key of attributes as the world keeps them.
    pub(super) fn natural_key_of(&self, attributes: &serde_json::Value) -> Option<String> {
        let parts: Vec<String> = self
            .key
            .iter()
            .map(|k| match &attributes[k] {
                serde_json::Value::String(s) => s.clone(),
                serde_json::Value::Null => String::new(),
                other if other.is_number() || other.is_boolean() => other.to_string(),
                _ => String::new(),
            })
            .collect();
        if parts.iter().all(String::is_empty) { None } else { Some(parts.join("|")) }
    }
}

/// Words of a type name as a title: `eks_capability` is `EKS Capability`.
fn title(short: &str) -> String {
    const SHOUTED: &[&str] = &[
        "acm", "alb", "ami", "db", "ebs", "ec2", "ecr", "efs", "eip", "eks", "fsx", "iam", "kms",
        "lb", "mq", "rds", "s3", "sns", "sqs", "ssm", "vpc",
    ];
    let words = short.split('_').map(|word| {
        if SHOUTED.contains(&word) {
            return word.to_uppercase();
        }
        let mut chars = word.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
    });
    words.collect::<Vec<String>>().join(" ")
}

/// A scalar as text; anything else is empty.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(s) => s.clone(),
        Value::Number(n) => n.to_string(),
        Value::Bool(b) => b.to_string(),
        _ => String::new(),
    }
}

/// What templates are filled from.
pub(super) struct Filling<'a> {
    pub(super) object: &'a Object,
    pub(super) account: &'a str,
    pub(super) region: &'a str,
    pub(super) partition: &'a str,
    /// The id once it is known.
    pub(super) id: &'a str,
    /// Hex digits (at least 64) that belong to this object alone.
    pub(super) digits: &'a str,
}

impl Filling<'_> {
    /// Fills a template.
    pub(super) fn fill(&self, template: &str) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, tail) = after.split_once('}').unwrap_or((after, ""));
            text.push_str(before);
            text.push_str(&self.value(name));
            rest = tail;
        }
        text.push_str(rest);
        text
    }

    fn value(&self, name: &str) -> String {
        match name {
            "account" => return self.account.to_owned(),
            "region" => return self.region.to_owned(),
            "partition" => return self.partition.to_owned(),
            "id" => return self.id.to_owned(),
            "id.last" => return last(self.id),
            "uuid" => return uuid(self.digits),
            _ => {}
        }
        if let Some(drawn) = self.drawn(name) {
            return drawn;
        }
        let (attribute, view) = name.split_once('.').unwrap_or((name, ""));
        let value = self.object.get(attribute).unwrap_or(&Value::Null);
        let text = plain(value);
        match view {
            "" => text,
            "last" => last(&text),
            "bare" => text.trim_start_matches("https://").to_owned(),
            "unslashed" => text.trim_start_matches('/').to_owned(),
            "tail" => text.split_once('/').map_or(text.clone(), |(_, tail)| tail.to_owned()),
            "resource" => text.split(':').skip(2).collect::<Vec<_>>().join(":"),
            inner => plain(value.as_list().first().unwrap_or(&Value::Null).field(inner)),
        }
    }

    fn drawn(&self, name: &str) -> Option<String> {
        let at = name.find(|c: char| c.is_ascii_digit())?;
        let (set, count) = (&name[..at], name[at..].parse::<usize>().ok()?);
        let alphabet: &[u8] = match set {
            "hex" => return Some(self.digits.chars().take(count).collect()),
            "digits" => b"1234567890",
            "lower" => b"abcdefghijklmnopqrstuvwxyz0123456789",
            "upper" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
            "mixed" => b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            _ => return None,
        };
        Some(draw(self.digits, alphabet, count))
    }
}

/// `count` letters of an alphabet, chosen by hex digits.
pub(super) fn draw(digits: &str, alphabet: &[u8], count: usize) -> String {
    let bytes = digits.as_bytes();
    (0..count)
        .map(|i| {
            let pair = [bytes[(2 * i) % bytes.len()], bytes[(2 * i + 1) % bytes.len()]];
            let value = pair.iter().fold(i, |sum, b| sum * 31 + usize::from(*b));
            char::from(alphabet[value % alphabet.len()])
        })
        .collect()
}

/// Whether an id is drawn by AWS instead of being made of names.
pub(super) fn is_drawn(template: &str) -> bool {
    ["{hex", "{uuid", "{lower", "{upper", "{mixed", "{digits"].iter().any(|d| template.contains(d))
}

/// A UUID (version 4 in form) of hex digits.
pub(super) fn uuid(digits: &str) -> String {
    let d: String = digits.chars().chain("0".repeat(32).chars()).take(32).collect();
    format!("{}-{}-4{}-a{}-{}", &d[..8], &d[8..12], &d[13..16], &d[17..20], &d[20..32])
}

fn last(text: &str) -> String {
    text.rsplit(['/', ':']).next().unwrap_or(text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::provider::schema::catalogue;

    #[test]
    fn the_table_is_sorted_and_names_only_types_and_attributes_that_exist() {
        for pair in KINDS.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} comes before {}", pair[0].0, pair[1].0);
        }
        for (name, _, _, _, key) in KINDS {
            let Some(resource) = catalogue().resources.get(*name) else {
                panic!("{name} is no resource type");
            };
            for attribute in key.split(',').filter(|k| !k.is_empty()) {
                assert!(resource.block.attributes.contains_key(attribute), "{name}.{attribute}");
            }
        }
    }

    #[test]
    fn templates_are_filled_from_attributes_account_and_seed() {
        let object = Object::from([
            ("cluster_name".into(), "acme".into()),
            ("url".into(), "https://oidc.example/id/AB".into()),
        ]);
        let filling = Filling {
            object: &object,
            account: "123456789012",
            region: "us-west-2",
            partition: "aws",
            id: "x",
            digits: &"0123456789abcdef".repeat(4),
        };
        assert_eq!(
            filling.fill("eks:{region}:{account}:cluster/{cluster_name}"),
            "eks:us-west-2:123456789012:cluster/acme"
        );
        assert_eq!(filling.fill("{url.bare}|{hex4}"), "oidc.example/id/AB|0123");
        assert_eq!(filling.fill("{uuid}"), "01234567-89ab-4def-a123-456789abcdef");
    }
}
