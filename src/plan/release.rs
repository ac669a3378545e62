//! A Helm release as it will be installed, and how it is rendered when the facts are known.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Facts;
use crate::error::Hint;

/// A Helm release, ready to be installed.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Release name.
    pub name: String,
    /// Namespace.
    pub namespace: String,
    /// Whether Helm makes that namespace.
    pub creates_namespace: bool,
    /// Chart folder or archive.
    pub chart: PathBuf,
    /// Its values; no secrets.
    pub values: Value,
    /// How long Helm waits until everything in it is ready.
    pub timeout: Duration,
}

/// Renders a release from the facts; made by a blueprint.
#[derive(Clone)]
pub struct Render {
    /// Release name, known before the facts are.
    pub name: String,
    render: Arc<Renderer>,
}

type Renderer = dyn Fn(&Facts) -> Result<Release, ReleaseError> + Send + Sync;

impl Render {
    /// A release of that name, rendered by `render`.
    pub fn new(
        name: impl Into<String>,
        render: impl Fn(&Facts) -> Result<Release, ReleaseError> + Send + Sync + 'static,
    ) -> Self {
        Self { name: name.into(), render: Arc::new(render) }
    }

    /// The release, now that the facts are known.
    ///
    /// # Errors
    /// When a fact or chart is missing, or the chart does not take the values.
    pub fn release(&self, facts: &Facts) -> Result<Release, ReleaseError> {
        (self.render)(facts)
    }
}

impl fmt::Debug for Render {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Render").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Why a release cannot be rendered: a fact or chart is missing, or the chart does not take the
/// values.
#[derive(Debug, thiserror::Error)]
#[error("the release `{release}` cannot be prepared")]
pub struct ReleaseError {
    /// The release.
    pub release: String,
    /// What can be done.
    pub hint: Option<String>,
    /// What is wrong.
    #[source]
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl ReleaseError {
    /// For a release, because of `source`.
    pub fn new(release: &str, source: impl Hint + Send + Sync + 'static) -> Self {
        Self { release: release.to_owned(), hint: source.hint(), source: Box::new(source) }
    }
}

impl Hint for ReleaseError {
    fn hint(&self) -> Option<String> {
        self.hint.clone()
    }
}
