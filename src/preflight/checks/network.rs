//! Addresses: ranges, zones, and who reaches the Kubernetes API.

use std::net::Ipv4Addr;

use ipnet::IpNet;

use super::super::finding::{Finding, Verdict, not_needed, waits};
use super::super::{Check, Context, Subject};
use crate::answers::value::Cidr;
use crate::cloud::{DEPLOYMENT_TAG, Vpc, Zone};
use crate::plan::demand::Endpoint;

/// Zone ids that cannot host a control plane of EKS (Amazon EKS user guide, network requirements).
pub(in crate::preflight) const CANNOT_HOST_EKS: &[&str] = &["use1-az3", "usw1-az2", "cac1-az3"];
/// The range of the Docker bridge on nodes (Amazon EKS user guide, troubleshooting).
const DOCKER_BRIDGE: &str = "172.17.0.0/16";

/// The range of the VPC.
pub(super) const VPC_RANGE: Check = Check {
    id: "vpc-range",
    sentence: "the range of the VPC has room for all subnets and is free for private use",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let network = &context.demand.network;
            let range = *network.vpc.known().map_err(waits)?;
            Ok(judge_range(range, network.longest_prefix, network.vpc.key))
        })
    },
};

/// Other VPCs.
pub(super) const VPC_OVERLAP: Check = Check {
    id: "vpc-overlap",
    sentence: "the range of the VPC overlaps no other VPC of the region",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let network = &context.demand.network;
            let range = *network.vpc.known().map_err(waits)?;
            let deployment = context.demand.deployment.known().map_err(waits)?;
            let vpcs = context.account.vpcs().await?;
            Ok(judge_overlap(range, network.vpc.key, deployment, vpcs))
        })
    },
};

/// The range of services.
pub(super) const SERVICE_RANGE: Check = Check {
    id: "service-range",
    sentence: "the range of Kubernetes services is private and overlaps the VPC nowhere",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let network = &context.demand.network;
            let vpc = *network.vpc.known().map_err(waits)?;
            let services = *network.services.known().map_err(waits)?;
            Ok(judge_services(services, vpc, network.services.key))
        })
    },
};

/// The zones.
pub(super) const ZONES: Check = Check {
    id: "zones",
    sentence: "the zones exist, are available and can host EKS",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            context.demand.region.known().map_err(waits)?;
            let network = &context.demand.network;
            let zones = context.account.zones().await?;
            Ok(judge_zones(&network.zones, network.zone_count, network.zones_key, zones))
        })
    },
};

/// This host and the allowlist.
pub(super) const ALLOWLIST: Check = Check {
    id: "endpoint-allowlist",
    sentence: "this host reaches the Kubernetes API by the address that the internet sees of it",
    subject: Subject::Network,
    ask: |context| Box::pin(allowlist(context)),
};

/// The open endpoint.
pub(super) const OPEN_ENDPOINT: Check = Check {
    id: "endpoint-open",
    sentence: "the Kubernetes API is open to the whole internet only on purpose",
    subject: Subject::Network,
    ask: |context| {
        Box::pin(async {
            let endpoint = &context.demand.endpoint;
            if !endpoint.public {
                return not_needed("there is no public endpoint");
            }
            Ok(judge_open(endpoint))
        })
    },
};

fn judge_range(range: Cidr, longest: u8, key: &str) -> Finding {
    let bridge: Cidr = DOCKER_BRIDGE.parse().expect("this is a range");
    let fail =
        |found: String, why: &str, mend: String| Finding::fail(found).because(why).mend(mend);
    if range.prefix_len() > longest {
        return fail(
            format!("{range} is too small"),
            "three tiers of subnets in up to three zones are cut from it",
            format!("answer `{key}` with a range of length /16 to /{longest}"),
        );
    }
    if range.prefix_len() < 16 {
        return fail(
            format!("{range} is too large"),
            "AWS gives a VPC no more than a /16",
            format!("answer `{key}` with a range of length /16 to /{longest}"),
        );
    }
    if range.overlaps(bridge) {
        return fail(
            format!("{range} overlaps {bridge}, the range of the Docker bridge on nodes"),
            "pods could not reach what has an address in both",
            format!("answer `{key}` with another range"),
        );
    }
    if !range.is_private() {
        return Finding::warn(format!("{range} is not a private range"))
            .because("hosts of the internet with these addresses cannot be reached from inside")
            .mend(format!(
                "answer `{key}` with a range of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16"
            ));
    }
    Finding::pass(format!("{range} has room for all subnets"))
}

