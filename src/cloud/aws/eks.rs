//! EKS and RDS: clusters, their parts, versions; database instances.

use jiff::civil::Date;
use serde_json::Value;

use super::Aws;
use super::api::{EKS, RDS};
use crate::cloud::{
    Addon, AddonVersion, CloudError, Cluster, ClusterVersion, Database, NodeGroup, Support,
};

const ABSENT: &[&str] = &["ResourceNotFoundException", "NotFound"];

pub(super) fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_default().to_owned()
}

impl Aws {
    /// What EKS says at a path, under a key; `None` where there is nothing.
    pub(super) async fn eks_object(
        &self,
        what: &str,
        path: &[&str],
        key: &str,
    ) -> Result<Option<Value>, CloudError> {
        let outcome = self.api.rest(EKS, what, path, &[]).await;
        let Some(mut answer) = self.found(what, outcome, ABSENT)? else { return Ok(None) };
        match answer[key].take() {
            object @ Value::Object(_) => Ok(Some(object)),
            _ => Err(Self::lacks(what, key)),
        }
    }

    pub(super) async fn eks_cluster(&self, name: &str) -> Result<Option<Cluster>, CloudError> {
        let what = format!("the cluster {name}");
        let found = self.eks_object(&what, &["clusters", name], "cluster").await?;
        Ok(found.map(|cluster| Cluster {
            name: text(&cluster, "name"),
            status: text(&cluster, "status"),
            version: text(&cluster, "version"),
        }))
    }

    pub(super) async fn eks_node_groups(
        &self,
        cluster: &str,
    ) -> Result<Vec<NodeGroup>, CloudError> {
        let what = format!("the node groups of {cluster}");
        let path = ["clusters", cluster, "node-groups"];
        let names = self.eks_list(&what, &path, &[], "nodegroups").await?;
        let mut groups = Vec::new();
        for name in names.iter().filter_map(Value::as_str) {
            let path = ["clusters", cluster, "node-groups", name];
            let Some(group) = self.eks_object(&what, &path, "nodegroup").await? else { continue };
            let issues = group["health"]["issues"].as_array();
            let issue =
                |issue: &Value| format!("{}: {}", text(issue, "code"), text(issue, "message"));
            groups.push(NodeGroup {
                name: text(&group, "nodegroupName"),
                status: text(&group, "status"),
                desired: group["scalingConfig"]["desiredSize"]
                    .as_u64()
                    .and_then(|size| u32::try_from(size).ok())
                    .unwrap_or(0),
                issues: issues.into_iter().flatten().map(issue).collect(),
            });
        }
        Ok(groups)
    }

    pub(super) async fn eks_addons(&self, cluster: &str) -> Result<Vec<Addon>, CloudError> {
        let what = format!("the add-ons of {cluster}");
        let names = self.eks_list(&what, &["clusters", cluster, "addons"], &[], "addons").await?;
        let mut addons = Vec::new();
        for name in names.iter().filter_map(Value::as_str) {
            let path = ["clusters", cluster, "addons", name];
            let Some(addon) = self.eks_object(&what, &path, "addon").await? else { continue };
            addons.push(Addon {
                name: text(&addon, "addonName"),
                status: text(&addon, "status"),
                version: text(&addon, "addonVersion"),
            });
        }
        Ok(addons)
    }

    pub(super) async fn eks_versions(&self) -> Result<Vec<ClusterVersion>, CloudError> {
        let what = "the Kubernetes versions";
        // Without it only those that a new cluster can have are told.
        let all = [("includeAll", "true")];
        let found = self.eks_list(what, &["cluster-versions"], &all, "clusterVersions").await?;
        let mut versions: Vec<_> = found.iter().map(version).collect();
        versions.sort_by_key(|version| std::cmp::Reverse(minor(&version.version)));
        Ok(versions)
    }

    pub(super) async fn eks_addon_versions(
        &self,
        addon: &str,
        kubernetes: &str,
    ) -> Result<Vec<AddonVersion>, CloudError> {
        let what = format!("the versions of {addon}");
        let query = [("addonName", addon), ("kubernetesVersion", kubernetes)];
        let found =
            self.eks_list(&what, &["addons", "supported-versions"], &query, "addons").await?;
        let versions = found.iter().filter(|info| text(info, "addonName") == addon);
        let versions =
            versions.flat_map(|info| info["addonVersions"].as_array().into_iter().flatten());
        let version = |info: &Value| {
            let goes = info["compatibilities"].as_array()?;
            let goes = goes.iter().find(|c| text(c, "clusterVersion") == kubernetes)?;
            let is_default = goes["defaultVersion"] == true;
            Some(AddonVersion { version: text(info, "addonVersion"), is_default })
        };
        Ok(versions.filter_map(version).collect())
    }

    pub(super) async fn rds_database(
        &self,
        identifier: &str,
    ) -> Result<Option<Database>, CloudError> {
        let what = format!("the database {identifier}");
        let params = [("DBInstanceIdentifier".to_owned(), identifier.to_owned())];
        let outcome = self.api.query(RDS, &what, "DescribeDBInstances", &params).await;
        let absent = ["DBInstanceNotFound", "DBInstanceNotFoundFault"];
        let Some(answer) = self.found(&what, outcome, &absent)? else { return Ok(None) };
        let instances = answer.list("DescribeDBInstancesResult/DBInstances");
        let found = instances.iter().find(|i| i.text("DBInstanceIdentifier") == Some(identifier));
        Ok(found.map(|instance| Database {
            identifier: identifier.to_owned(),
            status: instance.text("DBInstanceStatus").unwrap_or_default().to_owned(),
        }))
    }
}

fn version(found: &Value) -> ClusterVersion {
    let status = found["versionStatus"].as_str().or_else(|| found["status"].as_str());
    ClusterVersion {
        version: text(found, "clusterVersion"),
        is_default: found["defaultVersion"] == true,
        support: match status.unwrap_or_default().to_lowercase().replace('-', "_").as_str() {
            "standard_support" => Support::Standard,
            "extended_support" => Support::Extended,
            _ => Support::Ended,
        },
        end_of_standard: date(&found["endOfStandardSupportDate"]),
        end_of_extended: date(&found["endOfExtendedSupportDate"]),
    }
}

/// A date as seconds since 1970 or as text.
fn date(value: &Value) -> Option<Date> {
    let at = match value {
        Value::Number(seconds) =>
        {
            #[expect(clippy::cast_possible_truncation, reason = "whole seconds are enough")]
            jiff::Timestamp::from_second(seconds.as_f64()? as i64).ok()?
        }
        Value::String(text) => match text.parse() {
            Ok(at) => at,
            Err(_) => return text.get(..10)?.parse().ok(),
        },
        _ => return None,
    };
    Some(at.to_zoned(jiff::tz::TimeZone::UTC).date())
}

/// The parts of `1.35` as numbers.
fn minor(version: &str) -> Vec<u32> {
    version.split('.').filter_map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_are_read_as_seconds_and_as_text() {
        let expected = Some("2026-12-02".parse().unwrap());
        for value in [json!(1_796_169_600), json!("2026-12-02T00:00:00Z"), json!("2026-12-02")] {
            assert_eq!(date(&value), expected, "{value}");
        }
        assert_eq!(date(&json!(null)), None);
    }

    #[test]
    fn versions_are_compared_as_numbers() {
        assert!(minor("1.9") < minor("1.35"));
    }
}
