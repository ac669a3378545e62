//! Objects of a deployment: which there are, and how one stands.

use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::json;

use super::Aws;
use super::api::{IAM, TAGGING};
use super::failure::said;
use super::xml::Node;
use crate::cloud::{ADDRESS_TAG, CloudError, Condition, DEPLOYMENT_TAG, Tagged};

/// So many roles are asked for their tags at a time.
const AT_ONCE: usize = 8;

impl Aws {
    /// Objects with the tag of a deployment, from the index of all services and, because that has
    /// no roles, from IAM.
    pub(super) async fn all_tagged(&self, deployment: &str) -> Result<Vec<Tagged>, CloudError> {
        let what = "the objects of the deployment";
        let mut found = Vec::new();
        let filter = json!([{ "Key": DEPLOYMENT_TAG, "Values": [deployment] }]);
        let mut input = json!({ "TagFilters": filter, "ResourcesPerPage": 100 });
        loop {
            let answer = self.api.json(TAGGING, what, "GetResources", &input).await;
            let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
            let list = answer["ResourceTagMappingList"].as_array();
            let list = list.ok_or_else(|| Self::lacks(what, "ResourceTagMappingList"))?;
            for mapping in list {
                let arn = mapping["ResourceARN"].as_str().unwrap_or_default();
                let tags = mapping["Tags"].as_array().into_iter().flatten();
                let mut address = tags.filter(|tag| tag["Key"] == ADDRESS_TAG);
                let address = address.find_map(|tag| tag["Value"].as_str());
                found.extend(address.and_then(|address| tagged(address, arn)));
            }
            match answer["PaginationToken"].as_str() {
                Some(next) if !next.is_empty() => input["PaginationToken"] = next.into(),
                _ => break,
            }
        }
        found.extend(self.tagged_roles(what, deployment).await?);
        let mut alive = Vec::new();
        for mut object in found {
            // The index remembers what is gone for a while.
            match self.condition_of(&object.kind, &object.import_id).await {
                Ok(Condition::Absent) => continue,
                Ok(condition) => object.is_creating = condition == Condition::Creating,
                Err(CloudError::NotOffered { .. }) => {}
                Err(error) => return Err(error),
            }
            alive.push(object);
        }
        alive.sort_by(|a, b| a.address.cmp(&b.address));
        alive.dedup_by(|a, b| a.address == b.address && a.import_id == b.import_id);
        Ok(alive)
    }

