//! Jobs: pods run to their end. Cron jobs are kept and never run.

use std::io;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::kind::at;
use super::super::value::{
    condition, condition_holds, is_deleting, items, name, number, object_at, text, uid,
};
use super::Control;
use super::events::Tone;
use super::pods;

/// Brings every job one step further.
pub(crate) fn run(control: &mut Control<'_>) -> io::Result<()> {
    let all_pods = control.list(at::PODS);
    for job in control.list(at::JOBS) {
        if is_deleting(&job) {
            continue;
        }
        if condition_holds(&job, "Complete") || condition_holds(&job, "Failed") {
            forget(control, &job)?;
            continue;
        }
        if !job["spec"]["selector"].is_object() {
            adopt_template(control, &job)?;
            continue;
        }
        let owned = pods::controlled(&all_pods, &job);
        let count = |phase: &str| {
            i64::try_from(owned.iter().filter(|p| text(p, "/status/phase") == phase).count())
                .unwrap_or(0)
        };
        let (succeeded, failed) = (count("Succeeded"), count("Failed"));
        let active =
            i64::try_from(owned.iter().filter(|p| pods::is_active(p)).count()).unwrap_or(0);
        let completions = number(&job, "/spec/completions").unwrap_or(1);
        let is_late = is_late(control, &job);
        let has_failed = is_late || failed > number(&job, "/spec/backoffLimit").unwrap_or(6);
        if is_late {
            for pod in &owned {
                control.end_pod(pod)?;
            }
        }
        let is_complete = succeeded >= completions;
        if !is_complete && !has_failed && job["spec"]["suspend"] != true {
            let together = number(&job, "/spec/parallelism").unwrap_or(1);
            let missing = (completions - succeeded).min(together) - active;
            for _ in 0..missing.max(0) {
                let mut pod = pods::from_template(&job, &[]);
                pod["metadata"]["name"] = json!(control.fresh_name(name(&job)));
                if control.create_pod(&job, pod)?.is_err() {
                    break;
                }
            }
        }
        let end = match (is_complete, is_late, has_failed) {
            (true, ..) => End::Complete,
            (_, true, _) => End::Late,
            (.., true) => End::Failed,
            _ => End::NotYet,
        };
        say(control, &job, &Counts { active, succeeded, failed, end })?;
    }
    Ok(())
}

/// The labels by which a job knows its pods, once its uid is known.
fn adopt_template(control: &mut Control<'_>, job: &Value) -> io::Result<()> {
    let (uid, job_name) = (uid(job).to_owned(), name(job).to_owned());
    control.modify(at::JOBS, job, |job| {
        job["spec"]["selector"] =
            json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}});
        let labels = object_at(&mut job["spec"]["template"]["metadata"], "labels");
        for (key, value) in [
            ("batch.kubernetes.io/controller-uid", &uid),
            ("batch.kubernetes.io/job-name", &job_name),
            ("controller-uid", &uid),
            ("job-name", &job_name),
        ] {
            labels.insert(key.into(), json!(value));
        }
        // Completing the template is no change of what was asked for.
        job["metadata"]["generation"] = json!(0);
    })?;
    control.modify(at::JOBS, job, |job| job["metadata"]["generation"] = json!(1))
}

struct Counts {
    active: i64,
    succeeded: i64,
    failed: i64,
    end: End,
}

/// How a job has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    Complete,
    Failed,
    Late,
}

/// Whether a job has run longer than it may.
fn is_late(control: &mut Control<'_>, job: &Value) -> bool {
    let Some(seconds) = number(job, "/spec/activeDeadlineSeconds") else { return false };
    let allowed = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let Some(allowed) = control.world().limit(allowed) else { return false };
    control.timers.is_due(&format!("job-deadline/{}", uid(job)), allowed)
}

fn say(control: &mut Control<'_>, job: &Value, counts: &Counts) -> io::Result<()> {
    let now = control.now.clone();
    let started = match text(job, "/status/startTime") {
        "" => now.as_str(),
        given => given,
    };
    let mut status = json!({
        "startTime": started, "active": counts.active, "succeeded": counts.succeeded,
        "failed": counts.failed, "ready": 0, "terminating": 0, "uncountedTerminatedPods": {},
    });
    let (reason, message) = match counts.end {
        End::NotYet => return control.set_status(at::JOBS, job, status),
        End::Complete => ("CompletionsReached", "Reached expected number of succeeded pods"),
        End::Failed => ("BackoffLimitExceeded", "Job has reached the specified backoff limit"),
        End::Late => ("DeadlineExceeded", "Job was active longer than specified deadline"),
    };
    let (first, last) = if counts.end == End::Complete {
        status["completionTime"] = json!(now);
        control.event(job, Tone::Normal, "job-controller", "Completed", "Job completed")?;
        ("SuccessCriteriaMet", "Complete")
    } else {
        control.event(job, Tone::Warning, "job-controller", reason, message)?;
        ("FailureTarget", "Failed")
    };
    status["conditions"] = json!([
        condition(job, first, true, reason, message, &now),
        condition(job, last, true, reason, message, &now),
    ]);
    control.set_status(at::JOBS, job, status)
}

/// A finished job goes when its time is over.
fn forget(control: &mut Control<'_>, job: &Value) -> io::Result<()> {
    let Some(seconds) = number(job, "/spec/ttlSecondsAfterFinished") else { return Ok(()) };
    let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    let lasts = control.world().scaled(lasts).max(Duration::from_secs(2));
    if control.timers.is_due(&format!("job-ttl/{}", uid(job)), lasts) {
        for (path, pod) in control
            .api
            .objects
            .everything(|o| items(o, "/metadata/ownerReferences").any(|r| r["uid"] == uid(job)))
        {
            control.remove(&path, &pod)?;
        }
        control.remove(at::JOBS, job)?;
    }
    Ok(())
}
