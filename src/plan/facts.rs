//! Facts that are known only on the way: outputs of Terraform, and the images that were pushed.

use std::collections::BTreeMap;

use serde_json::Value;

/// What the steps before have brought to light. Holds no secrets.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Terraform outputs that are not sensitive.
    pub outputs: BTreeMap<String, Value>,
    /// Image name (`core-api`) to where it was pushed.
    pub images: BTreeMap<String, ImageReference>,
}

/// An image where the cluster finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageReference {
    /// Registry and path.
    pub repository: String,
    /// The tag.
    pub tag: String,
    /// `sha256:…`
    pub digest: String,
}

impl Facts {
    /// A Terraform output that is a text; empty when it is missing or null.
    pub fn text(&self, output: &str) -> &str {
        self.outputs.get(output).and_then(Value::as_str).unwrap_or_default()
    }
}