    async fn tagged_roles(&self, what: &str, deployment: &str) -> Result<Vec<Tagged>, CloudError> {
        let roles = self.pages(IAM, what, "ListRoles", "ListRolesResult", "Roles", &[]).await?;
        let names = roles.iter().filter(|role| {
            !role.text("Path").is_some_and(|path| path.starts_with("/aws-service-role/"))
        });
        let names: Vec<String> =
            names.filter_map(|role| Some(role.text("RoleName")?.to_owned())).collect();
        let asked = names.into_iter().map(|name| async move {
            let params = [("RoleName".to_owned(), name.clone())];
            let outcome = self.api.query(IAM, what, "ListRoleTags", &params).await;
            let answer = self.found(what, outcome, &["NoSuchEntity"])?;
            let tags = answer.as_ref().map_or(&[][..], |a| a.list("ListRoleTagsResult/Tags"));
            let tag = |key: &str| {
                let tag = tags.iter().find(|tag: &&Node| tag.text("Key") == Some(key))?;
                tag.text("Value")
            };
            let is_ours = tag(DEPLOYMENT_TAG) == Some(deployment);
            let address = tag(ADDRESS_TAG).filter(|_| is_ours);
            let role = address.map(|address| Tagged {
                kind: "aws_iam_role".into(),
                address: address.to_owned(),
                import_id: name,
                is_creating: false,
            });
            Ok::<_, CloudError>(role)
        });
        let found: Vec<Option<Tagged>> =
            futures::stream::iter(asked).buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// How an object stands; types whose standing is nowhere told are not offered.
    pub(super) async fn condition_of(&self, kind: &str, id: &str) -> Result<Condition, CloudError> {
        let by_status =
            |status: Option<String>| status.map_or(Condition::Absent, |s| condition(&s));
        let part = || id.split_once(':').unwrap_or((id, ""));
        match kind {
            "aws_eks_cluster" => {
                let cluster = self.eks_cluster(id).await?;
                Ok(by_status(cluster.map(|cluster| cluster.status)))
            }
            "aws_eks_node_group" => {
                let (cluster, name) = part();
                let path = ["clusters", cluster, "node-groups", name];
                let group = self.eks_object("the node group", &path, "nodegroup").await?;
                Ok(by_status(group.map(|group| super::eks::text(&group, "status"))))
            }
            "aws_eks_addon" => {
                let (cluster, name) = part();
                let path = ["clusters", cluster, "addons", name];
                let addon = self.eks_object("the add-on", &path, "addon").await?;
                Ok(by_status(addon.map(|addon| super::eks::text(&addon, "status"))))
            }
            "aws_db_instance" => {
                let database = self.rds_database(id).await?;
                Ok(by_status(database.map(|database| database.status)))
            }
            "aws_nat_gateway" => self.nat_gateway(id).await,
            _ => Err(CloudError::NotOffered { what: "how an object of this type stands" }),
        }
    }

    async fn nat_gateway(&self, id: &str) -> Result<Condition, CloudError> {
        let asked = self.ec2.describe_nat_gateways().nat_gateway_ids(id).send().await;
        match asked {
            Ok(answer) => {
                let state = answer.nat_gateways().first().and_then(|gateway| gateway.state());
                Ok(state.map_or(Condition::Absent, |state| condition(state.as_str())))
            }
            Err(error) if said(&error).is_some_and(|s| s.code.contains("NotFound")) => {
                Ok(Condition::Absent)
            }
            Err(error) => Err(self.of_ec2("the NAT gateway", error)),
        }
    }
}

/// The words of EKS, RDS and EC2 for how something stands.
fn condition(status: &str) -> Condition {
    match status.to_lowercase().replace('_', "-").as_str() {
        "active"
        | "available"
        | "updating"
        | "modifying"
        | "backing-up"
        | "upgrading"
        | "configuring-enhanced-monitoring"
        | "configuring-log-exports"
        | "configuring-iam-database-auth"
        | "storage-optimization"
        | "maintenance"
        | "rebooting"
        | "renaming" => Condition::Healthy,
        "creating" | "pending" => Condition::Creating,
        "deleted" | "deleting" => Condition::Absent,
        _ => Condition::Broken,
    }
}

/// An object by its address tag and its ARN; `None` for a type that is not taken in by its ARN's
/// parts.
fn tagged(address: &str, arn: &str) -> Option<Tagged> {
    let kind = kind_of(address)?;
    let import_id = import_id(kind, arn)?;
    let (kind, address) = (kind.to_owned(), address.to_owned());
    Some(Tagged { kind, address, import_id, is_creating: false })
}

/// The resource type in an address as a tag holds it: `module.nodes.aws_eks_node_group.gpu/0`.
fn kind_of(address: &str) -> Option<&str> {
    address.split('.').find(|part| part.starts_with("aws_"))
}

/// The id by which Terraform takes in an object, as the documentation of the provider
/// `hashicorp/aws` gives it for each type.
fn import_id(kind: &str, arn: &str) -> Option<String> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let last = || resource.rsplit('/').next().unwrap_or(resource).to_owned();
    Some(match kind {
        // By the ARN itself.
        "aws_acm_certificate"
        | "aws_iam_policy"
        | "aws_iam_openid_connect_provider"
        | "aws_lb"
        | "aws_lb_target_group"
        | "aws_lb_listener"
        | "aws_secretsmanager_secret"
        | "aws_sns_topic" => arn.to_owned(),
        "aws_cloudwatch_log_group" => {
            resource.strip_prefix("log-group:")?.trim_end_matches(":*").to_owned()
        }
        "aws_db_instance" | "aws_db_subnet_group" | "aws_db_parameter_group" => {
            resource.rsplit(':').next()?.to_owned()
        }
        "aws_s3_bucket" => resource.to_owned(),
        "aws_ecr_repository" => resource.strip_prefix("repository/")?.to_owned(),
        // `nodegroup/CLUSTER/NAME/UUID`, `addon/CLUSTER/NAME/UUID`
        "aws_eks_node_group" | "aws_eks_addon" => {
            let mut parts = resource.split('/').skip(1);
            format!("{}:{}", parts.next()?, parts.next()?)
        }
        // `access-entry/CLUSTER/role/ACCOUNT/NAME/UUID`
        "aws_eks_access_entry" => {
            let mut parts = resource.split('/').skip(1);
            let (cluster, sort, account) = (parts.next()?, parts.next()?, parts.next()?);
            let partition = arn.split(':').nth(1)?;
            let rest: Vec<&str> = parts.collect();
            let name = rest.get(..rest.len().checked_sub(1)?)?.join("/");
            format!("{cluster}:arn:{partition}:iam::{account}:{sort}/{name}")
        }
        "aws_security_group_rule" | "aws_route" => return None,
        _ => last(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_those_by_which_terraform_takes_objects_in() {
        for (address, arn, kind, id) in [
            ("module.network.aws_vpc.this", "arn:aws:ec2:r:1:vpc/vpc-1", "aws_vpc", "vpc-1"),
            (
                "module.nodes.aws_eks_node_group.gpu/0",
                "arn:aws:eks:r:1:nodegroup/acme/acme-gpu/0a-b",
                "aws_eks_node_group",
                "acme:acme-gpu",
            ),
            ("aws_eks_cluster.this", "arn:aws:eks:r:1:cluster/acme", "aws_eks_cluster", "acme"),
            (
                "aws_eks_access_entry.installer",
                "arn:aws:eks:r:1:access-entry/acme/role/1/Installer/0a-b",
                "aws_eks_access_entry",
                "acme:arn:aws:iam::1:role/Installer",
            ),
            (
                "aws_cloudwatch_log_group.c",
                "arn:aws:logs:r:1:log-group:/aws/eks/acme/cluster",
                "aws_cloudwatch_log_group",
                "/aws/eks/acme/cluster",
            ),
            ("aws_db_instance.d", "arn:aws:rds:r:1:db:acme", "aws_db_instance", "acme"),
            ("aws_s3_bucket.d", "arn:aws:s3:::acme-data", "aws_s3_bucket", "acme-data"),
            (
                "aws_ecr_repository.r/a",
                "arn:aws:ecr:r:1:repository/acme/api",
                "aws_ecr_repository",
                "acme/api",
            ),
        ] {
            let object = tagged(address, arn).unwrap();
            assert_eq!((object.kind.as_str(), object.import_id.as_str()), (kind, id), "{arn}");
        }
    }

    #[test]
    fn words_of_every_service_are_understood() {
        for (word, expected) in [
            ("ACTIVE", Condition::Healthy),
            ("backing-up", Condition::Healthy),
            ("CREATING", Condition::Creating),
            ("pending", Condition::Creating),
            ("CREATE_FAILED", Condition::Broken),
            ("storage-full", Condition::Broken),
            ("deleted", Condition::Absent),
        ] {
            assert_eq!(condition(word), expected, "{word}");
        }
    }
}
