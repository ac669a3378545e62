//! Kubernetes: the version and how it is supported, its add-ons, the instance types of its nodes.

use futures::future::try_join_all;
use jiff::civil::Date;

use super::super::finding::{Finding, Verdict, not_needed, waits};
use super::super::{Check, Context, Subject};
use crate::cloud::{AddonVersion, Cloud, ClusterVersion, Support};
use crate::plan::demand::Kubernetes;

/// The version.
pub(super) const VERSION: Check = Check {
    id: "kubernetes-version",
    sentence: "EKS has the Kubernetes version and still supports it at the ordinary price",
    subject: Subject::Kubernetes,
    ask: |context| {
        Box::pin(async {
            let demand = &context.demand.kubernetes;
            let version = demand.version.known().map_err(waits)?;
            let known = context.account.ask("the Kubernetes versions", Cloud::cluster_versions);
            let today = context.host.today();
            Ok(judge_version(demand, version, &known.await?, today))
        })
    },
};

/// The add-ons.
pub(super) const ADDONS: Check = Check {
    id: "kubernetes-addons",
    sentence: "every managed add-on has a version for this Kubernetes",
    subject: Subject::Kubernetes,
    ask: |context| Box::pin(addons(context)),
};

/// The instance types.
pub(super) const INSTANCE_TYPES: Check = Check {
    id: "instance-types",
    sentence: "the region has the instance types of all nodes",
    subject: Subject::Kubernetes,
    ask: |context| {
        Box::pin(async {
            let region = context.demand.region.known().map_err(waits)?;
            let known = context.account.instance_types(&context.demand).await?;
            let nodes = context.demand.nodes.iter().map(|nodes| nodes.instance_type.as_str());
            let gpu = context.demand.gpu.iter().map(|gpu| gpu.instance_type.as_str());
            let wanted: Vec<&str> = nodes.chain(gpu).collect();
            let has = |kind: &str| known.iter().any(|one| one.name == kind);
            Ok(judge_types(&wanted, has, region))
        })
    },
};

fn judge_version(
    demand: &Kubernetes,
    version: &str,
    known: &[ClusterVersion],
    today: Date,
) -> Finding {
    let key = demand.version.key;
    let standard = known.iter().filter(|one| one.support_on(today) == Support::Standard);
    let standard: Vec<&str> = standard.map(|one| one.version.as_str()).collect();
    let mend = format!("answer `{key}` with one of {}", standard.join(", "));
    let Some(found) = known.iter().find(|one| one.version == version) else {
        return Finding::fail(format!("EKS has no Kubernetes {version}"))
            .because("the cluster is made with this version")
            .mend(mend);
    };
    match (found.support_on(today), found.end_of_standard) {
        (Support::Standard, Some(end))
            if today.until(end).is_ok_and(|left| left.get_days() < 60) =>
        {
            Finding::warn(format!("standard support of Kubernetes {version} ends on {end}"))
                .because("from then on the control plane costs six times as much, or is upgraded")
                .mend(mend)
        }
        (Support::Standard, end) => {
            let until = end.map(|end| format!(" until {end}")).unwrap_or_default();
            Finding::pass(format!("Kubernetes {version} is in standard support{until}"))
        }
        (Support::Extended, _) if !demand.extended_support => {
            Finding::fail(format!("Kubernetes {version} is in extended support"))
                .because("a cluster that accepts standard support only is refused")
                .mend(mend)
        }
        (Support::Extended, _) => {
            Finding::warn(format!("Kubernetes {version} is in extended support"))
                .because("the control plane costs six times as much")
                .mend(mend)
        }
        (Support::Ended, _) => {
            Finding::fail(format!("EKS does not offer Kubernetes {version} any more"))
                .because("the cluster is made with this version")
                .mend(mend)
        }
    }
}

