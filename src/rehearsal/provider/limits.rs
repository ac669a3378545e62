//! What AWS refuses to create or change because of what else exists.
//!
//! Checked: subnet CIDR inside its VPC and clear of its neighbours; two zones for EKS and for
//! database subnet groups; EKS versions and endpoint allowlist; parents that do not exist.
//! Not checked: route and peering targets, IAM policy grammar, key policies against principals,
//! security group rule limits, everything about types that are not named here. Quotas are in
//! [`super::quotas`], instances in [`super::capacity`].

use std::collections::BTreeSet;

use ipnet::Ipv4Net;

use super::bounds;
use super::places;
use super::refusal::Refusal;
use super::scene::{Scene, TABLE, attributes};
use super::value::Value;
use super::versions;

/// Whether AWS would create the object beside what exists.
pub(super) fn check_create(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    bounds::check_create(scene, object)?;
    match scene.type_name.as_str() {
        "aws_subnet" => check_subnet(scene, object),
        "aws_eks_cluster" => check_cluster(scene, object),
        "aws_eks_node_group"
        | "aws_eks_addon"
        | "aws_eks_access_entry"
        | "aws_eks_fargate_profile"
        | "aws_eks_pod_identity_association" => {
            let name = object.text("cluster_name");
            if exists(scene, "aws_eks_cluster", name) {
                return Ok(());
            }
            Err(Refusal::new(
                "ResourceNotFoundException",
                404,
                format!("No cluster found for name: {name}."),
            ))
        }
        "aws_db_subnet_group" | "aws_docdb_subnet_group" => check_subnet_group(scene, object),
        "aws_db_instance" => check_password(object),
        _ => Ok(()),
    }
}

/// Whether AWS would make the change.
pub(super) fn check_update(scene: &Scene, prior: &Value, object: &Value) -> Result<(), Refusal> {
    bounds::check_update(scene, object)?;
    if scene.type_name != "aws_eks_cluster" {
        return Ok(());
    }
    check_endpoint(object)?;
    let minor = |v: &Value| v.text("version").split('.').nth(1).and_then(|m| m.parse::<i32>().ok());
    let (Some(from), Some(to)) = (minor(prior), minor(object)) else { return Ok(()) };
    if to < from || to > from + 1 {
        return Err(Refusal::new(
            "InvalidParameterException",
            400,
            format!(
                "Unsupported Kubernetes minor version update from {} to {}",
                prior.text("version"),
                object.text("version")
            ),
        ));
    }
    Ok(())
}

/// The refusal for an object that is not there any more.
pub(super) fn not_found(scene: &Scene, id: &str) -> Refusal {
    Refusal::new(
        "ResourceNotFoundException",
        404,
        format!("{} {id} was not found", scene.kind.title),
    )
}

/// Whether an object of that type mentions a text and uses what it stands for.
pub(super) fn any(
    scene: &Scene,
    type_name: &str,
    text: &str,
    uses: impl Fn(&Value) -> bool,
) -> bool {
    mentioning(scene, type_name, text).any(|object| uses(&object))
}

/// The objects of a type that mention a text anywhere.
pub(super) fn mentioning(
    scene: &Scene,
    type_name: &str,
    text: &str,
) -> impl Iterator<Item = Value> {
    let objects = scene.world.store.holding(TABLE, &format!("{type_name}/"), &[text]);
    objects.into_iter().map(|(_, object)| attributes(&object))
}

fn exists(scene: &Scene, type_name: &str, id: &str) -> bool {
    scene.find(type_name, id).is_some()
}

fn check_subnet(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let text = object.text("cidr_block");
    let Ok(cidr) = text.parse::<Ipv4Net>() else { return Ok(()) };
    let vpc_id = object.text("vpc_id");
    let invalid =
        || Refusal::new("InvalidSubnet.Range", 400, format!("The CIDR '{text}' is invalid."));
    if !(16..=28).contains(&cidr.prefix_len()) {
        return Err(invalid());
    }
    let Some(vpc) = scene.find("aws_vpc", vpc_id) else { return Ok(()) };
    let mut networks: Vec<Ipv4Net> = vpc.text("cidr_block").parse().into_iter().collect();
    for more in mentioning(scene, "aws_vpc_ipv4_cidr_block_association", vpc_id) {
        networks.extend(more.text("cidr_block").parse::<Ipv4Net>());
    }
    if !networks.is_empty() && !networks.iter().any(|n| n.contains(&cidr)) {
        return Err(invalid());
    }
    let clash = any(scene, "aws_subnet", vpc_id, |other| {
        other.text("vpc_id") == vpc_id
            && other
                .text("cidr_block")
                .parse::<Ipv4Net>()
                .is_ok_and(|o| o.contains(&cidr) || cidr.contains(&o))
    });
    if clash {
        return Err(Refusal::new(
            "InvalidSubnet.Conflict",
            400,
            format!("The CIDR '{text}' conflicts with another subnet"),
        ));
    }
    Ok(())
}

