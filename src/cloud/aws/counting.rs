//! Quotas, and how much of each is used.

use std::collections::BTreeSet;

use aws_sdk_servicequotas::Client;
use aws_sdk_servicequotas::types::ServiceQuota;
use serde_json::json;

use super::api::{EKS, ELB, IAM, KMS, RDS, S3};
use super::failure::{of_sdk, said};
use super::network::SdkClient;
use super::settings::Settings;
use super::xml::Node;
use super::{Aws, ec2};
use crate::cloud::{CloudError, Countable, Family, Quota, QuotaSource};

pub(super) fn client(
    settings: &Settings,
    client: SdkClient,
    keys: impl aws_credential_types::provider::ProvideCredentials + 'static,
) -> Client {
    let mut config = aws_sdk_servicequotas::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(settings.region.clone()))
        .http_client(client)
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .identity_cache(aws_sdk_servicequotas::config::IdentityCache::no_cache())
        .retry_config(super::retries())
        .timeout_config(super::timeouts(settings))
        .credentials_provider(keys);
    if let Some(url) = settings.endpoint("SERVICE_QUOTAS") {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}

const NO_QUOTA: &str = "NoSuchResourceException";

impl Aws {
    pub(super) async fn quota_of(
        &self,
        service: &str,
        code: &str,
    ) -> Result<Option<Quota>, CloudError> {
        let what = format!("the quota {service}/{code}");
        let renewal = self.api.keys.renewal();
        let applied = self.quotas.get_service_quota().service_code(service).quota_code(code);
        let (found, source) = match applied.send().await {
            Ok(answer) => (answer.quota, QuotaSource::Applied),
            Err(error) if said(&error).is_some_and(|said| said.code == NO_QUOTA) => {
                let usual = self.quotas.get_aws_default_service_quota();
                match usual.service_code(service).quota_code(code).send().await {
                    Ok(answer) => (answer.quota, QuotaSource::Default),
                    Err(error) if said(&error).is_some_and(|said| said.code == NO_QUOTA) => {
                        return Ok(None);
                    }
                    Err(error) => return Err(of_sdk(&what, renewal, error)),
                }
            }
            Err(error) => return Err(of_sdk(&what, renewal, error)),
        };
        let found: ServiceQuota = found.ok_or_else(|| Self::lacks(&what, "quota"))?;
        Ok(Some(Quota {
            service: service.to_owned(),
            code: code.to_owned(),
            name: found.quota_name.unwrap_or_default(),
            value: found.value.ok_or_else(|| Self::lacks(&what, "value"))?,
            source,
            adjustable: found.adjustable,
        }))
    }

    pub(super) async fn number_of(&self, what: Countable) -> Result<u64, CloudError> {
        let words = what.words();
        match what {
            Countable::Addresses => {
                let answer = self.ec2.describe_addresses().send().await;
                let answer = answer.map_err(|error| self.of_ec2(words, error))?;
                // Addresses that the customer brought are counted against another quota.
                let of_amazon = |address: &&aws_sdk_ec2::types::Address| {
                    address.public_ipv4_pool().is_none_or(|pool| pool == "amazon")
                };
                Ok(answer.addresses().iter().filter(of_amazon).count() as u64)
            }
            Countable::InternetGateways => {
                let pages = self.ec2.describe_internet_gateways().into_paginator().items().send();
                let found: Result<Vec<_>, _> = pages.collect().await;
                Ok(found.map_err(|error| self.of_ec2(words, error))?.len() as u64)
            }
            Countable::ApplicationLoadBalancers => self.balancers(words, "application").await,
            Countable::NetworkLoadBalancers => self.balancers(words, "network").await,
            Countable::Clusters => Ok(self.cluster_names().await?.len() as u64),
            Countable::Databases => {
                let path = "DescribeDBInstancesResult";
                let found = self.pages(RDS, words, "DescribeDBInstances", path, "DBInstances", &[]);
                Ok(found.await?.len() as u64)
            }
            Countable::Keys => self.keys_of_customer(words).await,
            Countable::Buckets => Ok(self.bucket_names().await?.len() as u64),
            Countable::Roles => {
                let answer = self.api.query(IAM, words, "GetAccountSummary", &[]).await;
                let answer = answer.map_err(|wrong| self.wrong(words, wrong))?;
                let entries = answer.list("GetAccountSummaryResult/SummaryMap");
                let roles = entries.iter().find(|entry| entry.text("key") == Some("Roles"));
                let value = roles.and_then(|entry| entry.text("value")?.parse().ok());
                value.ok_or_else(|| Self::lacks(words, "Roles"))
            }
            Countable::Vcpus(family) => self.vcpus(words, family).await,
        }
    }

    async fn balancers(&self, what: &str, kind: &str) -> Result<u64, CloudError> {
        let path = "DescribeLoadBalancersResult";
        let found = self.pages(ELB, what, "DescribeLoadBalancers", path, "LoadBalancers", &[]);
        let found = found.await?;
        Ok(found.iter().filter(|balancer| balancer.text("Type") == Some(kind)).count() as u64)
    }

    /// All pages of a call of the query protocol that goes by markers.
    pub(super) async fn pages(
        &self,
        service: super::api::Service,
        what: &str,
        action: &str,
        result: &str,
        list: &str,
        params: &[(String, String)],
    ) -> Result<Vec<Node>, CloudError> {
        let mut all = Vec::new();
        let mut marker: Option<String> = None;
        loop {
            let mut params = params.to_vec();
            params.extend(marker.take().map(|marker| ("Marker".to_owned(), marker)));
            let answer = self.api.query(service, what, action, &params).await;
            let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
            let page = answer.at(result).ok_or_else(|| Self::lacks(what, result))?;
            all.extend(page.list(list).iter().cloned());
            let next = page.text("NextMarker").or_else(|| page.text("Marker"));
            // IAM says so, also of a page without entries; others only have a marker.
            let is_cut = page.text("IsTruncated").map(|said| said == "true");
            match next {
                Some(next) if is_cut.unwrap_or(!page.list(list).is_empty()) => {
                    marker = Some(next.to_owned());
                }
                _ => return Ok(all),
            }
        }
    }

