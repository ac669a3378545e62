//! S3, ECR, EFS, logs, parameters, queues and topics.

use serde_json::{Value as Json, json};

use super::View;
use crate::rehearsal::provider::places;

pub(super) fn facts(v: &View) -> Option<Json> {
    let suffix = places::dns_suffix(v.region());
    Some(match v.type_name() {
        "aws_s3_bucket" => bucket(v, suffix),
        "aws_s3_object" | "aws_s3_bucket_object" => json!({
            "etag": v.scene.world.hex(&format!("{}{}", v.text("content"), v.text("source")), 32),
            "content_type": "application/octet-stream",
            "storage_class": "STANDARD",
            "server_side_encryption": "AES256",
            "version_id": v.scene.world.hex(&format!("version{}", v.text("content")), 32),
        }),
        "aws_s3_bucket_lifecycle_configuration" => {
            json!({"transition_default_minimum_object_size": "all_storage_classes_128K"})
        }
        "aws_s3_bucket_request_payment_configuration" => json!({"payer": "BucketOwner"}),
        "aws_ecr_repository" => json!({
            "repository_url": format!("{}.dkr.ecr.{}.{suffix}/{}", v.account(), v.region(), v.text("name")),
            "encryption_configuration": [{"encryption_type": "AES256", "kms_key": ""}],
        }),
        "aws_efs_file_system" => json!({
            "dns_name": format!("{}.efs.{}.{suffix}", v.id, v.region()),
            "creation_token": format!("terraform-{}", &v.scene.digits[..26]),
            "performance_mode": "generalPurpose",
            "protection": [{"replication_overwrite": "ENABLED"}],
            "size_in_bytes": [{"value": 6144, "value_in_ia": 0, "value_in_standard": 6144}],
        }),
        "aws_efs_access_point" => json!({
            "file_system_arn": v.scene.arn(&format!("elasticfilesystem:{}:{}:file-system/{}",
                v.region(), v.account(), v.text("file_system_id"))),
            "root_directory": [{"path": "/", "creation_info": []}],
        }),
        "aws_efs_mount_target" => mount_target(v, suffix),
        "aws_cloudwatch_log_group" => json!({"log_group_class": "STANDARD"}),
        "aws_ssm_parameter" => ssm_parameter(v),
        "aws_sqs_queue" => json!({"url": v.id, "policy": "", "redrive_policy": ""}),
        "aws_sns_topic" => json!({"owner": v.account(), "beginning_archive_time": ""}),
        "aws_route53_zone" => route53_zone(v),
        "aws_route53_record" => json!({"fqdn": v.text("name")}),
        _ => return None,
    })
}

fn bucket(v: &View, suffix: &str) -> Json {
    let name = v.text("bucket");
    let canonical = v.scene.world.hex("canonical user", 64);
    json!({
        "bucket_domain_name": format!("{name}.s3.{suffix}"),
        "bucket_regional_domain_name": format!("{name}.s3.{}.{suffix}", v.region()),
        "bucket_region": v.region(),
        "hosted_zone_id": hosted_zone(v.region()),
        "request_payer": "BucketOwner",
        "object_lock_enabled": false,
        "versioning": [{"enabled": false, "mfa_delete": false}],
        "grant": [{"id": canonical, "type": "CanonicalUser", "permissions": ["FULL_CONTROL"], "uri": ""}],
        "server_side_encryption_configuration": [{"rule": [{"bucket_key_enabled": false,
            "apply_server_side_encryption_by_default": [{"kms_master_key_id": "", "sse_algorithm": "AES256"}]}]}],
    })
}

fn hosted_zone(region: &str) -> &'static str {
    match region {
        "us-east-1" => "Z3AQBSTGFYJSTF",
        "us-east-2" => "Z2O1EMRO9K5GLX",
        "us-west-1" => "Z2F56UZL2M1ACD",
        "us-west-2" => "Z3BJ6K6RIION7M",
        "eu-west-1" => "Z1BKCTXD74EZPE",
        "eu-central-1" => "Z21DNDUVLTQW6Q",
        "ap-southeast-2" => "Z1WCIGYICN2BYD",
        _ => "Z3O0J2DXBE1FTB",
    }
}

fn mount_target(v: &View, suffix: &str) -> Json {
    let subnet = v.scene.find("aws_subnet", v.text("subnet_id"));
    let text = |name: &str| subnet.as_ref().map(|s| s.text(name).to_owned()).unwrap_or_default();
    let (zone, file_system) = (text("availability_zone"), v.text("file_system_id"));
    let dns = format!("{file_system}.efs.{}.{suffix}", v.region());
    json!({
        "availability_zone_id": places::zone_id(v.region(), &zone),
        "ip_address": v.private_ip(&text("cidr_block")),
        "mount_target_dns_name": format!("{zone}.{dns}"),
        "availability_zone_name": zone,
        "dns_name": dns,
        "network_interface_id": v.scene.related("eni"),
        "file_system_arn": v.scene.arn(&format!("elasticfilesystem:{}:{}:file-system/{file_system}",
            v.region(), v.account())),
    })
}

fn ssm_parameter(v: &View) -> Json {
    let before = v.prior.and_then(|p| p.field("version").to_json().as_i64());
    json!({
        "version": before.map_or(1, |n| n + 1),
        "data_type": "text",
        "tier": "Standard",
        "key_id": if v.text("type") == "SecureString" { "alias/aws/ssm" } else { "" },
        "value": v.text("insecure_value"),
    })
}

fn route53_zone(v: &View) -> Json {
    let servers: Vec<String> = [("com", 0), ("net", 1), ("org", 2), ("co.uk", 3)]
        .iter()
        .map(|(domain, n)| {
            format!(
                "ns-{}.awsdns-{:02}.{domain}",
                512 * n + v.scene.number(domain, 500),
                v.scene.number("ns", 60)
            )
        })
        .collect();
    json!({"zone_id": v.id, "primary_name_server": servers[0], "name_servers": servers})
}
