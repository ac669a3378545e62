//! Whether values suit a chart: its `values.schema.json`, asked before helm is.
//!
//! Reads a chart folder or a packaged chart. The values are laid over the chart's own
//! `values.yaml` first, as helm does. Subcharts are left to helm, and so is everything that a
//! template alone can tell. Start at [`check`].

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::error::Hint;

/// A value that a chart does not take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// The key, as in `global.database.port`; empty for the values as a whole.
    pub key: String,
    /// What the chart wants there.
    pub expected: String,
    /// What is there, as JSON, cut short when long.
    pub found: String,
}

/// Holds `values` against the schema of the chart; a chart without one takes everything.
///
/// # Errors
/// When the chart cannot be read, its schema cannot be used, or the values do not suit it: then
/// with every mismatch, in the order of the keys.
pub fn check(chart: &Path, values: &Value) -> Result<(), ChartValuesError> {
    let at = |source| ChartValuesError::Read { path: chart.to_owned(), source };
    let files = read(chart).map_err(at)?;
    let Some(schema) = files.schema else {
        return Ok(());
    };
    let unusable = |reason: String| ChartValuesError::Schema { path: chart.to_owned(), reason };
    let schema: Value = serde_json::from_slice(&schema).map_err(|e| unusable(e.to_string()))?;
    let mut whole = match files.defaults {
        Some(yaml) => {
            serde_yaml_ng::from_slice(&yaml).map_err(|source| at(io::Error::other(source)))?
        }
        None => Value::Null,
    };
    merge(&mut whole, values);
    let validator = jsonschema::validator_for(&schema).map_err(|e| unusable(e.to_string()))?;
    let mut mismatches: Vec<_> = validator.iter_errors(&whole).map(|e| mismatch(&e)).collect();
    mismatches.sort_by(|a, b| a.key.cmp(&b.key));
    if mismatches.is_empty() {
        return Ok(());
    }
    Err(ChartValuesError::Mismatch { path: chart.to_owned(), mismatches })
}

/// The part of a chart that this is about.
#[derive(Default)]
struct Files {
    schema: Option<Vec<u8>>,
    defaults: Option<Vec<u8>>,
}

fn read(chart: &Path) -> io::Result<Files> {
    if chart.is_dir() {
        return Ok(Files {
            schema: optional(&chart.join("values.schema.json"))?,
            defaults: optional(&chart.join("values.yaml"))?,
        });
    }
    let mut files = Files::default();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(fs::File::open(chart)?));
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        // NAME/values.yaml; those of subcharts lie deeper.
        let place = match path.file_name().and_then(|name| name.to_str()) {
            Some("values.schema.json") => &mut files.schema,
            Some("values.yaml") => &mut files.defaults,
            _ => continue,
        };
        if path.components().count() == 2 {
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            *place = Some(content);
        }
    }
    Ok(files)
}

