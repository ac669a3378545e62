//! EC2: places, instances, reservations, networks, dry runs.

use std::collections::BTreeMap;

use aws_sdk_ec2::Client;
use aws_sdk_ec2::types::{self as sdk, Filter, LocationType};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::DateTime;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use jiff::Timestamp;

use super::Aws;
use super::failure::{of_sdk, said};
use super::network::SdkClient;
use super::settings::Settings;
use crate::cloud::{
    BlockOffer, BlockQuery, CloudError, DryRun, DryRunOutcome, InstanceType, Matching, NatGateway,
    Offering, Region, Reservation, Vpc, Zone,
};

/// The newest image of Amazon Linux, wherever that is: a dry run needs some image.
const IMAGE: &str =
    "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64";

pub(super) fn client(
    settings: &Settings,
    client: SdkClient,
    keys: impl aws_credential_types::provider::ProvideCredentials + 'static,
) -> Client {
    let mut config = aws_sdk_ec2::Config::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .region(aws_config::Region::new(settings.region.clone()))
        .http_client(client)
        .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
        .identity_cache(aws_sdk_ec2::config::IdentityCache::no_cache())
        .retry_config(super::retries())
        .timeout_config(super::timeouts(settings))
        .credentials_provider(keys);
    if let Some(url) = settings.endpoint("EC2") {
        config = config.endpoint_url(url);
    }
    Client::from_conf(config.build())
}

pub(super) fn filter(name: &str, values: &[String]) -> Filter {
    Filter::builder().name(name).set_values(Some(values.to_vec())).build()
}

pub(super) fn one(name: &str, value: &str) -> Filter {
    filter(name, &[value.to_owned()])
}

pub(super) fn time(at: Option<&DateTime>) -> Option<Timestamp> {
    Timestamp::from_second(at?.secs()).ok()
}

fn number<T: TryInto<u32>>(value: Option<T>) -> u32 {
    value.and_then(|value| value.try_into().ok()).unwrap_or(0)
}

fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

/// The states in which a reservation is one: it will be, or it is.
const STANDING: &[&str] =
    &["active", "assessing", "delayed", "payment-pending", "pending", "scheduled"];

