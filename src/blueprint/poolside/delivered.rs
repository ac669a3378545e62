//! What the bundle has of the charts that the answers lead to.

use std::path::Path;

use super::questions::bundle::CHARTS_DIR;
use super::values::{self, ChartError, Choices, Places};
use crate::answers::Answers;
use crate::bundle::{BundleError, DeploymentBundle, Pinned, charts};

/// The stages that install charts.
const STAGES: [&str; 4] = ["prerequisites", "platform", "gpu", "inference"];

/// The charts of third parties that are needed and not delivered. Answers may be incomplete, and
/// what is wrong with the bundle is told by the plan.
pub(super) fn missing_charts(answers: &Answers) -> Vec<&'static Pinned> {
    let Some(folder) = answers.text(&CHARTS_DIR) else { return Vec::new() };
    let Ok(choices) = Choices::of(answers, &[]) else { return Vec::new() };
    let lost = lost(Path::new(folder), &choices).map_or_else(|_| Vec::new(), |(_, lost)| lost);
    let mut missing: Vec<&'static Pinned> = Vec::new();
    for error in lost {
        if let ChartError::NotDelivered { pinned } = error
            && !missing.contains(&pinned)
        {
            missing.push(pinned);
        }
    }
    missing
}

/// How many releases have their charts in that folder, and why the others have not.
pub(super) fn lost(
    folder: &Path,
    choices: &Choices,
) -> Result<(usize, Vec<ChartError>), BundleError> {
    let root = folder.parent().unwrap_or(folder).to_owned();
    let bundle = DeploymentBundle { root, charts: charts::read(folder)? };
    // Where our own charts are written to does not matter here, and nothing was fetched yet.
    let nowhere = Path::new("");
    let places = Places { ours: nowhere, bundle: &bundle, fetched: nowhere };
    let releases = STAGES.into_iter().flat_map(|stage| values::releases(stage, choices));
    let (mut found, mut lost) = (0, Vec::new());
    for release in releases {
        match release.chart.locate(&places) {
            Ok(_) => found += 1,
            Err(error) => lost.push(error),
        }
    }
    Ok((found, lost))
}
