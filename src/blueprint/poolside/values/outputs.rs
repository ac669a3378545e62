//! What Terraform says about the deployment, read by name and type.

use std::collections::BTreeMap;

use serde_json::Value;

use super::ValuesError;

/// The outputs of the Terraform root, by name.
#[derive(Debug, Clone, Default)]
pub struct Outputs {
    values: BTreeMap<String, Value>,
}

impl From<BTreeMap<String, Value>> for Outputs {
    fn from(values: BTreeMap<String, Value>) -> Self {
        Self { values }
    }
}

impl Outputs {
    /// A text: `cluster_name`, or one of a map of texts: `role_arns.core_api`.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn text(&self, name: &'static str) -> Result<&str, ValuesError> {
        self.optional(name).ok_or(ValuesError::MissingOutput { name })
    }

    /// A text that may be absent or null.
    pub fn optional(&self, name: &'static str) -> Option<&str> {
        self.find(name).and_then(Value::as_str)
    }

    /// A whole number.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn number(&self, name: &'static str) -> Result<u64, ValuesError> {
        self.find(name).and_then(Value::as_u64).ok_or(ValuesError::MissingOutput { name })
    }

    /// The first of a list of texts, which may be absent or empty.
    pub fn first(&self, name: &'static str) -> Option<&str> {
        self.find(name)?.as_array()?.first()?.as_str()
    }

    fn find(&self, name: &str) -> Option<&Value> {
        let mut parts = name.split('.');
        let top = self.values.get(parts.next()?)?;
        parts.try_fold(top, |value, part| value.get(part))
    }
}
