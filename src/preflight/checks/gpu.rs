//! GPU capacity: the reservation in all its properties, and the zone that works.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::finding::{Finding, Unable, Verdict, not_needed, waits};
use super::super::{Check, Context, Subject, span};
use super::network::CANNOT_HOST_EKS;
use crate::cloud::{Offering, Reservation, Zone};
use crate::plan::demand::{Capacity, Gpu};

/// The reservation is what it is taken for.
pub(super) const RESERVATION: Check = Check {
    id: "gpu-reservation",
    sentence: "the capacity reservation exists, can be used, and is of the type and kind answered",
    subject: Subject::Gpu,
    ask: |context| {
        Box::pin(async {
            let (gpu, id) = reserved(context)?;
            let found = context.account.reservation(&context.demand).await?;
            Ok(judge_reservation(gpu, id, found))
        })
    },
};

/// The reservation is large enough.
pub(super) const CAPACITY: Check = Check {
    id: "gpu-capacity",
    sentence: "the capacity reservation has a free instance for every GPU node",
    subject: Subject::Gpu,
    ask: |context| {
        Box::pin(async {
            let (gpu, _) = reserved(context)?;
            let found = there(context).await?;
            let made = context.account.made(&context.demand).await.is_ok_and(|made| {
                made.iter().any(|one| {
                    one.kind == "aws_eks_node_group" && one.import_id.ends_with(&gpu.group)
                })
            });
            if made {
                return Ok(Finding::pass(format!("{} exists already", gpu.group)));
            }
            Ok(judge_capacity(gpu, found))
        })
    },
};

/// The reservation lasts.
pub(super) const WINDOW: Check = Check {
    id: "gpu-window",
    sentence: "the capacity has begun and does not end soon",
    subject: Subject::Gpu,
    ask: |context| {
        Box::pin(async {
            reserved(context)?;
            Ok(judge_window(there(context).await?, context.host.now()))
        })
    },
};

/// The zone that works.
pub(super) const ZONE: Check = Check {
    id: "gpu-zone",
    sentence: "the GPU nodes are put into a zone that hosts EKS, offers the type and has the capacity",
    subject: Subject::Gpu,
    ask: |context| Box::pin(zone(context)),
};

/// The GPU nodes and the id of the reservation.
fn reserved(context: &Context) -> Result<(&Gpu, &str), Unable> {
    let Some(gpu) = &context.demand.gpu else { return not_needed("no GPU nodes are wanted") };
    match &gpu.reservation {
        Some(id) => Ok((gpu, id)),
        None => not_needed("no capacity reservation is answered"),
    }
}

/// The reservation, where there is one of that id.
async fn there(context: &Context) -> Result<&Reservation, Unable> {
    match context.account.reservation(&context.demand).await? {
        Some(found) => Ok(found),
        None => not_needed("there is no such reservation"),
    }
}

fn judge_reservation(gpu: &Gpu, id: &str, found: Option<&Reservation>) -> Finding {
    let why = "GPU nodes are launched into this reservation and nowhere else";
    let key = gpu.reservation_key;
    let Some(found) = found else {
        return Finding::fail(format!("there is no capacity reservation {id} in this region"))
            .because(why)
            .mend(format!("answer `{key}` with one of `aws ec2 describe-capacity-reservations`"));
    };
    let kind = if found.block { Capacity::Block } else { Capacity::Reservation };
    let mut problems = Vec::new();
    let mut differs = |what: &str, is: &str, wanted: &str| {
        if is != wanted {
            problems.push(format!("its {what} is {is}, not {wanted}"));
        }
    };
    differs("instance type", &found.instance_type, &gpu.instance_type);
    differs("platform", &found.platform, "Linux/UNIX");
    differs("tenancy", &found.tenancy, "default");
    differs("kind", kind.word(), gpu.capacity.word());
    if !["active", "scheduled"].contains(&found.state.as_str()) {
        problems.push(format!("AWS says {}", found.state));
    }
    let all = format!("{id}: {} x {} in {}", found.total, found.instance_type, place(found));
    if problems.is_empty() {
        return Finding::pass(format!("{all}, {}", found.state));
    }
    let mend = if kind == gpu.capacity {
        format!("answer `{key}` with a reservation that fits")
    } else {
        format!("answer `{}` with `{}`, or `{key}` with another", gpu.capacity_key, kind.word())
    };
    Finding::fail(format!("{all}: {}", problems.join("; "))).because(why).mend(mend)
}

