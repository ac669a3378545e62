//! The messages of Terraform's plugin protocol 6, as far as the tools send or read them.
//!
//! Written by hand from the published protocol, so that no build needs `protoc`. Fields that we
//! neither read nor set are left out: both sides skip what they do not know.

#![expect(clippy::struct_field_names, reason = "the names are those of the protocol")]

use std::collections::HashMap;

use super::schema::Type;
use super::value::Value;

macro_rules! messages {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_attr:meta])* $field:ident : $type:ty),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, ::prost::Message)]
        pub(super) struct $name { $($(#[$field_attr])* pub(super) $field: $type),* }
    )*};
}

messages! {
    /// A value in `MessagePack` (what the tools send) or JSON (what state files hold).
    DynamicValue {
        #[prost(bytes = "vec", tag = "1")] msgpack: Vec<u8>,
        #[prost(bytes = "vec", tag = "2")] json: Vec<u8>,
    }
    Diagnostic {
        #[prost(int32, tag = "1")] severity: i32,
        #[prost(string, tag = "2")] summary: String,
        #[prost(string, tag = "3")] detail: String,
        #[prost(message, optional, tag = "4")] attribute: Option<AttributePath>,
    }
    AttributePath { #[prost(message, repeated, tag = "1")] steps: Vec<Step> }
    Step { #[prost(oneof = "Selector", tags = "1, 2, 3")] selector: Option<Selector> }
    RawState { #[prost(bytes = "vec", tag = "1")] json: Vec<u8> }

    Attribute {
        #[prost(string, tag = "1")] name: String,
        #[prost(bytes = "vec", tag = "2")] r#type: Vec<u8>,
        #[prost(bool, tag = "4")] required: bool,
        #[prost(bool, tag = "5")] optional: bool,
        #[prost(bool, tag = "6")] computed: bool,
        #[prost(bool, tag = "7")] sensitive: bool,
        #[prost(bool, tag = "11")] write_only: bool,
    }
    NestedBlock {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(message, optional, tag = "2")] block: Option<Block>,
        #[prost(int32, tag = "3")] nesting: i32,
        #[prost(int64, tag = "4")] min_items: i64,
        #[prost(int64, tag = "5")] max_items: i64,
    }
    Block {
        #[prost(int64, tag = "1")] version: i64,
        #[prost(message, repeated, tag = "2")] attributes: Vec<Attribute>,
        #[prost(message, repeated, tag = "3")] block_types: Vec<NestedBlock>,
    }
    Schema {
        #[prost(int64, tag = "1")] version: i64,
        #[prost(message, optional, tag = "2")] block: Option<Block>,
    }
    ServerCapabilities {
        #[prost(bool, tag = "1")] plan_destroy: bool,
        #[prost(bool, tag = "2")] get_provider_schema_optional: bool,
        #[prost(bool, tag = "3")] move_resource_state: bool,
    }

    TypeName { #[prost(string, tag = "1")] type_name: String }
    GetMetadataResponse {
        #[prost(message, optional, tag = "1")] server_capabilities: Option<ServerCapabilities>,
        #[prost(message, repeated, tag = "3")] data_sources: Vec<TypeName>,
        #[prost(message, repeated, tag = "4")] resources: Vec<TypeName>,
        /// Functions have their name where types have it.
        #[prost(message, repeated, tag = "5")] functions: Vec<TypeName>,
        #[prost(message, repeated, tag = "6")] ephemeral_resources: Vec<TypeName>,
    }
    GetProviderSchemaResponse {
        #[prost(message, optional, tag = "1")] provider: Option<Schema>,
        #[prost(map = "string, message", tag = "2")] resource_schemas: HashMap<String, Schema>,
        #[prost(map = "string, message", tag = "3")] data_source_schemas: HashMap<String, Schema>,
        #[prost(message, repeated, tag = "4")] diagnostics: Vec<Diagnostic>,
        #[prost(message, optional, tag = "5")] provider_meta: Option<Schema>,
        #[prost(message, optional, tag = "6")] server_capabilities: Option<ServerCapabilities>,
        #[prost(map = "string, message", tag = "7")] functions: HashMap<String, Function>,
        #[prost(map = "string, message", tag = "8")] ephemeral_resource_schemas: HashMap<String, Schema>,
    }
    Parameter {
        #[prost(string, tag = "1")] name: String,
        #[prost(bytes = "vec", tag = "2")] r#type: Vec<u8>,
    }
    Return { #[prost(bytes = "vec", tag = "1")] r#type: Vec<u8> }
    Function {
        #[prost(message, repeated, tag = "1")] parameters: Vec<Parameter>,
        #[prost(message, optional, tag = "3")] returned: Option<Return>,
        #[prost(string, tag = "4")] summary: String,
    }
    GetFunctionsResponse {
        #[prost(map = "string, message", tag = "1")] functions: HashMap<String, Function>,
    }
    CallRequest {
        #[prost(string, tag = "1")] name: String,
        #[prost(message, repeated, tag = "2")] arguments: Vec<DynamicValue>,
    }
    FunctionError { #[prost(string, tag = "1")] text: String }
    CallResponse {
        #[prost(message, optional, tag = "1")] result: Option<DynamicValue>,
        #[prost(message, optional, tag = "2")] error: Option<FunctionError>,
    }
    /// What was opened for one run; nothing of ours needs renewing or closing.
    OpenResponse {
        #[prost(message, repeated, tag = "1")] diagnostics: Vec<Diagnostic>,
        #[prost(message, optional, tag = "3")] result: Option<DynamicValue>,
    }
    /// `ValidateResourceConfig`, `ValidateDataResourceConfig` and `ConfigureProvider` have their
    /// configuration in field 2, as have `ReadDataSource` and `OpenEphemeralResource`.
    ConfigRequest {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(message, optional, tag = "2")] config: Option<DynamicValue>,
    }
    /// The answer of everything that only validates or configures.
    DiagnosticsResponse { #[prost(message, repeated, tag = "1")] diagnostics: Vec<Diagnostic> }
    UpgradeRequest {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(int64, tag = "2")] version: i64,
        #[prost(message, optional, tag = "3")] raw_state: Option<RawState>,
    }
    UpgradeResponse {
        #[prost(message, optional, tag = "1")] upgraded_state: Option<DynamicValue>,
        #[prost(message, repeated, tag = "2")] diagnostics: Vec<Diagnostic>,
    }
    ReadRequest {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(message, optional, tag = "2")] current_state: Option<DynamicValue>,
        #[prost(bytes = "vec", tag = "3")] private: Vec<u8>,
    }
    ReadResponse {
        #[prost(message, optional, tag = "1")] new_state: Option<DynamicValue>,
        #[prost(message, repeated, tag = "2")] diagnostics: Vec<Diagnostic>,
        #[prost(bytes = "vec", tag = "3")] private: Vec<u8>,
    }
    PlanRequest {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(message, optional, tag = "2")] prior_state: Option<DynamicValue>,
        #[prost(message, optional, tag = "3")] proposed_new_state: Option<DynamicValue>,
        #[prost(message, optional, tag = "4")] config: Option<DynamicValue>,
        #[prost(bytes = "vec", tag = "5")] prior_private: Vec<u8>,
    }
    PlanResponse {
        #[prost(message, optional, tag = "1")] planned_state: Option<DynamicValue>,
        #[prost(message, repeated, tag = "2")] requires_replace: Vec<AttributePath>,
        #[prost(bytes = "vec", tag = "3")] planned_private: Vec<u8>,
        #[prost(message, repeated, tag = "4")] diagnostics: Vec<Diagnostic>,
        #[prost(bool, tag = "5")] legacy_type_system: bool,
    }
    ApplyRequest {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(message, optional, tag = "2")] prior_state: Option<DynamicValue>,
        #[prost(message, optional, tag = "3")] planned_state: Option<DynamicValue>,
        #[prost(message, optional, tag = "4")] config: Option<DynamicValue>,
        #[prost(bytes = "vec", tag = "5")] planned_private: Vec<u8>,
    }
    ApplyResponse {
        #[prost(message, optional, tag = "1")] new_state: Option<DynamicValue>,
        #[prost(bytes = "vec", tag = "2")] private: Vec<u8>,
        #[prost(message, repeated, tag = "3")] diagnostics: Vec<Diagnostic>,
        #[prost(bool, tag = "4")] legacy_type_system: bool,
    }
    ImportRequest {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(string, tag = "2")] id: String,
    }
    ImportedResource {
        #[prost(string, tag = "1")] type_name: String,
        #[prost(message, optional, tag = "2")] state: Option<DynamicValue>,
        #[prost(bytes = "vec", tag = "3")] private: Vec<u8>,
    }
    ImportResponse {
        #[prost(message, repeated, tag = "1")] imported_resources: Vec<ImportedResource>,
        #[prost(message, repeated, tag = "2")] diagnostics: Vec<Diagnostic>,
    }
    DataResponse {
        #[prost(message, optional, tag = "1")] state: Option<DynamicValue>,
        #[prost(message, repeated, tag = "2")] diagnostics: Vec<Diagnostic>,
    }
}