impl Aws {
    /// An error of EC2.
    pub(super) fn of_ec2<E>(&self, what: &str, error: SdkError<E, HttpResponse>) -> CloudError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        of_sdk(what, self.api.keys.renewal(), error)
    }

    pub(super) async fn ec2_regions(&self) -> Result<Vec<Region>, CloudError> {
        let answer = self.ec2.describe_regions().all_regions(true).send().await;
        let answer = answer.map_err(|error| self.of_ec2("the regions", error))?;
        let region = |region: &sdk::Region| Region {
            name: text(region.region_name()),
            enabled: region.opt_in_status() != Some("not-opted-in"),
        };
        let mut regions: Vec<_> = answer.regions().iter().map(region).collect();
        regions.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(regions)
    }

    pub(super) async fn ec2_zones(&self) -> Result<Vec<Zone>, CloudError> {
        let answer = self.ec2.describe_availability_zones().send().await;
        let answer = answer.map_err(|error| self.of_ec2("the zones", error))?;
        let is_zone = |zone: &&sdk::AvailabilityZone| {
            zone.zone_type().is_none_or(|kind| kind == "availability-zone")
        };
        let zone = |zone: &sdk::AvailabilityZone| Zone {
            name: text(zone.zone_name()),
            id: text(zone.zone_id()),
            state: text(zone.state().map(sdk::AvailabilityZoneState::as_str)),
        };
        let mut zones: Vec<_> =
            answer.availability_zones().iter().filter(is_zone).map(zone).collect();
        zones.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(zones)
    }

    pub(super) async fn ec2_reservation(
        &self,
        id: &str,
    ) -> Result<Option<Reservation>, CloudError> {
        let asked = self.ec2.describe_capacity_reservations().capacity_reservation_ids(id);
        let answer = match asked.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let absent = said(&error)
                    .is_some_and(|said| said.code.starts_with("InvalidCapacityReservationId"));
                return if absent { Ok(None) } else { Err(self.of_ec2("the reservation", error)) };
            }
        };
        let found = answer.capacity_reservations().iter();
        let found = found.filter(|r| r.capacity_reservation_id() == Some(id)).cloned();
        Ok(self.told(found.collect()).await?.pop())
    }

    pub(super) async fn ec2_reservations(&self) -> Result<Vec<Reservation>, CloudError> {
        let pages = self.ec2.describe_capacity_reservations().into_paginator().items().send();
        let found: Result<Vec<_>, _> = pages.collect().await;
        let found = found.map_err(|error| self.of_ec2("the reservations", error))?;
        let mut all = self.told(found).await?;
        all.retain(|reservation| STANDING.contains(&reservation.state.as_str()));
        Ok(all)
    }

    /// Reservations in our words, each with the id of its zone.
    async fn told(
        &self,
        found: Vec<sdk::CapacityReservation>,
    ) -> Result<Vec<Reservation>, CloudError> {
        let lacks_id = |r: &sdk::CapacityReservation| r.availability_zone_id().is_none();
        let zones = if found.iter().any(lacks_id) { self.ec2_zones().await? } else { Vec::new() };
        Ok(found.iter().map(|reservation| in_words(reservation, &zones)).collect())
    }

    pub(super) async fn ec2_offerings(
        &self,
        instance_types: &[String],
    ) -> Result<Vec<Offering>, CloudError> {
        if instance_types.is_empty() {
            return Ok(Vec::new());
        }
        let pages = self
            .ec2
            .describe_instance_type_offerings()
            .location_type(LocationType::AvailabilityZoneId)
            .filters(filter("instance-type", instance_types))
            .into_paginator()
            .items()
            .send();
        let found: Result<Vec<_>, _> = pages.collect().await;
        let found = found.map_err(|error| self.of_ec2("the offerings", error))?;
        let offering = |offering: &sdk::InstanceTypeOffering| Offering {
            instance_type: text(offering.instance_type().map(sdk::InstanceType::as_str)),
            zone_id: text(offering.location()),
        };
        let mut offerings: Vec<_> = found.iter().map(offering).collect();
        offerings.sort();
        offerings.dedup();
        Ok(offerings)
    }

    pub(super) async fn ec2_instance_types(
        &self,
        names: &[String],
    ) -> Result<Vec<InstanceType>, CloudError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // By a filter: named directly, one unknown type would make the whole question an error.
        let asked = self.ec2.describe_instance_types().filters(filter("instance-type", names));
        let found: Result<Vec<_>, _> = asked.into_paginator().items().send().collect().await;
        let found = found.map_err(|error| self.of_ec2("the instance types", error))?;
        Ok(found.iter().map(instance_type).collect())
    }

    pub(super) async fn ec2_block_offers(
        &self,
        wanted: &BlockQuery,
    ) -> Result<Vec<BlockOffer>, CloudError> {
        let what = "the Capacity Blocks on offer";
        let pages = self
            .ec2
            .describe_capacity_block_offerings()
            .instance_type(&wanted.instance_type)
            .instance_count(i32::try_from(wanted.count).unwrap_or(i32::MAX))
            .capacity_duration_hours(i32::try_from(wanted.hours).unwrap_or(i32::MAX))
            .into_paginator()
            .items()
            .send();
        let found: Result<Vec<_>, _> = pages.collect().await;
        let found = found.map_err(|error| self.of_ec2(what, error))?;
        let offer = |offer: &sdk::CapacityBlockOffering| BlockOffer {
            id: text(offer.capacity_block_offering_id()),
            instance_type: text(offer.instance_type()),
            zone: text(offer.availability_zone()),
            count: number(offer.instance_count()),
            hours: number(offer.capacity_block_duration_hours()),
            start: time(offer.start_date()),
            end: time(offer.end_date()),
            price: text(offer.upfront_fee()),
            currency: text(offer.currency_code()),
        };
        let mut offers: Vec<_> = found.iter().map(offer).collect();
        offers.sort_by_key(|offer| offer.start);
        Ok(offers)
    }

    pub(super) async fn ec2_vpcs(&self) -> Result<Vec<Vpc>, CloudError> {
        let pages = self.ec2.describe_vpcs().into_paginator().items().send();
        let found: Result<Vec<_>, _> = pages.collect().await;
        let found = found.map_err(|error| self.of_ec2("the VPCs", error))?;
        Ok(found.iter().map(vpc).collect())
    }

    pub(super) async fn ec2_nat_gateways(&self) -> Result<Vec<NatGateway>, CloudError> {
        let what = "the NAT gateways";
        let counted = ["pending".to_owned(), "available".to_owned()];
        let asked = self.ec2.describe_nat_gateways().filter(filter("state", &counted));
        let found: Result<Vec<_>, _> = asked.into_paginator().items().send().collect().await;
        let found = found.map_err(|error| self.of_ec2(what, error))?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let subnets = self.ec2.describe_subnets().into_paginator().items().send();
        let subnets: Result<Vec<_>, _> = subnets.collect().await;
        let subnets = subnets.map_err(|error| self.of_ec2(what, error))?;
        let zones: BTreeMap<&str, &str> = subnets
            .iter()
            .filter_map(|s| Some((s.subnet_id()?, s.availability_zone_id()?)))
            .collect();
        let gateway = |gateway: &sdk::NatGateway| NatGateway {
            id: text(gateway.nat_gateway_id()),
            zone_id: gateway.subnet_id().and_then(|id| zones.get(id)).map(|id| (*id).to_owned()),
        };
        Ok(found.iter().map(gateway).collect())
    }

    pub(super) async fn ec2_dry_run(&self, call: &DryRun) -> Result<DryRunOutcome, CloudError> {
        let what = format!("a dry run of {}", call.action());
        macro_rules! outcome {
            ($request:expr) => {
                match $request.dry_run(true).send().await {
                    // AWS always ends a dry run with an error; others may not.
                    Ok(_) => Ok(DryRunOutcome::Allowed),
                    Err(error) => match said(&error) {
                        Some(said) if said.code == "DryRunOperation" => Ok(DryRunOutcome::Allowed),
                        Some(said) if said.code == "UnauthorizedOperation" => {
                            Ok(DryRunOutcome::Denied { message: said.message })
                        }
                        Some(said) if said.is_another_reason() => {
                            let why = format!("{}: {}", said.code, said.message);
                            Ok(DryRunOutcome::Unknown { why })
                        }
                        _ => Err(self.of_ec2(&what, error)),
                    },
                }
            };
        }
        match call {
            DryRun::CreateVpc { cidr } => outcome!(self.ec2.create_vpc().cidr_block(cidr)),
            DryRun::AllocateAddress => {
                outcome!(self.ec2.allocate_address().domain(sdk::DomainType::Vpc))
            }
            DryRun::CreateInternetGateway => outcome!(self.ec2.create_internet_gateway()),
            DryRun::CreateLaunchTemplate { name } => {
                let data = sdk::RequestLaunchTemplateData::builder().build();
                let request = self.ec2.create_launch_template();
                outcome!(request.launch_template_name(name).launch_template_data(data))
            }
            DryRun::RunInstances { instance_type, reservation, block } => {
                let mut request = self
                    .ec2
                    .run_instances()
                    .min_count(1)
                    .max_count(1)
                    .image_id(IMAGE)
                    .instance_type(sdk::InstanceType::from(instance_type.as_str()));
                if let Some(id) = reservation {
                    let target =
                        sdk::CapacityReservationTarget::builder().capacity_reservation_id(id);
                    let named = sdk::CapacityReservationSpecification::builder()
                        .capacity_reservation_target(target.build());
                    request = request.capacity_reservation_specification(named.build());
                }
                if *block {
                    let market = sdk::InstanceMarketOptionsRequest::builder()
                        .market_type(sdk::MarketType::CapacityBlock);
                    request = request.instance_market_options(market.build());
                }
                outcome!(request)
            }
        }
    }
}