fn place(found: &Reservation) -> String {
    format!("{} ({})", found.zone, found.zone_id)
}

fn judge_capacity(gpu: &Gpu, found: &Reservation) -> Finding {
    // What is scheduled has nothing free yet and all of it later.
    let free = if found.state == "scheduled" { found.total } else { found.available };
    let said = format!("{}: {} needed, {free} free of {}", found.id, gpu.nodes, found.total);
    if free >= gpu.nodes {
        return Finding::pass(said);
    }
    Finding::fail(said)
        .because("nodes that find no free instance there never start")
        .mend("end what uses the reservation, enlarge it, or answer with fewer GPU nodes")
}

/// So long before its end a reservation is warned of.
const SOON: SignedDuration = SignedDuration::from_hours(14 * 24);
/// EKS empties the node group 40 minutes before the end of a Capacity Block.
const TOO_SOON: SignedDuration = SignedDuration::from_hours(4);

fn judge_window(found: &Reservation, now: Timestamp) -> Finding {
    let at = |at: Timestamp| at.strftime("%e %b %H:%M UTC").to_string().trim_start().to_owned();
    let until =
        |at: Timestamp| span(Duration::try_from(at.duration_since(now)).unwrap_or_default());
    let days = |at: Timestamp| {
        let hours = at.duration_since(now).as_hours();
        if hours >= 48 { format!("{} days", hours / 24) } else { until(at) }
    };
    if let Some(start) = found.start.filter(|start| *start > now) {
        return Finding::warn(format!("{} begins in {}, {}", found.id, days(start), at(start)))
            .because("until then the GPU node group is made with no nodes, and no model is served")
            .mend("install now, and run the last stages again when it has begun");
    }
    let Some(end) = found.end else {
        return Finding::pass(format!("{} has begun and does not end by itself", found.id));
    };
    let said = format!("{} ends in {}, {}", found.id, days(end), at(end));
    let left = end.duration_since(now);
    let why = "EKS empties the GPU node group 40 minutes before the end of a Capacity Block";
    if left.is_negative() {
        Finding::fail(format!("{} has ended", found.id))
            .because(why)
            .mend("answer with another one")
    } else if left < TOO_SOON {
        Finding::warn(said).because(why).mend("answer with one that lasts longer than the install")
    } else if left < SOON {
        Finding::warn(said).because(why).mend("have the next one ready before that")
    } else {
        Finding::pass(said)
    }
}

async fn zone(context: &Context) -> Verdict {
    let Some(gpu) = &context.demand.gpu else { return not_needed("no GPU nodes are wanted") };
    context.demand.region.known().map_err(waits)?;
    let (zones, offerings, reservation) = tokio::join!(
        context.account.zones(),
        context.account.gpu_offerings(&context.demand),
        context.account.reservation(&context.demand),
    );
    if gpu.reservation.is_some() && matches!(reservation, Ok(None)) {
        return not_needed("there is no such reservation");
    }
    Ok(judge_zones(gpu, &context.demand.network.zones, &table(zones?, offerings?, reservation?)))
}

/// One zone of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    name: String,
    id: String,
    hosts_eks: bool,
    offers: bool,
    /// Whether the reservation lies here; `None` without one.
    reserved: Option<bool>,
}

impl Row {
    fn works(&self) -> bool {
        self.hosts_eks && self.offers && self.reserved.unwrap_or(true)
    }

    fn reason(&self) -> String {
        let mut lacks = Vec::new();
        if !self.hosts_eks {
            lacks.push("cannot host EKS");
        }
        if !self.offers {
            lacks.push("does not offer the type");
        }
        if self.reserved == Some(false) {
            lacks.push("has not the reservation");
        }
        let reason = if lacks.is_empty() { "works".to_owned() } else { lacks.join(", ") };
        format!("{} ({}) {reason}", self.name, self.id)
    }
}

