//! Names that are to be given, and whether they are free.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What has a name of its own in an account, a region or the world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameKind {
    /// An IAM role.
    Role,
    /// An instance profile.
    InstanceProfile,
    /// A managed policy of the account, by its name.
    Policy,
    /// A log group of CloudWatch.
    LogGroup,
    /// An alias of a KMS key, with `alias/` before it.
    KeyAlias,
    /// A secret of Secrets Manager, by its name.
    Secret,
    /// An S3 bucket; all accounts share the names.
    Bucket,
    /// An ECR repository.
    Repository,
    /// A subnet group of RDS.
    DatabaseSubnetGroup,
    /// A parameter group of RDS.
    DatabaseParameterGroup,
    /// A database instance.
    Database,
    /// An EKS cluster.
    Cluster,
    /// A launch template.
    LaunchTemplate,
    /// A domain prefix of Cognito; all accounts share the names within a region.
    UserPoolDomain,
}

impl NameKind {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Role,
        Self::InstanceProfile,
        Self::Policy,
        Self::LogGroup,
        Self::KeyAlias,
        Self::Secret,
        Self::Bucket,
        Self::Repository,
        Self::DatabaseSubnetGroup,
        Self::DatabaseParameterGroup,
        Self::Database,
        Self::Cluster,
        Self::LaunchTemplate,
        Self::UserPoolDomain,
    ];

    /// The resource type as Terraform calls it, and its attribute that holds the name.
    #[must_use]
    pub fn terraform(self) -> (&'static str, &'static str) {
        match self {
            Self::Role => ("aws_iam_role", "name"),
            Self::InstanceProfile => ("aws_iam_instance_profile", "name"),
            Self::Policy => ("aws_iam_policy", "name"),
            Self::LogGroup => ("aws_cloudwatch_log_group", "name"),
            Self::KeyAlias => ("aws_kms_alias", "name"),
            Self::Secret => ("aws_secretsmanager_secret", "name"),
            Self::Bucket => ("aws_s3_bucket", "bucket"),
            Self::Repository => ("aws_ecr_repository", "name"),
            Self::DatabaseSubnetGroup => ("aws_db_subnet_group", "name"),
            Self::DatabaseParameterGroup => ("aws_db_parameter_group", "name"),
            Self::Database => ("aws_db_instance", "identifier"),
            Self::Cluster => ("aws_eks_cluster", "name"),
            Self::LaunchTemplate => ("aws_launch_template", "name"),
            Self::UserPoolDomain => ("aws_cognito_user_pool_domain", "domain"),
        }
    }

    /// The kind of a resource type, if its names are asked for here.
    #[must_use]
    pub fn of(kind: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.terraform().0 == kind)
    }

    /// As one says it in a sentence.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::InstanceProfile => "instance profile",
            Self::Policy => "policy",
            Self::LogGroup => "log group",
            Self::KeyAlias => "key alias",
            Self::Secret => "secret",
            Self::Bucket => "bucket",
            Self::Repository => "repository",
            Self::DatabaseSubnetGroup => "database subnet group",
            Self::DatabaseParameterGroup => "database parameter group",
            Self::Database => "database",
            Self::Cluster => "cluster",
            Self::LaunchTemplate => "launch template",
            Self::UserPoolDomain => "user pool domain",
        }
    }
}

/// Whether a name is free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// Nobody has it.
    Free,
    /// Something of this account has it.
    Own,
    /// Another account has it, or this one may not look.
    Foreign,
    /// What had it is deleted, but not for good.
    PendingDeletion {
        /// When it will be free again, where that is told.
        until: Option<Timestamp>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_found_by_its_resource_type() {
        for kind in NameKind::ALL {
            assert_eq!(NameKind::of(kind.terraform().0), Some(kind));
        }
        assert_eq!(NameKind::of("aws_vpc"), None);
    }
}
