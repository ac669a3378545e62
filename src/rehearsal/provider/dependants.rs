//! What AWS refuses to delete because something uses it or is in it, and what goes with it.

use super::limits::any;
use super::refusal::Refusal;
use super::scene::Scene;
use super::value::Value;

/// Whether AWS would delete the object while others use it.
pub(super) fn check_delete(scene: &Scene, object: &Value) -> Result<(), Refusal> {
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
        "aws_iam_role" => {
            let attached = |o: &Value| o.text("role") == object.text("name");
            if any(scene, "aws_iam_role_policy_attachment", attached) {
                let text = "Cannot delete entity, must detach all policies first.";
                return Err(Refusal::new("DeleteConflict", 409, text));
            }
            Ok(())
        }
        "aws_cognito_user_pool" => {
            if any(scene, "aws_cognito_user_pool_domain", |o| o.text("user_pool_id") == id) {
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
    if inside.iter().any(|t| any(scene, t, |o| o.text("vpc_id") == id)) {
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
    ];
    if types.iter().any(|t| any(scene, t, is_used_by)) {
        return violation(format!("The subnet '{id}' has dependencies and cannot be deleted."));
    }
    Ok(())
}

fn check_gateway(scene: &Scene, vpc: &str) -> Result<(), Refusal> {
    let is_mapped = |nat: &Value| {
        let subnet = scene.find("aws_subnet", nat.text("subnet_id"));
        subnet.is_some_and(|s| s.text("vpc_id") == vpc) && !nat.text("public_ip").is_empty()
    };
    if any(scene, "aws_nat_gateway", is_mapped) {
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
            || o.text("referenced_security_group_id") == id && o.text("security_group_id") != id
    };
    let types = [
        "aws_db_instance",
        "aws_instance",
        "aws_lb",
        "aws_vpc_security_group_ingress_rule",
        "aws_vpc_security_group_egress_rule",
    ];
    if types.iter().any(|t| any(scene, t, is_used_by)) {
        return violation(format!("resource {id} has a dependent object"));
    }
    Ok(())
}

fn check_cluster(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let inside = |o: &Value| o.text("cluster_name") == object.text("name");
    if any(scene, "aws_eks_node_group", inside) {
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

fn check_bucket_empty(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let prefix = format!("{}/", object.text("bucket"));
    let empty = ["storage", "storage-versions"]
        .iter()
        .all(|table| scene.world.store.list_prefix(table, &prefix).is_empty());
    if empty || object.field("force_destroy").as_bool() == Some(true) {
        return Ok(());
    }
    Err(Refusal::new(
        "BucketNotEmpty",
        409,
        "The bucket you tried to delete is not empty. You must delete all versions in the bucket.",
    ))
}

/// Removes what goes with an object: images of a repository, objects of a bucket.
pub(super) fn remove_contents(scene: &Scene, object: &Value) -> std::io::Result<()> {
    let store = &scene.world.store;
    let (tables, prefixes): (&[&str], Vec<String>) = match scene.type_name.as_str() {
        "aws_s3_bucket" => (
            &["storage", "storage-versions", "storage-uploads"],
            vec![format!("{}/", object.text("bucket"))],
        ),
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
