//! What AWS refuses to delete because something uses it or is in it, and what goes with it.

use super::existing;
use super::limits::{any, mentioning};
use super::refusal::Refusal;
use super::scene::{Scene, TABLE};
use super::value::Value;

/// Type and the attribute by which it is meant; the types that may use it and the attribute, at any
/// depth, in which they do; code, status, text. `{name}` is what is meant, `{user}` the id of what
/// uses it.
type Row = (
    (&'static str, &'static str),
    (&'static [&'static str], &'static str),
    &'static str,
    u16,
    &'static str,
);

#[rustfmt::skip]
const IN_USE: &[Row] = &[
    (("aws_acm_certificate", "arn"), (&["aws_lb_listener", "aws_lb_listener_certificate", "aws_alb_listener", "aws_cognito_user_pool_domain"], "certificate_arn"),
        "ResourceInUseException", 400, "Certificate {name} is in use."),
    (("aws_db_parameter_group", "name"), (&["aws_db_instance"], "parameter_group_name"),
        "InvalidDBParameterGroupState", 400, "One or more database instances are still members of this parameter group {name}, so the group cannot be deleted"),
    (("aws_db_subnet_group", "name"), (&["aws_db_instance", "aws_rds_cluster"], "db_subnet_group_name"),
        "InvalidDBSubnetGroupStateFault", 400, "Cannot delete the subnet group '{name}' because at least one database instance: {user} is still using it."),
    (("aws_docdb_subnet_group", "name"), (&["aws_docdb_cluster"], "db_subnet_group_name"),
        "InvalidDBSubnetGroupStateFault", 400, "Cannot delete the subnet group '{name}' because at least one database instance: {user} is still using it."),
    (("aws_efs_file_system", "id"), (&["aws_efs_mount_target"], "file_system_id"),
        "FileSystemInUse", 409, "file system has mount targets"),
    (("aws_eip", "id"), (&["aws_nat_gateway", "aws_eip_association"], "allocation_id"),
        "InvalidIPAddress.InUse", 400, "The allocation {name} is in use by {user}."),
    (("aws_elasticache_subnet_group", "name"), (&["aws_elasticache_cluster", "aws_elasticache_replication_group"], "subnet_group_name"),
        "CacheSubnetGroupInUse", 400, "Cache subnet group {name} is currently in use by a cache cluster."),
    (("aws_iam_group", "name"), (&["aws_iam_group_policy_attachment"], "group"),
        "DeleteConflict", 409, "Cannot delete entity, must detach all policies first."),
    (("aws_iam_group", "name"), (&["aws_iam_group_membership"], "group"),
        "DeleteConflict", 409, "Cannot delete entity, must remove users from group first."),
    (("aws_iam_group", "name"), (&["aws_iam_user_group_membership"], "groups"),
        "DeleteConflict", 409, "Cannot delete entity, must remove users from group first."),
    (("aws_iam_policy", "arn"), (&["aws_iam_role_policy_attachment", "aws_iam_user_policy_attachment", "aws_iam_group_policy_attachment", "aws_iam_policy_attachment"], "policy_arn"),
        "DeleteConflict", 409, "Cannot delete a policy attached to entities."),
    (("aws_iam_role", "name"), (&["aws_iam_instance_profile"], "role"),
        "DeleteConflict", 409, "Cannot delete entity, must remove roles from instance profile first."),
    (("aws_iam_user", "name"), (&["aws_iam_user_policy_attachment"], "user"),
        "DeleteConflict", 409, "Cannot delete entity, must detach all policies first."),
    (("aws_lb_target_group", "arn"), (&["aws_lb_listener", "aws_lb_listener_rule", "aws_alb_listener"], "target_group_arn"),
        "ResourceInUse", 400, "Target group '{name}' is currently in use by a listener or a rule"),
    (("aws_network_interface", "id"), (&["aws_network_interface_attachment"], "network_interface_id"),
        "InvalidParameterValue", 400, "Network interface '{name}' is currently in use."),
    (("aws_rds_cluster", "id"), (&["aws_rds_cluster_instance"], "cluster_identifier"),
        "InvalidDBClusterStateFault", 400, "Cluster cannot be deleted, it still contains DB instances in non-deleting state."),
    (("aws_service_discovery_http_namespace", "id"), (&["aws_service_discovery_service"], "namespace_id"),
        "ResourceInUse", 400, "Namespace {name} has associated services"),
    (("aws_service_discovery_private_dns_namespace", "id"), (&["aws_service_discovery_service"], "namespace_id"),
        "ResourceInUse", 400, "Namespace {name} has associated services"),
    (("aws_service_discovery_service", "id"), (&["aws_service_discovery_instance"], "service_id"),
        "ResourceInUse", 400, "Service {name} contains registered instances; delete the instances before deleting the service"),
];

