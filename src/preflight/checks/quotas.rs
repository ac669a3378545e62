//! Quotas: what this plan takes, minus what of it exists already, against what is left.

use std::collections::BTreeMap;

use super::super::finding::{Finding, Unable, Verdict, not_needed, waits};
use super::super::{Check, Context, Subject};
use crate::cloud::{Cloud, Countable, Family, QuotaSource};
use crate::plan::demand::{Capacity, Limit};

macro_rules! quota {
    ($name:ident, $id:literal, $limit:expr, $countable:expr, $what:literal) => {
        #[doc = concat!("Enough ", $what, ".")]
        pub(super) const $name: Check = Check {
            id: $id,
            sentence: concat!("the quota leaves room for the ", $what, " of this plan"),
            subject: Subject::Quotas,
            ask: |context| {
                Box::pin(async {
                    let asked = needed(context, $limit).await?;
                    let countable = $countable;
                    let used =
                        context.account.ask("a number", |cloud| cloud.count(countable)).await?;
                    held(context, asked, used).await
                })
            },
        };
    };
}

quota!(
    ADDRESSES,
    "quota-elastic-ip",
    Limit::Addresses,
    Countable::Addresses,
    "Elastic IP addresses"
);
quota!(
    INTERNET_GATEWAYS,
    "quota-internet-gateway",
    Limit::InternetGateways,
    Countable::InternetGateways,
    "internet gateways"
);
quota!(
    LOAD_BALANCERS,
    "quota-load-balancer",
    Limit::LoadBalancers,
    Countable::ApplicationLoadBalancers,
    "load balancers"
);
quota!(CLUSTERS, "quota-eks-cluster", Limit::Clusters, Countable::Clusters, "EKS clusters");
quota!(DATABASES, "quota-database", Limit::Databases, Countable::Databases, "databases");
quota!(KEYS, "quota-kms-key", Limit::Keys, Countable::Keys, "KMS keys");
quota!(BUCKETS, "quota-bucket", Limit::Buckets, Countable::Buckets, "buckets");
quota!(ROLES, "quota-role", Limit::Roles, Countable::Roles, "roles");

/// Enough VPCs.
pub(super) const VPCS: Check = Check {
    id: "quota-vpc",
    sentence: "the quota leaves room for the VPC of this plan",
    subject: Subject::Quotas,
    ask: |context| {
        Box::pin(async {
            let asked = needed(context, Limit::Vpcs).await?;
            let used = context.account.vpcs().await?.len() as u64;
            held(context, asked, used).await
        })
    },
};

/// Enough NAT gateways in each zone.
pub(super) const NAT_GATEWAYS: Check = Check {
    id: "quota-nat-gateway",
    sentence: "the quota leaves room for a NAT gateway in each zone of this plan",
    subject: Subject::Quotas,
    ask: |context| Box::pin(nat_gateways(context)),
};

/// Enough vCPUs of GPU instances.
pub(super) const P_VCPUS: Check = Check {
    id: "quota-gpu-vcpu",
    sentence: "the quota leaves room for the GPU nodes, unless they run in capacity set aside",
    subject: Subject::Quotas,
    ask: |context| Box::pin(gpu_vcpus(context)),
};

/// Enough vCPUs of other instances.
pub(super) const STANDARD_VCPUS: Check = Check {
    id: "quota-standard-vcpu",
    sentence: "the quota leaves room for the nodes without GPUs",
    subject: Subject::Quotas,
    ask: |context| Box::pin(standard_vcpus(context)),
};

/// What is needed of one quota.
#[derive(Debug, Clone)]
struct Needed {
    limit: Limit,
    amount: u64,
    why: String,
    instead: Option<&'static str>,
}

