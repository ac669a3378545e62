//! What an earlier run left behind, looked for before any plan.
//!
//! A state that could not be written is pushed back; an object that Terraform calls tainted is
//! asked after, and a healthy one is kept. Each finding is said with what was done.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::sleep;

use super::steps::terraform::{self, read};
use super::steps::tool::{self, LastWords};
use super::steps::{Context, StepError};
use super::stop::Stop;
use crate::cloud::{ADDRESS_TAG, Condition, Tagged};
use crate::run::Action;
use crate::run::event::{EventKind, Failure};
use crate::tools::terraform::Root;
use crate::tools::terraform::State;

/// Between two looks at an object that is still being made.
const PAUSE: Duration = Duration::from_millis(500);

/// Looks for what an earlier run left, and puts it right.
pub(super) async fn before_plan(context: &Context<'_>, root: &Root) -> Result<(), StepError> {
    push_errored_state(context, root).await?;
    let shown = read(&root.show_state(), "show").await?;
    let state = State::read(&shown.stdout).map_err(|error| StepError::of(&error))?;
    for secret in state.secrets() {
        context.session.redactor.learn(&secret);
    }
    for object in state.tainted() {
        let id = object.values.get("id").and_then(serde_json::Value::as_str).unwrap_or_default();
        triage(context, root, &object.address, &object.kind, id).await?;
    }
    Ok(())
}

async fn push_errored_state(context: &Context<'_>, root: &Root) -> Result<(), StepError> {
    let Some(path) = root.errored_state() else { return Ok(()) };
    let mut words = LastWords::default();
    let ended =
        tool::run(context, "state push", root.state_push(&path), &mut words, &Stop::default())
            .await?;
    if !ended.is_success() {
        return Err(StepError::Failed(Failure {
            what: "the state that an earlier run could not write cannot be pushed back".into(),
            causes: words.causes(),
            hint: Some(format!("it is kept in `{}`; mend the cause, then resume", path.display())),
        }));
    }
    // It holds secrets and has done its work.
    std::fs::remove_file(&path).map_err(|source| {
        StepError::Failed(Failure {
            what: format!("could not remove `{}`", path.display()),
            causes: vec![source.to_string()],
            hint: None,
        })
    })?;
    found(context, "a state that an earlier run could not write was pushed back".into()).await
}

async fn triage(
    context: &Context<'_>,
    root: &Root,
    address: &str,
    kind: &str,
    id: &str,
) -> Result<(), StepError> {
    let cloud = &context.session.surroundings.cloud;
    let mut told = false;
    loop {
        match cloud.condition(kind, id).await.map_err(|error| StepError::of(&error))? {
            Condition::Healthy => break,
            Condition::Creating => {
                if !told {
                    told = true;
                    let (object, reason) = (address.to_owned(), "still being made".to_owned());
                    context
                        .record(|stage, step| EventKind::Waiting { stage, step, object, reason })
                        .await?;
                }
                tokio::select! {
                    () = sleep(PAUSE) => {}
                    () = context.session.stop.now() => return Err(StepError::Stopped),
                }
            }
            Condition::Broken | Condition::Absent => {
                let what = format!("{address} was left unfinished by a stop and will be replaced");
                return found(context, what).await;
            }
        }
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
    let what = format!("{address} was marked as tainted by a stop but is healthy; it is kept");
    found(context, what).await
}

/// Takes in objects that an earlier run made and no state knows: a create that was in flight when
/// its tool or its account died. Found by type and address tag among what the plan would make, so
/// that nothing is ever made twice. Whether there were any, and the plan must be made again.
pub(super) async fn adopt(context: &Context<'_>, root: &Root) -> Result<bool, StepError> {
    let session = context.session;
    // Before the first run there is nothing of ours that could be found.
    if session.before.header.is_none() {
        return Ok(false);
    }
    let plan = terraform::show_plan(context, root).await?;
    let wanted: BTreeMap<(&str, &str), &str> = plan
        .changes()
        .filter(|change| change.action() == Some(Action::Create))
        .filter_map(|c| Some(((c.kind.as_str(), c.tag(ADDRESS_TAG)?), c.address.as_str())))
        .collect();
    let mut imports = BTreeMap::new();
    for object in finished(context).await? {
        if let Some(address) = wanted.get(&(object.kind.as_str(), object.address.as_str())) {
            imports.insert((*address).to_owned(), object.import_id);
        }
    }
    if imports.is_empty() {
        return Ok(false);
    }
    for (address, id) in &imports {
        let what = format!("{address} exists as {id} and is in no state; it is taken in");
        found(context, what).await?;
    }
    root.write_imports(&imports).map_err(|source| terraform::unwritable(root, source))?;
    Ok(true)
}

/// The objects of the deployment, once none of them is being made any more.
async fn finished(context: &Context<'_>) -> Result<Vec<Tagged>, StepError> {
    let session = context.session;
    let cloud = &session.surroundings.cloud;
    let mut told = BTreeSet::new();
    loop {
        let objects = cloud.tagged(&session.deployment.name).await;
        let objects = objects.map_err(|error| StepError::of(&error))?;
        let mut making = objects.iter().filter(|object| object.is_creating).peekable();
        if making.peek().is_none() {
            return Ok(objects);
        }
        for object in making {
            if told.insert(object.address.clone()) {
                let (object, reason) = (object.address.clone(), "still being made".to_owned());
                context
                    .record(|stage, step| EventKind::Waiting { stage, step, object, reason })
                    .await?;
            }
        }
        tokio::select! {
            () = sleep(PAUSE) => {}
            () = session.stop.now() => return Err(StepError::Stopped),
        }
    }
}

async fn found(context: &Context<'_>, what: String) -> Result<(), StepError> {
    let stage = Some(context.stage.to_owned());
    context.session.recorder.record(EventKind::Found { stage, what }).await?;
    Ok(())
}
