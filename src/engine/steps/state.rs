//! Where the Terraform state is kept: its bucket is made or found, and its lock is tried.

use tokio::time::Instant;

use super::super::session::milliseconds;
use super::{Context, StepEnd, StepError};
use crate::plan::StatePlace;
use crate::run::Action;
use crate::run::event::EventKind;
use crate::transfer::state::{How, StateBucket};

/// Makes or finds the bucket and verifies that it locks.
pub(super) async fn prepare(context: &Context<'_>) -> Result<StepEnd, StepError> {
    let Some(bucket) = bucket(context) else { return Ok(StepEnd::Done { unchanged: true }) };
    let began = Instant::now();
    let how = bucket.ensure().await.map_err(|error| StepError::of(&error))?;
    if how == How::Made {
        let address = format!("s3://{}", bucket.name());
        let elapsed_ms = milliseconds(began);
        let made = |stage, step| EventKind::ObjectFinished {
            stage,
            step,
            address,
            action: Action::Create,
            id: None,
            elapsed_ms,
            bytes: None,
        };
        context.record(made).await?;
    }
    bucket.try_lock().await.map_err(|error| StepError::of(&error))?;
    let what = format!("bucket {} keeps versions and locks", bucket.name());
    context.record(|stage, step| EventKind::GateHeld { stage, step, what }).await?;
    Ok(StepEnd::Done { unchanged: how == How::Found })
}

/// The bucket that holds the state, where it is kept in one.
pub(in crate::engine) fn bucket(context: &Context<'_>) -> Option<StateBucket> {
    let session = context.session;
    let StatePlace::Bucket { name, key } = &session.plan.state else { return None };
    let access = &session.surroundings.storage;
    Some(StateBucket::new(access, name, key, &session.deployment.name))
}
