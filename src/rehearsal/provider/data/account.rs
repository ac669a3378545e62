//! Data sources that the account or the region answers, whatever was made in it.

use serde_json::{Value as Json, json};

use super::Question;
use crate::rehearsal::provider::capacity::shape;
use crate::rehearsal::provider::versions::{self, Pick};
use crate::rehearsal::provider::{kinds, places};

pub(super) fn facts(q: &Question) -> Option<Json> {
    let scene = &q.scene;
    let region = scene.region.as_str();
    Some(match scene.type_name.as_str() {
        "aws_caller_identity" => caller(q),
        "aws_partition" => {
            let (partition, suffix) = (scene.partition(), places::dns_suffix(region));
            let reversed: Vec<&str> = suffix.split('.').rev().collect();
            json!({"partition": partition, "id": partition, "dns_suffix": suffix,
                "reverse_dns_prefix": reversed.join(".")})
        }
        "aws_region" => {
            let name = if q.text("name").is_empty() { region } else { q.text("name") };
            json!({"name": name, "region": name, "id": name, "description": name,
                "endpoint": format!("ec2.{name}.{}", places::dns_suffix(name))})
        }
        "aws_regions" => json!({"names": places::REGIONS, "id": scene.partition()}),
        "aws_availability_zones" => zones(q),
        "aws_availability_zone" => zone(q),
        "aws_default_tags" => {
            json!({"tags": q.defaults.tags, "id": scene.partition()})
        }
        "aws_arn" => arn(q),
        "aws_service" => service(q),
        "aws_service_principal" => {
            let name = format!("{}.amazonaws.com", q.text("service_name"));
            json!({"name": name, "id": format!("{}.{region}.amazonaws.com", q.text("service_name")),
                "service_principal": name, "suffix": "amazonaws.com"})
        }
        "aws_iam_session_context" => session(q),
        "aws_canonical_user_id" => {
            json!({"id": scene.world.hex("canonical user", 64), "display_name": ""})
        }
        "aws_eks_addon_version" => addon_version(q),
        "aws_eks_cluster_auth" => {
            let token = scene.world.hex(&format!("token/{}", q.text("name")), 64);
            json!({"id": q.text("name"), "token": format!("k8s-aws-v1.{token}")})
        }
        "aws_eks_cluster_versions" => cluster_versions(q),
        "aws_ssm_parameter" => return parameter(q),
        "aws_ami" => ami(q),
        "aws_ec2_instance_type" => instance_type(q),
        "aws_ec2_instance_type_offering" => {
            json!({"instance_type": preferred(q).first().copied().unwrap_or("m5.large"),
                "location_type": "region", "id": region})
        }
        "aws_ec2_instance_type_offerings" => offerings(q),
        "aws_prefix_list" | "aws_ec2_managed_prefix_list" => {
            let name = match q.text("name") {
                "" => format!("com.amazonaws.{region}.s3"),
                name => name.to_owned(),
            };
            let id = format!("pl-{}", scene.world.hex(&name, 8));
            json!({"id": id, "prefix_list_id": id, "name": name, "owner_id": "AWS",
                "cidr_blocks": ["52.92.128.0/17", "52.218.128.0/17"], "address_family": "IPv4",
                "arn": scene.arn(&format!("ec2:{region}:aws:prefix-list/{id}"))})
        }
        "aws_lb_hosted_zone_id" => json!({"id": "Z1H1FL5HABSF5"}),
        "aws_ecr_authorization_token" => {
            let registry =
                format!("{}.dkr.ecr.{region}.{}", scene.account(), places::dns_suffix(region));
            json!({"id": region, "user_name": "AWS", "password": scene.world.hex("ecr password", 40),
                "proxy_endpoint": format!("https://{registry}"), "expires_at": scene.now(),
                "authorization_token": "QVdTOnJlaGVhcnNhbA=="})
        }
        "aws_servicequotas_service_quota" => quota(q),
        "aws_secretsmanager_random_password" => {
            json!({"random_password": kinds::draw(&scene.digits, b"abcdefghjkmnpqrstuvwxyz23456789", 32)})
        }
        _ => return None,
    })
}

fn caller(q: &Question) -> Json {
    let account = &q.scene.world.scenario.account;
    let parts: Vec<&str> = account.principal.split('/').collect();
    let role_id =
        kinds::draw(&q.scene.world.hex("principal", 64), b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17);
    let user_id = match parts.as_slice() {
        [_, _, session] => format!("AROA{role_id}:{session}"),
        _ => format!("AIDA{role_id}"),
    };
    json!({"account_id": account.id, "id": account.id, "arn": account.principal, "user_id": user_id})
}

