//! Instances that node groups, scaling groups and instances ask for, and what AWS has for them:
//! zones that offer the type, capacity reservations, vCPU quotas.
//!
//! An instance that is launched into a reservation is not counted against a quota; an On-Demand
//! reservation itself is, a Capacity Block is not. Instances take turns among the subnets. Not
//! simulated: open matching of reservations, Spot capacity and its quotas, and a group that cannot
//! grow when its size is changed later.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::places;
use super::refusal::{Refusal, Subject};
use super::scene::{self, Scene, TABLE};
use super::value::Value;
use crate::cloud::{Family, Matching};
use crate::rehearsal::World;
use crate::rehearsal::scenario::{Reservation, ReservationKind};

/// What one object asks for.
#[derive(Debug, Clone)]
struct Launch {
    instance_type: String,
    /// The zone of each instance; `None` where the subnet is not of this world.
    zones: Vec<Option<String>>,
    reservation: Option<String>,
    /// Whether it asks for a Capacity Block.
    is_block: bool,
    is_spot: bool,
    region: String,
}

/// Why an instance is not launched: a code of EC2 and its sentence.
struct Shortage {
    code: &'static str,
    sentence: String,
}

/// Why AWS refuses the call that makes the object, or the object fails minutes later.
pub(super) fn check_create(
    scene: &Scene,
    object: &Value,
    subject: &Subject,
) -> Result<(), Refusal> {
    let json = object.to_json();
    let Some(launch) = Launch::of(&scene.world, &scene.type_name, &json) else { return Ok(()) };
    if scene.type_name == "aws_eks_node_group" && !launch.is_offered_somewhere(&scene.world) {
        let text = format!(
            "The following supplied instance types do not exist: [{}]",
            launch.instance_type
        );
        return Err(Refusal::new("InvalidParameterException", 400, text));
    }
    match launch.shortage(&scene.world) {
        None => Ok(()),
        Some(short) if scene.type_name == "aws_instance" => {
            Err(Refusal::new(short.code, 400, short.sentence))
        }
        Some(short) => Err(Refusal::launch(short.code, &short.sentence, subject)),
    }
}

/// How many instances of a reservation are in use.
pub(in crate::rehearsal) fn used(world: &World, reservation: &str) -> u32 {
    let launches = launches(world).into_iter();
    let into = launches.filter(|l| l.reservation.as_deref() == Some(reservation));
    into.map(|launch| count(&launch.zones)).sum()
}

/// The vCPUs of a region that are counted against the quota of a family: of running On-Demand
/// instances, and of reservations whether they are used or not.
pub(in crate::rehearsal) fn vcpus_in_use(world: &World, region: &str, family: Family) -> u64 {
    let counted = |launch: &&Launch| {
        launch.reservation.is_none()
            && !launch.is_spot
            && launch.region == region
            && Family::of(&launch.instance_type) == Some(family)
    };
    let running: u64 = launches(world).iter().filter(counted).map(Launch::vcpus).sum();
    let is_here = |r: &&Reservation| places::zone_name(region, &r.zone_id).is_some();
    let reserved: u64 = world
        .scenario
        .reservations
        .iter()
        .filter(is_here)
        .filter(|r| r.kind == ReservationKind::Default && is_active(world, r))
        .filter(|r| Family::of(&r.instance_type) == Some(family))
        .map(|r| u64::from(r.total) * shape(&r.instance_type).0)
        .sum();
    running + reserved
}

/// Service and code of the quota of a family, as scenarios write them.
fn code(family: Family) -> String {
    let (service, code) = family.quota();
    format!("{service}/{code}")
}

fn count<T>(list: &[T]) -> u32 {
    u32::try_from(list.len()).unwrap_or(u32::MAX)
}

/// Everything in the world that runs instances; what has failed runs none.
fn launches(world: &World) -> Vec<Launch> {
    let types = ["aws_eks_node_group", "aws_autoscaling_group", "aws_instance"];
    let of_type = |kind: &&'static str| {
        let objects = world.store.list_prefix(TABLE, &format!("{kind}/"));
        let kind = *kind;
        let running = objects
            .into_iter()
            .filter(|(_, object)| object["failed"].is_null() && object["failing"].is_null());
        running
            .filter_map(|(_, object)| Launch::of(world, kind, &object["attributes"]))
            .collect::<Vec<_>>()
    };
    types.iter().flat_map(of_type).collect()
}

