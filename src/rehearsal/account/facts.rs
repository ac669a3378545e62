//! What the world answers to the questions of a preflight that are not about permissions.

use serde_json::Value;

use super::super::provider::{capacity, existing, places, versions};
use super::super::scenario::Certificate as Written;
use super::super::{World, http};
use super::questions::Question;
use super::{json, objects, permissions, reservation, text};
use crate::cloud::{
    AddonVersion, BlockOffer, BlockQuery, Certificate, CertificateStatus, ClusterVersion,
    Countable, HostedZone, InstanceType, NameKind, NatGateway, Offering, Quota, QuotaSource,
    Region, Support, Taken, Vpc,
};

/// Answers a question, or says in the words of AWS why not.
pub(super) fn answer(world: &World, region: &str, question: &Question) -> Result<Value, String> {
    if let Some(words) = question.action().and_then(|action| http::denial(world, action, "*")) {
        return Err(words);
    }
    let here = Here { world, region };
    Ok(match question {
        Question::Clock => json(&here.clock()),
        Question::Regions => json(&regions()),
        Question::Offerings(types) => json(&here.offerings(types)),
        Question::InstanceTypes(names) => json(&here.instance_types(names)),
        Question::Reservations => json(&here.reservations()),
        Question::BlockOffers(wanted) => json(&here.block_offers(wanted)),
        Question::Quota { service, code } => json(&here.quota(service, code)),
        Question::Count(what) => json(&here.count(*what)),
        Question::Vpcs => json(&here.vpcs()),
        Question::NatGateways => json(&here.nat_gateways()),
        Question::Simulate(asked) => json(&permissions::simulate(world, asked)),
        Question::DryRun(call) => json(&permissions::dry_run(world, region, call)),
        Question::Role(name) => json(&permissions::role(world, name)),
        Question::Policy(arn) => json(&permissions::policy(world, arn)),
        Question::Policies => json(&permissions::policies(world)),
        Question::Taken { kind, name } => json(&here.taken(*kind, name)),
        Question::Certificates => json(&here.certificates()),
        Question::HostedZones => json(&here.hosted_zones()),
        Question::ClusterVersions => json(&here.cluster_versions()),
        Question::AddonVersions { addon, kubernetes } => json(&addon_versions(addon, kubernetes)),
        Question::Parameter(name) => json(&here.parameter(name)),
    })
}

fn regions() -> Vec<Region> {
    let region = |name: &&str| Region { name: (*name).to_owned(), enabled: true };
    places::REGIONS.iter().map(region).collect()
}

fn addon_versions(addon: &str, kubernetes: &str) -> Vec<AddonVersion> {
    if !versions::is_supported(kubernetes) || !versions::ADDONS.contains(&addon) {
        return Vec::new();
    }
    let version = |pick| versions::addon_version(addon, kubernetes, pick);
    let (latest, default) = (version(versions::Pick::Latest), version(versions::Pick::Default));
    let newest = (latest != default).then_some(AddonVersion { version: latest, is_default: false });
    newest.into_iter().chain([AddonVersion { version: default, is_default: true }]).collect()
}

/// The world, seen from a region.
struct Here<'a> {
    world: &'a World,
    region: &'a str,
}

