//! Patches: JSON patch, merge patch, strategic merge patch; what lists are made of.
//!
//! Server-side apply is in [`super::ownership`].

mod json;
pub(crate) mod lists;
mod strategic;

use serde_json::Value;

/// The kinds of patches, by content type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Merge,
    Strategic,
    Apply,
}

impl Format {
    /// The kind that a content type names.
    pub(crate) fn of(content_type: &str) -> Option<Self> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        Some(match media_type {
            "application/json-patch+json" => Self::Json,
            "application/merge-patch+json" => Self::Merge,
            "application/strategic-merge-patch+json" => Self::Strategic,
            "application/apply-patch+yaml" | "application/apply-patch+json" => Self::Apply,
            _ => return None,
        })
    }
}

/// Patches `object`; the error is the sentence for the client.
pub(crate) fn apply(format: Format, object: &mut Value, patch: &Value) -> Result<(), String> {
    match format {
        Format::Json => json::apply(object, patch),
        Format::Merge => {
            merge(object, patch);
            Ok(())
        }
        Format::Strategic => strategic::apply(object, patch),
        Format::Apply => Err("an apply patch needs a field manager".into()),
    }
}

/// RFC 7386.
fn merge(object: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *object = patch.clone();
        return;
    };
    if !object.is_object() {
        *object = Value::Object(serde_json::Map::new());
    }
    if let Value::Object(object) = object {
        for (key, value) in patch {
            if value.is_null() {
                object.shift_remove(key);
            } else {
                merge(object.entry(key).or_insert(Value::Null), value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_merge_patch_removes_nulls_and_replaces_lists() {
        let mut object = json!({"a": {"b": 1, "c": 2}, "l": [1, 2]});
        apply(Format::Merge, &mut object, &json!({"a": {"b": null, "d": {"e": null}}, "l": [3]}))
            .unwrap();
        assert_eq!(object, json!({"a": {"c": 2, "d": {}}, "l": [3]}));
    }
}