    pub(super) async fn cluster_names(&self) -> Result<Vec<String>, CloudError> {
        let what = "the clusters";
        let list = self.eks_list(what, &["clusters"], &[], "clusters").await?;
        let name = |value: serde_json::Value| value.as_str().map(str::to_owned);
        Ok(list.into_iter().filter_map(name).collect())
    }

    pub(super) async fn bucket_names(&self) -> Result<BTreeSet<String>, CloudError> {
        let what = "the buckets";
        let answer = self.api.rest_xml(S3, what, &[""], &[]).await;
        let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
        let buckets = answer.at("Buckets").ok_or_else(|| Self::lacks(what, "Buckets"))?;
        let buckets = buckets.list("").iter();
        Ok(buckets.filter_map(|bucket| Some(bucket.text("Name")?.to_owned())).collect())
    }

    /// Keys that no service of AWS made for itself: those have an alias of AWS.
    async fn keys_of_customer(&self, what: &str) -> Result<u64, CloudError> {
        let keys = self.kms_list(what, "ListKeys", "Keys").await?;
        let aliases = self.kms_list(what, "ListAliases", "Aliases").await?;
        let of_aws: BTreeSet<&str> = aliases
            .iter()
            .filter(|a| a["AliasName"].as_str().is_some_and(|name| name.starts_with("alias/aws/")))
            .filter_map(|alias| alias["TargetKeyId"].as_str())
            .collect();
        let own =
            |key: &&serde_json::Value| key["KeyId"].as_str().is_some_and(|id| !of_aws.contains(id));
        Ok(keys.iter().filter(own).count() as u64)
    }

    /// All pages of a list of KMS.
    pub(super) async fn kms_list(
        &self,
        what: &str,
        action: &str,
        list: &str,
    ) -> Result<Vec<serde_json::Value>, CloudError> {
        let mut all = Vec::new();
        let mut input = json!({});
        loop {
            let answer = self.api.json(KMS, what, action, &input).await;
            let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
            let page = answer[list].as_array().ok_or_else(|| Self::lacks(what, list))?;
            all.extend(page.iter().cloned());
            match answer["NextMarker"].as_str() {
                Some(next) if answer["Truncated"] == true => input = json!({ "Marker": next }),
                _ => return Ok(all),
            }
        }
    }

    /// All that is counted against the quota of a family: running instances outside of Capacity
    /// Blocks and of the Spot market, and what this account has reserved, used or not.
    async fn vcpus(&self, what: &str, family: Family) -> Result<u64, CloudError> {
        let running = self.ec2.describe_instances();
        let running = running.filters(ec2::one("instance-state-name", "running"));
        let pages = running.into_paginator().items().send();
        let found: Result<Vec<_>, _> = pages.collect().await;
        let found = found.map_err(|error| self.of_ec2(what, error))?;
        let mut sum = 0;
        for instance in found.iter().flat_map(aws_sdk_ec2::types::Reservation::instances) {
            let name = instance.instance_type().map_or("", |t| t.as_str());
            let is_counted = Family::of(name) == Some(family)
                && instance.instance_lifecycle().is_none()
                && instance.capacity_reservation_id().is_none();
            if is_counted && let Some(cpu) = instance.cpu_options() {
                let cores = u64::try_from(cpu.core_count().unwrap_or(0)).unwrap_or(0);
                let threads = u64::try_from(cpu.threads_per_core().unwrap_or(1)).unwrap_or(1);
                sum += cores * threads;
            }
        }
        let account = self.caller_at_sts().await?.account;
        let mut reservations = self.ec2_reservations().await?;
        reservations.retain(|r| {
            let is_own = r.owner.is_empty() || r.owner == account;
            !r.block && is_own && Family::of(&r.instance_type) == Some(family)
        });
        let types: BTreeSet<String> =
            reservations.iter().map(|r| r.instance_type.clone()).collect();
        let types: Vec<String> = types.into_iter().collect();
        let facts = self.ec2_instance_types(&types).await?;
        for reservation in &reservations {
            let fact = facts.iter().find(|fact| fact.name == reservation.instance_type);
            sum += fact.map_or(0, |fact| u64::from(fact.vcpus)) * u64::from(reservation.total);
        }
        Ok(sum)
    }

    /// All pages of a list of EKS.
    pub(super) async fn eks_list(
        &self,
        what: &str,
        path: &[&str],
        query: &[(&str, &str)],
        list: &str,
    ) -> Result<Vec<serde_json::Value>, CloudError> {
        let mut all = Vec::new();
        let mut token: Option<String> = None;
        loop {
            let mut query = query.to_vec();
            if let Some(token) = &token {
                query.push(("nextToken", token));
            }
            let answer = self.api.rest(EKS, what, path, &query).await;
            let answer = answer.map_err(|wrong| self.wrong(what, wrong))?;
            let page = answer[list].as_array().ok_or_else(|| Self::lacks(what, list))?;
            all.extend(page.iter().cloned());
            match answer["nextToken"].as_str() {
                Some(next) if !next.is_empty() => token = Some(next.to_owned()),
                _ => return Ok(all),
            }
        }
    }
}
