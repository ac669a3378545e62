//! Rules about GPU capacity.

use super::super::gpu::{
    GPU_AVAILABILITY_ZONE, GPU_CAPACITY, GPU_CAPACITY_RESERVATION_ID, GPU_DESIRED_SIZE,
    GPU_MAX_SIZE, GPU_MIN_SIZE,
};
use super::super::{account::REGION, network::AVAILABILITY_ZONES, profile::is_full};
use super::conflict;
use crate::answers::value::ZoneName;
use crate::answers::{Answers, Conflict, Question};

pub(super) fn names_its_reservation(answers: &Answers) -> Option<Conflict> {
    let kind = answers.text(&GPU_CAPACITY).filter(|_| is_full(answers))?;
    let keys = [&GPU_CAPACITY, &GPU_CAPACITY_RESERVATION_ID];
    match (kind, answers.text(&GPU_CAPACITY_RESERVATION_ID)) {
        ("on-demand", Some(id)) => Some(Conflict::new(
            &keys,
            format!(
                "`on-demand` cannot use the reservation `{id}`: choose `reservation` or \
                 `capacity-block`, or take the reservation out"
            ),
        )),
        ("reservation" | "capacity-block", None) => Some(Conflict::new(
            &keys,
            format!(
                "`{kind}` needs a `gpu_capacity_reservation_id` such as `cr-0123456789abcdef0`"
            ),
        )),
        _ => None,
    }
}

pub(super) fn zone_in_region(answers: &Answers) -> Option<Conflict> {
    let zone: ZoneName = answers.parsed(&GPU_AVAILABILITY_ZONE).filter(|_| is_full(answers))?;
    let region = answers.text(&REGION)?;
    conflict(zone.region() != region, &[&GPU_AVAILABILITY_ZONE, &REGION], || {
        format!("`{zone}` is a zone of `{}`, not of `{region}`", zone.region())
    })
}

pub(super) fn zone_in_network(answers: &Answers) -> Option<Conflict> {
    let zone = answers.text(&GPU_AVAILABILITY_ZONE).filter(|_| is_full(answers))?;
    let zones = answers.list(&AVAILABILITY_ZONES);
    let outside = !zones.is_empty() && !zones.iter().any(|z| z == zone);
    conflict(outside, &[&AVAILABILITY_ZONES, &GPU_AVAILABILITY_ZONE], || {
        format!("the zone of the GPU nodes, `{zone}`, is not among {}", zones.join(", "))
    })
}

pub(super) fn sizes(answers: &Answers) -> Option<Conflict> {
    if !is_full(answers) {
        return None;
    }
    in_order(answers, &GPU_MIN_SIZE, &GPU_DESIRED_SIZE, &GPU_MAX_SIZE)
}

/// Least, wanted and greatest number of nodes are in this order.
pub(super) fn in_order(
    answers: &Answers,
    least: &Question,
    wanted: &Question,
    most: &Question,
) -> Option<Conflict> {
    let (min, size, max) = (answers.number(least)?, answers.number(wanted)?, answers.number(most)?);
    if size < min {
        let text = format!("{size} is below the least number of nodes, {min}");
        return Some(Conflict::new(&[wanted, least], text));
    }
    conflict(size > max, &[wanted, most], || {
        format!("{size} is above the greatest number of nodes, {max}")
    })
}