/// One step into a value.
#[derive(Clone, PartialEq, Eq, ::prost::Oneof)]
pub(super) enum Selector {
    #[prost(string, tag = "1")]
    AttributeName(String),
    #[prost(string, tag = "2")]
    ElementKeyString(String),
    #[prost(int64, tag = "3")]
    ElementKeyInt(i64),
}

impl Step {
    pub(super) fn attribute(name: &str) -> Self {
        Self { selector: Some(Selector::AttributeName(name.to_owned())) }
    }

    pub(super) fn index(index: usize) -> Self {
        Self { selector: Some(Selector::ElementKeyInt(i64::try_from(index).unwrap_or(i64::MAX))) }
    }
}

impl Diagnostic {
    const ERROR: i32 = 1;

    pub(super) fn error(summary: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            severity: Self::ERROR,
            summary: summary.into(),
            detail: detail.into(),
            attribute: None,
        }
    }

    #[must_use]
    pub(super) fn at(mut self, attribute: &str) -> Self {
        self.attribute = Some(AttributePath { steps: vec![Step::attribute(attribute)] });
        self
    }
}

impl DynamicValue {
    pub(super) fn of(value: &Value) -> Self {
        Self { msgpack: value.to_msgpack(), json: Vec::new() }
    }

    /// The value, with numbers that travel as text put right by its type.
    pub(super) fn read(this: Option<&Self>, ty: &Type) -> Result<Value, String> {
        let Some(this) = this else { return Ok(Value::Null) };
        let raw = if this.msgpack.is_empty() {
            if this.json.is_empty() {
                return Ok(Value::Null);
            }
            let json: serde_json::Value =
                serde_json::from_slice(&this.json).map_err(|e| e.to_string())?;
            Value::from_json(&json)
        } else {
            Value::from_msgpack(&this.msgpack)?
        };
        Ok(raw.conform(ty))
    }
}
