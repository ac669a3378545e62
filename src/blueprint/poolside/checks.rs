//! The checks that only this blueprint has: what is delivered, and whether the models fit.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::delivered;
use super::questions::bundle::{CHARTS_DIR, CHECKPOINTS_DIR, CONTAINERS_DIR, uploads_checkpoints};
use super::questions::gpu::GPU_DESIRED_SIZE;
use super::values::models::{self, GPUS_PER_NODE};
use super::values::{self, ChartError, Choices, Profile, ValuesError};
use crate::answers::{Answers, Question};
use crate::bundle::{BundleError, Checkpoint, Image, checkpoints, containers};
use crate::error::Hint as _;
use crate::preflight::{Check, Context, Finding, Subject, Unable, Verdict};

/// The catalogue, in display order.
pub(super) const CHECKS: &[&Check] = &[&CHARTS, &IMAGES, &NEEDED_IMAGES, &CHECKPOINTS, &MODELS];

/// The charts.
const CHARTS: Check = Check {
    id: "bundle-charts",
    sentence: "the bundle has the charts of the platform, of the kind that is installed here",
    subject: Subject::Bundle,
    ask: |context| {
        Box::pin(async {
            let folder = folder(context, &CHARTS_DIR)?;
            let choices = choices(&context.answers, &[])?;
            let is_rehearsal = context.state.is_rehearsal;
            let repositories =
                if is_rehearsal { Repositories::Absent } else { Repositories::Asked };
            reading(move || judge_charts(&folder, &choices, repositories)).await
        })
    },
};

/// The images.
const IMAGES: Check = Check {
    id: "bundle-images",
    sentence: "every container image of the bundle can be read",
    subject: Subject::Bundle,
    ask: |context| {
        Box::pin(async {
            let folder = folder(context, &CONTAINERS_DIR)?;
            reading(move || judge_images(containers::read(&folder))).await
        })
    },
};

/// The images that the charts name.
const NEEDED_IMAGES: Check = Check {
    id: "bundle-needed-images",
    sentence: "the bundle has every image that the charts start",
    subject: Subject::Bundle,
    ask: |context| {
        Box::pin(async {
            let folder = folder(context, &CONTAINERS_DIR)?;
            let profile = Profile::of(&context.answers);
            reading(move || {
                let names = containers::read(&folder).map(|images| {
                    images.into_iter().map(|image| image.name).collect::<BTreeSet<_>>()
                });
                match names {
                    Ok(names) => judge_needed(&names, profile),
                    Err(_said_elsewhere) => Finding::skipped("the images cannot be read"),
                }
            })
            .await
        })
    },
};

/// The checkpoints.
const CHECKPOINTS: Check = Check {
    id: "bundle-checkpoints",
    sentence: "the checkpoints can be read",
    subject: Subject::Bundle,
    ask: |context| {
        Box::pin(async {
            if !uploads_checkpoints(&context.answers) {
                return Err(Unable::NotNeeded("no checkpoint is uploaded".into()));
            }
            let folder = folder(context, &CHECKPOINTS_DIR)?;
            reading(move || judge_checkpoints(checkpoints::read(&folder))).await
        })
    },
};

/// The models.
const MODELS: Check = Check {
    id: "models-fit",
    sentence: "all models fit on the GPUs of the nodes, each on one node",
    subject: Subject::Gpu,
    ask: |context| Box::pin(async { models_fit(context) }),
};

fn folder(context: &Context, question: &'static Question) -> Result<PathBuf, Unable> {
    context.answers.text(question).map(PathBuf::from).ok_or(Unable::Waits(question.key))
}

/// Archives are read beside the other checks, which wait for the network.
async fn reading(judge: impl FnOnce() -> Finding + Send + 'static) -> Verdict {
    tokio::task::spawn_blocking(judge).await.map_err(|error| Unable::Unasked {
        reason: format!("the bundle could not be looked at: {error}"),
        remedy: None,
    })
}

fn unreadable(error: &BundleError) -> Finding {
    use std::error::Error as _;
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    let finding = Finding::fail(format!("{error}{cause}"))
        .because("everything that is installed comes from the bundle");
    match error.hint() {
        Some(hint) => finding.mend(hint),
        None => finding.mend("unpack the bundle anew, and compare its checksum before"),
    }
}

/// In a real install charts of third parties that the bundle does not have are fetched; the
/// simulated world has no repositories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repositories {
    Asked,
    Absent,
}

