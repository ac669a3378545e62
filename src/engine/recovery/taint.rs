//! Tainted objects: a stop marks what was being made, and the next plan would replace it.

use serde_json::Value;

use super::super::steps::tool::{self, LastWords};
use super::super::steps::{Context, StepError};
use super::super::stop::Stop;
use super::{found, still_being_made};
use crate::cloud::Condition;
use crate::run::event::Failure;
use crate::tools::terraform::{Root, StateResource};

/// Asks after a tainted object: a healthy one is kept, one that is being made is waited for, a
/// broken one is left to be replaced.
pub(super) async fn triage(
    context: &Context<'_>,
    root: &Root,
    object: &StateResource,
) -> Result<(), StepError> {
    let (address, kind) = (&object.address, &object.kind);
    let id = object.values.get("id").and_then(Value::as_str).unwrap_or_default();
    let cloud = &context.session.surroundings.cloud;
    let mut is_told = false;
    loop {
        match cloud.condition(kind, id).await.map_err(|error| StepError::of(&error))? {
            Condition::Healthy => break,
            Condition::Creating => still_being_made(context, address, is_told).await?,
            Condition::Broken | Condition::Absent => {
                let what = format!(
                    "{address} was cut short while it was made and does not work; it will be replaced"
                );
                return found(context, what).await;
            }
        }
        is_told = true;
    }
    let mut words = LastWords::default();
    let ended =
        tool::run(context, "untaint", root.untaint(address), &mut words, &Stop::default()).await?;
    if !ended.is_success() {
        return Err(StepError::Failed(Failure {
            what: format!("{address} is healthy, but could not be untainted"),
            causes: words.causes(),
            hint: Some("see the log of the step, then resume".into()),
        }));
    }
    let what = format!("{address} was cut short while it was made, but is healthy; it is kept");
    found(context, what).await
}
