//! EC2: networks, addresses, launch templates, instances.

use serde_json::{Value as Json, json};

use super::View;
use crate::rehearsal::provider::limits::mentioning;
use crate::rehearsal::provider::places;
use crate::rehearsal::provider::value::Value;

pub(super) fn facts(v: &View) -> Option<Json> {
    let scene = v.scene;
    Some(match v.type_name() {
        "aws_vpc" | "aws_default_vpc" => vpc(v),
        "aws_subnet" | "aws_default_subnet" => subnet(v),
        "aws_security_group" | "aws_default_security_group" => json!({
            "vpc_id": format!("vpc-0{}", &scene.digits[..16]),
            "description": "default VPC security group",
        }),
        "aws_vpc_security_group_ingress_rule" | "aws_vpc_security_group_egress_rule" => {
            json!({"security_group_rule_id": v.id})
        }
        "aws_security_group_rule" => json!({"security_group_rule_id": scene.related("sgr")}),
        "aws_route" => json!({"origin": "CreateRoute", "state": "active"}),
        "aws_eip" => eip(v),
        "aws_nat_gateway" => nat_gateway(v),
        "aws_vpc_endpoint" => endpoint(v),
        "aws_launch_template" => launch_template(v),
        "aws_network_interface" => network_interface(v),
        "aws_instance" => instance(v),
        "aws_placement_group" => json!({
            "placement_group_id": format!("pg-0{}", &scene.digits[..16]),
            "spread_level": "",
        }),
        "aws_ec2_capacity_reservation" => json!({
            "start_date": scene.now(),
            "outpost_arn": "",
        }),
        "aws_ebs_volume" => json!({"type": "gp2", "size": 8, "iops": 100, "throughput": 0}),
        "aws_lb" | "aws_alb" => load_balancer(v),
        "aws_lb_target_group" | "aws_alb_target_group" => target_group(v),
        "aws_key_pair" => json!({
            "key_pair_id": format!("key-0{}", &scene.digits[..16]),
            "key_type": "rsa",
            "fingerprint": fingerprint(&scene.digits),
        }),
        "aws_vpc_peering_connection" => json!({"accept_status": "pending-acceptance"}),
        _ => return None,
    })
}

fn vpc(v: &View) -> Json {
    let s = v.scene;
    let (table, acl) = (s.related("rtb"), s.related("acl"));
    json!({
        "cidr_block": "172.31.0.0/16",
        "main_route_table_id": table,
        "default_route_table_id": table,
        "default_network_acl_id": acl,
        "default_security_group_id": s.related("sg"),
        "dhcp_options_id": s.related("dopt"),
        "instance_tenancy": "default",
        "enable_dns_support": true,
        "ipv6_association_id": "",
        "ipv6_cidr_block": "",
    })
}

fn subnet(v: &View) -> Json {
    let s = v.scene;
    let zones = places::zones(v.region());
    let index = usize::try_from(s.number("zone", zones.len() as u64)).unwrap_or(0);
    let zone = match (v.text("availability_zone"), v.text("availability_zone_id")) {
        ("", "") => zones[index].0.clone(),
        ("", id) => places::zone_name(v.region(), id).unwrap_or_else(|| zones[0].0.clone()),
        (name, _) => name.to_owned(),
    };
    json!({
        "availability_zone_id": places::zone_id(v.region(), &zone),
        "availability_zone": zone,
        "private_dns_hostname_type_on_launch": "ip-name",
        "ipv6_cidr_block_association_id": "",
    })
}

fn eip(v: &View) -> Json {
    let ip = v.public_ip();
    json!({
        "allocation_id": v.id,
        "public_ip": ip,
        "public_dns": format!("ec2-{}.{}.compute.amazonaws.com", ip.replace('.', "-"), v.region()),
        "domain": "vpc",
        "public_ipv4_pool": "amazon",
        "network_border_group": v.region(),
        "private_dns": "",
        "private_ip": "",
        "association_id": "",
        "carrier_ip": "",
        "customer_owned_ip": "",
        "ptr_record": "",
    })
}

fn nat_gateway(v: &View) -> Json {
    let s = v.scene;
    let address = s.find("aws_eip", v.text("allocation_id"));
    let subnet = s.find("aws_subnet", v.text("subnet_id")).unwrap_or(Value::Null);
    let public = v.text("connectivity_type") != "private";
    let public_ip = address.map(|a| a.text("public_ip").to_owned());
    json!({
        "public_ip": if public { public_ip.unwrap_or_else(|| v.public_ip()) } else { String::new() },
        "private_ip": v.private_ip(subnet.text("cidr_block")),
        "network_interface_id": s.related("eni"),
        "association_id": if public { s.related("eipassoc") } else { String::new() },
        "availability_mode": "zonal",
        "vpc_id": subnet.text("vpc_id"),
        "allocation_id": "",
    })
}

