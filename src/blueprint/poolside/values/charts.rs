//! Where the charts come from.
//!
//! Ours travel inside the binary. Poolside's two come with the operator's bundle. Those of third
//! parties are looked for in the bundle too, and among what was fetched; the table here says which
//! version is meant, from where it can be had, and what its package must be. A digest stands there
//! when at least three public repositories on GitHub that have nothing to do with each other pin the
//! very same one for that version (looked up 2026-11-21).
//!
//! Two are not known so well. That of `aws-for-fluent-bit` 0.2.0 is said by its makers alone
//! (`index.yaml` of `aws/eks-charts` at 778ffab); others name the package and not its digest.
//! `gpu-operator` v26.3.0 has none, and the index of its repository says it at the time, because
//! nobody was found who does: the `index.yaml` of `NVIDIA/gpu-operator` lists nothing, nixhelm has the hash of an unpacked chart
//! of another version, and who pins v26.3.1 to v26.3.3 does not pin this one.

use std::path::{Path, PathBuf};

use crate::bundle::{BundleError, DeploymentBundle, Pinned};
use crate::error::Hint;

/// The chart of a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChartSource {
    /// One of ours, under `assets/charts`.
    Embedded {
        /// Its folder.
        name: &'static str,
    },
    /// One that only the operator's bundle has.
    Bundle {
        /// Its name.
        name: &'static str,
        /// A chart of another layout that must not be taken for it.
        lookalike: Option<&'static str>,
    },
    /// One of a third party.
    ThirdParty(&'static Pinned),
}

/// The AWS Load Balancer Controller.
pub const LOAD_BALANCER_CONTROLLER: Pinned = Pinned {
    name: "aws-load-balancer-controller",
    version: "3.5.0",
    repository: "https://aws.github.io/eks-charts",
    sha256: Some("45051f634b33e10baccb3354d0681b7de787c60445e599fa276e0c9aedd4ccd5"),
};

/// The External Secrets Operator.
pub const EXTERNAL_SECRETS: Pinned = Pinned {
    name: "external-secrets",
    version: "2.9.0",
    repository: "https://charts.external-secrets.io",
    sha256: Some("da2d5c126a103b4c1b16a9dc1c168c4332a3687144e88ac070e594f81a0b6578"),
};

/// The NVIDIA GPU Operator; the version that the reference architecture certifies.
pub const GPU_OPERATOR: Pinned = Pinned {
    name: "gpu-operator",
    version: "v26.3.0",
    repository: "https://helm.ngc.nvidia.com/nvidia",
    sha256: None,
};

/// The NGINX ingress controller. Its last version: the project has ended.
pub const INGRESS_NGINX: Pinned = Pinned {
    name: "ingress-nginx",
    version: "4.15.1",
    repository: "https://kubernetes.github.io/ingress-nginx",
    sha256: Some("3eff0bd18151d6e6b1c441463410571443dda1ac78292cb189346628de784f0c"),
};

/// The log collector.
pub const FLUENT_BIT: Pinned = Pinned {
    name: "aws-for-fluent-bit",
    version: "0.2.0",
    repository: "https://aws.github.io/eks-charts",
    sha256: Some("666c244b9cfca211be57cf97d9e224157f581d41f413eb89744575fbc9b8980c"),
};

/// Every chart of a third party.
pub const THIRD_PARTY: &[&Pinned] =
    &[&LOAD_BALANCER_CONTROLLER, &EXTERNAL_SECRETS, &GPU_OPERATOR, &INGRESS_NGINX, &FLUENT_BIT];

/// Where charts are.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// The folder that `assets/charts` was written to.
    pub ours: &'a Path,
    /// The operator's bundle.
    pub bundle: &'a DeploymentBundle,
    /// The folder of what was fetched from repositories.
    pub fetched: &'a Path,
}

impl ChartSource {
    /// Its name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded { name } | Self::Bundle { name, .. } => name,
            Self::ThirdParty(pinned) => pinned.name,
        }
    }

    /// The chart for helm: a folder or a package.
    ///
    /// # Errors
    /// When neither the bundle has it nor was it fetched, the bundle has it in another version than
    /// is meant, or has the chart of another layout in its place.
    pub fn locate(&self, places: &Places<'_>) -> Result<PathBuf, ChartError> {
        let Places { ours, bundle, fetched } = places;
        let pinned = match self {
            Self::Embedded { name } => return Ok(ours.join(name)),
            Self::Bundle { name, lookalike } => {
                return Ok(bundle.chart(name, *lookalike)?.path.clone());
            }
            Self::ThirdParty(pinned) => *pinned,
        };
        let chart = match bundle.chart(pinned.name, None) {
            Err(BundleError::MissingChart { .. }) => {
                let package = fetched.join(pinned.file());
                let is_there = package.is_file();
                return is_there.then_some(package).ok_or(ChartError::NotDelivered { pinned });
            }
            chart => chart?,
        };
        if !pinned.is_version(&chart.version) {
            let (found, path) = (chart.version.clone(), chart.path.clone());
            return Err(ChartError::OtherVersion { pinned, found, path });
        }
        Ok(chart.path.clone())
    }
}

