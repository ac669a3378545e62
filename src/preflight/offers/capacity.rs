//! GPU capacity that can be chosen, and the zones that go with it.

use jiff::Timestamp;

use super::super::checks::CANNOT_HOST_EKS;
use super::{Offer, Offered};
use crate::answers::Value;
use crate::cloud::{Offering, Reservation, Zone};
use crate::plan::demand::{Capacity, Gpu};

/// Reservations and Capacity Blocks; the first that works now is taken.
pub(super) fn reservations(
    reservations: &[Reservation],
    gpu: Option<&Gpu>,
    offerings: Option<&Vec<Offering>>,
    now: Timestamp,
) -> Offered {
    let relevant = reservations.iter().filter(|found| found.state != "cancelled");
    let mut rows: Vec<Offer> = relevant
        .map(|found| Offer {
            value: found.id.clone(),
            columns: vec![
                found.id.clone(),
                if found.block { "block" } else { "reservation" }.to_owned(),
                found.zone_id.clone(),
                format!("{} of {}", found.available, found.total),
                window(found, now),
            ],
            refused: refused(found, gpu, offerings),
        })
        .collect();
    let begins_later =
        |row: &Offer| reservations.iter().any(|r| r.id == row.value && r.state == "scheduled");
    rows.sort_by_key(|row| (row.refused.is_some(), begins_later(row)));
    let works = rows.iter().find(|row| row.refused.is_none() && !begins_later(row));
    let works = works.map(|row| Value::Text(row.value.clone()));
    let usable = rows.iter().filter(|row| row.refused.is_none()).count();
    let note = match (rows.len(), usable) {
        (0, _) => "the account has no capacity reservation in this region".to_owned(),
        (all, usable) => format!("{usable} of {all} can be used"),
    };
    let heads = ["reservation", "way", "zone id", "free", "when"];
    Offered::rows(&heads, rows).taking(works).noting(note)
}

/// Why a reservation cannot be used.
fn refused(
    found: &Reservation,
    gpu: Option<&Gpu>,
    offerings: Option<&Vec<Offering>>,
) -> Option<String> {
    let wanted = gpu.map(|gpu| gpu.instance_type.as_str());
    if wanted.is_some_and(|wanted| wanted != found.instance_type) {
        return Some(format!("it is of {}", found.instance_type));
    }
    if !["active", "scheduled"].contains(&found.state.as_str()) {
        return Some(format!("AWS says {}", found.state));
    }
    if found.platform != "Linux/UNIX" {
        return Some(format!("its platform is {}", found.platform));
    }
    if found.tenancy != "default" {
        return Some(format!("its tenancy is {}", found.tenancy));
    }
    if CANNOT_HOST_EKS.contains(&found.zone_id.as_str()) {
        return Some("its zone cannot host EKS".to_owned());
    }
    let is_offered = |all: &Vec<Offering>| all.iter().any(|one| one.zone_id == found.zone_id);
    if wanted.is_some() && !offerings.is_none_or(is_offered) {
        return Some("its zone does not offer the type".to_owned());
    }
    let free = if found.state == "scheduled" { found.total } else { found.available };
    let needed = gpu.map_or(0, |gpu| gpu.nodes);
    (free < needed.max(1)).then(|| match free {
        0 => "none is free".to_owned(),
        free => format!("{free} free, {needed} needed"),
    })
}

fn window(found: &Reservation, now: Timestamp) -> String {
    let day = |at: Timestamp| at.strftime("%e %b %H:%M UTC").to_string().trim_start().to_owned();
    match (found.start.filter(|start| *start > now), found.end) {
        (Some(start), _) => format!("from {}", day(start)),
        (None, Some(end)) => format!("to {}", day(end)),
        (None, None) => "no end".to_owned(),
    }
}

/// Of which kind the reservation is that was answered.
pub(super) fn kind(reservations: &[Reservation], gpu: Option<&Gpu>) -> Offered {
    let kind = answered(reservations, gpu).map(|found| {
        let kind = if found.block { Capacity::Block } else { Capacity::Reservation };
        kind.word()
    });
    Offered::value(kind)
}

fn answered<'a>(reservations: &'a [Reservation], gpu: Option<&Gpu>) -> Option<&'a Reservation> {
    let id = gpu?.reservation.as_deref()?;
    reservations.iter().find(|found| found.id == id)
}

/// The zones for GPU nodes; that of the reservation is taken.
pub(super) fn gpu_zones(
    zones: &[Zone],
    offerings: &[Offering],
    reservations: &[Reservation],
    gpu: Option<&Gpu>,
) -> Offered {
    let reserved = answered(reservations, gpu);
    let row = |zone: &Zone| {
        let is_offered = offerings.iter().any(|offering| offering.zone_id == zone.id);
        let is_reserved = reserved.map(|found| found.zone_id == zone.id);
        let lacks =
            eks(zone).or_else(|| (!is_offered).then(|| "it does not offer the type".to_owned()));
        let lacks = lacks.or_else(|| {
            (is_reserved == Some(false)).then(|| "the reservation is elsewhere".to_owned())
        });
        let way = match is_reserved {
            Some(true) => "the reservation",
            Some(false) => "",
            None => "on demand, no promise",
        };
        Offer {
            value: zone.name.clone(),
            columns: vec![zone.name.clone(), zone.id.clone(), way.to_owned()],
            refused: lacks,
        }
    };
    let offered = Offered::rows(&["zone", "zone id", "way"], zones.iter().map(row).collect());
    let taken = reserved.map(|found| found.zone.as_str());
    let works = offered.rows.iter().filter(|row| row.refused.is_none()).count();
    let note = format!("{works} of {} zones work", zones.len());
    offered.taking(taken).noting(note)
}