/// What is needed beside what of it exists already.
async fn needed(context: &Context, limit: Limit) -> Result<Needed, Unable> {
    context.demand.deployment.known().map_err(waits)?;
    context.demand.region.known().map_err(waits)?;
    let Some(quota) = context.demand.of(limit) else {
        return not_needed(format!("this plan makes no {}", limit.what()));
    };
    let made = match limit.kind() {
        Some(kind) => {
            let made = context.account.made(&context.demand).await;
            // Not known: as much is asked for as a first run takes.
            made.map_or(0, |made| made.iter().filter(|one| one.kind == kind).count() as u64)
        }
        None => 0,
    };
    let amount = u64::from(quota.amount).saturating_sub(made);
    Ok(Needed { limit, amount, why: quota.why.clone(), instead: quota.instead })
}

async fn held(context: &Context, needed: Needed, used: u64) -> Verdict {
    let (service, code) = (needed.limit.service(), needed.limit.code());
    if needed.amount == 0 {
        return Ok(Finding::pass("all of it exists already"));
    }
    let quota = context.account.ask("a quota", |cloud| cloud.quota(service, code)).await?;
    let Some(quota) = quota else {
        return Ok(Finding::unknown(format!("AWS does not tell the quota {service} {code}")));
    };
    let region = context.demand.region.known().map_err(waits)?;
    Ok(judge(&Held {
        needed: &needed,
        value: quota.value,
        is_default: quota.source == QuotaSource::Default,
        used,
        region,
    }))
}

struct Held<'a> {
    needed: &'a Needed,
    value: f64,
    is_default: bool,
    used: u64,
    region: &'a str,
}

fn judge(held: &Held<'_>) -> Finding {
    let Held { needed: Needed { limit, amount, why, instead }, value, is_default, used, region } =
        held;
    let (service, code, what) = (limit.service(), limit.code(), limit.what());
    let default = if *is_default { ", the default of AWS" } else { "" };
    #[expect(clippy::cast_precision_loss, reason = "quotas are far below 2^52")]
    let (taken, wanted) = (*used as f64, (*used + *amount) as f64);
    let left = (value - taken).max(0.0);
    let found = format!("{what}: {amount} needed, {left} left of {value} ({used} in use{default})");
    if wanted <= *value {
        return Finding::pass(found);
    }
    let mut mend = format!(
        "aws service-quotas request-service-quota-increase --region {region} --service-code \
         {service} --quota-code {code} --desired-value {wanted}"
    );
    if let Some(instead) = instead {
        mend = format!("{mend}; or {instead}");
    }
    Finding::fail(found).because(why.clone()).mend(mend)
}

async fn nat_gateways(context: &Context) -> Verdict {
    let mut asked = needed(context, Limit::NatGateways).await?;
    // One in each zone at most, so that is what each zone has to have room for.
    asked.amount = asked.amount.min(1);
    let gateways = context.account.ask("the NAT gateways", Cloud::nat_gateways).await?;
    let mut by_zone: BTreeMap<&str, u64> = BTreeMap::new();
    for zone in gateways.iter().filter_map(|gateway| gateway.zone_id.as_deref()) {
        *by_zone.entry(zone).or_default() += 1;
    }
    let named = &context.demand.network.zones;
    let zones = context.account.zones().await?;
    let meant = zones.iter().filter(|zone| named.is_empty() || named.contains(&zone.name));
    let fullest = meant.map(|zone| by_zone.get(zone.id.as_str()).copied().unwrap_or(0));
    // Where no zones are named one is chosen by Terraform, in the order of their names.
    let used = if named.is_empty() {
        fullest.take(context.demand.network.zone_count).max()
    } else {
        fullest.max()
    };
    held(context, asked, used.unwrap_or(0)).await
}

