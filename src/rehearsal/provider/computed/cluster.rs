//! EKS: clusters, node groups, add-ons, access.

use base64::Engine as _;
use serde_json::{Value as Json, json};

use super::View;
use super::network::{first_with, vpc_of};
use crate::rehearsal::authority::Authority;
use crate::rehearsal::provider::kinds;
use crate::rehearsal::provider::value::Value;
use crate::rehearsal::provider::versions;

pub(super) fn facts(v: &View) -> Option<Json> {
    Some(match v.type_name() {
        "aws_eks_cluster" => cluster(v),
        "aws_eks_node_group" => node_group(v),
        "aws_eks_addon" => addon(v),
        "aws_eks_access_entry" => access_entry(v),
        "aws_eks_access_policy_association" => {
            json!({"associated_at": v.scene.now(), "modified_at": v.scene.now()})
        }
        "aws_eks_pod_identity_association" => {
            json!({"association_id": v.id, "association_arn": v.arn, "external_id": ""})
        }
        "aws_eks_fargate_profile" => json!({"status": "ACTIVE"}),
        _ => return None,
    })
}

/// The base64 of the cluster's CA, as EKS gives it out.
fn certificate(v: &View) -> String {
    let authority = Authority::open(v.scene.world.dir());
    authority.map_or_else(
        |_| String::new(),
        |a| base64::engine::general_purpose::STANDARD.encode(a.certificate_pem()),
    )
}

fn cluster(v: &View) -> Json {
    let s = v.scene;
    let id = s.digits[..32].to_uppercase();
    let config = v.get("vpc_config").as_list().first().cloned().unwrap_or(Value::Null);
    let vpc_id = vpc_of(v, config.field("subnet_ids"));
    let vpc = s.find("aws_vpc", &vpc_id);
    let in_ten = vpc.is_some_and(|x| x.text("cidr_block").starts_with("10."));
    let version = versions::cluster_version(v.text("version"));
    let region = v.region();
    json!({
        "endpoint": format!("https://{id}.gr7.{region}.eks.amazonaws.com"),
        "certificate_authority": [{"data": certificate(v)}],
        "identity": [{"oidc": [{"issuer": format!("https://oidc.eks.{region}.amazonaws.com/id/{id}")}]}],
        "platform_version": versions::platform_version(&version),
        "version": version,
        "status": "ACTIVE",
        "created_at": s.now(),
        "cluster_id": "",
        "deletion_protection": false,
        "access_config": [{"authentication_mode": "CONFIG_MAP",
            "bootstrap_cluster_creator_admin_permissions": true}],
        "kubernetes_network_config": [{"ip_family": "ipv4",
            "service_ipv4_cidr": if in_ten { "172.20.0.0/16" } else { "10.100.0.0/16" },
            "service_ipv6_cidr": "", "elastic_load_balancing": [{"enabled": false}]}],
        "upgrade_policy": [{"support_type": "EXTENDED"}],
        "control_plane_scaling_config": [{"tier": "standard"}],
        "vpc_config": [{"cluster_security_group_id": s.related("sg"), "vpc_id": vpc_id,
            "public_access_cidrs": ["0.0.0.0/0"]}],
    })
}

fn node_group(v: &View) -> Json {
    let s = v.scene;
    let cluster = s.find("aws_eks_cluster", v.text("cluster_name")).unwrap_or(Value::Null);
    let version = match v.text("version") {
        "" => versions::cluster_version(cluster.text("version")),
        own => own.to_owned(),
    };
    let template = v.get("launch_template").as_list().first().cloned().unwrap_or(Value::Null);
    let templates = s
        .find("aws_launch_template", template.text("id"))
        .or_else(|| first_with(v, "aws_launch_template", "name", template.text("name")))
        .unwrap_or(Value::Null);
    let custom = !templates.text("image_id").is_empty();
    let ami_type = if custom { "CUSTOM" } else { "AL2023_x86_64_STANDARD" };
    let has_template = !template.is_null();
    let group = format!("eks-{}-{}", v.text("node_group_name"), kinds::uuid(&s.digits[32..]));
    json!({
        "ami_type": ami_type,
        "capacity_type": "ON_DEMAND",
        "disk_size": if has_template { 0 } else { 20 },
        "instance_types": if has_template { json!([]) } else { json!(["t3.medium"]) },
        "release_version": if custom { s.related("ami") } else { versions::release_version(&version) },
        "version": version,
        "status": "ACTIVE",
        "resources": [{"autoscaling_groups": [{"name": group}], "remote_access_security_group_id": ""}],
        "update_config": [{"max_unavailable": 1, "max_unavailable_percentage": 0, "update_strategy": "DEFAULT"}],
        "launch_template": [{"id": templates.text("id"), "name": templates.text("name")}],
    })
}

fn addon(v: &View) -> Json {
    let cluster = v.scene.find("aws_eks_cluster", v.text("cluster_name")).unwrap_or(Value::Null);
    let version = versions::cluster_version(cluster.text("version"));
    json!({
        "addon_version": versions::addon_version(v.text("addon_name"), &version, versions::Pick::Default),
        "created_at": v.scene.now(),
        "modified_at": v.scene.now(),
        "configuration_values": "",
    })
}

fn access_entry(v: &View) -> Json {
    let principal = v.text("principal_arn");
    let name = principal.rsplit('/').next().unwrap_or_default();
    let user = match v.text("type") {
        "EC2_LINUX" | "EC2" => "system:node:{{EC2PrivateDNSName}}".to_owned(),
        _ if principal.contains(":role/") => {
            v.scene.arn(&format!("sts::{}:assumed-role/{name}/{{{{SessionName}}}}", v.account()))
        }
        _ => principal.to_owned(),
    };
    let groups = match v.text("type") {
        "EC2_LINUX" => json!(["system:nodes"]),
        _ => json!([]),
    };
    json!({
        "access_entry_arn": v.arn,
        "user_name": user,
        "kubernetes_groups": groups,
        "created_at": v.scene.now(),
        "modified_at": v.scene.now(),
    })
}