/// Whether AWS would delete the object while others use it.
pub(super) fn check_delete(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    for ((_, attribute), (users, key), code, status, text) in
        IN_USE.iter().filter(|row| row.0.0 == scene.type_name)
    {
        let name = object.text(attribute);
        if name.is_empty() {
            continue;
        }
        let found = users.iter().flat_map(|user| mentioning(scene, user, name));
        let mut found = found.filter(|user| refers(user, key, name));
        if let Some(user) = found.next() {
            let text = text.replace("{name}", name).replace("{user}", user.text("id"));
            return Err(Refusal::new(code, *status, text));
        }
    }
    check_special(scene, object)
}

/// Whether an attribute of that name, at any depth, is the text or a list with it.
fn refers(value: &Value, key: &str, text: &str) -> bool {
    match value {
        Value::Map(fields) => fields.iter().any(|(name, field)| {
            let own = name == key
                && (field.as_str() == Some(text)
                    || field.as_list().iter().any(|item| item.as_str() == Some(text)));
            own || refers(field, key, text)
        }),
        Value::List(items) => items.iter().any(|item| refers(item, key, text)),
        _ => false,
    }
}

/// What needs more than a look at who uses it.
fn check_special(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let id = object.text("id");
    match scene.type_name.as_str() {
        "aws_vpc" => check_vpc(scene, id),
        "aws_subnet" => check_subnet(scene, id),
        "aws_internet_gateway" => check_gateway(scene, object.text("vpc_id")),
        "aws_security_group" => check_security_group(scene, id),
        "aws_eks_cluster" => check_cluster(scene, object),
        "aws_db_instance" => check_database(object),
        "aws_lb" | "aws_alb" => check_protection(
            object,
            "enable_deletion_protection",
            "OperationNotPermitted",
            "Load balancer cannot be deleted because deletion protection is enabled",
        ),
        "aws_route53_zone" => check_zone_empty(scene, object),
        "aws_iam_role" => {
            if object.field("force_detach_policies").as_bool() == Some(true) {
                return Ok(());
            }
            let attached = |o: &Value| o.text("role") == object.text("name");
            if any(scene, "aws_iam_role_policy_attachment", object.text("name"), attached) {
                let text = "Cannot delete entity, must detach all policies first.";
                return Err(Refusal::new("DeleteConflict", 409, text));
            }
            Ok(())
        }
        "aws_cognito_user_pool" => {
            if any(scene, "aws_cognito_user_pool_domain", id, |o| o.text("user_pool_id") == id) {
                let text = "User pool cannot be deleted. It has a domain configured that should \
                            be deleted first.";
                return Err(Refusal::new("InvalidParameterException", 400, text));
            }
            Ok(())
        }
        "aws_ecr_repository" => check_repository_empty(scene, object),
        "aws_s3_bucket" => check_bucket_empty(scene, object),
        _ => Ok(()),
    }
}

fn violation(text: String) -> Result<(), Refusal> {
    Err(Refusal::new("DependencyViolation", 400, text))
}

fn check_vpc(scene: &Scene, id: &str) -> Result<(), Refusal> {
    let inside = [
        "aws_subnet",
        "aws_internet_gateway",
        "aws_security_group",
        "aws_nat_gateway",
        "aws_vpc_endpoint",
        "aws_route_table",
        "aws_network_acl",
    ];
    if inside.iter().any(|t| any(scene, t, id, |o| o.text("vpc_id") == id)) {
        return violation(format!("The vpc '{id}' has dependencies and cannot be deleted."));
    }
    Ok(())
}

fn check_subnet(scene: &Scene, id: &str) -> Result<(), Refusal> {
    let is_used_by = |o: &Value| {
        let config = o.field("vpc_config").as_list().first();
        o.text("subnet_id") == id
            || o.texts("subnet_ids").contains(&id)
            || o.texts("subnets").contains(&id)
            || config.is_some_and(|c| c.texts("subnet_ids").contains(&id))
    };
    let types = [
        "aws_nat_gateway",
        "aws_instance",
        "aws_network_interface",
        "aws_lb",
        "aws_eks_cluster",
        "aws_eks_node_group",
        "aws_efs_mount_target",
        "aws_vpc_endpoint",
        "aws_db_proxy",
    ];
    if types.iter().any(|t| any(scene, t, id, is_used_by)) {
        return violation(format!("The subnet '{id}' has dependencies and cannot be deleted."));
    }
    Ok(())
}

fn check_gateway(scene: &Scene, vpc: &str) -> Result<(), Refusal> {
    let is_mapped = |subnet: &str| {
        any(scene, "aws_nat_gateway", subnet, |nat| {
            nat.text("subnet_id") == subnet && !nat.text("public_ip").is_empty()
        })
    };
    if mentioning(scene, "aws_subnet", vpc).any(|subnet| is_mapped(subnet.text("id"))) {
        return violation(format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public \
             address(es) before detaching the gateway."
        ));
    }
    Ok(())
}

