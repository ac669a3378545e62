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

use super::view::{Watched, support};
use crate::engine::deployment::{Deployment, DeploymentError};
use crate::host::write_private;

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
    write_private(to, report.as_bytes())
        .map_err(|source| DeploymentError::Unwritable { path: to.to_owned(), source })
}

/// Writes what to send to whoever helps beside the journal of a run; nothing where it is done.
///
/// # Errors
/// When a journal cannot be read, or the disk refuses.
pub fn write_support_text(deployment: &Deployment, run: &str) -> Result<(), DeploymentError> {
    let mut watched = Watched::default();
    for (header, events) in deployment.chain(run)? {
        watched.begin_run(header);
        for event in events {
            watched.apply(&event?);
        }
    }
    let Some(text) = support::text(&watched) else { return Ok(()) };
    let path = deployment.run(run).join(support::FILE);
    write_private(&path, text.as_bytes())
        .map_err(|source| DeploymentError::Unwritable { path, source })
}
