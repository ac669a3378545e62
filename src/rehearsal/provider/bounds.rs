//! What AWS refuses to create because of sizes, zones and counts.
//!
//! Checked: zones of subnets, zones of application load balancers, one internet gateway for a VPC,
//! bounds of node groups and scaling groups, names of buckets. Subnets that are not of this world
//! are somebody's own: nothing is known of them, and nothing is refused.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use super::limits::{any, zones_of};
use super::places;
use super::refusal::Refusal;
use super::scene::Scene;
use super::value::Value;

/// Whether AWS would create an object of that size, there.
pub(super) fn check_create(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    match scene.type_name.as_str() {
        "aws_subnet" => check_zone(scene, object.text("availability_zone")),
        "aws_internet_gateway" => check_gateway(scene, object.text("vpc_id")),
        "aws_lb" | "aws_alb" => check_balancer(scene, object),
        "aws_eks_node_group" => check_node_group(object),
        "aws_autoscaling_group" => check_scaling_group(object),
        "aws_s3_bucket" => check_bucket_name(object.text("bucket")),
        _ => Ok(()),
    }
}

/// Whether AWS would change the object to that size.
pub(super) fn check_update(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    match scene.type_name.as_str() {
        "aws_eks_node_group" => check_node_group(object),
        "aws_autoscaling_group" => check_scaling_group(object),
        _ => Ok(()),
    }
}

fn check_zone(scene: &Scene, zone: &str) -> Result<(), Refusal> {
    let zones: Vec<String> = places::zones(&scene.region).into_iter().map(|z| z.0).collect();
    // Local and wavelength zones have longer names.
    if zone.is_empty() || zones.iter().any(|z| z == zone) || zone.matches('-').count() > 2 {
        return Ok(());
    }
    Err(Refusal::new(
        "InvalidParameterValue",
        400,
        format!(
            "Value ({zone}) for parameter availabilityZone is invalid. Subnets can currently only \
             be created in the following availability zones: {}.",
            zones.join(", ")
        ),
    ))
}

fn check_gateway(scene: &Scene, vpc: &str) -> Result<(), Refusal> {
    if vpc.is_empty() || !any(scene, "aws_internet_gateway", vpc, |o| o.text("vpc_id") == vpc) {
        return Ok(());
    }
    let text = format!("Network {vpc} already has an internet gateway attached");
    Err(Refusal::new("InvalidParameterValue", 400, text))
}

/// An application load balancer needs two zones, and takes one subnet in each.
fn check_balancer(scene: &Scene, object: &Value) -> Result<(), Refusal> {
    let subnets = object.texts("subnets");
    let kind = object.text("load_balancer_type");
    if !matches!(kind, "application" | "") || subnets.is_empty() {
        return Ok(());
    }
    let few = || {
        let text = "At least two subnets in two different Availability Zones must be specified";
        Err(Refusal::new("ValidationError", 400, text))
    };
    let Some(zones) = zones_of(scene, &subnets) else {
        return if subnets.len() < 2 { few() } else { Ok(()) };
    };
    if zones.len() < 2 {
        return few();
    }
    if zones.len() < subnets.iter().collect::<BTreeSet<_>>().len() {
        let text = "A load balancer cannot be attached to multiple subnets in the same \
                    Availability Zone";
        return Err(Refusal::new("InvalidConfigurationRequest", 400, text));
    }
    Ok(())
}

fn number(object: &Value, name: &str) -> Option<i64> {
    object.field(name).to_json().as_i64()
}

fn check_node_group(object: &Value) -> Result<(), Refusal> {
    let config = object.field("scaling_config").as_list().first().unwrap_or(&Value::Null);
    let size = |name| number(config, name).unwrap_or(0);
    let (least, wanted, most) = (size("min_size"), size("desired_size"), size("max_size"));
    let text = if least > wanted {
        format!("Minimum capacity {least} can't be greater than desired size {wanted}")
    } else if wanted > most {
        format!("desired capacity {wanted} can't be greater than max size {most}")
    } else {
        return Ok(());
    };
    Err(Refusal::new("InvalidParameterException", 400, text))
}

fn check_scaling_group(object: &Value) -> Result<(), Refusal> {
    let (least, most) = (number(object, "min_size"), number(object, "max_size"));
    let (Some(least), Some(most)) = (least, most) else { return Ok(()) };
    if least > most {
        let text =
            format!("Max bound, {most}, must be greater than or equal to min bound, {least}");
        return Err(Refusal::new("ValidationError", 400, text));
    }
    Ok(())
}

/// The provider looks at the name of a bucket when it creates it, not before.
fn check_bucket_name(name: &str) -> Result<(), Refusal> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    let is_edge = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let reason = if !(3..=63).contains(&name.len()) {
        format!("{name:?} must contain from 3 to 63 characters")
    } else if !name.chars().all(fits) {
        format!("only lowercase alphanumeric characters and hyphens allowed in {name:?}")
    } else if !name.starts_with(is_edge) || !name.ends_with(is_edge) {
        format!("{name:?} must start and end with a lowercase letter or a number")
    } else if name.parse::<Ipv4Addr>().is_ok() {
        format!("must not be formatted as an IP address: {name:?}")
    } else {
        return Ok(());
    };
    Err(Refusal::bare(format!("validating S3 Bucket ({name}) name: {reason}")))
}