fn zones(q: &Question) -> Json {
    let (names, ids) = (q.config.texts("exclude_names"), q.config.texts("exclude_zone_ids"));
    let wanted =
        |filter: &str, value: &str| q.filter(filter).is_none_or(|values| values.contains(&value));
    let all = places::zones(&q.scene.region);
    let left: Vec<_> = all
        .iter()
        .filter(|(name, id)| {
            !names.contains(&name.as_str())
                && !ids.contains(&id.as_str())
                && wanted("zone-name", name)
                && wanted("zone-id", id)
                && wanted("opt-in-status", "opt-in-not-required")
                && wanted("zone-type", "availability-zone")
                && wanted("state", "available")
        })
        .collect();
    let (names, ids): (Vec<_>, Vec<_>) = left.into_iter().cloned().unzip();
    json!({"names": names, "zone_ids": ids, "group_names": [q.scene.region], "id": q.scene.region})
}

fn zone(q: &Question) -> Json {
    let region = &q.scene.region;
    let name = match (q.text("name"), q.text("zone_id")) {
        ("", "") => format!("{region}a"),
        ("", id) => places::zone_name(region, id).unwrap_or_else(|| format!("{region}a")),
        (name, _) => name.to_owned(),
    };
    json!({"id": name, "zone_id": places::zone_id(region, &name), "group_name": region,
        "name_suffix": name.trim_start_matches(region.as_str()), "network_border_group": region,
        "opt_in_status": "opt-in-not-required", "state": "available", "zone_type": "availability-zone",
        "name": name})
}

fn arn(q: &Question) -> Json {
    let text = q.text("arn");
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    json!({"id": text, "partition": part(1), "service": part(2), "region": part(3),
        "account": part(4), "resource": part(5)})
}

fn service(q: &Question) -> Json {
    let region = &q.scene.region;
    let id = match q.text("service_id") {
        "" => q.text("dns_name").split('.').next().unwrap_or("ec2"),
        id => id,
    };
    let suffix = places::dns_suffix(region);
    json!({"service_id": id, "region": region, "partition": q.scene.partition(), "supported": true,
        "dns_name": format!("{id}.{region}.{suffix}"), "id": format!("{id}.{region}.{suffix}"),
        "reverse_dns_name": format!("com.amazonaws.{region}.{id}"),
        "reverse_dns_prefix": "com.amazonaws"})
}

/// `assumed-role/NAME/SESSION` was assumed from `role/NAME`.
fn session(q: &Question) -> Json {
    let arn = q.text("arn");
    let parts: Vec<&str> = arn.split('/').collect();
    let ([_, name, session], true) = (parts.as_slice(), arn.contains(":assumed-role/")) else {
        return json!({"id": arn, "issuer_arn": arn, "issuer_name": "", "issuer_id": "", "session_name": ""});
    };
    let account = arn.split(':').nth(4).unwrap_or_default();
    json!({"id": arn, "issuer_arn": q.scene.arn(&format!("iam::{account}:role/{name}")),
        "issuer_name": name, "session_name": session,
        "issuer_id": format!("AROA{}", kinds::draw(&q.scene.digits, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 17))})
}

fn addon_version(q: &Question) -> Json {
    let newest = q.config.field("most_recent").as_bool() == Some(true);
    let pick = if newest { Pick::Latest } else { Pick::Default };
    let version = versions::addon_version(q.text("addon_name"), q.text("kubernetes_version"), pick);
    json!({"version": version, "id": q.text("addon_name")})
}

fn cluster_versions(q: &Question) -> Json {
    let one = |(version, patch): (&str, &str)| {
        let extended = ["1.31", "1.32", "1.33"].contains(&version);
        json!({"cluster_version": version, "kubernetes_patch_version": patch, "cluster_type": "eks",
            "default_version": version == versions::cluster_version(""),
            "version_status": if extended { "EXTENDED_SUPPORT" } else { "STANDARD_SUPPORT" }})
    };
    let asked = q.config.texts("cluster_versions_only");
    let list: Vec<Json> = versions::clusters()
        .filter(|(version, _)| asked.is_empty() || asked.contains(version))
        .map(one)
        .filter(|v| {
            q.config.field("default_only").as_bool() != Some(true) || v["default_version"] == true
        })
        .collect();
    json!({"cluster_versions": list, "id": q.scene.region})
}

/// The public parameters of AWS; others are looked up in the world.
fn parameter(q: &Question) -> Option<Json> {
    let name = q.text("name");
    if !name.starts_with("/aws/service/") {
        return None;
    }
    let ami = format!("ami-0{}", q.scene.world.hex(&format!("{}{name}", q.scene.region), 16));
    let kubernetes = name.split('/').find(|part| part.starts_with("1.")).unwrap_or_default();
    let value = match name.rsplit('/').next().unwrap_or_default() {
        "release_version" => versions::release_version(kubernetes),
        "image_version" => "1.50.0".into(),
        "recommended" => json!({"image_id": ami, "schema_version": "2",
            "release_version": versions::release_version(kubernetes)})
        .to_string(),
        _ => ami,
    };
    let arn = q.scene.arn(&format!("ssm:{}::parameter{name}", q.scene.region));
    Some(json!({"id": name, "arn": arn, "type": "String", "value": value, "insecure_value": value,
        "version": 42}))
}

