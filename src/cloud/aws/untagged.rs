//! Objects of types without tags, found by what they belong to.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

use super::api::{COGNITO, ECR, IAM, S3};
use super::{Aws, Wrong, ec2};
use crate::cloud::{CloudError, NaturalKey, Untagged};

type Key = BTreeMap<String, String>;

fn of<'a>(key: &'a Key, name: &str) -> &'a str {
    key.get(name).map_or("", String::as_str)
}

fn param(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

const NO_ENTITY: &[&str] = &["NoSuchEntity"];

impl Aws {
    pub(super) async fn without_tags(
        &self,
        kind: &str,
        key: &Key,
    ) -> Result<Option<Untagged>, CloudError> {
        let not_offered =
            CloudError::NotOffered { what: "whether an object of this type is there" };
        let natural = NaturalKey::of(kind).ok_or(not_offered)?;
        let mut object: Value = json!(key);
        let is_there = match kind {
            "aws_iam_role_policy" => {
                let params =
                    [param("RoleName", of(key, "role")), param("PolicyName", of(key, "name"))];
                self.iam_answers("GetRolePolicy", &params).await?
            }
            "aws_iam_role_policy_attachment" => {
                self.is_attached("ListAttachedRolePolicies", ("RoleName", of(key, "role")), key)
                    .await?
            }
            "aws_iam_user_policy_attachment" => {
                self.is_attached("ListAttachedUserPolicies", ("UserName", of(key, "user")), key)
                    .await?
            }
            "aws_iam_group_policy_attachment" => {
                self.is_attached("ListAttachedGroupPolicies", ("GroupName", of(key, "group")), key)
                    .await?
            }
            "aws_kms_alias" => {
                let aliases = self.kms_list("the key aliases", "ListAliases", "Aliases").await?;
                aliases.iter().any(|alias| alias["AliasName"] == of(key, "name"))
            }
            "aws_ecr_repository_policy" => self.ecr_answers("GetRepositoryPolicy", key).await?,
            "aws_ecr_lifecycle_policy" => self.ecr_answers("GetLifecyclePolicy", key).await?,
            "aws_route" => self.has_route(key).await?,
            "aws_route_table_association" => self.is_associated(key).await?,
            "aws_eks_access_policy_association" => self.has_access_policy(key).await?,
            "aws_cognito_user_pool_domain" => {
                let input = json!({ "Domain": of(key, "domain") });
                let what = "the user pool domain";
                let answer = self.api.json(COGNITO, what, "DescribeUserPoolDomain", &input).await;
                let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
                answer["DomainDescription"]["Domain"].is_string()
            }
            "aws_cognito_user_pool_client" => match self.pool_client(key).await? {
                Some(id) => {
                    object["id"] = id.into();
                    true
                }
                None => false,
            },
            bucket => self.has_setting(bucket, of(key, "bucket")).await?,
        };
        let import_id = is_there.then(|| natural.import_id(&object));
        Ok(import_id.map(|import_id| Untagged { import_id, is_creating: false }))
    }

    async fn iam_answers(
        &self,
        action: &str,
        params: &[(String, String)],
    ) -> Result<bool, CloudError> {
        let what = "a policy of a role";
        let outcome = self.api.query(IAM, what, action, params).await;
        Ok(self.found(what, outcome, NO_ENTITY)?.is_some())
    }

    async fn is_attached(
        &self,
        action: &str,
        to: (&str, &str),
        key: &Key,
    ) -> Result<bool, CloudError> {
        let what = "the attached policies";
        let result = format!("{action}Result");
        let params = [param(to.0, to.1)];
        match self.pages(IAM, what, action, &result, "AttachedPolicies", &params).await {
            Ok(attached) => {
                let wanted = Some(of(key, "policy_arn"));
                Ok(attached.iter().any(|policy| policy.text("PolicyArn") == wanted))
            }
            Err(CloudError::Failed { code, .. }) if code == "NoSuchEntity" => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn ecr_answers(&self, action: &str, key: &Key) -> Result<bool, CloudError> {
        let what = "a policy of a repository";
        let input = json!({ "repositoryName": of(key, "repository") });
        let outcome = self.api.json(ECR, what, action, &input).await;
        let absent = [
            "RepositoryNotFoundException",
            "RepositoryPolicyNotFoundException",
            "LifecyclePolicyNotFoundException",
        ];
        Ok(self.found(what, outcome, &absent)?.is_some())
    }

    async fn route_table(
        &self,
        id: &str,
    ) -> Result<Option<aws_sdk_ec2::types::RouteTable>, CloudError> {
        let asked = self.ec2.describe_route_tables().filters(ec2::one("route-table-id", id));
        let answer = asked.send().await.map_err(|error| self.of_ec2("the route table", error))?;
        Ok(answer.route_tables.and_then(|tables| tables.into_iter().next()))
    }

    async fn has_route(&self, key: &Key) -> Result<bool, CloudError> {
        let table = self.route_table(of(key, "route_table_id")).await?;
        let wanted = Some(of(key, "destination_cidr_block"));
        Ok(table.is_some_and(|t| t.routes().iter().any(|r| r.destination_cidr_block() == wanted)))
    }

    async fn is_associated(&self, key: &Key) -> Result<bool, CloudError> {
        let table = self.route_table(of(key, "route_table_id")).await?;
        let wanted = Some(of(key, "subnet_id"));
        Ok(table.is_some_and(|t| t.associations().iter().any(|a| a.subnet_id() == wanted)))
    }

    async fn has_access_policy(&self, key: &Key) -> Result<bool, CloudError> {
        let (cluster, principal) = (of(key, "cluster_name"), of(key, "principal_arn"));
        let path = ["clusters", cluster, "access-entries", principal, "access-policies"];
        let list = "associatedAccessPolicies";
        match self.eks_list("the access policies", &path, &[], list).await {
            Ok(found) => {
                Ok(found.iter().any(|policy| policy["policyArn"] == of(key, "policy_arn")))
            }
            Err(CloudError::Failed { code, .. }) if code == "ResourceNotFoundException" => {
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    async fn pool_client(&self, key: &Key) -> Result<Option<String>, CloudError> {
        let what = "the clients of the user pool";
        let mut input = json!({ "UserPoolId": of(key, "user_pool_id"), "MaxResults": 60 });
        loop {
            let outcome = self.api.json(COGNITO, what, "ListUserPoolClients", &input).await;
            let absent = ["ResourceNotFoundException"];
            let Some(answer) = self.found(what, outcome, &absent)? else { return Ok(None) };
            let clients = answer["UserPoolClients"].as_array().into_iter().flatten();
            let mut named = clients.filter(|client| client["ClientName"] == of(key, "name"));
            if let Some(id) = named.find_map(|client| client["ClientId"].as_str()) {
                return Ok(Some(id.to_owned()));
            }
            match answer["NextToken"].as_str() {
                Some(next) if !next.is_empty() => input["NextToken"] = next.into(),
                _ => return Ok(None),
            }
        }
    }

    /// Settings of a bucket are read by a parameter of their own; one that was never set is no
    /// object yet.
    async fn has_setting(&self, kind: &str, bucket: &str) -> Result<bool, CloudError> {
        let (parameter, mark) = match kind {
            "aws_s3_bucket_lifecycle_configuration" => ("lifecycle", "Rule"),
            "aws_s3_bucket_logging" => ("logging", "LoggingEnabled"),
            "aws_s3_bucket_ownership_controls" => ("ownershipControls", "Rule"),
            "aws_s3_bucket_policy" => ("policy", "Statement"),
            "aws_s3_bucket_public_access_block" => ("publicAccessBlock", "BlockPublicAcls"),
            "aws_s3_bucket_server_side_encryption_configuration" => ("encryption", "Rule"),
            "aws_s3_bucket_versioning" => ("versioning", "Status"),
            _ => {
                let what = "whether an object of this type is there";
                return Err(CloudError::NotOffered { what });
            }
        };
        let what = "a setting of a bucket";
        let query = [(parameter, "")];
        match self.api.get(S3, what, Method::GET, &[bucket], &query).await {
            Ok(answer) => Ok(String::from_utf8_lossy(&answer.body).contains(mark)),
            Err(Wrong::Said(said)) if said.status == 404 => Ok(false),
            Err(wrong) => Err(self.wrong(what, wrong)),
        }
    }
}
