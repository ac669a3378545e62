//! What the documents of `show -json` and `output -json` have in common.

use serde::Deserialize;
use serde_json::Value;

use crate::error::Hint;
use crate::run::Secret;

/// Why a document of terraform could not be read.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not of the expected shape.
    #[error("could not understand the {document} that terraform wrote")]
    Unreadable {
        /// Which document.
        document: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// It is of a version that is not known here.
    #[error("the {document} has format {found}, this version reads 1.x")]
    TooNew {
        /// Which document.
        document: &'static str,
        /// Its format.
        found: String,
    },
}

impl Hint for DocumentError {
    fn hint(&self) -> Option<String> {
        Some("run `springboard tools` to see which versions are supported".into())
    }
}

/// Reads a document and checks its format; keys that are not known are ignored.
pub(super) fn read<'de, T: Deserialize<'de>>(
    document: &'static str,
    json: &'de [u8],
) -> Result<T, DocumentError> {
    #[derive(Deserialize)]
    struct Format {
        #[serde(default)]
        format_version: Option<String>,
    }
    let unreadable = |source| DocumentError::Unreadable { document, source };
    let format: Format = serde_json::from_slice(json).map_err(unreadable)?;
    match format.format_version {
        Some(found) if !found.starts_with("1.") => Err(DocumentError::TooNew { document, found }),
        _ => serde_json::from_slice(json).map_err(unreadable),
    }
}

/// Every text in `value` that its `sensitive` shape marks: `true` marks all below it.
pub(super) fn secrets_in(value: &Value, sensitive: &Value, secrets: &mut Vec<Secret>) {
    match (value, sensitive) {
        (Value::String(text), Value::Bool(true)) => secrets.push(Secret::new(text.as_str())),
        (Value::Array(items), Value::Bool(true)) => {
            for item in items {
                secrets_in(item, sensitive, secrets);
            }
        }
        (Value::Object(fields), Value::Bool(true)) => {
            for field in fields.values() {
                secrets_in(field, sensitive, secrets);
            }
        }
        (Value::Array(items), Value::Array(shapes)) => {
            items.iter().zip(shapes).for_each(|(item, shape)| secrets_in(item, shape, secrets));
        }
        (Value::Object(fields), Value::Object(shapes)) => {
            for (name, shape) in shapes {
                if let Some(field) = fields.get(name) {
                    secrets_in(field, shape, secrets);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_shape_marks_is_secret_and_nothing_else() {
        let value = json!({"a": "one", "b": {"c": ["two", 2], "d": "three"}, "e": [{"f": "four"}]});
        let shape = json!({"b": {"c": true}, "e": [{"f": true}], "gone": true});
        let mut secrets = Vec::new();
        secrets_in(&value, &shape, &mut secrets);
        assert_eq!(secrets, ["two", "four"].map(Secret::new));
    }

    #[test]
    fn another_major_format_is_refused_by_name() {
        let error = read::<Value>("plan", br#"{"format_version":"2.0"}"#).unwrap_err();
        assert_eq!(error.to_string(), "the plan has format 2.0, this version reads 1.x");
        assert!(read::<Value>("plan", b"{").is_err());
    }
}