fn judge_overlap(range: Cidr, key: &str, deployment: &str, vpcs: &[Vpc]) -> Finding {
    let is_other = |vpc: &&Vpc| vpc.tags.get(DEPLOYMENT_TAG).is_none_or(|tag| tag != deployment);
    let overlaps = |net: &IpNet| {
        let IpNet::V4(_) = net else { return false };
        net.to_string().parse::<Cidr>().is_ok_and(|other| other.overlaps(range))
    };
    let in_the_way = vpcs.iter().filter(is_other).filter_map(|vpc| {
        let other = vpc.cidrs.iter().find(|net| overlaps(net))?;
        let name = vpc.name.as_ref().map(|name| format!(" \"{name}\"")).unwrap_or_default();
        Some(format!("{}{name} ({other})", vpc.id))
    });
    let in_the_way: Vec<String> = in_the_way.collect();
    if in_the_way.is_empty() {
        return Finding::pass(format!("{range} overlaps none of {} VPCs", vpcs.len()));
    }
    Finding::warn(format!("{range} overlaps {}", in_the_way.join(", ")))
        .because("the two can never be connected, by peering or by a transit gateway")
        .mend(format!("answer `{key}` with a free range, unless they stay apart for ever"))
}

fn judge_services(services: Cidr, vpc: Cidr, key: &str) -> Finding {
    let fail = |found: String| {
        Finding::fail(found)
            .because("EKS refuses the cluster, or pods cannot reach what has the same address")
            .mend(format!("answer `{key}` with 172.20.0.0/16 or 10.100.0.0/16"))
    };
    if services.overlaps(vpc) {
        fail(format!("{services} overlaps the VPC, {vpc}"))
    } else if !services.is_private() {
        fail(format!("{services} is not a private range"))
    } else if !(12..=24).contains(&services.prefix_len()) {
        fail(format!("{services} is not of length /12 to /24"))
    } else {
        Finding::pass(format!("{services} overlaps nothing of {vpc}"))
    }
}

fn judge_zones(named: &[String], count: usize, key: &str, zones: &[Zone]) -> Finding {
    let is_good =
        |zone: &&Zone| zone.state == "available" && !CANNOT_HOST_EKS.contains(&zone.id.as_str());
    let good: Vec<&str> = zones.iter().filter(is_good).map(|zone| zone.name.as_str()).collect();
    let why = "the control plane of EKS has an address in each zone of the network";
    let mend = format!("answer `{key}` with some of {}", good.join(", "));
    if named.is_empty() {
        let finding = format!("{} zones can host EKS: {}", good.len(), good.join(", "));
        return if good.len() < count {
            Finding::fail(finding).because(format!("{count} are needed")).mend("another region")
        } else {
            Finding::pass(finding)
        };
    }
    let reason = |name: &String| match zones.iter().find(|zone| zone.name == *name) {
        None => Some(format!("{name} is no zone of this region for this account")),
        Some(zone) if CANNOT_HOST_EKS.contains(&zone.id.as_str()) => {
            Some(format!("{name} ({}) cannot host EKS", zone.id))
        }
        Some(zone) if zone.state != "available" => {
            Some(format!("{name} ({}): AWS says {}", zone.id, zone.state))
        }
        Some(_) => None,
    };
    let bad: Vec<String> = named.iter().filter_map(reason).collect();
    if bad.is_empty() {
        return Finding::pass(format!("{} can host EKS", named.join(", ")));
    }
    Finding::fail(bad.join("; ")).because(why).mend(mend)
}

async fn allowlist(context: &Context) -> Verdict {
    let endpoint = &context.demand.endpoint;
    if !endpoint.public {
        return Ok(Finding::warn("the Kubernetes API has no public endpoint")
            .because("Helm runs from this host, which has to be inside the VPC or connected to it")
            .mend(format!("answer `{}` with true, or run springboard inside", endpoint.open_key)));
    }
    if endpoint.allowlist.is_empty() {
        return Err(waits(endpoint.key));
    }
    match context.reach.egress().await {
        Ok(address) => Ok(judge_allowlist(endpoint, address)),
        Err(error) => Ok(Finding::unknown(format!(
            "which address the internet sees of this host is not known: {error}"
        ))),
    }
}

fn judge_allowlist(endpoint: &Endpoint, address: Ipv4Addr) -> Finding {
    let covering = endpoint.allowlist.iter().find(|range| range.contains(address));
    match covering {
        Some(range) => Finding::pass(format!("this host is {address}, which {range} covers")),
        None => Finding::fail(format!("this host is {address}, which is not on the allowlist"))
            .because("Helm runs from here and would get no answer from the Kubernetes API")
            .mend(format!("add \"{address}/32\" to `{}`", endpoint.key)),
    }
}