impl Launch {
    /// What an object of that type asks for; `None` for types that run no instances.
    fn of(world: &World, type_name: &str, object: &Json) -> Option<Self> {
        let region = text(object, "/region", "us-west-2");
        let (size, subnets) = match type_name {
            "aws_eks_node_group" => {
                (number(object, "/scaling_config/0/desired_size"), "/subnet_ids")
            }
            "aws_autoscaling_group" => {
                let desired = number(object, "/desired_capacity");
                (desired.max(number(object, "/min_size")), "/vpc_zone_identifier")
            }
            "aws_instance" => (1, "/subnet_id"),
            _ => return None,
        };
        let template = template_of(world, &region, object);
        let own = |pointer: &str| {
            let from_template = || template.pointer(pointer).filter(|v| !v.is_null());
            object.pointer(pointer).filter(|v| !v.is_null() && **v != "").or_else(from_template)
        };
        let own_text = |pointer: &str| own(pointer).and_then(Json::as_str).unwrap_or_default();
        let instance_type = match text(object, "/instance_types/0", "").as_str() {
            "" if own_text("/instance_type").is_empty() => "t3.medium".to_owned(),
            "" => own_text("/instance_type").to_owned(),
            first => first.to_owned(),
        };
        let target = "/capacity_reservation_specification/0/capacity_reservation_target/0/capacity_reservation_id";
        let capacity_type = text(object, "/capacity_type", "ON_DEMAND");
        Some(Self {
            instance_type,
            zones: zones(world, &region, object.pointer(subnets), size),
            reservation: Some(own_text(target).to_owned()).filter(|id| !id.is_empty()),
            is_block: own_text("/instance_market_options/0/market_type") == "capacity-block"
                || capacity_type == "CAPACITY_BLOCK",
            is_spot: capacity_type == "SPOT",
            region,
        })
    }

    /// The id of a zone by its name.
    fn zone_id(&self, zone: &str) -> String {
        places::zone_id(&self.region, zone).unwrap_or_default()
    }

    fn is_offered_somewhere(&self, world: &World) -> bool {
        let offered = |zone: &Option<String>| {
            zone.as_deref()
                .is_none_or(|zone| world.scenario.offers(&self.instance_type, &self.zone_id(zone)))
        };
        self.zones.is_empty() || self.zones.iter().any(offered)
    }

    fn shortage(&self, world: &World) -> Option<Shortage> {
        if self.zones.is_empty() {
            return None;
        }
        match &self.reservation {
            Some(id) => self.shortage_of_reservation(world, id),
            None => self.unsupported(world).or_else(|| self.over_quota(world)),
        }
    }

    fn shortage_of_reservation(&self, world: &World, id: &str) -> Option<Shortage> {
        let Some(reservation) = reservation(world, &self.region, id) else {
            return Some(Shortage {
                code: "InvalidCapacityReservationId.NotFound",
                sentence: format!("The capacity reservation ID '{id}' does not exist"),
            });
        };
        let now = world.now();
        let moment = |span: Option<_>, otherwise| span.map_or(otherwise, |s| world.moment(s));
        let is_block = reservation.kind == ReservationKind::CapacityBlock;
        if is_block && moment(reservation.start, Timestamp::MIN) > now {
            return Some(Shortage {
                code: "",
                sentence: format!("Your Capacity Block reservation {id} is not active yet."),
            });
        }
        let is_there = |zone: &Option<String>| {
            zone.as_deref().is_none_or(|zone| self.zone_id(zone) == reservation.zone_id)
        };
        let fits = reservation.instance_type == self.instance_type
            && is_block == self.is_block
            && (reservation.platform.as_str(), reservation.tenancy.as_str())
                == ("Linux/UNIX", "default")
            && moment(reservation.start, Timestamp::MIN) <= now
            && moment(reservation.end, Timestamp::MAX) > now
            && self.zones.iter().all(is_there)
            && reservation.available >= used(world, id) + count(&self.zones);
        (!fits).then(|| Shortage {
            code: "ReservationCapacityExceeded",
            sentence:
                "The requested reservation does not have sufficient compatible and available \
                       capacity for this request."
                    .into(),
        })
    }

    /// A zone that does not have the type at all.
    fn unsupported(&self, world: &World) -> Option<Shortage> {
        let offers = |zone: &str| world.scenario.offers(&self.instance_type, &self.zone_id(zone));
        let zone = self.zones.iter().flatten().find(|zone| !offers(zone))?;
        let names = places::zones(&self.region).into_iter().map(|(name, _)| name);
        let others: Vec<String> = names.filter(|name| offers(name)).collect();
        Some(Shortage {
            code: "Unsupported",
            sentence: format!(
                "Your requested instance type ({}) is not supported in your requested Availability \
                 Zone ({zone}). Please retry your request by not specifying an Availability Zone or \
                 choosing {}.",
                self.instance_type,
                others.join(", ")
            ),
        })
    }

    fn over_quota(&self, world: &World) -> Option<Shortage> {
        let family = Family::of(&self.instance_type).filter(|_| !self.is_spot && !self.is_block)?;
        let limit = world.scenario.quota(&code(family))?;
        let present = vcpus_in_use(world, &self.region, family);
        let wanted = u32::try_from(present + self.vcpus()).unwrap_or(u32::MAX);
        (f64::from(wanted) > limit).then(|| Shortage {
            code: "VcpuLimitExceeded",
            sentence: super::refusal::vcpu_limit(limit),
        })
    }

