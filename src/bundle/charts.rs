//! The Helm charts of a bundle: chart folders and packaged charts.

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::deployment::BundleError;

/// A Helm chart of the bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// As `Chart.yaml` says.
    pub name: String,
    /// As `Chart.yaml` says.
    pub version: String,
    /// The version of what it installs, where it says so.
    pub app_version: Option<String>,
    /// The folder or the `.tgz`; helm takes either.
    pub path: PathBuf,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: String,
    version: String,
    app_version: Option<Scalar>,
}

/// Charts in the wild write `appVersion: 1.27` without quotes.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_yaml_ng::Number),
}

/// Reads the charts directly in `dir`, in the order of their names.
///
/// # Errors
/// When the folder cannot be read or a chart in it is broken.
pub fn read(dir: &Path) -> Result<Vec<Chart>, BundleError> {
    let unreadable = |source| BundleError::Read { path: dir.to_owned(), source };
    let mut charts = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        let file = path.join("Chart.yaml");
        let text = if file.is_file() {
            fs::read_to_string(&file)
        } else if path.is_file() && path.extension().is_some_and(|end| end == "tgz") {
            packaged_metadata(&path)
        } else {
            continue;
        };
        let broken = |reason| BundleError::BrokenChart { path: path.clone(), reason };
        let text = text.map_err(|error| broken(error.to_string()))?;
        let metadata: Metadata =
            serde_yaml_ng::from_str(&text).map_err(|error| broken(error.to_string()))?;
        charts.push(Chart {
            name: metadata.name,
            version: metadata.version,
            app_version: metadata.app_version.map(|version| match version {
                Scalar::Text(text) => text,
                Scalar::Number(number) => number.to_string(),
            }),
            path,
        });
    }
    charts.sort_by(|a, b| (&a.name, &a.path).cmp(&(&b.name, &b.path)));
    Ok(charts)
}

/// `NAME/Chart.yaml` of a packaged chart; those of its subcharts lie deeper.
fn packaged_metadata(path: &Path) -> io::Result<String> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(path)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let name = entry.path()?.into_owned();
        let is_metadata = name.file_name().is_some_and(|file| file == "Chart.yaml");
        if is_metadata && name.components().count() == 2 {
            let mut text = String::new();
            entry.by_ref().take(1 << 20).read_to_string(&mut text)?;
            return Ok(text);
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "it has no `Chart.yaml`"))
}
