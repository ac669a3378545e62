//! Columns and rows of workloads.

use jiff::Timestamp;
use serde_json::Value;

use super::Width::Wide;
use super::cells::{
    Described, age, at, count, named, of, or_none, pairs, plain_kind, template, with_age,
};
use super::{Column, age_of, duration};
use crate::rehearsal::kubernetes::value::{condition_holds, is_deleting, items, text};

const WORKLOAD: [Column; 3] = [("Containers", Wide), ("Images", Wide), ("Selector", Wide)];

pub(super) fn described(kind: &str) -> Described {
    match kind {
        "Deployment" => (with_age(&["Ready", "Up-to-date", "Available"], &WORKLOAD), |o, now| {
            let mut cells = vec![
                named(o),
                of(o, "/status/readyReplicas", "/spec/replicas"),
                count(o, "/status/updatedReplicas"),
                count(o, "/status/availableReplicas"),
                age(o, now),
            ];
            cells.extend(template(o));
            cells
        }),
        "ReplicaSet" => (with_age(&["Desired", "Current", "Ready"], &WORKLOAD), |o, now| {
            let mut cells = vec![
                named(o),
                count(o, "/spec/replicas"),
                count(o, "/status/replicas"),
                count(o, "/status/readyReplicas"),
                age(o, now),
            ];
            cells.extend(template(o));
            cells
        }),
        "StatefulSet" => (with_age(&["Ready"], &WORKLOAD[..2]), |o, now| {
            let ready = of(o, "/status/readyReplicas", "/spec/replicas");
            let [containers, images, _] = template(o);
            vec![named(o), ready, age(o, now), containers, images]
        }),
        "DaemonSet" => (
            with_age(
                &["Desired", "Current", "Ready", "Up-to-date", "Available", "Node Selector"],
                &WORKLOAD,
            ),
            |o, now| {
                let mut cells = vec![named(o)];
                cells.extend(
                    ["desired", "current"]
                        .map(|which| count(o, &format!("/status/{which}NumberScheduled"))),
                );
                cells.extend([
                    count(o, "/status/numberReady"),
                    count(o, "/status/updatedNumberScheduled"),
                    count(o, "/status/numberAvailable"),
                    pairs(&o["spec"]["template"]["spec"]["nodeSelector"]),
                    age(o, now),
                ]);
                cells.extend(template(o));
                cells
            },
        ),
        "Job" => (with_age(&["Status", "Completions", "Duration"], &WORKLOAD), |o, now| {
            let mut cells = vec![
                named(o),
                job_status(o).into(),
                of(o, "/status/succeeded", "/spec/completions"),
                job_duration(o, now),
                age(o, now),
            ];
            cells.extend(template(o));
            cells
        }),
        "CronJob" => (
            with_age(&["Schedule", "Timezone", "Suspend", "Active", "Last Schedule"], &WORKLOAD),
            |o, now| {
                let last = text(o, "/status/lastScheduleTime");
                let mut cells = vec![
                    named(o),
                    at(o, "/spec/schedule"),
                    or_none(at(o, "/spec/timeZone")),
                    if o["spec"]["suspend"] == true { "True" } else { "False" }.into(),
                    items(o, "/status/active").count().to_string(),
                    if last.is_empty() { "<none>".into() } else { age_of(last, now) },
                    age(o, now),
                ];
                cells.extend(template(&o["spec"]["jobTemplate"]));
                cells
            },
        ),
        _ => plain_kind(),
    }
}

fn job_status(o: &Value) -> &'static str {
    if condition_holds(o, "Complete") {
        "Complete"
    } else if condition_holds(o, "Failed") {
        "Failed"
    } else if is_deleting(o) {
        "Terminating"
    } else if o["spec"]["suspend"] == true {
        "Suspended"
    } else {
        "Running"
    }
}

fn job_duration(o: &Value, now: Timestamp) -> String {
    let Ok(start) = text(o, "/status/startTime").parse::<Timestamp>() else {
        return String::new();
    };
    let end = text(o, "/status/completionTime").parse().unwrap_or(now);
    duration(end.duration_since(start).as_secs().max(0))
}
