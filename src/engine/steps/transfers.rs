//! Transfers: images to the registry, checkpoints to S3, with what is there already left alone.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::super::recorder::RecordError;
use super::super::session::milliseconds;
use super::{Context, StepEnd, StepError};
use crate::bundle::Image;
use crate::error::Hint;
use crate::plan::{Checkpoint, Facts, ImageReference};
use crate::run::event::{EventKind, Failure};
use crate::run::{Action, Progress as Shown};
use crate::transfer::checkpoints::{self, Destination, DigestCache};
use crate::transfer::{CancellationToken, How, Progress, Reporter, images as push};

/// So many reports may wait to be recorded.
const QUEUE: usize = 64;

/// Pushes the images and verifies that every digest is there.
pub(super) async fn images(
    context: &Context<'_>,
    images: &[Image],
    facts: &mut Facts,
) -> Result<StepEnd, StepError> {
    let repositories = Repositories::of(context, images, facts)?;
    let registry = context.session.surroundings.registry.open(&repositories.host);
    let repository_of = |image: &Image| repositories.paths[&image.name].clone();
    let pushed = reported(context, |reporter, cancel| async move {
        push::push_all(images, &registry, repository_of, &reporter, &cancel).await
    })
    .await?;
    let count = pushed.len();
    let what = format!("{count} images are in the registry under their digests");
    context.record(|stage, step| EventKind::GateHeld { stage, step, what }).await?;
    let unchanged = pushed.iter().all(|image| image.how == How::AlreadyThere);
    for (image, pushed) in images.iter().zip(pushed) {
        let reference = ImageReference {
            repository: format!("{}/{}", repositories.host, pushed.repository),
            tag: pushed.tag,
            digest: pushed.digest.to_string(),
        };
        facts.images.insert(image.name.clone(), reference);
    }
    Ok(StepEnd::Done { unchanged })
}

/// Uploads a checkpoint, unless its mark says that it is there.
pub(super) async fn checkpoint(
    context: &Context<'_>,
    checkpoint: &Checkpoint,
    facts: &Facts,
) -> Result<StepEnd, StepError> {
    let bucket = facts.text(checkpoint.bucket_output);
    if bucket.is_empty() {
        return Err(missing(format!("the output `{}` is missing", checkpoint.bucket_output)));
    }
    let session = context.session;
    let mut destination = Destination::new(session.surroundings.storage.clone(), bucket);
    checkpoint.prefix.clone_into(&mut destination.prefix);
    let cache = DigestCache::open(&session.deployment.folder().join("checkpoint-digests.json"));
    let uploaded = reported(context, |reporter, cancel| async move {
        checkpoints::upload(&checkpoint.archive, &destination, &cache, &reporter, &cancel).await
    })
    .await?;
    let what = format!("{} is complete, {}", uploaded.uri, uploaded.sha256);
    context.record(|stage, step| EventKind::GateHeld { stage, step, what }).await?;
    Ok(StepEnd::Done { unchanged: uploaded.how == How::AlreadyThere })
}

/// Where Terraform made the repositories.
struct Repositories {
    host: String,
    paths: BTreeMap<String, String>,
}

impl Repositories {
    fn of(context: &Context<'_>, images: &[Image], facts: &Facts) -> Result<Self, StepError> {
        let output = context.session.plan.outputs.repositories;
        let urls = facts.outputs.get(output);
        let mut repositories = Self { host: String::new(), paths: BTreeMap::new() };
        for image in images {
            let url = urls.and_then(|urls| urls.get(&image.name)?.as_str()?.split_once('/'));
            let Some((host, path)) = url else {
                let what = format!("the output `{output}` has no repository for {}", image.name);
                return Err(missing(what));
            };
            host.clone_into(&mut repositories.host);
            repositories.paths.insert(image.name.clone(), path.to_owned());
        }
        Ok(repositories)
    }
}

fn missing(what: String) -> StepError {
    let hint = Some("resume; the stage `foundation` will be applied again".into());
    StepError::Failed(Failure { what, causes: Vec::new(), hint })
}

/// Runs a transfer and records what it reports. A wish to stop ends it between two chunks.
async fn reported<T, E, F>(
    context: &Context<'_>,
    transfer: impl FnOnce(Reporter, CancellationToken) -> F,
) -> Result<T, StepError>
where
    E: Hint,
    F: Future<Output = Result<T, E>>,
{
    let (sender, receiver) = mpsc::channel(QUEUE);
    let cancel = CancellationToken::new();
    let running = transfer(Reporter::new(sender), cancel.clone());
    let stopping = async {
        context.session.stop.now().await;
        cancel.cancel();
    };
    let recording = record_reports(context, receiver);
    tokio::pin!(running, stopping, recording);
    let mut ended = None;
    let mut is_stopping = false;
    let mut is_recorded = false;
    while ended.is_none() || !is_recorded {
        // Each arm is polled until it is done, and not again.
        tokio::select! {
            end = &mut running, if ended.is_none() => ended = Some(end),
            recorded = &mut recording, if !is_recorded => {
                recorded?;
                is_recorded = true;
            }
            () = &mut stopping, if !is_stopping && ended.is_none() => is_stopping = true,
        }
    }
    match ended.expect("the loop ends with an end") {
        Ok(done) => Ok(done),
        Err(_stopped) if is_stopping => Err(StepError::Stopped),
        Err(error) => Err(StepError::of(&error)),
    }
}

/// Turns reports into events until the transfer lets go of its reporter.
async fn record_reports(
    context: &Context<'_>,
    mut reports: mpsc::Receiver<Progress>,
) -> Result<(), RecordError> {
    let mut began: BTreeMap<String, Instant> = BTreeMap::new();
    while let Some(report) = reports.recv().await {
        match report {
            Progress::Started { object, .. } => {
                began.insert(object.clone(), Instant::now());
                let kind = |stage, step| EventKind::ObjectStarted {
                    stage,
                    step,
                    address: object,
                    action: Action::Create,
                };
                context.record(kind).await?;
            }
            Progress::Finished { object, size, how } => {
                let elapsed_ms = began.remove(&object).map_or(0, milliseconds);
                let bytes = (how == How::Sent).then_some(size);
                let action = if how == How::Sent { Action::Create } else { Action::Read };
                let kind = |stage, step| EventKind::ObjectFinished {
                    stage,
                    step,
                    address: object,
                    action,
                    id: None,
                    elapsed_ms,
                    bytes,
                };
                context.record(kind).await?;
            }
            Progress::Bytes { object, done, total } | Progress::Reading { object, done, total } => {
                context.session.recorder.show(Shown::Bytes {
                    stage: context.stage.to_owned(),
                    step: context.step.to_owned(),
                    object,
                    done,
                    total: Some(total),
                });
            }
        }
    }
    Ok(())
}