fn endpoint(v: &View) -> Json {
    let s = v.scene;
    let gateway = v.text("vpc_endpoint_type") != "Interface";
    let any = r#"{"Statement":[{"Action":"*","Effect":"Allow","Principal":"*","Resource":"*"}],"Version":"2008-10-17"}"#;
    let service = v.text("service_name");
    let interfaces: Vec<String> = v
        .get("subnet_ids")
        .as_list()
        .iter()
        .enumerate()
        .map(|(i, _)| s.related(&format!("eni{i}")).replacen(&format!("eni{i}"), "eni", 1))
        .collect();
    let name = format!("{}-{}", v.id, &s.digits[..8]);
    let short = service.rsplit('.').next().unwrap_or_default();
    json!({
        "state": "available",
        "policy": any,
        "prefix_list_id": if gateway { format!("pl-{}", &s.world.hex(service, 8)) } else { String::new() },
        "cidr_blocks": if gateway { json!(["52.92.128.0/17", "52.218.128.0/17"]) } else { json!([]) },
        "network_interface_ids": interfaces,
        "dns_entry": if gateway { json!([]) } else {
            json!([{"dns_name": format!("{name}.{short}.{}.vpce.amazonaws.com", v.region()),
                    "hosted_zone_id": "Z1HUB23UULQXV"}])
        },
        "ip_address_type": if gateway { "" } else { "ipv4" },
        "dns_options": if gateway { json!([]) } else {
            json!([{"dns_record_ip_type": "ipv4", "private_dns_only_for_inbound_resolver_endpoint": false}])
        },
        "service_region": v.region(),
    })
}

fn launch_template(v: &View) -> Json {
    let before = v.prior.map(|p| p.field("latest_version").to_json());
    let latest = before.and_then(|n| n.as_i64()).map_or(1, |n| n + 1);
    json!({"latest_version": latest, "default_version": latest, "metadata_options": []})
}

fn network_interface(v: &View) -> Json {
    let subnet = v.scene.find("aws_subnet", v.text("subnet_id")).unwrap_or(Value::Null);
    let ip = v.private_ip(subnet.text("cidr_block"));
    json!({
        "private_ip": ip,
        "private_ips": [ip],
        "private_ip_list": [ip],
        "mac_address": format!("02:{}", fingerprint(&v.scene.digits[..10])),
        "private_dns_name": format!("ip-{}.{}.compute.internal", ip.replace('.', "-"), v.region()),
        "interface_type": "interface",
        "attachment": [],
    })
}

fn instance(v: &View) -> Json {
    let s = v.scene;
    let subnet = s.find("aws_subnet", v.text("subnet_id")).unwrap_or(Value::Null);
    let ip = v.private_ip(subnet.text("cidr_block"));
    let zone = match subnet.text("availability_zone") {
        "" => format!("{}a", v.region()),
        zone => zone.to_owned(),
    };
    json!({
        "private_ip": ip,
        "private_dns": format!("ip-{}.{}.compute.internal", ip.replace('.', "-"), v.region()),
        "availability_zone": zone,
        "instance_state": "running",
        "primary_network_interface_id": s.related("eni"),
        "subnet_id": s.related("subnet"),
        "instance_type": "m5.large",
        "ami": s.related("ami"),
        "tenancy": "default",
        "root_block_device": [{"device_name": "/dev/xvda", "volume_size": 8, "volume_type": "gp3",
            "iops": 3000, "throughput": 125, "encrypted": false, "delete_on_termination": true,
            "volume_id": s.related("vol")}],
    })
}

fn load_balancer(v: &View) -> Json {
    let s = v.scene;
    let name = v.text("name");
    let scheme = if v.get("internal").as_bool() == Some(true) { "internal-" } else { "" };
    let subnet = v.get("subnets").as_list().first().and_then(Value::as_str).unwrap_or_default();
    let vpc = s.find("aws_subnet", subnet).map(|x| x.text("vpc_id").to_owned());
    let network = v.text("load_balancer_type") == "network";
    let arn = if network { v.arn.replace("/app/", "/net/") } else { v.arn.to_owned() };
    json!({
        "id": arn,
        "arn": arn,
        "arn_suffix": arn.split_once("loadbalancer/").map(|(_, t)| t),
        "dns_name": format!("{scheme}{name}-{}.{}.elb.amazonaws.com", s.number("lb", 2_000_000_000), v.region()),
        "zone_id": "Z1H1FL5HABSF5",
        "vpc_id": vpc.unwrap_or_default(),
        "ip_address_type": "ipv4",
    })
}

fn target_group(v: &View) -> Json {
    json!({
        "arn_suffix": v.arn.rsplit(':').next(),
        "ip_address_type": "ipv4",
        "load_balancing_algorithm_type": "round_robin",
        "load_balancing_cross_zone_enabled": "use_load_balancer_configuration",
        "protocol_version": "HTTP1",
        "health_check": [{"enabled": true, "healthy_threshold": 5, "interval": 30, "matcher": "200",
            "path": "/", "port": "traffic-port", "protocol": "HTTP", "timeout": 5,
            "unhealthy_threshold": 2}],
        "stickiness": [{"cookie_duration": 86400, "cookie_name": "", "enabled": false,
            "type": "lb_cookie"}],
    })
}

fn fingerprint(digits: &str) -> String {
    let pairs: Vec<String> = digits
        .as_bytes()
        .chunks(2)
        .take(16)
        .map(|pair| String::from_utf8_lossy(pair).into_owned())
        .collect();
    pairs.join(":")
}

/// The VPC of the first of the given subnets.
pub(super) fn vpc_of(v: &View, subnets: &Value) -> String {
    let first = subnets.as_list().first().and_then(Value::as_str).unwrap_or_default();
    let subnet = v.scene.find("aws_subnet", first);
    subnet.map_or_else(|| v.scene.related("vpc"), |s| s.text("vpc_id").to_owned())
}

/// The first object of a type whose attribute has that text.
pub(super) fn first_with(v: &View, type_name: &str, attribute: &str, text: &str) -> Option<Value> {
    let found = mentioning(v.scene, type_name, text);
    let mut found = found.filter(|object| object.text(attribute) == text);
    found.next()
}
