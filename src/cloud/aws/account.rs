//! The trait [`Cloud`], word by word; what each does is in the file of its subject.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use url::Url;

use super::Aws;
use crate::cloud::{
    Addon, AddonVersion, BlockOffer, BlockQuery, Caller, Certificate, Cloud, CloudError, Cluster,
    ClusterVersion, Condition, Countable, Database, DryRun, DryRunOutcome, HostedZone,
    InstanceType, ListedPolicy, NameKind, NatGateway, NodeGroup, Offering, Policy, Quota, Region,
    Reservation, Role, Simulation, Tagged, Taken, Untagged, Verdict, Vpc, Zone,
};

#[async_trait]
impl Cloud for Aws {
    fn endpoint(&self, service: &str) -> Option<Url> {
        self.api.settings.endpoint(service)
    }

    fn remembering(&self) -> Option<Arc<dyn Cloud>> {
        Some(Arc::new(self.with_memo()))
    }

    async fn caller(&self) -> Result<Caller, CloudError> {
        self.caller_at_sts().await
    }

    async fn zones(&self) -> Result<Vec<Zone>, CloudError> {
        self.ec2_zones().await
    }

    async fn reservation(&self, id: &str) -> Result<Option<Reservation>, CloudError> {
        self.ec2_reservation(id).await
    }

    async fn cluster(&self, name: &str) -> Result<Option<Cluster>, CloudError> {
        self.eks_cluster(name).await
    }

    async fn node_groups(&self, cluster: &str) -> Result<Vec<NodeGroup>, CloudError> {
        self.eks_node_groups(cluster).await
    }

    async fn addons(&self, cluster: &str) -> Result<Vec<Addon>, CloudError> {
        self.eks_addons(cluster).await
    }

    async fn database(&self, identifier: &str) -> Result<Option<Database>, CloudError> {
        self.rds_database(identifier).await
    }

    async fn condition(&self, kind: &str, id: &str) -> Result<Condition, CloudError> {
        self.condition_of(kind, id).await
    }

    async fn tagged(&self, deployment: &str) -> Result<Vec<Tagged>, CloudError> {
        self.all_tagged(deployment).await
    }

    async fn untagged(
        &self,
        kind: &str,
        key: &BTreeMap<String, String>,
    ) -> Result<Option<Untagged>, CloudError> {
        self.without_tags(kind, key).await
    }

    async fn clock(&self) -> Result<Timestamp, CloudError> {
        self.time_at_sts().await
    }

    async fn regions(&self) -> Result<Vec<Region>, CloudError> {
        self.ec2_regions().await
    }

    async fn offerings(&self, instance_types: &[String]) -> Result<Vec<Offering>, CloudError> {
        self.ec2_offerings(instance_types).await
    }

    async fn instance_types(&self, names: &[String]) -> Result<Vec<InstanceType>, CloudError> {
        self.ec2_instance_types(names).await
    }

    async fn reservations(&self) -> Result<Vec<Reservation>, CloudError> {
        self.ec2_reservations().await
    }

    async fn block_offers(&self, wanted: &BlockQuery) -> Result<Vec<BlockOffer>, CloudError> {
        self.ec2_block_offers(wanted).await
    }

    async fn quota(&self, service: &str, code: &str) -> Result<Option<Quota>, CloudError> {
        self.quota_of(service, code).await
    }

    async fn count(&self, what: Countable) -> Result<u64, CloudError> {
        self.number_of(what).await
    }

    async fn vpcs(&self) -> Result<Vec<Vpc>, CloudError> {
        self.ec2_vpcs().await
    }

    async fn nat_gateways(&self) -> Result<Vec<NatGateway>, CloudError> {
        self.ec2_nat_gateways().await
    }

    async fn simulate(&self, question: &Simulation) -> Result<Vec<Verdict>, CloudError> {
        self.simulated(question).await
    }

    async fn dry_run(&self, call: &DryRun) -> Result<DryRunOutcome, CloudError> {
        self.ec2_dry_run(call).await
    }

    async fn role(&self, name: &str) -> Result<Option<Role>, CloudError> {
        self.role_of(name).await
    }

    async fn policy(&self, arn: &str) -> Result<Option<Policy>, CloudError> {
        self.policy_of(arn).await
    }

    async fn policies(&self) -> Result<Vec<ListedPolicy>, CloudError> {
        self.own_policies().await
    }

    async fn taken(&self, kind: NameKind, name: &str) -> Result<Taken, CloudError> {
        self.name_taken(kind, name).await
    }

    async fn certificates(&self) -> Result<Vec<Certificate>, CloudError> {
        self.acm_certificates().await
    }

    async fn hosted_zones(&self) -> Result<Vec<HostedZone>, CloudError> {
        self.route53_zones().await
    }

    async fn cluster_versions(&self) -> Result<Vec<ClusterVersion>, CloudError> {
        self.eks_versions().await
    }

    async fn addon_versions(
        &self,
        addon: &str,
        kubernetes: &str,
    ) -> Result<Vec<AddonVersion>, CloudError> {
        self.eks_addon_versions(addon, kubernetes).await
    }

    async fn parameter(&self, name: &str) -> Result<Option<String>, CloudError> {
        self.ssm_parameter(name).await
    }
}
