//! The state as a document: which objects there are, which are tainted, what the root puts out.
//!
//! Owns the reading of `show -json` and `output -json`. Secret outputs are [`Secret`]s from here
//! on. Start at [`State::read`].

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::document::{self, DocumentError, secrets_in};
use crate::run::Secret;

/// What terraform knows to exist.
#[derive(Debug, Clone, Default)]
pub struct State {
    /// The objects, data sources included.
    pub resources: Vec<StateResource>,
    /// The outputs of the root.
    pub outputs: BTreeMap<String, OutputValue>,
}

/// One object.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub struct StateResource {
    /// Its address with all keys.
    pub address: String,
    /// `managed` or `data`.
    pub mode: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its attributes, secrets in clear.
    pub values: Value,
    /// Which attributes are secret.
    pub sensitive_values: Value,
    /// Whether the next plan would replace it, because making it did not end well.
    #[serde(rename = "tainted")]
    pub is_tainted: bool,
    /// Set for an object that has a successor and waits for its removal.
    pub deposed_key: Option<String>,
}

/// The value of an output.
#[derive(Debug, Clone, PartialEq)]
pub enum OutputValue {
    /// For everybody.
    Plain(Value),
    /// For those who need it; a value that is no text is its JSON.
    Secret(Secret),
}

impl State {
    /// Reads `show -json`; an empty state is one without objects.
    ///
    /// # Errors
    /// When it is not a state, or of a format that is not known here.
    pub fn read(json: &[u8]) -> Result<Self, DocumentError> {
        let document: Document = document::read("state", json)?;
        let Some(values) = document.values else { return Ok(Self::default()) };
        let mut state = Self { outputs: outputs(values.outputs), ..Self::default() };
        values.root_module.collect(&mut state.resources);
        Ok(state)
    }

    /// The objects that the next plan would replace because making them did not end well.
    pub fn tainted(&self) -> impl Iterator<Item = &StateResource> {
        self.resources.iter().filter(|resource| resource.is_tainted)
    }

    /// The object at an address.
    #[must_use]
    pub fn resource(&self, address: &str) -> Option<&StateResource> {
        self.resources.iter().find(|r| r.address == address && r.deposed_key.is_none())
    }

    /// Every secret that the state holds, for the redactor.
    #[must_use]
    pub fn secrets(&self) -> Vec<Secret> {
        let mut secrets: Vec<Secret> =
            self.outputs.values().filter_map(OutputValue::secret).cloned().collect();
        for resource in &self.resources {
            secrets_in(&resource.values, &resource.sensitive_values, &mut secrets);
        }
        secrets
    }
}

impl OutputValue {
    /// The value, unless it is secret.
    #[must_use]
    pub fn plain(&self) -> Option<&Value> {
        if let Self::Plain(value) = self { Some(value) } else { None }
    }

    /// The value, if it is secret.
    #[must_use]
    pub fn secret(&self) -> Option<&Secret> {
        if let Self::Secret(secret) = self { Some(secret) } else { None }
    }
}

/// Reads `output -json`.
///
/// # Errors
/// When it is not a document of outputs.
pub fn read_outputs(json: &[u8]) -> Result<BTreeMap<String, OutputValue>, DocumentError> {
    document::read("outputs", json).map(outputs)
}

fn outputs(outputs: BTreeMap<String, Output>) -> BTreeMap<String, OutputValue> {
    let value = |output: Output| match output {
        Output { sensitive: false, value } => OutputValue::Plain(value),
        Output { value: Value::String(text), .. } => OutputValue::Secret(Secret::new(text)),
        Output { value, .. } => OutputValue::Secret(Secret::new(value.to_string())),
    };
    outputs.into_iter().map(|(name, output)| (name, value(output))).collect()
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Document {
    values: Option<Values>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Values {
    outputs: BTreeMap<String, Output>,
    root_module: Module,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Output {
    sensitive: bool,
    value: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Module {
    resources: Vec<StateResource>,
    child_modules: Vec<Module>,
}

impl Module {
    fn collect(self, into: &mut Vec<StateResource>) {
        into.extend(self.resources);
        self.child_modules.into_iter().for_each(|module| module.collect(into));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    macro_rules! recorded {
        ($name:literal) => {
            [
                include_str!(concat!("../../../tests/fixtures/terraform/terraform-1.11.4/", $name)),
                include_str!(concat!("../../../tests/fixtures/terraform/tofu-1.12.6/", $name)),
            ]
        };
    }

    #[test]
    fn objects_of_all_modules_and_outputs_are_read() {
        for json in recorded!("create-show-state.json") {
            let state = State::read(json.as_bytes()).unwrap();
            let mut addresses: Vec<_> = state.resources.iter().map(|r| &r.address[..]).collect();
            addresses.sort_unstable();
            assert_eq!(
                addresses,
                [
                    "module.part[\"a\"].terraform_data.this",
                    "module.part[\"b\"].terraform_data.this",
                    "terraform_data.changed",
                    "terraform_data.replaced",
                ]
            );
            assert_eq!(state.outputs["size"], OutputValue::Plain(1.into()));
            let secret = OutputValue::Secret(Secret::new("planted-secret"));
            assert_eq!(state.outputs["password"], secret);
            assert!(!format!("{:?}", state.outputs).contains("planted"));
            assert!(state.secrets().len() > 1);
        }
    }

    #[test]
    fn what_a_failure_and_an_interrupt_left_is_tainted() {
        for (json, address) in recorded!("failed-show-state.json")
            .map(|json| (json, "terraform_data.failing"))
            .into_iter()
            .chain(recorded!("interrupted-show-state.json").map(|j| (j, "terraform_data.slow")))
        {
            let state = State::read(json.as_bytes()).unwrap();
            let tainted: Vec<_> = state.tainted().map(|r| &r.address[..]).collect();
            assert_eq!(tainted, [address]);
        }
    }

    #[test]
    fn an_empty_state_has_no_objects() {
        let state = State::read(br#"{"format_version":"1.0"}"#).unwrap();
        assert!(state.resources.is_empty() && state.outputs.is_empty());
    }

    #[test]
    fn outputs_are_read_alone_too() {
        for json in recorded!("create-output.json") {
            let outputs = read_outputs(json.as_bytes()).unwrap();
            assert_eq!(outputs["size"].plain(), Some(&1.into()));
            assert_eq!(outputs["password"].secret(), Some(&Secret::new("planted-secret")));
        }
    }
}
