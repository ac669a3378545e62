//! IAM, Cognito, KMS, Secrets Manager.

use serde_json::{Value as Json, json};

use super::View;
use crate::rehearsal::provider::kinds;
use crate::rehearsal::provider::scene::Scene;
use crate::rehearsal::provider::value::{Object, Value};

const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const LOWER: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";

pub(super) fn facts(v: &View) -> Option<Json> {
    let s = v.scene;
    let unique = |prefix: &str| format!("{prefix}{}", kinds::draw(&s.digits, UPPER, 17));
    Some(match v.type_name() {
        "aws_iam_role" => json!({"unique_id": unique("AROA"), "create_date": s.now(),
            "inline_policy": [], "managed_policy_arns": []}),
        "aws_iam_policy" => json!({"policy_id": unique("ANPA"), "attachment_count": 0}),
        "aws_iam_user" => json!({"unique_id": unique("AIDA")}),
        "aws_iam_group" => json!({"unique_id": unique("AGPA")}),
        "aws_iam_instance_profile" => {
            json!({"unique_id": unique("AIPA"), "create_date": s.now()})
        }
        "aws_iam_openid_connect_provider" => {
            json!({"thumbprint_list": ["06b25927c42a721631c1efd9431e648fa62e1e39"]})
        }
        "aws_iam_service_linked_role" => service_linked_role(v),
        "aws_iam_access_key" => json!({
            "secret": kinds::draw(&s.digits, LOWER, 40),
            "create_date": s.now(),
            "status": "Active",
        }),
        "aws_kms_key" | "aws_kms_replica_key" | "aws_kms_external_key" => kms_key(v),
        "aws_kms_alias" => json!({"target_key_arn": target_key_arn(v)}),
        "aws_cognito_user_pool" => user_pool(v),
        "aws_cognito_user_pool_client" => json!({
            "client_secret": if v.get("generate_secret").as_bool() == Some(true) {
                kinds::draw(&s.digits, LOWER, 52)
            } else {
                String::new()
            },
            "enable_token_revocation": true,
            "refresh_token_validity": 30,
            "auth_session_validity": 3,
        }),
        "aws_cognito_user_pool_domain" => user_pool_domain(v),
        "aws_secretsmanager_secret" => json!({"policy": "", "replica": []}),
        "aws_secretsmanager_secret_version" => {
            let version = v.id.rsplit('|').next();
            json!({"version_id": version, "arn": v.text("secret_id"),
                "version_stages": ["AWSCURRENT"]})
        }
        _ => return None,
    })
}

fn service_linked_role(v: &View) -> Json {
    let service = v.text("aws_service_name");
    let name = match service.split('.').next().unwrap_or_default() {
        "autoscaling" => "AutoScaling".to_owned(),
        "eks" => "AmazonEKS".into(),
        "eks-nodegroup" => "AmazonEKSNodegroup".into(),
        "elasticloadbalancing" => "ElasticLoadBalancing".into(),
        "rds" => "RDS".into(),
        "spot" => "EC2Spot".into(),
        other => other.split('-').map(capital).collect(),
    };
    let suffix = match v.text("custom_suffix") {
        "" => String::new(),
        suffix => format!("_{suffix}"),
    };
    let name = format!("AWSServiceRoleFor{name}{suffix}");
    let arn = format!("{}/{name}", v.arn.trim_end_matches('/'));
    json!({
        "id": arn,
        "arn": arn,
        "name": name,
        "path": format!("/aws-service-role/{service}/"),
        "unique_id": format!("AROA{}", kinds::draw(&v.scene.digits, UPPER, 17)),
        "create_date": v.scene.now(),
    })
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

fn kms_key(v: &View) -> Json {
    let root = v.scene.arn(&format!("iam::{}:root", v.account()));
    let policy = json!({
        "Id": "key-default-1",
        "Statement": [{"Action": "kms:*", "Effect": "Allow", "Principal": {"AWS": root},
            "Resource": "*", "Sid": "Enable IAM User Permissions"}],
        "Version": "2012-10-17",
    });
    json!({
        "key_id": v.id,
        "policy": policy.to_string(),
        "description": "",
        "multi_region": false,
        "rotation_period_in_days":
            if v.get("enable_key_rotation").as_bool() == Some(true) { 365 } else { 0 },
    })
}

fn target_key_arn(v: &View) -> String {
    match v.text("target_key_id") {
        arn if arn.starts_with("arn:") => arn.to_owned(),
        id => v.scene.arn(&format!("kms:{}:{}:key/{id}", v.region(), v.account())),
    }
}

fn user_pool(v: &View) -> Json {
    let now = v.scene.now();
    let message = "Your username is {username} and temporary password is {####}. ";
    json!({
        "endpoint": format!("cognito-idp.{}.amazonaws.com/{}", v.region(), v.id),
        "creation_date": now,
        "last_modified_date": now,
        "user_pool_tier": "ESSENTIALS",
        "admin_create_user_config": [{"allow_admin_create_user_only": false,
            "invite_message_template": [{"email_message": message, "email_subject": "Your temporary password",
                "sms_message": message}]}],
        "password_policy": [{"minimum_length": 8, "require_lowercase": true, "require_numbers": true,
            "require_symbols": true, "require_uppercase": true, "temporary_password_validity_days": 7,
            "password_history_size": 0}],
        "verification_message_template": [{"default_email_option": "CONFIRM_WITH_CODE"}],
        "sms_configuration": [],
    })
}

fn user_pool_domain(v: &View) -> Json {
    let distribution = format!("d{}.cloudfront.net", kinds::draw(&v.scene.digits, LOWER, 13));
    json!({
        "cloudfront_distribution": distribution,
        "cloudfront_distribution_arn": distribution,
        "cloudfront_distribution_zone_id": "Z2FDTNDATAQYW2",
        "s3_bucket": format!("aws-cognito-prod-{}-assets", v.region()),
        "version": v.scene.now().replace(['-', ':', 'T', 'Z'], ""),
        "managed_login_version": 1,
    })
}

/// The DNS records that prove a certificate's names, where the plan has left them open.
pub(super) fn prove(scene: &Scene, object: &mut Object) {
    if scene.type_name != "aws_acm_certificate" {
        return;
    }
    let Some(Value::List(options)) = object.get_mut("domain_validation_options") else { return };
    for option in options {
        let Value::Map(fields) = option else { continue };
        let Some(domain) = fields.get("domain_name").and_then(Value::as_str) else { continue };
        let domain = domain.trim_start_matches("*.").to_owned();
        let hex = |what: &str| scene.world.hex(&format!("{}/{what}/{domain}", scene.account()), 32);
        let records = [
            ("resource_record_name", format!("_{}.{domain}.", hex("name"))),
            ("resource_record_type", "CNAME".to_owned()),
            ("resource_record_value", format!("_{}.acm-validations.aws.", hex("value"))),
        ];
        for (name, text) in records {
            if fields.get(name).is_some_and(Value::is_unknown) {
                fields.insert(name.to_owned(), Value::String(text));
            }
        }
    }
}
