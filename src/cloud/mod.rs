//! AWS in our words: the trait [`Cloud`], asked by gates, checks and the live choices of the wizard.
//!
//! The words ([`words`]) are ours so that nothing above knows an SDK. One implementation asks AWS
//! (`aws`), one the simulated world (`rehearsal::account`). With what AWS is asked comes from a
//! [`CredentialSource`].

#[cfg(feature = "aws")]
pub mod aws;
pub mod credentials;
mod error;
mod natural;
pub mod sign;
mod words;

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

pub use credentials::{CredentialError, CredentialSource, Patient, Renewal, Served};
pub use error::CloudError;
pub use natural::NaturalKey;
pub use words::*;

/// What can be asked of an account in one region. Every call reads; none changes anything.
///
/// Every answer is complete: whoever implements it follows the pages to the end. An object that is
/// not there is an answer (`None`, [`Taken::Free`], an empty list), not an error. A method with a
/// body is one that an account made up for a test may leave out.
#[async_trait]
pub trait Cloud: Debug + Send + Sync {
    /// Who asks.
    async fn caller(&self) -> Result<Caller, CloudError>;
    /// The availability zones of the region, in order of their names; no local zones.
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

    /// Where a service is, as `AWS_ENDPOINT_URL_…` spells it, if that is not where it always is.
    fn endpoint(&self, _service: &str) -> Option<Url> {
        None
    }
    /// The same account for a while in which nothing changes in it, as one that puts no question
    /// twice. `None` where questions lead to no others.
    fn remembering(&self) -> Option<Arc<dyn Cloud>> {
        None
    }
    /// The time at AWS.
    async fn clock(&self) -> Result<Timestamp, CloudError> {
        not_offered("the time")
    }
    /// All regions, in order of their names.
    async fn regions(&self) -> Result<Vec<Region>, CloudError> {
        not_offered("the regions")
    }
    /// The zones of the region that offer each of these instance types, in order.
    async fn offerings(&self, _instance_types: &[String]) -> Result<Vec<Offering>, CloudError> {
        not_offered("the offerings")
    }
    /// Those of these instance types that the region has at all.
    async fn instance_types(&self, _names: &[String]) -> Result<Vec<InstanceType>, CloudError> {
        not_offered("the instance types")
    }
    /// All capacity reservations and Capacity Blocks of the region that have not ended.
    async fn reservations(&self) -> Result<Vec<Reservation>, CloudError> {
        not_offered("the reservations")
    }
    /// Capacity Blocks that could be bought, the earliest first.
    async fn block_offers(&self, _wanted: &BlockQuery) -> Result<Vec<BlockOffer>, CloudError> {
        not_offered("the Capacity Blocks on offer")
    }
    /// A quota: what the account has, else what everybody has; `None` when there is none of that
    /// code.
    async fn quota(&self, _service: &str, _code: &str) -> Result<Option<Quota>, CloudError> {
        not_offered("a quota")
    }
    /// How many there are of something that a quota limits.
    async fn count(&self, _what: Countable) -> Result<u64, CloudError> {
        not_offered("a number")
    }
    /// The VPCs of the region.
    async fn vpcs(&self) -> Result<Vec<Vpc>, CloudError> {
        not_offered("the VPCs")
    }
    /// The NAT gateways of the region that count against its quota.
    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CloudError> {
        not_offered("the NAT gateways")
    }
    /// Whether actions would be allowed, one verdict an action and resource.
    async fn simulate(&self, _question: &Simulation) -> Result<Vec<Verdict>, CloudError> {
        not_offered("the permissions")
    }
    /// Whether EC2 would carry out a call.
    async fn dry_run(&self, _call: &DryRun) -> Result<DryRunOutcome, CloudError> {
        not_offered("a dry run")
    }
    /// A role; `None` when there is none of that name.
    async fn role(&self, _name: &str) -> Result<Option<Role>, CloudError> {
        not_offered("a role")
    }
    /// A managed policy, ours or of AWS; `None` when there is none of that ARN.
    async fn policy(&self, _arn: &str) -> Result<Option<Policy>, CloudError> {
        not_offered("a policy")
    }
    /// The managed policies of the account itself; those of AWS are not among them.
    async fn policies(&self) -> Result<Vec<ListedPolicy>, CloudError> {
        not_offered("the policies")
    }
    /// Whether a name is free.
    async fn taken(&self, _kind: NameKind, _name: &str) -> Result<Taken, CloudError> {
        not_offered("a name")
    }
    /// The certificates of the region, those that were never issued included.
    async fn certificates(&self) -> Result<Vec<Certificate>, CloudError> {
        not_offered("the certificates")
    }
    /// The hosted zones of the account.
    async fn hosted_zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        not_offered("the hosted zones")
    }
    /// The Kubernetes versions that EKS knows, newest first.
    async fn cluster_versions(&self) -> Result<Vec<ClusterVersion>, CloudError> {
        not_offered("the Kubernetes versions")
    }
    /// The versions of a managed add-on for a Kubernetes version, newest first; none for an add-on
    /// that there is not.
    async fn addon_versions(
        &self,
        _addon: &str,
        _kubernetes: &str,
    ) -> Result<Vec<AddonVersion>, CloudError> {
        not_offered("the versions of an add-on")
    }
    /// A parameter of Systems Manager, for example the newest node image of EKS; `None` when there
    /// is none of that name.
    async fn parameter(&self, _name: &str) -> Result<Option<String>, CloudError> {
        not_offered("a parameter")
    }
}

fn not_offered<T>(what: &'static str) -> Result<T, CloudError> {
    Err(CloudError::NotOffered { what })
}

/// The tag that names the deployment of an object.
pub const DEPLOYMENT_TAG: &str = "springboard:deployment";
/// The tag that holds the Terraform address of an object, in the form that AWS allows.
pub const ADDRESS_TAG: &str = "springboard:address";