fn in_words(reservation: &sdk::CapacityReservation, zones: &[Zone]) -> Reservation {
    let zone = text(reservation.availability_zone());
    let of_zone = || zones.iter().find(|known| known.name == zone).map(|known| known.id.clone());
    let zone_id = reservation.availability_zone_id().map(str::to_owned).or_else(of_zone);
    let block = sdk::CapacityReservationType::CapacityBlock;
    Reservation {
        id: text(reservation.capacity_reservation_id()),
        block: reservation.reservation_type() == Some(&block),
        instance_type: text(reservation.instance_type()),
        zone_id: zone_id.unwrap_or_default(),
        zone,
        total: number(reservation.total_instance_count()),
        available: number(reservation.available_instance_count()),
        state: text(reservation.state().map(sdk::CapacityReservationState::as_str)),
        start: time(reservation.start_date()),
        end: time(reservation.end_date()),
        platform: text(
            reservation.instance_platform().map(sdk::CapacityReservationInstancePlatform::as_str),
        ),
        tenancy: text(reservation.tenancy().map(sdk::CapacityReservationTenancy::as_str)),
        matching: match reservation.instance_match_criteria() {
            Some(sdk::InstanceMatchCriteria::Open) => Matching::Open,
            _ => Matching::Targeted,
        },
        owner: text(reservation.owner_id()),
    }
}

fn instance_type(found: &sdk::InstanceTypeInfo) -> InstanceType {
    let gpus = found.gpu_info().map(sdk::GpuInfo::gpus).unwrap_or_default();
    InstanceType {
        name: text(found.instance_type().map(sdk::InstanceType::as_str)),
        vcpus: number(found.v_cpu_info().and_then(sdk::VCpuInfo::default_v_cpus)),
        memory_mib: found
            .memory_info()
            .and_then(sdk::MemoryInfo::size_in_mib)
            .and_then(|mib| u64::try_from(mib).ok())
            .unwrap_or(0),
        gpus: gpus.iter().map(|gpu| number(gpu.count())).sum(),
        gpu: gpus.first().and_then(|gpu| gpu.name()).map(str::to_owned),
    }
}

fn vpc(found: &sdk::Vpc) -> Vpc {
    let tags = found.tags().iter();
    let tags: BTreeMap<String, String> =
        tags.map(|tag| (text(tag.key()), text(tag.value()))).collect();
    let associated = found.cidr_block_association_set().iter();
    let more = associated.filter_map(|association| association.cidr_block());
    let mut cidrs = Vec::new();
    for cidr in found.cidr_block().into_iter().chain(more) {
        if let Ok(cidr) = cidr.parse()
            && !cidrs.contains(&cidr)
        {
            cidrs.push(cidr);
        }
    }
    Vpc {
        id: text(found.vpc_id()),
        name: tags.get("Name").cloned(),
        cidrs,
        is_default: found.is_default() == Some(true),
        tags,
    }
}
