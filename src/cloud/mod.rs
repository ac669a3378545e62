//! AWS in our words: the trait [`Cloud`], asked by gates and checks.
//!
//! The words are ours so that nothing above knows an SDK. One implementation asks the simulated
//! world (`rehearsal::account`). With what AWS is asked comes from a [`CredentialSource`].

pub mod credentials;
mod natural;
pub mod sign;

use std::collections::BTreeMap;
use std::fmt::Debug;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use credentials::{CredentialError, CredentialSource, Patient, Renewal, Served};
pub use natural::NaturalKey;

use crate::error::Hint;

/// What can be asked of an account. Every call reads; none changes anything.
#[async_trait]
pub trait Cloud: Debug + Send + Sync {
    /// Who asks.
    async fn caller(&self) -> Result<Caller, CloudError>;
    /// The availability zones of the region, in order of their names.
    async fn zones(&self) -> Result<Vec<Zone>, CloudError>;
    /// A capacity reservation or Capacity Block; `None` when there is none of that id.
    async fn reservation(&self, id: &str) -> Result<Option<Reservation>, CloudError>;
    /// A Kubernetes cluster; `None` when there is none of that name.
    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, CloudError>;
    /// The node groups of a cluster.
    async fn node_groups(&self, cluster: &str) -> Result<Vec<NodeGroup>, CloudError>;
    /// The add-ons of a cluster.
    async fn addons(&self, cluster: &str) -> Result<Vec<Addon>, CloudError>;
    /// A database instance; `None` when there is none of that identifier.
    async fn database(&self, identifier: &str) -> Result<Option<Database>, CloudError>;
    /// How an object stands that Terraform calls tainted: resource type and id as in the state.
    async fn condition(&self, kind: &str, id: &str) -> Result<Condition, CloudError>;
    /// Every object with the tag of a deployment, those that are still being made included.
    async fn tagged(&self, deployment: &str) -> Result<Vec<Tagged>, CloudError>;
    /// The object of a type without tags that has these values in its [`NaturalKey`]; `None` when
    /// there is none.
    async fn untagged(
        &self,
        kind: &str,
        key: &BTreeMap<String, String>,
    ) -> Result<Option<Untagged>, CloudError>;
}

/// The tag that names the deployment of an object.
pub const DEPLOYMENT_TAG: &str = "springboard:deployment";
/// The tag that holds the Terraform address of an object, in the form that AWS allows.
pub const ADDRESS_TAG: &str = "springboard:address";

/// An object with the tag of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tagged {
    /// Resource type as Terraform calls it.
    pub kind: String,
    /// Its address tag.
    pub address: String,
    /// The id by which Terraform takes it in.
    pub import_id: String,
    /// Whether it is still being made.
    pub is_creating: bool,
}

/// An object that carries no tags.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Untagged {
    /// The id by which Terraform takes it in.
    pub import_id: String,
    /// Whether it is still being made.
    pub is_creating: bool,
}

/// How an object stands in the account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Condition {
    /// It is there and works.
    Healthy,
    /// It is being made.
    Creating,
    /// It is there and does not work.
    Broken,
    /// It is not there.
    Absent,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// Account id, twelve digits.
    pub account: String,
    /// ARN of the principal.
    pub arn: String,
    /// When the credentials end; `None` when they do not.
    pub expires: Option<Timestamp>,
}

impl Caller {
    /// ARN of the role or user behind the caller: that of the role where a session of it asks.
    pub fn principal(&self) -> String {
        let session = self.arn.split_once(":assumed-role/");
        let role = session.and_then(|(head, tail)| {
            let role = tail.split('/').next()?;
            Some(format!("{}:role/{role}", head.replacen(":sts:", ":iam:", 1)))
        });
        role.unwrap_or_else(|| self.arn.clone())
    }
}

/// An availability zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Zone {
    /// Name in this account, for example `us-west-2a`.
    pub name: String,
    /// Id that means the same place in every account, for example `usw2-az1`.
    pub id: String,
}

/// A capacity reservation or Capacity Block.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// `cr-…`
    pub id: String,
    /// Whether it is a Capacity Block.
    pub block: bool,
    /// For example `p5e.48xlarge`.
    pub instance_type: String,
    /// Name of its zone.
    pub zone: String,
    /// Id of its zone.
    pub zone_id: String,
    /// Instances in all.
    pub total: u32,
    /// Instances that are free.
    pub available: u32,
    /// `active`, `scheduled`, `expired`, …
    pub state: String,
    /// When it begins.
    pub start: Option<Timestamp>,
    /// When it ends.
    pub end: Option<Timestamp>,
}

/// A Kubernetes cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Its name.
    pub name: String,
    /// `CREATING`, `ACTIVE`, …
    pub status: String,
    /// Kubernetes version, for example `1.35`.
    pub version: String,
}

/// A node group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeGroup {
    /// Its name.
    pub name: String,
    /// `CREATING`, `ACTIVE`, …
    pub status: String,
    /// How many nodes it wants.
    pub desired: u32,
    /// What AWS says is wrong with it.
    pub issues: Vec<String>,
}

/// A managed add-on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addon {
    /// Its name, for example `vpc-cni`.
    pub name: String,
    /// `CREATING`, `ACTIVE`, …
    pub status: String,
    /// Its version.
    pub version: String,
}

/// A database instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Its identifier.
    pub identifier: String,
    /// `creating`, `available`, …
    pub status: String,
}

/// The account did not answer a question.
#[derive(Debug, thiserror::Error)]
pub enum CloudError {
    /// It could not be reached.
    #[error("could not ask AWS for {what}")]
    Unreachable {
        /// What was asked for.
        what: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It refused.
    #[error("AWS refuses to tell {what}: {message}")]
    Refused {
        /// What was asked for.
        what: String,
        /// Its words.
        message: String,
    },
    /// The credentials that it is asked with have ended.
    #[error("the credentials have ended")]
    Ended {
        /// What the operator does.
        remedy: String,
    },
    /// Nothing is there that could answer, and waiting does not bring it back.
    #[error("{message}")]
    Gone {
        /// What is gone.
        message: String,
        /// What brings it back.
        remedy: String,
    },
}

impl Hint for CloudError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Unreachable { .. } => None,
            Self::Refused { .. } => Some("log in anew, or ask for the permission".into()),
            Self::Ended { remedy } | Self::Gone { remedy, .. } => Some(remedy.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_principal_of_a_session_is_its_role() {
        let caller = |arn: &str| Caller { account: "1".into(), arn: arn.into(), expires: None };
        let session = caller("arn:aws:sts::123456789012:assumed-role/Installer/op");
        assert_eq!(session.principal(), "arn:aws:iam::123456789012:role/Installer");
        let user = caller("arn:aws:iam::123456789012:user/op");
        assert_eq!(user.principal(), user.arn);
    }
}