fn ami(q: &Question) -> Json {
    let wanted = q.filter("name").and_then(|v| v.first().copied()).unwrap_or("al2023-ami-*");
    let name = wanted.replace('*', "20260714");
    let id = match q.filter("image-id").and_then(|v| v.first().copied()) {
        Some(id) => id.to_owned(),
        None => format!("ami-0{}", q.scene.world.hex(&format!("{}{name}", q.scene.region), 16)),
    };
    let architecture =
        q.filter("architecture").and_then(|v| v.first().copied()).unwrap_or("x86_64");
    json!({"id": id, "image_id": id, "name": name, "architecture": architecture, "state": "available",
        "arn": q.scene.arn(&format!("ec2:{}::image/{id}", q.scene.region)), "public": true,
        "owner_id": "137112412989", "image_owner_alias": "amazon", "hypervisor": "xen",
        "root_device_name": "/dev/xvda", "root_device_type": "ebs", "virtualization_type": "hvm",
        "ena_support": true, "image_type": "machine", "platform_details": "Linux/UNIX",
        "usage_operation": "RunInstances", "boot_mode": "uefi-preferred", "imds_support": "v2.0",
        "creation_date": "2026-07-14T00:00:00.000Z", "description": name,
        "image_location": format!("amazon/{name}"),
        "root_snapshot_id": format!("snap-0{}", &q.scene.digits[..16])})
}

fn instance_type(q: &Question) -> Json {
    let name = q.text("instance_type");
    let (vcpus, memory, count, gpu, gpu_memory) = shape(name);
    let arm = name
        .split('.')
        .next()
        .is_some_and(|f| f.len() > 2 && f[1..].contains('g') && !f.starts_with('g'));
    let gpus = if count == 0 {
        json!([])
    } else {
        json!([{"count": count, "manufacturer": "NVIDIA", "memory_size": gpu_memory, "name": gpu}])
    };
    json!({"id": name, "default_vcpus": vcpus, "memory_size": memory, "default_cores": vcpus / 2,
        "default_threads_per_core": 2, "gpus": gpus, "total_gpu_memory": count * gpu_memory,
        "supported_architectures": [if arm { "arm64" } else { "x86_64" }], "current_generation": true,
        "hypervisor": "nitro", "ebs_optimized_support": "default", "ebs_encryption_support": "supported",
        "ebs_nvme_support": "required", "ena_support": "required", "ipv6_supported": true,
        "efa_supported": count == 8, "maximum_network_interfaces": 8,
        "maximum_ipv4_addresses_per_interface": 30, "maximum_ipv6_addresses_per_interface": 30,
        "network_performance": "Up to 10 Gigabit", "supported_root_device_types": ["ebs"],
        "supported_usages_classes": ["on-demand", "spot"], "supported_virtualization_types": ["hvm"],
        "supported_placement_strategies": ["cluster", "partition", "spread"]})
}

fn preferred<'q>(q: &'q Question) -> Vec<&'q str> {
    match q.config.texts("preferred_instance_types") {
        list if !list.is_empty() => list,
        _ => q.filter("instance-type").unwrap_or_else(|| vec!["m5.large", "m5.4xlarge"]),
    }
}

/// Which types are offered where, as the scenario has it.
fn offerings(q: &Question) -> Json {
    let kind = match q.text("location_type") {
        "" => "region",
        kind => kind,
    };
    let region = &q.scene.region;
    let zones = places::zones(region);
    let wanted = q.filter("location");
    // Each location with the zones that it means.
    let locations: Vec<(String, Vec<&str>)> = match kind {
        "availability-zone" => zones.iter().map(|(name, id)| (name.clone(), vec![&**id])).collect(),
        "availability-zone-id" => zones.iter().map(|(_, id)| (id.clone(), vec![&**id])).collect(),
        _ => vec![(region.clone(), zones.iter().map(|(_, id)| &**id).collect())],
    };
    let scenario = &q.scene.world.scenario;
    let offered: Vec<(String, String)> = locations
        .iter()
        .filter(|(l, _)| wanted.as_ref().is_none_or(|w| w.contains(&l.as_str())))
        .flat_map(|(l, ids)| preferred(q).into_iter().map(move |t| (t.to_owned(), l.clone(), ids)))
        .filter(|(t, _, ids)| ids.iter().any(|id| scenario.offers(t, id)))
        .map(|(t, l, _)| (t, l))
        .collect();
    let (types, places): (Vec<_>, Vec<_>) = offered.into_iter().unzip();
    let kinds = vec![kind; types.len()];
    json!({"instance_types": types, "locations": places, "location_types": kinds, "id": region})
}

fn quota(q: &Question) -> Json {
    let (service, code) = (q.text("service_code"), q.text("quota_code"));
    let value = q.scene.world.scenario.quota(&format!("{service}/{code}")).unwrap_or(100.0);
    json!({"id": format!("{service}/{code}"), "value": value, "default_value": value,
        "adjustable": true, "quota_name": q.text("quota_name"), "service_name": service,
        "arn": q.scene.arn(&format!("servicequotas:{}:{}:{service}/{code}", q.scene.region, q.scene.account()))})
}