fn table(zones: &[Zone], offerings: &[Offering], reservation: Option<&Reservation>) -> Vec<Row> {
    let row = |zone: &Zone| Row {
        name: zone.name.clone(),
        id: zone.id.clone(),
        hosts_eks: !CANNOT_HOST_EKS.contains(&zone.id.as_str()),
        offers: offerings.iter().any(|offering| offering.zone_id == zone.id),
        reserved: reservation.map(|found| found.zone_id == zone.id),
    };
    zones.iter().map(row).collect()
}

fn judge_zones(gpu: &Gpu, named: &[String], rows: &[Row]) -> Finding {
    let mut all = String::from("zones: ");
    for (position, row) in rows.iter().enumerate() {
        let comma = if position > 0 { "; " } else { "" };
        let _infallible = write!(all, "{comma}{}", row.reason());
    }
    let working: Vec<&Row> = rows.iter().filter(|row| row.works()).collect();
    let Some(first) = working.first() else {
        return Finding::fail(format!(
            "no zone hosts EKS, offers {} and has the capacity",
            gpu.instance_type
        ))
        .because(all)
        .mend("another region, another instance type, or capacity in a zone that fits");
    };
    let key = gpu.zone_key;
    match &gpu.zone {
        Some(zone) if !working.iter().any(|row| row.name == *zone) => {
            let reason = rows
                .iter()
                .find(|row| row.name == *zone)
                .map_or_else(|| format!("{zone} is no zone of this region"), Row::reason);
            Finding::fail(format!("GPU nodes are put into {zone}, but {reason}"))
                .because(all)
                .mend(format!("answer `{key} = \"{}\"`", first.name))
        }
        Some(zone) => Finding::pass(format!(
            "{zone} hosts EKS, offers {} and has the capacity",
            gpu.instance_type
        )),
        None => {
            let is_meant = |row: &&&Row| named.is_empty() || named.contains(&row.name);
            let meant: Vec<&str> =
                working.iter().filter(is_meant).map(|row| row.name.as_str()).collect();
            if meant.is_empty() {
                return Finding::fail(format!(
                    "none of {} works for the GPU nodes",
                    named.join(", ")
                ))
                .because(all)
                .mend(format!("answer `{key} = \"{}\"`", first.name));
            }
            Finding::pass(format!("GPU nodes work in {}", meant.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cloud::Matching;
    use crate::run::event::Outcome;

    fn gpu() -> Gpu {
        Gpu {
            group: "acme-gpu".into(),
            instance_type: "p5e.48xlarge".into(),
            nodes: 1,
            reservation: Some("cr-1".into()),
            reservation_key: "reservation",
            capacity: Capacity::Reservation,
            capacity_key: "capacity",
            zone: Some("us-west-2c".into()),
            zone_key: "zone",
        }
    }

    fn reservation() -> Reservation {
        Reservation {
            id: "cr-1".into(),
            block: false,
            instance_type: "p5e.48xlarge".into(),
            zone: "us-west-2c".into(),
            zone_id: "usw2-az3".into(),
            total: 2,
            available: 2,
            state: "active".into(),
            start: None,
            end: None,
            platform: "Linux/UNIX".into(),
            tenancy: "default".into(),
            matching: Matching::Targeted,
            owner: "123456789012".into(),
        }
    }

    #[test]
    fn each_property_of_a_reservation_counts() {
        let judged = |found: Reservation| judge_reservation(&gpu(), "cr-1", Some(&found));
        assert_eq!(judged(reservation()).outcome, Outcome::Pass);
        for (found, words) in [
            (
                Reservation { instance_type: "p5.48xlarge".into(), ..reservation() },
                "its instance type is p5.48xlarge",
            ),
            (
                Reservation { platform: "Windows".into(), ..reservation() },
                "its platform is Windows",
            ),
            (
                Reservation { tenancy: "dedicated".into(), ..reservation() },
                "its tenancy is dedicated",
            ),
            (Reservation { state: "expired".into(), ..reservation() }, "AWS says expired"),
            (
                Reservation { block: true, ..reservation() },
                "its kind is capacity-block, not reservation",
            ),
        ] {
            let finding = judged(found);
            assert_eq!(finding.outcome, Outcome::Fail);
            assert!(finding.found.contains(words), "{}", finding.found);
        }
        let block = judged(Reservation { block: true, ..reservation() });
        assert!(block.remedy.unwrap().starts_with("answer `capacity` with `capacity-block`"));
        assert_eq!(judge_reservation(&gpu(), "cr-1", None).outcome, Outcome::Fail);
    }

    #[test]
    fn what_is_scheduled_counts_as_free() {
        let outcome = |state: &str, available| {
            let found = Reservation { state: state.into(), available, ..reservation() };
            judge_capacity(&gpu(), &found).outcome
        };
        assert_eq!(outcome("active", 1), Outcome::Pass);
        assert_eq!(outcome("active", 0), Outcome::Fail);
        assert_eq!(outcome("scheduled", 0), Outcome::Pass);
    }

    #[test]
    fn a_window_that_has_not_begun_or_ends_soon_is_warned_of() {
        let now = Timestamp::UNIX_EPOCH;
        let hours = |hours: i64| Some(Timestamp::from_second(hours * 3600).unwrap());
        for (start, end, outcome) in [
            (None, None, Outcome::Pass),
            (hours(24), hours(400), Outcome::Warn),
            (None, hours(2), Outcome::Warn),
            (None, hours(13 * 24), Outcome::Warn),
            (None, hours(15 * 24), Outcome::Pass),
            (None, hours(-1), Outcome::Fail),
        ] {
            let found = Reservation { start, end, ..reservation() };
            assert_eq!(judge_window(&found, now).outcome, outcome, "{start:?} {end:?}");
        }
        let found = Reservation { end: hours(13 * 24), ..reservation() };
        assert_eq!(judge_window(&found, now).found, "cr-1 ends in 13 days, 14 Jan 00:00 UTC");
    }

    fn rows(reserved_in: &str) -> Vec<Row> {
        let zone = |name: &str, id: &str| Zone {
            name: name.into(),
            id: id.into(),
            state: "available".into(),
        };
        let zones = [zone("us-west-2a", "usw2-az1"), zone("us-west-2c", "usw2-az3")];
        let offering =
            |id: &str| Offering { instance_type: "p5e.48xlarge".into(), zone_id: id.into() };
        let found = Reservation { zone_id: reserved_in.into(), ..reservation() };
        table(&zones, &[offering("usw2-az1"), offering("usw2-az3")], Some(&found))
    }

    #[test]
    fn the_zone_of_the_gpu_nodes_has_to_be_the_one_that_works() {
        let finding = judge_zones(&gpu(), &[], &rows("usw2-az1"));
        assert_eq!(finding.outcome, Outcome::Fail);
        let found = "GPU nodes are put into us-west-2c, but us-west-2c (usw2-az3) has not the \
                     reservation";
        assert_eq!(finding.found, found);
        assert_eq!(finding.remedy.unwrap(), "answer `zone = \"us-west-2a\"`");
        assert_eq!(judge_zones(&gpu(), &[], &rows("usw2-az3")).outcome, Outcome::Pass);
        assert_eq!(judge_zones(&gpu(), &[], &rows("usw2-az4")).outcome, Outcome::Fail);
        let chosen = Gpu { zone: None, ..gpu() };
        let named = ["us-west-2c".to_owned()];
        assert_eq!(judge_zones(&chosen, &named, &rows("usw2-az3")).outcome, Outcome::Pass);
        assert_eq!(judge_zones(&chosen, &named, &rows("usw2-az1")).outcome, Outcome::Fail);
    }

    #[test]
    fn a_zone_that_cannot_host_a_control_plane_does_not_work() {
        let zone = Zone { name: "us-east-1e".into(), id: "use1-az3".into(), state: String::new() };
        let offering =
            Offering { instance_type: "p5e.48xlarge".into(), zone_id: "use1-az3".into() };
        let rows = table(&[zone], &[offering], None);
        assert_eq!(rows[0].reason(), "us-east-1e (use1-az3) cannot host EKS");
        assert_eq!(judge_zones(&gpu(), &[], &rows).outcome, Outcome::Fail);
    }
}