async fn gpu_vcpus(context: &Context) -> Verdict {
    let Some(gpu) = &context.demand.gpu else { return not_needed("no GPU nodes are wanted") };
    if gpu.nodes == 0 {
        return not_needed("no GPU node is wanted for now");
    }
    match (gpu.capacity, &gpu.reservation) {
        (Capacity::Block, _) => {
            return Ok(Finding::pass("a Capacity Block is not counted against the quota"));
        }
        (Capacity::Reservation, Some(id)) => {
            return Ok(Finding::pass(format!(
                "what is launched into {id} is not counted a second time"
            )));
        }
        _ => {}
    }
    if Family::of(&gpu.instance_type) != Some(Family::P) {
        return not_needed(format!("{} has another quota", gpu.instance_type));
    }
    let groups = [(gpu.group.as_str(), gpu.instance_type.as_str(), gpu.nodes)];
    vcpus(context, Limit::PVcpus, Family::P, &groups).await
}

async fn standard_vcpus(context: &Context) -> Verdict {
    let nodes = context.demand.nodes.iter();
    let groups: Vec<(&str, &str, u32)> = nodes
        .filter(|nodes| Family::of(&nodes.instance_type) == Some(Family::Standard))
        .map(|nodes| (nodes.group.as_str(), nodes.instance_type.as_str(), nodes.count))
        .collect();
    if groups.is_empty() {
        return not_needed("no node of these types is wanted");
    }
    vcpus(context, Limit::StandardVcpus, Family::Standard, &groups).await
}

async fn vcpus(
    context: &Context,
    limit: Limit,
    family: Family,
    groups: &[(&str, &str, u32)],
) -> Verdict {
    context.demand.region.known().map_err(waits)?;
    let types = context.account.instance_types(&context.demand).await?;
    let made = context.account.made(&context.demand).await.map_or(&[][..], Vec::as_slice);
    let is_made = |group: &str| {
        made.iter().any(|one| one.kind == "aws_eks_node_group" && one.import_id.ends_with(group))
    };
    let (mut amount, mut why) = (0, Vec::new());
    for (group, kind, count) in groups.iter().filter(|(group, ..)| !is_made(group)) {
        let Some(found) = types.iter().find(|known| known.name == *kind) else {
            return Ok(Finding::unknown(format!("how many vCPUs {kind} has is not known")));
        };
        amount += u64::from(*count) * u64::from(found.vcpus);
        why.push(format!("{group}: {count} {kind} with {} vCPUs each", found.vcpus));
    }
    let used =
        context.account.ask("a number", |cloud| cloud.count(Countable::Vcpus(family))).await?;
    let instead = (limit == Limit::PVcpus)
        .then_some("answer with a capacity reservation, which is not counted a second time");
    held(context, Needed { limit, amount, why: why.join("; "), instead }, used).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::event::Outcome;

    fn judged(amount: u64, value: f64, used: u64) -> Finding {
        let needed = Needed {
            limit: Limit::Addresses,
            amount,
            why: "2 NAT gateways".into(),
            instead: Some("one NAT gateway for all zones"),
        };
        judge(&Held { needed: &needed, value, is_default: true, used, region: "us-west-2" })
    }

    #[test]
    fn what_is_left_is_held_against_what_is_needed() {
        for (amount, value, used, outcome) in [
            (2, 5.0, 0, Outcome::Pass),
            (2, 5.0, 3, Outcome::Pass),
            (2, 5.0, 4, Outcome::Fail),
            (1, 0.0, 0, Outcome::Fail),
            (1, 5.0, 9, Outcome::Fail),
        ] {
            assert_eq!(judged(amount, value, used).outcome, outcome, "{amount} {value} {used}");
        }
    }

    #[test]
    fn a_quota_that_is_too_small_comes_with_the_request_for_more() {
        let finding = judged(2, 5.0, 4);
        let found = "Elastic IP addresses: 2 needed, 1 left of 5 (4 in use, the default of AWS)";
        assert_eq!(finding.found, found);
        let mend = "aws service-quotas request-service-quota-increase --region us-west-2 \
                    --service-code ec2 --quota-code L-0263D0A3 --desired-value 6; or one NAT \
                    gateway for all zones";
        assert_eq!(finding.remedy.unwrap(), mend);
    }
}
