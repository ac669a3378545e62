//! What an earlier run left behind, looked for before any plan.
//!
//! A lock of the state that a dead tool of ours left is released, anybody else's is left alone
//! ([`lock`]). A state that was torn or could not be written is put back ([`state`]); an object that Terraform
//! calls tainted is asked after, and a healthy one is kept ([`taint`]); objects that were made and
//! not recorded are taken in ([`unrecorded`]). Each finding is said with what was done.

mod lock;
mod state;
mod taint;
mod unrecorded;

use std::time::Duration;

use tokio::time::sleep;

pub(super) use lock::held;
pub(super) use state::mend as mend_state;
pub(super) use unrecorded::adopt;

use super::steps::terraform::read;
use super::steps::{Context, StepError};
use crate::run::event::EventKind;
use crate::tools::terraform::{Root, State};

/// Between two looks at an object that is still being made.
const PAUSE: Duration = Duration::from_millis(500);

/// Looks for what an earlier run left, and puts it right.
pub(super) async fn before_plan(context: &Context<'_>, root: &Root) -> Result<(), StepError> {
    lock::release_stale(context, root).await?;
    state::push_unsaved(context, root).await?;
    let shown = read(&root.show_state(), "show").await?;
    let state = State::read(&shown.stdout).map_err(|error| StepError::of(&error))?;
    for secret in state.secrets() {
        context.session.redactor.learn(&secret);
    }
    for object in state.tainted() {
        taint::triage(context, root, object).await?;
    }
    Ok(())
}

/// Says what was found, and what was done about it.
async fn found(context: &Context<'_>, what: String) -> Result<(), StepError> {
    let stage = Some(context.stage.to_owned());
    context.session.recorder.record(EventKind::Found { stage, what }).await?;
    Ok(())
}

/// Says that an object is still being made, and waits a little.
async fn still_being_made(
    context: &Context<'_>,
    address: &str,
    is_told: bool,
) -> Result<(), StepError> {
    if !is_told {
        let (object, reason) = (address.to_owned(), "still being made".to_owned());
        context.record(|stage, step| EventKind::Waiting { stage, step, object, reason }).await?;
    }
    tokio::select! {
        () = sleep(PAUSE) => Ok(()),
        () = context.session.stop.now() => Err(StepError::Stopped),
    }
}