async fn addons(context: &Context) -> Verdict {
    let demand = &context.demand.kubernetes;
    let version = demand.version.known().map_err(waits)?;
    if demand.addons.is_empty() {
        return not_needed("no managed add-on is installed");
    }
    let account = &context.account;
    let asked = demand.addons.iter().map(|addon| async move {
        let versions = account
            .ask("the versions of an add-on", |cloud| cloud.addon_versions(addon, version))
            .await?;
        Ok::<_, super::super::Unable>((*addon, versions))
    });
    Ok(judge_addons(version, &try_join_all(asked).await?))
}

fn judge_addons(kubernetes: &str, found: &[(&str, Vec<AddonVersion>)]) -> Finding {
    let missing: Vec<&str> =
        found.iter().filter(|(_, versions)| versions.is_empty()).map(|(addon, _)| *addon).collect();
    if !missing.is_empty() {
        return Finding::fail(format!(
            "EKS has no version of {} for Kubernetes {kubernetes}",
            missing.join(", ")
        ))
        .because("without it the first pass fails after the cluster was made")
        .mend("answer with another Kubernetes version");
    }
    let picked = found.iter().map(|(addon, versions)| {
        let version = versions.iter().find(|version| version.is_default).or(versions.first());
        format!("{addon} {}", version.map_or("", |version| version.version.as_str()))
    });
    Finding::pass(picked.collect::<Vec<_>>().join(", "))
}

fn judge_types(wanted: &[&str], has: impl Fn(&str) -> bool, region: &str) -> Finding {
    let missing: Vec<&str> = wanted.iter().copied().filter(|kind| !has(kind)).collect();
    if missing.is_empty() {
        return Finding::pass(format!("{region} has {}", wanted.join(", ")));
    }
    Finding::fail(format!("{region} has no {}", missing.join(", ")))
        .because("nodes of a type that is not there never start")
        .mend("answer with another instance type or another region")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::demand::Answered;
    use crate::run::event::Outcome;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn a_version_is_judged_by_its_support_on_the_day() {
        let known = [ClusterVersion {
            version: "1.34".into(),
            is_default: false,
            support: Support::Standard,
            end_of_standard: Some(date("2026-12-02")),
            end_of_extended: Some(date("2027-12-02")),
        }];
        let demand = |extended_support| Kubernetes {
            version: Answered::new("k", None),
            extended_support,
            addons: &[],
        };
        let outcome = |version, extended, day| {
            judge_version(&demand(extended), version, &known, date(day)).outcome
        };
        assert_eq!(outcome("1.34", true, "2026-06-01"), Outcome::Pass);
        assert_eq!(outcome("1.34", true, "2026-11-21"), Outcome::Warn);
        assert_eq!(outcome("1.34", true, "2027-01-01"), Outcome::Warn);
        assert_eq!(outcome("1.34", false, "2027-01-01"), Outcome::Fail);
        assert_eq!(outcome("1.34", true, "2028-01-01"), Outcome::Fail);
        assert_eq!(outcome("1.99", true, "2026-06-01"), Outcome::Fail);
    }

    #[test]
    fn an_add_on_without_a_version_is_named() {
        let version = AddonVersion { version: "v1".into(), is_default: true };
        let good = judge_addons("1.35", &[("vpc-cni", vec![version.clone()])]);
        assert_eq!((good.outcome, good.found.as_str()), (Outcome::Pass, "vpc-cni v1"));
        let bad = judge_addons("1.35", &[("vpc-cni", vec![version]), ("coredns", Vec::new())]);
        assert_eq!(bad.found, "EKS has no version of coredns for Kubernetes 1.35");
    }

    #[test]
    fn a_type_that_the_region_has_not_is_named() {
        let judged = judge_types(&["m5.4xlarge", "p5e.48xlarge"], |kind| kind == "m5.4xlarge", "r");
        assert_eq!(
            (judged.outcome, judged.found.as_str()),
            (Outcome::Fail, "r has no p5e.48xlarge")
        );
    }
}
