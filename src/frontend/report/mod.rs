//! The report of a run: one HTML file that is complete in itself.
//!
//! Made from the journals, which have no secret. It loads nothing, runs nothing, and can be printed.
//! What comes from outside is escaped by [`html`], in one place. Start at [`of`].

mod facts;
mod html;
mod page;
mod timeline;

use std::path::{Path, PathBuf};

use facts::Facts;

use crate::engine::deployment::{Deployment, DeploymentError};

/// The report of a run and of those it continues.
///
/// # Errors
/// When a journal cannot be read.
pub fn of(deployment: &Deployment, run: &str) -> Result<String, DeploymentError> {
    Ok(page::of(&Facts::of(deployment, run)?))
}

/// Where the report of a run is kept.
pub fn path(deployment: &Deployment, run: &str) -> PathBuf {
    deployment.run(run).join("report.html")
}

/// Writes the report of a run.
///
/// # Errors
/// When a journal cannot be read, or the disk refuses.
pub fn write(deployment: &Deployment, run: &str, to: &Path) -> Result<(), DeploymentError> {
    let report = of(deployment, run)?;
    crate::host::write_private(to, report.as_bytes())
        .map_err(|source| DeploymentError::Unwritable { path: to.to_owned(), source })
}