    fn vcpus(&self) -> u64 {
        u64::from(count(&self.zones)) * shape(&self.instance_type).0
    }
}

fn is_active(world: &World, reservation: &Reservation) -> bool {
    let now = world.now();
    reservation.start.is_none_or(|start| world.moment(start) <= now)
        && reservation.end.is_none_or(|end| world.moment(end) > now)
}

/// A reservation of the account, or one that Terraform made.
fn reservation(world: &World, region: &str, id: &str) -> Option<Reservation> {
    let known = world.scenario.reservations.iter().find(|r| r.id == id).cloned();
    known.or_else(|| {
        let (_, object) = scene::find(world, "aws_ec2_capacity_reservation", id, region)?;
        let made = &object["attributes"];
        let total = u32::try_from(number(made, "/instance_count")).ok()?;
        Some(Reservation {
            id: id.to_owned(),
            kind: ReservationKind::Default,
            instance_type: text(made, "/instance_type", ""),
            zone_id: places::zone_id(region, &text(made, "/availability_zone", ""))?,
            total,
            available: total,
            start: None,
            end: None,
            platform: text(made, "/instance_platform", "Linux/UNIX"),
            tenancy: text(made, "/tenancy", "default"),
            matching: match text(made, "/instance_match_criteria", "open").as_str() {
                "targeted" => Matching::Targeted,
                _ => Matching::Open,
            },
            owner: None,
        })
    })
}

/// The launch template of an object, null where it has none.
fn template_of(world: &World, region: &str, object: &Json) -> Json {
    let (id, name) =
        (text(object, "/launch_template/0/id", ""), text(object, "/launch_template/0/name", ""));
    if let Some((_, template)) = scene::find(world, "aws_launch_template", &id, region) {
        return template["attributes"].clone();
    }
    let named = world.store.list_prefix(TABLE, "aws_launch_template/").into_iter();
    let mut named = named.map(|(_, template)| template["attributes"].clone());
    named.find(|t| !name.is_empty() && t["name"] == name.as_str()).unwrap_or(Json::Null)
}

/// The zone of each of `size` instances, which take turns among the subnets.
fn zones(world: &World, region: &str, subnets: Option<&Json>, size: u64) -> Vec<Option<String>> {
    let mut ids: Vec<&str> = match subnets {
        Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
        Some(Json::String(one)) => vec![one],
        _ => Vec::new(),
    };
    ids.sort_unstable();
    let zone = |id: &str| {
        let (_, subnet) = scene::find(world, "aws_subnet", id, region)?;
        Some(text(&subnet["attributes"], "/availability_zone", "")).filter(|zone| !zone.is_empty())
    };
    let known: Vec<Option<String>> = ids.into_iter().map(zone).collect();
    let size = usize::try_from(size).unwrap_or(usize::MAX).min(1000);
    if known.is_empty() {
        return vec![None; size];
    }
    known.iter().cycle().take(size).cloned().collect()
}

fn text(object: &Json, pointer: &str, otherwise: &str) -> String {
    let found = object.pointer(pointer).and_then(Json::as_str).filter(|text| !text.is_empty());
    found.unwrap_or(otherwise).to_owned()
}

fn number(object: &Json, pointer: &str) -> u64 {
    let number = object.pointer(pointer).and_then(Json::as_f64).unwrap_or(0.0);
    format!("{number:.0}").parse().unwrap_or(0)
}

/// vCPUs, memory in MiB, GPUs, kind and memory of a GPU in MiB.
pub(in crate::rehearsal) fn shape(instance: &str) -> (u64, u64, u64, &'static str, u64) {
    let (family, size) = instance.split_once('.').unwrap_or((instance, "large"));
    match family {
        "p5" => return (192, 2_097_152, 8, "H100", 81_920),
        "p5e" | "p5en" => return (192, 2_097_152, 8, "H200", 144_384),
        "p4d" | "p4de" => return (96, 1_179_648, 8, "A100", 40_960),
        "p6-b200" => return (192, 2_097_152, 8, "B200", 183_359),
        _ => {}
    }
    let vcpus = match size {
        "nano" | "micro" | "small" | "medium" | "large" => 2,
        "xlarge" => 4,
        "metal" => 96,
        _ => size.trim_end_matches("xlarge").parse::<u64>().map_or(2, |n| n * 4),
    };
    let per_cpu = match family.chars().next() {
        Some('c') => 2048,
        Some('r' | 'x') => 8192,
        _ => 4096,
    };
    let gpus = u64::from(family.starts_with('g')) * vcpus.div_ceil(48).max(1);
    let (gpu, memory) = match family {
        "g6e" => ("L40S", 46_080),
        "g6" => ("L4", 22_888),
        _ => ("A10G", 22_888),
    };
    (vcpus, vcpus * per_cpu, gpus, gpu, memory)
}
