//! The lock of a state in S3, which a tool that was killed never releases.
//!
//! Ours is released only when it is proved that nobody is alive who could have it: it was taken on
//! this host while a tool of this deployment was at work, and no tool is at work now, because the
//! lock of the deployment is ours and every tool holds that too. Anybody else's is shown and never
//! touched without its id.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::super::steps::terraform::checked;
use super::super::steps::tool::{self, LastWords};
use super::super::steps::{Context, StepError, state};
use super::super::stop::Stop;
use super::found;
use crate::host::node_name;
use crate::run::event::Failure;
use crate::tools::terraform::{LockInfo, Root};

/// The journal says when a tool was announced and when its end was seen; it takes the lock between.
const SLACK: SignedDuration = SignedDuration::from_secs(2);

/// Releases a lock that a dead tool of ours has left.
pub(super) async fn release_stale(context: &Context<'_>, root: &Root) -> Result<(), StepError> {
    let Some(bucket) = state::bucket(context) else { return Ok(()) };
    let held_lock = bucket.lock().await.map_err(|error| StepError::of(&error))?;
    let Some(lock) = held_lock.map(|text| LockInfo::read(&text)) else { return Ok(()) };
    let now = context.session.host.now();
    let is_confirmed = context.session.confirmed.contains(&lock.id);
    if !is_confirmed && !is_ours(context, &lock)? {
        return Err(StepError::Held(held(&lock, now)));
    }
    let mut words = LastWords::default();
    let unlock = root.force_unlock(&lock.id);
    let ended = tool::run(context, "force-unlock", unlock, &mut words, &Stop::default()).await?;
    checked(context, ended.is_success(), || Failure {
        what: format!("the lock {} of the state could not be released", lock.id),
        causes: words.causes(),
        hint: Some("mend the cause, then resume".into()),
    })?;
    let whose = if is_confirmed {
        "was confirmed to be nobody's any more"
    } else {
        "is of a run of this deployment that was killed"
    };
    found(context, format!("the lock of the state {whose}; it was released ({})", told(&lock, now)))
        .await
}

/// Whether a tool of this deployment took it, which then is dead.
fn is_ours(context: &Context<'_>, lock: &LockInfo) -> Result<bool, StepError> {
    let host = lock.who.rsplit_once('@').map_or("", |(_, host)| host);
    let Ok(taken) = lock.created.parse::<Timestamp>() else { return Ok(false) };
    if host != node_name() {
        return Ok(false);
    }
    let times = context.session.deployment.tool_times();
    let times = times.map_err(|error| StepError::of(&error))?;
    Ok(times.into_iter().any(|(since, until)| {
        taken.duration_since(since) > -SLACK
            && until.is_none_or(|until| taken.duration_since(until) < SLACK)
    }))
}

/// What is said of a lock that somebody else has.
pub(in crate::engine) fn held(lock: &LockInfo, now: Timestamp) -> Failure {
    Failure {
        what: "somebody else holds the lock of the Terraform state".into(),
        causes: vec![told(lock, now)],
        hint: Some(format!(
            "wait for the end of that work, then resume; only when it is certain that it is dead, \
             resume with `--confirm {}`",
            lock.id
        )),
    }
}

/// Who, what, since when.
fn told(lock: &LockInfo, now: Timestamp) -> String {
    let or_unknown = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.into() };
    let age = lock.created.parse::<Timestamp>().ok().and_then(|taken| {
        let age = Duration::try_from(now.duration_since(taken)).ok()?;
        Some(match age.as_secs() / 60 {
            0 => "less than a minute ago".to_owned(),
            minutes @ 1..=119 => format!("{minutes} min ago"),
            minutes => format!("{} h ago", minutes / 60),
        })
    });
    format!(
        "taken by {} for {} at {}{}, id {}",
        or_unknown(&lock.who),
        or_unknown(lock.operation.trim_start_matches("OperationType")).to_lowercase(),
        or_unknown(&lock.created),
        age.map(|age| format!(", {age}")).unwrap_or_default(),
        or_unknown(&lock.id),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_of_another_is_shown_with_owner_age_and_id() {
        let lock = LockInfo {
            id: "f00".into(),
            who: "ada@elsewhere".into(),
            operation: "OperationTypeApply".into(),
            created: "2026-11-21T08:00:00Z".into(),
            ..LockInfo::default()
        };
        let failure = held(&lock, "2026-11-21T08:12:01Z".parse().unwrap());
        let cause = &failure.causes[0];
        assert!(cause.starts_with("taken by ada@elsewhere for apply at "), "{cause}");
        assert!(cause.ends_with(", 12 min ago, id f00"), "{cause}");
        assert!(failure.hint.unwrap().contains("`--confirm f00`"));
    }
}