fn judge_charts(folder: &Path, choices: &Choices, repositories: Repositories) -> Finding {
    let (found, lost) = match delivered::lost(folder, choices) {
        Ok(both) => both,
        Err(error) => return unreadable(&error),
    };
    let (fetched, lost): (Vec<_>, Vec<_>) = lost.into_iter().partition(|error| {
        repositories == Repositories::Asked && matches!(error, ChartError::NotDelivered { .. })
    });
    let Some(first) = lost.first() else {
        let names: BTreeSet<&str> = fetched.iter().map(ChartError::name).collect();
        let names: Vec<&str> = names.into_iter().collect();
        let there = format!("the charts of {found} releases are there");
        return Finding::pass(match names[..] {
            [] => there,
            _ => format!("{there}; fetched from their repositories: {}", names.join(", ")),
        });
    };
    let sentences: Vec<String> = lost.iter().map(ToString::to_string).collect();
    let finding = Finding::fail(sentences.join("; "))
        .because("everything inside the cluster is installed from these charts");
    match first.hint() {
        Some(hint) => finding.mend(hint),
        None => finding.mend("take the whole bundle of this release"),
    }
}

fn judge_images(read: Result<Vec<Image>, BundleError>) -> Finding {
    match read {
        Err(error) => unreadable(&error),
        Ok(images) => {
            let size: u64 = images.iter().map(|image| image.size).sum();
            Finding::pass(format!("{} images, {}", images.len(), gigabytes(size)))
        }
    }
}

fn judge_needed(images: &BTreeSet<String>, profile: Profile) -> Finding {
    let choices = Choices { profile, ..Choices::default() };
    let missing = values::missing_images(&choices, images);
    if missing.is_empty() {
        return Finding::pass("none is missing");
    }
    let sentences: Vec<String> = missing.iter().map(ToString::to_string).collect();
    let finding = Finding::fail(sentences.join("; "))
        .because("pods of images that were never pushed cannot start");
    match missing[0].hint() {
        Some(hint) => finding.mend(hint),
        None => finding.mend("take the whole bundle of this release"),
    }
}

fn judge_checkpoints(read: Result<Vec<Checkpoint>, BundleError>) -> Finding {
    match read {
        Err(error) => unreadable(&error),
        Ok(checkpoints) => {
            let size: u64 = checkpoints.iter().map(|checkpoint| checkpoint.size).sum();
            let stems: Vec<&str> = checkpoints.iter().map(|one| one.stem.as_str()).collect();
            Finding::pass(format!("{}; {} to upload", stems.join(", "), gigabytes(size)))
        }
    }
}

fn models_fit(context: &Context) -> Verdict {
    let answers = &context.answers;
    if Profile::of(answers) != Profile::Full {
        return Err(Unable::NotNeeded("no model is served in this cluster".into()));
    }
    let mut stems = Vec::new();
    if uploads_checkpoints(answers) {
        let folder = folder(context, &CHECKPOINTS_DIR)?;
        let Ok(found) = checkpoints::read(&folder) else {
            return Err(Unable::NotNeeded("the checkpoints cannot be read".into()));
        };
        stems.extend(found.into_iter().map(|checkpoint| checkpoint.stem));
    }
    Ok(judge_models(answers, &choices(answers, &stems)?))
}

/// What the charts need to know.
fn choices(answers: &Answers, stems: &[String]) -> Result<Choices, Unable> {
    Choices::of(answers, stems)
        .map_err(|error| Unable::Unasked { reason: error.to_string(), remedy: error.hint() })
}

fn judge_models(answers: &Answers, choices: &Choices) -> Finding {
    let nodes = answers.number(&GPU_DESIRED_SIZE).and_then(|nodes| u32::try_from(nodes).ok());
    let nodes = nodes.unwrap_or(0);
    // The bucket has no name yet, and its name is not what can be wrong.
    let uploaded = choices.checkpoints.as_deref();
    let uploaded = uploaded.map(|stems| models::Uploaded { bucket: "bucket", stems });
    let fitting = models::resolve(&choices.models, uploaded)
        .and_then(|found| models::fit(&found, nodes).map(|()| found));
    match fitting {
        Ok(found) => {
            let taken: u32 = found.values().map(|model| model.gpus).sum();
            Finding::pass(format!(
                "{} models take {taken} of {} GPUs",
                found.len(),
                nodes * GPUS_PER_NODE
            ))
        }
        Err(problems) => {
            let error = ValuesError::Models(problems);
            let finding = Finding::fail(error.to_string())
                .because("a model whose GPUs are not there stays pending for ever");
            match error.hint() {
                Some(hint) => finding.mend(hint),
                None => finding.mend("answer with more GPU nodes, or with fewer models"),
            }
        }
    }
}

/// Bytes in words: `21.4 GB`.
pub(super) fn gigabytes(bytes: u64) -> String {
    let tenths = bytes / 100_000_000;
    format!("{}.{} GB", tenths / 10, tenths % 10)
}
