//! Natural keys: how AWS tells objects apart that carry no tags.
//!
//! An object without tags cannot say whose it is, but it belongs to one that can, or its name is
//! its own: with the values of these attributes there is at most one of it. The forms of the
//! import ids are those of the documentation of the provider `hashicorp/aws`.

use std::collections::BTreeMap;

use serde_json::Value;

/// The natural key of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NaturalKey {
    /// Resource type as Terraform calls it.
    pub kind: &'static str,
    /// The attributes that tell its objects apart.
    pub by: &'static [&'static str],
    /// The id by which Terraform takes an object in: `{attribute}` stands for a value.
    import: &'static str,
}

#[rustfmt::skip]
const NATURAL_KEYS: &[NaturalKey] = &[
    key("aws_cognito_user_pool_client", &["user_pool_id", "name"], "{user_pool_id}/{id}"),
    key("aws_cognito_user_pool_domain", &["domain"], "{domain}"),
    key("aws_ecr_lifecycle_policy", &["repository"], "{repository}"),
    key("aws_ecr_repository_policy", &["repository"], "{repository}"),
    key("aws_eks_access_policy_association", &["cluster_name", "principal_arn", "policy_arn"], "{cluster_name}#{principal_arn}#{policy_arn}"),
    key("aws_iam_group_policy_attachment", &["group", "policy_arn"], "{group}/{policy_arn}"),
    key("aws_iam_role_policy", &["role", "name"], "{role}:{name}"),
    key("aws_iam_role_policy_attachment", &["role", "policy_arn"], "{role}/{policy_arn}"),
    key("aws_iam_user_policy_attachment", &["user", "policy_arn"], "{user}/{policy_arn}"),
    key("aws_kms_alias", &["name"], "{name}"),
    key("aws_route", &["route_table_id", "destination_cidr_block"], "{route_table_id}_{destination_cidr_block}"),
    key("aws_route_table_association", &["subnet_id", "route_table_id"], "{subnet_id}/{route_table_id}"),
    key("aws_s3_bucket_lifecycle_configuration", &["bucket"], "{bucket}"),
    key("aws_s3_bucket_logging", &["bucket"], "{bucket}"),
    key("aws_s3_bucket_ownership_controls", &["bucket"], "{bucket}"),
    key("aws_s3_bucket_policy", &["bucket"], "{bucket}"),
    key("aws_s3_bucket_public_access_block", &["bucket"], "{bucket}"),
    key("aws_s3_bucket_server_side_encryption_configuration", &["bucket"], "{bucket}"),
    key("aws_s3_bucket_versioning", &["bucket"], "{bucket}"),
];

const fn key(kind: &'static str, by: &'static [&'static str], import: &'static str) -> NaturalKey {
    NaturalKey { kind, by, import }
}

impl NaturalKey {
    /// The natural key of a type that carries no tags; `None` for one that is not known here.
    pub fn of(kind: &str) -> Option<&'static Self> {
        NATURAL_KEYS.iter().find(|key| key.kind == kind)
    }

    /// The values of the key in an object as Terraform knows it; `None` while one is not known.
    pub fn values(&self, object: &Value) -> Option<BTreeMap<String, String>> {
        let value = |name: &&str| {
            let text = object.get(name)?.as_str().filter(|text| !text.is_empty())?;
            Some(((*name).to_owned(), text.to_owned()))
        };
        self.by.iter().map(value).collect()
    }

    /// The id by which Terraform takes in an object with these attributes.
    pub fn import_id(&self, object: &Value) -> String {
        let mut id = String::new();
        let mut rest = self.import;
        while let Some((before, (name, after))) =
            rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?)))
        {
            id.push_str(before);
            id.push_str(object.get(name).and_then(Value::as_str).unwrap_or_default());
            rest = after;
        }
        id + rest
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_has_values_only_when_all_of_them_are_known() {
        let key = NaturalKey::of("aws_route").unwrap();
        let route = json!({"route_table_id": "rtb-1", "destination_cidr_block": "0.0.0.0/0"});
        assert_eq!(key.values(&route).unwrap().len(), 2);
        assert_eq!(key.import_id(&route), "rtb-1_0.0.0.0/0");
        assert_eq!(key.values(&json!({"destination_cidr_block": "0.0.0.0/0"})), None);
        assert_eq!(NaturalKey::of("aws_vpc"), None);
    }
}
