//! A Helm release: render, compare with what is there, install or upgrade, watch while Helm waits.

use std::io;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use sha2::{Digest as _, Sha256};
use tokio::time::{Instant, sleep};

use super::super::gates;
use super::super::recorder::RecordError;
use super::super::session::milliseconds;
use super::super::stop::{Stop, Wish};
use super::terraform::checked;
use super::tool::{self, LastWords};
use super::{Context, StepEnd, StepError};
use crate::bundle::chart_values;
use crate::cluster::{ClusterError, Hooks, Watch};
use crate::error::Hint;
use crate::plan::{Facts, Release, Render};
use crate::run::Action;
use crate::run::event::{EventKind, Failure};
use crate::tools::helm::{self, Helm, Standing, read_history};
use crate::tools::process::{Ended, capture};

/// Between two looks at the objects of a release while Helm waits for them.
const PAUSE: Duration = Duration::from_millis(500);
/// How long Helm may take to list the revisions of a release.
const HISTORY_LIMIT: Duration = Duration::from_mins(1);

/// Installs or upgrades the release, unless it stands already with the same chart and values.
pub(super) async fn install(
    context: &Context<'_>,
    render: &Render,
    facts: &Facts,
) -> Result<StepEnd, StepError> {
    let rendered = render.release(facts).map_err(|error| StepError::of(&error))?;
    chart_values::check(&rendered.chart, &rendered.values)
        .map_err(|error| StepError::of(&error))?;
    let (helm, release) = prepare(context, &rendered)?;
    let standing = standing(&helm, &release).await?;
    if let Standing::Deployed(revision) = &standing
        && revision.description == release.description
    {
        return Ok(StepEnd::Done { unchanged: true });
    }
    clear_pending(context, &helm, &release, &standing).await?;
    let action = match standing {
        Standing::Deployed(_) | Standing::RollBack { .. } => Action::Update,
        _ => Action::Create,
    };
    deploy(context, &helm, &release, action).await?;
    Ok(StepEnd::Done { unchanged: false })
}

/// Helm with its own folders, and the release with its values on disk.
fn prepare(context: &Context<'_>, rendered: &Release) -> Result<(Helm, helm::Release), StepError> {
    let session = context.session;
    let folder = session.deployment.folder().join("helm");
    let unprepared = |source| StepError::of(&Unprepared { release: rendered.name.clone(), source });
    let values_folder = folder.join("values");
    super::super::deployment::make_private(&values_folder).map_err(unprepared)?;
    let release = helm::Release {
        name: rendered.name.clone(),
        namespace: rendered.namespace.clone(),
        chart: rendered.chart.clone(),
        values: values_folder.join(format!("{}.yaml", rendered.name)),
        timeout: rendered.timeout,
        description: format!("springboard {}", digest(rendered).map_err(unprepared)?),
    };
    release.write_values(&rendered.values).map_err(unprepared)?;
    let environment = session.child_environment();
    let kubeconfig = session.deployment.kubeconfig();
    context.write_kubeconfig(&kubeconfig).map_err(unprepared)?;
    Ok((Helm::new(&session.toolbox.helm, &folder, &kubeconfig, environment), release))
}

/// SHA-256 over chart and values: a release that stands with the same one needs nothing.
fn digest(release: &Release) -> io::Result<String> {
    let mut hash = Sha256::new();
    hash_files(&release.chart, &mut hash)?;
    hash.update(release.values.to_string());
    Ok(hex::encode(hash.finalize()))
}

fn hash_files(path: &Path, hash: &mut Sha256) -> io::Result<()> {
    if !path.is_dir() {
        hash.update(path.file_name().unwrap_or_default().as_encoded_bytes());
        hash.update(std::fs::read(path)?);
        return Ok(());
    }
    let mut entries: Vec<_> = std::fs::read_dir(path)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    entries.iter().try_for_each(|entry| hash_files(&entry.path(), hash))
}

async fn standing(helm: &Helm, release: &helm::Release) -> Result<Standing, StepError> {
    let command = helm.history(&release.name, &release.namespace);
    let captured = capture(&command, HISTORY_LIMIT).await.map_err(|error| StepError::of(&error))?;
    let history = read_history(&captured).map_err(|error| StepError::of(&error))?;
    Ok(Standing::of(history))
}

