//! A Terraform pass: prepare, look for what an earlier run left, plan, gate, apply, read outputs.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::session::{Preflight, Session};
use super::super::stop::Stop;
use super::super::{gates, recovery};
use super::tool::{self, LastWords};
use super::{Context, StepEnd, StepError};
use crate::bundle::embedded;
use crate::error::Hint;
use crate::plan::{Facts, Gate, Pass, StatePlace, Work};
use crate::preflight::permitted;
use crate::run::Action;
use crate::run::event::{Failure, Outcome};
use crate::tools::process::{Captured, CommandLine, capture};
use crate::tools::terraform::PlanJson;
use crate::tools::terraform::{Command, Root, Told, Translator};
use crate::tools::terraform::{OutputValue, read_outputs};

/// How long a command may take that only reads the state.
const READ_LIMIT: Duration = Duration::from_mins(5);

/// What a plan would do.
pub(super) enum Planned {
    /// Nothing.
    Nothing,
    /// Something.
    Changes(PlanJson),
}

impl Planned {
    /// Address to what would happen to it.
    pub(super) fn changes(&self) -> BTreeMap<String, Action> {
        let Self::Changes(plan) = self else { return BTreeMap::new() };
        plan.changes().filter_map(|c| Some((c.address.clone(), c.action()?))).collect()
    }
}

/// Applies the root with the variables of the pass.
pub(super) async fn apply(
    context: &Context<'_>,
    pass: &Pass,
    gates: &[Gate],
    facts: &mut Facts,
) -> Result<StepEnd, StepError> {
    let later = latest_begun(context, pass);
    let pass = later.unwrap_or(pass);
    let root = prepare(context, pass).await?;
    if later.is_some() && holds_already(context, &root, gates, facts).await? {
        return Ok(StepEnd::Done { unchanged: true });
    }
    recovery::before_plan(context, &root).await?;
    let unchanged = match plan_with_adoptions(context, &root).await? {
        Planned::Nothing => true,
        Planned::Changes(plan) => {
            gate_plan(context, &root, pass, &plan)?;
            gate_permissions(context, &root, &plan).await?;
            run_apply(context, &root).await?;
            false
        }
    };
    remove_plan(&root)?;
    root.write_imports(&BTreeMap::new()).map_err(|source| unwritable(&root, source))?;
    facts.outputs = outputs(context, &root).await?;
    Ok(StepEnd::Done { unchanged })
}

/// Plans until nothing more is found that exists already: what belongs to an object that was taken
/// in is known only after that.
async fn plan_with_adoptions(context: &Context<'_>, root: &Root) -> Result<Planned, StepError> {
    let mut imports = BTreeMap::new();
    loop {
        let planned = plan(context, root).await?;
        match &planned {
            Planned::Changes(plan)
                if recovery::adopt(context, root, plan, &mut imports).await? => {}
            _ => return Ok(planned),
        }
    }
}

/// The latest pass that an earlier run has begun. What it made must not be planned away by the
/// variables of an earlier pass.
fn latest_begun<'a>(context: &Context<'a>, pass: &Pass) -> Option<&'a Pass> {
    let session = context.session;
    let begun = session.plan.stages.iter().flat_map(|stage| {
        stage.steps.iter().filter_map(move |step| match &step.work {
            Work::Apply(other) if session.before.was_begun(stage.id, &step.id) => Some(other),
            _ => None,
        })
    });
    begun.filter(|other| other.order > pass.order).max_by_key(|other| other.order)
}