/// The zones that can host the cluster.
pub(super) fn zones(
    zones: &[Zone],
    offerings: Option<&Vec<Offering>>,
    gpu: Option<&Gpu>,
) -> Offered {
    let row = |zone: &Zone| {
        let offers = offerings.filter(|_| gpu.is_some()).map(|all| {
            if all.iter().any(|one| one.zone_id == zone.id) { "offers the GPU type" } else { "" }
        });
        Offer {
            value: zone.name.clone(),
            columns: vec![
                zone.name.clone(),
                zone.id.clone(),
                offers.unwrap_or_default().to_owned(),
            ],
            refused: eks(zone),
        }
    };
    let offered = Offered::rows(&["zone", "zone id", ""], zones.iter().map(row).collect());
    let able = offered.rows.iter().filter(|row| row.refused.is_none()).count();
    offered.noting(format!("{able} of {} zones can host EKS", zones.len()))
}

/// Why EKS cannot be in a zone.
fn eks(zone: &Zone) -> Option<String> {
    if CANNOT_HOST_EKS.contains(&zone.id.as_str()) {
        return Some("EKS cannot be in it".to_owned());
    }
    (zone.state != "available").then(|| format!("AWS says {}", zone.state))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reservation(id: &str, change: impl FnOnce(&mut Reservation)) -> Reservation {
        let mut made = Reservation {
            id: id.into(),
            block: false,
            instance_type: "p5e.48xlarge".into(),
            zone: "us-west-2c".into(),
            zone_id: "usw2-az3".into(),
            total: 2,
            available: 1,
            state: "active".into(),
            start: None,
            end: None,
            platform: "Linux/UNIX".into(),
            tenancy: "default".into(),
            matching: crate::cloud::Matching::Targeted,
            owner: "123456789012".into(),
        };
        change(&mut made);
        made
    }

    fn gpu(reservation: Option<&str>) -> Gpu {
        Gpu {
            instance_type: "p5e.48xlarge".into(),
            nodes: 1,
            reservation: reservation.map(str::to_owned),
            ..Gpu::default()
        }
    }

    #[test]
    fn what_works_now_is_first_and_taken_and_the_rest_says_why_not() {
        let all = [
            reservation("cr-full", |r| r.available = 0),
            reservation("cr-other", |r| r.instance_type = "p5.48xlarge".into()),
            reservation("cr-later", |r| {
                r.state = "scheduled".into();
                r.available = 0;
                r.start = Some("2026-09-18T11:30:00Z".parse().unwrap());
            }),
            reservation("cr-good", |r| r.block = true),
        ];
        let now = "2026-09-14T12:00:00Z".parse().unwrap();
        let offered = reservations(&all, Some(&gpu(None)), None, now);
        let rows: Vec<_> =
            offered.rows.iter().map(|row| (row.value.as_str(), row.refused.as_deref())).collect();
        assert_eq!(
            rows,
            [
                ("cr-good", None),
                ("cr-later", None),
                ("cr-full", Some("none is free")),
                ("cr-other", Some("it is of p5.48xlarge")),
            ]
        );
        assert_eq!(offered.value, Some(Value::Text("cr-good".into())));
        assert_eq!(offered.rows[1].columns[4], "from 18 Sep 11:30 UTC");
        assert_eq!(
            kind(&all, Some(&gpu(Some("cr-good")))).value,
            Some(Value::Text("capacity-block".into()))
        );
        assert_eq!(kind(&all, Some(&gpu(None))).value, None);
    }

    #[test]
    fn the_zone_of_the_reservation_is_taken_and_no_other_can_be_chosen() {
        let zone = |name: &str, id: &str| Zone {
            name: name.into(),
            id: id.into(),
            state: "available".into(),
        };
        let all = [zone("us-west-2a", "usw2-az1"), zone("us-west-2c", "usw2-az3")];
        let offers =
            |id: &str| Offering { instance_type: "p5e.48xlarge".into(), zone_id: id.into() };
        let offerings = [offers("usw2-az1"), offers("usw2-az3")];
        let reserved = [reservation("cr-good", |_| {})];
        let bound = gpu_zones(&all, &offerings, &reserved, Some(&gpu(Some("cr-good"))));
        assert_eq!(bound.value, Some(Value::Text("us-west-2c".into())));
        assert_eq!(bound.rows[0].value, "us-west-2c");
        assert!(bound.rows[1].refused.is_some());
        let free = gpu_zones(&all, &offerings[..1], &reserved, Some(&gpu(None)));
        assert_eq!((free.value, free.rows[0].value.as_str()), (None, "us-west-2a"));
        assert_eq!(free.rows[1].refused.as_deref(), Some("it does not offer the type"));
    }
}
