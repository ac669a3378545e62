//! Whether names are free.

use http::Method;
use serde_json::json;

use super::Aws;
use super::api::{COGNITO, ECR, IAM, LOGS, RDS, S3, SECRETS};
use super::failure::said;
use super::hosting::time;
use crate::cloud::{CloudError, NameKind, Taken};

fn own(found: bool) -> Taken {
    if found { Taken::Own } else { Taken::Free }
}

impl Aws {
    pub(super) async fn name_taken(&self, kind: NameKind, name: &str) -> Result<Taken, CloudError> {
        let what = format!("the {} {name}", kind.words());
        let what = what.as_str();
        match kind {
            NameKind::Role => self.iam_has(what, "GetRole", "RoleName", name).await,
            NameKind::InstanceProfile => {
                self.iam_has(what, "GetInstanceProfile", "InstanceProfileName", name).await
            }
            NameKind::Policy => {
                let caller = self.caller_at_sts().await?;
                let (partition, account) = (caller.partition(), &caller.account);
                let arn = format!("arn:{partition}:iam::{account}:policy/{name}");
                self.iam_has(what, "GetPolicy", "PolicyArn", &arn).await
            }
            NameKind::LogGroup => self.log_group(what, name).await,
            NameKind::KeyAlias => {
                let aliases = self.kms_list(what, "ListAliases", "Aliases").await?;
                Ok(own(aliases.iter().any(|alias| alias["AliasName"] == name)))
            }
            NameKind::Secret => self.secret(what, name).await,
            NameKind::Bucket => self.bucket(what, name).await,
            NameKind::Repository => {
                let input = json!({ "repositoryNames": [name] });
                let outcome = self.api.json(ECR, what, "DescribeRepositories", &input).await;
                let found = self.found(what, outcome, &["RepositoryNotFoundException"])?;
                Ok(own(found.is_some()))
            }
            NameKind::DatabaseSubnetGroup => {
                let absent = ["DBSubnetGroupNotFoundFault", "DBSubnetGroupNotFound"];
                let action = "DescribeDBSubnetGroups";
                self.rds_has(what, action, "DBSubnetGroupName", name, &absent).await
            }
            NameKind::DatabaseParameterGroup => {
                let absent = ["DBParameterGroupNotFound", "DBParameterGroupNotFoundFault"];
                let action = "DescribeDBParameterGroups";
                self.rds_has(what, action, "DBParameterGroupName", name, &absent).await
            }
            NameKind::Database => Ok(own(self.rds_database(name).await?.is_some())),
            NameKind::Cluster => Ok(own(self.eks_cluster(name).await?.is_some())),
            NameKind::LaunchTemplate => self.launch_template(what, name).await,
            NameKind::UserPoolDomain => {
                let input = json!({ "Domain": name });
                let answer = self.api.json(COGNITO, what, "DescribeUserPoolDomain", &input).await;
                let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
                // Of one that is not ours nothing is told, not even that it is there.
                Ok(own(answer["DomainDescription"]["Domain"].is_string()))
            }
        }
    }

    async fn iam_has(
        &self,
        what: &str,
        action: &str,
        param: &str,
        name: &str,
    ) -> Result<Taken, CloudError> {
        let params = [(param.to_owned(), name.to_owned())];
        let outcome = self.api.query(IAM, what, action, &params).await;
        Ok(own(self.found(what, outcome, &["NoSuchEntity"])?.is_some()))
    }

    async fn rds_has(
        &self,
        what: &str,
        action: &str,
        param: &str,
        name: &str,
        absent: &[&str],
    ) -> Result<Taken, CloudError> {
        let params = [(param.to_owned(), name.to_owned())];
        let outcome = self.api.query(RDS, what, action, &params).await;
        let found = self.found(what, outcome, absent)?;
        let named = found.as_ref().and_then(|answer| answer.find(param));
        Ok(own(named.is_some_and(|node| node.own_text() == name)))
    }

    async fn log_group(&self, what: &str, name: &str) -> Result<Taken, CloudError> {
        let mut input = json!({ "logGroupNamePrefix": name });
        loop {
            let answer = self.api.json(LOGS, what, "DescribeLogGroups", &input).await;
            let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
            let groups = answer["logGroups"].as_array();
            let groups = groups.ok_or_else(|| Self::lacks(what, "logGroups"))?;
            if groups.iter().any(|group| group["logGroupName"] == name) {
                return Ok(Taken::Own);
            }
            match answer["nextToken"].as_str() {
                Some(next) if !next.is_empty() => input["nextToken"] = next.into(),
                _ => return Ok(Taken::Free),
            }
        }
    }

    async fn secret(&self, what: &str, name: &str) -> Result<Taken, CloudError> {
        let input = json!({ "SecretId": name });
        let outcome = self.api.json(SECRETS, what, "DescribeSecret", &input).await;
        let Some(answer) = self.found(what, outcome, &["ResourceNotFoundException"])? else {
            return Ok(Taken::Free);
        };
        match &answer["DeletedDate"] {
            serde_json::Value::Null => Ok(Taken::Own),
            at => Ok(Taken::PendingDeletion { until: time(at) }),
        }
    }

    /// A bucket of ours is in our list; one that is not, and that somebody answers for, is not ours.
    /// Without the list a refusal may be for one of our own, or for a name that is free.
    async fn bucket(&self, what: &str, name: &str) -> Result<Taken, CloudError> {
        let refused = match self.bucket_names().await {
            Ok(names) if names.contains(name) => return Ok(Taken::Own),
            Ok(_) => None,
            Err(refused @ CloudError::Refused { .. }) => Some(refused),
            Err(error) => return Err(error),
        };
        match self.api.get(S3, what, Method::HEAD, &[name], &[]).await {
            Ok(_) => Ok(Taken::Foreign),
            Err(super::Wrong::Said(said)) if said.status == 404 => Ok(Taken::Free),
            Err(super::Wrong::Said(said)) if matches!(said.status, 301 | 307 | 400 | 403) => {
                refused.map_or(Ok(Taken::Foreign), Err)
            }
            Err(wrong) => Err(self.wrong(what, wrong)),
        }
    }

    async fn launch_template(&self, what: &str, name: &str) -> Result<Taken, CloudError> {
        let asked = self.ec2.describe_launch_templates().launch_template_names(name);
        match asked.send().await {
            Ok(answer) => Ok(own(!answer.launch_templates().is_empty())),
            Err(error) => match said(&error) {
                Some(said) if said.code.starts_with("InvalidLaunchTemplateName.NotFound") => {
                    Ok(Taken::Free)
                }
                _ => Err(self.of_ec2(what, error)),
            },
        }
    }
}