fn check_security_group(scene: &Scene, id: &str) -> Result<(), Refusal> {
    let is_used_by = |o: &Value| {
        o.texts("vpc_security_group_ids").contains(&id)
            || o.texts("security_groups").contains(&id)
            || o.texts("security_group_ids").contains(&id)
            || o.text("referenced_security_group_id") == id && o.text("security_group_id") != id
    };
    let types = [
        "aws_db_instance",
        "aws_instance",
        "aws_lb",
        "aws_network_interface",
        "aws_rds_cluster",
        "aws_elasticache_replication_group",
        "aws_vpc_endpoint",
        "aws_vpc_security_group_ingress_rule",
        "aws_vpc_security_group_egress_rule",
    ];
    if types.iter().any(|t| any(scene, t, id, is_used_by)) {
        return violation(format!("resource {id} has a dependent object"));
    }
    Ok(())
}

fn check_cluster(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let name = object.text("name");
    let inside = |o: &Value| o.text("cluster_name") == name;
    if any(scene, "aws_eks_fargate_profile", name, inside) {
        let text = "Cluster has fargate profiles attached";
        return Err(Refusal::new("ResourceInUseException", 409, text));
    }
    if any(scene, "aws_eks_node_group", name, inside) {
        let text = "Cluster has nodegroups attached";
        return Err(Refusal::new("ResourceInUseException", 409, text));
    }
    check_protection(
        object,
        "deletion_protection",
        "InvalidRequestException",
        "Cluster deletion is not allowed while deletion protection is enabled",
    )
}

fn check_database(object: &Value) -> Result<(), Refusal> {
    check_protection(
        object,
        "deletion_protection",
        "InvalidParameterCombination",
        "Cannot delete protected DB Instance, please disable deletion protection and try again.",
    )?;
    let skips = object.field("skip_final_snapshot").as_bool() == Some(true);
    if !skips && object.text("final_snapshot_identifier").is_empty() {
        let text = "final_snapshot_identifier is required when skip_final_snapshot is false";
        return Err(Refusal::text(text));
    }
    Ok(())
}

fn check_protection(object: &Value, flag: &str, code: &str, text: &str) -> Result<(), Refusal> {
    if object.field(flag).as_bool() == Some(true) {
        return Err(Refusal::new(code, 400, text));
    }
    Ok(())
}

fn check_repository_empty(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let name = object.text("name");
    let store = &scene.world.store;
    let has_images = [format!("{name}:"), format!("{name}@")]
        .iter()
        .any(|prefix| !store.list_prefix("registry", prefix).is_empty());
    if !has_images || object.field("force_delete").as_bool() == Some(true) {
        return Ok(());
    }
    Err(Refusal::new(
        "RepositoryNotEmptyException",
        400,
        format!(
            "The repository with name '{name}' in registry with id '{}' cannot be deleted because it \
         still contains images",
            scene.account()
        ),
    ))
}

/// Records that the zone did not come with are in the way.
fn check_zone_empty(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let forced = object.field("force_destroy").as_bool() == Some(true);
    let id = object.text("id");
    if forced || !any(scene, "aws_route53_record", id, |o| o.text("zone_id") == id) {
        return Ok(());
    }
    Err(Refusal::new(
        "HostedZoneNotEmpty",
        400,
        "The specified hosted zone contains non-required resource record sets and so cannot be \
         deleted.",
    ))
}

fn check_bucket_empty(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let bucket = object.text("bucket");
    let prefix = format!("{bucket}/");
    let empty = ["storage", "storage-versions"]
        .iter()
        .all(|table| scene.world.store.list_prefix(table, &prefix).is_empty())
        && !any(scene, "aws_s3_object", bucket, |o| o.text("bucket") == bucket);
    if empty || object.field("force_destroy").as_bool() == Some(true) {
        return Ok(());
    }
    Err(Refusal::new(
        "BucketNotEmpty",
        409,
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
    ))
}

/// Removes an object and what goes with it. The name of a secret is not free for a while.
pub(super) fn remove(scene: &Scene, key: &str, object: &Value) -> std::io::Result<()> {
    remove_contents(scene, object)?;
    existing::bury(scene, object)?;
    scene.world.store.remove(TABLE, key)
}

/// Removes what goes with an object: images of a repository, objects of a bucket.
fn remove_contents(scene: &Scene, object: &Value) -> std::io::Result<()> {
    let store = &scene.world.store;
    let (tables, prefixes): (&[&str], Vec<String>) = match scene.type_name.as_str() {
        "aws_s3_bucket" => {
            let bucket = object.text("bucket");
            for (key, _) in store.holding(TABLE, "aws_s3_object/", &[bucket]) {
                store.remove(TABLE, &key)?;
            }
            (&["storage", "storage-versions", "storage-uploads"], vec![format!("{bucket}/")])
        }
        "aws_ecr_repository" => {
            let name = object.text("name");
            (&["registry", "registry-blobs"], vec![format!("{name}:"), format!("{name}@")])
        }
        _ => return Ok(()),
    };
    for table in tables {
        for prefix in &prefixes {
            for (key, _) in store.list_prefix(table, prefix) {
                store.remove(table, &key)?;
            }
        }
    }
    Ok(())
}