/// The zones of subnets; `None` where one is not of this world.
pub(super) fn zones_of(scene: &Scene, subnets: &[&str]) -> Option<BTreeSet<String>> {
    let zone = |id: &&str| Some(scene.find("aws_subnet", id)?.text("availability_zone").to_owned());
    subnets.iter().map(zone).collect()
}

fn check_cluster(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let version = object.text("version");
    if !versions::is_supported(version) {
        return Err(Refusal::new(
            "InvalidParameterException",
            400,
            format!("unsupported Kubernetes version {version}"),
        ));
    }
    let config = object.field("vpc_config").as_list().first().cloned().unwrap_or(Value::Null);
    let subnets = config.texts("subnet_ids");
    // Subnets that are not of this world are somebody's own network; nothing is known of them.
    if let Some(zones) = zones_of(scene, &subnets) {
        if zones.len() < 2 {
            return Err(Refusal::new(
                "InvalidParameterException",
                400,
                "Subnets specified must be in at least two different AZs",
            ));
        }
        let unfit = zones.iter().find(|zone| {
            places::zone_id(&scene.region, zone)
                .is_some_and(|id| ["use1-az3", "usw1-az2", "cac1-az3"].contains(&id.as_str()))
        });
        if let Some(zone) = unfit {
            let mut subject = super::faults::subject(scene, object);
            subject.zone.clone_from(zone);
            if let Some(refusal) =
                super::refusal::by_code("UnsupportedAvailabilityZoneException", &subject)
            {
                return Err(refusal);
            }
        }
    }
    check_endpoint(object)
}

/// Private and reserved networks are refused in the public endpoint's allowlist.
fn check_endpoint(cluster: &Value) -> Result<(), Refusal> {
    let config = cluster.field("vpc_config").as_list().first().cloned().unwrap_or(Value::Null);
    let refused = [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "192.0.2.0/24",
        "198.51.100.0/24",
        "203.0.113.0/24",
    ];
    let bad: Vec<&str> = config
        .texts("public_access_cidrs")
        .into_iter()
        .filter(|text| {
            text.parse::<Ipv4Net>().is_ok_and(|net| {
                refused.iter().filter_map(|r| r.parse::<Ipv4Net>().ok()).any(|r| r.contains(&net))
            })
        })
        .collect();
    if bad.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        "InvalidParameterException",
        400,
        format!("The following CIDRs are not allowed in publicAccessCidrs: [{}]", bad.join(", ")),
    ))
}

fn check_subnet_group(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    match zones_of(scene, &object.texts("subnet_ids")) {
        Some(zones) if zones.len() < 2 => {
            let have = zones.into_iter().collect::<Vec<_>>().join(", ");
            Err(Refusal::new(
                "DBSubnetGroupDoesNotCoverEnoughAZs",
                400,
                format!(
                    "The DB subnet group doesn't meet Availability Zone (AZ) coverage requirement. \
                 Current AZ coverage: {have}. Add subnets to cover at least 2 AZs."
                ),
            ))
        }
        _ => Ok(()),
    }
}

fn check_password(object: &Value) -> Result<(), Refusal> {
    let given = !object.text("password").is_empty()
        || !object.field("password_wo_version").is_null()
        || object.field("manage_master_user_password").as_bool() == Some(true)
        || !object.text("snapshot_identifier").is_empty()
        || !object.text("replicate_source_db").is_empty();
    if given {
        return Ok(());
    }
    Err(Refusal::new(
        "InvalidParameterValue",
        400,
        "The parameter MasterUserPassword must be provided and must not be blank.",
    ))
}
