//! Quotas that are counted when something is made: what exists in the region against the limit.
//!
//! Only quotas that the scenario or an ordinary account has a value for; the vCPUs of instances
//! are counted in [`super::capacity`].

use super::places;
use super::refusal::{Refusal, Subject, by_code};
use super::scene::{Scene, TABLE, attributes};
use super::value::Value;

/// Whether one more is within its quota.
pub(super) fn check_create(
    scene: &Scene,
    object: &Value,
    subject: &Subject,
) -> Result<(), Refusal> {
    let known = |code: &str| by_code(code, subject).unwrap_or_else(|| Refusal::text(code));
    let within =
        |code: &str, shares: &dyn Fn(&Value) -> bool| match scene.world.scenario.quota(code) {
            Some(limit) if f64::from(existing(scene, shares)) >= limit => Err(limit),
            _ => Ok(()),
        };
    let all = |_: &Value| true;
    match scene.type_name.as_str() {
        "aws_vpc" => within("vpc/L-F678F1CE", &all).map_err(|_limit| known("VpcLimitExceeded")),
        "aws_eip" => within("ec2/L-0263D0A3", &all).map_err(|_limit| known("AddressLimitExceeded")),
        "aws_internet_gateway" => within("vpc/L-A4707A72", &all).map_err(|_limit| {
            let text = "The maximum number of internet gateways has been reached.";
            Refusal::new("InternetGatewayLimitExceeded", 400, text)
        }),
        "aws_nat_gateway" => {
            let zone = |nat: &Value| {
                let subnet = scene.find("aws_subnet", nat.text("subnet_id"))?;
                places::zone_id(&scene.region, subnet.text("availability_zone"))
            };
            let own = zone(object);
            within("vpc/L-FE5A380F", &|nat| own.is_some() && zone(nat) == own).map_err(|limit| {
                let text = format!(
                    "Performing this operation would exceed the limit of {limit} NAT gateways"
                );
                Refusal::new("NatGatewayLimitExceeded", 400, text)
            })
        }
        "aws_eks_cluster" => within("eks/L-1194D53C", &all).map_err(|_limit| {
            let text = "Cluster limit exceeded for account.";
            Refusal::new("ResourceLimitExceededException", 400, text)
        }),
        "aws_eks_node_group" => {
            let cluster = object.text("cluster_name");
            within("eks/L-6D54EA21", &|group| group.text("cluster_name") == cluster).map_err(
                |limit| {
                    let text = format!("Limit of {limit} nodegroups exceeded.");
                    Refusal::new("InvalidParameterException", 400, text)
                },
            )
        }
        "aws_lb" | "aws_alb" if object.text("load_balancer_type") != "network" => {
            let is_application = |lb: &Value| lb.text("load_balancer_type") == "application";
            within("elasticloadbalancing/L-53DA6B97", &is_application).map_err(|_limit| {
                let text = "The maximum number of load balancers has been reached";
                Refusal::new("TooManyLoadBalancers", 400, text)
            })
        }
        _ => Ok(()),
    }
}

/// How many of the type are in the region and share the quota.
fn existing(scene: &Scene, shares: &dyn Fn(&Value) -> bool) -> u32 {
    let objects = scene.world.store.list_prefix(TABLE, &format!("{}/", scene.type_name));
    let here = objects.iter().map(|(_, object)| attributes(object)).filter(|object| {
        let region = object.text("region");
        (region.is_empty() || region == scene.region) && shares(object)
    });
    u32::try_from(here.count()).unwrap_or(u32::MAX)
}