/// Whether the gates of an earlier pass hold, so that the later one can be planned in its place.
async fn holds_already(
    context: &Context<'_>,
    root: &Root,
    gates: &[Gate],
    facts: &mut Facts,
) -> Result<bool, StepError> {
    facts.outputs = outputs(context, root).await?;
    let door = context.session.door(facts);
    let context = Context { door: door.as_ref(), ..*context };
    for gate in gates {
        if !gates::holds(&context, gate).await {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Writes root, variables and lock file, then `init` and `validate`.
pub(super) async fn prepare(context: &Context<'_>, pass: &Pass) -> Result<Root, StepError> {
    let session = context.session;
    let folder = session.deployment.terraform();
    embedded::write_to("terraform", &folder).map_err(|error| StepError::of(&error))?;
    let toolbox = &session.toolbox;
    let mut environment = session.child_environment();
    environment.extend(session.surroundings.terraform.clone());
    let dir = folder.join(session.plan.root);
    let root = Root::new(toolbox.engine, &toolbox.terraform.path, &dir, environment);
    let root = placed(session, root)?;
    // What an earlier run wanted to take in may have changed since: it is looked for anew.
    // A plan of an earlier run holds secrets and is stale.
    let written = root
        .remove_plan()
        .and_then(|()| root.write_imports(&BTreeMap::new()))
        .and_then(|()| root.write_backend())
        .and_then(|()| root.place_lock_file())
        .and_then(|()| root.write_variables(&pass.variables));
    written.map_err(|source| unwritable(&root, source))?;
    // Before `init`, which reads it.
    recovery::mend_state(context, &root).await?;
    let mut translator = Translator::new(context.stage, context.step, Command::Other);
    let ended =
        tool::run(context, "init", root.init(&[]), &mut translator, &Stop::default()).await?;
    checked(context, ended.is_success(), || {
        tool::failure(context, "init", translator.told(), &ended)
    })?;
    let mut words = LastWords::default();
    let ended =
        tool::run(context, "validate", root.validate(), &mut words, &Stop::default()).await?;
    checked(context, ended.is_success(), || Failure {
        what: "terraform validate failed: the embedded root is not right for this program".into(),
        causes: words.causes(),
        hint: Some("see the log of the step; another version of the program may help".into()),
    })?;
    Ok(root)
}

/// The root with its state where the plan wants it. A state is never moved by an answer.
fn placed(session: &Session, root: Root) -> Result<Root, StepError> {
    let root = match &session.plan.state {
        StatePlace::Local => root,
        StatePlace::Bucket { name, key } => {
            let own = json!({
                "bucket": name,
                "key": key,
                "region": session.plan.region,
                "encrypt": true,
                "use_lockfile": true,
            });
            let mut settings = own.as_object().cloned().unwrap_or_default();
            settings.extend(session.surroundings.backend.clone());
            root.with_state_in_s3(&settings)
        }
    };
    let Some(other) = root.other_state_place() else { return Ok(root) };
    Err(StepError::Failed(Failure {
        what: format!("the Terraform state of this deployment is kept in {other}"),
        causes: vec!["the answers want it in another place, and a state is not moved".into()],
        hint: Some("put the answers on the state back as they were, then resume".into()),
    }))
}

/// Makes the saved plan.
pub(super) async fn plan(context: &Context<'_>, root: &Root) -> Result<Planned, StepError> {
    let mut translator = Translator::new(context.stage, context.step, Command::Plan);
    let ended = tool::run(context, "plan", root.plan(), &mut translator, &Stop::default()).await?;
    let made = matches!(ended.code(), Some(0 | 2));
    held_by_another(context, translator.told())?;
    checked(context, made, || tool::failure(context, "plan", translator.told(), &ended))?;
    if ended.code() == Some(0) {
        remove_plan(root)?;
        return Ok(Planned::Nothing);
    }
    let plan = show_plan(context, root).await?;
    // Changed outputs alone are a change too: the state does not have them yet.
    Ok(Planned::Changes(plan))
}

async fn show_plan(context: &Context<'_>, root: &Root) -> Result<PlanJson, StepError> {
    let shown = read(&root.show_plan(), "show").await?;
    let plan = PlanJson::read(&shown.stdout).map_err(|error| StepError::of(&error))?;
    for secret in plan.secrets() {
        context.session.redactor.learn(&secret);
    }
    Ok(plan)
}

/// What a plan must not do: lose guarded objects, forget the boundary, miss the reservation.
fn gate_plan(
    context: &Context<'_>,
    root: &Root,
    pass: &Pass,
    plan: &PlanJson,
) -> Result<(), StepError> {
    let session = context.session;
    let lost: Vec<String> = plan
        .guarded_losses()
        .into_iter()
        .map(|change| change.address.clone())
        .filter(|address| !session.confirmed.contains(address))
        .collect();
    if !lost.is_empty() {
        remove_plan(root)?;
        return Err(StepError::Refused(lost));
    }
    let bare = plan.roles_without_boundary();
    if session.plan.boundary.is_some() && !bare.is_empty() {
        let causes = bare.into_iter().map(|role| format!("{role} has none")).collect();
        return Err(refused_plan(root, "an IAM role would have no permissions boundary", causes));
    }
    let capacity = plan.capacity();
    let reserved = |id: &String| capacity.iter().any(|c| c.reservation_id.as_ref() == Some(id));
    if let Some(id) = pass.reservation.as_ref().filter(|id| !reserved(id))
        && !capacity.is_empty()
    {
        let what = "no launch template would use the capacity reservation";
        return Err(refused_plan(root, what, vec![format!("the reservation is {id}")]));
    }
    Ok(())
}

/// What the caller may not make is not begun: an apply that is denied half-way leaves the rest of
/// the plan behind. Left out together with the check that asks the same of the answers.
async fn gate_permissions(
    context: &Context<'_>,
    root: &Root,
    plan: &PlanJson,
) -> Result<(), StepError> {
    let Preflight { context: asked, left_out, .. } = &context.session.preflight;
    let is_made = |action: Option<Action>| matches!(action, Some(Action::Create | Action::Replace));
    let made = plan.changes().filter(|change| is_made(change.action()));
    let types: BTreeSet<&str> = made.map(|change| change.kind.as_str()).collect();
    if types.is_empty() || left_out.contains("permissions") {
        return Ok(());
    }
    let Ok(finding) = permitted(asked, types).await else { return Ok(()) };
    if finding.outcome != Outcome::Fail {
        return Ok(());
    }
    remove_plan(root)?;
    let what = format!("the plan makes what is not permitted: {}", finding.found);
    let causes = finding.why.into_iter().collect();
    Err(StepError::Failed(Failure { what, causes, hint: finding.remedy }))
}

fn refused_plan(root: &Root, what: &str, causes: Vec<String>) -> StepError {
    if let Err(error) = remove_plan(root) {
        return error;
    }
    let hint = Some("this is a bug in springboard; nothing was changed".into());
    StepError::Failed(Failure { what: what.into(), causes, hint })
}

async fn run_apply(context: &Context<'_>, root: &Root) -> Result<(), StepError> {
    let mut translator = Translator::new(context.stage, context.step, Command::Apply);
    let ended = tool::run(context, "apply", root.apply(), &mut translator, &Stop::default()).await;
    remove_plan(root)?;
    let told = translator.told();
    held_by_another(context, told)?;
    // Exit code and summary together: events alone do not say that the state was written.
    let ended = ended?;
    let applied = ended.is_success() && told.applied.is_some();
    checked(context, applied, || tool::failure(context, "apply", told, &ended))
}

/// The outputs of the root; secret ones are learned by the redactor and left out.
pub(super) async fn outputs(
    context: &Context<'_>,
    root: &Root,
) -> Result<BTreeMap<String, Value>, StepError> {
    let read = read(&root.output(), "output").await?;
    let outputs = read_outputs(&read.stdout).map_err(|error| StepError::of(&error))?;
    let mut plain = BTreeMap::new();
    for (name, value) in outputs {
        match value {
            OutputValue::Plain(value) => {
                plain.insert(name, value);
            }
            OutputValue::Secret(secret) => context.session.redactor.learn(&secret),
        }
    }
    Ok(plain)
}

/// Runs a command that only reads; what it says stays in memory.
pub(crate) async fn read(command: &CommandLine, what: &str) -> Result<Captured, StepError> {
    let captured = capture(command, READ_LIMIT).await.map_err(|error| StepError::of(&error))?;
    if captured.exit == Some(0) {
        return Ok(captured);
    }
    Err(StepError::Failed(Failure {
        what: format!("terraform {what} failed"),
        causes: captured
            .stderr
            .lines()
            .map(str::trim)
            .filter(|l| !l.is_empty())
            .take(3)
            .map(str::to_owned)
            .collect(),
        hint: Some("mend the cause, then resume".into()),
    }))
}

/// A command that did not do its work was stopped, when a stop was asked for, or has failed.
pub(in crate::engine) fn checked(
    context: &Context<'_>,
    good: bool,
    failure: impl FnOnce() -> Failure,
) -> Result<(), StepError> {
    if good {
        Ok(())
    } else if context.session.stop.is_now() {
        Err(StepError::Stopped)
    } else {
        Err(StepError::Failed(failure()))
    }
}

/// Somebody else has the lock of the state: that is no failure of the tool.
fn held_by_another(context: &Context<'_>, told: &Told) -> Result<(), StepError> {
    let now = context.session.host.now();
    told.lock().map_or(Ok(()), |lock| Err(StepError::Held(recovery::held(&lock, now))))
}

fn remove_plan(root: &Root) -> Result<(), StepError> {
    root.remove_plan().map_err(|source| unwritable(root, source))
}

pub(in crate::engine) fn unwritable(root: &Root, source: std::io::Error) -> StepError {
    StepError::of(&Unwritable { dir: root.dir().to_owned(), source })
}

/// The working directory cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("could not write to the working directory `{}`", .dir.display())]
struct Unwritable {
    dir: std::path::PathBuf,
    #[source]
    source: std::io::Error,
}

impl Hint for Unwritable {
    fn hint(&self) -> Option<String> {
        Some("free space on the disk, or make the folder writable, then resume".into())
    }
}