fn judge_open(endpoint: &Endpoint) -> Finding {
    let is_open = endpoint.allowlist.iter().any(|range| range.is_everything());
    match (is_open, endpoint.open_on_purpose) {
        (false, _) => Finding::pass("the allowlist leaves most of the internet out"),
        (true, true) => Finding::warn("the whole internet reaches the Kubernetes API, on purpose")
            .because("only the login then stands between it and the cluster")
            .mend(format!("name the ranges that need it in `{}`", endpoint.key)),
        (true, false) => Finding::fail("the allowlist has 0.0.0.0/0")
            .because("the whole internet would reach the Kubernetes API")
            .mend(format!(
                "name the ranges that need it in `{}`, or answer `{}` with true",
                endpoint.key, endpoint.open_key
            )),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::run::event::Outcome;

    fn range(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_has_to_have_room_and_be_free() {
        for (text, outcome) in [
            ("10.40.0.0/16", Outcome::Pass),
            ("10.40.0.0/22", Outcome::Pass),
            ("10.40.0.0/25", Outcome::Fail),
            ("10.0.0.0/8", Outcome::Fail),
            ("172.17.0.0/16", Outcome::Fail),
            ("100.64.0.0/16", Outcome::Warn),
        ] {
            assert_eq!(judge_range(range(text), 22, "k").outcome, outcome, "{text}");
        }
    }

    #[test]
    fn an_overlap_with_another_vpc_is_warned_of_and_one_with_its_own_is_none() {
        let vpc = |tag: Option<&str>| Vpc {
            id: "vpc-1".into(),
            name: Some("legacy".into()),
            cidrs: vec!["10.40.0.0/16".parse().unwrap()],
            is_default: false,
            tags: tag.map(|tag| (DEPLOYMENT_TAG.to_owned(), tag.to_owned())).into_iter().collect(),
        };
        let judged = |vpc| judge_overlap(range("10.40.0.0/16"), "k", "acme", &[vpc]);
        let other = judged(vpc(None));
        assert_eq!(other.found, "10.40.0.0/16 overlaps vpc-1 \"legacy\" (10.40.0.0/16)");
        assert_eq!(other.outcome, Outcome::Warn);
        assert_eq!(judged(vpc(Some("acme"))).outcome, Outcome::Pass);
        let apart = Vpc {
            cidrs: vec!["10.50.0.0/16".parse().unwrap()],
            tags: BTreeMap::new(),
            ..vpc(None)
        };
        assert_eq!(judged(apart).outcome, Outcome::Pass);
    }

    #[test]
    fn services_have_a_range_of_their_own() {
        let outcome =
            |services: &str| judge_services(range(services), range("10.40.0.0/16"), "k").outcome;
        assert_eq!(outcome("172.20.0.0/16"), Outcome::Pass);
        assert_eq!(outcome("10.40.128.0/20"), Outcome::Fail);
        assert_eq!(outcome("8.8.0.0/16"), Outcome::Fail);
        assert_eq!(outcome("192.168.1.0/25"), Outcome::Fail);
    }

    #[test]
    fn zones_that_cannot_host_eks_are_named_with_the_reason() {
        let zone = |name: &str, id: &str, state: &str| Zone {
            name: name.into(),
            id: id.into(),
            state: state.into(),
        };
        let zones = [
            zone("us-east-1a", "use1-az1", "available"),
            zone("us-east-1b", "use1-az2", "impaired"),
            zone("us-east-1e", "use1-az3", "available"),
        ];
        let judged = |names: &[&str], count| {
            let named: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            judge_zones(&named, count, "k", &zones)
        };
        assert_eq!(judged(&["us-east-1a"], 2).outcome, Outcome::Pass);
        assert_eq!(judged(&["us-east-1e"], 2).found, "us-east-1e (use1-az3) cannot host EKS");
        assert!(judged(&["us-east-1b"], 2).found.ends_with("AWS says impaired"));
        assert_eq!(judged(&["us-east-1z"], 2).outcome, Outcome::Fail);
        assert_eq!(judged(&[], 1).outcome, Outcome::Pass);
        assert_eq!(judged(&[], 2).outcome, Outcome::Fail);
    }

    #[test]
    fn this_host_has_to_be_on_the_allowlist() {
        let endpoint = Endpoint {
            public: true,
            key: "list",
            allowlist: vec![range("8.8.4.0/24")],
            open_on_purpose: false,
            open_key: "open",
        };
        let judged = |last| judge_allowlist(&endpoint, Ipv4Addr::new(8, 8, last, 4));
        assert_eq!(judged(4).outcome, Outcome::Pass);
        assert_eq!(judged(5).remedy.unwrap(), "add \"8.8.5.4/32\" to `list`");
        assert_eq!(judge_open(&endpoint).outcome, Outcome::Pass);
        let open = Endpoint { allowlist: vec![range("0.0.0.0/0")], ..endpoint };
        assert_eq!(judge_open(&open).outcome, Outcome::Fail);
        assert_eq!(judge_open(&Endpoint { open_on_purpose: true, ..open }).outcome, Outcome::Warn);
    }
}