/// Why a chart cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ChartError {
    /// The bundle does not have it, or not only it.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// A chart of a third party is not in the bundle.
    #[error("the bundle has no chart `{}`", .pinned.name)]
    NotDelivered {
        /// The chart that is needed.
        pinned: &'static Pinned,
    },
    /// A chart of a third party is there in a version that the values are not made for.
    #[error("the chart `{}` at `{}` is of version {found}, not {}", .pinned.name, .path.display(), .pinned.version)]
    OtherVersion {
        /// The chart that is needed.
        pinned: &'static Pinned,
        /// The version that is there.
        found: String,
        /// Where it is.
        path: PathBuf,
    },
}

impl ChartError {
    /// The name of the chart, where it is one of a third party.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Bundle(_) => "",
            Self::NotDelivered { pinned } | Self::OtherVersion { pinned, .. } => pinned.name,
        }
    }
}

impl Hint for ChartError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Bundle(error) => error.hint(),
            Self::NotDelivered { pinned } | Self::OtherVersion { pinned, .. } => {
                Some(pinned.remedy())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Chart;

    fn bundle(charts: &[(&str, &str)]) -> DeploymentBundle {
        let charts = charts.iter().map(|(name, version)| Chart {
            name: (*name).into(),
            version: (*version).into(),
            app_version: None,
            path: Path::new("/b/charts").join(format!("{name}-{version}.tgz")),
        });
        DeploymentBundle { root: "/b".into(), charts: charts.collect() }
    }

    fn located(source: ChartSource, bundle: &DeploymentBundle) -> Result<PathBuf, ChartError> {
        source.locate(&Places { ours: Path::new("/o"), bundle, fetched: Path::new("/f") })
    }

    #[test]
    fn a_third_party_chart_that_was_fetched_is_taken_unless_the_bundle_has_it() {
        let folder = tempfile::tempdir().unwrap();
        let package = folder.path().join("external-secrets-2.9.0.tgz");
        std::fs::write(&package, "").unwrap();
        let taken = |bundle: &DeploymentBundle| {
            let source = ChartSource::ThirdParty(&EXTERNAL_SECRETS);
            let fetched = folder.path();
            source.locate(&Places { ours: Path::new("/o"), bundle, fetched }).unwrap()
        };
        assert_eq!(taken(&bundle(&[])), package);
        let delivered = taken(&bundle(&[("external-secrets", "2.9.0")]));
        assert_eq!(delivered, Path::new("/b/charts/external-secrets-2.9.0.tgz"));
    }

    #[test]
    fn our_charts_are_where_they_were_written() {
        let source = ChartSource::Embedded { name: "cluster-base" };
        let place = located(source, &bundle(&[])).unwrap();
        assert_eq!(place, Path::new("/o/cluster-base"));
    }

    #[test]
    fn charts_of_the_bundle_are_found_by_name() {
        let bundle = bundle(&[("inference-stack", "2.3.0"), ("gpu-operator", "26.3.0")]);
        let path = |source: ChartSource| located(source, &bundle).unwrap();
        let inference = ChartSource::Bundle { name: "inference-stack", lookalike: None };
        assert_eq!(path(inference), Path::new("/b/charts/inference-stack-2.3.0.tgz"));
        let operator = ChartSource::ThirdParty(&GPU_OPERATOR);
        assert_eq!(path(operator), Path::new("/b/charts/gpu-operator-26.3.0.tgz"));
    }

    #[test]
    fn a_third_party_chart_of_another_version_is_refused_with_the_way_to_the_right_one() {
        let bundle = bundle(&[("external-secrets", "0.9.0")]);
        let source = ChartSource::ThirdParty(&EXTERNAL_SECRETS);
        let error = located(source, &bundle).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the chart `external-secrets` at `/b/charts/external-secrets-0.9.0.tgz` \
             is of version 0.9.0, not 2.9.0"
        );
        assert_eq!(
            error.hint().unwrap(),
            "put it into the folder `charts` of the bundle: `helm pull external-secrets \
             --repo https://charts.external-secrets.io --version 2.9.0`"
        );
    }

    #[test]
    fn a_third_party_chart_that_was_not_delivered_is_named() {
        let source = ChartSource::ThirdParty(&FLUENT_BIT);
        let error = located(source, &bundle(&[])).unwrap_err();
        assert_eq!(error.to_string(), "the bundle has no chart `aws-for-fluent-bit`");
    }
}
