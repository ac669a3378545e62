//! What AWS says when the natural key of a new object is taken, and when it says nothing.
//!
//! Codes and texts by type, in [`TAKEN`]; where public logs of the provider had none, the code is
//! the one of the API's model. Types that are not named get a code and a text of the same form.

use super::durations::Action;
use super::operations::{self, Calls};
use super::refusal::{Refusal, Subject, by_code};
use super::value::Value;

/// Type, code, status, text. `{name}`, `{within}`, `{account}`, `{title}` stand for the object's.
type Row = (&'static str, &'static str, u16, &'static str);

#[rustfmt::skip]
const TAKEN: &[Row] = &[
    ("aws_autoscaling_group", "AlreadyExists", 400, "AutoScalingGroup by this name already exists - A group with the name {name} already exists"),
    ("aws_budgets_budget", "DuplicateRecordException", 400, "Error creating budget: {name} - the budget already exists."),
    ("aws_cloudwatch_log_stream", "ResourceAlreadyExistsException", 400, "The specified log stream already exists"),
    ("aws_cognito_resource_server", "InvalidParameterException", 400, "{name} already exists in user pool {within}."),
    ("aws_cognito_user", "UsernameExistsException", 400, "User account already exists"),
    ("aws_cognito_user_group", "GroupExistsException", 400, "A group with the name already exists."),
    ("aws_cognito_user_pool_domain", "InvalidParameterException", 400, "Domain already associated with another user pool."),
    ("aws_db_event_subscription", "SubscriptionAlreadyExist", 400, "Subscription {name} already exists"),
    ("aws_db_option_group", "OptionGroupAlreadyExistsFault", 400, "OptionGroup already exists: {name}"),
    ("aws_db_parameter_group", "DBParameterGroupAlreadyExists", 400, "Parameter group {name} already exists"),
    ("aws_db_proxy", "DBProxyAlreadyExistsFault", 400, "DB Proxy {name} already exists"),
    ("aws_db_snapshot", "DBSnapshotAlreadyExists", 400, "Cannot create the snapshot because a snapshot with the identifier {name} already exists."),
    ("aws_docdb_cluster", "DBClusterAlreadyExistsFault", 400, "DB Cluster already exists"),
    ("aws_docdb_cluster_instance", "DBInstanceAlreadyExists", 400, "DB instance already exists"),
    ("aws_docdb_cluster_parameter_group", "DBParameterGroupAlreadyExists", 400, "Parameter group {name} already exists"),
    ("aws_docdb_subnet_group", "DBSubnetGroupAlreadyExists", 400, "The DB subnet group '{name}' already exists."),
    ("aws_ecr_pull_through_cache_rule", "PullThroughCacheRuleAlreadyExistsException", 400, "A pull through cache rule already exists for the ecrRepositoryPrefix '{name}'"),
    ("aws_efs_file_system", "FileSystemAlreadyExists", 409, "File system already exists with creation token {name}"),
    ("aws_efs_mount_target", "MountTargetConflict", 409, "mount target already exists in this AZ"),
    ("aws_eks_access_entry", "ResourceInUseException", 409, "The specified access entry resource is already in use on this cluster."),
    ("aws_eks_addon", "ResourceInUseException", 409, "Addon already exists."),
    ("aws_eks_pod_identity_association", "ResourceInUseException", 409, "Association already exists: a pod identity association for this service account"),
    ("aws_elasticache_cluster", "CacheClusterAlreadyExists", 400, "Cache cluster already exists"),
    ("aws_elasticache_parameter_group", "CacheParameterGroupAlreadyExists", 400, "Cache parameter group {name} already exists."),
    ("aws_elasticache_replication_group", "ReplicationGroupAlreadyExists", 400, "Replication group {name} already exists."),
    ("aws_elasticache_subnet_group", "CacheSubnetGroupAlreadyExists", 400, "Cache subnet group {name} already exists."),
    ("aws_elasticache_user", "UserAlreadyExists", 400, "User {name} already exists."),
    ("aws_elasticache_user_group", "UserGroupAlreadyExists", 400, "User group {name} already exists."),
    ("aws_iam_instance_profile", "EntityAlreadyExists", 409, "Instance Profile {name} already exists."),
    ("aws_iam_openid_connect_provider", "EntityAlreadyExists", 409, "Provider with url {name} already exists."),
    ("aws_iam_policy", "EntityAlreadyExists", 409, "A policy called {name} already exists. Duplicate names are not allowed."),
    ("aws_iam_service_linked_role", "InvalidInput", 400, "Service role name {name} has been taken in this account, please try a different suffix."),
    ("aws_key_pair", "InvalidKeyPair.Duplicate", 400, "The keypair already exists"),
    ("aws_launch_template", "InvalidLaunchTemplateName.AlreadyExistsException", 400, "Launch template name already in use."),
    ("aws_lb", "DuplicateLoadBalancerName", 400, "A load balancer with the same name '{name}' exists, but with different settings"),
    ("aws_lb_listener", "DuplicateListener", 400, "A listener already exists on this port for this load balancer '{within}'"),
    ("aws_lb_listener_rule", "PriorityInUse", 400, "Priority '{name}' is currently in use"),
    ("aws_lb_target_group", "DuplicateTargetGroupName", 400, "A target group with the same name '{name}' exists, but with different settings"),
    ("aws_mq_broker", "ConflictException", 409, "Broker name [{name}] is already in use. You should use another name."),
    ("aws_network_acl_rule", "NetworkAclEntryAlreadyExists", 400, "The network acl entry identified by {name} already exists."),
    ("aws_placement_group", "InvalidPlacementGroup.Duplicate", 400, "The placement group '{name}' already exists."),
    ("aws_rds_cluster", "DBClusterAlreadyExistsFault", 400, "DB Cluster already exists"),
    ("aws_rds_cluster_instance", "DBInstanceAlreadyExists", 400, "DB instance already exists"),
    ("aws_rds_cluster_parameter_group", "DBParameterGroupAlreadyExists", 400, "Parameter group {name} already exists"),
    ("aws_route", "RouteAlreadyExists", 400, "The route identified by {name} already exists."),
    ("aws_route53_record", "InvalidChangeBatch", 400, "[Tried to create resource record set [name='{name}', type='{within}'] but it already exists]"),
    ("aws_route_table_association", "Resource.AlreadyAssociated", 400, "the specified association for route table {within} conflicts with an existing association"),
    ("aws_secretsmanager_secret", "ResourceExistsException", 400, "The operation failed because the secret {name} already exists."),
    ("aws_security_group", "InvalidGroup.Duplicate", 400, "The security group '{name}' already exists for VPC '{within}'"),
    ("aws_service_discovery_service", "ServiceAlreadyExists", 400, "Service already exists with name {name}"),
    ("aws_sqs_queue", "QueueAlreadyExists", 400, "A queue already exists with the same name and a different value for its attributes"),
    ("aws_ssm_parameter", "ParameterAlreadyExists", 400, "The parameter already exists. To overwrite this value, set the overwrite option in the request to true."),
    ("aws_vpc_security_group_egress_rule", "InvalidPermission.Duplicate", 400, "the specified rule \"peer: {name}, ALLOW\" already exists"),
    ("aws_vpc_security_group_ingress_rule", "InvalidPermission.Duplicate", 400, "the specified rule \"peer: {name}, ALLOW\" already exists"),
];

/// Whether making it twice is an error. What is put or attached is put again; so is a topic, which
/// AWS returns when it is there.
pub(super) fn is_exclusive(type_name: &str, calls: &Calls, object: &Value) -> bool {
    match type_name {
        "aws_sns_topic" => return false,
        "aws_route53_record" => return object.field("allow_overwrite").as_bool() != Some(true),
        "aws_ssm_parameter" => return object.field("overwrite").as_bool() != Some(true),
        _ => {}
    }
    let call = operations::main_call(calls, Action::Create).name;
    ["Create", "Authorize", "AssociateRouteTable", "Register", "ImportKeyPair"]
        .iter()
        .any(|verb| call.starts_with(verb))
}

/// What AWS says when the natural key of a new object is taken.
pub(super) fn taken(type_name: &str, title: &str, s: &Subject, object: &Value) -> Refusal {
    let type_name = match type_name.strip_prefix("aws_alb") {
        Some(rest) => format!("aws_lb{rest}"),
        None => type_name.to_owned(),
    };
    let known = match type_name.as_str() {
        "aws_eks_cluster" | "aws_eks_node_group" => "ResourceInUseException",
        "aws_s3_bucket" => "BucketAlreadyOwnedByYou",
        "aws_db_instance" => "DBInstanceAlreadyExists",
        "aws_db_subnet_group" => "DBSubnetGroupAlreadyExists",
        "aws_kms_alias" => "AlreadyExistsException",
        "aws_cloudwatch_log_group" => "ResourceAlreadyExistsException",
        "aws_ecr_repository" => "RepositoryAlreadyExistsException",
        "aws_iam_role" => "EntityAlreadyExists",
        _ => "",
    };
    if let Some(refusal) = by_code(known, s) {
        return refusal;
    }
    let (name, within) = names(&type_name, s, object);
    if let Some((_, code, status, text)) = TAKEN.iter().find(|row| row.0 == type_name) {
        let text = text.replace("{name}", &name).replace("{within}", &within);
        return Refusal::new(code, *status, text);
    }
    let what = title.strip_prefix("IAM ").unwrap_or(title);
    if type_name.starts_with("aws_iam_") {
        let text = format!("{what} with name {name} already exists.");
        return Refusal::new("EntityAlreadyExists", 409, text);
    }
    Refusal::new("ResourceAlreadyExistsException", 409, format!("{title} {name} already exists"))
}

/// What the text calls the object, and what it is in.
fn names(type_name: &str, s: &Subject, object: &Value) -> (String, String) {
    let own = |name: &str| super::kinds::plain(object.field(name));
    let first = |names: &[&str]| names.iter().map(|n| own(n)).find(|t| !t.is_empty());
    let name = match type_name {
        "aws_lb_listener_rule" => first(&["priority"]),
        "aws_network_acl_rule" => first(&["rule_number"]),
        "aws_iam_openid_connect_provider" => first(&["url"]),
        "aws_cognito_resource_server" => first(&["identifier"]),
        "aws_efs_file_system" => first(&["creation_token"]),
        "aws_ecr_pull_through_cache_rule" => first(&["ecr_repository_prefix"]),
        "aws_mq_broker" => first(&["broker_name"]),
        "aws_elasticache_replication_group" => first(&["replication_group_id"]),
        "aws_elasticache_user" => first(&["user_id"]),
        "aws_elasticache_user_group" => first(&["user_group_id"]),
        "aws_db_snapshot" => first(&["db_snapshot_identifier"]),
        "aws_route" => first(&["destination_cidr_block", "destination_ipv6_cidr_block"]),
        t if t.starts_with("aws_vpc_security_group_") => {
            first(&["cidr_ipv4", "cidr_ipv6", "referenced_security_group_id", "prefix_list_id"])
        }
        _ => None,
    };
    let within = match type_name {
        "aws_route53_record" => first(&["type"]),
        "aws_lb_listener" => first(&["load_balancer_arn"]),
        "aws_route_table_association" => first(&["route_table_id"]),
        "aws_cognito_resource_server" => first(&["user_pool_id"]),
        _ => None,
    };
    (name.unwrap_or_else(|| s.name.clone()), within.unwrap_or_else(|| s.within.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearsal::provider::schema::catalogue;

    #[test]
    fn the_table_is_sorted_and_names_only_types_that_exist() {
        for pair in TAKEN.windows(2) {
            assert!(pair[0].0 < pair[1].0, "{} comes before {}", pair[0].0, pair[1].0);
        }
        for (name, ..) in TAKEN {
            assert!(catalogue().resources.contains_key(*name), "{name}");
        }
    }

    #[test]
    fn the_texts_name_what_is_there() {
        let subject = Subject { name: "web".into(), within: "vpc-1".into(), ..Subject::default() };
        let text = |kind: &str| taken(kind, "", &subject, &Value::Null).message;
        assert_eq!(
            text("aws_security_group"),
            "The security group 'web' already exists for VPC 'vpc-1'"
        );
        assert_eq!(
            text("aws_alb"),
            "A load balancer with the same name 'web' exists, but with different settings"
        );
    }
}