/// Leads out of a release that a Helm left pending: the lock of the deployment is ours and its
/// tools hold it too, so no Helm of ours can be alive.
async fn clear_pending(
    context: &Context<'_>,
    helm: &Helm,
    release: &helm::Release,
    standing: &Standing,
) -> Result<(), StepError> {
    let (name, namespace) = (&release.name, &release.namespace);
    let (purpose, command, what) = match standing {
        Standing::RollBack { pending, to } => (
            "rollback",
            helm.rollback(name, namespace, *to, release.timeout),
            format!(
                "revision {} of {name} was left pending; back to revision {to}",
                pending.number
            ),
        ),
        Standing::Uninstall(pending) => (
            "uninstall",
            helm.uninstall(name, namespace, release.timeout),
            format!(
                "revision {} of {name} was left pending and never stood; removed",
                pending.number
            ),
        ),
        Standing::Absent | Standing::Deployed(_) | Standing::Failed(_) => return Ok(()),
    };
    let stage = Some(context.stage.to_owned());
    context.session.recorder.record(EventKind::Found { stage, what }).await?;
    let mut words = LastWords::default();
    let ended = tool::run(context, purpose, command, &mut words, &Stop::default()).await?;
    checked(context, ended.is_success(), || helm_failure(purpose, name, &words, &ended))
}

async fn deploy(
    context: &Context<'_>,
    helm: &Helm,
    release: &helm::Release,
    action: Action,
) -> Result<(), StepError> {
    let address = release.address();
    let began = Instant::now();
    let started = address.clone();
    context
        .record(|stage, step| EventKind::ObjectStarted { stage, step, address: started, action })
        .await?;
    let give_up = Stop::default();
    let hopeless = Mutex::new(None);
    let mut words = LastWords::default();
    let command = helm.upgrade(release);
    let ended = tokio::select! {
        ended = tool::run(context, "upgrade", command, &mut words, &give_up) => ended?,
        failed = watch(context, release, &give_up, &hopeless) => return Err(failed.into()),
    };
    let elapsed_ms = milliseconds(began);
    if ended.is_success() {
        let kind = |stage, step| EventKind::ObjectFinished {
            stage,
            step,
            address,
            action,
            id: None,
            elapsed_ms,
            bytes: None,
        };
        context.record(kind).await?;
        return Ok(());
    }
    context
        .record(|stage, step| EventKind::ObjectFailed { stage, step, address, action, elapsed_ms })
        .await?;
    let reason = hopeless.into_inner().ok().flatten();
    checked(context, false, || {
        let mut failure = helm_failure("upgrade", &release.name, &words, &ended);
        if let Some(reason) = reason {
            failure.what = format!("release {} will not become ready: {reason}", release.name);
        }
        failure
    })
}

/// Says why objects are not ready while Helm waits for them, and gives up on hopeless ones. Ends
/// only when the journal cannot be written.
async fn watch(
    context: &Context<'_>,
    release: &helm::Release,
    give_up: &Stop,
    hopeless: &Mutex<Option<String>>,
) -> RecordError {
    let began = Instant::now();
    let mut watch = Watch::new(context.session.surroundings.patience);
    loop {
        sleep(PAUSE).await;
        let Ok(cluster) = context.cluster() else { continue };
        let (namespace, name) = (&release.namespace, &release.name);
        let found = gates::release_readiness(&cluster, namespace, name, Hooks::Counted).await;
        let seen = match &found {
            Ok(found) => watch.look(found, began.elapsed()),
            Err(error @ ClusterError::Unreachable { .. }) => {
                watch.unanswered(&error.to_string(), began.elapsed())
            }
            Err(_refused) => continue,
        };
        if let Err(error) = gates::tell(context, seen.news).await {
            return error;
        }
        if let Some(object) = seen.hopeless {
            let reason = object.verdict.reason().unwrap_or_default();
            if let Ok(mut known) = hopeless.lock() {
                *known = Some(format!("{} {reason}", object.object));
            }
            give_up.ask(Wish::Now);
        }
    }
}

fn helm_failure(purpose: &str, release: &str, words: &LastWords, ended: &Ended) -> Failure {
    if let Some(failure) = tool::killed("helm", &format!("{purpose} of release {release}"), ended) {
        return failure;
    }
    Failure {
        what: format!("helm {purpose} of release {release} failed"),
        causes: words.causes(),
        hint: Some("mend the cause, then resume; what is done stays done".into()),
    }
}

/// A release cannot be put on disk.
#[derive(Debug, thiserror::Error)]
#[error("could not prepare the release `{release}`")]
struct Unprepared {
    release: String,
    #[source]
    source: io::Error,
}

impl Hint for Unprepared {}