impl Here<'_> {
    fn clock(&self) -> jiff::Timestamp {
        let ahead =
            self.world.scenario.host.clock_behind.map_or(0, super::super::scenario::Span::seconds);
        let now = self.world.now();
        now.saturating_add(jiff::SignedDuration::from_secs(ahead)).unwrap_or(now)
    }

    fn offerings(&self, types: &[String]) -> Vec<Offering> {
        let mut found = Vec::new();
        for instance_type in types.iter().filter(|name| is_a_type(name)) {
            for (_, zone_id) in places::zones(self.region) {
                if self.world.scenario.offers(instance_type, &zone_id) {
                    found.push(Offering { instance_type: instance_type.clone(), zone_id });
                }
            }
        }
        found.sort();
        found
    }

    fn instance_types(&self, names: &[String]) -> Vec<InstanceType> {
        let offered = self.offerings(names);
        let is_here = |name: &&String| offered.iter().any(|o| o.instance_type == **name);
        let fact = |name: &String| {
            let (vcpus, memory_mib, gpus, gpu, _) = capacity::shape(name);
            InstanceType {
                name: name.clone(),
                vcpus: u32::try_from(vcpus).unwrap_or(u32::MAX),
                memory_mib,
                gpus: u32::try_from(gpus).unwrap_or(u32::MAX),
                gpu: (gpus > 0).then(|| gpu.to_owned()),
            }
        };
        names.iter().filter(is_here).map(fact).collect()
    }

    fn reservations(&self) -> Vec<crate::cloud::Reservation> {
        let ids = self.world.scenario.reservations.iter().map(|r| r.id.as_str());
        let found = ids.filter_map(|id| reservation(self.world, self.region, id));
        found.filter(|reservation| reservation.state != "expired").collect()
    }

    /// What nobody has reserved can be bought from tomorrow on, in the first zone that has it.
    fn block_offers(&self, wanted: &BlockQuery) -> Vec<BlockOffer> {
        let offered = self.offerings(std::slice::from_ref(&wanted.instance_type));
        let Some(offering) = offered.first() else { return Vec::new() };
        let day = jiff::SignedDuration::from_hours(24);
        let start = self.world.now().saturating_add(day).ok();
        let lasts = jiff::SignedDuration::from_hours(i64::from(wanted.hours));
        // About the price of one H200 for an hour, in whole dollars, times eight.
        let price = u64::from(wanted.count) * u64::from(wanted.hours) * 32;
        vec![BlockOffer {
            id: format!("cb-0{}", self.world.hex("block-offer", 16)),
            instance_type: wanted.instance_type.clone(),
            zone: places::zone_name(self.region, &offering.zone_id).unwrap_or_default(),
            count: wanted.count,
            hours: wanted.hours,
            start,
            end: start.and_then(|start| start.saturating_add(lasts).ok()),
            price: format!("{price}.0"),
            currency: "USD".into(),
        }]
    }

    fn quota(&self, service: &str, code: &str) -> Option<Quota> {
        let value = self.world.scenario.quota(&format!("{service}/{code}"))?;
        Some(Quota {
            service: service.to_owned(),
            code: code.to_owned(),
            name: String::new(),
            value,
            source: QuotaSource::Applied,
            adjustable: true,
        })
    }

    /// The attributes of all objects of a type in the region, also of those that are being made.
    fn here(&self, kind: &str) -> impl Iterator<Item = Value> {
        let region = self.region.to_owned();
        let is_here = move |object: &Value| {
            let own = text(object, "region");
            own.is_empty() || own == region
        };
        objects(self.world, kind).into_iter().map(|(object, _)| object).filter(is_here)
    }

    fn count(&self, what: Countable) -> u64 {
        let number = |kind: &str| self.here(kind).count() as u64;
        let balancers = |wanted: &str| {
            let is_meant = |lb: &Value| text(lb, "load_balancer_type") == wanted;
            self.here("aws_lb").filter(is_meant).count() as u64
        };
        match what {
            Countable::Addresses => number("aws_eip"),
            Countable::InternetGateways => number("aws_internet_gateway"),
            Countable::ApplicationLoadBalancers => balancers("application"),
            Countable::NetworkLoadBalancers => balancers("network"),
            Countable::Clusters => number("aws_eks_cluster"),
            Countable::Databases => number("aws_db_instance"),
            Countable::Keys => number("aws_kms_key"),
            Countable::Buckets => objects(self.world, "aws_s3_bucket").len() as u64,
            Countable::Roles => number("aws_iam_role"),
            Countable::Vcpus(family) => capacity::vcpus_in_use(self.world, self.region, family),
        }
    }

    fn vpcs(&self) -> Vec<Vpc> {
        let more: Vec<Value> = self.here("aws_vpc_ipv4_cidr_block_association").collect();
        let vpc = |object: Value| {
            let id = text(&object, "id");
            let others = more.iter().filter(|more| text(more, "vpc_id") == id);
            let cidrs = std::iter::once(&object).chain(others);
            let tags = object.get("tags_all").or_else(|| object.get("tags"));
            let tags = tags.and_then(Value::as_object).into_iter().flatten();
            let tags = tags.filter_map(|(k, v)| Some((k.clone(), v.as_str()?.to_owned())));
            let tags: std::collections::BTreeMap<_, _> = tags.collect();
            Vpc {
                cidrs: cidrs.filter_map(|o| text(o, "cidr_block").parse().ok()).collect(),
                name: tags.get("Name").cloned(),
                is_default: false,
                tags,
                id,
            }
        };
        self.here("aws_vpc").map(vpc).collect()
    }

    fn nat_gateways(&self) -> Vec<NatGateway> {
        let subnets: Vec<Value> = self.here("aws_subnet").collect();
        let zone = |nat: &Value| {
            let subnet = subnets.iter().find(|s| text(s, "id") == text(nat, "subnet_id"))?;
            places::zone_id(self.region, &text(subnet, "availability_zone"))
        };
        let gateway = |nat: Value| NatGateway { id: text(&nat, "id"), zone_id: zone(&nat) };
        self.here("aws_nat_gateway").map(gateway).collect()
    }

    fn taken(&self, kind: NameKind, name: &str) -> Taken {
        let (type_name, attribute) = kind.terraform();
        let own = |object: &Value| text(object, attribute) == name;
        let is_own = match kind {
            NameKind::Bucket => objects(self.world, type_name).iter().any(|(o, _)| own(o)),
            _ => self.here(type_name).any(|object| own(&object)),
        };
        if is_own {
            Taken::Own
        } else if existing::is_foreign(self.world, type_name, name) {
            Taken::Foreign
        } else if existing::is_deleted(self.world, type_name, self.region, name) {
            Taken::PendingDeletion { until: None }
        } else {
            Taken::Free
        }
    }

    fn certificates(&self) -> Vec<Certificate> {
        let scenario = &self.world.scenario;
        let partition = places::partition(self.region);
        let (region, account) = (self.region, &scenario.account.id);
        let certificate = |written: &Written| Certificate {
            arn: format!("arn:{partition}:acm:{region}:{account}:certificate/{}", written.id),
            names: written.names.clone(),
            status: written.status,
            not_after: match written.status {
                CertificateStatus::PendingValidation => None,
                // The dates of certificates are those of the host's calendar: nothing is scaled.
                _ => self.world.now().saturating_add(signed(written.end)).ok(),
            },
            is_renewed: true,
        };
        let here = scenario.certificates.iter().filter(|written| written.region == self.region);
        here.map(certificate).collect()
    }

    fn hosted_zones(&self) -> Vec<HostedZone> {
        let written = self.world.scenario.hosted_zones.iter().map(|zone| HostedZone {
            id: zone.id.clone(),
            name: zone.name.clone(),
            is_private: zone.private,
        });
        let made =
            objects(self.world, "aws_route53_zone").into_iter().map(|(zone, _)| HostedZone {
                id: text(&zone, "zone_id"),
                name: text(&zone, "name").trim_end_matches('.').to_owned(),
                is_private: zone["vpc"].as_array().is_some_and(|vpcs| !vpcs.is_empty()),
            });
        written.chain(made).collect()
    }

    fn cluster_versions(&self) -> Vec<ClusterVersion> {
        let today = self.world.now().to_zoned(jiff::tz::TimeZone::UTC).date();
        let default = versions::cluster_version("");
        let version = |(version, _): (&str, &str)| {
            let ends = versions::ends(version);
            let mut known = ClusterVersion {
                version: version.to_owned(),
                is_default: version == default,
                support: Support::Standard,
                end_of_standard: ends.map(|(standard, _)| standard),
                end_of_extended: ends.map(|(_, extended)| extended),
            };
            known.support = known.support_on(today);
            known
        };
        versions::clusters().map(version).collect()
    }

    fn parameter(&self, name: &str) -> Option<String> {
        if name.starts_with("/aws/service/") && name.ends_with("image_id") {
            return Some(format!("ami-0{}", self.world.hex(name, 16)));
        }
        let found = self.here("aws_ssm_parameter").find(|p| text(p, "name") == name)?;
        Some(text(&found, "value"))
    }
}

fn signed(span: super::super::scenario::Span) -> jiff::SignedDuration {
    jiff::SignedDuration::from_secs(span.seconds())
}

/// Whether it has the form of an instance type: `p5e.48xlarge`.
fn is_a_type(name: &str) -> bool {
    name.split_once('.').is_some_and(|(family, size)| !family.is_empty() && !size.is_empty())
}
