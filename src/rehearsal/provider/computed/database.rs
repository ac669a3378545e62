//! RDS, `DocumentDB`, `ElastiCache`, MQ.

use serde_json::{Value as Json, json};

use super::View;
use crate::rehearsal::provider::kinds;
use crate::rehearsal::provider::value::Value;

pub(super) fn facts(v: &View) -> Option<Json> {
    Some(match v.type_name() {
        "aws_db_instance" => instance(v),
        "aws_rds_cluster" | "aws_docdb_cluster" => cluster(v),
        "aws_rds_cluster_instance" | "aws_docdb_cluster_instance" => cluster_instance(v),
        "aws_db_subnet_group" | "aws_docdb_subnet_group" => json!({
            "vpc_id": super::network::vpc_of(v, v.get("subnet_ids")),
            "supported_network_types": ["IPV4"],
        }),
        "aws_elasticache_replication_group" => replication_group(v),
        "aws_elasticache_subnet_group" => {
            json!({"vpc_id": super::network::vpc_of(v, v.get("subnet_ids"))})
        }
        "aws_mq_broker" => json!({
            "instances": [{"console_url": format!("https://{}.mq.{}.amazonaws.com", v.id, v.region()),
                "endpoints": [format!("amqps://{}.mq.{}.amazonaws.com:5671", v.id, v.region())],
                "ip_address": ""}],
            "storage_type": "ebs",
        }),
        _ => return None,
    })
}

/// The name under which a database of this account is reached.
fn address(v: &View, name: &str) -> String {
    let account = v.scene.world.hex(&format!("rds/{}", v.region()), 64);
    let part = kinds::draw(&account, b"abcdefghijklmnopqrstuvwxyz0123456789", 12);
    format!("{name}.c{part}.{}.rds.amazonaws.com", v.region())
}

fn default_port(engine: &str) -> u16 {
    match engine {
        e if e.contains("postgres") => 5432,
        e if e.starts_with("oracle") => 1521,
        e if e.starts_with("sqlserver") => 1433,
        "docdb" => 27017,
        _ => 3306,
    }
}

fn secret(v: &View) -> Json {
    if v.get("manage_master_user_password").as_bool() != Some(true) {
        return json!([]);
    }
    let s = v.scene;
    let key = match v.text("master_user_secret_kms_key_id") {
        "" => s.arn(&format!(
            "kms:{}:{}:key/{}",
            v.region(),
            v.account(),
            kinds::uuid(&s.world.hex("aws/secretsmanager", 32))
        )),
        key => key.to_owned(),
    };
    let tail = kinds::draw(
        &s.digits,
        b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
        6,
    );
    let kind = if v.type_name() == "aws_db_instance" { "db" } else { "cluster" };
    let arn = s.arn(&format!(
        "secretsmanager:{}:{}:secret:rds!{kind}-{}-{tail}",
        v.region(),
        v.account(),
        kinds::uuid(&s.digits)
    ));
    json!([{"kms_key_id": key, "secret_arn": arn, "secret_status": "active"}])
}

fn instance(v: &View) -> Json {
    let s = v.scene;
    let engine = v.text("engine");
    let port = v.get("port").to_json().as_u64().unwrap_or_else(|| default_port(engine).into());
    let address = address(v, v.text("identifier"));
    let asked = v.text("engine_version");
    let version = match (engine, asked) {
        ("postgres", "") => "17.6".to_owned(),
        ("postgres", major) if !major.contains('.') => format!("{major}.10"),
        (_, "") => "8.0.42".into(),
        (_, asked) => asked.to_owned(),
    };
    let major = version.split('.').next().unwrap_or_default();
    let aws_key = s.arn(&format!(
        "kms:{}:{}:key/{}",
        v.region(),
        v.account(),
        kinds::uuid(&s.world.hex("aws/rds", 32))
    ));
    let insights = v.get("performance_insights_enabled").as_bool() == Some(true);
    let io = v.text("storage_type") == "gp3";
    json!({
        "resource_id": v.id,
        "address": address,
        "endpoint": format!("{address}:{port}"),
        "port": port,
        "engine_version": version,
        "engine_version_actual": version,
        "hosted_zone_id": "Z1PVIF0B656C1W",
        "status": "available",
        "master_user_secret": secret(v),
        "availability_zone": format!("{}a", v.region()),
        "backup_window": "09:12-09:42",
        "maintenance_window": "sun:12:12-sun:12:42",
        "backup_target": "region",
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "license_model": if engine == "postgres" { "postgresql-license" } else { "general-public-license" },
        "network_type": "IPV4",
        "option_group_name": format!("default:{engine}-{major}"),
        "parameter_group_name": format!("default.{engine}{major}"),
        "storage_type": "gp2",
        "iops": if io { 3000 } else { 0 },
        "storage_throughput": if io { 125 } else { 0 },
        "kms_key_id": if v.get("storage_encrypted").as_bool() == Some(true) { aws_key.clone() } else { String::new() },
        "performance_insights_kms_key_id": if insights { aws_key } else { String::new() },
        "performance_insights_retention_period": if insights { 7 } else { 0 },
        "engine_lifecycle_support": "open-source-rds-extended-support",
        "database_insights_mode": "standard",
        "db_subnet_group_name": "default",
        "listener_endpoint": [],
    })
}

fn cluster(v: &View) -> Json {
    let engine = v.text("engine");
    let port = v.get("port").to_json().as_u64().unwrap_or_else(|| default_port(engine).into());
    let name = v.text("cluster_identifier");
    let full = address(v, name).replacen(".c", ".cluster-c", 1);
    json!({
        "endpoint": full,
        "reader_endpoint": full.replacen(".cluster-", ".cluster-ro-", 1),
        "port": port,
        "cluster_resource_id": format!("cluster-{}", kinds::draw(&v.scene.digits, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 26)),
        "hosted_zone_id": "Z1PVIF0B656C1W",
        "engine_version": if engine == "docdb" { "5.0.0" } else { "16.6" },
        "engine_version_actual": "16.6",
        "master_user_secret": secret(v),
        "backup_window": "09:12-09:42",
        "preferred_backup_window": "09:12-09:42",
        "preferred_maintenance_window": "sun:12:12-sun:12:42",
        "network_type": "IPV4",
        "cluster_members": [],
    })
}

fn cluster_instance(v: &View) -> Json {
    let cluster = v
        .scene
        .find(v.type_name().trim_end_matches("_instance"), v.text("cluster_identifier"))
        .unwrap_or(Value::Null);
    let port = cluster.field("port").to_json().as_u64().unwrap_or(5432);
    json!({
        "endpoint": address(v, v.text("identifier")),
        "port": port,
        "dbi_resource_id": format!("db-{}", kinds::draw(&v.scene.digits, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 26)),
        "writer": true,
        "engine_version": cluster.text("engine_version"),
        "engine_version_actual": cluster.text("engine_version"),
        "availability_zone": format!("{}a", v.region()),
        "preferred_maintenance_window": "sun:12:12-sun:12:42",
        "preferred_backup_window": "09:12-09:42",
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "network_type": "IPV4",
    })
}

fn replication_group(v: &View) -> Json {
    let name = v.text("replication_group_id");
    let tail = v.scene.world.hex("elasticache", 6);
    json!({
        "primary_endpoint_address": format!("master.{name}.{tail}.{}.cache.amazonaws.com", v.region()),
        "reader_endpoint_address": format!("replica.{name}.{tail}.{}.cache.amazonaws.com", v.region()),
        "engine_version_actual": "7.1.0",
        "engine_version": "7.1",
        "port": 6379,
        "member_clusters": [format!("{name}-001")],
    })
}
