//! The deployment bundle as a whole: is it one, and what is in it.

use std::io;
use std::path::{Path, PathBuf};

use super::{Chart, Image, charts, containers};
use crate::error::Hint;

/// An extracted deployment bundle.
#[derive(Debug, Clone)]
pub struct DeploymentBundle {
    /// Its folder.
    pub root: PathBuf,
    /// The charts of `charts/`, in the order of their names.
    pub charts: Vec<Chart>,
}

impl DeploymentBundle {
    /// Looks at the folder that a bundle was extracted to and reads its charts.
    ///
    /// # Errors
    /// When it is not such a folder, with the reason.
    pub fn open(root: &Path) -> Result<Self, BundleError> {
        if root.is_file() {
            return Err(BundleError::NotExtracted { path: root.to_owned() });
        }
        if !root.is_dir() {
            return Err(BundleError::NoFolder { path: root.to_owned() });
        }
        if !root.join("charts").is_dir() {
            return Err(BundleError::NotABundle { path: root.to_owned() });
        }
        Ok(Self { root: root.to_owned(), charts: charts::read(&root.join("charts"))? })
    }

    /// The chart of that name. `lookalike` is a chart that older bundles have in its place and
    /// that does another thing; it gets a sentence of its own.
    ///
    /// # Errors
    /// When it is not in the bundle, or is there twice.
    pub fn chart(&self, name: &str, lookalike: Option<&str>) -> Result<&Chart, BundleError> {
        let mut named = self.charts.iter().filter(|chart| chart.name == name);
        match (named.next(), named.next()) {
            (Some(chart), None) => return Ok(chart),
            (Some(one), Some(other)) => {
                return Err(BundleError::TwoCharts {
                    name: name.to_owned(),
                    first: one.path.clone(),
                    second: other.path.clone(),
                });
            }
            (None, _) => {}
        }
        let path = self.root.join("charts");
        let wanted = name.to_owned();
        match self.charts.iter().find(|chart| Some(chart.name.as_str()) == lookalike) {
            Some(chart) => Err(BundleError::Lookalike {
                path: chart.path.clone(),
                name: chart.name.clone(),
                wanted,
            }),
            None => Err(BundleError::MissingChart {
                path,
                wanted,
                there: self.charts.iter().map(|chart| chart.name.clone()).collect(),
            }),
        }
    }

    /// The images of `containers/`, or of the folder that the answers name instead.
    ///
    /// # Errors
    /// When they cannot be read; see [`containers::read`].
    pub fn images(&self, containers_dir: Option<&Path>) -> Result<Vec<Image>, BundleError> {
        match containers_dir {
            Some(dir) => containers::read(dir),
            None => containers::read(&self.root.join("containers")),
        }
    }
}

/// Why a bundle cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The archive itself was named.
    #[error("the bundle at `{}` is a file, not an extracted bundle", .path.display())]
    NotExtracted {
        /// The archive.
        path: PathBuf,
    },
    /// Nothing is there.
    #[error("there is no bundle at `{}`", .path.display())]
    NoFolder {
        /// The path.
        path: PathBuf,
    },
    /// Some other folder.
    #[error("`{}` is not a deployment bundle: it has no folder `charts`", .path.display())]
    NotABundle {
        /// The folder.
        path: PathBuf,
    },
    /// No folder with images.
    #[error("there is no folder with container images at `{}`", .path.display())]
    NoContainers {
        /// The folder that is missing.
        path: PathBuf,
    },
    /// Nothing in it is an image.
    #[error("there is no container image in `{}`", .path.display())]
    NoImages {
        /// The folder.
        path: PathBuf,
    },
    /// No tar files.
    #[error("there is no checkpoint (`*.tar`) in `{}`", .path.display())]
    NoCheckpoints {
        /// The folder.
        path: PathBuf,
    },
    /// A file among the images is something else, or broken.
    #[error("`{}` is not a container image: {reason}", .path.display())]
    NotAnImage {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A name that no registry or bucket takes.
    #[error("`{}` has the name `{name}`, which cannot be used", .path.display())]
    NotAName {
        /// The name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// Two images under one name and tag.
    #[error("`{}` and `{}` hold different images called `{label}`", .first.display(), .second.display())]
    TwoImages {
        /// Name and tag.
        label: String,
        /// One file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A chart that helm could not read either.
    #[error("`{}` is not a Helm chart: {reason}", .path.display())]
    BrokenChart {
        /// The chart.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A chart that the install needs.
    #[error("the chart `{wanted}` is missing in `{}`", .path.display())]
    MissingChart {
        /// The folder of the charts.
        path: PathBuf,
        /// Its name.
        wanted: String,
        /// The charts that are there.
        there: Vec<String>,
    },
    /// The chart of an older layout, which serves one model by itself.
    #[error("`{}` is the standalone chart `{name}`, where `{wanted}` is needed", .path.display())]
    Lookalike {
        /// The chart that is there.
        path: PathBuf,
        /// Its name.
        name: String,
        /// The chart that is needed.
        wanted: String,
    },
    /// Two versions of a chart.
    #[error("the chart `{name}` is there twice, at `{}` and `{}`", .first.display(), .second.display())]
    TwoCharts {
        /// Its name.
        name: String,
        /// One.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// A file or folder cannot be read.
    #[error("could not read `{}`", .path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Hint for BundleError {
    fn hint(&self) -> Option<String> {
        let text = match self {
            Self::NotExtracted { path } => {
                format!("extract it with `tar -xzf {}` and name the folder", path.display())
            }
            Self::NoFolder { .. } | Self::NotABundle { .. } => {
                "name the folder that the bundle was extracted to; it holds `charts` and `containers`".into()
            }
            Self::NoContainers { .. } | Self::NoImages { .. } => {
                "set `containers_dir` to the folder with the image archives of the bundle".into()
            }
            Self::NoCheckpoints { .. } => {
                "set `checkpoints_dir` to the folder with the checkpoint archives".into()
            }
            Self::NotAnImage { .. } | Self::BrokenChart { .. } => {
                "compare its checksum with the delivery, extract the bundle again, or remove the file".into()
            }
            Self::NotAName { .. } => "rename it".into(),
            Self::TwoImages { .. } | Self::TwoCharts { .. } => "remove one of the two".into(),
            Self::MissingChart { there, .. } if there.is_empty() => {
                "extract the bundle again; the folder has no chart at all".into()
            }
            Self::MissingChart { there, .. } => {
                format!("the charts there are: {}", there.join(", "))
            }
            Self::Lookalike { wanted, .. } => {
                format!("ask for a bundle that has `{wanted}`, or install the profile without it")
            }
            Self::Read { .. } => return None,
        };
        Some(text)
    }
}