fn optional(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Lays `over` over `base` as helm does: objects key by key, `null` takes a key away, all else
/// replaces.
fn merge(base: &mut Value, over: &Value) {
    let Value::Object(over) = over else {
        if !over.is_null() {
            base.clone_from(over);
        }
        return;
    };
    if !base.is_object() {
        *base = Value::Object(Map::new());
    }
    let Value::Object(base) = base else {
        return;
    };
    for (key, value) in over {
        if value.is_null() {
            base.remove(key);
        } else {
            merge(base.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

fn mismatch(error: &jsonschema::ValidationError<'_>) -> Mismatch {
    let mut found = error.instance().to_string();
    if found.chars().count() > 80 {
        found = found.chars().take(77).chain("...".chars()).collect();
    }
    Mismatch { key: key(error.instance_path().as_str()), expected: error.to_string(), found }
}

/// `/global/tags/a~1b` as `global.tags.a/b`.
fn key(pointer: &str) -> String {
    let parts: Vec<_> =
        pointer.split('/').skip(1).map(|part| part.replace("~1", "/").replace("~0", "~")).collect();
    parts.join(".")
}

/// Why values cannot be given to a chart.
#[derive(Debug, thiserror::Error)]
pub enum ChartValuesError {
    /// The chart cannot be read.
    #[error("could not read the chart at `{}`", .path.display())]
    Read {
        /// The chart.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The schema is not one.
    #[error("the `values.schema.json` of `{}` cannot be used: {reason}", .path.display())]
    Schema {
        /// The chart.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The values do not suit the chart.
    #[error("the chart at `{}` does not take these values: {}", .path.display(), listed(.mismatches))]
    Mismatch {
        /// The chart.
        path: PathBuf,
        /// Every value that does not suit it.
        mismatches: Vec<Mismatch>,
    },
}

impl Hint for ChartValuesError {
    fn hint(&self) -> Option<String> {
        match self {
            Self::Read { .. } => None,
            Self::Schema { .. } => Some("ask for a bundle with a chart that is right".into()),
            Self::Mismatch { .. } => Some(
                "the chart is of another version than the values are made for; \
                 ask which release of springboard goes with it"
                    .into(),
            ),
        }
    }
}

fn listed(mismatches: &[Mismatch]) -> String {
    let texts: Vec<_> = mismatches
        .iter()
        .map(|m| match m.key.as_str() {
            "" => m.expected.clone(),
            key => format!("`{key}`: {}", m.expected),
        })
        .collect();
    texts.join("; ")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chart(schema: &Value, defaults: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("values.schema.json"), schema.to_string()).unwrap();
        fs::write(dir.path().join("values.yaml"), defaults).unwrap();
        dir
    }

    #[test]
    fn every_mismatch_is_told_with_its_key_what_is_expected_and_what_is_there() {
        let schema = json!({
            "type": "object",
            "required": ["host"],
            "properties": {"replicas": {"type": "integer"}, "db": {
                "type": "object",
                "properties": {"port": {"maximum": 65535}},
            }},
        });
        let chart = chart(&schema, "replicas: 2\n");
        let values = json!({"replicas": "two", "db": {"port": 70000}});
        let Err(ChartValuesError::Mismatch { mismatches, .. }) = check(chart.path(), &values)
        else {
            panic!("the values do not suit the chart");
        };
        let lines: Vec<_> = mismatches
            .iter()
            .map(|m| format!("{} | {} | {}", m.key, m.expected, m.found))
            .collect();
        assert_eq!(
            lines,
            [
                " | \"host\" is a required property | {\"replicas\":\"two\",\"db\":{\"port\":70000}}",
                "db.port | 70000 is greater than the maximum of 65535 | 70000",
                "replicas | \"two\" is not of type \"integer\" | \"two\"",
            ]
        );
    }

    #[test]
    fn the_defaults_of_the_chart_count_and_null_takes_one_away() {
        let schema = json!({"type": "object", "required": ["host"]});
        let chart = chart(&schema, "host: a\n");
        assert!(check(chart.path(), &json!({})).is_ok());
        assert!(check(chart.path(), &json!({"host": null})).is_err());
    }

    #[test]
    fn a_packaged_chart_is_read_without_its_subcharts() {
        let schema = json!({"type": "object", "required": ["host"]}).to_string();
        let mut archive = tar::Builder::new(flate2::write::GzEncoder::new(
            Vec::new(),
            flate2::Compression::fast(),
        ));
        for (path, content) in [
            ("c/values.schema.json", schema.as_str()),
            ("c/charts/d/values.schema.json", "{broken"),
        ] {
            let mut header = tar::Header::new_gnu();
            header.set_size(content.len() as u64);
            header.set_mode(0o644);
            archive.append_data(&mut header, path, content.as_bytes()).unwrap();
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c-1.0.0.tgz");
        fs::write(&path, archive.into_inner().unwrap().finish().unwrap()).unwrap();
        assert!(check(&path, &json!({"host": "a"})).is_ok());
        assert!(check(&path, &json!({})).is_err());
    }

    #[test]
    fn a_chart_without_schema_takes_everything() {
        let dir = tempfile::tempdir().unwrap();
        assert!(check(dir.path(), &json!({"a": 1})).is_ok());
    }
}
